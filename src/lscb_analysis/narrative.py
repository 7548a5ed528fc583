"""Releases to sentences. Every number, direction and comparison in them is bound to its figure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from markupsafe import Markup

from lscb_analysis.consistency import LARGEST_TOTAL, conclusive_totals
from lscb_analysis.data import dictionary, measures, texts
from lscb_analysis.disclosure import Release
from lscb_analysis.display import (
    MINUS,
    Display,
    Row,
    bind,
    by_method,
    category,
    name,
    number,
    percent,
    places,
    series,
    sources,
    text,
    when,
)
from lscb_analysis.editions import Edition
from lscb_analysis.rates import rounded

LEVEL = 0.05
"""Of a change that is tested alone, outside of the verdicts."""

ROSE, FELL, STAYED = "rose", "fell", "stayed the same"


def describe_latest(release: Release) -> Display:
    """Say the latest figure of each series, with the whole numbers and the interval it rests on."""
    rows = records(_latest(release.frame))
    return finding(
        Markup("{} was {}{} {}{}.").format(
            _opening(row, at), bind(row, "value"), _per(row), when(row), _resting_on(row)
        )
        for at, row in enumerate(rows)
    )


def describe_largest(release: Release) -> Display:
    """Say which category of a mix is the largest in the latest period, and which comes next."""
    latest = _latest(release.frame).sort_values("value", ascending=False, kind="stable")
    first, second = records(latest)[:2]
    return finding(
        [
            Markup("In {}, {} was {} {}{}: the {} category.").format(
                first["area_name"],
                _phrase(first),
                bind(first, "value"),
                when(first),
                _resting_on(first),
                bind(first, "value", "largest"),
            ),
            Markup("Next comes {}, with {}{}.").format(
                quoted(second), bind(second, "value"), _resting_on(second)
            ),
        ]
    )


def describe_change(release: Release) -> Display:
    """Say how each comparison changed from the previous period to the latest, with its interval."""
    return finding(change(row, at) for at, row in enumerate(records(release.frame)))


def describe_given_away(withheld: Release) -> Display:
    """Say which withheld figures follow from what is printed, exactly or nearly, without giving any."""
    told = withheld.frame[withheld.frame["narrowed"]]
    sentences = []
    for (_, exact), rows in told.groupby(["period_end", "exact"], sort=True):
        which = listed([quoted(row) for row in records(rows)])
        how = "can be worked out exactly" if exact else "can be narrowed down"
        said = "What the source withholds of {} {} {} from what it prints. It is not given here."
        sentences.append(Markup(said).format(which, when(rows.iloc[0].to_dict()), how))
    html = Markup('<p class="given-away">{}</p>').format(Markup(" ").join(sentences)) if sentences else ""
    return Display(Markup(html), "note")


def describe_implied(totals: Release) -> Display:
    """Say which whole numbers a printed number and its percentage imply as its total."""
    rows = records(totals.frame.dropna(subset=["value"]))
    each = [Markup("{} {}").format(bind(row, "value"), when(row)) for row in rows]
    only = by_method("implied total", "only one whole number gives the percentage printed")
    return finding([Markup("For {}, {}: {}.").format(subject(rows[0]), only, listed(each))])


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


def describe_missing_total(estimates: Release, changes: Release) -> Display:
    """Say how many people an unpublished total must have had for a change to exceed chance.

    The latest figures of `estimates` have their numbers; the previous ones only a printed percentage.
    """
    sentences = []
    for row in records(changes.frame):
        of_measure = estimates.frame[estimates.frame["measure"] == row["measure"]]
        before = of_measure[of_measure["time_period"] == row["previous_period"]].iloc[0]
        if pd.notna(row["denominator_before"]) or pd.isna(row["denominator"]):
            continue
        numbers = int(row["numerator"]), int(row["denominator"])
        needed = conclusive_totals(before["printed"], *numbers, LEVEL, row["dispersion"])
        sentences.append(_needed(row, *needed))
    return _listing(sentences)


def describe_note(edition: Edition, key: str) -> Display:
    """Say what the edition's notes say of `key`, in their own words; nothing if they are silent."""
    note = edition.notes.get(key, "")
    return Display(Markup("<p>{}</p>").format(note) if note else Markup(""), "note")


