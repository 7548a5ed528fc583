"""A project whose board, area, measures, categories, sources, lists and chapters are called otherwise."""

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


def figures(page):
    """How often each figure stands on a page, with all that it is bound to."""
    return Counter(
        (*(renamed.renamed(figure.get(f"data-{of}", "")) for of in ABOUT), figure["value"])
        for figure in BeautifulSoup(page.read_text("utf-8"), "html.parser")("data")
    )


def approve(project, refused):
    """Approve what was approved under the old names: a digest is of a sentence in its place."""
    for path, row in re.findall(r"(data/\w+/approved\.csv): (\S+,.*?),ROLE,DATE", str(refused)):
        with (project / path).open("a", encoding="utf-8") as file:
            file.write(f"{row},maintainer of this package,2026-12-01\n")


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
        assert "Southend" not in page.read_text("utf-8")
        shown |= {of[1] for of in figures(page)}
    assert len(shown & {*renamed.MEASURES.values()}) >= 15


@pytest.mark.parametrize("kind", ["toml", "j2"])
def test_what_is_renamed_no_table_or_template_of_the_library_names(kind):
    """Of its Python `test_architecture` holds the same, for every name of the project."""
    (first, *others) = (path.read_text("utf-8") for path in (CHECKOUT / "src").rglob(f"*.{kind}"))
    words = "".join([first, *others])
    named = [name for name in renamed.KEYS if re.search(rf"[\"']{re.escape(name)}[\"']", words)]
    assert not named, f"{kind}: read it from a column of the dictionary"


def test_a_name_is_exchanged_only_where_it_stands_whole():
    words = "primary_need, dfe_primary_need.csv, 03_primary_need and primary_need_printed of Southend-on-Sea"
    assert renamed.renamed(words) == (
        "main_reason, numbers_by_reason.csv, 03_main_reasons and primary_need_printed of Northport-on-Sea"
    )
