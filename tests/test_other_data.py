"""The pack of another council, or of another year: other figures, fewer of them, or more of them withheld.

The figures are altered, so what the pages then say is invented.
"""

import shutil

import pandas as pd
import pytest
from borne_out import not_borne_out
from broken import faults
from bs4 import BeautifulSoup
from conftest import CHECKOUT, DATA, EDITION as FILE, keep_only, only

from lscb_analysis.audit.known import known
from lscb_analysis.build.builder import build
from lscb_analysis.data.files import check, measures, tables
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import verdict_table
from lscb_analysis.quality.rules import FINDING, findings

EDITION = read_edition("southend-2017-19")
WITHHELD = ["c", "c", ""]
"""What stands in `value`, `printed` and `qualifier` of a figure that its source withholds."""


def alter(project, name, altered, folder=DATA):
    """Write a table anew as `altered` makes it of its rows, which are all text."""
    path = project / folder / f"{name}.csv"
    rows = altered(pd.read_csv(path, dtype=str, keep_default_na=False))
    rows.to_csv(path, index=False, lineterminator="\n")


def built(project, *chapters):
    """The pages of a pack of these chapters, all that it says borne out."""
    shutil.copyfile(CHECKOUT / FILE, project / FILE)
    keep_only(project, list(chapters))
    made = build()
    assert not made.failed, [f"{chapter.name} {chapter.error}" for chapter in made.failed]
    verdicts = verdict_table(read_edition(EDITION.name))
    pages = {path.stem: path.read_text("utf-8") for path in made.folder.glob("*.html")}
    assert {name: wrong for name, html in pages.items() if (wrong := not_borne_out(html, verdicts))} == {}
    return {name: BeautifulSoup(pages[name], "html.parser") for name in chapters}


def said(page):
    return " ".join(page.main.get_text().split())


@pytest.mark.parametrize(
    "table",
    [
        "care_leavers",
        "categories_of_abuse",
        "conferences",
        "dated_events",
        "dfe_referrals",
        "self_assessment",
    ],
)
@pytest.mark.parametrize("name", ["southend-2017-19", "invented"])
def test_a_council_with_a_single_table_has_its_figures_checked(project, table, name):
    """Whether or not its edition, the second here, has facts that say which report is read."""
    only(project, table)
    edition = EDITION.model_copy(update={"name": name, "comparisons": []})
    assert list(findings(edition).columns) == FINDING
    assert known(edition).told


def test_data_without_figures_are_refused_in_words(project):
    only(project, "simulated_alarms")
    (problem,) = check()
    assert str(problem).startswith(
        "data/southend/: holds no table of figures. Put one there: a CSV file with the columns"
    )


def test_where_no_change_is_beyond_chance_the_pack_says_so_and_is_published(project):
    """A single comparison, which has too few cases to tell, and none that was not made."""
    summary = said(built(project, "00_board_summary", "03_primary_need")["00_board_summary"])
    assert "No comparison shows a change beyond chance." in summary
    assert "Everything could be compared." in summary
    assert "This pack makes 1 comparison: 1 had too few cases to tell." in summary


@pytest.mark.whole
def test_where_the_years_change_places_verdicts_turn_round_and_all_that_is_said_holds(project):
    key = ["area_code", "measure", "category", "source", "time_identifier"]

    def swapped(rows):
        of = {year: rows.index[rows["time_period"] == year] for year in ("2017", "2018")}
        years = [rows.loc[at].set_index(key)[["value", "printed", "qualifier"]] for at in of.values()]
        both = years[0].index.intersection(years[1].index)
        if len(both) and all(year.index.is_unique for year in years):
            for at, other in zip(of.values(), years[::-1], strict=True):
                within = rows.loc[at].set_index(key).index.isin(both)
                cells = rows.loc[at[within]].set_index(key).index
                rows.loc[at[within], other.columns] = other.loc[cells].to_numpy()
        return rows

    for name in set(tables()) - {"simulated_alarms"}:
        alter(project, name, swapped)
    summary = said(
        built(project, "00_board_summary", "04_referrals", "05_child_protection")["00_board_summary"]
    )
    assert "held within 15 working days: worse. It fell from 66.0%" in summary


def small(rows):
    """Rows of which the numbers under 20 are withheld, and the percentages of what they count."""
    units = rows["measure"].map(measures()["unit"])
    numbers = pd.to_numeric(rows["value"], errors="coerce")
    part = rows["category"] != "Total"
    cells = rows["time_period"] + rows["category"]
    few = part & (units == "number") & (numbers < 20)
    rows.loc[few | (part & (units == "%") & cells.isin(cells[few])), ["value", "printed", "qualifier"]] = (
        WITHHELD
    )
    return rows


def withheld(rows):
    """Rows of which those of the latest year are withheld."""
    rows.loc[rows["time_period"] == "2018", ["value", "printed", "qualifier"]] = WITHHELD
    return rows


def test_where_the_latest_number_is_withheld_it_is_not_compared_and_its_denominator_stands(project):
    alter(project, "child_protection_plans", withheld)
    pages = built(project, "00_board_summary", "05_child_protection")
    summary = said(pages["00_board_summary"])
    plans = "Children who were the subject of a child protection plan"
    assert f"{plans}: not compared, because there is no figure for the later period" in summary
    rates = [row.get_text(" ", strip=True) for row in pages["05_child_protection"].select("tr")]
    assert "31 March 2018 [c] 39,115 [c] [c]" in rates


@pytest.mark.whole
def test_where_small_numbers_are_withheld_all_that_is_said_of_the_others_holds(project):
    for name in ("dfe_primary_need", "dfe_plans_starting", "placements"):
        alter(project, name, small)
    pages = built(project, "03_primary_need", "05_child_protection", "06_children_looked_after")
    assert all("[c]" in page.get_text() for page in pages.values())


@pytest.mark.whole
def test_where_a_whole_mix_is_withheld_nothing_is_drawn_or_compared_and_the_page_says_so(project):
    alter(project, "referrals", withheld)
    alter(project, "dfe_referrals", withheld)
    page = said(built(project, "04_referrals", "05_child_protection")["04_referrals"])
    assert "None of these figures can be told. " in page
    assert "Nothing is drawn here: none of these figures can be told." in page
    assert "not compared, because there is no figure for the later period" in page


def untold(rows):
    """Rows of which every figure is not available."""
    return rows.assign(value="x", printed="x", qualifier="")


DATES_AND_DUTIES = ("00_board_summary", "15_data_quality")
"""What has no figure of its own to tell: verdicts, and what dates are held against."""


@pytest.mark.parametrize(
    "chapters",
    [
        ["00_board_summary", "05_child_protection", "10_practice_quality", "13_board_governance"],
        pytest.param(EDITION.chapters, marks=pytest.mark.whole),
    ],
    ids=["some chapters", "all chapters"],
)
def test_a_pack_of_which_no_figure_is_available_is_published_and_every_chapter_says_so(project, chapters):
    for name in set(tables()) - {"simulated_alarms"}:
        alter(project, name, untold)
    pages = built(project, *chapters)
    asked = sum(one.chapter in chapters for one in EDITION.comparisons)
    assert asked >= 3
    none = f"This pack makes {asked} comparisons: {asked} could not be compared."
    assert none in said(pages["00_board_summary"])
    why = "not compared, because there is no figure for the earlier period: its source gives none"
    assert why in said(pages["05_child_protection"])
    for name, page in pages.items():
        assert not faults(page), name
        if name not in DATES_AND_DUTIES:
            assert "None of these figures can be told." in said(page), name
        assert not page.select("figure svg"), name
