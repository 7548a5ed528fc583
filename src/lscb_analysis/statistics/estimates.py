"""Counts to estimates: `count`, `rate` and `proportion`, each with its interval.

Estimates are tidy frames. To the columns that say what a figure is they add `numerator`,
`denominator`, `value`, `lower` and `upper` (all in `unit`), `method` and `confidence`.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lscb_analysis.errors import InputError

Interval = tuple[NDArray[np.float64], NDArray[np.float64]]

PERIOD = ["time_period", "time_identifier", "period_start", "period_end"]
PLACE = ["geographic_level", "area_code", "area_name"]
SUBJECT = ["measure", "category", "counted"]
FIGURE = ["numerator", "denominator", "value", "lower", "upper"]
ESTIMATE = [
    *PLACE,
    *PERIOD,
    *SUBJECT,
    *FIGURE,
    *("unit", "method", "confidence", "status", "printed"),
    *("source", "numerator_source", "denominator_source"),
]
"""The columns of a frame of estimates, in order."""

FEW_EVENTS = 10
"""Below this many events a count's interval is exact; from it on, Byar's method serves."""

AS_PRINTED = "as printed"
CONTRADICTED = "as printed, although the numbers give another figure"


class EstimateError(InputError, ValueError):
    """Input that no estimate can be made from; the message names the rows."""


def wilson(events: ArrayLike, trials: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval for `events` of `trials`, as fractions.

    The lower end is exactly 0 when there are no events, the upper exactly 1 when all are.

    Source: Wilson (1927), as method 3 of Newcombe (1998), Statistics in Medicine 17:857-872.
    """
    x, n = np.asarray(events, float), np.asarray(trials, float)
    z = stats.norm.isf((1 - confidence) / 2)
    centre = 2 * x + z**2
    spread = z * np.sqrt(z**2 + 4 * x * (1 - x / n))
    lower, upper = (centre - spread) / (2 * (n + z**2)), (centre + spread) / (2 * (n + z**2))
    return np.where(x == 0, 0.0, lower), np.where(x == n, 1.0, upper)


