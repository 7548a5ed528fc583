"""Shares and mixes, held against a published table, scipy, and every table there could be."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import Table
from statsmodels.stats.proportion import confint_proportions_2indep

from lscb_analysis.statistics import mixes
from lscb_analysis.statistics.comparisons import NO_FIGURE, newcombe
from lscb_analysis.statistics.estimates import EstimateError, proportion
from lscb_analysis.statistics.mixes import driving, mix_changes, mix_table, share

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


def mix_change(*given):
    """The test of a mix, without the law behind it."""
    return mixes.mix_change(*given)[0]


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


some_mixes = st.integers(2, 6).flatmap(
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
    assert test["test"] == "chi-squared"


@settings(max_examples=30, deadline=None)
@given(some_mixes)
def test_a_mix_agrees_with_scipys_test_of_homogeneity(table):
    assume(enough_expected(table))
    test, theirs = mix_change(shares(*table), 2017, 2018), stats.chi2_contingency(table, correction=False)
    assert test["statistic"] == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-12)
    assert test["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)
    assert test["degrees"] == theirs.dof


@pytest.mark.parametrize("table", [((5, 2, 1), (2, 3, 4)), ((9, 1), (4, 6)), ((6, 3, 0, 2), (1, 4, 3, 1))])
def test_a_mix_of_few_is_simulated_as_often_as_enumeration_says(table):
    test, exact = mix_change(shares(*table), 2017, 2018), exact_p_value(table)
    assert test["test"] == "chi-squared, simulated"
    monte_carlo_error = math.sqrt(exact * (1 - exact) / 99_999)
    assert abs(test["p_value"] - exact) < 4 * monte_carlo_error


def test_a_mix_is_simulated_when_one_expected_count_is_below_five():
    # the smaller column is expected half in each period: 5 of 10, then 4.5 of 9
    assert mix_change(shares((45, 5), (45, 5)), 2017, 2018)["test"] == "chi-squared"
    assert mix_change(shares((45, 5), (46, 4)), 2017, 2018)["test"] == "chi-squared, simulated"


def test_the_simulation_is_the_same_each_time():
    frame = shares((5, 2, 1), (2, 3, 4))
    assert mix_change(frame, 2017, 2018) == mix_change(frame, 2017, 2018)


def test_the_shift_is_the_percentage_points_that_changed_category():
    # 50, 30, 20 per cent become 40, 30, 30: ten points moved
    assert mix_change(shares((50, 30, 20), (80, 60, 60)), 2017, 2018)["shift"] == pytest.approx(10)


@settings(max_examples=30, deadline=None)
@given(some_mixes)
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
    [((50, "c", 20), (60, 45, 15)), ((50, 40, 20), (60, "c", 15)), ((50, "c", 20), (60, "c", 15))],
)
def test_a_category_suppressed_in_either_period_is_taken_with_the_rest(before, now):
    test = mix_change(shares(before, now, totals=(110, 120)), 2017, 2018)
    merged = mix_change(shares((50, 20, 40), (60, 15, 45)), 2017, 2018)
    assert test == pytest.approx(merged)


def test_a_total_that_the_categories_do_not_reach_is_refused_unless_some_are_withheld():
    # an unknown or misspelt category must not vanish from the denominator
    with pytest.raises(EstimateError, match=r"no category is withheld.*2018: 75 of 120") as refused:
        shares((50, 20, 10), (60, 15, 0), totals=(80, 120))
    assert "2017" not in str(refused.value)
    assert shares((50, 20, "c"), (60, 15, 0), totals=(80, 75))["status"].tolist() == ["", "", "c", "", "", ""]


def test_a_category_without_a_row_in_one_of_the_periods_is_refused_and_named():
    frame = shares((50, 20, "c"), (60, "c", 15), totals=(80, 100))
    lost = frame[~((frame["time_period"] == 2018) & (frame["category"] == "b"))]
    with pytest.raises(EstimateError, match="Not in both 2017 and 2018: b"):
        mix_change(lost, 2017, 2018)


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


def by_category(before, now, **given):
    return mix_changes(shares(before, now, **given), 2017, 2018).set_index("category")


def test_the_adjusted_residuals_are_those_that_r_gives_for_agrestis_table():
    # chisq.test(...)$stdres in R's help page, the same data: Agresti (2007), Table 2.5
    residuals = by_category((762, 327, 468), (484, 239, 477))["residual"]
    assert residuals.round(2).tolist() == [-4.50, -0.70, 5.32]


@settings(max_examples=30, deadline=None)
@given(some_mixes)
def test_the_adjusted_residuals_are_statsmodels(table):
    theirs = Table(np.array(table)).standardized_resids[1]
    assert by_category(*table)["residual"].tolist() == pytest.approx(theirs.tolist(), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(some_mixes)
def test_the_intervals_that_hold_together_are_bonferronis_of_newcombe(table):
    for row, x0, x in zip(by_category(*table).itertuples(), *table, strict=True):
        pair = (x, sum(table[1]), x0, sum(table[0]))
        alpha = 0.05 / len(table[0])
        theirs = confint_proportions_2indep(*pair, method="newcomb", compare="diff", alpha=alpha)
        assert (row.lower / 100, row.upper / 100) == pytest.approx(theirs, abs=1e-9)
        alone = newcombe(*pair)
        assert row.lower / 100 <= alone[0] <= alone[1] <= row.upper / 100
        assert (row.confidence, row.method) == (0.95, "Newcombe hybrid score, simultaneous")


def test_the_intervals_hold_together_in_95_of_100_simulated_mixes():
    rng, p, q = np.random.default_rng(1), np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.4, 0.3, 0.2, 0.1])
    before, now = rng.multinomial(250, p, 4_000), rng.multinomial(180, q, 4_000)
    lower, upper = newcombe(now, 180, before, 250, 1 - 0.05 / 4)
    together = ((lower <= q - p) & (q - p <= upper)).all(axis=1).mean()
    assert 0.945 <= together <= 0.985


def test_a_suppressed_category_has_no_residual_and_never_drives():
    changed = by_category((50, "c", 20), (20, 45, 15), totals=(80, 80))
    assert changed["residual"].isna().tolist() == [False, True, False]
    table, published = mix_table(shares((50, "c", 20), (20, 45, 15), totals=(80, 80)), 2017, 2018)
    assert published == ["a", "c"]
    assert table.tolist() == [[50, 20, 10], [20, 15, 45]]  # the last column is not published
    theirs = Table(table).standardized_resids[1]
    assert changed["residual"].dropna().tolist() == pytest.approx(theirs[:2].tolist())
    assert driving(changed.reset_index())["category"].tolist() == ["a"]


def test_what_drives_a_mix_is_beyond_the_limit_for_all_its_categories_at_once():
    changes = mix_changes(shares((762, 327, 468), (484, 239, 477)), 2017, 2018)
    # three categories: 1 - 0.05/6 of the normal distribution is 2.394; 4.50 over its square is 3.53
    assert driving(changes)["category"].tolist() == ["c", "a"]
    assert driving(changes, dispersion=3.6)["category"].tolist() == ["c"]
    assert driving(changes, dispersion=5).empty


@settings(max_examples=20, deadline=None)
@given(some_mixes, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(table, random):
    frame = shares(*table)
    order = list(range(len(frame)))
    random.shuffle(order)
    for made in (mix_change, lambda f, *p: mix_changes(f, *p).set_index("category").sort_index()):
        one, other = (pd.DataFrame(made(f, 2017, 2018), index=None if made is not mix_change else [0])
                      for f in (frame, frame.iloc[order]))  # fmt: skip
        pd.testing.assert_frame_equal(one, other, check_exact=False)


def test_the_simulated_law_is_that_of_the_tables_drawn():
    _, law = mixes.mix_change(shares((5, 2, 1), (2, 3, 4)), 2017, 2018)
    assert law.sf(0) == 1
    assert law.sf(1e9) == 1 / 100_000
    for chance in (0.5, 0.05, 0.0125, 0.001):
        limit = law.isf(chance)
        assert law.sf(limit * 1.0001) <= chance <= law.sf(limit * 0.9999) + 1e-5
    assert law.isf(1e-9) == math.inf


def test_a_mix_that_changed_beyond_doubt_is_beyond_chance_though_few_are_expected_in_a_category():
    # the p-value has a floor of one in the tables drawn; divided by a dispersion it must not come back
    test, law = mixes.mix_change(shares((900, 3, 480), (400, 2, 900)), 2017, 2018)
    assert test["test"] == "chi-squared, simulated"
    assert law.sf(test["statistic"] / 2.4) == 1 / 100_000


def test_a_category_without_a_figure_that_is_not_withheld_is_refused():
    frame = shares((50, 20, 10), (60, 15, 5))
    frame.loc[(frame["category"] == "b") & (frame["time_period"] == 2017), "numerator"] = np.nan
    with pytest.raises(EstimateError, match="none is withheld: b, 2017"):
        mix_change(frame, 2017, 2018)


def test_a_single_category_is_never_tested():
    changed = by_category((50, 20, 10), (20, 45, 15))
    assert changed["p_value"].isna().all()
    assert set(changed["test"]) == {""}


def test_a_mix_is_not_tested_where_no_category_is_told_in_both_periods():
    frame = shares((50, 20, 10), (20, 45, 15))
    withheld = (frame["time_period"] == 2018) | (frame["category"] != "a")
    frame.loc[withheld, ["numerator", "value", "lower", "upper"]] = np.nan
    frame.loc[withheld, "status"] = "c"
    assert mixes.not_tested(mix_changes(frame, 2017, 2018)) == NO_FIGURE


@pytest.mark.parametrize("what", ["area_code", "period_start"])
def test_a_mix_of_another_area_or_kind_of_period_is_not_tested(what):
    frame = shares((50, 20, 10), (20, 45, 15))
    other = {"area_code": "E06000099", "period_start": pd.Timestamp("2018-03-31")}
    frame.loc[frame["time_period"] == 2018, what] = other[what]
    changed = mix_changes(frame, 2017, 2018)
    assert mixes.not_tested(changed).startswith("a different")
    assert changed["residual"].isna().all()
    assert mixes.not_tested(mix_changes(shares((50, 20), (20, 45)), 2017, 2018)) == ""
