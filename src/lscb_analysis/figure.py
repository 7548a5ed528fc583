"""One number as it stands before a reader: how it goes into a page or a table, and comes back."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from markupsafe import Markup

Row = Mapping[str, Any]
"""One row of the frame of a release, or of a CSV."""

Place = tuple[str, str, str, str]
"""What a figure is of: measure, category, area code, and period by ISO 8601."""

BEFORE = "_before"
"""What the name of a statistic ends with that is of the earlier of two periods."""


@dataclass(frozen=True)
class Statistic:
    """What a statistic is, by its entry in statistics.toml, which explains the fields."""

    unit: str = "number"
    decimals: int | str = "measure"
    finer_below: float | None = None
    column: str = ""
    method: str = ""
    method_in: str = ""
    interval: bool = False
    one_period: bool = False
    of_change: bool = False
    fraction: bool = False
    remade: str | float = ""


_SAID = tomllib.loads(Path(__file__).with_name("statistics.toml").read_text("utf-8"))
STATISTICS = {name: Statistic(**said) for name, said in _SAID.items()}


def defined(statistic: str) -> Statistic:
    """Return what a statistic is; that of the earlier period is the same as that of the later one."""
    return STATISTICS.get(statistic.removesuffix(BEFORE), Statistic())


_ATTRIBUTES = {
    **{of: f"data-{of}" for of in ("statistic", "measure", "category", "area", "period")},
    "before": "data-period-before",
    **{of: f"data-{of}" for of in ("confidence", "method", "unit", "source")},
}
"""The attributes of a `<data>` element, by the fields of a figure that they hold, in their order."""


@dataclass(frozen=True)
class Figure:
    """One number: which statistic it is, of what, when, in which unit, by which method, from which sources.

    `period` is by ISO 8601, a day or the first and the last, and `before` that of the earlier period of a
    change. Two figures are the same if they are of the same; `value` and `source` (names, between spaces)
    do not count.
    """

    statistic: str
    measure: str = ""
    category: str = ""
    area: str = ""
    period: str = ""
    before: str = ""
    unit: str = ""
    method: str = ""
    confidence: float = 0.95
    value: float = field(default=np.nan, compare=False)
    source: str = field(default="", compare=False)

    @property
    def place(self) -> Place:
        return self.measure, self.category, self.area, self.period

    @classmethod
    def of_row(cls, row: Row, statistic: str) -> Self:
        """Return a statistic of a row of a release."""
        of = defined(statistic)
        changed = "previous_period" in row and not of.one_period
        return cls._of(
            row,
            statistic,
            before=period_of(row, BEFORE) if changed else "",
            unit=unit(row, statistic),
            method=row.get(of.method_in, of.method) or "",
            confidence=row["confidence"] if of.interval else 0.95,
            value=row[column(statistic)],
        )

    @classmethod
    def of_cell(cls, row: Row, statistic: str) -> Self:
        """Return the figure in a column of a CSV, by the others of its row."""
        changed = "previous_period" in row
        of_change = changed and statistic in ("change", "lower", "upper")
        return cls._of(
            row,
            f"change_{statistic}" if changed and defined(statistic).interval else statistic,
            before=period_of(row, BEFORE) if changed and not statistic.endswith(BEFORE) else "",
            unit=row["change_unit"] if of_change else row.get("unit", ""),
            method=row.get("method", ""),
            confidence=float(row.get("confidence") or 0.95),
        )

    @classmethod
    def _of(cls, row: Row, statistic: str, **told: Any) -> Self:
        """A statistic of the place that a row is of."""
        suffix = BEFORE if statistic.endswith(BEFORE) else ""
        place = (row["measure"], row["category"], row["area_code"], period_of(row, suffix))
        return cls(statistic, *place, source=_source(row, statistic, suffix), **told)

    @classmethod
    def of_html(cls, about: Mapping[str, str]) -> Self:
        """Return the figure that the attributes of a `<data>` element tell of."""
        said: dict[str, Any] = {of: about.get(attribute, "") for of, attribute in _ATTRIBUTES.items()}
        said["confidence"] = float(said["confidence"] or 0.95)
        return cls(**said, value=as_number(about.get("value", "")))

    def html(self, words: str | Markup) -> Markup:
        """Return words that stand for the figure, as a `<data>` element that says what it is."""
        confidence = f"{self.confidence:g}" if defined(self.statistic).interval else None
        told = {"before": self.before or None, "confidence": confidence, "method": self.method or None}
        about = vars(self) | told
        said = Markup("").join(
            Markup(' {}="{}"').format(attribute, about[of])
            for of, attribute in _ATTRIBUTES.items()
            if about[of] is not None
        )
        return Markup('<data value="{:.10g}"{}>{}</data>').format(self.value, said, words)


def column(statistic: str) -> str:
    """Return the column of a release in which a statistic stands."""
    return defined(statistic).column or statistic


def unit(row: Row, statistic: str) -> str:
    """Return the unit of a statistic of a row."""
    of = defined(statistic).unit
    return str(row[{"change": "change_unit", "figure": "unit"}[of]]) if of in ("change", "figure") else of


def period_of(row: Row, suffix: str = "") -> str:
    """Return the period of a row by ISO 8601: a day, or the first and the last; nothing where it has none."""
    days = [row.get(f"period_{end}{suffix}", "") for end in ("start", "end")]
    start, end = (day if isinstance(day, str) else "" if pd.isna(day) else f"{day:%Y-%m-%d}" for day in days)
    return end if start == end else f"{start}/{end}"


def _source(row: Row, statistic: str, suffix: str) -> str:
    """The sources of a statistic: of the numbers behind a figure their own, of an earlier figure its own."""
    part = statistic.partition("_")[0]
    name = f"{part}_source" if part in ("numerator", "denominator") else "source"
    said = (row.get(key) for key in (f"{name}{suffix}", name, "source"))
    return next((names for names in said if isinstance(names, str) and names), "")


def as_number(words: str) -> float:
    """Return a number that is written out, or that it is none."""
    try:
        return float(words)
    except ValueError:
        return float("nan")
