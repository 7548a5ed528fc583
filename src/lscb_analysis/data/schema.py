"""What a valid table is. `validate` reports every problem of all tables at once.

A table as read is a frame of strings that is `located`: its index says where each row stands.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from lscb_analysis.errors import InputError

COLUMNS = [
    *("time_period", "time_identifier", "period_start", "period_end"),
    *("geographic_level", "area_code", "area_name"),
    *("measure", "category", "value", "printed", "qualifier", "source"),
]
KEY = ["area_code", "time_period", "time_identifier", "period_end", "measure", "category", "source"]
DICTIONARY = {
    "measures": [
        *("measure", "title", "phrase", "label", "unit", "decimals", "counted", "scheme", "definition"),
        *("denominator", "denominator_source", "polarity", "smallest_change", "dispersion"),
        *("dispersion_source", "publication", "dfe_table", "role", "of"),
    ],
    "categories": ["scheme", "category", "label"],
    "sources": [
        *("source", "short", "publisher", "document", "section", "table", "release", "licence"),
        *("access", "published", "reference"),
    ],
    "derived": ["measure", "kind", "of", "by", "category"],
    "counted": ["counted", "kind"],
    "units": ["unit", "per", "exact", "negative", "most", "heading", "plural", "in_every"],
    "levels": ["level", "kind"],
    "calendars": ["identifier", "calendar", "begins", "shortest", "longest", "named"],
}
"""The files of the dictionary and their columns: what measures, categories, sources, what is counted, units,
geographic levels and calendars are, and which measures follow from others."""

ROLES = {
    "target": "what `of` is to reach",
    **dict.fromkeys(("more", "fewer"), "how far `of` is above or below an earlier period"),
    **dict.fromkeys(("mode", "mean", "range"), "a summary of ratings; its denominator counts the raters"),
    "false alarms": "simulated editions in which a change was called where there was none",
    "false calls": "the share of the calls in simulated editions that were false",
    "changes found": "simulated editions in which a change of the smallest visible size was called",
    "seed": "what the random numbers of a simulation were begun with",
}
"""What a measure may be (`role`) for another measure (`of`), besides a figure of its own."""

MADE = {
    "remainder": "what the parts `by` leave of `of`",
    "share": "`of` as a percentage of `by`",
    "attended": "marks `of` as a percentage of the marks `by`",
    "meetings": "the days of a calendar year with marks `of`",
    "turned": "`of` with its sign turned",
    "surplus": "the total of `of` less that of `by`",
    "percentage": "`by` per cent of a `category` of `of`",
}
"""How a measure of `derived.csv` is made."""

CHILDREN, DATES, SIMULATION = "children", "dates", "simulation"
"""What a measure counts: children and what befalls them, dates of events, what was simulated; or `others`."""

PUBLISHED, BOARD, LOCAL = "published", "board", "local"
"""The access of a source: out already; the board's own record, which a pack publishes first; or neither.

An empty cell is `LOCAL`. Of a published source `published` says in which month or on which day it came out,
and `reference` gives a public address or reference.
"""

_RESULTS = ["rules", "pages", "faults", "unjudged"]
"""What a check of the pages came to, in whole numbers."""

_TITLED = r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Cllr|Councillor|Sir|Dame|Rev)\b\.? [A-Z]"
"""Titles before a name, which a role has not."""

TEXTS = {
    "facts": ["fact", "edition", "chapter", "kind", "about", "said", "status", "source"],
    "assumptions": ["assumption", "edition", "chapters", "kind", "said", "owner", "date"],
    "commentary": ["chapter", "edition", "question", "who", "when", "text"],
    "glossary": ["term", "meaning", "source"],
    "plain_measures": ["measure", "title", "meaning", "who", "said"],
    "plain_facts": ["fact", "said"],
    "rounding": ["source", "levels", "nearest"],
    "accessibility": ["check", "edition", "what", "tool", "version", *_RESULTS, "date"],
    "approved": ["digest", "where", "reviewer", "date"],
}
"""The files of words and their columns; the first column is the key; of commentary all but its text are."""

_WORDY = ("about", "said", "status", "title", "meaning", "who")
"""Columns of words in which a figure has no place."""

RATING_COLUMNS = ["statement", "rater", "rating"]
"""The columns of a table of partners' ratings, which is nobody's to publish."""

KINDS = {
    "facts": ["priority", "plan", "action", "claim", "duty", "grade", "explanation"],
    "assumptions": ["assumption", "caveat"],
}
"""What a fact that is no figure may be, and what an entry of the log of assumptions."""

SYMBOLS = {
    "c": "confidential, withheld by the source",
    "x": "not available",
    "z": "not applicable",
    "low": "rounds to zero but is not",
    "k": "rounds to zero but is not",
    "u": "unreliable",
}
"""The symbols of the Analysis Function and the Department for Education, and what each means."""

COUNTRY = "country"
"""The kind of the geographic levels that areas are held beside; that of boards is `authority`."""

EVERY_CHAPTER = "all"
"""In the column `chapters` of the log of assumptions: the entry concerns all of them."""

EVERY_EDITION = "all"
"""In the column `edition` of a file of words: what is said holds for all of them."""

CHAPTER = "[0-9]{2}_[a-z0-9_]+"
"""The name of a chapter, after which its notebook and its page are named."""

QUALIFIERS = ["", "about", "nearly", "over", "at least", "at most"]
LONGEST_CELL = 10_000
UNSEEN = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
"""What no text may hold: controls, which cannot be shown, and what shows letters or digits in another order.

