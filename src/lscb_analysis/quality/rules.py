"""Where published figures contradict themselves or each other, and where they agree: by rules, never by hand.

Each rule takes every figure there is and returns a row for each thing it checked, also for what fits: next
year's report is checked by the same code.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from lscb_analysis import data, records, statistics
from lscb_analysis.editions import Edition
from lscb_analysis.quality.figures import (
    CELL,
    TOTAL,
    WHOLE,
    Row,
    digits,
    links,
    numbers,
    published,
    spans,
    with_links,
)
from lscb_analysis.quality.withheld import check_withheld

FINDING = [
    *("rule", *statistics.PLACE, *statistics.PERIOD, *statistics.SUBJECT, "unit"),
    *("value", "printed", "qualifier", "method", "source", "status"),
    *("least", "most", "denominator_source", "balance"),
    *("period_start_before", "period_end_before"),
    *("serious", "used", "used_source", "why"),
]

SERIOUS = {
    "rounding": "the figures differ as they would if a source had rounded one of them, or if a mean was cut "
    "off instead of rounded",
    "slight": "the difference is smaller than any that matters to the board",
    "serious": "the difference is as large as one that matters to the board, or what is counted is not what "
    "is said",
    "not sized": "the dictionary does not say which difference matters",
}
"""How serious a finding is, and what each word means."""

COMPARED = "the comparison of this pack is made from it"
FIRST = "its source comes first in the list of sources"
ONLY = "no other place gives it"
AGREED = "all places give the same"
NEITHER = "none of the dates"
WITHHELD = "withheld"
"""The rule whose findings tell how many they are, and no more."""

CHANGES = {"more": 1, "fewer": -1}
"""The roles of measures that say how much more or fewer there were later, and the sign of it."""


def findings(edition: Edition) -> pd.DataFrame:
    """Return a row for each thing that the rules checked, with the columns `FINDING`.

    `value` is what stands in `source`; `least` and `most` are the ends of what the figures of
    `denominator_source` leave for it, and `balance` says whether it lies there. `serious` is a key of
    `SERIOUS`, empty where all is well; `used`, `used_source` and `why` say which value the pack uses.
    A row of the rule `WITHHELD` says by its `balance` whether a figure stays withheld, and not which figure
    it is: those rows have nothing else, and stand in no order. A row of the rule `dates` has in
    `period_start_before` and `period_end_before` the period that its place is about.

    >>> lscb.quality.findings(pack.edition)["rule"].unique().tolist()[:3]
    ['parts', 'accounts', 'places']
    """
    figures, linked = published(edition), links(edition)
    checked = [check(figures, linked).assign(rule=rule) for rule, check in RULES.items()]
    found = [frame for frame in checked if len(frame)] or [figures.head(0)]
    together = pd.concat(found, ignore_index=True)
    # a rule gives some of these columns only, and of a few tables few rules find anything
    every = together.columns.union([*FINDING, "rounding"], sort=False)
    return _unnamed(_judged(together.reindex(columns=every), figures).reindex(columns=FINDING))


def _unnamed(found: pd.DataFrame) -> pd.DataFrame:
    """Findings without what would tell which withheld figures are given away: only how many they are."""
    hidden = found["rule"] == WITHHELD
    rows = found[hidden].sort_values("balance")
    never = pd.Series(False, index=rows.index)
    for column in rows.columns.difference(["rule", "balance"]):
        kind = rows[column].dtype.kind
        rows[column] = rows[column].where(never) if kind in "fM" else 0 if kind == "i" else ""
    return pd.concat([found[~hidden], rows], ignore_index=True)


def check_parts(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold each whole against its parts: percentages against 100, numbers and money against their total.

    Parts are the categories of a measure in one source. They make a whole if a comparison says so, if
    their source gives the total beside them, or if they reach it in some period or place. A part that is
    withheld may be whatever is left. `value` is the whole, `least` to `most` what its parts add up to.
    """
    added = _added(figures[(figures["category"] != TOTAL) & (figures["scheme"] != "")])
    mixes = added[added["unit"] == "%"]
    mixes = mixes.assign(value=100.0, printed=[f"{100:.{places}f}" for places in mixes["places"]])
    wholes = pd.concat([mixes, _own_totals(added, figures), _named_totals(added, figures)])
    whole, least, most, slack = (wholes[column] for column in ("value", "least", "most", "slack"))
    wholes = wholes.assign(
        balance=whole.between(least, most), rounding=whole.between(least - slack, most + slack)
    )
    reached = wholes.loc[wholes["balance"] & wholes["told"], "of"]
    mixed = linked.loc[linked["mix"], ["percentages", "counts"]].to_numpy().ravel()
    makes_a_whole = wholes["own"] | wholes["of"].isin([*reached, *mixed])
    held = wholes[makes_a_whole & (wholes["all"] | ~wholes["balance"])]
    tells = ~(held["withheld"] & held["balance"])  # the rest of a sum would narrow down what is withheld
    return held.assign(least=held["least"].where(tells), most=held["most"].where(tells))


