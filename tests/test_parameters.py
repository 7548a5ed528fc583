"""What a build sets in a chapter, and what it refuses: parameters that it cannot set, and other languages."""

import json
import re

import nbformat
import papermill
import pytest
from conftest import EDITION, FEW, copied
from papermill.exceptions import PapermillExecutionError

from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build, plan
from lscb_analysis.build.inspection import OPEN
from lscb_analysis.build.publication import BuildError
from lscb_analysis.build.warm.provisioner import warm_kernels
from lscb_analysis.editions.edition import read_edition

DEATHS = "09_child_deaths"


def notebook_of(project, chapter=DEATHS):
    return project / "notebooks" / f"{chapter}.ipynb"


def changed(path, change):
    """Write a notebook anew as `change` alters it, given the cell of its parameters too."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook, next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])))
    nbformat.write(notebook, path)


def code(source, **metadata):
    return nbformat.v4.new_code_cell(source, id="added", metadata=metadata)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A project of one light chapter, whose notebook each test writes anew."""
    place = copied(tmp_path_factory.mktemp("parameters") / "project", [DEATHS])
    return place, notebook_of(place).read_text("utf-8")


@pytest.fixture
def project(place, monkeypatch):
    folder, notebook = place
    monkeypatch.setenv("LSCB_PROJECT", str(folder))
    notebook_of(folder).write_text(notebook, "utf-8")
    return folder


def retag(*tags):
    return lambda _, cell: cell.metadata.update(tags=list(tags))


def retype(old, new):
    def change(_, cell):
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    return change


def add(source, at=None, **metadata):
    return lambda notebook, _: notebook.cells.insert(at or len(notebook.cells), code(source, **metadata))


def reopen(instead):
    def change(notebook, _):
        (opens,) = (cell for cell in notebook.cells if OPEN in cell.source)
        opens.source = opens.source.replace(OPEN, instead)

    return change


def move_tag(notebook, cell):
    retag()(notebook, cell)
    notebook.cells[0].metadata["tags"] = ["parameters"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (retag(), "has no cell of code tagged “parameters”"),
        (retag("Parameters"), "has no cell of code tagged “parameters”"),
        (move_tag, "has no cell of code tagged “parameters”"),
        (add('area: str = "Thurrock"', tags=["parameters"]), "has 2 cells tagged “parameters”"),
        (add("latest = 2018", 1, tags=["injected-parameters"]), "has a cell that papermill put there"),
        (retype("edition: str", "report: str"), "does not declare “edition”"),
        (retype("instead: str", "insted: str"), "does not declare “instead”"),
        (retype("instead: str", 'area: str = "Southend-on-Sea"\ninstead: str'), "and write: pack.area"),
        (retype('edition: str = "southend-2017-19"', 'edition, of = "southend-2017-19", 1'), "cannot read"),
        (retype("edition: str", "if True: edition"), "the build cannot read"),
        (retype("instead: str", 'instead: str = ""\ninstead: str'), "the build cannot read"),
        (add('edition = "thurrock"'), "assigns “edition” in another cell"),
        (add('instead = "area: Thurrock"', 1), "assigns “instead” in another cell"),
        (add('instead += "area: Thurrock"'), "assigns “instead” in another cell"),
        (add('%matplotlib inline\nedition = "x"'), "assigns “edition” in another cell"),
        (add("for edition in ('a', 'b'): pass"), "assigns “edition” in another cell"),
        (add("from os import name as edition"), "assigns “edition” in another cell"),
        (reopen("pack = lscb.open_edition(edition)"), f"Write: {OPEN}"),
        (
            reopen('pack = lscb.open_edition(edition, "area: Thurrock")'),
            "does not open the edition that a build",
        ),
        (add('lscb.open_edition("southend-2017-19")'), "names the edition 'southend-2017-19' in its code"),
    ],
)
def test_a_chapter_whose_parameters_no_build_can_set_is_refused_before_anything_runs(project, change, said):
    changed(notebook_of(project), change)
    with pytest.raises(BuildError, match=re.escape(f"{DEATHS}.ipynb ")) as refused:
        plan(read_edition("southend-2017-19"), Asked())
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_edition_of_another_area_does_not_publish_what_a_chapter_has_as_defaults(project):
    edition = project / EDITION
    words = edition.read_text("utf-8").replace('area = "Southend-on-Sea"', 'area = "Thurrock"')
    edition.with_name("thurrock.toml").write_text(words, "utf-8")
    changed(notebook_of(project), retag())
    with pytest.raises(BuildError, match="Give the tag to the cell that declares them"):
        build("thurrock")
    assert not (project / "reports" / "thurrock").exists()
    edition.with_name("thurrock.toml").unlink()