def describe_facts(edition: Edition, chapter: str, kind: str) -> Display:
    """List what the edition's report says that is no figure, in our words, with what became of it.

    Raises DataError if the file of facts does not hold.
    """
    facts = texts("facts", edition=edition.name, chapter=chapter, kind=kind)
    shorts = dictionary().sources.set_index("source")["short"]
    items = [
        Markup("<li><strong>{}</strong>: {}{} <cite>{}</cite></li>").format(
            fact["about"],
            fact["said"],
            Markup(" Reported as: {}.").format(fact["status"]) if fact["status"] else "",
            shorts[fact["source"]],
        )
        for fact in records(facts)
    ]
    return Display(Markup('<ul class="facts">{}</ul>').format(Markup("").join(items)), "note")


def describe_sources(*releases: Release) -> Display:
    """Say where every figure of the releases comes from, and under which licence."""
    named: dict[str, dict[str, str]] = {}
    for release in releases:
        named |= {source["source"]: source for source in sources(release.frame)}
    items = [Markup("<li>{}</li>").format(cite(source)) for source in named.values()]
    licences = sorted({source["licence"] for source in named.values() if source["licence"]})
    notice = Markup(" ").join(
        Markup("<p>Contains public sector information licensed under the {}.</p>").format(licence)
        for licence in licences
    )
    html = Markup('<ul class="sources">{}</ul>{}').format(Markup("").join(items), notice)
    return Display(html, "sources")


def cite(source: dict[str, str]) -> Markup:
    """Return a source as a reader may look it up: publisher, document, release, section and table."""
    parts = [source["publisher"], source["document"]]
    parts += [f"section {source['section']}"] if source["section"] else [f"release {source['release']}"]
    return Markup('<cite data-source="{}">{}: {}</cite>').format(
        source["source"], ", ".join(parts), source["table"]
    )


def credit(frame: pd.DataFrame) -> Markup:
    """Return the sources of `frame` in short, for the line below a chart or a table."""
    named = dict.fromkeys(source["short"] for source in sources(frame))
    cites = (Markup("<cite>{}</cite>").format(short) for short in named)
    return Markup("Source: {}.").format(Markup("; ").join(cites))


def headline(frame: pd.DataFrame) -> Markup:
    """Return the finding of a chart of series over time, in the active voice.

    One series: how it changed between its last two periods; several measures: each of them. Several
    categories: which is the largest in the latest period.
    """
    if frame["category"].nunique() > 1:
        return largest(_latest(frame))
    lines = [rows for _, rows in frame.dropna(subset=["value"]).groupby("measure", sort=False)]
    if any(len(rows) < 2 for rows in lines):
        return largest(_latest(frame)) if len(lines) > 1 else _alone(records(_latest(frame))[0])
    colon = ":" if len(lines) > 1 else ""
    return Markup("; ").join(_moved(_last_two(rows), colon) for rows in lines)


def largest(frame: pd.DataFrame) -> Markup:
    """Return the finding of a chart of a mix in one period: its largest category."""
    top = frame.loc[frame["value"].idxmax()].to_dict()
    return Markup("“{}” is the {} category: {} of {} {}").format(
        name(series(top)),
        bind(top, "value", "largest"),
        bind(top, "value"),
        bind(top, "denominator"),
        top["counted"],
    )


def _alone(row: Row) -> Markup:
    return Markup("{}: {}{}").format(name(series(row)), bind(row, "value"), _per(row))


def change_words(row: Row) -> tuple[str, str]:
    """Return the verb and the noun for a change: fell and fall, rose and rise, or stayed the same."""
    if row["change"] == 0:
        return STAYED, "change"
    return (ROSE, "rise") if row["change"] > 0 else (FELL, "fall")


