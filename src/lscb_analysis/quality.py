"""Where published figures contradict themselves or each other, and where they agree: by rules, never by hand.

Each rule takes every figure there is and returns a row for each thing it checked, also for what fits: next
year's report is checked by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from lscb_analysis.consistency import (
    ContradictionError,
    could_be_printed,
    given_away,
    possible_counts,
    possible_totals,
    suppressed_bounds,
)
from lscb_analysis.data import dictionary, load, measures, tables, texts
from lscb_analysis.editions import Comparison, Edition
from lscb_analysis.rates import AS_PRINTED, PERIOD, PLACE, SUBJECT, decimals

Figure = dict[str, Any]
"""One row of the frame of figures."""

TOTAL = "Total"
WHOLE = ["area_code", *PERIOD]
CELL = [*WHOLE, "measure", "category"]
FINDING = [
    *("rule", *PLACE, *PERIOD, *SUBJECT, "unit"),
    *("value", "printed", "qualifier", "method", "source", "status"),
    *("least", "most", "denominator_source", "balance"),
    *("exact", "period_start_before", "period_end_before"),
    *("serious", "used", "used_source", "why"),
]

SERIOUS = {
    "rounding": "the figures differ as they would if one was rounded to the nearest five",
    "slight": "the difference is smaller than any that matters to the board, or what is withheld can be "
    "worked out nearly",
    "serious": "the difference is as large as one that matters to the board, what is counted is not what is "
    "said, or what is withheld can be worked out exactly",
    "not sized": "the dictionary does not say which difference matters",
}
"""How serious a finding is, and what each word means."""

COMPARED = "the comparison of this pack is made from it"
FIRST = "its source comes first in the list of sources"
ONLY = "no other place gives it"
AGREED = "all places give the same"
NEITHER = "none of the dates"
WITHHELD = "its source withholds it"

EVENTS = "events"
"""What a measure counts whose rows date an event, each as one place does."""

CHANGES = {"_more": 1, "_fewer": -1}
"""How the names of measures end that say how much more or fewer there were later, and the sign of it."""

ROUNDED_TO = 5
"""To what the Department for Education rounded the numbers of children looked after until 2017."""


def findings(edition: Edition) -> pd.DataFrame:
    """Return a row for each thing that the rules checked, with the columns `FINDING`.

    `value` is what stands in `source`; `least` and `most` are the ends of what the figures of
    `denominator_source` leave for it, and `balance` says whether it lies there. `serious` is a key of
    `SERIOUS`, empty where all is well; `used`, `used_source` and `why` say which value the pack uses.
    A row of the rule `withheld` has status `c` and no number: there `balance` says that the figure stays
    withheld, and `exact` that it can be worked out. A row of the rule `dates` has in `period_start_before`
    and `period_end_before` the period that its place is about.
    """
    figures, linked = published(edition), links(edition)
    found = [check(figures, linked).assign(rule=rule) for rule, check in RULES.items()]
    together = pd.concat([frame for frame in found if len(frame)], ignore_index=True)
    return _judged(together, figures).reindex(columns=FINDING)


def published(edition: Edition) -> pd.DataFrame:
    """Return the figures of all tables, with what the dictionary says of their measures.

    Left out is what the publisher of the edition's report says in other reports, and what is later than
    that report. Which report it is follows from the facts that were taken from it. `rank` orders the
    sources of a figure: 0 where a comparison of the edition takes it, then the order of the sources.
    """
    frames = [load(name).assign(table=name) for name in tables()]
    figures = _of_its_time(pd.concat(frames, ignore_index=True), edition)
    order = {source: at for at, source in enumerate(dictionary().sources["source"], 1)}
    rank = figures["source"].map(order).mask(_compared(figures, edition), 0)
    known = measures()[["title", "scheme", "denominator"]]
    return figures.assign(rank=rank).join(known, on="measure")


LINK = ["percentages", "counts", "totals", "mix", "heading"]


def links(edition: Edition) -> pd.DataFrame:
    """Return which measures belong together, with the columns `LINK`.

    A percentage or rate belongs to the number of the same title and scheme, and to the total that the
    dictionary gives as its denominator; or a comparison of the edition says to which. `mix` marks
    comparisons whose categories make a whole; `heading` is a total that the source names wrongly.
    """
    known = measures().reset_index()
    denominators = known.set_index("measure")["denominator"]
    asked = [_asked(comparison, denominators) for comparison in edition.comparisons]
    figures, numbers = known[known["unit"].str.match("%|per")], known[known["unit"] == "number"]
    alike = figures.merge(numbers, on=["title", "scheme"], how="left", suffixes=("", "_of")).fillna("")
    own, others = alike["denominator"], alike["denominator_of"]
    odd = (own != "") & (others != "") & (own != others)
    by_title = pd.DataFrame(
        {
            "percentages": alike["measure"],
            "counts": alike["measure_of"].mask(odd, ""),
            "totals": own.mask(own == "", others),
            "mix": False,
            "heading": "",
        }
    )
    both = pd.concat([pd.DataFrame(asked, columns=LINK), by_title], ignore_index=True)
    linked = both.drop_duplicates(["percentages", "counts", "totals"])
    counted = linked.loc[linked["counts"] != "", "percentages"]
    return linked[(linked["counts"] != "") | ~linked["percentages"].isin(counted)].reset_index(drop=True)


def check_parts(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold each whole against its parts: percentages against 100, numbers and money against their total.

    Parts are the categories of a measure in one source. They make a whole if a comparison says so, if
    their source gives the total beside them, or if they reach it in some period or place. A part that is
    withheld may be whatever is left. `value` is the whole, `least` to `most` what its parts add up to.
    """
    added = _added(figures[(figures["category"] != TOTAL) & (figures["scheme"] != "")])
    wholes = pd.concat([_hundred(added), _own_totals(added, figures), _named_totals(added, figures)])
    wholes["balance"] = wholes["value"].between(wholes["least"], wholes["most"])
    wholes["rounding"] = wholes["value"].between(
        wholes["least"] - wholes["slack"], wholes["most"] + wholes["slack"]
    )
    reached = wholes.loc[wholes["balance"] & wholes["told"], "of"]
    mixes = linked.loc[linked["mix"], ["percentages", "counts"]].to_numpy().ravel()
    makes_a_whole = wholes["own"] | wholes["of"].isin([*reached, *mixes])
    held = wholes[makes_a_whole & (wholes["all"] | ~wholes["balance"])]
    tells = ~(held["withheld"] & held["balance"])  # the rest of a sum would narrow down what is withheld
    return held.assign(least=held["least"].where(tells), most=held["most"].where(tells))


