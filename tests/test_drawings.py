"""The charts of the built pack against CONVENTIONS.md 3, 11, 12 and 14, read from nothing but their SVG."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise

import pandas as pd
import pytest

from lscb_analysis.pages.charts import PALETTE
from lscb_analysis.pages.drawings import CONTEXT, INK

GRID, WHITE = "#e5e6e7", "#ffffff"
SERIES = [colour.lower() for colour in PALETTE]


@pytest.fixture(scope="module")
def drawings(pages):
    """Every drawing of the pack, wide and narrow, with the figure that it stands in."""
    found = [
        (figure, svg) for _, page in sorted(pages.items())
        for figure in page.find_all("figure") for svg in figure.find_all("svg")
    ]  # fmt: skip
    assert len(found) > 40
    return found


def style(element):
    rules = (rule.partition(":") for rule in element.get("style", "").split(";") if rule.strip())
    return {name.strip(): value.strip() for name, _, value in rules}


def shapes(svg):
    """What is drawn: paths with something in them, and the marks that use a path defined before."""
    return [
        shape for shape in svg.find_all(["path", "use"])
        if not shape.find_parent("defs") and (shape.name == "use" or shape.get("d"))
    ]  # fmt: skip


def word_colours(svg):
    return {style(text).get("fill", "#000000") for text in svg.find_all("text")}


def colours(shape):
    return {style(shape).get(part, "none") for part in ("fill", "stroke")} - {"none"}


def series_colours(svg):
    return set().union(*map(colours, shapes(svg))) & set(SERIES)


def points(path):
    """The corners of a path, in CSS pixels."""
    return [
        (float(x), float(y))
        for x, y in re.findall(r"[MLC]\s*([-\d.]+)[ ,]+([-\d.]+)", path.get("d", ""))
    ]  # fmt: skip


def place(text):
    """Where a text begins, or ends if it is anchored there."""
    return tuple(map(float, re.findall(r"-?[\d.]+", text["transform"])[-2:]))


def bars(svg):
    """The filled rectangles: their left and right ends."""
    drawn = [
        path for path in shapes(svg) if style(path).get("fill") in (*SERIES, CONTEXT.lower())
        if path.name == "path" and len(points(path)) == 4
    ]  # fmt: skip
    return [(min(x for x, _ in points(bar)), max(x for x, _ in points(bar))) for bar in drawn]


def straight(svg, colour=None):
    """The lines from one point to another that are neither grid nor context, or those of one colour."""
    wanted = {colour} if colour else {*SERIES, INK.lower()}
    return [
        points(path) for path in shapes(svg)
        if path.name == "path" and style(path).get("stroke") in wanted and len(points(path)) == 2
    ]  # fmt: skip


def luminance(colour):
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_wcag_says_it_is():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the grey that just fails


def test_convention_3_words_and_shapes_of_a_chart_stand_out_from_its_panel(drawings):
    for figure, svg in drawings:
        assert all(contrast(colour, WHITE) >= 4.5 for colour in word_colours(svg))
        told = set().union(*map(colours, shapes(svg))) - {CONTEXT.lower(), GRID, WHITE}
        assert all(contrast(colour, WHITE) >= 3 for colour in told), figure["id"]


def test_convention_3_an_interval_stands_out_from_its_bar(drawings):
    for figure, svg in drawings:
        if figure["id"].endswith("by-category-chart"):
            seen = {tuple(map(tuple, line)) for line in straight(svg, WHITE)}
            assert {tuple(map(tuple, line)) for line in straight(svg) if line[0][1] == line[1][1]} == seen


def test_convention_11_the_palette_in_its_order_and_words_in_the_colour_of_text(drawings):
    for figure, svg in drawings:
        used = series_colours(svg)
        assert used == set(SERIES[: len(used)]), figure["id"]
        drawn = set().union(*map(colours, shapes(svg)))
        assert drawn <= {*SERIES, CONTEXT.lower(), INK.lower(), GRID, WHITE}, figure["id"]
        assert word_colours(svg) == {INK.lower()}


def test_convention_11_lines_of_several_colours_are_named_at_their_ends(drawings):
    lines = [
        (svg, points(path), style(path)["stroke"]) for figure, svg in drawings
        if figure["id"].endswith("over-time-chart") and len(series_colours(svg)) > 1
        for path in shapes(svg) if style(path).get("stroke") in SERIES and len(points(path)) > 2
    ]  # fmt: skip
    assert len({stroke for _, _, stroke in lines}) > 2
    for svg, line, _ in lines:
        right, down = line[-1]
        starts = [
            place(text) for text in svg.find_all("text") if style(text).get("text-anchor") in (None, "start")
        ]
        assert any(0 < x - right < 20 and abs(y - down) < 40 for x, y in starts)


def test_convention_12_colour_is_never_the_only_cue(drawings):
    """Lines have their names; marks of several colours have a shape, or a filling, for each."""
    for figure, svg in drawings:
        shape_of = {f"#{path['id']}": path["d"] for path in svg.select("defs path[id]")}
        cues = defaultdict(set)
        for mark in svg.find_all("use"):
            cues[style(mark)["stroke"]].add((shape_of[mark["xlink:href"]], style(mark)["fill"]))
        if not figure["id"].endswith("over-time-chart"):
            seen = [cue for kinds in cues.values() for cue in kinds]
            assert len(seen) == len(set(seen)), figure["id"]


def test_convention_12_words_are_horizontal(drawings):
    for figure, svg in drawings:
        turned = [
            turn for text in svg.find_all("text") for turn in re.findall(r"rotate\(([-\d.]+)", str(text))
        ]
        assert all(float(turn) == 0 for turn in turned), figure["id"]


def test_convention_12_no_pie_no_depth_and_one_y_axis(drawings):
    """Outside its marks a drawing has straight lines and upright rectangles; no tick stands to the right."""
    for figure, svg in drawings:
        for path in (shape for shape in shapes(svg) if shape.name == "path"):
            assert not re.search("[CQSA]", path["d"]), figure["id"]
            if style(path)["fill"] in SERIES:
                xs, ys = zip(*points(path), strict=True)
                assert max(len(set(xs)), len(set(ys))) == 2, figure["id"]
        assert all(style(tick).get("text-anchor") != "start" for tick in svg.select(".tick text"))


def test_convention_12_bars_begin_at_zero_and_are_as_long_as_their_numbers(drawings):
    held = 0
    for figure, svg in drawings:
        part = "range" if figure["id"].endswith("scores-chart") else ""  # its means are dots
        bound = figure.find(id=svg["aria-describedby"]).find_all("data")
        numbers = sorted(abs(float(data["value"])) for data in bound if part in data["data-measure"])
        drawn = sorted(right - left for left, right in bars(svg))
        if drawn:
            longest = drawn[-1] / numbers[-1]
            numbers = [0.0] * (len(drawn) - len(numbers)) + numbers
            assert drawn == pytest.approx([longest * number for number in numbers], abs=0.01), figure["id"]
            held += 1
    assert held > 15


def test_convention_14_small_multiples_share_their_axes(drawings):
    """The grid of each panel is where that of the others is: the same numbers at the same heights."""
    several = 0
    for figure, svg in drawings:
        grids = defaultdict(list)
        for (left, up), (right, down) in straight(svg, GRID):
            if up == down:
                grids[left, right].append(up)
        if figure["id"].endswith("over-time-chart"):
            per_panel = steps(grids)
            assert all(panel == pytest.approx(per_panel[0], abs=0.01) for panel in per_panel), figure["id"]
            several += len(per_panel) > 1
    assert several >= 4


def steps(grids):
    """For each panel, beside or below another, how far its lines of the grid are apart."""
    panels = []
    for lines in grids.values():
        gaps = [one - other for one, other in pairwise(lines)]
        breaks = [at for at, gap in enumerate(gaps) if gap < 0]
        starts = [0, *(at + 1 for at in breaks)]
        panels += [
            gaps[start:end] for start, end in zip(starts, [*breaks, len(gaps)], strict=True)
        ]  # fmt: skip
    return panels


def test_convention_14_an_interval_is_drawn_wherever_one_exists(drawings, pack):
    for figure, svg in drawings:
        across = not figure["id"].endswith("over-time-chart")
        if figure["id"].endswith(("over-time-chart", "by-category-chart", "changes-chart")):
            known = intervals(pack, figure.find_parent("body"))
            bound = figure.find(id=svg["aria-describedby"]).find_all("data")
            expected = sum((*key(data), data["data-period"].split("/")[-1]) in known for data in bound)
            lines = [line for line in straight(svg) if (line[0][1] == line[1][1]) == across]
            assert len(lines) == expected, figure["id"]


def key(data):
    return tuple(data[f"data-{part}"] for part in ("measure", "category", "area"))


def intervals(pack, body):
    """The figures with an interval in the tables that a page gives away, by the day on which they end."""
    tables = [pd.read_csv(pack / link["href"], dtype=str) for link in body.select("a[download]")]
    rows = pd.concat(table for table in tables if "lower" in table).dropna(subset=["lower"])
    return set(zip(*(rows[part] for part in ("measure", "category", "area_code", "period_end")), strict=True))
