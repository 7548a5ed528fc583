"""A table opened in a spreadsheet and saved: read as it was meant, or refused in one line that says where."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest
from conftest import DATA, DICTIONARY, data_file, keep_only
from test_cli import run

from lscb_analysis.build.builder import build

CHAPTER = "05_child_protection"
ISO = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")
Rows = list[list[str]]


def rows_of(path: Path) -> Rows:
    return list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))


def saved(
    path: Path, cell: Callable[[str], str] = str, sep: str = ",", encoding: str = "utf-8", pad: int = 0
):
    """Write a file anew: each cell as `cell` makes it, with `pad` empty columns and as many empty rows."""
    rows = [[*map(cell, row), *[""] * pad] for row in rows_of(path)]
    rows += [[""] * len(rows[0])] * pad
    text = io.StringIO()
    csv.writer(text, delimiter=sep, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def dated(form: str) -> Callable[[str], str]:
    return lambda cell: ISO.sub(form, cell) if ISO.fullmatch(cell) else cell


WINDOWS = "read as Windows-1252 text"
WAYS = {
    "dates were read as '31/03/2018' for 31 March 2018": {"cell": dated(r"\3/\2/\1")},
    "dates were read as '03/31/2018' for 31 March 2018": {"cell": dated(r"\2/\3/\1")},
    "dates were read as '31-03-2018' for 31 March 2018": {"cell": dated(r"\3-\2-\1")},
    "dates were read as '2018-03-31 00:00:00' for 31 March 2018": {"cell": dated(r"\1-\2-\3 00:00:00")},
    "its cells are parted by semicolons": {"sep": ";"},
    "its cells are parted by tabs": {"sep": "\t", "encoding": "utf-8-sig"},
    "read as UTF-16 text": {"sep": "\t", "encoding": "utf-16"},
    WINDOWS: {"encoding": "cp1252"},
    "3 column(s) without a single cell were left out": {"pad": 3},
    "spaces around cells were left out": {"cell": lambda cell: f" {cell}\u00a0" if cell else cell},
}
TYPED = ["family_court", "primary_need", "leaving_care"]
"""Tables in which single cells are typed anew."""
NEEDED = ["conferences", "population", "categories_of_abuse", "child_protection_plans", "dfe_plans_starting"]


def edited(project: Path, table: str, row: int, **cells: str) -> None:
    """Type other cells into a row, counted as a spreadsheet counts it."""
    path = project / DATA / f"{table}.csv"
    rows = rows_of(path)
    for column, text in cells.items():
        rows[row - 1][rows[0].index(column)] = text
    path.write_text(
        "\n".join(",".join(f'"{c}"' if "," in c else c for c in row) for row in rows) + "\n", "utf-8"
    )


def checked(monkeypatch, capsys) -> tuple[int, list[str], list[str]]:
    status, out, err = run(monkeypatch, capsys, "check")
    return status, out.splitlines(), err.splitlines()


def pages(folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_text("utf-8") for path in [folder / f"{CHAPTER}.html", folder / "index.html"]
    }


@pytest.mark.whole
def test_a_pack_of_tables_saved_in_every_way_says_what_it_said_and_check_lists_how_they_were_read(
    project, monkeypatch, capsys
):
    keep_only(project, [CHAPTER])
    before = pages(build(output=project / "before").folder)
    tables = [
        path.stem for path in sorted((project / DATA).glob("*.csv")) if path.stem not in (*NEEDED, *TYPED)
    ]
    edited(project, "family_court", 2, value="14,207")
    edited(project, "primary_need", 2, value="82.0%")
    edited(project, "leaving_care", 6, value="[C]")
    saved(project / DICTIONARY / "measures.csv", encoding="cp1252")
    used = {"measures": WINDOWS}
    ways = zip(cycle(WAYS), [name for name in [*NEEDED, *tables] if name != "measures"], strict=False)
    for said, name in ways:
        path = data_file(project, name)
        saved(path)
        whole = path.read_bytes()
        saved(path, **WAYS[said])
        if path.read_bytes() != whole:  # some hold no date, or nothing beyond ASCII
            used[name] = said
    status, out, err = checked(monkeypatch, capsys)
    assert (status, err) == (0, [])
    assert set(used.values()) == set(WAYS)
    for name, said in used.items():
        assert any(f"/{name}.csv" in line and said in line for line in out), (name, said)
    assert (
        "Note: data/southend/family_court.csv, row 2, column value: marks of thousands were left out." in out
    )
    assert "Note: data/southend/primary_need.csv, row 2, column value: percent signs were left out." in out
    assert (
        "Note: data/southend/leaving_care.csv, row 6, column value: brackets and capitals were left out."
        in out
    )
    assert re.fullmatch(r"Read \d+ tables, 1 edition\(s\) and 16 chapters: no problem\.", out[-1])
    assert pages(build(output=project / "after").folder) == before


def kept_by_a_spreadsheet(figure: str) -> str:
    """A figure of which the zeros at the end of its decimals are gone."""
    return re.sub(r"\.?0+$", "", figure) if "." in figure else figure


def test_every_decimal_that_a_spreadsheet_takes_away_is_refused(project, monkeypatch, capsys):
    """One table prints numbers of children as 103.0, and loses no figure with that."""
    lost = []
    for path in sorted((project / DATA).glob("*.csv")):
        header, *rows = rows_of(path)
        for number, row in enumerate(rows, 2):
            cells = dict(zip(header, row, strict=True))
            figure = cells.get("printed", "")
            kept = kept_by_a_spreadsheet(figure)
            if cells.get("measure") != "icpc_in_time" and kept != figure and re.match("[-+0-9]", figure):
                edited(project, path.stem, number, value=kept.replace(",", ""), printed=kept)
                where = f"data/southend/{path.name}, row {number}, column printed"
                lost.append(f"{where}: '{kept}' has lost a decimal")
    status, out, err = checked(monkeypatch, capsys)
    assert (status, out) == (2, [])
    assert sorted(line.partition(". ")[0] for line in err[:-1]) == sorted(lost)
    assert len(lost) >= 32


ALIKE = "that other figures of its measure and source have. Give all of them as the source prints them."


def test_a_decimal_or_a_sign_is_missed_where_other_figures_of_the_measure_and_source_have_it(
    project, monkeypatch, capsys
):
    edited(project, "conferences", 3, printed="146")
    path = project / DATA / "board_on_costs.csv"
    header, row, *others = rows_of(path)
    more = [cell.replace("2020", "2021").replace("2019", "2020").replace("+34%", "34%") for cell in row]
    path.write_text("\n".join(",".join(cells) for cells in [header, row, more, *others]) + "\n", "utf-8")
    status, _, err = checked(monkeypatch, capsys)
    assert status == 2
    assert f"data/southend/conferences.csv, row 3, column printed: '146' has lost a decimal {ALIKE}" in err
    assert (
        f"data/southend/board_on_costs.csv, row 3, column printed: '34%' has lost a plus sign {ALIKE}" in err
    )


REFUSED = [
    *(("self_assessment", 8 + 3 * number, "printed", day, "is a date in place of a figure")
      for number, day in enumerate(("02-Mar", "2-Mar", "Mar-02", "02/03/2026", "2026-03-02 00:00:00"))),
    ("self_assessment", 25, "printed", "two or three", "is no rating"),
    *(("dfe_referrals", row, "value", mark, "is a mark that sources use in several ways")
      for row, mark in enumerate(("..", ":", "*", "<5", "-", "."), 3)),
    ("population", 2, "value", "1.2E+05", "is a number in short form"),
    ("population", 3, "value", "TRUE", "is neither a number nor a symbol"),
    ("population", 4, "value", "39;115", "is neither a number nor a symbol"),
    ("school_nursing", 2, "area_code", "6.00E+33", "is not a nine-character area code"),
    ("conferences", 2, "period_end", "31/02/2018", "is not a date"),
    ("children_in_need", 2, "period_end", "43190", "is not a date"),
    ("visits", 3, "printed", "97.60%", "has more decimals than value"),
    ("leaving_care", 6, "printed", "44257", "is a number where value is a symbol"),
]  # fmt: skip


def test_what_has_lost_its_meaning_is_refused_in_one_line_that_names_it(project, monkeypatch, capsys):
    for table, row, column, text, _ in REFUSED:
        edited(project, table, row, **{column: text})
    status, _, err = checked(monkeypatch, capsys)
    assert status == 2
    for table, row, column, text, said in REFUSED:
        start = f"data/southend/{table}.csv, row {row}, column {column}: {text!r} {said}. "
        assert sum(line.startswith(start) for line in err) == 1, (start, err)


def test_dates_that_may_be_day_first_or_month_first_are_refused_in_one_line(project, monkeypatch, capsys):
    path = project / DATA / "population.csv"
    path.write_text(path.read_text("utf-8").replace("-06-30", "/06/05"), "utf-8")
    saved(path, lambda cell: re.sub(r"^(\d{4})/(\d\d)/(\d\d)$", r"\3/\2/\1", cell))
    status, _, err = checked(monkeypatch, capsys)
    (line,) = (line for line in err if "population.csv" in line)
    assert (status, line) == (
        2,
        "data/southend/population.csv, row 2, column period_start: and the other dates of this table may be "
        "day first or month first. Write dates as 2018-03-31.",
    )
