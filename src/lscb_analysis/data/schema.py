"""What a valid table is. `validate` reports every problem of all tables at once.

A table as read is a frame of strings that is `located`: its index says where each row stands.
"""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lscb_analysis.errors import InputError

# pandas would keep text in pyarrow's arrays once that is installed: a tenth more processor time of a build
pd.set_option("mode.string_storage", "python")

_SAID = tomllib.loads(Path(__file__).with_name("schema.toml").read_text("utf-8"))
"""What files hold, and what is said where one does not: `schema.toml` explains it."""

FILES: dict[str, dict[str, Any]] = _SAID["dictionary"] | _SAID["texts"] | {"ratings": _SAID["ratings"]}
COLUMNS, KEY = _SAID["columns"].split(), _SAID["key"].split()
DICTIONARY = {name: FILES[name]["columns"].split() for name in _SAID["dictionary"]}
"""The files of the dictionary and their columns."""

TEXTS = {name: FILES[name]["columns"].split() for name in _SAID["texts"]}
"""The files of words and their columns."""

SHOWN = {name: FILES[name]["shown"].split() for name in (*TEXTS, *DICTIONARY) if "shown" in FILES[name]}
"""The columns of words and of names that pages show."""

RATING_COLUMNS = FILES["ratings"]["columns"].split()
"""The columns of a table of partners' ratings, which is nobody's to publish."""

KINDS, SYMBOLS = _SAID["kinds"], _SAID["symbols"]

CHILDREN, DATES, SIMULATION = "children", "dates", "simulation"
"""What a measure counts: children and what befalls them, dates of events, what was simulated; or `others`."""

PUBLISHED, BOARD, LOCAL = "published", "board", "local"
"""The access of a source: out already; the board's own record, which a pack publishes first; or neither.

An empty cell is `LOCAL`. Of a published source `published` says in which month or on which day it came out,
and `reference` gives a public address or reference.
"""

COUNTRY = "country"
"""The kind of the geographic levels that areas are held beside; that of boards is `authority`."""

EVERY_CHAPTER = EVERY_EDITION = "all"
"""In the column `chapters` of the log of assumptions, or `edition` of a file of words: it concerns all."""

CHAPTER = "[0-9]{2}_[a-z0-9_]+"
"""The name of a chapter, after which its notebook and its page are named."""

LONGEST_CELL = 10_000
UNSEEN = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
"""What no text may hold: controls, which cannot be shown, and what shows letters or digits in another order.

Marks of direction (U+061C, U+200E, U+200F) turn no digits round, and words that run from right to left may
need them. All else is text, and is shown as text.
"""
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_RATING = r"[0-9](\.[0-9]{1,6})?"
_SPELT = {name: "|".join(ways) for name, ways in _SAID["spelt"].items()}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a table: where it is, what it is, and what to do."""

    file: str
    row: int | None
    column: str | None
    value: str | None
    what: str
    remedy: str

    def __str__(self) -> str:
        where = [self.file]
        where += [f"row {self.row}"] if self.row is not None else []
        where += [f"column {self.column}"] if self.column is not None else []
        text = self.value or ""
        value = f"{text if len(text) <= 60 else f'{text[:57]}…'!r} " if self.value is not None else ""
        stop = "" if self.remedy.endswith((".", "?", "…")) else "."
        return f"{', '.join(where)}: {value}{self.what}. {self.remedy}{stop}"


class DataError(InputError, ValueError):
    """A table that cannot be used; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def problem(
    key: str, *said: object, file: str, row: int | None = None, column: str | None = None, value: Any = None
) -> Problem:
    """Return what `schema.toml` says of a problem, by its key there, with what is `said` in its gaps."""
    what, remedy = (words.format(*said) for words in _SAID["problems"][key])
    return Problem(file, row, column, value, what, remedy)


def refused(key: str, *said: object, **at: Any) -> DataError:
    """Return the error of one problem, as `problem` does."""
    return DataError([problem(key, *said, **at)])


Fault = tuple[Any, ...]
"""A column, which of its cells are wrong, the key of the problem, and what is said in its gaps."""


