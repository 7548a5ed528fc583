"""Releases to sentences. Every number, direction and comparison in them is bound to its figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import COUNTRY, dictionary, levels, measures, records, texts
from lscb_analysis.editions import CALLED, Pack
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import (
    MINUS,
    Display,
    area,
    as_coded_last,
    bind,
    by_method,
    category,
    claim,
    day,
    if_any,
    isolated,
    name,
    naming,
    percent,
    periods,
    places,
    series,
    sources,
    text,
    told,
    when,
    when_named,
)
from lscb_analysis.project import open_board
from lscb_analysis.release import Release
from lscb_analysis.statistics import (
    LARGEST_TOTAL,
    OTHER_AREA,
    common_totals,
    conclusive_common_totals,
    conclusive_totals,
    rounded,
)

LEVEL = 0.05
"""Of a change that is tested alone, outside of the verdicts."""

ROSE, FELL, STAYED = "rose", "fell", "stayed the same"


@if_any()
def describe_latest(release: Release) -> Display:
    """Say the latest figure of each series, with the whole numbers and the interval it rests on."""
    rows = records(_latest(release.frame))
    return finding(
        Markup("{} was {}{} {}{}.").format(
            _opening(row, at), bind(row, "value"), _per(row), when(row), _resting_on(row)
        )
        for at, row in zip(_in_area(rows), rows, strict=True)
    )


@if_any()
def describe_beside(release: Release) -> Display:
    """Say where the latest figures of an area lie beside those of the country. Nothing is tested."""
    pairs = beside(release.frame)
    if not pairs:
        return finding([])
    here, there = pairs[0]
    places = Markup("{} than in {}").format(area(here), area(there))
    alike = Markup("The same in {} as in {}").format(area(here), area(there))
    words = {-1: Markup("Lower in {}").format(places), 1: Markup("Higher in {}").format(places), 0: alike}
    said = {side: [pair for pair in pairs if _side(*pair) == side] for side in words}
    return finding(
        Markup("{} {}: {}.").format(
            bind(of[0][0], "value", words[side]),
            when(of[0][0]),
            listed([_shown_beside(*pair) for pair in of]),
        )
        for side, of in said.items()
        if of
    )


@if_any()
def describe_each(release: Release) -> Display:
    """Say the figure of each series in every period, in order of time, and compare none of them."""
    told = release.frame.dropna(subset=["value"]).sort_values("period_end", kind="stable")
    groups = [records(rows) for _, rows in told.groupby(["measure", "category"], sort=False)]
    return finding(
        Markup("{} was {}.").format(
            _opening(rows[0], at),
            listed([Markup("{}{} {}").format(bind(row, "value"), _per(row), when(row)) for row in rows]),
        )
        for at, rows in enumerate(groups)
    )


@if_any()
def describe_largest(release: Release) -> Display:
    """Say which category of a mix is the largest in the latest period, and which comes next.

    Only what no other category can reach is said to be the largest, or to come next: neither one of those
    that are not told nor one of another whole. Categories that tie are told together.
    """
    latest = _latest(release.frame).sort_values("value", ascending=False, kind="stable")
    if latest.empty:
        return finding([])
    ranks = [records(rows) for _, rows in latest.groupby("value", sort=False)]
    first = ranks[0][0]
    said = Markup("In {}, {} was {} {}{}").format(
        area(first), _phrase(first), bind(first, "value"), when(first), _resting_on(first)
    )
    if len(ranks[0]) > 1 or not _leads(release.frame, first):
        others = [_with(row) for rows in ranks[:2] for row in rows][1:]
        stand = "stands" if len(others) == 1 else "stand"
        beside = Markup(" Beside it {} {}.").format(stand, listed(others)) if others else ""
        return finding([said + Markup(".") + beside])
    said += Markup(": the {} category.").format(bind(first, "value", "largest"))
    return finding([said, *_next(release.frame, ranks[1:])])


def _next(frame: pd.DataFrame, ranks: Sequence[Sequence[Row]]) -> list[Markup]:
    """What comes after the largest category: those with the same figure together, if they have any cases."""
    if not ranks or not ranks[0][0]["value"]:
        return []
    come = "Next come" if len(ranks[0]) > 1 else "Next comes"
    if not _leads(frame, ranks[0][0]):
        come = come.replace("Next", "Next among those named")
    return [Markup("{} {}.").format(come, listed([_with(row) for row in ranks[0]]))]


def _with(row: Row) -> Markup:
    return Markup("{}, with {}{}").format(quoted(row), bind(row, "value"), _resting_on(row))


def _leads(frame: pd.DataFrame, top: Row) -> bool:
    """Whether no category that is not told, of the whole that `top` is a part of, can reach it.

    Figures of several areas, measures or totals, rates and scores are no parts of one whole.
    """
    parts = frame[(frame["period_end"] == top["period_end"]) & (frame["category"] != "Total")]
    whole = parts[["area_code", "measure", "unit"]].drop_duplicates()
    if len(whole) > 1 or not top["value"] > 0 or top["unit"] not in ("%", "number", "£") or len(parts) < 2:
        return False
    if pd.isna(top["denominator"]):
        mixed = top["unit"] != "%" or abs(parts["value"].sum() - 100) <= 1
        return bool(parts["value"].notna().all() and mixed)
    totals = parts["denominator"].dropna().unique()
    untold = totals[0] - parts["numerator"].sum()
    return len(totals) == 1 and bool(0 <= untold < top["numerator"])


@if_any()
def describe_change(release: Release) -> Display:
    """Say how each comparison changed from the previous period to the latest, with its interval."""
    return finding(change(row, at) for at, row in enumerate(records(release.frame)))


@if_any()
def describe_target(figures: Release, target: Release) -> Display:
    """Say where each series stands against the one figure of `target` in its latest and its first period."""
    aim = next(iter(records(target.frame)), {"value": None})
    if pd.isna(aim["value"]):
        return describe_latest(figures)
    pairs = [_ends(rows) for rows in _lines(figures.frame)]
    sentences = []
    for at, (first, last) in zip(_in_area([last for _, last in pairs]), pairs, strict=True):
        now = bind(last, "value"), when(last), _standing(last, aim), bind(aim, "value")
        said = Markup("{} was {} {}, {} the target of {}").format(_opening(last, at), *now)
        if first is not last:
            said += Markup("; it was {} {}, {} it").format(
                bind(first, "value"), when(first), _standing(first, aim)
            )
        sentences.append(said + Markup("."))
    return finding(sentences)


@if_any()
def describe_larger(first: Release, second: Release) -> Display:
    """Say the latest figure of two releases side by side, and which is the larger, without judging.

    The first alone where the second has no rows.
    """
    if second.frame.empty:
        return describe_latest(first)
    latest = [records(_latest(release.frame)) for release in (first, second)]
    if not all(latest):
        return finding([])
    (one, *_), (other, *_) = latest
    order = (one["value"] > other["value"]) - (one["value"] < other["value"])
    words = {1: "larger than", 0: "the same as", -1: "smaller than"}[order]
    return finding(
        [
            Markup("{} was {}{} {}.").format(_opening(one, 0), bind(one, "value"), _per(one), when(one)),
            Markup("That is {} {}: {}{} {}.").format(
                bind(one, "value", words), subject(other), bind(other, "value"), _per(other), when(other)
            ),
        ]
    )


@if_any(3)
def describe_earlier(latest: Release, earlier: Release, changes: Release) -> Display:
    """Say which earlier figures follow from the changes that a source states, and if its prints agree.

    `earlier` is what `implied_earlier` returns; `changes` has the changes as numbers and as percentages.
    """
    now = {row["category"]: row for row in records(_latest(latest.frame))}
    sentences = []
    for row in records(earlier.frame.dropna(subset=["value"])):
        if row["category"] not in now:
            continue
        same = changes.frame[["category", "period_end"]].eq([row["category"], row["period_end"]]).all(axis=1)
        number, share = (
            records(changes.frame[same & (changes.frame["unit"] == u)])[0] for u in ("number", "%")
        )
        sentences.append(_earlier(now[row["category"]], row, number, share))
    return _listing(sentences)


@if_any()
def describe_implied(totals: Release) -> Display:
    """Say which whole numbers a printed number and its percentage imply, as its total or its part."""
    rows = records(totals.frame.dropna(subset=["value"]))
    if not rows:
        return finding([])
    each = [Markup("{} {}").format(bind(row, "value"), when(row)) for row in rows]
    only = by_method("implied total", "only one whole number gives the percentage printed")
    return finding([Markup("For {}, {}: {}.").format(subject(rows[0]), only, listed(each))])


@if_any()
def describe_bounds(populations: Release, estimates: Release | None = None) -> Display:
    """Say between which whole numbers a population lies that is implied by a figure and its number.

    Where there are `estimates`, say too whether the population each was made with lies there.
    """
    made = records(estimates.frame) if estimates else []
    denominators = {(row["area_code"], row["period_end"]): row for row in made if row["denominator"] > 0}
    sentences = []
    for row in records(populations.frame):
        taken = denominators.get((row["area_code"], row["period_end"]))
        said = Markup("{}, {}: {}").format(name(series(row)), date(row), _bounds(row))
        sentences.append(said + (_taken(row, taken) if taken else Markup("")) + Markup("."))
    return _listing(sentences)


@if_any()
def describe_fit(totals: Release) -> Display:
    """Say which totals the printed percentages could be shares of, by the column `fits`."""
    sentences = []
    for (_, could), rows in totals.frame.groupby(["measure", "fits"], sort=False):
        each = [Markup("{} {}").format(bind(row, "value"), when(row)) for row in records(rows)]
        verb = bind(rows.iloc[0].to_dict(), "fits", "could be" if could else "cannot be")
        what = subject(rows.iloc[0].to_dict())
        sentences.append(
            Markup("The percentages printed {} shares of {}: {}.").format(verb, what, listed(each))
        )
    return _listing(sentences)


@if_any()
def describe_versions(versions: Release) -> Display:
    """Say where sources give different numbers for one period, which is used, and how the others stand to it.

    Takes the frame that `versions` makes; says nothing of a period whose sources agree.
    """
    frame = versions.frame[(versions.frame["stands"] != "") & versions.frame["numerator"].notna()]
    sentences = []
    for _, rows in frame.groupby(["measure", "category", "period_end"], sort=False):
        if rows["numerator"].nunique() > 1:
            each = [_version(same) for _, same in rows.groupby("stands", sort=False)]
            opening = Markup("{}, {}").format(
                name(series(rows.iloc[0].to_dict())), when(rows.iloc[0].to_dict())
            )
            sentences.append(Markup("{}: {}.").format(opening, Markup("; ").join(each)))
    return _listing(sentences)


@if_any()
def describe_standing(standing: Release, claim: Release) -> Display:
    """Say where an area stands among all, and whether that bears out a place it is claimed to have.

    Takes the one row that `standing` makes, and the row of the claim: a place, at most.
    """
    row, claimed = records(standing.frame)[0], next(iter(records(claim.frame)), {"value": None})
    figure = Markup("In {}, {} was {} {}.").format(area(row), subject(row), bind(row, "value"), when(row))
    among = Markup(
        "Of {} other {} in the same table, {} {}, {} had the same, and for {} the source withholds it."
    ).format(
        bind(row, "others"),
        "authority" if row["others"] == 1 else "authorities",
        *(bind(row, "above"), bind(row, "above", "had a higher figure")),
        *(bind(row, "level"), bind(row, "untold")),
    )
    ends = [bind(row, end) for end in ("best", "worst")]
    place = Markup("Its place, counted from the highest, is therefore {}.").format(
        Markup("somewhere from {} to {}").format(*ends) if row["best"] < row["worst"] else ends[0]
    )
    if pd.isna(claimed["value"]):
        return finding([figure, among, place])
    said = Markup("It is printed that {} is {}, without saying by which measure: {}.").format(
        subject(claimed), bind(claimed, "value"), _borne_out(row, claimed)
    )
    return finding([figure, among, place, said])


def _borne_out(row: Row, claimed: Row) -> Markup:
    if row["worst"] <= claimed["value"]:
        return bind(row, "worst", "by this one the claim holds")
    if row["best"] > claimed["value"]:
        return bind(row, "best", "by this one the claim does not hold")
    depends = bind(row, "worst", "by this one the claim may hold")
    return Markup("{}, but what is withheld could alter that").format(depends)


def _version(rows: pd.DataFrame) -> Markup:
    """One number for a period, the places that give it, and how it stands to the number used."""
    row = records(rows)[0]
    known = dictionary().sources.set_index("source").loc[rows["source"]]
    cited = (known["short"] + ": " + known["table"]).unique()
    cites = Markup("; ").join(Markup("<cite>{}</cite>").format(place) for place in cited)
    stands = {
        "same": Markup("is the number used here"),
        "rounded": Markup("is that number rounded to the nearest {}").format(bind(row, "base")),
        "other": Markup("agrees neither with that number nor with it rounded"),
    }[row["stands"]]
    gives = {
        "printed": Markup(", and gives {}{}, as printed").format(bind(row, "value"), _per(row)),
        "another": Markup(", and gives {}{}, which is not what is printed").format(
            bind(row, "value"), _per(row)
        ),
        "": "",
    }[row["gives"]]
    return Markup("{} {}{} ({})").format(bind(row, "numerator"), stands, gives, cites)


def describe_missing_total(estimates: Release, changes: Release) -> Display:
    """Say how many people an unpublished total must have had for a change to exceed chance.

    The latest figures of `estimates` have their numbers; the previous ones only a printed percentage.
    """
    sentences = []
    for row in records(changes.frame):
        if pd.notna(row["denominator_before"]) or pd.isna(row["denominator"] + row["value_before"]):
            continue
        of_measure = estimates.frame[estimates.frame["measure"] == row["measure"]]
        earlier = of_measure[of_measure["time_period"] == row["previous_period"]]
        if earlier.empty:
            continue
        numbers = int(row["numerator"]), int(row["denominator"])
        needed = conclusive_totals(earlier["printed"].iloc[0], *numbers, LEVEL, row["dispersion"])
        sentences.append(Markup("{} {}").format(_behind(row), _turning(row, *needed)))
    return _listing(sentences)


def describe_conclusive(*printed: Release) -> Display:
    """Say how many would have to stand behind two printed percentages for their change to exceed chance.

    Of each series the last two figures are taken, and of those only pairs of which neither has its
    number: both are supposed to rest on the same one.
    """
    told = pd.concat([release.frame for release in printed]).dropna(subset=["value"])
    sentences = [
        _supposing(_last_two(rows))
        for _, rows in told.groupby(["area_code", "measure", "category"], sort=False)
        if len(rows) > 1 and rows["denominator"].isna().all()
    ]
    return _listing(sentences)


def _supposing(row: Row) -> Markup:
    prints = row["printed"], row["printed_before"]
    turning = conclusive_common_totals(*prints, LEVEL, row["dispersion"])
    least = min(set(common_totals(prints[0])) & set(common_totals(prints[1])))
    said = Markup("{} in {}: no number of {} is published, {} or {}.").format(
        name(series(row)), row["area_name"], row["counted"], when(row, before=True), when(row)
    )
    if turning == (least, least):
        return Markup("{} {}").format(said, _always(row, least))
    return Markup("{} Suppose that it was the same both times. {}").format(said, _turning(row, *turning))


def describe_note(pack: Pack, key: str) -> Display:
    """Say what the edition's notes say of `key`, in their own words; nothing if they are silent."""
    note = pack.edition.notes.get(key, "")
    return Display(Markup("<p>{}</p>").format(note) if note else Markup(""), "note")


