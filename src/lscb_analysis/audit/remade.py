"""Every figure of a page or a CSV, made again another way: not by the functions that made it.

Intervals are statsmodels', numbers and changes are counted from the tables (`known`), and what an edition
decides as a whole is asked of the function that decides it. `statistics.toml` says which way each goes.
"""

import csv
import io
import math
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache, lru_cache
from itertools import product
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from bs4 import Tag

from lscb_analysis.audit.known import Estimate, Known, changing
from lscb_analysis.data import derived, measures, per, texts
from lscb_analysis.editions import estimates, periods
from lscb_analysis.figure import BEFORE, STATISTICS, Figure, Place, as_number, defined
from lscb_analysis.pages import KINDS, LEVEL, as_data
from lscb_analysis.quality import TOTAL
from lscb_analysis.records import check_summaries, fewest_since, orders, summaries
from lscb_analysis.statistics import (
    SIMULTANEOUS,
    conclusive_common_totals,
    conclusive_totals,
    decimals,
    mix_changes,
    possible_counts,
    standing,
)

CLOSE = 2e-9
"""A page gives ten digits of a value."""

BYAR = 1e-3
"""Byar's ends lie nearer than this to the exact ones of a count from ten, as a part of the interval."""

FEW = 10
"""Below so many events an interval is exact, and from there on the ratio of two is mid-p."""

_BLOCKS = ("p", "li", "td", "th", "dt", "dd", "caption", "h1", "h2", "h3", "summary", "text")


class Fault(NamedTuple):
    """What is wrong: in which file, in which sentence or row, and why."""

    file: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.where}\n  {self.reason}"


def check_page(known: Known, file: str, page: Tag) -> tuple[int, list[Fault]]:
    """Return how many figures a page has, and each that the data do not give."""
    found = page.find_all("data")
    wrong = (
        (one, _wrong(known, Figure.of_html({key: str(said) for key, said in one.attrs.items()})))
        for one in found
    )
    return len(found), [Fault(file, _sentence(one), reason) for one, reason in wrong if reason]


def check_table(known: Known, file: str, text: str) -> tuple[int, list[Fault]]:
    """Return how many figures a CSV has, and each that the data do not give."""
    number, faults = 0, []
    for cells in csv.DictReader(io.StringIO(text, newline="")):
        row = {key: as_data(cell) for key, cell in cells.items()}
        where = ", ".join(row.get(key, "") for key in ("area_name", "measure", "category", "time_period"))
        for statistic in (name for name in row if name.removesuffix(BEFORE) in STATISTICS and row[name]):
            number += 1
            value = as_number({"True": "1", "False": "0"}.get(row[statistic], row[statistic]))
            if reason := _wrong(known, replace(Figure.of_cell(row, statistic), value=value)):
                faults.append(Fault(file, where, reason))
    return number, faults


def _sentence(figure: Tag) -> str:
    """The words of the paragraph or cell that a figure stands in."""
    return " ".join((figure.find_parent(_BLOCKS) or figure).get_text().split())[:160]


def _wrong(known: Known, cited: Figure) -> str:
    """Why a figure cannot stand in a pack of the edition, or nothing if it can."""
    could = remade(known, cited)
    if not any(math.isclose(cited.value, by_data, rel_tol=CLOSE, abs_tol=1e-9) for by_data in could):
        told = ", ".join(f"{number:.10g}" for number in sorted(could) if not np.isnan(number)) or "nothing"
        return f"{cited.value:.10g} stands there; for {_called(cited)} the data give {told}."
    if other := set(cited.source.split()) - _sources(known, cited):
        return f"{_called(cited)} names a source that does not give it: {', '.join(sorted(other))}."
    return _foreign(known, cited)


def remade(known: Known, cited: Figure) -> frozenset[float]:
    """Return every value that a figure can have by the data: none if they cannot give it."""
    key = cited, cited.value  # Byar's ends are held by how near they are
    if key not in known.remade:
        known.remade[key] = frozenset(map(float, _make(known, cited)))
    return known.remade[key]


