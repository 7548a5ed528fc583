"""One number as it stands before a reader: what it is of, and where else it may be found."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[str, str, str, str]
"""What a figure is of: measure, category, area code, and period by ISO 8601."""


@dataclass(frozen=True)
class Cited:
    """A figure as a page or a CSV cites it: what it is, without its value."""

    statistic: str
    measure: str = ""
    category: str = ""
    area: str = ""
    period: str = ""
    before: str = ""
    unit: str = ""
    method: str = ""
    confidence: float = 0.95

    @property
    def place(self) -> Place:
        return self.measure, self.category, self.area, self.period
