"""Finding the project, reading its tables, refusing what is wrong with them; and the figures as printed."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from conftest import CHECKOUT, DATA, DICTIONARY, FEW, copied

from lscb_analysis.data import files, schema
from lscb_analysis.data.schema import TEXTS, DataError, Problem

PLACES = {
    path.name: folder
    for folder in (DATA, DICTIONARY)
    for path in sorted((CHECKOUT / folder).glob("*.csv"))
    if path.stem not in TEXTS
} | {"sources.csv": DATA}
"""Each file of figures or of the dictionary, and its folder; of sources, those of the board."""
FILES = sorted(PLACES)
NAMES = [f"{name}.csv" for name in schema.DICTIONARY]
TABLES = [name for name in FILES if name not in NAMES]

Rows = list[dict[str, str]]


def rows_of(content: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(content.decode())))


def written(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", text))


MEASURES = rows_of((CHECKOUT / DICTIONARY / "measures.csv").read_bytes())
PERCENTAGES = {row["measure"] for row in MEASURES if row["unit"] == "%"}
AMOUNTS = {row["measure"] for row in MEASURES if row["unit"] == "£"}


# A breakage takes a file's content and gives the broken content with what the problem must say: row,
# column, value, and a word of the fault or its remedy. It gives None where it does not apply.


def cell(column: str, text: str, word: str, wanted=lambda row: True, says=None):  # noqa: ARG005
    """Another text in the first cell of a column that is wanted."""

    def broken(content: bytes):
        rows = rows_of(content)
        for number, row in enumerate(rows, 2):
            if row.get(column) and wanted(row):
                row[column] = text
                return written(rows), (number, *(says(row) if says else (column, text)), word)
        return None

    return broken


def one_letter_off(column: str):
    """The last cell of a column without its last letter: the message offers the whole name."""

    def broken(content: bytes):
        rows = rows_of(content)
        filled = [row for row in rows if row.get(column)]
        if not filled:
            return None
        name = filled[-1][column]
        filled[-1][column] = name[:-1]
        said = "not known" if column == "source" else repr(name)  # of sources none is offered for another
        return written(rows), (rows.index(filled[-1]) + 2, column, name[:-1], said)

    return broken


def missing_column(content: bytes):
    rows = rows_of(content)
    last = list(rows[0])[-1]
    return written([{k: v for k, v in row.items() if k != last} for row in rows]), (1, last, None, "missing")


def unknown_column(content: bytes):
    return written([row | {"colour": "red"} for row in rows_of(content)]), (1, "colour", None, "not a column")


def duplicated_key(content: bytes):
    rows = rows_of(content)
    earlier = len(rows) + 1
    return written([*rows, rows[-1]]), (earlier + 1, None, None, f"row {earlier}")


def too_many_cells_in_the_last_row(content: bytes):
    return content.rstrip() + b",red\n", (None, None, None, f"line {len(rows_of(content)) + 1}")


def too_many_cells_in_the_first_row(content: bytes):
    header, first, rest = content.split(b"\n", 2)
    return header + b"\n" + first + b",red\n" + rest, (None, None, None, "line 2")


def not_utf8(content: bytes):
    return content.replace(b"\n", b"\n\xff", 1), (None, None, None, "UTF-8")


def another_encoding(content: bytes):
    return content.decode().encode("utf-16-le"), (None, None, None, "")


def empty(_content: bytes):
    return b"", (None, None, None, "is empty")


def no_rows(content: bytes):
    return content[: content.index(b"\n") + 1], (None, None, None, "no rows")


def too_large(content: bytes):
    return content + b"\n" * files.LARGEST_FILE, (None, None, None, "larger")


def unclosed_quote(content: bytes):
    return content.rstrip() + b'\n"', (None, None, None, "not a table")


FILLED = {"area_name", "title", "label", "document", "identifier", "plural", "counted", "level"}
BREAKAGES = {
    "missing column": missing_column,
    "unknown column": unknown_column,
    "duplicated key": duplicated_key,
    "too many cells": too_many_cells_in_the_last_row,
    "not UTF-8": not_utf8,
    "UTF-16 without its mark": another_encoding,
    "empty": empty,
    "no rows": no_rows,
    "too large": too_large,
    "unclosed quote": unclosed_quote,
    "text in value": cell("value", "many", "neither a number"),
    "unknown symbol": cell("value", "q", "symbol"),
    "negative": cell("value", "-3", "below zero",
                     lambda row: is_number(row["value"]) and row["measure"] not in AMOUNTS),
    "140 per cent": cell("value", "140", "above 100, the most", lambda row: row["measure"] in PERCENTAGES),
    "not as printed": cell("value", "98.7", "Check both",
                           lambda row: is_number(row["printed"].strip("%")),
                           lambda row: ("printed", row["printed"])),
    "month 13": cell("time_period", "2018-13", "not a year"),
    "last year": cell("time_period", "last year", "not a year"),
    "date elsewhere": cell("period_end", "2031-03-31", "year of time_period"),
    "no date": cell("period_start", "31/02/2018", "not a date"),
    "no area code": cell("area_code", "Southend", "area code"),
    "unknown unit": cell("unit", "miles", "not known"),
    "unknown kind": cell("kind", "many", "no"),
    "no yes": cell("exact", "perhaps", "neither yes nor no"),
    "no day of a year": cell("begins", "1 April", "no day of a year"),
    "no months": cell("longest", "many", "no number of months"),
    "unknown polarity": cell("polarity", "lower is beter", "'lower is better'"),
    **{f"text in {column}": cell(column, "many", "not a number")
       for column in ("decimals", "smallest_change", "dispersion")},
    **{f"{column} empty": cell(column, "", "is empty") for column in sorted(FILLED)},
    **{f"bell in {column}": cell(column, "Any\x07town", "cannot be seen") for column in sorted(FILLED)},
    **{f"{column} one letter off": one_letter_off(column)
       for column in ("measure", "category", "source", "geographic_level", "scheme", "denominator")},
}  # fmt: skip
KEYS = {
    ("unknown unit", "units.csv"),
    ("measure", "measures.csv"),
    ("source", "sources.csv"),
    *((c, "categories.csv") for c in ("category", "scheme")),
}


def applies(file: str, name: str) -> bool:
    """Whether a breakage can be made in a file; where a name is defined no letter of it can be off."""
    content = (CHECKOUT / PLACES[file] / file).read_bytes()
    return bool(BREAKAGES[name](content)) and (name.removesuffix(" one letter off"), file) not in KEYS


BROKEN_FIRST = ["conferences.csv", *TABLES]
"""One check reads all tables: a breakage is tried on the first of these that it can be made in."""
CASES = [
    pytest.param(file, BREAKAGES[name], id=f"{file[:-4]}-{name}")
    for name in BREAKAGES
    for file in [
        *[file for file in BROKEN_FIRST if applies(file, name)][:1],
        *[file for file in NAMES if file in PLACES and applies(file, name)],
    ]
]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def broken_copy(project: Path, file: str, broken):
    path = project / PLACES[file] / file
    content, expected = broken(path.read_bytes())
    path.write_bytes(content)
    return expected


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project without tables. While nobody writes to its dictionary, that is checked once for all tests."""
    folder = copied(tmp_path_factory.mktemp("dictionary") / "project", FEW)
    for path in (folder / DATA).glob("*.csv"):
        if path.name not in NAMES:
            path.unlink()
    return folder


