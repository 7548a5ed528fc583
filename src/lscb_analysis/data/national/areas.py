"""The areas of national statistics: authorities, their regions and the country, as releases publish them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from lscb_analysis.data.national.reading import DATA, release, releases, stored
from lscb_analysis.data.schema import DataError, Problem, nearest

AUTHORITY, REGION, COUNTRY = "Local authority", "Regional", "National"
"""The levels of areas."""

NEIGHBOURS = "neighbours"
"""The publication, and its measure, that ranks the statistical neighbours of an authority."""

_CODE = re.compile("[A-Z][0-9]{8}")


class Area(NamedTuple):
    """An area, by its newest code and name, with the years of its first and last figure.

    An authority whose code changed, but not its three-digit `old_code`, is one area.
    """

    code: str
    old_code: str
    name: str
    level: str
    region: str
    first: int
    last: int


def areas(measure: str) -> list[Area]:
    """Return the areas that a `measure` is published of, by level and code, also those that are no more.

    Raises DataError if no release has it.
    """
    found = _areas(measure, tuple((name, stored(name).stat().st_mtime_ns) for name in _newest()))
    if not found:
        what, remedy = "is in no release that is kept", "Import one that has it"
        raise DataError([Problem(DATA, None, "measure", measure, what, remedy)])
    return found


def find_area(name: str, measure: str) -> Area:
    """Return the authority of this name, or of this old or new code, that `measure` is published of.

    Raises DataError, saying what may be meant, for any other area, for one that is no more, or for none.
    """
    known = areas(measure)
    said, now = _plain(name), max(area.last for area in known)
    same = [area for area in known if said in (_plain(area.name), area.code.casefold(), area.old_code)]
    standing = [area for area in same if area.level == AUTHORITY and area.last == now]
    if len(standing) == 1:
        return standing[0]
    raise DataError([Problem(DATA, None, "area_name", name, *_refused(name, same, known, now))])


def _refused(name: str, same: list[Area], known: list[Area], now: int) -> tuple[str, str]:
    """What is wrong with the name of an area that no pack can be of, and what may be meant."""
    here = [area for area in known if area.level == AUTHORITY and area.last == now]
    if same and same[0].level != AUTHORITY:
        wholes = {area.code: {area.region, getattr(region_of(area, known), "code", "")} for area in here}
        inside = [area.name for area in here if same[0].level == COUNTRY or same[0].code in wholes[area.code]]
        return "is no authority but an area of several", f"Name one of them. {nearest('', inside)}"
    if same:
        new = [area.name for area in here if (area.region, area.first) == (same[0].region, same[0].last + 1)]
        what = f"is an authority that has had no figures since {same[0].last}"
        return what, f"Name what took its place. {nearest('', new)}"
    if _CODE.fullmatch(name) and name[0] != "E":
        return "is the code of an area outside England", "Name an authority of England"
    words = [area.name for area in here if _plain(name) in _plain(area.name)]
    return "is no authority of England", nearest("" if words else name, words or [area.name for area in here])


def region_of(area: Area, known: list[Area]) -> Area | None:
    """Return the region of an authority; of a part of a region, as Inner London, the whole."""
    regions = {each.code: each for each in known if each.level == REGION}
    own = regions.get(area.region)
    wholes = [each for each in regions.values() if own and own.name.endswith(f" {each.name}")]
    return next(iter(wholes), own)


def beside(area: Area, measure: str, model: str = "") -> list[str]:
    """Return the codes of what an authority is held beside: the country, its region, its neighbours.

    The neighbours are those of a `model`, or of the newest, nearest first; who is no more is left out.
    """
    known = areas(measure)
    country = [each for each in known if each.level == COUNTRY]
    region = filter(None, [region_of(area, known)])
    return [each.code for each in (*country, *region, *neighbours(area, measure, model))]


def neighbours(area: Area, measure: str, model: str = "") -> list[Area]:
    """Return the statistical neighbours of an authority that still are, nearest first.

    Raises DataError for a `model` that is not kept.
    """
    rows = release(model or max(releases(NEIGHBOURS), default=f"{NEIGHBOURS}-"))
    ranked = rows[(rows["area_code"] == area.old_code) & (rows["measure"] == NEIGHBOURS)].sort_values("value")
    known = areas(measure)
    by_code = {each.old_code: each for each in known if each.level == AUTHORITY}
    now = max(each.last for each in known)
    found = [by_code[code] for code in ranked["category"] if code in by_code]
    return [each for each in found if each.last == now]


def _plain(name: str) -> str:
    """A name without capitals and marks, and with `and` for an ampersand."""
    return " ".join(re.sub(r"[^\w\s]", " ", name.casefold().replace("&", " and ")).split())


def _newest() -> list[str]:
    """The newest release of each publication."""
    return list({name.rpartition("-")[0]: name for name in releases()}.values())


@lru_cache(maxsize=2)
def _areas(measure: str, stamped: tuple[tuple[str, int], ...]) -> list[Area]:
    frames = [release(name, measure) for name, _ in stamped]
    every = pd.concat([frame[frame["status"] != "z"] for frame in frames if len(frame)] or [pd.DataFrame()])
    if every.empty:
        return []
    texts = ["geographic_level", "region", "area_code", "old_code", "area_name", "joined"]
    every = every[every["joined"].astype(str) == ""].astype(dict.fromkeys(texts, str))
    every["own"] = every["old_code"].where(every["old_code"] != "", every["area_code"])
    told = every["value"].notna()
    none = ~told.groupby(every["own"]).transform("any")  # only then rows without a number count
    every = every[told | none].sort_values("time_period", kind="stable")
    spans = every.groupby("own")["time_period"].agg(["min", "max"])
    last = every.drop_duplicates("own", keep="last").join(spans, on="own")
    columns = ["area_code", "old_code", "area_name", "geographic_level", "region", "min", "max"]
    made = [Area(*row) for row in last[columns].itertuples(index=False, name=None)]
    return sorted(made, key=lambda area: ([COUNTRY, REGION, AUTHORITY].index(area.level), area.code))
