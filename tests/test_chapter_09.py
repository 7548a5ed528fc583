"""Children who died: the few figures that are told, by hand from the report, and none besides."""

import re
from pathlib import Path

from lscb_analysis import load
from lscb_analysis.data.files import measures, texts
from lscb_analysis.editions.edition import read_edition

CHAPTER = Path(__file__).resolve().parents[1] / "notebooks" / "09_child_deaths.ipynb"
TABLES = ("child_deaths", "child_death_factors", "practice_reviews")


def figures(table):
    rows = load(table)
    return [
        (row.measure, f"{row.period_end:%Y-%m-%d}", row.value, row.printed.lower())
        for row in rows.itertuples()
    ]


def test_the_figures_are_those_of_the_report():
    assert figures("child_deaths") == [
        ("deaths_notified", "2017-03-31", 8, "eight"),
        ("deaths_notified", "2018-03-31", 6, "six"),
        ("deaths_notified", "2019-01-30", 9, "nine"),
        ("death_reviews_completed", "2017-03-31", 12, "twelve"),
        ("death_reviews_completed", "2018-03-31", 5, "five"),
        ("death_reviews_completed", "2019-01-30", 1, "one"),
    ]
    assert [row[2:] for row in figures("practice_reviews")] == [
        (1, "one"),
        (2, "two"),
        (1, "a review"),
        (2, "two"),
    ]


def test_the_findings_of_the_reviews_add_up_to_the_reviews():
    of_year = load("child_deaths", measure="death_reviews_completed", time_period=2018)
    assert load("child_death_factors", time_period=2018)["value"].sum() == of_year["value"].item()


def test_a_part_of_a_year_is_not_filed_as_a_year():
    rows = load("child_deaths")
    days = (rows["period_end"] - rows["period_start"]).dt.days
    assert (rows["time_identifier"].eq("Reporting year") == days.ge(364)).all()


def test_nothing_is_compared_drawn_or_made_a_percentage():
    edition = read_edition("southend-2017-19")
    assert "09_child_deaths" not in {comparison.chapter for comparison in edition.comparisons}
    own = {measure for table in TABLES for measure in load(table)["measure"]}
    assert set(measures().loc[sorted(own), "unit"]) == {"number"}
    assert set(measures().loc[sorted(own), "polarity"]) == {"neither"}
    assert not re.search(
        r"charts\.|compare\(|proportion\(|rate\(|sentences\.change", CHAPTER.read_text("utf-8")
    )


def test_no_detail_about_a_single_child_is_kept():
    told = texts("facts", chapter="09_child_deaths")
    words = " ".join(told["about"] + " " + told["said"]).lower()
    words += CHAPTER.read_text("utf-8").lower()
    details = "malignan|neonatal|infection|trauma|drug|alcohol|unexpected|first four|october|baby|infant"
    assert not re.findall(details, words)
