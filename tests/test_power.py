"""The smallest visible changes, held against enumeration, simulated siblings and Cohen's tables."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats
from statsmodels.stats.power import GofChisquarePower
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from lscb_analysis.statistics.comparisons import dispersed, two_proportions, two_rates
from lscb_analysis.statistics.power import POWER, smallest_differences, smallest_ratios, smallest_shift

SIBLINGS = stats.rv_discrete(values=([1, 2, 3, 4, 5], [0.50, 0.26, 0.14, 0.07, 0.03]))
DISPERSION = SIBLINGS.moment(2) / SIBLINGS.mean()  # of a compound Poisson count: Feller (1968), XII.2
PAIRS = 20_000


@cache
def tails(x, n, x0, n0):
    """The chances of so few, and of so many, of all events in the later period, as exact fractions."""
    both, ways = x + x0, math.comb(n + n0, x + x0)
    weights = [math.comb(n, i) * math.comb(n0, both - i) / ways for i in range(both + 1)]
    half = weights[x] / 2 if min(both, n + n0 - both) >= 10 else 0
    return sum(weights[: x + 1]) - half, sum(weights[x:]) - half


def chance(p0, n0, p, n, level, side):
    """The chance that the later period is called lower (side 0) or higher (side 1), outcome by outcome."""
    return sum(
        math.comb(n0, x0) * p0**x0 * (1 - p0) ** (n0 - x0) * math.comb(n, x) * p**x * (1 - p) ** (n - x)
        for x0 in range(n0 + 1)
        for x in range(n + 1)
        if 2 * tails(x, n, x0, n0)[side] <= level
    )


def families(mean, rng):
    """Counts of children who come in families of one to five, so that `mean` come in the mean."""
    groups = rng.poisson(mean / SIBLINGS.mean(), PAIRS)
    return np.array([SIBLINGS.rvs(size=g, random_state=rng).sum() for g in groups])


@pytest.mark.parametrize(
    ("before", "trials_before", "trials"), [(5, 12, 15), (9, 20, 14), (2, 18, 18), (14, 16, 20)]
)
def test_the_smallest_visible_difference_is_where_enumeration_finds_80_per_cent(
    before, trials_before, trials
):
    p0 = before / trials_before
    for side, (sign, size) in enumerate(
        zip((-1, 1), smallest_differences(before, trials_before, trials, 0.05), strict=True)
    ):
        if math.isinf(size):
            end = 0.0 if sign < 0 else 1.0
            assert chance(p0, trials_before, end, trials, 0.05, side) < POWER
            continue
        at = [chance(p0, trials_before, p0 + sign * size, trials, 0.05, side)]
        room = p0 if sign < 0 else 1 - p0
        beyond = [p0 + sign * (size + (room - size) * step) for step in (0.25, 0.5, 0.75, 1)]
        at += [chance(p0, trials_before, p, trials, 0.05, side) for p in beyond]
        assert min(at) >= POWER - 1e-6
        # no smaller one will do: just below, either it or a larger one is missed too often
        assert at[0] == pytest.approx(POWER, abs=1e-6)


def test_the_smallest_visible_difference_is_near_the_large_sample_one():
    # statsmodels' formula is that of R's power.prop.test, whose help page gives 76.7 a group for a power
    # of 90% at 0.50 against 0.75
    assert samplesize_proportions_2indep_onetail(0.25, 0.5, 0.9) == pytest.approx(76.7, abs=0.3)
    for p0, difference in ((0.5, 0.25), (0.2, 0.2), (0.4, -0.15)):
        n = round(samplesize_proportions_2indep_onetail(difference, p0, POWER))
        fall, rise = smallest_differences(p0 * n, n, n, 0.05)
        assert (rise if difference > 0 else fall) == pytest.approx(abs(difference), rel=0.05)


def test_the_smallest_visible_ratio_is_near_the_large_sample_one():
    # equal exposure: the difference of square roots has variance 1/4 a period (Anscombe 1948, Biometrika 35)
    for before in (60, 220, 900):
        reach = (stats.norm.isf(0.025) + stats.norm.isf(0.2)) / math.sqrt(2)
        expected = [(1 + sign * reach / math.sqrt(before)) ** 2 for sign in (-1, 1)]
        fall, rise = smallest_ratios(before, 1, 1, 0.05)
        assert [1 - fall, 1 + rise] == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(
    ("before", "exposure_before", "exposure", "dispersion"),
    [(4, 1, 1, 1), (12, 3, 2, 1), (7, 1, 1, 2.4), (25, 1, 1.5, 2.4)],
)
def test_the_smallest_visible_ratio_is_where_simulation_finds_80_per_cent(
    before, exposure_before, exposure, dispersion
):
    rng = np.random.default_rng(20180331)
    found = smallest_ratios(before, exposure_before, exposure, 0.05, dispersion)
    for size, sign in zip(found, (-1, 1), strict=True):
        if math.isinf(size):
            continue
        mean = before * exposure / exposure_before * (1 + sign * size)
        means = [before, mean]
        if dispersion == 1:
            x0, x = rng.poisson(means, (PAIRS, 2)).T
        else:  # a negative binomial count is a Poisson count of a gamma mean
            x0, x = rng.poisson(rng.gamma(np.array(means) / (dispersion - 1), dispersion - 1, (PAIRS, 2))).T
        called = dispersed(two_rates(x, exposure, x0, exposure_before), dispersion) <= 0.05
        share = (called & (sign * (x / exposure - x0 / exposure_before) > 0)).mean()
        assert share == pytest.approx(POWER, abs=0.015)


def test_children_in_families_are_called_changed_as_often_as_promised_and_no_oftener_by_chance():
    rng = np.random.default_rng(20180331)
    level = 0.05 / 4
    fall, rise = smallest_ratios(220, 1, 1, level, DISPERSION)
    earlier = families(220, rng)
    for ratio, expected in ((1 - fall, (0.75, 0.86)), (1 + rise, (0.75, 0.86)), (1.0, (0, level * 1.25))):
        later = families(220 * ratio, rng)
        share = (dispersed(two_rates(later, 1, earlier, 1), DISPERSION) <= level).mean()
        assert expected[0] <= share <= expected[1]


def test_siblings_who_share_a_conference_are_allowed_for():
    rng = np.random.default_rng(20180331)
    level, (x0, n0, n) = 0.05 / 4, (146, 321, 159)
    _, rise = smallest_differences(x0, n0, n, level, DISPERSION)
    together = (DISPERSION - 1) / (np.array([n0, n]) - 1)
    for p, expected in ((x0 / n0 + rise, (0.75, 0.86)), (x0 / n0, (0, level * 1.25))):
        ps = np.array([x0 / n0, p])
        drawn = rng.beta(ps * (1 / together - 1), (1 - ps) * (1 / together - 1), (PAIRS, 2))
        earlier, later = rng.binomial([n0, n], drawn).T
        share = (dispersed(two_proportions(later, n, earlier, n0), DISPERSION) <= level).mean()
        assert expected[0] <= share <= expected[1]


def test_no_fall_is_seen_from_nothing_and_no_rise_from_everything():
    assert smallest_differences(0, 45, 45, 0.05)[0] == math.inf
    assert smallest_differences(45, 45, 45, 0.05)[1] == math.inf
    assert smallest_ratios(3, 1, 1, 0.05)[0] == math.inf  # even a fall to nothing leaves p at 2 x 1/8


counted = st.integers(2, 60).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))


@settings(deadline=None, max_examples=40)
@given(counted, st.integers(2, 60), st.sampled_from([1.0, 1.5, 2.4]))
def test_a_fall_of_successes_is_a_rise_of_failures(before, trials, dispersion):
    x0, n0 = before
    fall, rise = smallest_differences(x0, n0, trials, 0.05, dispersion)
    mirrored = smallest_differences(n0 - x0, n0, trials, 0.05, dispersion)
    assert mirrored == pytest.approx((rise, fall), abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(counted, st.integers(2, 60))
def test_a_difference_is_within_what_the_percentage_has_room_for(before, trials):
    x0, n0 = before
    fall, rise = smallest_differences(x0, n0, trials, 0.05)
    assert 0 < fall <= x0 / n0 + 1e-9 or fall == math.inf
    assert 0 < rise <= 1 - x0 / n0 + 1e-9 or rise == math.inf


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 300))
def test_more_children_siblings_or_strictness_move_the_smallest_visible_change_as_they_must(before):
    usual = smallest_ratios(before, 1, 1, 0.05, 1.5)
    for fewer_seen in (
        smallest_ratios(before, 1, 1, 0.01, 1.5),
        smallest_ratios(before, 1, 1, 0.05, 3.0),
    ):
        assert all(stricter >= size for stricter, size in zip(fewer_seen, usual, strict=True))
    four_times = smallest_ratios(4 * before, 1, 1, 0.05, 1.5)
    assert all(more <= size for more, size in zip(four_times, usual, strict=True))


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 200), st.integers(1, 50))
def test_only_the_proportion_of_the_exposures_matters(before, scale):
    assert smallest_ratios(before, 3 * scale, 2 * scale, 0.05) == pytest.approx(
        smallest_ratios(before, 3, 2, 0.05)
    )


# Cohen (1988), Statistical Power Analysis, table 7.4.6 (alpha 0.05, power 0.80): N for w = 0.30 by degrees
@pytest.mark.parametrize(("categories", "everyone"), [(2, 87), (4, 121)])
def test_the_smallest_visible_shift_is_cohens(categories, everyone):
    each = everyone / 2
    shift = smallest_shift(np.full(categories, each / categories), each, each, 0.05)
    # whichever categories grow: their part of both periods together
    middles = [part / categories + shift / 2 for part in range(1, categories)]
    w = min(math.sqrt(shift**2 / 4 / (middle * (1 - middle))) for middle in middles if middle < 1 - shift / 2)
    assert w == pytest.approx(0.30, abs=0.001)


@pytest.mark.parametrize(
    ("categories", "level", "dispersion"), [(3, 0.05, 1), (6, 0.0125, 1), (9, 0.01, 2.4)]
)
def test_the_noncentrality_of_the_smallest_visible_shift_is_statsmodels(categories, level, dispersion):
    before, total = np.arange(1, categories + 1) * 40.0, 700.0
    total_before = before.sum()
    shift = smallest_shift(before, total_before, total, level, dispersion)
    effect = GofChisquarePower().solve_power(
        None, nobs=100, alpha=level, power=POWER, n_bins=categories
    )  # its noncentrality is effect^2 * nobs
    needed = 100 * effect**2 * dispersion
    weight = total * total_before / (total + total_before)
    noncentralities = []
    for chosen in range(1, 2**categories - 1):
        part = sum(before[i] for i in range(categories) if chosen >> i & 1) / total_before
        middle = part + shift * total / (total + total_before)
        if part + shift < 1:
            noncentralities.append(weight * shift**2 / (middle * (1 - middle)))
    assert min(noncentralities) == pytest.approx(needed, rel=1e-4)


def test_a_shift_of_the_smallest_visible_size_is_seen_in_80_of_100_simulated_mixes():
    rng, before, total = np.random.default_rng(20180331), np.array([150, 90, 60.0]), 250
    shift = smallest_shift(before, before.sum(), total, 0.05)
    p = before / before.sum()
    # the hardest to see: half the children grow by the shift, at the cost of the other half
    moved = np.array([p[0] + shift, p[1] - shift * p[1] / (1 - p[0]), p[2] - shift * p[2] / (1 - p[0])])
    earlier, later = rng.multinomial(300, p, PAIRS), rng.multinomial(total, moved, PAIRS)
    expected = (earlier + later) / (300 + total)
    statistic = sum(
        ((counts - expected * n) ** 2 / (expected * n)).sum(axis=1)
        for counts, n in ((earlier, 300), (later, total))
    )
    assert (stats.chi2.sf(statistic, 2) <= 0.05).mean() == pytest.approx(POWER, abs=0.015)


def test_a_mix_of_very_few_hides_every_shift():
    assert smallest_shift(np.array([2.0, 1.0]), 3, 3, 0.05) == math.inf
