"""Finds every number that the annual report states, in digits or in words, with the section it stands in.

`occurrences.csv` keeps them without a word of the report: section, position (the running number within the
section), number, form, and `reason`, a key of REASONS in test_coverage.py; no reason means that the number
needs a row of data/. To list a report again, with the reasons that still apply:

    python tests/occurrences.py ../shared/source/southend-annual-report-2017-19.txt
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_suffix(".csv")
COLUMNS = ["section", "position", "number", "form", "reason"]


class Occurrence(NamedTuple):
    """A number at its place, written as in `value` of data/; a date is its day, month and year."""

    section: str
    position: int
    number: str
    form: str


FORMS = ["digits", "word", "date"]
"""A date says when and needs no row: a day, month, year, span of years, or quarter."""

ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
WORDS = {"no": 0, "none": 0, "nil": 0, "zero": 0, "half": Decimal("0.5"), "twice": 2, "triple": 3}
WORDS |= {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
WORDS |= {word: number for words in ([*ONES, *TEENS], ORDINALS) for number, word in enumerate(words, 1)}
WORDS |= {ten: 10 * number for number, ten in enumerate(TENS, 2)}
WORDS |= {f"{ten}-{one}": WORDS[ten] + WORDS[one] for ten in TENS for one in ONES[:9]}
"""What counts as a number in words; both, single, monthly or the majority do not."""

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August"]
MONTHS += ["September", "October", "November", "December"]
MONTH = "(?:" + "|".join(rf"{name}\b|{name[:3]}t?\b\.?" for name in MONTHS) + ")"
DAY = r"\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?"
YEAR = r"(?:19|20)\d\d(?:[-–/](?:(?:19|20)\d\d|\d\d?)(?!\d)| [-–] (?:19|20)\d\d(?!\d))?"
DATES = [
    rf"(?:{DAY})?{MONTH},?\s+{YEAR}",  # the digit of a note may be glued to it: March 20182
    rf"{DAY}{MONTH}",
    rf"\b{YEAR}(?!\d|,\d{{3}}|\.\d)",
    r"\b\d\d/\d\d\b(?!s)",
    r"\bQ[1-4]\b|\bQuarter [1-4]\b",
]
TOKEN = re.compile(
    rf"(?P<date>{'|'.join(DATES)})"
    r"|(?P<tie>(?<![\d/])\d/\d(?![\d/])|[¹²³])"  # a score of 2/3; the mark of a note
    r"|(?P<digits>(?:(?<![\w)/–-])-)?(?:\d{1,3}(?:,\s?\d{3})+(?!\d)|\d+)(?:\.\d+)?(?P<millions>m\b)?)"
    rf"|(?<!\w)(?P<word>(?i:{'|'.join(sorted(WORDS, key=len, reverse=True))}))(?!\w)"
)
HEADING = re.compile(
    r"^(?:Section (?=\d:)|(?=\d\.\d)|(?=Appendix))([\d.]+|Appendix \d):? (?=[A-Z])(?!.*\t)", re.MULTILINE
)
"""A heading in the text: in the list of contents, which is not read, it has a tab behind it."""
CUT_YEAR = re.compile(r"(?<=\b20\d\d-\d)\t(?=\d\s)")
"""The border of a cell within a year."""


def numbers(text: str) -> Iterator[tuple[str, str]]:
    """The numbers of a text in their order, each with its form."""
    for found in TOKEN.finditer(text):
        said = found.group()
        if found["date"]:
            yield " ".join(re.sub(r"(?<=\d)(?:st|nd|rd|th)\b|\bof\b", "", said).split()), "date"
        elif found["word"]:
            yield plain(Decimal(WORDS[said.lower()])), "word"
        elif found["tie"]:
            yield said, "digits"
        else:
            size = 1_000_000 if found["millions"] else 1
            yield plain(Decimal(re.sub(r"[,\sm]", "", said)) * size), "digits"


def plain(number: Decimal) -> str:
    """The number without commas, and without zeros that say nothing."""
    return f"{number.normalize():f}"


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The sections of the report, as it numbers them, each with the text behind its number."""
    headings = list(HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        yield heading[1], text[heading.end() : end]


def occurrences(text: str) -> Iterator[Occurrence]:
    """Every number from the first heading to the end."""
    for section, body in sections(text):
        for position, (number, form) in enumerate(numbers(CUT_YEAR.sub("", body)), 1):
            yield Occurrence(section, position, number, form)


def listed() -> dict[Occurrence, str]:
    """The occurrences of `occurrences.csv`, each with the reason why it needs no row."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        Occurrence(row["section"], int(row["position"]), row["number"], row["form"]): row["reason"]
        for row in rows
    }


def main(report: Path) -> None:
    """Write `occurrences.csv` anew."""
    reasons = listed() if FILE.exists() else {}
    found = list(occurrences(report.read_text(encoding="utf-8")))
    with FILE.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows([*place, reasons.get(place, "")] for place in found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
