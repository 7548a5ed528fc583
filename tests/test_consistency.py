"""What published figures give away, held against the plain way: try every whole number."""

import itertools
import math
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings, strategies as st
from invented import rows
from scipy import stats

from lscb_analysis.data.files import load
from lscb_analysis.release import DisclosureError, protect
from lscb_analysis.statistics.comparisons import two_proportions
from lscb_analysis.statistics.estimates import EstimateError, count, rate
from lscb_analysis.statistics.implied import (
    LARGEST_TOTAL,
    ContradictionError,
    agreed,
    common_totals,
    conclusive_common_totals,
    conclusive_totals,
    fits,
    given_away,
    implied_counts,
    implied_earlier,
    implied_populations,
    implied_totals,
    possible_counts,
    possible_totals,
    remainder,
    standing,
    suppressed_bounds,
    versions,
)


def prints_as(count, total, printed):
    """Could `count` of `total` be printed so, a half rounded either way?"""
    places = len(printed.partition(".")[2])
    return abs(Fraction(100 * count, total) - Fraction(printed)) <= Fraction(1, 2 * 10**places)


def turning_points(conclusive):
    """The first total with any conclusive comparison, and the first from which all are; None if none is."""
    possible = [n for n, found in conclusive.items() if any(found)]
    doubtful = max((n for n, found in conclusive.items() if not all(found)), default=0)
    certain = [n for n, found in conclusive.items() if found and n > doubtful]
    return min(possible, default=None), min(certain, default=None)


def roundings(counts, total, places):
    """The ways to print `counts` as percentages of `total`: halves up, down, or to the even digit."""
    units, rest = np.divmod(100 * 10**places * counts, total)
    above, half = 2 * rest > total, 2 * rest == total
    return {
        tuple(str(Decimal(int(u)).scaleb(-places)) for u in units + up)
        for up in (above, above | half, above | half & (units % 2 == 1))
    }


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


@pytest.mark.parametrize("printed", ["-", "", "5.", ".5", "-5", "5 5", "about 5", "1e2", "0.1234567"])
def test_a_text_that_is_no_number_is_refused(printed):
    with pytest.raises(ValueError, match="is no printed percentage or rate"):
        possible_counts(10, printed)


def test_a_mix_of_random_numbers_is_never_denied_its_total():
    chance = np.random.default_rng(2018)
    for _ in range(10_000):
        counts = chance.multinomial(chance.integers(1, LARGEST_TOTAL + 1), chance.dirichlet(np.ones(5) / 2))
        total = counts.sum()
        for printed in {prints for places in (0, 1, 2) for prints in roundings(counts, total, places)}:
            assert total in common_totals(*printed, complete=True)
            assert total in common_totals(*printed[1:])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=4), st.booleans())
def test_common_totals_are_all_that_trying_each_would_find(percentages, complete):
    printed = [str(percent) for percent in percentages]
    expected = []
    for n in range(1, 41):
        choices = [[k for k in range(n + 1) if prints_as(k, n, text)] for text in printed]
        sums = {sum(chosen) for chosen in itertools.product(*choices)}
        if n in sums if complete else any(found <= n for found in sums):
            expected.append(n)
    assert common_totals(*printed, complete=complete, largest=40) == expected


def test_a_complete_mix_must_reach_its_total_and_other_percentages_must_not_exceed_it():
    assert common_totals("60", "30", largest=20) == [10, 20]
    assert common_totals("60", "30", complete=True) == []


def test_shares_that_exceed_the_whole_have_no_total():
    assert common_totals("60", "60") == []


def test_without_a_percentage_no_total_is_sought():
    with pytest.raises(ValueError, match="give those that are printed"):
        common_totals()


def test_the_printed_mixes_of_the_report_allow_the_departments_totals():
    for table, counted, measure in (
        ("categories_of_abuse", "dfe_plans_starting", "cpp_starting"),
        ("primary_need", "dfe_primary_need", "cin_at_31_march"),
    ):
        totals = load(counted, measure=measure).set_index("time_period")["value"]
        for period, mix in load(table).groupby("time_period"):
            told = mix.loc[mix["status"] == "", "printed"]
            assert totals[period] in common_totals(*told, complete=len(told) == len(mix))


