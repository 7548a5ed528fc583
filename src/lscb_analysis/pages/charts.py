"""Releases to charts: inline SVG drawn wide and narrow, a headline, and the same in words."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from functools import partial, wraps
from itertools import pairwise
from typing import Any, TypeVar, cast

import pandas as pd
import seaborn as sns
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lscb_analysis.data import measures, records, units
from lscb_analysis.editions import CHANGED
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import (
    Display,
    area,
    areas,
    as_coded_last,
    if_any,
    name,
    naming,
    number,
    percent,
    period,
    periods,
    series,
    shortened,
    subjects,
    templates,
    text,
)
from lscb_analysis.pages.drawings import CONTEXT, INK, svg
from lscb_analysis.pages.governance import means_between
from lscb_analysis.pages.sentences import against, credit, dated, headline, largest_headline, pairs_beside
from lscb_analysis.pages.words import say, sign
from lscb_analysis.records import SCALE, parts, summaries
from lscb_analysis.release import Release

PALETTE = ["#12436D", "#28A197", "#801650", "#F46A25"]
"""The Analysis Function's categorical palette, in its order; never more than four."""

FOCUS = PALETTE[0]
SHAPES = [("o", True), ("D", False), ("X", True)]
"""The shapes of marks, and whether each is filled: told apart without their colours."""
MOST_LONG_TICKS = 3
"""With more periods than this their names are broken into lines."""

MOST_TICKS, MOST_NARROW_TICKS, MOST_TICKS_ABREAST = 8, 5, 3
"""With more periods than this, in a wide drawing or a narrow one, not all are named and labelled."""

ABREAST = 3
"""So many small drawings stand side by side where each category has one."""

WIDE, NARROW = 680, 340
"""Widths in CSS pixels: one drawing for a desk, one for a phone."""

_FIGURE = templates().get_template("figure.html.j2")

NARROW_LETTERS = 44
"""On a phone a line has room for so many letters."""

Chart = TypeVar("Chart", bound=Callable[..., Display])


def _needs(*columns: str) -> Callable[[Chart], Chart]:
    """Make of a chart one that is not drawn, and says so, where no row has a figure in all these columns."""

    def made(chart: Chart) -> Chart:
        @wraps(chart)
        @if_any()
        def drawn(release: Release, *others: Any, **named: Any) -> Display:
            told = release.frame[list(columns)].notna().all(axis="columns")
            return chart(release, *others, **named) if told.any() else Display(say("chart.not_drawn"), "note")

        return cast(Chart, drawn)

    return made


