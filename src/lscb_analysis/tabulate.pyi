"""A release as a table, with the same rows as CSV to take away."""

from .pages.checks import checks as checks, findings as findings
from .pages.tables import (
    by_area as by_area,
    by_measure as by_measure,
    by_period as by_period,
    changes as changes,
    marks as marks,
    rows as rows,
    verdicts as verdicts,
)