def _make(known: Known, cited: Figure) -> Iterable[float]:
    way = defined(cited.statistic).remade
    if not isinstance(way, str):
        return [way]
    return [pkgutil.resolve_name(way)] if ":" in way else _WAYS[way](known, cited) if way else []


def _called(figure: Figure) -> str:
    since = f"since {figure.before}" if figure.before else ""
    return ", ".join(filter(None, (figure.statistic, *figure.place, since)))


def _sources(known: Known, cited: Figure) -> set[str]:
    """The sources that a figure may name: those of its measure, and of its numbers, in its periods."""
    places = product({cited.measure, *known.alike.get(cited.measure, ())}, (cited.period, cited.before))
    named = [known.sources.get((of, cited.area, period), set()) for of, period in places]
    attended = (estimate.sources for estimate in _attended(known, cited))
    return set[str]().union(*named, *attended)


def _foreign(known: Known, cited: Figure) -> str:
    """Why a figure has no place in a pack of the edition, or nothing if it has one.

    It is of the edition's area or of a comparator, and no later than the latest period; later may be what the
    edition's report alone says of something that is not compared.
    """
    edition, end = known.edition, max(cited.period[-10:], cited.before[-10:])
    if cited.area and cited.area not in known.shown:
        return (
            f"{_called(cited)} is of an area that is neither {edition.area} nor one of the edition's "
            "comparators. Take it out, or name that area among them."
        )
    of_report = cited.measure not in known.compared and {*cited.source.split()} <= known.report
    if end <= known.end or of_report:
        return ""
    return (
        f"{_called(cited)} is of a period to {end}, after the latest of the edition ({edition.latest}). Take "
        "it out: only what the edition's own `report` says, of something it does not compare, may be later."
    )


def _ways_to_know(known: Known, cited: Figure) -> list[Estimate]:
    return known.told.get(cited.place, []) + _attended(known, cited)


def _given(known: Known, cited: Figure) -> Iterator[float]:
    """A value in its unit, or a whole number behind it in any; a denominator may be that of the whole."""
    part = cited.statistic.partition("_")[0]
    if (
        part == "value"
        and cited.unit == "%"
        and cited.category == TOTAL
        and measures()["scheme"][cited.measure]
    ):
        yield 100  # all parts of a mix together
    whole = [replace(cited, category=TOTAL)] if part == "denominator" else []
    for estimate in (way for of in (cited, *whole) for way in _ways_to_know(known, of)):
        if part != "value" or estimate.unit == cited.unit:
            yield getattr(estimate, part)


def _attended(known: Known, cited: Figure) -> list[Estimate]:
    """The share of marks for attending from the first to the last day of the period, of some seats or all."""
    wanted, counted = known.attended.get(cited.measure, ("", ()))
    if not counted or "/" not in cited.period:
        return []
    first, last = cited.period.split("/")
    seats = cited.category.split("; ") if cited.category != TOTAL else [mark[2] for mark in known.marks]
    marks = [mark for mark in known.marks if first <= mark[0] <= last and mark[2] in seats]
    x, n = sum(mark[1] == wanted for mark in marks), sum(mark[1] in counted for mark in marks)
    value = 100 * x / n if n else np.nan
    return [Estimate(value, "%", frozenset(mark[3] for mark in marks), "", float(x), float(n))]


def _interval(known: Known, cited: Figure) -> Iterator[float]:
    for one in _ways_to_know(known, cited):
        if one.unit == cited.unit and one.numerator >= 0:
            yield from _ends_of_one(one, cited)


def _ends_of_one(one: Estimate, cited: Figure) -> Iterator[float]:
    """The end of an interval by statsmodels: Wilson's of a share; a count's exact, or near as Byar's is."""
    from statsmodels.stats.proportion import proportion_confint
    from statsmodels.stats.rates import confint_poisson

    x, n, alpha, at = one.numerator, one.denominator, 1 - cited.confidence, "upper" in cited.statistic
    if one.unit == "%":
        if x <= n:  # numbers of different places need not fit
            yield 100 * proportion_confint(x, n, alpha, method="wilson")[at]
        return
    scale = 1.0 if one.unit == "number" else per(one.unit) / n
    ends = [scale * end for end in confint_poisson(x, 1, method="exact-c", alpha=alpha)]
    near = x >= FEW and abs(cited.value - ends[at]) < BYAR * (ends[1] - ends[0])
    yield cited.value if near else ends[at]


