"""How an error of the input reads in a notebook: its message and the line of the cell, nothing else."""

from __future__ import annotations

import linecache

import nbformat
import pytest
from conftest import keep_only

from lscb_analysis.build import builder
from lscb_analysis.build.publication import BuildError
from lscb_analysis.data.files import load
from lscb_analysis.data.schema import DataError
from lscb_analysis.editions.edition import EditionError
from lscb_analysis.errors import InputError
from lscb_analysis.project import ProjectError
from lscb_analysis.release import DisclosureError
from lscb_analysis.statistics.estimates import EstimateError
from lscb_analysis.statistics.implied import ContradictionError

CARE = "08_care_leavers"


def raised_in_a_cell(source, **names):
    """The error that a cell of a notebook ends with."""
    linecache.cache["cell"] = len(source), None, source.splitlines(keepends=True), "cell"
    with pytest.raises(InputError) as stopped:
        exec(compile(source, "cell", "exec"), {"__name__": "__main__"} | names)
    return stopped.value


@pytest.mark.parametrize(
    "kind", [BuildError, ContradictionError, DataError, DisclosureError, EditionError, EstimateError]
)
def test_every_error_of_the_input_is_one_and_a_value_error_still(kind):
    assert issubclass(kind, InputError)
    assert issubclass(kind, ValueError)


def test_a_project_that_is_not_found_is_an_error_of_the_input_and_a_file_not_found():
    assert issubclass(ProjectError, InputError)
    assert issubclass(ProjectError, FileNotFoundError)


def test_an_error_shows_its_message_and_the_line_of_the_cell():
    source = "wanted = 'plans'\n\ndef of(table):\n    return load(table)\n\nfound = of(wanted)\n"
    error = raised_in_a_cell(source, load=load)
    message, where = error._render_traceback_()
    assert message == f"DataError: {error}"
    assert where == "Line 6 of this cell led to it: found = of(wanted)"


def test_an_error_outside_of_a_notebook_shows_its_message_alone():
    with pytest.raises(DataError) as stopped:
        load("plans")
    assert stopped.value._render_traceback_() == [f"DataError: {stopped.value}"]


def test_a_build_tells_it_as_before_and_the_kept_notebook_shows_no_traceback(project):
    keep_only(project, [CARE])
    path = project / "notebooks" / f"{CARE}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("lscb.load('care_leaver')", id="added"))
    nbformat.write(notebook, path)
    made = builder.build()
    (failed,) = made.failed
    told = "'care_leaver' is not a table of data/southend/. Did you mean 'care_leavers'?"
    assert "`lscb.load('care_leaver')`, under “Where the figures come from”. DataError: " in failed.error
    assert failed.error.endswith(told)
    kept = nbformat.read(made.kept / f"{CARE}.ipynb", as_version=4)
    (error,) = kept.cells[-1].outputs
    assert error.ename == "DataError"
    assert error.traceback[0].endswith(told)
    assert error.traceback[1:] == ["Line 1 of this cell led to it: lscb.load('care_leaver')"]
