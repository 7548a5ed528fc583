"""Board finance: what its sentences say of a surplus, a deficit, and sums that do not fit."""

import pytest

import lscb_analysis as lscb
from lscb_analysis import load
from lscb_analysis.records import on_costs, sums, surplus, turned
from lscb_analysis.release import protect
from lscb_analysis.statistics import stated

ACCOUNTS = load("board_finance")


def released(frame):
    return protect(frame, rule="published")


def of(measure):
    return ACCOUNTS[ACCOUNTS["measure"] == measure]


SPENT = stated(of("board_expenditure"))
RECEIVED = turned(of("board_income"), "board_received")
PRINTED = released(stated(of("board_outcome")))
SALARIES = SPENT[SPENT["category"] == "Salaries"]
RATE = stated(load("board_on_costs"))


def outcome(spent=SPENT):
    left = released(surplus(RECEIVED, spent, "board_surplus"))
    return left, lscb.sentences.outcome(released(RECEIVED), released(spent), left, PRINTED).text


def test_the_outcome_printed_as_negative_is_a_surplus():
    _, said = outcome()
    assert "received £140,084.42 and spent £137,755.83: a surplus of £2,328.59." in said
    assert "the same amount as an outcome of −£2,328.59" in said


def test_a_deficit_is_called_one_and_another_outcome_than_the_printed_is_said():
    _, said = outcome(SPENT.assign(value=SPENT["value"] + 10_000))
    assert "a deficit of £7,671.41." in said
    assert "another amount" in said


@pytest.mark.parametrize(
    ("postage", "words"),
    [
        (4005.39, "add up to £137,755.83, which is the total printed."),
        (4000.39, "add up to £137,750.83: £5.00 less than the total printed, £137,755.83."),
        (4005.89, "£0.50 more than the total printed"),
        (None, "cannot be checked against the total of £137,755.83"),
    ],
)
def test_the_sentence_on_sums_says_by_how_much_they_miss(postage, words):
    value = SPENT["value"].mask(SPENT["category"] == "Postage", postage)
    assert words in lscb.sentences.found(released(sums(SPENT.assign(value=value)))).text


def test_on_costs_stand_beside_what_was_left_over():
    costs = released(on_costs(SALARIES, RATE, "board_on_costs"))
    left, _ = outcome()
    said = lscb.sentences.on_costs(costs, released(SALARIES), released(RATE), left).text
    assert "on-costs of 34% would add £29,858.64 in the year ending 31 March 2020" in said
    assert "12.8 times what was left over, £2,328.59." in said  # 29,858.64 / 2,328.59 = 12.82
    short, _ = outcome(SPENT.assign(value=SPENT["value"] + 10_000))
    assert (
        "left nothing over" in lscb.sentences.on_costs(costs, released(SALARIES), released(RATE), short).text
    )


def test_a_negative_amount_is_drawn_to_the_left_of_zero_and_named():
    parts = released(SPENT[SPENT["category"] != "Total"])
    html = str(lscb.charts.bar(parts).html)
    assert "−£11,745.03" in html
    assert '“<span data-name="label">Salaries</span>” is the' in html
