"""Amounts of money: worked out to the penny, with no interval."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from lscb_analysis import load
from lscb_analysis.records import on_costs, sums, surplus, turned
from lscb_analysis.statistics import stated
from lscb_analysis.statistics.estimates import EstimateError

FINANCE = load("board_finance")


def of(measure: str) -> pd.DataFrame:
    return FINANCE[FINANCE["measure"] == measure]


def added(frame: pd.DataFrame) -> Decimal:
    """The parts as printed, added up as decimals."""
    parts = frame[frame["category"] != "Total"]["printed"]
    return sum((Decimal(text.replace(",", "")) for text in parts), Decimal(0))


def test_the_parts_of_the_report_add_up_to_its_totals():
    received, spent = turned(of("board_income"), "board_received"), stated(of("board_expenditure"))
    assert added(of("board_expenditure")) == Decimal("137755.83")
    assert added(of("board_income")) == Decimal("-140084.42")
    for frame in (received, spent):
        row = sums(frame).iloc[0]
        assert (row["sum"], row["difference"]) == (row["value"], 0)


def test_a_part_that_is_wrong_shows_as_a_difference_and_one_that_is_missing_as_none():
    spent = stated(of("board_expenditure"))
    wrong = spent.assign(value=spent["value"].mask(spent["category"] == "Postage", 4005.40))
    assert sums(wrong)["difference"].tolist() == [0.01]
    missing = spent.assign(value=spent["value"].mask(spent["category"] == "Postage"))
    assert sums(missing)["difference"].isna().all()


def test_two_totals_of_one_period_are_refused():
    spent = stated(of("board_expenditure"))
    with pytest.raises(EstimateError, match="More than one total"):
        sums(pd.concat([spent, spent]))


def test_income_that_is_printed_as_negative_is_turned_and_what_was_printed_stays():
    received = turned(of("board_income"), "board_received")
    assert (received["value"] > 0).all()
    assert received["printed"].tolist() == of("board_income")["printed"].tolist()
    assert received[["lower", "upper"]].isna().all(axis=None)


def test_the_surplus_is_what_the_report_prints_with_the_other_sign():
    received, spent = turned(of("board_income"), "board_received"), stated(of("board_expenditure"))
    left = surplus(received, spent, "board_surplus")
    assert left["value"].tolist() == [2328.59]
    assert of("board_outcome")["printed"].tolist() == ["-2,328.59"]
    assert left["denominator_source"].tolist() == ["report-appendix-2-expenditure"]


def test_on_costs_are_a_percentage_of_the_salaries_in_the_period_of_the_percentage():
    spent, rate = stated(of("board_expenditure")), stated(load("board_on_costs"))
    costs = on_costs(spent[spent["category"] == "Salaries"], rate, "board_on_costs")
    # 87,819.53 x 0.34 = 29,858.6402
    assert costs[["value", "unit", "time_period"]].to_numpy().tolist() == [[29858.64, "£", 2020]]
    with pytest.raises(EstimateError, match="More than one salary"):
        on_costs(spent, rate, "board_on_costs")


def test_of_the_suppliers_only_public_bodies_are_named():
    """A name has a capital within the heading; who is or may be an individual goes by what was sold."""
    headings = of("board_expenditure")["category"]
    assert {word for heading in headings for word in heading.split()[1:] if word.istitle()} == {
        "Essex", "County", "Council",
    }  # fmt: skip