EARLIER = {
    "time_period": 2017,
    "period_start": pd.Timestamp("2016-04-01"),
    "period_end": pd.Timestamp("2017-03-31"),
}


@pytest.mark.parametrize(
    ("rise", "fall", "share", "earlier", "fits_too"),
    [
        (50, None, "50", 100, True),  # 100 and half as much again are 150
        (None, 50, "25", 200, True),  # 200 less a quarter are 150
        (50, None, "33", 100, False),  # a percentage of the later figure instead of the earlier
        (None, 1, "0.7", 151, True),  # 1 of 151 is 0.66%
        (None, 1, "0.6", 151, False),
        (0, None, "0.0", 150, True),
    ],
)
def test_an_earlier_figure_follows_from_a_stated_change(rise, fall, share, earlier, fits_too):
    changes = [rows(EARLIER | {"measure": "change", "value": v}).dropna(subset="value") for v in (rise, fall)]
    implied = implied_earlier(rows({"value": 150}), *changes, rows(EARLIER | {"printed": share}))
    row = implied.iloc[0]
    assert len(implied) == 1
    assert (row["value"], row["fits"], row["time_period"]) == (earlier, fits_too, 2017)
    assert row["measure"] == rows({})["measure"].iloc[0]
    assert math.isnan(row["lower"])


def test_a_change_of_another_source_or_category_is_not_taken_for_one_of_this_count():
    none = rows(EARLIER).iloc[:0]
    for other in ({"source": "another"}, {"category": "Neglect"}):
        change = EARLIER | {"value": 50} | other
        assert implied_earlier(rows({"value": 150}), rows(change), none, rows(change)).empty
    with pytest.raises(EstimateError, match="More than one percentage"):
        implied_earlier(rows({"value": 150}), rows(EARLIER), none, rows(EARLIER, EARLIER))


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


def test_a_total_that_is_not_told_is_left_out():
    percentages = rows({"value": 50.0, "printed": "50"})
    totals = rows({"value": math.nan, "printed": "-", "status": "c"}, {"value": 4.0})
    assert fits(percentages, totals)[["value", "fits"]].to_numpy().tolist() == [[4.0, True]]


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
    assert conclusive_totals(printed, numerator, denominator) == turning_points(conclusive)


@pytest.mark.parametrize("printed", ["0", "1", "8.3", "50", "52", "97", "99.6", "100"])
@pytest.mark.parametrize(
    ("numerator", "denominator"), [(0, 4), (1, 9), (5, 10), (2, 300), (45, 111), (298, 300), (9, 9)]
)
def test_the_counts_that_are_tested_are_the_most_and_the_least_conclusive(printed, numerator, denominator):
    pairs = [(k, n) for n in range(1, LARGEST_TOTAL + 1) for k in possible_counts(n, printed)]
    k, n = np.array(pairs).T
    deviates = stats.chi2.isf(two_proportions(np.full(len(k), numerator), denominator, k, n), 1)
    # at 5% the last digits would decide, where an exact p-value is a twentieth
    for dispersion in (1, 2.4):
        each = pd.Series(stats.chi2.sf(deviates / dispersion, 1) < 0.0437).groupby(n).agg(list)
        found = conclusive_totals(printed, numerator, denominator, level=0.0437, dispersion=dispersion)
        assert found == turning_points(each.to_dict())


def test_the_second_total_is_never_below_the_first():
    # Nothing from 23 to 26 can be printed as 41 per cent, so the print is not conclusive from 23 on.
    assert not any(possible_counts(n, "41") for n in (23, 24, 25, 26))
    assert conclusive_totals("41", 30, 45) == (27, 27)


@pytest.mark.parametrize(
    ("printed", "before"),
    [
        ("65", "44"),
        ("44", "65"),
        ("84", "32"),
        ("94", "77"),
        ("98", "86"),
        ("11", "2"),
        ("10.0", "0.0"),
        ("100", "90"),
    ],
)
def test_conclusive_common_totals_are_what_trying_every_pair_would_find(printed, before):
    conclusive = {
        n: [
            two_sided(x, n, y, n) < 0.05
            for x in range(n + 1)
            if prints_as(x, n, printed)
            for y in range(n + 1)
            if prints_as(y, n, before)
        ]
        for n in range(1, 171)
    }
    assert conclusive_common_totals(printed, before) == turning_points(conclusive)