def describe_facts(pack: Pack, chapter: str, kind: str) -> Display:
    """List what the edition's report says that is no figure, in our words, with what became of it.

    Nothing if it says none of that kind: a section that would show nothing else leaves the page.
    Raises DataError if the file of facts does not hold.
    """
    open_board(pack.edition.data)
    facts = texts("facts", edition=pack.edition.name, chapter=chapter, kind=kind)
    shorts = dictionary().sources.set_index("source")["short"]
    items = [
        Markup("<li><strong>{}</strong>: {}{} <cite>{}</cite></li>").format(
            fact["about"],
            isolated(fact["said"]),
            Markup(" Reported as: {}.").format(isolated(fact["status"])) if fact["status"] else "",
            shorts[fact["source"]],
        )
        for fact in records(facts)
    ]
    listed = Markup('<ul class="facts">{}</ul>').format(Markup("").join(items)) if items else Markup("")
    return Display(listed, "note")


def describe_sources(*releases: Release) -> Display:
    """Say where every figure of the releases comes from, and under which licence."""
    named: dict[str, dict[str, str]] = {}
    for release in releases:
        named |= {source["source"]: source for source in sources(release.frame)}
    documents: dict[str, list[Markup]] = {}
    for source in named.values():
        documents.setdefault(_document(source), []).append(in_full(source))
    items = [
        Markup("<li>{}: {}.</li>").format(name(document), Markup("; ").join(places))
        for document, places in documents.items()
    ]
    licences = sorted({source["licence"] for source in named.values() if source["licence"]})
    notice = Markup(" ").join(
        Markup("<p>Contains public sector information licensed under the {}.</p>").format(licence)
        for licence in licences
    )
    html = Markup('<ul class="sources">{}</ul>{}').format(Markup("").join(items), notice)
    return Display(html, "sources")