Marks of direction (U+061C, U+200E, U+200F) turn no digits round, and words that run from right to left may
need them. All else is text, and is shown as text.
"""
_IN_WORDS = "no one two three four five six seven eight nine ten eleven twelve"
"""Numbers that a source may print in words, from 0 on."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SECRET = (
    r"\b(?:confidential\w*|in confidence|official[\W_]+sensitive|sensitive|restricted|secret|privileged"
    r"|do not (?:share|publish|circulate|copy)|not for (?:publication|release|circulation|sharing)"
    r"|embargo\w*)\b"
)
_NOT_OUT = (
    r"\b(?:drafts?|internal\w*|(?:not|never|un)(?: yet)?(?: been)?[ -]?(?:published|released|public)"
    r"|pre-?release|pre-?publication|work in progress|leaked)\b"
)
"""Words of a source that contradict its access: of any that a pack may show, and of a published one."""
_NO_REFERENCE = (
    r"^(?:\W*|n/?a|none|unknown|not known|to follow|tb[acd])$"
    r"|^file:|\\|^[a-z]:|localhost|intranet|sharepoint|\.local\b|\b(?:127|10|192\.168)\.\d"
)
"""References that lead nobody to a source, or only those within."""

_OTHER_SYMBOL = r"\.{1,3}|[:*~–—-]|[<>≤≥] ?[0-9]+|n/?a|N/?A"
_SCIENTIFIC = r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+"
_RATING = r"[0-9](\.[0-9]{1,6})?"
_DAY = (
    r"[0-9]{1,2}[-/ ][A-Z][a-z]{2,8}([-/ ][0-9]{2,4})?|[A-Z][a-z]{2,8}[-/ ][0-9]{2,4}"
    r"|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}.*"
)
"""What a spreadsheet makes of ratings such as 2/3."""


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
        value = f"{_shortened(self.value)!r} " if self.value is not None else ""
        stop = "" if self.remedy.endswith((".", "?", "…")) else "."
        return f"{', '.join(where)}: {value}{self.what}. {self.remedy}{stop}"


