"""Read the tables of the project, part values from symbols. No arithmetic is done here."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache, partial, wraps
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from lscb_analysis.data import schema
from lscb_analysis.data.national.areas import areas, authority
from lscb_analysis.data.national.held import alongside, held, of_each, sources, sums
from lscb_analysis.data.recorder import record
from lscb_analysis.data.saved import as_meant, cells
from lscb_analysis.project import (
    FOLDER,
    MAPS,
    NATIONAL,
    PLAIN,
    SHARED,
    Names,
    in_project,
    listed,
    misnamed,
    project,
    tables_of,
    which_areas,
    which_board,
)

Stamped = tuple[Path, int, int]

LARGEST_FILE = 5_000_000
"""A table larger than this, in bytes, is refused."""

DISPERSION = 2.4
DISPERSION_SOURCE = (
    "Working value: siblings enter together, so counts of children vary more than independent events "
    "would. To be replaced by an estimate from a council's own sibling groups"
)
"""How much more than independent events children are taken to vary where the dictionary does not say."""

OF_A_BOARD = ("facts", "plain_facts", "commentary", "accessibility")
"""Files of words that only boards have; to those of the dictionary a board may add rows of its own."""


def tables(board: str | None = None) -> list[str]:
    """Return the names of the tables of figures of a board, sorted; `which_board` names the board.

    National statistics are no tables: `every_row` and `figures` have them.
    """
    if which_board(board) == NATIONAL:
        return []
    return [path.stem for path in listed(f"data/{which_board(board)}", ".csv") if _holds_figures(path)]


def dictionary() -> schema.Dictionary:
    """Return what the files of `DICTIONARY` say. Raises DataError with every problem they have."""
    return _dictionary(*_dictionary_files())


Made = TypeVar("Made")


def _of_dictionary(make: Callable[[schema.Dictionary], Made]) -> Callable[[], Made]:
    """What is made of the dictionary, by a function without its argument: kept until a file of it changes."""
    kept = cache(lambda *files: make(_dictionary(*files)))
    return wraps(make)(lambda: kept(*_dictionary_files()))


@_of_dictionary
def measures(known: schema.Dictionary) -> pd.DataFrame:
    """Return the dictionary of measures, indexed by measure; numbers as floats, empty ones missing.

    Where it gives no dispersion, that is `DISPERSION`, with its source.
    """
    frame = known.measures.set_index("measure")
    numbers = {
        column: pd.to_numeric(frame[column]) for column in ("decimals", "smallest_change", "dispersion")
    }
    sources = frame["dispersion_source"].mask(numbers["dispersion"].isna(), DISPERSION_SOURCE)
    numbers["dispersion"] = numbers["dispersion"].fillna(DISPERSION)
    return frame.assign(**numbers, dispersion_source=sources)


@_of_dictionary
def labels(known: schema.Dictionary) -> dict[tuple[str, str], str]:
    """Return the label of each category, by its scheme and its name."""
    return known.categories.set_index(["scheme", "category"])["label"].to_dict()


class Derived(NamedTuple):
    """A measure that follows from others, as `derived.csv` says; `schema.toml` says how, by its kind."""

    measure: str
    kind: str
    of: str
    by: tuple[str, ...]
    category: str


def derived(*kinds: str) -> list[Derived]:
    """Return the measures that follow from others in one of these ways, in the order of the dictionary."""
    rows = schema.records(dictionary().derived)
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


@_of_dictionary
def units(known: schema.Dictionary) -> dict[str, dict[str, str]]:
    """Return what `units.csv` says of each unit."""
    return {row["unit"]: row for row in schema.records(known.units)}


def per(unit: str) -> int:
    """Return of how many a percentage or rate is: 100, or 10,000 of `per 10,000 children`; else 1."""
    return int(units().get(unit, {}).get("per") or 1)


@_of_dictionary
def calendars(known: schema.Dictionary) -> list[dict[str, str]]:
    """Return what `calendars.csv` says of each kind of period."""
    return schema.records(known.calendars)


def last_day(period: int | str) -> pd.Timestamp:
    """Return the last day that a period can have: 2018, `2018 Financial year Q1` or `2018-03-31 Day`.

    Raises ValueError for a period that no calendar has.
    """
    year, _, identifier = str(period).partition(" ")
    if "-" in year:
        return pd.Timestamp(year)
    known = [length for length in calendars() if length["identifier"] == identifier]
    if identifier and not known:
        there = dict.fromkeys(length["identifier"] for length in calendars())
        raise ValueError(f"{period!r} is no period. {schema.nearest(identifier, there)}")
    for length in known:
        if length["begins"] and length["longest"] != "0":
            begins = pd.Timestamp(f"{year}-{length['begins']}")
            ends = begins + pd.DateOffset(months=int(length["longest"])) - pd.Timedelta("1D")
            return ends - pd.DateOffset(years=ends.year - int(year))
    return pd.Timestamp(f"{year}-12-31")


def published_files() -> set[str]:
    """Return the files read that hold words, or figures that all their sources have published.

    Of no other may a pack carry a digest: a small number is found by trying all that it can be.
    """
    out = schema.published_sources(dictionary())
    return {
        in_project(path)
        for path in tables_of(which_board())
        if path.stem in schema.DICTIONARY
        or path.parent.name in (NATIONAL, MAPS)
        or out >= {*(_table(path) if _holds_figures(path) else read(path)).get("source", [])}
    }


@_of_dictionary
def known_sources(known: schema.Dictionary) -> list[dict[str, str]]:
    """Return what the dictionary says of each source, in its order."""
    return schema.records(known.sources)


def source_names(frame: pd.DataFrame) -> set[str]:
    """Return the names of all sources that the columns of `frame` draw on."""
    columns = [column for column in frame.columns if "source" in column]
    return {name for column in columns for cell in frame[column].dropna() for name in str(cell).split()}


def load(
    table: str, until: int | str | None = None, board: str | None = None, **where: str | int
) -> pd.DataFrame:
    """Return a table of a board as a tidy frame, checked: of `board`, or else of `which_board`.

    The frame has the columns of the file, then `counted` and `unit` (what the dictionary says of the
    measure), `status`, and `nearest`, to whose multiples the source rounds (else 0). `value` is a float,
    missing where the source has a symbol; `status` then holds the symbol. Dates are timestamps. `where`
    keeps the rows whose column equals the value given, as in
    `load("conferences", measure="icpc_in_time")`; `until` those whose period is no later (a
    year, or `2018 Financial year Q1`).

    Raises DataError with every problem of the table, or if `where` names a value that is not there,
    or nothing is left.

    >>> lscb.load("conferences", measure="icpc_in_time")["value"].tolist()
    [103.0, 146.0, 105.0]
    """
    path = project() / "data" / which_board(board) / f"{table}.csv"
    file = in_project(path)
    if path.stem != table or not _holds_figures(path):  # a name, not a way to a file
        there = schema.nearest(table, tables(board))
        raise schema.refused("no table", in_project(path.parent), there, file=file, value=table)
    rows = _where(_table(path), where, file)
    kept = rows[rows["period_end"] <= last_day(until)] if until is not None else rows
    record("table", table, until, where)
    if kept.empty:
        there = ", ".join(map(str, sorted(rows["time_period"].unique())))
        raise schema.refused("no rows left", there, file=file, column="time_period", value=f"until {until}")
    return kept.assign(nearest=rounded_to(kept, board))


def figures(*measures: str, **where: str | int) -> pd.DataFrame:
    """Return the rows of these measures from all tables of the board, as `load` gives them: none, or all.

    Raises DataError with every problem of the tables, or for a measure that the dictionary does not have.
    """
    known = dictionary().measures["measure"]
    if strange := sorted({*measures} - {*known}):
        at = {"file": "measures.csv", "column": "measure", "value": strange[0]}
        raise schema.refused("no measure there", schema.nearest(strange[0], known), **at)
    record("figures", measures, where)
    every = _every(which_areas(), *stamp())
    rows = _rows_of(every, measures, where)
    return rows if which_board() == NATIONAL else rows.assign(nearest=rounded_to(rows))


def totals(measure: str, counts: str, **where: str | int) -> pd.DataFrame:
    """Return the rows of a measure that are totals of another, as `figures` does.

    Of national statistics they are from the release that each of the `counts` is of.
    """
    if which_board() != NATIONAL:
        return figures(measure, **where)
    record("figures", [measure, counts], where)
    every = _national(which_areas(), *stamp())
    parts = of_each(_rows_of(every, (counts,), where))
    return _in_columns(alongside(_rows_of(every, (measure,), where), parts))


def every_row() -> pd.DataFrame:
    """Return the rows of all tables of the board, with the name of each in `table`.

    Of national statistics they are those of the edition's areas, with the `release` that each is of.
    """
    if which_board() == NATIONAL:
        every = _national(which_areas(), *stamp())
        return every[~every["made"]].drop(columns=["filed", "made"]).reset_index(drop=True)
    every = [load(name).assign(table=name, release="", fewest=np.nan) for name in tables()]
    return pd.concat(every, ignore_index=True)


def _rows_of(every: pd.DataFrame, measures: tuple[str, ...], where: dict[str, str | int]) -> pd.DataFrame:
    rows = every[every["measure"].isin(measures)]
    for column, wanted in where.items():
        rows = rows[rows[column].astype(str) == str(wanted)]
    return rows.reset_index(drop=True)


def check_area(area: str) -> None:
    """Raise DataError if no table of the board has a row of an area of this name."""
    known = _every(which_areas(), *stamp())["area_name"].unique()
    if area not in known:
        at = {"file": f"data/{which_board()}/", "column": "area_name", "value": area}
        raise schema.refused("no area there", schema.nearest(area, known), **at)


@lru_cache(maxsize=2)
def _every(areas: tuple[Names, Names], *_: Stamped) -> pd.DataFrame:
    """The rows of all tables but what was simulated, in the order of their names; or of these areas."""
    board = which_board()
    if board == NATIONAL:
        return _in_columns(of_each(_national(areas, *stamp())))
    every = pd.concat([_table(project() / "data" / board / f"{name}.csv") for name in tables(board)])
    return every[~every["counted"].isin(counting(schema.SIMULATION))]


@lru_cache(maxsize=2)
def _national(named: tuple[Names, Names], *_: Stamped) -> pd.DataFrame:
    """National statistics of an authority, and what adds up parts of them (`made`).

    Of the areas beside it, which are given by code, there is only what is compared.
    """
    (names, compared), of = named, measures()
    parts = [(way.measure, way.of, tuple(way.category.split("; "))) for way in derived("sum")]
    wanted = {*compared, *(whole for measure, whole, _ in parts if measure in compared)}
    schemes = {scheme: {*rows["category"]} for scheme, rows in dictionary().categories.groupby("scheme")}
    categories = {measure: schemes[scheme] for measure, scheme in of["scheme"].items() if scheme}
    wholes = of["denominator"].to_dict()
    others = [area for area in areas() if area.codes[0] in names]
    rows = [
        held(list(map(authority, names[:1])), wholes, categories),
        held(others, {measure: wholes[measure] for measure in wholes if measure in wanted}, categories),
    ]
    rows += [sums(each, parts) for each in rows]
    every = pd.concat([each.assign(made=at > 1) for at, each in enumerate(rows)], ignore_index=True)
    said = {of_measure: every["measure"].map(of[of_measure]) for of_measure in ("counted", "unit")}
    return every.assign(**said)


def _in_columns(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[[*schema.COLUMNS, "counted", "unit", "status", "nearest"]].reset_index(drop=True)


def texts(name: str, board: str | None = None, **where: str) -> pd.DataFrame:
    """Return words, one of `TEXTS`, as a frame of strings, checked: the board's own, then the dictionary's.

    `where` keeps the rows whose column equals the value given; what is of `EVERY_EDITION` is of each.
    A file that is not there has no rows.
    Raises DataError with every problem of the files.
    """
    paths = text_files(name, board)
    record("texts", name, where)
    if not paths:
        return pd.DataFrame(columns=schema.TEXTS[name], dtype=str)
    frame = _text(name, tuple(map(_stamped, paths)), *_dictionary_files(board))
    for column, wanted in where.items():
        of_all = [schema.EVERY_EDITION] if column == "edition" else []
        frame = frame[frame[column].isin([wanted, *of_all])]
    return frame.reset_index(drop=True)


def text_files(name: str, board: str | None = None) -> list[Path]:
    """Return the files there are of words of one name: the dictionary's, then the board's own."""
    folders = (which_board(board),) if name in OF_A_BOARD else (SHARED, which_board(board))
    paths = (project() / "data" / folder / f"{name}.csv" for folder in folders)
    return [path for path in paths if path.exists()]


def rounded_to(frame: pd.DataFrame, board: str | None = None) -> pd.Series:
    """Return the number to whose multiples the source rounds each row of `frame`; else zero.

    It depends on the geographic level, as `rounding.csv` says.
    """
    said = texts("rounding", board)
    levels = zip(said["source"], said["levels"].str.split("; "), said["nearest"], strict=True)
    nearest = {(source, level): float(to) for source, of, to in levels for level in of}
    pairs = zip(frame["source"], frame["geographic_level"], strict=True)
    return pd.Series([nearest.get(pair, 0.0) for pair in pairs], frame.index, float)


def check(board: str | None = None) -> list[schema.Problem]:
    """Return every problem of a board's files; the dictionary first, since the rest stands on it."""
    board = which_board(board)
    strays = [*misnamed(board), *_strays()]
    made_of = tuple(strays), stamp(board)
    if made_of in _whole:
        return []
    wrong = [*map(_misnamed, misnamed(board)), *map(_stray, _strays())]
    try:
        _dictionary(*_dictionary_files(board))
    except schema.DataError as error:
        return wrong + error.problems
    paths = [project() / "data" / board / f"{table}.csv" for table in tables(board)]
    problems = wrong + _check(paths)
    if all(map(_simulated, paths)) and board != NATIONAL:
        problems.append(schema.problem("no figures", ", ".join(schema.COLUMNS), file=f"data/{board}/"))
    for name in schema.TEXTS:
        try:
            texts(name, board)
        except schema.DataError as error:
            problems += error.problems
    if not problems:
        _whole.add(made_of)
    return problems


