"""Every figure that a page can cite, worked out again from the tables in `data/` and from an edition alone.

Intervals and changes are worked out here from the whole numbers in the tables; what an edition decides as a
whole (verdicts, findings of data quality) is asked of the function that decides it. Nothing is taken from
the pack.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from itertools import product
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lscb_analysis.data import (
    Stamped,
    derived as derived_measures,
    dictionary,
    last_day,
    load,
    measures,
    per,
    stamp,
    tables,
    texts,
    with_role,
)
from lscb_analysis.editions import Edition, estimates, verdict_table
from lscb_analysis.figure import Figure, Place, period_of
from lscb_analysis.pages import KINDS, LEVEL
from lscb_analysis.project import open_board
from lscb_analysis.quality import TOTAL, findings, links
from lscb_analysis.records import (
    FEWEST,
    STEP,
    check_summaries,
    fewest_since,
    meetings_held,
    on_costs,
    orders,
    summaries,
    sums,
    surplus,
    turned,
)
from lscb_analysis.statistics import (
    LARGEST_TOTAL,
    POWER,
    ROUNDED_TO,
    SIMULTANEOUS,
    Period,
    conclusive_common_totals,
    conclusive_totals,
    decimals,
    implied_earlier,
    mix_changes,
    newcombe,
    poisson,
    possible_counts,
    possible_totals,
    rate_ratio,
    standing,
    stated,
    wilson,
)


class Estimate(NamedTuple):
    """One way to know a figure: its value, and the whole numbers behind it where there are any."""

    value: float
    unit: str
    sources: frozenset[str]
    printed: str = ""
    numerator: float = np.nan
    denominator: float = np.nan


@dataclass(frozen=True, eq=False)
class Known:
    """What the data can give for an edition: every estimate, by place, and what is decided as a whole.

    `areas` are all by code and name, `home` the codes of the edition's own (several, if it was recoded),
    `shown` those too of its comparators, `wider` the codes of those of another level than its own: no other
    authority is among them, whose name may be a common word. `compared` are the measures of its comparisons,
    `report` the sources that are parts of its report. `worked_out` keeps what `worked_out` returned.
    """

    edition: Edition
    home: frozenset[str]
    shown: frozenset[str]
    compared: frozenset[str]
    report: frozenset[str]
    rows: pd.DataFrame
    derived: pd.DataFrame
    marks: list[tuple[str, str, str, str]]
    linked: list[tuple[str, str, str]]
    areas: set[tuple[str, str]]
    wider: frozenset[str]
    printed: set[str]
    tied: set[str]
    withheld: dict[Place, set[str]]
    givers: dict[str, set[str]]
    told: dict[Place, list[Estimate]]
    sources: dict[tuple[str, str, str], set[str]]
    alike: dict[str, set[str]]
    found: pd.DataFrame
    worked_out: dict[Figure, set[float]] = field(default_factory=dict)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The edition's table of verdicts, made when it is first asked for."""
        return verdict_table(self.edition)


def known(edition: Edition) -> Known:
    """Return everything that the tables give for `edition`. Raises DataError if a table does not hold."""
    open_board(edition.data)
    return _known(edition.model_dump_json(), stamp())


