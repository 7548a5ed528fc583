"""Every number of the annual report has its row in data/, or a reason why not; and every row its number."""

from __future__ import annotations

import re
from collections import defaultdict

import pandas as pd
import pytest
from occurrences import FORMS, TOKEN, Occurrence, listed, numbers, occurrences, sections

from lscb_analysis.data import files

REPORT = "southend-annual-report-2017-19.txt"
DOCUMENT = (
    "Annual Report on the Effectiveness of Safeguarding Children in Southend, September 2017 to March 2019"
)

REASONS = {
    "reference": "Says where: the number of a section, a chapter, an item of a list, or a note.",
    "law": "Belongs to a statute, a regulation or a rule of court.",
    "name": "Belongs to a name: a level of training, a service by its ages, a programme, a form, a building.",
    "definition": "Says what is counted, and how: an age, a base, a limit or length of time, a scale.",
    "parts": "Counts what the report itself then lists or names: pathways, studies.",
    "ordinal": "Says which in a row, not how many.",
    "when": "Says how long ago, as a date does.",
    "idiom": "A turn of phrase, in which nothing is counted: one of, one to one, no longer, no doubt.",
    "repeated": "Points back to a figure that has its row.",
    "child": "Detail about individual children, which is not transcribed.",
    "quotation": "Somebody else's words, about individual children.",
    "elsewhere": "Belongs to a national programme or secondment on which nothing in the area depends.",
    "two rows": "States two figures at once: a target, and that it was reached.",
}
"""Why a number of the report has not one row, as a figure has: it has none, or two."""

ROWS = defaultdict(int, {"": 1, "two rows": 2})
"""How many rows of data/ a number needs, by its reason. A date needs none."""

LOOKALIKES = str.maketrans("ΑАΥ", "AAY")
"""Greek and Cyrillic letters that the table of attendance has for Latin ones."""

Place = tuple[str, str]
"""A section and a number."""


def report_rows() -> pd.DataFrame:
    """The rows of data/ from the annual report, each with its `section` and its `place` in data/."""
    sources = files.dictionary().sources
    sections = sources[sources["document"] == DOCUMENT].set_index("source")["section"]
    tables = {name: files.load(name) for name in files.tables()}
    rows = pd.concat(
        rows.assign(place=[f"{name}.csv, row {index + 2}" for index in rows.index])
        for name, rows in tables.items()
    )
    return rows.assign(section=rows["source"].map(sections)).dropna(subset=["section"])


def stated_in_rows() -> dict[Place, list[str]]:
    """Where in data/ each number of each section is transcribed, as `printed` has it."""
    found = defaultdict(list)
    for row in report_rows().itertuples():
        for number, _ in numbers(row.printed):
            found[row.section, number].append(row.place)
    return found


def differences(places: dict[Occurrence, str], rows: dict[Place, list[str]]) -> list[str]:
    """What is not matched: in a section, a number has as many rows as its occurrences need."""
    needed, excused = defaultdict(list), defaultdict(list)
    for place, reason in places.items():
        if place.form != "date":
            needed[place.section, place.number] += [place.position] * ROWS[reason]
            excused[place.section, place.number] += [place.position] * (ROWS[reason] == 0)

    def told(place: Place) -> str:
        reasoned = f", with a reason at {excused[place]}" if excused[place] else ""
        there = f"stands at {needed[place]}{reasoned}; rows: {'; '.join(rows.get(place, [])) or 'none'}"
        return f"section {place[0]}: {place[1]} {there}"

    either = dict.fromkeys([*needed, *rows])
    return [told(place) for place in either if len(rows.get(place, [])) != len(needed[place])]


def test_every_number_has_a_row_or_a_reason_and_every_row_has_a_number():
    if found := differences(listed(), stated_in_rows()):
        pytest.fail("\n".join([f"{len(found)} numbers are not matched:", *found]), pytrace=False)


def test_the_value_of_a_row_is_the_number_printed():
    rows = report_rows()
    wrong = [
        f"{row.place}: {row.value:g} is not in {row.printed!r}"
        for row in rows[rows["status"] == ""].itertuples()
        if (said := [number for number, _ in numbers(row.printed)]) and f"{row.value:.10g}" not in said
    ]
    assert not wrong, "\n".join(wrong)


