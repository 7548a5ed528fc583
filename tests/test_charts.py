"""Charts: their bytes, their ids, their words, and that they show no number of their own."""

import re
from functools import cache

import matplotlib
import pytest
from afcharts.af_colours import get_af_colours
from bs4 import BeautifulSoup

from lscb_analysis import (
    bar_chart,
    change_chart,
    compare,
    line_chart,
    load,
    part_chart,
    protect,
    read_edition,
    stated,
    table,
    table_of_changes,
)
from lscb_analysis.charts import FOCUS, PALETTE
from lscb_analysis.verdicts import estimates

EDITION = read_edition("southend-2017-19")


def series(*questions):
    return protect(*(estimates(EDITION, question) for question in questions), rule="published")


def latest():
    frame = series("primary_need").frame
    return protect(frame[frame["time_period"] == 2018], rule="published")


def changes():
    return protect(compare(series("primary_need").frame, 2017, 2018), rule="published")


def training(name, measure):
    return protect(stated(load(name, measure=measure)), rule="published")


LEVEL_2 = training("training_levels", "training_level_2")
LEVEL_3 = training("training_level_3", "training_level_3")
TARGET = training("training_text", "training_level_2_target")

CHARTS = {  # each drawn once for all tests
    "one line": (cache(lambda: line_chart(series("plans"))), lambda: table(series("plans"))),
    "lines": (cache(lambda: line_chart(series("abuse"))), lambda: table(series("abuse"))),
    "panels": (
        cache(lambda: line_chart(series("care_leavers_17_18", "care_leavers_19_21"))),
        lambda: table(series("care_leavers_17_18", "care_leavers_19_21")),
    ),
    "areas": (cache(lambda: line_chart(LEVEL_3)), lambda: table(LEVEL_3)),
    "target": (cache(lambda: line_chart(LEVEL_2, TARGET)), lambda: table(LEVEL_2)),
    "bars": (cache(lambda: bar_chart(latest())), lambda: table(latest())),
    "changes": (cache(lambda: change_chart(changes())), lambda: table_of_changes(changes())),
    "parts": (cache(lambda: part_chart(series("conferences"))), lambda: table(series("conferences"))),
}
charts = pytest.mark.parametrize("chart", [chart for chart, _ in CHARTS.values()], ids=CHARTS)


def soup(shown):
    return BeautifulSoup(shown.html, "html.parser")


@charts
def test_the_same_release_gives_the_same_bytes(chart):
    assert chart.__wrapped__().html == chart().html


@charts
def test_a_chart_is_described_by_words_on_the_page(chart):
    figure = soup(chart())
    for drawing in figure.find_all("svg"):
        assert drawing["role"] == "img"
        described = figure.find(id=drawing["aria-describedby"])
        assert "The numbers are in the table below." in described.get_text()
        assert figure.find(id=drawing["aria-labelledby"]).get_text().strip()


@pytest.mark.parametrize(("chart", "its_table"), CHARTS.values(), ids=CHARTS)
def test_no_number_in_a_drawing_is_missing_from_the_page(chart, its_table):
    figure, words = soup(chart()), soup(its_table()).get_text(" ")
    for ticks in figure.select("svg .tick"):
        ticks.decompose()
    drawn = {found for svg in figure.find_all("svg") for found in re.findall(r"\d[\d,.]*", svg.get_text(" "))}
    for svg in figure.find_all("svg"):
        svg.decompose()
    told = set(re.findall(r"\d[\d,.]*\d|\d", words + " " + figure.get_text(" ")))
    assert drawn <= told


@charts
def test_ids_are_a_charts_own_and_none_is_there_twice(chart):
    figure = soup(chart())
    ids = [element["id"] for element in figure.find_all(id=True)]
    assert len(ids) == len(set(ids))
    name = figure.figure["id"]
    assert all(found.startswith(name) for found in ids)


@charts
def test_every_reference_within_a_drawing_leads_somewhere(chart):
    html = str(chart().html)
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'xlink:href="#([^"]+)"', html)) <= set(re.findall(r'id="([^"]+)"', html))


@charts
def test_text_is_text_in_the_pages_font_and_large_enough(chart):
    for text in soup(chart()).select("svg text"):
        assert "font-family" not in text.get("style", "")
        size = float(re.search(r"font-size: ([\d.]+)px", text["style"])[1])
        assert size >= 14.6  # 11 points


@charts
def test_a_drawing_holds_no_date_and_no_address(chart):
    for drawing in soup(chart()).find_all("svg"):
        assert not drawing.find("metadata")
        assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]+"', "", str(drawing))


def test_a_chart_leaves_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    line_chart(series("plans"))
    assert dict(matplotlib.rcParams) == before


def test_the_palette_is_the_analysis_functions():
    categorical = get_af_colours("categorical", number_of_colours=4)
    assert [colour.upper() for colour in categorical] == PALETTE
    assert PALETTE[0] == FOCUS


def test_an_interval_is_drawn_for_each_figure_that_has_one():
    with_interval, without = series("conferences"), series("care_leavers_17_18")
    assert with_interval.frame["lower"].notna().sum() == 3
    assert without.frame["lower"].notna().sum() == 1
    drawn = [
        soup(line_chart(release)).select_one("svg").find_all("path") for release in (with_interval, without)
    ]
    strokes = [
        sum("stroke: #12436d; stroke-width: 1.5" in path.get("style", "") for path in paths)
        for paths in drawn
    ]
    assert strokes == [3, 1]


def test_a_target_is_a_grey_line_that_the_headline_names():
    with_target, without = CHARTS["target"][0](), line_chart(LEVEL_2)
    grey = "stroke: #bfbfbf; stroke-width: 2;"
    drawn = [str(soup(chart).select_one("svg")).count(grey) for chart in (with_target, without)]
    assert drawn[0] == drawn[1] + 1
    assert "at the target of 90%" in soup(with_target).select_one(".headline").get_text()


def test_areas_stand_side_by_side_on_the_same_axes_and_are_named_everywhere():
    figure = soup(CHARTS["areas"][0]())
    areas = LEVEL_3.frame["area_name"].unique()
    for svg in figure.find_all("svg"):
        assert all(area in svg.get_text(" ") for area in areas)
    assert all(area in figure.select_one(".subtitle").get_text() for area in areas)
    assert figure.get_text().count(f"{areas[0]}, ") >= len(LEVEL_3.frame) / 2
