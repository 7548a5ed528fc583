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
from markupsafe import Markup, escape
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lscb_analysis.data import measures
from lscb_analysis.disclosure import Release
from lscb_analysis.display import Display, Row, bind, number, period, places, series, templates, text
from lscb_analysis.narrative import change_words, credit, headline

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

    def draw(canvas: Canvas) -> None:
        shape = (len(panels), 1) if canvas.narrow else (1, len(panels))
        axes = canvas.figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).flat
        for ax, rows in zip(axes, panels, strict=True):
            _draw_lines(ax, rows, canvas.narrow)
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
    top = ranked.iloc[0].to_dict()
    said = Markup("{} is the {} category: {} of {}").format(
        escape(series(top)), bind(top, "value", "largest"), bind(top, "value"), _whole(top)
    )

    def draw(canvas: Canvas) -> None:
        ax = canvas.figure.subplots()
        names = [textwrap.fill(series(row), 17 if canvas.narrow else 34) for row in ranked.to_dict("records")]
        sns.barplot(
            x=ranked["value"].fillna(0), y=names, ax=ax, color=FOCUS, saturation=1, width=0.6, errorbar=None
        )
        ax.hlines(range(len(ranked)), ranked["lower"], ranked["upper"], color=INK, linewidth=1.5)
        for at, row in enumerate(ranked.to_dict("records")):
            end = row["upper"] if pd.notna(row["upper"]) else 0
            _label(ax, end, at, text(row, "value"), offset=6)
        _horizontal(ax, top["upper"] * 1.22)

    return _chart(
        Release(ranked, release.rule),
        "by-category",
        said,
        draw,
        (60 + 36 * len(ranked), 60 + 48 * len(ranked)),
    )


def change_chart(release: Release) -> Display:
    """Draw the change of each category as a dot with its interval, ranked, about a line of no change."""
    ranked = release.frame.dropna(subset=["change"]).sort_values("change", ascending=False, kind="stable")
    rows = ranked.to_dict("records")
    said = Markup("{}; {}").format(*(_moved_most(row) for row in (rows[0], rows[-1])))

    def draw(canvas: Canvas) -> None:
        ax = canvas.figure.subplots()
        names = [textwrap.fill(series(row), 17 if canvas.narrow else 34) for row in rows]
        sns.scatterplot(x=ranked["change"], y=names, ax=ax, color=FOCUS, s=70, zorder=3, legend=False)
        ax.hlines(range(len(rows)), ranked["lower"], ranked["upper"], color=FOCUS, linewidth=2)
        ax.axvline(0, color=INK, linewidth=1)
        for at, row in enumerate(rows):
            _label(
                ax,
                row["upper"] if pd.notna(row["upper"]) else row["change"],
                at,
                text(row, "change"),
                offset=8,
            )
        spread = ranked[["lower", "upper"]].max().max() - ranked[["lower", "upper"]].min().min()
        ax.set_xlim(
            ranked["lower"].min() - 0.05 * spread,
            ranked["upper"].max() + (0.28 if canvas.narrow else 0.14) * spread,
        )
        ax.set_ylim(len(rows) - 0.4, -0.6)
        _bare(ax, "x")
        ax.set_xlabel(f"Change ({rows[0]['change_unit']})")

    return _chart(release, "changes", said, draw, (90 + 36 * len(rows), 100 + 48 * len(rows)))


def part_chart(release: Release) -> Display:
    """Draw for each period the whole as a grey bar and the part counted within it, as whole numbers."""
    frame = release.frame.dropna(subset=["numerator", "denominator"])
    rows = frame.to_dict("records")

    def draw(canvas: Canvas) -> None:
        ax = canvas.figure.subplots()
        names = [textwrap.fill(period(row), 12) for row in rows]
        for column, colour, width in (("denominator", CONTEXT, 0.62), ("numerator", FOCUS, 0.62)):
            sns.barplot(
                x=frame[column], y=names, ax=ax, color=colour, saturation=1, width=width, errorbar=None
            )
        for at, row in enumerate(rows):
            _label(
                ax,
                row["denominator"],
                at,
                f"{text(row, 'numerator')} of {text(row, 'denominator')}",
                offset=6,
            )
        _horizontal(ax, frame["denominator"].max() * (1.5 if canvas.narrow else 1.25))

    before, now = rows[-2], rows[-1]
    said = Markup("{}: {} of {} {}, after {} of {} the period before").format(
        escape(series(now)),
        bind(now, "numerator"),
        bind(now, "denominator"),
        escape(now["counted"]),
        bind(before, "numerator"),
        bind(before, "denominator"),
    )
    return _chart(release, "parts", said, draw, (60 + 62 * len(rows), 60 + 62 * len(rows)))


