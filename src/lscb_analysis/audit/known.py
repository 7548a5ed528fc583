"""Every way in which the tables in `data/` give a figure of an edition, from whole numbers and from prints.

Nothing is taken from the frames that chapters use, and nothing from a pack.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lscb_analysis import data
from lscb_analysis.editions import Edition, verdict_table
from lscb_analysis.figure import Figure, Place, period_of
from lscb_analysis.quality import TOTAL, findings, links
from lscb_analysis.records import meetings_held, on_costs, sums, surplus, turned
from lscb_analysis.statistics import Period, implied_earlier, possible_counts, possible_totals, stated


class Estimate(NamedTuple):
    """One way to know a figure: its value, and the whole numbers behind it where there are any."""

    value: float
    unit: str
    sources: frozenset[str]
    printed: str = ""
    numerator: float = np.nan
    denominator: float = np.nan


Told = dict[Place, list[Estimate]]


@dataclass(frozen=True, eq=False)
class Known:
    """What the data give for an edition: `rows` of all tables; `remade` keeps what was made again."""

    edition: Edition
    rows: pd.DataFrame
    remade: dict[tuple[Figure, float], frozenset[float]] = field(default_factory=dict)

    @cached_property
    def told(self) -> Told:
        """Every way to know each figure: as it stands in a table, and as others imply it."""
        told: Told = defaultdict(list)
        for row in self.rows[self.rows["value"].notna()].itertuples():
            _add(told, row)
        for percentages, counts, totals in self.linked:
            _add_implied(told, percentages, counts, totals)
        for way in data.derived("sum"):
            _add_sum(told, way.measure, way.of, way.category.split("; "))
        untold = self.rows[self.rows["value"].isna()]
        hidden = {(row.measure, row.area_code, row.iso) for row in untold.itertuples()}
        for rest in data.derived("remainder"):
            _add_remainder(told, rest.measure, rest.of, rest.by[0], hidden)
        for row in self.derived[self.derived["value"].notna()].itertuples():
            _add(told, row)
        denominators = data.measures()["denominator"]
        numbers = denominators[(denominators != "") & (data.measures()["unit"] == "number")]
        for shares in [*self.linked, *((counts, counts, totals) for counts, totals in numbers.items())]:
            _add_shares(told, self.withheld, self.releases, *shares)
        return {place: list(_once(ways)) for place, ways in told.items()}

    @cached_property
    def linked(self) -> list[tuple[str, str, str]]:
        """Which percentages or rates belong to which numbers, and both to which totals."""
        found = links(self.edition)[["percentages", "counts", "totals"]]
        shares = [(share.measure, share.of, share.by[0]) for share in data.derived("share")]
        return [*shares, *found.itertuples(index=False, name=None)]

    @cached_property
    def releases(self) -> dict[str, str]:
        """The release of each source of national statistics."""
        of = self.rows[self.rows["release"] != ""].drop_duplicates("source")
        return dict(zip(of["source"], of["release"], strict=True))

    @cached_property
    def alike(self) -> dict[str, set[str]]:
        """Measures that are worked out from each other."""
        alike: dict[str, set[str]] = defaultdict(set)
        for link in [
            *self.linked,
            *((rest.measure, rest.of, *rest.by) for rest in data.derived("remainder")),
        ]:
            for measure in link:
                alike[measure].update(link)
        return alike

    @cached_property
    def withheld(self) -> dict[Place, set[str]]:
        """The sources of figures that are not told."""
        found: dict[Place, set[str]] = defaultdict(set)
        for row in self.rows[self.rows["status"] != ""].itertuples():
            found[row.measure, row.category, row.area_code, row.iso].add(row.source)
        for way in data.derived("sum"):
            parts = [(way.of, part) for part in way.category.split("; ")]
            for place in [place for place in found if place[:2] in parts]:
                found[way.measure, TOTAL, *place[2:]] |= found[place]
        return found

    @cached_property
    def sources(self) -> dict[tuple[str, str, str], set[str]]:
        """The sources of each measure, by area and period, whether they tell the figure or not."""
        sources: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for (measure, _, area, period), ways in self.told.items():
            sources[measure, area, period].update(*(estimate.sources for estimate in ways))
        for (measure, _, area, period), names in self.withheld.items():
            sources[measure, area, period].update(names)
        return sources

    @cached_property
    def derived(self) -> pd.DataFrame:
        """What follows from the tables in a way of its own: accounts, meetings, earlier years."""
        frames = list(_ways_of_their_own(self.rows, self.edition.latest))
        derived = pd.concat(frames, ignore_index=True) if frames else self.rows.iloc[:0].assign(fits=np.nan)
        return derived.assign(iso=_iso(derived))

    @cached_property
    def found(self) -> pd.DataFrame:
        """The findings of data quality."""
        found = findings(self.edition)
        return found.assign(iso=_iso(found))

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The edition's table of verdicts, made when it is first asked for."""
        return verdict_table(self.edition)

    @cached_property
    def marks(self) -> list[tuple[str, str, str, str]]:
        """The marks of a register of meetings: day, measure, seat, source."""
        kept = register(self.rows)
        columns = kept.loc[kept["value"] == 1, ["iso", "measure", "category", "source"]]
        return list(columns.itertuples(index=False, name=None))

    @cached_property
    def attended(self) -> dict[str, tuple[str, set[str]]]:
        """Of each measure of attendance, and each mark: which marks it counts, and among which."""
        ways = data.derived("attended")
        every = {mark for way in ways for mark in way.by}
        return {mark: (mark, every) for mark in every} | {way.measure: (way.of, {*way.by}) for way in ways}

    @cached_property
    def end(self) -> str:
        """The last day of the edition's latest period."""
        return f"{data.last_day(self.edition.latest):%Y-%m-%d}"

    @cached_property
    def shown(self) -> set[str]:
        """The codes of the edition's area (several, if it was recoded) and of its comparators."""
        named = {self.edition.area, *self.edition.comparators}
        of = self.rows[self.rows["area_name"].isin(named) | self.rows["area_code"].isin(named)]
        return {*of["area_code"]}

    @cached_property
    def compared(self) -> set[str]:
        """The measures that the edition compares, and the totals behind them."""
        asked = self.edition.comparisons
        parts = [rows for one in asked for rows in (one.counts, one.totals, one.printed)]
        named = {str(rows["measure"]) for rows in parts if rows and "measure" in rows}
        return named.union(*(link for link in self.linked if {*link[:2]} <= named)) - {""}

    @cached_property
    def report(self) -> set[str]:
        """The sources that are parts of the edition's report."""
        documents = data.dictionary().sources.set_index("source")["document"]
        return {*documents.index[documents == (self.edition.report or "")]} - {""}