def kernelspec(**spec):
    return lambda notebook, _: notebook.metadata.update(kernelspec=spec, language_info={})


@pytest.mark.parametrize(
    ("change", "language"),
    [
        (kernelspec(name="ir", display_name="R", language="R"), "R"),
        (kernelspec(name="ir", display_name="R"), "R"),
        (kernelspec(name="julia-1.10", display_name="Julia"), "Julia"),
        (kernelspec(name="python3", display_name="x", language="julia"), "julia"),
        (lambda notebook, _: notebook.metadata.update(kernelspec={}, language_info={"name": "R"}), "R"),
    ],
)
def test_a_chapter_in_another_language_is_refused_before_anything_runs(project, change, language):
    changed(notebook_of(project), change)
    with pytest.raises(BuildError) as refused:
        plan(read_edition("southend-2017-19"), Asked())
    said = f"{DEATHS}.ipynb is in {language}, and chapters run in Python."
    assert str(refused.value).startswith(said)


def test_chapters_run_in_the_builds_own_python_whatever_kernel_they_name(tmp_path, monkeypatch):
    project = copied(tmp_path / "project", FEW)
    monkeypatch.setenv("LSCB_PROJECT", str(project))
    elsewhere = tmp_path / "jupyter" / "kernels" / "python3"
    elsewhere.mkdir(parents=True)
    broken = {"argv": ["no-such-python", "{connection_file}"], "display_name": "x", "language": "python"}
    (elsewhere / "kernel.json").write_text(json.dumps(broken), "utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    changes = (
        lambda notebook, _: notebook.metadata.clear(),
        kernelspec(name="conda-env-x-py", display_name="Python [conda env:x]", language="python"),
        kernelspec(name="python3.9", display_name="Python 3.9"),
    )
    for chapter, change in zip(FEW, changes, strict=True):
        changed(notebook_of(project, chapter), change)
    made = build()
    assert not made.failed, [chapter.error for chapter in made.failed]
    assert (made.folder / "index.html").is_file()


@pytest.fixture(scope="module")
def warm():
    with warm_kernels():
        yield


YEAR = "Give a year as a whole number without quotation marks, as 2018."
FRACTION = "Give a fraction, more than 0 and less than 1, without quotation marks, as 0.95."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"instead": "latest: soon"}, f"Parameter latest is 'soon'. {YEAR}"),
        ({"instead": "latest: 2018.0"}, f"Parameter latest is '2018.0'. {YEAR}"),
        ({"instead": "latst: 2018"}, "An edition has no 'latst' to try another of. Did you mean 'latest'?"),
        ({"instead": "2018"}, "'2018' is no value to try. Write a name and a value, as in confidence: 0.99."),
        (
            {"latest": 2018},
            "Parameter latest belongs to the edition. Give it within one: instead = “latest: 2018”.",
        ),
        ({"insted": "latest: 2018"}, "This notebook has no parameter 'insted'. Did you mean 'instead'?"),
        ({"region": "Essex"}, "This notebook has no parameter 'region'. "),
        ({"instead": "confidence: 95"}, f"Parameter confidence is 95.0. {FRACTION}"),
        ({"instead": "confidence: high"}, f"Parameter confidence is 'high'. {FRACTION}"),
        ({"edition": "nope"}, "There is no edition 'nope'. "),
        ({"edition": 5}, "Parameter edition is 5, which is no text. "),
        ({"instead": 5}, "Parameter instead is 5, which is no text. "),
        (
            {"instead": "area: Tendring"},
            "data/southend/, column area_name: 'Tendring' is no area of any table. ",
        ),
        ({"instead": "latest: 2016"}, "previous (2017) is not before latest (2016)"),
    ],
)
@pytest.mark.usefixtures("warm")
def test_what_papermill_gives_a_notebook_by_itself_is_refused_in_one_sentence(project, tmp_path, given, said):
    chapter = nbformat.read(notebook_of(project), as_version=4)
    chapter.cells = [cell for cell in chapter.cells if cell.cell_type == "code"][:4]
    nbformat.write(chapter, tmp_path / "chapter.ipynb")
    with pytest.raises(PapermillExecutionError) as refused:
        papermill.execute_notebook(
            str(tmp_path / "chapter.ipynb"), str(tmp_path / "out.ipynb"), given, progress_bar=False
        )
    assert said in refused.value.evalue
    assert refused.value.ename in ("EditionError", "DataError")
    assert len(refused.value.traceback) == 2  # the message, and the line of the cell
