"""Areas are found by all their names and codes; a year's figure comes from the newest release that has it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from lscb_analysis.cli import app
from lscb_analysis.data.national import reading
from lscb_analysis.data.national.areas import areas, changes, find_area, has_ended, neighbours
from lscb_analysis.data.national.series import breaks, revisions, series
from lscb_analysis.data.schema import DataError

OLD, NEW, NEWEST = "children-in-need-2020", "children-in-need-2024", "children-in-need-2025"
AUTHORITY = "Local authority"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Thurrock", "Thurrock"),
        ("thurrock", "Thurrock"),
        ("E06000034", "Thurrock"),
        ("883", "Thurrock"),
        ("Bristol", "Bristol, City of"),
        ("Telford & Wrekin", "Telford and Wrekin"),
        ("St Helens", "St. Helens"),
        ("Kingston Upon Hull City of", "Kingston upon Hull, City of"),
        ("Durham", "County Durham"),
        ("E10000009", "Dorset"),
        ("E08000016", "Barnsley"),
    ],
)
def test_an_authority_is_found_by_each_name_and_code_it_ever_had(said, name):
    assert find_area(said, AUTHORITY).name == name


@pytest.mark.parametrize(
    ("said", "meant"), [("Southend", "Southend-on-Sea"), ("Thurock", "Thurrock"), ("Somerst", "Somerset")]
)
def test_a_wrong_name_is_refused_with_what_it_may_mean(said, meant):
    with pytest.raises(DataError, match=f"{said!r} is no local authority .* Did you mean {meant!r}"):
        find_area(said, AUTHORITY)


@pytest.mark.parametrize(
    ("said", "level"), [("England", "National"), ("Inner London", "Regional"), ("London", "Regional")]
)
def test_england_and_regions_are_never_authorities(said, level):
    assert find_area(said).level == level
    with pytest.raises(DataError):
        find_area(said, AUTHORITY)


def test_names_with_two_codes_are_one_authority_and_each_code_is_in_one():
    """Four came to be unitary; four have another code because a boundary moved."""
    there = areas(AUTHORITY)
    assert {area.name for area in there if len(area.codes) > 1} == {
        *("Dorset", "Buckinghamshire", "North Yorkshire", "Somerset"),
        *("Gateshead", "Northumberland", "Barnsley", "Sheffield"),
    }
    codes = [code for area in there for code in area.codes]
    assert len(codes) == len({*codes})
    assert not [code for code in codes if not code.startswith("E0") and not code.startswith("E10")]
    # 153 of today, and those that have ended
    ended = {area.name for area in there if has_ended(area)}
    assert ended == {"Bournemouth", "Poole", "Northamptonshire", "Cumbria"}
    assert len(there) - len(ended) == 153


def test_what_befell_an_authority_has_its_day():
    [change] = changes(find_area("Cumberland"))
    assert (str(change.on), change.ended) == ("2023-04-01", ["E10000006"])
    assert changes(find_area("Thurrock")) == []
    codes = {code for area in areas(AUTHORITY) for code in area.codes}
    for area in areas(AUTHORITY):
        for change in changes(area):
            assert {*change.began} <= codes


def test_every_authority_of_a_model_has_ten_neighbours_that_are_authorities():
    for area in areas(AUTHORITY):
        if not has_ended(area):
            found = neighbours(area)
            assert [neighbour.rank for neighbour in found] == [*range(1, 11)]
            assert {neighbour.area.level for neighbour in found} == {AUTHORITY}
            assert area not in [neighbour.area for neighbour in found]


def test_the_model_of_a_time_is_used_and_neighbours_that_have_ended_are_told():
    """As the files print them: Southend's first neighbour in 2021 was Swindon's authority 866 or another."""
    frame = reading.release("neighbours-2021")
    own = frame[frame["area_code"] == "882"].sort_values("value")["category"].tolist()
    found = neighbours(find_area("Southend-on-Sea"), 2021)
    assert [neighbour.area.old_codes[0] for neighbour in found] == own
    now = neighbours(find_area("Southend-on-Sea"))
    assert [neighbour.area.name for neighbour in now] != [neighbour.area.name for neighbour in found]
    ended = {
        neighbour.area.name
        for area in areas(AUTHORITY)
        if area.codes[0] < "E06000063"
        for neighbour in neighbours(area, 2021)
        if neighbour.ended
    }
    assert "Cumbria" in ended
    assert not any(
        neighbour.ended for area in areas(AUTHORITY) if not has_ended(area) for neighbour in neighbours(area)
    )


def test_an_authority_that_a_model_does_not_have_is_told_by_another_or_refused():
    with pytest.raises(DataError, match="has no statistical neighbours"):
        neighbours(find_area("Cumberland"), 2021)
    assert len(neighbours(find_area("Cumberland"))) == 10


def test_each_year_comes_from_the_newest_release_that_has_the_measure_for_it():
    southend = find_area("Southend-on-Sea")
    found = series("cin_at_31_march", southend)
    assert {*found["release"]} == {NEWEST}
    assert found["time_period"].tolist() == [*range(2013, 2026)]
    rates = series("cin_rate", southend)  # the newest release has none
    assert {*rates["release"]} == {NEW}
    assert rates["time_period"].max() == 2024
    leavers = series("eet_19_21", southend).set_index("time_period")["release"]
    assert leavers.to_dict() == {
        **dict.fromkeys([2018, 2019], "children-looked-after-2021"),
        **{2020: "children-looked-after-2024"},
        **dict.fromkeys(range(2021, 2026), "children-looked-after-2025"),
    }


def test_as_of_a_release_what_came_after_is_not_known():
    southend = find_area("Southend-on-Sea")
    found = series("cin_rate", southend, as_of=OLD, until=2018).set_index("time_period")
    assert {*found["release"]} == {OLD}
    assert found.index.max() == 2018
    assert found.loc[2018, "value"] == 338.2
    with pytest.raises(DataError, match="is in no release up to children-in-need-2019"):
        series("cin_rate", southend, as_of="children-in-need-2019")


def test_a_rate_is_made_of_the_population_of_its_own_release():
    for release in (OLD, NEW):
        frame = reading.release(release, "cin_at_31_march", "cin_rate", "population_0_17")
        key = ["area_code", "time_period", "measure"]
        table = frame.astype({"area_code": str, "measure": str}).drop_duplicates(key)
        wide = table.pivot(index=key[:2], columns="measure", values="value").dropna()
        level = wide.index.get_level_values("area_code").str.match("E0|E10")
        made = wide[level]["cin_at_31_march"] / wide[level]["population_0_17"] * 10_000
        assert len(made) > 1200
        assert ((made - wide[level]["cin_rate"]).abs() < 0.0501).mean() > 0.999


def test_an_authority_is_one_series_under_all_its_codes():
    found = series("cpp_at_31_march", find_area("Dorset")).set_index("time_period")["area_code"]
    assert found[2019] == "E10000009"
    assert found[2020] == "E06000059"
    assert found.index.tolist() == [*range(2013, 2026)]


def test_an_authority_published_with_another_has_the_figure_of_both_and_says_so():
    found = series("caseload", find_area("North Northamptonshire"))
    assert {*found["joined"]} == {"E06000061 E06000062"}
    own = series("injury_admissions", find_area("Hackney"))
    assert own["area_code"].unique().tolist() == ["E09000012"]


def test_revisions_are_what_differs_between_releases():
    southend = find_area("Southend-on-Sea")
    found = revisions("cin_rate", southend)
    row = found[found["time_period"] == 2018].iloc[0]
    assert (row["earlier"], row["earlier_value"]) == (OLD, 338.2)
    assert (row["release"], row["value"]) == (NEW, 345.3)
    assert found["time_period"].tolist() == [*range(2013, 2021)]
    assert revisions("cin_at_31_march", southend).empty
    every = revisions("cla_at_31_march")
    same = every["value"] == every["earlier_value"]
    assert not (same & (every["status"] == every["earlier_status"])).any()


def test_a_series_breaks_where_it_goes_on_in_a_release_that_has_another_past():
    southend = find_area("Southend-on-Sea")
    assert breaks("cin_rate", southend) == []  # all of one release
    assert breaks("cla_at_31_march", southend) == [2018, 2020]
    assert breaks("eet_19_21", southend, as_of="children-looked-after-2021") == []


def test_the_command_lists_revisions():
    said = CliRunner().invoke(app, ["revisions", "cin_rate", "--area", "Southend-on-Sea"])
    assert said.exit_code == 0
    assert f"2014, Total: 279.0 in {OLD}, 279.7 in {NEW}" in said.output
    said = CliRunner().invoke(app, ["revisions", "cin_at_31_march", "--area", "882"])
    assert "No figure of Southend-on-Sea differs between releases." in said.output


@pytest.mark.parametrize("measure", ["cin_rat", "population"])
def test_a_measure_that_no_release_has_is_refused(measure):
    with pytest.raises(DataError, match="is in no release"):
        series(measure)


def test_nothing_that_is_read_is_changed_by_who_reads_it():
    first = reading.release(NEWEST, "cin_at_31_march")
    first["value"] = 0.0
    assert (reading.release(NEWEST, "cin_at_31_march")["value"] > 0).any()
    assert isinstance(first, pd.DataFrame)
    assert Path(reading.stored(NEWEST)).is_file()
