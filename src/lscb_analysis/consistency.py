"""What a published table implies: which whole numbers could have produced the percentages printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lscb_analysis.rates import PERIOD, decimals
from lscb_analysis.comparisons import two_proportions

LARGEST_TOTAL = 2_000
"""How far `conclusive_totals` looks."""


def possible_totals(count: int, printed: str) -> list[int]:
    """Return every whole number of which `count` is the percentage printed, halves rounded either way.

    Raises ValueError if count and percentage are not both above zero: no end of totals would then do.
    """
    scale, units = _units(printed)
    if count <= 0 or units <= 0:
        raise ValueError(
            f"{count} and {printed!r}: a total follows only from a count and a percentage above zero."
        )
    lowest = -(-200 * count * scale // (2 * units + 1))
    highest = 200 * count * scale // (2 * units - 1)
    return list(range(max(count, lowest), highest + 1))


def possible_counts(total: int, printed: str) -> list[int]:
    """Return every whole number that is the percentage printed of `total`, halves rounded either way."""
    if total <= 0:
        return []
    scale, units = _units(printed)
    lowest = max(0, -(-(2 * units - 1) * total // (200 * scale)))
    highest = min(total, (2 * units + 1) * total // (200 * scale))
    return list(range(lowest, highest + 1))


def implied_totals(counts: pd.DataFrame, percentages: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the totals of which `counts` are `percentages`, as a frame of counts of `measure`.

    Both frames have one row for each area and period. Where exactly one whole number fits, it is the
    value; where none or several do, the value is missing, with status `x`.
    """
    key = ["area_code", *PERIOD, "category"]
    both = counts.merge(percentages[[*key, "printed"]], on=key, suffixes=("", "_percent"))
    fitting = [
        possible_totals(int(value), text)
        if pd.notna(value) and value > 0 and float(text.rstrip("%")) > 0
        else []
        for value, text in zip(both["value"], both["printed_percent"], strict=True)
    ]
    single = [found[0] if len(found) == 1 else np.nan for found in fitting]
    return both.assign(
        measure=measure,
        value=single,
        printed="",
        status=["" if len(found) == 1 else "x" for found in fitting],
    )[counts.columns]


def fits(percentages: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Return `totals` with their `unit` and a column `fits`: could the percentages all be shares of them?

    A percentage fits a total if some whole number is that percentage of it. Suppressed ones are
    passed over.
    """
    told = percentages[percentages["value"].notna()]
    return totals.assign(
        unit="number",
        fits=[
            all(possible_counts(int(row.value), text) for text in _printed(told, row))
            for row in totals.itertuples()
        ],
    )


def remainder(totals: pd.DataFrame, counts: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return what `counts` leave of `totals`, as a frame of counts of `measure`.

    Both frames have one row for each area and period. What either does not tell is missing, with
    status `x`.
    """
    both = totals.merge(
        counts[["area_code", *PERIOD, "value"]], on=["area_code", *PERIOD], suffixes=("", "_of")
    )
    rest = both["value"] - both["value_of"]
    return both.assign(measure=measure, value=rest, printed="", status=np.where(rest.isna(), "x", ""))[
        totals.columns
    ]


def conclusive_totals(
    printed: str, numerator: int, denominator: int, level: float = 0.05
) -> tuple[int | None, int | None]:
    """Return between which unpublished totals a printed percentage comes to differ beyond chance.

    The percentage `printed` is compared with `numerator` of `denominator` by `two_proportions`, for
    every total up to `LARGEST_TOTAL` and every whole number that could lie behind the print. Below
    the first total returned no such number gives a p-value below `level`; from the second on, all do.
    None where there is no such total.
    """
    pairs = [(k, n) for n in range(1, LARGEST_TOTAL + 1) for k in possible_counts(n, printed)]
    counts, totals = np.array(pairs).T
    beyond = two_proportions(np.full(len(pairs), numerator), denominator, counts, totals) < level
    if not beyond.any():
        return None, None
    certain = int(totals[~beyond].max()) + 1 if (~beyond).any() else int(totals.min())
    return int(totals[beyond].min()), certain if certain <= LARGEST_TOTAL else None


def _printed(percentages: pd.DataFrame, row: Any) -> list[str]:
    keys = ("area_code", "time_period", "time_identifier")
    same = np.logical_and.reduce([percentages[key] == getattr(row, key) for key in keys])
    return percentages.loc[same, "printed"].tolist()


def _units(printed: str) -> tuple[int, int]:
    """The scale of a printed percentage, and how many units of its last decimal it is."""
    places = decimals(printed)
    return 10**places, int(printed.rstrip("%").replace(".", ""))
