"""What was found when the pages were tested for whether everyone can read them, for the page that says so.

`make accessibility` runs the tests and writes what they find to `accessibility.csv` of the board; nothing
about it is typed by hand, and the page is made from that file alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import records, texts
from lscb_analysis.editions import Edition
from lscb_analysis.pages.display import day

RESULTS = "accessibility"
"""The file of words that the tests write."""

STANDARD = "Web Content Accessibility Guidelines 2.2"
LAW = "Public Sector Bodies (Websites and Mobile Applications) (No. 2) Accessibility Regulations 2018"
"""What the statement cites."""

_COUNTED = {
    "pages": "pages_checked",
    "rules": "rules_checked",
    "faults": "faults_found",
    "unjudged": "unjudged",
}
"""Columns of numbers, and the statistics as which a page binds them."""


@dataclass(frozen=True)
class Check:
    """One check of all pages, or of some: what it asks, what made it, and each number that it came to."""

    what: str
    by: str
    counted: dict[str, Markup]
    faults: int
    unjudged: int


@dataclass(frozen=True)
class Tested:
    """The checks that were recorded, and on which day, if any were."""

    checks: list[Check]
    on: Markup

    @property
    def faulty(self) -> list[Check]:
        return [check for check in self.checks if check.faults]

    @property
    def left_open(self) -> list[Check]:
        return [check for check in self.checks if check.unjudged]


def tested(edition: Edition, draft: bool) -> Tested:
    """Return what the tests found on the pages of this edition's pack when they were last recorded.

    There are no checks of another edition's pack, nor of a `draft`.
    """
    edition.open()
    rows = texts(RESULTS, edition=edition.name).head(0 if draft else None)
    checks = [
        Check(
            row["what"],
            f"{row['tool']} {row['version']}",
            {column: _bound(row, column) for column in _COUNTED},
            int(row["faults"]),
            int(row["unjudged"]),
        )
        for row in records(rows)
    ]
    return Tested(checks, day(pd.Timestamp(rows["date"].max())) if checks else Markup(""))


def _bound(row: dict[str, str], column: str) -> Markup:
    bound = '<data value="{0}" data-statistic="{1}" data-category="{2}">{0:,}</data>'
    return Markup(bound).format(int(row[column]), _COUNTED[column], row["check"])
