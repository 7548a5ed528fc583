"""Estimates, held against published tables and against statsmodels and scipy."""

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from invented import rows
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson

from lscb_analysis.data.files import load
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import estimates
from lscb_analysis.statistics.estimates import (
    ESTIMATE,
    EstimateError,
    byar,
    count,
    decimals,
    garwood,
    poisson,
    proportion,
    rate,
    rounded,
    stated,
    wilson,
)

CONFIDENCES = [0.8, 0.95, 0.99, 0.998]
MID_2017 = {"period_start": pd.Timestamp("2017-06-30"), "period_end": pd.Timestamp("2017-06-30")}


def suppressed(symbol="c"):
    return {"value": np.nan, "status": symbol}


@st.composite
def events_of_trials(draw):
    trials = draw(st.integers(1, 100_000))
    return draw(st.integers(0, trials)), trials


@pytest.mark.parametrize(
    ("events", "trials", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_published_limits(events, trials, lower, upper):
    # Newcombe (1998), Statistics in Medicine 17:857-872, Table I, method 3
    assert np.round(wilson(events, trials), 4).tolist() == [lower, upper]


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_wilson_agrees_with_statsmodels(confidence):
    events, trials = np.array([(x, n) for n in (1, 2, 7, 30, 159, 1387) for x in range(n + 1)]).T
    theirs = proportion_confint(events, trials, alpha=1 - confidence, method="wilson")
    np.testing.assert_allclose(wilson(events, trials, confidence), theirs, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("trials", [1, 3, 29, 216, 39_115])
def test_wilson_ends_at_exactly_zero_and_one_at_every_confidence(trials):
    for confidence in np.linspace(0.5, 0.999, 100):
        assert wilson(0, trials, confidence)[0] == 0
        assert wilson(trials, trials, confidence)[1] == 1


@settings(deadline=None)
@given(events_of_trials(), st.sampled_from(CONFIDENCES))
def test_wilson_holds_the_proportion(counted, confidence):
    lower, upper = wilson(*counted, confidence)
    assert 0 <= lower <= counted[0] / counted[1] <= upper <= 1


@settings(deadline=None)
@given(events_of_trials(), st.integers(2, 50))
def test_wilson_narrows_as_trials_grow_at_the_same_proportion(counted, times):
    few, many = wilson(*counted), wilson(counted[0] * times, counted[1] * times)
    assert many[1] - many[0] < few[1] - few[0]


@settings(deadline=None)
@given(events_of_trials())
def test_wilson_mirrors_when_success_and_failure_swap(counted):
    events, trials = counted
    lower, upper = wilson(events, trials)
    np.testing.assert_allclose(wilson(trials - events, trials), (1 - upper, 1 - lower), atol=1e-12)


@pytest.mark.parametrize(
    ("events", "lower", "upper"),
    [(0, 0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390)],
)
def test_garwood_gives_the_published_limits(events, lower, upper):
    # Garwood (1936), Biometrika 28:437-442; Pearson & Hartley, Biometrika Tables for Statisticians, Table 40
    assert garwood(events) == pytest.approx((lower, upper), abs=0.0006)


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_garwood_agrees_with_statsmodels(confidence):
    for events in [0, 1, 2, 3, 5, 8, 9, 10, 37, 116, 1323]:
        theirs = confint_poisson(events, 1, method="exact-c", alpha=1 - confidence)
        assert garwood(events, confidence) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("events", [1, 4, 9, 116])
def test_each_limit_of_garwood_leaves_half_of_alpha_in_a_poisson_tail(events):
    lower, upper = garwood(events, 0.95)
    assert stats.poisson.sf(events - 1, lower) == pytest.approx(0.025)
    assert stats.poisson.cdf(events, upper) == pytest.approx(0.025)


def test_byar_is_the_formula_worked_by_hand():
    # Breslow & Day (1987), Statistical Methods in Cancer Research II, page 69: 116 events, z of 95%
    z = 1.959963984540054
    lower = 116 * (1 - 1 / (9 * 116) - z / (3 * math.sqrt(116))) ** 3
    upper = 117 * (1 - 1 / (9 * 117) + z / (3 * math.sqrt(117))) ** 3
    assert byar(116) == pytest.approx((lower, upper), rel=1e-12)


def test_byar_is_within_a_fifth_of_a_per_cent_of_exact_from_ten_events():
    # Public Health England, Technical Guide: Confidence Intervals (25 May 2018), Appendix 1: at 95%
    events = np.arange(10, 5001)
    error = np.abs(np.array(byar(events)) / np.array(garwood(events)) - 1)
    assert error.max() <= 0.002


@pytest.mark.parametrize(("events", "method"), [(0, garwood), (9, garwood), (10, byar), (11, byar)])
def test_a_count_is_exact_below_ten_events_and_byars_from_ten(events, method):
    assert poisson(events) == method(events)
    name = {garwood: "Garwood exact", byar: "Byar"}[method]
    assert count(rows({"value": events}))["method"].tolist() == [name]


@settings(deadline=None)
@given(st.integers(0, 5000), st.sampled_from(CONFIDENCES))
def test_a_counts_interval_holds_the_count(events, confidence):
    lower, upper = poisson(events, confidence)
    assert 0 <= lower <= events < upper


def test_a_count_is_its_own_estimate():
    row = count(rows({"value": 5})).iloc[0]
    # Garwood (1936)
    assert row[["value", "lower", "upper"]].tolist() == pytest.approx([5, 1.623, 11.668], abs=0.0006)
    assert (row["numerator"], row["unit"]) == (5, "number")
    assert math.isnan(row["denominator"])


def test_estimates_have_the_declared_columns_in_order():
    counts, whole = rows({}), rows({"value": 4})
    for frame in (count(counts), rate(counts, rows(MID_2017)), proportion(counts, whole)):
        assert frame.columns.tolist() == ESTIMATE


def test_a_proportion_is_a_percentage_with_wilsons_interval_and_explains_itself():
    row = proportion(rows({"value": 81}), rows({"value": 263, "source": "another"})).iloc[0]
    # Newcombe (1998), Table I, method 3
    assert row[["value", "lower", "upper"]].tolist() == pytest.approx(
        [100 * 81 / 263, 25.53, 36.62], abs=0.005
    )
    told = row[["numerator", "denominator", "unit", "method", "confidence", "source", "denominator_source"]]
    assert told.tolist() == [81, 263, "%", "Wilson score", 0.95, "a table", "another"]


def test_a_rate_divides_the_count_and_both_limits_by_the_population():
    row = rate(rows({"value": 5}), rows(MID_2017 | {"value": 20_000}), per=1000).iloc[0]
    assert row["value"] == 0.25
    # Garwood (1936): 1.623 to 11.668 for 5 events
    assert (row["lower"] * 20, row["upper"] * 20) == pytest.approx((1.623, 11.668), abs=0.0006)
    assert row["unit"] == "per 1,000 children"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3000), st.integers(1, 100_000), st.integers(1, 100_000))
def test_scaling_per_scales_value_and_limits(events, population, per):
    people = rows(MID_2017 | {"value": population})
    figures = [rate(rows({"value": events}), people, p)[["value", "lower", "upper"]] for p in (1, per)]
    np.testing.assert_allclose(figures[1], figures[0] * per, rtol=1e-12)


def test_a_rate_uses_the_latest_population_before_the_period_ends():
    years = [rows({"value": y, "period_end": pd.Timestamp(f"{y}-06-30")}) for y in (2018, 2016, 2017)]
    assert rate(rows({}), pd.concat(years))["denominator"].tolist() == [2017]


def test_a_rate_takes_no_population_of_another_area_or_older_than_a_year():
    elsewhere = MID_2017 | {"area_code": "E06000034"}
    older = {"period_end": pd.Timestamp("2017-03-29")}
    for population in (elsewhere, older):
        row = rate(rows({}), rows(population)).iloc[0]
        assert row["status"] == "x"
        assert row[["value", "lower", "upper", "denominator"]].isna().all()


@pytest.mark.parametrize("symbol", ["c", "u", "low"])
def test_a_missing_count_stays_missing_with_its_status(symbol):
    counts = rows(suppressed(symbol), {"category": "Neglect"})
    for frame in (
        count(counts),
        rate(counts, rows(MID_2017 | {"value": 100})),
        proportion(counts, rows({"value": 10})),
    ):
        assert frame["status"].tolist() == [symbol, ""]
        assert frame[["value", "lower", "upper"]].isna().all(axis=1).tolist() == [True, False]


def test_a_percentage_of_a_suppressed_total_takes_the_totals_status():
    row = proportion(rows({}), rows(suppressed())).iloc[0]
    assert row["status"] == "c"
    assert math.isnan(row["value"])


def test_a_percentage_without_a_total_is_not_available():
    row = proportion(rows({}), rows({"time_period": 2017, "value": 9})).iloc[0]
    assert row["status"] == "x"
    assert row[["value", "lower", "upper"]].isna().all()


def test_none_of_none_is_not_applicable_and_none_of_some_is_zero():
    later = {"time_period": 2019, "value": 0}
    frame = proportion(rows({"value": 0}, later), rows({"value": 0}, later | {"value": 20}))
    assert frame["status"].tolist() == ["z", ""]
    assert math.isnan(frame["value"][0])
    assert (frame["value"][1], frame["lower"][1]) == (0, 0)


@pytest.mark.parametrize("make", [count, rate, proportion])
def test_a_negative_count_is_refused_and_the_row_named(make):
    bad = rows({}, {"value": -3, "category": "Neglect"})
    denominators = {count: (), rate: (rows(MID_2017),), proportion: (rows({"value": 9}),)}[make]
    with pytest.raises(
        EstimateError, match=r"Southend-on-Sea, 2018, conferences, Neglect: negative count -3"
    ):
        make(bad, *denominators)


def test_every_numerator_above_its_denominator_is_refused_and_named():
    bad = rows({"value": 11}, {"value": 9, "category": "Neglect"}, {"value": 12, "category": "Multiple"})
    with pytest.raises(EstimateError) as refused:
        proportion(bad, rows({"value": 10}))
    assert "Total: numerator 11 above denominator 10" in str(refused.value)
    assert "Multiple: numerator 12 above denominator 10" in str(refused.value)
    assert "Neglect" not in str(refused.value)


@pytest.mark.parametrize("population", [0, -5])
def test_a_population_that_is_not_above_zero_is_refused(population):
    with pytest.raises(
        EstimateError, match=f"Southend-on-Sea, 2018, conferences, Total: denominator {population}"
    ):
        rate(rows({}), rows(MID_2017 | {"value": population}))


def test_two_populations_for_one_area_and_date_are_refused_with_their_sources():
    twice = rows(MID_2017, MID_2017 | {"source": "the report"})
    with pytest.raises(EstimateError, match=r"30 June 2017, a table; .*30 June 2017, the report"):
        rate(rows({}), twice)


def test_two_totals_for_one_period_are_refused():
    with pytest.raises(EstimateError, match="More than one total"):
        proportion(rows({}), rows({"value": 9}, {"value": 9, "source": "the report"}))


@pytest.mark.parametrize("confidence", [95, 1, 0, -0.5])
def test_a_confidence_that_is_no_fraction_is_refused(confidence):
    for make in (
        lambda: count(rows({}), confidence),
        lambda: rate(rows({}), rows(MID_2017), confidence=confidence),
        lambda: proportion(rows({}), rows({"value": 9}), confidence),
    ):
        with pytest.raises(EstimateError, match=r"as a fraction, as 0\.95"):
            make()


def test_a_higher_confidence_is_kept_in_the_row_and_widens_the_interval():
    usual, wide = (proportion(rows({"value": 4}), rows({"value": 9}), c).iloc[0] for c in (0.95, 0.998))
    assert (usual["confidence"], wide["confidence"]) == (0.95, 0.998)
    assert wide["lower"] < usual["lower"] < usual["upper"] < wide["upper"]


def test_a_printed_figure_takes_the_estimate_that_rounds_to_it():
    # The report prints 47.7 for 103 conferences; the Department's c4 has 216 in all
    fitting = stated(
        rows({"value": 47.7, "printed": "47.7"}), proportion(rows({"value": 103}), rows({"value": 216}))
    )
    row = fitting.iloc[0]
    assert (row["numerator"], row["denominator"], row["method"]) == (103, 216, "Wilson score")
    assert row["lower"] < row["value"] < row["upper"]
    assert row["value"] == pytest.approx(100 * 103 / 216)


def test_a_printed_figure_that_no_estimate_rounds_to_keeps_its_value_without_interval():
    row = stated(
        rows({"value": 47.6, "printed": "47.6"}), proportion(rows({"value": 103}), rows({"value": 216}))
    ).iloc[0]
    assert (row["value"], row["method"], row["unit"]) == (
        47.6,
        "as printed, although the numbers give another figure",
        "%",
    )
    assert row[["numerator", "denominator", "lower", "upper", "confidence"]].isna().all()


def test_a_printed_figure_without_any_estimate_keeps_its_value_without_interval():
    other = proportion(rows({"time_period": 2017}), rows({"time_period": 2017, "value": 2}))
    row = stated(rows({"value": 50, "printed": "50"}), other).iloc[0]
    assert (row["value"], row["method"]) == (50, "as printed")
    assert math.isnan(row["lower"])


def test_a_suppressed_print_takes_no_estimate_even_where_one_can_be_made():
    row = stated(rows(suppressed() | {"printed": "-"}), proportion(rows({}), rows({"value": 4}))).iloc[0]
    assert row["status"] == "c"
    assert row[["value", "numerator", "denominator", "lower", "upper"]].isna().all()


def test_a_suppressed_print_of_a_suppressed_count_keeps_the_total_and_no_figure():
    counts = rows(suppressed() | {"printed": "-"})
    row = stated(counts, proportion(counts, rows({"value": 4}))).iloc[0]
    assert (row["status"], row["denominator"], row["method"]) == ("c", 4, "Wilson score")
    assert row[["value", "numerator", "lower", "upper"]].isna().all()


def test_a_printed_figure_names_the_other_sources_it_was_fitted_with():
    counts, totals = rows({"value": 1, "source": "counts"}), rows({"value": 4, "source": "totals"})
    row = stated(rows({"value": 25, "printed": "25", "source": "print"}), proportion(counts, totals)).iloc[0]
    assert list(row[["source", "numerator_source", "denominator_source"]]) == ["print", "counts", "totals"]


@pytest.mark.parametrize(
    ("printed", "places"), [("1,387", 0), ("81%", 0), ("6.0", 1), ("81.25%", 2), ("-", 0)]
)
def test_decimals_counts_what_is_printed(printed, places):
    assert decimals(printed) == places


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (12.5, 0, "13"),
        (13.5, 0, "14"),
        (-12.5, 0, "-13"),
        (2.675, 2, "2.68"),
        (0.05, 1, "0.1"),
        (29.656, 1, "29.7"),
    ],
)
def test_rounding_is_half_away_from_zero(value, places, expected):
    assert rounded(value, places) == Decimal(expected)


