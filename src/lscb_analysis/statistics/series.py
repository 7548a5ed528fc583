"""Many periods: `trend` over annual figures, and the control limits of monthly or quarterly ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special, stats

from lscb_analysis.statistics.comparisons import SERIES, Floats
from lscb_analysis.statistics.estimates import EstimateError, check_confidence, check_single

Fit = tuple[float, float, float]
"""A slope, its standard error and Pearson's chi-squared of the fit."""

SHORTEST_TREND = 5
"""A trend is tested over at least this many annual points."""
MOST_STEPS = 200

RISING, FALLING, NO_CLEAR_TREND, NOT_TESTED = "rising", "falling", "no clear trend", "not tested"
NO_NUMBERS = "no number known behind any annual figure"
TOO_SHORT = f"fewer than {SHORTEST_TREND} unbroken annual points"
NOTHING_COUNTED = "nothing counted in any year"
EVERYTHING_COUNTED = "all of the total counted in every year"
ONE_STEP = "the whole change in one step, through which no slope can be drawn"

MOVING_RANGES = 2.66
"""Three standard deviations, in mean moving ranges: 3 over 1.128, rounded as NHS England rounds it."""
FEWEST_POINTS = 8
"""Control limits need at least this many points."""
SETTLED_POINTS = 12
"""Below this many points control limits are trial limits."""
RUN = 7
"""So many points in a row on one side, or rising, or falling, are a signal."""


def log_linear(time: ArrayLike, events: ArrayLike, exposure: ArrayLike) -> Fit:
    """Return the slope over `time` of the logarithm of a rate, with its Poisson standard error.

    The three arrays are one-dimensional, with one element for each period. For a rate that changes by
    the same factor in every unit of time, that factor is the exponential of the slope.

    Raises EstimateError if no finite slope fits; `no_slope` says why.
    """
    t, x, n = (np.asarray(a, float) for a in (time, events, exposure))
    _refuse_unfit(no_slope(t, x, n))

    def law(line: Floats) -> tuple[Floats, Floats]:
        mean = n * np.exp(line)
        return x - mean, mean

    return _fit(t, np.log(x.sum() / n.sum()), law)


def logistic(time: ArrayLike, events: ArrayLike, trials: ArrayLike) -> Fit:
    """Return the slope over `time` of the logarithm of the odds, with its binomial standard error.

    The three arrays are one-dimensional, with one element for each period. The exponential of the
    slope is the factor by which the odds change in one unit of time.

    Raises EstimateError if no finite slope fits; `no_slope` says why.
    """
    t, x, n = (np.asarray(a, float) for a in (time, events, trials))
    _refuse_unfit(no_slope(t, x, n - x))

    def law(line: Floats) -> tuple[Floats, Floats]:
        p, q = special.expit(line), special.expit(-line)
        return x * q - (n - x) * p, n * p * q

    return _fit(t, special.logit(x.sum() / n.sum()), law)


def no_slope(time: Floats, events: Floats, others: Floats) -> str:
    """Return why no finite slope fits, or nothing if one does.

    `others` are the trials without the event; of a rate, its exposure. There is a slope if and only if
    events and others overlap in time: if neither all come before the other, nor share but one period.
    Source, for proportions: Albert and Anderson (1984), Biometrika 71:1-10.
    """
    happened, had_not = time[events > 0], time[others > 0]
    if not len(happened):
        return NOTHING_COUNTED
    if not len(had_not):
        return EVERYTHING_COUNTED
    apart = happened.min() >= had_not.max() or happened.max() <= had_not.min()
    return ONE_STEP if apart else ""


def cochran_armitage(time: ArrayLike, events: ArrayLike, trials: ArrayLike) -> float:
    """Return the chi-squared for a linear trend in proportions, on one degree of freedom.

    Sources: Cochran (1954), Biometrics 10:417-451; Armitage (1955), Biometrics 11:375-386.
    """
    t, x, n = (np.asarray(a, float) for a in (time, events, trials))
    return _score(t, x, n, 1 - x.sum() / n.sum())


def poisson_trend(time: ArrayLike, events: ArrayLike, exposure: ArrayLike) -> float:
    """Return the chi-squared for a trend in Poisson rates, on one degree of freedom.

    It is the score test of no slope in `log_linear`, as Cochran and Armitage's is in `logistic`.
    """
    t, x, n = (np.asarray(a, float) for a in (time, events, exposure))
    return _score(t, x, n, 1.0)


