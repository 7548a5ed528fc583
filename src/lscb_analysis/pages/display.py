"""One figure as a reader sees it: rounded, and bound in the HTML to what it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, TypeVar, cast
from unicodedata import bidirectional

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lscb_analysis.data import (
    CHAPTER,
    calendars,
    known_sources,
    labels,
    measures,
    records,
    source_names,
    units,
)
from lscb_analysis.figure import BEFORE, Figure, Row, column, defined, unit
from lscb_analysis.statistics import AS_PRINTED, decimals, rounded

MINUS = "\N{MINUS SIGN}"

OF_ALL = "*"
"""The question of a claim that is made of all comparisons of an edition together."""

LONGEST_NAME = 54
"""A drawing shows no more letters of a name than this."""

SHEETS = "application/vnd.lscb.tables+json"
"""The form of a display in a notebook that holds its tables as data."""

_ISOLATE, _ISOLATED = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
ISOLATES = dict.fromkeys(map(ord, (_ISOLATE, _ISOLATED)))
"""Marks that keep words of another direction to themselves, which a reader does not see."""

_PAGE, _NOTEBOOK = (re.compile(rf'(href="{CHAPTER})\.{suffix}(?=")') for suffix in ("html", "ipynb"))
"""A link to the page of a chapter, or to its notebook."""


Show = TypeVar("Show", bound=Callable[..., "Display"])


@dataclass(frozen=True)
class Display:
    """Something a chapter shows: HTML, the same as plain text, and for a table its CSV.

    JupyterLab and nbconvert ask for it by `_repr_mimebundle_`: the HTML comes with the style that it needs in
    a notebook, which `on_page` takes away. `name` is its own on a page.
    """

    html: Markup
    kind: str
    name: str = ""
    caption: str = ""
    csv: str = ""
    sheets: tuple[dict[str, Any], ...] = ()
    """Its tables as data, for a spreadsheet: see `tables.render`."""

    @property
    def text(self) -> str:
        return self.html.striptags()

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle: dict[str, Any] = {"text/plain": self.text, "text/html": _in_notebook(self.html)}
        if self.csv:
            bundle |= {"text/csv": self.csv, SHEETS: list(self.sheets)}
        return bundle, {"lscb": {"kind": self.kind, "name": self.name, "caption": self.caption}}


@cache
def templates() -> Environment:
    """Return the environment of the package's templates; what is put into them is escaped."""
    loader = PackageLoader("lscb_analysis.pages")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def on_page(html: str) -> str:
    """Return the HTML of a display in a notebook as it stands on a page, which has a style of its own."""
    before, after = _around()
    if not html.startswith(before):
        return html
    return _NOTEBOOK.sub(r"\1.html", html.removeprefix(before).removesuffix(after))


def _in_notebook(html: Markup) -> str:
    """The HTML of a display with its style; links to pages of chapters lead to their notebooks."""
    before, after = _around()
    return before + _PAGE.sub(r"\1.ipynb", str(html)) + after if html else ""


@cache
def _around() -> tuple[str, str]:
    """What stands before and after a display in a notebook; each has the style, for each is run by itself."""
    style = re.sub(r"\s*\n\s*", "", templates().get_template("notebook.css").render())
    return f'<div class="lscb mathjax_ignore"><style>{style}</style>', "</div>"


def in_every() -> dict[str, str]:
    """Return units as plain words have them, to stand between a figure and who is counted."""
    return {unit: said["in_every"] for unit, said in units().items() if said["in_every"]}


def if_any(releases: int = 1) -> Callable[[Show], Show]:
    """Make of a display one that shows nothing where one of its first so many releases has no rows.

    A section that would show nothing else leaves the page.
    """

    def made(show: Show) -> Show:
        @wraps(show)
        def shown(*given: Any, **named: Any) -> Display:
            if any(release.frame.empty for release in given[:releases]):
                return Display(Markup(""), "note")
            return show(*given, **named)

        return cast(Show, shown)

    return made


def number(value: float, places: int) -> str:
    """Return a number rounded half away from zero, thousands separated; a true zero is `0`.

    What rounds to zero but is not is `[low]`.
    """
    figure = rounded(value, places)
    if figure == 0:
        return "0" if value == 0 else "[low]"
    return f"{figure:,.{places}f}".replace("-", MINUS)


def percent(confidence: float) -> str:
    """Return a confidence as a reader sees it: 95% for 0.95, 99.8% for 0.998."""
    return f"{100 * confidence:.4g}%"


def isolated(words: str) -> str:
    """Return words of the data, closed off if some run from right to left, so that no neighbour is turned.

    A number after such a word would else be shown before it (Unicode Standard Annex 9, first strong isolate).
    """
    turns = any(bidirectional(letter) in ("R", "AL", "AN") for letter in words)
    return f"{_ISOLATE}{words}{_ISOLATED}" if turns else words


