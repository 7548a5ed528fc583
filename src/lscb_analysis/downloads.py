"""The CSVs of a pack held against the data, cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lscb_analysis.figures import Cited, Known, worked_out
from lscb_analysis.tables import FORMULA
from lscb_analysis.wording import called, same

Row = dict[str, str]
Reasons = Iterator[tuple[str, str]]

_STATISTICS = (
    *("value", "numerator", "denominator", "lower", "upper", "change", "residual"),
    *("value_before", "numerator_before", "denominator_before"),
)
"""Columns whose cells can be worked out one by one."""


def check_table(
    path: Path, known: Known, memory: dict[Cited, set[float]]
) -> tuple[int, list[tuple[str, str]]]:
    """Return how many figures a CSV has, and each row that is wrong with the reason.

    A CSV of verdicts or of findings of data quality, which an edition decides as a whole, is compared row by
    row with what the data give for the edition. `memory` keeps what has been worked out.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{key: _read(cell) for key, cell in row.items()} for row in csv.DictReader(file)]
    whole = _decided_as_a_whole(known, rows)
    if whole is not None:
        wrong = [row for row in rows if tuple(row.values()) not in whole]
        said = "the row is not what the data give for the edition."
        return sum(map(_numbers, rows)), [(_line(row), said) for row in wrong]
    cells = [(row, statistic) for row in rows for statistic in _STATISTICS if row.get(statistic)]
    faults = [fault for row, statistic in cells for fault in _check_cell(known, memory, row, statistic)]
    return len(cells), faults + [fault for row in rows for fault in _check_words(known, row)]


def _decided_as_a_whole(known: Known, rows: list[Row]) -> set[tuple[str, ...]] | None:
    """The rows that a CSV of verdicts or of findings may have, if it is one."""
    columns = list(rows[0]) if rows else []
    for frame, mark in ((known.verdicts, "question"), (known.found, "rule")):
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


def _check_cell(known: Known, memory: dict[Cited, set[float]], row: Row, statistic: str) -> Reasons:
    figure = cited_in(row, statistic)
    try:
        value = float(row[statistic])
    except ValueError:
        yield _line(row), f"{statistic} is “{row[statistic]}”, which is no number."
        return
    if figure not in memory:
        memory[figure] = worked_out(known, figure)
    if not any(same(value, by_data) for by_data in memory[figure]):
        told = ", ".join(f"{number:.10g}" for number in sorted(memory[figure]) if not np.isnan(number))
        yield (
            _line(row),
            f"{statistic} is {value:.10g}; for {called(figure)} the data give {told or 'nothing'}.",
        )


def cited_in(row: Row, statistic: str) -> Cited:
    """Return what a cell is a figure of, by the columns of its row."""
    changed, before = "previous_period" in row, statistic.endswith("_before")
    ends = {"lower": "change_lower", "upper": "change_upper"} if changed else {}
    of_change = changed and statistic in ("change", "lower", "upper")
    return Cited(
        ends.get(statistic, statistic),
        row["measure"],
        row["category"],
        row["area_code"],
        _iso(row, "_before" if before else ""),
        _iso(row, "_before") if changed and not before else "",
        row["change_unit"] if of_change else row.get("unit", ""),
        row.get("method", ""),
        float(row.get("confidence") or 0.95),
    )


def _iso(row: Row, suffix: str) -> str:
    start, end = row.get(f"period_start{suffix}", ""), row.get(f"period_end{suffix}", "")
    return end if start == end else f"{start}/{end}"


def _check_words(known: Known, row: Row) -> Reasons:
    """The area of a row has the name that the data give it, and what it says was printed was."""
    if (row["area_code"], row["area_name"]) not in known.areas:
        yield _line(row), f"{row['area_code']} is not {row['area_name']!r}."
    printed = {way.printed for way in known.told.get(cited_in(row, "value").place, [])}
    if row.get("printed") and printed and row["printed"] not in printed | known.printed:
        yield _line(row), f"“{row['printed']}” is printed in no table."


def _line(row: Row) -> str:
    return ", ".join(row.get(key, "") for key in ("area_name", "measure", "category", "time_period"))
