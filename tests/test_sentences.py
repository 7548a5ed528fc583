"""What pages say, read as a sceptical reader would: nothing broken, nothing that its figures do not bear out.

The figures of the second pack are altered so that each kind of sentence that was once wrong stands in it.
"""

from __future__ import annotations

import re

import pandas as pd
import pytest
from broken import FAULTS, faults, sentences
from bs4 import BeautifulSoup
from conftest import DATA, copied

from lscb_analysis.build.builder import build

CHAPTERS = [
    "00_board_summary",
    "02_children_in_need",
    "05_child_protection",
    "06_children_looked_after",
    "08_care_leavers",
    "14_board_finance",
]
PLACE = "Anytown, City of"
SHOWN_INSTEAD = {
    "lscb.sentences.latest(month)": "lscb.sentences.latest(pack.protect(lscb.rate(children, population)))",
    "lscb.sentences.found(by_place)": "lscb.sentences.latest(pack.count(children))",
}
"""What an analyst may show as well: a rate made of numbers, and a number with its interval."""


def change(project, table, value, **of):
    """Set figures of a table, and what is printed of them, where all of `of` hold; None takes them out."""
    path = project / DATA / f"{table}.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    meant = pd.Series(True, rows.index)
    for column, wanted in of.items():
        meant &= rows[column] == wanted
    assert meant.any(), (table, of)
    if value is None:
        rows = rows[~meant]
    else:
        rows.loc[meant, ["value", "printed", "qualifier"]] = [value, value, ""]
    rows.to_csv(path, index=False, lineterminator="\n")


@pytest.fixture(scope="module")
def altered(tmp_path_factory):
    """The pages of a pack of altered figures, of a place whose name has a comma."""
    project = copied(tmp_path_factory.mktemp("altered") / "project", CHAPTERS)
    change(project, "children_in_need", "1312", measure="cin_at_31_march", time_period="2017")
    change(project, "children_in_need", "338", measure="cin_rate", time_period="2017")
    change(project, "dfe_episodes_of_need", "1215", measure="cin_started", time_period="2018")
    for year in ("2016", "2017"):
        change(project, "care_leavers", None, time_period=year)
    for home in ("With a foster family", "In a residential children's home"):
        change(project, "placements", "106", measure="cla_by_home", category=home)
    change(project, "board_finance", "x", measure="board_expenditure", category="Total")
    notebook = project / "notebooks" / "06_children_looked_after.ipynb"
    cells = notebook.read_text("utf-8")
    for shown, instead in SHOWN_INSTEAD.items():
        assert cells.count(f'"{shown}"') == 1
        cells = cells.replace(f'"{shown}"', f'"{instead}"')
    notebook.write_text(cells, "utf-8")
    for path in (*project.glob("data/*/*.csv"), *project.glob("notebooks/**/*.*")):
        named = f'"{PLACE}"' if path.suffix == ".csv" else PLACE
        path.write_text(path.read_text("utf-8").replace("Southend-on-Sea", named), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSCB_PROJECT", str(project))
        made = build()
    assert not made.failed, [f"{chapter.name} {chapter.error}" for chapter in made.failed]
    names = [*CHAPTERS, "easy-read", "index"]
    return {
        name: BeautifulSoup((made.folder / f"{name}.html").read_text("utf-8"), "html.parser")
        for name in names
    }


def said(page):
    return " ".join(sentences(page))


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.items())
def test_each_pattern_finds_the_fault_that_it_is_for(fault, sentence):
    assert re.search(fault, sentence)


def test_no_sentence_of_the_pack_is_broken(pages):
    found = {name: faults(page) for name, page in pages.items() if name != "all"}
    assert not {name: broken for name, broken in found.items() if broken}


def test_no_sentence_of_a_pack_of_altered_figures_is_broken(altered):
    assert sum(len(sentences(page)) for page in altered.values()) > 300
    assert not {name: broken for name, page in altered.items() if (broken := faults(page))}


