"""A measure over its years and releases: each year from the newest release that has it, or as of one."""

from __future__ import annotations

import pandas as pd

from lscb_analysis.data.national.areas import Area
from lscb_analysis.data.national.reading import DATA, SEVERAL, TEXTS, measures_of, release, releases
from lscb_analysis.data.schema import DataError, Problem, nearest

OF = ["measure", "category", "geographic_level", "area_code", "time_period", "time_identifier", "period_end"]
"""What a figure is of, in whichever release."""

NOW = ["release", "value", "status"]


def series(measure: str, *areas: Area, as_of: str = "", until: int | None = None) -> pd.DataFrame:
    """Return a measure's figures of all years, each year from the newest release that has the measure for it.

    `areas` keeps these alone, whatever code they had; `as_of` leaves out releases that came after one of the
    same publication, as for a report of that time; `until` leaves out later years. The frame is tidy, in the
    order of category, area and year. Raises DataError if nothing is left.
    """
    frame = _kept(measure, areas, as_of, until)
    newest = frame.groupby("time_period")["made"].transform("max")
    frame = frame[frame["made"] == newest].drop(columns="made")
    return frame.sort_values(["category", "geographic_level", "area_name", "period_end"], ignore_index=True)


def revisions(measure: str, *areas: Area) -> pd.DataFrame:
    """Return what a measure's figures were in each release after the first that has them, where that differs.

    Columns: those of `OF`, then `area_name`, `nearest`, `release` with `value` and `status`, and those of the
    release before: `earlier`, `earlier_value`, `earlier_status`. Where nothing differs it has no rows.
    """
    frame = _kept(measure, areas).sort_values([*OF, "made"])
    before = frame.groupby(OF)[NOW].shift()
    frame = frame.assign(
        earlier=before["release"], earlier_value=before["value"], earlier_status=before["status"]
    )
    same = (frame["value"] == frame["earlier_value"]) | (
        frame["value"].isna() & frame["earlier_value"].isna()
    )
    differs = frame["earlier"].notna() & ~(same & (frame["status"] == frame["earlier_status"]))
    columns = [*OF, "area_name", "nearest", *NOW, *("earlier", "earlier_value", "earlier_status")]
    return frame.loc[differs, columns].reset_index(drop=True)


def breaks(measure: str, *areas: Area, as_of: str = "", until: int | None = None) -> list[int]:
    """Return the years from which a series goes on in another release that has other figures of the past.

    Where a release was made again on other populations, the years on the two sides do not compare. A year
    that both releases have tells: its figures are the same, or there is a break.
    """
    found = series(measure, *areas, as_of=as_of, until=until)
    by_year = found.drop_duplicates("time_period").sort_values("time_period")
    changed = revisions(measure, *areas)
    pairs = zip(by_year["time_period"], by_year["release"].shift(), by_year["release"], strict=True)
    return [
        int(year)
        for year, before, after in pairs
        if pd.notna(before) and before != after and _differ(changed, {before, after})
    ]


def _differ(changed: pd.DataFrame, two: set[str]) -> bool:
    return bool((changed["release"].isin(two) & changed["earlier"].isin(two)).any())


def _kept(measure: str, areas: tuple[Area, ...], as_of: str = "", until: int | None = None) -> pd.DataFrame:
    """All figures of a measure, of one publication, with the year in which their release was `made`."""
    there = _releases_of(measure, as_of)
    frames = [release(name, measure).assign(made=year) for name, year in there.items()]
    texts = dict.fromkeys(TEXTS, object)
    frame = pd.concat([each.astype(texts) for each in frames], ignore_index=True)
    if areas:
        codes = [code for area in areas for code in area.codes]
        together = frame["area_code"].str.contains(SEVERAL, regex=False)
        of_both = together & frame["joined"].map(lambda said: not {*codes}.isdisjoint(said.split()))
        frame = frame[frame["area_code"].isin(codes) | of_both]
    frame = frame[frame["time_period"] <= (until or frame["time_period"].max())]
    if frame.empty:
        what = f"has no figure of {', '.join(area.name for area in areas) or 'any area'}"
        what += f" up to {until}" if until else ""
        raise DataError([Problem(DATA, None, "measure", measure, what, "Name others")])
    return frame


def _releases_of(measure: str, as_of: str) -> dict[str, int]:
    """The releases that have a measure, of its first publication or that of `as_of`, each with its year."""
    last = _of(as_of) if as_of else None
    there = [name for name in releases() if measure in measures_of(name)]
    publication = last[0] if last else min((_of(name)[0] for name in there), default="")
    kept = {name: _of(name)[1] for name in there if _of(name)[0] == publication}
    kept = {name: year for name, year in kept.items() if not last or year <= last[1]}
    if not kept:
        known = {each for name in releases() for each in measures_of(name)}
        what = f"is in no release{f' up to {as_of}' if as_of else ''}"
        raise DataError([Problem(DATA, None, "measure", measure, what, nearest(measure, sorted(known)))])
    return kept


def _of(name: str) -> tuple[str, int]:
    publication, _, year = name.rpartition("-")
    return publication, int(year)
