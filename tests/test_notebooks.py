"""The notebooks as they are stored: thin, typed, without outputs (`test_prose` reads their words)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

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


def test_papermill_runs_a_chapter_as_it_stands_from_another_folder(tmp_path):
    chapter = next(path for path in NOTEBOOKS if path.stem == "05_child_protection")
    command = [sys.executable, "-m", "papermill", str(chapter), "out.ipynb", "--no-progress-bar"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    ran = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert any("confidence interval" in str(cell.get("outputs")) for cell in ran.cells)
