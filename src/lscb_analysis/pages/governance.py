"""Sentences on how a board works: attendance, and what partners' ratings say of it."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import records
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import Display, bind, day, if_any, when
from lscb_analysis.pages.sentences import change_words, finding, listed, quoted, subject
from lscb_analysis.records import PARTS, STEP, fewest_since, orders, parts
from lscb_analysis.release import Release


@if_any()
def describe_attendance(shares: Release) -> Display:
    """Say each share of marks, with the numbers behind it and over how many meetings."""
    rows = records(shares.frame)
    if not rows:
        return finding([])
    over = Markup("Over {} {}").format(_meetings(rows[0]), when(rows[0]))
    said = [Markup("{} was {} ({})").format(subject(row), bind(row, "value"), _out_of(row)) for row in rows]
    return finding([Markup("{}, {}.").format(over, listed(said))])


@if_any(2)
def describe_since(before: Release, since: Release) -> Display:
    """Say each share of marks before and since a time, and whether the ways of counting agree.

    None is said to rise or fall: that so few meetings can tell is for `describe_few_meetings` to say.
    """
    none = [when for when, of in (("before", before), ("since", since)) if of.frame.empty]
    if len(none) == 1:
        return finding([Markup("There are no marks of meetings {}, so nothing is compared.").format(*none)])
    pairs = [_pair(then, now) for then, now in zip(records(before.frame), records(since.frame), strict=True)]
    told = [pair for pair in pairs if pd.notna(pair["change"])]
    if not told:
        return finding([])
    begun = day(since.frame["period_start"].min())
    sentences = [Markup("Meetings from {} on count as since.").format(begun), *map(_moved, told)]
    ways = {change_words(pair)[0] for pair in told}
    if len(told) > 1:
        how = "agree" if len(ways) == 1 else "disagree"
        why = "" if len(ways) == 1 else ", so the answer turns on what a mark for neither means"
        sentences.append(Markup("The ways of counting {}{}.").format(bind(told[0], "change", how), why))
    return finding(sentences)


@if_any(2)
def describe_few_meetings(before: Release, since: Release) -> Display:
    """Say whether any difference between the meetings of two times could exceed chance, and what it takes.

    Nothing where there are no marks of one of them.
    """
    if before.frame.empty or since.frame.empty:
        return Display(Markup(""), "note")
    then, now = records(before.frame)[0], records(since.frame)[0]
    ways, needed = orders(then["meetings"], now["meetings"]), fewest_since(then["meetings"])
    row = {**now, "orders": ways, "fewest_since": needed, "extreme": 2}
    begun = Markup(
        "Had nothing changed, {} before and {} since could have come in any of {} orders, and the "
        "clearest difference there can be in {} of them."
    ).format(_meetings(then), bind(now, "meetings"), bind(row, "orders"), bind(row, "extreme", "2"))
    short = now["meetings"] < needed
    what = "No difference, however clear, could" if short else "A clear difference could"
    so = ", so these marks neither bear out nor refute a change" if short else ""
    end = Markup("{} be told from chance{}: that takes at least {} meetings since.").format(
        bind(row, "fewest_since", what), so, bind(row, "fewest_since")
    )
    return finding([begun, end])


@if_any()
def describe_summaries(printed: Release) -> Display:
    """Say the mode, the mean and the range of each statement, as printed."""
    sentences = []
    figure = printed.frame["value"].notna() | (printed.frame["status"] == "z")
    told = figure.groupby(printed.frame["category"]).transform("any")
    for _, rows in printed.frame[told].groupby("category", sort=False):
        of = dict(zip(parts(rows), records(rows), strict=True))
        said = [Markup("{} {}").format(part, _figure(of[part])) for part in PARTS if part in of]
        sentences.append(Markup("{}: {}.").format(quoted(next(iter(of.values()))), listed(said)))
    return finding(sentences)


def means_between(told: pd.DataFrame) -> Markup:
    """Return between which statements the means of `told` run."""
    ends = [told[told["value"] == value] for value in (told["value"].min(), told["value"].max())]
    said = [
        Markup("{} ({})").format(bind(rows.iloc[0].to_dict(), "value"), listed(_each_quoted(rows)))
        for rows in ends
    ]
    return Markup("ratings run from {} to {}").format(*said)


@if_any()
def describe_possible(checks: Release) -> Display:
    """Say which printed summaries no ratings can give, and which only some readings of them allow."""
    rows = checks.frame
    if rows.empty:
        return finding([])
    first = rows.iloc[0].to_dict()
    opening = Markup(
        "Each printed line was held against every way in which {} partners, or as few as {} should some not "
        "have answered, can rate in {}."
    ).format(
        bind(first, "raters"),
        bind(first, "fewest", str(first["fewest"])),
        bind({**first, "step": STEP}, "step", "half points"),
    )
    never = rows[~rows["possible"]]
    if never.empty:
        return finding([opening, Markup("All {} come about so.").format(bind(first, "possible", "can"))])
    sentences = [opening, _which(never, "possible", "{} {} come about so.", "cannot")]
    cut = never[never["possible_cut"]]
    if len(cut):
        sentences.append(_which(cut, "possible_cut", "{} {} if the mean was cut off, not rounded.", "could"))
    half = rows[rows["possible"] & ~rows["possible_whole"]]
    if len(half):
        sentences.append(_which(half, "possible_whole", "In whole points, {} {} either.", "could not"))
    return finding(sentences)


def _meetings(row: Row) -> Markup:
    return Markup("{} {}").format(bind(row, "meetings"), "meeting" if row["meetings"] == 1 else "meetings")


def _which(rows: pd.DataFrame, statistic: str, sentence: str, word: str) -> Markup:
    said = listed(_each_quoted(rows))
    return Markup(sentence).format(said, bind(rows.iloc[0].to_dict(), statistic, word))


def _each_quoted(rows: pd.DataFrame) -> list[Markup]:
    return [quoted(row) for row in records(rows)]


def _figure(row: Row) -> Markup:
    """A figure, or as printed where several tie."""
    if pd.isna(row["value"]) and row["status"] == "z":
        return Markup('<span data-status="z">{}</span>').format(row["printed"])
    return bind(row, "value")


def _out_of(row: Row) -> Markup:
    return Markup("{} of {}").format(bind(row, "numerator"), bind(row, "denominator"))


def _pair(then: Row, now: Row) -> Row:
    return dict(now) | {
        **{f"{key}_before": then[key] for key in ("value", "numerator", "denominator", "meetings")},
        "status_before": then["status"],
        "source_before": then["source"],
        "previous_period": then["time_period"],
        "period_start_before": then["period_start"],
        "period_end_before": then["period_end"],
        "change": now["value"] - then["value"],
        "change_unit": "percentage points",
    }


def _moved(pair: Row) -> Markup:
    share = Markup(str(subject(pair)).replace(">the ", ">The ", 1))
    before = Markup("{} ({} of {})").format(
        bind(pair, "value_before"), bind(pair, "numerator_before"), bind(pair, "denominator_before")
    )
    return Markup("{} was {} before and {} ({}) since.").format(
        share, before, bind(pair, "value"), _out_of(pair)
    )
