"""Trends and control limits, held against published examples, statsmodels and the Department's figures."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import assume, example, given, settings, strategies as st
from invented import rows
from scipy import optimize, special, stats

from lscb_analysis.statistics.comparisons import SERIES
from lscb_analysis.statistics.estimates import EstimateError, count, proportion, rate
from lscb_analysis.statistics.series import (
    EVERYTHING_COUNTED,
    NO_NUMBERS,
    NOTHING_COUNTED,
    ONE_STEP,
    TOO_SHORT,
    TREND,
    cochran_armitage,
    control_limits,
    log_linear,
    logistic,
    no_slope,
    poisson_trend,
    trend,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

BELGIAN_AIDS = [12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246, 240]
BEETLES = {
    "dose": [1.6907, 1.7242, 1.7552, 1.7842, 1.8113, 1.8369, 1.8610, 1.8839],
    "killed": [6, 13, 18, 28, 52, 53, 61, 60],
    "beetles": [59, 60, 62, 56, 63, 59, 62, 60],
}
FLOW_RATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
VISCOSITIES = [
    *(33.75, 33.05, 34.00, 33.81, 33.46, 34.02, 33.68, 33.27),
    *(33.49, 33.20, 33.62, 33.00, 33.54, 33.12, 33.84),
]
THREE_SIGMA = 3 / 1.128
"""What textbooks multiply the mean moving range by; NHS England rounds it to 2.66."""

RESULTS = ["change", "lower", "upper", "dispersion", "degrees", "p_value", "chi_squared", "p_chi_squared"]


def year(y):
    return {
        "time_period": y,
        "period_start": pd.Timestamp(y - 1, 4, 1),
        "period_end": pd.Timestamp(y, 3, 31),
    }


def stock(y):
    return year(y) | {"period_start": pd.Timestamp(y, 3, 31)}


def yearly(values, last=2024, period=year, **same):
    first = last - len(values) + 1
    return rows(*(period(first + i) | {"value": v} | same for i, v in enumerate(values)))


def percentages(events, trials, **same):
    return proportion(yearly(events, **same), yearly(trials, **same))


def rates(events, population, per=10_000, **same):
    midyear = yearly(population, **same)
    midyear["period_end"] = [pd.Timestamp(y - 1, 6, 30) for y in midyear["time_period"]]
    return rate(yearly(events, **same), midyear, per)


def only(frame):
    assert len(frame) == 1
    return frame.iloc[0]


def months(values, unit="number", first="2016-04-01", each=1, **same):
    starts = pd.date_range(first, periods=len(values), freq=pd.DateOffset(months=each))
    ends = starts + pd.DateOffset(months=each) - pd.Timedelta(days=1)
    periods = zip(starts, ends, values, strict=True)
    return rows(
        *(
            {
                "time_period": end.year,
                "time_identifier": f"{end:%B}",
                "period_start": start,
                "period_end": end,
            }
            | {"value": float(value), "unit": unit}
            | same
            for start, end, value in periods
        )
    )


def by_statsmodels(time, x, n, percent, confidence=0.95):
    """The columns of a trend from statsmodels' regression, its dispersion held to one or more."""
    time, x, n = (np.asarray(a, float) for a in (time, x, n))
    endog, family, offset = (x, sm.families.Poisson(), np.log(n))
    if percent:
        endog, family, offset = (np.column_stack([x, n - x]), sm.families.Binomial(), None)
    design = sm.add_constant(time - time[0])
    fit = sm.GLM(endog, design, family=family, offset=offset).fit(tol=1e-12, tol_criterion="params")
    null = sm.GLM(endog, np.ones(len(time)), family=family, offset=offset).fit(
        tol=1e-12, tol_criterion="params"
    )
    chi_squared, p_chi_squared = null.score_test(exog_extra=(time - time[0])[:, None])
    dispersion = max(1, fit.pearson_chi2 / fit.df_resid)
    slope, error = fit.params[1], fit.bse[1] * math.sqrt(dispersion)
    reach = stats.t.ppf((1 + confidence) / 2, len(time) - 2) * error
    return {
        "change": 100 * (math.exp(slope) - 1),
        "lower": 100 * (math.exp(slope - reach) - 1),
        "upper": 100 * (math.exp(slope + reach) - 1),
        "dispersion": dispersion,
        "degrees": len(time) - 2,
        "p_value": 2 * stats.t.cdf(-abs(slope / error), len(time) - 2),
        "chi_squared": float(np.squeeze(chi_squared)),
        "p_chi_squared": float(np.squeeze(p_chi_squared)),
    }


# The slopes


def test_log_linear_gives_woods_slope_of_aids_in_belgium():
    # Wood, Generalized Additive Models (data belg.aids of gamair), glm(y ~ t, poisson)
    slope, error, _ = log_linear(np.arange(1981, 1994), BELGIAN_AIDS, np.ones(13))
    assert (round(slope, 6), round(error, 6)) == (0.202121, 0.007771)


def test_logistic_gives_dobsons_slope_of_beetle_mortality():
    # Bliss (1935), as fitted by Dobson, An Introduction to Generalized Linear Models, beetle mortality
    slope, error, _ = logistic(BEETLES["dose"], BEETLES["killed"], BEETLES["beetles"])
    assert (round(slope, 2), round(error, 2)) == (34.27, 2.91)


@st.composite
def histories(draw, most=300, events_of=None):
    """Times, events and numbers that a slope can be drawn through."""
    size = draw(st.integers(5, 9))
    n = draw(st.lists(st.integers(1, most), min_size=size, max_size=size))
    x = [draw(st.integers(0, k if events_of is None else events_of)) for k in n]
    time, x, n = np.arange(2000.0, 2000 + size), np.array(x, float), np.array(n, float)
    assume(not no_slope(time, x, n - x if events_of is None else n))
    return time, x, n


