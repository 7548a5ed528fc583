"""A file of a release as its map reads it: its columns and rows, and what in it the map does not know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from lscb_analysis.data.national.maps import MAPS, Table
from lscb_analysis.data.schema import Problem, nearest

DAY = "Day"
"""The identifier of a period that is one day, written as 2018-03-31."""

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
"""What a number is in a file: all else is a symbol."""

_CODE = re.compile(r"[EJKLMNSW][0-9]{8}|[0-9]{3}")
_YEARS = re.compile(r"((?:19|20)[0-9]{2})(?:[/-]?([0-9]{2}))?")
_MANY = 5
"""So many cells of a column of numbers are named that hold none."""

_REMEDY = f"Add it to the map in {MAPS}/, or take the file from the release again"

Dims = dict[str, str]


class Column(NamedTuple):
    """A column of numbers: its name, what that adds to a measure's, and the labels, year and number in it."""

    name: str
    adds: str
    labels: Dims
    year: int
    number: float


class File:
    """A file of a release with its map."""

    def __init__(self, path: str, raw: pd.DataFrame, table: Table) -> None:
        self.path, self.table = path, table
        known = {name.casefold(): name for name in self._known}
        names = [known.get(name.casefold(), name) for name in raw.columns]
        self.raw = raw.set_axis(names, axis="columns")
        labels = {label: self.raw[label].str.strip() for label in self.row_labels}
        self.raw = self.raw.assign(**labels)
        used = [name for name in names if name in table.key.area_code or self._column(name)]
        self.raw = self.raw[(self.raw[used] != "").any(axis="columns")]

    @cached_property
    def _known(self) -> list[str]:
        """The columns that the map names."""
        of_rows = [label for label in self.table.labels if label not in self._of_patterns]
        return [*dict.fromkeys([*self.table.key.columns, *of_rows, *self.table.notes, *self.table.numbers])]

    @cached_property
    def _of_patterns(self) -> set[str]:
        return {group for groups in self.table.groups.values() for group in groups}

    @cached_property
    def columns(self) -> list[Column]:
        """The columns of numbers, in the order of the file."""
        return [column for name in self.raw.columns if (column := self._column(name))]

    def _column(self, name: str) -> Column | None:
        if name in self.table.numbers:
            return Column(name, self.table.numbers[name], {}, 0, 1.0)
        for pattern, adds in self.table.patterns.items():
            if matched := re.fullmatch(pattern, name):
                groups = {group: said or "" for group, said in matched.groupdict().items()}
                year, number = int(groups.pop("year", 0)), float(groups.pop("value", 1))
                return Column(name, adds, groups, year, number)
        return None

    def problems(self) -> list[Problem]:
        """Everything that the map does not know of the file: columns, labels, symbols, codes, periods."""
        rows = self._of_rows() if {*self.table.key.columns} <= {*self.raw.columns} else ()
        return [*self._of_columns(), *self._of_labels(), *rows, *self._of_numbers()]

    def _of_columns(self) -> Iterator[Problem]:
        there = [*self.raw.columns]
        for name in (name for name in self._known if name not in there):
            close = [column for column in there if column not in self._known and not self._aside(column)]
            what = "is missing"
            yield Problem(self.path, 1, name, None, what, nearest(name, close))
        wanted = [name for name in self._known if name not in there]
        for name in there:
            if name not in self._known and not self._column(name) and not self._aside(name):
                what = "is a column that the map does not know"
                yield Problem(self.path, 1, name, None, what, f"{nearest(name, wanted)} {_REMEDY}")
        if self.table.patterns and not self.columns:
            what = "has no column of numbers that the map knows"
            yield Problem(self.path, 1, None, None, what, _REMEDY)

    def _aside(self, name: str) -> bool:
        return any(fnmatchcase(name, said) for said in self.table.aside)

    def _of_labels(self) -> Iterator[Problem]:
        for label, known in self.table.labels.items():
            if label in self.raw.columns:
                yield from self._unknown(label, known)
        for column in self.columns:
            for group, said in column.labels.items():
                if said and said not in self.table.labels.get(group, {}):
                    what = f"has the part {said!r}, which is no {group} that the map knows"
                    remedy = f"{nearest(said, self.table.labels.get(group, {}))} {_REMEDY}"
                    yield Problem(self.path, 1, column.name, None, what, remedy)

    def _unknown(self, column: str, known: Iterable[str], what: str = "is a label") -> Iterator[Problem]:
        """A problem for each value of a column that is not known, at the first row that has it."""
        cells = self.raw[column]
        for said in (said for said in cells.unique() if said not in known):
            row = int(cells.index[cells == said][0])
            remedy = f"{nearest(said, known)} {_REMEDY}"
            yield Problem(self.path, row, column, said, f"{what} that the map does not know", remedy)

    def _of_rows(self) -> Iterator[Problem]:
        key, fixed = self.table.key, self.table.fixed
        for name, known in (("geographic_level", self.table.levels), ("time_identifier", self._identifiers)):
            if column := getattr(key, name):
                yield from self._unknown(column, known)
            elif fixed.get(name) not in known and name in fixed:
                remedy = nearest(fixed[name], known)
                yield Problem(MAPS, None, name, fixed[name], "is fixed by the map and not known", remedy)
        yield from self._of_periods()
        strange = [code for code in self.codes.unique() if not self._is_code(code)]
        yield from self._each("area_code", self.codes, strange, "is no code of an area")

    def without_year(self) -> list[Problem]:
        """What is wrong with a file of which not even the year can be read."""
        return [*self._of_periods()] if self.table.key.time_period in self.raw.columns else self.problems()

    def _of_periods(self) -> Iterator[Problem]:
        strange = [period for period in self.periods.unique() if not year_of(period)]
        yield from self._each("time_period", self.periods, strange, "is no year that can be read")

    def _each(self, column: str, cells: pd.Series, wrong: Iterable[str], what: str) -> Iterator[Problem]:
        for said in wrong:
            yield Problem(self.path, int(cells.index[cells == said][0]), column, said, what, _REMEDY)

    def _is_code(self, code: str) -> bool:
        return bool(_CODE.fullmatch(code)) or code in self.table.joined

    @cached_property
    def _identifiers(self) -> list[str]:
        return [*self.table.ends, DAY]

    @cached_property
    def periods(self) -> pd.Series:
        return self.cells(self.table.key.time_period, "time_period")

    @cached_property
    def codes(self) -> pd.Series:
        codes = self.first(self.table.key.area_code)
        return codes.mask(self.old_codes.isin([*self.table.areas]), self.old_codes.map(self.table.areas))

    @cached_property
    def old_codes(self) -> pd.Series:
        return self.cells(self.table.key.old_code, "old_code")

    def cells(self, column: str, fixed: str = "") -> pd.Series:
        """A column of the file, or else what the map fixes."""
        if column and column in self.raw.columns:
            return self.raw[column].str.strip()
        return pd.Series(self.table.fixed.get(fixed, ""), self.raw.index, str)

    def first(self, columns: list[str]) -> pd.Series:
        """The first cell that is filled, of some columns."""
        found = self.cells(columns[0])
        for column in columns[1:]:
            found = found.mask(found == "", self.cells(column))
        return found

    def _of_numbers(self) -> Iterator[Problem]:
        known = {*self.table.symbols, *([""] if self.table.blank else [])}
        what = "is no word" if self.table.words else "is neither a number nor a symbol"
        remedy = f"Its symbols are {', '.join(map(repr, self.table.symbols)) or 'none'}. {_REMEDY}"
        for column in self.columns:
            cells = self.raw[column.name]
            texts = [text for text in cells.unique() if text.strip() not in known]
            wrong = [text for text in texts if not self._holds(text.strip())]
            more = f", and so are {len(wrong) - _MANY} others" if len(wrong) > _MANY else ""
            for text in wrong[:_MANY]:
                row = int(cells.index[cells == text][0])
                yield Problem(self.path, row, column.name, text, f"{what} that the map knows{more}", remedy)

    def _holds(self, cell: str) -> bool:
        return bool(re.fullmatch(self.table.words, cell) if self.table.words else NUMBER.fullmatch(cell))

    @property
    def year(self) -> int:
        """The newest year of the file, which is its release's."""
        of_rows = [year_of(period) for period in self.periods.unique()]
        newest = max([*of_rows, *(column.year for column in self.columns)], default=0)
        return newest + self.table.shift if newest else 0

    @cached_property
    def row_labels(self) -> list[str]:
        """The columns of labels."""
        return [label for label in self.table.labels if label in self.raw.columns]


def year_of(period: str) -> int:
    """Return the year that a period ends in: 2018 of 2018, 201718, 2017/18, 2018-03-31; 0 of no period."""
    with suppress(ValueError):
        return date.fromisoformat(period).year if "-" in period[5:] else _last_of(period)
    return 0


def _last_of(period: str) -> int:
    matched = _YEARS.fullmatch(period)
    if not matched:
        return 0
    year, second = int(matched[1]), matched[2]
    follows = not second or int(second) == (year + 1) % 100
    return year + bool(second) if follows else 0
