"""National statistics as they are kept in `data/national/`: read without starting a thread."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from lscb_analysis.data.recorder import record
from lscb_analysis.data.schema import DataError, Problem, nearest
from lscb_analysis.project import project

TEXTS = [
    *("release", "table", "time_identifier", "geographic_level", "region", "area_code", "old_code"),
    *("area_name", "joined", "measure", "category", "whole", "status", "kind", "note"),
]
"""The columns of text of a tidy frame; the others are below."""

COLUMNS = [
    *("release", "table", "time_period", "time_identifier", "period_start", "period_end"),
    *("geographic_level", "region", "area_code", "old_code", "area_name", "joined"),
    *("measure", "category", "whole", "value", "status", "kind", "nearest", "least", "most", "note"),
]
"""The columns of a tidy frame, in order; docs/national.md says what each holds."""

DATA = "data/national"
"""Where they are kept."""

FILES, AREAS = "imported_files.csv", "published_areas.csv"
"""Beside them: what each was made of, with the SHA-256 of each file; and the areas in it, and their years."""

AREA = ["geographic_level", "area_code", "old_code", "area_name", "region", "joined"]
LISTS = {
    FILES: ["release", "table", "file", "sha256", "rows", "numbers"],
    AREAS: ["release", *AREA, "first", "last"],
}
"""The columns of these two."""


SEVERAL = " / "
"""What stands between the codes of areas that are published as one."""


def stored(release: str) -> Path:
    """Return where a release is kept, or would be."""
    return project() / DATA / f"{release}.parquet"


def listed(file: str) -> list[dict[str, str]]:
    """Return the lines of one of `LISTS`: none, if nothing is kept yet."""
    path = project() / DATA / file
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def releases(publication: str = "") -> list[str]:
    """Return the releases that are kept, as children-in-need-2025: of one publication, or all."""
    names = {line["release"] for line in listed(FILES)}
    return sorted(name for name in names if name.rpartition("-")[0] == publication or not publication)


def release(name: str, *measures: str) -> pd.DataFrame:
    """Return a release, or these measures of it, as a tidy frame: texts are categoricals, dates timestamps.

    Raises DataError for a release that is not kept.
    """
    if name not in releases():
        what, remedy = "is no release that is kept", nearest(name, releases())
        raise DataError([Problem(DATA, None, "release", name, what, remedy)])
    path = stored(name)
    record("national", name)
    frame = _read(path, path.stat().st_mtime_ns, tuple(sorted(measures)))
    return frame.copy()


def measures_of(name: str) -> set[str]:
    """Return the measures that a release has."""
    path = stored(name)
    return _measures(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _measures(path: Path, _: int) -> set[str]:
    from pyarrow import parquet

    with parquet.ParquetFile(path, pre_buffer=False, read_dictionary=TEXTS) as file:
        column = file.read(columns=["measure"], use_threads=False).column(0)
    return {measure for chunk in column.chunks for measure in chunk.dictionary.to_pylist()}


@lru_cache(maxsize=64)
def _read(path: Path, _: int, measures: tuple[str, ...]) -> pd.DataFrame:
    from pyarrow import parquet

    # neither starts a thread, so that a process that has read may still be forked
    with parquet.ParquetFile(path, pre_buffer=False, read_dictionary=TEXTS) as file:
        groups = list(_groups(file.metadata, measures))
        table = file.read_row_groups(groups, use_threads=False)
    frame = table.unify_dictionaries().to_pandas(use_threads=False, date_as_object=False)[COLUMNS]
    if measures:
        frame = frame[frame["measure"].isin(measures)].reset_index(drop=True)
    return frame


def _groups(metadata: Any, measures: tuple[str, ...]) -> Iterator[int]:
    """The groups of rows that may hold one of these measures: all, if none is named."""
    place = COLUMNS.index("measure")
    for number in range(metadata.num_row_groups):
        held = metadata.row_group(number).column(place).statistics
        if not measures or any(held.min <= measure <= held.max for measure in measures):
            yield number