@lru_cache(maxsize=1)
def _known(edition_json: str, _stamp: tuple[Stamped, ...]) -> Known:
    edition = Edition.model_validate_json(edition_json)
    rows = pd.concat([load(name).assign(table=name) for name in tables()], ignore_index=True)
    rows["iso"] = _iso(rows)
    linked, derived, withheld = _links(edition), _derived(rows, edition.latest), _withheld(rows)
    told = _every_way(rows, derived, linked, withheld)
    sources: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for (measure, _, area, period), ways in told.items():
        sources[measure, area, period].update(*(estimate.sources for estimate in ways))
    alike: dict[str, set[str]] = defaultdict(set)
    for link in [*linked, *((rest.measure, rest.of, *rest.by) for rest in derived_measures("remainder"))]:
        for measure in link:
            alike[measure].update(link)
    found = findings(edition)
    found = found.assign(iso=_iso(found))
    areas = set(zip(rows["area_code"], rows["area_name"], strict=True))
    home = frozenset(code for code, name in areas if name == edition.area)
    others = frozenset(code for code, name in areas if {code, name} & {*edition.comparators})
    documents = dictionary().sources.set_index("source")["document"]
    level = rows["geographic_level"]
    once = {place: list({way[:2] + way[3:]: way for way in ways}.values()) for place, ways in told.items()}
    return Known(
        edition=edition,
        home=home,
        shown=home | others,
        compared=_compared(edition, linked),
        report=frozenset(documents.index[documents == (edition.report or "")].difference([""])),
        rows=rows,
        derived=derived,
        marks=[
            (row.iso, row.measure, row.category, row.source)
            for row in _register(rows).itertuples()
            if row.value == 1
        ],
        linked=linked,
        areas=areas,
        wider=frozenset(rows.loc[~level.isin(level[rows["area_code"].isin(home)]), "area_code"]),
        printed=set(rows["printed"]),
        tied=set(rows.loc[rows["status"] == "z", "printed"]),
        withheld=withheld,
        givers=_givers(rows, derived),
        told=once,
        sources=sources,
        alike=alike,
        found=found,
    )


def _every_way(
    rows: pd.DataFrame, derived: pd.DataFrame, linked: list[tuple[str, str, str]], withheld: Iterable[Place]
) -> dict[Place, list[Estimate]]:
    """Every way to know each figure: as it stands in a table, and as others imply it."""
    told: dict[Place, list[Estimate]] = defaultdict(list)
    for row in rows[rows["value"].notna()].itertuples():
        _add(told, row)
    for percentages, counts, totals in linked:
        _add_implied(told, percentages, counts, totals)
    untold = {(row.measure, row.area_code, row.iso) for row in rows[rows["value"].isna()].itertuples()}
    for rest in derived_measures("remainder"):
        _add_remainder(told, rest.measure, rest.of, rest.by[0], untold)
    for row in derived[derived["value"].notna()].itertuples():
        _add(told, row)
    for percentages, counts, totals in linked:
        _add_shares(told, withheld, percentages, counts, totals)
    denominators = measures()["denominator"]
    for counts, totals in denominators[(denominators != "") & (measures()["unit"] == "number")].items():
        _add_shares(told, withheld, str(counts), str(counts), totals)
    return told


def _withheld(rows: pd.DataFrame) -> dict[Place, set[str]]:
    """The symbols of figures that are not told."""
    symbols: dict[Place, set[str]] = defaultdict(set)
    for row in rows[rows["status"] != ""].itertuples():
        symbols[row.measure, row.category, row.area_code, row.iso].add(row.status)
    return symbols


def _givers(*frames: pd.DataFrame) -> dict[str, set[str]]:
    """The sources that give figures of each measure, whether they tell them or not."""
    givers: dict[str, set[str]] = defaultdict(set)
    for frame in frames:
        for measure, source in frame[["measure", "source"]].drop_duplicates().itertuples(index=False):
            givers[measure].update(source.split())
    return givers


def worked_out(known: Known, cited: Figure) -> set[float]:
    """Return every value that the figure cited can have by the data: none if the data cannot give it."""
    if cited not in known.worked_out:
        known.worked_out[cited] = _work_out(known, cited)
    return known.worked_out[cited]


