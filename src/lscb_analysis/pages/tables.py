"""Releases to tables: every cell bound to its figure, with the same rows as CSV to take away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from lscb_analysis.data import SYMBOLS, measures, records, rounded_to, units
from lscb_analysis.editions import NOT_COMPARED
from lscb_analysis.figure import BEFORE, Row, unit
from lscb_analysis.pages.display import (
    ISOLATES,
    LONGEST_NAME,
    Display,
    area,
    areas,
    as_coded_last,
    bind,
    category,
    claim,
    if_any,
    isolated,
    name,
    number,
    percent,
    period,
    periods,
    places,
    qualifier,
    series,
    sources_of,
    subjects,
    templates,
    text,
    when_named,
)
from lscb_analysis.pages.sentences import credit
from lscb_analysis.pages.words import from_nothing
from lscb_analysis.release import Release
from lscb_analysis.statistics import significant

UNROUNDED = (
    "changes are worked out before rounding, so the last digit may differ from that of the figures shown."
)


WORKED_OUT = "this pack works these figures out from the numbers; they are not copied from the source."
ROUNDED = (
    "the source rounds each number, so the categories need not add up to their total; which category the "
    "difference belongs to is not stated."
)

MOST_TITLES = 3
"""A caption names no more measures than this."""

FORMULA = re.compile(r"[ \ufeff]*[=+\-@\t\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(£?[0-9][0-9,]*(\.[0-9]+)?%?)?")

_TABLE = templates().get_template("table.html.j2")

SERIES = ["measure", "category", "area_name"]


_ENDS = {"to": (", from", ", to"), "of": (", number", ", out of")}
"""What two headings of a spreadsheet end with where a cell has two figures: `40 to 51`, `5 of 6`."""


@dataclass(frozen=True)
class Column:
    """A column: its title with its unit, how a row fills it, whether it heads the row or holds words.

    Where `then` gives a second figure the cell has both, with the word `between` them. `statistic` says which
    column of the frame it shows, if that has the unit of the table.
    """

    title: str
    cell: Callable[[Row], Markup]
    heads: bool = False
    words: bool = False
    then: Callable[[Row], Markup] = lambda _: Markup("")
    between: str = "to"
    statistic: str = ""

    @property
    def figures(self) -> bool:
        return not (self.heads or self.words)


AREA = Column("Area", lambda row: escape(area(row)), heads=True)


@if_any()
def rows(release: Release) -> Display:
    """Return a release of estimates as a table, a row for each figure, the periods of a series together.

    >>> lscb.tabulate.rows(pack.estimates("plans")).caption
    'Children who were the subject of a child protection plan, ..., 31 March 2016, ...'
    """
    order = {key: pd.Categorical(release.frame[key], release.frame[key].unique()) for key in SERIES}
    sorted_keys = release.frame.assign(**order).sort_values([*SERIES, "period_end"], kind="stable")
    frame = release.frame.loc[sorted_keys.index]
    heads = {
        "measure": Column("Measure", lambda row: escape(series(row)), heads=True),
        "category": Column("Category", lambda row: escape(category(row)), heads=True),
        "area_name": AREA,
        "period_end": Column("Period", lambda row: escape(period(row)), heads=True),
    }
    dates = frame["period_start"].astype(str) + frame["period_end"].astype(str)
    varying = [head for key, head in heads.items() if frame.assign(period_end=dates)[key].nunique() > 1]
    first = frame.iloc[0]
    figures = [_bound(_statistic(first["unit"]), "value"), *_interval(frame, "lower", "upper")]
    if frame["denominator"].notna().any():
        figures = [
            _bound(f"Number ({first['counted']})", "numerator"),
            _bound("Out of", "denominator"),
            *figures,
        ]
    heading = varying or [heads["period_end"]]
    return _table(frame, [*heading, *figures], "figures", frame, *_notes(frame))


def _notes(frame: pd.DataFrame) -> list[str]:
    """What is to be said of figures that no source prints, and of parts that miss their whole."""
    if "printed" not in frame.columns or "numerator" not in frame.columns:
        return []
    made = frame["value"].notna() & (frame["unit"] == frame["measure"].map(measures()["unit"]))
    made &= frame["unit"].str.match("%|per") & (frame["printed"] == "")
    mix = frame[(frame["category"] != "Total") & frame["denominator"].notna() & (frame["unit"] == "%")]
    wholes = mix.groupby(["measure", "area_code", "period_start", "period_end"])
    differs = wholes["numerator"].sum() != wholes["denominator"].max()
    rounded = (rounded_to(mix) > 0).any() and (differs & ~wholes["numerator"].agg(_any_missing)).any()
    return [note for note, said in ((WORKED_OUT, made.any()), (ROUNDED, rounded)) if said]


def _any_missing(numbers: pd.Series) -> bool:
    return bool(numbers.isna().any())


@if_any()
def by_period(release: Release) -> Display:
    """Return a release of estimates as a table with a row for each series and a column for each period.

    >>> shown = lscb.tabulate.by_period(pack.estimates("abuse"))
    >>> [column["head"] for column in shown.sheets[0]["columns"]]
    ['Category', '2015 to 2016 (%)', '2016 to 2017 (%)', '2017 to 2018 (%)']
    """
    frame = release.frame
    firsts = records(frame.drop_duplicates("period_end").sort_values("period_end"))
    columns = _across(frame, SERIES, "period_end", {row["period_end"]: period(row) for row in firsts})
    single = len(frame.drop_duplicates(SERIES[:2])) == 1
    several = frame["area_name"].nunique() > 1
    heads = [*([] if single and several else [_head(frame)]), *([AREA] if several else [])]
    return _table(frame, [*heads, *columns], "by-period", frame.drop_duplicates(SERIES), *_notes(frame))


@if_any()
def by_measure(release: Release) -> Display:
    """Return a release with a row for each category and a column for each measure, or two for a share.

    A column has one number of decimals. Figures that tie, as a mode of `2/3`, stand as printed.

    >>> shown = lscb.tabulate.by_measure(pack.stated(pack.load("duties_mode", "duties_mean")))
    >>> [column["head"] for column in shown.sheets[0]["columns"]]
    ['Category', 'Mode', 'Mean']
    """
    frame = release.frame
    figures = {(row["measure"], row["category"]): row for row in records(frame)}
    columns = [Column("Category", lambda row: escape(category(row)), heads=True)]
    for measure, rows in frame.groupby("measure", sort=False):
        if rows["denominator"].notna().any():
            counts = _each(figures, measure, partial(bind, statistic="numerator"))
            wholes = _each(figures, measure, partial(bind, statistic="denominator"))
            columns.append(Column(_label(measure), counts, then=wholes, between="of", statistic="numerator"))
        places = max(_decimals(row) for row in records(rows))
        title = _title(_label(measure), rows["unit"].iloc[0]).replace(" (score)", "")
        evenly = _each(figures, measure, partial(_evenly, places=places))
        columns.append(Column(title, evenly, statistic="value"))
    return _table(frame, columns, "by-measure", frame.drop_duplicates("category"))


@if_any()
def marks(release: Release) -> Display:
    """Return a register as a table: a row for each category, a column for each day, its marks as printed.

    >>> lscb.tabulate.marks(pack.stated(pack.load("board_attended"))).caption
    'Attendance of each seat at each meeting of the board, ..., from 21 September 2017 ...'
    """
    frame = release.frame
    figures = {(row["period_end"], row["category"]): row for row in records(frame)}
    days = records(frame.drop_duplicates("period_end").sort_values("period_end"))
    columns = [Column("Seat", lambda row: escape(category(row)), heads=True)]
    columns += [
        Column(_short_day(day), _each(figures, day["period_end"], _mark), statistic="value") for day in days
    ]
    told = records(frame[frame["value"].notna()].drop_duplicates("measure"))
    words = "; ".join(f"{row['printed']} means {_label(row['measure']).lower()}" for row in told)
    notes = [f"{words}."] if words else []
    return _table(frame, columns, "marks", frame.drop_duplicates("category"), *notes)


@if_any()
def by_area(release: Release) -> Display:
    """Return a release of estimates as a table with a row for each series and a column for each area.

    >>> shown = lscb.tabulate.by_area(pack.stated(lscb.agreed(pack.load("eal_primary", areas="comparators"))))
    >>> [column["head"] for column in shown.sheets[0]["columns"]]
    ['Measure', '... (%)', 'England (%)']
    """
    frame, key = release.frame, [*SERIES[:2], "period_end"]
    columns = _across(frame, key, "area_name", {name: isolated(name) for name in frame["area_name"].unique()})
    heads = [_head(frame), Column("Period", lambda row: escape(period(row)), heads=True)]
    varying = heads if frame["period_end"].nunique() > 1 else heads[:1]
    return _table(frame, [*varying, *columns], "by-area", frame.drop_duplicates(key))


@if_any()
def changes(release: Release) -> Display:
    """Return a release of comparisons as a table, a row for each, the largest rise first.

    >>> lscb.tabulate.changes(pack.mix_changes("abuse")).caption
    'Change in child protection plans starting in the year by category of abuse, ..., ...'
    """
    frame = release.frame.sort_values("change", ascending=False, kind="stable", na_position="last")
    first = frame.iloc[0]
    columns = [
        _head(frame),
        _bound(_title(period(first, before=True), first["unit"]), "value_before"),
        _bound(_title(period(first), first["unit"]), "value"),
        _bound(_title("Change", first["change_unit"]), "change"),
        *_interval(frame, "change_lower", "change_upper"),
    ]
    if "residual" in frame.columns:
        columns.append(_bound("Adjusted residual", "residual"))
    return _table(frame, columns, "changes", frame, UNROUNDED)


@if_any()
def verdicts(release: Release, histories: Release) -> Display:
    """Return the verdicts of an edition as a table, a line for each, with a small chart of its history.

    `histories` has the estimates behind them over time. Figures stand with as many decimals as elsewhere, so
    it is a row of this table, not a column, that has one number of them.

    >>> lscb.tabulate.verdicts(pack.verdicts(), pack.histories()).caption
    'Verdict on each comparison, ..., 2016 to 2017 and 2017 to 2018'
    """
    past = dict(iter(as_coded_last(histories.frame).groupby("measure")))

    columns = [
        Column("Measure", _linked, heads=True),
        Column("Verdict", lambda row: claim(row, row["verdict"]), words=True),
        Column("Before", partial(_judged, statistic="value_before"), statistic="value"),
        Column("Latest", partial(_judged, statistic="value"), statistic="value"),
        Column("Change", _change),
        Column(
            "Interval",
            partial(_end_of_change, statistic="change_lower"),
            then=partial(_end_of_change, statistic="change_upper"),
        ),
        Column("Over time", lambda row: sparkline(past.get(row["measure"]))),
    ]
    made = [name(_label(measure)) for measure, rows in past.items() if WORKED_OUT in _notes(rows)]
    notes = [Markup("{}: {}").format(Markup(", ").join(made), WORKED_OUT)] if made else []
    return _table(release.frame, columns, "verdicts", release.frame, UNROUNDED, *notes)


def _linked(row: Row) -> Markup:
    unit = "" if row["unit"] in ("number", "%") or pd.notna(row["shift"]) else f", {row['unit']}"
    words = f"{measures().loc[row['measure'], 'title']}{unit}"
    return Markup('<a href="{}.html">{}</a>').format(row["chapter"], words)


def _judged(row: Row, statistic: str) -> Markup:
    return _no_figure("z") if pd.notna(row["shift"]) else bind(row, statistic, text(row, statistic))


def _change(row: Row) -> Markup:
    if pd.notna(row["shift"]):
        return Markup("{} points moved").format(bind(row, "shift", text(row, "shift")))
    if row["verdict"] == NOT_COMPARED or pd.isna(row["change"]) or from_nothing(row):
        return _no_figure("z")
    if text(row, "change") == "[low]":
        return bind(row, "change", "[low]")
    unit = " points" if row["change_unit"] != "%" else "%"
    return bind(row, "change", f"{_signed(row, 'change').removesuffix('%')}{unit}")


def _end_of_change(row: Row, statistic: str) -> Markup:
    if pd.isna(row["lower"]):
        return _no_figure("z") if statistic == "change_lower" else Markup("")
    return bind(row, statistic, _signed(row, statistic).removesuffix("%"))


def _signed(row: Row, statistic: str) -> str:
    shown = text(row, statistic)
    return f"+{shown}" if row[statistic.removeprefix("change_")] > 0 and shown != "[low]" else shown


def _no_figure(symbol: str) -> Markup:
    return Markup('<span data-status="{0}">[{0}]</span>').format(symbol)


def sparkline(estimates: pd.DataFrame | None) -> Markup:
    """Return a small line of the values over time, from zero, to go beside the same figures in a table."""
    told = None if estimates is None else estimates.dropna(subset=["value"]).sort_values("period_end")
    if told is None or len(told) < 2:
        return _no_figure("z")
    top, last = told["value"].max() or 1, len(told) - 1  # zeros alone lie on the ground
    points = [(6 + 68 * at / last, 26 - 22 * value / top) for at, value in enumerate(told["value"])]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    ends = [
        Markup("{} {}").format(bind(row, "value", text(row, "value")), when_named(row))
        for row in records(told.iloc[[0, -1]])
    ]
    return Markup('<span class="unseen">{} to {}</span>').format(*ends) + Markup(
        '<svg class="spark" viewBox="0 0 80 30" width="80" height="30" aria-hidden="true">'
        '<polyline points="{}"/><circle cx="{:.1f}" cy="{:.1f}" r="4"/></svg>'
    ).format(path, *points[-1])


def _across(frame: pd.DataFrame, key: list[str], column: str, titles: dict[Any, str]) -> list[Column]:
    """A column for each of `titles`, filled from the rows of `frame` that share the `key` of a line."""
    figures = {(*(row[part] for part in key), row[column]): row for row in records(frame)}

    def cell(at: Any) -> Callable[[Row], Markup]:
        return _found(
            figures, lambda row: (*(row[part] for part in key), at), partial(_cell, statistic="value")
        )

    of = frame["unit"].iloc[0]
    return [Column(_title(words, of), cell(at), statistic="value") for at, words in titles.items()]


def _table(
    frame: pd.DataFrame, columns: list[Column], kind: str, lines: pd.DataFrame, *notes: str
) -> Display:
    """A table of `frame` with a row for each of `lines`; the CSV holds all of `frame`."""
    name = f"{frame['measure'].iloc[0]}-{kind}".replace("_", "-")
    return render(frame, columns, name, _caption(frame, kind), lines, *notes)


def render(
    frame: pd.DataFrame, columns: list[Column], name: str, caption: str, lines: pd.DataFrame, *notes: str
) -> Display:
    """Return a table with a row for each of `lines`, the sources of `frame` below, and `frame` as its CSV.

    It comes as data too, for a spreadsheet: its caption, columns (the heading, whether they hold figures, the
    words of each cell), its unit, its sources and notes. A column with two figures in a cell is two there.
    """
    cells = [[(column.cell(row), column.then(row)) for column in columns] for row in records(lines)]
    rows = [
        [
            Markup("{} {} {}").format(first, column.between, second) if second else first
            for column, (first, second) in zip(columns, row, strict=True)
        ]
        for row in cells
    ]
    shown = " ".join(str(cell) for row in rows for cell in row)
    sheet = {
        "caption": caption,
        "columns": [
            part
            for column, of in zip(columns, zip(*cells, strict=True), strict=True)
            for part in _in_sheet(column, of)
        ],
        "unit": _unit(columns, frame),
        "source": _plain(credit(frame)),
        "sources": [cited["source"] for cited in sources_of(frame)],
        "notes": [_plain(note) for note in notes],
    }
    html = _TABLE.render(
        name=name,
        caption=caption,
        columns=columns,
        rows=rows,
        symbols=[(symbol, meaning) for symbol, meaning in SYMBOLS.items() if f"[{symbol}]" in shown],
        credit=credit(frame),
        notes=notes,
        longest=LONGEST_NAME,
    )
    return Display(Markup(html), "table", name, caption, csv(frame), (sheet,))


def _in_sheet(column: Column, cells: Iterable[tuple[Markup, Markup]]) -> list[dict[str, Any]]:
    """A column for a spreadsheet, or two where a cell has two figures: any other then stands in both."""
    first, second = zip(*cells, strict=True)
    if not any(second):
        return [_of_sheet(column, "", first)]
    both = first, [then or only for only, then in zip(first, second, strict=True)]
    return [_of_sheet(column, end, own) for end, own in zip(_ENDS[column.between], both, strict=True)]


def _of_sheet(column: Column, end: str, cells: Iterable[Markup]) -> dict[str, Any]:
    return {
        "head": f"{column.title}{end}",
        "figures": column.figures,
        "cells": [_plain(cell) for cell in cells],
    }


def _plain(html: Markup | str) -> str:
    """Words without their marks, in one line."""
    lines = html.replace(Markup("<br>"), Markup("; ")) if isinstance(html, Markup) else escape(html)
    return lines.striptags().translate(ISOLATES)


def _unit(columns: list[Column], frame: pd.DataFrame) -> str:
    """In what the figures of a table are, in words; totals that they are held against left aside."""
    shown = dict.fromkeys(column.statistic for column in columns if column.statistic)
    known, said = units(), dict[str, None]()
    for row in records(frame):
        for statistic in (one for one in shown if pd.notna(row[one])):
            of = unit(row, statistic)
            plural = known[of]["plural"] if of in known else of
            said[f"number of {row['counted']}" if of == "number" else plural] = None
    return f"Unit: {'; '.join(said)}." if said else ""


def csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV that a spreadsheet opens without running anything in it.

    A spreadsheet takes text that begins with `=`, `+`, `-`, `@` or a tab for a formula, quoted or not. Such
    text gets an apostrophe before it, as OWASP advises ("CSV Injection"), so that it stays text and stays
    readable. Numbers are left as they are, also those in text (`-805.00`, `+34%`), and so is a dash, the mark
    for what is withheld. The end of a line becomes a blank: not every program keeps it within its cell.
    Numbers have at most twelve significant digits.
    """
    words = frame.select_dtypes(["object", "string", "category"]).columns
    return frame.assign(**{column: frame[column].map(_harmless) for column in words}).to_csv(
        index=False, lineterminator="\n", float_format=lambda value: repr(significant(value))
    )


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str):
        return significant(cell) if isinstance(cell, float) else cell
    words = re.sub(r"[\r\n]+", " ", cell)
    return f"'{words}" if FORMULA.match(words) and not _NUMBER.fullmatch(words) else words


