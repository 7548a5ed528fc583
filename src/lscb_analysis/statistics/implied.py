"""What a published table gives away: the whole numbers behind its percentages, rates and suppressed cells.

A half may have been rounded either way; every other number is rounded to the nearest.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lscb_analysis.errors import InputError
from lscb_analysis.statistics.comparisons import dispersed, two_proportions
from lscb_analysis.statistics.estimates import (
    ESTIMATE,
    FEW_EVENTS,
    PERIOD,
    PLACE,
    SUBJECT,
    check_single,
    decimals,
    multiples,
    reproduces,
)

Ints = NDArray[np.int64]

LARGEST_TOTAL = 2_000
"""How far the functions look that try every total."""

FEWEST_HIDDEN, MOST_HIDDEN = 1, 5
"""The least and the greatest of the counts that are suppressed for being small."""

ROUNDED_TO = 5
"""What the Department rounded the counts of an authority's looked-after children to, up to 2017."""


class ContradictionError(InputError, ValueError):
    """Published figures that cannot all be true; the message names them."""


def possible_totals(count: int, printed: str) -> list[int]:
    """Return every total that makes `count` the percentage printed, halves rounded either way.

    Raises ValueError if count and percentage are not both above zero: no end of totals would then do.
    """
    lowest, highest = _whole_bounds(count, printed, 100)
    return list(range(max(count, lowest), highest + 1))


def possible_counts(total: int, printed: str) -> list[int]:
    """Return every whole number that is the percentage printed of `total`, halves rounded either way."""
    if total <= 0:
        return []
    lowest, highest = _count_bounds(total, printed)
    return list(range(int(lowest), int(highest) + 1))


def could_be_printed(count: int, total: int, printed: str, per: int = 100) -> bool:
    """Return whether `count` for every `per` of `total` is what is printed, halves rounded either way."""
    scale, units = _units(printed)
    return bool(abs(2 * per * count * scale - 2 * units * total) <= total)


def common_totals(*printed: str, complete: bool = False, largest: int = LARGEST_TOTAL) -> list[int]:
    """Return every total up to `largest` that could stand behind all percentages printed of one mix.

    Each percentage has a whole number behind it, and the whole numbers can add up to the total if the
    mix is `complete`, that is, if no category is suppressed or left out; else to no more than the total.
    Percentages that overlap, as "good" and "at least fair", are no mix: ask for the totals of each alone.

    Raises ValueError if no percentage is given, or a text is no number.

    >>> lscb.statistics.common_totals("33", "67", largest=12)
    [3, 6, 9, 12]
    """
    if not printed:
        raise ValueError("No percentage is given, so any total would do: give those that are printed.")
    totals = np.arange(1, largest + 1)
    lowest, highest = np.array([_count_bounds(totals, text) for text in printed]).swapaxes(0, 1)
    could = (lowest <= highest).all(axis=0) & (lowest.sum(axis=0) <= totals)
    if complete:
        could &= highest.sum(axis=0) >= totals
    return totals[could].tolist()


