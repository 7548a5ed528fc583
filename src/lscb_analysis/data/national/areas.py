"""The areas of national statistics: by any of their names and codes, with their statistical neighbours."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lscb_analysis.data.national.reading import AREA, AREAS, DATA, listed, release, releases
from lscb_analysis.data.schema import DataError, Problem, nearest
from lscb_analysis.project import SHARED, project

CHANGES = f"data/{SHARED}/authorities.toml"
"""Where it says when authorities were made, ended or got another code."""

AUTHORITY, REGION, COUNTRY = "Local authority", "Regional", "National"
"""The levels of areas."""

NEIGHBOURS = "neighbours"
"""The publication of the models of statistical neighbours."""

_SUFFIX = r"\b(?:ua|city of|county of|borough)$|\W"
"""What one authority's names differ by."""


class Change(NamedTuple):
    """Authorities that ended and others that began on a day, by code, and what that was in words."""

    on: date
    ended: list[str]
    began: list[str]
    said: str


class Area(NamedTuple):
    """An area: its newest name, and all names, codes and old codes it was published under, the newest first.

    `first` and `last` are the years with figures of it. Regions and England are areas too, of their `level`.
    """

    name: str
    level: str
    region: str
    codes: list[str]
    old_codes: list[str]
    names: list[str]
    first: int
    last: int


class Neighbour(NamedTuple):
    """A statistical neighbour: its rank, the authority, and whether what the model names has ended since."""

    rank: int
    area: Area
    ended: bool


def areas(level: str | None = None) -> list[Area]:
    """Return the areas that any release has, in the order of their names: of one level, or all."""
    path = project() / DATA / AREAS
    every = _areas(path, path.stat().st_mtime_ns if path.is_file() else 0)
    return [area for area in every if level in (None, area.level)]


def find_area(said: str, level: str | None = None) -> Area:
    """Return the area of this name, code or old code: of one level, or any.

    Raises DataError, with what may be meant, for none.
    """
    there = areas(level)
    for area in there:
        if said in (*area.codes, *area.old_codes) or _plain(said) in map(_plain, area.names):
            return area
    names = [name for area in there for name in area.names]
    what = f"is no {level.lower() if level else 'area'} of the national statistics"
    raise DataError([Problem(DATA, None, "area_name", said, what, nearest(said, dict.fromkeys(names)))])


def authorities() -> list[Area]:
    """Return the authorities of England that have not ended, in the order of their names."""
    return [area for area in areas(AUTHORITY) if not has_ended(area)]


def authority(said: str) -> Area:
    """Return the authority of this name, code or old code, if it has not ended.

    Raises DataError, with what may be meant, for any other area, for one that has ended, or for none.
    """
    same = [area for area in areas() if said in (*area.codes, *area.old_codes[:1]) or _named(area, said)]
    standing = [area for area in same if area in authorities()]
    if len(standing) == 1:
        return standing[0]
    raise DataError([Problem(DATA, None, "area_name", said, *_refused(said, same))])


def _refused(said: str, same: list[Area]) -> tuple[str, str]:
    """What is wrong with the name of an area that is no authority, and what may be meant."""
    if same and same[0].level != AUTHORITY:
        inside = [area.name for area in authorities() if same[0] in (*_wholes(area), *areas(COUNTRY))]
        return "is no authority but an area of several", f"Name one of them. {nearest('', inside)}"
    if same:
        ends = [change for change in changes(same[0]) if {*change.ended} & {*same[0].codes}]
        new = [area.name for area in authorities() if any({*area.codes} & {*one.began} for one in ends)]
        return "is an authority that has ended", f"{' '.join(one.said for one in ends)} {nearest('', new)}"
    if re.fullmatch("[A-Z][0-9]{8}", said) and said[0] != "E":
        return "is the code of an area outside England", "Name an authority of England"
    names = [area.name for area in authorities()]
    within = [name for name in names if _plain(said) and _plain(said) in _plain(name)]
    return "is no authority of England", nearest("" if within else said, within or names)


def _named(area: Area, said: str) -> bool:
    return _plain(said) in map(_plain, area.names)


def _wholes(area: Area) -> list[Area]:
    """The regions that an authority lies in, the largest last: Inner London, then London."""
    own = [region for region in areas(REGION) if area.region in region.codes]
    return own + [each for each in areas(REGION) if any(of.name.endswith(f" {each.name}") for of in own)]