def _pairs(known: Known, cited: Figure) -> Iterator[tuple[Estimate, Estimate]]:
    """The estimates of the later and of the earlier period of a change, in one unit."""
    then = _ways_to_know(known, replace(cited, period=cited.before))
    pairs = product(_ways_to_know(known, cited), then)
    yield from ((now, before) for now, before in pairs if now.unit == before.unit)


def _change(known: Known, cited: Figure) -> Iterator[float]:
    for now, before in _pairs(known, cited):
        if cited.unit == "%" and before.value:
            yield 100 * (now.value / before.value - 1)
        elif cited.unit == now.unit or (cited.unit, now.unit) == ("percentage points", "%"):
            yield now.value - before.value


def _interval_of_a_change(known: Known, cited: Figure) -> Iterator[float]:
    at = "upper" in cited.statistic
    for now, before in _pairs(known, cited):
        x, n, x0, n0 = now.numerator, now.denominator, before.numerator, before.denominator
        if np.isnan(x) or np.isnan(x0):
            continue
        if cited.unit == "%" and now.unit != "%":
            of, of0 = 1.0 if np.isnan(n) else n, 1.0 if np.isnan(n0) else n0
            yield 100 * (_ratio(x, of, x0, of0, cited.confidence)[at] - 1)
        elif now.unit == "%" and x <= n and x0 <= n0:
            simultaneous = cited.method == SIMULTANEOUS
            confidence = _confidence_of_each(known, cited) if simultaneous else cited.confidence
            yield 100 * _difference(x, n, x0, n0, confidence)[at]


@cache
def _difference(x: float, n: float, x0: float, n0: float, confidence: float) -> tuple[float, float]:
    from statsmodels.stats.proportion import confint_proportions_2indep

    ends = confint_proportions_2indep(x, n, x0, n0, method="newcomb", compare="diff", alpha=1 - confidence)
    return float(ends[0]), float(ends[1])


@cache
def _ratio(x: float, n: float, x0: float, n0: float, confidence: float) -> list[float]:
    """The ends of the ratio of two rates: the last that the conditional test of each side does not refuse."""
    from scipy.optimize import brentq
    from statsmodels.stats.proportion import proportion_confint
    from statsmodels.stats.rates import test_poisson_2indep

    tail = (1 - confidence) / 2
    if x + x0 < FEW:
        shares = proportion_confint(x, x + x0, 2 * tail, method="beta")
        return [float(share / (1 - share) * n0 / n) if share < 1 else math.inf for share in shares]

    def over(log: float, side: str) -> float:
        tested = test_poisson_2indep(
            x, n, x0, n0, value=math.exp(log), method="cond-midp", compare="ratio", alternative=side
        )
        return float(tested.pvalue - tail)

    near = math.log((x + 0.5) / (x0 + 0.5) * n0 / n)
    low, high = (
        math.exp(brentq(over, near - 9, near + 9, (side,), xtol=1e-13)) if of else end
        for side, of, end in (("larger", x, 0.0), ("smaller", x0, math.inf))
    )
    return [low, high]


def _confidence_of_each(known: Known, cited: Figure) -> float:
    """The confidence of each interval of a mix, so that all hold together (Bonferroni)."""
    moved = _moved(known, cited.measure)
    compared = moved["lower"].notna().sum()
    years = [int(period[-10:-6]) for period in (cited.before, cited.period)]
    if compared and years == moved[["previous_period", "time_period"]].iloc[0].tolist():
        return float(1 - (1 - cited.confidence) / compared)
    now, then = (
        {
            place[1]
            for place, ways in known.told.items()
            if (place[0], *place[2:]) == (cited.measure, cited.area, period)
            and any(estimate.numerator >= 0 and estimate.denominator > 0 for estimate in ways)
        }
        for period in (cited.period, cited.before)
    )
    return 1 - (1 - cited.confidence) / max(len(now & then), 1)


