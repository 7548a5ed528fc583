"""Sentences from words.toml: a template, filled from a row of a release, and words that the row chooses."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from importlib import resources
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from lscb_analysis.data import measures
from lscb_analysis.figure import Row, column
from lscb_analysis.pages.display import (
    MINUS,
    area,
    bind,
    category,
    claim,
    isolated,
    name,
    percent,
    period,
    series,
    text,
    told,
    when,
    when_named,
)

LEVEL = 0.05
"""Of a change that is tested alone, outside of the verdicts."""

_SLOT = re.compile(r"\{(?:(\w+)\.)?(\w+)(?:([:|])([^}]+))?\}")
"""A slot: another row if any, what, and after `:` its words, after `|` the list of words to choose from."""


@cache
def words() -> dict[str, Any]:
    """Return words.toml, which explains itself."""
    return tomllib.loads((resources.files("lscb_analysis.pages") / "words.toml").read_text("utf-8"))


def say(key: str, row: Row | None = None, /, **given: Any) -> Markup:
    """Return the sentence `key` (`group.name`) of words.toml, its slots filled from `row` and from `given`.

    Of `given` a row fills the slots that begin with its name (`{target.value}`), a key chooses from the
    list of its name (`{value|standing}`), and any other value stands for itself.
    """
    group, _, own = key.partition(".")
    return _filled(words()[group][own], row or {}, given)


def word(chosen: str, by: Any) -> str:
    """Return the word of a list: by a sign, by whether something is so, by one or several, or by a key."""
    of: Mapping[str, str] = (words()["signs"] | words()["lists"])[chosen]
    if isinstance(by, str):
        return of[by]
    if "yes" in of:
        return of["yes" if by else "no"]
    if "one" in of:
        return of["one" if by == 1 else "several"]
    return of["more" if by > 0 else "less" if by < 0 else "same"]


def _filled(template: str, row: Row, given: Mapping[str, Any]) -> Markup:
    def fill(slot: re.Match[str]) -> str:
        of, what, mark, said = slot.groups()
        return _slot(given[of] if of else row, what, mark, said, {} if of and not mark else given)

    return Markup(_SLOT.sub(fill, template))


def _slot(row: Row, what: str, mark: str | None, said: str, given: Mapping[str, Any]) -> Markup:
    if not mark:
        if what in given:
            return escape(given[what])
        if what in SLOTS:
            return escape(SLOTS[what](row))
        if column(what) not in row:
            raise KeyError(
                f"words.toml: {{{what}}} is no slot of words.py, no column of its row, and not given."
            )
        return bind(row, what)
    if what == "claim":
        return claimed(row, said)
    if mark == ":":
        return WITH[what](row, said) if what in WITH else bind(row, what, said)
    by = given[said] if said in given else direction(row) if what == "change" else row[column(what)]
    return bind(row, what, _filled(word(said, by), row, given))


def claimed(row: Row, name: str) -> Markup:
    """Return what is claimed of the verdict of a row, marked with its question."""
    return claim(row, (words()["claims"] | words()["claims_of_all"])[name]["says"])


def each(key: str, rows: Iterable[Row], between: str = ", ") -> Markup:
    """Return a sentence of every row, as a list in words."""
    return listed([say(key, row) for row in rows], between)


def listed(parts: Sequence[Markup], between: str = ", ") -> Markup:
    return Markup(between).join(parts[:-1]) + Markup(" and ") + parts[-1] if len(parts) > 1 else parts[0]


def openings(rows: Sequence[Row]) -> list[Markup]:
    """Return what each of several sentences speaks of; where, only if the one before was of another area."""
    before = [None, *(row["area_name"] for row in rows)]
    return [
        say("opening.other" if row["area_name"] != area else "opening.same", row)
        for row, area in zip(rows, before, strict=False)
    ]


def direction(row: Row) -> int:
    """Return the sign of a change: 0 where both periods read the same, whatever lies behind the rounding."""
    if "value_before" in row and text(row, "value") == text(row, "value_before"):
        return 0
    return sign(row["change"])


def sign(number: float) -> int:
    return int(number > 0) - int(number < 0)


def phrase_of(phrase: str, unit: str) -> str:
    """Return the phrase of a measure as it fits a figure in `unit`: a number, a rate, a percentage."""
    said = re.fullmatch("the (number|rate|share|percentage) of (.+)", phrase)
    if not said or not unit:
        return phrase
    fits = {"number": ("number",), "%": ("share", "percentage")}.get(unit, ("rate",))
    return phrase if said[1] in fits else f"the {fits[-1]} of {said[2]}"


def beginning(words: str) -> Markup:
    """Return words that begin a sentence: their first letter large, within markup as well."""
    return Markup(re.sub(r"^((?:<[^>]*>)*)(\w)", lambda found: found[1] + found[2].upper(), escape(words)))


def small(words: str) -> str:
    return f"{words[:1].lower()}{words[1:]}"


def confidence(row: Row) -> Markup:
    return fraction("confidence", row["confidence"])


def fraction(statistic: str, value: float) -> Markup:
    """Return a fraction that belongs to no place and no time, as a percentage."""
    return Markup('<data value="{:g}" data-statistic="{}">{}</data>').format(value, statistic, percent(value))


def from_nothing(row: Row) -> bool:
    """Return whether a number or rate was zero before, so that its change is no percentage."""
    return row["value_before"] == 0 and row["change_unit"] not in ("%", "percentage points")


def points(row: Row, statistic: str) -> Markup:
    """Return the unit of a change, to follow its figure: none after one in per cent, which has its sign."""
    if from_nothing(row):
        return _per({"unit": row["change_unit"]})
    if row["change_unit"] == "%":
        return Markup("")
    one = text(row, statistic).replace(MINUS, "") == "1"
    return Markup(" {}").format(word("points", 1 if one else 2))


def unsigned(row: Row, statistic: str) -> Markup:
    """Return a figure without its sign, which a word beside it gives."""
    of = column(statistic)
    shown = told({**row, of: abs(row[of])}, statistic)
    if shown == "almost 0":
        shown = told({**row, "change": row[of]}, "size")
    return bind(row, statistic, shown)


def _subject(row: Row) -> Markup:
    """The phrase of a row's measure: a rate of what is counted is not called a number."""
    phrase = phrase_of(_of_measure(row, "phrase"), str(row.get("unit", "")))
    return Markup('<span data-name="{}">{}</span>').format(row["measure"], phrase)


