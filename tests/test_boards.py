"""A folder a board: two boards in one project, what an edition reads, and an older project's flat data/."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import zipfile
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import DATA, DICTIONARY, EDITION, FEW, copied
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from renamed import BESIDE
from typer.testing import CliRunner

import lscb_analysis as lscb
from lscb_analysis.audit.prose import typed_claims
from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build
from lscb_analysis.build.chapters import Chapter
from lscb_analysis.build.site import _sections, _with_commentary
from lscb_analysis.cli import app
from lscb_analysis.data.files import check, dictionary, texts
from lscb_analysis.data.schema import TEXTS, located, validate_text
from lscb_analysis.editions.edition import EditionError, read_edition
from lscb_analysis.editions.verdicts import declared, verdict_table
from lscb_analysis.project import NATIONAL, NOT_BOARDS, OLDER, ProjectError, stands

CHAPTERS = [*FEW, "15_data_quality"]
RENAMED = {"E06000033": "E06000099", "Southend": "Quexmouth", "southend": "quexmouth"}
"""What the first board's folder and edition say of it, and what those of the second say."""
SAID = "Families waited <b>longer</b> & told us so, in 12 of the SCR interviews."
WHO = "the performance group"
COMMENTARY = [
    {"question": "plans", "when": "2019-05-03", "text": SAID},
    {"question": "", "when": "2019-05-04", "text": "Ask us what stands behind these figures?"},
]
TODAY = date(2026, 12, 1)


def add_board(project: Path, names: dict[str, str] = RENAMED) -> str:
    """Add a copy of the board under other names, with an edition that reads it, and return that."""

    def renamed(text: str) -> str:
        for old, new in names.items():
            text = text.replace(old, new)
        return text

    edition = project / renamed(str(EDITION))
    edition.write_text(renamed((project / EDITION).read_text("utf-8")), "utf-8")
    folder = project / renamed(str(DATA))
    folder.mkdir()
    for path in (project / DATA).glob("*.csv"):
        (folder / path.name).write_text(renamed(path.read_text("utf-8")), "utf-8")
    approve_all(project, edition.stem)
    return edition.stem


def approve_all(project: Path, edition: str) -> None:
    """Approve what is typed in a board's words, so that pages can show it."""
    for problem in typed_claims(read_edition(edition)):
        file, digest = re.findall(r"add this to (\S+): ([0-9a-f]{16}),", problem.remedy)[0]
        with (project / file).open("a", encoding="utf-8") as approved:
            approved.write(f"{digest},here,a reader of invented words,2026-11-30\n")