def as_data(cell: str) -> str:
    """Return a cell of a CSV as the data have it: without the apostrophe that keeps it from being run."""
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell[1:]) else cell


def _caption(frame: pd.DataFrame, kind: str) -> str:
    if kind == "verdicts":
        return f"Verdict on each comparison, {frame['area_name'].iloc[0]}, {periods(frame)}"
    what = subjects(frame)
    changed = f"Change in {what[0].lower()}{what[1:]}" if kind == "changes" else what
    return f"{changed}, {areas(frame)}, {periods(frame)}"


def _decimals(row: Row) -> int:
    """How many decimals a row's value is shown with where its column has one number of them."""
    own = int(measures().at[row["measure"], "decimals"])
    return own if pd.isna(row["value"]) else max(own, places(row, "value"))


def _each(
    figures: Mapping[tuple[Any, str], Row], of: Any, cell: Callable[[Row], Markup]
) -> Callable[[Row], Markup]:
    return _found(figures, lambda row: (of, row["category"]), cell)


def _found(
    figures: Mapping[Any, Row], key: Callable[[Row], Any], cell: Callable[[Row], Markup]
) -> Callable[[Row], Markup]:
    """What fills a cell from the figure that has the `key` of a line, which may have none."""
    return lambda row: cell(figures[key(row)]) if key(row) in figures else _no_figure("x")