@if_any(3)
def describe_outcome(received: Release, spent: Release, surplus: Release, printed: Release) -> Display:
    """Say what came in, what went out and what is left, and whether the accounts print the same."""
    income, outgoings = (_total_row(release) for release in (received, spent))
    left, outcome = records(surplus.frame)[0], next(iter(records(printed.frame)), {"value": None})
    if pd.isna(left["value"]):
        return finding([_without_outcome(income, outgoings)])
    said = Markup("{} the board received {} and spent {}: {} of {}.").format(
        _beginning(when(income)),
        bind(income, "value"),
        bind(outgoings, "value"),
        bind(left, "value", _left_over(left)),
        _amount(left, "value"),
    )
    if pd.isna(outcome["value"]):
        return finding([said])
    same = outcome["value"] == -left["value"]
    report = (
        "The accounts print {} amount as an outcome of {}: there, income is negative, and so is a surplus."
    )
    return finding([said, Markup(report).format("the same" if same else "another", bind(outcome, "value"))])


@if_any()
def describe_sums(sums: Release) -> Display:
    """Say whether the parts of an account add up to the total printed, or by how much they do not."""
    sentences = []
    for row in records(sums.frame):
        if pd.isna(row["difference"]):
            why = "Not all parts are known" if pd.notna(row["value"]) else "The total is not known"
            of = Markup(" of {}").format(bind(row, "value")) if pd.notna(row["value"]) else ""
            said = Markup("{}, so the parts cannot be held against the total{}.").format(why, of)
            sentences.append(said)
            continue
        added, total = bind(row, "sum"), bind(row, "value")
        off, word = _amount(row, "difference"), "more" if row["difference"] > 0 else "less"
        if row["difference"]:
            said = Markup("The parts add up to {}: {} {} than the total printed, {}.")
            sentences.append(said.format(added, off, bind(row, "difference", word), total))
        else:
            said = Markup("The parts add up to {}, which {} the total printed.")
            sentences.append(said.format(added, bind(row, "difference", "is")))
    return finding(sentences)


