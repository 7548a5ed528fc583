"""Adding a measure, a chapter, a sentence, a council or a statistic: tried, and what it takes counted.

What is added is invented. Only a statistic and a sentence of a new kind need the library: an entry in a table
and a function, added to a copy of it.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from bs4 import BeautifulSoup
from conftest import CHECKOUT, DATA, DICTIONARY, EDITION, copied
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build

DESIGN = CHECKOUT / "docs" / "design.md"
CARE, CLUBS = "08_care_leavers", "16_clubs"
EMPTY = '{"cells": []}'
SOURCE = "report-3.4.4-visits"
MEASURE = "{name},{title},the number of {small},{title},number,0,children,,Invented,,,neither,,,,,,,"
YEAR = "2018,Reporting year,2017-04-01,2018-03-31"
ROW = f"{YEAR},Local authority,{{area}},{{measure}},Total,{{value}},{{value}},,{SOURCE}"
SOUTHEND, QUEXMOUTH = "E06000033,Southend-on-Sea", "E06000099,Quexmouth"
HEADER = (CHECKOUT / DATA / "visits.csv").read_text("utf-8").splitlines()[0]
OPENED = (CHECKOUT / "notebooks" / f"{CARE}.ipynb").read_text("utf-8")
COUNCIL = f"""title = "Safeguarding children in Quexmouth"
board = "A board of Quexmouth"
data = "quexmouth"
area = "Quexmouth"
period = "2018"
previous = 2017
latest = 2018
rule = "published"
chapters = ["{CLUBS}"]
analysed = "an analyst"
assured = "another analyst"
ask = "the manager"
published = 2026-01-05
next_pack = 2099-01-05
use_until = 2099-01-05
help = [{{ when = "In danger", service = "the emergency services", telephone = "999" }}]
"""


def append(path: Path, *lines: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def add_measure(project: Path) -> None:
    append(
        project / DICTIONARY / "measures.csv",
        MEASURE.format(name="clubs_members", title="Members of clubs", small="members of clubs"),
        MEASURE.format(name="clubs_new", title="New members of clubs", small="new members of clubs"),
    )
    rows = (("clubs_members", 412), ("clubs_new", 97))
    own = (ROW.format(area=SOUTHEND, measure=name, value=value) for name, value in rows)
    (project / DATA / "clubs.csv").write_text("\n".join([HEADER, *own, ""]), "utf-8")


def add_derived_measure(project: Path) -> None:
    append(
        project / DICTIONARY / "measures.csv",
        MEASURE.format(name="clubs_stayed", title="Members who stayed", small="members who stayed"),
    )
    append(project / DICTIONARY / "derived.csv", "clubs_stayed,remainder,clubs_members,clubs_new,")


def notebook(project: Path, chapter: str, *sources: str) -> None:
    """Write a chapter of these cells: code if they name the library or the pack, words if not."""
    opening = [cell for cell in json.loads(OPENED)["cells"] if cell["cell_type"] == "code"][:2]
    cells = [new_markdown_cell("# Clubs\n\nHow many are in clubs?", id="title"), *opening]
    for at, source in enumerate(sources):
        of = new_code_cell if re.search(r"\b(lscb|pack)\.", source) else new_markdown_cell
        cells.append(of(source, id=f"added-{at}"))
    path = project / "notebooks" / f"{chapter}.ipynb"
    path.write_text(json.dumps(new_notebook(cells=cells), ensure_ascii=False, indent=1), "utf-8")


def add_chapter(project: Path) -> None:
    """A chapter that shows the measures."""
    notebook(
        project,
        CLUBS,
        "## How many were there?",
        'members, new = pack.load("clubs_members"), pack.load("clubs_new")',
        "lscb.tabulate.rows(pack.stated(members, new))",
    )
    path = project / EDITION
    path.write_text(path.read_text("utf-8").replace(f'"{CARE}"]', f'"{CARE}", "{CLUBS}"]'), "utf-8")


def add_sentence(project: Path) -> None:
    """A sentence about the measure that was derived, in the chapter."""
    path = project / "notebooks" / f"{CLUBS}.ipynb"
    written = json.loads(path.read_text("utf-8"))
    source = 'lscb.sentences.latest(pack.stated(lscb.remainder(members, new, measure="clubs_stayed")))'
    written["cells"].append(new_code_cell(source, id="sentence"))
    path.write_text(json.dumps(written, ensure_ascii=False, indent=1), "utf-8")


def add_council(project: Path) -> None:
    folder = project / "data" / "quexmouth"
    folder.mkdir()
    sources = (CHECKOUT / DATA / "sources.csv").read_text("utf-8").splitlines()
    (own,) = (row for row in sources if row.startswith(f"{SOURCE},"))
    (folder / "sources.csv").write_text(f"{sources[0]}\n{own.replace('Southend', 'Quexmouth')}\n", "utf-8")
    rows = (("clubs_members", 300), ("clubs_new", 41))
    counted = (ROW.format(area=QUEXMOUTH, measure=name, value=value) for name, value in rows)
    (folder / "clubs.csv").write_text("\n".join([HEADER, *counted, ""]), "utf-8")
    (project / "notebooks" / "editions" / "quexmouth.toml").write_text(COUNCIL, "utf-8")


STATISTIC = """
[below]
remade = "standing"
"""
FUNCTION = """

_places = standing


def standing(figures: pd.DataFrame, area: str) -> pd.DataFrame:
    found = _places(figures, area)
    return found.assign(below=found["others"] - found["above"] - found["level"] - found["untold"])
"""
ENTRY = """
[invented]
below = "Among the {others} others, {below} have a lower figure."
"""
SAID = """

def below(standing: Release) -> Display:
    return finding([say("invented.below", row) for row in records(standing.frame)])
