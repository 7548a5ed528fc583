"""What may leave the building: `protect` turns estimates into a `Release`, or stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import BOARD, PUBLISHED, dictionary, record, source_names
from lscb_analysis.doors import check_single_values, offer
from lscb_analysis.errors import InputError, MisuseError, NameUnknownError

_ABOUT = {
    *("time_period", "previous_period", "confidence", "denominator", "denominator_before"),
    *("degrees", "dispersion", "smallest_change", "compared"),  # of a test that is not made
    *("base", "nearest"),  # to whose multiples a source rounds
}
MAY_STAND = {
    "status": _ABOUT | {"value_before", "numerator_before"},
    "status_before": _ABOUT | {"value", "numerator"},
}
"""For each status, the columns whose numbers may stand beside a suppressed figure; others could tell it."""


MOST_ROWS, MOST_SOURCES = 12, 4
"""A release shows no more of itself than this."""

_SHOWN = [
    *("question", "rule", "measure", "category", "area_name", "previous_period", "time_period"),
    *("value_before", "numerator", "denominator", "value", "unit", "change", "shift", "lower", "upper"),
    *("change_unit", "printed", "status", "verdict"),
]
_SHOWN_ONLY = "A release is to be shown, and its figures are a frame in it"
_FIGURE = "{:.6g}".format


class DisclosureError(InputError, ValueError):
    """A release that the rule does not allow; the message names the rows."""


@dataclass(frozen=True, repr=False)
class Release:
    """Figures that may be shown, and the rule that lets them: all that charts, tables and sentences take.

    >>> release = pack.estimates("plans")
    >>> len(release), release.rule, release.frame["numerator"].tolist()
    (3, 'published', [189.0, 220.0, 116.0])
    """

    frame: pd.DataFrame
    rule: str

    def only(self, **where: str | int) -> Release:
        """Return the rows whose column equals the value, still a release and under the same rule.

        >>> pack.estimates("plans").only(time_period=2018).frame["printed"].tolist()
        ['29.7']
        """
        check_single_values(where)
        if unknown := sorted({*where} - {*self.frame.columns}):
            offered = offer(unknown[0], {one: one for one in self.frame.columns}, self.frame.columns)
            raise MisuseError(f"A release has no column {unknown[0]!r}. {offered}")
        cells = self.frame[list(where)].astype(str)
        kept = (cells == [str(wanted) for wanted in where.values()]).all(axis="columns")
        return Release(self.frame[kept].reset_index(drop=True), self.rule)

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, key: object) -> NoReturn:
        raise MisuseError(f"{_SHOWN_ONLY}: type release.frame[{_typed(key)}].")

    if not TYPE_CHECKING:  # which finds such names itself

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_") or not hasattr(pd.DataFrame, name):
                raise NameUnknownError(f"A release has no {name!r}: it has frame, rule and only.")
            raise NameUnknownError(f"{_SHOWN_ONLY}: type release.frame.{name}, as of any frame.")

    def __repr__(self) -> str:
        rows = self._shown().to_string(index=False, na_rep="", float_format=_FIGURE)
        return f"{self._said()}\n{rows}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows of it: for the analyst alone, since pages take displays only."""
        rows = self._shown().to_html(index=False, na_rep="", float_format=_FIGURE)
        return Markup('<div class="mathjax_ignore"><p>{}</p>{}</div>').format(self._said(), Markup(rows))

    def _said(self) -> str:
        rows = f"{len(self.frame)} row{'' if len(self.frame) == 1 else 's'}"
        first = f" (here the first {MOST_ROWS})" if len(self.frame) > MOST_ROWS else ""
        sources = sorted(source_names(self.frame))
        more = f" and {len(sources) - MOST_SOURCES} more" if len(sources) > MOST_SOURCES else ""
        of = f" of {', '.join(sources[:MOST_SOURCES])}{more}" if sources else ""
        return f"Release under the rule {self.rule!r}, {rows}{first}{of}. All columns are in its frame."

    def _shown(self) -> pd.DataFrame:
        rows = self.frame[[column for column in _SHOWN if column in self.frame.columns]]
        return rows.mask(rows == "").dropna(axis="columns", how="all").head(MOST_ROWS)


def _typed(key: object) -> str:
    """What stands between the brackets, as it was typed; three dots for a frame or a mask."""
    return repr(key) if isinstance(key, str | int | list) else "…"


def protect(estimates: pd.DataFrame, *more: pd.DataFrame, rule: str) -> Release:
    """Return frames of estimates, or of comparisons, as one release under `rule`.

    The rule `published` is for figures that their source has published already, or that are the board's own
    record and count no children: nothing is suppressed further, the dictionary must give every source one
    of these two accesses, and a figure that its source suppressed must not have come back as a number.

    Raises DisclosureError for an unknown rule, or if the rule cannot be met.
    """
    check_rule(rule)
    together = pd.concat([estimates, *more], ignore_index=True)
    RULES[rule](together)
    for question in together.get("question", pd.Series(dtype=str)).dropna().unique():
        record("verdict", question)
    return Release(together, rule)


def check_rule(rule: str, where: str = "") -> None:
    """Raise DisclosureError for an unknown rule. It offers none: that could let more out than was meant.

    `where` says in the message where the rule stands.
    """
    if rule not in RULES:
        start = f"{where}there" if where else "There"
        raise DisclosureError(
            f"{start} is no rule {rule!r}, so nothing is let out. docs/design.md says which rules there are; "
            "figures that are not published have no way into a pack yet."
        )


def _published(estimates: pd.DataFrame) -> None:
    known = dictionary().sources
    out = set(known.loc[known["access"].isin([PUBLISHED, BOARD]), "source"])
    unknown = sorted(source_names(estimates) - out)
    if unknown:
        raise DisclosureError(
            f"Not known to be published: {', '.join(unknown)}. No sources.csv that this edition "
            "reads says that they may be shown, so leave these figures out."
        )
    back = estimates[_came_back(estimates)]
    if len(back):
        rows = "; ".join(f"{row.measure}, {row.category}, {row.time_period}" for row in back.itertuples())
        raise DisclosureError(f"Suppressed by the source and yet a number: {rows}. Take the number out.")


def _came_back(estimates: pd.DataFrame) -> pd.Series:
    """Which rows have a number where their source has the symbol of suppression."""
    back = pd.Series(False, index=estimates.index)
    for status in MAY_STAND.keys() & set(estimates.columns):
        suppressed = estimates[status] == "c"
        if not suppressed.any():
            continue
        others = estimates.select_dtypes("number").columns.difference(MAY_STAND[status])
        back |= suppressed & estimates[others].notna().any(axis=1)
        if status == "status" and "printed" in estimates.columns:
            back |= suppressed & estimates["printed"].str.contains(r"[0-9]", na=False)
    return back


RULES: dict[str, Callable[[pd.DataFrame], None]] = {"published": _published}
