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
    NO_CLEAR_CHANGE,
    NOT_COMPARED,
    TOO_FEW,
    Comparison,
    Edition,
    EditionError,
    declared,
    verdict_table,
)
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import bind, claim, in_every, name, number, places, when
from lscb_analysis.project import open_board
from lscb_analysis.release import protect
from lscb_analysis.statistics import compare, count, rounded

WIDEST = 100
"""How long the longest bar is; a percentage is as long as it says."""

_MEANS = {
    TOO_FEW: ["This may be just chance", "But a real change could be hidden here"],
    NO_CLEAR_CHANGE: ["This may be just chance", "A change that matters would most likely have shown"],
    NOT_COMPARED: ["We cannot say if this has changed", "We do not have the numbers for that"],
    "better": ["We can be fairly sure that this is a real change", "This is good news"],
    "worse": ["We can be fairly sure that this is a real change", "This is not good news"],
}
_NEITHER = [
    "We can be fairly sure that this is a real change",
    "On its own, this is not good news or bad news",
]


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
    open_board(edition.data)
    facts = texts("facts", edition=edition.name, kind="plan")
    return facts.merge(texts("plain_facts").rename(columns={"said": "plain"}), on="fact")


def _told(edition: Edition, asked: Comparison) -> Told:
    words, row = _words(asked), _row(edition, asked)
    compared = row["verdict"] != NOT_COMPARED
    label = Markup(name(_small(str(measures().at[row["measure"], "label"]))))
    return Told(
        escape(words["title"]).replace("{label}", label),
        words["meaning"],
        _now(row, words),
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
    changed = compare(numbers, edition.previous, edition.latest, edition.confidence)
    row = records(protect(changed, rule=edition.rule).frame)[0]
    alike = np.sign(row["change"]) == np.sign(verdict["change"])
    return {**row, "question": asked.question, "verdict": verdict["verdict"]} if alike else verdict


def _now(row: Row, words: dict[str, str]) -> Markup:
    """The latest figure, of whom it is and when: 66 in every 100 of these meetings were on time in …"""
    if pd.isna(row["value"]):
        return Markup("We cannot tell you this number.")
    return Markup("{} {} {} {}.").format(_figure(row, "value"), words["who"], words["said"], _when(row))


def _before(row: Row) -> Markup:
    """The figure before, and which way it went since, if that may be told beside what the verdict means."""
    then = _when(row, before=True)
    said = Markup("{}{} it was {}.").format(
        str(then)[0].upper(), Markup(str(then)[1:]), _figure(row, "value_before")
    )
    if _whole(row, "value_before") == _whole(row, "value"):
        way = "stayed about the same" if row["change"] else "stayed the same"
    elif row["verdict"] in CALLED:
        way = "went up" if row["change"] > 0 else "went down"
    else:
        return said
    return said + Markup(" So it {}.").format(bind(row, "change", way))


def _verdict(row: Row) -> Markup:
    means = _MEANS.get(row["verdict"], _NEITHER)
    return Markup(" ").join(Markup("{}.").format(claim(row, words)) for words in means)


def _figure(row: Row, statistic: str) -> Markup:
    """A figure in whole numbers: 116, 67 in every 100, or between 45 and 46 where other pages have 45.5."""
    said = bind(row, statistic, _whole(row, statistic))
    every = in_every().get(row["unit"])
    return said + Markup('<span data-name="unit"> {}</span>').format(every) if every else said


def _whole(row: Row, statistic: str) -> str:
    """A figure, rounded as other pages show it, in whole numbers."""
    shown = rounded(row[statistic], places(row, statistic))
    if float(shown).is_integer() and (shown or not row[statistic]):
        return number(float(shown), 0)
    below = math.floor(shown)
    return f"between {number(below, 0)} and {number(below + 1, 0)}" if below else "less than 1"


def _when(row: Row, before: bool = False) -> Markup:
    said = str(when(row, before))
    return Markup(f"on {said[3:]}" if said.startswith("at ") else said)


def _lengths(row: Row) -> tuple[float, float]:
    """How long the bars of the latest figure and of the one before are; zero for one that is not told."""
    if pd.isna(row["value"]):
        return 0.0, 0.0
    values = row["value"], 0.0 if row["verdict"] == NOT_COMPARED else row["value_before"]
    longest = WIDEST if row["unit"] == "%" else max(*values, 1.0)
    return values[0] * WIDEST / longest, values[1] * WIDEST / longest


def _small(words: str) -> str:
    return f"{words[:1].lower()}{words[1:]}"
