"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

from lscb_analysis.charts import bar_chart, change_chart, line_chart, part_chart
from lscb_analysis.composition import share
from lscb_analysis.consistency import fits, implied_totals, remainder
from lscb_analysis.data import load
from lscb_analysis.disclosure import Release, protect
from lscb_analysis.editions import read_edition
from lscb_analysis.narrative import (
    describe_change,
    describe_fit,
    describe_largest,
    describe_latest,
    describe_missing_total,
    describe_mix,
    describe_movers,
    describe_note,
    describe_sources,
    describe_verdict,
)
from lscb_analysis.rates import count, proportion, rate, stated
from lscb_analysis.tables import table, table_by_period, table_of_changes
from lscb_analysis.trends import compare
from lscb_analysis.verdicts import declared, estimates, verdicts

__all__ = [
    "Release",
    "bar_chart",
    "change_chart",
    "compare",
    "count",
    "declared",
    "describe_change",
    "describe_fit",
    "describe_largest",
    "describe_latest",
    "describe_missing_total",
    "describe_mix",
    "describe_movers",
    "describe_note",
    "describe_sources",
    "describe_verdict",
    "estimates",
    "fits",
    "implied_totals",
    "line_chart",
    "load",
    "part_chart",
    "proportion",
    "protect",
    "rate",
    "read_edition",
    "remainder",
    "share",
    "stated",
    "table",
    "table_by_period",
    "table_of_changes",
    "verdicts",
]
