"""The layout of the pages in a real browser: on a desk, on a phone, enlarged, spaced out and on paper."""

from io import BytesIO

import pypdf
import pytest

from lscb_analysis.editions.edition import read_edition

pytestmark = pytest.mark.browser

EDITION = read_edition("southend-2017-19")

CLASHES = """() => [...document.querySelectorAll('.chart svg')].filter(s => s.checkVisibility())
        .flatMap(svg => {
    const edge = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    const out = texts.filter(([, r]) => r.left < edge.left - 1 || r.right > edge.right + 1
        || r.top < edge.top - 1 || r.bottom > edge.bottom + 1).map(([t]) => 'outside: ' + t);
    const over = texts.flatMap(([a, r], i) => texts.slice(i + 1)
        .filter(([, q]) => r.left < q.right - 1 && q.left < r.right - 1
            && r.top < q.bottom - 4 && q.top < r.bottom - 4)
        .map(([b]) => a + ' / ' + b));
    return [...out, ...over];
})"""

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
"""320 CSS pixels are a small phone, and a desk at a zoom of 400%."""

A4 = {"width": round(210 / 25.4 * 96), "height": 800}
SHEET = 255 / 25.4 * 96
"""What the margins leave of the height of a sheet of A4, in CSS pixels."""

PRINTED = [
    ("figure, tr", "breakInside", "avoid"),
    ("h1, h2, h3, h4, figcaption, caption, thead", "breakAfter", "avoid"),
    ("thead", "display", "table-header-group"),
    (".skip, .contents:not(.whole), .turn, .download, .way", "display", "none"),
]
"""A selector, and what a property of all that it finds has to be on paper."""

LONG_LINES = """() => [...document.querySelectorAll('p, li, dd')]
    .filter(block => block.checkVisibility() && !block.querySelector('p, li')
        && getComputedStyle(block).clipPath === 'none')
    .map(block => {
        const range = document.createRange();
        range.selectNodeContents(block);
        const middles = [...range.getClientRects()].map(box => Math.round((box.top + box.bottom) / 20));
        return [block.innerText.length / new Set(middles).size, block.innerText];
    }).filter(([length]) => length > 85)"""

CUT = """() => [...document.querySelectorAll('body *')]
    .filter(box => box.checkVisibility() && !box.closest('svg') && !box.matches('.table, .table *')
        && getComputedStyle(box).clipPath === 'none' && getComputedStyle(box).display !== 'inline')
    .filter(box => (box.scrollWidth > box.clientWidth + 1 && !box.matches('figure, .part'))
        || box.getBoundingClientRect().right > innerWidth + 1)
    .map(box => box.tagName + ' ' + box.className + ': ' + box.innerText.slice(0, 50))"""
"""What its box is too small for, or the window. A drawing on a phone reaches over the margins on purpose, and
so over the boxes that hold it; it may not reach over the window."""

SPACED = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"
    "p { margin-bottom: 2em !important; }"
)
"""What a reader may set by WCAG 1.4.12 without losing anything."""


WIDTHS = [1280, 640, 360, 320]
"""640 and 320 are a desk at a zoom of 200% and 400%."""


def test_convention_3_and_4_no_page_scrolls_sideways_and_nothing_is_fetched(browser, pack, by_hand):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    found = {}
    for path in sorted(pack.glob("*.html")):
        page.goto(path.as_uri())
        found[path.stem] = [fits(page, width) for width in WIDTHS]
    assert all(url.startswith("file:") and url.endswith(".html") for url in asked)
    wide = " and ".join(", ".join(map(str, WIDTHS)).rsplit(", ", 1))
    by_hand("widths", f"No page is wider than its screen, at {wide} pixels (zoom of up to 400%)", found)
    page.close()


def fits(page, width: int) -> bool:
    page.set_viewport_size({"width": width, "height": 800})
    return page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "shown"), [(1280, "wide"), (360, "narrow")])
