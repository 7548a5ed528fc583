"""Many periods: the control limits of monthly or quarterly figures."""

import numpy as np
import pandas as pd

from lscb_analysis.statistics.comparisons import SERIES, Floats
from lscb_analysis.statistics.estimates import EstimateError, check_single

MOVING_RANGES = 2.66
"""Three standard deviations, in mean moving ranges: 3 over 1.128, rounded as NHS England rounds it."""
FEWEST_POINTS = 8
"""Control limits need at least this many points."""
SETTLED_POINTS = 12
"""Below this many points control limits are trial limits."""
RUN = 7
"""So many points in a row on one side, or rising, or falling, are a signal."""


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


def _obstacle(part: pd.DataFrame) -> str:
    """What keeps a series, in order, from having limits, and what to do about it."""
    months = _months(part)
    odd, bare = part[~months.isin([1, 3])], part[part["value"].isna()]
    due = part["period_end"].shift() + pd.Timedelta(days=1)
    late = part[due.notna() & (part["period_start"] != due)]
    if (months >= 12).any() or (part["time_identifier"] == "Reporting year").any():
        return "these are annual figures, and limits are for months or quarters"
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


RULES = [
    "{place} the {side} limit",
    "{run} or more in a row {place} the centre",
    "{run} or more in a row {way}",
    "2 of 3 in a row near the {side} limit",
]
UPWARDS = {"run": RUN, "place": "above", "side": "upper", "way": "rising"}
DOWNWARDS = {"run": RUN, "place": "below", "side": "lower", "way": "falling"}


def _signals(values: Floats, centre: float, reach: float) -> list[str]:
    # the mean of equal numbers need not equal them to the last digit
    distance = np.where(np.isclose(values, centre, rtol=1e-9, atol=0), 0.0, values - centre)
    words = [rule.format(**way) for way in (UPWARDS, DOWNWARDS) for rule in RULES]
    found = [*_patterns(distance, reach), *_patterns(-distance, reach)]
    points = zip(*found, strict=True)
    return ["; ".join(said for said, holds in zip(words, point, strict=True) if holds) for point in points]


def _patterns(distance: Floats, reach: float) -> list[np.ndarray]:
    """Which points belong to each of the four patterns upwards, in the order of `RULES`."""
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
