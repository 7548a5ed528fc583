"""An edition opened by a chapter: figures by their measure, and what of them may be shown."""

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import pandas as pd

from lscb_analysis.data import check_area, dictionary, figures, last_day, nearest, totals
from lscb_analysis.doors import check_single_values, offer
from lscb_analysis.editions.edition import TRIED, Edition, EditionError, read_edition, tried
from lscb_analysis.editions.verdicts import (
    SAME_FIGURE,
    Part,
    declared,
    estimates,
    periods,
    verdict_table,
)
from lscb_analysis.errors import NameUnknownError
from lscb_analysis.project import NATIONAL
from lscb_analysis.release import Release, protect
from lscb_analysis.statistics import (
    Period,
    agreed,
    compare,
    count,
    implied_totals,
    mix_changes,
    of_period,
    proportion,
    remainder,
    stated,
)

Areas = Literal["own", "comparators", "all"]


@dataclass(frozen=True, repr=False)
class Pack:
    """What a chapter asks for: frames to work with (`load`, `declared`, …) and releases to show (the others).

    A frame is tidy, as `lscb.load` gives it. A release has been protected under the edition's rule, and its
    estimates and comparisons have the edition's confidence. Where the data or the edition say nothing
    there are no rows, and a section that would show nothing else leaves the page.
    """

    edition: Edition

    def __repr__(self) -> str:
        of, since = self.edition, f"{self.previous} and " if self.previous else "up to "
        return f"{of.name}: {of.area}, {since}{self.latest}, {of.confidence:.4g} confidence, rule {of.rule!r}"

    if not TYPE_CHECKING:  # which finds such names itself

        def __getattr__(self, name: str) -> NoReturn:
            known = {one: one for one in dir(type(self)) if not one.startswith("_")}
            raise NameUnknownError(f"A pack has no {name!r}. {offer(name, known, known)}")

    @property
    def area(self) -> str:
        """The authority, as the data name it.

        >>> pack.area in set(pack.load("cpp_rate")["area_name"])
        True
        """
        return self.edition.area

    @property
    def previous(self) -> Period | None:
        """The earlier of the two periods that are compared: a year, or as `2018 Financial year Q1`.

        None if each comparison is of the last two years of its own measure.

        >>> pack.previous
        2017
        """
        return self.edition.previous

    @property
    def latest(self) -> Period:
        """The later of the two periods that are compared.

        >>> pack.latest
        2018
        """
        return self.edition.latest

    def load(self, *measures: str, areas: Areas = "own", **where: str | int | None) -> pd.DataFrame:
        """Return the rows of these measures, whichever tables have them, in the order of the tables.

        They are of the edition's area, of its `comparators` too, or of `all` areas, and no later than its
        latest period; later is what its report says of a measure that is not compared. Of a figure that
        several sources give, that of the first in the edition's `sources` counts; of those it does not
        name, all stand. `where` keeps the rows whose column equals the value. Raises DataError for a
        measure that the dictionary does not have.

        >>> pack.load("cla_ceased")["value"].tolist()
        [105.0, 135.0, 113.0]
        >>> pack.load("cla_ceased", time_period=2018)["value"].tolist()
        [113.0]
        """
        rows = self._rows(measures, areas, where)
        order = {source: at for at, source in enumerate(self.edition.sources)}
        rank = rows["source"].map(order).astype(float)
        first = rank.groupby([rows[column] for column in SAME_FIGURE]).transform("min")
        return rows[first.isna() | (rank == first)].reset_index(drop=True)

    def said(self, *measures: str, areas: Areas = "own", **where: str | int | None) -> pd.DataFrame:
        """Return what the edition's report says of these measures: a row for each place that says it.

        >>> sorted(pack.said("cla_ceased")["value"])
        [105.0, 113.0, 114.0, 114.0, 135.0]
        """
        rows = self._rows(measures, areas, where)
        return rows[self._of_report(rows)].reset_index(drop=True)

    def others(self, *measures: str, areas: Areas = "own", **where: str | int | None) -> pd.DataFrame:
        """Return what all others than the edition's report say of these measures.

        >>> pack.others("cla_ceased")["source"].unique().tolist()
        ['dfe-cla-2018-cea2018']
        """
        rows = self._rows(measures, areas, where)
        return rows[~self._of_report(rows)].reset_index(drop=True)

    def listed(self, name: str) -> list[str]:
        """Return a list of measures or categories that the edition gives, or an empty one.

        Raises EditionError for a name in it that the dictionary does not have.

        >>> pack.listed("core_partners")
        ['Clinical Commissioning Group', ...]
        """
        known = {*dictionary().measures["measure"], *dictionary().categories["category"]}
        for one in (found := self.edition.lists.get(name, [])):
            if one not in known:
                what = f"{one!r} is neither a measure nor a category. {nearest(one, known)}"
                raise EditionError(f"{self.edition.name}.toml, lists, {name}: {what}")
        return found

    def declared(self, question: str, part: Part) -> pd.DataFrame:
        """Return the rows that the edition declares as one part of a comparison, up to its latest period.

        >>> pack.declared("plans", "counts")["value"].tolist()
        [189.0, 220.0, 116.0]
        """
        return declared(self.edition, question, part)

    def totals(self, question: str, measure: str) -> pd.DataFrame:
        """Return the totals of a comparison: as declared, else those that its prints imply, of `measure`.

        >>> pack.totals("conferences", "icpc")["value"].tolist()
        [216.0, 321.0, 159.0]
        """
        if len(whole := self.declared(question, "totals")):
            return whole
        counts, printed = (self.declared(question, part) for part in ("counts", "printed"))
        return implied_totals(counts, printed, measure)

    def protect(self, *frames: pd.DataFrame | Release) -> Release:
        """Return frames as one release. Raises DisclosureError if the edition's rule cannot be met.

        >>> len(pack.protect(pack.estimates("plans"), pack.estimates("conferences")))  # three years of each
        6
        """
        return protect(*(getattr(one, "frame", one) for one in frames), rule=self.edition.rule)

    def stated(self, *frames: pd.DataFrame) -> Release:
        """Return figures as their source prints them, to be shown.

        >>> pack.stated(pack.load("deaths_notified")).frame["printed"].tolist()
        ['eight', 'six', 'Nine']
        """
        return self.protect(*map(stated, frames))

    def estimates(self, *questions: str) -> Release:
        """Return what the comparisons are made from, for every period up to the latest.

        >>> pack.estimates("plans").frame["value"].round(1).tolist()
        [49.2, 56.7, 29.7]
        """
        asked = {comparison.question for comparison in self.edition.comparisons}
        told = [estimates(self.edition, question) for question in questions if question in asked]
        return self.protect(*told or [stated(figures())])

    def beside(self, *questions: str) -> Release:
        """Return the estimates of the area and of its comparators, where they are of national statistics.

        >>> len(pack.beside("plans"))  # this board's figures are of its own area alone
        0
        """
        asked = {one.question: one for one in self.edition.comparisons}
        national = [of for of in questions if of in asked and "table" not in asked[of].counts]
        told = [estimates(self.edition, question, every=True) for question in national]
        order = {code: at for at, code in enumerate(self.edition.comparators)}
        rows = pd.concat(told or [stated(figures())])
        near = rows["area_code"].map(order).fillna(-1)  # the area itself comes first
        return self.protect(rows.iloc[near.argsort(kind="stable")])

    def verdicts(self, *questions: str) -> Release:
        """Return the verdicts on these questions, or on all that the edition asks.

        >>> pack.verdicts("plans", "conferences").frame["verdict"].tolist()
        ['lower', 'better']
        """
        table = verdict_table(self.edition)
        return self.protect(table[table["question"].isin(questions)] if questions else table)

    def histories(self) -> Release:
        """Return the estimates behind every rate and proportion that is compared, for all periods.

        >>> sorted(pack.histories().frame["measure"].unique())[:3]
        ['cin_rate', 'cla_adopted_percent', 'cla_rate']
        """
        return self.estimates(*(one.question for one in self.edition.comparisons if one.method != "mix"))

    def count(self, *counts: pd.DataFrame) -> Release:
        """Return numbers as estimates, each with the interval of a Poisson count.

        >>> left = pack.count(pack.load("cla_ceased", time_period=2018))
        >>> left.frame[["value", "lower", "upper"]].round(1).values.tolist()
        [[113.0, 93.1, 135.9]]
        """
        return self.protect(*(count(frame, self.edition.confidence) for frame in counts))

    def percentage(self, counts: pd.DataFrame, totals: pd.DataFrame, measure: str = "") -> Release:
        """Return `counts` as percentages of `totals`, with Wilson's interval.

        If a `measure` is named they are of that: as printed where a source prints them. National
        statistics are worked out from their numbers, which tell more.

        >>> in_time, held = pack.declared("conferences", "counts"), pack.totals("conferences", "icpc")
        >>> pack.percentage(in_time, held).frame["value"].round(1).tolist()
        [47.7, 45.5, 66.0]
        """
        made = proportion(counts, self._alongside(totals, counts), self.edition.confidence)
        if not measure:
            return self.protect(made)
        printed = self.load(measure)
        if printed.empty or self.edition.data == NATIONAL:
            return self.protect(made.assign(measure=measure, printed=""))
        return self.protect(stated(agreed(printed), made))

    def rest(self, whole: pd.DataFrame, parts: pd.DataFrame, measure: str) -> pd.DataFrame:
        """Return what `parts` leave of their whole, as a frame of counts of `measure`.

        >>> held, in_time = pack.totals("conferences", "icpc"), pack.declared("conferences", "counts")
        >>> pack.rest(held, in_time, "icpc_late")["value"].tolist()
        [113.0, 175.0, 54.0]
        """
        return remainder(self._alongside(whole, parts), parts, measure)

    def now(self, release: Release) -> Release:
        """Return the figures of the latest period alone, which may be each measure's own.

        >>> pack.now(pack.estimates("plans")).frame["time_period"].tolist()
        [2018]
        """
        return self._of_one(release.frame, 1)

    def before(self, frame: pd.DataFrame) -> Release:
        """Return figures of the period before the latest as their source prints them.

        >>> pack.before(pack.load("cpp_at_31_march")).frame["time_period"].unique().tolist()
        [2017]
        """
        return self._of_one(stated(frame), 0)

    def _of_one(self, frame: pd.DataFrame, at: int) -> Release:
        """The figures of the earlier or the later of the periods that are compared, of each measure."""
        kept = pd.Series(False, frame.index)
        for _, rows in frame.groupby("measure", sort=False):
            when = periods(self.edition, rows)[at]
            kept[rows.index] = rows["time_period"] == when if isinstance(when, int) else of_period(rows, when)
        return self.protect(frame[kept])

    def change(self, *estimates: pd.DataFrame | Release, first: bool = False) -> Release:
        """Return how each measure changed from the previous period to the latest, one after the other.

        Or from the `first` period that its estimates have, if that is before the previous one.

        >>> left = pack.change(pack.count(pack.load("cla_ceased")))
        >>> left.frame[["value_before", "value", "change"]].round(1).values.tolist()
        [[135.0, 113.0, -16.3]]
        """
        every = self.protect(*estimates).frame
        compared = []
        for _, rows in every.groupby("measure", sort=False):
            earliest, (previous, latest) = int(rows["time_period"].min()), periods(self.edition, rows)
            since = earliest if first else previous
            if not first or (isinstance(previous, int) and earliest < previous):
                compared.append(compare(rows, since, latest, self.edition.confidence))
        none = every.head(0)
        return self.protect(
            *compared or [compare(none, *periods(self.edition, none), self.edition.confidence)]
        )

    def mix_changes(self, question: str) -> Release:
        """Return the change of each category of a mix that the edition compares.

        >>> pack.mix_changes("abuse").frame[["category", "change"]].dropna().round(1).values.tolist()
        [['Emotional abuse', -13.7], ['Multiple', 4.2], ['Neglect', 10.5]]
        """
        shares = self.estimates(question).frame
        return self.protect(mix_changes(shares, *periods(self.edition, shares), self.edition.confidence))

    def _alongside(self, whole: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
        """The totals of counts; of national statistics those of the release of each count."""
        if self.edition.data != NATIONAL or whole.empty or counts.empty:
            return whole
        measure, of = (str(frame["measure"].iloc[0]) for frame in (whole, counts))
        return totals(measure, of, area_name=self.area)

    def _rows(
        self, measures: tuple[str, ...], areas: Areas, where: dict[str, str | int | None]
    ) -> pd.DataFrame:
        own = {"area_name": self.area} if areas == "own" else {}
        check_single_values(where, *measures)
        asked = {column: value for column, value in where.items() if value is not None}
        rows = figures(*measures, **own | asked)
        if areas == "comparators":
            names = [self.area, *self.edition.comparators]
            rows = rows[rows[["area_name", "area_code"]].isin(names).any(axis="columns")]
        later = self._of_report(rows) & ~rows["measure"].isin(self._compared())
        return rows[(rows["period_end"] <= last_day(self.latest)) | later]

    def _of_report(self, rows: pd.DataFrame) -> pd.Series:
        document = dictionary().sources.set_index("source")["document"]
        return rows["source"].map(document) == self.edition.report

    def _compared(self) -> set[Any]:
        parts = [part for one in self.edition.comparisons for part in (one.counts, one.totals, one.printed)]
        return {part["measure"] for part in parts if part and "measure" in part}


def open_edition(name: str, instead: str = "") -> Pack:
    """Return an edition opened for a chapter, with values to try `instead` of some of its own.

    They are written as in `confidence: 0.99; previous: 2016`. Raises EditionError as `tried` and
    `read_edition` do, or if papermill was given a parameter that the cells of the notebook do not declare;
    DataError if the data have no such area.

    >>> lscb.open_edition(pack.edition.name).latest
    2018
    >>> lscb.open_edition(pack.edition.name, "previous: 2016").previous
    2016
    """
    if wrong := _wrongly_given():
        raise EditionError(wrong)
    edition = read_edition(name, **tried(instead))
    check_area(edition.area)
    return Pack(edition)


def _wrongly_given() -> str:
    """What is wrong with the parameters that papermill has put in this notebook as it runs, or nothing.

    A running notebook keeps the text of the cells that ran: papermill's begins with a comment, and the cell
    of parameters ran before it.
    """
    cells: list[str] = getattr(sys.modules["__main__"], "In", [])
    at = next((at for at, cell in enumerate(cells) if cell.startswith("# Parameters\n")), None)
    if at is None:
        return ""
    declared = dict(re.findall(r"(?m)^(\w+) *:? *(\w*) *=(?!=)", "\n".join(cells[:at])))
    for name, value in re.findall(r"(?m)^(\w+) = (.*)$", cells[at]):
        if name in TRIED:
            remedy = f"Give it within one: instead = “{name}: {value}”."
            return f"Parameter {name} belongs to the edition. {remedy}"
        if name not in declared:
            return f"This notebook has no parameter {name!r}. {nearest(name, declared)}"
        if declared[name] == "str" and value[:1] not in "'\"":
            return f"Parameter {name} is {value}, which is no text. Give it as one (papermill -r)."
    return ""
