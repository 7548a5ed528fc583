"""A chapter runs again when something it is made of changed, and not otherwise; with real builds."""

import pytest
from conftest import FEW, as_they_ran

from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build
from lscb_analysis.project import packages

CHAPTERS = FEW


@pytest.fixture
def project(built):
    return built


@pytest.fixture
def again(built):  # noqa: ARG001 (what is built again)
    """A function that builds the pack again and says what was not skipped."""

    def run(**options):
        events = []
        pack = build(
            asked=Asked(**options),
            tell=lambda event, **details: events.append((event, details.get("chapter"))),
        )
        assert not pack.failed
        return sorted(chapter for event, chapter in events if event == "chapter done"), events

    return run


def edit(project, name, old, new):
    path = project / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.whole
def test_only_what_changed_runs_again(project, again):
    folder = project / "reports" / "southend-2017-19"
    standing = folder.resolve()
    assert again() == ([], [("nothing to do", None)])
    assert folder.resolve() == standing
    # a row that one chapter reads and no verdict
    edit(project, "data/southend/care_leavers.csv", "56,56,", "58,58,")
    ran, events = again()
    assert ran == ["08_care_leavers"]
    assert [chapter for event, chapter in events if event == "chapter skipped"] == [
        chapter for chapter in CHAPTERS if chapter != "08_care_leavers"
    ]
    page = (folder / "08_care_leavers.html").read_text("utf-8")
    assert ">58%</data>" in page
    # a note of the edition, which any chapter may show; its title, which only pages show
    edit(project, "notebooks/editions/southend-2017-19.toml", "so they are not", "and so they are not")
    assert again()[0] == CHAPTERS
    edit(project, "notebooks/editions/southend-2017-19.toml", "Safeguarding children in", "Safety in")
    assert again()[0] == []
    assert "Safety in Southend-on-Sea" in (folder / "05_child_protection.html").read_text("utf-8")
    # a notebook
    edit(project, "notebooks/03_primary_need.ipynb", "The names of the categories are", "These names are")
    assert again()[0] == ["03_primary_need"]


@pytest.mark.whole
def test_force_runs_all_and_a_torn_memory_or_pack_is_made_anew(project, again):
    assert again(force=True)[0] == CHAPTERS
    as_they_ran(project, "southend-2017-19")["05_child_protection"].write_text("{", "utf-8")
    edit(project, "notebooks/editions/southend-2017-19.toml", "Safeguarding children in", "Safety in")
    assert again()[0] == ["05_child_protection"]
    page = project / "reports" / "southend-2017-19" / "index.html"
    whole = page.read_bytes()
    page.write_text("torn", "utf-8")
    assert again()[0] == []
    assert page.read_bytes() == whole


def test_a_package_that_is_added_or_upgraded_changes_their_digest(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    old, new = tmp_path / "invented-1.0.dist-info", tmp_path / "invented-1.1.dist-info"
    now = packages.__wrapped__  # not as it is remembered
    before = now()
    old.mkdir()
    added = now()
    old.rename(new)
    assert len({before, added, now()}) == 3
    new.rmdir()
    assert now() == before
