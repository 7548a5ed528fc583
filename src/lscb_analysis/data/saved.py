"""A table as a spreadsheet has saved it, read as it was meant.

What has one meaning is taken for that, and a note says so; what has several, or has lost something, stays as
it is, for `schema` to refuse. A note names file, row and column, and never a cell's content.
"""

import io
import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from lscb_analysis.data.schema import NUMBER, SYMBOLS, refused
from lscb_analysis.project import decoded

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}

FORMATS = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%d/%m/%y", "%m/%d/%y", "%Y/%m/%d"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y"),
)
"""How programs write dates, besides as 2018-03-31."""

_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}|")
_THOUSANDS = (
    r"[-£]{0,2}[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?%?|[-£]{0,2}[0-9]{1,3}([ \u00a0][0-9]{3})+(\.[0-9]+)?%?"
)
_MANY = 3


def cells(content: bytes, file: str) -> tuple[pd.DataFrame, str, list[str]]:
    """Return the cells of a CSV file as strings, header first; what parts them; and notes.

    Empty columns at the end are left out, and spaces around cells. Raises UnicodeDecodeError, or the errors
    of `pandas.read_csv`.
    """
    text, encoding = decoded(content)
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    found = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        dtype=str,
        header=None,
        keep_default_na=False,
        skip_blank_lines=False,
    ).fillna("")
    notes = [f"{file}: read as {encoding} text."] if encoding else []
    if separator != ",":
        notes.append(f"{file}: its cells are parted by {SEPARATORS[separator]}.")
    grid = found.to_numpy(object)
    bare = np.array([[cell.strip(" \u00a0") for cell in row] for row in grid], object)
    spaced = pd.Series((bare != grid).any(axis=1), found.index)
    notes += _noted(file, "", spaced, "spaces around cells were left out")
    filled = (bare != "").any(axis=0)
    if not filled.any():
        raise pd.errors.EmptyDataError
    if not filled.all():
        notes.append(f"{file}: {(~filled).sum()} column(s) without a single cell were left out.")
    return pd.DataFrame(bare[:, filled], dtype=str), separator, notes


def as_meant(
    raw: pd.DataFrame, separator: str, units: dict[str, str], dates: Iterable[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return a table, `located`, with dates and values as they were meant, and notes.

    `units` are those of the measures, `dates` the columns of dates. Raises DataError where dates may be day
    first or month first.
    """
    columns = [column for column in dates if column in raw.columns]
    if raw.columns.has_duplicates:
        return raw, []
    raw, notes = _dated(raw, columns) if columns else (raw, [])
    if "value" in raw.columns and "measure" in raw.columns:
        raw, more = _valued(raw, separator, raw["measure"].map(units))
        notes += more
    return raw, notes


def _dated(raw: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, list[str]]:
    other = pd.concat([raw[column][[not _ISO.fullmatch(cell) for cell in raw[column]]] for column in columns])
    if other.empty:
        return raw, []
    readings = {form: pd.to_datetime(other, format=form, errors="coerce") for form in FORMATS}
    most = max(reading.notna().sum() for reading in readings.values())
    best = [(form, reading) for form, reading in readings.items() if reading.notna().sum() == most]
    if most == 0:
        return raw, []
    file, row = other.index[0]
    if any(not reading.equals(best[0][1]) for _, reading in best):
        raise refused("either day", file=file, row=row, column=columns[0])
    form = best[0][0]
    days = {
        text: day.strftime("%Y-%m-%d") for text, day in zip(other, best[0][1], strict=True) if pd.notna(day)
    }
    said = f"dates were read as {pd.Timestamp(2018, 3, 31).strftime(form)!r} for 31 March 2018"
    notes = [note for column in columns for note in _noted(file, column, raw[column].isin(days), said)]
    return raw.assign(**{column: raw[column].replace(days) for column in columns}), notes


def _valued(raw: pd.DataFrame, separator: str, unit: pd.Series) -> tuple[pd.DataFrame, list[str]]:
    value, notes = raw["value"], list[str]()
    if all(cell in SYMBOLS or NUMBER.fullmatch(cell) for cell in value):
        return raw, notes
    readings = [
        (rf"(?i)\[?({'|'.join(SYMBOLS)})\]?", ~value.isin(list(SYMBOLS)), "brackets and capitals", r"[][]"),
        (_THOUSANDS, pd.Series(separator == ",", raw.index), "marks of thousands", r"[, \u00a0]"),
        (rf"{NUMBER.pattern}%", unit == "%", "percent signs", "%"),
        (rf"(?=.*£)-?£?{NUMBER.pattern}", unit == "£", "pound signs", "£"),
    ]
    for meant, allowed, marks, away in readings:
        found = value.str.fullmatch(meant) & allowed
        value = value.mask(found, value.str.replace(away, "", regex=True).str.lower())
        notes += _noted(raw.index[0][0], "value", found, f"{marks} were left out")
    return raw.assign(value=value), notes


def _noted(file: str, column: str, found: pd.Series, said: str) -> list[str]:
    """One note on all rows of a column in which something was `found`; none if it was nowhere."""
    rows = [index[1] if isinstance(index, tuple) else index + 1 for index in found.index[found]]
    if not rows:
        return []
    more = f" and {len(rows) - _MANY} more" if len(rows) > _MANY else ""
    where = f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:_MANY]))}{more}"
    return [f"{file}, {where}{', column ' if column else ''}{column}: {said}."]
