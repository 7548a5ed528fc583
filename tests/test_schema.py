"""Each check of a table, on a small invented one."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import CHECKOUT

from lscb_analysis.data import files, schema

ROW = {
    "time_period": "2018",
    "time_identifier": "Reporting year",
    "period_start": "2017-04-01",
    "period_end": "2018-03-31",
    "geographic_level": "Local authority",
    "area_code": "E06000099",
    "area_name": "Anytown",
    "measure": "visits",
    "category": "Total",
    "value": "12",
    "printed": "12",
    "qualifier": "",
    "source": "report",
}
MEASURE = dict.fromkeys(schema.DICTIONARY["measures"], "Some text") | {
    "measure": "visits",
    "unit": "number",
    "decimals": "0",
    "polarity": "neither",
    "counted": "children",
    **dict.fromkeys(["scheme", "denominator", "smallest_change", "dispersion", "role", "of"], ""),
}
DERIVED = {"measure": "visits", "kind": "turned", "of": "visits", "by": "", "category": ""}
CONSTANT = ("counted", "units", "levels", "calendars")
OF_ALL = {name: files.read(CHECKOUT / "data" / "dictionary" / f"{name}.csv") for name in CONSTANT}
"""What is so for every board: what is counted, units, levels and calendars are those of the project."""
SOURCE = dict.fromkeys(schema.DICTIONARY["sources"], "Some text") | {
    "source": "report",
    "access": "published",
    "published": "2018-11",
}


def table(*changes: dict[str, str]) -> pd.DataFrame:
    return frame([ROW | change for change in changes or ({},)])


def frame(rows, file: str = "t.csv") -> pd.DataFrame:
    return schema.located(pd.DataFrame(rows, dtype=str), file)


def words(*measures: dict[str, str]) -> schema.Dictionary:
    share = {"measure": "visits_by_day", "unit": "%", "scheme": "day"}
    return schema.Dictionary(
        measures=frame([MEASURE | change for change in measures or ({}, share)], "m.csv"),
        categories=frame(
            [{"scheme": "day", "category": day, "label": day} for day in ("Monday", "Tuesday")], "c.csv"
        ),
        sources=frame([SOURCE], "s.csv"),
        derived=frame([DERIVED], "d.csv"),
        **OF_ALL,
    )


def places(problems) -> list[tuple[int | None, str | None, str | None]]:
    return [(problem.row, problem.column, problem.value) for problem in problems]


def test_a_valid_table_has_no_problem():
    assert schema.validate([table()], words()) == []


def test_every_symbol_is_a_valid_value():
    rows = [{"value": symbol, "printed": "-", "period_start": f"2017-04-0{i + 1}"}
            for i, symbol in enumerate(schema.SYMBOLS)]  # fmt: skip
    assert list(schema.check_values(table(*rows), words())) == []


def test_the_problems_that_are_listed_are_those_that_checks_name():
    code = "".join(path.read_text("utf-8") for path in Path(schema.__file__).parent.glob("*.py"))
    listed = tomllib.loads(Path(schema.__file__).with_suffix(".toml").read_text("utf-8"))["problems"]
    assert [key for key in listed if f'"{key}"' not in code] == []


def test_a_period_of_another_length_is_told_what_its_kind_asks():
    raw = table({"time_identifier": "Financial year", "period_start": "2017-05-01"})
    (problem,) = schema.check_periods(raw, words().calendars)
    assert str(problem).endswith(
        "'2017-05-01' does not begin a 'Financial year' period. "
        "Give the first and the last day of 12 months from 04-01 on."
    )


def test_a_valid_dictionary_has_no_problem():
    assert schema.validate_dictionary(words()) == []


def test_problems_of_a_table_come_together_in_the_order_of_rows():
    raw = table({"value": "many", "printed": "many"}, {"time_period": "18"}, {"area_name": ""})
    problems = schema.validate([raw], words())
    assert [problem.row for problem in problems] == sorted(problem.row for problem in problems)
    assert {(2, "value"), (3, "time_period"), (4, "area_name")} <= {(p.row, p.column) for p in problems}


def test_problems_of_the_dictionary_files_come_together_with_the_file_named():
    known = words({"unit": "miles"})
    known.categories.loc[("c.csv", 2), "label"] = ""
    known.sources.loc[("s.csv", 2), "publisher"] = ""
    problems = schema.validate_dictionary(known)
    assert {(p.file, p.row, p.column) for p in problems} == {
        ("m.csv", 2, "unit"),
        ("c.csv", 2, "label"),
        ("s.csv", 2, "publisher"),
    }


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (table(), []),
        (table().drop(columns="value"), [(1, "value", None)]),
        (table().assign(colour="red"), [(1, "colour", None)]),
        (table().rename(columns={"value": "valeu"}), [(1, "value", None), (1, "valeu", None)]),
        (pd.concat([table(), table()["value"]], axis="columns"), [(1, "value", None)]),
    ],
    ids=["as they must be", "missing", "unknown", "misspelt", "twice"],
)
def test_check_columns(raw, expected):
    assert places(schema.check_columns(raw, schema.COLUMNS)) == expected


def test_check_columns_offers_the_nearest_name():
    (*_, problem) = schema.check_columns(table().rename(columns={"value": "valeu"}), schema.COLUMNS)
    assert "'value'" in problem.remedy


@pytest.mark.parametrize(
    "text",
    ["Any\x07town", "Any\ntown", "Any\u202etown", " Anytown", "Anytown\u00a0", "A" * 10_001],
    ids=["bell", "new line", "override", "space before", "hard space after", "too long"],
)
def test_check_text_refuses_what_cannot_be_shown_as_it_is(text):
    assert places(schema.check_text(table({}, {"area_name": text}))) == [(3, "area_name", text)]


@pytest.mark.parametrize("text", ["", "<b>Añytown & Sons", "=1+1", "\u200fא", "A" * 10_000])
def test_check_text_lets_plain_text_pass(text):
    assert list(schema.check_text(table({"area_name": text}))) == []


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"period_start": "2018-03-31"},
        {"time_identifier": "March", "period_start": "2018-03-01"},
        {"time_identifier": "February", "period_start": "2018-02-01", "period_end": "2018-02-28"},
    ],
    ids=["year", "day", "month", "short month"],
)
def test_check_periods_lets_a_period_pass(change):
    assert list(schema.check_periods(table(change), OF_ALL["calendars"])) == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"time_period": "last year"}, "time_period"),
        ({"time_period": "2018-13"}, "time_period"),
        ({"time_period": "201718"}, "time_period"),
        ({"time_period": ""}, "time_period"),
        ({"time_identifier": "Year"}, "time_identifier"),
        ({"period_start": "01/04/2017"}, "period_start"),
        ({"period_end": "2018-02-30"}, "period_end"),
        ({"period_start": "2018-04-01"}, "period_end"),
        ({"period_end": "2019-03-31"}, "period_end"),
        ({"time_identifier": "March"}, "period_start"),
        ({"time_identifier": "March", "period_start": "2018-03-02"}, "period_start"),
        ({"time_identifier": "April", "period_start": "2018-03-01"}, "period_start"),
        ({"period_start": "1917-04-01"}, "period_start"),
        ({"period_end": "2018-12-31"}, "period_start"),
        ({"time_period": "201８"}, "time_period"),
    ],
)  # fmt: skip
def test_check_periods_refuses(change, column):
    assert places(schema.check_periods(table(change), OF_ALL["calendars"])) == [
        (2, column, (ROW | change)[column])
    ]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"geographic_level": "County"}, "geographic_level"),
        ({"area_code": "00KF"}, "area_code"),
        ({"area_code": ""}, "area_code"),
        ({"area_code": "E06000098", "area_name": ""}, "area_name"),
        ({"area_name": "Anytown-on-Sea"}, "area_name"),
        ({"area_code": "E0600009８"}, "area_code"),
    ],
)  # fmt: skip
def test_check_areas_refuses(change, column):
    raw = table({}, {}, change)
    assert places(schema.check_areas(raw, OF_ALL["levels"])) == [(4, column, (ROW | change)[column])]


def test_check_areas_refuses_a_name_that_the_code_does_not_have_in_another_table():
    rows = ROW, ROW, ROW | {"area_name": "Anytown-on-Sea"}
    raw = pd.concat(frame([row], file) for row, file in zip(rows, ("a.csv", "b.csv", "c.csv"), strict=True))
    (problem,) = schema.check_areas(raw, OF_ALL["levels"])
    assert (problem.file, problem.row, problem.value) == ("c.csv", 2, "Anytown-on-Sea")


def test_a_row_that_stands_in_two_tables_is_refused_with_both_places():
    (problem,) = schema.validate([frame([ROW], "a.csv"), frame([ROW], "b.csv")], words())
    assert str(problem).startswith("b.csv, row 2, column area_code, time_period, ")
    assert "stands in a.csv, row 2 already. Keep one of them" in str(problem)


def test_check_areas_lets_two_areas_and_levels_pass():
    england = {"geographic_level": "National", "area_code": "E92000001", "area_name": "England"}
    assert list(schema.check_areas(table({}, england), OF_ALL["levels"])) == []


def test_for_an_unknown_source_no_other_is_offered():
    (problem,) = schema.check_names(table({"source": "reprot"}), words())
    assert problem.column == "source"
    assert "'report'" not in str(problem)


@pytest.mark.parametrize(
    ("change", "column", "offered"),
    [
        ({"measure": "visit"}, "measure", "visits"),
        ({"qualifier": "abuot"}, "qualifier", "about"),
        ({"category": "Totals"}, "category", "Total"),
        ({"measure": "visits_by_day", "category": "Munday"}, "category", "Monday"),
        ({"measure": "visits_by_day", "category": "Total"}, "category", "Monday"),
    ],
)
def test_check_names_refuses_and_offers_the_nearest(change, column, offered):
    (problem,) = schema.check_names(table({}, change), words())
    assert (problem.row, problem.column, problem.value) == (3, column, change[column])
    assert offered in problem.remedy


def test_check_names_lets_known_names_pass():
    day = {"measure": "visits_by_day", "category": "Tuesday", "qualifier": "nearly"}
    assert list(schema.check_names(table({}, day), words())) == []


@pytest.mark.parametrize(
    "change",
    [
        *({"value": text} for text in ("many", "", "q", "C", "1,200", "1e3", "12.", "-", "nan", "inf", "-3")),
        {"value": "12.5"},
        {"measure": "visits_by_day", "value": "140"},
        {"measure": "visits_by_day", "value": "100.1"},
        {"measure": "visits_by_day", "value": "-0.1"},
    ],
    ids=str,
)
def test_check_values_refuses(change):
    problems = list(schema.check_values(table(change), words()))
    assert places(problems) == [(2, "value", change["value"])]


@pytest.mark.parametrize(("check", "column"), [("values", "value"), ("printed", "value")])
def test_digits_of_another_script_are_no_number(check, column):
    raw = table({"value": "１２"})
    problems = schema.check_values(raw, words()) if check == "values" else schema.check_printed(raw)
    assert all(problem.column == column for problem in problems)


@pytest.mark.parametrize(
    "change",
    [
        *({"value": text} for text in ("0", "12", "12.0", "1200")),
        *({"measure": "visits_by_day", "value": text} for text in ("0", "100", "33.3")),
    ],
    ids=str,
)
def test_check_values_lets_a_figure_pass(change):
    assert list(schema.check_values(table(change), words())) == []


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("12", "21"),
        ("12", ""),
        ("12", "12.1"),
        ("1200", "1,201"),
        ("81", "18%"),
        ("c", "12"),
        ("c", ""),
        ("6", "Nine"),
    ],
)
def test_check_printed_refuses(value, printed):
    problems = schema.check_printed(table({"value": value, "printed": printed}))
    assert places(problems) == [(2, "printed", printed)]


@pytest.mark.parametrize("printed", ["-", "c", "x"])
def test_check_printed_refuses_a_number_where_the_source_prints_a_symbol(printed):
    problems = schema.check_printed(table({"value": "5", "printed": printed}))
    assert places(problems) == [(2, "printed", printed)]


@pytest.mark.parametrize(
    ("value", "printed"),
    [("12", "12.0"), ("1200", "1,200"), ("81", "81%"), ("c", "-"), ("x", "x"), ("12", "twelve"), ("5", "£5")],
)
def test_check_printed_lets_pass(value, printed):
    assert list(schema.check_printed(table({"value": value, "printed": printed}))) == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        *(({column: ""}, column) for column in ("title", "phrase", "counted", "definition", "decimals")),
        ({"unit": "miles"}, "unit"),
        ({"unit": ""}, "unit"),
        ({"polarity": "good"}, "polarity"),
        ({"scheme": "week"}, "scheme"),
        ({"denominator": "calls"}, "denominator"),
        ({"decimals": "one"}, "decimals"),
        ({"decimals": "-1"}, "decimals"),
        ({"smallest_change": "some"}, "smallest_change"),
        ({"dispersion": "high"}, "dispersion"),
        ({"dispersion": "2.4", "dispersion_source": ""}, "dispersion_source"),
        ({"dispersion": "-2.4"}, "dispersion"),
        ({"dispersion": "0"}, "dispersion"),
        ({"smallest_change": "-10"}, "smallest_change"),
    ],
    ids=str,
)  # fmt: skip
def test_check_measures_refuses(change, column):
    known = words({}, {"measure": "calls_back"} | change)
    problems = [*schema.check_file(known.measures, "measures"), *schema.check_measures(known)]
    assert places(problems) == [(3, column, (MEASURE | change)[column])]


def test_check_measures_lets_a_full_entry_pass():
    full = {
        "measure": "visits_by_day",
        "scheme": "day",
        "denominator": "visits",
        "smallest_change": "2.5",
        "dispersion": "1.5",
        "dispersion_source": "A study",
    }
    assert list(schema.check_measures(words({}, full))) == []


def test_check_filled_names_every_empty_cell_and_no_other():
    raw = frame({"a": ["", "x", ""], "b": ["y", "", "y"], "c": ["", "", ""]})
    assert places(schema.check_filled(raw, ["a", "b"])) == [(2, "a", ""), (4, "a", ""), (3, "b", "")]


@pytest.mark.parametrize("key", ["../visits", "a b", "Visits", "visits.csv", "_visits", "visités"])
def test_a_key_is_refused_what_files_cannot_be_named_after(key):
    raw = words({"measure": "visits_2"}, {"measure": key}).measures
    assert places(schema.check_file(raw, "measures")) == [(3, "measure", key)]


def test_check_unique_names_the_later_row_the_key_and_the_rows_before():
    raw = frame({"a": ["x", "y", "x", "x"], "b": ["1", "1", "1", "2"]})
    (problem,) = schema.check_unique(raw, ["a", "b"])
    assert (problem.row, problem.column, problem.value) == (4, "a, b", "x / 1")
    assert "row 2" in problem.what


def test_check_unique_gives_one_problem_for_a_key_that_stands_three_times():
    raw = frame({"a": ["x", "x", "x"]})
    (problem,) = schema.check_unique(raw, ["a"])
    assert problem.row == 4
    assert "rows 2 and 3" in problem.what


def test_check_unique_lets_rows_pass_that_differ_in_one_column_of_the_key():
    raw = table({}, {"source": "other"}, {"category": "Monday"}, {"time_period": "2017"})
    assert list(schema.check_unique(raw, schema.KEY)) == []


def test_nearest_offers_the_closest_name_else_lists_the_first_few():
    assert schema.nearest("visit", ["calls", "visits"]) == "Did you mean 'visits'?"
    few = schema.nearest("zzz", ["calls", "visits"])
    assert "calls" in few
    assert "visits" in few
    many = schema.nearest("zzz", [f"name{i}" for i in range(20)])
    assert "name0" in many
    assert "name19" not in many
    assert "…" in many
    assert schema.nearest("zzz", []) == "There is none"


def test_a_problem_reads_file_row_column_value_fault_and_remedy():
    problem = schema.Problem("t.csv", 3, "value", "many", "is no number", "Write a number")
    assert str(problem) == "t.csv, row 3, column value: 'many' is no number. Write a number."


def test_a_problem_of_a_whole_file_names_the_file_alone():
    assert (
        str(schema.Problem("t.csv", None, None, None, "is empty", "Fill it")) == "t.csv: is empty. Fill it."
    )


def test_a_long_value_is_shortened_in_the_message_and_kept_in_the_problem():
    problem = schema.Problem("t.csv", 3, "value", "9" * 500, "is too long", "Shorten it")
    assert problem.value == "9" * 500
    assert len(str(problem)) < 150


def test_a_data_error_says_every_problem_and_keeps_them():
    problems = [schema.Problem("t.csv", row, "value", "q", "is unknown", "Mend it") for row in (2, 3)]
    error = schema.DataError(problems)
    assert error.problems == problems
    assert str(error).splitlines() == [str(problem) for problem in problems]


SENTENCE = re.compile(
    r"[\w.]+, row \d+, column [\w, ]+: ('.*' )?(is|has|holds|comes|does|stands) .*\. [A-Z].*[.?]"
)

OFFERS = [
    table({"measure": "visit"}),
    table({"source": "reprot"}),
    table({"qualifier": "abuot"}),
    table({"geographic_level": "Locl authority"}),
    table().rename(columns={"value": "valeu"}),
]


@pytest.mark.parametrize(
    "raw",
    [
        table({"value": "many"}),
        table({"time_period": "last year"}),
        table({"period_start": "soon"}),
        table({"area_code": "Anytown"}),
        table({"area_name": "Any\x07town"}),
        table({}, {}),
        table().drop(columns="value"),
        *OFFERS,
    ],
)  # fmt: skip
def test_every_message_is_a_sentence_and_a_remedy(raw):
    problems = schema.validate([raw], words())
    assert problems
    for message in map(str, problems):
        assert SENTENCE.fullmatch(message)
        assert not re.search(r"\?\.|\.\.|: ,|Did you mean [^?]*$", message), message


def test_the_list_of_what_there_is_names_no_empty_thing():
    (problem,) = schema.check_names(table({"qualifier": "zzzzzz"}), words())
    assert ": ," not in problem.remedy


def test_two_days_of_one_year_are_two_periods():
    days = [
        {"time_identifier": "Day", "period_start": day, "period_end": day}
        for day in ("2018-02-21", "2018-06-05")
    ]
    assert list(schema.check_unique(table(*days), schema.KEY)) == []
    assert len(list(schema.check_unique(table(days[0], days[0]), schema.KEY))) == 1


def test_rows_are_dictionaries_as_pandas_makes_them():
    frame = pd.DataFrame(
        {
            "words": ["a", None],
            "whole": [1, 2],
            "number": [1.5, float("nan")],
            "so": [True, False],
            "day": pd.to_datetime(["2018-03-31", None]),
        },
        index=[7, 7],
    )
    for rows in (frame, frame.head(0)):
        theirs, ours = rows.to_dict("records"), schema.records(rows)
        assert repr(ours) == repr(theirs)  # nothing equals what is missing
        assert [list(map(type, row.values())) for row in ours] == [
            list(map(type, row.values())) for row in theirs
        ]


@pytest.mark.parametrize(
    ("access", "quoted"), [("published", True), ("board", False), ("local", False), ("", False)]
)
def test_a_problem_of_a_row_that_is_not_published_names_its_place_and_never_its_content(access, quoted):
    known = words()
    known = replace(known, sources=known.sources.assign(access=access))
    rows = {"value": "1234x"}, {"printed": "98765"}, {"area_code": "secret"}, {"category": "Mundy"}, {}, {}
    problems = schema.validate([table(*rows)], known)
    assert {problem.column for problem in problems} >= {"value", "printed", "area_code", "category"}
    told = "\n".join(map(str, problems))
    for cell in ("1234x", "98765", "secret", "Mundy", "E06000099 / "):
        assert (cell in told) == quoted, cell
    assert "t.csv, row 2, column value: " in told
