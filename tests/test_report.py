"""The build: what a pack holds, that a draft stays apart, and that a failure changes nothing."""

import hashlib
import json
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import DATA, EDITION as FILE, FEW, compared, keep_only, only

from lscb_analysis.build import builder, site
from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build, plan
from lscb_analysis.build.publication import BuildError, UnpublishedError, making
from lscb_analysis.build.site import slug
from lscb_analysis.data.files import texts
from lscb_analysis.editions.edition import read_edition

CARE, NEED = "08_care_leavers", "03_primary_need"
EDITION = read_edition("southend-2017-19")


@pytest.fixture
def project(project):
    """That project with only the tables that it compares."""
    only(project, *compared(project))
    return project


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def add_cell(project, chapter, source):
    path = project / "notebooks" / f"{chapter}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(source, id="added"))
    nbformat.write(notebook, path)


def test_a_pack_holds_an_index_a_page_a_chapter_the_tables_and_a_manifest(pack):
    chapters = EDITION.chapters
    assert {path.name for path in pack.iterdir()} == {
        "accessibility.html", "all.html", "assumptions.html", "easy-read.html", "index.html",
        "measures.html", "methods.html", "manifest.json", "tables", "tables.xlsx",
        *(f"{chapter}.html" for chapter in chapters),
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
    assert [chapter["outcome"] for chapter in manifest["chapters"]] == ["done"] * len(EDITION.chapters)
    assert manifest["asked"] == {"only": [], "changed": {}, "pdf": False}
    assert manifest["chapters"][0]["parameters"] == {"edition": "southend-2017-19", "instead": ""}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((pack / name).read_bytes()).hexdigest() == digest
    data = builder.project.project() / DATA / "primary_need.csv"
    assert (
        manifest["inputs"]["data/southend/primary_need.csv"] == hashlib.sha256(data.read_bytes()).hexdigest()
    )


def test_a_parameter_makes_a_draft_beside_the_pack_and_leaves_the_pack_alone(project):
    folder = project / "reports" / "southend-2017-19"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"format": "lscb pack 1", "files": {}}', "utf-8")
    before = contents(folder)
    made = build(asked=Asked([CARE], {"confidence": "0.8"}))
    assert made.folder == folder.with_name("southend-2017-19-draft")
    page = (made.folder / f"{CARE}.html").read_text("utf-8")
    assert "80% interval" in page
    assert "Draft" in page
    assert not (made.folder / "03_primary_need.html").exists()
    assert contents(folder) == before


def test_chapters_that_fail_say_where_and_why_and_leave_the_pack_as_it_was(project):
    """One raises, the other shows two tables of one name."""
    folder = project / "reports" / "southend-2017-19"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"format": "lscb pack 1", "files": {}}', "utf-8")
    before = contents(folder)
    keep_only(project, [CARE, NEED])
    add_cell(project, NEED, "raise ValueError('the figures are missing')")
    add_cell(project, CARE, "lscb.tabulate.rows(activity)")
    made = build()
    said = {chapter.name: chapter.error for chapter in made.failed}
    assert said.keys() == {CARE, NEED}
    assert "under “Where the figures come from”. ValueError: the figures are missing" in said[NEED]
    assert "more than one table 'eet-17-18-figures'" in said[CARE]
    assert contents(folder) == before
    assert {path.stem for path in made.kept.glob("*.ipynb")} == {CARE, NEED}
    assert sorted(path.name for path in folder.parent.iterdir()) == [
        ".southend-2017-19",
        "southend-2017-19",
    ]
    assert made.kept.parent == project / "jobs" / "failed"
    left = (folder.parent / ".southend-2017-19").iterdir()
    assert sorted(path.name for path in left) == ["lock", "lscb-store"]


def test_a_folder_that_is_no_pack_is_not_replaced(tmp_path):
    precious = tmp_path / "pack"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(BuildError, match="not a pack"):
        build(output=precious)
    assert (precious / "thesis.txt").read_text("utf-8") == "years of work"


def test_a_folder_with_a_manifest_of_another_kind_is_not_replaced(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"name": "a web app"}', "utf-8")
    with pytest.raises(BuildError, match="not a pack"):
        build(output=folder)


@pytest.mark.usefixtures("project")
def test_a_build_that_is_interrupted_while_it_writes_pages_stops_its_chapters(monkeypatch):
    def interrupted(*_):
        raise SystemExit(143)

    monkeypatch.setattr(site.Pages, "add", interrupted)
    begun = []
    with pytest.raises(SystemExit):
        build(asked=Asked(workers=1), tell=lambda event, **said: begun.append((event, said.get("chapter"))))
    assert [thread.name for thread in threading.enumerate() if "ThreadPool" in thread.name] == []
    assert sum(event == "chapter started" for event, _ in begun) < len(FEW)