def implied_totals(counts: pd.DataFrame, percentages: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the totals that make `counts` the `percentages`, as a frame of counts of `measure`.

    Both frames have one row for each area and period. Where exactly one whole number fits, it is the
    value; where none or several do, the value is missing, with status `x`.

    >>> in_time, printed = pack.declared("conferences", "counts"), pack.declared("conferences", "printed")
    >>> in_time["value"].tolist()[0], printed["printed"].tolist()[0]
    (103.0, '47.7')
    >>> lscb.statistics.implied_totals(in_time, printed, measure="icpc")["value"].tolist()[0]
    216.0
    """
    both = _with_figures(counts, percentages)
    fitting = [
        possible_totals(int(count), text) if count > 0 and figure > 0 else []
        for count, figure, text in zip(both["value"], both["figure"], both["text"], strict=True)
    ]
    single = np.array([found[0] if len(found) == 1 else np.nan for found in fitting], float)
    status = np.where(np.isnan(single), "x", "")
    return both.assign(measure=measure, value=single, printed="", status=status)[counts.columns]


def implied_counts(counts: pd.DataFrame, totals: pd.DataFrame, percentages: pd.DataFrame) -> pd.DataFrame:
    """Return `counts` with the only whole number that is the percentage printed of its total.

    A row of each frame is paired with those of its area, period and category. Where none or several
    whole numbers fit, or there is no total or no percentage, the value is missing, with status `x`. A
    count that its source withholds stays withheld. Where nothing is printed nothing is implied.

    >>> part, whole = pack.declared("adopted", "counts"), pack.declared("adopted", "totals")
    >>> lscb.statistics.implied_counts(part, whole, pack.declared("adopted", "printed"))["value"].tolist()
    [25.0, nan, 35.0]
    """
    if percentages.empty:
        return counts.head(0)
    whole = totals[[*_CELL, "value"]].rename(columns={"value": "total"})
    told = percentages.dropna(subset="value")[[*_CELL, "printed"]].rename(columns={"printed": "text"})
    both = counts.merge(whole, on=_CELL, how="left").merge(told, on=_CELL, how="left")
    able = (both["status"] == "") & both[["total", "text"]].notna().all(axis=1)
    fitting = [
        possible_counts(int(total), text) if usable else []
        for total, text, usable in zip(both["total"], both["text"], able, strict=True)
    ]
    single = pd.Series([found[0] if len(found) == 1 else np.nan for found in fitting], both.index, float)
    status = both["status"].where(both["status"] == "c", np.where(single.isna(), "x", ""))
    return both.assign(value=single, status=status)[counts.columns]


def implied_earlier(
    counts: pd.DataFrame, rises: pd.DataFrame, falls: pd.DataFrame, percentages: pd.DataFrame
) -> pd.DataFrame:
    """Return the earlier figures that follow from a count and the changes its source states, as estimates.

    A row of `rises` says by how many the count is above that of the row's own, earlier period, a row of
    `falls` by how many it is below; `percentages` say the same in per cent of the earlier figure. All belong
    to the count of their area, category and source. The column `fits` says whether some rounding of the
    stated number makes the printed percentage of the earlier figure. There is no interval; what the source
    withholds is passed over.

    Raises EstimateError if a count, or the percentage of a period, stands there twice.

    >>> cases, more, fewer, percent = (
    ...     pack.load(f"family_court_{of}", areas="comparators", category="Care applications")
    ...     for of in ("cases", "more", "fewer", "more_percent")
    ... )
    >>> earlier = lscb.statistics.implied_earlier(cases, more, fewer, percent)
    >>> earlier[["time_period", "value"]].values.tolist()  # 14,207 cases, 1,415 more than then
    [[2016.0, 12792.0]]
    """
    whole, cell = ["area_code", "category", "source"], [*_CELL, "source"]
    check_single(counts, whole, "count")
    check_single(percentages, cell, "percentage")
    latest = counts[[*whole, "value", "measure", "counted"]]
    told = percentages.dropna(subset=["value"])
    shares = told[[*cell, "printed"]].rename(columns={"printed": "share"})
    changes = pd.concat([rises.assign(sign=-1), falls.assign(sign=1)]).sort_values("period_end")
    latest, changes = (frame.dropna(subset=["value"]) for frame in (latest, changes))
    both = latest.merge(changes, on=whole, suffixes=("", "_change")).merge(shares, on=cell)
    earlier = both["value"] + both["sign"] * both["value_change"]
    stated = zip(earlier, both["value_change"], both["share"], strict=True)
    fits = [int(change) in possible_counts(int(n), share) for n, change, share in stated]
    untold = dict.fromkeys(["printed", "numerator_source", "denominator_source"], "")
    made = both.assign(value=earlier, method="implied earlier", unit="number", fits=fits, **untold)
    return made.reindex(columns=[*ESTIMATE, "fits"])


def implied_populations(
    counts: pd.DataFrame, rates: pd.DataFrame, measure: str, per: int = 10_000, counted: str = "children"
) -> pd.DataFrame:
    """Return between which whole numbers of `counted` the `counts` are `rates`, printed for every `per`.

    A row of `counts` is paired with the rate of its area, period and category. To the columns of
    `counts`, now of `measure`, come `lower` and `upper` (the smallest and the largest number, in `unit`)
    and `denominator_source` (the source of the rate). `value` is the number if only one fits, and
    otherwise missing, with status `x`; so are `lower` and `upper` if none fits. Left out is where count or
    rate is zero or not told. The counts are taken as exact: one rounded to 5 or 10 gives false bounds.

    Raises EstimateError if an area, period and category has more than one rate.

    >>> plans, rates = pack.declared("plans", "counts"), pack.declared("plans", "printed")
    >>> people = lscb.statistics.implied_populations(plans, rates, measure="population_0_17")
    >>> people[["lower", "upper"]].values.tolist()[0]  # 189 is 49.2 for every 10,000 of them
    [38376.0, 38453.0]
    """
    told = rates.dropna(subset=["value"])
    check_single(told, _CELL, "rate")
    pairs = _with_figures(counts, told)
    both = pairs[(pairs["value"] > 0) & (pairs["figure"] > 0)]
    bounds = [
        _whole_bounds(int(count), text, per) for count, text in zip(both["value"], both["text"], strict=True)
    ]
    lower, upper = np.array(bounds, float).reshape(-1, 2).T
    some, one = lower <= upper, lower == upper
    made = both.assign(
        **{"measure": measure, "counted": counted, "unit": "number", "printed": ""},
        value=np.where(one, lower, np.nan),
        status=np.where(one, "", "x"),
        lower=np.where(some, lower, np.nan),
        upper=np.where(some, upper, np.nan),
        denominator_source=both["origin"],
    )
    return made[[*counts.columns, "lower", "upper", "denominator_source"]]


def agreed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with each figure that several places print alike given once, all of them its `source`.

    Places that differ in the number, in how it is printed or in its qualifier keep a row each.

    >>> rows = pack.said("cla_at_31_march", time_period=2018)  # 291, in three places
    >>> len(rows), len(lscb.agreed(rows))
    (3, 1)
    """
    alike = [column for column in rows.columns if column != "source"]
    groups = rows.groupby(alike, sort=False, dropna=False, as_index=False)
    return groups.agg({"source": " ".join})[rows.columns]


def fits(percentages: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Return `totals` with their `unit` and a column `fits`: could the percentages all be shares of them?

    A percentage fits a total if some whole number is that percentage of it. Suppressed ones are
    passed over, and so are totals that are not told. Where nothing is printed nothing can fit.

    >>> shares, totals = pack.declared("abuse", "printed"), pack.declared("abuse", "totals")
    >>> lscb.statistics.fits(shares, totals)[["value", "fits"]].values.tolist()
    [[201.0, True], [263.0, True], [110.0, True]]
    """
    told, totals = (frame[frame["value"].notna()] for frame in (percentages, totals))
    totals = totals if len(percentages) else totals.head(0)
    fitting = [
        all(possible_counts(int(row.value), text) for text in _printed(told, row))
        for row in totals.itertuples()
    ]
    return totals.assign(unit="number", fits=fitting)


def remainder(totals: pd.DataFrame, counts: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return what `counts` leave of `totals`, as a frame of counts of `measure`.

    `totals` has one row for each area and period; `counts` has one or more that exclude one another,
    such as the categories of a mix. Where the total or any count is not told, the rest is missing,
    with status `x`.

    Raises ContradictionError if the counts together exceed their total.

    >>> held, in_time = pack.totals("conferences", "icpc"), pack.declared("conferences", "counts")
    >>> lscb.remainder(held, in_time, measure="icpc_late")["value"].tolist()
    [113.0, 175.0, 54.0]
    """
    together = counts.groupby(_WHOLE)["value"].agg(lambda values: values.sum(skipna=False))
    both = totals.merge(together.rename("together").reset_index(), on=_WHOLE)
    rest = both["value"] - both["together"]
    _refuse(
        f"{_place(row)}: {row.together:,.0f} in parts against a total of {row.value:,.0f} in {row.source}"
        for row in both[rest < 0].itertuples()
    )
    status = np.where(rest.isna(), "x", "")
    return both.assign(measure=measure, value=rest, printed="", status=status)[totals.columns]


def versions(
    estimates: pd.DataFrame, used: pd.DataFrame, printed: pd.DataFrame | None = None, base: int = ROUNDED_TO
) -> pd.DataFrame:
    """Return `estimates` of one figure by several sources, with how each stands to the number `used`.

    A row is paired with the number of its area, period and category: `used`. `stands` is `same`,
    `rounded` (it is that number rounded to the nearest `base`), `other`, or nothing where no number is
    used. `gives` is `printed` if its value, rounded as the print is, is the figure
    `printed`, `another` if not, and nothing where nothing is printed.

    >>> said, used = lscb.count(pack.said("cla_at_31_march")), pack.declared("looked_after", "counts")
    >>> lscb.versions(said, used)[["numerator", "used", "stands"]].values.tolist()[:2]
    [[260.0, 262.0, 'rounded'], [280.0, 282.0, 'rounded']]
    """
    number = used[[*_CELL, "value"]].rename(columns={"value": "used"})
    prints = estimates[_CELL] if printed is None else printed[printed["value"].notna()][[*_CELL, "printed"]]
    text = prints.drop_duplicates(_CELL)
    text = text.reindex(columns=[*_CELL, "printed"]).rename(columns={"printed": "text"})
    both = estimates.merge(number, on=_CELL, how="left").merge(text, on=_CELL, how="left")
    nearest = base * np.floor(both["used"] / base + 0.5)
    conditions = [both["used"].isna(), both["numerator"] == both["used"], both["numerator"] == nearest]
    gives = [
        "" if pd.isna(text) else "printed" if reproduces(value, float(text), text) else "another"
        for value, text in zip(both["value"], both["text"], strict=True)
    ]
    return both.assign(stands=np.select(conditions, ["", "same", "rounded"], "other"), base=base, gives=gives)


def standing(figures: pd.DataFrame, area: str) -> pd.DataFrame:
    """Return the rows of `area`, with where each stands among the areas of its level that its source gives.

    To a row come the numbers of `others` with the same measure, category, period and source, of those `above`
    it, `level` with it as printed, and `untold`, which have no figure; and `best` and `worst`: the first
    and the last place it can have, whatever the untold figures are and whatever rounding hides.

    >>> country = pack.others("cla_adopted_percent", areas="all", time_period=2018)
    >>> place = lscb.statistics.standing(country, pack.area)
    >>> place[["above", "level", "untold", "best", "worst"]].values.tolist()
    [[1, 0, 12, 2, 14]]
    """
    key = [*PERIOD, "geographic_level", "measure", "category", "source"]
    own = figures[(figures["area_name"] == area) & figures["value"].notna()].reset_index(drop=True)
    every = own[[*key, "area_code", "value"]].merge(figures, on=key, suffixes=("_own", ""))
    others = every[every["area_code"] != every["area_code_own"]]
    marks = others[key].assign(
        others=1,
        above=others["value"] > others["value_own"],
        level=others["value"] == others["value_own"],
        untold=others["value"].isna(),
    )
    found = own.merge(marks.groupby(key, as_index=False).sum(), on=key)
    worst = 1 + found["above"] + found["level"] + found["untold"]
    return found.assign(best=1 + found["above"], worst=worst)


def conclusive_totals(
    printed: str, numerator: int, denominator: int, level: float = 0.05, dispersion: float = 1
) -> tuple[int | None, int | None]:
    """Return between which unpublished totals a printed percentage comes to differ beyond chance.

    The percentage `printed` is compared with `numerator` of `denominator` by `two_proportions`, for
    every total up to `LARGEST_TOTAL` and every whole number that could lie behind the print. Below
    the first total returned no such number gives a p-value below `level`; from the second on, all do.
    Both are totals that could be printed so, and None where there is none. With a `dispersion` above 1
    the squared deviate of each p-value is divided by it, as for a verdict.

    Raises ValueError if no total could be printed so.
    """
    counts, totals = _extreme_counts(printed, numerator, denominator)
    p_values = two_proportions(np.full(len(counts), numerator), denominator, counts, totals)
    return _turning_points(totals, p_values < dispersed(level, 1 / dispersion), printed)


def conclusive_common_totals(
    printed: str, before: str, level: float = 0.05, dispersion: float = 1
) -> tuple[int | None, int | None]:
    """Return between which unpublished totals the change of a printed percentage comes to exceed chance.

    `printed` and `before` are taken as percentages of two independent groups of the same number of
    people, which is not published: for every such number up to `LARGEST_TOTAL`, and every pair of whole
    numbers that could lie behind the two prints, `two_proportions` compares the pair. Below the first
    total returned no pair gives a p-value below `level`; from the second on, all do. Between the two it
    depends on the number, and nothing is claimed for groups of different sizes. Both are totals that
    could be printed both ways, and None where there is none. With a `dispersion` above 1 the squared
    deviate of each p-value is divided by it, as for a verdict.

    Raises ValueError if no total could be printed both ways.

    >>> lscb.statistics.conclusive_common_totals("100", "0", 0.05)  # 3 and 3: p is 2 in 20; 4 and 4: 2 in 70
    (4, 4)
    """
    events, events_before, totals = _extreme_pairs(printed, before)
    p_values = two_proportions(events, totals, events_before, totals)
    return _turning_points(totals, p_values < dispersed(level, 1 / dispersion), f"{printed} and {before}")


def suppressed_bounds(
    counts: pd.DataFrame,
    totals: pd.DataFrame,
    *siblings: pd.DataFrame,
    percentages: pd.DataFrame | None = None,
    least: int = 0,
    complete: bool = True,
) -> pd.DataFrame:
    """Return how small and how large each suppressed cell of `counts` can be. FOR THE ANALYST ONLY.

    The frame has a row for each row of `counts` with status `c`: its key, the status, `lower` and
    `upper` (whole numbers; `upper` missing if nothing limits it) and `exact`. The rows are still
    suppressed: `protect` refuses them, and `given_away` is what a page may say of them.

    The bounds are the tightest that follow from this: the cells of an area, period, measure and source
    add up to the total of that area and period (so `counts` has every category), as nearly as their source
    rounds them, or to no more than that if `counts` is not `complete`; a printed one of `percentages` is the
    cell's share of that total; a number that one of `siblings` prints for the same area, period, measure
    and category is the cell's; and no cell below `least` is suppressed, which is 1 where a source prints
    its zeros.

    Raises ContradictionError if these cannot all hold, EstimateError if a cell of `counts` or a total
    stands there twice.

    >>> invented = pack.declared("abuse", "counts").query("time_period == 2018").head(2)
    >>> parts = invented.assign(value=[6.0, None], status=["", "c"])
    >>> whole = pack.declared("abuse", "totals").query("time_period == 2018").assign(value=9.0)
    >>> lscb.statistics.suppressed_bounds(parts, whole)[["lower", "upper", "exact"]].values.tolist()
    [[3.0, 3.0, True]]
    """
    check_single(totals, _WHOLE, "total")
    check_single(counts, [*_CELL, "measure", "source"], "count of a category")
    whole = totals[[*_WHOLE, "value", "source"]].rename(columns={"value": "total", "source": "total_source"})
    whole = whole.assign(total_nearest=multiples(totals))
    cells = _boxed(counts.merge(whole, on=_WHOLE, how="left"), siblings, percentages, least)
    near = multiples(cells).where(cells["status"] != "c", 0) // 2
    cells = cells.assign(lower=(cells["lower"] - near).clip(lower=0), upper=cells["upper"] + near)
    tables = cells.groupby([*_WHOLE, "measure", "source"], sort=False)
    near = cells["total_nearest"].fillna(0) // 2
    lowest, highest = tables["lower"].transform("sum") - near, tables["upper"].transform("sum") + near
    highest += 0 if complete else np.inf
    _refuse(_sums_amiss(cells.assign(lowest=lowest, highest=highest)))
    # Whole numbers between limits of their own take every value that one sum leaves them, so these are tight.
    lower = np.fmax(cells["lower"], cells["total"] - (highest - cells["upper"]))
    upper = np.fmin(cells["upper"], cells["total"] - (lowest - cells["lower"]))
    bounds = cells.assign(lower=lower, upper=upper.where(upper < np.inf), exact=lower == upper)
    hidden = bounds[bounds["status"] == "c"]
    return hidden[[*_SUPPRESSED, "lower", "upper", "exact"]].reset_index(drop=True)


def given_away(bounds: pd.DataFrame) -> pd.DataFrame:
    """Return which suppressed cells the published figures give away, without any number: fit for a page.

    Of the frame that `suppressed_bounds` returns, the key and the status of each row stay, with `exact`
    (only one number is possible) and `narrowed`: the bounds rule out at least one of the counts from 1
    to 5, as which any reader would take a suppressed cell. An exact cell is always narrowed.

    >>> invented = pack.declared("abuse", "counts").query("time_period == 2018").head(2)
    >>> parts = invented.assign(value=[6.0, None], status=["", "c"])
    >>> whole = pack.declared("abuse", "totals").query("time_period == 2018").assign(value=9.0)
    >>> bounds = lscb.statistics.suppressed_bounds(parts, whole)
    >>> lscb.statistics.given_away(bounds)[["exact", "narrowed"]].values.tolist()
    [[True, True]]
    """
    narrowed = (bounds["lower"] > FEWEST_HIDDEN) | (bounds["upper"] < MOST_HIDDEN)
    return bounds[[*_SUPPRESSED, "exact"]].assign(narrowed=narrowed)


_WHOLE = ["area_code", *PERIOD]
_CELL = [*_WHOLE, "category"]
_SUPPRESSED = [*PLACE, *PERIOD, *SUBJECT, "source", "status"]


def _units(printed: str) -> tuple[int, int]:
    """The scale of a printed figure, and how many units of its last decimal it is."""
    digits = printed.rstrip("%").replace(",", "")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", digits):
        raise ValueError(
            f"{printed!r} is no printed percentage or rate: give its digits, at most six decimals, as '54.2'."
        )
    return 10 ** decimals(digits), int(digits.replace(".", ""))


def _count_bounds(totals: ArrayLike, printed: str) -> tuple[Ints, Ints]:
    """The lowest and the highest whole number that is `printed` of each total; they cross if none is."""
    n = np.asarray(totals, np.int64)
    scale, units = _units(printed)
    lowest = np.maximum(0, -((1 - 2 * units) * n // (200 * scale)))
    return lowest, np.minimum(n, (2 * units + 1) * n // (200 * scale))


def _whole_bounds(count: int, printed: str, per: int) -> tuple[int, int]:
    """The lowest and the highest total that make `count` the rate `printed` for every `per`."""
    scale, units = _units(printed)
    if count <= 0 or units <= 0:
        raise ValueError(
            f"{count} and {printed!r}: a total follows only from a count and a percentage or rate above zero."
        )
    twice = 2 * per * count * scale
    return -(-twice // (2 * units + 1)), twice // (2 * units - 1)


def _with_figures(counts: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """`counts` with the printed figure of the same cell, its text and where it comes from."""
    other = figures[[*_CELL, "value", "printed", "source"]]
    return counts.merge(other.set_axis([*_CELL, "figure", "text", "origin"], axis="columns"), on=_CELL)


def _printed(percentages: pd.DataFrame, row: Any) -> list[str]:
    keys = ("area_code", "time_period", "time_identifier")
    same = np.logical_and.reduce([percentages[key] == getattr(row, key) for key in keys])
    return percentages.loc[same, "printed"].tolist()


def _turning_points(totals: Ints, beyond: NDArray[np.bool_], what: str) -> tuple[int | None, int | None]:
    """The first total at which any comparison is beyond chance, and the first from which all are."""
    if not len(totals):
        raise ValueError(f"No total up to {LARGEST_TOTAL:,} could be printed as {what}: check the figures.")
    inconclusive = totals[~beyond].max(initial=0)
    possible, certain = totals[beyond], totals[totals > inconclusive]
    return int(possible.min()) if len(possible) else None, int(certain.min()) if len(certain) else None


def _extreme_counts(printed: str, numerator: int, denominator: int) -> tuple[Ints, Ints]:
    """Counts that could lie behind a print, and their totals n.

    For each n the most and the least conclusive beside `numerator` of `denominator` are among them.
    """
    # As for a common total, p only falls as a count moves away from the share it is compared with, but
    # where the sum of events, or of non-events, passes from exact to mid-p. The two counts there are tried.
    n = np.arange(1, LARGEST_TOTAL + 1)
    low, high = _count_bounds(n, printed)
    equal = numerator * n // denominator
    few = np.array([[FEW_EVENTS - 1], [FEW_EVENTS]])
    passing = few - numerator + 0 * n, denominator - numerator + n - few
    counts = np.vstack([low, np.where(high > low, high, -1), equal, equal + 1, *passing])
    real = (low <= counts) & (counts <= high)
    return counts[real], np.broadcast_to(n, counts.shape)[real]


def _extreme_pairs(printed: str, before: str) -> tuple[Ints, Ints, Ints]:
    """Counts x and y that could lie behind two prints, and their common total n.

    For each n the most and the least conclusive pair are among them.
    """
    # Let x be the greater. Given s = x + y it is hypergeometric, and stochastically larger the larger s. So
    # if y grows and x stays, its upper tail swells; if x grows and y stays, it shrinks as the lower tail does
    # of y; in whole, or less half its point. Only where s passes from exact to mid-p could p still fall as y
    # grows to y + 1 <= x. But the tail changes by (1 - (y + 1) / x) / 2 times the chance that the next event
    # is the x-th, which is not below zero; by symmetry that holds for non-events too. So p only falls as
    # the counts move apart, and is 1 where they are equal: the farthest, the nearest and the equal suffice.
    n = np.arange(1, LARGEST_TOTAL + 1)
    (x_low, x_high), (y_low, y_high) = _count_bounds(n, printed), _count_bounds(n, before)
    equal = np.maximum(x_low, y_low)
    x, y = np.stack([x_high, x_low, equal]), np.stack([y_low, y_high, equal])
    real = (x_low <= x) & (x <= x_high) & (y_low <= y) & (y <= y_high)
    return x[real], y[real], np.broadcast_to(n, x.shape)[real]


def _boxed(
    cells: pd.DataFrame, siblings: tuple[pd.DataFrame, ...], percentages: pd.DataFrame | None, least: int
) -> pd.DataFrame:
    """`cells` with the limits that every source sets each of them, before they are added up."""
    told = (sibling for sibling in siblings if len(sibling))
    claims = [_own(cells, least), *(_printed_elsewhere(cells, sibling) for sibling in told)]
    if percentages is not None and len(percentages):
        claims.append(_shares(cells, percentages))
    every = pd.concat(claims)
    claimed = every.groupby(level=0)
    boxed = cells.assign(lower=claimed["lower"].max(), upper=claimed["upper"].min())
    _refuse(
        f"{_place(row)}, {row.category}: {' against '.join(every.loc[[row.Index], 'claim'])}"
        for row in boxed[boxed["lower"] > boxed["upper"]].itertuples()
    )
    return boxed


def _own(cells: pd.DataFrame, least: int) -> pd.DataFrame:
    """What the table itself says of each cell."""
    lower = cells["value"].fillna((cells["status"] == "c") * float(least))
    upper = cells["value"].fillna(np.maximum(cells["total"], lower)).fillna(np.inf)
    return _claims(cells.index, lower, upper, cells["source"])


def _printed_elsewhere(cells: pd.DataFrame, sibling: pd.DataFrame) -> pd.DataFrame:
    """What a sibling table says of the same cells."""
    key = [*_CELL, "measure"]
    same = cells[key].reset_index().merge(sibling.dropna(subset="value")[[*key, "value", "source"]], on=key)
    return _claims(same["index"], same["value"], same["value"], same["source"])


def _shares(cells: pd.DataFrame, percentages: pd.DataFrame) -> pd.DataFrame:
    """What printed percentages of known totals say of the cells."""
    told = percentages.dropna(subset="value")[[*_CELL, "printed", "source"]]
    same = cells[[*_CELL, "total"]].dropna(subset="total").reset_index().merge(told, on=_CELL)
    bounds = [_count_bounds(int(n), text) for n, text in zip(same["total"], same["printed"], strict=True)]
    lower, upper = np.array(bounds, float).reshape(-1, 2).T
    origin = same["source"] + " (" + same["printed"].str.rstrip("%") + "%)"
    return _claims(same["index"], lower, upper, origin)


def _claims(index: ArrayLike, lower: ArrayLike, upper: ArrayLike, source: pd.Series) -> pd.DataFrame:
    claims = pd.DataFrame({"lower": np.asarray(lower), "upper": np.asarray(upper)}, index=np.asarray(index))
    spans = [_span(low, high) for low, high in zip(claims["lower"], claims["upper"], strict=True)]
    return claims.assign(claim=[f"{span} in {name}" for span, name in zip(spans, source, strict=True)])


def _sums_amiss(cells: pd.DataFrame) -> Iterator[str]:
    amiss = cells[(cells["lowest"] > cells["total"]) | (cells["highest"] < cells["total"])]
    if amiss.empty:
        return
    for _, rows in amiss.groupby([*_WHOLE, "measure", "source"], sort=False):
        row = next(rows.itertuples())
        yield (
            f"{_place(row)}: {', '.join(rows['category'])} add up to {_span(row.lowest, row.highest)} in "
            f"{row.source} against a total of {row.total:,.0f} in {row.total_source}"
        )


def _span(lower: float, upper: float) -> str:
    if lower > upper:
        return "no whole number"
    if lower == upper:
        return f"{lower:,.0f}"
    return f"{lower:,.0f} to {upper:,.0f}" if upper < np.inf else f"{lower:,.0f} or more"


def _place(row: Any) -> str:
    return f"{row.area_name}, {row.period_end:%d %B %Y}, {row.measure}"


def _refuse(contradictions: Iterator[str]) -> None:
    lines = "; ".join(contradictions)
    if lines:
        raise ContradictionError(
            f"Published figures contradict each other. {lines}. Correct a slip, or leave one source out."
        )
