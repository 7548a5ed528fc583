"""A new year is a matter of data: its rows and an edition file, no change to code. The year is invented."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import EDITION, FEW

from lscb_analysis.data import DICTIONARY_FILES, TEXTS
from lscb_analysis.editions import read_edition
from lscb_analysis.report import build
from lscb_analysis.verdicts import verdict_table

PLANS, RATE = "150", "38.3"  # 150 of 39,115 children, by hand: 38.348… per 10,000


def add_a_year(project):
    """Repeat the rows of the latest year a year later, with another number of plans."""
    for path in (project / "data").glob("*.csv"):
        if path.stem not in (*DICTIONARY_FILES, *TEXTS):
            rows = pd.read_csv(path, dtype=str, keep_default_na=False)
            latest = "2017" if path.stem == "population" else "2018"
            year = rows[rows["time_period"] == latest].copy()
            year["time_period"] = str(int(latest) + 1)
            for column in ("period_start", "period_end"):
                year[column] = (pd.to_datetime(year[column]) + pd.DateOffset(years=1)).dt.strftime("%Y-%m-%d")
            for measure, value in (("cpp_at_31_march", PLANS), ("cpp_rate", RATE)):
                year.loc[year["measure"] == measure, ["value", "printed"]] = value
            pd.concat([rows, year]).to_csv(path, index=False)


@pytest.fixture
def invented(project):
    old = project / EDITION
    before = verdict_table(read_edition(old.stem))
    add_a_year(project)
    words = old.read_text("utf-8").replace("previous = 2017", "previous = 2018")
    words = words.replace("latest = 2018", "latest = 2019")
    old.with_name("invented-2018-20.toml").write_text(words, "utf-8")
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
