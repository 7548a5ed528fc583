"""Pages claim only what was done: a pack of another edition, that has no report and was never tested."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from conftest import CHECKOUT, EDITION, compared, only

from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build

REPORT = re.compile(r"\b(the|this|a|its|each) (annual )?report\b|\breport's\b", re.I)


@pytest.fixture
def project(project):
    """That project with only the tables that it compares."""
    only(project, *compared(project))
    return project


@pytest.fixture
def other(project):
    """The pages of the same chapters under another name, as words; its facts are those of no report."""
    old = project / EDITION
    notes = "[notes]\nplans_explained = 'Reasons are not given.'\n"
    words = re.sub(r"(?ms)^\[notes\].*?(?=^\[)", notes, old.read_text("utf-8"))
    old.with_name("another-2018.toml").write_text(words, "utf-8")
    old.unlink()
    made = build()
    assert not made.failed, [chapter.error for chapter in made.failed]
    return made.folder


def pages(folder):
    return {
        path.stem: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in folder.glob("*.html")
    }


def test_a_pack_of_another_edition_claims_no_test_no_simulation_and_no_report(other):
    told = pages(other)
    statement = " ".join(told["accessibility"].main.get_text().split())
    assert "No test of the pages of this pack is recorded" in statement
    for claim in ("No test found a fault", "last recorded on", "axe-core", "Chromium"):
        assert claim not in statement
    assert not told["methods"].select("#how-often-verdicts-err")
    assert "were simulated" not in told["methods"].get_text()
    for name, page in told.items():
        for named in page.select("[data-name], cite"):
            named.decompose()  # words of the dictionary and of sources
        said = page.get_text()
        found = REPORT.search(said)
        assert not found, (name, said[max(0, found.start() - 200) : found.end() + 80])


def test_a_draft_claims_no_test_and_no_simulation_of_the_whole_pack(project):  # noqa: ARG001
    told = pages(build(asked=Asked(only=["03_primary_need"])).folder)
    assert "No test of the pages of this pack is recorded" in told["accessibility"].main.get_text()
    assert not told["methods"].select("#how-often-verdicts-err")


def test_chapters_speak_of_a_report_where_there_is_one():
    """Else the search above finds nothing because there is nothing to find."""
    assert REPORT.search((CHECKOUT / "notebooks" / "02_children_in_need.ipynb").read_text("utf-8"))
