"""Charts: their bytes, their ids, their words, and that they show no number of their own."""

import itertools
import re
from functools import cache

import matplotlib
import numpy as np
import pytest
from afcharts.af_colours import get_af_colours
from bs4 import BeautifulSoup

import lscb_analysis as lscb
from lscb_analysis import compare, load
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import estimates
from lscb_analysis.pages.charts import FOCUS, PALETTE
from lscb_analysis.release import protect
from lscb_analysis.statistics import stated

EDITION = read_edition("southend-2017-19")


def series(*questions):
    return protect(*(estimates(EDITION, question) for question in questions), rule="published")


def latest():
    frame = series("primary_need").frame
    return protect(frame[frame["time_period"] == 2018], rule="published")


def changes():
    return protect(compare(series("primary_need").frame, 2017, 2018), rule="published")


def marks():
    return protect(stated(load("attendance", time_identifier="Day")), rule="published")


def scores():
    return protect(stated(load("self_assessment", source="report-appendix-3-guidance")), rule="published")


def schools(**where):
    return protect(stated(load("schools", source="report-5.2-population", **where)), rule="published")


def audits(**where):
    frame = load("case_audits", **where)
    return protect(stated(frame[frame["time_identifier"] != "Calendar year"]), rule="published")


def target():
    return protect(stated(load("audit_targets")), rule="published")


def training(name, measure):
    return protect(stated(load(name, measure=measure)), rule="published")


LEVEL_2 = training("training_levels", "training_level_2")
LEVEL_3 = training("training_level_3", "training_level_3")
TARGET = training("training_text", "training_level_2_target")

CHARTS = {  # each drawn once for all tests
    "one line": (
        cache(lambda: lscb.charts.line(series("plans"))),
        lambda: lscb.tabulate.rows(series("plans")),
    ),
    "lines": (cache(lambda: lscb.charts.line(series("abuse"))), lambda: lscb.tabulate.rows(series("abuse"))),
    "panels": (
        cache(lambda: lscb.charts.line(series("care_leavers_17_18", "care_leavers_19_21"))),
        lambda: lscb.tabulate.rows(series("care_leavers_17_18", "care_leavers_19_21")),
    ),
    "areas": (cache(lambda: lscb.charts.line(LEVEL_3)), lambda: lscb.tabulate.rows(LEVEL_3)),
    "target": (cache(lambda: lscb.charts.line(LEVEL_2, TARGET)), lambda: lscb.tabulate.rows(LEVEL_2)),
    "bars": (cache(lambda: lscb.charts.bar(latest())), lambda: lscb.tabulate.rows(latest())),
    "changes": (cache(lambda: lscb.charts.change(changes())), lambda: lscb.tabulate.changes(changes())),
    "marks": (cache(lambda: lscb.charts.marks(marks())), lambda: lscb.tabulate.marks(marks())),
    "scores": (cache(lambda: lscb.charts.scores(scores())), lambda: lscb.tabulate.by_measure(scores())),
    "pairs": (cache(lambda: lscb.charts.beside(schools())), lambda: lscb.tabulate.by_area(schools())),
    "two points": (
        cache(lambda: lscb.charts.two_points(audits(), target())),
        lambda: lscb.tabulate.rows(audits()),
    ),
    "parts": (
        cache(lambda: lscb.charts.part(series("conferences"))),
        lambda: lscb.tabulate.rows(series("conferences")),
    ),
}
charts = pytest.mark.parametrize("chart", [chart for chart, _ in CHARTS.values()], ids=CHARTS)


UNTOLD = {
    lscb.charts.line: lambda: series("plans"),
    lscb.charts.bar: latest,
    lscb.charts.change: changes,
    lscb.charts.beside: schools,
    lscb.charts.part: lambda: series("conferences"),
    lscb.charts.marks: marks,
    lscb.charts.scores: scores,
    lscb.charts.two_points: audits,
}


@pytest.mark.parametrize("chart", UNTOLD)
def test_where_no_figure_is_told_nothing_is_drawn_and_the_reader_hears_so(chart):
    frame = UNTOLD[chart]().frame
    figures = frame.columns.intersection(["numerator", "denominator", "value", "lower", "upper", "change"])
    untold = frame.assign(**dict.fromkeys(figures, np.nan), status="x")
    shown = chart(protect(untold, rule="published"))
    assert (shown.kind, shown.text) == ("note", "Nothing is drawn here: none of these figures can be told.")