def records(frame: pd.DataFrame) -> list[Row]:
    return frame.to_dict("records")


def _latest(frame: pd.DataFrame) -> pd.DataFrame:
    told = frame.dropna(subset=["value"])
    latest = told[told["time_period"] == told["time_period"].max()]
    last = latest.groupby(["measure", "category"])["period_end"].transform("max")
    return latest[latest["period_end"] == last]


def finding(sentences: Iterable[Markup]) -> Display:
    said = Markup(" ").join(sentences)
    return Display(Markup('<p class="finding">{}</p>').format(said), "finding")


def _listing(sentences: Iterable[Markup]) -> Display:
    items = Markup("").join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    return Display(Markup('<ul class="findings">{}</ul>').format(items), "finding")


def listed(parts: list[Markup], between: str = ", ") -> Markup:
    return Markup(between).join(parts[:-1]) + Markup(" and ") + parts[-1] if len(parts) > 1 else parts[0]


def subject(row: Row) -> Markup:
    phrase = measures().loc[row["measure"], "phrase"]
    return Markup('<span data-name="{}">{}</span>').format(row["measure"], phrase)


def _phrase(row: Row) -> Markup:
    if row["category"] == "Total":
        return subject(row)
    return Markup("{} {}").format(subject(row), quoted(row))


def _opening(row: Row, at: int) -> Markup:
    """What a sentence speaks of; the first one of several says where."""
    if at == 0:
        return Markup("In {}, {}").format(row["area_name"], _phrase(row))
    return Markup(str(_phrase(row)).replace(">the ", ">The ", 1))


def quoted(row: Row) -> Markup:
    """A category in quotation marks: the words are the source's, not ours."""
    return Markup("“{}”").format(category(row))


def _per(row: Row) -> Markup:
    return (
        Markup(' <span data-name="unit">{}</span>').format(row["unit"])
        if row["unit"].startswith("per")
        else Markup("")
    )


def _resting_on(row: Row) -> Markup:
    if pd.isna(row["lower"]):
        return (
            Markup(" (the source gives no number behind it, so no interval)")
            if row["unit"] == "%"
            else Markup("")
        )
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
    """Return the sentence that says how one comparison changed; the first of several says where."""
    if pd.isna(row["value_before"]) or pd.isna(row["value"]):
        return Markup("For {} there is {} and {}.").format(
            _phrase(row), bind(row, "value_before"), bind(row, "value")
        )
    if pd.isna(row["change"]):
        return Markup("{} was {}{} {} and {} {}.").format(
            _opening(row, at),
            bind(row, "value_before"),
            _per(row),
            when(row, before=True),
            bind(row, "value"),
            when(row),
        )
    verb, noun = change_words(row)
    moved = Markup("{} {} from {}{} {} to {} {}").format(
        _opening(row, at),
        bind(row, "change", verb),
        bind(row, "value_before"),
        _per(row),
        when(row, before=True),
        bind(row, "value"),
        when(row),
    )
    if row["change"] == 0:
        return Markup("{} {}: {}{} {} and {}{}.").format(
            _opening(row, at),
            bind(row, "change", verb),
            bind(row, "value"),
            _per(row),
            when(row, before=True),
            when(row),
            _change_interval(row),
        )
    if pd.isna(row["lower"]):
        return moved + Markup(".")
    size = Markup("a {} of {}{}").format(bind(row, "change", noun), _size(row), points(row))
    return Markup("{}, {}{}{}.").format(moved, size, _unrounded(row), _change_interval(row))


def _unrounded(row: Row) -> str:
    """A few words where a reader who subtracts the figures shown would find another change."""
    if row["change_unit"] == "%":
        return ""
    decimals = places(row, "change")
    before, now, change = (rounded(row[key], decimals) for key in ("value_before", "value", "change"))
    return " before rounding" if now - before != change else ""


def _size(row: Row) -> Markup:
    if row["change_unit"] != "%":
        return _unsigned(row, "size")
    shown = number(abs(row["change"]), 0)
    return bind(row, "size", "less than 1%" if shown == "[low]" else f"{shown}%")


