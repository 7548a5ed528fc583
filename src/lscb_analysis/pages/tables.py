"""Releases to tables: every cell bound to its figure, with the same rows as CSV to take away."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from lscb_analysis.data import SYMBOLS, measures, records, rounded_to
from lscb_analysis.editions import NOT_COMPARED
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import (
    LONGEST_NAME,
    Display,
    area,
    areas,
    as_coded_last,
    bind,
    category,
    check_rows,
    claim,
    isolated,
    name,
    number,
    percent,
    period,
    periods,
    places,
    qualifier,
    series,
    subjects,
    templates,
    text,
    when_named,
)
from lscb_analysis.pages.sentences import credit, from_nothing
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


@dataclass(frozen=True)
class Column:
    """A column: its title with its unit, how a row fills it, whether it heads the row or holds words."""

    title: str
    cell: Callable[[Row], Markup]
    heads: bool = False
    words: bool = False


AREA = Column("Area", lambda row: escape(area(row)), heads=True)


def table(release: Release) -> Display:
    """Return a release of estimates as a table, a row for each figure, the periods of a series together."""
    check_rows(release.frame)
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


def table_by_period(release: Release) -> Display:
    """Return a release of estimates as a table with a row for each series and a column for each period."""
    frame = release.frame
    firsts = records(frame.drop_duplicates("period_end").sort_values("period_end"))
    columns = _across(frame, SERIES, "period_end", {row["period_end"]: period(row) for row in firsts})
    single = len(frame.drop_duplicates(SERIES[:2])) == 1
    several = frame["area_name"].nunique() > 1
    heads = [*([] if single and several else [_head(frame)]), *([AREA] if several else [])]
    return _table(frame, [*heads, *columns], "by-period", frame.drop_duplicates(SERIES), *_notes(frame))


def table_by_measure(release: Release) -> Display:
    """Return a release with a row for each category and a column for each measure, or two for a share.

    A column has one number of decimals. Figures that tie, as a mode of `2/3`, stand as printed.
    """
    frame = release.frame
    figures = {(row["measure"], row["category"]): row for row in records(frame)}
    columns = [Column("Category", lambda row: escape(category(row)), heads=True)]
    for measure, rows in frame.groupby("measure", sort=False):
        if rows["denominator"].notna().any():
            columns.append(Column(_label(measure), _each(figures, measure, _out_of)))
        places = max(_decimals(row) for row in records(rows))
        title = _title(_label(measure), rows["unit"].iloc[0]).replace(" (score)", "")
        columns.append(Column(title, _each(figures, measure, partial(_evenly, places=places))))
    return _table(frame, columns, "by-measure", frame.drop_duplicates("category"))


def table_of_marks(release: Release) -> Display:
    """Return a register as a table: a row for each category, a column for each day, its marks as printed."""
    frame = release.frame
    figures = {(row["period_end"], row["category"]): row for row in records(frame)}
    days = records(frame.drop_duplicates("period_end").sort_values("period_end"))
    columns = [Column("Seat", lambda row: escape(category(row)), heads=True)]
    columns += [Column(_short_day(day), _each(figures, day["period_end"], _mark)) for day in days]
    told = records(frame[frame["value"].notna()].drop_duplicates("measure"))
    words = "; ".join(f"{row['printed']} means {_label(row['measure']).lower()}" for row in told)
    return _table(frame, columns, "marks", frame.drop_duplicates("category"), f"{words}.")


def table_by_area(release: Release) -> Display:
    """Return a release of estimates as a table with a row for each series and a column for each area."""
    frame, key = release.frame, [*SERIES[:2], "period_end"]
    columns = _across(frame, key, "area_name", {name: isolated(name) for name in frame["area_name"].unique()})
    heads = [_head(frame), Column("Period", lambda row: escape(period(row)), heads=True)]
    varying = heads if frame["period_end"].nunique() > 1 else heads[:1]
    return _table(frame, [*varying, *columns], "by-area", frame.drop_duplicates(key))


def table_of_changes(release: Release) -> Display:
    """Return a release of comparisons as a table, a row for each, the largest rise first."""
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


def table_of_verdicts(release: Release, histories: Release) -> Display:
    """Return the verdicts of an edition as a table, a line for each, with a small chart of its history.

    `histories` has the estimates behind them over time. Figures stand with as many decimals as elsewhere, so
    it is a row of this table, not a column, that has one number of them.
    """
    past = dict(iter(as_coded_last(histories.frame).groupby("measure")))

    columns = [
        Column("Measure", _linked, heads=True),
        Column("Verdict", lambda row: claim(row, row["verdict"]), words=True),
        Column("Before", partial(_judged, statistic="value_before")),
        Column("Latest", partial(_judged, statistic="value")),
        Column("Change", _change),
        Column("Interval", _change_interval),
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


def _change_interval(row: Row) -> Markup:
    if pd.isna(row["lower"]):
        return _no_figure("z")
    return Markup("{} to {}").format(
        *(
            bind(row, f"change_{end}", _signed(row, f"change_{end}").removesuffix("%"))
            for end in ("lower", "upper")
        )
    )


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
    top, last = told["value"].max(), len(told) - 1
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
        return lambda row: _cell(figures[(*(row[part] for part in key), at)], "value")

    unit = frame["unit"].iloc[0]
    return [Column(_title(words, unit), cell(at)) for at, words in titles.items()]


def _table(
    frame: pd.DataFrame, columns: list[Column], kind: str, lines: pd.DataFrame, *notes: str
) -> Display:
    """A table of `frame` with a row for each of `lines`; the CSV holds all of `frame`."""
    name = f"{frame['measure'].iloc[0]}-{kind}".replace("_", "-")
    return render(frame, columns, name, _caption(frame, kind), lines, *notes)


def render(
    frame: pd.DataFrame, columns: list[Column], name: str, caption: str, lines: pd.DataFrame, *notes: str
) -> Display:
    """Return a table with a row for each of `lines`, the sources of `frame` below, and `frame` as its CSV."""
    rows = [[column.cell(row) for column in columns] for row in records(lines)]
    shown = " ".join(str(cell) for row in rows for cell in row)
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
    return Display(Markup(html), "table", name, caption, csv(frame))


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
    return lambda row: cell(figures[(of, row["category"])])


def _out_of(row: Row) -> Markup:
    return Markup("{} of {}").format(bind(row, "numerator"), bind(row, "denominator"))


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
    return Column(title, lambda row: _cell(row, statistic))


def _cell(row: Row, statistic: str) -> Markup:
    """A bound figure without its unit, which the header has, after the word that qualifies it."""
    figure = bind(row, statistic, text(row, statistic).removesuffix("%").replace("£", ""))
    return Markup("{}{}").format(qualifier(row, statistic), figure)


def _interval(frame: pd.DataFrame, lower: str, upper: str) -> list[Column]:
    if frame["lower"].isna().all():
        return []

    def cell(row: Row) -> Markup:
        ends = [_cell(row, end) for end in (lower, upper)]
        return Markup("{} to {}").format(*ends) if pd.notna(row["lower"]) else ends[0]

    unit = frame["change_unit" if "change_unit" in frame.columns else "unit"].iloc[0]
    title = f"{percent(frame['confidence'].max())} interval"
    return [Column(f"{title} (%)" if unit == "%" else title, cell)]


def _head(frame: pd.DataFrame) -> Column:
    title = "Category" if frame["category"].nunique() > 1 else "Measure"
    return Column(title, lambda row: escape(series(row)), heads=True)


def _statistic(unit: str) -> str:
    return {"%": "Share (%)", "number": "Number", "£": "Amount (£)", "score": "Score"}.get(
        unit, f"Rate {unit}"
    )


def _title(what: str, unit: str) -> str:
    return f"{what} ({unit})" if unit != "number" else what