def _strays() -> list[Path]:
    """What stands where nobody reads it: tables of no board, and folders that are named after none."""
    shared = {*schema.DICTIONARY, *schema.TEXTS} - {*OF_A_BOARD}
    in_dictionary = [path for path in listed(f"data/{SHARED}", ".csv") if path.stem not in shared]
    folders = [path for path in listed("data", "") if path.is_dir() and not re.fullmatch(FOLDER, path.name)]
    return [*listed("data", ".csv"), *in_dictionary, *folders]


def _stray(path: Path) -> schema.Problem:
    return schema.problem("no name" if path.is_dir() else "of no board", file=in_project(path))


def _simulated(path: Path) -> bool:
    """Whether a table was read and has nothing but what was simulated."""
    found = _checked.get(_key(path))
    return found is not None and bool(found["counted"].isin(counting(schema.SIMULATION)).all())


_whole: set[tuple[tuple[Path, ...], tuple[Stamped, ...]]] = set()
"""When the files of a board were last written, where they had no problem: they need no second look."""


def _misnamed(path: Path) -> schema.Problem:
    name = path.name if path.name.isprintable() else ascii(path.name)
    place = path.parent.relative_to(project()).as_posix()
    if not path.is_file():
        return schema.problem("no file", place, file=f"{place}/{name}")
    example = "anytown-2018-19.toml" if path.suffix == ".toml" else "children_in_need.csv"
    return schema.problem("misnamed", example, file=f"{place}/{name}")