def known(edition: Edition) -> Known:
    """Return everything that the tables give for `edition`. Raises DataError if a table does not hold."""
    edition.open()
    return _known(edition.model_dump_json(), data.stamp())


@lru_cache(maxsize=1)
def _known(edition_json: str, _stamp: tuple[data.Stamped, ...]) -> Known:
    rows = data.every_row()
    made = Known(Edition.model_validate_json(edition_json), rows.assign(iso=_iso(rows)))
    _ = made.told, made.found  # what the data do not bear is said before anything runs
    return made


def register(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are marks of a register, meeting by meeting."""
    marks = [measure for way in data.derived("attended") for measure in way.by]
    return rows[rows["measure"].isin(marks) & (rows["time_identifier"] == "Day")]


def _iso(frame: pd.DataFrame) -> list[str]:
    ends = zip(frame["period_start"], frame["period_end"], strict=True)
    return [period_of({"period_start": start, "period_end": end}) for start, end in ends]


def _once(ways: list[Estimate]) -> Iterator[Estimate]:
    """Ways that give the same, with the sources of all of them."""
    same: dict[tuple[Any, ...], list[Estimate]] = defaultdict(list)
    for way in ways:
        same[repr(way[:2]), repr(way[3:])].append(way)
    for first, *others in same.values():
        yield first._replace(sources=first.sources.union(*(way.sources for way in others)))


def _add(told: Told, row: Any) -> None:
    number = row.value if row.unit == "number" else np.nan
    printed = row.printed if isinstance(row.printed, str) else ""
    way = Estimate(row.value, row.unit, frozenset(row.source.split()), printed, number)
    told[row.measure, row.category, row.area_code, row.iso].append(way)


def _add_implied(told: Told, percentages: str, counts: str, totals: str) -> None:
    """Add the total that a number and its percentage imply, and the number that a total and its share do."""
    for place in [place for place in told if place[0] == percentages]:
        for share in [share for share in told[place] if share.unit == "%" and share.printed[:1].isdigit()]:
            of, whole = (counts, *place[1:]), (totals, *place[1:])
            for count in [count for count in told.get(of, []) if count.value > 0 and share.value > 0]:
                _add_single(told, whole, possible_totals(int(count.value), share.printed), share)
            for total in told.get((totals, TOTAL, *place[2:]), []):
                _add_single(told, of, possible_counts(int(total.value), share.printed), share)


def _add_single(told: Told, place: Place, could: list[int], share: Estimate) -> None:
    if place[0] and len(could) == 1:
        value = float(could[0])
        told[place].append(Estimate(value, "number", share.sources, "", value))


def _add_remainder(
    told: Told, measure: str, whole: str, part: str, hidden: set[tuple[str, str, str]]
) -> None:
    parts: dict[tuple[str, str], list[Estimate]] = defaultdict(list)
    for (of, _, area, period), ways in told.items():
        if of == part and (part, area, period) not in hidden:
            parts[area, period].append(ways[0])
    for place in [place for place in told if place[0] == whole and parts.get(place[2:])]:
        taken = parts[place[2:]]
        sources = frozenset[str]().union(*(found.sources for found in taken))
        for estimate in told[place]:
            value = estimate.value - sum(found.value for found in taken)
            rest = Estimate(value, "number", sources | estimate.sources, "", value)
            told[measure, *place[1:]].append(rest)


def _add_sum(told: Told, measure: str, of: str, parts: list[str]) -> None:
    """Add the sums of parts of a measure that one source gives."""
    for place in [place for place in told if place[:2] == (of, parts[0])]:
        ways = [told.get((of, part, *place[2:]), []) for part in parts]
        for first in ways[0]:
            same = [[way for way in other if way.sources == first.sources] for other in ways]
            if all(same):
                value = sum(each[0].value for each in same)
                whole = Estimate(value, "number", first.sources, "", value)
                told[measure, TOTAL, *place[2:]].append(whole)


def _add_shares(
    told: Told,
    withheld: Iterable[Place],
    releases: dict[str, str],
    percentages: str,
    counts: str,
    totals: str,
) -> None:
    """Add every quotient of a number and its total, as an estimate of the percentage or rate, and the number.

    Where the number is withheld its total still stands. Those of two `releases` make none, and none of none
    is no percentage.
    """
    unit = str(data.measures()["unit"].get(percentages, "%"))
    rate = "%" if unit == "number" else unit
    each = data.per(rate)
    for place in [place for place in (*told, *withheld) if place[0] == counts and totals]:
        numbers = [estimate for estimate in told.get(place, []) if estimate.unit == "number"]
        same = told.get((totals, TOTAL, *place[2:]), [])
        wholes = same if each == 100 else _populations(told, totals, place)
        for whole in (whole for whole in wholes if whole.unit == "number"):
            of = whole.value
            if not of:
                told[percentages, *place[1:]].append(Estimate(np.nan, "", whole.sources, "", 0, 0))
                continue
            told[percentages, TOTAL, *place[2:]].append(Estimate(np.nan, "", whole.sources, "", np.nan, of))
            for number in numbers:
                value, sources = each * number.value / of, number.sources | whole.sources
                if len({releases[source] for source in sources & releases.keys()}) > 1:
                    continue
                quotient = Estimate(value, rate, sources, "", number.value, of)
                for measure in {counts, percentages}:
                    told[measure, *place[1:]].append(quotient)


def _populations(told: Told, totals: str, place: Place) -> list[Estimate]:
    """The populations of the last day up to a year before a count, as `rate` takes them."""
    end = pd.Timestamp(place[3].rpartition("/")[2])
    days = pd.date_range(end - pd.Timedelta(days=366), end)[::-1].strftime("%Y-%m-%d")
    return next(filter(None, (told.get((totals, TOTAL, place[2], day), []) for day in days)), [])


def _ways_of_their_own(rows: pd.DataFrame, latest: Period) -> Iterator[pd.DataFrame]:
    by_measure = dict(iter(rows.groupby("measure")))

    def of(measure: str) -> pd.DataFrame:
        return by_measure.get(measure, rows.iloc[:0])

    yield from _accounts(of)
    for way in data.derived("meetings"):
        if way.of in by_measure:
            yield meetings_held(register(rows), way.measure)
    for measure in changing() & by_measure.keys():
        cases = of(measure)[of(measure)["period_end"] <= data.last_day(latest)]
        changes = [of(name) for name in data.with_role("more", "fewer", of=measure)]
        told = pd.concat([cases.iloc[:0], *changes])
        told = told[told["period_end"] <= data.last_day(latest)]
        numbers = told[told["unit"] == "number"]
        more, fewer = (numbers[numbers["measure"].isin(data.with_role(role))] for role in ("more", "fewer"))
        if len(numbers):
            last = cases[cases["time_period"] == cases["time_period"].max()]
            yield implied_earlier(last, more, fewer, told[told["unit"] == "%"])


def changing() -> set[str]:
    """Return the measures whose rise or fall another measure states."""
    return {*data.measures()["of"].reindex(data.with_role("more", "fewer"))}


def _accounts(of: Callable[[str], pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The amounts of money that follow from others, and what the parts of a surplus add up to."""
    made: dict[str, pd.DataFrame] = {}
    for way in data.derived("turned", "surplus", "percentage"):
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
