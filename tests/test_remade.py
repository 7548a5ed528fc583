"""Every figure is made again another way while a pack is built: what a slip would show stops the build."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from borne_out import CLAIMS_OF_ALL, not_borne_out
from conftest import compared, keep_only, only

from lscb_analysis.audit.known import known
from lscb_analysis.audit.remade import _WAYS, _foreign, check_page, check_table
from lscb_analysis.build import builder
from lscb_analysis.build.builder import build
from lscb_analysis.build.publication import UnpublishedError
from lscb_analysis.data.schema import DataError
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.figure import STATISTICS, Figure
from lscb_analysis.pages.tree import parse

NEED, PLANS, CARE = "03_primary_need", "05_child_protection", "08_care_leavers"
NARROWED = """import lscb_analysis.statistics.estimates as own

right = own.wilson


def narrowed(events, trials, confidence=0.95):
    lower, upper = right(events, trials, confidence)
    return lower + (upper - lower) / 10, upper - (upper - lower) / 10


own.wilson = narrowed"""
OTHER_POPULATION = """people = lscb.load("population", source="dfe-cin-2020-population")
earlier = people.assign(value=people["value"].shift(1)).dropna(subset="value")
of_year = {"source": "report-5.2-plans", "time_period": 2018}
counted = lscb.load("child_protection_plans", measure="cpp_at_31_march", **of_year)
lscb.tabulate.rows(pack.protect(lscb.rate(counted, earlier)))"""
OTHER_PERIOD = """import pandas as pd