def _phrase(row: Row) -> Markup:
    return _subject(row) if row["category"] == "Total" else say("opening.phrase", row)


def _date(row: Row, before: bool = False) -> Markup:
    return Markup(re.sub("^(at|in|from) ", "", str(when(row, before))))


def _per(row: Row) -> Markup:
    html = Markup(' <span data-name="unit">{}</span>')
    return html.format(row["unit"]) if row["unit"].startswith("per") else Markup("")


def _resting(row: Row) -> Markup:
    """The numbers that a figure rests on, and its interval."""
    if pd.isna(row["lower"]):
        return say("latest.no_number") if row["unit"] == "%" else Markup("")
    counted = pd.notna(row["numerator"]) and pd.notna(row["denominator"])
    return say("latest.resting", row) if counted else Markup("")


def _of_measure(row: Row, said: str) -> str:
    return str(measures().at[row["measure"], said])


SLOTS: dict[str, Callable[[Row], str]] = {
    "when": when,
    "when_before": partial(when, before=True),
    "When": lambda row: beginning(when(row)),
    "when_named": when_named,
    "date": _date,
    "date_before": partial(_date, before=True),
    "period": lambda row: name(period(row)),
    "area": area,
    "subject": _subject,
    "Subject": lambda row: beginning(_subject(row)),
    "phrase": _phrase,
    "Phrase": lambda row: beginning(_phrase(row)),
    "quoted": lambda row: say("part.quoted", row),
    "series": lambda row: name(series(row)),
    "category": category,
    "title": lambda row: name(isolated(_of_measure(row, "title"))),
    "small_title": lambda row: name(small(_of_measure(row, "title"))),
    "small_label": lambda row: _of_measure(row, "label").lower(),
    "counted": lambda row: str(row["counted"]),
    "printed": lambda row: str(row["printed"]),
    "of_meetings": lambda row: word("meetings", row["meetings"]),
    "per": _per,
    "change_unit": lambda row: str(row["change_unit"]),
    "even_siblings": lambda row: word("even_siblings", row["dispersion"] > 1),
    "question": lambda row: str(row["question"]),
    "chapter": lambda row: str(row["chapter"]),
    "reason": lambda row: str(row["reason"]),
    "verdict": lambda row: claim(row, row["verdict"]),
    "verdict_alone": lambda row: str(row["verdict"]),
    "confidence": confidence,
    "at_level": lambda _: fraction("test_level", LEVEL),
    "resting": _resting,
    "siblings": lambda row: word("siblings", row["dispersion"] > 1),
    "from_to": lambda row: say("turning.change", row),
}
"""What a row says of itself in a slot; any other slot is one of its figures."""

WITH: dict[str, Callable[[Row, str], Markup]] = {
    "points": points,
    "unsigned": unsigned,
    "small_label": lambda row, statistic: bind(row, statistic, _of_measure(row, "label").lower()),
}
"""What stands beside a figure or for it, whose name follows: `{points:change}`."""
