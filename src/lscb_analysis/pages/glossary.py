"""Abbreviations in words, where a page first uses them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from lscb_analysis.data import texts

_TAG = re.compile(r"(<[^>]*>)")
_SILENT = re.compile(r"<(head|svg|style|blockquote)\b")
"""What is left as it stands: drawings, and the words of others."""
_ASIDE = re.compile(r"<(nav|details|p)\b(?!>)(?=[^>]*(?:contents|turn|statistics|clip-path))")
"""What not every reader meets: lists of contents, what is folded away, words for who cannot see a chart."""


def meanings() -> dict[str, str]:
    """Return the abbreviations of `glossary.csv`, each with what it stands for."""
    rows = texts("glossary")
    return dict(zip(rows["term"], rows["meaning"], strict=True))


def spell_out(html: str, known: Mapping[str, str]) -> str:
    """Return a page with each abbreviation of `known` in words where it is first used.

    It becomes `SCR (Serious Case Review)`. One that stands in brackets has been given in words already.
    What stands aside (contents, what is folded away) has its own first use, so that a reader who passes
    it by misses nothing. Drawings stay as they are.
    """
    if not known:
        return html
    terms = {escape(term): escape(meaning) for term, meaning in known.items()}
    longest_first = "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w&#+])(\(?)({longest_first})(?![\w+])(\)?)")
    said: set[str] = set()
    said_aside: set[str] = set()
    until, silent = "", False

    def first(found: re.Match[str]) -> str:
        term = found[2]
        if term in said or term in said_aside:
            return found[0]
        (said_aside if until else said).add(term)
        if found[1] and found[3]:
            return found[0]
        if found.string[found.end(2) :].startswith(f" ({terms[term]})"):
            return found[0]
        return f"{found[1]}{term} ({terms[term]}){found[3]}"

    parts = []
    for part in _TAG.split(html):
        if part.startswith("<"):
            begins = _SILENT.match(part) or _ASIDE.match(part)
            if until and part == until:
                until, silent = "", False
                said_aside.clear()
            elif begins and not until:
                until, silent = f"</{begins[1]}>", bool(_SILENT.match(part))
        elif not silent:
            part = pattern.sub(first, part)
        parts.append(part)
    return "".join(parts)