@dataclass(frozen=True)
class Dictionary:
    """The files of `DICTIONARY`, as frames of strings."""

    measures: pd.DataFrame
    categories: pd.DataFrame
    sources: pd.DataFrame
    derived: pd.DataFrame
    counted: pd.DataFrame
    units: pd.DataFrame
    levels: pd.DataFrame
    calendars: pd.DataFrame


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the known name closest to `name`, or those that begin with it or hold it.

    Where there is none, it offers a few.
    """
    names = [str(candidate) for candidate in known if str(candidate)]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    within = [candidate for candidate in names if len(name) > 3 and name in candidate]
    if within and not difflib.get_close_matches(name, names, n=1, cutoff=0.75):
        close = ([candidate for candidate in within if candidate.startswith(name)] or within)[:3]
    if close:
        return f"Did you mean {' or '.join(map(repr, close))}?"
    return f"There is: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}" if names else "There is none"


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as dictionaries, as pandas' `to_dict` does, in half the time."""
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.to_numpy(object).tolist()]


def lookup(frame: pd.DataFrame, column: str, key: str = "measure") -> dict[str, str]:
    """Return a column of a file of the dictionary by another that is its key."""
    return dict(zip(frame[key], frame[column], strict=True))


def located(raw: pd.DataFrame, file: str, rows: Iterable[int] | None = None) -> pd.DataFrame:
    """Return a table whose index says where each row stands: its file and, of `rows`, its row in that.

    Rows are those of a spreadsheet; if they are not given they are counted from 2, below the header.
    """
    rows = range(2, len(raw) + 2) if rows is None else rows
    return raw.set_axis(pd.MultiIndex.from_product([[file], rows], names=["file", "row"]))


def published_sources(dictionary: Dictionary) -> set[str]:
    """Return the names of the sources that say they are published."""
    sources = dictionary.sources
    return set(sources.loc[sources["access"] == PUBLISHED, "source"])


def unquoted(problems: list[Problem], raw: pd.DataFrame, dictionary: Dictionary) -> list[Problem]:
    """Return problems of a table without the cell's content, where its row is of no published source."""
    shown = set(raw.index[raw["source"].isin(list(published_sources(dictionary)))])
    return [
        found if found.column == "source" or (found.file, found.row) in shown else replace(found, value=None)
        for found in problems
    ]


def check_columns(raw: pd.DataFrame, columns: list[str]) -> Iterator[Problem]:
    """Every column that is missing, unknown or there twice."""
    file, there = raw.index.levels[0][0], [*raw.columns]
    for column in (column for column in columns if column not in there):
        yield problem("column lacks", file=file, row=1, column=column)
    for column in (str(column) for column in there if column not in columns):
        yield problem("column strange", nearest(column, columns), file=file, row=1, column=column)
    for column in raw.columns[raw.columns.duplicated()]:
        yield problem("column twice", file=file, row=1, column=str(column))


def validate(tables: Iterable[pd.DataFrame], dictionary: Dictionary) -> list[Problem]:
    """Return every problem of tables of figures, by file and row.

    They are checked together: for so many small tables that takes a sixth of the time.
    """
    wrong, right = [], []
    for raw in tables:
        problems = list(check_columns(raw, COLUMNS))
        wrong += problems
        right += [] if problems else [raw[COLUMNS]]
    if right:
        together = pd.concat(right)
        found = [
            *check_text(together),
            *check_periods(together, dictionary.calendars),
            *check_areas(together, dictionary.levels),
            *check_names(together, dictionary),
            *check_values(together, dictionary),
            *check_printed(together),
            *check_as_printed(together, dictionary),
            *check_access(together, dictionary),
            *check_unique(together, KEY),
        ]
        wrong += unquoted(found, together, dictionary)
    return sorted(wrong, key=lambda problem: (problem.file, problem.row or 0))


def validate_dictionary(dictionary: Dictionary) -> list[Problem]:
    """Return every problem of the files of the dictionary."""
    files = vars(dictionary)
    problems = [problem for name, raw in files.items() for problem in check_columns(raw, DICTIONARY[name])]
    return problems or [
        *(problem for name, raw in files.items() for problem in check_file(raw, name)),
        *check_measures(dictionary),
        *check_derived(dictionary),
        *check_sources(dictionary.sources),
    ]