@settings(deadline=None, max_examples=200)
@given(histories(most=10**6, events_of=10**6))
@example((np.arange(2000.0, 2010), np.array([0] * 8 + [1, 10**6], float), np.ones(10)))
@example((np.arange(2000.0, 2010), np.array([10**6] + [0] * 8 + [1], float), np.ones(10)))
def test_the_log_linear_slope_puts_the_mean_time_of_events_where_they_are(history):
    # given how many events there are in all, only the slope is left: one equation in one unknown
    time, x, n = history
    since = time - time[0]

    def mean_time(slope):
        return special.softmax(np.log(n) + slope * since) @ since - x @ since / x.sum()

    expected = optimize.brentq(mean_time, -60, 60, xtol=1e-13)
    assert log_linear(time, x, n)[0] == pytest.approx(expected, abs=1e-7)


@settings(deadline=None, max_examples=200)
@given(histories(most=10**5))
@example((np.arange(2000.0, 2010), np.array([0.0] * 4 + [1, 999] + [1000.0] * 4), np.full(10, 1000.0)))
def test_the_logistic_slope_solves_the_score_equations(history):
    time, x, n = history
    since = time - time.mean()
    slope, error, pearson = logistic(time, x, n)

    def level(at):
        return (x - n * special.expit(at + slope * since)).sum()

    line = optimize.brentq(level, -800, 800, xtol=1e-13) + slope * since
    p, q = special.expit(line), special.expit(-line)
    weight = n * p * q
    assert (x - n * p) @ since == pytest.approx(0, abs=1e-6 * max(1, x.sum()))
    off_mean = since - weight @ since / weight.sum()
    assert error == pytest.approx(1 / math.sqrt(weight @ off_mean**2), rel=1e-5)
    assert pearson == pytest.approx(((x * q - (n - x) * p) ** 2 / weight).sum(), rel=1e-4)


def separated(time, events, others):
    """Whether a line exists that lies on no wrong side of any event and any other: a linear program."""
    happened, had_not = time[events > 0] - 2000, time[others > 0] - 2000
    gain = np.array([len(happened) - len(had_not), happened.sum() - had_not.sum()])
    wrong = [[-1, -t] for t in happened] + [[1, t] for t in had_not]
    best = optimize.linprog(-gain, A_ub=wrong, b_ub=np.zeros(len(wrong)), bounds=[(-50, 50), (-1, 1)])
    return -best.fun > 1e-9


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from([(0, 3), (3, 0), (2, 2), (0, 1), (1, 0)]), min_size=3, max_size=7))
def test_there_is_a_slope_unless_a_line_parts_events_from_others(pairs):
    time = np.arange(2000.0, 2000 + len(pairs))
    events, others = np.array(pairs, float).T
    assert bool(no_slope(time, events, others)) == separated(time, events, others)
    assert bool(no_slope(time, events, others + 1)) == separated(time, events, others + 1)


@pytest.mark.parametrize(
    ("events", "others", "reason"),
    [
        ([0, 0, 0, 0, 0], [9, 9, 9, 9, 9], NOTHING_COUNTED),
        ([9, 9, 9, 9, 9], [0, 0, 0, 0, 0], EVERYTHING_COUNTED),
        ([0, 0, 3, 9, 9], [9, 9, 6, 0, 0], ONE_STEP),
        ([9, 9, 0, 0, 0], [0, 0, 9, 9, 9], ONE_STEP),
        ([0, 0, 0, 0, 5], [9, 9, 9, 9, 9], ONE_STEP),
        ([0, 0, 5, 0, 0], [9, 9, 9, 9, 9], ""),
        ([0, 1, 8, 9, 9], [9, 8, 1, 0, 0], ""),
    ],
)
def test_what_no_slope_can_be_drawn_through_is_said(events, others, reason):
    time, x, rest = np.arange(5.0), np.array(events, float), np.array(others, float)
    assert no_slope(time, x, rest) == reason
    if reason:
        with pytest.raises(EstimateError, match="No slope fits"):
            logistic(time, x, x + rest)
    else:
        assert all(map(math.isfinite, logistic(time, x, x + rest)))


# The chi-squared for trend


@pytest.mark.parametrize(
    ("events", "trials", "scores", "published"),
    [
        # R's documentation of prop.trend.test: X-squared = 8.2249, p-value = 0.004132
        ([83, 90, 129, 70], [86, 93, 136, 82], [1, 2, 3, 4], 8.2249),
        # Armitage (1955), carriers of Streptococcus pyogenes by size of tonsils: 7.19
        ([19, 29, 24], [516, 589, 293], [0, 1, 2], 7.19),
        # Agresti, Categorical Data Analysis, malformations by the mother's drinks a day: 6.57
        ([48, 38, 5, 1, 1], [17114, 14502, 793, 127, 38], [0, 0.5, 1.5, 4, 7], 6.57),
    ],
)
def test_cochran_and_armitages_test_gives_published_values(events, trials, scores, published):
    places = len(str(published).partition(".")[2])
    assert round(cochran_armitage(scores, events, trials), places) == published


def test_the_p_value_of_rs_smokers_is_rs():
    chi_squared = cochran_armitage([1, 2, 3, 4], [83, 90, 129, 70], [86, 93, 136, 82])
    assert round(float(stats.chi2.sf(chi_squared, 1)), 6) == 0.004132


