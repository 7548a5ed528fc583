"""Releases to sentences. Every number, direction and comparison in them is bound to its figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import COUNTRY, dictionary, levels, measures, records, texts
from lscb_analysis.editions import CALLED, Pack
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import (
    Display,
    as_coded_last,
    bind,
    day,
    if_any,
    isolated,
    name,
    naming,
    periods,
    places,
    sources_of,
    text,
    when,
)
from lscb_analysis.pages.words import (
    LEVEL,
    direction,
    each,
    from_nothing,
    listed,
    openings,
    say,
    sign,
    unsigned,
    word,
)
from lscb_analysis.release import Release
from lscb_analysis.statistics import (
    LARGEST_TOTAL,
    OTHER_AREA,
    common_totals,
    conclusive_common_totals,
    conclusive_totals,
    rounded,
)

NO_FIGURE = {"value": None}
"""A row where a release has none."""


@if_any()
def latest(release: Release) -> Display:
    """Say the latest figure of each series, with the whole numbers and the interval it rests on.

    >>> lscb.sentences.latest(pack.estimates("plans"))
    In ..., the rate of ... plan was 29.7 per 10,000 children at 31 March 2018 (116 of 39,115; ...
    """
    return _opened("latest.was", records(_latest(release.frame)))


@if_any()
def beside(release: Release) -> Display:
    """Say where the latest figures of an area lie beside those of the country. Nothing is tested.

    >>> lscb.sentences.beside(pack.stated(lscb.agreed(pack.load("eal_primary", areas="comparators"))))
    Lower in ... than in England in spring 2018: ... (14.5% beside 21.2%).
    """
    pairs = pairs_beside(release.frame)
    sides = [[pair for pair in pairs if _side(*pair) == side] for side in (-1, 1, 0)]
    return finding(
        say(
            "beside.said",
            of[0][0],
            there=of[0][1],
            beside=_side(*of[0]),
            each=listed([say("beside.pair", here, there=there) for here, there in of]),
        )
        for of in sides
        if of
    )


@if_any()
def history(release: Release) -> Display:
    """Say the figure of each series in every period, in order of time, and compare none of them.

    >>> lscb.sentences.history(pack.stated(pack.load("plan_visits_in_time")))
    In ..., the percentage of ... was 94% in January 2018 and 97.6% in December 2018.
    """
    told = release.frame.dropna(subset=["value"]).sort_values("period_end", kind="stable")
    groups = [records(rows) for _, rows in told.groupby(["measure", "category"], sort=False)]
    firsts = [rows[0] for rows in groups]
    return finding(
        say("each.was", rows[0], opening=opening, each=each("part.figure", rows))
        for rows, opening in zip(groups, openings(firsts), strict=True)
    )


@if_any()
def largest(release: Release) -> Display:
    """Say which category of a mix is the largest in the latest period, and which comes next.

    Only what no other category can reach is said to be the largest, or to come next: neither one of those
    that are not told nor one of another whole. Categories that tie are told together.

    >>> lscb.sentences.largest(pack.now(pack.estimates("primary_need")))
    In ..., the share of ... is “Abuse or neglect” was 82.1% ...: the largest category. ...
    """
    latest = _latest(release.frame).sort_values("value", ascending=False, kind="stable")
    ranks = [records(rows) for _, rows in latest.groupby("value", sort=False)]
    if not ranks:
        return finding([])
    first = ranks[0][0]
    if len(ranks[0]) == 1 and _leads(release.frame, first):
        return finding([say("largest.leads", first), *_next(release.frame, ranks[1:])])
    others = [row for rows in ranks[:2] for row in rows][1:]
    beside = {"stand": word("stand", len(others)), "each": each("largest.with", others)} if others else {}
    return finding([say("largest.alone", first), *([say("largest.beside", **beside)] if others else [])])


def _next(frame: pd.DataFrame, ranks: Sequence[Sequence[Row]]) -> list[Markup]:
    """What comes after the largest category: those with the same figure together, if they have any cases."""
    if not ranks or not ranks[0][0]["value"]:
        return []
    many = len(ranks[0])
    come = word("next", many) if _leads(frame, ranks[0][0]) else word("next_named", many)
    return [say("largest.next", next=come, each=each("largest.with", ranks[0]))]


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
def change(release: Release) -> Display:
    """Say how each comparison changed from the previous period to the latest, with its interval.

    >>> lscb.sentences.change(pack.verdicts("plans"))
    In ..., the rate of ... fell from 56.7 ... to 29.7 at 31 March 2018, a fall of 48% (...).
    """
    rows = records(release.frame)
    return finding(map(say_change, rows, openings(rows)))


@if_any()
def target(figures: Release, target: Release) -> Display:
    """Say where each series stands against the one figure of `target` in its latest and its first period.

    >>> level_2, aim = (pack.load(of, areas="all") for of in ("training_level_2", "training_level_2_target"))
    >>> lscb.sentences.target(pack.stated(level_2), pack.stated(aim))
    In ..., the percentage of staff with ... was 90% ..., at the target of 90%; it was 32% ..., below it.
    """
    aim = _first(target)
    if pd.isna(aim["value"]):
        return latest(figures)
    pairs = [_ends(rows) for rows in _lines(figures.frame)]
    opened = zip(openings([last for _, last in pairs]), pairs, strict=True)
    return finding(
        say(
            "target.now",
            last,
            opening=opening,
            target=aim,
            standing=_order(last, aim),
            then="" if first is last else say("target.then", first, standing=_order(first, aim)),
        )
        for opening, (first, last) in opened
    )


@if_any()
def larger_of(first: Release, second: Release) -> Display:
    """Say the latest figure of two releases side by side, and which is the larger, without judging.

    The first alone where the second has no rows.

    >>> caseload, children = pack.load("school_nurse_caseload"), pack.declared("plans", "totals")
    >>> lscb.sentences.larger_of(pack.stated(caseload), pack.stated(children))
    In ..., ... was over 50,000 from .... That is larger than the number of ...: 39,115 ...
    """
    if second.frame.empty:
        return latest(first)
    lasts = [records(_latest(release.frame)) for release in (first, second)]
    if not all(lasts):
        return finding([])
    (one, *_), (other, *_) = lasts
    said = say("larger.said", one, opening=openings([one])[0], other=other, larger=_order(one, other))
    return finding([said])


@if_any(3)
def earlier(latest: Release, earlier: Release, changes: Release) -> Display:
    """Say which earlier figures follow from the changes that a source states, and if its prints agree.

    `earlier` is what `implied_earlier` returns; `changes` has the changes as numbers and as percentages.

    >>> cases, more, fewer, percent = (
    ...     pack.load(f"family_court_{of}", areas="comparators", category="Care applications")
    ...     for of in ("cases", "more", "fewer", "more_percent")
    ... )
    >>> then = pack.protect(lscb.statistics.implied_earlier(cases, more, fewer, percent))
    >>> lscb.sentences.earlier(pack.stated(cases), then, pack.stated(more, fewer, percent))
    Care applications in England: 14,207 ... gives as 1,415 (11.1%) more than ...; that makes 12,792 then. ...
    """
    now = {row["category"]: row for row in records(_latest(latest.frame))}
    stated = {(row["category"], row["period_end"], row["unit"]): row for row in records(changes.frame)[::-1]}
    sentences = []
    for then in records(earlier.frame.dropna(subset=["value"])):
        if then["category"] in now:
            number, share = (stated[then["category"], then["period_end"], unit] for unit in ("number", "%"))
            role = str(measures().at[number["measure"], "role"])
            of = {"number": number, "share": share, "then": then, "role": role}
            sentences.append(say("implied.earlier", now[then["category"]], **of))
    return _listing(sentences)


@if_any()
def implied(totals: Release) -> Display:
    """Say which whole numbers a printed number and its percentage imply, as its total or its part.

    >>> in_time, printed = pack.declared("conferences", "counts"), pack.declared("conferences", "printed")
    >>> lscb.sentences.implied(pack.count(lscb.statistics.implied_totals(in_time, printed, "icpc")))
    For the number of ..., only one whole number gives the percentage printed: 216 ..., 321 ... and 159 ...
    """
    rows = records(totals.frame.dropna(subset=["value"]))
    return finding([say("implied.total", rows[0], each=each("part.value", rows))] if rows else [])


@if_any()
def bounds(populations: Release, estimates: Release | None = None) -> Display:
    """Say between which whole numbers a population lies that is implied by a figure and its number.

    Where there are `estimates`, say too whether the population each was made with lies there.
    """
    made = records(estimates.frame) if estimates else []
    denominators = {(row["area_code"], row["period_end"]): row for row in made if row["denominator"] > 0}
    sentences = []
    for row in records(populations.frame):
        taken = denominators.get((row["area_code"], row["period_end"]))
        least, most = row["lower"], row["upper"]
        ends = {**row, "smallest": least, "largest": most}
        bounds = say("implied.no_bounds" if pd.isna(least) else "implied.between", ends)
        beside = Markup("")
        if taken:
            beside = say("implied.taken", taken, within=least <= taken["denominator"] <= most)
        sentences.append(say("implied.bounds", row, bounds=bounds, taken=beside))
    return _listing(sentences)


@if_any()
def fit(totals: Release) -> Display:
    """Say which totals the printed percentages could be shares of, by the column `fits`."""
    groups = [records(rows) for _, rows in totals.frame.groupby(["measure", "fits"], sort=False)]
    return _listing(say("implied.fit", rows[0], each=each("part.value", rows)) for rows in groups)


@if_any()
def versions(versions: Release) -> Display:
    """Say where sources give different numbers for one period, which is used, and how the others stand to it.

    Takes the frame that `versions` makes; says nothing of a period whose sources agree.
    """
    frame = versions.frame[(versions.frame["stands"] != "") & versions.frame["numerator"].notna()]
    sentences = []
    for _, rows in frame.groupby(["measure", "category", "period_end"], sort=False):
        if rows["numerator"].nunique() > 1:
            said = [_version(same) for _, same in rows.groupby("stands", sort=False)]
            sentences.append(say("versions.said", records(rows)[0], each=Markup("; ").join(said)))
    return _listing(sentences)


def _version(rows: pd.DataFrame) -> Markup:
    """One number for a period, the places that give it, and how it stands to the number used."""
    row = records(rows)[0]
    known = dictionary().sources.set_index("source").loc[rows["source"]]
    cited = (known["short"] + ": " + known["table"]).unique()
    return say(
        "versions.version",
        row,
        stands=say(f"versions.{row['stands']}", row),
        gives=say(f"versions.gives_{row['gives']}", row) if row["gives"] else "",
        cites=Markup("; ").join(say("versions.cite", place=place) for place in cited),
    )


@if_any()
def standing(standing: Release, claim: Release) -> Display:
    """Say where an area stands among all, and whether that agrees with the place it is said to have.

    Takes the one row that `standing` makes, and the row of the claim: a place, at most.
    """
    row, claimed = records(standing.frame)[0], _first(claim)
    said = [
        say("place.figure", row),
        say("place.among", row, authorities=word("authorities", row["others"])),
        say("place.range" if row["best"] < row["worst"] else "place.one", row),
    ]
    if pd.notna(claimed["value"]):
        fails = "fails" if row["best"] > claimed["value"] else "open"
        holds = "holds" if row["worst"] <= claimed["value"] else fails
        said.append(say("place.claimed", row, claim=claimed, said=say(f"place.{holds}", row)))
    return finding(said)


def conclusive(*printed: Release, changes: Release | None = None) -> Display:
    """Say how many would have to stand behind printed percentages for their change to exceed chance.

    Of each series the last two figures are taken, and only where neither has its number: both
    are supposed to rest on the same one. With `changes`, as of `pack.verdicts` or `pack.change`, it is said
    of those instead whose latest figure has its numbers and the earlier only its percentage.

    >>> lscb.sentences.conclusive(pack.stated(pack.load("plan_visits_in_time")))
    Children with a plan ...: no number of children is published, ... If that number was less than ...
    """
    every = pd.concat([release.frame for release in printed])
    if changes is not None:
        return _listing(filter(None, (_missing(row, every) for row in records(changes.frame))))
    told = every.dropna(subset=["value"])
    return _listing(
        _supposing(_last_two(rows))
        for _, rows in told.groupby(["area_code", "measure", "category"], sort=False)
        if len(rows) > 1 and rows["denominator"].isna().all()
    )


def _missing(row: Row, estimates: pd.DataFrame) -> Markup | None:
    """How many people an unpublished earlier total must have had for the change of a row to exceed chance."""
    alike = (estimates["measure"] == row["measure"]) & (estimates["time_period"] == row["previous_period"])
    prints = estimates.loc[alike, "printed"]
    known = pd.notna(row["denominator"]) and pd.notna(row["value_before"])
    if pd.notna(row["denominator_before"]) or not known or prints.empty:
        return None
    numbers = int(row["numerator"]), int(row["denominator"])
    needed = conclusive_totals(prints.iloc[0], *numbers, LEVEL, row["dispersion"])
    return say("missing.behind", row, turning=_turning(row, *needed))


def _supposing(row: Row) -> Markup:
    prints = row["printed"], row["printed_before"]
    turning = conclusive_common_totals(*prints, LEVEL, row["dispersion"])
    least = min(set(common_totals(prints[0])) & set(common_totals(prints[1])))
    if turning == (least, least):
        return say("missing.both", row, turning=say("turning.always", {**row, "conclusive_certain": least}))
    return say("missing.both_alike", row, turning=_turning(row, *turning))


def _turning(row: Row, possible: int | None, certain: int | None) -> Markup:
    """From which unpublished number of people on the change of `row` would exceed chance."""
    if possible is None:
        return say("turning.never", {**row, "largest_total": LARGEST_TOTAL})
    row = {**row, "conclusive_possible": possible, "conclusive_certain": certain or 0}
    between = "between" if certain and certain > possible else "beyond"
    return say("turning.said", row, beyond=say(f"turning.{'depends' if certain is None else between}", row))


def note(pack: Pack, key: str) -> Display:
    """Say what the edition's notes say of `key`, in their own words; nothing if they are silent.

    >>> lscb.sentences.note(pack, "plans_explained")
    The report offers reasons, without a figure for any of them: ...
    """
    note = pack.edition.notes.get(key, "")
    return Display(say("facts.note", note=note) if note else Markup(""), "note")


def facts(pack: Pack, chapter: str, kind: str) -> Display:
    """List what the edition's report says that is no figure, in our words, with what became of it.

    Nothing if it says none of that kind: a section that would show nothing else leaves the page.
    Raises DataError if the file of facts does not hold.

    >>> lscb.sentences.facts(pack, "13_board_governance", "plan")
    New arrangements: ...
    """
    return Display(list_of_facts(pack, chapter=chapter, kind=kind), "note")


def list_of_facts(pack: Pack, **of: str) -> Markup:
    """Return facts as a list, in our words, with what became of each; nothing if there are none."""
    pack.edition.open()
    shorts = dictionary().sources.set_index("source")["short"]
    items = [
        say(
            "facts.fact",
            about=fact["about"],
            said=isolated(fact["said"]),
            status=say("facts.status", status=isolated(fact["status"])) if fact["status"] else "",
            cite=shorts[fact["source"]],
        )
        for fact in records(texts("facts", edition=pack.edition.name, **of))
    ]
    return in_list("facts", items)


def sources(*releases: Release) -> Display:
    """Say where every figure of the releases comes from, and under which licence.

    >>> "Annual Report" in lscb.sentences.sources(pack.estimates("plans")).text
    True
    """
    named = {source["source"]: source for release in releases for source in sources_of(release.frame)}
    documents: dict[str, list[Markup]] = {}
    for source in named.values():
        documents.setdefault(_document(source), []).append(_in_full(source))
    items = [
        say("sources.document", document=name(document), places=Markup("; ").join(places))
        for document, places in documents.items()
    ]
    licences = sorted({source["licence"] for source in named.values() if source["licence"]})
    notice = Markup(" ").join(say("sources.licence", licence=licence) for licence in licences)
    return Display(in_list("sources", items) + notice, "sources")


@if_any(3)
def outcome(received: Release, spent: Release, surplus: Release, printed: Release) -> Display:
    """Say what came in, what went out and what is left, and whether the accounts print the same.

    >>> received = pack.protect(lscb.records.turned(pack.load("board_income"), measure="board_received"))
    >>> spent, printed = (pack.stated(pack.load(of)) for of in ("board_expenditure", "board_outcome"))
    >>> left = pack.protect(lscb.records.surplus(received.frame, spent.frame, measure="board_surplus"))
    >>> lscb.sentences.outcome(received, spent, left, printed)
    In the year ... the board received £140,084.42 and spent £137,755.83: a surplus of £2,328.59. ...
    """
    income, outgoings = (
        records(release.frame[release.frame["category"] == "Total"])[0] for release in (received, spent)
    )
    left, outcome = _first(surplus), _first(printed)
    if pd.isna(left["value"]):
        known = [row for row in (income, outgoings) if pd.notna(row["value"])]
        listing = each("part.total", known) if known else ""
        return finding([say("account.half_told" if known else "account.untold", income, each=listing)])
    amount = unsigned(left, "value")
    said = [say("account.outcome", income, spent=outgoings, left=left, left_amount=amount)]
    if pd.notna(outcome["value"]):
        same = word("same_amount", outcome["value"] == -left["value"])
        said.append(say("account.printed", outcome, same=same))
    return finding(said)


@if_any()
def sums(sums: Release) -> Display:
    """Say whether the parts of an account add up to the total printed, or by how much they do not."""

    def key(row: Row) -> str:
        if pd.notna(row["difference"]):
            return "sum_off" if row["difference"] else "sum_is"
        return "sum_of_unknown" if pd.notna(row["value"]) else "sum_to_unknown"

    return finding(say(f"account.{key(row)}", row) for row in records(sums.frame))


@if_any(4)
def on_costs(costs: Release, salaries: Release, rates: Release, surplus: Release) -> Display:
    """Say what on-costs would add if salaries stayed as they are and held none, beside what was left over.

    >>> salaries, spent = (pack.load("board_expenditure", category=of) for of in ("Salaries", "Total"))
    >>> paid, percent = pack.stated(salaries), pack.stated(pack.load("board_on_cost_rate"))
    >>> costs = pack.protect(lscb.records.on_costs(paid.frame, percent.frame, measure="board_on_costs"))
    >>> lscb.sentences.on_costs(costs, paid, percent, pack.stated(spent))
    If salaries stayed at the £87,819.53 printed ..., on-costs of 34% would add £29,858.64 in the year ...
    """
    cost, paid, share, left = map(_first, (costs, salaries, rates, surplus))
    if pd.isna(cost["value"]):
        return finding([])
    said = [say("account.on_costs", cost, paid=paid, share=share, day=day(paid["period_end"]))]
    if pd.isna(left["value"]):
        return finding(said)
    if left["value"] <= 0:
        return finding([*said, say("account.nothing_over")])
    return finding(
        [*said, say("account.times_left", {**cost, "ratio": cost["value"] / left["value"]}, left=left)]
    )


def _document(source: dict[str, str]) -> str:
    """The document that a source is a place of, with its release where it has no sections."""
    release = [] if source["section"] else [f"release {source['release']}"]
    return ", ".join([source["publisher"], source["document"], *release])


def _in_full(source: dict[str, str]) -> Markup:
    """The place of a source within its document, as the list of sources gives it."""
    section = source["section"]
    where = section if section.startswith("Appendix") or not section else f"section {section}"
    place = f"{where}, {source['table']}" if where else source["table"]
    return say("sources.cite", source=source["source"], place=place)


def credit(frame: pd.DataFrame) -> Markup:
    """Return the sources of `frame` in short, for the line below a chart or a table."""
    named: dict[str, str] = {}
    for source in sources_of(frame):
        named.setdefault(source["short"], source["source"])
    cites = (say("sources.short", source=source, place=short) for short, source in named.items())
    return say("sources.credit", sources=Markup("; ").join(cites))


def dated(said: Markup, told: pd.DataFrame, every: pd.DataFrame) -> Markup:
    """Return a finding on rows that are `told`, with their periods where `every` has later ones of theirs.

    Those are withheld or not available, and a reader would take the figures for the latest.
    """
    own = every[every["measure"].isin(told["measure"]) & every["category"].isin(told["category"])]
    if told["period_end"].max() >= own["period_end"].max():
        return said
    return say("headline.dated", said=said, periods=name(periods(told)))


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
        return dated(largest_headline(_latest(frame)), _latest(frame), every)
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
    key = "part.headline" if pd.isna(aim["value"]) else "target.headline"
    return Markup("; ").join(
        say(key, last, what=name(named(last)), target=aim, standing=_order(last, aim))
        for _, last in map(_ends, _lines(frame))
    )


MOST_SIDE_BY_SIDE = 3
"""A headline names no more categories than this."""


def largest_headline(frame: pd.DataFrame) -> Markup:
    """Return the finding of a chart of one period: the largest category of a mix, else the first figures."""
    ranked = records(frame.dropna(subset=["value"]).sort_values("value", ascending=False, kind="stable"))
    top = ranked[0]
    ties = len(ranked) > 1 and ranked[1]["value"] == top["value"]
    if ties or not _leads(frame, top):
        named = naming(frame)
        return Markup("; ").join(_alone(row, named) for row in ranked[:MOST_SIDE_BY_SIDE])
    return say("largest.headline", top, of="" if pd.isna(top["denominator"]) else say("largest.of", top))


def pairs_beside(frame: pd.DataFrame) -> list[tuple[Row, Row]]:
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


def _alone(row: Row, named: Callable[[Row], str]) -> Markup:
    return say("part.headline", row, what=name(named(row)))


def _judges(verdict: Row, pair: Row) -> bool:
    """Whether a verdict is on the two figures of a pair."""
    keys = ("area_code", "measure", "category", "period_end", "period_end_before")
    return all(verdict[key] == pair[key] for key in keys)


def _latest(frame: pd.DataFrame) -> pd.DataFrame:
    told = frame.dropna(subset=["value"])
    latest = told[told["time_period"] == told["time_period"].max()]
    last = latest.groupby(["measure", "category"])["period_end"].transform("max")
    return latest[latest["period_end"] == last]


def _opened(key: str, rows: Sequence[Row]) -> Display:
    """A sentence of each row, which says where if the one before does not."""
    opened = zip(rows, openings(rows), strict=True)
    return finding(say(key, row, opening=opening) for row, opening in opened)


def finding(sentences: Iterable[Markup]) -> Display:
    """Return sentences as a paragraph, or that nothing can be told where there are none."""
    said = Markup(" ").join(sentences)
    if not said:
        return Display(say("none.told"), "note")
    return Display(Markup('<p class="finding">{}</p>').format(said), "finding")


def in_list(kind: str, items: Sequence[Markup]) -> Markup:
    """Return items as a list; nothing of none."""
    marked = Markup("").join(Markup("<li>{}</li>").format(item) for item in items)
    return Markup('<ul class="{}">{}</ul>').format(kind, marked) if items else Markup("")


def _listing(sentences: Iterable[Markup]) -> Display:
    items = list(sentences)
    return Display(in_list("findings", items), "finding" if items else "note")


def _first(release: Release) -> Row:
    return next(iter(records(release.frame)), NO_FIGURE)


def _order(one: Row, other: Row) -> int:
    """Whether a figure as printed is larger (1) or smaller (-1) than another."""
    return 0 if pd.isna(other["value"]) else sign(one["value"] - other["value"])


def _lines(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The figures of each series of each area."""
    told = frame.dropna(subset=["value"])
    return [rows for _, rows in told.groupby(["area_code", "measure", "category"], sort=False)]


def _ends(rows: pd.DataFrame) -> tuple[Row, Row]:
    """The first and the last figure of a series."""
    ordered = records(rows.sort_values("period_end"))
    return ordered[0], ordered[-1]


def say_change(row: Row, opening: Markup) -> Markup:
    """Return the sentence that says how one comparison changed, after what it speaks of.

    That it rose or fell is said only where its verdict is a change, or without a verdict where its interval
    leaves “no change” out.
    """
    if pd.isna(row["value_before"]) or pd.isna(row["value"]):
        return _half_told(row, opening)
    nothing, way = from_nothing(row), direction(row)
    if pd.isna(row["change"]) or (row["change"] and pd.isna(row["lower"]) and not nothing):
        return say("change.were", row, opening=opening)
    alone = row["p_value"] <= 1 - row["confidence"] if nothing else not row["lower"] <= 0 <= row["upper"]
    changed = bool(way) and (row["verdict"] in CALLED if "verdict" in row else alone)
    interval = _change_interval(row, changed)
    size = say(
        "change.size_of_nothing" if nothing else "change.size",
        row,
        unrounded=_unrounded(row),
        interval=interval,
    )
    key = "moved" if changed else "differed" if way else "stayed"
    return say(f"change.{key}", row, opening=opening, size=size, interval=interval)


def _half_told(row: Row, opening: Markup) -> Markup:
    """The sentence on two figures where one is not told, or neither."""
    known = "only_before" if pd.notna(row["value_before"]) else "untold"
    key = "only_now" if pd.notna(row["value"]) else known
    whys = {"why_before": _untold(row, True), "why": _untold(row, False)}
    return say(f"change.{key}", row, opening=opening, **whys)


def _untold(row: Row, before: bool) -> Markup:
    other = before and str(row.get("reason")).startswith(OTHER_AREA)
    withheld = row.get("status_before" if before else "status") == "c"
    why = "withheld" if withheld else "other_area" if other else "no_figure"
    return say(f"change.{why}", when=when(row, before))


def _unrounded(row: Row) -> str:
    """A few words where a reader who subtracts the figures shown would find another change."""
    if row["change_unit"] == "%":
        return ""
    decimals = places(row, "change")
    before, now, change = (rounded(row[key], decimals) for key in ("value_before", "value", "change"))
    return word("unrounded", now - before != change)


def _change_interval(row: Row, directed: bool) -> Markup:
    """The interval of a change; each end has its direction where it is not `directed` by the sentence."""
    if pd.isna(row["lower"]):
        return Markup("")
    ends = ["lower", "upper"] if row["upper"] > 0 else ["upper", "lower"]
    low, high = (unsigned(row, f"change_{end}") for end in ends)
    if row["lower"] < 0 < row["upper"] or not (directed or 0 in (row["lower"], row["upper"])):
        ways = [bind(row, f"change_{end}", word("way", row[end])) for end in ends]
        low, high = (
            say("change.end", way=way, size=size) for way, size in zip(ways, (low, high), strict=True)
        )
        return say("change.interval_both_ways", row, low=low, high=high)
    return say("change.interval", row, low=low, high=high)


def _last_two(rows: pd.DataFrame) -> dict[str, Any]:
    return _pair(*records(rows.sort_values("period_end"))[-2:])


EARLIER = ("value", "printed", "method", "source", "lower", "period_start", "period_end")
"""What a row of a change has of the earlier figure as well."""


def _pair(before: Row, now: Row) -> dict[str, Any]:
    """Two figures of a series as one row, with the change between them."""
    return {
        **now,
        **{f"{key}_before": before[key] for key in EARLIER},
        "dispersion": measures().at[now["measure"], "dispersion"],
        "previous_period": before["time_period"],
        "change": now["value"] - before["value"],
        "change_unit": "percentage points" if now["unit"] == "%" else now["unit"],
    }


def _moved(pair: Row, several: bool, named: Callable[[Row], str], verdict: Row | None) -> Markup:
    """The last two figures of a series, and what their verdict is; a direction only where it is a change."""
    what, way = name(named(pair)), direction(pair)
    if pd.isna(pair["lower_before"]):
        return say("headline.unproven" if pair["unit"] == "%" else "headline.given", pair, what=what)
    if not pair["change"] or (way and verdict and verdict["verdict"] in CALLED):
        key = "moved" if pair["change"] else "same"
        return say(f"headline.{key}", pair, what=what, colon=":" if several else "")
    mark = "," if several or not way else ":"
    judged = say("headline.judged", verdict, mark=mark) if verdict else ""
    key, start = "differed" if way else "stayed", ":" if several else ","
    return say(f"headline.{key}", pair, what=what, start=start, judged=judged)
