"""Abbreviations in words, where a page first uses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from bs4 import Tag
from bs4.element import NavigableString

from lscb_analysis.data import texts

SILENT = ("head", "svg", "style", "blockquote")
"""What is left as it stands: drawings, and the words of others."""
ASIDE = 'nav.contents, nav.turn, details.statistics, p[style*="clip-path"]'
"""What not every reader meets: lists of contents, what is folded away, words for who cannot see a chart."""


def meanings() -> dict[str, str]:
    """Return the abbreviations of `glossary.csv`, each with what it stands for."""
    rows = texts("glossary")
    return dict(zip(rows["term"], rows["meaning"], strict=True))


def speller(
    known: Mapping[str, str], said: set[str] | None = None, heard: Collection[str] = ()
) -> Callable[[str], str]:
    """Return a function that puts each abbreviation of `known` into words where it first meets it.

    It becomes `SCR (Serious Case Review)`. One that stands in brackets has been given in words already, and
    so have those in `heard`. What it has met it adds to `said`.
    """
    met = set() if said is None else said
    longest_first = "|".join(re.escape(term) for term in sorted(known, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w+])(\(?)({longest_first})(?![\w+])(\)?)") if known else None

    def first(found: re.Match[str]) -> str:
        term, meaning = found[2], f" ({known[found[2]]})"
        told = (
            term in met
            or term in heard
            or (found[1] and found[3])
            or found.string[found.end(2) :].startswith(meaning)
        )
        met.add(term)
        return found[0] if told else f"{found[1]}{term}{meaning}{found[3]}"

    return lambda words: pattern.sub(first, words) if pattern else words


def spell_out(tree: Tag, known: Mapping[str, str]) -> None:
    """Put each abbreviation of `known` into words where a page first uses it.

    What stands aside (contents, what is folded away) has its own first use, so that a reader who passes it by
    misses nothing. Drawings stay as they are.
    """
    said: set[str] = set()
    spelt = speller(known, said)
    asides = {id(aside): speller(known, heard=said) for aside in tree.select(ASIDE)}
    for words in tree.find_all(string=lambda said: any(term in said for term in known)):
        around = list(words.parents)
        if type(words) is NavigableString and not any(element.name in SILENT for element in around):
            own = next((asides[id(element)] for element in around if id(element) in asides), spelt)
            words.replace_with(own(words))
