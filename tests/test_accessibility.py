"""What WCAG asks of the built pages, in a real browser: by axe-core, and by hand where axe does not look.

axe reads a page as it stands. It does not press a key, enlarge, print, or choose colours of its own, and it
cannot say what colour is behind a text on a gradient or in a drawing: those are the other tests here, and
tests/test_drawings.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = pytest.mark.browser

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]}
CONTRAST = {"runOnly": ["color-contrast"]}
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
"""320 CSS pixels are a small phone, and a desk at a zoom of 400%."""

SEEN_THROUGH = ".table { background: none !important; }"
"""The shade at the edges of a table that scrolls is a gradient, behind which axe gives up."""

SPACED = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"
    "p { margin-bottom: 2em !important; }"
)
"""What a reader may set by WCAG 1.4.12 without losing anything."""

OPERABLE = "a[href], summary, [tabindex]"

SPOILED = {
    "color-contrast": "document.querySelector('td').style.color = '#999'",
    "html-has-lang": "document.documentElement.removeAttribute('lang')",
    "svg-img-alt": "document.querySelector('figure svg').removeAttribute('aria-labelledby')",
    "heading-order": "document.querySelector('h2').outerHTML = '<h4>Out of order</h4>'",
    "target-size": "document.querySelector('.contents ul').style = 'font-size: 8px; line-height: 0.5'",
    "link-name": "document.querySelector('.pack a').textContent = ''",
}
"""A rule, and what breaks it."""

STOP = """() => {
    const stop = document.activeElement, style = getComputedStyle(stop), box = stop.getBoundingClientRect();
    return {
        at: [...document.querySelectorAll('a[href], summary, [tabindex]')].indexOf(stop),
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        shown: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""

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
    .filter(box => box.scrollWidth > box.clientWidth + 1
        || box.getBoundingClientRect().right > innerWidth + 1)
    .map(box => box.tagName + ' ' + box.className + ': ' + box.innerText.slice(0, 50))"""


def each(page, pack: Path) -> Iterator[str]:
    """Open every page of the pack, one after the other, with all that is folded away unfolded."""
    for path in sorted(pack.glob("*.html")):
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        yield path.stem


def faults(page, options: dict, *kinds: str) -> list[str]:
    """What axe holds against a page, by kind of result; what it cannot tell of drawings left aside."""
    page.add_style_tag(content=SEEN_THROUGH)
    found = axe.Axe().run(page, options=options | {"resultTypes": kinds}).response
    return [
        f"{rule['id']}: {node['html']}"
        for kind in kinds
        for rule in found[kind]
        for node in rule["nodes"]
        if not (kind == "incomplete" and node["html"].startswith("<text"))
    ]


def test_axe_finds_nothing_against_a_page_and_leaves_nothing_open_on_a_desk(browser, pack):
    page = browser.new_page(viewport=DESK)
    kinds = ("violations", "incomplete")
    assert {name: found for name in each(page, pack) if (found := faults(page, WCAG, *kinds))} == {}
    page.close()


def test_axe_finds_nothing_against_a_page_on_a_phone(browser, pack):
    """It leaves open the colours of cells that are scrolled out of sight; on a desk it sees them."""
    page = browser.new_page(viewport=PHONE)
    assert {name: found for name in each(page, pack) if (found := faults(page, WCAG, "violations"))} == {}
    page.close()


def test_convention_3_contrast_in_the_dark(browser, pack):
    page = browser.new_page(viewport=DESK, color_scheme="dark")
    kinds = ("violations", "incomplete")
    assert {name: found for name in each(page, pack) if (found := faults(page, CONTRAST, *kinds))} == {}
    page.close()


@pytest.mark.parametrize("rule", SPOILED)
def test_axe_sees_what_is_spoiled(browser, pack, rule):
    page = browser.new_page(viewport=DESK)
    page.goto((pack / "05_child_protection.html").as_uri())
    page.evaluate(SPOILED[rule])
    assert rule in {fault.partition(":")[0] for fault in faults(page, WCAG, "violations")}
    page.close()


@pytest.mark.parametrize("forced", ["none", "active"])
def test_convention_11_charts_keep_a_white_panel_whatever_the_theme(browser, pack, forced):
    page = browser.new_page(viewport=DESK, color_scheme="dark", forced_colors=forced)
    for name in each(page, pack):
        panels = page.locator(".chart:visible, svg.spark").evaluate_all(
            "found => found.map(panel => getComputedStyle(panel).backgroundColor)"
        )
        words = page.locator(".chart text:visible").evaluate_all(
            "found => found.map(word => getComputedStyle(word).fill)"
        )
        assert set(panels) <= {"rgb(255, 255, 255)"}, name
        assert set(words) <= {"rgb(11, 12, 12)"}, name
    page.close()


def test_convention_3_lines_are_of_about_75_characters(browser, pack):
    page = browser.new_page(viewport=DESK)
    assert {name: found for name in each(page, pack) if (found := page.evaluate(LONG_LINES))} == {}
    page.close()


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_convention_3_nothing_is_lost_when_a_reader_spaces_the_text(browser, pack, viewport):
    page = browser.new_page(viewport=viewport)
    for name in each(page, pack):
        page.add_style_tag(content=SPACED)
        assert page.evaluate(CUT) == [], name
    page.close()


def test_convention_3_a_table_that_scrolls_is_a_named_region_that_the_keyboard_reaches(browser, pack):
    page = browser.new_page(viewport=PHONE)
    scrolling = 0
    for name in each(page, pack):
        tables = page.locator(".table").evaluate_all(
            "found => found.map(e => [e.scrollWidth > e.clientWidth, e.tabIndex, e.getAttribute('role'),"
            " document.getElementById(e.getAttribute('aria-labelledby'))?.textContent])"
        )
        for scrolls, tab, role, label in tables:
            assert not scrolls or (tab == 0 and role == "region" and label), name
            scrolling += scrolls
    assert scrolling > 20
    page.close()


def test_tab_stops_at_everything_once_with_a_visible_focus_and_leaves_the_page(browser, pack):
    page = browser.new_page(viewport=DESK)
    for path in sorted(pack.glob("*.html")):
        page.goto(path.as_uri())
        operable = page.locator(OPERABLE).count()
        for expected in range(operable):
            page.keyboard.press("Tab")
            stop = page.evaluate(STOP)
            assert stop == {"at": expected, "outlined": True, "shown": True}, (path.name, expected)
        page.keyboard.press("Tab")
        assert page.evaluate(STOP)["at"] <= 0, path.name  # out of the page, or round to its first stop
    page.close()


def test_the_skip_link_skips_and_enter_unfolds_the_statistics(browser, pack):
    page = browser.new_page(viewport=DESK)
    page.goto((pack / "05_child_protection.html").as_uri())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.querySelector('main a')")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details').open")
    page.close()


def test_convention_6_print_cuts_no_chart_and_keeps_heads_with_what_they_head(browser, pack):
    """Laid out on a screen as wide as a sheet of A4 within its margins, which leave it 261 mm of height."""
    page = browser.new_page(viewport={"width": round(210 / 25.4 * 96), "height": 800})
    page.emulate_media(media="print")
    for path in sorted(pack.glob("*.html")):
        page.goto(path.as_uri())
        page.add_style_tag(content="body { margin: 0 16mm; }")
        figures = page.locator("figure").evaluate_all("found => found.map(figure => figure.offsetHeight)")
        assert all(height < 261 / 25.4 * 96 for height in figures), path.name
        assert computed(page, "figure", "breakInside") <= {"avoid"}
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path.name
        heads = "h1, h2, h3, figcaption, caption, dt"
        assert computed(page, heads, "breakAfter") <= {"avoid"}, path.name
        assert computed(page, "thead", "display") <= {"table-header-group"}
        assert computed(page, "tr", "breakInside") <= {"avoid"}
        assert computed(page, ".skip, .contents, .turn", "display") <= {"none"}
        unfolded = page.locator("details dl").evaluate_all("found => found.map(list => list.offsetHeight)")
        assert all(height > 50 for height in unfolded), path.name
    page.close()


def computed(page, selector, name):
    """The values of a CSS property over all that `selector` finds."""
    values = f"found => found.map(element => getComputedStyle(element).{name})"
    return set(page.locator(selector).evaluate_all(values))


def test_convention_6_a_chapter_prints_on_sheets_of_a4(browser, pack):
    page = browser.new_page()
    page.goto((pack / "05_child_protection.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    sizes = {box.split(b"]")[0].strip() for box in printed.split(b"/MediaBox [")[1:]}
    assert len(sizes) == 1
    assert [round(float(side) / 72 * 25.4) for side in sizes.pop().split()[2:]] == [210, 297]
    page.close()
