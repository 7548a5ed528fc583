"""Read the tables of the project, part values from symbols. No arithmetic is done here."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lscb_analysis.data.recorder import record
from lscb_analysis.data.saved import as_meant, cells
from lscb_analysis.data.schema import (
    COLUMNS,
    DICTIONARY,
    EVERY_EDITION,
    PUBLISHED,
    SIMULATION,
    SYMBOLS,
    TEXTS,
    DataError,
    Dictionary,
    Problem,
    located,
    nearest,
    records,
    validate,
    validate_dictionary,
    validate_text,
)
from lscb_analysis.project import PLAIN, listed, misnamed, project

Stamped = tuple[Path, int, int]

LARGEST_FILE = 5_000_000
"""A table larger than this, in bytes, is refused."""

DISPERSION = 2.4
DISPERSION_SOURCE = (
    "Working value: siblings enter together, so counts of children vary more than independent events "
    "would. To be replaced by an estimate from a council's own sibling groups"
)
"""How much more than independent events children are taken to vary where the dictionary does not say."""


def tables() -> list[str]:
    """Return the names of the tables of figures in `data/`, sorted."""
    return [path.stem for path in listed("data", ".csv") if _holds_figures(path)]


def dictionary() -> Dictionary:
    """Return what the files of `DICTIONARY` say. Raises DataError with every problem they have."""
    return _dictionary(*_dictionary_files())


def measures() -> pd.DataFrame:
    """Return the dictionary of measures, indexed by measure; numbers as floats, empty ones missing.

    Where it gives no dispersion, that is `DISPERSION`, with its source.
    """
    return _measures(*_dictionary_files())


def labels() -> dict[tuple[str, str], str]:
    """Return the label of each category, by its scheme and its name."""
    return _labels(*_dictionary_files())


class Derived(NamedTuple):
    """A measure that follows from others, as `derived.csv` says; `MADE` says how, by its kind."""

    measure: str
    kind: str
    of: str
    by: tuple[str, ...]
    category: str


def derived(*kinds: str) -> list[Derived]:
    """Return the measures that follow from others in one of these ways, in the order of the dictionary."""
    rows = records(dictionary().derived)
    return [Derived(**row | {"by": tuple(row["by"].split())}) for row in rows if row["kind"] in kinds]


def with_role(*roles: str, of: str | None = None) -> list[str]:
    """Return the measures that have one of these roles, for a measure `of` if that is given."""
    known = measures()
    fitting = known["role"].isin(roles) & ((known["of"] == of) if of is not None else True)
    return known.index[fitting].tolist()


def counting(kind: str) -> list[str]:
    """Return what measures count that is of this kind, by `counted.csv`."""
    known = dictionary().counted
    return known.loc[known["kind"] == kind, "counted"].tolist()


def levels(kind: str) -> list[str]:
    """Return the geographic levels of this kind, by `levels.csv`."""
    known = dictionary().levels
    return known.loc[known["kind"] == kind, "level"].tolist()


def units() -> dict[str, dict[str, str]]:
    """Return what `units.csv` says of each unit."""
    return _units_said(*_dictionary_files())


def per(unit: str) -> int:
    """Return of how many a percentage or rate is: 100, or 10,000 of `per 10,000 children`; else 1."""
    return int(units().get(unit, {}).get("per") or 1)


def calendars() -> list[dict[str, str]]:
    """Return what `calendars.csv` says of each kind of period."""
    return _calendars(*_dictionary_files())


def last_day(period: int | str) -> pd.Timestamp:
    """Return the last day that a period can have: 2018, `2018 Financial year Q1` or `2018-03-31 Day`.

    Raises ValueError for a period that no calendar has.
    """
    year, _, identifier = str(period).partition(" ")
    if "-" in year:
        return pd.Timestamp(year)
    for length in calendars():
        if length["identifier"] == identifier and length["begins"] and length["longest"] != "0":
            begins = pd.Timestamp(f"{year}-{length['begins']}")
            ends = begins + pd.DateOffset(months=int(length["longest"])) - pd.Timedelta("1D")
            return ends - pd.DateOffset(years=ends.year - int(year))
    if identifier in ("", *(length["identifier"] for length in calendars())):
        return pd.Timestamp(f"{year}-12-31")
    known = dict.fromkeys(length["identifier"] for length in calendars())
    raise ValueError(f"{period!r} is no period. {nearest(identifier, known)}")


def published_files() -> set[str]:
    """Return the files of `data/` that hold words, or figures all of whose sources have published them.

    Of no other may a pack carry a digest: a small number is found by trying all that it can be.
    """
    sources = dictionary().sources
    out = set(sources.loc[sources["access"] == PUBLISHED, "source"])
    words = [name for name in TEXTS if "source" not in TEXTS[name] or out >= {*texts(name)["source"]}]
    figures = [name for name in tables() if out >= {*load(name)["source"]}]
    return {f"data/{name}.csv" for name in (*DICTIONARY, *words, *figures) if _path(name).is_file()}


def known_sources() -> list[dict[str, str]]:
    """Return what the dictionary says of each source, in its order."""
    return _known_sources(*_dictionary_files())


def source_names(frame: pd.DataFrame) -> set[str]:
    """Return the names of all sources that the columns of `frame` draw on."""
    columns = [column for column in frame.columns if "source" in column]
    return {name for column in columns for cell in frame[column].dropna() for name in str(cell).split()}


def load(table: str, until: int | str | None = None, **where: str | int) -> pd.DataFrame:
    """Return a table of `data/` as a tidy frame, checked.

    The frame has the columns of the file, then `counted` and `unit` (what the dictionary says of the
    measure), `status`, and `nearest`, to whose multiples the source rounds (else 0). `value` is a float,
    missing where the source has a symbol; `status` then holds the symbol. Dates are timestamps. `where`
    keeps the rows whose column equals the value given, as in
    `load("conferences", measure="icpc_in_time")`; `until` those whose period is no later (a
    year, or `2018 Financial year Q1`).

    Raises DataError with every problem of the table, or if `where` names a value that is not there,
    or nothing is left.
    """
    path = project() / "data" / f"{table}.csv"
    if path.stem != table or not _holds_figures(path):  # a name, not a way to a file
        what = f"is not a table of {path.parent.name}/"
        raise DataError([Problem(f"data/{path.name}", None, None, table, what, nearest(table, tables()))])
    rows = _where(_table(path), where, f"data/{path.name}")
    kept = rows[rows["period_end"] <= last_day(until)] if until is not None else rows
    record("table", table, until, where)
    if kept.empty:
        what = "leaves no rows of this table"
        remedy = f"The periods are {', '.join(map(str, sorted(rows['time_period'].unique())))}"
        raise DataError([Problem(f"data/{path.name}", None, "time_period", f"until {until}", what, remedy)])
    return kept.assign(nearest=rounded_to(kept))


def texts(name: str, **where: str) -> pd.DataFrame:
    """Return a file of words of `data/`, one of `TEXTS`, as a frame of strings, checked.

    `where` keeps the rows whose column equals the value given; what is of `EVERY_EDITION` is of each.
    A file that is not there has no rows.
    Raises DataError with every problem of the file.
    """
    path = project() / "data" / f"{name}.csv"
    record("texts", name, where)
    if not path.exists():
        return pd.DataFrame(columns=TEXTS[name], dtype=str)
    frame = _text(name, _stamped(path), *_dictionary_files())
    for column, wanted in where.items():
        of_all = [EVERY_EDITION] if column == "edition" else []
        frame = frame[frame[column].isin([wanted, *of_all])]
    return frame.reset_index(drop=True)


def rounded_to(frame: pd.DataFrame) -> pd.Series:
    """Return the number to whose multiples the source rounds each row of `frame`; else zero.

    It depends on the geographic level, as `data/rounding.csv` says.
    """
    said = texts("rounding")
    levels = zip(said["source"], said["levels"].str.split("; "), said["nearest"], strict=True)
    nearest = {(source, level): float(to) for source, of, to in levels for level in of}
    pairs = zip(frame["source"], frame["geographic_level"], strict=True)
    return pd.Series([nearest.get(pair, 0.0) for pair in pairs], frame.index, float)


def check() -> list[Problem]:
    """Return every problem of every file in `data/`; the dictionary first, since the rest stands on it."""
    made_of = tuple(misnamed()), stamp()
    if made_of in _whole:
        return []
    wrong = [_misnamed(path) for path in misnamed()]
    try:
        dictionary()
    except DataError as error:
        return wrong + error.problems
    problems = wrong + _check([project() / "data" / f"{table}.csv" for table in tables()])
    if all(_simulated(project() / "data" / f"{table}.csv") for table in tables()):
        remedy = f"Put one there: a CSV file with the columns {', '.join(COLUMNS)}"
        problems.append(Problem("data/", None, None, None, "holds no table of figures", remedy))
    for name in TEXTS:
        try:
            texts(name)
        except DataError as error:
            problems += error.problems
    if not problems:
        _whole.add(made_of)
    return problems


def _simulated(path: Path) -> bool:
    """Whether a table was read and has nothing but what was simulated."""
    found = _checked.get((_stamped(path), *_dictionary_files()))
    return found is not None and bool(found["counted"].isin(counting(SIMULATION)).all())


_whole: set[tuple[tuple[Path, ...], tuple[Stamped, ...]]] = set()
"""When the files of `data/` were last written, where they had no problem: they need no second look."""


def _misnamed(path: Path) -> Problem:
    name = path.name if path.name.isprintable() else ascii(path.name)
    place = path.parent.relative_to(project()).as_posix()
    what, example = "has a name that is no plain word", {".toml": "anytown-2018-19.toml"}.get(path.suffix)
    remedy = (
        f"Call it by small letters and digits, as {example or 'children_in_need.csv'}, or move it elsewhere"
    )
    if not path.is_file():
        what, remedy = "is a folder, or a link that leads nowhere", f"Take it out of {place}/"
    return Problem(f"{place}/{name}", None, None, None, what, remedy)


def taken() -> list[str]:
    """Return what was read otherwise than it stands in the files of `data/`, without any cell's content."""
    known, notes = dictionary(), []
    paths = [*(path for path, *_ in _dictionary_files()), *map(_path, tables()), *map(_path, TEXTS)]
    for path in paths:
        if path.is_file():
            raw, separator, of_file = _read(path)
            notes += [*of_file, *as_meant(raw, separator, _units(known), _DATES)[1]]
    return notes


