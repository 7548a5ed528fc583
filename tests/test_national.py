"""A release is read as its map says, refused if it is not what it claims, and read back as it was written."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import copied
from hypothesis import given, settings, strategies as st
from typer.testing import CliRunner

from lscb_analysis.build.reuse import _read_digest
from lscb_analysis.build.warm.origin import ONE_THREAD, can_fork
from lscb_analysis.cli import app
from lscb_analysis.data import READS, recorded
from lscb_analysis.data.national import importer, reading
from lscb_analysis.data.national.importer import import_releases
from lscb_analysis.data.national.mapped import year_of
from lscb_analysis.data.national.maps import map_of, publications
from lscb_analysis.data.schema import DataError

SHARED_MAP = Path(__file__).parents[1] / "data" / "dictionary" / "releases" / "shared.toml"
VISITS = """
like = "shared"
title = "Visits"
published = "2023-10"

[every]
symbols = {c = {status = "c", hides = {count = [1, 5]}}, z = {status = "z"}}
rounding = {count = {National = 10}, percentage = {"*" = 1}}
kinds = {share = "percentage"}

[tables.totals]
file = "totals_*.csv"
numbers = {visits = "visits", calls = "calls", share = "visits_share"}
at = {calls = "03-31"}

[tables.kinds]
file = "kinds.csv"
twice = true
numbers = {number = ""}
names = {visits_under_5 = "visits_of_infants"}
[tables.kinds.labels]
kind = {"Home" = "visits:Home", "School" = "visits:School", "All" = "visits", "New" = "-"}
age = {"All" = "", "Under 5" = "_under_5"}
"""
LATER = """
like = "visits-2023"
published = "2024-10"

[every.symbols]
x = {status = "c"}

[tables.kinds]
renamed = {age = "kind", kind = "breakdown", number = "visit_count"}
labels.kind = {"Hospital" = "visits:Hospital"}
"""
WIDE = """
[every]
key = {geographic_level = "level", area_code = ["code"], area_name = ["name"], old_code = "old"}
fixed = {time_period = "2018", time_identifier = "Reporting year"}
levels = {LA = "Local authority", NATION = "National"}
areas = {Q = "E13000001"}
joined = {"E06000001 / E06000002" = ["E06000001", "E06000002"]}
ends = {"Reporting year" = "03-31"}
symbols = {"." = {status = "x"}, "" = {status = "x"}, s = {status = "c", hides = {count = [1, 7]}}}
blank = {"Too few to show" = "s", "*" = "."}
notes = ["remark"]

[tables.stays]
file = "stays.csv"
patterns = {"S_Pop(?P<year>[0-9]{4})" = "people", "S_(?P<what>[a-z]+)" = ""}
labels.what = {day = "stays:By day", night = "stays:By night"}
at = {"S_Pop*" = "-1 06-30"}
shift = 0

[tables.people]
file = "people.csv"
patterns = {"P_(?P<year>[0-9]{4})" = "people_then"}
shift = 1
at = {"*" = "-1 06-30"}
"""
GRADES = """
[every]
key = {time_period = "Inspected", area_code = ["Code"], area_name = ["Name"]}
fixed = {time_identifier = "Day", geographic_level = "Local authority"}
levels = {"Local authority" = "Local authority"}
symbols = {"" = {status = "z"}}