@pytest.mark.parametrize(
    ("printed", "before"), [("3", "1"), ("99", "100"), ("97.6", "94"), ("0", "0"), ("94.2", "94")]
)
def test_the_pairs_that_are_tested_are_the_most_and_the_least_conclusive(printed, before):
    totals = range(1, LARGEST_TOTAL + 1)
    pairs = [
        (x, y, n) for n in totals for x in possible_counts(n, printed) for y in possible_counts(n, before)
    ]
    x, y, n = np.array(pairs).T
    deviates = stats.chi2.isf(two_proportions(x, n, y, n), 1)
    for dispersion in (1, 2.4):
        each = pd.Series(stats.chi2.sf(deviates / dispersion, 1) < 0.05).groupby(n).agg(list)
        found = conclusive_common_totals(printed, before, dispersion=dispersion)
        assert found == turning_points(each.to_dict())


def test_two_counts_of_one_total_differ_the_more_the_farther_apart_they_are():
    # This lets conclusive_common_totals test the nearest and the farthest pair alone.
    for n in [*range(1, 41), 300]:
        x, y = np.indices((n + 1, n + 1))
        p = two_proportions(x.ravel(), n, y.ravel(), n).reshape(x.shape)
        higher, lower = p[1:] - p[:-1], p[:, :-1] - p[:, 1:]
        assert (higher[x[:-1] >= y[:-1]] < 1e-12).all()
        assert (lower[x[:, 1:] >= y[:, 1:]] < 1e-12).all()


def test_dispersion_does_to_one_known_group_what_a_stricter_level_does():
    level = stats.chi2.sf(2.4 * stats.chi2.isf(0.05, 1), 1)
    assert conclusive_totals("52", 45, 111, dispersion=2.4) == conclusive_totals("52", 45, 111, level=level)
    assert conclusive_totals("80", 45, 111, dispersion=2.4) > conclusive_totals("80", 45, 111)


def test_a_percentage_that_no_total_gives_is_refused():
    with pytest.raises(ValueError, match=r"No total up to 2,000 could be printed as 0.0001"):
        conclusive_totals("0.0001", 5, 10)
    with pytest.raises(ValueError, match=r"0.0001 and 5"):
        conclusive_common_totals("0.0001", "5")


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


def test_what_categories_leave_of_their_total_is_what_they_leave_together():
    rest = remainder(total_of(20), table([10, 3]), measure="rest")
    assert rest[["value", "status", "measure", "category"]].to_numpy().tolist() == [[7, "", "rest", "Total"]]
    untold = remainder(total_of(20), table([10, None]), measure="rest")
    assert untold["status"].tolist() == ["x"]
    assert untold["value"].isna().all()


def test_categories_that_exceed_their_total_leave_nothing_and_are_named():
    with pytest.raises(ContradictionError, match="23 in parts against a total of 20 in the totals"):
        remainder(total_of(20), table([20, 3]), measure="rest")


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 400), st.data(), st.integers(0, 1))
def test_an_implied_count_is_the_only_one_that_prints_so(total, data, places):
    text = f"{100 * data.draw(st.integers(0, total)) / total:.{places}f}"
    found = implied_counts(rows({}), total_of(total), rows({"printed": text, "value": float(text)}))
    fitting = [x for x in range(total + 1) if prints_as(x, total, text)]
    assert found["status"].tolist() == ["" if len(fitting) == 1 else "x"]
    assert found["value"].dropna().tolist() == (fitting if len(fitting) == 1 else [])


def test_no_count_is_implied_where_it_is_withheld_or_anything_is_missing():
    percentage = rows({"printed": "25", "value": 25.0})
    withheld = rows({"value": math.nan, "status": "c", "printed": "-"})
    assert implied_counts(rows({}), total_of(8), percentage)["value"].tolist() == [2]
    for counts, totals, percentages, status in (
        (withheld, total_of(8), percentage, "c"),
        (rows({}), total_of(8).iloc[:0], percentage, "x"),
        (rows({}), total_of(math.nan), percentage, "x"),
        (rows({}), total_of(8), rows({"printed": "-", "value": math.nan, "status": "c"}), "x"),
    ):
        found = implied_counts(counts, totals, percentages)
        assert found["status"].tolist() == [status]
        assert found["value"].isna().all()
    assert implied_counts(rows({}), total_of(8), percentage.iloc[:0]).empty