@if_any(4)
def describe_on_costs(costs: Release, salaries: Release, rates: Release, surplus: Release) -> Display:
    """Say what on-costs would add if salaries stayed as they are and held none, beside what was left over."""
    cost, paid, share, left = (records(release.frame)[0] for release in (costs, salaries, rates, surplus))
    if pd.isna(cost["value"]):
        return finding([])
    said = Markup(
        "If salaries stayed at the {} printed for the year ending {}, and if none of that is on-costs "
        "already, on-costs of {} would add {} {}."
    ).format(
        bind(paid, "value"), day(paid["period_end"]), bind(share, "value"), bind(cost, "value"), when(cost)
    )
    if pd.isna(left["value"]):
        return finding([said])
    if left["value"] <= 0:
        return finding([said, Markup("The year before left nothing over to meet it.")])
    ratio = {**cost, "ratio": cost["value"] / left["value"]}
    beside = Markup("That is {} times what was left over, {}.")
    return finding([said, beside.format(bind(ratio, "ratio"), bind(left, "value"))])


def _without_outcome(*totals: Row) -> Markup:
    """What is said of a year of which it is not known both what came in and what went out."""
    known = [
        Markup("{} {}").format(subject(row), bind(row, "value")) for row in totals if pd.notna(row["value"])
    ]
    said = Markup("{}, what came in and what went out are not both told").format(_beginning(when(totals[0])))
    return said + (Markup(": {}.").format(listed(known)) if known else Markup("."))


def _total_row(release: Release) -> Row:
    return records(release.frame[release.frame["category"] == "Total"])[0]


def _left_over(row: Row) -> str:
    return (
        "neither a surplus nor a deficit"
        if not row["value"]
        else "a surplus"
        if row["value"] > 0
        else "a deficit"
    )


def _amount(row: Row, statistic: str) -> Markup:
    """An amount without its sign, which a word beside it gives."""
    return bind(row, statistic, text(row, statistic).replace(MINUS, ""))


def _beginning(words: Markup) -> Markup:
    return Markup(str(words)[0].upper() + str(words)[1:])


def _document(source: dict[str, str]) -> str:
    """The document that a source is a place of, with its release where it has no sections."""
    release = [] if source["section"] else [f"release {source['release']}"]
    return ", ".join([source["publisher"], source["document"], *release])


