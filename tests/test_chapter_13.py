"""How the board works: the figures, held against the annual report and counted by hand."""

import re

import pytest

from lscb_analysis import load
from lscb_analysis.records import attendance
from lscb_analysis.records.ratings import parts, summaries

LATIN = str.maketrans("\u03a5\u0391\u039d\u0410", "YANA")
"""Letters of the Greek and Cyrillic alphabets that the text has in place of Latin ones."""
CHANGED = "2018-09-01"


def marks():
    register = load("attendance")
    return register[register["time_identifier"] == "Day"]


def lines(shared, start, end):
    text = (shared / "source" / "southend-annual-report-2017-19.txt").read_text("utf-8")
    return text[text.rindex(start) : text.rindex(end)].splitlines()


def test_every_mark_is_the_one_the_report_prints_in_its_order(shared):
    printed = [
        [cell.translate(LATIN) or "(blank)" for cell in line.split("\t")[2:9]]
        for line in lines(shared, "Organisation\tCurrent", "Appendix 2: Local")[1:]
        if line
    ]
    ours = [list(rows["printed"]) for _, rows in marks().groupby("category", sort=False)]
    assert ours == printed


def test_marks_are_letters_of_the_latin_alphabet():
    assert {text for text in marks()["printed"] if text != "(blank)"} <= set("YAN")


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("before", [(37, 48), (37, 41)]),
        ("since", [(21, 24), (21, 24)]),
        ("all", [(58, 72), (58, 65)]),
    ],
)
def test_attendance_of_all_seats_counted_by_hand(until, expected):
    register = marks()
    some = {
        "before": register["period_end"] < CHANGED,
        "since": register["period_end"] >= CHANGED,
        "all": register["period_end"] > "2000",
    }
    found = attendance(register[some[until]], together=True)
    assert list(zip(found["numerator"], found["denominator"], strict=True)) == expected


def test_every_summary_is_the_one_the_report_prints_in_its_order(shared):
    found = []
    for line in lines(shared, "Self-Assessment Outcomes (Score) – Set", "Self-Assessment Tool: Examples"):
        figures = re.findall(r"(?<=\t)[\d./]+(?=\t|$)", line)
        found += [figures] if figures else []
    ratings = load("self_assessment")
    told = ratings[summaries(ratings) & (ratings["printed"] != "(blank)")]
    ours = [list(rows["printed"]) for _, rows in told.groupby(["source", "category"], sort=False)]
    assert ours == found
    assert set(parts(told)) == {"mode", "mean", "range"}


def test_no_name_of_a_person_stands_in_the_data(shared):
    names = [
        line.split("\t")[1]
        for line in lines(shared, "Organisation\tCurrent", "Appendix 2: Local")[1:]
        if line
    ]
    surnames = {word for name in names for word in re.findall(r"[A-Z][\w’']+", name)[-1:]}
    assert len(surnames) == 12
    everything = " ".join(map(str, load("attendance").to_numpy().ravel()))
    assert not [name for name in surnames if re.search(rf"\b{re.escape(name)}\b", everything)]
