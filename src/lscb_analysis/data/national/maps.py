"""The maps of releases: what a publisher's files call things, what their symbols mean, how they round.

A map is a TOML file in `data/dictionary/releases/`, named by its publication and year. One that is `like`
another says only what differs. docs/national.md tells what can stand in one.
"""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lscb_analysis.data.schema import DataError, Problem, nearest
from lscb_analysis.project import SHARED, in_project, listed, project

MAPS = f"data/{SHARED}/releases"
"""Where the maps are."""

LEFT_OUT = "-"
"""In place of what a label adds: rows with it are known, and left out."""

EVERY = "*"
"""In place of a column, a label or a level: all that are not named."""

Kind = Literal[
    "count", "percentage", "rate", "mean", "full-time equivalents", "quantile", "difference", "sum", "limit"
]
"""What a number can be. A difference may be below zero, a sum is of scores, a limit ends an interval."""

_WHOLE = "symbols"
"""What a map that is like another says anew or not at all: symbols belong to a release."""

Bounds = dict[Kind, tuple[float, float]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Key(_Strict):
    """The columns that say of which area and period a row is; of several the first that is filled counts."""

    time_period: str = ""
    time_identifier: str = ""
    geographic_level: str = ""
    area_code: list[str] = []
    area_name: list[str] = []
    old_code: str = ""
    region: str = ""

    @cached_property
    def columns(self) -> list[str]:
        """The columns that it names."""
        single = (self.time_period, self.time_identifier, self.geographic_level, self.old_code, self.region)
        return [*filter(None, single), *self.area_code, *self.area_name]


class Symbol(_Strict):
    """What a symbol in place of a number means, and the least and most that it hides, by kind of number."""

    status: str
    hides: Bounds = {}


class Table(_Strict):
    """How one file of a release is read."""

    file: str
    sheet: str = ""
    key: Key = Key()
    fixed: dict[str, str] = {}
    levels: dict[str, str] = {}
    areas: dict[str, str] = {}
    joined: dict[str, list[str]] = {}
    labels: dict[str, dict[str, str]] = {}
    numbers: dict[str, str] = {}
    patterns: dict[str, str] = {}
    words: str = ""
    kinds: dict[str, Kind] = {}
    ends: dict[str, str] = {}
    at: dict[str, str] = {}
    shift: int = 0
    notes: list[str] = []
    aside: list[str] = []
    blank: dict[str, str] = {}
    names: dict[str, str] = {}
    wholes: dict[str, str] = {}
    rounding: dict[Kind, dict[str, float]] = {}
    since: int = 0
    symbols: dict[str, Symbol] = {}
    twice: bool = False

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """The names of the groups of each pattern of columns."""
        return {pattern: list(re.compile(pattern).groupindex) for pattern in self.patterns}


class Release(NamedTuple):
    """The map of a release: what it is, where it was published, and its tables by name."""

    publication: str
    year: int
    title: str
    publisher: str
    licence: str
    published: str
    reference: str
    tables: dict[str, Table]


class _File(_Strict):
    like: str = ""
    title: str = ""
    publisher: str = ""
    licence: str = ""
    published: str = ""
    reference: str = ""
    tables: dict[str, dict[str, Any]] = {}
    every: dict[str, Any] = Field(default={})


def publications() -> dict[str, list[int]]:
    """Return the publications that have maps, each with the years of these, in order."""
    found: dict[str, list[int]] = {}
    for path in listed(MAPS, ".toml"):
        if named := re.fullmatch(r"([a-z-]+)-(\d{4})", path.stem):
            found.setdefault(named[1], []).append(int(named[2]))
    return found


def map_of(publication: str, year: int) -> Release:
    """Return the map of a release: its own, else that of the release before, else the first.

    Raises DataError with every problem of the map.
    """
    years = publications()[publication]
    own = max((there for there in years if there <= year), default=years[0])
    stamps = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in listed(MAPS, ".toml"))
    return _release(publication, own, year, stamps)


def matching(name: str, release: Release) -> str | None:
    """Return which table of a release a file of this name is, or None."""
    here = name.casefold()
    return next((t for t, said in release.tables.items() if fnmatchcase(here, said.file.casefold())), None)


@lru_cache(maxsize=64)
def _release(publication: str, own: int, year: int, _: tuple[tuple[Path, int, int], ...]) -> Release:
    name = f"{publication}-{own}"
    path = project() / MAPS / f"{name}.toml"
    said = _with_likes(name, ())
    try:
        file = _File.model_validate(said)
        tables = {
            table: Table.model_validate(_renamed(_merged(file.every, of)))
            for table, of in file.tables.items()
        }
        for table in tables.values():
            table.groups  # noqa: B018  (a pattern that is none is said here)
    except (ValidationError, re.error) as error:
        raise DataError(_problems(path, error)) from error
    published, reference = (file.published, file.reference) if own == year else ("", "")
    what = (file.title, file.publisher, file.licence)
    return Release(publication, year, *what, published, reference, tables)


def _problems(path: Path, error: ValidationError | re.error) -> list[Problem]:
    remedy = "Correct the map: docs/national.md says what can stand in one"
    if isinstance(error, re.error):
        return [Problem(in_project(path), None, None, str(error.pattern), "is no pattern", remedy)]
    return [
        Problem(in_project(path), None, ".".join(map(str, found["loc"])), None, found["msg"], remedy)
        for found in error.errors()
    ]


def _with_likes(name: str, seen: tuple[str, ...]) -> dict[str, Any]:
    """What a map says, and what the map says that it is like."""
    path = project() / MAPS / f"{name}.toml"
    if not path.is_file() or name in seen:
        there = [each.stem for each in listed(MAPS, ".toml") if each.stem not in seen]
        what = "is like itself" if name in seen else "is no map"
        raise DataError([Problem(MAPS, None, "like", name, what, nearest(name, there))])
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError([Problem(in_project(path), None, None, None, str(error), "Correct it")]) from error
    like = said.get("like")
    return _merged(_with_likes(like, (*seen, name)), said) if like else said


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """One map over another: tables within are merged, all else is replaced, and `false` takes away."""
    made = dict(under)
    for name, said in over.items():
        both = isinstance(said, dict) and isinstance(under.get(name), dict) and name != _WHOLE
        made[name] = _merged(under[name], said) if both else said
    return {name: said for name, said in made.items() if said is not False}


def _renamed(said: dict[str, Any]) -> dict[str, Any]:
    """A table with its columns as the release calls them: `renamed` gives the new name of each other one."""
    new = said.pop("renamed", {})

    def anew(of: dict[str, Any]) -> dict[str, Any]:
        return {new.get(name, name): each for name, each in of.items()}

    made = said | {part: anew(said[part]) for part in ("labels", "numbers", "kinds", "at") if part in said}
    return made | {"rounding": {kind: anew(of) for kind, of in said.get("rounding", {}).items()}}
