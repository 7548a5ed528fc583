"""The accessibility statement says what the tests found: all of them, and over all pages there are."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import recorded
from conftest import DATA, keep_only

from lscb_analysis.build.builder import build
from lscb_analysis.data.files import dictionary, texts
from lscb_analysis.data.schema import located, validate_text
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.pages import accessibility

CARE = "08_care_leavers"
ONE = recorded.Found("widths", "No page is wider than its screen", "Chromium", "150", 4, 20, 0)
ROWS = recorded.recorded()


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "FILE", tmp_path / "accessibility.csv")
    recorded.write([ONE, ONE._replace(check="axe-on-a-phone", unjudged=3)])


def test_what_is_recorded_covers_every_check_and_all_pages(pages):
    """The checks are found in the tests that note them, each of which holds its own row as well."""
    named = {check for path in Path(__file__).parent.glob("test_*.py") for check in noted(path)}
    assert {re.sub(r"(?<=-)(none|active|\d+)$", "", check) for check in ROWS} == named
    of_all = {row["pages"] for check, row in ROWS.items() if check != "readability"}
    chapters_apart = len(pages) - 1  # where the whole pack on one page would only be the others once more
    assert of_all == {str(len(pages)), str(chapters_apart)}, (
        "run make accessibility: there are other pages now"
    )


def noted(path: Path) -> set[str]:
    """The checks that a file of tests notes, without what tells several of one kind apart."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    of = [call.args for call in calls if ast.unparse(call.func) in ("by_hand", "note", "by_axe")]
    words = [[arg for arg in args if isinstance(arg, ast.Constant | ast.JoinedStr)] for args in of]
    first = [args[0].values[0] if isinstance(args[0], ast.JoinedStr) else args[0] for args in words if args]
    return {part.value for part in first}


def test_the_statement_has_every_check_with_what_it_came_to(pages):
    page = pages["accessibility"]
    items = page.select("#tested ~ .log li")
    assert (
        len(items)
        == len(ROWS)
        == len(accessibility.tested(read_edition("southend-2017-19"), draft=False).checks)
        >= 10
    )
    for item, row in zip(items, ROWS.values(), strict=True):
        assert item.select_one("[data-name=check]").get_text() == row["what"]
        assert item.select_one("[data-name=tool]").get_text() == f"{row['tool']} {row['version']}"
        assert [data["value"] for data in item.find_all("data")] == [
            row[column] for column in ("pages", "rules", "faults", "unjudged")
        ]
    told = page.main.find("time")["datetime"]
    assert told == max(row["date"] for row in ROWS.values()) <= date.today().isoformat()


def test_the_statement_says_what_falls_short_whom_to_ask_and_is_reached_from_every_page(pages):
    page = pages["accessibility"]
    said = " ".join(page.main.get_text().split())
    assert "in part" in said
    assert "Nobody who uses a screen reader" in said
    left_open = [row for row in ROWS.values() if row["unjudged"] != "0"]
    assert len(page.select("#known ~ ul [data-statistic=unjudged]")) - len(ROWS) == len(left_open)
    assert page.select_one("#another-form ~ p bdi").get_text() in page.footer.get_text()
    links = [one.select_one("footer a[href='accessibility.html']") for one in pages.values()]
    assert links.count(None) == 1


def test_where_nothing_is_recorded_the_statement_claims_nothing_and_where_faults_are_it_lists_them(project):
    keep_only(project, [CARE])
    path = project / DATA / recorded.FILE.name
    rows = pd.read_csv(path, dtype=str)
    path.unlink()
    page = (build().folder / "accessibility.html").read_text("utf-8")
    assert "No test of the pages of this pack is recorded" in page
    assert "No test found a fault" not in page
    rows.loc[rows["check"] == "keyboard", "faults"] = "2"
    rows.to_csv(path, index=False)
    page = (build().folder / "accessibility.html").read_text("utf-8")
    assert "The tests found faults, which are listed below." in page
    assert "No test found a fault" not in page
    assert (
        page.count('data-statistic="faults_found" data-category="keyboard"') == 2
    )  # listed, and in the list of all


@pytest.mark.usefixtures("record")
def test_a_check_that_comes_to_something_else_than_is_recorded_differs():
    assert recorded.differences(ONE) == {}
    assert recorded.differences(ONE._replace(version="151")) == {}
    assert recorded.differences(ONE._replace(pages=21)) == {"pages": ("20", "21")}
    assert recorded.differences(ONE._replace(faults=1)) == {"faults": ("0", "1")}
    assert recorded.differences(ONE._replace(unjudged=1)) == {"unjudged": ("none", "some")}
    assert recorded.differences(ONE._replace(check="axe-on-a-phone", unjudged=5)) == {}
    assert set(recorded.differences(ONE._replace(check="new"))) == set(recorded.SETTLED)


@pytest.mark.usefixtures("record")
def test_what_is_written_is_a_valid_file_of_words():
    raw = located(pd.read_csv(recorded.FILE, dtype=str), "data/southend/accessibility.csv")
    assert validate_text(raw, dictionary(), "accessibility") == []
    assert list(raw["check"]) == ["axe-on-a-phone", "widths"]


@pytest.mark.parametrize(("column", "value"), [("faults", "none"), ("pages", "-1"), ("date", "today")])
def test_what_was_typed_into_the_record_is_refused(column, value):
    raw = located(texts("accessibility").head(1).assign(**{column: value}), "data/southend/accessibility.csv")
    found = validate_text(raw, dictionary(), "accessibility")
    assert [problem.column for problem in found] == [column]
    assert "Run make accessibility" in str(found[0])
