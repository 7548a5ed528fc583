"""The notebooks as they are stored: thin, typed, without outputs (`test_prose` reads their words)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from lscb_analysis.data.files import dictionary, load, tables
from lscb_analysis.editions.edition import read_edition

EDITION = read_edition("southend-2017-19")
NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


@notebooks
def test_a_notebook_is_valid_and_stored_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in cells(path, "code"))


@notebooks
def test_a_notebook_has_one_cell_of_typed_and_explained_parameters(path):
    tagged = [cell for cell in cells(path, "code") if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    declared = papermill.inspect_notebook(str(path))
    assert len(declared) == len(tagged[0].source.splitlines())
    for parameter in declared.values():
        assert parameter["inferred_type_name"] in ("str", "int", "float")
        assert parameter["help"]


@notebooks
def test_a_chapter_is_thin(path):
    code = [cell.source for cell in cells(path, "code")]
    assert sum(len(source.splitlines()) for source in code) <= 60
    for node in ast.walk(ast.parse("\n".join(code))):
        assert not isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.Try | ast.If)
    imported = [line for source in code for line in source.splitlines() if re.match(r"(from|import) ", line)]
    assert [line.split()[1] for line in imported] == ["lscb_analysis"]


@notebooks
def test_a_chapter_begins_with_a_title_and_a_question_and_ends_with_limits_and_sources(path):
    prose = [cell.source for cell in cells(path, "markdown")]
    title, _, question = prose[0].partition("\n\n")
    assert title.startswith("# ")
    assert question.endswith("?")
    assert prose[-2].startswith("## What these numbers cannot show")
    assert prose[-1].startswith("## Where the figures come from")
    assert all(text.count("\n# ") == 0 for text in prose)


@notebooks
def test_a_chapter_is_of_no_area_year_table_or_source(path):
    """Those are the edition's, and figures are asked for by measure: `pack.load`, never `lscb.load`."""
    tree = ast.parse("\n".join(cell.source for cell in cells(path, "code")[1:]))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert not [one for one in constants if isinstance(one, int) and one > 100]
    known = dictionary()
    tabled = {*tables()} - {*known.measures["measure"]} - {one.question for one in EDITION.comparisons}
    areas = {area for table in tables() for area in load(table)["area_name"]}
    assert not {*constants} & {*known.sources["source"], *areas, *tabled}
    assert "lscb.load" not in ast.unparse(tree)
    prose = "\n".join(cell.source for cell in cells(path, "markdown"))
    assert not re.search("Southend|Essex|Thurrock|20[12][0-9]", prose)


@notebooks
def test_what_a_report_says_is_spoken_of_only_where_the_board_gives_it(path):
    """Where it gives nothing the section, or the paragraph before it, leaves the page."""
    spoken = False
    section = ""
    for cell in [*nbformat.read(path, as_version=4).cells, nbformat.v4.new_markdown_cell("## End")]:
        if cell.source.startswith("#"):
            given = re.search(r"sentences\.(facts\(|note\(|found\(by_place|claims\()", section)
            assert not spoken or given, section
            spoken, section = False, ""
        spoken |= cell.cell_type == "markdown" and bool(
            re.search(r"\bthe report\b|report's", cell.source, re.I)
        )
        section += cell.source + "\n"


@pytest.mark.whole
def test_papermill_runs_a_chapter_as_it_stands_from_another_folder(tmp_path):
    chapter = next(path for path in NOTEBOOKS if path.stem == "05_child_protection")
    command = [sys.executable, "-m", "papermill", str(chapter), "out.ipynb", "--no-progress-bar"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    ran = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert any("confidence interval" in str(cell.get("outputs")) for cell in ran.cells)