def check_file(raw: pd.DataFrame, name: str) -> Iterator[Problem]:
    """Cells of a file of the dictionary, of words or of ratings: empty, of another form, or there twice."""
    file, columns = FILES[name], FILES[name]["columns"].split()
    yield from check_text(raw)
    yield from check_filled(raw, file.get("filled", file["columns"]).split())
    yield from check_unique(raw, file.get("key", columns[0]).split())
    for column, (form, what, remedy) in file.get("forms", {}).items():
        for (path, row), cell in raw.loc[~raw[column].str.fullmatch(form), column].items():
            yield Problem(path, row, column, cell, what, remedy)
    for column in {"date", "when"} & {*columns}:
        key = "no date recorded" if name == "accessibility" else "no date"
        yield from _each(raw, (column, _dates(raw[column]).isna(), key))


def check_text(raw: pd.DataFrame) -> Iterator[Problem]:
    """Cells with characters that cannot be seen, stray spaces or far too much text."""
    cells = raw.stack()
    faults = {
        "unseen": cells.str.contains(UNSEEN),
        "spaces": cells != cells.str.strip(),
        "long": cells.str.len() > LONGEST_CELL,
    }
    for key, wrong in faults.items():
        for (file, row, column), cell in cells[wrong].items():
            yield problem(key, LONGEST_CELL, file=file, row=row, column=column, value=cell)


def check_periods(raw: pd.DataFrame, calendars: pd.DataFrame) -> Iterator[Problem]:
    """Periods that are none, and dates that do not belong to the period they are filed under."""
    year = raw["time_period"].where(raw["time_period"].str.fullmatch(r"(19|20)[0-9][0-9]"))
    start, end = _dates(raw["period_start"]), _dates(raw["period_end"])
    elsewhere = year.notna() & end.notna() & (end.dt.year.astype("Int64").astype(str) != year)
    yield from _unknown(raw, "time_identifier", calendars["identifier"].unique())
    yield from _each(
        raw,
        ("time_period", year.isna(), "no year"),
        ("period_start", start.isna(), "no date"),
        ("period_end", end.isna(), "no date"),
        ("period_end", end < start, "before start"),
        ("period_end", elsewhere, "other year"),
    )
    for name, lengths in calendars.groupby("identifier", sort=False):
        here = (raw["time_identifier"] == name) & (start <= end) & ~elsewhere
        if here.any():
            fitting = [_fits(length, start, end) for length in records(lengths)]
            wrong = here & ~pd.concat(fitting, axis="columns").any(axis="columns")
            asked = " or ".join(_asked(length) for length in records(lengths))
            yield from _each(raw, ("period_start", wrong, "other calendar", name, asked))


def _fits(length: dict[str, str], start: pd.Series, end: pd.Series) -> pd.Series:
    """Which periods are as long as a row of calendars says, and begin on its day; a day is 0 months long."""
    on_day = (start.dt.strftime("%m-%d") == length["begins"]) | (length["begins"] == "")
    if not length["longest"]:
        return on_day
    if length["longest"] == "0":
        return on_day & (start == end)
    lengths = range(int(length["shortest"]), int(length["longest"]) + 1)
    ends = [start + pd.DateOffset(months=months) - pd.Timedelta("1D") == end for months in lengths]
    return on_day & pd.concat(ends, axis="columns").any(axis="columns")


def _asked(length: dict[str, str]) -> str:
    """What a row of calendars asks of a period, in words."""
    if length["longest"] == "0":
        return "one day, twice"
    months = " to ".join(dict.fromkeys([length["shortest"], length["longest"]]))
    begins = f" from {length['begins']} on" if length["begins"] else ""
    return f"the first and the last day of {months} month{'' if months == '1' else 's'}{begins}"


def check_areas(raw: pd.DataFrame, levels: pd.DataFrame) -> Iterator[Problem]:
    """Levels and codes that are none, and a code that goes by two names."""
    code, name = raw["area_code"], raw["area_name"]
    other = (name != name.groupby(code).transform(lambda names: names.mode().iloc[0])) & (name != "")
    yield from _unknown(raw, "geographic_level", levels["level"])
    yield from _each(
        raw,
        ("area_code", ~code.str.fullmatch(r"[A-Z][0-9]{8}"), "no code"),
        ("area_name", name == "", "no area"),
        ("area_name", other, "two names"),
    )


