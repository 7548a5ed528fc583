"""Read releases as they are published into `data/national/`: a tidy frame each as Parquet, and a manifest."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from lscb_analysis.data.national import found as files, maps
from lscb_analysis.data.national.found import Found
from lscb_analysis.data.national.mapped import File
from lscb_analysis.data.national.maps import Release
from lscb_analysis.data.national.reading import AREA, AREAS, DATA, FILES, LISTS, TEXTS, listed, stored
from lscb_analysis.data.national.tidy import NOT_APPLICABLE, NOT_AVAILABLE, tidy
from lscb_analysis.data.schema import DataError, Problem, nearest
from lscb_analysis.project import project

KEY = ["measure", "category", "geographic_level", "area_code", "time_period", "time_identifier", "period_end"]
"""What a number is of; also the order of the rows."""

ROW_GROUP = 20_000
"""So many rows are stored together: to read one measure is to read few of these."""

LEVEL = 12
"""How hard zstd compresses: beyond this it takes longer and gains nothing."""


class Read(NamedTuple):
    """A file that a map fits: the name of its table there, and its content read by it."""

    found: Found
    table: str
    file: File
    release: Release

    @property
    def name(self) -> str:
        """The release, as children-in-need-2025."""
        return f"{self.release.publication}-{self.release.year}"


class Imported(NamedTuple):
    """What became of a release: its tables, its numbers, and how many differ between its tables."""

    release: str
    tables: list[str]
    numbers: int
    differing: int


def import_releases(paths: Iterable[Path]) -> tuple[list[Imported], list[str]]:
    """Read every release in folders and ZIP files into `data/national/`, or none.

    Returns what became of each, and what was left out since it is no table that a map knows. Raises DataError
    with every problem of all files.
    """
    reads, left_out, problems = list[Read](), list[str](), list[Problem]()
    for found in files.find(paths):
        try:
            read = _read(found)
            reads += read
            left_out += [] if read else [_left_out(found)]
        except DataError as error:
            problems += error.problems
    problems += [problem for read in reads for problem in read.file.problems()]
    releases = {name: [read for read in reads if read.name == name] for name in {read.name for read in reads}}
    problems += [problem for read in releases.values() for problem in _twice(read)]
    problems += [problem for name in releases for problem in _lost(name, releases[name])]
    if not reads and not problems:
        what, remedy = "hold no table that a map knows", f"There are maps of {', '.join(maps.publications())}"
        problems.append(Problem(", ".join(map(str, paths)), None, None, None, what, remedy))
    if problems:
        raise DataError(dict.fromkeys(problems))
    made = {name: _tidy(releases[name]) for name in sorted(releases)}
    return [_store(name, releases[name], *frame) for name, frame in made.items()], left_out


def _left_out(found: Found) -> str:
    """A file that no map knows, and which it may be."""
    patterns = {table.file for release in _newest() for table in release.tables.values()}
    hint = f" {nearest(found.name, patterns)}" if found.name.lower().endswith(files.TABLES) else ""
    return f"{found.path}{':' if hint else ''}{hint}"


def _newest() -> Iterator[Release]:
    for publication, years in maps.publications().items():
        yield maps.map_of(publication, years[-1])


def _read(found: Found) -> list[Read]:
    """The tables in a file, each by the map of its own release: none, if no map knows a file of its name."""
    if not found.name.lower().endswith(files.TABLES):
        return []
    for publication, years in maps.publications().items():
        for year in reversed(years):
            release = maps.map_of(publication, year)
            if table := maps.matching(found.name, release):
                return [_by_own_map(found, release, table)]
    return []


def _by_own_map(found: Found, release: Release, table: str) -> Read:
    """A file as the map of its own year reads it: the newest map tells which year that is."""
    said = release.tables[table]
    raw = files.cells(found, said.sheet, [*said.key.columns, *said.numbers])
    newest = File(found.path, raw, said)
    year = newest.year
    if not year:
        raise DataError(newest.without_year())
    own = maps.map_of(release.publication, year)
    named = maps.matching(found.name, own)
    if named is None:
        what = f"is no table of {release.publication} {year}"
        remedy = nearest(found.name, (said.file for said in own.tables.values()))
        raise DataError([Problem(found.path, None, None, None, what, remedy)])
    return Read(found, named, File(found.path, raw, own.tables[named]), own)


def _twice(reads: list[Read]) -> Iterator[Problem]:
    """A table of a release that is there twice, otherwise than byte by byte."""
    first: dict[str, Found] = {}
    for read in reads:
        before = first.setdefault(read.table, read.found)
        if before.digest != read.found.digest:
            what = f"is table {read.table} of {read.name}, and so is {before.path}"
            yield Problem(read.found.path, None, None, None, what, "Take one of the two away")


def _lost(name: str, reads: list[Read]) -> Iterator[Problem]:
    """Tables that are kept of a release and not given: it would be kept without them."""
    kept = [line["table"] for line in listed(FILES) if line["release"] == name and stored(name).is_file()]
    if lost := sorted({*kept} - {read.table for read in reads}):
        place = str(Path(reads[0].found.path).parent)
        what = f"is kept with tables that are not given: {', '.join(lost)}"
        remedy = f"Give the whole release; or, if they are to go, remove {DATA}/{name}.parquet first"
        yield Problem(place, None, "release", name, what, remedy)


def _tidy(reads: list[Read]) -> tuple[pd.DataFrame, int]:
    """The frame of a release, sorted, each number once, and how many differ between its tables."""
    order = list(reads[0].release.tables)
    of_table = {read.table: read for read in reads}
    frames = [tidy(of_table[table].file, of_table[table].name, table) for table in order if table in of_table]
    frame = pd.DataFrame({column: _together([each[column] for each in frames]) for column in frames[0]})
    frame["table"] = frame["table"].cat.reorder_categories([table for table in order if table in of_table])
    repeated = frame.duplicated([*KEY, "table"], keep=False)
    _check_repeated(frame[repeated], of_table)
    frame, differing = _once(frame)
    codes = [frame[column].cat.codes if column in TEXTS else frame[column] for column in reversed(KEY)]
    return frame.iloc[np.lexsort(codes)].reset_index(drop=True), differing


def _together(parts: list[pd.Series]) -> pd.Categorical | np.ndarray:
    if isinstance(parts[0].dtype, pd.CategoricalDtype):
        return union_categoricals(parts, sort_categories=True)
    return np.concatenate([part.to_numpy() for part in parts])


def _check_repeated(repeated: pd.DataFrame, reads: dict[str, Read]) -> None:
    """Raise DataError for what is twice in one table, unless its map says that a total may be."""
    allowed = repeated["table"].isin([name for name, read in reads.items() if read.file.table.twice])
    problems = []
    for table, rows in repeated[~allowed].groupby("table", observed=True):
        first = rows.iloc[0]
        of = f"{first['measure']} {first['category']}".strip()
        what = f"has {of!r} of {first['area_name']} {first['time_period']} twice, and {len(rows)} such rows"
        remedy = "Correct the map, or take the file from the release again"
        problems.append(Problem(reads[str(table)].found.path, None, None, None, what, remedy))
    if problems:
        raise DataError(problems)


def _once(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Each number once: as it first stands, with a note where it stands again as another number or symbol."""
    frame = frame.drop_duplicates([*KEY, "value", "status"], ignore_index=True)
    again = frame.duplicated(KEY)
    others = frame[again]
    if others.empty:
        return frame, 0
    frame = frame[~again]
    notes = frame["note"].astype(object)
    for place, other in _placed(frame, others):
        said = other["status"] or f"{other['value']:g}"
        notes.loc[place] = "; ".join(filter(None, [notes[place], f"{said} in table {other['table']}"]))
    return frame.assign(note=pd.Categorical(notes)), len(others)