def read(path: Path) -> pd.DataFrame:
    """Return a CSV file as a frame of strings, `located`. Raises DataError if it is no readable CSV."""
    return _read(path)[0]


def _read(path: Path) -> tuple[pd.DataFrame, str, list[str]]:
    """A file's rows, what parts its cells, and notes on how both were read."""
    file = f"{path.parent.name}/{path.name}"

    def refused(what: str, remedy: str) -> DataError:
        return DataError([Problem(file, None, None, None, what, remedy)])

    if not path.is_file():
        raise refused("is not there", "Put it back, or take it from version control")
    if path.stat().st_size > LARGEST_FILE:
        raise refused(
            f"is larger than {LARGEST_FILE:,} bytes", "Split it, or check that it is the right file"
        )
    try:
        found, separator, notes = cells(path.read_bytes(), file)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise refused(f"is not UTF-8 text near line {line}", "Save it as CSV UTF-8") from error
    except pd.errors.EmptyDataError as error:
        raise refused("is empty", "Put the header and the rows back") from error
    except pd.errors.ParserError as error:
        what = f"is not a table ({str(error).splitlines()[0].strip()})"
        raise refused(
            what, "Give every row as many cells as the header, and close every quotation mark"
        ) from error
    raw = found.iloc[1:].set_axis(found.iloc[0].rename(None), axis="columns")
    raw = raw[(raw != "").any(axis="columns")]
    if raw.empty:
        raise refused("has a header and no rows", "Add the rows, or take the file away")
    return located(raw, file, raw.index + 1), separator, notes