def check_names(raw: pd.DataFrame, dictionary: Dictionary) -> Iterator[Problem]:
    """Measures, categories, sources and qualifiers that the dictionary does not know."""
    yield from _unknown(raw, "measure", dictionary.measures["measure"])
    yield from _unknown_sources(raw, dictionary)
    yield from _unknown(raw, "qualifier", _SAID["qualifiers"])
    scheme = raw["measure"].map(lookup(dictionary.measures, "scheme"))
    for name, rows in raw.groupby(scheme, dropna=True):
        known = dictionary.categories.loc[dictionary.categories["scheme"] == name, "category"]
        yield from _unknown(rows, "category", known if name else ["Total"])


def check_values(raw: pd.DataFrame, dictionary: Dictionary) -> Iterator[Problem]:
    """Values that are neither number nor symbol, or that their unit does not allow."""
    value, unit = raw["value"], raw["measure"].map(lookup(dictionary.measures, "unit"))
    units = dictionary.units.set_index("unit").reindex(unit).set_axis(raw.index)
    number = _numbers(value)
    neither = number.isna() & ~value.isin(list(SYMBOLS))
    mark = neither & value.str.fullmatch(_SPELT["other_symbol"])
    short = neither & value.str.fullmatch(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+")
    limits = filter(None, units["most"].dropna().unique())
    above = {most: (units["most"] == most) & (number > int(most)) for most in limits}
    parted = (units["exact"] == "yes") & (number % 1 != 0) & number.notna()
    yield from _each(
        raw,
        ("value", mark, "mark"),
        ("value", short, "short"),
        ("value", neither & ~mark & ~short, "neither", ", ".join(SYMBOLS)),
        ("value", (number < 0) & (units["negative"] == "no"), "below zero"),
        *(("value", beyond, "above", most) for most, beyond in above.items()),
        ("value", parted, "parted"),
    )


def check_printed(raw: pd.DataFrame) -> Iterator[Problem]:
    """Figures whose value is not the number printed: each is typed twice, to catch the slip of a key."""
    printed = raw["printed"].str.replace(r"^\+|[,£%]", "", regex=True)
    words = {word: at for at, word in enumerate(_SAID["number_words"].split())}
    said, number = _numbers(printed).fillna(printed.str.lower().map(words)), _numbers(raw["value"])
    mark = raw["printed"].isin(list(SYMBOLS)) | ~raw["printed"].str.contains("[A-Za-z0-9]")
    marked, symbol = number.notna() & mark & (raw["printed"] != ""), raw["value"].isin(list(SYMBOLS))
    yield from _each(
        raw,
        ("printed", raw["printed"] == "", "not printed"),
        ("printed", number.notna() & said.notna() & (said != number), "other number"),
        ("printed", marked, "mark for number"),
        ("printed", said.notna() & symbol, "number for symbol"),
    )


def check_as_printed(raw: pd.DataFrame, dictionary: Dictionary) -> Iterator[Problem]:
    """Figures printed from which a spreadsheet took decimals, or that it turned into a date or a percentage.

    A bare number has the decimals of its measure, since the verdict on it rests on them. A source that prints
    fewer says so itself: by a percent sign in a sentence; and ratings are given as they were made, 3 or 2.5.
    """
    printed, unit = raw["printed"], raw["measure"].map(lookup(dictionary.measures, "unit"))
    bare = printed.str.replace(r"[,£]", "", regex=True)
    places = bare.str.rstrip("%").str.partition(".")[2].str.len()
    due = pd.to_numeric(raw["measure"].map(lookup(dictionary.measures, "decimals")), errors="coerce")
    lost = bare.str.fullmatch(NUMBER) & (unit != "score") & (places < due)
    more = bare.str.fullmatch(r".*\.[0-9]*0%") & (places > raw["value"].str.partition(".")[2].str.len())
    day = printed.str.fullmatch(_SPELT["day"])
    rating = printed.str.fullmatch(rf"none|{_RATING}(/{_RATING})+")
    rating = rating.where(raw["value"] == "z", printed.str.fullmatch(_RATING))
    told = (unit == "score") & ~raw["value"].isin(["x", "c"]) & ~day & (printed != "")
    yield from _each(
        raw,
        ("printed", lost, "lost decimal"),
        ("printed", more, "more decimals"),
        ("printed", day, "day for figure"),
        ("printed", told & ~rating, "no rating"),
    )
    yield from _check_alike(raw, bare, ~lost)


def _check_alike(raw: pd.DataFrame, bare: pd.Series, unsaid: pd.Series) -> Iterator[Problem]:
    """A source that prints 103.0 or +34% prints all that it has of a measure so: `bare` are its prints."""
    whole = unsaid & bare.str.fullmatch("[0-9]*[1-9][0-9]*%?")
    for what, kept in (("decimal", r"\.0+%?$"), ("plus sign", r"^\+")):
        others = bare.str.contains(kept).groupby([raw["measure"], raw["source"]]).transform("any")
        yield from _each(raw, ("printed", whole & others, "unlike", what))


def check_sources(sources: pd.DataFrame) -> Iterator[Problem]:
    """Sources whose access is none, that lack what makes them published, or whose words contradict it.

    No remedy names an access that would let more out.
    """
    access = sources["access"]
    none = ~access.isin(["", PUBLISHED, BOARD, LOCAL])
    yield from _each(sources, ("access", none, "no access"))
    out = sources[access == PUBLISHED]
    yield from check_filled(out, ["release", "published", "reference"])
    day = _dates(out["published"].where(out["published"].str.len() != 7, out["published"] + "-01"))
    undated, early = (out["published"] != "") & day.isna(), day > pd.Timestamp.now()
    nowhere = (out["reference"] != "") & out["reference"].str.contains(_SPELT["no_reference"], case=False)
    yield from _each(
        out,
        ("published", undated, "undated"),
        ("published", early, "early"),
        ("reference", nowhere, "nowhere"),
    )
    for rows, words in ((sources[access.isin([PUBLISHED, BOARD])], "secret"), (out, "not_out")):
        for column in rows.columns.difference(["source", "access", "published", "licence"], sort=False):
            plain = rows[column].map(lambda cell: unicodedata.normalize("NFKC", cell).replace("_", " "))
            wrong = plain.str.contains(rf"\b(?:{_SPELT[words]})\b", case=False)
            yield from _each(rows, (column, wrong, "contradicts"))


def check_access(raw: pd.DataFrame, dictionary: Dictionary) -> Iterator[Problem]:
    """Rows that no pack may show: those of local sources, and counts of children that only the board has.

    Each source is one problem in a file, with its rows; no value is told.
    """
    access = raw["source"].map(lookup(dictionary.sources, "access", "source"))
    local = access.isin(["", LOCAL])
    yield from _by_source(raw[local], "local")
    if "measure" in raw.columns:
        counted = raw["measure"].map(lookup(dictionary.measures, "counted"))
        known = dictionary.counted
        others = known.loc[known["kind"] != CHILDREN, "counted"]
        children = (access == BOARD) & counted.notna() & ~counted.isin(list(others))
        yield from _by_source(raw[children], "children")


def _by_source(raw: pd.DataFrame, key: str) -> Iterator[Problem]:
    for (file, source), rows in raw.groupby([raw.index.get_level_values("file"), raw["source"]]):
        at = runs(rows.index.get_level_values("row"))
        yield problem(key, at, file=file, column="source", value=source)


def runs(rows: Iterable[int]) -> str:
    """Return rows in words, those that follow each other together: `rows 3, 5 and 7 to 9`."""
    found: list[list[int]] = []
    for row in sorted(rows):
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    *said, last = [f"{first} to {end}" if end > first else str(first) for first, end in found]
    one = not said and found[-1][0] == found[-1][1]
    return f"row{'' if one else 's'} {', '.join(said)}{' and ' if said else ''}{last}"


def check_measures(dictionary: Dictionary) -> Iterator[Problem]:
    """Entries of the dictionary of measures that are unknown, or that lack what another column asks for."""
    measures = dictionary.measures
    yield from _unknown(measures, "unit", dictionary.units["unit"])
    yield from _unknown(measures, "counted", ["", *dictionary.counted["counted"]])
    yield from _unknown(measures, "role", ["", *_SAID["roles"]])
    yield from _unknown(measures, "scheme", ["", *dictionary.categories["scheme"].unique()])
    for column in ("of", "denominator"):
        yield from _unknown(measures, column, ["", *measures["measure"]])
    alone = measures["role"].isin(["more", "fewer"]) & (measures["of"] == "")
    unsourced = (measures["dispersion"] != "") & (measures["dispersion_source"] == "")
    yield from _each(
        measures,
        ("of", alone, "no measure"),
        ("dispersion_source", unsourced, "no dispersion source"),
    )


def check_derived(dictionary: Dictionary) -> Iterator[Problem]:
    """Measures that follow from others in no way that is known, or from others that are not."""
    derived, known = dictionary.derived, set(dictionary.measures["measure"])
    yield from _unknown(derived, "kind", _SAID["made"])
    for column in ("measure", "of", "by"):
        named = derived[column].str.split().explode().dropna().to_frame()
        yield from _unknown(named, column, known)
    schemes = derived["of"].map(lookup(dictionary.measures, "scheme"))
    for scheme, rows in derived[derived["category"] != ""].groupby(schemes):
        of_scheme = dictionary.categories["scheme"] == scheme
        parts = rows["category"].str.split("; ").explode().to_frame()
        yield from _unknown(parts, "category", dictionary.categories.loc[of_scheme, "category"])


def validate_text(raw: pd.DataFrame, known: Dictionary, name: str) -> list[Problem]:
    """Return every problem of a file of words: `name` is its key in `TEXTS`."""
    columns = TEXTS[name]
    return [*check_columns(raw, columns)] or [
        *check_file(raw, name),
        *(_unknown(raw, "kind", KINDS[name]) if name in KINDS else ()),
        *((*_unknown_sources(raw, known), *check_access(raw, known)) if "source" in columns else ()),
        *(_unknown(raw, "measure", known.measures["measure"]) if "measure" in columns else ()),
        *check_wordy(raw, FILES[name].get("wordy", "").split()),
    ]


def validate_ratings(raw: pd.DataFrame) -> list[Problem]:
    """Return every problem of a table of partners' ratings, as read: all cells still strings, none quoted."""
    problems = [*check_columns(raw, RATING_COLUMNS)] or [*check_file(raw, "ratings")]
    return sorted((replace(found, value=None) for found in problems), key=lambda found: found.row or 0)


def check_wordy(raw: pd.DataFrame, columns: list[str]) -> Iterator[Problem]:
    """Words that hold a figure, which belongs in a table where it can be checked."""
    for column in columns:
        wrong = raw[column].str.contains(r"(?<!section )(?<!Act )\b[0-9]+\b(?! of the)", regex=True)
        yield from _each(raw, (column, wrong, "figure"))


def check_filled(raw: pd.DataFrame, columns: list[str]) -> Iterator[Problem]:
    """Cells that must not be empty."""
    yield from _each(raw, *((column, raw[column] == "", "empty") for column in columns))


def check_unique(raw: pd.DataFrame, key: list[str]) -> Iterator[Problem]:
    """Rows whose key stands more than once, in one table or in two."""
    keyed = raw[key].reset_index()
    for value, rows in keyed[keyed.duplicated(key, keep=False)].groupby(key, sort=False):
        *before, (file, last) = zip(rows["file"], rows["row"], strict=True)
        own = [str(row) for other, row in before if other == file]
        others = [f"row{'s' if own[1:] else ''} {' and '.join(own)}"] if own else []
        others += [f"{other}, row {row}" for other, row in before if other != file]
        at = {"file": file, "row": last, "column": ", ".join(key), "value": " / ".join(value)}
        yield problem("again", " and ".join(others), **at)


def _each(raw: pd.DataFrame, *faults: Fault) -> Iterator[Problem]:
    for column, wrong, key, *said in faults:
        if wrong.any():
            for (file, row), value in raw.loc[wrong.fillna(False).astype(bool), column].items():
                yield problem(key, *said, file=file, row=row, column=column, value=value)


def _unknown(raw: pd.DataFrame, column: str, known: Iterable[str]) -> Iterator[Problem]:
    names = list(known)
    for (file, row), value in raw.loc[~raw[column].isin(names), column].items():
        yield problem("unknown", nearest(value, names), file=file, row=row, column=column, value=value)


def _unknown_sources(raw: pd.DataFrame, known: Dictionary) -> Iterator[Problem]:
    """No other source is offered for one that is unknown: it may be published where this one is not."""
    yield from _each(raw, ("source", ~raw["source"].isin(known.sources["source"]), "unknown source"))


def _numbers(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts.where(texts.str.fullmatch(NUMBER)))


def _dates(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(
        texts.where(texts.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")), format="%Y-%m-%d", errors="coerce"
    )
