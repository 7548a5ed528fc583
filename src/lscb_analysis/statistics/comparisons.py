"""Two periods compared: the change, its interval, and how often chance alone would produce it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from lscb_analysis.statistics.estimates import (
    AS_PRINTED,
    CONTRADICTED,
    FEW_EVENTS,
    PERIOD,
    EstimateError,
    Interval,
    check_confidence,
    check_single,
    wilson,
)

Floats = NDArray[np.float64]

SERIES = ["geographic_level", "area_code", "area_name", "measure", "category", "counted", "unit"]
_MATCHED = [column for column in SERIES if column not in ("geographic_level", "area_code")]

HYBRID_SCORE, RATIO = "Newcombe hybrid score", "conditional ratio"
TWO_PROPORTIONS, TWO_RATES = "conditional test of two proportions", "conditional test of two rates"

OTHER_PERIOD = "a different kind of period"
OTHER_AREA = "a different area under the same name"
NO_FIGURE = "no figure for one of the periods"
NO_DENOMINATOR = "no number behind one of the figures"
AGAINST_NUMBERS = "a printed figure that its numbers do not give"


def newcombe(
    events: ArrayLike,
    trials: ArrayLike,
    before: ArrayLike,
    trials_before: ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """Return the hybrid score interval for the difference of two independent proportions.

    The difference is `events / trials - before / trials_before`, as fractions. Source: method 10 of
    Newcombe (1998), Statistics in Medicine 17:873-890.
    """
    x, n, x0, n0 = (np.asarray(a, float) for a in (events, trials, before, trials_before))
    now, then = x / n, x0 / n0
    low, high = wilson(events, trials, confidence)
    low_then, high_then = wilson(before, trials_before, confidence)
    difference = now - then
    return (
        difference - np.sqrt((now - low) ** 2 + (high_then - then) ** 2),
        difference + np.sqrt((high - now) ** 2 + (then - low_then) ** 2),
    )


def two_proportions(
    events: ArrayLike, trials: ArrayLike, before: ArrayLike, trials_before: ArrayLike
) -> Floats:
    """Return the two-sided p-value for the equality of two independent proportions.

    Conditional on the margins: twice the smaller tail of the hypergeometric distribution, mid-p, or
    exact when the events (or the non-events, if those are rarer) of both together are below ten.
    """
    x, n, x0, n0 = (np.asarray(a, float) for a in (events, trials, before, trials_before))
    both = x + x0
    lesser = x * n0 <= x0 * n
    at, law = np.where(lesser, x, x0), (n + n0, both, np.where(lesser, n, n0))
    # the logarithm is had in a fortieth of the time, and keeps ten digits
    below, point = stats.hypergeom.cdf(at, *law), np.exp(stats.hypergeom.logpmf(at, *law))
    return _twice_smaller_tail(below, point, np.minimum(both, n + n0 - both))


def two_rates(
    events: ArrayLike, exposure: ArrayLike, before: ArrayLike, exposure_before: ArrayLike
) -> Floats:
    """Return the two-sided p-value for the equality of two Poisson rates.

    Conditional on the events of both together: twice the smaller tail of the binomial distribution,
    mid-p, or exact when those events are below ten. Source: Przyborowski and Wilenski (1940),
    Biometrika 31:313-323.
    """
    x, t, x0, t0 = (np.asarray(a, float) for a in (events, exposure, before, exposure_before))
    lesser = x * t0 <= x0 * t
    at, law = np.where(lesser, x, x0), (x + x0, np.where(lesser, t, t0) / (t + t0))
    return _twice_smaller_tail(stats.binom.cdf(at, *law), stats.binom.pmf(at, *law), x + x0)


def rate_ratio(
    events: ArrayLike,
    exposure: ArrayLike,
    before: ArrayLike,
    exposure_before: ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """Return the interval for the ratio of two Poisson rates, the first to the second.

    It inverts the test of `two_rates`: mid-p from ten events together, exact below.
    """
    x, t, x0, t0 = (np.asarray(a, float) for a in (events, exposure, before, exposure_before))
    limits = np.vectorize(_binomial_limits, otypes=[float, float])
    low, high = limits(x, x + x0, (1 - confidence) / 2)
    with np.errstate(divide="ignore"):
        return low / (1 - low) * t0 / t, high / (1 - high) * t0 / t


def dispersed(p_value: ArrayLike, dispersion: ArrayLike, degrees: ArrayLike = 1) -> Floats:
    """Return p-values as they are when counts vary `dispersion` times as much as independent ones would.

    The chi-squared deviate of each, on `degrees` of freedom, is divided by its dispersion; for one
    degree that is the squared normal deviate. Source: McCullagh and Nelder (1989), Generalized Linear
    Models, section 4.5; for mixes Rao and Scott (1981), Journal of the American Statistical
    Association 76:221-230.
    """
    return stats.chi2.sf(stats.chi2.isf(p_value, degrees) / dispersion, degrees)


Period = int | str
"""A period that is compared: 2018 is the reporting year 2018; or `2018 Academic year`, `2018 Financial year
Q1`, `2018-03-31 Day`: the year (or the day) and the kind of period, as the columns of a table have them."""


def of_period(frame: pd.DataFrame, period: Period) -> pd.Series:
    """Return which rows of `frame` are of a period."""
    when, _, identifier = str(period).partition(" ")
    alike = frame["time_identifier"] == (identifier or "Reporting year")
    if "-" in when:
        return alike & (frame["period_end"] == pd.Timestamp(when))
    return alike & (frame["time_period"] == int(when))


def compare(
    estimates: pd.DataFrame, previous: Period, latest: Period, confidence: float = 0.95
) -> pd.DataFrame:
    """Return one row for each series of `estimates`: how it changed from `previous` to `latest`.

    `change`, `lower` and `upper` are in `change_unit`: percentage points for percentages (Newcombe's
    interval), per cent for rates and counts (the conditional interval of their ratio). From an earlier
    rate or count of zero no percentage can be taken: `change` is then in the series' own `unit`, without an
    interval, and tested all the same. Where the two periods cannot be compared `reason` says why, and
    interval and `p_value` are missing. An area that was recoded between them is another area: its earlier
    figure is none of this series, and has the status `z`.

    Raises EstimateError for two figures of one series and period, for periods the wrong way round, or a
    confidence outside 0 to 1.

    >>> rates = pack.estimates("looked_after").frame
    >>> lscb.compare(rates, 2017, 2018)[["value_before", "value", "change"]].round(1).values.tolist()
    [[72.7, 74.4, 2.3]]
    """
    check_confidence(confidence)
    years = [int(str(period)[:4]) for period in (latest, previous)]
    if years[0] < years[1]:
        raise EstimateError(f"{previous} is later than {latest}: give the earlier period first.")
    now, then = (estimates[of_period(estimates, period)] for period in (latest, previous))
    alike = estimates["time_identifier"].isin([*now["time_identifier"], *then["time_identifier"]])
    when = "period_end" if "-" in str(latest) else "time_period"
    check_single(estimates[alike], [*_MATCHED, "time_identifier", when], "figure of a series")
    pairs = now.merge(then, on=_MATCHED, how="outer", suffixes=("", "_before"))
    places = {column: pairs[column].fillna(pairs[f"{column}_before"]) for column in SERIES[:2]}
    pairs = pairs.assign(time_period=years[0], previous_period=years[1], confidence=confidence)
    codes = pairs["area_code_before"] + " before, " + pairs["area_code"] + " now"
    recoded = pairs["area_code"].ne(pairs["area_code_before"]) & codes.notna()
    pairs.loc[recoded, ["value_before", "numerator_before", "denominator_before"]] = np.nan
    pairs.loc[recoded, "status_before"] = "z"
    changed = _changed(pairs, confidence)
    changed["reason"] = changed["reason"].mask(recoded, OTHER_AREA + " (" + codes + ")")
    statuses = {column: pairs[column].fillna("") for column in ("status", "status_before")}
    sources = pairs["source"], pairs["source_before"]
    named = {"source": sources[0].fillna(sources[1]), "source_before": sources[1].fillna(sources[0])}
    return pairs.assign(**changed, **statuses, **places, **named)[COMPARISON]


COMPARISON = [
    *SERIES,
    *PERIOD,
    *("previous_period", "period_start_before", "period_end_before"),
    *("numerator_before", "denominator_before", "value_before", "status_before"),
    *("numerator", "denominator", "value", "status"),
    *("change", "lower", "upper", "change_unit", "p_value", "method", "test", "confidence", "reason"),
    *("source", "source_before", "numerator_source", "numerator_source_before"),
    *("denominator_source", "denominator_source_before"),
]
"""The columns of a frame of comparisons, in order."""


def _changed(pairs: pd.DataFrame, confidence: float) -> dict[str, Any]:
    percent = pairs["unit"] == "%"
    from_zero = ~percent & (pairs["value_before"] == 0)
    reason = _reason(pairs, percent)
    able = reason == ""
    filled = {"numerator": 0, "denominator": 1, "numerator_before": 0, "denominator_before": 1}
    x, n, x0, n0 = pairs[[*filled]].fillna(filled).to_numpy(float).T
    value, before = pairs["value"].to_numpy(float), pairs["value_before"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(percent | from_zero, value - before, 100 * (value / before - 1))
    lower, upper, p_value = (np.full(len(pairs), np.nan) for _ in range(3))
    ways = (able & percent, newcombe, two_proportions, 0), (able & ~percent, rate_ratio, two_rates, 1)
    for chosen, interval, test, base in ways:
        at = chosen.to_numpy()
        low, high = interval(x[at], n[at], x0[at], n0[at], confidence)
        lower[at], upper[at] = 100 * (low - base), 100 * (high - base)
        p_value[at] = test(x[at], n[at], x0[at], n0[at])
    lower[from_zero], upper[from_zero] = np.nan, np.nan
    return {
        **{"change": change, "lower": lower, "upper": upper, "p_value": p_value, "reason": reason},
        "change_unit": np.select([percent, from_zero], ["percentage points", pairs["unit"]], "%"),
        "method": np.where(~able, AS_PRINTED, np.where(percent, HYBRID_SCORE, RATIO)),
        "test": np.where(~able, "", np.where(percent, TWO_PROPORTIONS, TWO_RATES)),
    }


def _reason(pairs: pd.DataFrame, percent: pd.Series) -> pd.Series:
    length = (pairs["period_end"] - pairs["period_start"]).dt.days
    length_before = (pairs["period_end_before"] - pairs["period_start_before"]).dt.days
    other = (length - length_before).abs() > 1
    untold = pairs["value"].isna() | pairs["value_before"].isna()
    bare = percent & (pairs["denominator"].isna() | pairs["denominator_before"].isna())
    bare |= pairs["numerator"].isna() | pairs["numerator_before"].isna()
    against = (pairs["method"] == CONTRADICTED) | (pairs["method_before"] == CONTRADICTED)
    reasons = [NO_FIGURE, OTHER_PERIOD, AGAINST_NUMBERS, NO_DENOMINATOR]
    return pd.Series(np.select([untold, other, against, bare], reasons, ""), index=pairs.index)


def _twice_smaller_tail(below: Floats, point: Floats, events: Floats) -> Floats:
    """A p-value from the lower tail of the lesser of the two and the chance of its last point.

    The upper tail follows from these, and is never the one that vanishes.
    """
    half = np.where(events >= FEW_EVENTS, point / 2, 0)
    return np.minimum(1.0, 2 * np.minimum(below, 1 - below + point) - 2 * half)


def _binomial_limits(x: float, n: float, tail: float) -> tuple[float, float]:
    if n == 0:
        return 0.0, 1.0
    weight = 0.5 if n >= FEW_EVENTS else 0.0

    def within(tail_from: Callable[..., float], at: float) -> Callable[[float], float]:
        return lambda p: float(tail_from(at, n, p) - weight * stats.binom.pmf(x, n, p) - tail)

    low = 0.0 if x == 0 else optimize.brentq(within(stats.binom.sf, x - 1), 0, 1, xtol=1e-14)
    high = 1.0 if x == n else optimize.brentq(within(stats.binom.cdf, x), 0, 1, xtol=1e-14)
    return low, high