@pytest.fixture
def alone(dictionary: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That project with one table: `file`, unless that is of the dictionary. Afterwards it has none."""
    monkeypatch.setenv("LSCB_PROJECT", str(dictionary))
    table = table_of(file)
    shutil.copy2(CHECKOUT / DATA / table, dictionary / DATA / table)
    yield dictionary
    (dictionary / DATA / table).unlink()
    if file in NAMES:
        shutil.copy2(CHECKOUT / PLACES[file] / file, dictionary / PLACES[file] / file)


def table_of(file: str) -> str:
    return file if file in TABLES else TABLES[0]


def says(problem: Problem, file: str, expected) -> bool:
    row, column, value, word = expected
    return (
        problem.file == (PLACES[file] / file).as_posix()
        and (row is None or problem.row == row)
        and (column is None or problem.column == column)
        and (value is None or problem.value == value)
        and word in f"{problem.what}. {problem.remedy}"
        and bool(problem.remedy)
    )


def test_every_breakage_is_tried_and_every_file_of_the_dictionary_is_broken():
    tried = [case.id for case in CASES]
    assert all(any(one.endswith(f"-{name}") for one in tried) for name in BREAKAGES)
    assert all(any(one.startswith(f"{file[:-4]}-") for one in tried) for file in NAMES if file in PLACES)


@pytest.mark.parametrize(("file", "broken"), CASES)
def test_check_lists_what_is_broken_and_load_refuses_it_and_nothing_is_written(alone, file, broken):
    expected = broken_copy(alone, file, broken)
    before = contents(alone)
    assert any(says(problem, file, expected) for problem in files.check())
    with pytest.raises(DataError) as refused:
        files.load(table_of(file)[:-4])
    assert any(says(problem, file, expected) for problem in refused.value.problems)
    assert contents(alone) == before


@pytest.mark.parametrize("file", FILES)
def test_a_first_row_with_too_many_cells_is_named(alone, file):
    expected = broken_copy(alone, file, too_many_cells_in_the_first_row)
    # that no figures are left is one more
    (problem,) = (problem for problem in files.check() if problem.file != "data/southend/")
    assert says(problem, file, expected)


@pytest.mark.parametrize("column", ["value", "printed"])
def test_digits_of_another_script_are_a_problem(project, column):
    broken_copy(project, "conferences.csv", cell(column, "１０３", ""))
    assert [problem.row for problem in files.check()] == [2]


def test_a_number_where_the_source_prints_a_dash_is_a_problem(project):
    broken = cell("value", "5", "", lambda row: row["value"] == "c")
    row, *_ = broken_copy(project, "categories_of_abuse.csv", broken)
    assert [(problem.row, problem.file) for problem in files.check()] == [
        (row, "data/southend/categories_of_abuse.csv")
    ]


def test_rows_are_counted_as_a_spreadsheet_shows_them_past_a_blank_line(project):
    row, *_ = broken_copy(project, "conferences.csv", cell("area_code", "Southend", ""))
    path = project / DATA / "conferences.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n\n", 1))
    assert row + 1 in [problem.row for problem in files.check() if problem.column == "area_code"]


def test_a_line_break_within_a_cell_does_not_upset_the_count_of_rows(project):
    path = project / DATA / "conferences.csv"
    rows = rows_of(path.read_bytes())
    rows[0]["area_name"], rows[-1]["value"] = "Southend\non Sea", "many"
    path.write_bytes(written(rows))
    assert {problem.row for problem in files.check()} >= {2, len(rows) + 1}


def test_the_largest_file_is_read_and_one_byte_more_is_refused(project, monkeypatch):
    path = project / DATA / "conferences.csv"
    path.write_bytes(path.read_bytes() + b"\n" * 100_000)
    size = path.stat().st_size
    monkeypatch.setattr(files, "LARGEST_FILE", size)
    assert len(files.read(path))
    monkeypatch.setattr(files, "LARGEST_FILE", size - 1)
    with pytest.raises(DataError, match=f"{size - 1:,} bytes"):
        files.read(path)


@pytest.mark.parametrize("file", TABLES)
def test_two_breakages_of_a_table_are_both_listed(alone, file):
    first = broken_copy(alone, file, BREAKAGES["text in value"])
    second = broken_copy(alone, file, one_letter_off("measure"))
    problems = files.check()
    assert any(says(problem, file, first) for problem in problems)
    assert any(says(problem, file, second) for problem in problems)


def test_breakages_of_two_tables_are_both_listed(project):
    first = broken_copy(project, "conferences.csv", empty)
    second = broken_copy(project, "population.csv", BREAKAGES["last year"])
    problems = files.check()
    assert any(says(problem, "conferences.csv", first) for problem in problems)
    assert any(says(problem, "population.csv", second) for problem in problems)


def test_breakages_of_two_files_of_the_dictionary_are_both_listed(project):
    first = broken_copy(project, "measures.csv", BREAKAGES["unknown unit"])
    second = broken_copy(project, "sources.csv", duplicated_key)
    problems = files.check()
    assert any(says(problem, "measures.csv", first) for problem in problems)
    assert any(says(problem, "sources.csv", second) for problem in problems)


def test_two_unreadable_files_of_the_dictionary_are_both_listed(project):
    broken_copy(project, "measures.csv", empty)
    broken_copy(project, "sources.csv", not_utf8)
    assert {problem.file for problem in files.check()} == {
        "data/dictionary/measures.csv",
        "data/southend/sources.csv",
    }


def test_a_file_of_the_dictionary_that_is_not_there_is_named(project):
    for folder in (DICTIONARY, DATA):
        (project / folder / "sources.csv").unlink()
    (problem,) = files.check()
    assert problem.file == "data/dictionary/sources.csv"
    assert "not there" in problem.what


def test_the_tables_as_they_are_have_no_problem(project):
    before = contents(project)
    assert files.check() == []
    assert contents(project) == before


@pytest.mark.usefixtures("project")
def test_tables_are_the_files_that_are_not_the_dictionary():
    assert files.tables() == [name[:-4] for name in TABLES]


@pytest.mark.parametrize("file", TABLES)
def test_load_parts_every_value_from_every_symbol(project, file):
    rows = rows_of((project / PLACES[file] / file).read_bytes())
    frame = files.load(file[:-4])
    assert len(frame) == len(rows)
    for row, loaded in zip(rows, frame.itertuples(), strict=True):
        if is_number(row["value"]):
            assert (loaded.value, loaded.status) == (float(row["value"]), "")
        else:
            assert pd.isna(loaded.value)
            assert loaded.status == row["value"]


@pytest.mark.usefixtures("project")
def test_values_are_floats_in_every_table():
    assert {str(files.load(file[:-4])["value"].dtype) for file in TABLES} == {"float64"}


@pytest.mark.usefixtures("project")
def test_load_makes_numbers_and_dates_and_says_what_is_counted():
    loaded = files.load("conferences").iloc[0]
    assert loaded["time_period"] == 2016
    assert loaded["period_end"] == pd.Timestamp(2016, 3, 31)
    assert loaded["counted"] == "conferences"
    assert loaded["printed"] == "103.0"


def test_a_byte_order_mark_changes_nothing(project):
    plain = files.load("conferences")
    path = project / DATA / "conferences.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    pd.testing.assert_frame_equal(files.load("conferences"), plain)


def test_line_ends_of_windows_change_nothing(project):
    plain = files.load("conferences")
    path = project / DATA / "conferences.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(files.load("conferences"), plain)


def test_a_change_of_the_dictionary_is_seen_in_the_same_session(project):
    assert files.measures().loc["icpc", "smallest_change"] == 10
    path = project / DICTIONARY / "measures.csv"
    rows = rows_of(path.read_bytes())
    for row in rows:
        row["smallest_change"] = "11"
    path.write_bytes(written(rows))
    assert files.measures().loc["icpc", "smallest_change"] == 11


def test_measures_are_indexed_by_measure_with_numbers_as_floats(project):
    measures = files.measures()
    for row in rows_of((project / DICTIONARY / "measures.csv").read_bytes()):
        for column in ("decimals", "smallest_change"):
            loaded = measures.loc[row["measure"], column]
            assert loaded == float(row[column]) if row[column] else pd.isna(loaded)


def test_a_measure_without_a_dispersion_has_the_one_for_siblings_with_its_source(project):
    measures = files.measures()
    for row in rows_of((project / DICTIONARY / "measures.csv").read_bytes()):
        said = measures.loc[row["measure"], ["dispersion", "dispersion_source"]].tolist()
        given = [float(row["dispersion"]), row["dispersion_source"]] if row["dispersion"] else None
        assert said == (given or [2.4, files.DISPERSION_SOURCE])
        assert "siblings" in said[1] or given


@pytest.mark.usefixtures("project")
def test_where_keeps_the_rows_that_match_every_condition():
    frame = files.load("conferences", measure="icpc_in_time", time_period=2017)
    assert frame[["measure", "time_period", "value"]].to_numpy().tolist() == [["icpc_in_time", 2017, 146]]
    assert list(frame.index) == [0]


@pytest.mark.parametrize(
    ("table", "where", "named", "offered"),
    [
        ("conference", {}, "conference", "conferences"),
        ("measures", {}, "measures", "There is"),
        ("../data/conferences", {}, "../data/conferences", "conferences"),
        ("conferences", {"mesure": "icpc_in_time"}, "mesure", "measure"),
        ("conferences", {"measure": "icpc_in_tim"}, "icpc_in_tim", "icpc_in_time"),
        ("conferences", {"time_period": 2081}, "2081", "2018"),
        ("conferences", {"measure": "icpc_in_time", "time_identifier": "December"}, "December", "Reporting"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_wrong_table_column_or_value_is_refused_with_what_there_is(table, where, named, offered):
    with pytest.raises(DataError) as refused:
        files.load(table, **where)
    (problem,) = refused.value.problems
    assert named in (problem.value, problem.column)
    assert offered in problem.remedy


@pytest.mark.usefixtures("project")
def test_a_year_may_be_given_as_a_number_or_as_text():
    as_text, as_number = (files.load("conferences", time_period=year) for year in ("2018", 2018))
    assert set(as_text["time_period"]) == {2018}
    assert as_text.equals(as_number)


@pytest.mark.usefixtures("project")
def test_a_refused_condition_names_the_file_as_every_other_problem_does():
    with pytest.raises(DataError) as refused:
        files.load("conferences", measure="icpc_in_tim")
    assert refused.value.problems[0].file == "data/southend/conferences.csv"


def test_the_project_is_the_one_that_lscb_project_names(project, monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    assert files.project() == project


def test_the_project_is_found_from_a_folder_below(project, monkeypatch):
    monkeypatch.delenv("LSCB_PROJECT")
    monkeypatch.chdir(project / "notebooks" / "editions")
    assert files.project() == project


def test_the_project_is_found_from_anywhere_as_the_checkout_installed(tmp_path, monkeypatch):
    monkeypatch.delenv("LSCB_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    assert files.project() == Path(files.__file__).resolve().parents[3]
    assert files.project() == CHECKOUT


def test_a_wrong_lscb_project_is_refused_even_within_a_project(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setenv("LSCB_PROJECT", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError) as refused:
        files.project()
    message = str(refused.value)
    assert str(tmp_path / "nowhere") in message
    for word in ("LSCB_PROJECT", "data/", "notebooks/", "Set "):
        assert word in message


# The figures as they stand in the annual report.

REPORT = [
    pytest.param(file, number, row, id=f"{file[:-4]}-{number}")
    for file in TABLES
    for number, row in enumerate(rows_of((CHECKOUT / PLACES[file] / file).read_bytes()), 2)
    if row["source"].startswith(("report-3.4.4", "report-5.2", "report-5.3"))
]
SENTENCES = [case for case in REPORT if case.values[2]["source"].endswith("-text")]
PROSE = ("-text", "-list", "-population")
LABELS = {
    "cin_at_31_march": "Children in need episodes at 31 March",
    "cin_rate": "Rate of children in need at 31 March per 10,000 children",
    "icpc_in_time": "Initial Child Protection Conference within 15 working days",
    "icpc_in_time_percent": "% Initial Child Protection Conference within 15 working days",
    "cpp_at_31_march": "Children who were the subject of a child protection plan at 31 March",
    "cpp_rate": "Rate of children who were the subject of a child protection plan at 31 March",
    "cla_at_31_march": "All children looked after at 31 March",
    "cla_rate": "Rate of children looked after at 31 March per 10,000 children",
    "cla_ceased": "Number of children who ceased to be looked after during the year",
    "cla_adopted": "Number of looked after children adopted during the year",
    "cla_adopted_percent": "Percentage of looked after children adopted during the year",
    "eet_17_18": "% Total number in education",
    "eet_19_21": "% Total number in education",
}
"""How the line of a measure begins in the report; the line of a category begins with the category."""
SECTIONS = {
    "3.4.4": ("3.4.4 SBC Children's Services", "3.4.5 SouthendBorough"),
    "5.2": ("5.2 Child protection in Southend", "5.3 Outcomes"),
    "5.3": ("5.3 Outcomes", "Section 6:"),
}
"""Where a section of the report begins and what follows it."""
HEADINGS = {
    "report-5.3-care-leavers-17-18": "Care leavers activity (aged 17-18)",
    "report-5.3-care-leavers-19-21": "Care leavers activity (aged 19-21)",
}
"""The heading over a table whose lines another table has too."""


def section_of(shared: Path, source: str) -> list[str]:
    """The lines of the section of the report that a source names."""
    text = (shared / "source" / "southend-annual-report-2017-19.txt").read_text(encoding="utf-8")
    start, end = SECTIONS[source.split("-")[1]]
    after = text.index(f"\n{start}\n")
    return text[after : text.index(f"\n{end}", after + 1)].splitlines()


def stands(printed: str, line: str) -> bool:
    return bool(re.search(rf"(?<![\w.,]){re.escape(printed)}(?![\w%]|[.,]\d)", line))


def series() -> dict[tuple[str, str, str], list[tuple[int, str]]]:
    found: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for case in REPORT:
        _, _, row = case.values
        if not row["source"].endswith(PROSE):
            key = (row["source"], row["measure"], row["category"])
            found.setdefault(key, []).append((int(row["time_period"]), row["printed"]))
    return {key: figures for key, figures in found.items() if len({period for period, _ in figures}) == 3}


@pytest.mark.parametrize(("file", "number", "row"), REPORT)
def test_what_a_row_gives_as_printed_stands_in_its_section_of_the_report(shared, file, number, row):
    lines = section_of(shared, row["source"])
    assert any(stands(row["printed"], line) for line in lines), f"{file}, row {number}: {row['printed']}"


@pytest.mark.parametrize(
    ("key", "figures"), series().items(), ids=lambda part: "-".join(part) if isinstance(part, tuple) else ""
)
def test_the_three_years_stand_in_one_line_with_their_label(shared, key, figures):
    source, measure, category = key
    assert [period for period, _ in figures] == [2016, 2017, 2018]
    label = category if category != "Total" else LABELS[measure]
    lines = section_of(shared, source)
    if source in HEADINGS:
        after = lines[lines.index(HEADINGS[source]) :]
        lines = after[: 1 + next(i for i, line in enumerate(after) if line.startswith("% Total"))]
    numbers = [text for _, text in figures]
    found = [
        line
        for line in lines
        if line.casefold().lstrip("% " if category != "Total" else "").startswith(label.casefold())
        and line.split()[-3:] == numbers
    ]
    assert len(found) == 1, f"{label} {' '.join(numbers)}"


@pytest.mark.parametrize(("file", "number", "row"), SENTENCES)
def test_a_figure_from_a_sentence_stands_there_with_its_month(shared, file, number, row):
    month = pd.Timestamp(row["period_end"]).strftime("%B %Y")
    lines = section_of(shared, row["source"])
    assert any(stands(row["printed"], line) and month in line for line in lines), f"{file}, row {number}"


def test_every_line_of_the_tables_of_categories_is_transcribed(shared):
    for source, head in (("report-5.2-primary-need", "Primary Need\t"), ("report-5.2-abuse", "% Neglect\t")):
        lines = section_of(shared, source)
        start = next(i for i, line in enumerate(lines) if line.startswith(head))
        block = [line for line in lines[start : start + 15] if re.search(r"\t(-|\d+\.\d)$", line)]
        of_one_table = [line for line in block if not line.startswith("All children")]
        assert len(of_one_table) == len([key for key in series() if key[0] == source])


def test_rows_of_later_periods_are_left_out_on_request():
    assert files.load("conferences", until=2017)["time_period"].max() == 2017
    with pytest.raises(DataError, match=r"until 2012.*The periods are 2016, 2017, 2018"):
        files.load("conferences", until=2012)