def _unsigned(row: Row, statistic: str) -> Markup:
    return bind(row, statistic, text(row, statistic).replace(MINUS, ""))


def points(row: Row) -> str:
    return " percentage points" if row["change_unit"] != "%" else ""


def _change_interval(row: Row) -> Markup:
    if pd.isna(row["lower"]):
        return Markup("")
    if row["lower"] < 0 < row["upper"]:
        return Markup(" ({} confidence interval: from {} of {} to {} of {})").format(
            confidence(row),
            bind(row, "change_lower", "a fall"),
            _unsigned(row, "change_lower"),
            bind(row, "change_upper", "a rise"),
            _unsigned(row, "change_upper"),
        )
    ends = ["change_lower", "change_upper"] if row["change"] > 0 else ["change_upper", "change_lower"]
    return Markup(" ({} confidence interval {} to {})").format(
        confidence(row), *(_unsigned(row, end) for end in ends)
    )


def _needed(row: Row, possible: int | None, certain: int | None) -> Markup:
    _, noun = change_words(row)
    behind = Markup(
        "{}: the figure {} rests on {} of {} {}, the one {} on a number that this pack does not have."
    )
    rests = behind.format(
        name(series(row)),
        when(row),
        bind(row, "numerator"),
        bind(row, "denominator"),
        row["counted"],
        when(row, before=True),
    )
    figures = bind(row, "change", noun), bind(row, "value_before"), bind(row, "value")
    change = Markup("the {} from {} to {}").format(*figures)
    if possible is None:
        return Markup("{} Whatever that number was, up to {}, chance alone could produce {}.").format(
            rests, _total(row, "largest_total", LARGEST_TOTAL), change
        )
    beyond = Markup("from {} upwards it would be hard to put down to chance")
    if certain is None:
        beyond = Markup("from there upwards, it depends on the exact number")
    elif certain > possible:
        beyond += Markup("; in between, it depends on the exact number")
    return Markup(
        "{} If that number was below {}, chance alone could produce {}; {} (tested alone, at {}%)."
    ).format(
        rests,
        _total(row, "conclusive_possible", possible),
        change,
        beyond.format(_total(row, "conclusive_certain", certain or 0)),
        Markup('<data value="{}" data-statistic="level">{}</data>').format(LEVEL, f"{100 * LEVEL:g}"),
    )


def _total(row: Row, statistic: str, total: int) -> Markup:
    words = Markup('<data value="{0}" data-statistic="{1}" data-measure="{2}">{0:,}</data>')
    return by_method("conclusive totals", words.format(total, statistic, row["measure"]))


def date(row: Row, before: bool = False) -> Markup:
    phrase = str(when(row, before))
    return Markup(phrase.removeprefix("at ").removeprefix("in "))


def _last_two(rows: pd.DataFrame) -> dict[str, Any]:
    before, now = (rows.sort_values("period_end").iloc[at] for at in (-2, -1))
    percent = now["unit"] == "%"
    return now.to_dict() | {
        "value_before": before["value"],
        "lower_before": before["lower"],
        "previous_period": before["time_period"],
        "period_start_before": before["period_start"],
        "period_end_before": before["period_end"],
        "change": now["value"] - before["value"],
        "change_unit": "percentage points" if percent else now["unit"],
    }


def _moved(pair: Row, colon: str) -> Markup:
    ends = bind(pair, "value_before"), bind(pair, "value")
    if pd.isna(pair["lower_before"]):
        return Markup("{}: printed as {}, then {}").format(name(series(pair)), *ends)
    verb, _ = change_words(pair)
    if pair["change"] == 0:
        return Markup("{}{} {} at {}{}").format(
            name(series(pair)), colon, bind(pair, "change", verb), ends[1], _per(pair)
        )
    return Markup("{}{} {} from {} to {}{}").format(
        name(series(pair)), colon, bind(pair, "change", verb), *ends, _per(pair)
    )