def test_a_number_stands_to_the_one_used_as_the_same_as_rounded_or_as_another():
    told = pd.concat([rows({"value": float(number)}) for number in (107, 105, 110, 106)])
    found = versions(count(told), rows({"value": 107.0}))
    assert found["stands"].tolist() == ["same", "rounded", "other", "other"]
    assert versions(count(told), rows({"value": 107.0}), base=10)["stands"].tolist()[2] == "rounded"
    assert set(found["gives"]) == {""}
    assert set(versions(count(told), rows({"time_period": 2017}))["stands"]) == {""}


def test_the_number_that_gives_the_printed_rate_is_told_from_the_one_that_does_not():
    # 10,000 x 282 / 38,781 is 72.7, 10,000 x 280 / 38,781 is 72.2; the report prints 73
    told = pd.concat([rows({"value": number}) for number in (282.0, 280.0)])
    mid_2017 = pd.Timestamp("2017-06-30")
    population = rows({"value": 38_781.0, "period_start": mid_2017, "period_end": mid_2017})
    found = versions(rate(told, population), rows({"value": 282.0}), rows({"printed": "73", "value": 73.0}))
    assert found[["stands", "gives"]].to_numpy().tolist() == [["same", "printed"], ["rounded", "another"]]


def areas(*values, **changes):
    """A figure of each of several authorities; None is a withheld one."""
    told = (cell("Total", value, **changes) for value in values)
    return rows(
        *(row | {"area_name": f"Area {at}", "area_code": f"E0600000{at}"} for at, row in enumerate(told))
    )


@given(st.lists(st.none() | st.integers(0, 6), min_size=1, max_size=9))
def test_a_place_lies_between_the_first_and_the_last_that_the_figures_allow(values):
    found = standing(areas(*values), "Area 0")
    if values[0] is None or len(values) == 1:
        assert found.empty
        return
    own, *others = values
    told = [value for value in others if value is not None]
    # what is withheld, and what rounding hides among the like, may all lie below, or all above
    first = 1 + sum(value > own for value in told)
    last = 1 + sum(value >= own for value in told) + others.count(None)
    assert found[["best", "worst", "others"]].to_numpy().tolist() == [[first, last, len(others)]]
    counted = found[["above", "level", "untold"]].to_numpy().sum() + sum(value < own for value in told)
    assert counted == len(others)


def test_a_place_is_among_areas_of_one_level_and_figures_of_one_kind():
    figures = pd.concat([
        areas(5, 7, 3),
        areas(5, 9, geographic_level="Regional").iloc[1:],
        areas(5, 9, measure="another").iloc[1:],
        areas(5, 9, time_period=2017).iloc[1:],
    ])  # fmt: skip
    assert standing(figures, "Area 0")[["others", "above", "best", "worst"]].to_numpy().tolist() == [
        [2, 1, 2, 2]
    ]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 2000), st.integers(1000, 60_000), st.sampled_from([ROUND_HALF_UP, ROUND_HALF_DOWN]))
def test_the_true_population_is_always_implied_by_its_rate(count, population, rounding):
    exact = Context(prec=40).divide(Decimal(10_000 * count), Decimal(population))
    printed = str(exact.quantize(Decimal("0.1"), rounding))
    assume(float(printed) > 0)
    counts, rates = rows({"value": count}), rows({"value": float(printed), "printed": printed})
    (found,) = implied_populations(counts, rates, "population_0_17").itertuples()
    assert found.lower <= population <= found.upper
    for number, possible in (
        (found.lower, True),
        (found.lower - 1, False),
        (found.upper, True),
        (found.upper + 1, False),
    ):
        rate = Fraction(10_000 * count, int(number))
        assert (abs(rate - Fraction(printed)) <= Fraction(1, 20)) == possible


