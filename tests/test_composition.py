"""Shares and mixes, held against a published table, scipy, and every table there could be."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from lscb_analysis.composition import mix_change, share
from lscb_analysis.rates import EstimateError, proportion

ROW = {
    "geographic_level": "Local authority",
    "area_code": "E06000033",
    "area_name": "Southend-on-Sea",
    "time_identifier": "Reporting year",
    "measure": "plans",
    "category": "Total",
    "counted": "plans",
    "printed": "",
    "source": "a table",
}


def row(year, value, category="Total"):
    dates = {"period_start": pd.Timestamp(f"{year - 1}-04-01"), "period_end": pd.Timestamp(f"{year}-03-31")}
    told = {"value": math.nan, "status": "c"} if value == "c" else {"value": float(value), "status": ""}
    return ROW | dates | told | {"time_period": year, "category": category}


def shares(before, now, totals=None):
    """The shares of 2017 and 2018, categories a, b, c…; `totals` where the parts do not add up to it."""
    parts = [row(y, v, "abcdefgh"[i]) for y, mix in ((2017, before), (2018, now)) for i, v in enumerate(mix)]
    totals = totals or (sum(before), sum(now))
    return share(pd.DataFrame(parts), pd.DataFrame([row(2017, totals[0]), row(2018, totals[1])]))


def exact_p_value(table):
    """Pearson's statistic over every table of two rows with these margins, weighed by its probability."""
    first, columns = sum(table[0]), np.sum(table, axis=0)
    everyone = columns.sum()

    def statistic(top):
        expected = columns * first / everyone
        below = columns * (everyone - first) / everyone
        return ((top - expected) ** 2 / expected + (columns - top - below) ** 2 / below).sum()

    tops = [np.array(top) for top in product(*(range(c + 1) for c in columns)) if sum(top) == first]
    weights = [math.prod(map(math.comb, columns.tolist(), top.tolist())) for top in tops]
    extreme = [statistic(top) >= statistic(np.array(table[0])) - 1e-9 for top in tops]
    return np.dot(weights, extreme) / math.comb(everyone, first)


mixes = st.integers(2, 6).flatmap(
    lambda k: st.tuples(*[st.lists(st.integers(20, 300), min_size=k, max_size=k)] * 2)
)


def enough_expected(table):
    return stats.contingency.expected_freq(np.array(table)).min() >= 5


def test_a_share_is_a_percentage_of_its_total_with_wilsons_interval():
    frame = shares((81, 182), (15, 133))
    # Newcombe (1998), Statistics in Medicine 17:857-872, Table I, method 3: 81/263 and 15/148
    first = frame[frame["category"] == "a"]
    assert first["value"].tolist() == pytest.approx([100 * 81 / 263, 100 * 15 / 148])
    assert first["lower"].tolist() == pytest.approx([25.53, 6.24], abs=0.005)
    assert first["upper"].tolist() == pytest.approx([36.62, 16.05], abs=0.005)


def test_a_suppressed_category_stays_missing_with_its_status():
    frame = shares((8, "c", 2), (9, 1, 0), totals=(12, 10))
    assert frame["status"].tolist() == ["", "c", "", "", "", ""]
    assert frame["value"].isna().tolist() == [False, True, False, False, False, False]


def test_categories_that_exceed_their_total_together_are_refused_by_period():
    with pytest.raises(EstimateError, match=r"Southend-on-Sea, 2018: 11 of 10") as refused:
        shares((5, 5), (5, 6), totals=(10, 10))
    assert "2017" not in str(refused.value)


def test_a_mix_gives_agrestis_published_chi_squared():
    # Agresti (2007), An Introduction to Categorical Data Analysis, Table 2.5, party by gender; also the
    # example of chisq.test in R: X-squared = 30.07, df = 2, p-value = 2.954e-07
    test = mix_change(shares((762, 327, 468), (484, 239, 477)), 2017, 2018)
    assert (round(test["statistic"], 2), test["degrees"]) == (30.07, 2)
    assert test["p_value"] == pytest.approx(2.954e-07, abs=5e-11)
    assert test["method"] == "chi-squared"