def in_full(source: dict[str, str]) -> Markup:
    """Return the place of a source within its document, as the list of sources gives it."""
    section = source["section"]
    where = section if section.startswith("Appendix") or not section else f"section {section}"
    return Markup('<cite id="source-{0}" data-source="{0}">{1}</cite>').format(
        source["source"], f"{where}, {source['table']}" if where else source["table"]
    )


def credit(frame: pd.DataFrame) -> Markup:
    """Return the sources of `frame` in short, for the line below a chart or a table."""
    named: dict[str, str] = {}
    for source in sources(frame):
        named.setdefault(source["short"], source["source"])
    cites = (
        Markup('<cite data-source="{}">{}</cite>').format(source, short) for short, source in named.items()
    )
    return Markup("Source: {}.").format(Markup("; ").join(cites))


def dated(said: Markup, told: pd.DataFrame, every: pd.DataFrame) -> Markup:
    """Return a finding on rows that are `told`, with their periods where `every` has later ones of theirs.

    Those are withheld or not available, and a reader would take the figures for the latest.
    """
    own = every[every["measure"].isin(told["measure"]) & every["category"].isin(told["category"])]
    if told["period_end"].max() >= own["period_end"].max():
        return said
    return Markup("{} ({})").format(said, name(periods(told)))


def headline(
    frame: pd.DataFrame, verdicts: pd.DataFrame | None = None, every: pd.DataFrame | None = None
) -> Markup:
    """Return the finding of a chart of series over time.

    One series: its last two figures, with the verdict on them where `verdicts` has one; several measures:
    each of them. That it rose or fell is said only where the verdict is a change. Several categories: which
    is the largest in the latest period. Periods are named where `every` row, those that are not told among
    them, has later ones.
    """
    frame = as_coded_last(frame)
    every = frame if every is None else every
    parts = frame["denominator"].notna().any() or (frame["unit"] == "%").any()
    if frame["category"].nunique() > 1 and parts:
        return dated(largest(_latest(frame)), _latest(frame), every)
    lines, named = _lines(frame), naming(frame)
    if any(len(rows) < 2 for rows in lines):
        lasts = [rows.sort_values("period_end").tail(1) for rows in lines]
        return Markup("; ").join(dated(_alone(records(last)[0], named), last, every) for last in lasts)
    judged = [] if verdicts is None else records(verdicts)
    pairs = [(_last_two(rows), rows.sort_values("period_end").tail(2)) for rows in lines]
    return Markup("; ").join(
        dated(
            _moved(pair, len(lines) > 1, named, next((row for row in judged if _judges(row, pair)), None)),
            two,
            every,
        )
        for pair, two in pairs
    )


def against(frame: pd.DataFrame, target: pd.DataFrame) -> Markup:
    """Return the finding of a chart with a target: where each series stands in its last period."""
    aim, named = records(target)[0], naming(frame)
    lasts = [last for _, last in map(_ends, _lines(frame))]
    if pd.isna(aim["value"]):
        return Markup("; ").join(_alone(last, named) for last in lasts)
    return Markup("; ").join(
        Markup("{}: {} {}, {} the target of {}").format(
            name(named(last)),
            bind(last, "value"),
            when_named(last),
            _standing(last, aim),
            bind(aim, "value"),
        )
        for last in lasts
    )


MOST_SIDE_BY_SIDE = 3
"""A headline names no more categories than this."""


def largest(frame: pd.DataFrame) -> Markup:
    """Return the finding of a chart of one period: the largest category of a mix, else the first figures."""
    ranked = records(frame.dropna(subset=["value"]).sort_values("value", ascending=False, kind="stable"))
    top = ranked[0]
    ties = len(ranked) > 1 and ranked[1]["value"] == top["value"]
    if ties or not _leads(frame, top):
        named = naming(frame)
        return Markup("; ").join(_alone(row, named) for row in ranked[:MOST_SIDE_BY_SIDE])
    of = (
        ""
        if pd.isna(top["denominator"])
        else Markup(" of {} {}").format(bind(top, "denominator"), top["counted"])
    )
    return Markup("“{}” is the {} category: {}{}").format(
        name(series(top)), bind(top, "value", "largest"), bind(top, "value"), of
    )


def beside(frame: pd.DataFrame) -> list[tuple[Row, Row]]:
    """Return the latest figure of each series of an area, each with that of the country for the period.

    Where the country's is not told the area's has none beside it, and is left out.

    Raises ValueError if a figure has no other beside it, or more than one.
    """
    national = frame["geographic_level"].isin(levels(COUNTRY))
    key = ["measure", "category", "period_end"]
    there = {tuple(row[part] for part in key): row for row in records(frame[national])}
    here = [row for _, of in frame[~national].groupby("measure", sort=False) for row in records(_latest(of))]
    keys = [tuple(row[part] for part in key) for row in here]
    alone = [found for found in keys if found not in there]
    if alone or len(set(keys)) < len(keys):
        raise ValueError(f"Not one figure and one national beside it: {alone or keys}. Correct the rows.")
    both = [(row, there[found]) for row, found in zip(here, keys, strict=True)]
    return [pair for pair in both if pd.notna(pair[1]["value"])]


def _side(here: Row, there: Row) -> int:
    """Whether a figure lies below (-1) or above (1) the one beside it, or is the same, as they are shown."""
    if text(here, "value") == text(there, "value"):
        return 0
    return int(here["value"] > there["value"]) - int(here["value"] < there["value"])


