"""What stands on a page for a figure, digits or a word: does the figure bear it out?"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from lscb_analysis.audit.remade import Known, worked_out
from lscb_analysis.data import measures
from lscb_analysis.figure import Figure, defined
from lscb_analysis.pages import MINUS, Block, Piece, cited, in_every
from lscb_analysis.quality import TOTAL
from lscb_analysis.statistics import rounded

Reasons = Iterator[str]
"""Why something on a page is wrong, one by one."""

_SHOWN = re.compile(rf"([+{MINUS}]?)(£?)([\d,]+)(?:\.(\d+))?(%?)(?: points)?")
_BETWEEN = re.compile(r"between ([\d,]+) and ([\d,]+)")
_UNITS = ("%", "£", "percentage points")
_CLOSE = 2e-9
"""A page gives ten digits of a value."""

COMPARES = {"larger than": 1, "smaller than": -1, "the same as": 0}
AGREE = {"agree": True, "disagree": False}
"""Words that say of the changes of a paragraph whether they go the same way."""
_AGAINST = {"above": 1, "at": 0, "below": -1} | COMPARES
_BESIDE = {"Higher": 1, "The same": 0, "Lower": -1}
SIGNS = {
    **dict.fromkeys(("rose", "rise", "a rise", "a rise of this size", "a surplus", "more"), 1),
    **dict.fromkeys(("fell", "fall", "a fall", "a fall of this size", "a deficit", "less"), -1),
    **{"went up": 1, "went down": -1},
    **dict.fromkeys(("stayed the same", "change", "no change", "is", "neither a surplus nor a deficit"), 0),
}
"""Words that give a figure its sign."""
_TRUTHS = {
    **dict.fromkeys(("could be", "can", "could", "agree"), True),
    **dict.fromkeys(("cannot be", "cannot", "could not", "do not agree"), False),
}
"""Words that say whether something can be."""


def check_shown(known: Known, areas: dict[str, set[str]], block: Block, sentence: list[Piece]) -> Reasons:
    """Yield what a reader sees of a figure that is neither its value, rounded, nor a word it bears out."""
    for at, piece in enumerate(sentence):
        if piece.mark != "data" or (value := bound(piece)) is None:
            continue
        figure = cited(piece)
        if digits := _SHOWN.fullmatch(piece.words):
            unsigned = figure.statistic == "size" or _says_direction(block, sentence)
            if not _reads_as(digits, value, figure, unsigned):
                yield f"“{piece.words}” is not {value:.10g} rounded."
            follows = sentence[at + 1] if at + 1 < len(sentence) else Piece("", "", {})
            yield from _check_unit(digits, figure, block, follows)
        elif piece.words in ("[low]", "almost 0") or piece.words.startswith("less than"):
            if not 0 < abs(value) < (_number(piece.words) if piece.words.startswith("less than") else 0.5):
                yield f"“{piece.words}” is not {value:.10g}."
        elif between := _BETWEEN.fullmatch(piece.words):
            if not int(between[1].replace(",", "")) < value < int(between[2].replace(",", "")):
                yield f"{value:.10g} is not “{piece.words}”."
        elif not _borne_out(known, areas, figure, value, piece.words, block, sentence):
            yield f"“{piece.words}” is not borne out by {value:.10g}, {called(figure)}."


def bound(piece: Piece) -> float | None:
    """Return the value that a figure is bound to, if it is a number."""
    try:
        return float(piece.about.get("value", ""))
    except ValueError:
        return None


def same(value: float, by_data: float) -> bool:
    """Return whether a page, or a CSV, gives the value that the data give."""
    return value == by_data or math.isclose(value, by_data, rel_tol=_CLOSE, abs_tol=1e-9)


def called(figure: Figure) -> str:
    """Return what a figure is, for a message."""
    since = f"since {figure.before}" if figure.before else ""
    return ", ".join(filter(None, (figure.statistic, *figure.place, since)))


def _number(words: str) -> float:
    return float(words.split()[-1].rstrip("%"))


def _says_direction(block: Block, sentence: list[Piece]) -> bool:
    """Whether words of the sentence give the sign that its figures then do without."""
    bound_words = [piece.words for piece in sentence if piece.mark == "data"]
    return block.tag not in ("td", "dd") and any(words in SIGNS for words in bound_words)


def _reads_as(digits: re.Match[str], value: float, figure: Figure, unsigned: bool) -> bool:
    sign, _, whole, decimals, _ = digits.groups()
    shown = float(f"{whole.replace(',', '')}.{decimals or '0'}") * (-1 if sign == MINUS else 1)
    scale = 100 if defined(figure.statistic).fraction else 1
    by_data = float(rounded(scale * value, len(decimals or "")))
    return shown == by_data or (unsigned and not sign and shown == abs(by_data))


def _check_unit(digits: re.Match[str], figure: Figure, block: Block, follows: Piece) -> Reasons:
    """A percentage, an amount of money and a rate are shown as what they are."""
    pounds, percent = bool(digits[2]), bool(digits[5])
    after = follows.words.strip() if not follows.mark or follows.about.get("data-name") == "unit" else ""
    unit, shown = "%" if defined(figure.statistic).fraction else figure.unit, digits[0]
    if after in in_every().values():
        if after != in_every().get(unit) or percent:
            yield f"“{shown} {after}” is shown in another unit than its own, {unit or 'none'}."
    elif (percent and unit != "%") or (pounds and unit != "£"):
        yield f"“{shown}” is shown in another unit than its own, {unit or 'none'}."
    elif block.tag in ("td", "th"):
        yield from _check_unit_of_cell(shown, figure, block.column, percent)
    elif (unit == "%" and not percent) or (unit == "£" and not pounds):
        yield f"“{shown}” is shown without its unit, {unit}."
    elif after.startswith("percentage points") and unit != "percentage points":
        yield f"“{shown}” is no number of percentage points; its unit is {unit}."
    elif figure.statistic in ("size", "shift") and unit == "percentage points" and "point" not in after:
        yield f"“{shown}” is shown without its unit, {unit}."
    elif after.startswith("per ") and not after.startswith(unit):
        yield f"“{shown} {after}” is shown in another unit than its own, {unit}."


def _check_unit_of_cell(shown: str, figure: Figure, column: str, percent: bool) -> Reasons:
    said = re.search(r"\(([^)]*)\)$", column)
    if said and said[1] in _UNITS and figure.unit in _UNITS and said[1] != figure.unit:
        yield f"“{shown}” stands under “{column}”; its unit is {figure.unit}."
    elif figure.unit == "%" and not percent and "%" not in column and figure.statistic.startswith("value"):
        yield f"“{shown}” is shown without its unit, %."


def _borne_out(
    known: Known,
    areas: dict[str, set[str]],
    figure: Figure,
    value: float,
    words: str,
    block: Block,
    sentence: list[Piece],
) -> bool:
    """Whether a figure bears out the word that stands for it."""
    statistic = figure.statistic
    if statistic in ("change", "size", "change_lower", "change_upper", "residual", "difference"):
        if words in ("stayed the same", "change") and _read_alike(sentence):
            return True
        if words == "stayed about the same":
            return _within_one(known, figure)
        if words in SIGNS:
            return bool(np.sign(value) == SIGNS[words])
        if words == "a change of this size":
            return bool(value)
        if words == "almost no change":
            return rounded(value, int(measures()["decimals"][figure.measure])) == 0
        return words in AGREE and _agree(block) == AGREE[words]
    if statistic in ("smallest_fall", "smallest_rise"):
        noun = statistic.removeprefix("smallest_")
        return words == (f"no {noun}, however large" if math.isinf(value) else f"a {noun}")
    if statistic in ("fits", "possible", "possible_cut", "possible_whole"):
        return words in _TRUTHS and bool(value) == _TRUTHS[words]
    if statistic == "denominator":
        lies = _ends(sentence, "smallest") <= value <= _ends(sentence, "largest")
        return words == ("lies within" if lies else "does not lie within")
    if statistic == "value":
        return _value_borne_out(known, areas, figure, value, words, sentence)
    if words == "chance alone could produce" and statistic == "largest_total":
        return not worked_out(known, replace(figure, statistic="conclusive_possible"))
    return words in _FIXED.get(statistic, {}) and _FIXED[statistic][words](value, block)


_FIXED: dict[str, dict[str, Callable[[float, Block], bool]]] = {
    "shift": {
        "a shift of this size": lambda value, _: value > 0,
        **dict.fromkeys(("are the same", "nothing moved between categories"), lambda value, _: value == 0),
    },
    "smallest_shift": {
        "some shifts, however large, would not have shown": lambda value, _: math.isinf(value)
    },
    "conclusive_possible": {"chance alone could produce": lambda *_: True},
    "conclusive_certain": {
        "it would be hard to put down to chance": lambda *_: True,
        "chance alone would hardly bring about": lambda *_: True,
    },
    "above": {"had a higher figure": lambda *_: True},
    "step": {"half points": lambda value, _: value == 0.5},
    "worst": {
        "by this one the claim holds": lambda value, block: value <= _ends(block.pieces, "value"),
        "by this one the claim may hold": lambda value, block: value > _ends(block.pieces, "value"),
    },
    "best": {
        "by this one the claim does not hold": lambda value, block: value > _ends(block.pieces, "value")
    },
    "fewest_since": {
        "No difference, however clear, could": lambda value, block: _ends(block.pieces, "meetings") < value,
        "A clear difference could": lambda value, block: _ends(block.pieces, "meetings") >= value,
    },
}
"""Words that stand for a figure of one kind only, and when they are true."""


def _value_borne_out(
    known: Known, areas: dict[str, set[str]], figure: Figure, value: float, words: str, sentence: list[Piece]
) -> bool:
    printed = {way.printed for way in known.told.get(figure.place, [])}
    if words in printed or words == str(measures()["label"][figure.measure]).lower():
        return True
    if words in ("more", "fewer") and (role := measures()["role"][figure.measure]) in ("more", "fewer"):
        return bool(role == words)
    if words in SIGNS:
        return bool(np.sign(value) == SIGNS[words])
    if words == "largest":
        return value > _largest_other(known, figure)
    if words in _AGAINST:
        return any(np.sign(value - other) == _AGAINST[words] for other in _others(sentence, figure))
    if compared := re.fullmatch(r"(Lower|Higher|The same) in (.+) (?:than|as) in (.+)", words):
        there = {
            value
            for code in areas.get(compared[3], ())
            for value in worked_out(known, replace(figure, area=code))
        }
        own = figure.area in areas.get(compared[2], ())
        places = int(measures()["decimals"][figure.measure])
        return own and any(_sign(value, other, places) == _BESIDE[compared[1]] for other in there)
    return words == "differs the most"


def _sign(value: float, other: float, places: int) -> int:
    """Which of two figures is the larger as they are shown."""
    return int(np.sign(float(rounded(value, places) - rounded(other, places))))


def _largest_other(known: Known, figure: Figure) -> float:
    """The largest of the other categories: of each the least that any source makes it."""
    least = [
        min((way.value for way in ways if way.unit == figure.unit), default=-np.inf)
        for (measure, category, *rest), ways in known.told.items()
        if (measure, *rest) == (figure.measure, figure.area, figure.period)
        and category not in (TOTAL, figure.category)
    ]
    return max(least, default=-np.inf)


def _others(sentence: list[Piece], figure: Figure) -> list[float]:
    """The values in a sentence that are of another measure."""
    of = [
        piece
        for piece in sentence
        if piece.mark == "data" and cited(piece).measure not in ("", figure.measure)
    ]
    return [value for value in map(bound, of) if value is not None]


def _read_alike(sentence: list[Piece]) -> bool:
    """Whether the figures of both periods stand in a sentence in the same words."""
    pieces = [piece for piece in sentence if piece.mark == "data"]
    shown = {
        statistic: {piece.words for piece in pieces if cited(piece).statistic == statistic}
        for statistic in ("value_before", "value")
    }
    return len(shown["value"]) == 1 and shown["value"] == shown["value_before"]


def _within_one(known: Known, figure: Figure) -> bool:
    """Whether the figures of both periods of a change lie less than one apart."""
    now, then = (known.told.get((*figure.place[:3], period), []) for period in (figure.period, figure.before))
    return any(one.unit == other.unit and abs(one.value - other.value) < 1 for one in now for other in then)


def _agree(block: Block) -> bool:
    """Whether all changes of a block go the same way."""
    signs = {SIGNS[piece.words] for piece in block.pieces if piece.mark == "data" and piece.words in SIGNS}
    return len(signs) == 1


def _ends(pieces: list[Piece], statistic: str) -> float:
    """The last value of a statistic among pieces, or no number."""
    found = [bound(piece) for piece in pieces if piece.mark == "data" and cited(piece).statistic == statistic]
    return found[-1] if found and found[-1] is not None else np.nan