def test_the_printed_rates_of_the_report_imply_the_population_that_the_office_for_national_statistics_has():
    population = load("population", source="dfe-cin-2020-population").set_index("time_period")["value"]
    bounds = []
    for table, measure, source in (
        ("children_in_need", "cin", "report-5.2-children-in-need"),
        ("child_protection_plans", "cpp", "report-5.2-plans"),
    ):
        counts = load(table, measure=f"{measure}_at_31_march", source=source)
        rates = load(table, measure=f"{measure}_rate", source=source)
        bounds.append(implied_populations(counts, rates, "population_0_17").set_index("time_period"))
    lower = pd.concat([frame["lower"] for frame in bounds], axis="columns").max(axis="columns")
    upper = pd.concat([frame["upper"] for frame in bounds], axis="columns").min(axis="columns")
    # The rate of a March has the population of the middle of the year before.
    for year in (2016, 2017, 2018):
        assert lower[year] <= population[year - 1] <= upper[year]
    assert population[2017] == 39_115
    assert bounds[0].loc[2018, ["lower", "upper"]].tolist() == [39_085, 39_200]
    assert bounds[1].loc[2018, ["lower", "upper"]].tolist() == [38_992, 39_123]


def test_an_implied_population_is_a_row_of_the_measure_asked_for_and_names_both_sources():
    counts = rows({"value": 5.0})
    rates = rows({"value": 5000.0, "printed": "5,000.00", "source": "another"})
    implied = implied_populations(counts, rates, "population_0_17")
    assert implied.columns.tolist() == [*counts.columns, "lower", "upper", "denominator_source"]
    row = implied.iloc[0]
    assert row[["measure", "counted", "value", "status", "lower", "upper"]].tolist() == [
        "population_0_17",
        "children",
        10,
        "",
        10,
        10,
    ]
    assert row[["source", "denominator_source", "unit"]].tolist() == ["a table", "another", "number"]


