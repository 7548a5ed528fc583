"""What may leave the building: `protect` turns estimates into a `Release`, or stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from lscb_analysis.data import dictionary
from lscb_analysis.schema import nearest

NUMBERS = ["value", "lower", "upper", "numerator", "value_before", "numerator_before", "change"]


class DisclosureError(ValueError):
    """A release that the rule does not allow; the message names the rows."""


@dataclass(frozen=True, repr=False)
class Release:
    """Figures that may be shown, and the rule that lets them: all that charts, tables and sentences take."""

    frame: pd.DataFrame
    rule: str

    def __repr__(self) -> str:
        shown = ["time_period", "measure", "category", "value", "lower", "upper", "unit", "status"]
        rows = self.frame[[column for column in shown if column in self.frame.columns]]
        return f"Release under the rule {self.rule!r}, {len(rows)} rows\n{rows.to_string(index=False)}"


def protect(*estimates: pd.DataFrame, rule: str) -> Release:
    """Return frames of estimates, or of comparisons, as one release under `rule`.

    The rule `published` is for figures that their source has published already: nothing is
    suppressed further, every source must be one that the dictionary lists with its release, and a
    figure that its source suppressed must not have come back as a number.

    Raises DisclosureError for an unknown rule, or if the rule cannot be met.
    """
    if rule not in RULES:
        raise DisclosureError(f"There is no rule {rule!r}. {nearest(rule, RULES)}")
    together = pd.concat(estimates, ignore_index=True)
    RULES[rule](together)
    return Release(together, rule)


def _published(estimates: pd.DataFrame) -> None:
    released = dictionary().sources.query("release != ''")["source"]
    named = {name for column in ("source", "denominator_source") for name in _names(estimates, column)}
    unknown = sorted(named - set(released))
    if unknown:
        raise DisclosureError(
            f"Not known to be published: {', '.join(unknown)}. "
            "Give the release in data/sources.csv, or use another rule."
        )
    for status in [column for column in estimates.columns if column.startswith("status")]:
        suffix = status.removeprefix("status")
        numbers = [
            name for name in NUMBERS if name in estimates.columns and name.endswith(suffix or name[-1])
        ]
        back = estimates[(estimates[status] == "c") & estimates[numbers].notna().any(axis=1)]
        if len(back):
            rows = "; ".join(f"{r.measure}, {r.category}, {r.time_period}" for r in back.itertuples())
            raise DisclosureError(f"Suppressed by the source and yet a number: {rows}. Take the number out.")


def _names(estimates: pd.DataFrame, column: str) -> set[str]:
    if column not in estimates.columns:
        return set()
    return {name for names in estimates[column].dropna() for name in str(names).split()}


RULES: dict[str, Callable[[pd.DataFrame], None]] = {"published": _published}