@settings(deadline=None, max_examples=50)
@given(histories())
def test_cochran_and_armitages_test_is_the_ordinal_association_of_statsmodels(history):
    time, x, n = history
    table = sm.stats.Table(np.column_stack([x, n - x]), shift_zeros=False)
    association = table.test_ordinal_association(row_scores=time, col_scores=np.array([0, 1]))
    # its permutation variance divides by one less than everybody
    expected = association.zscore**2 * n.sum() / (n.sum() - 1)
    assert cochran_armitage(time, x, n) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_test_for_trend_without_any_event_or_without_any_other_is_missing():
    assert math.isnan(cochran_armitage([1, 2, 3], [0, 0, 0], [5, 5, 5]))
    assert math.isnan(cochran_armitage([1, 2, 3], [5, 5, 5], [5, 5, 5]))
    assert math.isnan(poisson_trend([1, 2, 3], [0, 0, 0], [5, 5, 5]))


# The trend of a series

GRID = [
    ([30, 41, 38, 52, 60], [400, 410, 405, 420, 430]),
    ([0, 0, 1, 0, 2], [40, 40, 41, 42, 43]),
    ([9, 0, 0, 0, 9], [10, 10, 10, 10, 10]),
    ([300, 120, 480, 90, 500, 60, 410], [600, 500, 700, 400, 900, 300, 800]),
    ([1, 1, 2, 1, 1, 1], [2, 2, 2, 2, 2, 2]),
    ([50, 40, 30, 20, 10, 5, 2, 1], [100, 100, 100, 100, 100, 100, 100, 100]),
    ([99, 100, 98, 100, 97], [100, 100, 100, 100, 100]),
    ([201, 208, 215, 244, 240, 201, 199, 220, 256, 270, 281, 300], range(38000, 39200, 100)),
]


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.998])
@pytest.mark.parametrize(("events", "number"), GRID)
@pytest.mark.parametrize("of", ["number", "rate", "percentage"])
def test_a_trend_is_that_of_statsmodels(events, number, of, confidence):
    made = {"rate": rates, "percentage": percentages, "number": lambda x, _: count(yearly(x))}[of]
    row = only(trend(made(events, number), confidence))
    denominators = np.ones(len(events)) if of == "number" else list(number)
    expected = by_statsmodels(
        np.arange(row["first_period"], row["time_period"] + 1),
        events,
        denominators,
        of == "percentage",
        confidence,
    )
    assert row[RESULTS].astype(float).to_dict() == pytest.approx(expected, rel=1e-6, abs=1e-8)
    p_value = expected["p_value"]
    word = "no clear trend" if p_value >= 1 - confidence else "rising" if row["change"] > 0 else "falling"
    assert row["verdict"] == word


def test_aids_in_belgium_rose_by_a_fifth_a_year_however_dispersed():
    row = only(trend(count(yearly(BELGIAN_AIDS, last=1993))))
    # exp(0.202121) = 1.224; the t of 0.975 on 11 degrees of freedom is 2.201
    reach = 2.201 * 0.007771 * math.sqrt(row["dispersion"])
    assert row["change"] == pytest.approx(22.4, abs=0.05)
    assert row["lower"] == pytest.approx(100 * math.expm1(0.202121 - reach), abs=0.01)
    assert row["upper"] == pytest.approx(100 * math.expm1(0.202121 + reach), abs=0.01)
    assert (row["verdict"], row["change_unit"], row["points"], row["degrees"]) == (
        "rising",
        "% a year",
        13,
        11,
    )
    assert (row["first_period"], row["time_period"]) == (1981, 1993)
    assert (row["value_first"], row["value"]) == (12, 240)
    assert row["dispersion"] > 2


def test_a_trend_has_its_columns_and_says_what_it_is_made_from():
    frame = percentages([30, 41, 38, 52, 60], [100] * 5, counted="conferences")
    frame.loc[2:, "source"] = "another"
    row = only(trend(frame))
    assert trend(frame).columns.tolist() == TREND
    assert row[SERIES].tolist() == frame[SERIES].iloc[0].tolist()
    assert (row["source"], row["denominator_source"]) == ("a table another", "a table")
    assert (row["period_start"], row["period_end"]) == (
        pd.Timestamp("2023-04-01"),
        pd.Timestamp("2024-03-31"),
    )
    assert (row["change_unit"], row["confidence"], row["reason"]) == ("% a year in the odds", 0.95, "")
    assert "logistic" in row["method"]


def test_each_series_has_its_own_trend():
    frame = pd.concat(
        count(yearly(values, category=category))
        for category, values in (("Neglect", [10, 20, 40, 80, 160]), ("Multiple", [160, 80, 40, 20, 10]))
    )
    assert trend(frame).set_index("category")["verdict"].to_dict() == {
        "Multiple": "falling",
        "Neglect": "rising",
    }


def not_tested(row, reason):
    return (
        row["reason"] == reason
        and row["verdict"] == "not tested"
        and row[RESULTS].isna().all()
        and (row["method"], row["change_unit"]) == ("", "")
    )


def test_four_points_are_no_trend_and_five_are():
    assert not_tested(only(trend(count(yearly([1, 2, 4, 8])))), TOO_SHORT)
    assert only(trend(count(yearly([10, 20, 40, 80, 160]))))["verdict"] == "rising"


@pytest.mark.parametrize("hidden", [{"value": np.nan, "status": "c"}, None])
def test_a_year_suppressed_or_missing_breaks_the_run(hidden):
    values = [900, 800, 700, 600, 5, 10, 20, 40, 80, 160]
    frame = yearly(values)
    if hidden is None:
        frame = frame.drop(index=4)
    else:
        frame.loc[4, list(hidden)] = list(hidden.values())
    row = only(trend(count(frame)))
    assert (row["first_period"], row["time_period"], row["points"], row["verdict"]) == (
        2020,
        2024,
        5,
        "rising",
    )
    assert row["value_first"] == 10


