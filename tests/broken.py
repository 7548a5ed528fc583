"""Sentences that no page may have: a pattern for each kind of fault, and one that had it."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup, Tag

from lscb_analysis.pages.words import words

_OF_ALL = words()["claims_of_all"]
_UNCLEAR = "|".join(_OF_ALL["unclear"]["none"] + _OF_ALL["not compared"]["none"])
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"

FAULTS = {
    r"(?:rose|fell) from ([\d,.]*\d%?)(?![\d,.%])[^.;(]* to \1(?![\d.,])": (
        "It rose from 422 per 10,000 children at 31 March 2017 to 422 at 31 March 2018."
    ),
    r"the (?:rise|fall) from (\S+) to \1(?![\d.])": "chance alone could produce the fall from 67% to 67%",
    rf"(?:rose|fell)\b[^.]*: (?:{_UNCLEAR})": "Children in our care rose from 73 to 74: too few to tell",
    rf"(?:{_UNCLEAR})\. It (?:rose|fell)": "Children in our care: too few to tell. It rose from 73 to 74.",
    r"the (?:number|share|percentage) of [^.;]*? (?:was|from) [\d,.]+ per \d": (
        "the number of children in need was 490 per 10,000 children"
    ),
    r"\[(?:low|c|x|z|k|u)\]": "from a fall of [low] to a rise of 16%",
    r"\b(?:of|to|than|by|from) \[": "260 of [x]",
    r"rested on too few": "4 rested on too few to tell",
    rf"\bin \d\d? (?:{_MONTHS}) \d{{4}}": "49 in 31 March 2016",
    r"\bof them \S+ .* and 0 |\ball 0 (?:are|were)\b": "Sums: 21, of them 21 reached and 0 not reached.",
    r"went (?:up|down)\..* may be just chance": "So it went up. This may be just chance.",
    r"(?:rose|fell) from[^.]*\..*(?:has not clearly changed|told from chance)": (
        "It rose from 45% to 46%. As the whole mix has not clearly changed, what one part did is no finding."
    ),
    r"\bbetween \d{4} to \d{4} and\b": "between 2016 to 2017 and 2017 to 2018",
    r"(?<![\d.,])1 (?:children|comparisons|meetings|authorities|(?:percentage )?points)\b": "Over 1 meetings",
    r"\b1 were\b|\ball 1 of\b|: 1, of them\b|\bOf the 1\b": "Numbers held: 1, of them 1 within it.",
    r"\ba (?:8|11|18)(?:%|\b(?![\d,.]))": "a 8% rise",
    r"\ban (?:[1-79]|1[0-79])(?:%|\b)": "an 7% rise",
    r"[-−]0(?:%|\b(?![.\d]))": "−0%",
    r"(?<![\d.,])0(?:\.0+)? percentage points": "differ by 0 percentage points",
    r"between ([\d,.]+) and \1(?![\d.])": "between 5 and 5 people",
    r"\.\.|,,|;;| [,.;:](?!\d)|\( | \)": "what stands there..",
    r"\b(\w+) \1\b(?<!that that)": "the the number",
    r"\bNaT\b|\bnan\b|\bNone(?! of| is)\b|\{\}": "nan%",
    r"(?:Lower|Higher) in [^(]*\((\S+) beside \1\)": "Lower in England: pupils (13.7% beside 13.7%)",
}
"""A pattern for each kind of fault, with a sentence that has it."""


def sentences(page: BeautifulSoup) -> list[str]:
    """Return the words of each paragraph, headline, caption and list item of a page, as a reader has them."""
    told = [part for part in page.main.select("p, li, dd, dt, caption, h1, h2, h3") if not _left_out(part)]
    return [" ".join(part.get_text().split()) for part in told]


def faults(page: BeautifulSoup) -> list[tuple[str, str]]:
    """Return each pattern that a page must not have, with the sentence that has it."""
    said = sentences(page)
    return [(fault, words) for fault in FAULTS for words in said if re.search(fault, words)]


def _left_out(part: Tag) -> bool:
    """What explains symbols, or only holds other parts."""
    return "symbols" in part.get("class", []) or part.find(["p", "li"]) is not None