def shortened(words: str) -> str:
    """Return a name cut to what a drawing has room for; the table beside it has it whole."""
    if len(words) <= LONGEST_NAME:
        return words
    return f"{words[: LONGEST_NAME - 1]}…{_ISOLATED if words.startswith(_ISOLATE) else ''}"


def told(row: Row, statistic: str) -> str:
    """Return a statistic of `row` as a sentence has it: `less than 1%` where a table has `[low]`.

    A change that may go either way, and rounds to no change, is `almost 0`.
    """
    shown = text(row, statistic)
    if shown != "[low]":
        return shown
    if statistic.startswith("change"):
        return "almost 0"
    sign = "%" if unit(row, statistic) == "%" else ""
    return f"less than {10.0 ** -places(row, statistic):.{places(row, statistic)}f}{sign}"


def text(row: Row, statistic: str) -> str:
    """Return a statistic of `row` as text, with `%` where it is one, or its symbol in brackets."""
    value = row[column(statistic)]
    if pd.isna(value):
        status = row.get("status_before") if statistic.endswith(BEFORE) else row.get("status")
        status = status or (row.get("status_before") if defined(statistic).of_change else "") or "x"
        return f"[{status}]"
    if np.isinf(value):
        return "none"
    shown = number(value, places(row, statistic))
    of = unit(row, statistic)
    if of == "probability" and shown in ("0", "[low]"):
        least = places(row, statistic)
        return f"less than {10**-least:.{least}f}"
    if of == "£" and shown != "[low]":
        return f"{MINUS if shown.startswith(MINUS) else ''}£{shown.removeprefix(MINUS)}"
    return f"{shown}%" if of == "%" and shown != "[low]" else shown


def places(row: Row, statistic: str) -> int:
    """Return how many decimals a statistic of `row` is shown with: as printed, else those of its measure."""
    of = defined(statistic)
    if of.decimals == "itself":
        return decimals(f"{row[statistic]:g}")
    if isinstance(of.decimals, int):
        finer = of.finer_below is not None and row[column(statistic)] < of.finer_below
        return of.decimals + finer
    if of.unit == "change" and row["change_unit"] == "%":
        return 0
    if of.decimals == "printed":
        return max(decimals(row["printed"]), int(measures().at[row["measure"], "decimals"]))
    suffix = BEFORE if statistic.endswith(BEFORE) else ""
    as_printed = str(row.get(f"method{suffix}")).startswith(AS_PRINTED) and f"printed{suffix}" in row
    if statistic == f"value{suffix}" and as_printed:
        return decimals(row[f"printed{suffix}"])
    return int(measures().at[row["measure"], "decimals"])


def bind(row: Row, statistic: str, shown: str | None = None) -> Markup:
    """Return a statistic of `row` as a `<data>` element that says what it is.

    `shown` replaces the number by a word that agrees with it, such as "fell". Statistics are
    the columns of the row, `change_lower` and `change_upper` for the interval of a change, and `size`
    for a change without its sign.
    """
    value = row[column(statistic)]
    if pd.isna(value):
        return Markup('<span data-status="{}">{}</span>').format(
            text(row, statistic)[1:-1], text(row, statistic)
        )
    words = shown if shown is not None else told(row, statistic)
    before = qualifier(row, statistic) if shown is None else ""
    return Markup("{}{}").format(before, Figure.of_row(row, statistic).html(words))


def qualifier(row: Row, statistic: str = "value") -> str:
    """Return how the source qualifies a figure (about, nearly, over), to stand before it; mostly nothing."""
    said = row.get("qualifier") if statistic == "value" else ""
    return f"{said} " if isinstance(said, str) and said else ""


def by_method(method: str, words: str | Markup) -> Markup:
    """Return words that rest on a method, marked with its name."""
    return Markup('<span data-method="{}">{}</span>').format(method, words)


def claim(row: Row, words: str) -> Markup:
    """Return words that claim what a verdict says, marked with its question, or with `OF_ALL`."""
    return Markup('<span data-claim="{}">{}</span>').format(row["question"], words)


def name(words: str) -> Markup:
    """Return a name that may hold a number (of an age group, a period) marked as one."""
    return Markup('<span data-name="label">{}</span>').format(words)


def day(date: pd.Timestamp) -> Markup:
    """Return a date in words, as a `<time>` element."""
    return Markup('<time datetime="{:%Y-%m-%d}">{} {:%B %Y}</time>').format(date, date.day, date)


def when(row: Row, before: bool = False) -> Markup:
    """Return when a row's figure holds, to follow a verb: at a date, in a month, in a year, from … to …."""
    start, end = _dates(row, before)
    if pd.isna(end):
        return Markup("in the earlier period")
    if start == end:
        return Markup("at {}").format(day(end))
    if (end - start).days < 31:
        return Markup('in <time datetime="{:%Y-%m}">{:%B %Y}</time>').format(end, end)
    if term := _term(row):
        return Markup('in <span data-name="period">{} {:%Y}</span>').format(term, end)
    if _months(start, end) == 3:
        return Markup("in the quarter ending {}").format(day(end))
    if _months(start, end) == 12:
        return Markup("in the year ending {}").format(day(end))
    return Markup("from {} to {}").format(day(start), day(end))