def test_the_latest_run_counts_however_long_an_earlier_one():
    row = only(trend(count(yearly([1, 2, 4, 8, 16, 32, 64, 128]).drop(index=6))))
    assert not_tested(row, TOO_SHORT)
    assert (row["points"], row["first_period"], row["time_period"]) == (1, 2024, 2024)


def test_a_run_may_end_before_the_latest_figure_and_says_so():
    row = only(trend(count(yearly([10, 20, 40, 80, 160, np.nan], status="c"))))
    assert (row["time_period"], row["value"], row["verdict"]) == (2023, 160, "rising")


def test_a_stock_does_not_continue_years_nor_a_year_stocks():
    for before, after in ((year, stock), (stock, year)):
        frame = pd.concat(
            [yearly([1] * 5, last=2019, period=before), yearly([10, 20, 40, 80, 160], period=after)]
        )
        row = only(trend(count(frame)))
        assert (row["points"], row["first_period"], row["verdict"]) == (5, 2020, "rising")


def test_leap_years_do_not_break_a_run():
    leap = {2020: pd.Timestamp("2020-02-29"), 2024: pd.Timestamp("2024-02-29")}
    frame = yearly([10, 20, 40, 80, 160, 320], period=stock)
    for column in ("period_start", "period_end"):
        frame[column] = [leap.get(y, pd.Timestamp(y, 2, 28)) for y in frame["time_period"]]
    assert only(trend(count(frame)))["points"] == 6


def test_months_have_no_part_in_a_trend():
    annual = yearly([10, 20, 40, 80, 160])
    december = months([999], first="2023-12-01").drop(columns="unit")
    assert only(trend(count(pd.concat([annual, december]))))["points"] == 5
    assert trend(count(december)).empty


def test_no_rows_are_no_trends():
    assert trend(count(yearly([1, 2])).head(0)).columns.tolist() == TREND


@pytest.mark.parametrize("column", ["numerator", "denominator"])
def test_a_percentage_without_the_numbers_behind_it_is_not_tested(column):
    bare = percentages([30, 41, 38, 52, 60], [100] * 5)
    bare[column] = np.nan
    row = only(trend(bare))
    assert not_tested(row, NO_NUMBERS)
    assert (row["points"], row["source"]) == (0, "")
    assert pd.isna(row["first_period"])
    assert pd.isna(row["period_end"])


def test_none_of_none_breaks_the_run():
    row = only(trend(percentages([1, 2, 0, 3, 4, 5], [9, 9, 0, 9, 9, 9])))
    assert not_tested(row, TOO_SHORT)
    assert row["points"] == 3


@pytest.mark.parametrize(
    ("events", "trials", "reason"),
    [
        ([0, 0, 0, 0, 0], [9, 9, 9, 9, 9], NOTHING_COUNTED),
        ([9, 8, 9, 7, 6], [9, 8, 9, 7, 6], EVERYTHING_COUNTED),
        ([0, 0, 3, 9, 9], [9, 9, 9, 9, 9], ONE_STEP),
    ],
)
def test_percentages_that_no_slope_fits_are_not_tested_and_say_why(events, trials, reason):
    assert not_tested(only(trend(percentages(events, trials))), reason)


@pytest.mark.parametrize(
    ("events", "reason"), [([0, 0, 0, 0, 0], NOTHING_COUNTED), ([0, 0, 0, 0, 7], ONE_STEP)]
)
def test_rates_and_counts_that_no_slope_fits_are_not_tested_and_say_why(events, reason):
    assert not_tested(only(trend(rates(events, [900] * 5))), reason)
    row = only(trend(count(yearly(events))))
    assert not_tested(row, reason)
    assert (row["value_first"], row["value"], row["points"]) == (0, events[-1], 5)


def test_an_interval_may_have_no_end_that_is_a_number():
    # the one who failed in the first year is against all that the later years say: dispersion is vast
    row = only(trend(percentages([0, 1, 1, 49, 0], [1, 1, 1, 49, 122])))
    assert row["dispersion"] > 10**6
    assert (row["lower"], row["upper"]) == (-100, math.inf)
    assert row["verdict"] == "no clear trend"


def test_two_figures_of_one_year_are_refused_and_named():
    frame = count(pd.concat([yearly([1, 2, 3, 4, 5]), yearly([6], source="another table")]))
    with pytest.raises(EstimateError, match=r"Southend-on-Sea, 31 March 2024, a table.*another table"):
        trend(frame)


def test_a_confidence_of_95_is_refused_by_a_trend():
    with pytest.raises(EstimateError, match="as a fraction"):
        trend(count(yearly([1, 2, 3, 4, 5])), confidence=95)


def test_a_wider_confidence_widens_the_interval_and_asks_for_more():
    frame = rates([10, 20, 24, 40, 60], [400, 410, 405, 420, 430])
    usual, strict = (only(trend(frame, confidence)) for confidence in (0.95, 0.998))
    assert strict["lower"] < usual["lower"] < usual["upper"] < strict["upper"]
    assert usual["p_value"] == strict["p_value"]
    assert (usual["verdict"], strict["verdict"]) == ("rising", "no clear trend")


def test_the_slope_decides_and_never_the_chi_squared():
    row = only(trend(count(yearly([300, 120, 480, 90, 500, 260, 610]))))
    assert row["p_chi_squared"] < 1e-6
    assert row["verdict"] == "no clear trend"


def matching(one, other):
    same = ["points", "dispersion", "degrees", "p_value", "chi_squared", "p_chi_squared"]
    return one[same].astype(float).to_dict() == pytest.approx(
        other[same].astype(float).to_dict(), rel=1e-6, abs=1e-9
    )


