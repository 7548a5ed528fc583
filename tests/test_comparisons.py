"""Two periods compared, held against published examples and against statsmodels and scipy."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from invented import rows
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.rates import test_poisson_2indep as poisson_2indep

from lscb_analysis.data.files import load
from lscb_analysis.statistics.comparisons import (
    NO_DENOMINATOR,
    NO_FIGURE,
    OTHER_AREA,
    OTHER_PERIOD,
    compare,
    dispersed,
    newcombe,
    rate_ratio,
    two_proportions,
    two_rates,
)
from lscb_analysis.statistics.estimates import EstimateError, count, proportion, rate

BEFORE = {
    "time_period": 2017,
    "period_start": pd.Timestamp("2016-04-01"),
    "period_end": pd.Timestamp("2017-03-31"),
}
DECEMBER = {
    "time_identifier": "December",
    "period_start": pd.Timestamp("2018-12-01"),
    "period_end": pd.Timestamp("2018-12-31"),
}
STOCK_BEFORE = {"time_period": 2017, "period_start": BEFORE["period_end"], "period_end": BEFORE["period_end"]}


def percentages(now, of, then, then_of):
    return proportion(
        rows({"value": now}, BEFORE | {"value": then}), rows({"value": of}, BEFORE | {"value": then_of})
    )


@st.composite
def two_by_two(draw):
    n, n0 = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    return draw(st.integers(0, n)), n, draw(st.integers(0, n0)), n0


def twice_smaller_tail(below, above, point, events):
    half = point / 2 if events >= 10 else 0
    return min(1, 2 * min(below - half, above - half))


@pytest.mark.parametrize(
    ("table", "lower", "upper"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
    ],
)
def test_newcombe_gives_his_published_limits(table, lower, upper):
    # Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 10
    assert np.round(newcombe(*table), 4).tolist() == [lower, upper]


@pytest.mark.parametrize(
    "table", [(0, 10, 0, 20), (0, 10, 0, 10), (10, 10, 0, 20), (10, 10, 0, 10), (105, 159, 146, 321)]
)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.998])
def test_newcombe_agrees_with_statsmodels(table, confidence):
    theirs = confint_proportions_2indep(*table, method="newcomb", compare="diff", alpha=1 - confidence)
    assert newcombe(*table, confidence) == pytest.approx(theirs, abs=1e-12)


@settings(deadline=None)
@given(two_by_two())
def test_newcombe_holds_the_difference_within_minus_one_and_one(table):
    x, n, x0, n0 = table
    lower, upper = newcombe(*table)
    assert -1 - 1e-12 <= lower <= x / n - x0 / n0 <= upper <= 1 + 1e-12


@settings(deadline=None)
@given(two_by_two())
def test_newcombe_changes_sign_when_the_periods_swap(table):
    x, n, x0, n0 = table
    lower, upper = newcombe(*table)
    assert newcombe(x0, n0, x, n) == pytest.approx((-upper, -lower), abs=1e-12)


@settings(deadline=None)
@given(two_by_two())
def test_two_proportions_is_twice_the_smaller_tail_of_fishers_test(table):
    # scipy's own two-sided Fisher adds up the tables no likelier than this one: not the definition here
    x, n, x0, n0 = table
    cells = [[x, n - x], [x0, n0 - x0]]
    below, above = (stats.fisher_exact(cells, alternative=side).pvalue for side in ("less", "greater"))
    point = stats.hypergeom.pmf(x, n + n0, x + x0, n)
    rarer = min(x + x0, n + n0 - x - x0)
    expected = twice_smaller_tail(below, above, point, rarer)
    assert two_proportions(*table) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@settings(deadline=None)
@given(two_by_two())
def test_two_proportions_is_the_same_for_failures_and_for_swapped_periods(table):
    x, n, x0, n0 = table
    p_value = two_proportions(*table)
    assert two_proportions(n - x, n, n0 - x0, n0) == pytest.approx(p_value, rel=1e-7, abs=1e-12)
    assert two_proportions(x0, n0, x, n) == pytest.approx(p_value, rel=1e-7, abs=1e-12)
    assert 0 <= p_value <= 1


def test_two_proportions_is_exact_below_ten_of_the_rarer_outcome_and_mid_p_from_ten():
    # Fisher's tea tasting, 8 cups (The Design of Experiments, 1935): 3 of 4 right, upper tail 17/70
    assert two_proportions(3, 4, 1, 4) == pytest.approx(34 / 70)
    # 10 of 10 against 0 of 10, one table in C(20, 10) = 184,756: mid-p is half of it on each side
    assert two_proportions(10, 10, 0, 10) == pytest.approx(1 / 184_756)
    # 9 of 9 against 0 of 9, one in C(18, 9) = 48,620: exact, so all of it on each side
    assert two_proportions(9, 9, 0, 9) == pytest.approx(2 / 48_620)


@pytest.mark.parametrize(("now", "before"), [(1_040, 980), (1_003, 997), (45, 12), (1_999, 1_960)])
def test_two_proportions_keeps_ten_digits_for_the_largest_totals(now, before):
    # twice the smaller tail of the hypergeometric distribution, mid-p, in whole numbers: of all choices of
    # who has the property among 4,000, those with so few among the second 2,000, or fewer
    both, n = now + before, 2_000
    ways = [math.comb(n, k) * math.comb(n, both - k) for k in range(max(0, both - n), before + 1)]
    exact = Fraction(2 * sum(ways) - ways[-1], math.comb(2 * n, both))
    assert two_proportions(now, n, before, n) == pytest.approx(float(exact), rel=1e-10, abs=0)


def test_two_proportions_keeps_its_digits_far_out_in_either_tail():
    # one table in C(120, 60), mid-p
    for table in ((60, 60, 0, 60), (0, 60, 60, 60)):
        assert two_proportions(*table) == pytest.approx(1 / math.comb(120, 60), rel=1e-9, abs=0)


def test_two_rates_and_their_ratio_give_openepis_mid_p_from_ten_events():
    # OpenEpi, "Comparing 2 person-time rates": 17 cases in 100,025 against 3 in 122,268
    table = (17, 100_025, 3, 122_268)
    assert two_rates(*table) == pytest.approx(0.0003127, abs=5e-8)
    lower, upper = rate_ratio(*table)
    assert (round(float(lower), 2), round(float(upper), 2)) == (2.21, 29.63)


def test_two_rates_and_their_ratio_give_openepis_exact_values_below_ten_events():
    # OpenEpi, the same page ("Fisher exact"): 8 cases in 78,531 against 1 in 77,932
    table = (8, 78_531, 1, 77_932)
    assert two_rates(*table) == pytest.approx(0.04015, abs=5e-6)
    lower, upper = rate_ratio(*table)
    assert (round(float(lower), 3), round(float(upper), 1)) == (1.064, 352.3)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(1, 500), st.integers(0, 60), st.integers(1, 500))
def test_two_rates_is_twice_the_smaller_binomial_tail(x, t, x0, t0):
    # scipy's and statsmodels' two-sided values add up the outcomes no likelier: not the definition here
    if x + x0 == 0:
        assert two_rates(x, t, x0, t0) == 1
        return
    p = t / (t + t0)
    below, above = (stats.binomtest(x, x + x0, p, alternative=side).pvalue for side in ("less", "greater"))
    expected = twice_smaller_tail(below, above, stats.binom.pmf(x, x + x0, p), x + x0)
    assert two_rates(x, t, x0, t0) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("table", "method"), [((17, 100_025, 3, 122_268), "cond-midp"), ((8, 78_531, 1, 77_932), "exact-cond")]
)
def test_two_rates_is_twice_the_smaller_one_sided_p_value_of_statsmodels(table, method):
    one_sided = [
        poisson_2indep(*table, method=method, alternative=side).pvalue for side in ("larger", "smaller")
    ]
    assert two_rates(*table) == pytest.approx(2 * min(one_sided), rel=1e-9)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.998])
@pytest.mark.parametrize(("x", "x0"), [(8, 1), (1, 8), (4, 5), (1, 1), (3, 2)])
def test_rate_ratio_below_ten_events_is_clopper_and_pearsons(x, x0, confidence):
    tail = (1 - confidence) / 2
    low, high = stats.beta.ppf(tail, x, x0 + 1), stats.beta.isf(tail, x + 1, x0)
    expected = (low / (1 - low) * 300 / 200, high / (1 - high) * 300 / 200)
    assert rate_ratio(x, 200, x0, 300, confidence) == pytest.approx(expected, rel=1e-9)


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 300))
def test_the_limits_of_the_ratio_are_where_the_test_gives_five_per_cent(x, x0):
    lower, upper = rate_ratio(x, 1, x0, 1)
    assert lower < x / x0 < upper
    for ratio in (lower, upper):
        # at a ratio of `ratio` under the null, exposures of `ratio` and 1 are expected to give equal rates
        assert two_rates(x, ratio, x0, 1) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(("x", "x0"), [(6, 3), (6, 4), (2, 8)])
def test_the_ratio_turns_from_exact_to_mid_p_with_its_test_at_ten_events(x, x0):
    for ratio in rate_ratio(x, 1, x0, 1):
        assert two_rates(x, ratio, x0, 1) == pytest.approx(0.05, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 50), st.integers(1, 50))
def test_the_ratio_inverts_when_the_periods_swap(x, x0, t, t0):
    lower, upper = rate_ratio(x, t, x0, t0)
    assert rate_ratio(x0, t0, x, t) == pytest.approx((1 / upper, 1 / lower), rel=1e-8)
    assert two_rates(x, t, x0, t0) == pytest.approx(two_rates(x0, t0, x, t), rel=1e-8, abs=1e-14)


def test_the_ratio_is_bounded_on_one_side_when_a_period_has_no_events():
    # exact: the upper limit p of 0 of 5 solves (1 - p)^5 = 0.025
    p = 1 - 0.025 ** (1 / 5)
    assert rate_ratio(0, 1, 5, 1) == pytest.approx((0, p / (1 - p)))
    assert rate_ratio(5, 1, 0, 1) == pytest.approx(((1 - p) / p, math.inf))
    assert rate_ratio(0, 1, 0, 1) == (0, math.inf)


def test_percentages_are_compared_in_percentage_points_by_newcombes_interval():
    row = compare(percentages(56, 70, 48, 80), 2017, 2018).iloc[0]
    # Newcombe (1998), Table II, method 10: 0.0524 to 0.3339
    assert row[["change", "lower", "upper"]].tolist() == pytest.approx([20, 5.24, 33.39], abs=0.005)
    assert row[["change_unit", "method", "reason"]].tolist() == [
        "percentage points",
        "Newcombe hybrid score",
        "",
    ]
    assert row["p_value"] == pytest.approx(two_proportions(56, 70, 48, 80))


def test_rates_are_compared_in_per_cent_of_the_earlier_one():
    midyear = [
        {"value": n, "period_end": pd.Timestamp(f"{y}-06-30")} for y, n in ((2017, 100_025), (2016, 122_268))
    ]
    rates = rate(rows({"value": 17}, BEFORE | {"value": 3}), rows(*midyear))
    row = compare(rates, 2017, 2018).iloc[0]
    # OpenEpi: ratio 6.927, mid-p limits 2.21 to 29.63, p 0.0003127
    assert row[["change", "lower", "upper"]].tolist() == pytest.approx([592.7, 121, 2863], abs=0.5)
    assert (row["change_unit"], row["p_value"]) == ("%", pytest.approx(0.0003127, abs=5e-8))


def test_counts_are_compared_as_rates_of_equal_exposure():
    row = compare(count(rows({"value": 116}, BEFORE | {"value": 220})), 2017, 2018).iloc[0]
    assert row["change"] == pytest.approx(100 * (116 - 220) / 220)
    assert row["p_value"] == pytest.approx(two_rates(116, 1, 220, 1))
    assert row["lower"] < row["change"] < row["upper"] < 0


def test_each_category_is_compared_with_itself():
    neglect, multiple = {"category": "Neglect"}, {"category": "Multiple"}
    frame = rows(
        *(neglect | {"value": 30}, multiple | {"value": 2}),
        *(BEFORE | multiple | {"value": 4}, BEFORE | neglect | {"value": 20}),
    )
    compared = compare(count(frame), 2017, 2018).set_index("category")
    assert compared["change"].round(6).to_dict() == {"Neglect": 50, "Multiple": -50}


def not_compared(row, reason):
    return (
        row["reason"] == reason
        and row[["lower", "upper", "p_value"]].isna().all()
        and row["method"] == "as printed"
    )


def test_a_stock_is_not_compared_with_a_year():
    row = compare(count(rows({"value": 5}, STOCK_BEFORE | {"value": 9})), 2017, 2018).iloc[0]
    assert not_compared(row, OTHER_PERIOD)


def test_a_leap_year_is_compared_with_an_ordinary_one():
    leap = {
        "time_period": 2016,
        "period_start": pd.Timestamp("2015-04-01"),
        "period_end": pd.Timestamp("2016-03-31"),
    }
    row = compare(count(rows(leap | {"value": 5}, BEFORE | {"value": 9})), 2016, 2017).iloc[0]
    assert row["reason"] == ""
    assert row["p_value"] == pytest.approx(two_rates(9, 1, 5, 1))


def test_a_month_never_stands_for_the_year_it_falls_in():
    month_only = compare(count(rows(BEFORE, DECEMBER)), 2017, 2018).iloc[0]
    assert not_compared(month_only, NO_FIGURE)
    both = compare(count(rows(BEFORE | {"value": 4}, {"value": 6}, DECEMBER | {"value": 99})), 2017, 2018)
    assert both["numerator"].tolist() == [6]


def test_a_percentage_without_a_denominator_is_not_compared_but_keeps_its_change():
    bare = percentages(30, 45, 57, 100)
    bare.loc[bare["time_period"] == 2017, ["numerator", "denominator"]] = np.nan
    row = compare(bare, 2017, 2018).iloc[0]
    assert not_compared(row, NO_DENOMINATOR)
    assert row["change"] == pytest.approx(100 * 30 / 45 - 57)


def test_a_figure_as_printed_without_its_count_is_not_compared():
    printed = count(rows({"value": 30.0}, BEFORE | {"value": 57.0})).assign(numerator=np.nan)
    row = compare(printed, 2017, 2018).iloc[0]
    assert row["reason"] != ""
    assert row[["lower", "upper", "p_value"]].isna().all()
    assert row["change"] == pytest.approx(100 * (30 / 57 - 1))


@pytest.mark.parametrize("missing", [{}, BEFORE])
def test_a_suppressed_period_stays_missing_with_its_status(missing):
    present = BEFORE if missing == {} else {}
    frame = count(rows(present | {"value": 6}, missing | {"value": np.nan, "status": "c"}))
    row = compare(frame, 2017, 2018).iloc[0]
    assert not_compared(row, NO_FIGURE)
    assert math.isnan(row["change"])
    assert (row["status_before"], row["status"]) == (("", "c") if missing == {} else ("c", ""))


def test_a_period_that_is_not_there_is_not_compared():
    row = compare(count(rows({"value": 6})), 2017, 2018).iloc[0]
    assert not_compared(row, NO_FIGURE)
    assert (row["time_period"], row["previous_period"], row["value"]) == (2018, 2017, 6)


def test_a_wider_confidence_widens_the_interval_and_leaves_the_p_value():
    usual, wide = (compare(percentages(56, 70, 48, 80), 2017, 2018, c).iloc[0] for c in (0.95, 0.998))
    assert wide["lower"] < usual["lower"] < usual["upper"] < wide["upper"]
    assert wide["p_value"] == usual["p_value"]


def test_two_sources_of_one_figure_are_not_compared_crosswise():
    plans = load("child_protection_plans", measure="cpp_at_31_march")
    with pytest.raises(EstimateError, match=r"report-5\.2-plans.*report-5\.2-plans-text"):
        compare(count(plans), 2017, 2018)


def test_a_confidence_of_95_is_refused_by_a_comparison():
    plans = load("child_protection_plans", measure="cpp_at_31_march", source="report-5.2-plans")
    with pytest.raises(EstimateError, match="as a fraction"):
        compare(count(plans), 2017, 2018, confidence=95)


@pytest.mark.parametrize(
    ("then", "now", "change", "unit", "events"),
    [(0, 12, 12, "number", 12), (0, 5, 5, "number", 5), (12, 0, -100, "%", 12), (0, 0, 0, "number", 0)],
)
def test_a_number_that_appears_from_nothing_is_tested_and_has_no_percentage(then, now, change, unit, events):
    changed = compare(count(rows({"value": now}, BEFORE | {"value": then})), 2017, 2018).iloc[0]
    assert (changed["change"], changed["change_unit"], changed["reason"]) == (change, unit, "")
    # all events in one of two periods of the same length: each is there by the toss of a coin
    one_sided = stats.binomtest(max(then, now), events, 0.5, "greater").pvalue if events else 1.0
    assert changed["p_value"] == pytest.approx(min(1, 2 * one_sided - (0.5**events if events >= 10 else 0)))
    assert math.isnan(changed["lower"]) == (then == 0)


def test_a_rate_from_nothing_is_tested_by_the_exposures():
    now, then = (rows({"value": 12}), rows(BEFORE | {"value": 0}))
    sizes = [
        {"period_end": pd.Timestamp(day), "value": of}
        for day, of in (("2017-06-30", 39115), ("2016-06-30", 38781))
    ]
    changed = compare(rate(pd.concat([now, then]), rows(*sizes)), 2017, 2018).iloc[0]
    assert changed["change"] == pytest.approx(120_000 / 39_115)
    assert changed["change_unit"] == "per 10,000 children"
    exact = stats.binomtest(12, 12, 39_115 / (39_115 + 38_781), "greater").pvalue
    assert changed["p_value"] == pytest.approx(
        exact
    )  # mid-p: twice the tail, less the whole of its only point
    theirs = poisson_2indep(12, 39_115, 0, 38_781, method="cond-midp", alternative="larger").pvalue
    assert changed["p_value"] == pytest.approx(2 * theirs)


def test_a_percentage_from_nothing_has_points_and_is_tested():
    changed = compare(percentages(12, 60, 0, 50), 2017, 2018).iloc[0]
    assert (changed["change"], changed["change_unit"]) == (20, "percentage points")
    above = stats.hypergeom.sf(11, 110, 12, 60)
    assert changed["p_value"] == pytest.approx(2 * above - stats.hypergeom.pmf(12, 110, 12, 60))


def test_a_period_that_is_not_there_leaves_a_row_without_figures():
    plans = load("child_protection_plans", measure="cpp_at_31_march", source="report-5.2-plans")
    changed = compare(count(plans), 2018, 2019).iloc[0]
    assert (changed["status"], changed["reason"]) == ("", "no figure for one of the periods")


def test_an_area_that_was_redrawn_is_not_compared_with_itself_under_the_same_name():
    redrawn = BEFORE | {"area_code": "E06000099", "value": 9}
    row = compare(count(rows({"value": 5}, redrawn)), 2017, 2018).iloc[0]
    assert not_compared(row, f"{OTHER_AREA} (E06000099 before, E06000033 now)")
    assert row["area_code"] == "E06000033"


def test_dispersion_divides_the_chi_squared():
    # by hand: 2 x P(Z > 1.96) = 0.05, and with four times the variance 2 x P(Z > 0.98) = 0.3271
    assert dispersed(0.05, 4) == pytest.approx(0.3271, abs=5e-5)
    # 5% point of chi-squared on 4 degrees, 9.488, halved: 4.744, whose tail is 0.3147 (1 + x/2) exp(-x/2)
    assert dispersed(0.05, 2, 4) == pytest.approx((1 + 9.488 / 4) * math.exp(-9.488 / 4), abs=1e-4)


@given(st.floats(1e-12, 1), st.floats(1, 20), st.integers(1, 10))
def test_dispersion_is_undone_by_its_inverse_and_only_weakens(p_value, dispersion, degrees):
    weakened = dispersed(p_value, dispersion, degrees)
    assert p_value * (1 - 1e-9) <= weakened <= 1
    assert dispersed(weakened, 1 / dispersion, degrees) == pytest.approx(p_value, rel=1e-6)


def test_each_comparison_names_its_interval_and_its_test():
    row = compare(percentages(56, 70, 48, 80), 2017, 2018).iloc[0]
    assert (row["method"], row["test"]) == ("Newcombe hybrid score", "conditional test of two proportions")
    row = compare(count(rows({"value": 5}, BEFORE | {"value": 9})), 2017, 2018).iloc[0]
    assert (row["method"], row["test"]) == ("conditional ratio", "conditional test of two rates")