def check_accounts(figures: pd.DataFrame, _: pd.DataFrame) -> pd.DataFrame:
    """Hold an amount that stands beside two totals against what the one leaves of the other.

    `least` and `most` are the sum or difference of the totals that comes nearest.
    """
    money = figures[(figures["unit"] == "£") & (figures["category"] == TOTAL) & figures["value"].notna()]
    section = money["source"].map(data.dictionary().sources.set_index("source")["section"])
    rows = []
    for _key, account in money.groupby([*(money[key] for key in WHOLE), section], sort=False):
        outcomes, totals = account[account["scheme"] == ""], account[account["scheme"] != ""]
        if len(outcomes) == 1 and len(totals) == 2:
            outcome, (one, other) = outcomes.iloc[0].to_dict(), totals["value"]
            left = [round(amount, 2) for amount in (one + other, one - other, other - one)]
            near = min(left, key=lambda amount: abs(amount - outcome["value"]))
            rows.append(_held(outcome, near, near, *totals["source"]))
    return pd.DataFrame(rows)


def check_places(figures: pd.DataFrame, _: pd.DataFrame) -> pd.DataFrame:
    """Hold a figure that several places state against the place that the pack takes it from.

    A figure printed with fewer decimals, or as about, over or at least so much, agrees with any that it
    could be.
    """
    told = figures[figures["value"].notna() & (~figures["counted"].isin(data.counting(data.DATES)))]
    told = told.sort_values("rank", kind="stable")
    told = told.assign(**dict(zip(("least", "most"), spans(told), strict=True)))
    several = told[told.duplicated(CELL, keep=False)]
    named = several.groupby([*CELL, "value"])["source"].agg(" ".join).rename("sources").reset_index()
    taken = told.drop_duplicates(CELL)[[*CELL, "value", "source", "least", "most"]]
    both = told[told.duplicated(CELL)].merge(taken, on=CELL, suffixes=("", "_taken"))
    both = both.merge(named.rename(columns={"value": "value_taken"}), on=[*CELL, "value_taken"])
    meet = (both["least"] <= both["most_taken"]) & (both["least_taken"] <= both["most"])
    pair = both[["value", "value_taken"]]
    least, most = pair.min(axis=1), pair.max(axis=1)
    rounded = pair.mod(statistics.ROUNDED_TO).eq(0).any(axis=1) & (most - least < statistics.ROUNDED_TO / 2)
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
    told = figures[figures["unit"].str.startswith("per") & figures["value"].notna()]
    rates = with_links(told, linked)
    counted = rates.merge(numbers(figures, "counts", ["category", *WHOLE]), on=["counts", "category", *WHOLE])
    place = ["area_code", "release"]
    ends = numbers(figures, "totals", [*place, "period_end"])
    both = counted.merge(ends.rename(columns={"period_end": "mid_year"}), on=["totals", *place])
    both = both[(both["period_end"] - both["mid_year"]).dt.days.between(0, 366)]
    latest = both[both["mid_year"] == both.groupby(CELL)["mid_year"].transform("max")]
    once = latest.sort_values("rank", kind="stable").drop_duplicates([*CELL, *_NUMBERS])
    return pd.DataFrame(_quotient(row, data.per(row["unit"])) for row in data.records(once))