def _work_out(known: Known, cited: Figure) -> set[float]:
    statistic = cited.statistic
    part = statistic.removesuffix("_before")
    if part == "denominator":
        whole = replace(cited, category=TOTAL)
        return {estimate.denominator for of in (cited, whole) for estimate in _told(known, of)}
    if part in ("value", "numerator"):
        return {getattr(estimate, part) for estimate in _told(known, cited)}
    if statistic in _OF_ONE:
        return {end for estimate in _told(known, cited) for end in _OF_ONE[statistic](estimate, cited)}
    if statistic in _OF_TWO:
        return {end for pair in _pairs(known, cited) for end in _OF_TWO[statistic](known, *pair, cited)}
    if statistic in _ALONE:
        return {float(_ALONE[statistic](known, cited))}
    if statistic in _OF_PLACE:
        return {float(value) for value in _OF_PLACE[statistic](known, cited)}
    return set()


def sources_of(known: Known, cited: Figure) -> set[str]:
    """Return the sources that a figure may name: those of its measure, and of its numbers, in its periods."""
    alike = {cited.measure, *known.alike.get(cited.measure, ())}
    named = [
        known.sources.get((of, cited.area, period), set())
        for of in alike
        for period in (cited.period, cited.before)
    ]
    if cited.place in known.withheld:
        rows = (
            known.rows[["measure", "category", "area_code", "iso"]].eq(list(cited.place)).all(axis="columns")
        )
        named.append(set(known.rows.loc[rows, "source"]))
    return set[str]().union(*named, *(estimate.sources for estimate in _attended(known, cited)))


def foreign(known: Known, cited: Figure, sources: Iterable[str]) -> str:
    """Return why a figure of these sources has no place in a pack of the edition, or nothing if it has one.

    It is of the edition's area or of a comparator, and no later than the latest period; later may be what the
    edition's report alone says of something that is not compared.
    """
    edition, end = known.edition, max(cited.period[-10:], cited.before[-10:])
    if cited.area and cited.area not in known.shown:
        name = next((name for code, name in known.areas if code == cited.area), "no area of the data")
        return (
            f"is of {name} ({cited.area}), which is neither {edition.area} nor one of the edition's "
            "comparators. Take it out, or name that area among them."
        )
    if end <= f"{last_day(edition.latest):%Y-%m-%d}":
        return ""
    if cited.measure not in known.compared and {*sources} <= known.report:
        return ""
    return (
        f"is of a period to {end}, after the latest of the edition ({edition.latest}). Take it out: "
        "only what the edition's own `report` says, of something that it does not compare, may be later."
    )


def _compared(edition: Edition, linked: list[tuple[str, str, str]]) -> frozenset[str]:
    """The measures that the edition compares, and the totals behind them."""
    parts = [rows for asked in edition.comparisons for rows in (asked.counts, asked.totals, asked.printed)]
    named = {str(rows["measure"]) for rows in parts if rows and "measure" in rows}
    return frozenset(named.union(*(link for link in linked if {*link[:2]} <= named)) - {""})


def _links(edition: Edition) -> list[tuple[str, str, str]]:
    """Which percentages or rates belong to which numbers, and both to which totals."""
    linked = links(edition)[["percentages", "counts", "totals"]]
    shares = [(share.measure, share.of, share.by[0]) for share in derived_measures("share")]
    return [*shares, *linked.itertuples(index=False, name=None)]


def _iso(frame: pd.DataFrame) -> list[str]:
    ends = zip(frame["period_start"], frame["period_end"], strict=True)
    return [period_of({"period_start": start, "period_end": end}) for start, end in ends]


def _add(told: dict[Place, list[Estimate]], row: Any) -> None:
    numbered = row.unit == "number"
    told[row.measure, row.category, row.area_code, row.iso].append(
        Estimate(
            row.value,
            row.unit,
            frozenset(row.source.split()),
            row.printed if isinstance(row.printed, str) else "",
            row.value if numbered else np.nan,
        )
    )


