"""Control limits, held against published examples and the Department's figures."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings, strategies as st
from invented import rows

from lscb_analysis.statistics.estimates import EstimateError, count
from lscb_analysis.statistics.series import control_limits

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

FLOW_RATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
VISCOSITIES = [
    *(33.75, 33.05, 34.00, 33.81, 33.46, 34.02, 33.68, 33.27),
    *(33.49, 33.20, 33.62, 33.00, 33.54, 33.12, 33.84),
]
ANNUAL = "these are annual figures, and limits are for months or quarters"
THREE_SIGMA = 3 / 1.128
"""What textbooks multiply the mean moving range by; NHS England rounds it to 2.66."""


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
        (
            yearly(range(20, 30)).assign(unit="number"),
            ANNUAL,
        ),
        (
            yearly(range(20, 30), period=stock).assign(unit="number"),
            ANNUAL,
        ),
        (months(FLOW_RATES, each=12), ANNUAL),
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
