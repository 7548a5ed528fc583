"""Releases to tables: every cell bound to its figure, with the same rows as CSV to take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape

from lscb_analysis.data import measures
from lscb_analysis.disclosure import Release
from lscb_analysis.display import Display, Row, bind, category, number, period, periods, series, templates
from lscb_analysis.narrative import credit
from lscb_analysis.schema import SYMBOLS

UNROUNDED = (
    "changes are worked out before rounding, so the last digit may differ from that of the figures shown."
)


@dataclass(frozen=True)
class Column:
    """A column: its title with its unit, how a row fills it, and whether it heads the row."""

    title: str
    cell: Callable[[Row], Markup]
    heads: bool = False


def table(release: Release) -> Display:
    """Return a release of estimates as a table, a row for each figure."""
    order = [
        pd.Categorical(release.frame[key], release.frame[key].unique()) for key in ("measure", "category")
    ]
    frame = release.frame.assign(m=order[0], c=order[1]).sort_values(["m", "c", "period_end"], kind="stable")
    first = frame.iloc[0]
    heads = [
        Column("Measure", lambda row: escape(series(row)), heads=True),
        Column("Category", lambda row: escape(category(row)), heads=True),
        Column("Period", lambda row: escape(period(row)), heads=True),
    ]
    varying = [frame[key].nunique() > 1 for key in ("measure", "category", "period_end")]
    chosen = [head for head, varies in zip(heads, varying, strict=True) if varies] or heads[2:]
    told = frame["denominator"].notna()
    numbers = [
        _bound(f"Number ({first['counted']})", "numerator"),
        _bound("Out of", "denominator"),
        _bound({"%": "Percentage", "number": "Number"}.get(first["unit"], f"Rate {first['unit']}"), "value"),
        *_interval(frame, "lower", "upper"),
    ]
    return _table(release, [*chosen, *(numbers if told.any() else numbers[2:3])], "figures", frame)


def table_by_period(release: Release) -> Display:
    """Return a release of estimates as a table with a row for each series and a column for each period."""
    frame = release.frame
    periods = frame.drop_duplicates("time_period").sort_values("time_period").to_dict("records")
    by_period = {
        (row["measure"], row["category"], row["time_period"]): row for row in frame.to_dict("records")
    }

    def cell(at: int) -> Callable[[Row], Markup]:
        return lambda row: _unless(bind(by_period[row["measure"], row["category"], at], "value"))

    unit = frame["unit"].iloc[0]
    columns = [Column(_title(period(at), unit), cell(at["time_period"])) for at in periods]
    head = Column(
        "Category" if frame["category"].nunique() > 1 else "Measure", lambda row: escape(series(row)), True
    )
    lines = frame.drop_duplicates(["measure", "category"])
    return _table(release, [head, *columns], "by-period", lines)


def table_of_changes(release: Release) -> Display:
    """Return a release of comparisons as a table, a row for each, the largest rise first."""
    frame = release.frame.sort_values("change", ascending=False, kind="stable", na_position="last")
    first = frame.iloc[0]
    columns = [
        Column(
            "Category" if frame["category"].nunique() > 1 else "Measure",
            lambda row: escape(series(row)),
            True,
        ),
        _bound(_title(period(first, before=True), first["unit"]), "value_before"),
        _bound(_title(period(first), first["unit"]), "value"),
        _bound(_title("Change", first["change_unit"]), "change"),
        *_interval(frame, "change_lower", "change_upper"),
    ]
    return _table(release, columns, "changes", frame, [UNROUNDED])


def _table(
    release: Release,
    columns: list[Column],
    kind: str,
    frame: pd.DataFrame | None = None,
    notes: list[str] | None = None,
) -> Display:
    rows = (release.frame if frame is None else frame).to_dict("records")
    name = f"{rows[0]['measure']}-{kind}".replace("_", "-")
    caption = _caption(release.frame, kind)
    cells = [[column.cell(row) for column in columns] for row in rows]
    shown = " ".join(str(cell) for line in cells for cell in line)
    html = (
        templates()
        .get_template("table.html.j2")
        .render(
            name=name,
            caption=caption,
            columns=columns,
            rows=cells,
            symbols=[(symbol, meaning) for symbol, meaning in SYMBOLS.items() if f"[{symbol}]" in shown],
            credit=credit(release.frame),
            notes=notes or [],
        )
    )
    return Display(
        Markup(html), "table", name, caption, release.frame.to_csv(index=False, lineterminator="\n")
    )


def _caption(frame: pd.DataFrame, kind: str) -> str:
    what = "; ".join(dict.fromkeys(str(measures().loc[measure, "title"]) for measure in frame["measure"]))
    changed = f"Change in {what[0].lower()}{what[1:]}" if kind == "changes" else what
    return f"{changed}, {frame['area_name'].iloc[0]}, {periods(frame)}"


def _bound(title: str, statistic: str) -> Column:
    return Column(title, lambda row: _unless(bind(row, statistic)))


def _unless(cell: Markup) -> Markup:
    """A cell without its unit: the header has it."""
    return Markup(str(cell).replace("%</data>", "</data>"))


def _interval(frame: pd.DataFrame, lower: str, upper: str) -> list[Column]:
    if frame["lower"].isna().all():
        return []

    def cell(row: Row) -> Markup:
        ends = [_unless(bind(row, end)) for end in (lower, upper)]
        return Markup("{} to {}").format(*ends) if pd.notna(row["lower"]) else ends[0]

    unit = frame["change_unit" if "change_unit" in frame.columns else "unit"].iloc[0]
    title = f"{number(100 * frame['confidence'].max(), 0)}% interval"
    return [Column(f"{title} (%)" if unit == "%" else title, cell)]


def _title(what: str, unit: str) -> str:
    return f"{what} ({unit})" if unit != "number" else what
