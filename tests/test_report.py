"""The build: what a pack holds, that a draft stays apart, and that a failure changes nothing."""

import hashlib
import json

import nbformat
import pytest
from conftest import keep_only

from lscb_analysis import report
from lscb_analysis.editions import read_edition
from lscb_analysis.report import BuildError, build, plan, slug

CARE = "08_care_leavers"


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def add_cell(project, chapter, source):
    path = project / "notebooks" / f"{chapter}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(source, id="added"))
    nbformat.write(notebook, path)


def test_a_pack_holds_an_index_a_page_a_chapter_the_tables_and_a_manifest(pack):
    chapters = read_edition("southend-2017-19").chapters
    assert {path.name for path in pack.iterdir()} == {
        "index.html", "manifest.json", "methods.html", "tables", *(f"{chapter}.html" for chapter in chapters),
    }  # fmt: skip
    assert len(list((pack / "tables").glob("*.csv"))) >= len(chapters)


def test_every_table_is_offered_as_csv_and_the_file_is_there(pack, pages):
    for name, page in pages.items():
        links = [link["href"] for link in page.select("a[download]")]
        assert len(links) == len(page.find_all("table"))
        assert all((pack / link).is_file() for link in links), name


def test_the_manifest_says_what_made_the_pack(pack):
    manifest = json.loads((pack / "manifest.json").read_text("utf-8"))
    assert manifest["edition"]["name"] == "southend-2017-19"
    assert {"pandas", "papermill", "nbconvert"} <= set(manifest["versions"])
    assert [chapter["outcome"] for chapter in manifest["chapters"]] == ["done"] * 3
    assert all(chapter["seconds"] > 0 for chapter in manifest["chapters"])
    assert manifest["chapters"][0]["parameters"]["area"] == "Southend-on-Sea"
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((pack / name).read_bytes()).hexdigest() == digest
    data = report.project() / "data" / "primary_need.csv"
    assert manifest["inputs"]["data/primary_need.csv"] == hashlib.sha256(data.read_bytes()).hexdigest()


def test_a_parameter_makes_a_draft_beside_the_pack_and_leaves_the_pack_alone(project):
    folder = project / "reports" / "southend-2017-19"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"edition": {}, "chapters": [], "files": {}}', "utf-8")
    before = contents(folder)
    made = build(only=[CARE], changed={"confidence": "0.8"})
    assert made.folder == folder.with_name("southend-2017-19-draft")
    page = (made.folder / f"{CARE}.html").read_text("utf-8")
    assert "80% interval" in page
    assert "Draft" in page
    assert not (made.folder / "03_primary_need.html").exists()
    assert contents(folder) == before


def test_a_chapter_that_fails_says_where_and_why_and_leaves_the_pack_as_it_was(project):
    folder = project / "reports" / "southend-2017-19"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"edition": {}, "chapters": [], "files": {}}', "utf-8")
    before = contents(folder)
    keep_only(project, [CARE])
    add_cell(project, CARE, "raise ValueError('the figures of 2018 are missing')")
    made = build()
    assert [chapter.name for chapter in made.failed] == [CARE]
    assert (
        "under “Where the figures come from”. ValueError: the figures of 2018 are missing"
        in made.failed[0].error
    )
    assert contents(folder) == before
    assert (made.kept / f"{CARE}.ipynb").is_file()
    assert sorted(path.name for path in folder.parent.iterdir()) == [
        ".southend-2017-19",
        "southend-2017-19",
        "southend-2017-19-failed",
    ]
    assert [path.name for path in (folder.parent / ".southend-2017-19").iterdir()] == ["lock"]


def test_a_folder_that_is_no_pack_is_not_replaced(tmp_path):
    precious = tmp_path / "pack"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(BuildError, match="not a pack"):
        build(output=precious)
    assert (precious / "thesis.txt").read_text("utf-8") == "years of work"


def test_a_folder_with_a_manifest_of_another_kind_is_not_replaced(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "manifest.json").write_text('{"name": "a web app"}', "utf-8")
    with pytest.raises(BuildError, match="not a pack"):
        build(output=site)


def test_what_others_keep_beside_a_pack_is_not_removed(tmp_path):
    kept = tmp_path / "pack-failed"
    kept.mkdir()
    for name in ("05_child_protection.ipynb", "mywork.txt"):
        (kept / name).write_text("", "utf-8")
    report._forget_failures(tmp_path / "pack")
    assert [path.name for path in kept.iterdir()] == ["mywork.txt"]


def test_a_chapter_that_shows_two_tables_of_one_name_fails(project):
    keep_only(project, [CARE])
    add_cell(project, CARE, "lscb.table(activity)")
    made = build()
    assert "more than one table 'eet-17-18-figures'" in made.failed[0].error


def test_parameters_reach_only_the_chapters_that_declare_them(project):
    path = project / "notebooks" / f"{CARE}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    tagged = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    tagged.source += '\ntone: str = "plain"  # how to speak'
    nbformat.write(notebook, path)
    _, chapters = plan(read_edition("southend-2017-19"), [], {"tone": "warm"})
    assert {chapter.name: chapter.parameters.get("tone") for chapter in chapters} == {
        "03_primary_need": None, "05_child_protection": None, CARE: "warm",
    }  # fmt: skip


def test_a_chapter_without_a_title_and_a_question_is_refused_before_anything_runs(project):
    path = project / "notebooks" / f"{CARE}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = "# Care leavers"
    nbformat.write(notebook, path)
    with pytest.raises(BuildError, match=r"a title .* and a question below it"):
        build(only=[CARE])
    assert not (project / "reports").exists()


def test_a_heading_becomes_the_name_of_its_place():
    assert slug("Why do children need help?") == "why-do-children-need-help"