def say(project: Path) -> None:
    """Have groups of the first board say something of a question, and of a chapter."""
    of = {"edition": EDITION.stem, "chapter": "05_child_protection", "who": WHO}
    with (project / DATA / "commentary.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, TEXTS["commentary"])
        writer.writeheader()
        writer.writerows(of | row for row in COMMENTARY)
    approve_all(project, EDITION.stem)


def contents(pack: Path) -> dict[str, bytes]:
    """The bytes of every file of a pack; of its manifest without when it was built and how long that took."""
    manifest = json.loads((pack / "manifest.json").read_text("utf-8"))
    parts = [{**chapter, "seconds": None} for chapter in manifest["chapters"]]
    told = json.dumps(manifest | {"built": None, "chapters": parts}).encode()
    files = {
        path.relative_to(pack).as_posix(): path.read_bytes() for path in pack.rglob("*") if path.is_file()
    }
    return files | {"manifest.json": told}


def words(pack: Path) -> str:
    """All that a pack holds, also within its spreadsheet."""
    held = [content for name, content in contents(pack).items() if not name.endswith(".xlsx")]
    with zipfile.ZipFile(pack / "tables.xlsx") as book:
        held += [book.read(name) for name in book.namelist()]
    return "\n".join(content.decode("utf-8", "replace") for content in held)


class Packs(NamedTuple):
    """The packs of a project before and after a second board came, and whether the first stood meanwhile."""

    names: dict[str, str]
    project: Path
    first: Path
    second: Path
    before: dict[str, bytes]
    stood: bool


def two_boards(project: Path, names: dict[str, str]) -> Packs:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSCB_PROJECT", str(project))
        say(project)
        first = build(EDITION.stem, Asked(on=TODAY)).folder
        before = contents(first)
        name = add_board(project, names)
        stood = stands(first, EDITION.stem, TODAY)
        second = build(name, Asked(on=TODAY)).folder
        build(EDITION.stem, Asked(on=TODAY, force=True))
        return Packs(names, project, first, second, before, stood)


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Packs:
    return two_boards(copied(tmp_path_factory.mktemp("boards") / "project", CHAPTERS), RENAMED)


@pytest.fixture(scope="module")
def whole_packs(tmp_path_factory: pytest.TempPathFactory) -> Packs:
    """All chapters of both, and every name of the second one another."""
    made = two_boards(copied(tmp_path_factory.mktemp("boards") / "project", None), BESIDE)
    chapters = read_edition(EDITION.stem).chapters
    assert all((pack / f"{name}.html").is_file() for pack in (made.first, made.second) for name in chapters)
    return made


@pytest.fixture(params=["packs", pytest.param("whole_packs", marks=pytest.mark.whole)])
def two(request: pytest.FixtureRequest) -> Packs:
    return request.getfixturevalue(request.param)


def test_a_second_board_changes_no_byte_of_the_first_ones_pack(two):
    assert two.stood
    assert contents(two.first) == two.before


def test_neither_pack_names_the_other_board(two):
    for pack, own, others in ((two.first, two.names.keys(), two.names.values()),
                              (two.second, two.names.values(), two.names.keys())):  # fmt: skip
        said = words(pack)
        assert [name for name in own if name not in said] == []
        assert [name for name in others if name in said] == []


def test_a_pack_is_made_of_the_dictionary_and_of_its_own_boards_files_and_edition(packs):
    for pack, board in ((packs.first, "southend"), (packs.second, "quexmouth")):
        made_of = json.loads((pack / "manifest.json").read_text("utf-8"))["inputs"]
        folders = {Path(file).parent.as_posix() for file in made_of}
        assert folders == {"data/dictionary", f"data/{board}", "notebooks", "notebooks/editions"}
        editions = [file for file in made_of if file.startswith("notebooks/editions/")]
        assert editions == [f"notebooks/editions/{board}-2017-19.toml"]


def test_check_reads_all_boards_or_that_of_the_edition_named(packs, monkeypatch):
    monkeypatch.setenv("LSCB_PROJECT", str(packs.project))
    table = packs.project / "data" / "quexmouth" / "conferences.csv"
    whole = table.read_text("utf-8")
    try:
        table.write_text(whole.replace("E06000099", "Quexmouth"), "utf-8")
        both = CliRunner().invoke(app, ["check"])
        assert both.exit_code == 2
        assert (
            "data/quexmouth/conferences.csv, row 2, column area_code: 'Quexmouth' is not a nine"
            in both.output
        )
        own = CliRunner().invoke(app, ["check", EDITION.stem])
        assert own.output.endswith("Read 44 tables, 1 edition(s) and 16 chapters: no problem.\n")
    finally:
        table.write_text(whole, "utf-8")


def test_what_is_read_is_of_the_edition_that_is_asked_whichever_was_read_last(packs, monkeypatch):
    monkeypatch.setenv("LSCB_PROJECT", str(packs.project))
    first, second = read_edition(EDITION.stem), read_edition("quexmouth-2017-19")
    assert {*lscb.load("conferences")["area_name"]} == {"Quexmouth-on-Sea"}
    assert {*declared(first, "plans", "counts")["area_name"]} == {"Southend-on-Sea"}
    assert {*lscb.load("conferences")["area_name"]} == {"Southend-on-Sea"}
    assert {*lscb.load("conferences", board="quexmouth")["area_name"]} == {"Quexmouth-on-Sea"}
    assert len(verdict_table(second)) == len(verdict_table(first))


def test_commentary_stands_on_the_page_as_theirs_word_for_word(packs):
    page = BeautifulSoup((packs.first / "05_child_protection.html").read_text("utf-8"), "html.parser")
    of_plans, of_chapter = page.select("blockquote.commentary")
    assert [p.get_text() for p in of_plans("p")] == [f"Commentary by {WHO}, 3 May 2019", SAID]
    verdict = page.find(attrs={"data-verdict": "plans"})
    assert verdict.find_previous("h2") == of_plans.find_previous("h2")
    assert of_chapter.find_previous("h2").get_text() == "What groups of the board say"
    assert of_chapter.find_next("h2").get_text() in ("What is assumed here", "What these numbers cannot show")
    assert "What groups of the board say" in [item.get_text() for item in page.select("nav.contents li")]


def test_with_two_boards_and_none_named_the_message_says_what_to_type(project):
    shutil.copytree(project / DATA, project / "data" / "quexmouth")
    with pytest.raises(
        ProjectError, match=r'several boards: quexmouth, southend\. Read an edition .*board="que'
    ):
        lscb.load("conferences")
    assert len(lscb.load("conferences", board="southend"))
    with pytest.raises(
        ProjectError, match=r"'essex' is no board's folder in data/\. There is: quexmouth, southend"
    ):
        lscb.load("conferences", board="essex")
    path = project / EDITION
    path.write_text(path.read_text("utf-8").replace('data = "southend"', ""), "utf-8")
    with pytest.raises(
        EditionError, match=r"toml, data: This project has several boards: quexmouth, southend\."
    ):
        read_edition(EDITION.stem)


@pytest.mark.parametrize("name", [*sorted({*NOT_BOARDS} - {NATIONAL}), "../southend", "essex", "Southend"])
def test_an_edition_reads_no_folder_that_is_no_boards(project, name):
    path = project / EDITION
    path.write_text(path.read_text("utf-8").replace('data = "southend"', f'data = "{name}"'), "utf-8")
    with pytest.raises(
        EditionError, match=rf"data: '{name}' is no board's folder in data/\. There is: southend\."
    ):
        read_edition(EDITION.stem)


def test_where_there_is_one_board_an_edition_need_not_name_it(project):
    path = project / EDITION
    path.write_text(path.read_text("utf-8").replace('data = "southend"', ""), "utf-8")
    assert read_edition(EDITION.stem).data == "southend"


def test_two_editions_of_a_board_share_its_folder(project):
    other = project / "notebooks" / "editions" / "southend-again.toml"
    other.write_text((project / EDITION).read_text("utf-8"), "utf-8")
    assert declared(read_edition(other.stem), "plans", "counts").equals(
        declared(read_edition(EDITION.stem), "plans", "counts")
    )
    checked = CliRunner().invoke(app, ["check"]).output
    assert checked.endswith("Read 44 tables, 2 edition(s) and 16 chapters: no problem.\n"), checked


def test_a_flat_project_is_told_how_to_move_and_the_way_told_leads_there(project):
    for folder in (DATA, DICTIONARY):
        for path in (project / folder).glob("*.csv"):
            target = project / "data" / path.name
            if target.exists():
                rows = pd.concat(
                    pd.read_csv(file, dtype=str, keep_default_na=False) for file in (target, path)
                )
                rows.to_csv(target, index=False)
            else:
                path.rename(target)
        shutil.rmtree(project / folder)
    result = CliRunner().invoke(app, ["check"])
    assert (type(result.exception), str(result.exception)) == (ProjectError, OLDER)
    with pytest.raises(EditionError, match=re.escape(OLDER)):
        read_edition(EDITION.stem)
    command = re.findall(r"In a shell: (.*?)\. Then", OLDER)[0].replace("anytown", "southend")
    subprocess.run(["sh", "-c", command], cwd=project, check=True)
    assert check() == []


def test_tables_that_nobody_reads_are_named(project):
    shutil.copyfile(project / DATA / "visits.csv", project / "data" / "visits.csv")
    shutil.copyfile(project / DATA / "visits.csv", project / DICTIONARY / "visits.csv")
    shutil.copyfile(project / DATA / "facts.csv", project / DICTIONARY / "facts.csv")
    (project / "data" / "My Board").mkdir()
    move = "is a table of no board, so nobody reads it. Move it to the folder of the board that it is of."
    assert [str(problem) for problem in check()] == [
        f"data/visits.csv: {move}",
        f"data/dictionary/facts.csv: {move}",
        f"data/dictionary/visits.csv: {move}",
        "data/My Board: is no name for a board's folder, so nobody reads it. "
        "Write it in small letters, as anytown.",
    ]


OWN = {
    "measures": ("measure", "cin_rate"),
    "sources": ("source", "dfe-cin-2020-b3"),
    "assumptions": ("assumption", "dispersion"),
    "plain_measures": ("measure", "cpp_at_31_march"),
}


@pytest.mark.parametrize("name", OWN)
def test_a_board_adds_rows_to_the_dictionary_under_keys_that_it_does_not_have(project, name):
    column, key = OWN[name]
    own, shared = project / DATA / f"{name}.csv", project / DICTIONARY / f"{name}.csv"
    rows = pd.read_csv(shared, dtype=str, keep_default_na=False)
    before = pd.read_csv(own, dtype=str, keep_default_na=False) if own.exists() else rows.head(0)
    new = rows[rows[column] == key]
    at = rows.index[rows[column] == key][0] + 2
    pd.concat([before, new]).to_csv(own, index=False)
    (problem,) = [problem for problem in check() if problem.column == column]
    assert str(problem) == (
        f"data/southend/{name}.csv, row {len(before) + 2}, column {column}: {key!r} stands in "
        f"data/dictionary/{name}.csv, row {at} already. Keep one of them, or correct the wrong one."
    )
    if name != "plain_measures":  # whose keys are those of measures
        pd.concat([before, new.assign(**{column: "own"})]).to_csv(own, index=False)
        assert check() == []
        rows = texts(name) if name in TEXTS else getattr(dictionary(), name)
        assert {key, "own"} <= {*rows[column]}


def test_a_boards_own_file_has_the_columns_of_the_dictionarys(project):
    (project / DATA / "measures.csv").write_text("measure,titel\nown,Own\n", "utf-8")
    said = [str(problem) for problem in check()]
    assert (
        "data/southend/measures.csv, row 1, column title: is missing. Add the column, spelt exactly so."
        in said
    )
    assert any(line.startswith("data/southend/measures.csv, row 1, column titel: is not a") for line in said)


GOOD = {"chapter": "05_child_protection", "edition": "all", "question": "", "who": WHO, "when": "2019-05-03"}


@pytest.mark.parametrize(
    ("changed", "column", "what"),
    [
        ({"when": "May 2019"}, "when", "is not a date"),
        ({"who": "Jane Smith"}, "who", "is no role"),
        ({"who": "the chair, Dr Smith"}, "who", "is no role"),
        ({"who": "the chair (jane@example.org)"}, "who", "is no role"),
        ({"who": ""}, "who", "is empty"),
        ({"chapter": "child protection"}, "chapter", "is no chapter's name"),
        ({"text": ""}, "text", "is empty"),
        ({"text": "It\u202efell"}, "text", "holds a character that cannot be seen"),
    ],
)
def test_what_is_wrong_with_commentary_is_named(changed, column, what):
    row = GOOD | {"text": "We asked families."}
    known = dictionary()
    good = located(pd.DataFrame([row], columns=TEXTS["commentary"]), "data/southend/commentary.csv")
    assert validate_text(good, known, "commentary") == []
    raw = located(pd.DataFrame([row | changed], columns=TEXTS["commentary"]), "data/southend/commentary.csv")
    (problem,) = validate_text(raw, known, "commentary")
    assert (problem.row, problem.column, problem.what) == (2, column, what)


def test_typed_claims_of_commentary_need_approval_as_those_of_facts_do(project):
    with (project / DATA / "commentary.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, TEXTS["commentary"])
        writer.writeheader()
        writer.writerow(GOOD | {"text": "Plans fell because of us."})
    (problem, *_) = typed_claims(read_edition(EDITION.stem))
    assert problem.file == "data/southend/commentary.csv"
    assert "add this to data/southend/approved.csv: " in problem.remedy


def test_in_a_notebook_commentary_is_of_the_question_asked(project):
    say(project)
    edition = read_edition(EDITION.stem)
    shown = lscb.sentences.commentary(edition, "05_child_protection", "plans")
    assert shown.text.startswith(f"Commentary by {WHO}, 3 May 2019")
    assert "&lt;b&gt;longer&lt;/b&gt; &amp; told" in shown.html
    assert lscb.sentences.commentary(edition, "05_child_protection", "conferences").html == ""


def test_what_a_cell_shows_of_commentary_is_not_shown_again(project):
    """Where a chapter places it itself, the build adds only what is left."""
    say(project)
    edition = read_edition(EDITION.stem)
    html = str(lscb.sentences.commentary(edition, "05_child_protection", "plans").html)
    cells = [
        new_markdown_cell("# A chapter"),
        new_markdown_cell("## A question"),
        new_code_cell(outputs=[new_output("display_data", {"text/html": html})]),
        new_markdown_cell("## What these numbers cannot show\n\n- Whether."),
    ]
    chapter = Chapter("05_child_protection", {}, "A chapter", "")
    chapter.executed = new_notebook(cells=cells)
    made = _with_commentary(chapter, _sections(cells), edition)
    headings = [cell.source.splitlines()[0] for cell in made if cell.cell_type == "markdown"]
    assert headings == [
        "# A chapter",
        "## A question",
        "## What groups of the board say",
        "## What these numbers cannot show",
    ]
    assert sum(str(cell).count("Families waited") for cell in made) == 1