def _add_implied(told: dict[Place, list[Estimate]], percentages: str, counts: str, totals: str) -> None:
    """The total that a number and its percentage imply, or the number that a total and a percentage do."""
    for place in [place for place in told if place[0] == percentages]:
        for share in [share for share in told[place] if share.unit == "%" and share.printed[:1].isdigit()]:
            of = counts, *place[1:]
            for count in [count for count in told.get(of, []) if count.value > 0 and share.value > 0]:
                _add_single(
                    told, (totals, *place[1:]), possible_totals(int(count.value), share.printed), share
                )
            for whole in told.get((totals, TOTAL, *place[2:]), []):
                _add_single(told, of, possible_counts(int(whole.value), share.printed), share)


def _add_single(told: dict[Place, list[Estimate]], place: Place, could: list[int], share: Estimate) -> None:
    if place[0] and len(could) == 1:
        value = float(could[0])
        told[place].append(Estimate(value, "number", share.sources, "", value))


def _add_remainder(
    told: dict[Place, list[Estimate]], measure: str, whole: str, part: str, untold: set[tuple[str, str, str]]
) -> None:
    for _, category, area, period in [place for place in told if place[0] == whole]:
        parts = [found[0] for place, found in told.items() if (place[0], *place[2:]) == (part, area, period)]
        if not parts or (part, area, period) in untold:
            continue
        sources = frozenset[str]().union(*(found.sources for found in parts))
        for estimate in told[whole, category, area, period]:
            value = estimate.value - sum(found.value for found in parts)
            rest = Estimate(value, "number", sources | estimate.sources, "", value)
            told[measure, category, area, period].append(rest)


def _add_shares(
    told: dict[Place, list[Estimate]], withheld: Iterable[Place], percentages: str, counts: str, totals: str
) -> None:
    """Every quotient of a number and its total, as an estimate of the percentage or rate, and the number.

    Where the number is withheld its total still stands.
    """
    unit = str(measures()["unit"].get(percentages, "%"))
    scale = per("%" if unit == "number" else unit)
    for place in [place for place in (*told, *withheld) if place[0] == counts and totals]:
        numbers = [estimate for estimate in told.get(place, []) if estimate.unit == "number"]
        wholes = _wholes(told, totals, place) if scale == 100 else _populations(told, totals, place)
        for whole in (whole for whole in wholes if whole.value > 0):
            mix = Estimate(np.nan, "", whole.sources, "", np.nan, whole.value)
            told[percentages, TOTAL, *place[2:]].append(mix)
            for number in numbers:
                quotient = Estimate(
                    scale * number.value / whole.value,
                    "%" if unit == "number" else unit,
                    number.sources | whole.sources,
                    "",
                    number.value,
                    whole.value,
                )
                told[place].append(quotient)
                if percentages != counts:
                    told[percentages, *place[1:]].append(quotient)


def _wholes(told: dict[Place, list[Estimate]], totals: str, place: Place) -> list[Estimate]:
    return [whole for whole in told.get((totals, TOTAL, *place[2:]), []) if whole.unit == "number"]


def _populations(told: dict[Place, list[Estimate]], totals: str, place: Place) -> list[Estimate]:
    """The populations of the last day up to a year before a count, as `rates.rate` takes them."""
    end = pd.Timestamp(place[3].rpartition("/")[2])
    dated = {
        found[3]: estimates
        for found, estimates in told.items()
        if (found[0], found[2]) == (totals, place[2]) and "/" not in found[3]
    }
    near = [day for day in dated if 0 <= (end - pd.Timestamp(day)).days <= 366]
    return dated[max(near)] if near else []


def _derived(rows: pd.DataFrame, latest: Period) -> pd.DataFrame:
    """What follows from the tables in a way of its own: accounts, meetings, earlier years."""
    frames = list(_ways_of_their_own(rows, latest))
    derived = pd.concat(frames, ignore_index=True) if frames else rows.iloc[:0].assign(fits=np.nan)
    return derived.assign(iso=_iso(derived))


