"""Verdicts to sentences a board member understands, with the statistics folded away behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import measures, records
from lscb_analysis.editions import CALLED, CHANGED, NO_CLEAR_CHANGE, NOT_COMPARED, TOO_FEW
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import OF_ALL, Display, bind, claim, if_any, name, percent, series, when
from lscb_analysis.pages.sentences import (
    STAYED,
    change,
    change_words,
    confidence,
    date,
    finding,
    from_nothing,
    listed,
    points,
    quoted,
)
from lscb_analysis.release import Release
from lscb_analysis.statistics import POWER, driving

KINDS = {
    "showed a change beyond chance": CALLED,
    "showed no clear change, though one that matters would probably have shown": (NO_CLEAR_CHANGE,),
    "had too few cases to tell": (TOO_FEW,),
    "could not be compared": (NOT_COMPARED,),
}
"""What is said of the comparisons that came to one kind of verdict, and its verdicts."""


@if_any()
def describe_verdict(release: Release) -> Display:
    """Say whether each change is more than chance would bring about, its statistics folded away."""
    rows = records(release.frame)
    of = [Markup(" ({})").format(name(series(row))) if len(rows) > 1 else "" for row in rows]
    said = [Markup("Verdict{}: {}").format(*pair) for pair in zip(of, map(_verdict, rows), strict=True)]
    return _with_statistics(said, rows)


@if_any()
def describe_mix(release: Release) -> Display:
    """Say how much of a mix changed, and whether that is beyond chance, its statistics folded away."""
    rows = records(release.frame)
    return _with_statistics([_mix(row) for row in rows], rows)


def describe_changed(release: Release) -> Display:
    """List the comparisons that changed beyond chance, each in a line with its chapter."""
    rows = release.frame[release.frame["verdict"].isin(CALLED)]
    return _lines(rows, "No comparison shows a change beyond chance")


def describe_unclear(release: Release) -> Display:
    """List the comparisons of which chance could have made the change, or that rest on too few to tell."""
    rows = release.frame[release.frame["verdict"].isin([NO_CLEAR_CHANGE, TOO_FEW])]
    return _lines(rows, "There is no such comparison")


def describe_not_compared(release: Release) -> Display:
    """List what could not be compared, and why."""
    return _lines(release.frame[release.frame["verdict"] == NOT_COMPARED], "Everything could be compared")


def describe_counts(release: Release) -> Display:
    """Say how many comparisons there are, and how many came to which kind of verdict."""
    verdicts = release.frame["verdict"]
    counted = [
        Markup('{} <span data-name="kind">{}</span>').format(
            _counted(int(verdicts.isin(kind).sum()), "verdicts", words), words
        )
        for words, kind in KINDS.items()
        if verdicts.isin(kind).any()
    ]
    if not counted:
        return finding([Markup("This pack makes no comparison.")])
    of = "comparison" if len(verdicts) == 1 else "comparisons"
    number = _counted(len(verdicts), "comparisons")
    return finding([Markup("This pack makes {} {}: {}.").format(number, of, listed(counted))])


def _counted(number: int, statistic: str, of: str = "Total") -> Markup:
    counted = Markup('<data value="{0}" data-statistic="{1}" data-category="{2}">{0}</data>')
    return counted.format(number, statistic, of)


def _lines(rows: pd.DataFrame, none: str) -> Display:
    if rows.empty:
        return finding([Markup("{}.").format(claim({"question": OF_ALL}, none))])
    items = Markup("").join(Markup("<li>{}</li>").format(_line(row)) for row in records(rows))
    return Display(Markup('<ul class="findings">{}</ul>').format(items), "finding")


def _line(row: Row) -> Markup:
    """A comparison in a line: its measure with a link to the chapter, its verdict, its change."""
    said = Markup('<a href="{}.html">{}</a>: <strong>{}</strong>').format(
        row["chapter"], name(str(measures().at[row["measure"], "title"])), claim(row, row["verdict"])
    )
    if row["verdict"] == NOT_COMPARED:
        return Markup("{}, because there is {}.").format(said, row["reason"])
    if _is_mix(row):
        moved = Markup("{} percentage points moved between categories").format(bind(row, "shift"))
        if not row["shift"]:
            moved = bind(row, "shift", "nothing moved between categories")
        return Markup("{}. Between {} and {}, {}.").format(said, date(row, before=True), date(row), moved)
    before, now = (
        Markup("{} {}").format(bind(row, end), when(row, before=early))
        for end, early in (("value_before", True), ("value", False))
    )
    verb = change_words(row)[0]
    if row["verdict"] in CALLED and verb != STAYED:
        moved = Markup("It {} from {} to {}").format(bind(row, "change", verb), before, now)
    else:
        moved = Markup("It was {} and {}").format(before, now)
    per = Markup(", {}").format(name(f" {row['unit']}")) if row["unit"].startswith("per") else ""
    return Markup("{}. {}{}.").format(said, moved, per)


def _mix(row: Row) -> Markup:
    if row["verdict"] == NOT_COMPARED:
        return Markup("Verdict on the mix: {}").format(_verdict(row))
    differ = Markup("differ by {} percentage points").format(bind(row, "shift"))
    if not row["shift"]:
        differ = bind(row, "shift", "are the same")
    return Markup("The mixes of {} and {} {}. Verdict: {}").format(
        date(row, before=True), date(row), differ, _verdict(row)
    )


@if_any()
def describe_movers(mix: Release, changes: Release) -> Display:
    """Say how the categories changed that lie furthest apart, and which drive a change of the mix.

    That one rose or fell is said only where the mix has changed. Where no category changed its share, it says
    that.
    """
    row = records(mix.frame)[0]
    told = changes.frame.dropna(subset=["change"]).sort_values("change", kind="stable")
    if len(told) and not told["change"].any():
        return finding([Markup("No category changed its share.")])
    ends = records(pd.concat([told.tail(1), told.head(1)]).drop_duplicates("category"))
    said = [change({**to, "verdict": row["verdict"]}, at) for at, to in enumerate(ends)]
    return finding([*said, _drivers(row, changes.frame)])


def _drivers(row: Row, changes: pd.DataFrame) -> Markup:
    if row["verdict"] == NOT_COMPARED:
        return Markup("The mix as a whole {}, so what one part did is no finding.").format(
            claim(row, "is not compared")
        )
    if row["verdict"] != CHANGED:
        return Markup("As the whole mix {}, what one part did is no finding.").format(
            claim(row, "has not clearly changed")
        )
    drivers = records(driving(changes, row["dispersion"], row["confidence"]))
    drives = claim(row, "drives the change of the mix")
    if not drivers:
        return Markup("No single category {}: it is spread over several.").format(drives)
    named = [
        Markup("{} {}").format(quoted(to), bind(to, "residual", "rose" if to["residual"] > 0 else "fell"))
        for to in drivers
    ]
    return Markup("What {}: {}.").format(drives, listed(named))


def _with_statistics(said: list[Markup], rows: Sequence[Row]) -> Display:
    folded = Markup("").join(_statistics(row) for row in rows if row["verdict"] != NOT_COMPARED)
    return Display(finding(said).html + folded, "finding")


def _verdict(row: Row) -> Markup:
    word = Markup('<strong data-verdict="{}">{}</strong>').format(row["question"], row["verdict"])
    if row["verdict"] == NOT_COMPARED:
        return Markup("{}, because there is {}.").format(word, row["reason"])
    unclear = row["verdict"] in (NO_CLEAR_CHANGE, TOO_FEW)
    said = [_within_chance(row), _could_be_seen(row)] if unclear else [_beyond_chance(row), _no_polarity(row)]
    return Markup("{}. {}").format(word, Markup(" ").join(part for part in [*said, _at_odds(row)] if part))


def _beyond_chance(row: Row) -> Markup:
    siblings = ", even allowing for brothers and sisters, who are often counted together"
    return Markup("{} {}{}.").format(
        claim(row, "Chance alone is very unlikely to bring about"),
        _so_large(row),
        siblings if row["dispersion"] > 1 else "",
    )


def _within_chance(row: Row) -> Markup:
    if not row["shift" if _is_mix(row) else "change"]:
        return Markup("There is no change to explain.")
    if row["p_value"] > row["threshold"]:
        return Markup("{} {}.").format(claim(row, "Chance alone could bring about"), _so_large(row))
    return Markup("If every child came alone, {} {}; but {}, and then it could.").format(
        claim(row, "chance would hardly bring about"),
        _so_large(row),
        claim(row, "brothers and sisters are often counted together"),
    )


def _could_be_seen(row: Row) -> Markup:
    """What a reader may conclude from a change that chance could bring about."""
    if _from_nothing(row):
        return Markup("No percentage can be taken of nothing, so none says which change would have shown.")
    matters = Markup("a {} of {}{}").format(
        "shift" if _is_mix(row) else "change", bind(row, "smallest_change"), points(row, "smallest_change")
    )
    if row["verdict"] == NO_CLEAR_CHANGE:
        return Markup("But {}, which is taken to matter, {}.").format(
            matters, claim(row, "would probably have shown")
        )
    return Markup("With numbers like these {}, while {} {}.").format(
        _visible(row), matters, claim(row, "is taken to matter")
    )


_RISE_AND_FALL = {"smallest_fall": "fall", "smallest_rise": "rise"}


def _visible(row: Row) -> Markup:
    """Which rises and falls, or which shift of a mix, would have shown, and which would not."""
    if _is_mix(row):
        return _visible_shift(row)
    seen = [
        Markup("{} of at least {}").format(bind(row, statistic, f"a {noun}"), bind(row, statistic))
        for statistic, noun in _RISE_AND_FALL.items()
        if np.isfinite(row[statistic])
    ]
    unseen = [
        bind(row, statistic, f"no {noun}, however large")
        for statistic, noun in _RISE_AND_FALL.items()
        if np.isinf(row[statistic])
    ]
    if not seen:
        return Markup("{}, would probably have shown").format(Markup(" and ").join(unseen))
    last = [statistic for statistic in _RISE_AND_FALL if np.isfinite(row[statistic])][-1]
    shown = Markup("only {}{} would probably have shown").format(Markup(" or ").join(seen), points(row, last))
    return Markup(", and ").join([shown, *unseen])


def _visible_shift(row: Row) -> Markup:
    if np.isinf(row["smallest_shift"]):
        return bind(row, "smallest_shift", "some shifts, however large, would not have shown")
    return Markup(
        "a shift of {} percentage points or more would probably have shown whichever categories it moved "
        "between, and less than that only between some of them"
    ).format(bind(row, "smallest_shift"))


def _at_odds(row: Row) -> str:
    """A few words where the interval and the verdict seem to say different things."""
    if not row["at_odds"]:
        return ""
    independent = " and takes every child as independent" if row["dispersion"] > 1 else ""
    if _is_mix(row):
        alone = f"it looks at that category alone{independent}; the verdict looks at the whole mix."
        if row["interval_excludes_none"]:
            return f"Some category's interval leaves “no change” out all the same: {alone}"
        return (
            "No single category's interval leaves “no change” out: it is the mix as a whole that has changed."
        )
    if row["interval_excludes_none"]:
        return (
            "The interval leaves “no change” out all the same, because it looks at this comparison alone"
            f"{independent}; the verdict does not."
        )
    return "The interval does not leave “no change” out: it is made in another way than the test."


def _no_polarity(row: Row) -> str:
    neither = row["polarity"] == "neither" and not _is_mix(row)
    return "By itself that is neither good news nor bad." if neither else ""


def _so_large(row: Row) -> Markup:
    if _is_mix(row):
        return bind(row, "shift", "a shift of this size")
    return bind(row, "change", f"a {change_words(row)[1]} of this size")


def _is_mix(row: Row) -> bool:
    return bool(pd.notna(row["shift"]))


def _from_nothing(row: Row) -> bool:
    return not _is_mix(row) and from_nothing(row)


def _statistics(row: Row) -> Markup:
    entries = [*_compared(row), *_tests(row), *_allowances(row), *_sight(row)]
    items = Markup("").join(Markup("<dt>{}</dt> <dd>{}</dd> ").format(*entry) for entry in entries)
    about = Markup("The statistics behind the verdict: {}").format(name(str(series(row))))
    return Markup('<details class="statistics"><summary>{}</summary> <dl>{}</dl></details>').format(
        about, items
    )


def _compared(row: Row) -> list[tuple[str, Markup]]:
    numbers = Markup("{}, then {}").format(_numbers(row, "_before"), _numbers(row, ""))
    if _is_mix(row):
        change = Markup("{} percentage points moved").format(bind(row, "shift"))
    elif _from_nothing(row):
        change = Markup("{}{}").format(bind(row, "change"), points(row, "change"))
    else:
        change = Markup("{}{} ({} interval {} to {})").format(
            bind(row, "change"),
            points(row, "change"),
            confidence(row),
            bind(row, "change_lower"),
            bind(row, "change_upper"),
        )
    return [("Numbers compared", numbers), ("Change", change)]


def _numbers(row: Row, period: str) -> Markup:
    parts = [f"numerator{period}", f"denominator{period}"]
    return Markup(" of ").join(bind(row, part) for part in parts if pd.notna(row[part]))


def _tests(row: Row) -> list[tuple[str, Markup]]:
    degrees = Markup(" (on {} degrees of freedom)").format(bind(row, "degrees")) if _is_mix(row) else ""
    alone = Markup("p is {}{}").format(bind(row, "p_value"), degrees)
    allowed = Markup("p is {}, to be called a change if at most {}: one of {} comparisons tested together")
    return [
        ("If every child came alone", alone),
        (
            "Allowing for siblings",
            allowed.format(bind(row, "p_dispersed"), bind(row, "threshold"), bind(row, "compared")),
        ),
    ]


def _allowances(row: Row) -> list[tuple[str, Markup]]:
    source = str(measures().at[row["measure"], "dispersion_source"]).rstrip(".")
    assumed = Markup("{} times the variance of independent counts. {}.").format(
        bind(row, "dispersion"), source
    )
    tips = Markup(
        "At {} times the variance of independent counts, that of the other comparisons being as taken"
    )
    tipping = 1 <= row["tips_at"] < np.inf
    entries = [
        ("Dispersion taken", assumed),
        (
            "Where the verdict would tip",
            tips.format(bind(row, "tips_at")) if tipping else Markup("At no dispersion"),
        ),
    ]
    if row["stock"]:
        shared = (
            "Many are counted on both days, and the test takes the days as independent. That makes it "
            "cautious: it may miss a change rather than make one up."
        )
        entries.append(("The same children", Markup(shared)))
    return entries


def _sight(row: Row) -> list[tuple[str, Markup]]:
    if _from_nothing(row):
        return []
    power = Markup('<data value="{}" data-statistic="power">{}</data>').format(POWER, percent(POWER))
    seen = Markup("With these numbers {} (“probably” being a chance of {} or more)").format(
        _visible(row), power
    )
    matters = Markup("{}{}").format(bind(row, "smallest_change"), points(row, "smallest_change"))
    return [("What could have been seen", seen), ("Smallest change that is taken to matter", matters)]
