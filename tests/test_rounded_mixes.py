"""A mix whose source rounds: shown where its numbers miss their total by no more than that, else refused."""

import csv
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import DATA, DICTIONARY, EDITION, copied, only
from test_other_data import alter, said

import lscb_analysis as lscb
from lscb_analysis.build.builder import build
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.editions.verdicts import verdict_table

NEED = "03_primary_need"
COMPARISON = """
[[comparisons]]
question = "primary_need"
chapter = "03_primary_need"
method = "mix"
counts = { table = "dfe_primary_need", measure = "cin_by_primary_need" }
totals = { table = "dfe_primary_need", measure = "cin_at_31_march" }
"""
SOURCE = "dfe-cin-2024-b3"
NOTE = "the source rounds each number, so the categories need not add up to their total"


@pytest.fixture(scope="session")
def published(shared):
    """The rows of the Department's table of primary need of England and its regions, as published."""
    path = shared / "dfe/children-in-need/2023-24/b3_cin_primary_need_2013_to_2024.csv"
    with path.open(encoding="utf-8-sig") as file:
        return [row for row in csv.DictReader(file) if row["geographic_level"] != "Local authority"]


def tidy(row, labels):
    """A row of the Department's as rows of a table: the total, then each category."""
    regional = row["geographic_level"] == "Regional"
    year = row["time_period"]
    place = ["Regional", row["region_code"], row["region_name"]] if regional else [
        "National", row["country_code"], row["country_name"],
    ]  # fmt: skip
    parts = {labels[key]: number for key, number in row.items() if re.match("N[0-9]", key)}
    cells = [("cin_at_31_march", "Total", row["At31_episodes"])]
    cells += [("cin_by_primary_need", category, number) for category, number in parts.items()]
    day = f"{year}-03-31"
    return [
        [year, "Reporting year", day, day, *place, measure, category, number, number, "", SOURCE]
        for measure, category, number in cells
    ]


@pytest.fixture
def written(tmp_path, monkeypatch, published):
    """Write a project with rows of England and its regions alone; `slip` alters a number of the last year."""
    project = copied(tmp_path / "project", [NEED])
    monkeypatch.setenv("LSCB_PROJECT", str(project))
    table = project / DATA / "dfe_primary_need.csv"
    columns = table.read_text("utf-8").splitlines()[0].split(",")
    known = pd.read_csv(project / DICTIONARY / "categories.csv")
    categories = known.loc[known["scheme"] == "primary_need", "category"]
    keys = [key for key in published[0] if re.match("N[0-9]", key)]
    assert len(keys) == len(categories)
    labels = dict(zip(keys, categories, strict=True))

    def as_of_2024(rows):
        own = rows[rows["source"] == "dfe-cin-2020-b3"]
        later = own.replace({"dfe-cin-2020-b3": SOURCE, "2019 to 2020": "2023 to 2024"})
        return pd.concat([rows, later])

    for name in ("sources", "rounding"):
        alter(project, name, as_of_2024, DICTIONARY)

    def write(area, slip=0):
        named = [row for row in published if area in (row["region_name"] or row["country_name"], None)]
        rows = [cells for row in named for cells in tidy(row, labels)]
        first = next(cells for cells in rows if cells[0] == "2020" and cells[8] != "Total")
        first[9] = first[10] = str(int(first[9]) + slip)
        pd.DataFrame(rows, columns=columns).to_csv(table, index=False, lineterminator="\n")
        only(project, "dfe_primary_need")
        path = project / EDITION
        head = (
            path.read_text("utf-8").split("[[comparisons]]")[0].replace("Southend-on-Sea", area or "England")
        )
        head = head.replace("previous = 2017", "previous = 2019").replace("latest = 2018", "latest = 2020")
        path.write_text(head + COMPARISON, "utf-8")
        return read_edition(EDITION.stem)

    return write


def test_every_row_of_england_and_its_regions_is_shown_that_misses_its_total_by_rounding(written, published):
    """87 of 144 miss it; 10 of these by more than eleven rounded numbers could: the source left some out."""
    missed = {}
    for row in published:
        parts = sum(int(number) for key, number in row.items() if re.match("N[0-9]", key))
        missed[row["time_period"], row["region_name"] or row["country_name"]] = parts - int(
            row["At31_episodes"]
        )
    beyond = {place for place, by in missed.items() if abs(by) > 55}
    assert (len(missed), sum(by != 0 for by in missed.values()), len(beyond)) == (144, 87, 10)
    written(None)
    counts = lscb.load("dfe_primary_need", measure="cin_by_primary_need")
    totals = lscb.load("dfe_primary_need", measure="cin_at_31_march")
    places = zip(counts["time_period"].astype(str), counts["area_name"], strict=True)
    assert lscb.share(counts[[place not in beyond for place in places]], totals)["value"].notna().all()
    for period, area in beyond:
        one = counts[(counts["time_period"] == int(period)) & (counts["area_name"] == area)]
        with pytest.raises(ValueError, match=f"{area}, {period}: .* and rounding allows 55"):
            lscb.share(one, totals)


def test_a_pack_of_a_rounded_mix_without_prints_is_published_and_says_that_it_is_rounded(written):
    edition = written("East of England")
    verdict = verdict_table(edition).iloc[0]
    assert (verdict["measure"], verdict["unit"]) == ("primary_need", "%")
    made = build()
    assert not made.failed, [chapter.error for chapter in made.failed]
    page = BeautifulSoup((made.folder / f"{NEED}.html").read_text("utf-8"), "html.parser")
    assert NOTE in said(page)
    assert "this pack works these figures out from the numbers" in said(page)
    cells = {
        statistic: page.select_one(f'[data-category="Abuse or neglect"][data-statistic="{statistic}"]')
        for statistic in ("value", "lower")
    }
    assert cells["value"].get_text().rstrip("%") == "60.0"  # 19,080 of 31,790
    assert cells["lower"]["data-method"] == "Wilson score"


def test_a_slip_beyond_the_rounding_is_refused_with_table_row_and_total(written):
    edition = written("East of England", slip=100)
    with pytest.raises(
        ValueError,
        match=r"primary_need, data/southend/dfe_primary_need\.csv: The categories together exceed their "
        r"total\. "
        r"East of England, 20\d\d: [\d,]+ of [\d,]+ \(cin_by_primary_need\), and rounding allows 55\.",
    ):
        verdict_table(edition)


def test_without_the_word_that_a_source_rounds_nothing_is_taken_as_rounding(written, tmp_path):
    edition = written("East of England")
    (tmp_path / "project" / DICTIONARY / "rounding.csv").unlink()
    with pytest.raises(
        ValueError, match=r"East of England, 20\d\d: [\d,]+ of [\d,]+ \(cin_by_primary_need\)[.;] "
    ):
        verdict_table(edition)
