"""Releases to charts: inline SVG drawn wide and narrow, a headline, and the same in words."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from itertools import pairwise

import pandas as pd
import seaborn as sns
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lscb_analysis.data import measures
from lscb_analysis.disclosure import Release
from lscb_analysis.display import (
    Display,
    Row,
    bind,
    name,
    number,
    percent,
    period,
    periods,
    places,
    series,
    templates,
    text,
)
from lscb_analysis.narrative import change_words, credit, headline, largest
from lscb_analysis.svg import CONTEXT, INK, svg

PALETTE = ["#12436D", "#28A197", "#801650", "#F46A25"]
"""The Analysis Function's categorical palette, in its order; never more than four."""

FOCUS = PALETTE[0]
WIDE, NARROW = 680, 340
"""Widths in CSS pixels: one drawing for a desk, one for a phone."""


def line_chart(release: Release) -> Display:
    """Draw series over time, an interval wherever there is one; measures side by side on one axis.

    Raises ValueError for more categories than there are colours to tell apart.
    """
    frame = release.frame.dropna(subset=["value"])
    panels = [rows for _, rows in frame.groupby("measure", sort=False)]
    highest = frame[["value", "upper"]].max().max()
    top = 100.0 if highest > 60 and (frame["unit"] == "%").all() else 1.18 * highest

    def draw(figure: Figure, narrow: bool) -> None:
        shape = (len(panels), 1) if narrow else (1, len(panels))
        axes = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).flat
        for ax, rows in zip(axes, panels, strict=True):
            _draw_lines(ax, rows, top, narrow, tight=narrow or len(panels) > 1)
            if len(panels) > 1:
                ax.set_title(series(rows.iloc[0]), fontweight="bold", loc="left", color=INK)

    heights = (330, 300 if len(panels) == 1 else 250 * len(panels))
    return _chart(release.frame, "over-time", headline(frame), _value_in_words, draw, heights)


def bar_chart(release: Release) -> Display:
    """Draw the categories of the latest period as bars from zero, the largest first, with intervals."""
    frame = release.frame[release.frame["time_period"] == release.frame["time_period"].max()]
    ranked = frame.sort_values("value", ascending=False, kind="stable", na_position="last", ignore_index=True)

    def draw(figure: Figure, narrow: bool) -> None:
        ax = figure.subplots()
        rows = ranked.to_dict("records")
        at = list(range(len(rows)))
        lengths = ranked["value"].fillna(0)
        low, high = min(lengths.min(), 0), ranked[["value", "upper"]].max().max()
        sns.barplot(x=lengths, y=at, ax=ax, orient="h", color=FOCUS, saturation=1, width=0.45)
        ax.hlines(at, ranked["lower"], ranked["upper"], color=INK, linewidth=1.5)
        for y, row in enumerate(rows):
            end = row["upper"] if pd.notna(row["upper"]) else max(lengths[y], 0)
            _label(ax, end, y, text(row, "value"), 6)
        if low < 0:
            reach = 0.23 if narrow else 0.5  # on a phone the names stand between the bars
            ax.vlines([0] * len(at), [y - reach for y in at], [y + reach for y in at], color=INK, linewidth=1)
        _name_rows(ax, rows, narrow)
        ax.set_xlim(1.22 * low, high * 1.22)
        ax.set_xticks([])

    heights = (40 + 36 * len(ranked), 40 + 62 * len(ranked))
    return _chart(ranked, "by-category", largest(ranked), _value_in_words, draw, heights)


def change_chart(release: Release) -> Display:
    """Draw the change of each category as a dot with its interval, ranked, about a line of no change."""
    every = release.frame.sort_values("change", ascending=False, kind="stable", na_position="last")
    ranked = every.dropna(subset=["change"])
    rows = ranked.to_dict("records")
    ends = [row for row in (rows[0], rows[-1]) if row["change"]]
    said = Markup("; ").join(_moved_most(row) for row in ends) or Markup("No category changed its share")

    def draw(figure: Figure, narrow: bool) -> None:
        ax = figure.subplots()
        at = list(range(len(rows)))
        sns.scatterplot(x=ranked["change"], y=at, ax=ax, color=FOCUS, s=70, zorder=3, legend=False)
        ax.hlines(at, ranked["lower"], ranked["upper"], color=FOCUS, linewidth=2)
        ax.axvline(0, color=INK, linewidth=1)
        for y, row in enumerate(rows):
            outer = row["upper"] if row["change"] >= 0 else row["lower"]
            end = outer if pd.notna(outer) else row["change"]
            _label(ax, end, y, text(row, "change"), 8 if row["change"] >= 0 else -8)
        _name_rows(ax, rows, narrow)
        low, high = ranked[["lower", "change"]].min().min(), ranked[["upper", "change"]].max().max()
        room = (0.2 if narrow else 0.14) * (high - low)
        ax.set_xlim(min(low, 0) - room, max(high, 0) + room)
        ax.grid(visible=True, axis="x")
        ax.set_xlabel(f"Change ({rows[0]['change_unit']})")

    return _chart(every, "changes", said, _change_in_words, draw, (80 + 36 * len(rows), 80 + 62 * len(rows)))