def check_accounts(figures: pd.DataFrame, _: pd.DataFrame) -> pd.DataFrame:
    """Hold an amount that stands beside two totals against what the one leaves of the other.

    `least` and `most` are the sum or difference of the totals that comes nearest.
    """
    money = figures[(figures["unit"] == "£") & (figures["category"] == TOTAL) & figures["value"].notna()]
    section = money["source"].map(dictionary().sources.set_index("source")["section"])
    rows = []
    for _key, account in money.groupby([*(money[key] for key in WHOLE), section], sort=False):
        outcomes, totals = account[account["scheme"] == ""], account[account["scheme"] != ""]
        if len(outcomes) == 1 and len(totals) == 2:
            outcome, (one, other) = outcomes.iloc[0].to_dict(), totals["value"]
            left = [round(amount, 2) for amount in (one + other, one - other, other - one)]
            nearest = min(left, key=lambda amount: abs(amount - outcome["value"]))
            rows.append(_held(outcome, nearest, nearest, *totals["source"]))
    return pd.DataFrame(rows)


def check_places(figures: pd.DataFrame, _: pd.DataFrame) -> pd.DataFrame:
    """Hold a figure that several places state against the place that the pack takes it from.

    A figure printed with fewer decimals, or as about, over or at least so much, agrees with any that it
    could be.
    """
    told = figures[figures["value"].notna() & (figures["counted"] != EVENTS)]
    told = told.sort_values("rank", kind="stable")
    told = told.assign(**dict(zip(("least", "most"), _spans(told), strict=True)))
    named = told.groupby([*CELL, "value"])["source"].agg(" ".join).rename("sources").reset_index()
    taken = told.drop_duplicates(CELL)[[*CELL, "value", "source", "least", "most"]]
    both = told[told.duplicated(CELL)].merge(taken, on=CELL, suffixes=("", "_taken"))
    both = both.merge(
        named, left_on=[*CELL, "value_taken"], right_on=[*CELL, "value"], suffixes=("", "_named")
    )
    meet = (both["least"] <= both["most_taken"]) & (both["least_taken"] <= both["most"])
    pair = both[["value", "value_taken"]]
    least, most = pair.min(axis=1), pair.max(axis=1)
    rounded = pair.mod(ROUNDED_TO).eq(0).any(axis=1) & (most - least < ROUNDED_TO / 2)
    return both.assign(
        least=both["value_taken"],
        most=both["value_taken"],
        denominator_source=both["sources"].where(~meet, both["source_taken"]),
        balance=meet,
        rounding=rounded & (both["unit"] == "number"),
    )