def taken(board: str) -> list[str]:
    """Return what was read otherwise than it stands in a board's files, without any cell's content."""
    known, notes = _dictionary(*_dictionary_files(board)), []
    for path in tables_of(board):
        raw, separator, of_file = _read(path)
        notes += [*of_file, *as_meant(raw, separator, schema.lookup(known.measures, "unit"), _DATES)[1]]
    return notes


def read(path: Path) -> pd.DataFrame:
    """Return a CSV file as a frame of strings, `located`. Raises DataError if it is no readable CSV."""
    return _read(path)[0]


def _read(path: Path) -> tuple[pd.DataFrame, str, list[str]]:
    """A file's rows, what parts its cells, and notes on how both were read."""
    refused = partial(schema.refused, file=in_project(path))
    if not path.is_file():
        raise refused("absent")
    if path.stat().st_size > LARGEST_FILE:
        raise refused("large", LARGEST_FILE)
    try:
        found, separator, notes = cells(path.read_bytes(), in_project(path))
    except UnicodeDecodeError as error:
        raise refused("not UTF-8", path.read_bytes()[: error.start].count(b"\n") + 1) from error
    except pd.errors.EmptyDataError as error:
        raise refused("without header") from error
    except pd.errors.ParserError as error:
        raise refused("ragged", str(error).splitlines()[0].strip()) from error
    raw = found.iloc[1:].set_axis(found.iloc[0].rename(None), axis="columns")
    raw = raw[(raw != "").any(axis="columns")]
    if raw.empty:
        raise refused("without rows")
    return schema.located(raw, in_project(path), raw.index + 1), separator, notes