def _shown_beside(here: Row, there: Row) -> Markup:
    title = str(measures().at[here["measure"], "title"])
    figures = bind(here, "value"), bind(there, "value")
    return Markup("{} ({} beside {})").format(name(f"{title[0].lower()}{title[1:]}"), *figures)


def _alone(row: Row, named: Callable[[Row], str]) -> Markup:
    return Markup("{}: {}{}").format(name(named(row)), bind(row, "value"), _per(row))


def _judges(verdict: Row, pair: Row) -> bool:
    """Whether a verdict is on the two figures of a pair."""
    keys = ("area_code", "measure", "category", "period_end", "period_end_before")
    return all(verdict[key] == pair[key] for key in keys)


def change_words(row: Row) -> tuple[str, str]:
    """Return the verb and the noun for a change: fell and fall, rose and rise, or stayed the same.

    What reads the same in both periods stayed the same, whatever lies behind the rounding.
    """
    if row["change"] == 0 or ("value_before" in row and text(row, "value") == text(row, "value_before")):
        return STAYED, "change"
    return (ROSE, "rise") if row["change"] > 0 else (FELL, "fall")


def _latest(frame: pd.DataFrame) -> pd.DataFrame:
    told = frame.dropna(subset=["value"])
    latest = told[told["time_period"] == told["time_period"].max()]
    last = latest.groupby(["measure", "category"])["period_end"].transform("max")
    return latest[latest["period_end"] == last]


def finding(sentences: Iterable[Markup]) -> Display:
    said = Markup(" ").join(sentences)
    if not said:
        return Display(Markup("<p>None of these figures can be told.</p>"), "note")
    return Display(Markup('<p class="finding">{}</p>').format(said), "finding")


def _listing(sentences: Iterable[Markup]) -> Display:
    items = Markup("").join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    if not items:
        return Display(Markup(""), "note")
    return Display(Markup('<ul class="findings">{}</ul>').format(items), "finding")


def listed(parts: list[Markup], between: str = ", ") -> Markup:
    return Markup(between).join(parts[:-1]) + Markup(" and ") + parts[-1] if len(parts) > 1 else parts[0]


def subject(row: Row) -> Markup:
    """Return the phrase of a row's measure: a rate of what is counted is not called a number."""
    phrase = phrase_of(str(measures().at[row["measure"], "phrase"]), str(row.get("unit", "")))
    return Markup('<span data-name="{}">{}</span>').format(row["measure"], phrase)


def phrase_of(phrase: str, unit: str) -> str:
    """Return the phrase of a measure as it fits a figure in `unit`: a number, a rate, a percentage."""
    said = re.fullmatch("the (number|rate|share|percentage) of (.+)", phrase)
    if not said or not unit:
        return phrase
    fits = {"number": ("number",), "%": ("share", "percentage")}.get(unit, ("rate",))
    return phrase if said[1] in fits else f"the {fits[-1]} of {said[2]}"


def _phrase(row: Row) -> Markup:
    if row["category"] == "Total":
        return subject(row)
    return Markup("{} {}").format(subject(row), quoted(row))


def _opening(row: Row, at: int) -> Markup:
    """What a sentence speaks of; the first one of several says where."""
    if at == 0:
        return Markup("In {}, {}").format(area(row), _phrase(row))
    return Markup(str(_phrase(row)).replace(">the ", ">The ", 1))


def _name_of_cell(row: Row) -> Markup:
    return subject(row) if row["category"] == "Total" else quoted(row)


def quoted(row: Row) -> Markup:
    """A category in quotation marks: the words are the source's, not ours."""
    return Markup("“{}”").format(category(row))


def _in_area(rows: Sequence[Row]) -> list[int]:
    """Zero for each row that has to name its area, being the first of it, else one."""
    areas = [row["area_name"] for row in rows]
    return [int(at > 0 and areas[at - 1] == area) for at, area in enumerate(areas)]


