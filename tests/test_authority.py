"""A pack of any authority from national statistics alone: its areas, its periods and its figures."""

from __future__ import annotations

import csv

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from typer.testing import CliRunner

from lscb_analysis.build import Asked, build
from lscb_analysis.cli import app
from lscb_analysis.data import DataError, authority, beside, every_row, figures, totals
from lscb_analysis.data.national.areas import authorities
from lscb_analysis.editions import EditionError, estimates, periods, read_edition, verdict_table
from lscb_analysis.project import editions, templates

THURROCK = "E06000034"


def of(area="Thurrock"):
    return read_edition("authority", area=area)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Cardiff", "is no authority of England"),
        ("W06000015", "outside England"),
        ("Thurock", "Did you mean 'Thurrock'"),
        ("kingston", "Kingston upon Hull, City of, Kingston upon Thames"),
        ("London", "no authority but an area of several.*Barking and Dagenham"),
        ("Inner London", "no authority but an area of several.*Camden"),
        ("England", "no authority but an area of several"),
        ("Cumbria", "has ended.*Cumberland, Westmorland and Furness"),
        ("Poole", "has ended.*Bournemouth, Christchurch and Poole, Dorset"),
    ],
)
def test_a_wrong_name_is_refused_with_what_it_may_mean(said, why):
    with pytest.raises(DataError, match=why):
        authority(said)


def test_outer_london_has_none_of_inner_londons_authorities():
    for part, inside, outside in (("Inner London", "Camden", "Barnet"), ("Outer London", "Barnet", "Camden")):
        with pytest.raises(DataError) as refused:
            authority(part)
        assert inside in str(refused.value)
        assert outside not in str(refused.value)


@pytest.mark.parametrize("said", ["Thurrock", "thurrock", "883", "E06000034"])
def test_an_edition_is_of_an_authority_by_name_or_code_with_its_name_in_its_words(said):
    edition = of(said)
    assert edition.area == "Thurrock"
    assert "Thurrock" in edition.title
    assert any("Thurrock" in one.when for one in edition.help)
    assert "{area}" not in edition.model_dump_json()


def test_beside_an_authority_stand_england_its_whole_region_and_ten_neighbours():
    for one in authorities():
        country, region, *near = beside(one)
        assert (country.name, region.level) == ("England", "Regional")
        assert not region.name.endswith(" London")
        assert len(near) == 10
        assert one not in near


def test_an_edition_for_any_authority_stands_beside_the_others_and_says_what_it_needs():
    assert templates() == ["authority"]
    assert "authority" not in editions()
    asked = CliRunner().invoke(app, ["build", "authority"])
    assert isinstance(asked.exception, EditionError)
    assert "lscb build authority --area NAME" in str(asked.exception)
    other = CliRunner().invoke(app, ["build", "southend-2017-19", "--area", "Thurrock"])
    assert "--area is for editions of any authority (authority)" in str(other.exception)


def test_each_comparison_is_of_the_last_two_years_of_its_own_measure():
    edition = of()
    table = verdict_table(edition).set_index("question")
    assert edition.previous is None
    assert table.loc["plans", ["previous_period", "time_period"]].tolist() == [2024, 2025]
    assert table.loc["referrals", ["previous_period", "time_period"]].tolist() == [2023, 2024]
    for question in table.index:
        assert table.at[question, "time_period"] - table.at[question, "previous_period"] == 1


def test_where_a_source_has_no_figure_of_a_year_the_year_before_is_the_latest():
    edition = of()
    rows = pd.DataFrame({"time_period": [2022, 2023, 2024], "status": ["", "c", "x"]})
    assert periods(edition, rows) == (2022, 2023)
    assert periods(edition, rows.head(0)) == (2024, 2025)
    fixed = edition.model_copy(update={"previous": 2017, "latest": 2018})
    assert periods(fixed, rows) == (2017, 2018)


def test_of_areas_beside_it_only_what_is_compared_is_read():
    of()
    rows = every_row()
    own = rows["area_code"] == THURROCK
    assert {"cin_started", "cin_at_31_march"} <= set(rows[own]["measure"])
    assert "cin_at_31_march" in set(rows[~own]["measure"])
    assert "cin_started" not in set(rows[~own]["measure"])


def test_a_rate_takes_the_population_of_its_own_release():
    of()
    whole = totals("population_0_17", "cla_at_31_march", area_name="Thurrock")
    assert whole["source"].str.startswith("children-looked-after").all()
    needs = totals("population_0_17", "cin_at_31_march", area_name="Thurrock")
    assert {*needs["source"]} == {"children-in-need-2025-population"}


def test_of_two_authorities_of_one_name_it_is_the_one_that_stands():
    """The county ended in 2019; releases name both for the years on either side."""
    edition = of("Dorset")
    found = estimates(edition, "looked_after")
    assert found["area_code"].unique() == ["E06000059"]
    assert not found["time_period"].duplicated().any()


def test_a_draft_of_two_chapters_stands_in_a_folder_of_its_area(project):
    chapters = ("06_children_looked_after", "07_permanence")
    made = build("authority", Asked(only=chapters, area="thurrock"))
    assert [chapter.error for chapter in made.failed] == []
    assert made.folder == project / "reports" / "authority" / "thurrock-draft"
    for chapter in chapters:
        page = BeautifulSoup((made.folder / f"{chapter}.html").read_text("utf-8"), "html.parser")
        assert "Thurrock" in page.title.get_text()
        assert "Southend" not in page.get_text()


# --- against the Department's own files ---------------------------------------------------------------------


def cell(shared, path, column, **where):
    """A cell of a file of the Department's, by the values of other columns."""
    [file] = (shared / "dfe").glob(path)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        found = [
            row[column]
            for row in csv.DictReader(opened)
            if all(row.get(key) == value for key, value in where.items())
        ]
    assert len(found) == 1, found
    return float(found[0])


@pytest.mark.parametrize("year", [2013, 2024, 2025])
def test_children_in_need_are_as_the_department_prints_them(shared, year):
    of()
    where = {"new_la_code": THURROCK, "time_period": str(year)}
    printed = cell(shared, "children-in-need/2024-25/**/b1*.csv", "At31_episodes", **where)
    rows = figures("cin_at_31_march", area_code=THURROCK, time_period=year)
    assert rows["value"].tolist() == [printed]