def _as_meant(path: Path, known: schema.Dictionary) -> pd.DataFrame:
    raw, separator, _ = _read(path)
    return as_meant(raw, separator, schema.lookup(known.measures, "unit"), _DATES)[0]


_DATES = ("period_start", "period_end", "date", "when")


def _holds_figures(path: Path) -> bool:
    named = (
        re.fullmatch(PLAIN, path.stem)
        and path.stem not in schema.DICTIONARY
        and path.stem not in schema.TEXTS
    )
    return bool(named) and path.is_file()


def _stamped(path: Path) -> Stamped:
    """A file and when it was last written, so that what was read of it may be kept until it changes."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return path, 0, 0
    return path, state.st_mtime_ns, state.st_size


def _dictionary_files(board: str | None = None) -> list[Stamped]:
    return [_stamped(path) for path in _dictionary_paths(project(), which_board(board))]


@cache
def _dictionary_paths(root: Path, board: str) -> tuple[Path, ...]:
    folders = (root / "data" / SHARED, root / "data" / board)
    return tuple(folder / f"{name}.csv" for name in schema.DICTIONARY for folder in folders)


def _key(path: Path) -> tuple[Stamped, ...]:
    return (_stamped(path), *_dictionary_files(path.parent.name))


def _table(path: Path) -> pd.DataFrame:
    if _key(path) not in _checked and (problems := _check([path])):
        raise schema.DataError(problems)
    return _checked[_key(path)]


_checked: dict[tuple[Stamped, ...], pd.DataFrame] = {}
"""Tables in which there was no problem, typed, by when they and the dictionary were last written."""


def _check(paths: list[Path]) -> list[schema.Problem]:
    """Read and check tables of a board together, keep those that will do; return the others' problems."""
    if not paths:
        return []
    known = _dictionary(*_dictionary_files(paths[0].parent.name))
    raws, problems = {}, list[schema.Problem]()
    for path in paths:
        try:
            raws[_key(path)] = _as_meant(path, known)
        except schema.DataError as error:
            problems += error.problems
    problems = sorted(problems + schema.validate(raws.values(), known), key=lambda problem: problem.file)
    wrong = {problem.file for problem in problems}
    right = {key: raw for key, raw in raws.items() if raw.index[0][0] not in wrong}
    if right:
        typed = _typed(pd.concat(right.values()), known)
        for key, raw in right.items():
            _checked[key] = typed.loc[raw.index[0][0]]
    return problems