@settings(deadline=None, max_examples=25)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(history, random):
    _, x, n = history
    frame = pd.concat([percentages(x, n), rates(x, n, category="Neglect")], ignore_index=True)
    order = list(range(len(frame)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(trend(frame.iloc[order]), trend(frame))


@settings(deadline=None, max_examples=25)
@given(histories(events_of=200), st.sampled_from([1, 100, 1000]), st.integers(2, 50))
def test_another_scale_of_rates_or_of_populations_is_the_same_trend(history, per, times):
    _, x, n = history
    usual = only(trend(rates(x, n)))
    for other in (only(trend(rates(x, n, per))), only(trend(rates(x, n * times)))):
        assert matching(usual, other)
        assert usual[["change", "lower"]].tolist() == pytest.approx(
            other[["change", "lower"]].tolist(), rel=1e-6, abs=1e-7
        )
        assert usual["verdict"] == other["verdict"]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 10**5), st.integers(0, 10**5), st.integers(5, 12))
def test_what_stays_the_same_has_no_trend(events, more, size):
    x, n = [events] * size, [events + more] * size
    for frame in (count(yearly(x)), rates(x, n), *([percentages(x, n)] if more else [])):
        row = only(trend(frame))
        assert row["change"] == pytest.approx(0, abs=1e-9)
        assert row["p_value"] == pytest.approx(1, abs=1e-9)
        assert row["lower"] < 0 < row["upper"]
        assert (row["verdict"], row["dispersion"]) == ("no clear trend", 1)