def test_parts_of_a_single_period_are_drawn_without_another_before_them():
    frame = series("conferences").frame
    shown = lscb.charts.part(protect(frame[frame["time_period"] == 2018], rule="published"))
    headline = soup(shown).select_one(".headline").get_text()
    assert "105 of 159" in headline
    assert "after" not in headline


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
def test_a_drawing_has_no_group_that_says_nothing_and_no_blanks_between_elements(chart):
    for drawing in soup(chart()).find_all("svg"):
        assert all(group.attrs for group in drawing.find_all("g"))
        assert all(words.strip() for words in drawing.find_all(string=True))


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
    lscb.charts.line(series("plans"))
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
        soup(lscb.charts.line(release)).select_one("svg").find_all("path")
        for release in (with_interval, without)
    ]
    strokes = [
        sum("stroke: #12436d; stroke-width: 1.5" in path.get("style", "") for path in paths)
        for paths in drawn
    ]
    assert strokes == [3, 1]


def test_marks_are_told_apart_by_shape_and_named_in_words():
    figure = soup(lscb.charts.marks(marks()))
    shapes = {use["xlink:href"] for svg in figure.select(".wide svg") for use in svg.find_all("use")}
    assert len(shapes) >= 3
    for svg in figure.find_all("svg"):
        assert all(word in svg.get_text() for word in ("Attended", "Sent apologies", "Neither"))
    assert figure.select_one(".headline").get_text().startswith("Attended: 58 of 72 marks; ")


def test_more_kinds_of_marks_than_shapes_are_refused():
    frame = marks().frame
    other = frame.head(1).assign(measure="icpc")
    with pytest.raises(ValueError, match="4 kinds of marks"):
        lscb.charts.marks(protect(frame, other, rule="published"))


def test_a_statement_without_any_figure_is_named_as_not_drawn_and_one_with_a_range_is_drawn():
    duties = protect(stated(load("self_assessment", source="report-appendix-3-duties")), rule="published")
    assert (
        "Not drawn, because there is no figure: Annual report." in soup(lscb.charts.scores(duties)).get_text()
    )
    assert "Not drawn" not in soup(lscb.charts.scores(scores())).get_text()


def test_the_headline_of_scores_says_between_which_statements_the_means_run():
    duties = protect(stated(load("self_assessment", source="report-appendix-3-duties")), rule="published")
    said = soup(lscb.charts.scores(duties)).select_one(".headline").get_text()
    assert said == "Mean ratings run from 2.5 (“Case reviews arranged”) to 3 (“A strategic plan every year”)"


def test_a_pair_is_drawn_from_zero_on_one_axis_and_the_widest_gap_is_the_headline():
    drawn = soup(lscb.charts.beside(schools()))
    assert "Minority ethnic groups" in drawn.select_one(".headline").get_text()
    gaps = {"13.6%": "13.7%", "8.1%": "12.4%", "21.7%": "31.8%", "14.5%": "21.2%", "13.3%": "16.6%"}
    words = drawn.select_one("svg").get_text(" ")
    for here, there in gaps.items():
        assert f"{here} Southend-on-Sea" in words
        assert f"{there} England" in words


def test_a_figure_with_none_beside_it_is_not_drawn():
    with pytest.raises(ValueError, match="Not one figure and one national beside it"):
        lscb.charts.beside(schools(area_name="Southend-on-Sea"))


def test_a_pair_has_a_ring_a_dot_and_its_target_alone():
    both, one = (lscb.charts.two_points(audits(), aim) for aim in (target(), None))
    assert "target 85%" in soup(both).select_one(".wide").get_text()
    assert "target" not in soup(one).select_one(".wide").get_text()
    other = lscb.charts.two_points(audits(measure="audit_good"), target())
    assert "target 85%" not in soup(other).select_one(".wide").get_text()
    assert "a ring for January 2018, a dot for December 2018" in soup(both).select_one(".subtitle").get_text()


def test_pairs_of_different_periods_are_not_drawn_on_one_axis():
    frame = audits().frame
    january = (frame["measure"] == "audit_good") & (frame["time_identifier"] == "January")
    with pytest.raises(ValueError, match="same periods"):
        lscb.charts.two_points(protect(frame[~january], rule="published"))


def test_a_target_is_a_grey_line_that_the_headline_names():
    with_target, without = CHARTS["target"][0](), lscb.charts.line(LEVEL_2)
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


BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "greyscale": [[0.2126, 0.7152, 0.0722]] * 3,
}
"""What is left of linear red, green and blue: Machado, Oliveira and Fernandes (2009), IEEE Transactions on
Visualization and Computer Graphics 15:1291-1298, severity 1; and the luminance of sRGB."""


def lab(colour, seen):
    """A colour as it is seen, in CIELAB under D65 (CIE 15:2004)."""
    srgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    left = np.clip(np.array(seen) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.maximum(np.array(to_xyz) @ left / [0.95047, 1, 1.08883], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_adjacent_colours_stay_apart_for_the_colour_blind_and_in_greyscale(kind):
    """A difference of 20 in CIELAB is ten times what is just noticed side by side."""
    for one, other in itertools.pairwise(PALETTE):
        assert np.linalg.norm(lab(one, BLINDNESS[kind]) - lab(other, BLINDNESS[kind])) > 20, (one, other)
