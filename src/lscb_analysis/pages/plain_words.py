"""The figures of an edition in plain words, for children, young people and families.

What is told is the latest figure of each comparison that the edition marks with `easy_read`, the one before
it, and what the verdict on the two means. The words come from `plain_measures.csv` and
`plain_facts.csv`, by the measure that is counted (whose label stands for `{label}` in a title) and by
the fact.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from lscb_analysis.data import measures, records, texts
from lscb_analysis.editions import (
    CALLED,
    NOT_COMPARED,
    Comparison,
    Edition,
    EditionError,
    declared,
    periods,
    verdict_table,
)
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import bind, in_every, name, number, places, when
from lscb_analysis.pages.words import beginning, claimed, say, sign, small, words
from lscb_analysis.release import protect
from lscb_analysis.statistics import compare, count, rounded

WIDEST = 100
"""How long the longest bar is; a percentage is as long as it says."""


@dataclass(frozen=True)
class Told:
    """One idea of the easy to read page: a figure and the one before it, as sentences, and what they mean.

    `lengths` are those of the bars beside the two sentences, the latest figure's first.
    """

    heading: Markup
    meaning: str
    now: Markup
    before: Markup
    verdict: Markup
    lengths: tuple[float, float]
    chapter: str


def easy_read(edition: Edition, chapters: Collection[str]) -> list[Told]:
    """Return what the page tells: of comparisons that a chapter in `chapters` shows, in that order.

    Raises EditionError as `check_plain_words` does.
    """
    order = list(chapters)
    asked = sorted(_marked(edition, chapters), key=lambda asked: order.index(asked.chapter))
    return [_told(edition, one) for one in asked]


def check_plain_words(edition: Edition, chapters: Collection[str]) -> None:
    """Raise EditionError if a comparison that is to be told has no plain words."""
    for asked in _marked(edition, chapters):
        _words(asked)


def _marked(edition: Edition, chapters: Collection[str]) -> list[Comparison]:
    return [asked for asked in edition.comparisons if asked.easy_read and asked.chapter in chapters]


def plans(edition: Edition) -> pd.DataFrame:
    """Return the facts of kind `plan` that have plain words, which are in the column `plain`."""
    edition.open()
    facts = texts("facts", edition=edition.name, kind="plan")
    return facts.merge(texts("plain_facts").rename(columns={"said": "plain"}), on="fact")


def _told(edition: Edition, asked: Comparison) -> Told:
    plain, row = _words(asked), _row(edition, asked)
    compared = row["verdict"] != NOT_COMPARED
    label = name(small(str(measures().at[row["measure"], "label"])))
    return Told(
        escape(plain["title"]).replace("{label}", label),
        plain["meaning"],
        _now(row, plain),
        _before(row) if compared else Markup(""),
        _verdict(row),
        _lengths(row),
        asked.chapter,
    )


def _words(asked: Comparison) -> dict[str, str]:
    """The plain words of what is counted."""
    measure = str(asked.counts.get("measure", ""))
    found = records(texts("plain_measures", measure=measure))
    if not found:
        raise EditionError(
            f"{asked.question} is marked easy_read, and plain_measures.csv has no words for "
            f"{measure!r}. Add a row, or take the mark away."
        )
    return found[0]


def _row(edition: Edition, asked: Comparison) -> Row:
    """The comparison that is told: of a rate its number, where both moved the same way, else the rate."""
    table = verdict_table(edition)
    verdict = records(protect(table[table["question"] == asked.question], rule=edition.rule).frame)[0]
    if asked.method != "rate":
        return verdict
    numbers = count(declared(edition, asked.question, "counts"), edition.confidence)
    changed = compare(numbers, *periods(edition, numbers), edition.confidence)
    row = records(protect(changed, rule=edition.rule).frame)[0]
    alike = np.sign(row["change"]) == np.sign(verdict["change"])
    return {**row, "question": asked.question, "verdict": verdict["verdict"]} if alike else verdict


def _now(row: Row, plain: dict[str, str]) -> Markup:
    """The latest figure, who is counted and when: 66 in every 100 of these meetings were on time in …"""
    if pd.isna(row["value"]):
        return say("plain.untold")
    of = {"who": plain["who"], "said": plain["said"], "when": _when(row)}
    return say("plain.now", figure=_figure(row, "value"), **of)


def _before(row: Row) -> Markup:
    """The figure before, and which way it went since, if that may be told beside what the verdict means."""
    given = {"When": beginning(_when(row, before=True)), "figure": _figure(row, "value_before")}
    if _whole(row, "value_before") == _whole(row, "value"):
        return say("plain.stayed_about" if row["change"] else "plain.moved", row, went=0, **given)
    key = "plain.moved" if row["verdict"] in CALLED else "plain.before"
    return say(key, row, went=sign(row["change"]), **given)


def _verdict(row: Row) -> Markup:
    return Markup(" ").join(
        Markup("{}.").format(claimed(row, means)) for means in words()["means"][row["verdict"]]
    )


def _figure(row: Row, statistic: str) -> Markup:
    """A figure in whole numbers: 116, 67 in every 100, or between 45 and 46 where other pages have 45.5."""
    said = bind(row, statistic, _whole(row, statistic))
    every = in_every().get(row["unit"])
    return say("plain.every", figure=said, every=every) if every else said


def _whole(row: Row, statistic: str) -> str:
    """A figure, rounded as other pages show it, in whole numbers."""
    shown = rounded(row[statistic], places(row, statistic))
    if float(shown).is_integer() and (shown or not row[statistic]):
        return number(float(shown), 0)
    below = math.floor(shown)
    ends = {"below": number(below, 0), "above": number(below + 1, 0)}
    return say("plain.between" if below else "plain.less_than_one", **ends)


def _when(row: Row, before: bool = False) -> Markup:
    said = str(when(row, before))
    return Markup(f"on {said[3:]}" if said.startswith("at ") else said)


def _lengths(row: Row) -> tuple[float, float]:
    """How long the bars of the latest and the earlier figure are; zero for one that is not told."""
    if pd.isna(row["value"]):
        return 0.0, 0.0
    values = row["value"], 0.0 if row["verdict"] == NOT_COMPARED else row["value_before"]
    longest = WIDEST if row["unit"] == "%" else max(*values, 1.0)
    return values[0] * WIDEST / longest, values[1] * WIDEST / longest
