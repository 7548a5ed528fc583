"""A project in which board, area, measures, categories, tables and chapters are called otherwise."""

import re
from collections import Counter

import pytest
import renamed
from bs4 import BeautifulSoup
from conftest import CHECKOUT, copied

from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build
from lscb_analysis.data.schema import DataError

CHAPTERS = ["02_children_in_need", "03_primary_need", "05_child_protection", "08_care_leavers"]
"""They show most of the measures that are renamed."""
ABOUT = ("statistic", "measure", "category", "area", "period", "source")
LIBRARY = "".join(
    path.read_text("utf-8") for kind in ("py", "toml", "j2") for path in (CHECKOUT / "src").rglob(f"*.{kind}")
)


def named_in_the_library(name):
    return bool(re.search(rf"[\"']{re.escape(name)}[\"']", LIBRARY))


def figures(page):
    """How often each figure stands on a page, with all that it is bound to."""
    return Counter(
        (*(renamed.renamed(figure.get(f"data-{of}", "")) for of in ABOUT), figure["value"])
        for figure in BeautifulSoup(page.read_text("utf-8"), "html.parser")("data")
    )


def approve(project, refused):
    """Approve what was approved under the old names: a digest is of a sentence in its place."""
    rows = re.findall(r"data/approved\.csv: (\S+,.*?),ROLE,DATE", str(refused))
    with (project / "data" / "approved.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{row},maintainer of this package,2026-12-01\n" for row in rows)


def test_under_other_names_every_figure_holds(pack, tmp_path, monkeypatch):
    project = copied(tmp_path / "project", None)
    renamed.rename(project)
    monkeypatch.setenv("LSCB_PROJECT", str(project))
    (edition,) = renamed.EDITIONS.values()
    chapters = [renamed.renamed(chapter) for chapter in CHAPTERS]
    with pytest.raises(DataError) as refused:
        build(edition, Asked(only=chapters))
    approve(project, refused.value)
    made = build(edition, Asked(only=chapters))
    assert not made.failed, [chapter.error for chapter in made.failed]
    shown = set()
    for before, after in zip(CHAPTERS, chapters, strict=True):
        page = made.folder / f"{after}.html"
        assert figures(page) == figures(pack / f"{before}.html")
        assert not re.search("Southend(?! CCG)", re.sub(r"<cite.*?</cite>", "", page.read_text("utf-8")))
        shown |= {of[1] for of in figures(page)}
    assert len(shown & {*renamed.MEASURES.values()}) >= 10


@pytest.mark.parametrize("name", [*renamed.MEASURES, *renamed.CATEGORIES, *renamed.TABLES, *renamed.CHAPTERS])
def test_what_is_renamed_the_library_does_not_name(name):
    assert not named_in_the_library(name)


@pytest.mark.parametrize("name", renamed.KNOWN_TO_THE_LIBRARY)
def test_what_is_left_out_of_the_renaming_the_library_still_names(name):
    """If this fails the library has learnt: take the name from that list to the measures that are renamed."""
    assert named_in_the_library(name)


def test_a_name_is_exchanged_only_where_it_stands_whole():
    words = "primary_need, dfe_primary_need.csv, 03_primary_need and primary_need_printed of Southend-on-Sea"
    assert renamed.renamed(words) == (
        "main_reason, numbers_by_reason.csv, 03_main_reasons and primary_need_printed of Northport-on-Sea"
    )
