"""What WCAG asks of the built pages, in a real browser: by axe-core, and by hand where axe does not look.

axe reads a page as it stands. It presses no key and chooses no colours of its own, which the other tests here
do; tests/test_browser.py enlarges, spaces out and prints. It cannot say which colour is behind a text in a
drawing: tests/test_drawings.py does.
"""

from __future__ import annotations

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = pytest.mark.browser

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]}
CONTRAST = {"runOnly": ["color-contrast"]}
AUTOMATIC = (
    "What a program can check of the Web Content Accessibility Guidelines 2.0, 2.1 and 2.2, levels A and AA, "
    "and of good practice"
)
KINDS = ("violations", "incomplete", "passes", "inapplicable")
"""Of what axe says of a rule; of the first two it names every place."""
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 320, "height": 640}

SEEN_THROUGH = ".table { background: none !important; }"
"""The shade at the edges of a table that scrolls is a gradient, behind which axe gives up."""

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
        at: [...document.querySelectorAll(OPERABLE)].indexOf(stop),
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        shown: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}""".replace("OPERABLE", repr(OPERABLE))


def looked_at(page, options: dict) -> dict:
    """What axe says of a page with all unfolded."""
    page.add_style_tag(content=SEEN_THROUGH)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    return axe.Axe().run(page, options=options | {"resultTypes": KINDS[:2]}).response


def held(found: dict, kind: str) -> list[str]:
    """What axe holds against a page, or cannot tell of it; what it cannot tell of drawings is left aside."""
    return [
        f"{rule['id']}: {node['html']}"
        for rule in found[kind]
        for node in rule["nodes"]
        if not (kind == "incomplete" and node["html"].startswith("<text"))
    ]


def by_axe(pages, options: dict, check: str, what: str, note) -> tuple[dict, dict]:
    """What axe holds against each of the pages that are opened, and what it leaves open; both are noted."""
    found = {name: looked_at(page, options) for name, page in pages}
    kinds = [{name: held(one, kind) for name, one in found.items()} for kind in KINDS[:2]]
    rules = {rule["id"] for one in found.values() for kind in KINDS for rule in one[kind]}
    of_axe = "axe-core", next(iter(found.values()))["testEngine"]["version"]
    note(check, what, *of_axe, len(rules), len(found), *(sum(map(len, kind.values())) for kind in kinds))
    return tuple({name: against for name, against in kind.items() if against} for kind in kinds)


def test_axe_finds_nothing_against_a_page_and_leaves_nothing_open_on_a_desk(opened, note):
    pages, what = opened(viewport=DESK), f"{AUTOMATIC}, on a screen {DESK['width']} pixels wide"
    against, left_open = by_axe(pages, WCAG, "axe-on-a-desk", what, note)
    assert not against
    assert not left_open


def test_axe_finds_nothing_against_a_page_on_a_phone(opened, note):
    """It leaves open the colours of cells that are scrolled out of sight; on a desk it sees them."""
    pages, what = (
        opened(viewport=PHONE, whole=False),
        f"{AUTOMATIC}, on a screen {PHONE['width']} pixels wide",
    )
    assert not by_axe(pages, WCAG, "axe-on-a-phone", what, note)[0]


def test_convention_3_contrast_in_the_dark(opened, note):
    pages, what = (
        opened(viewport=DESK, color_scheme="dark", whole=False),
        "Contrast of text where a dark screen is set",
    )
    against, left_open = by_axe(pages, CONTRAST, "axe-in-the-dark", what, note)
    assert not against
    assert not left_open


def test_axe_sees_what_is_spoiled(browser, pack):
    page = browser.new_page(viewport=DESK)
    page.goto((pack / "05_child_protection.html").as_uri())
    for spoiling in SPOILED.values():
        page.evaluate(spoiling)
    found = held(looked_at(page, WCAG), "violations")
    assert {fault.partition(":")[0] for fault in found} == set(SPOILED)
    page.close()


@pytest.mark.parametrize("forced", ["none", "active"])
def test_convention_11_charts_keep_a_white_panel_whatever_the_theme(opened, by_hand, forced):
    """Where a reader's own colours are forced on a page, axe sees no drawing."""
    themes = {"none": "a dark screen is set", "active": "a reader's own colours are forced on a page"}
    found = {
        name: [
            styles(page, ".chart:visible, svg.spark", "backgroundColor") <= {"rgb(255, 255, 255)"},
            styles(page, ".chart text:visible", "fill") <= {"rgb(11, 12, 12)"},
        ]
        for name, page in opened(viewport=DESK, color_scheme="dark", forced_colors=forced)
    }
    by_hand(f"theme-{forced}", f"Drawings stay dark on white where {themes[forced]}", found)


def styles(page, selector: str, name: str) -> set[str]:
    """The values of a CSS property over all that `selector` finds."""
    values = f"found => found.map(element => getComputedStyle(element).{name})"
    return set(page.locator(selector).evaluate_all(values))


def test_tab_stops_at_everything_once_with_a_visible_focus_and_leaves_the_page(opened, by_hand):
    found = {name: [stopped(page), left(page)] for name, page in opened(viewport=DESK)}
    what = "The keyboard stops once at all that can be operated, shows where it is, and leaves the page"
    by_hand("keyboard", what, found)


def stopped(page) -> bool:
    """Whether the tabulator stops at each in turn, outlined and in sight."""
    stops = []
    for expected in range(page.locator(OPERABLE).count()):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(STOP) == {"at": expected, "outlined": True, "shown": True})
    return all(stops)


def left(page) -> bool:
    """Whether the next stop is out of the page, or round to its first."""
    page.keyboard.press("Tab")
    return page.evaluate(STOP)["at"] <= 0


def test_the_keyboard_meets_the_skip_link_first_and_skips_and_unfolds(browser, pack):
    page = browser.new_page(viewport=DESK)
    page.goto((pack / "05_child_protection.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.querySelector('main a')")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details').open")
    page.close()