shown = lscb.statistics.stated(lscb.load("care_leavers", until=pack.latest, measure="eet_17_18"))
year = pd.DateOffset(years=1)
moved = shown.assign(period_start=shown["period_start"] - year, period_end=shown["period_end"] - year)
lscb.tabulate.by_measure(pack.protect(moved))"""


@pytest.fixture(scope="module")
def data():
    return known(read_edition("southend-2017-19"))


@pytest.fixture
def project(project):
    """That project with only the tables that it compares."""
    only(project, *compared(project))
    return project


def put(project, chapter, code, before):
    """Put a cell of code into a notebook: before its cell of this number, or at its end."""
    path = project / "notebooks" / f"{chapter}.ipynb"
    written = json.loads(path.read_text("utf-8"))
    cell = {"cell_type": "code", "id": "put", "metadata": {}, "outputs": [], "execution_count": None}
    written["cells"].insert(before, cell | {"source": [code]})
    path.write_text(json.dumps(written), "utf-8")


def test_a_slip_in_our_own_functions_a_wrong_population_or_a_wrong_period_is_not_published(
    project, monkeypatch
):
    put(project, NEED, NARROWED, 3)
    put(project, PLANS, OTHER_POPULATION, -2)
    put(project, CARE, OTHER_PERIOD, -2)
    monkeypatch.setattr(builder, "MOST_FAULTS", 10_000)
    with pytest.raises(UnpublishedError, match="Nothing was published") as refused:
        build()
    said = str(refused.value)
    assert re.search(rf"{NEED}\.html: .*\n.* for upper, primary_need, ", said)
    assert re.search(rf"{NEED}-primary-need-figures\.csv: .*\n.* for lower, primary_need, ", said)
    assert re.search(
        rf"{PLANS}\.html: .*\n.* for value, cpp_at_31_march, Total, E06000033, 2018-03-31 the data", said
    )
    place = "eet_17_18, Total, E06000033, 2016-04-01/2017-03-31"
    assert re.search(rf"{CARE}\.html: .*\n.* for value, {place} the data give 57", said)
    assert not (project / "reports" / "southend-2017-19").exists()


@pytest.mark.parametrize("code", [None, 'lscb.sentences.note("It rose, which is better.")'])
def test_a_direction_that_is_typed_stops_the_build_before_anything_runs(project, code):
    keep_only(project, [CARE])
    path = project / "notebooks" / f"{CARE}.ipynb"
    if code:
        put(project, CARE, code, -2)
    else:
        written = json.loads(path.read_text("utf-8"))
        cell = next(cell for cell in reversed(written["cells"]) if cell["cell_type"] == "markdown")
        cell["source"] = [*cell["source"], "\n\nThe share rose, which is better."]
        path.write_text(json.dumps(written), "utf-8")
    with pytest.raises(DataError, match="“rose” "):
        build()


def figure(html, statistic, *more):
    """A figure of a page, as it stands there."""
    found = re.finditer(rf'<data value="[^"]*" data-statistic="{statistic}"[^>]*>[^<]*</data>', html)
    return next(one[0] for one in found if all(part in one[0] for part in more))


ATTACKS = [
    ("value", (), r'value="(\d)', 'value="9'),
    ("value", ("E06000033",), "E06000033", "E06000034"),
    ("value", ("2018",), "2018", "2016"),
    ("value", (), 'data-source="', 'data-source="dfe-cla-2019 '),
    ("value", (), 'data-statistic="value"', 'data-statistic="average"'),
    ("value", ("per 10,000",), "per 10,000", "per 1,000"),
    ("change", (), r'value="-', 'value="'),
    ("numerator", (), r'value="(\d)', 'value="9'),
    ("denominator", (), r'value="(\d)', r'value="\g<1>1'),
    ("p_value", (), 'value="', 'value="1'),
    ("threshold", (), r'value="0', 'value="1'),
    ("smallest_fall", (), r'value="(\d)', r'value="1\g<1>'),
    ("value", (), "<data ", "<data  hidden<"),
]


@pytest.mark.parametrize(("statistic", "more", "old", "new"), ATTACKS)
def test_a_figure_that_the_data_do_not_give_is_named(pack, data, statistic, more, old, new):
    html = (pack / f"{PLANS}.html").read_text("utf-8")
    assert check_page(data, "a page", parse(html))[1] == []
    one = figure(html, statistic, *more)
    other = re.sub(old, new, one, count=1)
    assert other != one
    faults = check_page(data, "a page", parse(html.replace(one, other, 1)))[1]
    assert [fault.file for fault in faults] == ["a page"]


@pytest.mark.parametrize(
    ("page", "statistic", "method"),
    [
        ("02_children_in_need", "upper", "Byar"),
        (NEED, "lower", "Wilson"),
        (PLANS, "change_lower", "conditional ratio"),
        (PLANS, "change_upper", "Newcombe"),
    ],
)
def test_an_interval_that_is_narrower_by_a_hundredth_is_named(pack, data, page, statistic, method):
    html = (pack / f"{page}.html").read_text("utf-8")
    one = figure(html, statistic, method)
    value = re.search('value="([^"]*)"', one)[1]
    other = one.replace(f'value="{value}"', f'value="{0.99 * float(value):.10g}"', 1)
    (fault,) = check_page(data, "a page", parse(html.replace(one, other, 1)))[1]
    assert f"for {statistic}, " in fault.reason


def test_what_is_of_another_area_or_after_the_latest_period_has_no_place(data):
    of = {"category": "Total", "area": "E06000033", "period": "2018-03-31", "source": "report-5.2-plans"}
    plans = Figure("value", "cpp_at_31_march", **of)
    assert _foreign(data, plans) == ""
    earlier = replace(data, edition=data.edition.model_copy(update={"latest": 2017}))
    assert "after the latest of the edition (2017)" in _foreign(earlier, plans)
    other = replace(data, edition=data.edition.model_copy(update={"area": "Elsewhere", "comparators": []}))
    assert "is of an area that is neither Elsewhere nor" in _foreign(other, plans)


def test_cells_of_a_csv_are_made_again_as_well(pack, data):
    path = next(pack.glob("tables/05_*cpp-rate-figures.csv"))
    text = path.read_text("utf-8")
    header, *rows = text.splitlines()
    cells = rows[-1].split(",")
    for column in ("value", "lower", "upper", "numerator", "denominator"):
        at = header.split(",").index(column)
        altered = [*cells[:at], f"1{cells[at]}", *cells[at + 1 :]]
        wrong = check_table(data, path.name, text.replace(rows[-1], ",".join(altered)))[1]
        assert [f"for {column}, cpp_rate" in fault.reason for fault in wrong] == [True], column


def test_every_way_that_a_statistic_goes_is_there_and_gone():
    ways = {one.remade for one in STATISTICS.values() if isinstance(one.remade, str)}
    assert {way for way in ways if ":" not in way} == set(_WAYS)


def test_statsmodels_is_imported_only_where_figures_are_made_again_and_starts_no_thread():
    code = (
        "import sys, threading, lscb_analysis.audit.remade, lscb_analysis.build.builder\n"
        "assert 'statsmodels' not in sys.modules\n"
        "import statsmodels.stats.proportion, statsmodels.stats.rates\n"
        "assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_words_and_digits_of_the_pack_are_borne_out_by_its_figures_and_verdicts(pack, data):
    """What our own sentences say of a figure: that it rose where it rose, and its digits."""
    for path in sorted(set(pack.glob("*.html")) - {pack / "all.html"}):
        assert not_borne_out(path.read_text("utf-8"), data.verdicts) == [], path.name


@pytest.mark.parametrize(
    ("page", "old", "new"),
    [
        (PLANS, ">fell</data>", ">rose</data>"),
        (PLANS, "%</data>", "1%</data>"),
        (PLANS, ">better</strong>", ">worse</strong>"),
        ("00_board_summary", ">fell</data>", ">rose</data>"),
        ("00_board_summary", ">too few to tell</span>", ">better</span>"),
        (PLANS, ".</p>", ". That is beyond chance.</p>"),
        ("10_practice_quality", ">above</data>", ">below</data>"),
    ],
)
def test_words_that_are_not_are_seen(pack, data, page, old, new):
    html = (pack / f"{page}.html").read_text("utf-8")
    assert old in html
    assert not_borne_out(html.replace(old, new, 1), data.verdicts)


@pytest.mark.parametrize("claim", CLAIMS_OF_ALL)
def test_a_claim_of_all_comparisons_has_to_be_so(data, claim):
    """In this pack some changed, some are unclear and some are not compared, so none of them is."""
    assert not_borne_out(f'<p><span data-claim="*">{claim}</span>.</p>', data.verdicts)
