"""Sentences on attendance and ratings: each number bound, each word borne out by its figure."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import lscb_analysis as lscb
from lscb_analysis import load
from lscb_analysis.records import attendance, check_summaries
from lscb_analysis.release import protect
from lscb_analysis.statistics import stated

CHANGED = pd.Timestamp("2018-09-01")


def marks():
    return load("attendance", time_identifier="Day")


def shares(register, together=True):
    return protect(attendance(register, together=together), rule="published")


def times():
    register = marks()
    return shares(register[register["period_end"] < CHANGED]), shares(
        register[register["period_end"] >= CHANGED]
    )


def ratings(**where):
    return protect(stated(load("self_assessment", **where)), rule="published")


def bound(shown, statistic):
    soup = BeautifulSoup(shown.html, "html.parser")
    return [
        (float(mark["value"]), mark.get_text())
        for mark in soup.find_all("data", {"data-statistic": statistic})
    ]


def test_attendance_is_said_with_the_numbers_behind_it():
    said = lscb.sentences.found(shares(marks())).text
    assert "Over 6 meetings from 21 September 2017 to 11 December 2018" in said
    assert "81% (58 of 72)" in said
    assert "89% (58 of 65)" in said


def test_the_two_ways_of_counting_may_disagree_and_then_it_is_said():
    shown = lscb.sentences.since(*times())
    assert [word for _, word in bound(shown, "change")] == ["disagree"]
    assert "was 77% (37 of 48) before and 88% (21 of 24) since." in shown.text
    assert "Meetings from 25 September 2018 on count as since." in shown.text
    before, since = times()
    same = lscb.sentences.since(since, before)
    assert [word for _, word in bound(same, "change")] == ["disagree"]


def test_where_both_ways_move_alike_they_agree():
    before, since = times()
    both = {"numerator": 24.0, "denominator": 24.0, "value": 100.0}
    best = protect(since.frame.assign(**both), rule="published")
    shown = lscb.sentences.since(before, best)
    assert [word for _, word in bound(shown, "change")] == ["agree"]
    assert not re.search("turns on|rose|fell", shown.text)


def test_without_marks_of_one_time_or_of_both_nothing_is_shown():
    before, since = times()
    none = protect(since.frame.head(0), rule="published")
    for then, now in ((before, none), (none, since), (none, none)):
        assert lscb.sentences.since(then, now).text == ""
        assert lscb.sentences.few_meetings(then, now).text == ""
    assert lscb.sentences.found(none).text == ""


@pytest.mark.parametrize(("meetings", "short"), [(2, True), (3, True), (4, False)])
def test_few_meetings_cannot_tell_and_enough_can(meetings, short):
    before, since = times()
    more = protect(since.frame.assign(meetings=meetings), rule="published")
    said = lscb.sentences.few_meetings(before, more).text
    assert ("No difference, however clear, could be told from chance" in said) == short
    assert ("speak neither for nor against a change" in said) == short
    assert "at least 4 meetings since" in said


def test_the_figures_of_a_statement_are_said_as_printed_ties_too():
    said = lscb.sentences.summaries(ratings(category="Data on abuse and neglect")).text
    assert said == "“Data on abuse and neglect”: mode 2/3, mean 2.7 and range 1.5."
    assert (
        "mode [x], mean [x] and range 1"
        in lscb.sentences.summaries(ratings(category="Who is responsible for what")).text
    )


def test_lines_that_no_ratings_give_are_named_and_where_there_are_none_that_is_said():
    checks = check_summaries(load("self_assessment"), raters=6)
    shown = lscb.sentences.found(protect(checks, rule="published"))
    assert bound(shown, "possible") == [(0, "cannot")]
    assert bound(shown, "raters") == [(6, "6")]
    assert "“Risk register” and “Chair raises the profile” cannot come about in this way." in shown.text
    fine = lscb.sentences.found(protect(checks[checks["possible"]], rule="published"))
    assert "All can come about in this way." in fine.text


def test_a_table_of_marks_shows_each_as_printed_and_a_blank_as_its_symbol():
    table = BeautifulSoup(lscb.tabulate.marks(protect(stated(marks()), rule="published")).html, "html.parser")
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in table.tbody.find_all("tr")]
    assert rows[4] == ["N", "N", "N", "N", "A", "Y", "[x]"]
    assert len(rows) == 12
    assert "Y means attended" in table.get_text()


def test_a_table_by_measure_has_one_number_of_decimals_and_ties_as_printed():
    table = BeautifulSoup(
        lscb.tabulate.by_measure(ratings(source="report-appendix-3-duties")).html, "html.parser"
    )
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in table.tbody.find_all("tr")]
    assert rows == [["3", "3.0", "2.0"], ["3", "2.8", "1.0"], ["[x]"] * 3, ["2/3", "2.5", "1.0"]]


def test_a_table_of_shares_gives_each_the_numbers_behind_it():
    table = BeautifulSoup(lscb.tabulate.by_measure(shares(marks(), together=False)).html, "html.parser")
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in table.tbody.find_all("tr")]
    assert rows[4] == ["1 of 6", "17", "1 of 2", "50"]
    assert rows[0] == ["5 of 6", "83", "5 of 5", "100"]
