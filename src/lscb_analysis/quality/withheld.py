"""Whether published figures give away those that are withheld. No number of these is ever returned.

That it happens, and how often, is for everyone; which figures they are is for the analyst's terminal alone.
"""

import numpy as np
import pandas as pd

from lscb_analysis import data, project, statistics
from lscb_analysis.editions import Edition
from lscb_analysis.quality.figures import TOTAL, WHOLE, Row, digits, links, published

WAYS = {
    "total": "its total and the other parts",
    "elsewhere": "another source that has it",
    "percentage": "a percentage printed of it or of the other parts",
}
"""How a withheld figure is given away; each way takes the ones before it along."""


def cells_given_away(edition: Edition) -> list[str]:
    """Return a line for each withheld figure that others give away: where it stands and how, never its value.

    For the analyst's terminal alone: no page, file, log or mail may have it.
    """
    found = check_withheld(published(edition), links(edition))
    told = data.records(found[~found["balance"].astype(bool)]) if len(found) else []
    return [_told(cell, edition.data) for cell in told]


def _told(cell: Row, board: str) -> str:
    path = project.project() / "data" / board / f"{cell['table']}.csv"
    rows = data.read(path)
    key = {name: str(cell[name]) for name in ("area_code", "time_period", *statistics.SUBJECT[:2], "source")}
    key |= {end: f"{cell[end]:%Y-%m-%d}" for end in ("period_start", "period_end")}
    same = np.logical_and.reduce([rows[name] == value for name, value in key.items()])
    row = rows.index[same].get_level_values("row")[0]
    period = " to ".join(dict.fromkeys([key["period_start"], key["period_end"]]))
    how = "exactly" if cell["exact"] else "nearly"
    what = f"{cell['area_name']}, {cell['measure']}, {cell['category']}, {period}"
    return f"data/{board}/{path.name}, row {row}: {what}: can be worked out {how}, from {WAYS[cell['how']]}."


def check_withheld(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Say of each withheld figure whether the others give it away. No number of it is returned.

    What may give it away: its total and the other categories, a percentage printed of it, and the same
    number in another source (`how`, one of `WAYS`). Of percentages without numbers, the only one withheld of
    a whole.
    """
    withheld = figures[figures["status"] == "c"]
    counts = withheld[withheld["unit"] == "number"]
    rows: list[Row] = []
    for _key, cells in counts.groupby(["measure", "source", *WHOLE], sort=False):
        rows += _attacked(cells, figures, linked[linked["counts"] == cells["measure"].iloc[0]])
    numbered = linked[linked["counts"].isin(figures["measure"])]["percentages"]
    alone = withheld[(withheld["unit"] == "%") & ~withheld["measure"].isin(numbered)]
    for _key, cells in alone.groupby(["measure", "source", *WHOLE], sort=False):
        single = len(cells) == 1 and bool((cells["scheme"] != "").all())
        rows += [row | {"balance": not single, "exact": False, "how": "total"} for row in data.records(cells)]
    return pd.DataFrame(row | {"value": np.nan, "status": "c", "rounding": False} for row in rows)


def _attacked(cells: pd.DataFrame, figures: pd.DataFrame, linked: pd.DataFrame) -> list[Row]:
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
        how = "elsewhere" if len(elsewhere) else "percentage"
        told_of = statistics.given_away(bounds).assign(how=how)
    else:
        table = here[(here["measure"] == one["measure"]) & (here["source"] == one["source"])]
        table = table[table["category"] != TOTAL]
        schemes = data.dictionary().categories
        every = set(schemes.loc[schemes["scheme"] == one["scheme"], "category"]) - {TOTAL}
        complete = every == set(table["category"])
        told_of = _bounded(table, totals, elsewhere, shares, _least(one["source"], figures), complete)
    told_of = told_of[["category", "exact", "narrowed", "how"]]
    sources = " ".join(dict.fromkeys([*totals["source"], *shares["source"], *elsewhere["source"]]))
    rows = data.records(cells.merge(told_of, on="category").assign(denominator_source=sources))
    return [row | {"balance": not row["narrowed"]} for row in rows]


def _alone(*frames: pd.DataFrame) -> pd.DataFrame:
    """Bounds of a number that is no part of a mix, from its percentage and total, or from elsewhere."""
    cells, totals, shares, elsewhere = frames
    could: list[int] = [int(value) for value in elsewhere["value"]]
    if len(totals) and len(shares) and not could:
        could = statistics.possible_counts(int(totals["value"].iloc[0]), digits(shares.iloc[0].to_dict()))
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
    """What all that is known gives away, or less of it, if not all can be true at once; and how it does."""
    given: pd.DataFrame | None = None
    for how, siblings, percentages in (
        ("percentage", [elsewhere], shares), ("elsewhere", [elsewhere], None), ("total", [], None)
    ):  # fmt: skip
        try:
            bounds = statistics.suppressed_bounds(
                table, totals, *siblings, percentages=percentages, least=least, complete=complete
            )
        except (
            statistics.ContradictionError
        ):  # the other rules name it; figures that cannot be true give nothing away
            continue
        less = statistics.given_away(bounds)
        given = less.assign(how=how) if given is None else given
        same = (less[["exact", "narrowed"]] == given[["exact", "narrowed"]]).all(axis="columns")
        given["how"] = given["how"].mask(same, how)
        if not given["narrowed"].any():
            break
    return table.assign(exact=False, narrowed=False, how="") if given is None else given


def _least(source: str, figures: pd.DataFrame) -> int:
    """The least that a withheld number can be: as its release says, or 1 where the publisher prints zeros."""
    said = figures.loc[(figures["source"] == source) & (figures["status"] == "c"), "fewest"]
    if said.notna().any():
        return int(said.min())
    publishers = data.dictionary().sources.set_index("source")["publisher"]
    same = figures["source"].map(publishers) == publishers[source]
    return int((same & (figures["unit"] == "number") & (figures["value"] == 0)).any())
