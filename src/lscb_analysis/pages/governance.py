"""Sentences on how a board works: attendance, and what partners' ratings say of it."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import records
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import Display, day, if_any
from lscb_analysis.pages.sentences import finding
from lscb_analysis.pages.words import direction, each, listed, say
from lscb_analysis.records import PARTS, STEP, fewest_since, orders, parts
from lscb_analysis.release import Release


@if_any()
def attendance(shares: Release) -> Display:
    """Say each share of marks, with the numbers behind it and over how many meetings."""
    rows = records(shares.frame)
    return finding([say("meetings.shares", rows[0], each=each("meetings.share", rows))])


@if_any(2)
def since(before: Release, since: Release) -> Display:
    """Say each share of marks before and since a time, and whether the ways of counting agree.

    None is said to rise or fall: that so few meetings can tell is for `few_meetings` to say.

    >>> marks = pack.load("board_attended", "board_apologies", "board_neither")
    >>> of = (marks["period_end"] < "2018-06-01", marks["period_end"] >= "2018-06-01")
    >>> before, since = (pack.protect(lscb.records.attendance(marks[rows], together=True)) for rows in of)
    >>> lscb.sentences.since(before, since)
    Meetings from 5 June 2018 on count as since. The share attended of all marks was 75% (27 of 36) before ...
    """
    pairs = [_pair(then, now) for then, now in zip(records(before.frame), records(since.frame), strict=True)]
    told = [pair for pair in pairs if pd.notna(pair["change"])]
    if not told:
        return finding([])
    begun = say("meetings.begun", day=day(since.frame["period_start"].min()))
    sentences = [begun, *(say("meetings.since", pair) for pair in told)]
    if len(told) > 1:
        alike = len({direction(pair) for pair in told}) == 1
        sentences.append(say("meetings.agree" if alike else "meetings.disagree", told[0]))
    return finding(sentences)


@if_any(2)
def few_meetings(before: Release, since: Release) -> Display:
    """Say whether any difference between the meetings of two times could exceed chance, and what it takes.

    Nothing where there are no marks of one of them.

    >>> marks = pack.load("board_attended", "board_apologies", "board_neither")
    >>> of = (marks["period_end"] < "2018-06-01", marks["period_end"] >= "2018-06-01")
    >>> before, since = (pack.protect(lscb.records.attendance(marks[rows], together=True)) for rows in of)
    >>> lscb.sentences.few_meetings(before, since)
    If nothing had changed, 3 meetings before and 3 since could have come in any of 20 orders. ...
    """
    then, now = records(before.frame)[0], records(since.frame)[0]
    ways, needed = orders(then["meetings"], now["meetings"]), fewest_since(then["meetings"])
    row = {**now, "orders": ways, "fewest_since": needed, "extreme": 2}
    enough = "few" if now["meetings"] < needed else "enough"
    return finding([say("meetings.orders", row, then=then), say(f"meetings.{enough}", row)])


@if_any()
def summaries(printed: Release) -> Display:
    """Say the mode, the mean and the range of each statement, as printed.

    >>> lscb.sentences.summaries(pack.stated(pack.load("duties_mean", "duties_range")))
    “A strategic plan every year”: mean 3 and range 2. ...
    """
    sentences = []
    figure = printed.frame["value"].notna() | (printed.frame["status"] == "z")
    told = figure.groupby(printed.frame["category"]).transform("any")
    for _, rows in printed.frame[told].groupby("category", sort=False):
        of = dict(zip(parts(rows), records(rows), strict=True))
        said = [say(_summary(of[part]), of[part], part=part) for part in PARTS if part in of]
        sentences.append(say("ratings.summary", next(iter(of.values())), each=listed(said)))
    return finding(sentences)


def _summary(row: Row) -> str:
    """The sentence on a summary: where several ratings tie it is no figure, and stands as printed."""
    return "ratings.tie" if pd.isna(row["value"]) and row["status"] == "z" else "ratings.part"


def means_between(told: pd.DataFrame) -> Markup:
    """Return between which statements the means of `told` run."""
    least, most = (records(told[told["value"] == end]) for end in (told["value"].min(), told["value"].max()))
    of = {"most": most[0], "least_of": each("part.quoted", least), "most_of": each("part.quoted", most)}
    return say("ratings.headline", least[0], **of)


@if_any()
def possible(checks: Release) -> Display:
    """Say which printed summaries no ratings can give, and which only some readings of them allow."""
    rows = checks.frame
    first = {**rows.iloc[0].to_dict(), "step": STEP}
    never = rows[~rows["possible"]]
    sentences = [say("ratings.held", first)]
    if never.empty:
        return finding([*sentences, say("ratings.all", first)])
    which = {
        "never": never,
        "cut": never[never["possible_cut"]],
        "half": rows[rows["possible"] & ~rows["possible_whole"]],
    }
    for key, of in which.items():
        if len(of):
            listing = each("part.quoted", records(of))
            sentences.append(say(f"ratings.{key}", of.iloc[0].to_dict(), each=listing))
    return finding(sentences)


def _pair(then: Row, now: Row) -> Row:
    columns = (
        "value",
        "numerator",
        "denominator",
        "meetings",
        "status",
        "source",
        "period_start",
        "period_end",
    )
    return {
        **now,
        **{f"{key}_before": then[key] for key in columns},
        "previous_period": then["time_period"],
        "change": now["value"] - then["value"],
        "change_unit": "percentage points",
    }
