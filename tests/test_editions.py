"""Reading an edition, and everything that is wrong with one at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from lscb_analysis.editions.edition import EditionError, read_edition
from lscb_analysis.project import editions

NAME = "southend-2017-19"

WHOLE = """
title = "A title"
board = "A board"
area = "Anytown"
period = "2017 to 2018"
previous = 2017
latest = 2018
rule = "published"
chapters = ["01_visits"]
analysed = "an analyst"
assured = "another analyst"
ask = "the manager"
published = 2026-01-05
next_pack = 2027-01-05
use_until = 2027-02-01

[[help]]
when = "In danger"
service = "the emergency services"
telephone = "999"

[[comparisons]]
question = "visits"
chapter = "01_visits"
method = "rate"
counts = { table = "visits" }
totals = { table = "population" }
printed = { table = "visits" }
"""


def write(project: Path, text: str, name: str = "mine") -> None:
    (project / "notebooks" / "editions" / f"{name}.toml").write_text(text, encoding="utf-8")


def refusal(name: str = "mine", **changed) -> list[str]:
    with pytest.raises(EditionError) as refused:
        read_edition(name, **changed)
    return str(refused.value).splitlines()


@pytest.mark.usefixtures("project")
def test_the_edition_of_southend_reads():
    edition = read_edition(NAME)
    assert (edition.name, edition.area) == (NAME, "Southend-on-Sea")
    assert (edition.previous, edition.latest) == (2017, 2018)


@pytest.mark.parametrize(("name", "area"), [(NAME, {}), ("authority", {"area": "Thurrock"})])
def test_every_chapter_compared_is_a_chapter_of_the_edition_and_no_question_is_asked_twice(name, area):
    edition = read_edition(name, **area)
    questions = [comparison.question for comparison in edition.comparisons]
    assert {comparison.chapter for comparison in edition.comparisons} <= set(edition.chapters)
    assert len(questions) == len(set(questions))


def test_a_written_edition_is_listed_and_read_with_the_confidence_that_is_usual(project):
    write(project, WHOLE)
    assert editions() == sorted(["mine", NAME])
    edition = read_edition("mine")
    assert edition.name == "mine"
    assert edition.confidence == 0.95
    assert edition.comparisons[0].totals == {"table": "population"}


@pytest.mark.usefixtures("project")
def test_fields_may_be_changed_for_a_run_and_the_file_stays():
    changed = read_edition(NAME, confidence=0.998, latest=2019)
    assert (changed.confidence, changed.latest) == (0.998, 2019)
    assert read_edition(NAME).latest == 2018


@pytest.mark.usefixtures("project")
def test_a_change_to_what_cannot_be_is_refused():
    lines = refusal(NAME, confidence=95, latset=2019)
    assert len(lines) == 2
    assert lines[0].startswith("Parameter confidence is 95. Give a fraction")
    assert lines[1] == "There is no parameter 'latset'. Did you mean 'latest'?"


@pytest.mark.usefixtures("project")
def test_an_edition_cannot_be_changed_once_read():
    edition = read_edition(NAME)
    with pytest.raises(ValidationError):
        edition.latest = 2019


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["southend-2017-18", "../editions/southend-2017-19", ""])
def test_an_unknown_edition_is_refused_with_the_nearest_there_is(name):
    (line,) = refusal(name)
    assert repr(name) in line
    assert NAME in line


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('title = "A title"', "title = 5", "title"),
        ('title = "A title"', 'titel = "A title"', "titel"),
        ('title = "A title"', "", "title"),
        ("previous = 2017", 'previous = "last year"', "previous"),
        ("latest = 2018", "latest = 201718", "latest"),
        ("latest = 2018", "latest = 2018.5", "latest"),
        ('rule = "published"', 'rule = "published"\nconfidence = 95', "confidence"),
        ('rule = "published"', 'rule = "published"\nconfidence = 0', "confidence"),
        ('rule = "published"', 'rule = "published"\nconfidence = 1.0', "confidence"),
        ('chapters = ["01_visits"]', 'chapters = "01_visits"', "chapters"),
        ('chapters = ["01_visits"]', "chapters = []", "chapters"),
        ('chapters = ["01_visits"]', 'chapters = ["01_visits", "../01_visits"]', "chapters number 2"),
        ('title = "A title"', 'title = "A\\u202etitle"', "title"),
        ('method = "rate"', 'method = "ratio"', "comparisons number 1, method"),
        ('printed = { table = "visits" }', "printed = 1", "comparisons number 1, printed"),
        ('question = "visits"', 'question = "visits"\ncolour = "red"', "comparisons number 1, colour"),
        ('counts = { table = "visits" }', 'counts = "visits"', "comparisons number 1, counts"),
        ('analysed = "an analyst"', "", "analysed"),
        ('ask = "the manager"', 'ask = ""', "ask"),
        ("use_until = 2027-02-01", 'use_until = "in spring"', "use_until"),
        ('telephone = "999"', 'telephone = "see the website"', "help number 1, telephone"),
        ('when = "In danger"', "", "help number 1, when"),
    ],
)
def test_what_does_not_hold_is_refused_with_file_and_place(project, old, new, place):
    assert old in WHOLE
    write(project, WHOLE.replace(old, new))
    lines = refusal()
    assert any(line.startswith(f"mine.toml, {place}: ") for line in lines)


def test_all_that_does_not_hold_is_refused_at_once(project):
    text = WHOLE.replace("title =", "titel =").replace("previous = 2017", 'previous = "last year"')
    write(project, text.replace("latest", "confidence = 95\nlatest").replace('"rate"', '"ratio"'))
    places = {line.removeprefix("mine.toml, ").partition(":")[0] for line in refusal()}
    assert places == {"title", "titel", "previous", "confidence", "comparisons number 1, method"}


def test_what_is_not_toml_is_refused_with_the_file_and_the_line(project):
    write(project, WHOLE.replace("previous = 2017", "previous = = 2017"))
    (line,) = refusal()
    assert "mine.toml" in line
    assert f"line {WHOLE.splitlines().index('previous = 2017') + 1}" in line


def test_what_is_not_utf8_is_refused_with_the_file(project):
    path = project / "notebooks" / "editions" / "mine.toml"
    path.write_bytes(WHOLE.replace("Anytown", "Añytown").encode("latin-1"))
    assert any("mine.toml" in line for line in refusal())


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("previous = 2017", "previous = 2020", "previous"),
        ("use_until = 2027-02-01", "use_until = 2025-02-01", "use_until"),
        ("next_pack = 2027-01-05", "next_pack = 2026-01-05", "next_pack"),
        ('chapter = "01_visits"', 'chapter = "02_visits"', "02_visits"),
        ('counts = { table = "visits" }', 'counts = { tabel = "visits" }', "table"),
        ("[[comparisons]]", WHOLE[WHOLE.index("[[") :] + "[[comparisons]]", "visits"),
    ],
    ids=[
        "later before earlier",
        "not to be used before it is published",
        "the next on the day of this one",
        "chapter not in the edition",
        "rows without a table",
        "question asked twice",
    ],
)
def test_what_contradicts_itself_is_refused(project, old, new, word):
    assert old in WHOLE
    write(project, WHOLE.replace(old, new))
    assert any(word in line for line in refusal())
