"""Figures of areas over all releases, each from the newest that has it, in the columns of a board's table."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from lscb_analysis.data.national.areas import Area
from lscb_analysis.data.national.maps import map_of
from lscb_analysis.data.national.reading import FILES, listed, release, releases
from lscb_analysis.data.schema import COLUMNS, DICTIONARY, PUBLISHED

NOT_HERE = ("x", "z")
"""The statuses of a figure that a release does not have, so that an earlier one may."""

_FIGURE = ["area_code", "time_period", "measure", "category"]
_TEXTS = ["release", "table", "time_identifier", "geographic_level", "measure", "category", "status"]

Sum = tuple[str, str, tuple[str, ...]]
"""A measure, another, and the categories of that other which it adds up."""


def held(areas: Collection[Area], measures: dict[str, str], schemes: dict[str, set[str]]) -> pd.DataFrame:
    """Return every figure of `areas`, of each publication as its newest release has it.

    The total that a measure is part of, as `measures` says, is there from the release of each of its figures
    too. `schemes` are the categories of each measure that has any: a measure with others is left out. The
    columns are those of a board's table, with `release`, `table`, the year that a figure is `filed` under
    there, `status`, `nearest`, and the `fewest` that a symbol can hide. `source` is release and table,
    `printed` the value with the decimals of its rounding. The year is that of a period's end.
    """
    known = {(area.old_codes or area.codes)[0]: area for area in areas}
    frames = [frame for name in releases() if len(frame := _of(name, known, measures))]
    every = pd.concat(frames, ignore_index=True) if frames else _none()
    known_parts = zip(every["measure"], every["category"], strict=True)
    fits = np.array([of in schemes.get(measure, {"Total"}) for measure, of in known_parts], bool)
    every = every[~every["measure"].isin(every["measure"][~fits].unique())]
    every = every.assign(publication=every["release"].str.rpartition("-")[0])
    kept = _newest(every, [*_FIGURE, "publication"])
    place = ["release", "area_code", "time_period"]
    of = kept.assign(measure=kept["measure"].map(measures)).drop_duplicates([*place, "measure"])
    totals = every.reset_index().merge(of[[*place, "measure"]], on=[*place, "measure"])["index"]
    return _as_of_a_board(every.loc[sorted({*kept.index, *totals})])


def of_each(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a figure of those `held`: of several publications that of the newest release."""
    return _newest(rows, [*_FIGURE, "period_end"])


def _newest(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Of rows with the same key that of the newest release that has the figure."""
    missing, year = rows["status"].isin(NOT_HERE), -rows["release"].str[-4:].astype(int)
    order = rows.assign(missing=missing, year=year).sort_values(["missing", "year"], kind="stable")
    return rows.loc[order.drop_duplicates(key).index.sort_values()]


def alongside(totals: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Return of the totals `held` those of the release that each of `counts` is of.

    Where a release has none for the year, there is none: a rate mixes no two releases.
    """
    key = ["release", "area_code", "filed"]
    wanted = set(counts[key].itertuples(index=False, name=None))
    there = totals[key].itertuples(index=False, name=None)
    return totals[np.array([each in wanted for each in there], bool)]


def sums(rows: pd.DataFrame, wanted: Collection[Sum]) -> pd.DataFrame:
    """Return the measures that add up categories of another, of rows `held`.

    One is known where all its parts are; else its status is that of what is missing, withheld first.
    """
    made = [_sum(rows, *each) for each in wanted]
    return pd.concat([rows.iloc[:0], *made], ignore_index=True)


def _sum(rows: pd.DataFrame, measure: str, of: str, parts: tuple[str, ...]) -> pd.DataFrame:
    taken = rows[(rows["measure"] == of) & rows["category"].isin(parts)]
    groups = taken.groupby([*_FIGURE[:2], "release"], sort=False)
    whole = groups["category"].transform("size") == len(parts)
    value = groups["value"].transform(lambda values: values.sum(skipna=False))
    status = groups["status"].transform(lambda held: "c" if (held == "c").any() else held.max())
    made = taken.assign(value=value, status=status.where(value.isna(), ""), measure=measure, category="Total")
    made["nearest"] = groups["nearest"].transform("sum")
    made = made[whole].drop_duplicates([*_FIGURE[:2], "release"])
    return made.assign(printed=_printed(made["value"], made["status"], made["nearest"]))


def sources() -> pd.DataFrame:
    """Return the tables of all releases that are kept as rows of `sources.csv`, from the maps."""
    rows = [dict(zip(DICTIONARY["sources"], row, strict=True)) for row in _sources()]
    return pd.DataFrame(rows, columns=DICTIONARY["sources"], dtype=str)


def _sources() -> Iterator[tuple[str, ...]]:
    tables = dict.fromkeys((line["release"], line["table"]) for line in listed(FILES))
    parts = {name: name.rpartition("-") for name, _ in tables}
    maps = {name: map_of(publication, int(year)) for name, (publication, _, year) in parts.items()}
    for name, table in tables:
        of, year = maps[name], parts[name][2]
        years = f"{int(year) - 1} to {year}"
        short = f"{of.publisher}, {of.title[:1].lower()}{of.title[1:]} {years}, table {table}"
        yield (
            *(f"{name}-{table}", short, of.publisher, of.title, "", table, years),
            *(of.licence, PUBLISHED, of.published, of.reference),
        )


def _of(name: str, known: dict[str, Area], measures: Collection[str]) -> pd.DataFrame:
    """The rows of a release that are of known areas, under their newest code and name."""
    rows = release(name, *measures)
    own = rows["old_code"].astype(str)
    own = own.where(own != "", rows["area_code"].astype(str))
    rows = rows[own.isin(list(known)) & (rows["joined"].astype(str) == "")]
    own = own[rows.index]
    rows = rows.astype(dict.fromkeys(_TEXTS, str))
    return rows.assign(
        area_code=[known[each].codes[0] for each in own], area_name=[known[each].name for each in own]
    )


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=[*_TEXTS, *COLUMNS, "nearest"])


def _as_of_a_board(rows: pd.DataFrame) -> pd.DataFrame:
    made = rows.assign(
        filed=rows["time_period"],
        time_period=rows["period_end"].dt.year,
        printed=_printed(rows["value"], rows["status"], rows["nearest"]),
        qualifier="",
        fewest=rows["least"],
        source=rows["release"] + "-" + rows["table"],
    )
    days = {day: made[day].astype("datetime64[us]") for day in ("period_start", "period_end")}
    columns = [*COLUMNS, "filed", "release", "table", "status", "nearest", "fewest"]
    return made.assign(**days)[columns].reset_index(drop=True)


def _printed(values: pd.Series, status: pd.Series, nearest: pd.Series) -> list[str]:
    """The text of each value with the decimals of its rounding; where there is none, its symbol."""
    places = {to: _places(to) for to in nearest.unique()}
    told = zip(values, status, nearest, strict=True)
    return [f"{value:.{places[to]}f}" if pd.notna(value) else symbol for value, symbol, to in told]


def _places(nearest: float) -> int:
    """The decimals of numbers that are multiples of `nearest`: 1 of 0.1, none of 10 or of whole numbers."""
    return max(0, -int(np.floor(np.log10(nearest)))) if nearest else 0
