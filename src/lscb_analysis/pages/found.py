"""What one statistic found, in sentences: which ones, the columns of its frame say."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from lscb_analysis.errors import MisuseError
from lscb_analysis.pages.checks import checks
from lscb_analysis.pages.display import Display
from lscb_analysis.pages.governance import attendance, possible
from lscb_analysis.pages.sentences import bounds, fit, standing, sums, versions
from lscb_analysis.release import Release

SAID: dict[str, Callable[..., Display]] = {
    "balance": checks,
    "fits": fit,
    "stands": versions,
    "best": standing,
    "difference": sums,
    "possible": possible,
    "meetings": attendance,
}
"""What says what a statistic found, by the column that its frame alone has."""


def found(statistic: Release, beside: Release | None = None) -> Display:
    """Say what one statistic found, whose frame was protected: nothing where it found nothing.

    It is that of `versions`, `fits`, `standing`, `implied_populations`, `sums`, `attendance`,
    `check_summaries` or `findings`. `beside` is held against it: the estimates that were made with an
    implied population, or the place that is claimed.

    Raises MisuseError for another frame.

    >>> spent = lscb.statistics.stated(pack.load("board_expenditure"))
    >>> lscb.sentences.found(pack.protect(lscb.records.sums(spent)))
    The parts add up to £137,755.83, which is the total printed.
    """
    columns = statistic.frame.columns
    given = (statistic,) if beside is None else (statistic, beside)
    for column, said in SAID.items():
        if column in columns:
            return said(*given)
    if statistic.frame.empty:
        return Display(Markup(""), "note")
    if "lower" in columns and "confidence" not in columns:
        return bounds(*given)
    raise MisuseError(
        "lscb.sentences.found says what lscb.versions, findings, fits, standing, … returned; this release is "
        "of none of them. Type lscb.sentences.latest(release), or lscb.sentences. and Tab."
    )