@cache
def _text(name: str, files: tuple[Stamped, ...], *of_dictionary: Stamped) -> pd.DataFrame:
    known = _dictionary(*of_dictionary)
    raw = _together([_as_meant(path, known) for path, *_ in files], schema.TEXTS[name])
    problems = schema.validate_text(raw, known, name)
    if problems:
        raise schema.DataError(problems)
    return _own_first(raw)


@cache
def _dictionary(*stamped: Stamped) -> schema.Dictionary:
    frames, problems = [], []
    for name in schema.DICTIONARY:
        paths = [path for path, *_ in stamped if path.stem == name]
        try:
            there = [read(path) for path in paths if path.exists()] or [read(paths[0])]
            frames.append(_together(there, schema.DICTIONARY[name]))
        except schema.DataError as error:
            problems += error.problems
    if not problems:
        known = schema.Dictionary(*frames)
        problems = schema.validate_dictionary(known)
    if problems:
        raise schema.DataError(problems)
    every = schema.Dictionary(*map(_own_first, frames))
    if any(path.parent.name == NATIONAL for path, *_ in stamped):
        every = replace(every, sources=pd.concat([every.sources, sources()]))
    return every


def stamp(board: str | None = None) -> tuple[Stamped, ...]:
    """Return the files that are read and when each was written: what is made of them holds until that."""
    return tuple(_stamped(path) for path in tables_of(which_board(board)))