def check_rates(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold a printed rate against its number and the population of the middle of the year before.

    The population that number and rate imply holds the published one exactly where this balances.
    """
    rates = _with_links(figures[figures["unit"].str.startswith("per")], linked)
    counted = rates.merge(_part(figures, "counts", ["category", *WHOLE]), on=["counts", "category", *WHOLE])
    ends = _part(figures, "totals", ["area_code", "period_end"])
    both = counted.merge(ends.rename(columns={"period_end": "mid_year"}), on=["totals", "area_code"])
    both = both[(both["period_end"] - both["mid_year"]).dt.days.between(0, 366)]
    latest = both[both["mid_year"] == both.groupby(CELL)["mid_year"].transform("max")]
    once = latest.sort_values("rank", kind="stable").drop_duplicates([*CELL, *_NUMBERS])
    return pd.DataFrame(_quotient(row, _per(row["unit"])) for row in _rows(once))


def check_percentages(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold a printed percentage against its number and total, or against all whole numbers of one of them.

    What could not fail is not checked: any percentage is some whole number of a large total. Nor is what
    would tell of a number that is withheld.
    """
    exact = figures["value"].notna() & figures["qualifier"].isin(["", "about"])
    told = _with_links(figures[(figures["unit"] == "%") & exact], linked)
    counted = told.merge(
        _part(figures, "counts", ["category", *WHOLE]), on=["counts", "category", *WHOLE], how="left"
    )
    both = counted.merge(_part(figures, "totals", WHOLE), on=["totals", *WHOLE], how="left")
    withheld = pd.MultiIndex.from_frame(figures.loc[figures["status"] == "c", CELL])
    told = ~pd.MultiIndex.from_frame(both[[*WHOLE, "counts", "category"]]).isin(withheld)
    once = both[told].sort_values("rank", kind="stable").drop_duplicates([*CELL, *_NUMBERS])
    return pd.DataFrame(row for row in map(_percentage, _rows(once)) if row)


def check_headings(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold percentages against the total that their heading names, where they are not said to be of it.

    Each period of a source is one row: the first percentage that no whole number of that total gives.
    """
    told = _with_links(figures[(figures["unit"] == "%") & figures["value"].notna()], linked)
    named = told[told["heading"] != ""].assign(meant=told["totals"], totals=told["heading"])
    titles = measures()["title"]
    year = ["area_code", "time_period"]
    both = named.merge(_part(figures, "totals", year), on=["totals", *year])
    rows = []
    for _key, mix in both.groupby(["measure", "source", *WHOLE], sort=False):
        held = [_of_total(row) for row in _rows(mix)]
        row = next((row for row in held if not row["balance"]), held[0])
        rows.append(row | {"rounding": False, "why": f"as a share of: {titles[row['meant']]}"})
    return pd.DataFrame(rows)


def check_changes(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold a stated change in numbers against the same change in per cent, given the later figure.

    A change is a measure whose name ends as one of `CHANGES` does; its row is of the earlier period, and
    its percentage is of the measure that the dictionary gives as the denominator. `least` and `most` are
    the changes that the percentage allows.
    """
    changes = figures[figures["measure"].str.endswith(tuple(CHANGES)) & figures["value"].notna()]
    told = changes.merge(linked, left_on="measure", right_on="counts")
    cell = ["source", "category", *WHOLE]
    percent = figures[[*cell, "measure", "value", "printed"]].rename(columns={"measure": "percentages"})
    both = told.merge(percent, on=["percentages", *cell], suffixes=("", "_percent"))
    later = figures[["measure", "source", "area_code", "category", "period_end", "value"]]
    later = later.rename(columns={"measure": "totals", "value": "later", "period_end": "later_end"})
    pairs = both.merge(later, on=["totals", "source", "area_code", "category"])
    pairs = pairs[pairs["later_end"] > pairs["period_end"]]
    return pd.DataFrame(_held(row, *_allowed(row), row["source"]) for row in _rows(pairs))


def check_wholes(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold a number against the one it is a part of, by the dictionary: no part is above its whole.

    The whole is that of the same period, or of a day in it or up to a year before it. Parts whose sum is
    held against their whole already are passed over.
    """
    parts = figures[(figures["unit"] == "number") & (figures["denominator"] != "") & figures["value"].notna()]
    parts = parts[~parts["measure"].isin(check_parts(figures, linked)["of"])]
    wholes = _part(figures, "totals", WHOLE).rename(columns={key: f"{key}_of" for key in PERIOD})
    both = parts.assign(totals=parts["denominator"]).merge(wholes, on=["totals", "area_code"])
    same = (both["period_start_of"] == both["period_start"]) & (both["period_end_of"] == both["period_end"])
    day = both["period_start_of"] == both["period_end_of"]
    near = both["period_end_of"].between(both["period_start"] - pd.Timedelta(days=366), both["period_end"])
    both = both[same | (day & near)].assign(same=same).sort_values(["same", "period_end_of"], ascending=False)
    once = both.drop_duplicates([*CELL, "value"]).assign(lowest=lambda rows: _spans(rows)[0])
    held = [_held(row, 0, row["value_totals"], row["source_totals"]) for row in _rows(once)]
    return pd.DataFrame(row | {"balance": row["lowest"] <= row["most"]} for row in held)


def check_dates(figures: pd.DataFrame, _: pd.DataFrame) -> pd.DataFrame:
    """Hold the date of a figure against the year that the others of its place are of, or of an event
    against the date that another place gives.

    A place is checked if it has a figure of a day and several measures of one and the same year. An event
    is what a measure counts as `EVENTS`; its dates agree if they overlap.
    """
    return pd.concat([_places_of_a_year(figures), _events(figures)])


def _events(figures: pd.DataFrame) -> pd.DataFrame:
    told = figures[figures["counted"] == EVENTS].sort_values("rank", kind="stable")
    event = ["area_code", "measure", "category"]
    dates = ["period_start", "period_end", "source"]
    first = told.drop_duplicates(event)[[*event, *dates]]
    both = told[told.duplicated(event)].merge(first, on=event, suffixes=("", "_before"))
    meet = (both["period_start"] <= both["period_end_before"]) & (
        both["period_end"] >= both["period_start_before"]
    )
    return both.assign(denominator_source=both["source_before"], balance=meet, rounding=False)


def _places_of_a_year(figures: pd.DataFrame) -> pd.DataFrame:
    rows: list[Figure] = []
    for _key, place in figures.groupby("source", sort=False):
        years = place[place["period_end"] - place["period_start"] > pd.Timedelta(days=300)]
        days = place["time_identifier"] == "Day"
        if not days.any() or years["measure"].nunique() < 2 or years["period_end"].nunique() > 1:
            continue
        start, end = years["period_start"].iloc[0], years["period_end"].iloc[0]
        within = place["period_end"].between(start, end)
        about = {"period_start_before": start, "period_end_before": end, "rounding": False}
        held = place.assign(**about, denominator_source=place["source"], balance=within)[days]
        rows += _rows(held)
    return pd.DataFrame(rows)


def check_withheld(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Say of each withheld figure whether the others give it away. No number of it is returned.

    What may give it away: its total and the other categories, a percentage printed of it, and the same
    number in another source. Of percentages without numbers, the only one withheld of a whole.
    """
    withheld = figures[figures["status"] == "c"]
    counts = withheld[withheld["unit"] == "number"]
    rows: list[Figure] = []
    for _key, cells in counts.groupby(["measure", "source", *WHOLE], sort=False):
        rows += _attacked(cells, figures, linked[linked["counts"] == cells["measure"].iloc[0]])
    numbered = linked[linked["counts"].isin(figures["measure"])]["percentages"]
    alone = withheld[(withheld["unit"] == "%") & ~withheld["measure"].isin(numbered)]
    for _key, cells in alone.groupby(["measure", "source", *WHOLE], sort=False):
        single = len(cells) == 1 and bool((cells["scheme"] != "").all())
        rows += [row | {"balance": not single, "exact": False} for row in _rows(cells)]
    return pd.DataFrame(row | {"value": np.nan, "status": "c", "rounding": False} for row in rows)


RULES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]] = {
    "parts": check_parts,
    "accounts": check_accounts,
    "places": check_places,
    "rates": check_rates,
    "percentages": check_percentages,
    "headings": check_headings,
    "changes": check_changes,
    "wholes": check_wholes,
    "dates": check_dates,
    "withheld": check_withheld,
}
"""The rules by name, in the order in which a reader meets them."""


def _of_its_time(figures: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    sources = dictionary().sources.set_index("source")
    facts = texts("facts", edition=edition.name)["source"]
    if facts.empty:
        return figures
    report = sources.loc[facts.mode().iloc[0]]
    document, publisher = (figures["source"].map(sources[column]) for column in ("document", "publisher"))
    own = document == report["document"]
    last = figures.loc[own, "time_period"].max()
    return figures[(own | (publisher != report["publisher"])) & (figures["time_period"] <= last)]


def _compared(figures: pd.DataFrame, edition: Edition) -> pd.Series:
    """Which rows a comparison of the edition takes."""
    taken = pd.Series(False, index=figures.index)
    for comparison in edition.comparisons:
        for rows in (comparison.counts, comparison.totals, comparison.printed):
            wanted = (rows or {"table": ""}).items()
            taken |= np.logical_and.reduce([figures[key].astype(str) == str(value) for key, value in wanted])
    return taken


def _asked(comparison: Comparison, denominators: pd.Series) -> tuple[str, str, str, bool, str]:
    percentages, counts, totals, heading = (
        str((rows or {}).get("measure", ""))
        for rows in (comparison.printed, comparison.counts, comparison.totals, comparison.heading)
    )
    named = [totals, denominators.get(percentages, ""), denominators.get(counts, "")]
    return percentages, counts, next(filter(None, named), ""), comparison.method == "mix", heading


def _added(parts: pd.DataFrame) -> pd.DataFrame:
    """What the categories of each measure, source, area and period add up to.

    `told`: all categories are there, with numbers; `all`: all are there, some of them withheld.
    """
    least, most = _spans(parts)
    withheld = parts["value"].isna()
    parts = parts.assign(
        least=least.mask(withheld, 0.0),
        most=most.mask(withheld, np.inf),
        slack=np.where((parts["unit"] == "number") & (parts["value"] % ROUNDED_TO == 0), ROUNDED_TO // 2, 0),
        withheld=withheld,
        places=[decimals(printed) for printed in parts["printed"]],
    )
    keys = ["measure", "source", *WHOLE]
    same = [*("geographic_level", "area_name", "counted", "unit", "scheme", "denominator"), "rank"]
    how = dict.fromkeys(same, "first") | dict.fromkeys(("least", "most", "slack"), "sum")
    how |= {"withheld": "any", "places": "max", "category": "nunique"}
    added = parts.groupby(keys, sort=False).agg(how).reset_index()
    every = dictionary().categories.query("category != @TOTAL").groupby("scheme")["category"].nunique()
    complete = added["category"] == added["scheme"].map(every)
    ends = {end: added[end].round(6) for end in ("least", "most")}
    named = {"of": added["measure"], "denominator_source": added["source"], "category": TOTAL}
    return added.assign(**ends, **named, own=False, all=complete, told=complete & ~added["withheld"])


def _hundred(added: pd.DataFrame) -> pd.DataFrame:
    mixes = added[added["unit"] == "%"]
    return mixes.assign(value=100.0, printed=[f"{100:.{places}f}" for places in mixes["places"]])


def _own_totals(added: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Sums beside which their source gives the total, as a category of the same measure."""
    totals = figures[(figures["category"] == TOTAL) & figures["value"].notna()]
    sums = added[added["unit"].isin(["number", "£"])]
    keys = ["measure", "source", *WHOLE]
    return sums.merge(totals[[*keys, "value", "printed"]], on=keys).assign(own=True)


def _named_totals(added: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Sums of numbers with the total that the dictionary gives as their denominator."""
    sums = added[(added["unit"] == "number") & (added["denominator"] != added["measure"])]
    totals = figures[(figures["category"] == TOTAL) & figures["value"].notna()]
    totals = totals.sort_values("rank", kind="stable").drop_duplicates(["measure", *WHOLE, "value"])
    whole = totals[["measure", *WHOLE, "value", "printed", "source", "counted"]]
    both = sums.drop(columns=["measure", "source", "counted"])
    return both.merge(whole, left_on=["denominator", *WHOLE], right_on=["measure", *WHOLE])


def _spans(figures: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Between which ends each figure lies, given how it is printed: whole numbers and pence are exact."""
    half = np.array([0.5 * 10.0 ** -decimals(text) for text in figures["printed"]])
    exact = (figures["unit"] == "number") | ((figures["unit"] == "£") & (half < 0.05))
    value = figures["value"]
    half = np.where(exact, 0.0, half)
    digit = np.array([_last_digit(amount) for amount in value.fillna(1)])
    said = figures["qualifier"]
    half = np.where(said == "about", np.maximum(half, digit / 2), np.where(said == "", half, 0.0))
    least = (value - half).mask(said == "nearly", value - digit).mask(said == "at most", 0.0)
    most = (value + half).mask(said.isin(["over", "at least"]), np.inf)
    return least.round(9), most.round(9)


def _last_digit(amount: float) -> float:
    """What the last digit that is not zero is worth: 1,000 in 4,000, and 1 in 39,115 and 57.5."""
    whole = re.fullmatch(r".*?(0*)", str(int(abs(amount)) or 1))
    return 10.0 ** len(whole[1]) if whole else 1.0


def _with_links(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    return figures.merge(linked, left_on="measure", right_on="percentages")


def _part(figures: pd.DataFrame, role: str, keys: list[str]) -> pd.DataFrame:
    """Numbers to be joined by `keys` as the `counts` or the `totals` of others, each value once."""
    told = figures[(figures["unit"] == "number") & figures["value"].notna()]
    if role == "totals":
        told = told[told["category"] == TOTAL]
    told = told.sort_values("rank", kind="stable").drop_duplicates(["measure", *keys, "value"])
    names = {"measure": role, "value": f"value_{role}", "source": f"source_{role}"}
    return told[["measure", *keys, "value", "source"]].rename(columns=names)


_NUMBERS = ["value", "value_counts", "value_totals"]


def _per(unit: str) -> int:
    """For how many a rate is: 10,000 of `per 10,000 children`."""
    return int(unit.split()[1].replace(",", ""))


def _digits(row: Figure, suffix: str = "") -> str:
    """A printed figure in digits, also where it was printed in words."""
    text = str(row[f"printed{suffix}"]).rstrip("%").replace(",", "")
    return text if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else f"{row[f'value{suffix}']:g}"


def _held(row: Figure, least: float, most: float, *sources: str) -> Figure:
    """A row of figures held against what others leave for it."""
    held = {"least": least, "most": most, "denominator_source": " ".join(dict.fromkeys(sources))}
    return row | held | {"balance": bool(least <= row["value"] <= most), "rounding": False}


def _quotient(row: Figure, per: int) -> Figure:
    """A printed percentage or rate held against its number and its total."""
    count, total = int(row["value_counts"]), int(row["value_totals"])
    exact = per * count / total if total else np.nan
    held = _held(row, exact, exact, row["source_counts"], row["source_totals"])
    fits = total > 0 and could_be_printed(count, total, _digits(row), per)
    return held | {"balance": fits, "rounding": _unrounded(row, count, total, per)}


def _unrounded(row: Figure, count: int, total: int, per: int) -> bool:
    """Whether numbers that were rounded to the nearest five would explain what is printed."""
    down, up = (ROUNDED_TO // 2 * (number % ROUNDED_TO == 0) for number in (count, total))
    half = 0.5 * 10.0 ** -decimals(_digits(row))
    lowest, highest = per * (count - down) / (total + up), per * (count + down) / max(total - up, 1)
    return bool(down + up) and lowest - half <= row["value"] <= highest + half


def _allowed(row: Figure) -> tuple[int, int]:
    """The least and the greatest change to the later figure that would be printed as the percentage."""
    sign = next(sign for ending, sign in CHANGES.items() if row["measure"].endswith(ending))
    half = 0.5 * 10.0 ** -decimals(_digits(row, "_percent"))
    ends = [(row["value_percent"] + way * half) / 100 for way in (-1, 1)]
    least, most = (row["later"] * end / (1 + sign * end) for end in ends)
    return int(np.ceil(least - 1e-9)), int(np.floor(most + 1e-9))


def _percentage(row: Figure) -> Figure | None:
    """A percentage held against what is known of the numbers behind it; None if that leaves it free."""
    if pd.notna(row["value_counts"]) and pd.notna(row["value_totals"]):
        return _quotient(row, 100)
    if pd.notna(row["value_totals"]) and row["value_totals"] < 100 * 10 ** decimals(_digits(row)):
        return _of_total(row)
    if pd.notna(row["value_counts"]) and row["value_counts"] > 0 and row["value"] > 0:
        return _of_count(row)
    return None


def _of_total(row: Figure) -> Figure:
    """A percentage held against the whole numbers of its total: `least` and `most` are the nearest shares."""
    total = int(row["value_totals"])
    near = row["value"] * total / 100
    least, most = (100 * whole / total if total else np.nan for whole in (np.floor(near), np.ceil(near)))
    possible = bool(possible_counts(total, _digits(row)))
    return _held(row, least, most, row["source_totals"]) | {"balance": possible}


def _of_count(row: Figure) -> Figure | None:
    """A percentage held against the totals that its number could be of; None if some total always fits."""
    count, half = int(row["value_counts"]), 0.5 * 10.0 ** -decimals(_digits(row))
    if 100 * count / (row["value"] - half) - 100 * count / (row["value"] + half) >= 1 or row["value"] <= half:
        return None
    near = 100 * count / row["value"]
    least, most = (100 * count / whole for whole in (np.ceil(near), np.floor(near)))
    possible = bool(possible_totals(count, _digits(row)))
    return _held(row, least, most, row["source_counts"]) | {"balance": possible}


def _attacked(cells: pd.DataFrame, figures: pd.DataFrame, linked: pd.DataFrame) -> list[Figure]:
    """The withheld cells of one measure, source, area and period, and whether they are given away."""
    one = cells.iloc[0]
    here = figures[np.logical_and.reduce([figures[key] == one[key] for key in WHOLE])]
    told = here[here["value"].notna()].sort_values("rank", kind="stable")
    named = [*linked["totals"], one["denominator"]]
    totals = told[told["measure"].isin(named) & (told["category"] == TOTAL)].head(1)
    shares = told[told["measure"].isin(linked["percentages"]) & told["printed"].str.match(r"[\d.]+%?$")]
    shares = shares.drop_duplicates("category")
    elsewhere = told[(told["measure"] == one["measure"]) & (told["source"] != one["source"])]
    if one["scheme"] == "":
        bounds = _alone(cells, totals, shares, elsewhere)
    else:
        table = here[(here["measure"] == one["measure"]) & (here["source"] == one["source"])]
        table = table[table["category"] != TOTAL]
        bounds = _bounded(table, totals, elsewhere, shares, _least(one["source"], figures))
    told_of = given_away(bounds)[["category", "exact", "narrowed"]]
    sources = " ".join(dict.fromkeys([*totals["source"], *shares["source"], *elsewhere["source"]]))
    rows = _rows(cells.merge(told_of, on="category").assign(denominator_source=sources))
    return [row | {"balance": not row["narrowed"]} for row in rows]


def _alone(*frames: pd.DataFrame) -> pd.DataFrame:
    """Bounds of a number that is no part of a mix, from its percentage and total, or from elsewhere."""
    cells, totals, shares, elsewhere = frames
    could: list[int] = [int(value) for value in elsewhere["value"]]
    if len(totals) and len(shares) and not could:
        could = possible_counts(int(totals["value"].iloc[0]), _digits(shares.iloc[0].to_dict()))
    ends = (min(could), max(could)) if could else (0, np.nan)
    return cells.assign(lower=ends[0], upper=ends[1], exact=ends[0] == ends[1])


def _bounded(
    table: pd.DataFrame, totals: pd.DataFrame, elsewhere: pd.DataFrame, shares: pd.DataFrame, least: int
) -> pd.DataFrame:
    """Bounds from all that is known; from less, if not all of it can be true at once."""
    for siblings, percentages in (([elsewhere], shares), ([elsewhere], None), ([], None)):
        try:
            return suppressed_bounds(table, totals, *siblings, percentages=percentages, least=least)
        except ContradictionError:  # the other rules name it; figures that cannot be true give nothing away
            continue
    return table.assign(lower=0, upper=np.nan, exact=False)


def _least(source: str, figures: pd.DataFrame) -> int:
    """The least that a withheld number can be: 1 where the publisher prints zeros, else 0."""
    publishers = dictionary().sources.set_index("source")["publisher"]
    same = figures["source"].map(publishers) == publishers[source]
    return int((same & (figures["unit"] == "number") & (figures["value"] == 0)).any())


def _judged(found: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Findings with how serious they are, and with the value that the pack uses."""
    by_rank = figures.sort_values("rank", kind="stable")
    taken = by_rank.drop_duplicates(CELL).set_index(CELL)[["value", "source", "rank"]]
    stated = figures.groupby(CELL)
    taken["places"], taken["values"] = stated["source"].nunique(), stated["value"].nunique()
    cells = found[CELL].join(taken, on=CELL)
    reasons = [cells["rank"] == 0, cells["places"] == 1, cells["values"] == 1, cells["places"] > 1]
    why = np.select(reasons, [COMPARED, ONLY, AGREED, FIRST], "")
    withheld = found["status"].eq("c")
    event = found["counted"] == EVENTS
    said = found["why"].notna() if "why" in found else np.zeros(len(found), bool)
    return found.assign(
        status=np.where(withheld, "c", ""),
        method=AS_PRINTED,
        qualifier=found["qualifier"].fillna(""),
        serious=_serious(found),
        used=cells["value"].mask(withheld | event),
        used_source=cells["source"].fillna("").mask(withheld | event, ""),
        why=np.select([withheld, event, said], [WITHHELD, NEITHER, found.get("why", why)], why),
    )


def _serious(found: pd.DataFrame) -> np.ndarray:
    """How serious each finding is; empty where all is well."""
    matters = found["measure"].map(measures()["smallest_change"])
    nearest = found["least"].where(found["value"] < found["least"], found["most"])
    apart = (found["value"] - nearest).abs()
    size = apart.where(found["unit"] == "%", 100 * apart / nearest.abs().replace(0, np.nan))
    another = found["rule"].isin(["headings", "dates"]) & (found["counted"] != EVENTS)
    worked_out = found["exact"].eq(True) | another
    nearly = found["rule"] == "withheld"
    cases = [found["balance"], worked_out, nearly, found["rounding"], matters.isna(), size < matters]
    words = ["", "serious", "slight", "rounding", "not sized", "slight"]
    return np.select([case.astype(bool) for case in cases], words, "serious")


def _rows(frame: pd.DataFrame) -> list[Figure]:
    return frame.to_dict("records")