def _lines(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The figures of each series of each area."""
    told = frame.dropna(subset=["value"])
    return [rows for _, rows in told.groupby(["area_code", "measure", "category"], sort=False)]


def _ends(rows: pd.DataFrame) -> tuple[Row, Row]:
    """The first and the last figure of a series."""
    ordered = records(rows.sort_values("period_end"))
    return ordered[0], ordered[-1]


def _standing(row: Row, target: Row) -> Markup:
    """Where a figure as printed stands against a target: below, at or above it."""
    order = (row["value"] > target["value"]) - (row["value"] < target["value"])
    return bind(row, "value", {1: "above", 0: "at", -1: "below"}[order])


def _earlier(now: Row, before: Row, number: Row, share: Row) -> Markup:
    """What a stated change, as a number and as a percentage, says of an earlier period."""
    words = str(measures().at[number["measure"], "role"])
    fits = bind(before, "fits", "agree" if before["fits"] else "do not agree")
    return Markup(
        "{} in {}: {} {}, which the source gives as {} ({}) {} than {}; that makes {} then. Number and "
        "percentage {}."
    ).format(
        *(name(series(now)), now["area_name"]),
        *(bind(now, "value"), when(now), bind(number, "value"), bind(share, "value")),
        *(bind(number, "value", words), when(before), bind(before, "value"), fits),
    )


def _per(row: Row) -> Markup:
    return (
        Markup(' <span data-name="unit">{}</span>').format(row["unit"])
        if row["unit"].startswith("per")
        else Markup("")
    )


def _bounds(row: Row) -> Markup:
    """Between which numbers an implied population lies."""
    if pd.isna(row["lower"]):
        return Markup("no whole number of {} gives the figure printed").format(row["counted"])
    ends = {**row, "smallest": row["lower"], "largest": row["upper"]}
    between = by_method("implied bounds", "between {} and {} {}")
    return between.format(bind(ends, "smallest"), bind(ends, "largest"), row["counted"])


def _taken(row: Row, estimate: Row) -> Markup:
    """Whether the population that a rate was made with lies within the bounds."""
    within = row["lower"] <= estimate["denominator"] <= row["upper"]
    words = "lies within" if within else "does not lie within"
    return Markup("; the estimate of {} {}").format(
        bind(estimate, "denominator"), bind(estimate, "denominator", words)
    )


def _resting_on(row: Row) -> Markup:
    if pd.isna(row["lower"]):
        return (
            Markup(" (the source gives no number behind it, so no interval)")
            if row["unit"] == "%"
            else Markup("")
        )
    if pd.isna(row["numerator"]) or pd.isna(row["denominator"]):
        return Markup("")
    return Markup(" ({} of {}; {} confidence interval {} to {})").format(
        bind(row, "numerator"),
        bind(row, "denominator"),
        confidence(row),
        bind(row, "lower"),
        bind(row, "upper"),
    )


def confidence(row: Row) -> Markup:
    return Markup('<data value="{:g}" data-statistic="confidence">{}</data>').format(
        row["confidence"], percent(row["confidence"])
    )


def change(row: Row, at: int) -> Markup:
    """Return the sentence that says how one comparison changed; the first of several says where.

    That it rose or fell is said only where its verdict is a change, or without a verdict where its interval
    leaves “no change” out.
    """
    if pd.isna(row["value_before"]) or pd.isna(row["value"]):
        return _half_told(row, at)
    opening = _opening(row, at)
    before = Markup("{}{} {}").format(bind(row, "value_before"), _per(row), when(row, before=True))
    now = Markup("{} {}").format(bind(row, "value"), when(row))
    nothing = from_nothing(row)
    if pd.isna(row["change"]) or (row["change"] and pd.isna(row["lower"]) and not nothing):
        return Markup("{} was {} and {}.").format(opening, before, now)
    verb, noun = change_words(row)
    alone = row["p_value"] <= 1 - row["confidence"] if nothing else not row["lower"] <= 0 <= row["upper"]
    changed = verb != STAYED and (row["verdict"] in CALLED if "verdict" in row else alone)
    interval = _change_interval(row, changed)
    if verb == STAYED:
        stayed = bind(row, "change", verb)
        return Markup("{} {}: {} and {}{}.").format(opening, stayed, before, now, interval)
    size = Markup("{}{}{}{}").format(_unsigned(row, "size"), points(row, "size"), _unrounded(row), interval)
    if nothing:
        size += Markup("; no percentage can be taken of nothing")
    if not changed:
        return Markup("{} was {} and {}, a difference of {}.").format(opening, before, now, size)
    moved, by = bind(row, "change", verb), bind(row, "change", noun)
    return Markup("{} {} from {} to {}, a {} of {}.").format(opening, moved, before, now, by, size)


def _half_told(row: Row, at: int) -> Markup:
    """The sentence on two figures of which one is not told, or neither."""
    why = {key: _untold(row, before) for key, before in (("value_before", True), ("value", False))}
    known = [key for key in why if pd.notna(row[key])]
    if not known:
        return Markup("{} is not told: {}, and {}.").format(_opening(row, at), *why.values())
    key = known[0]
    missing = why["value" if key == "value_before" else "value_before"]
    return Markup("{} was {}{} {}; {}.").format(
        _opening(row, at), bind(row, key), _per(row), when(row, before=key == "value_before"), missing
    )


def _untold(row: Row, before: bool) -> Markup:
    said = "there is no figure {}"
    if row.get("status_before" if before else "status") == "c":
        said = "the source withholds the figure {}"
    elif before and str(row.get("reason")).startswith(OTHER_AREA):
        said = "the figure {} is of another area of that name"
    return Markup(said).format(when(row, before))


def from_nothing(row: Row) -> bool:
    """Return whether a number or rate was zero before, so that its change is no percentage."""
    return row["value_before"] == 0 and row["change_unit"] not in ("%", "percentage points")


def _unrounded(row: Row) -> str:
    """A few words where a reader who subtracts the figures shown would find another change."""
    if row["change_unit"] == "%":
        return ""
    decimals = places(row, "change")
    before, now, change = (rounded(row[key], decimals) for key in ("value_before", "value", "change"))
    return " before rounding" if now - before != change else ""


def _unsigned(row: Row, statistic: str) -> Markup:
    """A change, or an end of its interval, without its sign, which a word beside it gives."""
    column = statistic.removeprefix("change_") if statistic != "size" else "change"
    shown = told({**row, column: abs(row[column])}, statistic)
    if shown == "almost 0":
        shown = told({**row, "change": row[column]}, "size")
    return bind(row, statistic, shown)


def points(row: Row, statistic: str) -> Markup:
    """Return the unit of a change, to follow its figure: none after one in per cent, which has its sign."""
    if from_nothing(row):
        return _per({"unit": row["change_unit"]})
    if row["change_unit"] == "%":
        return Markup("")
    one = text(row, statistic).replace(MINUS, "") == "1"
    return Markup(" percentage point" if one else " percentage points")


def _change_interval(row: Row, directed: bool) -> Markup:
    """The interval of a change; each end has its direction where it is not `directed` by the sentence."""
    if pd.isna(row["lower"]):
        return Markup("")
    ends = ["change_lower", "change_upper"] if row["upper"] > 0 else ["change_upper", "change_lower"]
    if row["lower"] < 0 < row["upper"] or not (directed or 0 in (row["lower"], row["upper"])):
        ways = ["a rise" if row[end.removeprefix("change_")] > 0 else "a fall" for end in ends]
        said = [
            Markup("{} of {}").format(bind(row, end, way), _unsigned(row, end))
            for end, way in zip(ends, ways, strict=True)
        ]
        return Markup(" ({} confidence interval: from {} to {})").format(confidence(row), *said)
    return Markup(" ({} confidence interval {} to {})").format(
        confidence(row), *(_unsigned(row, end) for end in ends)
    )


def _behind(row: Row) -> Markup:
    return Markup(
        "{}: the figure {} rests on {} of {} {}, the one {} on a number that this pack does not have."
    ).format(
        name(series(row)),
        when(row),
        bind(row, "numerator"),
        bind(row, "denominator"),
        row["counted"],
        when(row, before=True),
    )


def _turning(row: Row, possible: int | None, certain: int | None) -> Markup:
    """From which unpublished number of people on the change of `row` would exceed chance."""
    change = _from_to(row)
    if possible is None:
        return Markup("Whatever that number was, up to {}, {} {}.").format(
            _total(row, "largest_total", LARGEST_TOTAL),
            _total(row, "largest_total", LARGEST_TOTAL, "chance alone could produce"),
            change,
        )
    beyond = Markup("from {} on {}")
    if certain is None:
        beyond = Markup("from there on, it depends on the exact number")
    elif certain > possible:
        beyond += Markup("; in between, it depends on the exact number")
    return Markup("If that number was less than {}, {} {}; {} (tested alone, at {}{}).").format(
        _total(row, "conclusive_possible", possible),
        _total(row, "conclusive_possible", possible, "chance alone could produce"),
        change,
        beyond.format(
            _total(row, "conclusive_certain", certain or 0),
            _total(row, "conclusive_certain", certain or 0, "it would be hard to put down to chance"),
        ),
        _level(),
        _siblings(row),
    )


def _always(row: Row, least: int) -> Markup:
    """What can be said where no number of people that could be printed so leaves a change to chance."""
    return Markup(
        "At least {} {}, the same number {} and {}, could give both; of so many or more, {} {} "
        "(tested alone, at {}{})."
    ).format(
        *(_total(row, "conclusive_certain", least), row["counted"], when(row, before=True), when(row)),
        _total(row, "conclusive_certain", least, "chance alone would hardly bring about"),
        *(_from_to(row), _level(), _siblings(row)),
    )


def _siblings(row: Row) -> str:
    return ", allowing for brothers and sisters" if row["dispersion"] > 1 else ""


def _from_to(row: Row) -> Markup:
    ends = bind(row, "value_before"), bind(row, "value")
    return Markup("the {} from {} to {}").format(bind(row, "change", change_words(row)[1]), *ends)


def _level() -> Markup:
    return Markup('<data value="{}" data-statistic="test_level">{}</data>').format(LEVEL, percent(LEVEL))


def _total(row: Row, statistic: str, total: int, words: str | None = None) -> Markup:
    return bind({**row, statistic: total}, statistic, words)


def date(row: Row, before: bool = False) -> Markup:
    return Markup(re.sub("^(at|in|from) ", "", str(when(row, before))))


def _last_two(rows: pd.DataFrame) -> dict[str, Any]:
    return _pair(*records(rows.sort_values("period_end"))[-2:])


def _pair(before: Row, now: Row) -> dict[str, Any]:
    """Two figures of a series as one row, with the change between them."""
    percent = now["unit"] == "%"
    return {
        **now,
        "dispersion": measures().at[now["measure"], "dispersion"],
        "value_before": before["value"],
        "printed_before": before["printed"],
        "method_before": before["method"],
        "source_before": before["source"],
        "lower_before": before["lower"],
        "previous_period": before["time_period"],
        "period_start_before": before["period_start"],
        "period_end_before": before["period_end"],
        "change": now["value"] - before["value"],
        "change_unit": "percentage points" if percent else now["unit"],
    }


def _moved(pair: Row, several: bool, named: Callable[[Row], str], verdict: Row | None) -> Markup:
    """The last two figures of a series, and what their verdict is; a direction only where it is a change."""
    what, ends = name(named(pair)), (bind(pair, "value_before"), bind(pair, "value"))
    if pd.isna(pair["lower_before"]):
        printed = "printed as " if pair["unit"] == "%" else ""
        return Markup("{}: {}{}, then {}").format(what, printed, *ends)
    verb, _ = change_words(pair)
    colon = ":" if several else ""
    if pair["change"] == 0:
        return Markup("{}{} {} at {}{}").format(what, colon, bind(pair, "change", verb), ends[1], _per(pair))
    if verb != STAYED and verdict and verdict["verdict"] in CALLED:
        return Markup("{}{} {} from {} to {}{}").format(
            what, colon, bind(pair, "change", verb), *ends, _per(pair)
        )
    judged = (
        Markup("{} {}").format("," if several or verb == STAYED else ":", claim(verdict, verdict["verdict"]))
        if verdict
        else ""
    )
    moved = "{}, then {}{}" if verb == STAYED else "from {} to {}{}"
    start = ":" if several or verb == STAYED else ","
    return Markup("{}{} {}{}").format(what, start, Markup(moved).format(*ends, _per(pair)), judged)