@settings(deadline=None, max_examples=25)
@given(histories())
def test_time_reversed_turns_the_slope_round(history):
    _, x, n = history
    for made in (percentages, rates):
        there, back = only(trend(made(x, n))), only(trend(made(x[::-1], n[::-1])))
        assert matching(there, back)
        factors = [1 + there[column] / 100 for column in ("change", "lower")]
        turned = [1 / (1 + back[column] / 100) for column in ("change", "upper")]
        assert factors == pytest.approx(turned, rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(histories())
def test_failures_mirror_successes(history):
    _, x, n = history
    there, back = only(trend(percentages(x, n))), only(trend(percentages(n - x, n)))
    assert matching(there, back)
    assert math.log1p(there["change"] / 100) == pytest.approx(-math.log1p(back["change"] / 100), abs=1e-6)
    opposite = {"rising": "falling", "falling": "rising", "no clear trend": "no clear trend"}
    assert back["verdict"] == opposite[there["verdict"]]


@settings(deadline=None, max_examples=25)
@given(histories())
def test_the_verdict_is_whether_the_interval_holds_no_change(history):
    _, x, n = history
    row = only(trend(percentages(x, n)))
    assume(abs(row["p_value"] - 0.05) > 1e-9)
    assert (row["lower"] < 0 < row["upper"]) == (row["verdict"] == "no clear trend")


def test_where_nothing_changes_the_slope_raises_a_false_alarm_in_one_of_twenty():
    # eight years of counts of mean 60, three times as dispersed as Poisson's: negative binomial
    random = np.random.default_rng(20_180_331)
    series, mean, dispersion = 1200, 60, 3
    size = mean / (dispersion - 1)
    drawn = random.negative_binomial(size, size / (size + mean), (series, 8))
    frame = pd.concat([yearly(values.tolist(), category=str(i)) for i, values in enumerate(drawn)])
    trends = trend(count(frame))
    alarms = (trends["verdict"] != "no clear trend").mean()
    assert len(trends) == series
    # the standard error of a share of 5% of 1,200 is 0.6 points
    assert 0.032 < alarms < 0.068
    assert (trends["p_chi_squared"] < 0.05).mean() > 0.2


# Control limits


@pytest.mark.parametrize(
    ("values", "centre", "lower", "upper", "places", "trial"),
    [
        # NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, flow rates of ten batches
        (FLOW_RATES, 50.81, 45.8159, 55.8041, 4, True),
        # Montgomery, Introduction to Statistical Quality Control, viscosity of paint, as R's qcc charts it
        (VISCOSITIES, 33.52333, 32.24484, 34.80183, 5, False),
    ],
)
def test_the_limits_are_those_published_but_for_the_rounding_of_2_66(
    values, centre, lower, upper, places, trial
):
    limits = control_limits(months(values)).iloc[0]
    assert limits["centre"] == pytest.approx(centre, abs=10**-places)
    rescaled = [
        limits["centre"] + (limits[column] - limits["centre"]) * THREE_SIGMA / 2.66
        for column in ("lower_limit", "upper_limit")
    ]
    assert rescaled == pytest.approx([lower, upper], abs=0.51 * 10**-places)
    assert limits[["lower_limit", "upper_limit"]].tolist() == pytest.approx([lower, upper], abs=0.001)
    assert limits["trial"] == trial


def plain_limits(values):
    ranges = [abs(after - before) for before, after in itertools.pairwise(values)]
    centre, reach = sum(values) / len(values), 2.66 * sum(ranges) / len(ranges)
    return centre, reach, max(0, centre - reach), centre + reach


def plain_signals(values):
    """The rules read off window by window, each as the set of the points that it marks."""
    centre, reach, *_ = plain_limits(values)
    marked = {}

    def mark(rule, points):
        marked.setdefault(rule, set()).update(points)

    for side, sign in (("upper", 1), ("lower", -1)):
        from_centre = [sign * (value - centre) for value in values]
        way, place = ("rising", "above") if sign == 1 else ("falling", "below")
        mark(f"{place} the {side} limit", [i for i, d in enumerate(from_centre) if d > reach])
        for first in range(len(values) - 6):
            window = range(first, first + 7)
            if min(from_centre[i] for i in window) > 0:
                mark(f"7 or more in a row {place} the centre", window)
            if all(from_centre[i] < from_centre[i + 1] for i in window[:-1]):
                mark(f"7 or more in a row {way}", window)
        for first in range(len(values) - 2):
            window = range(first, first + 3)
            far = [i for i in window if from_centre[i] > 2 * reach / 3]
            if len(far) >= 2 and min(from_centre[i] for i in window) > 0:
                mark(f"2 of 3 in a row near the {side} limit", far)
    return [{rule for rule, points in marked.items() if i in points} for i in range(len(values))]


def signals(limits):
    return [set(filter(None, words.split("; "))) for words in limits["signal"]]


def test_a_point_beyond_a_limit_is_a_signal():
    limits = control_limits(months([20, 23, 20, 23, 20, 23, 20, 23, 20, 23, 20, 40]))
    assert limits["signal"].tolist() == [*[""] * 11, "above the upper limit"]
    limits = control_limits(months([40, 37, 40, 37, 40, 37, 40, 37, 40, 37, 40, 20]))
    assert limits["signal"].iloc[-1] == "below the lower limit"


def test_seven_in_a_row_on_one_side_are_a_signal_and_each_carries_it():
    values = [10, 16, 10, 17, 16, 18, 17, 16, 17, 18, 10, 12, 11, 15, 11]
    limits = control_limits(months(values))
    assert [bool(words) for words in limits["signal"]] == [i in range(3, 10) for i in range(15)]
    assert set(limits["signal"]) == {"", "7 or more in a row above the centre"}
    six = control_limits(months(values[:9] + values[10:]))
    assert not any(six["signal"])


def test_a_point_on_the_centre_breaks_a_run():
    values = [4, 1, 4, 6, 9, 6, 5, 6, 9, 6, 4, 1, 4]
    assert sum(values) / len(values) == 5
    assert not any(control_limits(months(values))["signal"])
    values[6] = 7
    assert set(control_limits(months(values))["signal"]) == {"", "7 or more in a row above the centre"}


def test_seven_rising_or_falling_are_a_signal_and_six_or_a_tie_are_not():
    climb = [9, 6, 7, 8, 9, 10, 11, 12, 8, 9, 8]
    limits = control_limits(months(climb))
    assert [bool(words) for words in limits["signal"]] == [i in range(1, 8) for i in range(11)]
    assert set(limits["signal"]) == {"", "7 or more in a row rising"}
    fall = control_limits(months(climb[::-1]))
    assert set(fall["signal"]) == {"", "7 or more in a row falling"}
    assert not any(control_limits(months([9, 7, 8, 9, 10, 11, 12, 8, 9, 8]))["signal"])
    assert not any(control_limits(months([9, 6, 7, 8, 9, 9, 10, 11, 12, 8, 9, 8]))["signal"])


NEAR = "2 of 3 in a row near the upper limit"


@pytest.mark.parametrize(
    ("last", "marked"),
    [
        ([13.1, 10.5, 13.1], {-3, -1}),
        ([10.5, 13.1, 13.1], {-2, -1}),
        ([13.1, 9, 13.1], set()),
        ([13.1, 10.5, 10.5], set()),
    ],
)
def test_two_of_three_near_a_limit_are_a_signal_if_all_three_are_on_its_side(last, marked):
    # as in NHS England's own tool: NHSRplotthedots, issue 194
    values = [10, 9, 10, 11] * 3 + last
    centre, reach, *_ = plain_limits(values)
    assert centre + reach * 2 / 3 < 13.1 < centre + reach
    assert 9 < centre < 10.5
    found = signals(control_limits(months(values)))
    assert found == [{NEAR} if i - 15 in marked else set() for i in range(15)]


def test_a_point_beyond_a_limit_counts_among_the_two_near_it():
    values = [10, 9, 10, 11] * 3 + [12, 14.5, 20]
    centre, reach, *_ = plain_limits(values)
    assert centre < 12 < centre + reach * 2 / 3 < 14.5 < centre + reach < 20
    assert signals(control_limits(months(values)))[-3:] == [set(), {NEAR}, {NEAR, "above the upper limit"}]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.integers(0, 12), min_size=8, max_size=40))
@example([5] * 12)
def test_limits_and_signals_are_what_reading_the_rules_point_by_point_gives(values):
    limits = control_limits(months(values))
    centre, _, lower, upper = plain_limits(values)
    assert limits["centre"].tolist() == pytest.approx([centre] * len(values))
    assert limits[["lower_limit", "upper_limit"]].iloc[0].tolist() == pytest.approx([lower, upper])
    # a value exactly on a line may fall either side of it by the last digit
    _, reach, *_ = plain_limits(values)
    lines = [centre, centre + reach, centre - reach, centre + reach * 2 / 3, centre - reach * 2 / 3]
    assume(all(v == line or abs(v - line) > 1e-9 for v in values for line in lines))
    assert signals(limits) == plain_signals(values)
    assert limits["trial"].tolist() == [len(values) < 12] * len(values)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(300, 400), min_size=8, max_size=30), st.integers(1, 500), st.integers(2, 9))
def test_limits_move_with_a_shift_and_scale_with_a_factor(values, shift, times):
    columns = ["centre", "lower_limit", "upper_limit"]
    limits = control_limits(months(values))[columns]
    assume(limits["lower_limit"].iloc[0] > 0)
    moved = control_limits(months([v + shift for v in values]))[columns]
    scaled = control_limits(months([v * times for v in values]))[columns]
    assert moved.to_numpy() == pytest.approx(limits.to_numpy() + shift, rel=1e-12)
    assert scaled.to_numpy() == pytest.approx(limits.to_numpy() * times, rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 100), min_size=8, max_size=20))
