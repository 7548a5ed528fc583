"""Whether published figures give away those that are withheld. No number of these is ever returned."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lscb_analysis.consistency import ContradictionError, given_away, possible_counts, suppressed_bounds
from lscb_analysis.data import dictionary
from lscb_analysis.evidence import TOTAL, WHOLE, Figure, digits
from lscb_analysis.schema import records


def check_withheld(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Say of each withheld figure whether the others give it away. No number of it is returned.

    What may give it away: its total and the other categories, a percentage printed of it, and the same
    number in another source. Of percentages without numbers, the only one withheld of a whole.
    """
    withheld = figures[figures["status"] == "c"]
    counts = withheld[withheld["unit"] == "number"]
    rows: list[Figure] = []
    for _key, cells in counts.groupby(["measure", "source", *WHOLE], sort=False):
        rows += _attacked(cells, figures, linked[linked["counts"] == cells["measure"].iloc[0]])
    numbered = linked[linked["counts"].isin(figures["measure"])]["percentages"]
    alone = withheld[(withheld["unit"] == "%") & ~withheld["measure"].isin(numbered)]
    for _key, cells in alone.groupby(["measure", "source", *WHOLE], sort=False):
        single = len(cells) == 1 and bool((cells["scheme"] != "").all())
        rows += [row | {"balance": not single, "exact": False} for row in records(cells)]
    return pd.DataFrame(row | {"value": np.nan, "status": "c", "rounding": False} for row in rows)


def _attacked(cells: pd.DataFrame, figures: pd.DataFrame, linked: pd.DataFrame) -> list[Figure]:
    """The withheld cells of one measure, source, area and period, and whether they are given away."""
    one = cells.iloc[0]
    here = figures[np.logical_and.reduce([figures[key] == one[key] for key in WHOLE])]
    told = here[here["value"].notna()].sort_values("rank", kind="stable")
    named = [*linked["totals"], one["denominator"]]
    totals = told[told["measure"].isin(named) & (told["category"] == TOTAL)].head(1)
    shares = told[told["measure"].isin(linked["percentages"]) & told["printed"].str.match(r"[\d.]+%?$")]
    shares = shares.drop_duplicates("category")
    elsewhere = told[(told["measure"] == one["measure"]) & (told["source"] != one["source"])]
    if one["scheme"] == "":
        bounds = _alone(cells, totals, shares, elsewhere)
    else:
        table = here[(here["measure"] == one["measure"]) & (here["source"] == one["source"])]
        table = table[table["category"] != TOTAL]
        schemes = dictionary().categories
        every = set(schemes.loc[schemes["scheme"] == one["scheme"], "category"]) - {TOTAL}
        complete = every == set(table["category"])
        bounds = _bounded(table, totals, elsewhere, shares, _least(one["source"], figures), complete)
    told_of = given_away(bounds)[["category", "exact", "narrowed"]]
    sources = " ".join(dict.fromkeys([*totals["source"], *shares["source"], *elsewhere["source"]]))
    rows = records(cells.merge(told_of, on="category").assign(denominator_source=sources))
    return [row | {"balance": not row["narrowed"]} for row in rows]


def _alone(*frames: pd.DataFrame) -> pd.DataFrame:
    """Bounds of a number that is no part of a mix, from its percentage and total, or from elsewhere."""
    cells, totals, shares, elsewhere = frames
    could: list[int] = [int(value) for value in elsewhere["value"]]
    if len(totals) and len(shares) and not could:
        could = possible_counts(int(totals["value"].iloc[0]), digits(shares.iloc[0].to_dict()))
    ends = (min(could), max(could)) if could else (0, np.nan)
    return cells.assign(lower=ends[0], upper=ends[1], exact=ends[0] == ends[1])


def _bounded(
    table: pd.DataFrame,
    totals: pd.DataFrame,
    elsewhere: pd.DataFrame,
    shares: pd.DataFrame,
    least: int,
    complete: bool,
) -> pd.DataFrame:
    """Bounds from all that is known; from less, if not all of it can be true at once."""
    for siblings, percentages in (([elsewhere], shares), ([elsewhere], None), ([], None)):
        try:
            return suppressed_bounds(
                table, totals, *siblings, percentages=percentages, least=least, complete=complete
            )
        except ContradictionError:  # the other rules name it; figures that cannot be true give nothing away
            continue
    return table.assign(lower=0, upper=np.nan, exact=False)


def _least(source: str, figures: pd.DataFrame) -> int:
    """The least that a withheld number can be: 1 where the publisher prints zeros, else 0."""
    publishers = dictionary().sources.set_index("source")["publisher"]
    same = figures["source"].map(publishers) == publishers[source]
    return int((same & (figures["unit"] == "number") & (figures["value"] == 0)).any())