[tables.grades]
file = "grades*.ods"
sheet = "History"
words = "Good|Inadequate"
numbers = {Overall = "grade_overall", Leaders = "grade_leaders"}
"""
KEY = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,"
    "old_la_code,new_la_code,la_name"
)
ENGLAND = "Reporting year,National,E92000001,England,,,,,"
NORTH = "Reporting year,Regional,E92000001,England,E12000001,North,,,"
ASHBY = "Reporting year,Local authority,E92000001,England,E12000001,North,901,E06000901,Ashby"
TOTALS = f"""{KEY},visits,calls,share
2022,{ENGLAND},1230,40,51
2022,{NORTH},700,30,50
2022,{ASHBY},c,7,z
2023,{ENGLAND},1300,50,52
2023,{NORTH},720,30,50
2023,{ASHBY},12,0,33
"""
KINDS = f"""{KEY},age,kind,number
2023,{ASHBY},All,All,12
2023,{ASHBY},All,Home,8
2023,{ASHBY},All,School,c
2023,{ASHBY},All,New,3
2023,{ASHBY},Under 5,All,0
"""


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """A project that has maps of invented publications and nothing else."""
    root = tmp_path_factory.mktemp("nation")
    (root / "notebooks" / "editions").mkdir(parents=True)
    folder = root / "data" / "dictionary" / "releases"
    folder.mkdir(parents=True)
    (folder / "shared.toml").write_text(SHARED_MAP.read_text("utf-8"), "utf-8")
    said = {"visits-2023": VISITS, "visits-2024": LATER, "stays-2018": WIDE, "grades-2020": GRADES}
    for name, text in said.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return root


@pytest.fixture
def nation(maps, monkeypatch):
    """That project, without statistics yet."""
    monkeypatch.setenv("LSCB_PROJECT", str(maps))
    for path in (maps / "data" / "national").glob("*"):
        path.unlink()
    return maps


@pytest.fixture
def release(tmp_path, nation):
    """A folder with a release of visits as it is downloaded."""
    assert nation.is_dir()
    folder = tmp_path / "visits_2023"
    for name, text in {
        "data/totals_2022_to_2023.csv": TOTALS,
        "data/kinds.csv": KINDS,
        "data-guidance/data-guidance.txt": "Visits",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def imported(*paths):
    done, left_out = import_releases(paths)
    return {one.release: one for one in done}, left_out


def rows(name, **where):
    frame = reading.release(name)
    for column, wanted in where.items():
        frame = frame[frame[column] == wanted]
    return frame


def one(name, **where):
    [row] = rows(name, **where).to_dict("records")
    return row


def refused(*paths):
    """The problems of a release that is refused; nothing of it is kept."""
    before = {path: path.read_bytes() for path in reading.stored("any").parent.glob("*")}
    with pytest.raises(DataError) as found:
        import_releases(paths)
    assert {path: path.read_bytes() for path in reading.stored("any").parent.glob("*")} == before
    return found.value.problems


def changed(release, name, old, new):
    path = release / "data" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return release


def test_every_number_stands_where_the_map_puts_it(release):
    done, left_out = imported(release)
    assert done["visits-2023"].tables == ["kinds", "totals"]
    assert [Path(path).name for path in left_out] == ["data-guidance.txt"]
    # 6 rows of 3 numbers and 5 of 1, of which one is not kept and one is the total again
    assert len(reading.release("visits-2023")) == 6 * 3 + 5 - 2
    found = one("visits-2023", measure="visits", category="Total", area_code="E06000901", time_period=2023)
    assert {name: found[name] for name in ("value", "status", "kind", "nearest", "table", "old_code")} == {
        "value": 12, "status": "", "kind": "count", "nearest": 0, "table": "totals", "old_code": "901",
    }  # fmt: skip
    assert (found["area_name"], found["region"]) == ("Ashby", "E12000001")
    assert one("visits-2023", measure="visits_share", area_name="North", time_period=2022)["nearest"] == 1


@pytest.mark.parametrize(("level", "nearest"), [("National", 10), ("Regional", 0), ("Local authority", 0)])
def test_rounding_belongs_to_a_level(release, level, nearest):
    imported(release)
    found = rows("visits-2023", measure="calls", geographic_level=level)
    assert len(found) == 2
    assert (found["nearest"] == nearest).all()


def test_a_year_begins_a_day_after_the_last_and_a_day_is_a_day(release):
    imported(release)
    during = one("visits-2023", measure="visits", area_name="England", time_period=2023)
    assert [str(during[day].date()) for day in ("period_start", "period_end")] == ["2022-04-01", "2023-03-31"]
    on = one("visits-2023", measure="calls", area_name="England", time_period=2023)
    assert [str(on[day].date()) for day in ("period_start", "period_end")] == ["2023-03-31", "2023-03-31"]


def test_a_symbol_is_no_number_and_says_what_it_hides(release):
    imported(release)
    found = one("visits-2023", measure="visits", category="Total", time_period=2022, area_name="Ashby")
    assert np.isnan(found["value"])
    assert (found["status"], found["least"], found["most"]) == ("c", 1, 5)
    frame = reading.release("visits-2023")
    assert ((frame["status"] == "") == frame["value"].notna()).all()
    assert frame.loc[frame["status"] == "", ["least", "most"]].isna().all(axis=None)
    zero = one("visits-2023", measure="calls", time_period=2023, area_name="Ashby")
    assert (zero["value"], zero["status"]) == (0, "")


def test_labels_make_measures_and_categories_and_some_rows_are_left_out(release):
    imported(release)
    assert one("visits-2023", measure="visits", category="Home")["value"] == 8
    assert one("visits-2023", measure="visits_of_infants")["value"] == 0
    assert 3 not in reading.release("visits-2023")["value"].to_numpy()


def test_what_is_applicable_nowhere_is_no_measure(release):
    text = TOTALS.replace(",33\n", ",z\n").replace(",50\n", ",z\n").replace(",51\n", ",z\n")
    changed(release, "totals_2022_to_2023.csv", TOTALS, text.replace(",52\n", ",z\n"))
    imported(release)
    assert rows("visits-2023", measure="visits_share").empty
    assert len(rows("visits-2023", measure="calls")) == 6


def test_a_total_that_stands_otherwise_in_another_table_is_noted(release):
    changed(release, "kinds.csv", "All,All,12", "All,All,13")
    done, _ = imported(release)
    assert done["visits-2023"].differing == 1
    found = one("visits-2023", measure="visits", category="Total", time_period=2023, area_name="Ashby")
    assert (found["value"], found["note"]) == (12, "13 in table kinds")


def test_a_number_that_stands_twice_in_one_table_is_refused(release):
    changed(release, "totals_2022_to_2023.csv", f"2022,{NORTH}", f"2023,{NORTH}")
    [problem] = refused(release)
    assert "of North 2023 twice" in problem.what


def test_the_next_release_is_read_by_a_map_that_says_only_what_differs(release):
    """There `kind` means what `age` meant: only what the labels are tells."""
    header = KINDS.replace(",age,kind,number", ",kind,breakdown,visit_count").replace("2023,", "2024,")
    (release / "data" / "kinds.csv").write_text(header.replace("School,c", "Hospital,x"), "utf-8")
    (release / "data" / "totals_2022_to_2023.csv").unlink()
    imported(release)
    assert one("visits-2024", category="Home", measure="visits")["value"] == 8
    found = one("visits-2024", category="Hospital")
    assert (found["status"], np.isnan(found["most"])) == ("c", True)
    # c was a symbol of the release before, and is none of this
    (release / "data" / "kinds.csv").write_text(header, "utf-8")
    assert {problem.value for problem in refused(release)} == {"c"}


def test_a_later_release_without_a_map_is_read_by_the_last_or_not_at_all(release):
    for name, text in (("totals_2022_to_2023.csv", TOTALS), ("kinds.csv", KINDS)):
        later = (
            text.replace("2023,", "2026,")
            .replace("Ashby,c", "Ashby,x")
            .replace("School,c", "School,x")
            .replace(",z\n", ",x\n")
        )
        changed(release, name, text, later)
    found = {problem.column for problem in refused(release)}
    assert found == {
        "visit_count",
        "breakdown",
        "age",
        "number",
        "kind",
    }  # of `kind` the labels are not known
    (release / "data" / "kinds.csv").unlink()
    done, _ = imported(release)
    assert [*done] == ["visits-2026"]
    assert map_of("visits", 2026).published == ""


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("kinds.csv", ",number", ",numbers", "row 1, column numbers: is a column that the map does not know"),
        ("kinds.csv", ",number", ",numbers", "row 1, column number: is missing. Did you mean 'numbers'?"),
        ("kinds.csv", "Under 5", "Under five", "row 6, column age: 'Under five' is a label"),
        ("kinds.csv", "Under 5", "Under five", "Did you mean 'Under 5'?"),
        ("kinds.csv", "Home,8", "Home,8*", "row 3, column number: '8*' is neither a number nor a symbol"),
        ("kinds.csv", "Home,8", "Home,", "row 3, column number: '' is neither a number nor a symbol"),
        ("kinds.csv", "Home,8", "Home,1e3", "'1e3' is neither a number"),
        ("kinds.csv", "E06000901", "E0600090", "column area_code: 'E0600090' is no code of an area"),
        ("kinds.csv", "2023,Rep", "2023/25,Rep", "'2023/25' is no year that can be read"),
        ("kinds.csv", "Reporting year", "Term", "column time_identifier: 'Term' is a label"),
        ("kinds.csv", "Local authority", "Ward", "column geographic_level: 'Ward' is a label"),
        ("kinds.csv", "All,All,12", "All,All", "row 2: has fewer cells than the header"),
        ("kinds.csv", "All,All,12", "All,All,12,13", "is no table"),
        ("kinds.csv", KINDS, f"{KEY},age,kind,number\n", "has a header and no rows"),
        ("kinds.csv", KINDS, "", "is no table"),
        ("kinds.csv", "kind,number", "kind,age", "column age.1: is a column that the map does not know"),
    ],
)  # fmt: skip
def test_what_the_map_does_not_know_is_named(release, name, old, new, said):
    problems = refused(changed(release, name, old, new))
    assert any(said in str(problem) for problem in problems), [str(problem) for problem in problems]
    assert all(str(release) in problem.file for problem in problems)


def test_all_problems_of_all_files_are_said_at_once(release):
    changed(release, "kinds.csv", "Under 5", "Under five")
    changed(release, "kinds.csv", "Home", "Hone")
    changed(release, "kinds.csv", ",number", ",numbers")
    changed(release, "totals_2022_to_2023.csv", ",share", ",part")
    changed(release, "totals_2022_to_2023.csv", "1230", "1,230".replace(",", " "))
    changed(release, "totals_2022_to_2023.csv", "2022,Rep", "202,Rep")
    problems = refused(release)
    assert {problem.value for problem in problems} == {"Under five", "Hone", "1 230", "202", None}
    renamed = {problem.column for problem in problems if problem.value is None}
    assert renamed == {"number", "numbers", "share", "part"}


def test_a_column_may_be_written_in_other_letters_and_after_a_byte_order_mark(release):
    path = release / "data" / "kinds.csv"
    path.write_bytes(
        b"\xef\xbb\xbf" + KINDS.replace("time_period", "Time_Period").encode().replace(b"\n", b"\r\n")
    )
    imported(release)
    assert one("visits-2023", measure="visits", category="Home")["value"] == 8


def test_a_file_that_is_not_what_it_claims_is_refused(release, tmp_path):
    (release / "data" / "kinds.csv").write_bytes(b"\xff\xfe\xd8")
    (release / "grades.ods").write_bytes(b"PK nothing")
    (tmp_path / "broken.zip").write_bytes(b"PK nothing")
    said = [problem.what for problem in refused(release)]
    assert len(said) == 2
    assert any("no workbook" in what for what in said)
    said = [str(problem) for problem in refused(tmp_path / "broken.zip", tmp_path / "gone")]
    assert len(said) == 2
    assert "is no ZIP file" in said[0]
    assert "gone: is not there" in said[1]


@pytest.mark.usefixtures("nation")
def test_a_folder_without_a_release_is_refused_and_says_which_there_are(tmp_path):
    (tmp_path / "README.md").write_text("Visits", "utf-8")
    [problem] = refused(tmp_path)
    assert "visits" in problem.remedy


def test_a_table_with_an_unknown_name_is_left_out_with_the_nearest(release):
    (release / "data" / "kinds.csv").rename(release / "data" / "kindz.csv")
    _, left_out = imported(release)
    assert [path for path in left_out if path.endswith("kindz.csv: Did you mean 'kinds.csv'?")]


def test_a_file_that_is_there_twice_is_read_once(release, tmp_path):
    imported(release)
    lines = reading.listed(reading.FILES)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "kinds.csv").write_text(KINDS, "utf-8")
    imported(release, tmp_path / "copy")
    assert reading.listed(reading.FILES) == lines


def test_two_files_for_one_table_are_refused(release):
    (release / "totals_again.csv").write_text(TOTALS.replace("1300", "1310"), "utf-8")
    [problem] = refused(release)
    assert "is table totals of visits-2023, and so is" in problem.what


def test_a_zip_is_read_as_its_folder(release, tmp_path):
    imported(release)
    before = reading.stored("visits-2023").read_bytes()
    lines = [line for line in reading.listed(reading.FILES) if line["release"] == "visits-2023"]
    archive = tmp_path / "visits.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(release.rglob("*.*")):
            file.write(path, path.relative_to(release))
    imported(archive)
    assert reading.stored("visits-2023").read_bytes() == before
    assert [line for line in reading.listed(reading.FILES) if line["release"] == "visits-2023"] == lines
    for line in lines:
        content = (release / "data" / line["file"]).read_bytes()
        assert line["sha256"] == sha256(content).hexdigest()


def test_the_order_in_which_files_and_rows_come_changes_no_byte(release):
    imported(release)
    before = reading.stored("visits-2023").read_bytes()
    for name, text in (("totals_2022_to_2023.csv", TOTALS), ("kinds.csv", KINDS)):
        header, *lines = text.splitlines()
        changed(release, name, text, "\n".join([header, *reversed(lines)]) + "\n")
    imported(release / "data" / "kinds.csv", release / "data" / "totals_2022_to_2023.csv")
    assert reading.stored("visits-2023").read_bytes() == before


def test_a_release_is_not_replaced_by_a_part_of_it(release):
    imported(release)
    (release / "data" / "kinds.csv").unlink()
    [problem] = refused(release)
    assert "are not given: kinds" in problem.what
    reading.stored("visits-2023").unlink()  # as the message says
    imported(release)
    assert [line["table"] for line in reading.listed(reading.FILES)] == ["totals"]


@pytest.mark.usefixtures("nation")
def test_years_and_categories_in_names_of_columns_are_read(tmp_path):
    (tmp_path / "stays.csv").write_text(
        "level,code,name,old,remark,S_Pop2017,S_Pop2018,S_day,S_night\n"
        "NATION,E92000001,ENGLAND,999,,100,110,20,30\n"
        "LA,E12000007,INNER,Q,,50,55,.,3\n"
        "LA,E06000001 / E06000002,Ashby / Bexby,1 / 2,Too few to show,7,8,,2\n"
        "LA,E06000003,Coxby,3,Not sent,7,8,,2\n"
        ",,Old authorities:,,,,,,\n",
        "utf-8",
    )
    imported(tmp_path)
    then = one("stays-2018", measure="people", area_name="ENGLAND", time_period=2017)
    assert (then["value"], str(then["period_end"].date())) == (100, "2016-06-30")
    assert one("stays-2018", category="By night", area_name="ENGLAND")["time_period"] == 2018
    assert {*rows("stays-2018", area_name="INNER")["area_code"]} == {"E13000001"}
    both = one("stays-2018", category="By day", area_name="Ashby / Bexby")
    assert (both["joined"], both["status"], both["least"], both["most"]) == ("E06000001 E06000002", "c", 1, 7)
    none = one("stays-2018", category="By day", area_name="Coxby")
    assert (none["status"], np.isnan(none["least"])) == ("x", True)
    assert len(reading.release("stays-2018")) == 4 * 4


@pytest.mark.usefixtures("nation")
def test_what_is_labelled_by_the_year_before_is_filed_under_the_rate_it_makes(tmp_path):
    header = "level,code,name,old,remark,P_2018\n"
    (tmp_path / "people.csv").write_text(f"{header}NATION,E92000001,ENGLAND,999,,100\n", "utf-8")
    imported(tmp_path)
    found = one("stays-2019", measure="people_then")
    assert (found["time_period"], str(found["period_start"].date())) == (2019, "2018-06-30")


def workbook(sheet, table):
    """The bytes of an OpenDocument spreadsheet with one sheet of texts and dates."""

    def cell(text):
        if text[:2] == "20":
            return f'<table:table-cell office:value-type="date" office:date-value="{text}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    lines = "".join(f"<table:table-row>{''.join(map(cell, line))}</table:table-row>" for line in table)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="{sheet}">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        file.writestr("content.xml", content)
    return made.getvalue()


GRADED = [
    ["Grades since 2018", "", "", "", ""],
    ["Code", "Name", "Inspected", "Overall", "Leaders"],
    ["E06000901", "Ashby", "2019-05-13", "Inadequate", "Inadequate"],
    ["E06000901", "Ashby", "2020-06-10", "Good", ""],
]


@pytest.mark.usefixtures("nation")
def test_words_are_categories_and_their_days_are_periods(tmp_path):
    (tmp_path / "grades_2020.ods").write_bytes(workbook("History", GRADED))
    imported(tmp_path)
    found = one("grades-2020", measure="grade_overall", category="Good")
    assert (found["value"], found["kind"], found["time_period"]) == (1, "word", 2020)
    assert str(found["period_end"].date()) == "2020-06-10"
    none = one("grades-2020", measure="grade_leaders", time_period=2020)
    assert (none["category"], none["status"]) == ("Total", "z")


@pytest.mark.parametrize(
    ("sheet", "old", "new", "said"),
    [
        ("Histories", "Good", "Good", "has no sheet 'History'"),
        ("History", "Good", "Fair", "'Fair' is no word that the map knows"),
        ("History", "Inspected", "Seen", "column Inspected: is missing"),
    ],
)
@pytest.mark.usefixtures("nation")
def test_a_workbook_is_refused_like_a_table(tmp_path, sheet, old, new, said):
    table = [[new if cell == old else cell for cell in line] for line in GRADED]
    (tmp_path / "grades_2020.ods").write_bytes(workbook(sheet, table))
    problems = [str(problem) for problem in refused(tmp_path)]
    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("like = 'visits-2023'\ntable = 1", "table: Extra inputs are not permitted"),
        ("like = 'visit-2023'", "'visit-2023' is no map. Did you mean 'visits-2023'?"),
        ("like = 'visits-2025'", "'visits-2025' is like itself"),
        ("like = visits", "Invalid value"),
        ("[tables.kinds]\nfile = 'a.csv'\npatterns = {'(' = ''}", "'(' is no pattern"),
        ("[tables.kinds]\nfile = 'a.csv'\nkinds = {a = 'number'}", "kinds.a"),
    ],
)
def test_a_map_that_cannot_be_read_says_what_is_wrong(nation, release, text, said):
    path = nation / "data" / "dictionary" / "releases" / "visits-2025.toml"
    path.write_text(text, "utf-8")
    try:
        problems = [str(problem) for problem in refused(release)]
    finally:
        path.unlink()
    assert len(problems) == 1
    assert said in problems[0]


@pytest.mark.usefixtures("nation")
def test_a_map_belongs_to_a_publication_and_a_year():
    assert publications() == {"grades": [2020], "stays": [2018], "visits": [2023, 2024]}


@given(st.integers(1900, 2098))
def test_the_year_of_a_period_is_the_one_it_ends_in(year):
    after = (year + 1) % 100
    for said in (f"{year}{after:02}", f"{year}/{after:02}", f"{year}-{after:02}", f"{year + 1}"):
        assert year_of(said) == year + 1
    assert year_of(f"{year}-03-31") == year
    assert year_of(f"{year}/{(after + 1) % 100:02}") == 0


@pytest.mark.parametrize("said", ["", "20", "2018-02-30", "2018-03", "1234567", "2018.0", "year 2018"])
def test_what_is_no_period_has_no_year(said):
    assert year_of(said) == 0


CELLS = st.one_of(
    st.just("c"), st.just("z"), st.integers(0, 10**7).map(str), st.decimals(0, 100, places=1).map(str)
)


@settings(max_examples=20)
@given(cells=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12))
def test_reading_gives_what_the_file_has(maps, tmp_path_factory, cells):
    """Each cell of a made-up file, read by the standard library, is in the frame, as number or symbol."""
    codes = [f"E0600{number:04}" for number in range(len(cells))]
    area = "2023,Reporting year,Local authority,E92000001,England,E12000001,North,1"
    lines = [f"{area},{code},Ashby,{','.join(row)}" for code, row in zip(codes, cells, strict=True)]
    folder = tmp_path_factory.mktemp("made")
    header = TOTALS.splitlines()[0]
    (folder / "totals_2023.csv").write_text("\n".join([header, *lines]), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSCB_PROJECT", str(maps))
        imported(folder)
        frame = reading.release("visits-2023")
    expected = {
        (code, measure): cell
        for code, row in zip(codes, cells, strict=True)
        for measure, cell in zip(("visits", "calls", "visits_share"), row, strict=True)
    }
    for measure in ("visits", "calls", "visits_share"):
        if {expected[code, measure] for code in codes} == {"z"}:
            expected = {key: cell for key, cell in expected.items() if key[1] != measure}
    keys = zip(frame["area_code"], frame["measure"], strict=True)
    said = [status or value for status, value in zip(frame["status"], frame["value"], strict=True)]
    found = dict(zip(keys, said, strict=True))
    assert found == {key: cell if cell in "cz" else float(cell) for key, cell in expected.items()}


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=40)
@given(texts=st.lists(st.tuples(WORDS, WORDS, st.floats(allow_nan=True)), min_size=1, max_size=40))
def test_reading_back_gives_what_was_written(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("written") / "any.parquet"
    day = np.datetime64("2018-03-31")
    plain = {column: pd.Categorical(["same"] * len(texts)) for column in reading.TEXTS}
    frame = pd.DataFrame(plain).assign(
        measure=pd.Categorical([first for first, _, _ in texts]),
        note=pd.Categorical([second for _, second, _ in texts]),
        value=[number for _, _, number in texts],
        time_period=range(len(texts)),
        **dict.fromkeys(["nearest", "least", "most"], 0.5),
        **dict.fromkeys(["period_start", "period_end"], day),
    )[reading.COLUMNS]
    importer._write(frame, path)
    back = reading._read(path, 0, ())
    assert [*back.columns] == reading.COLUMNS
    pd.testing.assert_frame_equal(back.astype(object), frame.astype(object))


def test_a_measure_is_found_in_whichever_group_of_rows_it_is(release, monkeypatch):
    monkeypatch.setattr(importer, "ROW_GROUP", 3)
    imported(release)
    whole = reading.release("visits-2023")
    for measure in whole["measure"].unique():
        found = reading.release("visits-2023", measure)
        assert len(found) == (whole["measure"] == measure).sum()
        assert {*found["measure"]} == {measure}
    assert reading.release("visits-2023", "none").empty


def test_a_chapter_that_reads_a_release_runs_again_when_that_is_another(release, tmp_path, monkeypatch):
    imported(release)
    monkeypatch.setenv(READS, str(tmp_path / "reads"))
    reading.release("visits-2023", "visits")
    [read] = recorded(tmp_path / "reads")
    before = _read_digest(read, pd.DataFrame())
    assert _read_digest(read, pd.DataFrame()) == before
    imported(changed(release, "totals_2022_to_2023.csv", ",1230,", ",1240,"))
    assert _read_digest(read, pd.DataFrame()) != before
    reading.stored("visits-2023").unlink()
    assert _read_digest(read, pd.DataFrame()) not in ("visits-2023", before)


def test_a_release_that_is_not_kept_is_refused_with_the_nearest(release):
    imported(release)
    with pytest.raises(DataError, match="Did you mean 'visits-2023'"):
        reading.release("visit-2023")


def test_the_command_says_what_it_read_and_what_it_left_out(release):
    said = CliRunner().invoke(app, ["import", str(release)])
    assert said.exit_code == 0
    assert "visits-2023: 21 numbers of 2 table(s)." in said.output
    assert "data-guidance.txt" in said.output


READ = """
import os
import pandas
from lscb_analysis.data.national import reading
frames = [reading.release(name) for name in reading.releases()]
assert sum(map(len, frames)) > 20, frames
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Threads are listed on Linux alone.")
def test_reading_starts_no_thread(release):
    """Where kernels are forked from: only a process of one thread forks safely."""
    imported(release)
    done = subprocess.run(
        [sys.executable, "-c", READ], env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"


SEEN = """
import os, pathlib
parent = pathlib.Path(f"/proc/{os.getppid()}/cmdline").read_text()
pathlib.Path(os.environ["SEEN"]).write_text(parent)
"""


@pytest.mark.skipif(not can_fork(), reason="Kernels are forked on Linux alone.")
def test_a_build_forks_its_kernels_although_pyarrow_is_installed(tmp_path):
    """A cell that a chapter is given for this writes down which process its kernel was forked from."""
    assert importlib.util.find_spec("pyarrow")
    root, seen = copied(tmp_path / "project", ["03_primary_need"]), tmp_path / "seen"
    path = root / "notebooks" / "03_primary_need.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(SEEN))
    nbformat.write(notebook, path)
    env = os.environ | {"LSCB_PROJECT": str(root), "SEEN": str(seen)}
    command = [sys.executable, "-m", "lscb_analysis", "build", "--only", "03_primary_need"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Kernels start cold" not in done.stderr
    assert "forked as ipykernel_launcher" in seen.read_text("utf-8")