def _placed(frame: pd.DataFrame, others: pd.DataFrame) -> Iterator[tuple[int, pd.Series]]:
    """Each other number with the place of the first of its key."""
    candidates = frame[frame["measure"].isin(others["measure"].unique())]
    places = {
        tuple(key): place
        for place, key in zip(candidates.index, candidates[KEY].to_numpy(object), strict=True)
    }
    for _, other in others.iterrows():
        yield places[tuple(other[KEY])], other


def _store(name: str, reads: list[Read], frame: pd.DataFrame, differing: int) -> Imported:
    """Write a release, its files and its areas, in place of what was there of it."""
    _write(frame, stored(name))
    numbers = frame["table"].value_counts()
    by_table = {read.table: read for read in sorted(reads, key=lambda read: read.table)}
    files_of = [
        [name, table, read.found.name, read.found.digest, len(read.file.raw), numbers[table]]
        for table, read in by_table.items()
    ]
    _replace(FILES, name, files_of)
    there = frame[~frame["status"].isin([NOT_APPLICABLE, NOT_AVAILABLE])]
    years = there.groupby(AREA, observed=True)["time_period"].agg(["min", "max"]).reset_index()
    _replace(AREAS, name, [[name, *line] for line in years.to_numpy(object)])
    return Imported(name, [*by_table], len(frame), differing)


def _replace(file: str, release: str, lines: list[list[object]]) -> None:
    """Write lines of a release into a list, in place of those that were there of it."""
    kept = [[*line.values()] for line in listed(file) if line["release"] != release]
    every = sorted([*kept, *([str(cell) for cell in line] for line in lines)])
    path = project() / DATA / file
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, lineterminator="\n").writerows([LISTS[file], *every])
    new.replace(path)


def _write(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as Parquet whose bytes depend on nothing but its rows and the versions of the lock."""
    import pyarrow as pa
    from pyarrow import parquet

    arrays = {column: _array(pa, frame[column]) for column in frame}
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    parquet.write_table(
        pa.table(arrays),
        new,
        row_group_size=ROW_GROUP,
        compression="zstd",
        compression_level=LEVEL,
        store_schema=False,
    )
    new.replace(path)


def _array(pa: Any, values: pd.Series) -> Any:
    if isinstance(values.dtype, pd.CategoricalDtype):
        words = pa.array(values.cat.categories.astype(object), pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(values.cat.codes.to_numpy()), words)
    plain = values.to_numpy()
    if plain.dtype.kind == "M":
        return pa.array(plain.astype("datetime64[D]"), pa.date32())
    return pa.array(plain, pa.int32() if plain.dtype.kind == "i" else pa.float64(), from_pandas=True)