def part_chart(release: Release) -> Display:
    """Draw for each period the whole as a grey bar and the part counted within it, as whole numbers."""
    frame = release.frame.dropna(subset=["numerator", "denominator"])
    rows = frame.to_dict("records")
    before, now = rows[-2], rows[-1]
    said = Markup("{}: {} of {} {} in {}, after {} of {} in {}").format(
        name(series(now)),
        *(bind(now, part) for part in ("numerator", "denominator")),
        now["counted"],
        name(period(now)),
        *(bind(before, part) for part in ("numerator", "denominator")),
        name(period(before)),
    )

    def draw(figure: Figure, narrow: bool) -> None:
        ax = figure.subplots()
        for column, colour in (("denominator", CONTEXT), ("numerator", FOCUS)):
            names = [period(row) for row in rows]
            sns.barplot(x=frame[column], y=names, ax=ax, color=colour, saturation=1, width=0.62)
        for y, row in enumerate(rows):
            _label(ax, row["denominator"], y, f"{text(row, 'numerator')} of {text(row, 'denominator')}", 6)
        ax.set_xlim(0, frame["denominator"].max() * (1.5 if narrow else 1.25))
        ax.set_xticks([])
        _bare(ax)

    about = "the number as the dark part of each bar, the total as the whole bar"
    return _chart(
        release.frame, "parts", said, _part_in_words, draw, (40 + 60 * len(rows), 40 + 60 * len(rows)), about
    )


def _chart(
    frame: pd.DataFrame,
    kind: str,
    said: Markup,
    words: Callable[[Row], Markup],
    draw: Callable[[Figure, bool], None],
    heights: tuple[int, int],
    about: str | None = None,
) -> Display:
    """One chart: `said` is its headline, `words` says a row of it to who cannot see it."""
    own = f"{frame['measure'].iloc[0]}-{kind}-chart".replace("_", "-")
    subtitle = _subtitle(frame, about)
    template = templates().get_template("figure.html.j2")
    html = template.render(
        name=own,
        headline=said,
        subtitle=subtitle,
        alternative=Markup("{} The numbers are in the table below.").format(_in_words(frame, words)),
        withheld=_withheld(frame),
        wide=svg(lambda figure: draw(figure, False), WIDE, heights[0], own),
        narrow=svg(lambda figure: draw(figure, True), NARROW, heights[1], own),
        credit=credit(frame),
    )
    return Display(Markup(html), "chart", own, subtitle)


def _draw_lines(ax: Axes, frame: pd.DataFrame, top: float, narrow: bool, tight: bool) -> None:
    lines = [rows.sort_values("period_end") for _, rows in frame.groupby("category", sort=False)]
    if len(lines) > len(PALETTE):
        raise ValueError(f"{len(lines)} lines are too many to tell apart. Draw bars, or fewer categories.")
    at = {end: i for i, end in enumerate(sorted(frame["period_end"].unique()))}
    for colour, rows in zip(PALETTE, lines, strict=False):
        x = rows["period_end"].map(at)
        sns.lineplot(
            x=x, y=rows["value"], ax=ax, color=colour, marker="o", markersize=9, errorbar=None, legend=False
        )
        told = rows["lower"].notna()
        ax.vlines(x[told], rows["lower"][told], rows["upper"][told], color=colour, linewidth=1.5)
    if len(lines) == 1:
        for row in lines[0].to_dict("records"):
            over = row["upper"] if pd.notna(row["upper"]) else row["value"]
            ax.annotate(
                *(text(row, "value"), (at[row["period_end"]], over)),
                (0, 8),
                textcoords="offset points",
                ha="center",
            )
    else:
        _name_lines(ax, [rows.iloc[-1].to_dict() for rows in lines], max(at.values()), top, narrow)
    ax.set_ylim(0, top)
    ax.set_xlim(-0.3, max(at.values()) + (0.3 if len(lines) == 1 else 1.3 if narrow else 0.85))
    ticks = {at[row["period_end"]]: period(row) for row in frame.to_dict("records")}
    ax.set_xticks(list(ticks), [textwrap.fill(words, 8) if tight else words for words in ticks.values()])
    _bare(ax)
    ax.grid(visible=True, axis="y")