def test_a_largest_category_is_said_only_of_parts_of_one_whole(altered, pages):
    """Not of two age groups, each with its own number of young people, nor where two are as large."""
    headline = altered["08_care_leavers"].select_one(".headline").get_text()
    assert headline == "Aged 17 to 18: 67%; Aged 19 to 21: 41%"
    homes = said(altered["06_children_looked_after"])
    assert "largest" not in homes
    assert "Beside it stand “In a residential children's home”, with 36%" in homes
    assert "69.1% of 110 plans" in said(altered["05_child_protection"])
    assert "Next among those named comes “In a residential" in said(pages["06_children_looked_after"])


def test_a_rate_is_not_called_a_number_and_a_number_has_no_whole(altered):
    page = said(altered["06_children_looked_after"])
    assert f"In {PLACE}, the rate of children in our care was 74 per 10,000 children at 31 March 2018" in page
    assert f"In {PLACE}, the number of children in our care was 291 at 31 March 2018." in page


def test_what_reads_the_same_twice_neither_rose_nor_fell(altered):
    page = said(altered["02_children_in_need"])
    assert (
        "the rate of children in need stayed the same: 338 per 10,000 children at 31 March 2017 and 338 at "
        "31 March 2018 (95% confidence interval: from a fall of 7% to a rise of 8%)" in page
    )
    assert "Children in need: 338, then 338 per 10,000 children, too few to tell" in page


def test_the_end_of_an_interval_that_rounds_to_nothing_is_told_in_words(altered):
    assert (
        "was 1,125 in the year ending 31 March 2017 and 1,215 in the year ending 31 March 2018, a difference "
        "of 8% (95% confidence interval: from a fall of less than 1% to a rise of 17%)"
    ) in said(altered["02_children_in_need"])


def test_how_many_comparisons_came_to_what_is_a_sentence(altered):
    assert re.search(
        r"This pack makes \d comparisons: 2 showed a change beyond chance, 3 had too few cases to tell and 2 "
        "could not be compared",
        said(altered["00_board_summary"]),
    )


def test_a_day_is_at_and_a_year_in(pages):
    lines = [line.get_text() for line in pages["00_board_summary"].select(".unseen")]
    assert "49.2 at 31 March 2016 to 29.7 at 31 March 2018" in lines
    assert "47.7% in 2015 to 2016 to 66.0% in 2017 to 2018" in lines


def test_a_direction_stands_in_a_headline_only_where_the_verdict_is_a_change(pages):
    headlines = {name: [line.get_text() for line in page.select(".headline")] for name, page in pages.items()}
    assert (
        "Children in our care, from 73 to 74 per 10,000 children: too few to tell"
        in (headlines["06_children_looked_after"])
    )
    assert (
        "Child protection plans fell from 56.7 to 29.7 per 10,000 children"
        in headlines["05_child_protection"]
    )
    assert headlines["03_primary_need"][1] == "The mixes differ by 5.1 percentage points: too few to tell"
    assert "Began: from 1,125 to 1,271; Ended: from 625 to 1,026" in headlines["02_children_in_need"]
    summary = said(pages["00_board_summary"])
    assert "Children in our care: too few to tell. It was 73 at 31 March 2017 and 74 at" in summary


def test_one_figure_is_told_with_one_number_of_decimals(pages):
    """45.5% is neither 45% in a table nor 45 in every 100 in plain words."""
    row = next(row for row in pages["00_board_summary"].select("tr") if "Initial child" in row.get_text())
    cells = [cell.get_text() for cell in row.select("td")]
    assert cells[1:5] == ["45.5%", "66.0%", "+20.6 points", "+11.1 to +29.3"]
    easy = said(pages["easy-read"])
    assert "66 in every 100 of these meetings were on time" in easy
    assert "it was between 45 and 46 in every 100. So it went up." in easy


def test_a_line_of_one_period_is_a_point(altered):
    figure = altered["08_care_leavers"].select_one("figure")
    assert "-over-time-" in figure["id"]
    assert "Aged 17 to 18, 2017 to 2018: 67%." in figure.get_text()
    drawing = figure.select_one(".wide svg")
    assert len(drawing.select("use")) >= 2  # a mark for each of the two groups


def test_an_account_without_its_total_has_no_outcome(altered):
    page = said(altered["14_board_finance"])
    assert "In the year ending 31 March 2019, what came in and what went out are not both told: " in page
    assert "deficit of" not in page
