"""The pages in a real browser: nothing runs off the side, nothing is asked of the network."""

import pytest

pytestmark = pytest.mark.browser

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


@pytest.mark.parametrize("width", [1280, 360, 320])
def test_no_page_scrolls_sideways_and_nothing_is_fetched(browser, pack, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for path in sorted(pack.glob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
    assert all(url.startswith("file:") and url.endswith(".html") for url in asked)
    page.close()


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
def test_no_words_of_a_chart_run_out_of_it_or_into_each_other(browser, pack, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    for path in sorted(pack.glob("0*.html")):
        page.goto(path.as_uri())
        clashes = page.evaluate(CLASHES)
        assert clashes == [], path.name
    page.close()


def test_the_keyboard_meets_the_skip_link_first(browser, pack):
    page = browser.new_page()
    page.goto((pack / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.close()
