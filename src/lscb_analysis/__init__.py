"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

from lscb_analysis.charts import bar_chart, change_chart, line_chart, mark_chart, part_chart, score_chart
from lscb_analysis.comparisons import compare
from lscb_analysis.composition import mix_changes, share
from lscb_analysis.conclusions import (
    describe_mix,
    describe_movers,
    describe_verdict,
)
from lscb_analysis.consistency import (
    common_totals,
    conclusive_common_totals,
    fits,
    given_away,
    implied_populations,
    implied_totals,
    remainder,
    suppressed_bounds,
)
from lscb_analysis.data import load
from lscb_analysis.disclosure import Release, protect
from lscb_analysis.editions import read_edition
from lscb_analysis.governance import (
    describe_attendance,
    describe_few_meetings,
    describe_possible,
    describe_since,
    describe_summaries,
)
from lscb_analysis.meetings import attendance, meetings_held
from lscb_analysis.narrative import (
    describe_change,
    describe_facts,
    describe_fit,
    describe_given_away,
    describe_implied,
    describe_largest,
    describe_latest,
    describe_missing_total,
    describe_note,
    describe_sources,
)
from lscb_analysis.rates import count, proportion, rate, stated
from lscb_analysis.ratings import check_summaries, feasible, read_ratings, summarise
from lscb_analysis.tables import (
    table,
    table_by_measure,
    table_by_period,
    table_of_changes,
    table_of_marks,
)
from lscb_analysis.trends import control_limits, trend
from lscb_analysis.verdicts import declared, estimates, verdicts

__all__ = [
    "Release",
    "attendance",
    "bar_chart",
    "change_chart",
    "check_summaries",
    "common_totals",
    "compare",
    "conclusive_common_totals",
    "control_limits",
    "count",
    "declared",
    "describe_attendance",
    "describe_change",
    "describe_facts",
    "describe_few_meetings",
    "describe_fit",
    "describe_given_away",
    "describe_implied",
    "describe_largest",
    "describe_latest",
    "describe_missing_total",
    "describe_mix",
    "describe_movers",
    "describe_note",
    "describe_possible",
    "describe_since",
    "describe_sources",
    "describe_summaries",
    "describe_verdict",
    "estimates",
    "feasible",
    "fits",
    "given_away",
    "implied_populations",
    "implied_totals",
    "line_chart",
    "load",
    "mark_chart",
    "meetings_held",
    "mix_changes",
    "part_chart",
    "proportion",
    "protect",
    "rate",
    "read_edition",
    "read_ratings",
    "remainder",
    "score_chart",
    "share",
    "stated",
    "summarise",
    "suppressed_bounds",
    "table",
    "table_by_measure",
    "table_by_period",
    "table_of_changes",
    "table_of_marks",
    "trend",
    "verdicts",
]