def trend(estimates: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Return one row for each series of annual `estimates`: whether it rises or falls.

    What is tested is the latest run of points a year apart, all of them stocks or all of them years,
    that have a numerator and, unless they are numbers, a denominator. It may end before the latest
    figure: `first_period`, `time_period` and `points` tell. Rates and counts get a log-linear slope,
    percentages a logistic one, over-dispersed by Pearson's chi-squared over its degrees of freedom,
    but never less than one; the slope is tested against Student's t. That years after one another
    share children it does not allow for. `change`, `lower` and `upper` (which may be infinite) are in
    `change_unit`: per cent a year, of the odds for percentages. `verdict` is rising or falling where
    `p_value` lies below 1 - `confidence`, else no clear trend. Where there is no test, `reason` says
    why, the numbers it would have given are missing and the verdict is not tested.

    `chi_squared` is there for comparison alone: the test for trend that OHID's Fingertips draws on.
    It takes children for independent events, and so finds too many trends. Fingertips itself looks at
    the latest five points only, asks for 99.8% confidence, and weights rates by their intervals.

    Raises EstimateError for two figures of one series and period, or a confidence outside 0 to 1.
    Source: McCullagh and Nelder (1989), Generalized Linear Models, 2nd edition, sections 4.5 and 6.2.3.

    >>> lscb.statistics.trend(pack.estimates("looked_after").frame)[["points", "verdict"]].values.tolist()
    [[3, 'not tested']]
    """
    check_confidence(confidence)
    annual = estimates[estimates["time_identifier"] == "Reporting year"]
    check_single(annual, [*SERIES, "time_period"], "figure of a series")
    rows = [
        dict(zip(SERIES, key, strict=True)) | _trend(_latest_run(series), confidence)
        for key, series in annual.groupby(SERIES, dropna=False)
    ]
    whole = {"first_period": "Int64", "time_period": "Int64"}
    return pd.DataFrame(rows, columns=TREND).astype(whole)


TREND = [
    *SERIES,
    *("first_period", "time_period", "period_start", "period_end", "points", "value_first", "value"),
    *("change", "lower", "upper", "change_unit", "dispersion", "degrees", "p_value"),
    *("chi_squared", "p_chi_squared", "method", "confidence", "reason", "verdict"),
    *("source", "denominator_source"),
]
"""The columns of a frame of trends, in order."""


def control_limits(series: pd.DataFrame) -> pd.DataFrame:
    """Return monthly or quarterly figures with the limits of an XmR chart and the signals they give.

    `series` is a frame of estimates, or of counts with a `unit`; each series in it is treated by
    itself. To its rows, in their order, this adds `centre` (the mean), `lower_limit` and `upper_limit`
    (2.66 mean moving ranges from it, but never below 0, nor above 100 for a percentage), all in
    `unit`; `trial`, true of limits from fewer than 12 points; and `signal`, the rules in words that a
    point breaks or helps to break, parted by semicolons, or nothing.

    The rules: a point beyond the limits; 7 or more in a row on one side of the centre; 7 or more in a
    row rising, or falling; 2 of 3 in a row beyond two thirds of the way to a limit, all 3 on its side
    of the centre. The thirds are those of the limits before they are held to 0 and 100. A signal is a
    reason to ask, never a verdict: nothing is tested, and with several rules over many points false
    alarms are to be expected.

    Raises EstimateError if there are no figures or no `unit`, for two figures of one series and
    period, and, naming the series, for annual figures, figures of any other length than a month or
    three, missing ones or missing periods, or fewer than 8 points.
    Source: NHS England, Making Data Count; its tools count all points, and so does this.

    >>> month, days = lscb.load("visits").head(1), pd.date_range("2018-01-01", periods=8, freq="MS")
    >>> dated = (month.assign(period_start=day, period_end=day + pd.offsets.MonthEnd()) for day in days)
    >>> months = pd.concat(dated)
    >>> limits = lscb.statistics.control_limits(months.assign(value=[90.0, 92.0] * 4))  # 91 and 2.66 times 2
    >>> limits[["centre", "lower_limit", "upper_limit"]].round(2).values.tolist()[0]
    [91.0, 85.68, 96.32]
    """
    if series.empty or "unit" not in series:
        raise EstimateError(
            "Control limits need figures with a unit. Make them by count, rate or proportion."
        )
    check_single(series, [*SERIES, "period_end"], "figure of a series")
    ordered = series.reset_index(drop=True).sort_values("period_end")
    parts = [part for _, part in ordered.groupby(SERIES, dropna=False)]
    obstacles = [
        f"{part['area_name'].iloc[0]}, {part['measure'].iloc[0]}, {part['category'].iloc[0]}: {obstacle}"
        for part in parts
        if (obstacle := _obstacle(part))
    ]
    if obstacles:
        raise EstimateError(f"No control limits can be set. {'; '.join(obstacles)}.")
    return pd.concat([_limited(part) for part in parts]).sort_index().set_axis(series.index)


def _refuse_unfit(reason: str) -> None:
    if reason:
        raise EstimateError(f"No slope fits: {reason}. Give a reason instead of a trend.")


def _fit(time: Floats, level: float, law: Callable[[Floats], tuple[Floats, Floats]]) -> Fit:
    """Newton's method from a level line; `law` gives every point's residual and variance.

    Measured from the weighted mean of time, level and slope are found each by itself. A full step may
    overshoot. Shortened as here, it never does: the third derivative of either likelihood along a step
    is at most the second times the furthest that the step moves the line (Bach 2010, Electronic
    Journal of Statistics 4:384-414).
    """
    line, slope = np.full_like(time, level), 0.0
    for _ in range(MOST_STEPS):
        residual, variance = law(line)
        distance = time - (variance * time).sum() / variance.sum()
        information = (variance * distance**2).sum()
        steeper = (residual * distance).sum() / information
        step = residual.sum() / variance.sum() + steeper * distance
        furthest = np.abs(step).max()
        if furthest < 1e-9:
            return (
                float(slope + steeper),
                float(1 / np.sqrt(information)),
                float((residual**2 / variance).sum()),
            )
        shortened = np.log1p(furthest) / furthest
        line, slope = line + shortened * step, slope + shortened * steeper
    raise EstimateError(f"No slope was found in {MOST_STEPS} steps. Check the numbers of the series.")


def _score(time: Floats, events: Floats, number: Floats, variance: float) -> float:
    rate = events.sum() / number.sum()
    distance = time - (number * time).sum() / number.sum()
    spread = rate * variance * (number * distance**2).sum()
    return float((distance * events).sum() ** 2 / spread) if spread > 0 else np.nan


def _latest_run(series: pd.DataFrame) -> pd.DataFrame:
    ordered = series.sort_values("period_end")
    told = ordered["numerator"].notna() & ((ordered["unit"] == "number") | (ordered["denominator"] > 0))
    points = ordered[told]
    starts, ends = (points[column].diff().dt.days for column in ("period_start", "period_end"))
    # a year after a stock begins a day later than the stock, a stock after a year two years later
    breaks = ~(starts.between(365, 366) & ends.between(365, 366))
    return points[breaks.cumsum() == breaks.sum()]


def _trend(run: pd.DataFrame, confidence: float) -> dict[str, object]:
    percent = bool((run["unit"] == "%").any())
    time, x = (run[column].to_numpy(float) for column in ("time_period", "numerator"))
    n = run["denominator"].where(run["unit"] != "number", 1.0).to_numpy(float)
    reason = _reason(time, x, n - x if percent else n)
    head = {"points": len(run), "confidence": confidence, "reason": reason, "verdict": NOT_TESTED}
    return _ends(run) | head | ({} if reason else _tested(time, x, n, percent, confidence))


def _reason(time: Floats, events: Floats, others: Floats) -> str:
    if not len(time):
        return NO_NUMBERS
    return TOO_SHORT if len(time) < SHORTEST_TREND else no_slope(time, events, others)


def _ends(run: pd.DataFrame) -> dict[str, object]:
    told = run if len(run) else run.reindex([0])
    first, last = told.iloc[0], told.iloc[-1]
    sources = {
        column: " ".join(dict.fromkeys(" ".join(run[column].fillna("")).split()))
        for column in ("source", "denominator_source")
    }
    return sources | {
        "first_period": first["time_period"],
        "value_first": first["value"],
        **{column: last[column] for column in ("time_period", "period_start", "period_end", "value")},
        "change_unit": "",
        "method": "",
    }


def _tested(time: Floats, x: Floats, n: Floats, percent: bool, confidence: float) -> dict[str, object]:
    slope, error, pearson = (logistic if percent else log_linear)(time, x, n)
    chi_squared = (cochran_armitage if percent else poisson_trend)(time, x, n)
    degrees = len(time) - 2
    dispersion = max(1.0, pearson / degrees)
    error *= np.sqrt(dispersion)
    reach = error * stats.t.isf((1 - confidence) / 2, degrees)
    p_value = 2 * stats.t.sf(abs(slope) / error, degrees)
    with np.errstate(over="ignore"):  # an interval may have no end that is a number
        change, lower, upper = 100 * np.expm1([slope, slope - reach, slope + reach])
    return {
        "change": change,
        "lower": lower,
        "upper": upper,
        "change_unit": "% a year in the odds" if percent else "% a year",
        "dispersion": dispersion,
        "degrees": degrees,
        "p_value": p_value,
        "chi_squared": chi_squared,
        "p_chi_squared": stats.chi2.sf(chi_squared, 1),
        "method": "logistic slope, over-dispersed" if percent else "log-linear slope, over-dispersed",
        "verdict": _verdict(slope, p_value, confidence),
    }


def _verdict(slope: float, p_value: float, confidence: float) -> str:
    if p_value >= 1 - confidence:
        return NO_CLEAR_TREND
    return RISING if slope > 0 else FALLING


def _obstacle(part: pd.DataFrame) -> str:
    """What keeps a series, in order, from having limits, and what to do about it."""
    months = _months(part)
    odd, bare = part[~months.isin([1, 3])], part[part["value"].isna()]
    late = part[part["period_start"].diff().notna() & (part["period_start"] != _day_after_last(part))]
    if (months >= 12).any() or (part["time_identifier"] == "Reporting year").any():
        return "these are annual figures, and limits are for months or quarters: use trend"
    if len(odd):
        return f"neither a month nor three months are {_dates(odd)}: correct the dates or leave them out"
    if months.nunique() > 1:
        return "months and quarters stand together: keep one kind"
    if len(bare):
        return f"there is no figure for {_dates(bare)}: keep the rows after it, or before"
    if len(late):
        return f"no period leads up to {_dates(late)}: add the missing rows, or keep those on one side"
    few = f"there are {len(part)} points, and limits need at least {FEWEST_POINTS}: wait for more"
    return few if len(part) < FEWEST_POINTS else ""


def _months(rows: pd.DataFrame) -> pd.Series:
    """How many whole months each period covers; -1 if it begins or ends within one."""
    start, end = rows["period_start"], rows["period_end"]
    months = 12 * (end.dt.year - start.dt.year) + end.dt.month - start.dt.month + 1
    return months.where((start.dt.day == 1) & end.dt.is_month_end, -1)


def _day_after_last(rows: pd.DataFrame) -> pd.Series:
    return rows["period_end"].shift() + pd.Timedelta(days=1)


def _dates(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row.period_start:%d %B %Y} to {row.period_end:%d %B %Y}" for row in rows.itertuples())


def _limited(part: pd.DataFrame) -> pd.DataFrame:
    values = part["value"].to_numpy(float)
    centre, reach = values.mean(), MOVING_RANGES * np.abs(np.diff(values)).mean()
    highest = 100.0 if part["unit"].iloc[0] == "%" else np.inf
    return part.assign(
        centre=centre,
        lower_limit=max(0.0, centre - reach),
        upper_limit=min(highest, centre + reach),
        trial=len(values) < SETTLED_POINTS,
        signal=_signals(values, centre, reach),
    )


UPWARDS = [
    "above the upper limit",
    f"{RUN} or more in a row above the centre",
    f"{RUN} or more in a row rising",
    "2 of 3 in a row near the upper limit",
]
DOWNWARDS = [
    "below the lower limit",
    f"{RUN} or more in a row below the centre",
    f"{RUN} or more in a row falling",
    "2 of 3 in a row near the lower limit",
]


def _signals(values: Floats, centre: float, reach: float) -> list[str]:
    # the mean of equal numbers need not equal them to the last digit
    distance = np.where(np.isclose(values, centre, rtol=1e-9, atol=0), 0.0, values - centre)
    words = [*UPWARDS, *DOWNWARDS]
    found = [*_patterns(distance, reach), *_patterns(-distance, reach)]
    points = zip(*found, strict=True)
    return ["; ".join(said for said, holds in zip(words, point, strict=True) if holds) for point in points]


def _patterns(distance: Floats, reach: float) -> list[np.ndarray]:
    """Which points belong to each of the four patterns upwards, in the order of `UPWARDS`."""
    above = distance > 0
    rising = _in_runs(np.diff(distance) > 0, RUN - 1)
    near = np.zeros(len(distance), bool)
    outer = distance > reach * 2 / 3
    for i in range(len(distance) - 2):
        three = slice(i, i + 3)
        if above[three].all() and outer[three].sum() >= 2:
            near[three] |= outer[three]
    return [distance > reach, _in_runs(above, RUN), np.append(rising, False) | np.append(False, rising), near]


def _in_runs(flags: np.ndarray, length: int) -> np.ndarray:
    runs = pd.Series(flags)
    sizes = runs.groupby((runs != runs.shift()).cumsum()).transform("size")
    return (runs & (sizes >= length)).to_numpy(bool)