def check_percentages(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold a printed percentage against its number and total, or against all whole numbers of one of them.

    Two kinds are not checked: what could not fail, since any percentage is some whole number of a large
    total, and what would tell of a number that is withheld.
    """
    exact = figures["value"].notna() & figures["qualifier"].isin(["", "about"])
    told = with_links(figures[(figures["unit"] == "%") & exact], linked)
    counts = numbers(figures, "counts", ["category", *WHOLE])
    counted = told.merge(counts, on=["counts", "category", *WHOLE], how="left")
    both = counted.merge(numbers(figures, "totals", WHOLE), on=["totals", *WHOLE], how="left")
    withheld = pd.MultiIndex.from_frame(figures.loc[figures["status"] == "c", CELL])
    told = ~pd.MultiIndex.from_frame(both[[*WHOLE, "counts", "category"]]).isin(withheld)
    once = both[told].sort_values("rank", kind="stable").drop_duplicates([*CELL, *_NUMBERS])
    return pd.DataFrame(row for row in map(_percentage, data.records(once)) if row)


def check_headings(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold percentages against the total that their heading names, where they are not said to be of it.

    Each period of a source is one row: the first percentage that no whole number of that total gives.
    """
    told = with_links(figures[(figures["unit"] == "%") & figures["value"].notna()], linked)
    named = told[told["heading"] != ""].assign(meant=told["totals"], totals=told["heading"])
    titles = data.measures()["title"]
    year = ["area_code", "time_period"]
    both = named.merge(numbers(figures, "totals", year), on=["totals", *year])
    rows = []
    for _key, mix in both.groupby(["measure", "source", *WHOLE], sort=False):
        held = [_of_total(row) for row in data.records(mix)]
        row = next((row for row in held if not row["balance"]), held[0])
        rows.append(row | {"rounding": False, "why": f"as a share of: {titles[row['meant']]}"})
    return pd.DataFrame(rows)


def check_changes(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold a stated change in numbers against the same change in per cent, given the later figure.

    A change is a measure with a role of `CHANGES`; its row is of the earlier period, and
    its percentage is of the measure that the dictionary gives as the denominator. `least` and `most` are
    the changes that the percentage allows.
    """
    told = figures[figures["value"].notna() & (figures["unit"] == "number")]
    changes = told[told["measure"].isin(data.with_role(*CHANGES))]
    told = changes.merge(linked, left_on="measure", right_on="counts")
    cell = ["source", "category", *WHOLE]
    percent = figures[[*cell, "measure", "value", "printed"]].rename(columns={"measure": "percentages"})
    both = told.merge(percent, on=["percentages", *cell], suffixes=("", "_percent"))
    later = figures[["measure", "source", "area_code", "category", "period_end", "value"]]
    later = later.rename(columns={"measure": "totals", "value": "later", "period_end": "later_end"})
    pairs = both.merge(later, on=["totals", "source", "area_code", "category"])
    pairs = pairs[pairs["later_end"] > pairs["period_end"]]
    return pd.DataFrame(_held(row, *_allowed(row), row["source"]) for row in data.records(pairs))


def check_wholes(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Hold a number against the one it is a part of, by the dictionary: no part is above its whole.

    The whole is that of the same period, or of a day in it or up to a year before it. Parts whose sum is
    held against their whole already are passed over.
    """
    parts = figures[(figures["unit"] == "number") & (figures["denominator"] != "") & figures["value"].notna()]
    parts = parts[~parts["measure"].isin(check_parts(figures, linked)["of"])]
    wholes = numbers(figures, "totals", WHOLE).rename(columns={key: f"{key}_of" for key in statistics.PERIOD})
    both = parts.assign(totals=parts["denominator"]).merge(wholes, on=["totals", "area_code", "release"])
    same = (both["period_start_of"] == both["period_start"]) & (both["period_end_of"] == both["period_end"])
    day = both["period_start_of"] == both["period_end_of"]
    near = both["period_end_of"].between(both["period_start"] - pd.Timedelta(days=366), both["period_end"])
    both = both[same | (day & near)].assign(same=same).sort_values(["same", "period_end_of"], ascending=False)
    once = both.drop_duplicates([*CELL, "value"]).assign(lowest=lambda rows: spans(rows)[0])
    held = [_held(row, 0, row["value_totals"], row["source_totals"]) for row in data.records(once)]
    return pd.DataFrame(row | {"balance": row["lowest"] <= row["most"]} for row in held)


def check_ratings(figures: pd.DataFrame, _: pd.DataFrame) -> pd.DataFrame:
    """Hold a printed mode, mean and range against every way in which so many raters could rate.

    How many they are is the denominator of the measures by the dictionary. A row stands for the summary of
    one statement, and has no `least` or `most`: no ratings give it.
    """
    told = figures[records.summaries(figures)]
    panels = told.assign(totals=told["denominator"])
    panels = panels.merge(numbers(figures, "totals", WHOLE), on=["totals", *WHOLE])
    found = [
        records.check_summaries(panel, int(raters)).assign(denominator_source=source)
        for (raters, source), panel in panels.groupby(["value_totals", "source_totals"], sort=False)
    ]
    checked = pd.concat([pd.DataFrame(), *found], ignore_index=True)
    if checked.empty:
        return pd.DataFrame()
    return checked.assign(balance=checked["possible"], rounding=checked["possible_cut"], status="")


def check_dates(figures: pd.DataFrame, _: pd.DataFrame) -> pd.DataFrame:
    """Hold the date of a figure against the year that the others of its place are of, or of an event
    against the date that another place gives.

    A place is checked if it has a figure of a day and several measures of one and the same year. An event
    is what a measure counts of the kind `DATES`; its dates agree if they overlap.
    """
    return pd.concat([_places_of_a_year(figures), _events(figures)])


def _events(figures: pd.DataFrame) -> pd.DataFrame:
    told = figures[figures["counted"].isin(data.counting(data.DATES))].sort_values("rank", kind="stable")
    event = ["area_code", "measure", "category"]
    dates = ["period_start", "period_end", "source"]
    first = told.drop_duplicates(event)[[*event, *dates]]
    both = told[told.duplicated(event)].merge(first, on=event, suffixes=("", "_before"))
    meet = both["period_start"] <= both["period_end_before"]
    meet &= both["period_end"] >= both["period_start_before"]
    return both.assign(denominator_source=both["source_before"], balance=meet, rounding=False)


def _places_of_a_year(figures: pd.DataFrame) -> pd.DataFrame:
    rows: list[Row] = []
    dated = figures.loc[figures["time_identifier"] == "Day", "source"]
    for _key, place in figures[figures["source"].isin(dated)].groupby("source", sort=False):
        years = place[place["period_end"] - place["period_start"] > pd.Timedelta(days=300)]
        if years["measure"].nunique() < 2 or years["period_end"].nunique() > 1:
            continue
        start, end = years["period_start"].iloc[0], years["period_end"].iloc[0]
        within = place["period_end"].between(start, end)
        about = {"period_start_before": start, "period_end_before": end, "rounding": False}
        held = place.assign(**about, denominator_source=place["source"], balance=within)
        rows += data.records(held[held["time_identifier"] == "Day"])
    return pd.DataFrame(rows)


_EACH: tuple[Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame], ...] = (
    *(check_parts, check_accounts, check_places, check_rates, check_percentages, check_headings),
    *(check_changes, check_wholes, check_ratings, check_dates, check_withheld),
)
RULES = {check.__name__.removeprefix("check_"): check for check in _EACH}
"""The rules by name, in the order in which a reader meets them."""


def _added(parts: pd.DataFrame) -> pd.DataFrame:
    """What the categories of each measure, source, area and period add up to.

    `told`: all categories are there, with numbers; `all`: all are there, some of them withheld.
    """
    least, most = spans(parts)
    withheld, own = parts["value"].isna(), statistics.multiples(parts)
    fives = (parts["unit"] == "number") & (parts["value"] % statistics.ROUNDED_TO == 0)
    parts = parts.assign(
        least=least.mask(withheld, 0.0),
        most=most.mask(withheld, np.inf),
        slack=np.where(own > 0, own / 2, np.where(fives, statistics.ROUNDED_TO // 2, 0)),
        withheld=withheld,
        places=[statistics.decimals(printed) for printed in parts["printed"]],
    )
    keys = ["measure", "source", *WHOLE]
    same = [*("geographic_level", "area_name", "counted", "unit", "scheme", "denominator"), "rank"]
    how = dict.fromkeys(same, "first") | dict.fromkeys(("least", "most", "slack"), "sum")
    how |= {"withheld": "any", "places": "max", "category": "nunique"}
    added = parts.groupby(keys, sort=False).agg(how).reset_index()
    schemes = data.dictionary().categories
    every = schemes[schemes["category"] != TOTAL].groupby("scheme")["category"].nunique()
    complete = added["category"] == added["scheme"].map(every)
    ends = {end: added[end].round(6) for end in ("least", "most")}
    named = {"of": added["measure"], "denominator_source": added["source"], "category": TOTAL}
    return added.assign(**ends, **named, own=False, all=complete, told=complete & ~added["withheld"])


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
    whole = whole.assign(nearest=statistics.multiples(totals))
    both = sums.drop(columns=["measure", "source", "counted"])
    held = both.merge(whole, left_on=["denominator", *WHOLE], right_on=["measure", *WHOLE])
    return held.assign(slack=held["slack"] + held["nearest"] / 2)


_NUMBERS = ["value", "value_counts", "value_totals"]


def _held(row: Row, least: float, most: float, *sources: str) -> Row:
    """A row of figures held against what others leave for it."""
    held = {"least": least, "most": most, "denominator_source": " ".join(dict.fromkeys(sources))}
    return row | held | {"balance": bool(least <= row["value"] <= most), "rounding": False}


def _quotient(row: Row, per: int) -> Row:
    """A printed percentage or rate held against its number and its total."""
    count, total = int(row["value_counts"]), int(row["value_totals"])
    exact = per * count / total if total else np.nan
    held = _held(row, exact, exact, row["source_counts"], row["source_totals"])
    fits = total > 0 and statistics.could_be_printed(count, total, digits(row), per)
    return held | {"balance": fits, "rounding": _unrounded(row, count, total, per)}


def _unrounded(row: Row, count: int, total: int, per: int) -> bool:
    """Whether numbers that were rounded to the nearest five would explain what is printed."""
    down, up = (
        statistics.ROUNDED_TO // 2 * (number % statistics.ROUNDED_TO == 0) for number in (count, total)
    )
    half = 0.5 * 10.0 ** -statistics.decimals(digits(row))
    lowest, highest = per * (count - down) / (total + up), per * (count + down) / max(total - up, 1)
    return bool(down + up) and lowest - half <= row["value"] <= highest + half


def _allowed(row: Row) -> tuple[float, float]:
    """The least and the greatest change to the later figure that would be printed as the percentage."""
    sign = CHANGES[data.measures().at[row["measure"], "role"]]
    half = 0.5 * 10.0 ** -statistics.decimals(digits(row, "_percent"))
    ends = [(row["value_percent"] + way * half) / 100 for way in (-1, 1)]
    least, most = (row["later"] * end / (1 + sign * end) if 1 + sign * end > 0 else np.inf for end in ends)
    return np.ceil(least - 1e-9), np.floor(most + 1e-9)


def _percentage(row: Row) -> Row | None:
    """A percentage held against what is known of the numbers behind it; None if that leaves it free."""
    if pd.notna(row["value_counts"]) and pd.notna(row["value_totals"]):
        return _quotient(row, 100)
    if pd.notna(row["value_totals"]) and row["value_totals"] < 100 * 10 ** statistics.decimals(digits(row)):
        return _of_total(row)
    if pd.notna(row["value_counts"]) and row["value_counts"] > 0 and row["value"] > 0:
        return _of_count(row)
    return None


def _of_total(row: Row) -> Row:
    """A percentage held against the whole numbers of its total: `least` and `most` are the nearest shares."""
    total = int(row["value_totals"])
    near = row["value"] * total / 100
    least, most = (100 * whole / total if total else np.nan for whole in (np.floor(near), np.ceil(near)))
    possible = bool(statistics.possible_counts(total, digits(row)))
    return _held(row, least, most, row["source_totals"]) | {"balance": possible}


def _of_count(row: Row) -> Row | None:
    """A percentage held against the totals that its number could be of; None if some total always fits."""
    count, half = int(row["value_counts"]), 0.5 * 10.0 ** -statistics.decimals(digits(row))
    if 100 * count / (row["value"] - half) - 100 * count / (row["value"] + half) >= 1 or row["value"] <= half:
        return None
    near = 100 * count / row["value"]
    least, most = (100 * count / whole for whole in (np.ceil(near), np.floor(near)))
    possible = bool(statistics.possible_totals(count, digits(row)))
    return _held(row, least, most, row["source_counts"]) | {"balance": possible}


def _judged(found: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Findings with how serious they are, and with the value that the pack uses."""
    by_rank = figures.sort_values("rank", kind="stable")
    taken = by_rank.drop_duplicates(CELL).set_index(CELL)[["value", "source", "rank"]]
    stated = figures.groupby(CELL)
    taken["places"], taken["values"] = stated["source"].nunique(), stated["value"].nunique()
    cells = found[CELL].join(taken, on=CELL)
    reasons = [cells["rank"] == 0, cells["places"] == 1, cells["values"] == 1, cells["places"] > 1]
    why = np.select(reasons, [COMPARED, ONLY, AGREED, FIRST], "")
    event = found["counted"].isin(data.counting(data.DATES))
    said = found["why"].notna()
    return found.assign(
        status="",
        method=statistics.AS_PRINTED,
        qualifier=found["qualifier"].astype(object).fillna(""),
        serious=_serious(found),
        used=cells["value"].mask(event),
        used_source=cells["source"].fillna("").mask(event, ""),
        why=np.select([event, said], [NEITHER, found["why"]], why),
    )


def _serious(found: pd.DataFrame) -> np.ndarray:
    """How serious each finding is; empty where all is well."""
    matters = found["measure"].map(data.measures()["smallest_change"])
    near = found["least"].where(found["value"] < found["least"], found["most"])
    apart = (found["value"] - near).abs()
    size = apart.where(found["unit"] == "%", 100 * apart / near.abs().replace(0, np.nan))
    unsized = found["rule"].isin(["wholes", "ratings"]) & matters.isna() & ~found["rounding"].astype(bool)
    another = found["rule"].isin(["headings", "dates"]) & ~found["counted"].isin(data.counting(data.DATES))
    cases = [found["balance"], another | unsized, found["rounding"], matters.isna(), size < matters]
    words = ["", "serious", "rounding", "not sized", "slight"]
    return np.select([case.astype(bool) for case in cases], words, "serious")