def _ways_of_their_own(rows: pd.DataFrame, latest: Period) -> Iterator[pd.DataFrame]:
    by_measure = dict(iter(rows.groupby("measure")))

    def of(measure: str) -> pd.DataFrame:
        return by_measure.get(measure, rows.iloc[:0])

    yield from _accounts(of)
    for way in derived_measures("meetings"):
        if way.of in by_measure:
            yield meetings_held(_register(rows), way.measure)
    for measure in _changing() & by_measure.keys():
        cases = of(measure)[of(measure)["period_end"] <= last_day(latest)]
        changes = [of(name) for name in with_role("more", "fewer", of=measure)]
        told = pd.concat([cases.iloc[:0], *changes])
        told = told[told["period_end"] <= last_day(latest)]
        numbers = told[told["unit"] == "number"]
        more, fewer = (numbers[numbers["measure"].isin(with_role(role))] for role in ("more", "fewer"))
        if len(numbers):
            last = cases[cases["time_period"] == cases["time_period"].max()]
            yield implied_earlier(last, more, fewer, told[told["unit"] == "%"])


def _changing() -> set[str]:
    """The measures of which others say by how much they rose or fell."""
    return {*measures()["of"].reindex(with_role("more", "fewer"))}


def _accounts(of: Callable[[str], pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The amounts of money that follow from others, and what the parts of a surplus add up to."""
    made: dict[str, pd.DataFrame] = {}
    for way in derived_measures("turned", "surplus", "percentage"):
        first, *others = (made[name] if name in made else stated(of(name)) for name in (way.of, *way.by))
        if first.empty or any(frame.empty for frame in others):
            continue
        if way.kind == "turned":
            made[way.measure] = turned(first, way.measure)
        elif way.kind == "surplus":
            yield sums(pd.concat([first, *others]))
            made[way.measure] = surplus(first, others[0], way.measure)
        else:
            made[way.measure] = on_costs(first[first["category"] == way.category], others[0], way.measure)
        yield made[way.measure]


def _register(rows: pd.DataFrame) -> pd.DataFrame:
    marks = [measure for way in derived_measures("attended") for measure in way.by]
    return rows[rows["measure"].isin(marks) & (rows["time_identifier"] == "Day")]


def _told(known: Known, cited: Figure) -> list[Estimate]:
    """The estimates of a figure that are in its unit, or, for a whole number behind one, in any."""
    every = known.told.get(cited.place, []) + _attended(known, cited)
    behind = cited.statistic.partition("_")[0] in ("numerator", "denominator")
    return [estimate for estimate in every if behind or estimate.unit == cited.unit]


def _attended(known: Known, cited: Figure) -> list[Estimate]:
    """The share of marks for attending from the first to the last day of the period, of some seats or all."""
    ways = {way.measure: way for way in derived_measures("attended")}
    every = {measure for way in ways.values() for measure in way.by}
    way = ways.get(cited.measure)
    counted = every if cited.measure in every else way and way.by
    if not counted or "/" not in cited.period:
        return []
    first, last = cited.period.split("/")
    seats = cited.category.split("; ") if cited.category != TOTAL else [mark[2] for mark in known.marks]
    marks = [mark for mark in known.marks if first <= mark[0] <= last and mark[2] in seats]
    wanted = way.of if way else cited.measure
    x, n = sum(mark[1] == wanted for mark in marks), sum(mark[1] in counted for mark in marks)
    value = 100 * x / n if n else np.nan
    return [Estimate(value, "%", frozenset(mark[3] for mark in marks), "", float(x), float(n))]


def _pairs(known: Known, cited: Figure) -> Iterator[tuple[Estimate, Estimate]]:
    """The estimates of the later and of the earlier period of a change, in one unit."""
    own = known.told.get(cited.place, []) + _attended(known, cited)
    then = replace(cited, period=cited.before)
    earlier = known.told.get(then.place, []) + _attended(known, then)
    yield from ((now, before) for now, before in product(own, earlier) if now.unit == before.unit)


def _interval(estimate: Estimate, cited: Figure) -> tuple[float, float]:
    """The interval of an estimate, by the method that belongs to its unit."""
    x, n = estimate.numerator, estimate.denominator
    impossible = estimate.unit == "%" and x > n  # numbers of different places need not fit
    if np.isnan(x) or estimate.unit != cited.unit or impossible:
        return np.nan, np.nan
    if estimate.unit == "%":
        low, high = wilson(x, n, cited.confidence)
        return float(100 * low), float(100 * high)
    low, high = poisson(x, cited.confidence)
    scale = 1.0 if estimate.unit == "number" else per(estimate.unit) / n
    return float(scale * low), float(scale * high)


def _change(_: Known, now: Estimate, before: Estimate, cited: Figure) -> list[float]:
    points = now.value - before.value
    if cited.unit == "%":
        return [100 * (now.value / before.value - 1)] if before.value else []
    fits = cited.unit == now.unit or (cited.unit, now.unit) == ("percentage points", "%")
    return [points] if fits else []


def _change_interval(known: Known, now: Estimate, before: Estimate, cited: Figure) -> tuple[float, float]:
    x, n, x0, n0 = now.numerator, now.denominator, before.numerator, before.denominator
    if np.isnan(x) or np.isnan(x0):
        return np.nan, np.nan
    if cited.unit == "%" and now.unit != "%":
        low, high = _ratio(x, 1.0 if np.isnan(n) else n, x0, 1.0 if np.isnan(n0) else n0, cited.confidence)
        return 100 * (low - 1), 100 * (high - 1)
    if np.isnan(n) or now.unit != "%" or x > n or x0 > n0:
        return np.nan, np.nan
    confidence = _confidence_of_each(known, cited) if cited.method == SIMULTANEOUS else cited.confidence
    ends = newcombe(x, n, x0, n0, confidence)
    return float(100 * ends[0]), float(100 * ends[1])


@cache
def _ratio(x: float, n: float, x0: float, n0: float, confidence: float) -> tuple[float, float]:
    low, high = rate_ratio(x, n, x0, n0, confidence)
    return float(low), float(high)


def _confidence_of_each(known: Known, cited: Figure) -> float:
    """The confidence of each interval of a mix, so that all hold together (Bonferroni)."""
    compared = _moved(known, cited.measure)["lower"].notna().sum()
    years = [int(period[-10:-6]) for period in (cited.before, cited.period)]
    if compared and years == [int(str(of)[:4]) for of in (known.edition.previous, known.edition.latest)]:
        return float(1 - (1 - cited.confidence) / compared)
    told = {
        period: {
            place[1]
            for place, ways in known.told.items()
            if (place[0], *place[2:]) == (cited.measure, cited.area, period)
            and any(estimate.numerator >= 0 and estimate.denominator > 0 for estimate in ways)
        }
        for period in (cited.period, cited.before)
    }
    return 1 - (1 - cited.confidence) / max(len(told[cited.period] & told[cited.before]), 1)


def _verdict(known: Known, cited: Figure) -> list[float]:
    """What the edition's table of verdicts says of the comparison of a measure."""
    rows = known.verdicts[known.verdicts["measure"] == cited.measure]
    return [] if cited.category != TOTAL else rows[cited.statistic].dropna().tolist()


def _residual(known: Known, cited: Figure) -> list[float]:
    moved = _moved(known, cited.measure)
    return moved.loc[moved["category"] == cited.category, "residual"].tolist()


@lru_cache(maxsize=8)
def _moved(known: Known, measure: str) -> pd.DataFrame:
    """The changes of the categories of a mix, between the periods of the edition that compares it."""
    edition, asked = known.edition, known.verdicts.loc[known.verdicts["measure"] == measure, "question"]
    periods = edition.previous, edition.latest
    moves = [mix_changes(estimates(edition, question), *periods, edition.confidence) for question in asked]
    return pd.concat(moves) if moves else pd.DataFrame(columns=["category", "residual", "lower"])


def _fits(known: Known, cited: Figure) -> list[float]:
    """Whether percentages could be shares of a number, or a stated change and its percentage agree."""
    if cited.measure in _changing():
        return _said(known.derived, cited)
    year, results = cited.period[-10:], []
    for measure in [
        one.printed["measure"] for one in known.edition.comparisons if one.method == "mix" and one.printed
    ]:
        mix = known.rows[(known.rows["measure"] == measure) & (known.rows["area_code"] == cited.area)]
        shares = mix[(mix["iso"].str[-10:] == year) & mix["value"].notna()]["printed"]
        for whole in known.told.get(cited.place, []):
            results.append(float(all(possible_counts(int(whole.value), share) for share in shares)))
    return results


def _implied(known: Known, cited: Figure) -> list[float]:
    """The ends between which a population lies that a number and its rate or share imply."""
    ends: list[tuple[int, int]] = []
    for percentages, counts, _ in (link for link in known.linked if link[2] == cited.measure and link[1]):
        shares = known.told.get((percentages, *cited.place[1:]), [])
        numbers = {
            way.value for way in known.told.get((counts, *cited.place[1:]), []) if way.unit == "number"
        }
        ends += [_ends(int(x), share) for x in numbers for share in shares if share.printed]
    return [float(end[cited.statistic == "largest"]) for end in ends]


def _ends(count: int, rate: Estimate) -> tuple[int, int]:
    """The smallest and the largest whole number of which `count` is the printed rate, halves included."""
    digits = rate.printed.rstrip("%").replace(",", "")
    half, of = Fraction(1, 2 * 10 ** decimals(digits)), per(rate.unit)
    return ceil(of * count / (Fraction(digits) + half)), floor(of * count / (Fraction(digits) - half))


def _standing(known: Known, cited: Figure) -> list[float]:
    return _places(known, *cited.place).get(cited.statistic, [])


@lru_cache(maxsize=8)
def _places(known: Known, measure: str, category: str, area: str, period: str) -> dict[str, list[float]]:
    """Where an area stands among the others of its level, in the table that has the most of them."""
    same = known.rows[(known.rows["measure"] == measure) & (known.rows["iso"] == period)]
    of_level = same[same["geographic_level"].isin(same[same["area_code"] == area]["geographic_level"])]
    of_level = of_level[of_level["category"] == category]
    tables = dict(iter(of_level.groupby("table")))
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


def _possible(known: Known, cited: Figure) -> list[float]:
    of_board = known.rows[summaries(known.rows) & (known.rows["area_code"] == cited.area)]
    raters = measures()["denominator"][cited.measure]
    agencies = known.rows[known.rows["measure"] == raters]["value"]
    checks = check_summaries(of_board[of_board["category"] == cited.category], int(agencies.max()))
    return checks[checks["measure"] == cited.measure][cited.statistic].astype(float).tolist()


def _meetings(known: Known, cited: Figure) -> list[float]:
    """How many meetings there were in a period, and what they could tell of the time before it."""
    first, last = (cited.period.split("/") * 2)[:2]
    days = {mark[0] for mark in known.marks}
    since, before = sum(first <= day <= last for day in days), sum(day < first for day in days)
    if cited.statistic == "meetings":
        return [since]
    return [orders(before, since) if cited.statistic == "orders" else fewest_since(before)]


def _said(frame: pd.DataFrame, cited: Figure) -> list[float]:
    """What a frame says of a place, as numbers."""
    columns = ["measure", "category", "area_code", "iso"]
    rows = frame[(frame[columns] == list(cited.place)).all(axis=1)]
    return [] if rows.empty else rows[cited.statistic].dropna().astype(float).tolist()


def _times_left_over(known: Known, cited: Figure) -> list[float]:
    costs, year = known.told.get(cited.place, []), int(cited.period[:4])
    before = f"{year - 1}-04-01/{year}-03-31"
    kept = [way.measure for way in derived_measures("surplus")]
    left = [over for measure in kept for over in known.told.get((measure, TOTAL, cited.area, before), [])]
    return [cost.value / over.value for cost, over in product(costs, left) if over.value]


def _verdicts(known: Known, cited: Figure) -> float:
    return float(known.verdicts["verdict"].isin(KINDS.get(cited.category, ())).sum())


def _checks(known: Known, cited: Figure) -> float:
    rows = known.found if cited.category == TOTAL else known.found[known.found["rule"] == cited.category]
    balances = int(rows["balance"].sum())
    return {"checks": len(rows), "balances": balances, "findings": len(rows) - balances}[cited.statistic]


def _recorded(known: Known, cited: Figure, column: str) -> float:
    """What a check of the pages of this edition's pack came to when it was last recorded."""
    rows = texts("accessibility", check=cited.category, edition=known.edition.name)
    return float(rows[column].iloc[0]) if len(rows) else np.nan


_OF_ONE: dict[str, Callable[[Estimate, Figure], list[float]]] = {
    "lower": lambda estimate, cited: [_interval(estimate, cited)[0]],
    "upper": lambda estimate, cited: [_interval(estimate, cited)[1]],
}
_OF_TWO: dict[str, Callable[[Known, Estimate, Estimate, Figure], list[float]]] = {
    "change": _change,
    "size": _change,
    "change_lower": lambda *of: [_change_interval(*of)[0]],
    "change_upper": lambda *of: [_change_interval(*of)[1]],
}
_ALONE: dict[str, Callable[[Known, Figure], float]] = {
    "confidence": lambda known, _: known.edition.confidence,
    "power": lambda *_: POWER,
    "test_level": lambda *_: LEVEL,
    "largest_total": lambda *_: LARGEST_TOTAL,
    "extreme": lambda *_: 2,
    "fewest": lambda *_: FEWEST,
    "step": lambda *_: STEP,
    "base": lambda *_: ROUNDED_TO,
    "smallest_change": lambda _, cited: measures()["smallest_change"][cited.measure],
    "comparisons": lambda known, _: len(known.verdicts),
    "verdicts": _verdicts,
    "claims": lambda known, _: len(texts("facts", edition=known.edition.name, kind="claim")),
    **dict.fromkeys(("checks", "balances", "findings"), _checks),
    "pages_checked": lambda known, cited: _recorded(known, cited, "pages"),
    "rules_checked": lambda known, cited: _recorded(known, cited, "rules"),
    "faults_found": lambda known, cited: _recorded(known, cited, "faults"),
    "unjudged": lambda known, cited: _recorded(known, cited, "unjudged"),
}
_OF_PLACE: dict[str, Callable[[Known, Figure], list[float]]] = {
    **dict.fromkeys(("p_value", "p_dispersed", "threshold", "compared", "degrees", "dispersion"), _verdict),
    **dict.fromkeys(("tips_at", "shift", "smallest_fall", "smallest_rise", "smallest_shift"), _verdict),
    **dict.fromkeys(("least", "most", "used"), lambda known, cited: _said(known.found, cited)),
    **dict.fromkeys(("smallest", "largest"), _implied),
    **dict.fromkeys(("others", "above", "level", "untold", "best", "worst"), _standing),
    **dict.fromkeys(("conclusive_possible", "conclusive_certain"), _conclusive),
    **dict.fromkeys(("possible", "possible_cut", "possible_whole", "raters"), _possible),
    **dict.fromkeys(("meetings", "orders", "fewest_since"), _meetings),
    **dict.fromkeys(("sum", "difference"), lambda known, cited: _said(known.derived, cited)),
    "residual": _residual,
    "fits": _fits,
    "ratio": _times_left_over,
}
