"""A new year is a matter of data: its rows and an edition file, no change to code. The year is invented."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import CHECKOUT, DATA, EDITION, FEW, keep_only

from lscb_analysis.build.builder import build
from lscb_analysis.data.schema import DICTIONARY, TEXTS
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import verdict_table

PLANS, RATE = "150", "38.3"  # 150 of 39,115 children, by hand: 38.348… per 10,000


def add_a_year(project):
    """Repeat the rows of the latest year a year later, with another number of plans."""
    for path in (project / DATA).glob("*.csv"):
        if path.stem not in (*DICTIONARY, *TEXTS):
            rows = pd.read_csv(path, dtype=str, keep_default_na=False)
            latest = "2017" if path.stem == "population" else "2018"
            year = rows[rows["time_period"] == latest].copy()
            year["time_period"] = str(int(latest) + 1)
            for column in ("period_start", "period_end"):
                year[column] = (pd.to_datetime(year[column]) + pd.DateOffset(years=1)).dt.strftime("%Y-%m-%d")
            for measure, value in (("cpp_at_31_march", PLANS), ("cpp_rate", RATE)):
                year.loc[year["measure"] == measure, ["value", "printed"]] = value
            pd.concat([rows, year]).to_csv(path, index=False)


def without_notes(words):
    """An edition without what its report says: the next report says something else."""
    return re.sub(r"(?ms)^\[notes\].*?(?=^\[\[comparisons)", "", words)


@pytest.fixture
def invented(project):
    old = project / EDITION
    before = verdict_table(read_edition(old.stem))
    add_a_year(project)
    words = old.read_text("utf-8").replace("previous = 2017", "previous = 2018")
    words = words.replace("latest = 2018", "latest = 2019")
    old.with_name("invented-2018-20.toml").write_text(without_notes(words), "utf-8")
    return before


def test_a_new_year_extends_the_chapters_and_leaves_the_old_edition_as_it_was(invented):
    pd.testing.assert_frame_equal(verdict_table(read_edition("southend-2017-19")), invented)
    made = build("invented-2018-20")
    assert [chapter.name for chapter in made.chapters] == FEW
    assert not made.failed, [chapter.error for chapter in made.failed]
    page = BeautifulSoup((made.folder / "05_child_protection.html").read_text("utf-8"), "html.parser")
    first = page.select_one(".finding").get_text()
    assert "rose from 116 at 31 March 2018 to 150 at 31 March 2019" in first
    rate = 'data[data-measure="cpp_rate"][data-statistic="value"][data-period="2019-03-31"]'
    assert {figure.get_text() for figure in page.select(rate)} == {RATE}
    years = [row.th.get_text() for row in page.select_one("table").select("tbody tr")]
    assert years[-2:] == ["31 March 2018", "31 March 2019"]


NEED = "02_children_in_need"
PLACE = "Local authority,E06000033,Southend-on-Sea"
OLD, NEW = "report-5.2-children-in-need", "invented-2021-b1"
RELEASE = (
    'invented-2021-{table},"a release, table {table}",a publisher,a release,,{table},2020 to 2021,'
    "Open Government Licence v3.0,published,2021-10,an invented reference"
)
NUMBERS = {"cin_at_31_march": {2018: "1323", 2019: "1440"}, "cin_rate": {2018: "338", 2019: "368"}}


def add(project, table, *rows):
    with (project / DATA / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in rows)


@pytest.fixture
def need(project):
    """The next year of children in need, from a release of its own, and an edition beside the old one."""
    (project / EDITION).write_text((CHECKOUT / EDITION).read_text("utf-8"), "utf-8")
    keep_only(project, ["00_board_summary", NEED])
    for measure, numbers in NUMBERS.items():
        dated = f"2019,Reporting year,2019-03-31,2019-03-31,{PLACE},{measure},Total"
        add(project, "children_in_need", f"{dated},{numbers[2019]},{numbers[2019]},,{NEW}")
    add(project, "sources", *(RELEASE.format(table=table) for table in ("b1", "population")))
    for year, children in ((2017, 39115), (2018, 39120)):
        dated = f"{year},Reporting year,{year}-06-30,{year}-06-30,{PLACE},population_0_17,Total"
        add(project, "population", f"{dated},{children},{children},,invented-2021-population")
    episodes = project / DATA / "dfe_episodes_of_need.csv"
    rows = [
        row for row in episodes.read_text("utf-8").splitlines() if row.startswith("2018,") and PLACE in row
    ]
    later = (row.replace("2018-03-31", "2019-03-31").replace("2017-04-01", "2018-04-01") for row in rows)
    add(project, "dfe_episodes_of_need", *(row.replace("2018,", "2019,", 1) for row in later))
    words = without_notes((project / EDITION).read_text("utf-8"))
    words = words.replace("previous = 2017", "previous = 2018").replace("latest = 2018", "latest = 2019")
    words = words.replace(f'source = "{OLD}"', f'source = ["{NEW}", "{OLD}"]')
    words = words.replace("dfe-cin-2020-population", "invented-2021-population")
    path = (project / EDITION).with_name("invented.toml")
    path.write_text(words, "utf-8")
    return path


def said(pack, page):
    return " ".join(
        BeautifulSoup((pack / f"{page}.html").read_text("utf-8"), "html.parser").main.get_text().split()
    )


@pytest.mark.whole
@pytest.mark.usefixtures("need")
def test_a_year_of_another_release_builds_and_so_does_the_old_edition():
    old = build("southend-2017-19")
    new = build("invented")
    assert not old.failed + new.failed
    assert "rose from 1,323 at 31 March 2018 to 1,440 at 31 March 2019" in said(new.folder, NEED)
    page = BeautifulSoup((new.folder / f"{NEED}.html").read_text("utf-8"), "html.parser")
    figures = page.select('data[data-measure="cin_at_31_march"][data-statistic^="value"]')
    assert {(figure["data-period"], figure["data-source"]) for figure in figures} >= {
        ("2018-03-31", OLD),
        ("2019-03-31", NEW),
    }
    # the new report says nothing yet: what leads to its words leaves, and the old edition keeps it
    for lead, chapter in (
        ("The report claims, without a figure:", NEED),
        ("The reasons that it gives:", NEED),
        ("What does the report say was done?", NEED),
        ("What the board has set itself for the year to come, in our words:", "00_board_summary"),
    ):
        assert lead in said(old.folder, chapter)
        assert lead not in said(new.folder, chapter)
    # a question that is the page's own stands among those that the sources do not answer
    unanswered = "The sources of this pack do not answer: Which of the board's duties have no figure?"
    assert unanswered in said(new.folder, "00_board_summary")
    assert unanswered not in said(old.folder, "00_board_summary")
    # what holds for every edition is said for every edition, and what holds for the old one is not
    assumed = said(new.folder, "assumptions")
    assert "Siblings come together" in assumed
    assert "None is recorded" not in assumed
    assert "It was typed from text extracted from a document" not in assumed
    assert "Siblings come together" in said(new.folder, NEED)


def test_populations_of_two_releases_are_not_mixed_unseen(need):
    words = need.read_text("utf-8")
    both = 'source = ["invented-2021-population", "dfe-cin-2020-population"]'
    need.write_text(words.replace('source = "invented-2021-population"', both), "utf-8")
    population = need.parents[2] / DATA / "population.csv"
    rows = population.read_text("utf-8").splitlines(keepends=True)
    kept = [row for row in rows if not (row.startswith("2017,") and "invented" in row)]
    population.write_text("".join(kept), "utf-8")
    with pytest.raises(ValueError, match="populations of two releases") as refused:
        build("invented")
    for words in (
        "invented, question 'children_in_need': ",
        "dfe-cin-2020-population (2019 to 2020) for 2018",
        "invented-2021-population (2020 to 2021) for 2019",
        "give totals that source in the edition.",
    ):
        assert words in str(refused.value)
    assert not (need.parents[2] / "reports" / "invented").exists()


def test_where_two_sources_give_a_figure_the_message_has_the_line_to_write(need):
    rate = 'table = "children_in_need", measure = "cin_rate"'
    words = need.read_text("utf-8")
    need.write_text(words.replace(f'{rate}, source = ["{NEW}", "{OLD}"]', rate), "utf-8")
    dated = f"2018,Reporting year,2018-03-31,2018-03-31,{PLACE},cin_rate,Total"
    add(need.parents[2], "children_in_need", f"{dated},338,338,,{NEW}")
    with pytest.raises(ValueError, match="give the same figure for 2018-03-31") as refused:
        build("invented")
    assert str(refused.value).startswith(f"invented, question 'children_in_need': {OLD} and {NEW} give")
    assert f'Write in the edition: printed = {{ {rate}, source = "{OLD}" }}.' in str(refused.value)


def test_only_source_may_be_a_list_and_not_an_empty_one(need):
    words = need.read_text("utf-8").replace(f'["{NEW}", "{OLD}"]', "[]", 1)
    need.write_text(words, "utf-8")
    with pytest.raises(ValueError, match="only source may be one, and not an empty one"):
        read_edition("invented")