class DataError(InputError, ValueError):
    """A table that cannot be used; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


Fault = tuple[str, pd.Series, str, str]
"""A column, which of its cells are wrong, what is wrong with them, and what to do."""


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
    """Return a sentence that offers the known name closest to `name`, or that has it within, or a few."""
    names = [str(candidate) for candidate in known if str(candidate)]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    within = [candidate for candidate in names if len(name) > 3 and name in candidate]
    if within and not difflib.get_close_matches(name, names, n=1, cutoff=0.75):
        close = within[:3]
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
        yield Problem(file, 1, column, None, "is missing", "Add the column, spelt exactly so")
    for column in there:
        if column not in columns:
            remedy = f"Take it out, or rename it. {nearest(str(column), columns)}"
            yield Problem(file, 1, str(column), None, "is not a column of this table", remedy)
    for column in raw.columns[raw.columns.duplicated()]:
        yield Problem(file, 1, str(column), None, "is there twice", "Take one of the two columns out")


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


_DIGITS, _PLAIN = r"[0-9]+(\.[0-9]+)?", "Write a plain number, or leave the cell empty"
_KEY = "Write small letters and digits without spaces, as the other keys"
_RECORDED = "Run make accessibility, which writes this file"
_MONTHS = ("[0-9]*", "is no number of months", "Write 3, or 0 for a day")
_WHOLE = ("[0-9]*", "is no whole number", "Write 100, or leave it empty")
_CHAPTERS = f"Write their names with a space between them, as 05_child_protection, or {EVERY_CHAPTER}"
FORMS = {
    "measures": {
        "measure": ("(?:[a-z][a-z0-9_]*)?", "is not a key", _KEY),
        "decimals": ("[0-9]", "is not a number", "Write a plain number"),
        "polarity": (
            *("(higher|lower) is better|neither", "is not known"),
            "Write 'higher is better', 'lower is better' or 'neither'",
        ),
        "smallest_change": (rf"(?:(?=.*[1-9]){_DIGITS})?", "is not a number above zero", _PLAIN),
        "dispersion": (rf"(?:(?=0*[1-9].*){_DIGITS})?", "is not a number from 1 upwards", _PLAIN),
    },
    "sources": {"source": ("(?:[a-z0-9][a-z0-9.-]*)?", "is not a key", _KEY)},
    "counted": {
        "kind": ("children|dates|simulation|others", "is no kind of what is counted", "Write children")
    },
    "levels": {"kind": ("|country|authority", "is no kind of level", "Write country, authority, or nothing")},
    "units": {"per": _WHOLE, "most": _WHOLE}
    | dict.fromkeys(("exact", "negative"), ("yes|no", "is neither yes nor no", "Write one of them")),
    "calendars": {
        "begins": ("(?:[01][0-9]-[0-3][0-9])?", "is no day of a year", "Write month and day, as 04-01"),
        "shortest": _MONTHS,
        "longest": _MONTHS,
    },
    "rounding": {"nearest": ("[1-9][0-9]*", "is no whole number above zero", "Give 10 for tens")},
    "assumptions": {
        "chapters": (f"{EVERY_CHAPTER}|{CHAPTER}( {CHAPTER})*", "does not name chapters", _CHAPTERS)
    },
    "accessibility": dict.fromkeys(_RESULTS, ("0|[1-9][0-9]*", "is not a whole number", _RECORDED)),
    "commentary": {
        "chapter": (CHAPTER, "is no chapter's name", "Write it as 05_child_protection"),
        "who": (
            *(rf"(?!.*{_TITLED})(?:the|an?) [^@]+|", "is no role"),
            "Say whose words they are without a name, as: the performance group",
        ),
    },
    "ratings": {
        "rating": (
            *(r"(?:[123](\.[05])?|4(\.0)?)?", "is no rating"),
            "Give 1, 2, 3 or 4 or a half point between, as 2.5; leave the cell empty where none was given",
        )
    },
    "approved": {
        "digest": (
            *("[0-9a-f]{16}", "is not the digest of a sentence"),
            "Copy the line that lscb check gives with the sentence",
        )
    },
}
"""How a cell of a file has to look, by file and column: its form, what is wrong otherwise, and what to do."""

FILLED = {
    "measures": ["measure", "title", "phrase", "label", "counted", "definition"],
    "sources": ["source", "short", "publisher", "document", "table"],
    "derived": ["measure", "of"],
    "units": ["unit", "heading", "plural"],
    "levels": ["level"],
    "calendars": ["identifier"],
    "facts": [column for column in TEXTS["facts"] if column != "status"],
    "ratings": RATING_COLUMNS[:2],
    "commentary": [column for column in TEXTS["commentary"] if column != "question"],
}
"""Columns that may have no empty cell, where others may."""

KEYS = {
    "categories": ["scheme", "category"],
    "calendars": ["identifier", "begins", "longest"],
    "commentary": TEXTS["commentary"][:-1],
    "ratings": RATING_COLUMNS[:2],
}
"""The columns that make a row of a file the only one, where that is not the first."""


def check_file(raw: pd.DataFrame, name: str) -> Iterator[Problem]:
    """Cells of a file of the dictionary, of words or of ratings: empty, of another form, or there twice."""
    columns = [*raw.columns] if name == "ratings" else (DICTIONARY | TEXTS)[name]
    yield from check_text(raw)
    yield from check_filled(raw, FILLED.get(name, columns))
    yield from check_unique(raw, KEYS.get(name, columns[:1]))
    for column, (form, what, remedy) in FORMS.get(name, {}).items():
        yield from _each(raw, (column, ~raw[column].str.fullmatch(form), what, remedy))
    for column in {"date", "when"} & {*columns}:
        remedy = _RECORDED if name == "accessibility" else "Write it as 2018-03-31"
        yield from _each(raw, (column, _dates(raw[column]).isna(), "is not a date", remedy))


def check_text(raw: pd.DataFrame) -> Iterator[Problem]:
    """Cells with characters that cannot be seen, stray spaces or far too much text."""
    cells = raw.stack()
    faults = [
        (cells.str.contains(UNSEEN), "holds a character that cannot be seen", "Type the cell again"),
        (cells != cells.str.strip(), "has spaces around it", "Take them out"),
        (cells.str.len() > LONGEST_CELL, f"is longer than {LONGEST_CELL:,} characters", "Shorten it"),
    ]
    for wrong, what, remedy in faults:
        for (file, row, column), cell in cells[wrong].items():
            yield Problem(file, row, column, cell, what, remedy)


def check_periods(raw: pd.DataFrame, calendars: pd.DataFrame) -> Iterator[Problem]:
    """Periods that are none, and dates that do not belong to the period they are filed under."""
    year = raw["time_period"].where(raw["time_period"].str.fullmatch(r"(19|20)[0-9][0-9]"))
    start, end = _dates(raw["period_start"]), _dates(raw["period_end"])
    elsewhere = year.notna() & end.notna() & (end.dt.year.astype("Int64").astype(str) != year)
    yield from _unknown(raw, "time_identifier", calendars["identifier"].unique())
    yield from _each(
        raw,
        ("time_period", year.isna(), "is not a year", "Write the year the period ends in, as 2018"),
        ("period_start", start.isna(), "is not a date", "Write it as 2018-03-31"),
        ("period_end", end.isna(), "is not a date", "Write it as 2018-03-31"),
        ("period_end", end < start, "comes before period_start", "Correct one of the two dates"),
        ("period_end", elsewhere, "is not in the year of time_period", "Correct one of the two"),
    )
    for name, lengths in calendars.groupby("identifier", sort=False):
        here = (raw["time_identifier"] == name) & (start <= end) & ~elsewhere
        if here.any():
            fitting = [_fits(length, start, end) for length in records(lengths)]
            wrong = here & ~pd.concat(fitting, axis="columns").any(axis="columns")
            remedy = f"Give {' or '.join(_asked(length) for length in records(lengths))}"
            yield from _each(raw, ("period_start", wrong, f"does not begin a {name!r} period", remedy))


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
    no_code, two = ~code.str.fullmatch(r"[A-Z][0-9]{8}"), "is not the name that this code has elsewhere"
    yield from _unknown(raw, "geographic_level", levels["level"])
    yield from _each(
        raw,
        ("area_code", no_code, "is not a nine-character area code", "Write the ONS code, as E06000033"),
        ("area_name", name == "", "is empty", "Name the area"),
        ("area_name", other, two, "Use one name for one code"),
    )


def check_names(raw: pd.DataFrame, dictionary: Dictionary) -> Iterator[Problem]:
    """Measures, categories, sources and qualifiers that the dictionary does not know."""
    yield from _unknown(raw, "measure", dictionary.measures["measure"])
    yield from _unknown_sources(raw, dictionary)
    yield from _unknown(raw, "qualifier", QUALIFIERS)
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
    mark, short = neither & value.str.fullmatch(_OTHER_SYMBOL), neither & value.str.fullmatch(_SCIENTIFIC)
    symbol = "Write what the source means by it: c for withheld, x for not available, z for not applicable"
    digits = "Give all its digits from the source: the spreadsheet that saved this has cut them"
    plain = f"Write a plain number, or one of {', '.join(SYMBOLS)}"
    below = (number < 0) & (units["negative"] == "no")
    limits = filter(None, units["most"].dropna().unique())
    above = {most: (units["most"] == most) & (number > int(most)) for most in limits}
    parted = (units["exact"] == "yes") & (number % 1 != 0) & number.notna()
    other = "Correct it, or use the measure that is a percentage or a rate"
    faults = (
        (mark, "is a mark that sources use in several ways", symbol),
        (short, "is a number in short form", digits),
        (neither & ~mark & ~short, "is neither a number nor a symbol", plain),
        (below, "is below zero", "Only an amount of money can be"),
        *((of, f"is above {most}, the most of its unit", "Correct the figure") for most, of in above.items()),
        (parted, "is a count that is not a whole number", other),
    )
    yield from _each(raw, *(("value", *fault) for fault in faults))


def check_printed(raw: pd.DataFrame) -> Iterator[Problem]:
    """Figures whose value is not the number printed: each is typed twice, to catch the slip of a key."""
    printed = raw["printed"].str.replace(r"^\+|[,£%]", "", regex=True)
    words = {word: at for at, word in enumerate(_IN_WORDS.split())}
    said, number = _numbers(printed).fillna(printed.str.lower().map(words)), _numbers(raw["value"])
    mark = raw["printed"].isin(list(SYMBOLS)) | ~raw["printed"].str.contains("[A-Za-z0-9]")
    marked, symbol = number.notna() & mark & (raw["printed"] != ""), raw["value"].isin(list(SYMBOLS))
    check, give = "Check both against the source", "Give in value the symbol that the mark stands for"
    faults = (
        (raw["printed"] == "", "is empty", "Give the text as it stands in the source"),
        (number.notna() & said.notna() & (said != number), "is not the number in value", check),
        (marked, "is a mark where value is a number", give),
        (said.notna() & symbol, "is a number where value is a symbol", check),
    )
    yield from _each(raw, *(("printed", *fault) for fault in faults))


def check_as_printed(raw: pd.DataFrame, dictionary: Dictionary) -> Iterator[Problem]:
    """Figures printed from which a spreadsheet took decimals, or that it turned into a date or a percentage.

    A bare number has the decimals of its measure, since the verdict on it rests on them. A source that prints
    fewer says so itself: by a percent sign in a sentence; and ratings are given as they were made, 3 or 2.5.
    """
    printed, unit = raw["printed"], raw["measure"].map(lookup(dictionary.measures, "unit"))
    bare = printed.str.replace(r"[,£]", "", regex=True)
    places = bare.str.rstrip("%").str.partition(".")[2].str.len()
    due = pd.to_numeric(raw["measure"].map(lookup(dictionary.measures, "decimals")), errors="coerce")
    lost = bare.str.fullmatch(_NUMBER) & (unit != "score") & (places < due)
    more = bare.str.fullmatch(r".*\.[0-9]*0%") & (places > raw["value"].str.partition(".")[2].str.len())
    day = printed.str.fullmatch(_DAY)
    rating = printed.str.fullmatch(rf"none|{_RATING}(/{_RATING})+")
    rating = rating.where(raw["value"] == "z", printed.str.fullmatch(_RATING))
    told = (unit == "score") & ~raw["value"].isin(["x", "c"]) & ~day & (printed != "")
    given = "Give it as the source prints it"
    zero = f"{given}, as 66.0: a spreadsheet takes the last 0 away when it saves"
    dated = f"{given}: a spreadsheet makes a date of ratings such as 2/3"
    faults = (
        (lost, "has lost a decimal", zero),
        (more, "has more decimals than value", given),
        (day, "is a date in place of a figure", dated),
        (told & ~rating, "is no rating", "Write 2.5, or 2/3 with z in value for a tie"),
    )
    yield from _each(raw, *(("printed", *fault) for fault in faults))
    yield from _check_alike(raw, bare, ~lost)


def _check_alike(raw: pd.DataFrame, bare: pd.Series, unsaid: pd.Series) -> Iterator[Problem]:
    """A source that prints 103.0 or +34% prints all that it has of a measure so: `bare` are its prints."""
    whole = unsaid & bare.str.fullmatch("[0-9]*[1-9][0-9]*%?")
    for what, kept in (("decimal", r"\.0+%?$"), ("plus sign", r"^\+")):
        others = bare.str.contains(kept).groupby([raw["measure"], raw["source"]]).transform("any")
        said = f"has lost a {what} that other figures of its measure and source have"
        yield from _each(raw, ("printed", whole & others, said, "Give all of them as the source prints them"))


def check_sources(sources: pd.DataFrame) -> Iterator[Problem]:
    """Sources whose access is none, that lack what makes them published, or whose words contradict it.

    No remedy names an access that would let more out.
    """
    access = sources["access"]
    none = ~access.isin(["", PUBLISHED, BOARD, LOCAL])
    remedy = "Leave it empty, which means local, until you know who may see these figures"
    yield from _each(sources, ("access", none, "is no access", remedy))
    out = sources[access == PUBLISHED]
    yield from check_filled(out, ["release", "published", "reference"])
    day = _dates(out["published"].where(out["published"].str.len() != 7, out["published"] + "-01"))
    undated, early = (out["published"] != "") & day.isna(), day > pd.Timestamp.now()
    nowhere = (out["reference"] != "") & out["reference"].str.contains(_NO_REFERENCE, case=False)
    wait = "What is not out yet is local: leave access empty until it is"
    month = "Write the month or the day on which it came out, as 2018-11 or 2018-11-16"
    found = "Give an address or a reference by which anybody finds it; without one it is local"
    yield from _each(
        out,
        ("published", undated, "is neither a month nor a day", month),
        ("published", early, "is still to come", wait),
        ("reference", nowhere, "is no public address or reference", found),
    )
    remedy = "Leave access empty, which means local: these words say that it is not for everyone"
    for rows, words in ((sources[access.isin([PUBLISHED, BOARD])], _SECRET), (out, _NOT_OUT)):
        for column in rows.columns.difference(["source", "access", "published", "licence"], sort=False):
            plain = rows[column].map(lambda cell: unicodedata.normalize("NFKC", cell).replace("_", " "))
            wrong = plain.str.contains(words, case=False)
            yield from _each(rows, (column, wrong, "contradicts its access", remedy))


def check_access(raw: pd.DataFrame, dictionary: Dictionary) -> Iterator[Problem]:
    """Rows that no pack may show: those of local sources, and counts of children that only the board has.

    Each source is one problem in a file, with its rows; no value is told.
    """
    access = raw["source"].map(lookup(dictionary.sources, "access", "source"))
    local = access.isin(["", LOCAL])
    what = "is local, and local figures have no way into a pack yet"
    remedy = "Take these rows out of data/, and keep them out of the project"
    yield from _by_source(raw[local], what, remedy)
    if "measure" in raw.columns:
        counted = raw["measure"].map(lookup(dictionary.measures, "counted"))
        known = dictionary.counted
        others = known.loc[known["kind"] != CHILDREN, "counted"]
        children = (access == BOARD) & counted.notna() & ~counted.isin(list(others))
        what = "is the board's own record and counts children, which nobody has published"
        yield from _by_source(raw[children], what, remedy)


def _by_source(raw: pd.DataFrame, what: str, remedy: str) -> Iterator[Problem]:
    for (file, source), rows in raw.groupby([raw.index.get_level_values("file"), raw["source"]]):
        at = runs(rows.index.get_level_values("row"))
        yield Problem(file, None, "source", source, f"in {at} {what}", remedy)


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
    yield from _unknown(measures, "role", ["", *ROLES])
    yield from _unknown(measures, "scheme", ["", *dictionary.categories["scheme"].unique()])
    for column in ("of", "denominator"):
        yield from _unknown(measures, column, ["", *measures["measure"]])
    alone = measures["role"].isin(["more", "fewer"]) & (measures["of"] == "")
    unsourced = (measures["dispersion"] != "") & (measures["dispersion_source"] == "")
    yield from _each(
        measures,
        ("of", alone, "is empty", "Name the measure that it says this of"),
        ("dispersion_source", unsourced, "is empty", "Say where the dispersion comes from"),
    )


def check_derived(dictionary: Dictionary) -> Iterator[Problem]:
    """Measures that follow from others in no way that is known, or from others that are not."""
    derived, known = dictionary.derived, set(dictionary.measures["measure"])
    yield from _unknown(derived, "kind", MADE)
    for column in ("measure", "of", "by"):
        named = derived[column].str.split().explode().dropna().to_frame()
        yield from _unknown(named, column, known)
    schemes = derived["of"].map(lookup(dictionary.measures, "scheme"))
    for scheme, rows in derived[derived["category"] != ""].groupby(schemes):
        of_scheme = dictionary.categories["scheme"] == scheme
        yield from _unknown(rows, "category", dictionary.categories.loc[of_scheme, "category"])


def validate_text(raw: pd.DataFrame, known: Dictionary, name: str) -> list[Problem]:
    """Return every problem of a file of words: `name` is its key in `TEXTS`."""
    columns = TEXTS[name]
    return [*check_columns(raw, columns)] or [
        *check_file(raw, name),
        *(_unknown(raw, "kind", KINDS[name]) if name in KINDS else ()),
        *((*_unknown_sources(raw, known), *check_access(raw, known)) if "source" in columns else ()),
        *(_unknown(raw, "measure", known.measures["measure"]) if "measure" in columns else ()),
        *check_wordy(raw, [column for column in _WORDY if column in columns]),
    ]


def validate_ratings(raw: pd.DataFrame) -> list[Problem]:
    """Return every problem of a table of partners' ratings, as read: all cells still strings, none quoted."""
    problems = [*check_columns(raw, RATING_COLUMNS)] or [*check_file(raw, "ratings")]
    return sorted((replace(found, value=None) for found in problems), key=lambda found: found.row or 0)


