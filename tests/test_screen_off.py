"""The screen-off test: with every image gone, words and tables alone still tell what each chart shows.

From the words, and from nothing that a reader cannot hear, a program takes the values of each chart, its
latest one, the direction, the largest category and the verdict, as far as the chart shows them, and holds
them against the data.
"""

import re

import numpy as np
import pytest
from borne_out import Names
from bs4 import BeautifulSoup

from lscb_analysis.audit.known import known
from lscb_analysis.data.files import measures
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import CALLED
from lscb_analysis.pages.display import MINUS
from lscb_analysis.quality.figures import TOTAL
from lscb_analysis.statistics.estimates import decimals, rounded

WORDS = "better|worse|higher|lower|changed|no clear change|too few to tell|not compared"
VERDICT = re.compile(rf"Verdict(?: \([^)]*\))?: ({WORDS})")
SAID = re.compile(
    rf"(?P<label>.+?)(?:, (?P<when>[^,:]+))?: (?P<shown>[{MINUS}£\d.,%]+|almost no change|[a-z ]+)"
    "(?: percentage points)?"
)
"""A sentence of a text alternative: what, when or where or which part, and how much."""


@pytest.fixture(scope="module")
def data():
    return known(read_edition("southend-2017-19"))


@pytest.fixture(scope="module")
def named(data):
    return Names(data)


@pytest.fixture(scope="module")
def charts(pack):
    """Each chart by page and name: its headline, subtitle and text alternative, and all words of its page."""
    found = []
    for path in sorted(pack.glob("[0-9][0-9]_*.html")):
        page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for drawing in page("svg"):
            drawing.decompose()
        words = " ".join(page.get_text(" ").split())
        for chart in page("figure"):
            own = [" ".join(said.get_text().split()) for said in chart("p")]
            found.append((path.stem, chart["id"], *own[:3], words))
    return found


def shown_as(value, shown):
    """Whether a value is what is shown, rounded half away from zero to as many decimals."""
    return rounded(value, decimals(shown.rstrip("%"))) == rounded(number(shown), 9)


def measured(chart):
    """The measure that a chart is named after."""
    return max((m for m in measures().index if chart.startswith(f"{m}-".replace("_", "-"))), key=len)


def places(chart, subtitle, label, when, named, data):
    """Every place of the data that a label and what stands beside it can mean in a chart."""
    base = measured(chart)
    unit = measures()["unit"][base]
    own, categories = {base}, {TOTAL}
    said = [area for area in (label, when) if area in named.areas]
    said = said or [area for area in named.areas if area in subtitle] or [data.edition.area]
    areas = set().union(*(named.areas[area] for area in said))
    if label in named.categories and measures()["scheme"][base]:
        categories = named.categories[label]
        own = {m for m in measures().index if measures()["scheme"][m] == measures()["scheme"][base]}
        if when in ("mean", "range"):
            own = {measure for measure in own if measure.endswith(f"_{when}")}
    elif label in named.measures:
        own = {measure for measure in named.measures[label] if measures()["unit"][measure] == unit}
    wanted = named.periods.get(when)
    return [
        place
        for place in data.told
        if place[0] in own
        and place[1] in categories
        and place[2] in areas
        and (not wanted or place[3] in wanted)
    ]


def told(words):
    """The facts of a text alternative: label, period or area or part, and what is shown."""
    sentences = re.split(
        r"\. (?=[^a-z])", words.removesuffix(" The numbers are in the table below.").rstrip(".")
    )
    return [found.group("label", "when", "shown") for found in map(SAID.fullmatch, sentences) if found]


def number(shown):
    return float(re.sub("[£%,]", "", shown).replace(MINUS, "-"))


def values(places, data):
    return [way.value for place in places for way in data.told[place]]


def test_every_value_of_a_chart_is_in_words_and_is_that_of_the_data(charts, named, data):
    score = 0
    for name, chart, _, subtitle, alternative, _ in charts:
        facts = told(alternative)
        assert facts or "-changes-" in chart or "-parts-" in chart, (name, chart)
        for label, when, shown in facts:
            if re.search(r"\d", shown) and "-changes-" not in chart and "-parts-" not in chart:
                found = values(places(chart, subtitle, label, when, named, data), data)
                assert any(shown_as(value, shown) for value in found), (name, chart, label, when, shown)
                score += 1
    assert score > 150


def test_the_latest_value_of_each_series_is_in_words(charts, named):
    score = 0
    for name, chart, _, subtitle, alternative, _ in charts:
        if "-over-time-" not in chart:
            continue
        last = [words for words in named.periods if subtitle.endswith(words)]
        facts = told(alternative)
        for label in {label for label, _, _ in facts}:
            latest = [when for who, when, _ in facts if who == label]
            assert set(latest) & set(last), (name, chart, label)
            score += 1
    assert score >= 10


def test_directions_and_the_largest_are_in_words_and_are_those_of_the_values(charts):
    directions = largest = 0
    for name, chart, headline, _, alternative, _ in charts:
        facts = told(alternative)
        for label, verb in re.findall(r"(?:^|; )“?([^;:”]+?)”?:? (rose|fell|stayed the same)", headline):
            series = [number(shown) for who, _, shown in facts if who == label]
            sign = np.sign(series[0] if "-changes-" in chart else series[-1] - series[-2])
            assert verb == {1: "rose", -1: "fell", 0: "stayed the same"}[sign], (name, chart, label)
            directions += 1
        if found := re.match(r"“(.+)” is the largest category", headline):
            last = max(when for _, when, _ in facts)
            ranked = {who: number(shown) for who, when, shown in facts if when == last}
            assert ranked[found[1]] == max(ranked.values()), (name, chart)
            largest += 1
    assert directions >= 4  # only where a verdict calls a change
    assert largest >= 6


def test_the_verdict_on_what_a_chart_shows_stands_in_words_on_its_page(charts, data):
    verdicts = data.verdicts.set_index("measure")
    score = 0
    for name, chart, _, _, _, page in charts:
        measure = measured(chart)
        if measure in verdicts.index and "-by-category-" not in chart:
            assert verdicts.loc[measure, "verdict"] in VERDICT.findall(page), (name, chart)
            score += 1
    assert score >= len(set(verdicts.index[verdicts["verdict"].isin(CALLED)]))


def test_the_test_sees_what_is_missing(charts, named, data):
    """It finds no figure of the data where the words give another."""
    _, chart, _, subtitle, alternative, _ = next(one for one in charts if one[1].startswith("cpp-rate"))
    label, when, _ = told(alternative)[-1]
    assert not any(
        shown_as(value, "31.7") for value in values(places(chart, subtitle, label, when, named, data), data)
    )