def _as_meant(path: Path, known: Dictionary) -> pd.DataFrame:
    raw, separator, _ = _read(path)
    return as_meant(raw, separator, _units(known), _DATES)[0]


def _units(known: Dictionary) -> dict[str, str]:
    return dict(zip(known.measures["measure"], known.measures["unit"], strict=True))


_DATES = ("period_start", "period_end", "date")


def _path(name: str) -> Path:
    return project() / "data" / f"{name}.csv"


def _holds_figures(path: Path) -> bool:
    named = re.fullmatch(PLAIN, path.stem) and path.stem not in DICTIONARY and path.stem not in TEXTS
    return bool(named) and path.is_file()


def _stamped(path: Path) -> Stamped:
    """A file and when it was last written, so that what was read of it may be kept until it changes."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return path, 0, 0
    return path, state.st_mtime_ns, state.st_size


def _dictionary_files() -> list[Stamped]:
    return [_stamped(path) for path in _dictionary_paths(project())]


@cache
def _dictionary_paths(root: Path) -> tuple[Path, ...]:
    return tuple(root / "data" / f"{name}.csv" for name in DICTIONARY)


def _table(path: Path) -> pd.DataFrame:
    key = (_stamped(path), *_dictionary_files())
    if key not in _checked:
        problems = _check([path])
        if problems:
            raise DataError(problems)
    return _checked[key]


_checked: dict[tuple[Stamped, ...], pd.DataFrame] = {}
"""Tables in which there was no problem, typed, by when they and the dictionary were last written."""


def _check(paths: list[Path]) -> list[Problem]:
    """Read and check tables together, keep those that will do, and return the problems of the others."""
    known, of_dictionary = dictionary(), _dictionary_files()
    raws, problems = {}, []
    for path in paths:
        key = (_stamped(path), *of_dictionary)
        try:
            raws[key] = _as_meant(path, known)
        except DataError as error:
            problems += error.problems
    problems = sorted(problems + validate(raws.values(), known), key=lambda problem: problem.file)
    wrong = {problem.file for problem in problems}
    right = {key: raw for key, raw in raws.items() if raw.index[0][0] not in wrong}
    if right:
        typed = _typed(pd.concat(right.values()), known)
        for key, raw in right.items():
            _checked[key] = typed.loc[raw.index[0][0]]
    return problems


@cache
def _text(name: str, file: Stamped, *of_dictionary: Stamped) -> pd.DataFrame:
    path = file[0]
    known = _dictionary(*of_dictionary)
    raw = _as_meant(path, known)
    problems = validate_text(raw, known, name)
    if problems:
        raise DataError(problems)
    return raw


@cache
def _dictionary(*stamped: Stamped) -> Dictionary:
    frames, problems = [], []
    for path, *_ in stamped:
        try:
            frames.append(read(path))
        except DataError as error:
            problems += error.problems
    if not problems:
        known = Dictionary(*frames)
        problems = validate_dictionary(known)
    if problems:
        raise DataError(problems)
    return known


@cache
def _measures(*stamped: Stamped) -> pd.DataFrame:
    frame = _dictionary(*stamped).measures.set_index("measure")
    numbers = ["decimals", "smallest_change", "dispersion"]
    typed = frame.assign(**{column: pd.to_numeric(frame[column]) for column in numbers})
    unsaid = typed["dispersion"].isna()
    sources = typed["dispersion_source"].mask(unsaid, DISPERSION_SOURCE)
    return typed.assign(dispersion=typed["dispersion"].fillna(DISPERSION), dispersion_source=sources)


@cache
def _units_said(*stamped: Stamped) -> dict[str, dict[str, str]]:
    return {row["unit"]: row for row in records(_dictionary(*stamped).units)}


@cache
def _calendars(*stamped: Stamped) -> list[dict[str, str]]:
    return records(_dictionary(*stamped).calendars)


@cache
def _known_sources(*stamped: Stamped) -> list[dict[str, str]]:
    return records(_dictionary(*stamped).sources)


@cache
def _labels(*stamped: Stamped) -> dict[tuple[str, str], str]:
    frame = _dictionary(*stamped).categories
    keys = zip(frame["scheme"], frame["category"], strict=True)
    return dict(zip(keys, frame["label"], strict=True))


def stamp() -> tuple[Stamped, ...]:
    """Return all files of `data/` with when each was last written: what is made of them holds until that."""
    return tuple(_stamped(path) for path in listed("data", ".csv"))


def _typed(raw: pd.DataFrame, known: Dictionary) -> pd.DataFrame:
    symbol = raw["value"].isin(list(SYMBOLS))
    of_measure = known.measures.set_index("measure")
    return raw.assign(
        time_period=raw["time_period"].astype(int),
        period_start=pd.to_datetime(raw["period_start"]),
        period_end=pd.to_datetime(raw["period_end"]),
        counted=raw["measure"].map(of_measure["counted"]),
        unit=raw["measure"].map(of_measure["unit"]),
        value=pd.to_numeric(raw["value"].mask(symbol)).astype(float),
        status=raw["value"].where(symbol, ""),
    )


def _where(frame: pd.DataFrame, where: dict[str, str | int], file: str) -> pd.DataFrame:
    kept = np.ones(len(frame), bool)
    for column, wanted in where.items():
        if column not in frame.columns:
            remedy = nearest(column, frame.columns)
            raise DataError([Problem(file, None, column, None, "is not a column of this table", remedy)])
        cells = frame[column].astype(str).to_numpy()
        same = kept & (cells == str(wanted))
        if not same.any():
            there = [] if column in ("value", "printed") else pd.unique(cells[kept])
            remedy = nearest(str(wanted), there) if len(there) else "Choose rows by another column"
            raise DataError([Problem(file, None, column, str(wanted), "is not in this table", remedy)])
        kept = same
    return frame[kept].reset_index(drop=True)
