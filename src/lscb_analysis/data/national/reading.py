"""National statistics as they are kept in `data/national/`: read without starting a thread."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from lscb_analysis.data.schema import DataError, Problem, nearest
from lscb_analysis.project import project

TEXTS = [
    *("release", "table", "time_identifier", "geographic_level", "region", "area_code", "old_code"),
    *("area_name", "joined", "measure", "category", "status", "kind", "note"),
]
"""The columns of text of a tidy frame; the others are below."""

COLUMNS = [
    *("release", "table", "time_period", "time_identifier", "period_start", "period_end"),
    *("geographic_level", "region", "area_code", "old_code", "area_name", "joined"),
    *("measure", "category", "value", "status", "kind", "nearest", "least", "most", "note"),
]
"""The columns of a tidy frame, in order; docs/national.md says what each holds."""

DATA = "data/national"
"""Where they are kept."""

MANIFEST = "imported_files.csv"
"""What each release was made of: its files, with the SHA-256 of each."""


def stored(release: str) -> Path:
    """Return where a release is kept, or would be."""
    return project() / DATA / f"{release}.parquet"


def manifest() -> list[dict[str, str]]:
    """Return the files that all releases were made of: release, table, file, sha256, rows, numbers."""
    path = project() / DATA / MANIFEST
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def releases(publication: str = "") -> list[str]:
    """Return the releases that are kept, as children-in-need-2025: of one publication, or all."""
    names = {line["release"] for line in manifest()}
    return sorted(name for name in names if name.rpartition("-")[0] == publication or not publication)


def release(name: str, *measures: str) -> pd.DataFrame:
    """Return a release, or these measures of it, as a tidy frame: texts are categoricals, dates timestamps.

    Raises DataError for a release that is not kept.
    """
    if name not in releases():
        what, remedy = "is no release that is kept", nearest(name, releases())
        raise DataError([Problem(DATA, None, "release", name, what, remedy)])
    path = stored(name)
    frame = _read(path, path.stat().st_mtime_ns, tuple(sorted(measures)))
    return frame.copy()


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