def test_limits_hold_0_and_of_percentages_100(values):
    for unit, highest in (("%", 100), ("number", math.inf), ("per 10,000 children", math.inf)):
        limits = control_limits(months(values, unit)).iloc[0]
        assert 0 <= limits["lower_limit"] <= limits["centre"] + 1e-9
        assert limits["centre"] - 1e-9 <= limits["upper_limit"] <= highest
    high_and_low = control_limits(months([100, 0] * 5, "%")).iloc[0]
    assert (high_and_low["lower_limit"], high_and_low["upper_limit"]) == (0, 100)


def test_a_count_may_have_an_upper_limit_above_100():
    assert control_limits(months([99, 0] * 5))["upper_limit"].iloc[0] > 100


def test_what_stays_the_same_gives_no_signal():
    limits = control_limits(months([0.1] * 20, "%"))
    assert not any(limits["signal"])
    assert limits["lower_limit"].tolist() == limits["upper_limit"].tolist() == limits["centre"].tolist()


def test_the_rows_keep_their_order_index_and_columns_and_each_series_its_limits():
    one, two = months(FLOW_RATES), months([5, 6] * 7, category="Neglect")
    frame = pd.concat([one, two]).sample(frac=1, random_state=1)
    limits = control_limits(frame)
    pd.testing.assert_frame_equal(limits[frame.columns], frame)
    added = ["centre", "lower_limit", "upper_limit", "trial", "signal"]
    assert limits.columns.tolist() == [*frame.columns, *added]
    for series in (one, two):
        part = limits[limits["category"] == series["category"].iloc[0]].sort_values("period_end")
        pd.testing.assert_frame_equal(part, control_limits(series))


def test_estimates_have_limits_and_quarters_have_them_too():
    counts = months(range(20, 32), each=3).drop(columns="unit")
    limits = control_limits(count(counts))
    assert limits["numerator"].tolist() == list(range(20, 32))
    assert all("7 or more in a row rising" in found for found in signals(limits))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (months(FLOW_RATES[:7]), "there are 7 points, and limits need at least 8"),
        (yearly(range(20, 30)).assign(unit="number"), "these are annual figures.*use trend"),
        (yearly(range(20, 30), period=stock).assign(unit="number"), "these are annual figures.*use trend"),
        (months(FLOW_RATES, each=12), "these are annual figures"),
        (months(FLOW_RATES, each=2), "neither a month nor three months are 01 April 2016 to 31 May 2016"),
        (months(FLOW_RATES, first="2016-04-15"), "neither a month nor three months are 15 April 2016"),
        (
            pd.concat([months(FLOW_RATES), months(FLOW_RATES, first="2017-02-01", each=3)]),
            "months and quarters stand together",
        ),
        (
            months([1, 2, 3, np.nan, 5, 6, 7, 8, 9]),
            "there is no figure for 01 July 2016 to 31 July 2016: keep the rows after it, or before",
        ),
        (months(FLOW_RATES).drop(index=4), "no period leads up to 01 September 2016 to 30 September 2016"),
    ],
)
def test_what_has_no_limits_is_refused_with_the_series_and_the_reason(frame, message):
    with pytest.raises(EstimateError, match=rf"Southend-on-Sea, conferences, Total: .*{message}"):
        control_limits(frame)


def test_every_series_without_limits_is_named_at_once():
    frame = pd.concat(
        [months([1, 2, 3]), months([4, 5], category="Neglect"), months([6] * 9, category="Other")]
    )
    with pytest.raises(
        EstimateError, match=r"Neglect: there are 2 points.*Total: there are 3 points"
    ) as error:
        control_limits(frame)
    assert "Other" not in str(error.value)


def test_two_figures_of_one_month_are_refused_and_named():
    frame = pd.concat([months(FLOW_RATES), months([1], source="another table")])
    with pytest.raises(EstimateError, match=r"30 April 2016, a table.*30 April 2016, another table"):
        control_limits(frame)


def test_figures_without_a_unit_and_no_figures_have_no_limits():
    for frame in (months(FLOW_RATES).drop(columns="unit"), months(FLOW_RATES).head(0)):
        with pytest.raises(EstimateError, match="figures with a unit"):
            control_limits(frame)


# The Department's figures of every authority

RELEASES = {"2019-20": "2013_to_2020", "2023-24": "2013_to_2024"}
MONTHS = ["April", "May", "June", "July", "August", "September", "October", "November", "December"]
MONTHS += ["January", "February", "March"]


@pytest.fixture(scope="module", params=RELEASES)
def release(request, shared):
    folder = shared / "dfe" / "children-in-need" / request.param
    if not folder.is_dir():
        pytest.skip(
            f"The Department's files are not at {folder}: set LSCB_SHARED to the folder that has them."
        )
    return folder, RELEASES[request.param]


def authorities(path):
    """The authorities' rows of a file of the Department's, every cell a string."""
    frame = pd.read_csv(
        path, dtype=str, keep_default_na=False, encoding="utf-8-sig", encoding_errors="replace"
    )
    local = frame[frame["geographic_level"] == "Local authority"]
    local = local.assign(time_period=local["time_period"].astype(int)).reset_index(drop=True)
    # the same code is spelt in several ways over the years: Kingston upon, and Upon, Hull
    return local.assign(la_name=local.groupby("new_la_code")["la_name"].transform("first"))


def numbers(cells):
    return pd.to_numeric(cells, errors="coerce")