def garwood(events: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the exact interval for the mean of a Poisson count.

    Source: Garwood (1936), Biometrika 28:437-442.
    """
    x, alpha = np.asarray(events, float), 1 - confidence
    lower = np.where(x == 0, 0.0, stats.chi2.ppf(alpha / 2, 2 * np.maximum(x, 1)) / 2)
    return lower, stats.chi2.isf(alpha / 2, 2 * x + 2) / 2


def byar(events: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return Byar's approximate interval for the mean of a Poisson count of at least one.

    Source: Breslow and Day (1987), Statistical Methods in Cancer Research II, IARC, page 69.
    """
    x, z = np.asarray(events, float), stats.norm.isf((1 - confidence) / 2)
    lower = x * (1 - 1 / (9 * x) - z / (3 * np.sqrt(x))) ** 3
    y = x + 1
    return lower, y * (1 - 1 / (9 * y) + z / (3 * np.sqrt(y))) ** 3


def poisson(events: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the interval of a count: Garwood's below ten events, Byar's from ten."""
    x = np.asarray(events, float)
    exact, approximate = garwood(x, confidence), byar(np.maximum(x, 1), confidence)
    few = x < FEW_EVENTS
    return np.where(few, exact[0], approximate[0]), np.where(few, exact[1], approximate[1])


def count(counts: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Return `counts` as estimates: each with the interval of a Poisson count.

    Raises EstimateError for a negative count or a confidence outside 0 to 1.

    >>> lscb.count(pack.load("cla_ceased"))[["value", "lower", "upper"]].tail(1).round(1).values.tolist()
    [[113.0, 93.1, 135.9]]
    """
    paired = counts.rename(columns={"value": "numerator"}).assign(denominator=np.nan, denominator_source="")
    return _estimates(paired, lambda x, _: poisson(x, confidence), 1, "number", _counting(paired), confidence)


def rate(
    counts: pd.DataFrame, population: pd.DataFrame, per: int = 10_000, confidence: float = 0.95
) -> pd.DataFrame:
    """Return the rate of `counts` in `population`, for every `per` people, as estimates.

    Each count is divided by the latest population of its area dated on or up to a year before the
    count's period ends: a count at 31 March 2018 by the estimate for mid-2017, as the DfE does.
    Where there is none the rate is missing, with status `x`.

    Raises EstimateError for a negative count, a population of zero or less, two populations for one
    area and date, or a confidence outside 0 to 1.

    >>> children, living = pack.declared("looked_after", "counts"), pack.declared("looked_after", "totals")
    >>> lscb.rate(children, living)[["numerator", "denominator", "value"]].tail(1).round(1).values.tolist()
    [[291.0, 39115.0, 74.4]]
    """
    check_single(population, ["area_code", "period_end"], "population of an area")
    dated = population[["area_code", "period_end", "value", "source"]].rename(columns=_AS_DENOMINATOR)
    paired = pd.merge_asof(
        counts.rename(columns={"value": "numerator"}).sort_values("period_end", kind="stable"),
        dated.sort_values("period_end"),
        on="period_end",
        by="area_code",
        tolerance=pd.Timedelta(days=366),
    )

    def limits(x: NDArray[np.float64], n: NDArray[np.float64]) -> Interval:
        lower, upper = poisson(x, confidence)
        return lower / n, upper / n

    unit = f"per {per:,} children"
    return _estimates(paired, limits, per, unit, _counting(paired), confidence)


def proportion(counts: pd.DataFrame, totals: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Return `counts` as percentages of `totals`, with Wilson's interval, as estimates.

    A count and its total share area and period. Where there is no total the percentage is missing,
    with status `x`; none of none is `z`, not applicable.

    Raises EstimateError for a negative count, a count above its total, two totals for one area and
    period, or a confidence outside 0 to 1.

    >>> in_time, held = pack.declared("conferences", "counts"), pack.totals("conferences", "icpc")
    >>> lscb.proportion(in_time, held)[["numerator", "denominator", "value"]].tail(1).round(1).values.tolist()
    [[105.0, 159.0, 66.0]]
    """
    key = ["area_code", *PERIOD]
    check_single(totals, key, "total")
    whole = totals[[*key, "value", "source", "status"]].rename(
        columns=_AS_DENOMINATOR | {"status": "of_status"}
    )
    paired = counts.rename(columns={"value": "numerator"}).merge(whole, on=key, how="left")
    paired["status"] = paired["status"].mask(paired["status"] == "", paired["of_status"].fillna(""))
    paired["numerator"] = paired["numerator"].mask(paired["status"] == "c")  # where its total is withheld
    none = (paired["denominator"] == 0) & (paired["numerator"] == 0)
    paired["status"] = paired["status"].mask(none, "z")
    above = paired["numerator"] > paired["denominator"]
    _refuse(paired[above], "numerator {numerator:g} above denominator {denominator:g}")

    limits = partial(wilson, confidence=confidence)
    return _estimates(paired, limits, 100, "%", "Wilson score", confidence, zero_refused=False)


def multiples(counts: pd.DataFrame) -> pd.Series:
    """Return to whose multiples the source rounds each number, by the column `nearest`; zero without one."""
    return counts["nearest"] if "nearest" in counts.columns else pd.Series(0.0, counts.index)


def stated(printed: pd.DataFrame, estimates: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return figures as their source printed them, with the interval of the estimate that fits, if any.

    An estimate of the same area, period and category fits when, rounded as the print is, it is the
    number printed: it is then taken whole; so is a suppressed one for a suppressed print. A figure
    that none fits keeps its printed value and gets no interval; its method is `as printed`, and says
    so if the numbers give another figure. The `qualifier` of the print (about, over) stays.

    >>> notified = lscb.statistics.stated(pack.load("deaths_notified"))
    >>> notified[["printed", "value", "method"]].values.tolist()[0]
    ['eight', 8.0, 'as printed']
    """
    shown = [*ESTIMATE, *(["qualifier"] if "qualifier" in printed.columns else [])]
    if estimates is None:
        untold = dict.fromkeys(["numerator", "denominator", "lower", "upper", "confidence"], np.nan)
        blank = printed.assign(**untold, method=AS_PRINTED, numerator_source="", denominator_source="")
        return blank[shown].reset_index(drop=True)
    key = ["area_code", *PERIOD, "category"]
    check_single(estimates, key, "estimate")
    named = ["method", "numerator_source", "denominator_source"]
    columns = [*FIGURE, "confidence", *named]
    joined = printed.merge(estimates[[*key, *columns, "status"]], on=key, how="left", suffixes=("", "_of"))
    told = joined[["value_of", "status_of", "value", "status", "printed"]].itertuples(index=False)
    joined["fits"] = [
        bool(status == status_of and status) if pd.isna(value) else reproduces(of, value, text)
        for of, status_of, value, status, text in told
    ]
    for column in columns:
        own = column if column != "value" else "value_of"
        missing = "" if column in named else np.nan
        joined[column] = joined[own].where(joined["fits"], joined["value"] if column == "value" else missing)
    against = joined["value_of"].notna() & joined["value"].notna()
    unfit = np.where(against, CONTRADICTED, AS_PRINTED)
    joined["method"] = joined["method"].where(joined["fits"], pd.Series(unfit, index=joined.index))
    return joined.fillna({"numerator_source": "", "denominator_source": ""})[shown]


def check_confidence(confidence: float) -> None:
    """Raise EstimateError unless `confidence` is a fraction between 0 and 1."""
    if not 0 < confidence < 1:
        raise EstimateError(f"confidence is {confidence:g}. Give it as a fraction, as 0.95.")


def check_single(frame: pd.DataFrame, key: list[str], what: str) -> None:
    """Raise EstimateError, naming the rows, if a key stands in `frame` more than once."""
    twice = frame[frame.duplicated(key, keep=False)]
    if len(twice):
        rows = "; ".join(
            f"{row.area_name}, {row.period_end:%d %B %Y}, {row.source}" for row in twice.itertuples()
        )
        raise EstimateError(f"More than one {what} for the same area and date: {rows}. Keep one source.")


def decimals(printed: str) -> int:
    """Return how many decimals a printed number has."""
    return len(printed.rstrip("%").partition(".")[2])


def significant(value: float) -> float:
    """Return `value` with twelve significant digits: another processor may give others after them."""
    return float(f"{value:.12g}")


def rounded(value: float, places: int) -> Decimal:
    """Return `value` rounded half away from zero to `places` decimals."""
    return Decimal(repr(significant(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).normalize()


def reproduces(estimate: float, value: float, printed: str) -> bool:
    """Whether an estimate, rounded as a figure is printed, is its value."""
    places = decimals(printed)
    return bool(pd.notna(estimate)) and rounded(estimate, places) == rounded(value, places)


_AS_DENOMINATOR = {"value": "denominator", "source": "denominator_source"}


def _estimates(
    paired: pd.DataFrame,
    limits: Callable[[NDArray[np.float64], NDArray[np.float64]], Interval],
    scale: float,
    unit: str,
    method: str | pd.Series,
    confidence: float,
    zero_refused: bool = True,
) -> pd.DataFrame:
    check_confidence(confidence)
    _refuse(paired[paired["numerator"] < 0], "negative count {numerator:g}")
    _refuse(paired[paired["numerator"] % 1 > 0], "{numerator:g} is no whole number")
    empty = paired["denominator"] <= 0 if zero_refused else paired["denominator"] < 0
    _refuse(paired[empty], "denominator {denominator:g}")
    alone = unit == "number"
    told = paired["numerator"].notna() & (alone | (paired["denominator"] > 0))
    x = paired["numerator"].where(told).to_numpy(float)
    n = np.ones_like(x) if alone else paired["denominator"].where(told).to_numpy(float)
    lower, upper = limits(x, n)
    untold = ~told & (paired["status"] == "")
    return paired.assign(
        value=scale * x / n,
        lower=np.where(told, scale * lower, np.nan),
        upper=np.where(told, scale * upper, np.nan),
        unit=unit,
        method=method,
        confidence=confidence,
        status=paired["status"].mask(untold, "x"),
        numerator_source=paired["source"],
        denominator_source=paired["denominator_source"].fillna(""),
    )[ESTIMATE]


def _counting(paired: pd.DataFrame) -> pd.Series:
    few = paired["numerator"] < FEW_EVENTS
    return pd.Series(np.where(few, "Garwood exact", "Byar"), index=paired.index)


def _refuse(rows: pd.DataFrame, what: str) -> None:
    if len(rows):
        lines = "; ".join(
            f"{row['area_name']}, {row['time_period']}, {row['measure']}, {row['category']}: "
            + what.format(**row.to_dict())
            for _, row in rows.iterrows()
        )
        raise EstimateError(f"No estimate can be made from these rows. {lines}. Correct the table.")