"""


def add_statistic(root: Path) -> None:
    library = root / "src" / "lscb_analysis"
    append(library / "statistics.toml", STATISTIC)
    append(library / "statistics" / "implied.py", FUNCTION)


def add_kind_of_sentence(root: Path) -> None:
    """A sentence that says the statistic, and its name in its group, so that chapters can ask for it."""
    library = root / "src" / "lscb_analysis"
    append(library / "pages" / "words.toml", ENTRY)
    append(library / "pages" / "sentences.py", SAID)
    path, opening = library / "sentences.pyi", "from .pages.sentences import (\n"
    words = path.read_text("utf-8")
    assert opening in words
    path.write_text(words.replace(opening, f"{opening}    below as below,\n"), "utf-8")


ADDITIONS: dict[str, Callable[[Path], None]] = {
    "a measure": add_measure,
    "a measure that follows from others": add_derived_measure,
    "a chapter": add_chapter,
    "a sentence of a kind there is": add_sentence,
    "a council": add_council,
    "a statistic": add_statistic,
    "a sentence of a new kind": add_kind_of_sentence,
}


def contents(root: Path) -> dict[str, str]:
    """The text of every file of data, notebooks and library; national statistics are the publisher's."""
    paths = [path for folder in ("data", "notebooks", "src") for path in (root / folder).rglob("*.*")]
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in paths
        if path.is_file() and path.suffix != ".parquet"
    }


def python(name: str, text: str) -> int:
    """How many lines of Python a file has, blank ones not counted."""
    if name.endswith(".ipynb"):
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
    elif not name.endswith((".py", ".pyi")):
        return 0
    return sum(bool(line.strip()) for line in text.splitlines())


class Added(NamedTuple):
    """A project with all additions: which files each made or changed, and by how many lines of Python."""

    root: Path
    took: dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Added:
    root = copied(tmp_path_factory.mktemp("adding") / "project", [CARE])
    shutil.copytree(CHECKOUT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    took, before = {}, contents(root)
    for what, add in ADDITIONS.items():
        add(root)
        now = contents(root)
        changed = [name for name in now if now[name] != before.get(name)]
        more = (python(name, now[name]) - python(name, before.get(name, EMPTY)) for name in changed)
        took[what] = dict(zip(changed, more, strict=True))
        before = now
    return Added(root, took)


def figures(folder: Path, chapter: str, statistic: str = "value") -> dict[str, list[str]]:
    """The figures of a page by their measure."""
    page = BeautifulSoup((folder / f"{chapter}.html").read_text("utf-8"), "html.parser")
    found: dict[str, list[str]] = {}
    for figure in page.main.select(f'data[data-statistic="{statistic}"]'):
        found.setdefault(figure["data-measure"], []).append(figure["value"])
    return found


@pytest.mark.parametrize(
    ("edition", "shown"),
    [
        (EDITION.stem, {"clubs_members": {"412"}, "clubs_new": {"97"}, "clubs_stayed": {"315"}}),
        ("quexmouth", {"clubs_members": {"300"}, "clubs_new": {"41"}, "clubs_stayed": {"259"}}),
    ],
)
def test_what_is_added_to_a_project_is_on_the_page_of_both_councils(added, monkeypatch, edition, shown):
    """The library that builds it is the one that is installed, without a change."""
    monkeypatch.setenv("LSCB_PROJECT", str(added.root))
    made = build(edition, Asked(only=[CLUBS]))
    assert not made.failed, [chapter.error for chapter in made.failed]
    assert {measure: {*values} for measure, values in figures(made.folder, CLUBS).items()} == shown


def test_a_statistic_and_its_sentence_are_entries_and_functions(added):
    """They stand on a page, and a build makes the figure again, by a copy of the library that has them."""
    notebook(
        added.root,
        CLUBS,
        "## Where does the area stand?",
        'every = pack.others("cla_adopted_percent", areas="all", time_period=pack.latest)',
        "lscb.sentences.below(pack.protect(lscb.statistics.standing(every, pack.area)))",
    )
    command = [sys.executable, "-m", "lscb_analysis", "build", EDITION.stem, "--only", CLUBS]
    own = {"LSCB_PROJECT": str(added.root), "PYTHONPATH": str(added.root / "src")}
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (added.root / DATA / "dfe_leaving_care.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["measure"] == "cla_adopted_percent"]
    of_year = {row["area_name"]: row for row in rows if row["time_period"] == "2018"}
    own_share = float(of_year["Southend-on-Sea"]["value"])
    level = [row["value"] for row in of_year.values() if row["geographic_level"] == "Local authority"]
    told = [float(value) for value in level if value.replace(".", "").isdigit()]
    folder = added.root / "reports" / f"{EDITION.stem}-draft"
    assert figures(folder, CLUBS, "below") == {
        "cla_adopted_percent": [str(sum(share < own_share for share in told))]
    }


def test_only_a_statistic_and_a_sentence_of_a_new_kind_change_the_library(added):
    changed = {what for what, files in added.took.items() if any(name.startswith("src/") for name in files)}
    assert changed == {"a statistic", "a sentence of a new kind"}


def test_the_design_says_what_each_addition_takes(added):
    rows = re.findall(r"(?m)^\| (an? .*?) \| (\d+) \| (\d+) \| (\d+) \|$", DESIGN.read_text("utf-8"))
    counted = {
        what: (
            len(files),
            sum(lines for name, lines in files.items() if name.startswith("notebooks/")),
            sum(lines for name, lines in files.items() if name.startswith("src/")),
        )
        for what, files in added.took.items()
    }
    assert {what: tuple(map(int, numbers)) for what, *numbers in rows} == counted
