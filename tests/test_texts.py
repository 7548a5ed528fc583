"""The files of words in data/: what the report says that is no figure, assumptions, glossary."""

import pandas as pd
import pytest

from lscb_analysis.data.files import dictionary, texts
from lscb_analysis.data.schema import TEXTS, located, validate_text

GOOD = {
    "fact": "priority-audit",
    "edition": "southend-2017-19",
    "chapter": "13_board_governance",
    "kind": "priority",
    "about": "Audit programme",
    "said": "Revise the programme of audits.",
    "status": "done",
    "source": "report-5.2-plans",
}


def problems(**changed):
    raw = located(pd.DataFrame([GOOD | changed], columns=TEXTS["facts"]), "data/southend/facts.csv")
    return [str(problem) for problem in validate_text(raw, dictionary(), "facts")]


def test_a_good_fact_has_no_problem_and_may_lack_a_status():
    assert problems() == []
    assert problems(status="") == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "rumour"}, "column kind: 'rumour' is not known"),
        ({"source": "report-9"}, "column source: 'report-9' is not known"),
        ({"said": ""}, "column said: '' is empty"),
        ({"said": "There were 29 areas."}, "holds a figure"),
        ({"said": "a \u202eturned claim"}, "holds a character that cannot be seen"),
    ],
)
def test_what_is_wrong_with_a_fact_is_said_where_it_stands(changed, said):
    assert any(said in problem and "row 2" in problem for problem in problems(**changed))


def test_a_key_may_not_stand_twice():
    raw = located(pd.DataFrame([GOOD, GOOD], columns=TEXTS["facts"]), "data/southend/facts.csv")
    found = validate_text(raw, dictionary(), "facts")
    assert ["stands in row 2 already" in str(problem) for problem in found] == [True]


ENTRY = {
    "assumption": "dispersion",
    "edition": "southend-2017-19",
    "chapters": "05_child_protection 08_care_leavers",
    "kind": "assumption",
    "said": "Siblings come together.",
    "owner": "analyst of the board",
    "date": "2026-11-25",
}
CHAPTERS = {
    *("all", "00_board_summary", "01_children_in_the_area", "02_children_in_need", "03_primary_need"),
    *("04_referrals", "05_child_protection", "06_children_looked_after", "07_permanence", "08_care_leavers"),
    *("09_child_deaths", "10_practice_quality", "11_training", "12_partners", "13_board_governance"),
    *("14_board_finance", "15_data_quality"),
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"chapters": "all"}, None),
        ({"chapters": "child protection"}, "does not name chapters"),
        ({"chapters": "all 05_child_protection"}, "does not name chapters"),
        ({"date": "last week"}, "is not a date"),
        ({"owner": ""}, "is empty"),
        ({"kind": "guess"}, "is not known"),
    ],
)
def test_an_entry_of_the_log_of_assumptions_is_checked(changed, said):
    raw = located(pd.DataFrame([ENTRY | changed], columns=TEXTS["assumptions"]), "data/southend/a.csv")
    found = [str(problem) for problem in validate_text(raw, dictionary(), "assumptions")]
    assert len(found) == bool(said)
    assert all(said in problem for problem in found)


def test_every_chapter_that_the_log_of_assumptions_names_is_one_of_the_pack():
    assert {name for names in texts("assumptions")["chapters"] for name in names.split()} <= CHAPTERS
