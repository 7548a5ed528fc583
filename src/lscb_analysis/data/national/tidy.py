"""A file of a release as a tidy frame: one row a number, in the project's columns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from lscb_analysis.data.national.mapped import DAY, NUMBER, Column, Dims, File, year_of
from lscb_analysis.data.national.maps import EVERY, LEFT_OUT, Table
from lscb_analysis.data.national.reading import COLUMNS

COUNT, WORD = "count", "word"
"""The kind of a number of which a map says no other, and of a cell that holds a word."""

TOTAL = "Total"
"""The category of a number that is of all."""

NOT_APPLICABLE, NOT_AVAILABLE = "z", "x"
"""The status of what cannot be: a measure that has no other is none. And of what was not published."""


def tidy(file: File, release: str, table: str) -> pd.DataFrame:
    """Return the tidy frame of a file without problems, which is this table of a release.

    Its texts are categoricals. What is applicable nowhere is left out: the average as a share of children.
    """
    combo, combos = _combos(file)
    names = pd.DataFrame([_named(file.table, column, each) for column in file.columns for each in combos])
    row = np.tile(np.arange(len(file.raw)), len(file.columns))
    pair = np.repeat(np.arange(len(file.columns)), len(file.raw)) * len(combos) + combo[row]
    kept = names["kept"].to_numpy()[pair]
    cells = np.concatenate([file.raw[column.name].to_numpy(object) for column in file.columns])[kept]
    row, names = row[kept], names.iloc[pair[kept]].reset_index(drop=True)
    rows = _rows(file).assign(release=release, table=table)
    texts = {column: _taken(rows[column], row) for column in rows}
    texts |= {column: pd.Categorical(names[column]) for column in ("measure", "category", "whole", "kind")}
    frame = _dated(pd.DataFrame(texts), file.table, names)
    frame = _valued(frame, file.table, cells, names["number"])
    frame["nearest"] = _nearest(frame, file.table, names["nearest"].astype(float))
    applies = (frame["status"] != NOT_APPLICABLE).groupby(frame["measure"], observed=True)
    return frame.loc[applies.transform("any").to_numpy(), COLUMNS]


def _combos(file: File) -> tuple[np.ndarray, list[Dims]]:
    """Which combination of labels each row has, by number, and the combinations."""
    labels = file.row_labels
    if not labels:
        return np.zeros(len(file.raw), int), [{}]
    combo = file.raw.groupby(labels, sort=False).ngroup().to_numpy()
    firsts = file.raw[labels].iloc[np.unique(combo, return_index=True)[1]]
    return combo, [dict(zip(labels, said, strict=True)) for said in firsts.to_numpy(object)]


def _named(table: Table, column: Column, combo: Dims) -> dict[str, Any]:
    """What the numbers of a column in rows with these labels are called, and what they are."""
    said = combo | column.labels
    adds = [known[said[label]] for label, known in table.labels.items() if said.get(label) in known]
    adds = [column.adds[1:]] if column.adds.startswith("=") else [*adds, column.adds]
    parts = [part.partition(":") for part in adds]
    made = "".join(measure.strip() for measure, _, _ in parts)
    measure, looked = table.names.get(made, made), [column.name, *said.values()]
    kind: Any = WORD if table.words else _first_of(table.kinds, looked) or COUNT
    return {
        "measure": measure,
        "category": "; ".join(category.strip() for _, _, category in parts if category) or TOTAL,
        "whole": table.wholes.get(measure, ""),
        "kind": kind,
        "kept": LEFT_OUT not in (*adds, measure),
        "at": _first_of(table.at, [*looked, EVERY]) or "",
        "year": column.year,
        "number": column.number,
        "nearest": _first_of(table.rounding.get(kind, {}), looked),
    }


def _rows(file: File) -> pd.DataFrame:
    """What each row of a file says of area and period."""
    key, table = file.table.key, file.table
    joined = {code: " ".join(codes) for code, codes in table.joined.items()}
    notes = [file.raw[column] for column in table.notes]
    note = ["; ".join(filter(None, cells)) for cells in zip(*notes, strict=True)]
    return pd.DataFrame(
        {
            "time_identifier": file.cells(key.time_identifier, "time_identifier"),
            "period": file.periods,
            "geographic_level": file.cells(key.geographic_level, "geographic_level").map(table.levels),
            "region": file.cells(key.region),
            "area_code": file.codes,
            "old_code": file.old_codes,
            "area_name": file.first(key.area_name),
            "joined": [joined.get(code, "") for code in file.codes],
            "note": note or "",
        }
    )


def _dated(frame: pd.DataFrame, table: Table, names: pd.DataFrame) -> pd.DataFrame:
    """Add the periods; each that is written alike is read once."""
    keys = frame[["period", "time_identifier"]].assign(year=names["year"], at=names["at"])
    number = keys.groupby([*keys], sort=False, observed=True).ngroup().to_numpy()
    firsts = keys.iloc[np.unique(number, return_index=True)[1]]
    days = [_days(table, *said) for said in firsts.to_numpy(object)]
    for place, column in enumerate(("time_period", "period_start", "period_end")):
        frame[column] = np.array([day[place] for day in days])[number]
    return frame.drop(columns="period")


def _days(
    table: Table, period: str, identifier: str, year: int, at: str
) -> tuple[int, np.datetime64, np.datetime64]:
    """The year a number is filed under, and the first and last day that it is of."""
    if identifier == DAY:
        return year_of(period), np.datetime64(period), np.datetime64(period)
    filed = (year or year_of(period)) + table.shift
    if at:
        before, _, day = at.rpartition(" ")
        on = np.datetime64(f"{filed + int(before or 0)}-{day}")
        return filed, on, on
    last = date.fromisoformat(f"{filed}-{table.ends[identifier]}")
    return filed, np.datetime64(last.replace(year=filed - 1)) + 1, np.datetime64(last)


def _valued(frame: pd.DataFrame, table: Table, cells: np.ndarray, number: pd.Series) -> pd.DataFrame:
    """Part numbers from symbols; of a symbol add the least and most that it can hide."""
    codes, texts = pd.factorize(cells)
    texts = np.array([text.strip() for text in texts], object)
    symbols = [table.symbols.get(text) for text in texts]
    numbers = np.array([float(text) if NUMBER.fullmatch(text) else np.nan for text in texts])
    frame["value"] = numbers[codes]
    if table.words:
        held = np.array([symbol is None for symbol in symbols])
        frame["value"] = number.where(held[codes])
        frame["category"] = pd.Categorical(np.where(held, texts, TOTAL)[codes])
    status = [symbol.status if symbol else "" for symbol in symbols]
    frame["status"] = _taken(pd.Series(status, dtype=object), codes)
    for place, bound in enumerate(("least", "most")):
        hides: dict[tuple[str, str], float] = {
            (text, kind): said[place]
            for text, symbol in zip(texts, symbols, strict=True)
            for kind, said in (symbol.hides if symbol else {}).items()
        }
        frame[bound] = _of_both(hides, texts, codes, frame["kind"])
    return _explained(frame, table, texts[codes] == "") if table.blank else frame


def _explained(frame: pd.DataFrame, table: Table, blank: np.ndarray) -> pd.DataFrame:
    """Give each empty cell the symbol that its note says it stands for."""
    notes = frame["note"].astype(object).to_numpy()
    for note in pd.unique(notes[blank]):
        symbol = table.symbols[_first_of(table.blank, [note, EVERY])]
        here = blank & (notes == note)
        frame["status"] = pd.Categorical(frame["status"].astype(object).mask(here, symbol.status))
        for kind, bounds in symbol.hides.items():
            frame.loc[here & (frame["kind"] == kind).to_numpy(), ["least", "most"]] = bounds
    return frame


def _nearest(frame: pd.DataFrame, table: Table, of_label: pd.Series) -> np.ndarray:
    """To whose multiples each number is rounded, by its column, label or level; zero: not at all."""
    level, kind = frame["geographic_level"].cat, frame["kind"]
    said = {
        (each, of): _first_of(table.rounding.get(of, {}), [each, EVERY]) or 0.0
        for of in kind.cat.categories
        for each in level.categories
    }
    of_level = _of_both(said, level.categories.to_numpy(object), level.codes.to_numpy(), kind)
    found = of_label.fillna(pd.Series(of_level, frame.index)).to_numpy()
    return np.where(frame["time_period"].to_numpy() < table.since, 0.0, found)


def _of_both(
    said: dict[tuple[str, str], float], texts: np.ndarray, codes: np.ndarray, kind: pd.Series
) -> np.ndarray:
    """A number for each row by its text and its kind; missing where nothing is said of them."""
    kinds = [*kind.cat.categories]
    grid = np.array([[said.get((text, each), np.nan) for each in kinds] for text in texts])
    return grid[codes, kind.cat.codes.to_numpy()]


def _taken(values: pd.Series, places: np.ndarray) -> pd.Categorical:
    """The values at these places, as a categorical: there are few of them, many times."""
    codes, found = pd.factorize(values.to_numpy(object))
    return pd.Categorical.from_codes(codes[places], pd.Index(found, dtype=object))


def _first_of(said: dict[Any, Any], looked: Iterable[str]) -> Any:
    """What is said of the first of these names of which something is; the last that is said holds.

    A key may have `*` for any letters.
    """
    patterns = [key for key in said if EVERY in key and key != EVERY]
    for name in looked:
        keys = [name] if name in said else [key for key in patterns if fnmatchcase(name, key)]
        if keys:
            return said[keys[-1]]
    return None
