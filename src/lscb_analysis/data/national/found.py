"""The files of releases, in folders and ZIP files, as frames of strings."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from lscb_analysis.data.schema import DataError, Problem, nearest
from lscb_analysis.project import decoded

LARGEST = 100_000_000
"""A file larger than this, in bytes, is refused: no release has one."""

TABLES = (".csv", ".ods")
"""How the names of files end that may be tables."""


class Found(NamedTuple):
    """A file: the folder or ZIP file that it is in, its name, and what it holds."""

    place: str
    name: str
    content: bytes

    @property
    def path(self) -> str:
        """Where it was found."""
        return f"{self.place}/{self.name}"

    @property
    def digest(self) -> str:
        """The SHA-256 of what it holds."""
        return hashlib.sha256(self.content).hexdigest()


def find(paths: Iterable[Path]) -> list[Found]:
    """Return these files, and those in folders and ZIP files. Raises DataError for each that is none."""
    found, problems = list[Found](), list[Problem]()
    for path in paths:
        try:
            found += sorted(_find(path))
        except (OSError, zipfile.BadZipFile, DataError) as error:
            what = "is no ZIP file that can be read" if isinstance(error, zipfile.BadZipFile) else str(error)
            remedy = "Give a release as it is downloaded: a folder, or a ZIP file"
            problems += getattr(error, "problems", [Problem(str(path), None, None, None, what, remedy)])
    if problems:
        raise DataError(problems)
    return found


def _find(path: Path) -> Iterator[Found]:
    if path.is_dir():
        for each in (each for each in path.rglob("*") if each.is_file() and each.name[0] not in ".~"):
            yield from _one(each)
    elif path.exists():
        yield from _one(path)
    else:
        remedy = "Give a folder or a ZIP file that is there"
        raise DataError([Problem(str(path), None, None, None, "is not there", remedy)])


def _one(path: Path) -> Iterator[Found]:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            for entry in (entry for entry in archive.infolist() if not entry.is_dir()):
                inside = PurePosixPath(entry.filename)
                _check_size(f"{path}/{inside}", entry.file_size)
                yield Found(str(path / inside.parent), inside.name, archive.read(entry))
    else:
        _check_size(str(path), path.stat().st_size)
        yield Found(str(path.parent), path.name, path.read_bytes())


def _check_size(path: str, size: int) -> None:
    if size > LARGEST:
        what = f"is larger than {LARGEST:,} bytes"
        raise DataError([Problem(path, None, None, None, what, "Check that it is the right file")])


def cells(found: Found, sheet: str, known: Iterable[str]) -> pd.DataFrame:
    """Return a table's cells as strings under its header; the index has their rows in the file.

    In a workbook the header is the first row that has two of the `known` columns. A column's name that is
    there again gets a number. Raises DataError if it is no table.
    """
    raw = _of_workbook(found, sheet, known) if found.name.lower().endswith(".ods") else _of_csv(found)
    seen: dict[str, int] = {}
    names = []
    for name in (name.strip() for name in raw.iloc[0]):
        seen[name] = seen.get(name, -1) + 1
        names.append(f"{name}.{seen[name]}" if seen[name] else name)
    rows = raw.iloc[1:].set_axis(names, axis="columns")
    rows = rows.set_axis(rows.index + 1, axis="index")
    rows = rows[(rows != "").any(axis="columns")]
    if rows.empty:
        raise _refused(found, "has a header and no rows", "Take it from the release again")
    return rows


def _of_csv(found: Found) -> pd.DataFrame:
    again = "Take it from the release again"
    try:
        text = decoded(found.content)[0]
        raw = pd.read_csv(
            io.StringIO(text), header=None, dtype=str, keep_default_na=False, skip_blank_lines=False
        )
    except UnicodeDecodeError as error:
        raise _refused(found, "is not UTF-8 text", again) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise _refused(found, f"is no table ({str(error).splitlines()[0].strip()})", again) from error
    lengths = [*map(len, csv.reader(io.StringIO(text, newline="")))]  # pandas fills what is missing
    if {*lengths} - {0, raw.shape[1]}:
        row = next(row for row, length in enumerate(lengths, 1) if 0 < length < raw.shape[1])
        raise DataError([Problem(found.path, row, None, None, "has fewer cells than the header", again)])
    return raw


def _of_workbook(found: Found, sheet: str, known: Iterable[str]) -> pd.DataFrame:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(found.content))
    except CalamineError as error:
        raise _refused(found, "is no workbook that can be read", "Take it from the release again") from error
    if sheet not in book.sheet_names:
        what = f"has no sheet {sheet!r}"
        raise _refused(found, what, nearest(sheet, book.sheet_names))
    rows = [[_text(cell) for cell in row] for row in book.get_sheet_by_name(sheet).to_python()]
    columns = {name.casefold() for name in known}
    header = [number for number, row in enumerate(rows) if len(columns & {*map(str.casefold, row)}) > 1]
    if not header:
        remedy = f"It is expected to have the columns {', '.join(known)}"
        raise _refused(found, f"has no header on sheet {sheet!r}", remedy)
    return pd.DataFrame(rows[header[0] :], range(header[0], len(rows)), dtype=str)


def _text(cell: object) -> str:
    if isinstance(cell, date):
        return cell.strftime("%Y-%m-%d")
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell)  # type: ignore[call-overload]


def _refused(found: Found, what: str, remedy: str) -> DataError:
    return DataError([Problem(found.path, None, None, None, what, remedy)])