def test_what_a_row_has_as_printed_stands_in_its_section(shared):
    """In words too, as in quarterly or an; not the mark of an empty or suppressed cell."""
    text = (shared / "source" / REPORT).read_text(encoding="utf-8").translate(LOOKALIKES)
    bodies = dict(sections(text))
    rows = report_rows()
    wrong = [
        f"{row.place}: {row.printed!r} does not stand in section {row.section}"
        for row in rows[rows["status"] == ""].itertuples()
        if not re.search(rf"(?<![\w.,]){re.escape(row.printed)}(?![\w%]|[.,]\d)", bodies[row.section])
    ]
    assert not wrong, "\n".join(wrong)


def test_the_list_is_of_the_kinds_it_may_have_and_every_reason_is_used():
    places = listed()
    assert {place.form for place in places} == set(FORMS)
    assert {reason for reason in places.values() if reason} == set(REASONS)
    assert not [place for place, reason in places.items() if reason and place.form == "date"]


def test_the_list_is_what_the_report_says(shared):
    text = (shared / "source" / REPORT).read_text(encoding="utf-8")
    assert list(listed()) == list(occurrences(text))


def test_no_digit_of_the_report_is_left_over(shared):
    text = (shared / "source" / REPORT).read_text(encoding="utf-8")
    left = {section: TOKEN.sub("", body) for section, body in sections(text)}
    assert not [section for section, rest in left.items() if any(letter.isdigit() for letter in rest)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,387 children, 74 per 10,000", ["1387", "74", "10000"]),
        ("- 14, 207 new; 2.7% (392)", ["14207", "2.7", "392"]),
        ("103.0\t-\t-2,328.59", ["103", "-2328.59"]),
        ("£5m, 600+ and >95%", ["5000000", "600", "95"]),
        ("2/3\t2.5\t1, levels 1-3, section 17/47s", ["2/3", "2.5", "1", "1", "3", "17", "47"]),
        ("Upwards of forty-two; No children; half", ["42", "0", "0.5"]),
        ("the first of Nine, for someone and anyone", ["1", "9"]),
        ("31 March 2018, 116 children; March 20182: 35", ["31 March 2018", "116", "March 2018", "2", "35"]),
        ("7th of January 2019; at 31 March; in Jan. 2019", ["7 January 2019", "31 March", "Jan. 2019"]),
        ("2017-18, 2018/9, 18/19, 2016 - 2019", ["2017-18", "2018/9", "18/19", "2016 - 2019"]),
        ("Act 2004\n- 2. Guidance in Q4; they may be 3", ["2004", "2", "Q4", "3"]),
    ],
)  # fmt: skip
def test_numbers_are_read_as_the_text_of_a_pdf_has_them(text, expected):
    assert [number for number, _ in numbers(text)] == expected


def test_a_section_begins_at_its_heading_and_the_contents_are_no_section():
    text = "1.1 Vision\t4\nSection 2: Of 3\n2.7% of it\n2.1 Parts\nsix\nAppendix 1: B\n7\n1.2 Aim\t1"
    assert list(occurrences(text)) == [
        Occurrence("2", 1, "3", "digits"),
        Occurrence("2", 2, "2.7", "digits"),
        Occurrence("2.1", 1, "6", "word"),
        Occurrence("Appendix 1", 1, "7", "digits"),
        Occurrence("Appendix 1", 2, "1.2", "digits"),
        Occurrence("Appendix 1", 3, "1", "digits"),
    ]


@pytest.mark.parametrize(
    ("reasons", "rows", "said"),
    [
        (["", ""], 2, None),
        (["", "child"], 1, None),
        (["child", "child"], 0, None),
        (["", "two rows"], 3, None),
        (["", ""], 1, "section 4.2: 2 stands at [1, 2]; rows: a.csv, row 2"),
        (
            ["", "child"],
            2,
            "section 4.2: 2 stands at [1], with a reason at [2]; rows: a.csv, row 2; a.csv, row 3",
        ),
        (["child"], 1, "section 4.2: 2 stands at [], with a reason at [1]; rows: a.csv, row 2"),
        (["two rows"], 1, "section 4.2: 2 stands at [1, 1]; rows: a.csv, row 2"),
        ([], 1, "section 4.2: 2 stands at []; rows: a.csv, row 2"),
    ],
)
def test_a_number_without_a_row_a_row_without_a_number_and_a_needless_reason_are_told(reasons, rows, said):
    places = {Occurrence("4.2", n, "2", "word"): reason for n, reason in enumerate(reasons, 1)}
    of_rows = {("4.2", "2"): [f"a.csv, row {n}" for n in range(2, 2 + rows)]} if rows else {}
    assert differences(places, of_rows) == ([said] if said else [])