def test_the_reports_rates_of_31_march_2018_follow_from_its_own_population():
    # Annual report, section 5.2: about 39,115 children; 116 plans are 29.7 and 1,323 in need 338 per 10,000
    population = load("population", source="report-5.2-population")
    plans = load(
        "child_protection_plans", time_period=2018, source="report-5.2-plans", measure="cpp_at_31_march"
    )
    in_need = load(
        "children_in_need", time_period=2018, source="report-5.2-children-in-need", measure="cin_at_31_march"
    )
    assert rounded(rate(plans, population)["value"].iloc[0], 1) == Decimal("29.7")
    assert rounded(rate(in_need, population)["value"].iloc[0], 0) == 338


def test_every_printed_rate_of_children_in_need_follows_from_the_counts():
    counts = load("children_in_need", measure="cin_at_31_march", source="report-5.2-children-in-need")
    printed = load("children_in_need", measure="cin_rate")
    fitted = stated(printed, rate(counts, load("population", source="dfe-cin-2020-population")))
    assert fitted["method"].tolist() == ["Byar"] * 3


def test_every_printed_figure_of_the_comparisons_follows_from_counts_but_five_that_have_none():
    edition = read_edition("southend-2017-19")
    frames = [estimates(edition, comparison.question) for comparison in edition.comparisons]
    told = pd.concat(frames).query("status == ''")
    bare = told[told["method"].str.startswith("as printed")]
    # The Department's release of 2018 has numbers of care leavers for that year only
    assert bare[["measure", "time_period"]].apply(tuple, axis=1).tolist() == [
        *(("eet_17_18", 2016), ("eet_17_18", 2017)),
        *(("eet_19_21", 2016), ("eet_19_21", 2017)),
        ("cla_adopted_percent", 2017),
    ]
    assert len(told) > len(bare) + 30


def test_a_count_that_is_no_whole_number_is_refused():
    plans = load("child_protection_plans", measure="cpp_at_31_march", source="report-5.2-plans")
    with pytest.raises(EstimateError, match=r"2018, cpp_at_31_march, Total: 116\.5 is no whole number"):
        count(plans.assign(value=[189.0, 220.0, 116.5]))


def test_a_printed_figure_keeps_what_its_source_says_of_it():
    printed = rows({"value": 50, "printed": "50", "unit": "%"})
    assert stated(printed.assign(qualifier="over"))["qualifier"].tolist() == ["over"]
    assert "qualifier" not in stated(printed)
