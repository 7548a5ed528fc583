"""Tables: their markup, their symbols, and the CSV that goes with each."""

import io

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import lscb_analysis as lscb
from lscb_analysis import compare, load
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import estimates
from lscb_analysis.pages.tables import sparkline
from lscb_analysis.release import protect
from lscb_analysis.statistics import stated

EDITION = read_edition("southend-2017-19")


def series(question):
    return protect(estimates(EDITION, question), rule="published")


def changes(question):
    return protect(compare(series(question).frame, 2017, 2018), rule="published")


TABLES = {
    "figures": lambda: lscb.tabulate.rows(series("plans")),
    "categories": lambda: lscb.tabulate.rows(series("abuse")),
    "by period": lambda: lscb.tabulate.by_period(series("primary_need")),
    "changes": lambda: lscb.tabulate.changes(changes("primary_need")),
}


def cells(shown):
    rows = BeautifulSoup(shown.html, "html.parser").table.find_all("tr")
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]


@pytest.mark.parametrize("made", TABLES.values(), ids=TABLES)
def test_a_table_has_a_caption_scoped_headers_and_no_empty_cell(made):
    soup = BeautifulSoup(made().html, "html.parser")
    assert soup.table.caption.get_text().strip()
    assert all(head["scope"] == "col" for head in soup.thead.find_all("th"))
    assert all(row.th["scope"] == "row" for row in soup.tbody.find_all("tr"))
    assert all(cell.get_text().strip() for cell in soup.find_all(["td", "th"]))
    assert not soup.select("[colspan], [rowspan]")
    widths = {len(row.find_all(["th", "td"])) for row in soup.find_all("tr")}
    assert len(widths) == 1


@pytest.mark.parametrize("made", TABLES.values(), ids=TABLES)
def test_every_number_of_a_table_is_bound(made):
    for cell in BeautifulSoup(made().html, "html.parser").tbody.find_all("td"):
        for bound in cell(["data", "span"]):
            bound.decompose()
        assert not any(character.isdigit() for character in cell.get_text())


def test_the_figures_are_those_of_the_report():
    lines = cells(lscb.tabulate.rows(series("plans")))
    assert lines[0] == ["Period", "Number (children)", "Out of", "Rate per 10,000 children", "95% interval"]
    assert [line[:4] for line in lines[1:]] == [
        ["31 March 2016", "189", "38,427", "49.2"],
        ["31 March 2017", "220", "38,781", "56.7"],
        ["31 March 2018", "116", "39,115", "29.7"],
    ]


def test_symbols_are_explained_above_the_table_and_only_those_used():
    soup = BeautifulSoup(lscb.tabulate.rows(series("abuse")).html, "html.parser")
    assert (
        soup.select_one(".symbols").get_text()
        == "In the table below [c] means confidential, withheld by the source."
    )
    assert not BeautifulSoup(lscb.tabulate.rows(series("plans")).html, "html.parser").select(".symbols")


def test_a_suppressed_category_shows_its_symbol_and_its_total():
    line = next(
        line
        for line in cells(lscb.tabulate.rows(series("abuse")))
        if line[:2] == ["Sexual abuse", "2017 to 2018"]
    )
    assert line[2:] == ["[c]", "110", "[c]", "[c]"]


def test_a_true_zero_is_told_from_a_suppressed_figure():
    line = next(
        line for line in cells(lscb.tabulate.by_period(series("primary_need"))) if line[0] == "Not stated"
    )
    assert line == ["Not stated", "[c]", "[c]", "0"]


def test_changes_are_ranked_and_carry_a_minus_sign():
    lines = cells(lscb.tabulate.changes(changes("primary_need")))[1:]
    told = [float(line[3].replace("−", "-").replace("[low]", "0")) for line in lines if line[3] != "[c]"]
    assert told == sorted(told, reverse=True)
    assert lines[0][0] == "Family in acute stress"
    assert "−4.5" in {line[3] for line in lines}


def test_the_csv_holds_the_rows_of_the_release():
    shown = lscb.tabulate.rows(series("abuse"))
    frame = pd.read_csv(io.StringIO(shown.csv))
    assert len(frame) == len(series("abuse").frame)
    withheld = frame[frame["status"] == "c"]
    assert len(withheld) == 6
    assert withheld[["numerator", "value", "lower", "upper"]].isna().all(axis=None)


def test_a_category_with_markup_is_shown_as_text():
    frame = series("abuse").frame.assign(category="<img src=x onerror=alert(1)>")
    html = str(lscb.tabulate.rows(protect(frame, rule="published")).html)
    assert "<img" not in html
    assert "&lt;img" in html


def test_areas_stand_side_by_side_and_a_period_of_its_own_gets_its_line():
    schools = stated(load("schools", source="report-5.2-population", measure="fsm_secondary"))
    assert cells(lscb.tabulate.by_area(protect(schools, rule="published")))[1:] == [
        ["Free meals, secondary", "8.1", "12.4"]
    ]
    later = schools.assign(period_end=schools["period_end"] + pd.DateOffset(years=1), value=[9.0, 12.0])
    both = lscb.tabulate.by_area(protect(schools, later, rule="published"))
    assert [line[1:] for line in cells(both)[1:]] == [
        ["spring 2018", "8.1", "12.4"],
        ["spring 2019", "9.0", "12.0"],
    ]


def test_figures_of_periods_that_end_together_are_told_apart_and_stay_qualified():
    decisions = stated(load("decisions", measure="decisions_in_a_day"))
    assert cells(lscb.tabulate.rows(protect(decisions, rule="published"))) == [
        ["Period", "Share (%)"],
        ["2018", "over 90"],
        ["1 May 2018 to 31 December 2018", "over 95"],
    ]


def test_a_small_line_of_zeros_alone_lies_on_the_ground():
    rates = series("plans").frame.assign(value=0.0)
    points = BeautifulSoup(sparkline(rates), "html.parser").polyline["points"].split()
    assert {point.partition(",")[2] for point in points} == {"26.0"}
