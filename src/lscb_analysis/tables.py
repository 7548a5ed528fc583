"""Releases to tables: every cell bound to its figure, with the same rows as CSV to take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape

from lscb_analysis.data import measures
from lscb_analysis.disclosure import Release
from lscb_analysis.display import (
    Display,
    Row,
    bind,
    category,
    percent,
    period,
    periods,
    series,
    templates,
    text,
)
from lscb_analysis.narrative import credit
from lscb_analysis.schema import SYMBOLS

UNROUNDED = (
    "changes are worked out before rounding, so the last digit may differ from that of the figures shown."
)


SERIES = ["measure", "category"]


@dataclass(frozen=True)
class Column:
    """A column: its title with its unit, how a row fills it, whether it heads the row or holds words."""

    title: str
    cell: Callable[[Row], Markup]
    heads: bool = False
    words: bool = False


def table(release: Release) -> Display:
    """Return a release of estimates as a table, a row for each figure, the periods of a series together."""
    order = {key: pd.Categorical(release.frame[key], release.frame[key].unique()) for key in SERIES}
    sorted_keys = release.frame.assign(**order).sort_values([*SERIES, "period_end"], kind="stable")
    frame = release.frame.loc[sorted_keys.index]
    heads = {
        "measure": Column("Measure", lambda row: escape(series(row)), heads=True),
        "category": Column("Category", lambda row: escape(category(row)), heads=True),
        "period_end": Column("Period", lambda row: escape(period(row)), heads=True),
    }
    varying = [head for key, head in heads.items() if frame[key].nunique() > 1]
    first = frame.iloc[0]
    figures = [_bound(_statistic(first["unit"]), "value"), *_interval(frame, "lower", "upper")]
    if frame["denominator"].notna().any():
        figures = [
            _bound(f"Number ({first['counted']})", "numerator"),
            _bound("Out of", "denominator"),
            *figures,
        ]
    return _table(frame, [*(varying or [heads["period_end"]]), *figures], "figures", frame)


def table_by_period(release: Release) -> Display:
    """Return a release of estimates as a table with a row for each series and a column for each period."""
    frame = release.frame
    figures = {(*(row[key] for key in SERIES), row["period_end"]): row for row in frame.to_dict("records")}

    def cell(end: pd.Timestamp) -> Callable[[Row], Markup]:
        return lambda row: _cell(figures[(*(row[key] for key in SERIES), end)], "value")

    ends = frame.drop_duplicates("period_end").sort_values("period_end").to_dict("records")
    columns = [Column(_title(period(row), row["unit"]), cell(row["period_end"])) for row in ends]
    return _table(frame, [_head(frame), *columns], "by-period", frame.drop_duplicates(SERIES))


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
    rows = [[column.cell(row) for column in columns] for row in lines.to_dict("records")]
    shown = " ".join(str(cell) for row in rows for cell in row)
    template = templates().get_template("table.html.j2")
    html = template.render(
        name=name,
        caption=caption,
        columns=columns,
        rows=rows,
        symbols=[(symbol, meaning) for symbol, meaning in SYMBOLS.items() if f"[{symbol}]" in shown],
        credit=credit(frame),
        notes=notes,
    )
    return Display(Markup(html), "table", name, caption, frame.to_csv(index=False, lineterminator="\n"))


def _caption(frame: pd.DataFrame, kind: str) -> str:
    what = "; ".join(dict.fromkeys(str(measures().loc[measure, "title"]) for measure in frame["measure"]))
    changed = f"Change in {what[0].lower()}{what[1:]}" if kind == "changes" else what
    return f"{changed}, {frame['area_name'].iloc[0]}, {periods(frame)}"


def _bound(title: str, statistic: str) -> Column:
    return Column(title, lambda row: _cell(row, statistic))


def _cell(row: Row, statistic: str) -> Markup:
    """A bound figure without its unit: the header has it."""
    return bind(row, statistic, text(row, statistic).removesuffix("%").replace("£", ""))


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