def test_what_changes_while_a_build_waits_for_another_is_not_published_as_if_it_had_been_read(project):
    keep_only(project, [CARE])
    folder, path = project / "pack", project / FILE
    with ExitStack() as other:
        other.enter_context(making(folder))

        def meanwhile(event, **_):
            if event == "waiting":
                path.write_text(path.read_text("utf-8").replace("Safeguarding", "Keeping safe", 1), "utf-8")
                other.close()

        with pytest.raises(UnpublishedError, match=path.name):
            build(None, Asked(wait=True), folder, meanwhile)
    assert not folder.exists()


def test_what_is_no_display_is_for_the_analyst_and_reaches_no_page(built):
    page = built / "reports" / EDITION.name / f"{CARE}.html"
    before = page.read_bytes()
    add_cell(built, CARE, "print('a remark')\ndisplay(activity, activity.frame)\nactivity")
    made = build()
    assert not made.failed, made.failed[0].error
    assert [chapter.name for chapter in made.chapters if not chapter.reused] == [CARE]
    assert page.read_bytes() == before


def test_parameters_reach_only_the_chapters_that_declare_them(project):
    path = project / "notebooks" / f"{CARE}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    tagged = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    tagged.source += '\ntone: str = "plain"  # how to speak'
    nbformat.write(notebook, path)
    _, chapters = plan(read_edition("southend-2017-19"), Asked(changed={"tone": "warm"}))
    told = {chapter.name: chapter.parameters.get("tone") for chapter in chapters}
    assert told == dict.fromkeys(FEW) | {CARE: "warm"}


def test_a_chapter_without_a_title_and_a_question_is_refused_before_anything_runs(project):
    path = project / "notebooks" / f"{CARE}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = "# Care leavers"
    nbformat.write(notebook, path)
    with pytest.raises(BuildError, match=r"a title .* and a question below it"):
        build(asked=Asked(only=[CARE]))
    assert not (project / "reports").exists()


def test_a_heading_becomes_the_name_of_its_place():
    assert slug("Why do children need help?") == "why-do-children-need-help"


AFTER = EDITION.use_until + timedelta(days=1)


def made_on(day):
    said = []
    made = build(asked=Asked(on=day), tell=lambda event, **_: said.append(event))
    return made.folder, [event for event in said if event != "not compared"]


def test_past_its_date_a_pack_is_built_and_every_page_says_so_and_only_then(project, warmed):
    keep_only(project, [CARE])
    warmed(project)
    folder, said = made_on(EDITION.use_until)
    assert "past its date" not in said
    good = contents(folder)
    assert not any(b"Do not use" in page for page in good.values())
    # another day before the date gives nothing to do; so does its passing, once
    assert made_on(EDITION.published)[1] == ["nothing to do"]
    _, said = made_on(AFTER)
    unsaid = "left out"  # what only national statistics say of care leavers
    assert said == ["past its date", "build started", "chapter skipped", unsaid, "verified", "published"]
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["past_its_date"] is True
    late = contents(folder)
    pages = [name for name in late if name.suffix == ".html"]
    assert len(pages) == 8
    for name in pages:
        page = BeautifulSoup(late[name], "html.parser")
        assert page.title.get_text().startswith("Do not use: "), name
        warning = page.header.select_one(".past").get_text()
        assert "25 November 2027, and that day has passed" in warning, name
    assert {name: late[name] for name in late if name.suffix == ".csv"} == {
        name: good[name] for name in good if name.suffix == ".csv"
    }
    assert made_on(AFTER + timedelta(days=90))[1] == ["past its date", "nothing to do"]
    made_on(EDITION.use_until)
    again = contents(folder)
    assert {name for name in good if again[name] != good[name]} <= {Path("manifest.json")}


def test_the_pack_says_who_made_it_until_when_it_may_be_used_and_whom_to_call(pages):
    about = pages["index"].main.get_text(" ", strip=True)
    about = about.lower()
    for said in (EDITION.analysed, EDITION.assured, EDITION.ask, "25 november 2026", "29 october 2027"):
        assert said in about
    for name, page in pages.items():
        foot = page.footer.get_text(" ", strip=True)
        assert "Not to be used after 25 November 2027" in foot, name
        assert EDITION.ask in foot
        numbers = [f"tel:{each.telephone.replace(' ', '')}" for each in EDITION.help if each.telephone]
        times = 2 if name == "easy-read" else 1  # first and last
        assert [link["href"] for link in page.select("a[href^=tel]")] == times * numbers, name


def test_a_chapter_shows_its_assumptions_before_its_limits_and_one_page_shows_all(pages):
    log = texts("assumptions", edition=EDITION.name)
    everywhere = pages["assumptions"].main.get_text(" ", strip=True)
    for name in EDITION.chapters:
        headings = [heading.get_text() for heading in pages[name].find_all("h2")]
        assert headings.index("What is assumed here") + 1 == headings.index("What these numbers cannot show")
        shown = pages[name].select("ul.log li")
        own = [row for row in log.to_dict("records") if {name, "all"} & set(row["chapters"].split())]
        assert len(shown) == len(own) >= 2
        text = pages[name].main.get_text(" ", strip=True)
        assert all(row["said"] in text and row["owner"] in text for row in own), name
    assert all(said in everywhere for said in log["said"])