def _together(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """The rows of the dictionary's file, then of a board's own. Raises DataError if columns are wrong."""
    if len(frames) == 1:
        return frames[0]
    if problems := [problem for raw in frames for problem in schema.check_columns(raw, columns)]:
        raise schema.DataError(problems)
    return pd.concat([raw[columns] for raw in frames])


def _own_first(rows: pd.DataFrame) -> pd.DataFrame:
    """What a board adds, then what the dictionary has: of two sources of a figure its own comes first."""
    shared = rows.index.get_level_values("file").str.startswith(f"data/{SHARED}/")
    return rows.iloc[np.argsort(shared, kind="stable")]


def _typed(raw: pd.DataFrame, known: schema.Dictionary) -> pd.DataFrame:
    symbol = raw["value"].isin(list(schema.SYMBOLS))
    days = {day: pd.to_datetime(raw[day]) for day in ("period_start", "period_end")}
    said = {of: raw["measure"].map(schema.lookup(known.measures, of)) for of in ("counted", "unit")}
    value = pd.to_numeric(raw["value"].mask(symbol)).astype(float)
    status, year = raw["value"].where(symbol, ""), raw["time_period"].astype(int)
    return raw.assign(time_period=year, **days, **said, value=value, status=status)


def _where(frame: pd.DataFrame, where: dict[str, str | int], file: str) -> pd.DataFrame:
    kept = np.ones(len(frame), bool)
    for column, wanted in where.items():
        if column not in frame.columns:
            raise schema.refused("no column", schema.nearest(column, frame.columns), file=file, column=column)
        cells = frame[column].astype(str).to_numpy()
        same = kept & (cells == str(wanted))
        if not same.any():
            there = [] if column in ("value", "printed") else pd.unique(cells[kept])
            remedy = schema.nearest(str(wanted), there) if len(there) else "Choose rows by another column"
            raise schema.refused("no row", remedy, file=file, column=column, value=str(wanted))
        kept = same
    return frame[kept].reset_index(drop=True)
