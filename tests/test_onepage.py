"""The pack as one page: all that the pages show is on it, once, and what pointed elsewhere points within."""

import re
from collections import Counter

import pytest
from bs4 import BeautifulSoup

from lscb_analysis.editions.edition import read_edition
from lscb_analysis.pages.glossary import meanings
from lscb_analysis.pages.one_page import in_css, part, stay
from lscb_analysis.pages.tree import parse, write

PAGE = """<body><main id="main">
<h1>A &amp; B</h1>
<nav class="contents" aria-labelledby="contents"><h2 id="contents">On this page</h2></nav>
<h2 id="why">Why h2 and id="why"?</h2>
<svg aria-labelledby="c-h c-text"><g clip-path="url(#c-1)"><use xlink:href="#m"></use></g></svg>
<p data-id="why">url(#c-1) <a href="#why">Why</a> <a href="b.html#how">How</a></p>
</main><footer id="foot"></footer></body>"""

BOUND = """<h2>A &amp; B</h2>

<h3 id="a-why">Why h2 and id="why"?</h3>
<svg aria-labelledby="a-c-h a-c-text"><g clip-path="url(#a-c-1)"><use xlink:href="#a-m"></use></g></svg>
<p data-id="why">url(#c-1) <a href="#a-why">Why</a> <a href="b.html#how">How</a></p>
"""


def test_a_part_has_names_of_its_own_and_headings_one_level_down_and_its_words_are_untouched():
    assert write(part(parse(PAGE), "a")).partition("\n")[2] == f"{BOUND}</main>"


@pytest.mark.parametrize(
    ("link", "turned"),
    [
        ("b.html", "#b"),
        ("b.html#how", "#b-how"),
        ("c.html#how", "c.html#how"),
        ("index.html#about", "#about"),
        ("index.html", "index.html"),
        ("tables/b.csv", "tables/b.csv"),
        ("tel:999", "tel:999"),
        ("#b-how", "#b-how"),
    ],
)
def test_a_link_to_what_is_bound_in_stays_on_the_page(link, turned):
    page = parse(f'<p>href="{link}"</p><a class="x" href="{link}">there</a><use href="b.html"></use>')
    stay(page, ["a", "b"], front="index")
    expected = f'<p>href="{link}"</p><a class="x" href="{turned}">there</a><use href="b.html"></use>'
    assert write(page) == expected


def test_what_is_no_page_is_refused():
    with pytest.raises(ValueError, match="main"):
        part(parse("<p>Words</p>"), "a")


def test_a_page_is_written_as_it_stood_drawings_with_their_capitals():
    page = (
        '<!DOCTYPE html><html lang="en-GB"><body><p title="a &quot;b&quot;" class="x y">A &amp; é – B<br></p>'
        '<svg viewBox="0 0 1 1"><clipPath id="c"><rect width="1"></rect></clipPath></svg></body></html>'
    )
    assert write(parse(page)).replace("\n", "") == page.replace('"a &quot;b&quot;"', "'a \"b\"'")


def test_words_in_a_style_sheet_end_neither_their_string_nor_the_style():
    assert in_css('Né, "x\\</style>\n') == "Né, \\22 x\\5c \\3c \\2f style\\3e \\a "


def figures(page):
    """Every bound figure that a reader sees, how often; what is in lists of contents apart."""
    return Counter(str(figure) for figure in page.main.find_all("data"))


def test_every_figure_table_and_chart_of_the_pages_is_on_the_one_page_once(pages):
    apart = ("all", "index", "measures", "easy-read", "accessibility")
    bound = [page for name, page in pages.items() if name not in apart]
    assert figures(pages["all"]) == sum(map(figures, bound), Counter())
    for tag in ("table", "figure", "details", "svg"):
        assert len(pages["all"].find_all(tag)) == sum(len(page.find_all(tag)) for page in bound) > 5, tag


def test_its_chapters_stand_in_order_each_below_its_title_and_are_in_the_contents(pages):
    order = [*read_edition("southend-2017-19").chapters, "methods", "assumptions"]
    parts = pages["all"].select("section.part")
    assert [section["id"] for section in parts] == order
    for section in parts:
        headings = section.find_all(re.compile("^h[1-6]$"))
        own = [h.get_text() for h in pages[section["id"]].main.find_all(re.compile("^h[1-6]$"))]
        assert headings[0].name == "h2"
        assert [heading.get_text() for heading in headings] == [h for h in own if h != "On this page"]
    assert [link["href"] for link in pages["all"].select(".contents a")] == [f"#{name}" for name in order]


def test_only_the_way_back_the_tables_and_pages_of_their_own_lead_off_the_page(pages):
    off = {a["href"] for a in pages["all"].find_all("a") if not re.match("#|tel:|tables/", a["href"])}
    pages_of_their_own = {"measures.html", "easy-read.html", "accessibility.html"}
    assert off == {"index.html", "tables.xlsx"} | pages_of_their_own


def test_an_abbreviation_is_put_into_words_once_in_each_chapter(pages):
    body = BeautifulSoup(str(pages["all"].body), "html.parser")
    for aside in body.select("nav, details, svg, [style*=clip-path]"):
        aside.decompose()
    sections = [section.extract().get_text() for section in body.select("section.part")]
    for text in (body.get_text(), *sections):
        counts = {term: text.count(f"{term} ({meaning})") for term, meaning in meanings().items()}
        assert set(counts.values()) <= {0, 1}, counts
    assert any(sum(f"({words})" in text for text in sections) > 1 for words in meanings().values())


def test_the_index_leads_to_it(pages):
    assert "all.html" in {link["href"] for link in pages["index"].find_all("a")}