def _name_lines(ax: Axes, ends: list[Row], last: int, top: float, narrow: bool) -> None:
    """Name each line at its end with its latest value, the names moved apart where they would touch."""
    names = [f"{series(row)} {text(row, 'value')}" for row in ends]
    words = [textwrap.fill(name, 12) if narrow else name for name in names]
    gap = top * 0.08 * max(word.count("\n") + 1 for word in words)
    for y, word in zip(_apart([row["value"] for row in ends], gap), words, strict=True):
        _label(ax, last, y, word, offset=12)


def _name_rows(ax: Axes, rows: list[Row], narrow: bool) -> None:
    """Name the rows of a horizontal chart: beside them, or above each where there is little room."""
    _bare(ax)
    ax.set_ylim(len(rows) - 0.5, -0.7 if narrow else -0.5)
    ax.set_yticks(range(len(rows)), [""] * len(rows) if narrow else [series(row) for row in rows])
    if narrow:
        for y, row in enumerate(rows):
            ax.annotate(
                series(row),
                (0, y),
                (0, 18),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                color=INK,
            )


def _label(ax: Axes, x: float, y: float, words: str, offset: int) -> None:
    side = "left" if offset > 0 else "right"
    ax.annotate(words, (x, y), (offset, 0), textcoords="offset points", va="center", ha=side, color=INK)


def _bare(ax: Axes) -> None:
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.grid(visible=False)
    ax.tick_params(length=0, pad=6)


def _apart(values: list[float], gap: float) -> list[float]:
    """Return `values`, moved as little as keeps the labels at them `gap` apart."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    moved = list(values)
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + gap)
    return moved


def _subtitle(frame: pd.DataFrame, about: str | None) -> str:
    titles = dict.fromkeys(str(measures().loc[measure, "title"]) for measure in frame["measure"])
    row = frame.iloc[0]
    unit = row.get("change_unit", row["unit"])
    measured = (
        "percentages"
        if unit == "%"
        else "pounds"
        if unit == "£"
        else f"rate {unit}"
        if unit.startswith("per ")
        else unit
    )
    confidence = percent(frame["confidence"].max())
    told = f", with {confidence} intervals" if frame["lower"].notna().any() else ""
    return f"{'; '.join(titles)}, {about or measured + told}, {row['area_name']}, {periods(frame)}"


def _in_words(frame: pd.DataFrame, words: Callable[[Row], Markup]) -> Markup:
    """Every figure that the chart shows, one after the other."""
    statistic = "change" if "change" in frame.columns else "value"
    return Markup(" ").join(words(row) for row in frame.dropna(subset=[statistic]).to_dict("records"))


def _value_in_words(row: Row) -> Markup:
    return Markup("{}, {}: {}.").format(name(series(row)), name(period(row)), bind(row, "value"))


def _change_in_words(row: Row) -> Markup:
    if text(row, "change") == "[low]":
        return Markup("{}: {}.").format(name(series(row)), bind(row, "change", "almost no change"))
    return Markup("{}: {} {}.").format(name(series(row)), bind(row, "change"), row["change_unit"])


def _part_in_words(row: Row) -> Markup:
    return Markup("{}: {} of {}.").format(name(period(row)), bind(row, "numerator"), bind(row, "denominator"))


def _withheld(frame: pd.DataFrame) -> list[str]:
    """The series of which the chart can show nothing, since their source withholds every figure."""
    statistic = "change" if "change" in frame.columns else "value"
    groups = frame.groupby(["measure", "category"], sort=False)
    return [series(rows.iloc[0].to_dict()) for _, rows in groups if rows[statistic].isna().all()]


def _moved_most(row: Row) -> Markup:
    verb, _ = change_words(row)
    shown = number(abs(row["change"]), places(row, "change"))
    most = Markup("{} the most").format(bind(row, "change", verb))
    return Markup("“{}” {}, by {} {}").format(
        name(series(row)), most, bind(row, "size", shown), row["change_unit"]
    )
