"""Releases to charts: inline SVG drawn wide and narrow, a headline, and the same in words."""

from __future__ import annotations

import io
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import afcharts  # noqa: F401  (registers its style with matplotlib)
import pandas as pd
import seaborn as sns
from markupsafe import Markup
from matplotlib import style
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
    period,
    periods,
    places,
    series,
    templates,
    text,
)
from lscb_analysis.narrative import change_words, credit, headline, largest

PALETTE = ["#12436D", "#28A197", "#801650", "#F46A25"]
"""The Analysis Function's categorical palette, in its order; never more than four."""

FOCUS, CONTEXT = "#12436D", "#BFBFBF"
INK = "#0B0C0C"
WIDE, NARROW = 680, 340
"""Widths in CSS pixels: one drawing for a desk, one for a phone."""

_STYLE = {
    "svg.fonttype": "none",
    "font.size": 15,
    "axes.labelsize": 15,
    "xtick.labelsize": 15,
    "ytick.labelsize": 15,
    "xtick.color": CONTEXT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.edgecolor": CONTEXT,
    "grid.color": "#E5E6E7",
    "lines.linewidth": 2.5,
}


@dataclass(frozen=True)
class Canvas:
    """One drawing: its figure and whether it is the narrow one."""

    figure: Figure
    narrow: bool


def line_chart(release: Release) -> Display:
    """Draw series over time, an interval wherever there is one; measures side by side on one axis."""
    frame = release.frame.dropna(subset=["value"])
    panels = [rows for _, rows in frame.groupby("measure", sort=False)]
    highest = frame[["value", "upper"]].max().max()
    top = 100.0 if highest > 60 and (frame["unit"] == "%").all() else 1.18 * highest

    def draw(canvas: Canvas) -> None:
        shape = (len(panels), 1) if canvas.narrow else (1, len(panels))
        axes = canvas.figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).flat
        for ax, rows in zip(axes, panels, strict=True):
            _draw_lines(ax, rows, top, canvas.narrow, tight=canvas.narrow or len(panels) > 1)
            if len(panels) > 1:
                ax.set_title(series(rows.iloc[0]), fontsize=15, fontweight="bold", loc="left", color=INK)

    heights = (330, 300 if len(panels) == 1 else 250 * len(panels))
    return _chart(release, "over-time", headline(frame), draw, heights)


def bar_chart(release: Release) -> Display:
    """Draw the categories of the latest period as bars from zero, the largest first, with intervals."""
    frame = release.frame[release.frame["time_period"] == release.frame["time_period"].max()]
    ranked = frame.sort_values("value", ascending=False, kind="stable", na_position="last").reset_index(
        drop=True
    )

    def draw(canvas: Canvas) -> None:
        ax = canvas.figure.subplots()
        rows = ranked.to_dict("records")
        at = list(range(len(rows)))
        sns.barplot(
            x=ranked["value"].fillna(0), y=at, ax=ax, orient="h", color=FOCUS, saturation=1, width=0.5
        )
        ax.hlines(at, ranked["lower"], ranked["upper"], color=INK, linewidth=1.5)
        for y, row in enumerate(rows):
            _label(ax, row["upper"] if pd.notna(row["upper"]) else 0, y, text(row, "value"), 6)
        _name_rows(ax, rows, canvas.narrow)
        ax.set_xlim(0, ranked[["value", "upper"]].max().max() * 1.22)
        ax.set_xticks([])

    heights = (40 + 36 * len(ranked), 40 + 62 * len(ranked))
    return _chart(Release(ranked, release.rule), "by-category", largest(ranked), draw, heights)


def change_chart(release: Release) -> Display:
    """Draw the change of each category as a dot with its interval, ranked, about a line of no change."""
    ranked = release.frame.dropna(subset=["change"]).sort_values("change", ascending=False, kind="stable")
    rows = ranked.to_dict("records")
    said = Markup("{}; {}").format(*(_moved_most(row) for row in (rows[0], rows[-1])))

    def draw(canvas: Canvas) -> None:
        ax = canvas.figure.subplots()
        at = list(range(len(rows)))
        sns.scatterplot(x=ranked["change"], y=at, ax=ax, color=FOCUS, s=70, zorder=3, legend=False)
        ax.hlines(at, ranked["lower"], ranked["upper"], color=FOCUS, linewidth=2)
        ax.axvline(0, color=INK, linewidth=1)
        for y, row in enumerate(rows):
            outer = row["upper"] if row["change"] >= 0 else row["lower"]
            end = outer if pd.notna(outer) else row["change"]
            _label(ax, end, y, text(row, "change"), 8 if row["change"] >= 0 else -8)
        _name_rows(ax, rows, canvas.narrow)
        low, high = ranked[["lower", "change"]].min().min(), ranked[["upper", "change"]].max().max()
        room = (0.2 if canvas.narrow else 0.14) * (high - low)
        ax.set_xlim(min(low, 0) - room, max(high, 0) + room)
        ax.grid(visible=True, axis="x")
        ax.set_xlabel(f"Change ({rows[0]['change_unit']})")

    return _chart(release, "changes", said, draw, (80 + 36 * len(rows), 80 + 62 * len(rows)))