def _evenly(row: Row, places: int) -> Markup:
    if pd.isna(row["value"]):
        tied = row["status"] == "z" and row["printed"]
        return (
            Markup('<span data-status="z">{}</span>').format(row["printed"]) if tied else bind(row, "value")
        )
    return bind(row, "value", number(row["value"], places))


def _mark(row: Row) -> Markup:
    return bind(row, "value", row["printed"])


def _label(measure: str) -> str:
    return str(measures().at[measure, "label"])


def _short_day(row: Row) -> str:
    return f"{row['period_end'].day} {row['period_end']:%b %Y}"


def _bound(title: str, statistic: str) -> Column:
    of_table = statistic.removesuffix(BEFORE) in ("value", "numerator")
    return Column(title, lambda row: _cell(row, statistic), statistic=statistic if of_table else "")


def _cell(row: Row, statistic: str) -> Markup:
    """A bound figure without its unit, which the header has, after the word that qualifies it."""
    figure = bind(row, statistic, text(row, statistic).removesuffix("%").replace("£", ""))
    return Markup("{}{}").format(qualifier(row, statistic), figure)


def _interval(frame: pd.DataFrame, lower: str, upper: str) -> list[Column]:
    if frame["lower"].isna().all():
        return []

    of = frame["change_unit" if "change_unit" in frame.columns else "unit"].iloc[0]
    title = f"{percent(frame['confidence'].max())} interval"
    return [
        Column(
            f"{title} (%)" if of == "%" else title,
            lambda row: _cell(row, lower),
            then=lambda row: _cell(row, upper) if pd.notna(row["lower"]) else Markup(""),
        )
    ]


def _head(frame: pd.DataFrame) -> Column:
    title = "Category" if frame["category"].nunique() > 1 else "Measure"
    return Column(title, lambda row: escape(series(row)), heads=True)


def _statistic(unit: str) -> str:
    return units()[unit]["heading"]


def _title(what: str, unit: str) -> str:
    return f"{what} ({unit})" if unit != "number" else what
