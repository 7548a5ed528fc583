"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

from lscb_analysis.charts import bar_chart, change_chart, line_chart, part_chart
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
from lscb_analysis.quality import findings
from lscb_analysis.rates import count, proportion, rate, stated
from lscb_analysis.reconciliation import (
    describe_balance,
    describe_checks,
    describe_claims,
    describe_scale,
    one_rule,
    table_of_checks,
    table_of_findings,
)
from lscb_analysis.tables import table, table_by_period, table_of_changes
from lscb_analysis.trends import control_limits, trend
from lscb_analysis.verdicts import declared, estimates, verdicts

__all__ = [
    "Release",
    "bar_chart",
    "change_chart",
    "common_totals",
    "compare",
    "conclusive_common_totals",
    "control_limits",
    "count",
    "declared",
    "describe_balance",
    "describe_change",
    "describe_checks",
    "describe_claims",
    "describe_facts",
    "describe_fit",
    "describe_given_away",
    "describe_implied",
    "describe_largest",
    "describe_latest",
    "describe_missing_total",
    "describe_mix",
    "describe_movers",
    "describe_note",
    "describe_scale",
    "describe_sources",
    "describe_verdict",
    "estimates",
    "findings",
    "fits",
    "given_away",
    "implied_populations",
    "implied_totals",
    "line_chart",
    "load",
    "mix_changes",
    "one_rule",
    "part_chart",
    "proportion",
    "protect",
    "rate",
    "read_edition",
    "remainder",
    "share",
    "stated",
    "suppressed_bounds",
    "table",
    "table_by_period",
    "table_of_changes",
    "table_of_checks",
    "table_of_findings",
    "trend",
    "verdicts",
]