def _term(row: Row) -> str:
    """The name of a term, as spring; nothing for a period that its dates name."""
    identifier = row.get("time_identifier")
    return next((of["named"] for of in calendars() if of["identifier"] == identifier), "")


def when_named(row: Row, before: bool = False) -> Markup:
    """Return when a row's figure holds, the period named as in tables: at 31 March 2018, in 2017 to 2018."""
    start, end = _dates(row, before)
    named = period(row, before)
    how = "at" if start == end else "from" if named.startswith(f"{start.day} ") else "in"
    return Markup("{} {}").format(how, name(named))


def period(row: Row, before: bool = False) -> str:
    """Return the period of a row as a table names it: `31 March 2018`, `2017 to 2018`, `December 2018`."""
    start, end = _dates(row, before)
    if pd.isna(end):
        return "the earlier period"
    if start == end:
        return f"{end.day} {end:%B %Y}"
    if (end - start).days < 31:
        return f"{end:%B %Y}"
    if term := _term(row):
        return f"{term} {end:%Y}"
    if _months(start, end) == 3:
        return f"{start:%B} to {end:%B %Y}"
    if _months(start, end) == 12:
        return f"{start.year} to {end.year}" if start.year < end.year else f"{end.year}"
    return f"{start.day} {start:%B %Y} to {end.day} {end:%B %Y}"


def periods(frame: pd.DataFrame) -> str:
    """Return the periods of a frame in words: all of them if they are few, else the first and the last."""
    columns = [column for column in frame.columns if column.startswith(("period_", "time_identifier"))]
    rows = records(frame[columns].drop_duplicates(["period_end", "period_start"]))
    rows.sort(key=lambda row: (row["period_end"], row["period_start"]))
    if "period_end_before" in frame.columns:
        return f"{period(rows[0], before=True)} and {period(rows[0])}"
    names = [period(row) for row in rows]
    if len(names) > 3:
        return f"from {names[0]} until {names[-1]}"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def areas(frame: pd.DataFrame) -> str:
    """Return the areas of a frame in words, in its order; with their codes where two have one name."""
    named = _coded if frame["area_code"].nunique() > frame["area_name"].nunique() else area
    return " and ".join(dict.fromkeys(named(row) for row in records(frame)))


def subjects(frame: pd.DataFrame) -> str:
    """Return what a frame measures in words: its measures, or who is counted if those are many."""
    titles = dict.fromkeys(isolated(measures().at[measure, "title"]) for measure in frame["measure"].unique())
    counted = " and ".join(dict.fromkeys(frame["counted"]))
    return "; ".join(titles) if len(titles) <= 3 else f"{counted[0].upper()}{counted[1:]}"


def series(row: Row) -> str:
    """Return the short name of a row's series: its category, or its measure's label."""
    return category(row) if row["category"] != "Total" else isolated(measures().at[row["measure"], "label"])


def _coded(row: Row) -> str:
    return f"{area(row)} ({row['area_code']})"


def as_coded_last(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `frame` without those of an area that was recoded later: it is another."""
    ordered = frame.sort_values("period_end", kind="stable")
    last = dict(zip(ordered["area_name"], ordered["area_code"], strict=True))
    return frame[frame["area_code"] == frame["area_name"].map(last)]


def naming(frame: pd.DataFrame) -> Callable[[Row], str]:
    """Return what tells the series of `frame` apart: their names, their areas, or both."""
    if frame["area_code"].nunique() == 1:
        return series
    if frame["area_name"].nunique() == 1:
        return lambda row: f"{series(row)}, {_coded(row)}"
    if len(frame.drop_duplicates(["measure", "category"])) == 1:
        return area
    return lambda row: f"{series(row)}, {area(row)}"


def category(row: Row) -> str:
    """Return the label of a row's category."""
    scheme = str(measures().at[row["measure"], "scheme"])
    return isolated(labels().get((scheme, row["category"]), str(row["category"])))


def area(row: Row) -> str:
    """Return the name of a row's area."""
    return isolated(row["area_name"])


def sources_of(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Return what the dictionary says of every source that `frame` draws on, in its order."""
    named = source_names(frame)
    return [source for source in known_sources() if source["source"] in named]


def _months(start: pd.Timestamp, end: pd.Timestamp) -> int:
    """How many whole months a period is long, or zero if it is not made of whole months."""
    whole = start.day == 1 and (end + pd.Timedelta("1D")).day == 1
    return 12 * (end.year - start.year) + end.month - start.month + 1 if whole else 0


def _dates(row: Row, before: bool) -> tuple[pd.Timestamp, pd.Timestamp]:
    suffix = BEFORE if before else ""
    return row[f"period_start{suffix}"], row[f"period_end{suffix}"]