def tidy(frame, values, end="{}-03-31", start=None, **same):
    ends = pd.to_datetime([end.format(y) for y in frame["time_period"]])
    starts = ends if start is None else pd.to_datetime([start.format(y - 1) for y in frame["time_period"]])
    return pd.DataFrame(
        {
            "geographic_level": "Local authority",
            "area_code": frame["new_la_code"],
            "area_name": frame["la_name"],
            "time_period": frame["time_period"],
            "time_identifier": "Reporting year",
            "period_start": starts,
            "period_end": ends,
            "measure": "a measure",
            "category": "Total",
            "counted": "children",
            "value": values,
            "printed": "",
            "status": np.where(values.isna(), "c", ""),
            "source": "dfe",
        }
        | same
    )


def latest_years(x, n):
    """The latest years in a row with both numbers, by walking back from the last."""
    told = {y for y in x.index if pd.notna(x[y]) and pd.notna(n[y]) and n[y] > 0}
    last = max(told, default=0)
    years = []
    while last in told:
        years.insert(0, last)
        last -= 1
    return years


def compare_with_statsmodels(trends, x, n, percent, fewest):
    tested = 0
    for row in trends.itertuples():
        years = latest_years(x[row.area_code], n[row.area_code])
        assert row.points == len(years)
        if row.verdict == "not tested":
            assert row.reason
            assert len(years) < 5 or x[row.area_code][years].sum() in (0, n[row.area_code][years].sum())
            continue
        assert (row.first_period, row.time_period) == (years[0], years[-1])
        events, number = (a[row.area_code][years].to_numpy(float) for a in (x, n))
        expected = by_statsmodels(years, events, number, percent)
        ours = {column: getattr(row, column) for column in RESULTS}
        assert ours == pytest.approx(expected, rel=1e-6, abs=1e-9)
        tested += 1
    assert tested >= fewest


def by_area(frame, column="value"):
    return {code: part.set_index("time_period")[column] for code, part in frame.groupby("area_code")}


def test_every_authoritys_trend_in_plans_at_31_march_is_that_of_statsmodels(release):
    folder, years = release
    plans = authorities(folder / f"d1_child_protection_plans_{years}.csv")
    population = authorities(next(folder.glob("ons_*.csv")))
    estimates = rate(
        tidy(plans, numbers(plans["CPP_At31"])),
        tidy(population, numbers(population["population_estimate"]), end="{}-06-30").dropna(subset="value"),
    )
    people = {}
    for row in population.itertuples():
        people.setdefault(row.new_la_code, {})[row.time_period + 1] = numbers(row.population_estimate)
    x = by_area(tidy(plans, numbers(plans["CPP_At31"])))
    n = {code: pd.Series({y: people[code].get(y, np.nan) for y in x[code].index}) for code in x}
    compare_with_statsmodels(trend(estimates), x, n, percent=False, fewest=140)


def test_every_authoritys_trend_in_conferences_in_time_is_that_of_statsmodels(release):
    folder, years = release
    held = authorities(folder / f"c4_children_in_need_section_47s_and_icpcs_{years}.csv")
    in_time = numbers(held["Duration_0-10_days"]) + numbers(held["Duration_11-15_days"])
    counts, totals = (tidy(held, v, start="{}-04-01") for v in (in_time, numbers(held["ICPC"])))
    trends = trend(proportion(counts, totals))
    compare_with_statsmodels(trends, by_area(counts), by_area(totals), percent=True, fewest=135)


def referrals(folder, years):
    """Every authority's referrals by month, as far back as they are unbroken, in order."""
    wide = authorities(folder / f"c6_children_in_need_referrals_by_month_{years}.csv")
    parts = []
    for month, name in enumerate(MONTHS, 4):
        after_new_year = month > 12
        calendar = wide["time_period"] - (0 if after_new_year else 1)
        starts = pd.to_datetime({"year": calendar, "month": (month - 1) % 12 + 1, "day": 1})
        part = tidy(wide, numbers(wide[name]), time_identifier=name, unit="number")
        parts.append(
            part.assign(time_period=calendar, period_start=starts, period_end=starts + pd.offsets.MonthEnd(1))
        )
    every = pd.concat(parts, ignore_index=True).sort_values(["area_code", "period_end"], ignore_index=True)
    kept = []
    for _, series in every.dropna(subset="value").groupby("area_code"):
        breaks = series["period_end"].shift() + pd.Timedelta(days=1) != series["period_start"]
        kept.append(series[breaks.cumsum() == breaks.sum()])
    return pd.concat(kept)


def test_every_authoritys_limits_of_monthly_referrals_are_those_read_off_by_hand(release):
    counts = referrals(*release)
    sizes = counts.groupby("area_code")["value"].transform("size")
    limits = control_limits(counts[sizes >= 8])
    authorities_with_limits = 0
    for _, part in limits.groupby("area_code"):
        values = part["value"].tolist()
        centre, _, lower, upper = plain_limits(values)
        assert part["centre"].iloc[0] == pytest.approx(centre)
        assert part[["lower_limit", "upper_limit"]].iloc[0].tolist() == pytest.approx([lower, upper])
        assert signals(part) == plain_signals(values)
        authorities_with_limits += 1
    assert authorities_with_limits >= 140


def test_plans_in_southend_went_up_and_down_which_a_chi_squared_takes_for_a_trend(release):
    folder, years = release
    plans = authorities(folder / f"d1_child_protection_plans_{years}.csv")
    counts = tidy(plans, numbers(plans["CPP_At31"]))
    row = only(trend(count(counts[counts["area_code"] == "E06000033"])))
    assert row["dispersion"] > 10
    assert row["p_chi_squared"] < 0.05
    assert (row["verdict"], row["p_value"] > 0.4) == ("no clear trend", True)
