"""The files of words in data/: what the report says that is no figure, assumptions, glossary."""

import pandas as pd
import pytest

from lscb_analysis.data import dictionary
from lscb_analysis.schema import TEXTS, validate_text

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
    raw = pd.DataFrame([GOOD | changed], columns=TEXTS["facts"])
    return [str(problem) for problem in validate_text(raw, dictionary(), "facts", "data/facts.csv")]


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
        ({"said": "a <b>bold</b> claim"}, "holds markup"),
    ],
)
def test_what_is_wrong_with_a_fact_is_said_where_it_stands(changed, said):
    assert any(said in problem and "row 2" in problem for problem in problems(**changed))


def test_a_key_may_not_stand_twice():
    raw = pd.DataFrame([GOOD, GOOD], columns=TEXTS["facts"])
    found = validate_text(raw, dictionary(), "facts", "data/facts.csv")
    assert ["stands in row 2 already" in str(problem) for problem in found] == [True]