def _chart(
    release: Release, kind: str, said: Markup, draw: Callable[[Canvas], None], heights: tuple[int, int]
) -> Display:
    frame = release.frame
    name = f"{frame['measure'].iloc[0]}-{kind}".replace("_", "-") + "-chart"
    wide, narrow = (
        _svg(draw, width, height, name) for width, height in zip((WIDE, NARROW), heights, strict=True)
    )
    html = (
        templates()
        .get_template("figure.html.j2")
        .render(
            name=name,
            headline=said,
            subtitle=_subtitle(frame),
            alternative=Markup("{}. {} The numbers are in the table below.").format(said, _in_words(frame)),
            wide=wide,
            narrow=narrow,
            credit=credit(frame),
        )
    )
    return Display(Markup(html), "chart", name, _subtitle(frame))


def _draw_lines(ax: Axes, frame: pd.DataFrame, narrow: bool) -> None:
    lines = [rows.sort_values("period_end") for _, rows in frame.groupby("category", sort=False)]
    at = {end: i for i, end in enumerate(sorted(frame["period_end"].unique()))}
    highest = frame[["value", "upper"]].max().max()
    top = 100 if highest > 60 and frame["unit"].iloc[0] == "%" else highest * 1.18
    for colour, rows in zip(PALETTE, lines, strict=False):
        x = rows["period_end"].map(at)
        sns.lineplot(
            x=x, y=rows["value"], ax=ax, color=colour, marker="o", markersize=9, errorbar=None, legend=False
        )
        ax.vlines(x, rows["lower"], rows["upper"], color=colour, linewidth=1.5)
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
    ax.set_xticks(list(ticks), [textwrap.fill(words, 8) for words in ticks.values()])
    _bare(ax, "y")


def _name_lines(ax: Axes, ends: list[Row], last: int, top: float, narrow: bool) -> None:
    """Name each line at its end with its latest value, the names moved apart where they would touch."""
    names = [f"{series(row)} {text(row, 'value')}" for row in ends]
    words = [textwrap.fill(name, 12) if narrow else name for name in names]
    gap = top * 0.08 * max(word.count("\n") + 1 for word in words)
    for y, word in zip(_apart([row["value"] for row in ends], gap), words, strict=True):
        _label(ax, last, y, word, offset=12)


def _label(ax: Axes, x: float, y: float, words: str, offset: int) -> None:
    ax.annotate(
        words, (x, y), (offset, 0), textcoords="offset points", va="center", color=INK, linespacing=1.1
    )


def _horizontal(ax: Axes, most: float) -> None:
    ax.set_xlim(0, most)
    ax.set_xticks([])
    _bare(ax, "x")
    ax.grid(visible=False)


def _bare(ax: Axes, grid: str) -> None:
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.grid(visible=False)
    ax.grid(visible=True, axis=grid)  # type: ignore[arg-type]
    ax.tick_params(length=0)


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
    font = style.pop("font", "")
    size = next((word for word in font.split() if word.endswith("px")), "15px")
    style |= {"font-size": size} | ({"font-weight": "bold"} if "bold" in font or "700" in font else {})
    element.set("style", "; ".join(f"{key}: {value}" for key, value in style.items()))


def _subtitle(frame: pd.DataFrame) -> str:
    titles = dict.fromkeys(str(measures().loc[measure, "title"]) for measure in frame["measure"])
    rows = frame.sort_values("period_end").to_dict("records")
    first = period(rows[0], before="period_end_before" in rows[0])
    last = period(rows[-1])
    unit = rows[0].get("change_unit", rows[0]["unit"])
    interval = (
        ""
        if frame["lower"].isna().all()
        else f", with {number(100 * frame['confidence'].max(), 0)}% intervals"
    )
    over = first if first == last else f"{first} to {last}" if " to " not in first else f"{first} and {last}"
    measured = "percentages" if unit == "%" else f"rate {unit}" if unit.startswith("per ") else unit
    return f"{'; '.join(titles)}, {measured}, {rows[0]['area_name']}, {over}{interval}"


def _in_words(frame: pd.DataFrame) -> Markup:
    """Every figure that the chart shows, one after the other."""
    statistic = "change" if "change" in frame.columns else "value"
    told = frame.dropna(subset=[statistic]).to_dict("records")
    return Markup(" ").join(
        Markup("{}, {}: {}.").format(escape(series(row)), period(row), bind(row, statistic)) for row in told
    )


def _moved_most(row: Row) -> Markup:
    verb, _ = change_words(row)
    shown = number(abs(row["change"]), places(row, "change"))
    most = Markup("{} the most").format(bind(row, "change", verb))
    return Markup("“{}” {}, by {} {}").format(series(row), most, bind(row, "size", shown), row["change_unit"])


def _whole(row: Row) -> Markup:
    return Markup("{} {}").format(bind(row, "denominator"), row["counted"])