def test_each_chart_is_shown_once_in_the_drawing_for_the_width(browser, pack, width, shown):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((pack / "05_child_protection.html").as_uri())
    figures = page.locator("figure").count()
    visible = page.locator(".chart:visible")
    assert visible.count() == figures
    assert all(shown in visible.nth(at).get_attribute("class") for at in range(figures))
    page.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_no_words_of_a_chart_run_out_of_it_or_into_each_other(opened, width):
    for name, page in opened(viewport={"width": width, "height": 800}):
        assert page.evaluate(CLASHES) == [], name


SMALLEST = """() => Math.min(Infinity, ...[...document.querySelectorAll('.chart svg')]
    .filter(svg => svg.checkVisibility())
    .flatMap(svg => [...svg.querySelectorAll('text')].map(text =>
        parseFloat(getComputedStyle(text).fontSize) * svg.clientWidth / svg.viewBox.baseVal.width)))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_words_of_a_chart_are_under_11_points_on_a_phone(opened, scheme):
    for name, page in opened(viewport={"width": 360, "height": 740}, color_scheme=scheme):
        assert page.evaluate(SMALLEST) * 72 / 96 >= 11, name


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_convention_3_nothing_is_lost_when_a_reader_spaces_the_text(opened, by_hand, viewport):
    found = {}
    for name, page in opened(viewport=viewport):
        page.add_style_tag(content=SPACED)
        found[name] = [page.evaluate(CUT) == [], page.evaluate(CLASHES) == []]
    width = viewport["width"]
    by_hand(f"spacing-{width}", f"Nothing is cut when text is spaced out, at {width} pixels", found)


def test_convention_3_lines_are_of_about_75_characters(opened, by_hand):
    found = {}
    for name, page in opened(viewport=DESK):
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        found[name] = [page.evaluate(LONG_LINES) == []]
    by_hand("lines", "Lines are short enough to follow", found)


def test_convention_3_a_table_that_scrolls_is_a_named_region_that_the_keyboard_reaches(opened):
    scrolling = pages = 0
    for name, page in opened(viewport=PHONE):
        pages += 1
        page.add_style_tag(content=SPACED)
        tables = page.locator(".table").evaluate_all(
            "found => found.map(e => [e.scrollWidth > e.clientWidth, e.tabIndex, e.getAttribute('role'),"
            " document.getElementById(e.getAttribute('aria-labelledby'))?.textContent])"
        )
        for scrolls, tab, role, label in tables:
            assert not scrolls or (tab == 0 and role == "region" and label), name
            scrolling += scrolls
    assert scrolling > pages


def test_convention_6_print_cuts_no_chart_and_keeps_heads_with_what_they_head(opened, by_hand):
    found = {}
    for name, page in opened(viewport=A4):
        page.emulate_media(media="print")
        page.add_style_tag(content="body { margin: 0 20mm; }")
        found[name] = [
            page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
            all(height < SHEET for height in each(page, "figure", "e.offsetHeight")),
            all(height > 50 for height in each(page, "details dl", "e.offsetHeight")),
            *(set(each(page, of, f"getComputedStyle(e).{rule}")) <= {value} for of, rule, value in PRINTED),
        ]
    by_hand(
        "print", "On paper (A4) nothing is cut, heads stay with what they head, and links to pages go", found
    )


def each(page, selector, asked):
    """What JavaScript says when it is asked about each element `e`."""
    return page.locator(selector).evaluate_all(f"found => found.map(e => {asked})")


def test_convention_6_a_chapter_prints_on_sheets_of_a4_with_their_numbers_and_the_title_of_the_pack(
    browser, pack
):
    page = browser.new_page()
    page.goto((pack / "05_child_protection.html").as_uri())
    sheets = pypdf.PdfReader(BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert len(sheets) > 3
    for number, sheet in enumerate(sheets, 1):
        assert [round(float(side) / 72 * 25.4) for side in sheet.mediabox[2:]] == [210, 297]
        words = sheet.extract_text()
        assert f"{number} of {len(sheets)}" in words
        assert f"{EDITION.title}, {EDITION.period}" in words
        assert ".html" not in words
    page.close()