def check_wordy(raw: pd.DataFrame, columns: list[str]) -> Iterator[Problem]:
    """Words that hold a figure, which belongs in a table where it can be checked."""
    for column in columns:
        wrong = raw[column].str.contains(r"(?<!section )(?<!Act )\b[0-9]+\b(?! of the)", regex=True)
        remedy = "Put the figure into a table of figures, and say here what it is about"
        yield from _each(raw, (column, wrong, "holds a figure", remedy))


def check_filled(raw: pd.DataFrame, columns: list[str]) -> Iterator[Problem]:
    """Cells that must not be empty."""
    yield from _each(raw, *((column, raw[column] == "", "is empty", "Fill it in") for column in columns))


def check_unique(raw: pd.DataFrame, key: list[str]) -> Iterator[Problem]:
    """Rows whose key stands more than once, in one table or in two."""
    keyed = raw[key].reset_index()
    for value, rows in keyed[keyed.duplicated(key, keep=False)].groupby(key, sort=False):
        *before, (file, last) = zip(rows["file"], rows["row"], strict=True)
        own = [str(row) for other, row in before if other == file]
        others = [f"row{'s' if own[1:] else ''} {' and '.join(own)}"] if own else []
        others += [f"{other}, row {row}" for other, row in before if other != file]
        what = f"stands in {' and '.join(others)} already"
        remedy = "Keep one of them, or correct the wrong one"
        yield Problem(file, last, ", ".join(key), " / ".join(value), what, remedy)


