"""Nothing of what a build leaves behind tells a figure that its source withholds: on invented tables."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import DATA, copied
from leaks import Secret, leaks, names_given_away

from lscb_analysis.cli import app

CHAPTERS = ["00_board_summary", "03_primary_need", "05_child_protection", "15_data_quality"]
SMALL = range(1, 6)

NEED = ("Abuse or neglect", "Child's disability or illness", "Parent's disability or illness",
        "Family in acute stress", "Family dysfunction", "Socially unacceptable behaviour", "Low income",
        "Absent parenting", "Cases other than children in need", "Not stated")  # fmt: skip
ABUSE = ("Neglect", "Multiple", "Emotional abuse", "Physical abuse", "Sexual abuse")
MIXES = {
    ("dfe_primary_need", "cin_by_primary_need", "cin_at_31_march", "primary_need"): {
        2016: dict(zip(NEED, (14231, 3127, 2909, 2713, 1931, 1787, 53, 3, 36, 4817), strict=True)),
        2017: dict(zip(NEED, (13007, 3313, 2819, 2687, 2111, 1873, 61, 418, 4, 3719), strict=True)),
        2018: dict(zip(NEED, (12613, 3407, 2777, 2593, 2203, 1913, 67, 421, 41, 4483), strict=True)),
    },
    ("dfe_plans_starting", "cpp_starting_by_abuse", "cpp_starting", "categories_of_abuse"): {
        2016: dict(zip(ABUSE, (3691, 911, 1381, 5, 1129), strict=True)),
        2017: dict(zip(ABUSE, (3461, 877, 1423, 2, 1193), strict=True)),
        2018: dict(zip(ABUSE, (3167, 863, 1613, 1, 1301), strict=True)),
    },
}
"""Counts by the table and measure that hold them, the measure of their total and the table of percentages."""

WITHHELD = {
    2016: {"Absent parenting", "Not stated", "Physical abuse", "Sexual abuse"},
    2017: {"Cases other than children in need", "Not stated", "Physical abuse", "Sexual abuse"},
    2018: {"Not stated", "Physical abuse", "Sexual abuse"},
}
"""A count from 1 to 5 with a large one beside it that hides it; and one alone, which its total gives away."""


def invent(project: Path) -> list[Secret]:
    """Write the invented counts, totals and percentages into the tables, and return what they withhold."""
    secrets = []
    for (table, measure, total, percentages), years in MIXES.items():
        counts, shares = {}, {}
        for year, cells in years.items():
            whole = sum(cells.values())
            held = {category: number for category, number in cells.items() if category in WITHHELD[year]}
            for category, number in cells.items():
                counts[measure, year, category] = "c" if category in held else str(number)
                shares[None, year, category] = "c" if category in held else f"{100 * number / whole:.1f}"
            counts[total, year, "Total"] = str(whole)
            secrets += _secrets(project, table, measure, percentages, year, held, whole)
        for path in (project / DATA).glob("*.csv"):
            if path.stem == percentages:
                _write(path, shares)
            elif path.stem in (table, "children_in_need"):
                _write(path, counts)
    return secrets


def _secrets(
    project: Path, table: str, measure: str, percentages: str, year: int, held: dict[str, int], whole: int
) -> list[Secret]:
    rest = sum(held.values())
    frame = pd.read_csv(project / DATA / f"{table}.csv", dtype=str).query("measure == @measure")
    start, end = frame[frame["time_period"] == str(year)].iloc[0][["period_start", "period_end"]]
    period = end if start == end else f"{start}/{end}"
    printed = pd.read_csv(project / DATA / f"{percentages}.csv", dtype=str)["measure"].iloc[0]
    bounds = (rest, whole - rest, *(rest - small for small in SMALL))
    both = frozenset([measure, printed])
    return [Secret(both, name, period, number, whole, bounds) for name, number in held.items()]


def _write(path: Path, cells: dict[tuple[str | None, int, str], str]) -> None:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for (measure, year, category), value in cells.items():
        here = (frame["time_period"] == str(year)) & (frame["category"] == category)
        here &= (frame["measure"] == measure) | (measure is None)
        frame.loc[here, ["value", "printed"]] = value, value.replace("c", "-")
    frame.to_csv(path, index=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, list[Secret]]:
    """The folder with a pack of the invented tables, what stands beside it and its log; and the secrets."""
    place = tmp_path_factory.mktemp("leaks")
    secrets = invent(copied(place / "project", CHAPTERS))
    out = place / "out"
    # all that the project keeps of the pack is searched too
    out.mkdir()
    (place / "project" / ".lscb").symlink_to(out / "kept", target_is_directory=True)
    (out / "kept").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSCB_PROJECT", str(place / "project"))
        app(["build", "--output", str(out / "pack"), "--log", str(out / "log")], standalone_mode=False)
    assert (out / "pack" / "index.html").is_file()
    return out, secrets


def test_nothing_that_a_build_leaves_tells_what_is_withheld(made):
    folder, secrets = made
    assert leaks(folder, secrets) == []


def test_the_pack_says_how_many_withheld_figures_are_given_away_and_nowhere_which(made):
    folder, secrets = made
    page = BeautifulSoup((folder / "pack" / "15_data_quality.html").read_text("utf-8"), "html.parser")
    (said,) = page.select('p.finding:has([data-category="withheld"])')
    kept, checked, away = (int(number["value"]) for number in said("data"))
    assert 0 < away < checked == kept + away
    assert names_given_away(folder, secrets) == []


NAMED = "What the source withholds of Absent parenting can be worked out exactly from what it prints."


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("03_primary_need.html", f"<p>{NAMED}</p></main>"),
        ("15_data_quality.html", "<tr><th>Absent parenting</th><td>its source withholds it</td></tr></main>"),
        ("index.html", "<li>Given away: Absent parenting</li></main>"),
    ],
)
def test_the_search_finds_a_name_of_what_is_given_away(copy, name, planted):
    folder, secrets = copy
    page(folder, name, "</main>", planted)
    assert names_given_away(folder, secrets) != []


def test_the_search_finds_a_row_of_what_is_given_away(copy):
    folder, secrets = copy
    with (folder / "pack" / "tables" / "15_data_quality-checks.csv").open("a", encoding="utf-8") as file:
        file.write("withheld,Local authority,,,2016,,,,cin_by_primary_need,Absent parenting\n")
    assert names_given_away(folder, secrets) != []


def page(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / "pack" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def cell(column: str, value: str):
    def plant(folder: Path) -> None:
        path = folder / "pack" / "tables" / "03_primary_need-primary-need-figures.csv"
        frame = pd.read_csv(path, dtype=str)
        frame.loc[frame["status"] == "c", column] = value
        frame.to_csv(path, index=False)

    return plant


NEEDS = "03_primary_need.html"
CLAIMED = (
    '<data value="3" data-statistic="numerator" data-measure="cin_by_primary_need" data-period="2016-03-31"'
    ' data-category="Absent parenting">few</data>'
)
BAR = '<path d="M 9 5 L 128 5 L 128 9 L 9 9 z" clip-path="url(#a)" style="fill: #12436d"/>'


def number_in_the_spreadsheet(folder: Path) -> None:
    path = folder / "pack" / "tables.xlsx"
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name).decode() for name in file.namelist()}
    sheet = "xl/worksheets/sheet5.xml"
    parts[sheet] = parts[sheet].replace("</row></sheetData>", '<c r="Z99"><v>4819</v></c></row></sheetData>')
    with zipfile.ZipFile(path, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part)


PLANTED = {
    "a count in a CSV": cell("numerator", "3"),
    "the end of an interval in a CSV": cell("lower", "0.1"),
    "a percentage in a CSV": cell("printed", "0.0"),
    "a count bound to its place": lambda folder: page(folder, NEEDS, "</main>", f"{CLAIMED}</main>"),
    "a bar among the others": lambda folder: page(folder, NEEDS, "<path ", f"{BAR}<path "),
    "a mark among the others": lambda folder: page(folder, NEEDS, "<use ", 30 * "<use/><use "),
    "a percentage in words": lambda folder: page(folder, "index.html", "</main>", "15.24 per cent</main>"),
    "a bound in an attribute": lambda folder: page(folder, "index.html", "<main", '<main data-most="4819"'),
    "a bound with a comma": lambda folder: page(folder, "methods.html", "</main>", "at most 4,819</main>"),
    "a number in the manifest": lambda folder: page(folder, "manifest.json", "{", '{"rest": 4820,'),
    "a bound in the spreadsheet": number_in_the_spreadsheet,
    "a line of the log": lambda folder: (folder / "log").open("a").write('{"error": "4815 to 4819"}\n'),
}


@pytest.fixture
def copy(made, tmp_path) -> tuple[Path, list[Secret]]:
    folder, secrets = made
    shutil.copytree(folder, tmp_path / "out", symlinks=True)
    return tmp_path / "out", secrets


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_the_search_finds_what_is_planted(copy, plant):
    folder, secrets = copy
    plant(folder)
    assert leaks(folder, secrets) != []


def test_the_search_finds_a_count_in_a_stored_notebook(copy):
    folder, secrets = copy
    (path,) = folder.glob("kept/pack-*/03_primary_need.ipynb")
    notebook = json.loads(path.read_text("utf-8"))
    output = next(output for cell in notebook["cells"] for output in cell.get("outputs", []))
    output["data"]["text/html"] = CLAIMED
    path.write_text(json.dumps(notebook), "utf-8")
    assert [line.partition(":")[0] for line in leaks(folder, secrets)] == [str(path.relative_to(folder))]