def part_chart(release: Release) -> Display:
    """Draw for each period the whole as a grey bar and the part counted within it, as whole numbers."""
    frame = release.frame.dropna(subset=["numerator", "denominator"])
    rows = frame.to_dict("records")
    before, now = rows[-2], rows[-1]
    said = Markup("{}: {} of {} {}, after {} of {} the period before").format(
        name(series(now)),
        *(bind(now, part) for part in ("numerator", "denominator")),
        now["counted"],
        *(bind(before, part) for part in ("numerator", "denominator")),
    )

    def draw(canvas: Canvas) -> None:
        ax = canvas.figure.subplots()
        for column, colour in (("denominator", CONTEXT), ("numerator", FOCUS)):
            names = [period(row) for row in rows]
            sns.barplot(x=frame[column], y=names, ax=ax, color=colour, saturation=1, width=0.62)
        for y, row in enumerate(rows):
            _label(ax, row["denominator"], y, f"{text(row, 'numerator')} of {text(row, 'denominator')}", 6)
        ax.set_xlim(0, frame["denominator"].max() * (1.5 if canvas.narrow else 1.25))
        ax.set_xticks([])
        _bare(ax)

    about = "the number as the dark part of each bar, the total as the whole bar"
    return _chart(release, "parts", said, draw, (40 + 60 * len(rows), 40 + 60 * len(rows)), about)


def _chart(
    release: Release,
    kind: str,
    said: Markup,
    draw: Callable[[Canvas], None],
    heights: tuple[int, int],
    about: str | None = None,
) -> Display:
    frame = release.frame
    own = f"{frame['measure'].iloc[0]}-{kind}-chart".replace("_", "-")
    wide, narrow = (
        _svg(draw, width, height, own) for width, height in zip((WIDE, NARROW), heights, strict=True)
    )
    subtitle = _subtitle(frame, about)
    html = (
        templates()
        .get_template("figure.html.j2")
        .render(
            name=own,
            headline=said,
            subtitle=subtitle,
            alternative=Markup("{}. {} The numbers are in the table below.").format(said, _in_words(frame)),
            wide=wide,
            narrow=narrow,
            credit=credit(frame),
        )
    )
    return Display(Markup(html), "chart", own, subtitle)


def _draw_lines(ax: Axes, frame: pd.DataFrame, top: float, narrow: bool, tight: bool) -> None:
    lines = [rows.sort_values("period_end") for _, rows in frame.groupby("category", sort=False)]
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


def _svg(draw: Callable[[Canvas], None], width: int, height: int, name: str) -> Markup:
    figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
    with style.context(["afcharts.afcharts", _STYLE | {"svg.hashsalt": f"{name}-{width}"}]):
        draw(Canvas(figure, width == NARROW))
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inlined(drawn.getvalue(), width, height, name)


def _inlined(drawing: str, width: int, height: int, name: str) -> Markup:
    """A drawing as it may stand in a page: ids its own, fonts the page's, described by the page's words."""
    prefix, names = (
        f"{name}-{width}",
        {"svg": "http://www.w3.org/2000/svg", "x": "http://www.w3.org/1999/xlink"},
    )
    ET.register_namespace("", names["svg"])
    ET.register_namespace("xlink", names["x"])
    root = ET.fromstring(drawing)
    for unwanted in root.findall("svg:metadata", names):
        root.remove(unwanted)
    used = {
        word for element in root.iter() for value in element.attrib.values() for word in _references(value)
    }
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{prefix}-{own}")
        elif own and "tick_" in own:
            element.set("class", "tick")
        for key, value in element.attrib.items():
            for word in _references(value):
                element.set(key, value.replace(f"#{word}", f"#{prefix}-{word}"))
        if element.tag.endswith("}text"):
            _in_page_font(element)
    root.attrib.clear()
    root.attrib |= {
        "viewBox": f"0 0 {width} {height}",
        "width": str(width),
        "role": "img",
        "aria-labelledby": f"{name}-headline",
        "aria-describedby": f"{name}-text",
    }
    return Markup(ET.tostring(root, encoding="unicode"))


def _references(value: str) -> list[str]:
    if value.startswith("#"):
        return [value[1:]]
    return [part.split(")")[0] for part in value.split("url(#")[1:]]


def _in_page_font(element: ET.Element) -> None:
    style = dict(part.strip().split(": ", 1) for part in element.get("style", "").split(";") if ": " in part)
    style.pop("font-family", None)
    element.set("style", "; ".join(f"{key}: {value}" for key, value in style.items()))


def _subtitle(frame: pd.DataFrame, about: str | None) -> str:
    titles = dict.fromkeys(str(measures().loc[measure, "title"]) for measure in frame["measure"])
    row = frame.iloc[0]
    unit = row.get("change_unit", row["unit"])
    measured = "percentages" if unit == "%" else f"rate {unit}" if unit.startswith("per ") else unit
    told = (
        f", with {number(100 * frame['confidence'].max(), 0)}% intervals"
        if frame["lower"].notna().any()
        else ""
    )
    return f"{'; '.join(titles)}, {about or measured + told}, {row['area_name']}, {periods(frame)}"


def _in_words(frame: pd.DataFrame) -> Markup:
    """Every figure that the chart shows, one after the other."""
    statistic = "change" if "change" in frame.columns else "value"
    told = frame.dropna(subset=[statistic]).to_dict("records")
    return Markup(" ").join(
        Markup("{}, {}: {}.").format(name(series(row)), name(period(row)), bind(row, statistic))
        for row in told
    )


def _moved_most(row: Row) -> Markup:
    verb, _ = change_words(row)
    shown = number(abs(row["change"]), places(row, "change"))
    most = Markup("{} the most").format(bind(row, "change", verb))
    return Markup("“{}” {}, by {} {}").format(
        name(series(row)), most, bind(row, "size", shown), row["change_unit"]
    )