def _each(raw: pd.DataFrame, *faults: Fault) -> Iterator[Problem]:
    for column, wrong, what, remedy in faults:
        if wrong.any():
            for (file, row), value in raw.loc[wrong.fillna(False).astype(bool), column].items():
                yield Problem(file, row, column, value, what, remedy)


def _unknown(raw: pd.DataFrame, column: str, known: Iterable[str]) -> Iterator[Problem]:
    names = list(known)
    for (file, row), value in raw.loc[~raw[column].isin(names), column].items():
        yield Problem(file, row, column, value, "is not known", nearest(value, names))


def _unknown_sources(raw: pd.DataFrame, known: Dictionary) -> Iterator[Problem]:
    """No other source is offered for one that is unknown: it may be published where this one is not."""
    remedy = "Correct its name, or add a row for it to sources.csv of the board's folder"
    strange = ~raw["source"].isin(known.sources["source"])
    yield from _each(raw, ("source", strange, "is not known", remedy))


def _numbers(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts.where(texts.str.fullmatch(_NUMBER)))


def _dates(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(
        texts.where(texts.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")), format="%Y-%m-%d", errors="coerce"
    )


def _shortened(value: str | None) -> str:
    text = value or ""
    return text if len(text) <= 60 else f"{text[:57]}…"