def test_no_population_is_implied_where_no_whole_number_fits():
    none = rows({"value": 3000.0, "printed": "3000"})
    implied = implied_populations(rows({"value": 1.0}), none, "population_0_17")
    assert implied["status"].tolist() == ["x"]
    assert implied[["value", "lower", "upper"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("count", "rate"),
    [
        ({"value": 0.0}, {"value": 5.0, "printed": "5"}),
        ({"value": 5.0}, {"value": 0.0, "printed": "0.0"}),
        ({"value": math.nan, "status": "c"}, {"value": 5.0, "printed": "5"}),
        ({"value": 5.0}, {"value": math.nan, "status": "c", "printed": "-"}),
    ],
)
def test_where_count_or_rate_is_zero_or_not_told_nothing_is_said_of_the_population(count, rate):
    assert implied_populations(rows(count), rows(rate), "population_0_17").empty


def test_a_rate_may_exceed_one_for_each_person():
    implied = implied_populations(
        rows({"value": 300.0}), rows({"value": 150.0, "printed": "150"}), "contacts", per=100
    )
    assert implied[["lower", "upper"]].to_numpy().tolist() == [[200, 200]]


def test_two_rates_for_one_count_are_refused():
    rates = rows({"value": 5.0, "printed": "5"}, {"value": 6.0, "printed": "6", "source": "another"})
    with pytest.raises(EstimateError, match="More than one rate"):
        implied_populations(rows({}), rates, "population_0_17")


def test_a_suppressed_percentage_of_a_known_count_implies_no_total():
    suppressed = rows({"value": math.nan, "printed": "-", "status": "c"})
    assert implied_totals(rows({"value": 5.0}), suppressed, "icpc")["status"].tolist() == ["x"]


NAMES = ["Neglect", "Physical abuse", "Sexual abuse", "Emotional abuse"]


def cell(category, value, **changes):
    """A row of a category; None is a suppressed one."""
    told = {"value": math.nan, "status": "c", "printed": "c"} if value is None else {"value": float(value)}
    return {"category": category} | told | changes


def table(values, **changes):
    return rows(*(cell(name, value, **changes) for name, value in zip(NAMES, values, strict=False)))


def total_of(number):
    return rows({"value": float(number), "source": "the totals"})


def shares(printed):
    """Percentages by category, from those that are printed."""
    told = {name: text for name, text in zip(NAMES, printed, strict=False) if text is not None}
    return rows(
        *(
            cell(name, float(text), printed=text, measure="share", source="percentages")
            for name, text in told.items()
        )
    )


def spans(bounds):
    return bounds.set_index("category")[["lower", "upper"]].to_numpy().tolist()


@st.composite
def published(draw):
    """A table, its total, percentages, a sibling and a least number, true but for a slip now and then."""
    least = draw(st.integers(0, 1))
    truth = draw(st.lists(st.integers(0, 4), min_size=2, max_size=4).filter(any))
    slip = draw(st.sampled_from([0, 0, 0, 0, 1]))
    hidden = [draw(st.booleans()) and value >= least for value in truth]
    places = draw(st.integers(0, 1))
    percentages = [
        f"{100 * (value + slip * draw(st.integers(0, 1))) / sum(truth):.{places}f}"
        if draw(st.booleans())
        else None
        for value in truth
    ]
    sibling = [
        value + slip * draw(st.integers(0, 1)) if draw(st.integers(0, 3)) == 0 else None for value in truth
    ]
    counts = [None if gone else value for value, gone in zip(truth, hidden, strict=True)]
    return counts, sum(truth) + slip * draw(st.integers(-1, 1)), percentages, sibling, least


@settings(max_examples=200, deadline=None)
@given(published())
def test_bounds_are_those_of_all_the_whole_numbers_that_fit(figures):
    counts, total, percentages, sibling, least = figures
    assume(total > 0)
    fitting = [
        values
        for values in itertools.product(range(total + 1), repeat=len(counts))
        if sum(values) == total
        and all(
            (x >= least if told is None else x == told)
            and (text is None or prints_as(x, total, text))
            and (other is None or x == other)
            for x, told, text, other in zip(values, counts, percentages, sibling, strict=True)
        )
    ]
    frames = table(counts), total_of(total), table(sibling, source="a sibling")
    given_too = {"percentages": shares(percentages)} if any(percentages) else {}
    if not fitting:
        with pytest.raises(ContradictionError):
            suppressed_bounds(*frames, least=least, **given_too)
        return
    bounds = suppressed_bounds(*frames, least=least, **given_too)
    expected = [
        [min(values), max(values)]
        for told, values in zip(counts, zip(*fitting, strict=True), strict=True)
        if told is None
    ]
    assert spans(bounds) == expected
    assert bounds["exact"].tolist() == [low == high for low, high in expected]


@settings(max_examples=100, deadline=None)
@given(published())
def test_bounds_of_an_incomplete_mix_are_those_of_whole_numbers_that_do_not_exceed_the_total(figures):
    counts, total, percentages, _, least = figures
    assume(total > 0)
    fitting = [
        values
        for values in itertools.product(range(total + 1), repeat=len(counts))
        if sum(values) <= total
        and all(
            (x >= least if told is None else x == told) and (text is None or prints_as(x, total, text))
            for x, told, text in zip(values, counts, percentages, strict=True)
        )
    ]
    given_too = {"percentages": shares(percentages)} if any(percentages) else {}
    if not fitting:
        with pytest.raises(ContradictionError):
            suppressed_bounds(table(counts), total_of(total), least=least, complete=False, **given_too)
        return
    bounds = suppressed_bounds(table(counts), total_of(total), least=least, complete=False, **given_too)
    assert spans(bounds) == [
        [min(values), max(values)]
        for told, values in zip(counts, zip(*fitting, strict=True), strict=True)
        if told is None
    ]


def test_where_nothing_is_withheld_there_is_nothing_to_give_away():
    nothing = table([10]).iloc[:0]
    assert given_away(
        suppressed_bounds(nothing, total_of(20), percentages=shares(["50"]), complete=False)
    ).empty


def test_bounds_have_the_key_of_each_suppressed_cell_and_nothing_else_of_it():
    bounds = suppressed_bounds(table([10, None, None, 3]), total_of(20), least=1)
    assert bounds.columns.tolist() == [
        *("geographic_level", "area_code", "area_name"),
        *("time_period", "time_identifier", "period_start", "period_end"),
        *("measure", "category", "counted", "source", "status", "lower", "upper", "exact"),
    ]
    assert bounds["category"].tolist() == ["Physical abuse", "Sexual abuse"]
    assert set(bounds["status"]) == {"c"}
    assert spans(bounds) == [[1, 6], [1, 6]]


def test_a_single_suppressed_cell_is_given_away_exactly():
    bounds = suppressed_bounds(table([10, None, 4]), total_of(17))
    assert spans(bounds) == [[3, 3]]
    assert bounds["exact"].tolist() == [True]


def test_every_area_period_and_source_adds_up_to_a_total_of_its_own():
    before = {"time_period": 2017, "period_end": pd.Timestamp("2017-03-31")}
    other = {"area_code": "E06000034", "area_name": "Elsewhere"}
    counts = pd.concat(
        [
            table([10, None]),
            table([11, None], source="another"),
            table([5, None], **before),
            table([4, None], **other),
        ]
    )
    totals = rows({"value": 12.0}, before | {"value": 9.0}, other | {"value": 6.0})
    assert suppressed_bounds(counts, totals)["lower"].tolist() == [2, 1, 4, 2]


def test_a_number_in_a_sibling_fixes_a_cell_and_so_narrows_the_others():
    sibling = table([None, 2, None], source="a sibling")
    bounds = suppressed_bounds(table([10, None, None]), total_of(15), sibling)
    assert spans(bounds) == [[2, 2], [3, 3]]
    of_another = suppressed_bounds(table([10, None, None]), total_of(15), sibling.assign(measure="another"))
    assert spans(of_another) == [[0, 5], [0, 5]]


def test_without_a_total_only_a_sibling_limits_a_cell_from_above():
    sibling, elsewhere = table([None, 2], source="a sibling"), total_of(15).assign(time_period=2017)
    for totals in (elsewhere, rows(cell("Total", None))):
        bounds = suppressed_bounds(table([None, None, None]), totals, sibling, percentages=shares(["20"]))
        assert bounds["lower"].tolist() == [0, 2, 0]
        assert bounds["upper"].isna().tolist() == [True, False, True]
        assert bounds["exact"].tolist() == [False, True, False]
        assert given_away(bounds)["narrowed"].tolist() == [False, True, False]


def test_a_figure_that_is_not_available_may_be_anything_and_is_no_suppressed_cell():
    missing = cell("Neglect", None, status="x", printed="x")
    bounds = suppressed_bounds(rows(missing, cell("Multiple", None)), total_of(4), least=1)
    assert bounds["category"].tolist() == ["Multiple"]
    assert spans(bounds) == [[1, 4]]


def test_a_table_that_suppresses_nothing_has_no_bounds():
    assert suppressed_bounds(table([3, 4]), total_of(7), percentages=shares(["43", "57"])).empty


@pytest.mark.parametrize(
    ("values", "total", "more", "said"),
    [
        (
            [10, None, None],
            11,
            {},
            "Southend-on-Sea, 31 March 2018, conferences: Neglect, Physical abuse, Sexual abuse add up to "
            "12 to 32 in a table against a total of 11 in the totals",
        ),
        ([10, 4], 13, {}, "Neglect, Physical abuse add up to 14 in a table against a total of 13"),
        (
            [1000, None],
            2000,
            {"percentages": ["49.9"]},
            "conferences, Neglect: 1,000 in a table against 997 to 999 in percentages (49.9%)",
        ),
        (
            [1, None],
            3,
            {"percentages": [None, "50"]},
            "Physical abuse: 1 to 3 in a table against no whole number in percentages (50%)",
        ),
        (
            [1, None],
            3,
            {"sibling": [None, 0]},
            "Physical abuse: 1 to 3 in a table against 0 in a sibling",
        ),
    ],
)
def test_contradictions_are_named_with_both_sides(values, total, more, said):
    siblings = [table(more["sibling"], source="a sibling")] if "sibling" in more else []
    percentages = shares(more["percentages"]) if "percentages" in more else None
    with pytest.raises(ContradictionError) as raised:
        suppressed_bounds(table(values), total_of(total), *siblings, percentages=percentages, least=1)
    assert said in str(raised.value)
    assert "Correct a slip" in str(raised.value)


def test_all_contradictions_are_named_at_once():
    sibling = table([1, 2], source="a sibling")
    with pytest.raises(ContradictionError, match=r"Neglect: 3 in .*; .*Physical abuse: 4 in"):
        suppressed_bounds(table([3, 4]), total_of(7), sibling)


def test_two_totals_or_a_cell_that_stands_twice_are_refused():
    counts = table([3, None])
    with pytest.raises(EstimateError, match="More than one total"):
        suppressed_bounds(counts, pd.concat([total_of(5), total_of(6)]))
    with pytest.raises(EstimateError, match="More than one count of a category"):
        suppressed_bounds(pd.concat([counts, counts]), total_of(5))


@pytest.mark.parametrize(
    ("lower", "upper", "narrowed"),
    [
        (1, 5, False),
        (0, 5, False),
        (1, 40, False),
        (0, math.nan, False),
        (1, 4, True),
        (2, 5, True),
        (2, math.nan, True),
        (0, 0, True),
        (3, 3, True),
        (12, 12, True),
    ],
)
def test_a_cell_is_narrowed_if_a_count_from_1_to_5_is_ruled_out(lower, upper, narrowed):
    bounds = suppressed_bounds(table([10, None]), total_of(12)).assign(lower=lower, upper=float(upper))
    assert given_away(bounds)["narrowed"].tolist() == [narrowed]


REAL = [
    ("dfe_primary_need", "cin_by_primary_need", "cin_at_31_march", "primary_need"),
    ("dfe_plans_starting", "cpp_starting_by_abuse", "cpp_starting", "categories_of_abuse"),
]


@pytest.mark.parametrize(("name", "measure", "total", "percentages"), REAL)
def test_bounds_of_the_departments_tables_cannot_be_released_and_what_a_page_says_can(
    name, measure, total, percentages
):
    counts, totals = load(name, measure=measure), load(name, measure=total)
    bounds = suppressed_bounds(counts, totals, percentages=load(percentages), least=1)
    key = ["time_period", "category"]
    suppressed = counts.loc[counts["status"] == "c", key]
    assert bounds[key].to_numpy().tolist() == suppressed.to_numpy().tolist()
    assert (bounds["lower"] <= bounds["upper"]).all()
    with pytest.raises(DisclosureError, match="Suppressed by the source"):
        protect(bounds, rule="published")
    said = protect(given_away(bounds), rule="published").frame
    assert not {"lower", "upper", "value"} & set(said.columns)
    assert said.select_dtypes("number").columns.tolist() == ["time_period"]


def test_every_row_of_bounds_is_refused_by_itself():
    for name, measure, total, _ in REAL:
        bounds = suppressed_bounds(load(name, measure=measure), load(name, measure=total))
        for position in range(len(bounds)):
            with pytest.raises(DisclosureError):
                protect(bounds.iloc[[position]], rule="published")


def test_which_cells_of_the_departments_tables_are_given_away():
    found = {}
    for name, measure, total, percentages in REAL:
        bounds = suppressed_bounds(
            load(name, measure=measure), load(name, measure=total), percentages=load(percentages), least=1
        )
        by_year = given_away(bounds).groupby("time_period")[["exact", "narrowed"]].agg(list)
        found |= {(name, year): (row["exact"], row["narrowed"]) for year, row in by_year.iterrows()}
    neither, narrowed, exact = ([False] * 2, [False] * 2), ([False] * 2, [True] * 2), ([True] * 2, [True] * 2)
    assert found == {
        ("dfe_primary_need", 2016): neither,
        ("dfe_primary_need", 2017): exact,
        ("dfe_plans_starting", 2016): neither,
        ("dfe_plans_starting", 2017): neither,
        ("dfe_plans_starting", 2018): narrowed,
    }


def test_what_two_places_print_alike_is_one_figure_of_both_and_what_they_do_not_stays_apart():
    alike = rows(
        {"value": 5.0, "printed": "5", "source": "one"}, {"value": 5.0, "printed": "5", "source": "two"}
    )
    assert agreed(alike)[["value", "source"]].to_numpy().tolist() == [[5.0, "one two"]]
    assert list(agreed(alike).columns) == list(alike.columns)
    apart = rows({"value": 5.0, "source": "one"}, {"value": 6.0, "source": "two"})
    assert agreed(apart)["source"].tolist() == ["one", "two"]
    withheld = alike.assign(value=math.nan, status="c", printed="-")
    assert agreed(withheld)["source"].tolist() == ["one two"]


def test_a_share_and_its_number_imply_the_people_it_is_a_share_of():
    counts, shares = rows({"value": 39_115.0}), rows({"value": 21.5, "printed": "21.5%"})
    (people,) = implied_populations(counts, shares, "population", per=100, counted="people").itertuples()
    assert people.counted == "people"
    assert [100 * 39_115 / people.lower, 100 * 39_115 / people.upper] == pytest.approx(
        [21.55, 21.45], abs=2e-4
    )
    assert 100 * 39_115 / (people.lower - 1) > 21.55
    assert 100 * 39_115 / (people.upper + 1) < 21.45
