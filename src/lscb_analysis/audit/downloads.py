"""The CSVs of a pack held against the data, cell by cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from lscb_analysis.audit.remade import Estimate, Known, foreign, worked_out
from lscb_analysis.audit.words import called, same
from lscb_analysis.data import measures
from lscb_analysis.figure import Figure, period_of
from lscb_analysis.pages import FORMULA
from lscb_analysis.quality import WITHHELD

Row = dict[str, str]
Reasons = Iterator[tuple[str, str]]

_STATISTICS = (
    *("value", "numerator", "denominator", "lower", "upper", "change", "residual"),
    *("value_before", "numerator_before", "denominator_before"),
)
"""Columns whose cells can be worked out one by one."""

_WITHHELD = ("c", "k", "low", "u")
"""Symbols that only a source can give a figure."""


def check_table(path: Path, known: Known) -> tuple[int, list[tuple[str, str]]]:
    """Return how many figures a CSV has, and each row that is wrong with the reason.

    A CSV of verdicts or of findings of data quality, which an edition decides as a whole, is compared row by
    row with what the data give for the edition.
    """
    return _check(path.read_bytes().decode("utf-8"), known)


@lru_cache(maxsize=128)
def _check(text: str, known: Known) -> tuple[int, list[tuple[str, str]]]:
    read = csv.DictReader(io.StringIO(text, newline=""))
    rows = [{key: _read(cell) for key, cell in row.items()} for row in read]
    whole = _decided_as_a_whole(known, rows)
    if whole is not None:
        wrong = [row for row in rows if tuple(row.values()) not in whole]
        said = "the row is not what the data give for the edition."
        faults = [(_line(row), said) for row in wrong] + [
            fault for row in rows for fault in _foreign(known, row)
        ]
        return sum(map(_numbers, rows)), faults
    cells = [(row, statistic) for row in rows for statistic in _STATISTICS if row.get(statistic)]
    faults = [fault for row, statistic in cells for fault in _check_cell(known, row, statistic)]
    return len(cells), faults + [fault for row in rows for fault in _check_words(known, row)]


def _decided_as_a_whole(known: Known, rows: list[Row]) -> set[tuple[str, ...]] | None:
    """The rows that a CSV of verdicts or of findings may have, if it is one."""
    columns = list(rows[0]) if rows else []
    told = known.found[known.found["rule"] != WITHHELD]
    for frame, mark in ((known.verdicts, "question"), (told, "rule")):
        if mark in columns and set(columns) <= set(frame.columns):
            text = frame[columns].to_csv(index=False, lineterminator="\n")
            return {tuple(_read(cell) for cell in row) for row in csv.reader(text.splitlines())}
    return None


def _read(cell: str) -> str:
    """A cell as a spreadsheet shows it: without the apostrophe that keeps text from being a formula."""
    words = cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell
    return " ".join(words.splitlines())


def _numbers(row: Row) -> int:
    return sum(cell.lstrip("-").replace(".", "", 1).isdigit() for cell in row.values())


def _check_cell(known: Known, row: Row, statistic: str) -> Reasons:
    figure = Figure.of_cell(row, statistic)
    try:
        value = float(row[statistic])
    except ValueError:
        yield _line(row), f"{statistic} is “{row[statistic]}”, which is no number."
        return
    could = worked_out(known, figure)
    if not any(same(value, by_data) for by_data in could):
        told = ", ".join(f"{number:.10g}" for number in sorted(could) if not np.isnan(number))
        yield (
            _line(row),
            f"{statistic} is {value:.10g}; for {called(figure)} the data give {told or 'nothing'}.",
        )


def _check_words(known: Known, row: Row) -> Reasons:
    """What a row says beside its figures is so: its area, its year, its unit, its sources, its symbol."""
    if (row["area_code"], row["area_name"]) not in known.areas:
        yield _line(row), f"{row['area_code']} is not {row['area_name']!r}."
    printed = {way.printed for way in known.told.get(Figure.of_cell(row, "value").place, [])}
    if row.get("printed") and printed and row["printed"] not in printed | known.printed:
        yield _line(row), f"“{row['printed']}” is printed in no table."
    yield from _foreign(known, row)
    figure = Figure.of_cell(row, "value")
    if _told_of(known, figure.measure) and row.get("unit") not in _units(known, figure):
        yield _line(row), f"{row['unit']!r} is no unit of {figure.measure}."
    givers = (known.givers.get(measure, set()) for measure in _alike(known, figure))
    if other := set(row.get("source", "").split()).difference(*givers):
        yield _line(row), f"{', '.join(sorted(other))} does not give {figure.measure}."
    yield from _check_periods(known, row, figure)


def _foreign(known: Known, row: Row) -> Reasons:
    """A row is of an area and a period that the edition tells of."""
    sources = row.get("source", "").split()
    if "area_code" in row and (why := foreign(known, Figure.of_cell(row, "value"), sources)):
        yield _line(row), f"the row {why}"


def _check_periods(known: Known, row: Row, figure: Figure) -> Reasons:
    """The year of a row is that in which its period ends, and its symbol that which the data have then."""
    for suffix, year in (("", "time_period"), ("_before", "previous_period")):
        if row.get(year) and row.get(f"period_end{suffix}", "")[:4] not in ("", row[year]):
            yield _line(row), f"{year} is {row[year]}, and the period ends on {row[f'period_end{suffix}']}."
        symbols = _symbols(known, replace(figure, period=period_of(row, suffix)))
        said = row.get(f"status{suffix}", "")
        if (said in _WITHHELD and said not in symbols) or ("c" in symbols and said not in symbols | {""}):
            yield (
                _line(row),
                f"status{suffix} is {said!r}; the data have {' or '.join(sorted(symbols)) or 'none'}.",
            )


def _units(known: Known, figure: Figure) -> set[str]:
    """Those in which the data give a figure, or where it is withheld the others of its measure."""
    ways = known.told.get(figure.place) or _told_of(known, figure.measure)
    return {str(measures()["unit"][figure.measure]), *(way.unit for way in ways)}


@lru_cache(maxsize=64)
def _told_of(known: Known, measure: str) -> list[Estimate]:
    return [way for place, ways in known.told.items() if place[0] == measure for way in ways]


def _alike(known: Known, figure: Figure) -> set[str]:
    return {figure.measure, *known.alike.get(figure.measure, ())}


def _symbols(known: Known, figure: Figure) -> set[str]:
    """The symbols that the data have for a figure, or for the number or the print behind it."""
    places = [(measure, *figure.place[1:]) for measure in _alike(known, figure)]
    return set[str]().union(*(known.withheld.get(place, set()) for place in places))


def _line(row: Row) -> str:
    return ", ".join(row.get(key, "") for key in ("area_name", "measure", "category", "time_period"))