def _verdict(known: Known, cited: Figure) -> Iterable[float]:
    """What the edition's table of verdicts says of the comparison of a measure, or its mix of a category."""
    of_all = cited.category == TOTAL
    rows = known.verdicts if of_all else _moved(known, cited.measure)
    rows = rows[rows["measure" if of_all else "category"] == (cited.measure if of_all else cited.category)]
    return rows[cited.statistic].dropna().tolist() if cited.statistic in rows else []


@lru_cache(maxsize=8)
def _moved(known: Known, measure: str) -> pd.DataFrame:
    """The changes of the categories of a mix, between the periods of the edition that compares it."""
    edition, asked = known.edition, known.verdicts.loc[known.verdicts["measure"] == measure, "question"]
    shares = [estimates(edition, question) for question in asked]
    moves = [mix_changes(of, *periods(edition, of), edition.confidence) for of in shares]
    return pd.concat(moves) if moves else pd.DataFrame(columns=["category", "residual", "lower"])


def _fits(known: Known, cited: Figure) -> Iterable[float]:
    """Whether percentages could be shares of a number, or a stated change and its percentage agree."""
    if cited.measure in changing():
        return _said(known, "derived", cited)
    year = cited.period[-10:]
    printed = [one.printed for one in known.edition.comparisons if one.method == "mix" and one.printed]
    mixes = [
        known.rows[(known.rows["measure"] == of["measure"]) & (known.rows["area_code"] == cited.area)]
        for of in printed
    ]
    shares = [mix[(mix["iso"].str[-10:] == year) & mix["value"].notna()]["printed"] for mix in mixes]
    wholes = known.told.get(cited.place, [])
    return [all(possible_counts(int(one.value), share) for share in of) for of in shares for one in wholes]


def _implied(known: Known, cited: Figure) -> Iterator[float]:
    """The ends between which a population lies that a number and its rate or share imply."""
    for percentages, counts, _ in (link for link in known.linked if link[2] == cited.measure and link[1]):
        shares = known.told.get((percentages, *cited.place[1:]), [])
        numbers = known.told.get((counts, *cited.place[1:]), [])
        for x, share in product({way.value for way in numbers if way.unit == "number"}, shares):
            if share.printed:
                yield _ends(int(x), share)[cited.statistic == "largest"]


def _ends(count: int, rate: Estimate) -> tuple[int, int]:
    """The smallest and the largest total that make `count` the printed rate, halves included."""
    digits = rate.printed.rstrip("%").replace(",", "")
    half, of = Fraction(1, 2 * 10 ** decimals(digits)), per(rate.unit)
    return ceil(of * count / (Fraction(digits) + half)), floor(of * count / (Fraction(digits) - half))


@lru_cache(maxsize=8)
def _places(known: Known, measure: str, category: str, area: str, period: str) -> dict[str, list[float]]:
    """Where an area stands among the others of its level, in the table that has the most of them."""
    same = known.rows[(known.rows["measure"] == measure) & (known.rows["iso"] == period)]
    of_level = same[same["geographic_level"].isin(same[same["area_code"] == area]["geographic_level"])]
    tables = dict(iter(of_level[of_level["category"] == category].groupby("table")))
    if not tables:
        return {}
    table = max(tables.values(), key=lambda rows: rows["area_code"].nunique())
    name = table.loc[table["area_code"] == area, "area_name"]
    return {} if name.empty else standing(table, name.iloc[0]).to_dict("list")


def _conclusive(known: Known, cited: Figure) -> list[float]:
    """The totals at which a change of two printed percentages comes to exceed chance."""
    at = ("conclusive_possible", "conclusive_certain").index(cited.statistic)
    then = known.told.get((*cited.place[:3], cited.before), [])
    printed = {found.printed.rstrip("%") for found in then if found.printed}
    ways = known.told.get(cited.place, [])
    pairs = product([way for way in ways if way.denominator > 0] or ways, printed)
    ends = (_turning(now, before, float(measures()["dispersion"][cited.measure])) for now, before in pairs)
    return [end for end in (pair[at] for pair in ends) if end is not None]