@settings(max_examples=30, deadline=None)
@given(mixes)
def test_a_mix_agrees_with_scipys_test_of_homogeneity(table):
    assume(enough_expected(table))
    test, theirs = mix_change(shares(*table), 2017, 2018), stats.chi2_contingency(table, correction=False)
    assert test["statistic"] == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-12)
    assert test["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)
    assert test["degrees"] == theirs.dof


@pytest.mark.parametrize("table", [((5, 2, 1), (2, 3, 4)), ((9, 1), (4, 6)), ((6, 3, 0, 2), (1, 4, 3, 1))])
def test_a_mix_of_few_is_simulated_as_often_as_enumeration_says(table):
    test, exact = mix_change(shares(*table), 2017, 2018), exact_p_value(table)
    assert test["method"] == "chi-squared, simulated"
    monte_carlo_error = math.sqrt(exact * (1 - exact) / 99_999)
    assert abs(test["p_value"] - exact) < 4 * monte_carlo_error


def test_a_mix_is_simulated_when_one_expected_count_is_below_five():
    # the smaller column is expected half in each period: 5 of 10, then 4.5 of 9
    assert mix_change(shares((45, 5), (45, 5)), 2017, 2018)["method"] == "chi-squared"
    assert mix_change(shares((45, 5), (46, 4)), 2017, 2018)["method"] == "chi-squared, simulated"


def test_the_simulation_is_the_same_each_time():
    frame = shares((5, 2, 1), (2, 3, 4))
    assert mix_change(frame, 2017, 2018) == mix_change(frame, 2017, 2018)


def test_the_shift_is_the_percentage_points_that_changed_category():
    # 50, 30, 20 per cent become 40, 30, 30: ten points moved
    assert mix_change(shares((50, 30, 20), (80, 60, 60)), 2017, 2018)["shift"] == pytest.approx(10)


@settings(max_examples=30, deadline=None)
@given(mixes)
def test_a_mix_reads_the_same_in_either_direction_and_any_order(table):
    assume(enough_expected(table))
    frame = shares(*table)
    forward, back = mix_change(frame, 2017, 2018), mix_change(frame[::-1], 2018, 2017)
    for key in ("statistic", "p_value", "shift"):
        assert forward[key] == pytest.approx(back[key], rel=1e-9, abs=1e-10)
    assert 0 <= forward["shift"] <= 100


def test_an_unchanged_mix_is_no_evidence_of_change():
    test = mix_change(shares((50, 30, 20), (100, 60, 40)), 2017, 2018)
    assert (test["statistic"], test["p_value"], test["shift"]) == pytest.approx((0, 1, 0))


@pytest.mark.parametrize(
    ("before", "now"),
    [((50, "c", 20), (60, 25, 15)), ((50, 25, 20), (60, "c", 15)), ((50, "c", 20), (60, "c", 15))],
)
def test_a_category_suppressed_in_either_period_is_taken_with_the_rest(before, now):
    test = mix_change(shares(before, now, totals=(110, 120)), 2017, 2018)
    merged = mix_change(shares((50, 20, 40), (60, 15, 45)), 2017, 2018)
    assert test == pytest.approx(merged)


def test_what_the_categories_leave_of_the_total_counts_as_a_category():
    test = mix_change(shares((50, 20), (60, 15), totals=(110, 120)), 2017, 2018)
    assert test == pytest.approx(mix_change(shares((50, 20, 40), (60, 15, 45)), 2017, 2018))


def test_a_category_empty_in_both_periods_does_not_count():
    with_empty, without = shares((50, 0, 20), (60, 0, 15)), shares((50, 20), (60, 15))
    assert mix_change(with_empty, 2017, 2018) == pytest.approx(mix_change(without, 2017, 2018))


def test_other_periods_do_not_enter_the_comparison():
    frame = shares((50, 20), (60, 15))
    other = proportion(pd.DataFrame([row(2016, 1, "a"), row(2016, 69, "b")]), pd.DataFrame([row(2016, 70)]))
    assert mix_change(pd.concat([other, frame]), 2017, 2018) == mix_change(frame, 2017, 2018)


@pytest.mark.parametrize(
    ("previous", "latest", "named"), [(2015, 2018, "2015"), (2014, 2015, "2014 and 2015")]
)
def test_a_mix_without_figures_for_a_period_is_refused_and_the_period_named(previous, latest, named):
    with pytest.raises(EstimateError, match=f"no figures for {named}"):
        mix_change(shares((50, 20), (60, 15)), previous, latest)
