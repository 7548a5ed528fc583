"""What printed percentages imply, held against the plain way: try every whole number."""

import math
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from invented import rows

from lscb_analysis.consistency import (
    conclusive_totals,
    fits,
    implied_totals,
    possible_counts,
    possible_totals,
    remainder,
)
from lscb_analysis.data import load


def prints_as(count, total, printed):
    """Could `count` of `total` be printed so, a half rounded either way?"""
    places = len(printed.partition(".")[2])
    return abs(Fraction(100 * count, total) - Fraction(printed)) <= Fraction(1, 2 * 10**places)


def two_sided(events, trials, before, trials_before):
    """Twice the smaller hypergeometric tail, in whole numbers: mid-p from ten of the rarer outcome."""
    both, everyone = events + before, trials + trials_before
    ways = [math.comb(trials, i) * math.comb(trials_before, both - i) for i in range(both + 1)]
    point = Fraction(ways[events], 2) if min(both, everyone - both) >= 10 else 0
    below, above = sum(ways[: events + 1]) - point, sum(ways[events:]) - point
    return min(1, 2 * min(below, above) / Fraction(math.comb(everyone, both)))


@st.composite
def printed_figures(draw):
    total = draw(st.integers(1, 3000))
    count = draw(st.integers(1, total))
    places = draw(st.integers(0, 2))
    rounding = draw(st.sampled_from([ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN]))
    exact = Context(prec=40).divide(Decimal(100 * count), Decimal(total))
    printed = str(exact.quantize(Decimal(1).scaleb(-places), rounding))
    assume(float(printed) > 0)
    return count, total, printed


@pytest.mark.parametrize(
    ("count", "printed", "total"), [(103, "47.7", 216), (146, "45.5", 321), (105, "66.0", 159)]
)
def test_only_one_number_of_conferences_gives_each_printed_percentage(count, printed, total):
    # The Department's table c4 has these numbers of conferences: see test_data_against_dfe.py
    assert possible_totals(count, printed) == [total]


@settings(deadline=None)
@given(printed_figures())
def test_the_true_total_and_the_true_count_are_always_possible(figure):
    count, total, printed = figure
    assert total in possible_totals(count, printed)
    assert count in possible_counts(total, printed)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(40, 1000))
def test_possible_totals_are_all_that_trying_each_would_find(count, tenths):
    printed = f"{tenths / 10:.1f}"
    largest = 40 * 100 // 3  # 40 of more than this is below 3.95%, whatever the rounding
    assert possible_totals(count, printed) == [
        n for n in range(count, largest) if prints_as(count, n, printed)
    ]


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(0, 100))
def test_possible_counts_are_all_that_trying_each_would_find(total, percent):
    expected = [k for k in range(total + 1) if prints_as(k, total, str(percent))]
    assert possible_counts(total, str(percent)) == expected


@pytest.mark.parametrize("printed", ["12", "13"])
def test_a_half_may_have_been_rounded_either_way(printed):
    # 1 of 8 is 12.5
    assert 8 in possible_totals(1, printed)
    assert possible_counts(8, printed) == [1]
    assert 8 not in possible_totals(1, "12.4")


def test_no_total_is_smaller_than_the_count():
    # 300 of 299 would print as 100, were it possible
    assert possible_totals(300, "100") == [300, 301]


def test_a_per_cent_sign_changes_nothing():
    assert possible_totals(81, "81%") == possible_totals(81, "81") != []


def test_a_percentage_no_whole_number_gives_has_no_counts():
    assert possible_counts(3, "50") == []


@pytest.mark.parametrize(("count", "printed"), [(0, "0.0"), (-1, "5.0"), (1, "0.0")])
def test_no_total_is_sought_where_nothing_was_counted(count, printed):
    with pytest.raises(ValueError, match="above zero"):
        possible_totals(count, printed)


def test_of_no_one_there_is_no_share():
    assert possible_counts(0, "50") == []


def test_implied_totals_are_counts_of_the_measure_asked_for():
    counts = rows({"value": 105.0, "printed": "105.0"})
    implied = implied_totals(counts, rows({"value": 66.0, "printed": "66.0"}), "icpc")
    assert implied.columns.tolist() == counts.columns.tolist()
    assert implied[["measure", "value", "printed", "status"]].to_numpy().tolist() == [["icpc", 159, "", ""]]