def beside(area: Area) -> list[Area]:
    """Return what an authority is held beside: England, its region, its neighbours that have not ended."""
    near = [neighbour.area for neighbour in neighbours(area) if not neighbour.ended]
    return [*areas(COUNTRY), *_wholes(area)[-1:], *near]


def changes(area: Area) -> list[Change]:
    """Return what befell an area: when it was made, ended, or got another code, the earliest first."""
    found = [change for change in _changes() if {*area.codes} & {*change.ended, *change.began}]
    return sorted(found, key=lambda change: change.on)


def has_ended(area: Area) -> bool:
    """Whether an authority is no longer there."""
    return any(code in change.ended for change in _changes() for code in area.codes[:1])


def _changes() -> list[Change]:
    path = project() / CHANGES
    return [Change(**change) for change in tomllib.loads(path.read_text("utf-8"))["changes"]]


def neighbours(area: Area, year: int | None = None) -> list[Neighbour]:
    """Return an authority's statistical neighbours, the nearest first, by the newest model up to a year.

    Raises DataError where no model is kept, or none has the authority.
    """
    models = {int(name.rpartition("-")[2]): name for name in releases(NEIGHBOURS)}
    until = [model for model in models if year is None or model <= year] or [*models]
    for model in sorted(until, reverse=True):
        frame = release(models[model])
        for code in area.old_codes:
            own = frame[frame["area_code"] == code].sort_values("value")
            if not own.empty:
                pairs = zip(own["value"], own["category"].astype(str), strict=True)
                return [_neighbour(int(rank), neighbour) for rank, neighbour in pairs]
    remedy = f"The models are of {', '.join(map(str, sorted(models)))}" if models else "Import a model"
    raise DataError([Problem(DATA, None, "area_name", area.name, "has no statistical neighbours", remedy)])


def _neighbour(rank: int, code: str) -> Neighbour:
    area = find_area(code)
    return Neighbour(rank, area, code != area.old_codes[0] or has_ended(area))


@lru_cache(maxsize=2)
def _areas(path: Path, _: int) -> list[Area]:
    every = sorted(listed(path.name), key=lambda line: (line["last"], line["release"]), reverse=True)
    lines = {tuple(map(line.get, AREA[:-1])): line for line in reversed(every) if not line["joined"]}
    first = dict[tuple[str | None, ...], str]()
    for line in every:
        of = tuple(map(line.get, AREA[:-1]))
        first[of] = min(line["first"], first.get(of, line["first"]))
    made = [_area(group) for group in _alike([line | {"first": first[of]} for of, line in lines.items()])]
    return sorted((area for area in made if area.codes), key=lambda area: (area.name, area.level))


def _alike(lines: list[dict[str, str]]) -> Iterable[list[dict[str, str]]]:
    """Lines of one area each: those of one level with a name or a code alike are of one."""
    groups: list[tuple[set[str], list[dict[str, str]]]] = []
    for line in lines:
        marks = {f"{line['geographic_level']} {mark}" for mark in _marks(line)}
        same = [group for group in groups if group[0] & marks]
        groups = [group for group in groups if not group[0] & marks]
        marks |= {mark for known, _ in same for mark in known}
        groups.append((marks, [*(old for _, olds in same for old in olds), line]))
    return [found for _, found in groups]


def _marks(line: dict[str, str]) -> list[str]:
    old = line["old_code"] if line["old_code"].isdigit() else ""
    return [mark for mark in (line["area_code"], old, _plain(line["area_name"])) if mark]


def _area(lines: list[dict[str, str]]) -> Area:
    newest = sorted(lines, key=lambda line: (int(line["last"]), line["release"]), reverse=True)
    published = [line for line in newest if line["area_code"] != line["old_code"]]

    def each(column: str, of: list[dict[str, str]] = newest) -> list[str]:
        return [*dict.fromkeys(line[column] for line in of if line[column])]

    best = (published or newest)[0]
    return Area(
        name=best["area_name"],
        level=best["geographic_level"],
        region=next(iter(each("region", published)), ""),
        codes=each("area_code", published),
        old_codes=[code for code in each("old_code") if code.isdigit()],
        names=each("area_name"),
        first=min((int(line["first"]) for line in published), default=0),
        last=max((int(line["last"]) for line in published), default=0),
    )


def _plain(name: str) -> str:
    """A name without what spellings of it differ by."""
    return re.sub(_SUFFIX, "", name.casefold().replace("&", "and"))