@cache
def _turning(now: Estimate, before: str, dispersion: float) -> tuple[float | None, float | None]:
    if now.numerator >= 0 and now.denominator > 0:
        return conclusive_totals(before, int(now.numerator), int(now.denominator), LEVEL, dispersion)
    if now.printed:
        return conclusive_common_totals(now.printed.rstrip("%"), before, LEVEL, dispersion)
    return None, None


def _summaries(known: Known, cited: Figure) -> Iterable[float]:
    of_board = known.rows[summaries(known.rows) & (known.rows["area_code"] == cited.area)]
    agencies = known.rows[known.rows["measure"] == measures()["denominator"][cited.measure]]["value"]
    checks = check_summaries(of_board[of_board["category"] == cited.category], agencies.max())
    return checks[checks["measure"] == cited.measure][cited.statistic].tolist()


def _meetings(known: Known, cited: Figure) -> list[float]:
    """How many meetings there were in a period, and what they could tell of the time before it."""
    first, last = (cited.period.split("/") * 2)[:2]
    days = {mark[0] for mark in known.marks}
    since, before = sum(first <= day <= last for day in days), sum(day < first for day in days)
    if cited.statistic == "meetings":
        return [since]
    return [orders(before, since) if cited.statistic == "orders" else fewest_since(before)]


def _said(known: Known, of: str, cited: Figure) -> list[float]:
    """What a frame of `known` says of a place, as numbers."""
    rows = getattr(known, of).iloc[_rows(known, of).get(cited.place, [])]
    return [] if rows.empty else rows[cited.statistic].dropna().tolist()


@lru_cache(maxsize=2)
def _rows(known: Known, of: str) -> dict[Place, Any]:
    return dict(getattr(known, of).groupby(["measure", "category", "area_code", "iso"]).indices)


def _times_left_over(known: Known, cited: Figure) -> Iterator[float]:
    costs, year = known.told.get(cited.place, []), int(cited.period[:4])
    before = f"{year - 1}-04-01/{year}-03-31"
    kept = [way.measure for way in derived("surplus")]
    left = [over for of in kept for over in known.told.get((of, TOTAL, cited.area, before), [])]
    yield from (cost.value / over.value for cost, over in product(costs, left) if over.value)


def _verdicts(known: Known, cited: Figure) -> list[float]:
    of = KINDS.get(cited.category, ())
    whole = cited.statistic == "comparisons"
    return [len(known.verdicts) if whole else known.verdicts["verdict"].isin(of).sum()]


def _checks(known: Known, cited: Figure) -> list[float]:
    rows = known.found if cited.category == TOTAL else known.found[known.found["rule"] == cited.category]
    balances = int(rows["balance"].sum())
    return [{"checks": len(rows), "balances": balances, "findings": len(rows) - balances}[cited.statistic]]


def _recorded(known: Known, cited: Figure) -> Iterable[float]:
    """What a check of the pages of this edition's pack came to when it was last recorded."""
    columns = {"pages_checked": "pages", "rules_checked": "rules", "faults_found": "faults"}
    rows = texts("accessibility", check=cited.category, edition=known.edition.name)
    return map(float, rows[columns.get(cited.statistic, cited.statistic)][:1])


_EACH: tuple[Callable[[Known, Figure], Iterable[Any]], ...] = (
    *(_given, _interval, _change, _interval_of_a_change, _verdict, _verdicts, _implied, _fits, _conclusive),
    *(_checks, _times_left_over, _meetings, _summaries, _recorded),
)
_WAYS: dict[str, Callable[[Known, Figure], Iterable[Any]]] = {
    **{way.__name__.replace("_", " ").strip(): way for way in _EACH},
    "dictionary": lambda _, cited: [measures()[cited.statistic][cited.measure]],
    "standing": lambda known, cited: _places(known, *cited.place).get(cited.statistic, []),
    "finding": lambda known, cited: _said(known, "found", cited),
    "derived": lambda known, cited: _said(known, "derived", cited),
    "claims": lambda known, _: [len(texts("facts", edition=known.edition.name, kind="claim"))],
    "edition": lambda known, cited: [getattr(known.edition, cited.statistic)],
}
"""The ways that `statistics.toml` names: each returns every value that a figure can have."""
