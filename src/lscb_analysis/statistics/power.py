"""How small a change two periods could have shown, both of them varying, siblings and all.

The answers hold for the test that the verdicts use, at a level, with a power of 80% at the change
named and at every larger one. Infinity means that no change of that kind could have been seen.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from lscb_analysis.statistics.comparisons import dispersed, two_proportions, two_rates

Floats = NDArray[Any]
Law = tuple[Any, tuple[float, ...]]
"""A distribution of counts and its parameters. Frozen with them it would take as long again to evaluate."""

POWER = 0.8
LARGE = 4_000
"""From so many events on, or trials with a tenth as many of either kind, the normal law serves: exact counts
would take a minute."""

_UNLIKELY = 1e-7
"""Outcomes of the earlier period that are rarer than this on either side are left out."""


def smallest_differences(
    before: float, trials_before: int, trials: int, level: float, dispersion: float = 1.0
) -> tuple[float, float]:
    """Return the smallest fall and the smallest rise of a proportion that could have been seen.

    The truth is `before / trials_before` in the earlier period and that less the fall, or plus the
    rise, in the later one. Both are fractions above zero, or infinite. With a dispersion of one the
    counts of both periods are binomial, else beta-binomial with `dispersion` times that variance.
    """
    p = before / trials_before
    if min(trials, trials_before, 10 * before, 10 * (trials_before - before)) >= LARGE:

        def spread(truth: float) -> float:
            return float(np.sqrt(p * (1 - p) / trials_before + truth * (1 - truth) / trials))

        fall, rise = _by_normal(lambda truth: abs(truth - p), spread, (0.0, p, 1.0), level, dispersion)
        return p - fall, rise - p
    seen = _chances(
        _proportion_law(p, trials_before, dispersion),
        trials,
        lambda x, both: two_proportions(x, trials, both - x, trials_before),
        lambda both: both * trials / (trials + trials_before),
        lambda both: (np.maximum(0, both - trials_before), np.minimum(both, trials)),
        float(dispersed(level, 1 / dispersion)),
    )
    fall, rise = _smallest(*seen, lambda truth: _proportion_law(truth, trials, dispersion), p, 0.0, 1.0)
    return p - fall, rise - p


def smallest_ratios(
    before: float, exposure_before: float, exposure: float, level: float, dispersion: float = 1.0
) -> tuple[float, float]:
    """Return the smallest fall and the smallest rise of a rate that could have been seen, as fractions of it.

    The truth is `before` events on `exposure_before` in the earlier period, and the same rate less
    the fall, or plus the rise, on `exposure` in the later one. With a dispersion of one the counts of
    both periods are Poisson, else negative binomial with `dispersion` times that variance.
    """
    if before >= LARGE:

        def spread(ratio: float) -> float:
            return float(np.sqrt((1 + exposure_before / (exposure * ratio)) / before))

        fall, rise = _by_normal(
            lambda ratio: abs(np.log(ratio)), spread, (0.01, 1.0, 100.0), level, dispersion
        )
        return 1 - fall, rise - 1
    earlier, share = _count_law(before, dispersion), exposure / (exposure + exposure_before)
    family, parameters = earlier
    expected = before * exposure / exposure_before
    largest = 4 * int(family.isf(_UNLIKELY, *parameters) * max(1, exposure / exposure_before)) + 40 * int(
        dispersion + 1
    )
    seen = _chances(
        earlier,
        largest,
        lambda x, both: two_rates(x, exposure, both - x, exposure_before),
        lambda both: both * share,
        lambda both: (np.zeros_like(both), both),
        float(dispersed(level, 1 / dispersion)),
    )
    fall, rise = _smallest(
        *seen, lambda ratio: _count_law(expected * ratio, dispersion), 1.0, 0.0, largest / (2 * expected)
    )
    return 1 - fall, rise - 1


def _by_normal(
    apart: Callable[[float], float],
    spread: Callable[[float], float],
    ends: tuple[float, float, float],
    level: float,
    dispersion: float,
) -> tuple[float, float]:
    """The nearest truths below and above the middle of `ends` that are seen often enough, by the normal law.

    `apart` is how far a truth lies from it, `spread` the standard error where events are independent.
    """
    reach = float(stats.norm.isf(level / 2) + stats.norm.isf(1 - POWER)) * np.sqrt(dispersion)
    least, now, most = ends

    def lacking(truth: float) -> float:
        return float(reach * spread(truth) - apart(truth))

    def nearest(end: float, otherwise: float) -> float:
        return otherwise if lacking(end) > 0 else float(optimize.brentq(lacking, now, end, xtol=1e-9))

    return nearest(least, -np.inf), nearest(most, np.inf)


def smallest_shift(
    before: Floats, total_before: float, total: float, level: float, dispersion: float = 1.0
) -> float:
    """Return the smallest shift of a mix that could have been seen, whichever categories it moves between.

    `before` holds the counts of the earlier period, category by category. The shift is the fraction
    of the whole that changes category. Of all ways in which so much could move, the one hardest to
    see counts: those that move some of the categories in proportion, at the cost of the others in
    proportion. Power by the noncentral chi-squared distribution, whose noncentrality is divided by
    the dispersion. Source: Cohen (1988), Statistical Power Analysis, chapter 7; Guenther (1977), The
    American Statistician 31:83-85.
    """
    return hardest_shift(before, total_before, total, level, dispersion)[0]


def hardest_shift(
    before: Floats, total_before: float, total: float, level: float, dispersion: float = 1.0
) -> tuple[float, NDArray[np.bool_]]:
    """Return what `smallest_shift` does, and which categories grow where that much is hardest to see."""
    degrees = len(before) - 1
    critical = stats.chi2.isf(level, degrees)

    def lacking(noncentrality: float) -> float:
        return float(stats.ncx2.sf(critical, degrees, noncentrality) - POWER)

    needed = optimize.brentq(lacking, 1e-9, 20 * (critical + 10)) * dispersion
    chosen: NDArray[np.int_] = np.array(list(np.ndindex(*[2] * len(before)))[1:-1])
    part = chosen @ before / total_before
    weight, later = total * total_before / (total + total_before), total / (total + total_before)
    # the shift d of a part p solves weight * d^2 = needed * m * (1 - m), where m = p + later * d is pooled
    a, b, c = weight + needed * later**2, needed * later * (1 - 2 * part), needed * part * (1 - part)
    shift = (b + np.sqrt(b**2 + 4 * a * c)) / (2 * a)
    room = 1 - part
    possible = np.minimum(shift, room)
    hardest = int(possible.argmax())
    seen = possible[hardest] < room.max()
    return float(possible[hardest]) if seen else np.inf, chosen[hardest].astype(bool)


def _chances(
    earlier: Law,
    largest: int,
    p_value: Callable[[Floats, Floats], Floats],
    centre: Callable[[Floats], Floats],
    bounds: Callable[[Floats], tuple[Floats, Floats]],
    level: float,
) -> tuple[Floats, Floats, Floats]:
    """The counts the later period may have, and for each how likely it is seen as a fall, and as a rise."""
    family, parameters = earlier
    least, most = family.ppf(_UNLIKELY, *parameters), family.isf(_UNLIKELY, *parameters)
    first = np.arange(max(0, least - 1), most + 1)
    second = np.arange(largest + 1)
    both = np.arange(first[0], first[-1] + largest + 1)
    lowest, highest = bounds(both)
    fall = _last(lambda x: p_value(x, both) <= level, lowest - 1, np.floor(centre(both)))
    rise = _last(lambda x: p_value(x, both) > level, np.ceil(centre(both)), highest + 1) + 1
    seen_fall, seen_rise = np.zeros(len(second)), np.zeros(len(second))
    for begin, weight in enumerate(family.pmf(first, *parameters)):
        at = slice(begin, begin + len(second))
        seen_fall += weight * (second <= fall[at])
        seen_rise += weight * (second >= rise[at])
    return second, seen_fall, seen_rise


def _last(holds: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats) -> Floats:
    """For each pair the last whole number from `low` on at which `holds`, which is not so at `high`."""
    low, high = low.astype(float), high.astype(float)
    while (high - low > 1).any():
        middle = np.where(high - low > 1, np.floor((low + high) / 2), low)
        found = (middle == low) | holds(middle)
        low, high = np.where(found, middle, low), np.where(found, high, middle)
    return low


def _smallest(
    counts: Floats,
    seen_fall: Floats,
    seen_rise: Floats,
    law: Callable[[float], Law],
    now: float,
    least: float,
    most: float,
) -> tuple[float, float]:
    """The nearest truths below and above `now` from which on a fall, or a rise, is seen often enough.

    Minus infinity and infinity where even `least` and `most` are not.
    """
    # never less likely seen the further out: the power then grows with the change, so that the first
    # change that reaches it stands for every larger one
    fall = np.minimum.accumulate(seen_fall)
    rise = np.minimum.accumulate(seen_rise[::-1])[::-1]

    def nearest(seen: Floats, end: float, otherwise: float) -> float:
        def lacking(truth: float) -> float:
            family, parameters = law(truth)
            return POWER - float(1 - family.pmf(counts, *parameters) @ (1 - seen))

        return otherwise if lacking(end) > 0 else float(optimize.brentq(lacking, now, end, xtol=1e-9))

    return nearest(fall, least, -np.inf), nearest(rise, most, np.inf)


def _proportion_law(p: float, trials: int, dispersion: float) -> Law:
    if dispersion == 1:
        return stats.binom, (trials, p)
    alike = min((dispersion - 1) / max(trials - 1, 1), 0.999)
    inside = min(max(p, 1e-9), 1 - 1e-9)
    return stats.betabinom, (trials, inside * (1 / alike - 1), (1 - inside) * (1 / alike - 1))


def _count_law(mean: float, dispersion: float) -> Law:
    if dispersion == 1:
        return stats.poisson, (mean,)
    return stats.nbinom, (max(mean, 1e-9) / (dispersion - 1), 1 / dispersion)