@_needs("value")
def line(release: Release, target: Release | None = None, verdicts: Release | None = None) -> Display:
    """Draw series over time, an interval wherever there is one; measures and areas side by side on one axis.

    More categories than there are colours to tell apart stand in small drawings of one each. The one figure
    of `target` is drawn as a grey line. The headline says what `verdicts` has of the series; without them,
    no direction.

    >>> lscb.charts.line(pack.estimates("plans"), verdicts=pack.verdicts("plans")).caption
    'Children who were the subject of a child protection plan, rate per 10,000 children, ...'
    """
    frame, target = release.frame.dropna(subset=["value"]), target if target and len(target.frame) else None
    lines = frame.groupby(["area_code", "measure"])["category"].nunique()
    apart = ["category"] if lines.max() > len(PALETTE) else []
    panels = [rows for _, rows in frame.groupby(["area_code", "measure", *apart], sort=False)]
    named = naming(frame if apart else frame.assign(category="Total"))
    abreast = ABREAST if apart else len(panels)
    highest = frame[["value", "upper"]].max().max()
    top = 100.0 if highest > 60 and (frame["unit"] == "%").all() else 1.18 * highest
    ends = frame["period_end"]
    between = release.frame[release.frame["period_end"].between(ends.min(), ends.max())]
    ticks = {row["period_end"]: period(row) for row in records(between.sort_values("period_end"))}

    def draw(figure: Figure, narrow: bool) -> None:
        shape = (len(panels), 1) if narrow else (-(-len(panels) // abreast), abreast)
        axes = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).flat
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        for ax, rows in zip(axes, panels, strict=False):
            few = MOST_NARROW_TICKS if narrow or not apart else MOST_TICKS_ABREAST
            _draw_lines(ax, rows, ticks, top, narrow, few if narrow or len(panels) > 1 else MOST_TICKS)
            if target is not None:
                _draw_target(ax, target.frame.iloc[0].to_dict())
            if len(panels) > 1:
                title = textwrap.fill(shortened(named(rows.iloc[0])), 34)
                pad = 26 if highest > 0.9 * top else 6  # a label may stand above the axes
                ax.set_title(title, fontweight="bold", loc="left", color=INK, pad=pad)

    rows = -(-len(panels) // abreast)
    heights = (330 if rows == 1 else 250 * rows, 300 if len(panels) == 1 else 250 * len(panels))
    judged = verdicts.frame if verdicts else None
    said = headline(frame, judged, release.frame) if target is None else against(frame, target.frame)
    words = _value_in_words(release.frame)
    return _chart(release.frame, "over-time", said, words, draw, heights)


@_needs("value")
def bar(release: Release) -> Display:
    """Draw categories as bars from zero, the largest first, with intervals.

    They are of the latest period in which any of them is told.

    >>> lscb.charts.bar(pack.now(pack.estimates("referrals"))).caption
    "Referrals to children's social care by who referred, percentages, with 95% intervals, ...2017 to 2018"
    """
    latest = release.frame.loc[release.frame["value"].notna(), "time_period"].max()
    frame = release.frame[release.frame["time_period"] == latest]
    ranked = frame.sort_values("value", ascending=False, kind="stable", na_position="last", ignore_index=True)

    def draw(figure: Figure, narrow: bool) -> None:
        ax = figure.subplots()
        rows = records(ranked)
        at = list(range(len(rows)))
        lengths = ranked["value"].fillna(0)
        low, high = min(lengths.min(), 0), ranked[["value", "upper"]].max().max()
        ax.barh(at, lengths, height=0.45, color=FOCUS)
        for colour, thick in (("white", 4.5), (INK, 1.5)):  # seen on the bar as well as beyond it
            ax.hlines(at, ranked["lower"], ranked["upper"], color=colour, linewidth=thick)
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
    said = dated(largest_headline(ranked), ranked, release.frame)
    return _chart(ranked, "by-category", said, _value_in_words(ranked), draw, heights)


@_needs("change")
def change(release: Release, verdict: Release | None = None) -> Display:
    """Draw the change of each category as a dot with its interval, ranked, about a line of no change.

    The headline says which rose and fell the most only where the `verdict` on the mix is a change.

    >>> lscb.charts.change(pack.mix_changes("abuse"), pack.verdicts("abuse")).caption
    'Child protection plans starting in the year by category of abuse, percentage points, ...'
    """
    every = release.frame.sort_values("change", ascending=False, kind="stable", na_position="last")
    ranked = every.dropna(subset=["change"])
    rows = records(ranked)
    said = _mix_headline(rows, next(iter(records(verdict.frame)), None) if verdict else None)

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


@_needs("value")
def beside(release: Release) -> Display:
    """Draw the latest figure of each series of an area as a bar, that of the country in grey below it.

    Raises ValueError if a figure has no other beside it.

    >>> pupils = pack.stated(lscb.agreed(pack.load("eal_primary", areas="comparators")))
    >>> lscb.charts.beside(pupils).caption
    'Pupils in primary schools with English as an additional language, ... ... and England, ...'
    """
    pairs = pairs_beside(release.frame)
    if not pairs:
        return Display(say("chart.not_drawn"), "note")
    rows = [here for here, _ in pairs]
    frame = pd.DataFrame([row for pair in pairs for row in pair])
    here, there = max(pairs, key=lambda pair: abs(pair[0]["value"] - pair[1]["value"]))
    apart = len(pairs) > 1 and text(here, "value") != text(there, "value")
    said = say("chart.pair_most" if apart else "chart.pair", here, there=there)
    said = dated(said, pd.DataFrame([here]), release.frame)

    def draw(figure: Figure, narrow: bool) -> None:
        ax = figure.subplots()
        thick = 0.3 if narrow else 0.38
        for side, colour in enumerate((FOCUS, CONTEXT)):
            at = [y + thick * (side - 0.5) for y in range(len(pairs))]
            shown = [pair[side] for pair in pairs]
            ax.barh(at, [row["value"] for row in shown], height=thick - 0.02, color=colour)
            for y, row in zip(at, shown, strict=True):
                _label(ax, row["value"], y, f"{text(row, 'value')} {shortened(area(row))}", 6)
        _name_rows(ax, rows, narrow, above=35)
        ax.set_xlim(0, frame["value"].max() * (1.9 if narrow else 1.5))
        ax.set_xticks([])

    heights = (40 + 62 * len(rows), 40 + 96 * len(rows))
    return _chart(frame, "beside", said, partial(say, "chart.place"), draw, heights)


@_needs("numerator", "denominator")
def part(release: Release) -> Display:
    """Draw for each period the whole as a grey bar and the part counted within it, as whole numbers.

    A period for which either is not told is left out.

    >>> lscb.charts.part(pack.estimates("conferences")).caption
    'Initial child protection conferences held within 15 working days, the number as the dark part of ...'
    """
    frame = release.frame.dropna(subset=["numerator", "denominator"])
    rows = records(frame)
    now = rows[-1]
    earlier = records(as_coded_last(frame))[-2:-1]
    after = Markup("").join(say("chart.part_after", before) for before in earlier)
    said = say("chart.part_of", now) + after

    def draw(figure: Figure, narrow: bool) -> None:
        ax = figure.subplots()
        for column, colour in (("denominator", CONTEXT), ("numerator", FOCUS)):
            ax.barh(range(len(rows)), frame[column], height=0.62, color=colour)
        for y, row in enumerate(rows):
            _label(ax, row["denominator"], y, f"{text(row, 'numerator')} of {text(row, 'denominator')}", 6)
        ax.set_xlim(0, (frame["denominator"].max() or 1) * (1.5 if narrow else 1.25))
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xticks([])
        ax.set_yticks(range(len(rows)), [period(row) for row in rows])
        _bare(ax)

    about = "the number as the dark part of each bar, the total as the whole bar"
    return _chart(
        frame,
        "parts",
        said,
        partial(say, "chart.part"),
        draw,
        (40 + 60 * len(rows), 40 + 60 * len(rows)),
        about,
    )


@_needs("value")
def marks(release: Release) -> Display:
    """Draw a register: a mark for each seat and meeting, its shape and colour by what was marked.

    Raises ValueError for more kinds of marks than there are shapes.

    >>> lscb.charts.marks(pack.stated(pack.load("board_attended", "board_apologies"))).caption
    'Attendance of each seat at each meeting of the board, a mark for each seat and meeting, ...'
    """
    frame = release.frame
    marked = frame[frame["value"].notna()]
    listed = [measure for measure in measures().index if measure in set(marked["measure"])]
    kinds = [marked[marked["measure"] == measure] for measure in listed]
    if len(kinds) > len(SHAPES):
        raise ValueError(
            f"{len(kinds)} kinds of marks are too many to tell apart: there are {len(SHAPES)} shapes."
        )
    rows = records(frame.drop_duplicates("category"))
    days = sorted(frame["period_end"].unique())
    down = {row["category"]: y for y, row in enumerate(rows)}

    def draw(figure: Figure, narrow: bool) -> None:
        ax = figure.subplots()
        for colour, (shape, fill), marks in zip(PALETTE, SHAPES, kinds, strict=False):
            at = marks["period_end"].map(days.index), marks["category"].map(down)
            face = colour if fill else "white"
            ax.scatter(
                *at,
                marker=shape,
                s=110,
                facecolor=face,
                edgecolor=colour,
                linewidth=2,
                label=shortened(measures().at[marks["measure"].iloc[0], "label"]),
            )
        blank = frame[frame["value"].isna()]
        if len(blank):
            at = blank["period_end"].map(days.index), blank["category"].map(down)
            ax.scatter(*at, marker="_", s=110, color=INK, linewidth=2, label="No mark")
        _name_rows(ax, rows, narrow)
        ax.set_xlim(-0.5, len(days) - 0.5)
        ax.set_xticks(range(len(days)), [f"{day.day}\n{day:%b}\n{day:%Y}" for day in days])
        ax.xaxis.tick_top()
        figure.legend(loc="outside upper left", ncols=1 if narrow else len(kinds) + 1, frameon=False)

    said = _counted_marks(kinds)
    heights = (150 + 34 * len(rows), 220 + 58 * len(rows))
    return _chart(
        frame, "marks", said, partial(say, "chart.mark"), draw, heights, "a mark for each seat and meeting"
    )


@_needs("value")
def scores(release: Release) -> Display:
    """Draw each statement's mean as a dot on the scale, and its range as a bar beside it, in their order.

    The range has a panel of its own: it does not say between which ratings it lies.

    >>> lscb.charts.scores(pack.stated(pack.load("duties_mean", "duties_range"))).caption
    "Partners' ratings of the board on statutory duties, mean as a dot, range as a bar, ..."
    """
    frame = release.frame[summaries(release.frame) & (parts(release.frame) != "mode")]
    told = frame[frame["value"].notna()]
    rows = records(told.drop_duplicates("category"))
    down = {row["category"]: y for y, row in enumerate(rows)}
    means, ranges = (told[parts(told) == part] for part in ("mean", "range"))
    if means.empty:
        return Display(say("chart.not_drawn"), "note")

    def draw(figure: Figure, narrow: bool) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(2, 1))
        at = means["category"].map(down)
        left.hlines(at, min(SCALE), means["value"], color=CONTEXT, linewidth=1)
        sns.scatterplot(x=means["value"], y=at, ax=left, color=FOCUS, s=90, zorder=3, legend=False)
        right.barh(ranges["category"].map(down), ranges["value"], height=0.4, color=PALETTE[1])
        for ax, figures in ((left, means), (right, ranges)):
            for row in records(figures):
                _label(ax, row["value"], down[row["category"]], number(row["value"], 1), 9)
        _name_rows(left, rows, narrow)
        _bare(right)
        words = [f"{rating}" if narrow else f"{rating}\n{word}" for rating, word in SCALE.items()]
        left.set_xticks(list(SCALE), words)
        left.set_xlim(min(SCALE) - 0.2, max(SCALE) + 0.75)
        right.set_xticks([])
        right.set_xlim(0, max(SCALE) - min(SCALE) + 1)
        left.set_title("Mean", fontweight="bold", loc="left", color=INK)
        right.set_title("Range", fontweight="bold", loc="left", color=INK)

    said = means_between(means)
    heights = (110 + 34 * len(rows), 130 + 58 * len(rows))
    return _chart(
        frame, "scores", said, partial(say, "chart.score"), draw, heights, "mean as a dot, range as a bar"
    )


def _counted_marks(kinds: list[pd.DataFrame]) -> Markup:
    """How many marks of each kind there are, of all."""
    every = pd.concat(kinds)
    whole = {
        "category": "Total",
        "period_start": every["period_start"].min(),
        "period_end": every["period_end"].max(),
    }
    rows = [
        {
            **marks.iloc[0].to_dict(),
            **whole,
            "numerator": marks["value"].sum(),
            "denominator": every["value"].sum(),
        }
        for marks in kinds
    ]
    first, *rest = rows
    return Markup("; ").join([say("chart.marks", first), *(say("chart.marks_more", row) for row in rest)])


@_needs("value")
def two_points(release: Release, target: Release | None = None) -> Display:
    """Draw for each measure its last two percentages as a ring and a dot, on one axis from 0 to 100.

    Where there is only one figure of each measure, it is a dot. A period in which not all measures that are
    told at all have a figure is left out.

    A row of `target` is drawn as a grey mark on the measure that the dictionary says it is the target of.

    Raises ValueError if the measures do not share their periods.

    >>> lscb.charts.two_points(pack.stated(pack.load("plan_visits_in_time"))).caption
    'Children with a child protection plan visited in time, percentages, a ring for January 2018, ...'
    """
    if release.frame.groupby("measure")["period_end"].agg(frozenset).nunique() > 1:
        raise ValueError("The measures have not the same periods: draw those apart that differ.")
    frame = release.frame.dropna(subset=["value"]).sort_values("period_end", kind="stable")
    frame = frame[frame.groupby("period_end")["measure"].transform("nunique") == frame["measure"].nunique()]
    if frame.empty:
        return Display(say("chart.not_drawn"), "note")
    pairs = [records(rows.tail(2)) for _, rows in frame.groupby("measure", sort=False)]
    aims = target.frame.drop_duplicates("measure") if target else release.frame.head(0)
    aim_of = {measures().at[row["measure"], "of"]: row for row in records(aims)}
    drawn = [aim_of[pair[-1]["measure"]] for pair in pairs if pair[-1]["measure"] in aim_of]
    said = Markup("; ").join(
        [headline(frame, every=release.frame), *(say("chart.aim", row) for row in drawn)]
    )

    def draw(figure: Figure, narrow: bool) -> None:
        ax = figure.subplots()
        for y, pair in enumerate(pairs):
            _draw_pair(ax, y, pair)
            if pair[-1]["measure"] in aim_of:
                _draw_aim(ax, y, aim_of[pair[-1]["measure"]])
        _name_rows(ax, [pair[-1] for pair in pairs], narrow)
        ax.set_ylim(len(pairs) - 0.4, -0.7 if narrow else -0.5)
        ax.set_xlim(0, 118)
        ax.set_xticks(range(0, 101, 25), [f"{tick}%" for tick in range(0, 101, 25)])
        ax.grid(visible=True, axis="x")

    marks = [f"a ring for {period(pairs[0][0])}"] if len(pairs[0]) > 1 else []
    marks += [f"a dot for {period(pairs[0][-1])}", *(["a mark for the target"] if drawn else [])]
    about = f"percentages, {', '.join(marks)}"
    heights = 50 + 70 * len(pairs), 50 + 84 * len(pairs)
    return _chart(release.frame, "pairs", said, _value_in_words(frame), draw, heights, about)


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
    html = _FIGURE.render(
        name=own,
        headline=said,
        subtitle=subtitle,
        alternative=say("chart.alternative", said=_in_words(frame, words)),
        withheld=_withheld(frame),
        wide=svg(lambda figure: draw(figure, False), WIDE, heights[0], own),
        narrow=svg(lambda figure: draw(figure, True), NARROW, heights[1], own),
        credit=credit(frame),
    )
    return Display(Markup(html), "chart", own, subtitle)


def _draw_pair(ax: Axes, y: int, pair: Sequence[Row]) -> None:
    """The figures of a measure on a line of their own, each with its number on the outer side."""
    ends = [row["value"] for row in pair]
    ax.hlines(y, min(ends), max(ends), color=FOCUS, linewidth=1.5)
    for row, fill in zip(pair, ["white", FOCUS][-len(pair) :], strict=True):
        ax.plot(row["value"], y, marker="o", ms=11, mew=2, color=FOCUS, mfc=fill, ls="")
        _label(ax, row["value"], y, text(row, "value"), 11 if row["value"] == max(ends) else -11)


def _draw_aim(ax: Axes, y: int, row: Row) -> None:
    """A target as a mark across the line of its measure, named below."""
    ax.vlines(row["value"], y - 0.22, y + 0.22, color=CONTEXT, linewidth=4, zorder=0)
    ax.annotate(
        f"target {text(row, 'value')}",
        (row["value"], y + 0.22),
        (0, -4),
        textcoords="offset points",
        va="top",
        ha="center",
        color=INK,
    )


def _draw_lines(
    ax: Axes, frame: pd.DataFrame, periods: dict[pd.Timestamp, str], top: float, narrow: bool, most: int
) -> None:
    """Draw the lines of one panel on the periods of all, each line broken where a period has no figure."""
    lines = [rows.sort_values("period_end") for _, rows in frame.groupby("category", sort=False)]
    at, last = {end: i for i, end in enumerate(periods)}, len(periods) - 1
    # before the lines are drawn: ticks that are replaced afterwards cost as much as the lines
    ax.set_ylim(0, top)
    ax.set_xlim(-0.3, last + (0.3 if len(lines) == 1 else 1.3 if narrow else 0.85))
    every = 1 if len(at) <= most else -(-len(at) // (most - 1))
    ticks = {x: words for x, words in enumerate(periods.values()) if (last - x) % every == 0}
    wrapped = [textwrap.fill(words, 8, break_long_words=False) for words in ticks.values()]
    ax.set_xticks(
        list(ticks), wrapped if most < MOST_TICKS or len(ticks) > MOST_LONG_TICKS else list(ticks.values())
    )
    ax.set(xlabel=" ", ylabel=" ")  # of axes without a name seaborn asks every tick whether it is seen
    for colour, rows in zip(PALETTE, lines, strict=False):
        x = rows["period_end"].map(at)
        unbroken = (x.diff() != 1).cumsum()
        drawn = {"color": colour, "marker": "o", "markersize": 9, "clip_on": False, "legend": False}
        sns.lineplot(x=x, y=rows["value"], units=unbroken, estimator=None, ax=ax, **drawn)
        told = rows["lower"].notna()
        ax.vlines(x[told], rows["lower"][told], rows["upper"][told], color=colour, linewidth=1.5)
    if len(lines) == 1:
        x = [at[end] for end in lines[0]["period_end"]]
        _label_points(ax, x, records(lines[0]), top, every > 1)
    else:
        _name_lines(ax, [rows.iloc[-1].to_dict() for rows in lines], last, top, narrow)
    ax.yaxis.set_major_formatter("{x:,.10g}")
    _bare(ax)
    ax.grid(visible=True, axis="y")


def _label_points(ax: Axes, at: Sequence[int], rows: Sequence[Row], top: float, few: bool) -> None:
    """Write each value above its point, or below where the line comes down to it from both sides.

    Or `few`: the last, the highest, the lowest and the first, each where none before it is next to it.
    """
    values = [row["value"] for row in rows]
    told: Sequence[int] = range(len(rows))
    if few:
        wanted = [len(rows) - 1, values.index(max(values)), values.index(min(values)), 0]
        told = [i for place, i in enumerate(wanted) if all(abs(i - other) > 1 for other in wanted[:place])]
    for i in told:
        row, beside = rows[i], [*values[max(i - 1, 0) : i], *values[i + 1 : i + 2]]
        under = bool(beside) and row["value"] < min(beside) and row["value"] > 0.15 * top
        end = row["lower" if under else "upper"]
        ax.annotate(
            text(row, "value"),
            (at[i], end if pd.notna(end) else row["value"]),
            (0, -8 if under else 8),
            textcoords="offset points",
            ha="left" if few and not at[i] else "center",
            va="top" if under else "bottom",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )


def _draw_target(ax: Axes, target: Row) -> None:
    ax.axhline(target["value"], color=CONTEXT, linewidth=2, zorder=1)
    ax.annotate(
        f"Target\n{text(target, 'value')}",
        (1, target["value"]),
        (6, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        color=INK,
    )


def _name_lines(ax: Axes, ends: Sequence[Row], last: int, top: float, narrow: bool) -> None:
    """Name each line at its end with its latest value, the names moved apart where they would touch."""
    names = [f"{shortened(series(row))} {text(row, 'value')}" for row in ends]
    words = [textwrap.fill(name, 12) if narrow else name for name in names]
    gap = top * 0.08 * max(word.count("\n") + 1 for word in words)
    for y, word in zip(_apart([row["value"] for row in ends], gap), words, strict=True):
        _label(ax, last, y, word, offset=12)


def _name_rows(ax: Axes, rows: Sequence[Row], narrow: bool, above: int = 18) -> None:
    """Name the rows of a horizontal chart: beside them, or above each where there is little room."""
    _bare(ax)
    ax.set_ylim(len(rows) - 0.5, -0.7 if narrow else -0.5)
    names = [shortened(series(row)) for row in rows]
    ax.set_yticks(range(len(rows)), [""] * len(rows) if narrow else names)
    if narrow:
        for y, words in enumerate(textwrap.fill(words, NARROW_LETTERS) for words in names):
            ax.annotate(
                words,
                (0, y),
                (0, above - 4 * words.count("\n")),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="bottom" if "\n" in words else "baseline",
                linespacing=1,
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
    row = frame.iloc[0]
    unit = row.get("change_unit", row["unit"])
    measured = units()[unit]["plural"] if unit in units() else unit
    confidence = percent(frame["confidence"].max())
    told = f", with {confidence} intervals" if frame["lower"].notna().any() else ""
    return f"{subjects(frame)}, {about or measured + told}, {areas(frame)}, {periods(frame)}"


def _in_words(frame: pd.DataFrame, words: Callable[[Row], Markup]) -> Markup:
    """Every figure that the chart shows, one after the other."""
    statistic = "change" if "change" in frame.columns else "value"
    return Markup(" ").join(words(row) for row in records(frame.dropna(subset=[statistic])))


def _value_in_words(frame: pd.DataFrame) -> Callable[[Row], Markup]:
    named = naming(frame)
    return lambda row: say("chart.value", row, what=name(named(row)))


def _change_in_words(row: Row) -> Markup:
    almost = text(row, "change") == "[low]"
    return say("chart.almost_same" if almost else "chart.change" if row["change"] else "chart.no_change", row)


def _withheld(frame: pd.DataFrame) -> list[str]:
    """The series that the chart cannot show, since their source withholds every figure."""
    statistic = "change" if "change" in frame.columns else "value"
    names = pd.Series([series(row) for row in records(frame)], index=frame.index, dtype=str)
    told = frame[statistic].notna().groupby(names, sort=False).any()
    return [str(name) for name in told.index[~told]]


def _mix_headline(rows: Sequence[Row], mix: Row | None) -> Markup:
    """What a chart of changes finds: the largest ones if the mix changed, else how far the mixes differ."""
    if not any(row["change"] for row in rows):
        return say("chart.mix_same")
    if mix and mix["verdict"] != CHANGED:
        return say("chart.mix_differs" if pd.notna(mix["shift"]) else "chart.mix_not_compared", mix)
    ends = [row for row, way in ((rows[0], 1), (rows[-1], -1)) if row["change"] * way > 0]
    key = "chart.moved_most" if mix else "chart.mix_change"
    return Markup("; ").join(say(key, row, moved=sign(row["change"])) for row in ends)