@pytest.mark.parametrize(
    ("count", "printed"),
    [
        ({"value": 105.0}, "66"),
        ({"value": 2.0}, "99.9"),
        ({"value": 0.0}, "0.0"),
        ({"value": math.nan, "status": "c"}, "5.0"),
    ],
)
def test_a_total_is_not_available_where_several_or_none_fit_or_nothing_was_counted(count, printed):
    implied = implied_totals(rows(count), rows({"printed": printed}), "icpc")
    assert implied["status"].tolist() == ["x"]
    assert implied["value"].isna().all()


def test_a_count_is_paired_with_the_percentage_of_its_own_period():
    before = {"time_period": 2017, "period_end": pd.Timestamp("2017-03-31")}
    counts = rows({"value": 105.0}, before | {"value": 146.0})
    percentages = rows(before | {"printed": "45.5"}, {"printed": "66.0"})
    assert implied_totals(counts, percentages, "icpc").set_index("time_period")["value"].to_dict() == {
        2018: 159,
        2017: 321,
    }


def test_a_total_fits_only_if_every_percentage_of_its_period_does():
    percentages = rows(
        {"value": 50.0, "printed": "50"}, {"value": 33.0, "printed": "33", "category": "Neglect"}
    )
    assert fits(percentages, rows({"value": 2.0}, {"value": 3.0}, {"value": 6.0}))["fits"].tolist() == [
        False,
        False,
        True,
    ]


def test_suppressed_percentages_and_other_periods_are_passed_over():
    percentages = rows(
        {"value": math.nan, "printed": "-", "status": "c"},
        {"value": 33.0, "printed": "33", "time_period": 2017},
    )
    assert fits(percentages, rows({"value": 2.0}, {"value": 2.0, "time_period": 2017}))["fits"].tolist() == [
        True,
        False,
    ]


def test_the_printed_categories_of_abuse_are_shares_of_plans_starting_not_of_plans_at_31_march():
    printed = load("categories_of_abuse")
    stock = load("child_protection_plans", measure="cpp_at_31_march", source="report-5.2-plans")
    starting = load("dfe_plans_starting", measure="cpp_starting")
    assert stock["value"].tolist() == [189, 220, 116]
    assert fits(printed, stock)["fits"].tolist() == [False] * 3
    assert starting["value"].tolist() == [201, 263, 110]
    assert fits(printed, starting)["fits"].tolist() == [True] * 3


@pytest.mark.parametrize(
    ("printed", "numerator", "denominator"), [("90.0", 5, 10), ("20.0", 30, 45), ("41", 30, 45)]
)
def test_conclusive_totals_are_what_trying_each_total_would_find(printed, numerator, denominator):
    conclusive = {
        n: [two_sided(numerator, denominator, k, n) < 0.05 for k in range(n + 1) if prints_as(k, n, printed)]
        for n in range(1, 151)
    }
    possible = min(n for n, found in conclusive.items() if any(found))
    certain = max(n for n, found in conclusive.items() if not all(found)) + 1
    assert conclusive_totals(printed, numerator, denominator) == (possible, certain)
    assert certain < 150


def test_where_every_total_is_conclusive_the_smallest_that_could_be_printed_so_is_given():
    # 10 per cent of fewer than ten is no whole number; 1 of 10 against 9 of 10 is p = 102 / C(20, 10)
    assert conclusive_totals("10", 9, 10) == (10, 10)


def test_a_stricter_level_needs_a_larger_total():
    strict, usual = (conclusive_totals("90", 5, 10, level=level) for level in (0.01, 0.05))
    assert strict[0] > usual[0]
    assert strict[1] > usual[1]


def test_no_total_is_conclusive_for_the_same_percentage():
    assert conclusive_totals("50", 5, 10) == (None, None)


def test_what_the_timely_conferences_leave_of_all_is_the_late_ones():
    in_time = load("conferences", measure="icpc_in_time")
    held = implied_totals(in_time, load("conferences", measure="icpc_in_time_percent"), measure="icpc")
    late = remainder(held, in_time, measure="icpc_late")
    assert late["value"].tolist() == [216 - 103, 321 - 146, 159 - 105]
    assert set(late["measure"]) == {"icpc_late"}


def test_of_a_total_that_is_not_known_nothing_is_known_to_remain():
    in_time = load("conferences", measure="icpc_in_time")
    late = remainder(in_time.assign(value=float("nan")), in_time, measure="icpc_late")
    assert set(late["status"]) == {"x"}
