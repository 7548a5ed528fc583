"""A chapter in the real JupyterLab, in a browser: what is changed shows, and reads well in both themes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from conftest import copied

pytestmark = [pytest.mark.browser, pytest.mark.whole]

CHAPTER = "05_child_protection"
STARTED = 300
"""JupyterLab has so many seconds to start; what it does afterwards has them in milliseconds."""

WINDOW = {"width": 1400, "height": 12_000}
"""So tall that no cell is out of view, where JupyterLab would leave it undrawn."""

TOKEN = "of-this-test"

CONTRASTS = """root => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => parts(colour).slice(0, 3).map(c => c / 255)
        .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
    const clear = colour => parts(colour)[3] === 0;
    const behind = element => {
        while (clear(getComputedStyle(element).backgroundColor)) element = element.parentElement;
        return getComputedStyle(element).backgroundColor;
    };
    return [...root.querySelectorAll('.lscb *')]
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.tagName !== 'STYLE'
            && e.checkVisibility() && getComputedStyle(e).clipPath === 'none')
        .map(e => {
            const style = getComputedStyle(e), words = e.closest('svg') ? style.fill : style.color;
            const [dim, bright] = [light(words), light(behind(e))].sort((a, b) => a - b);
            return [(bright + .05) / (dim + .05), e.tagName.toLowerCase(), e.textContent.slice(0, 40)];
        });
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a chapter in a JupyterLab that knows nothing of its user and leaves no process."""
    folder = tmp_path_factory.mktemp("lab")
    project = copied(folder / "project", [CHAPTER])
    own = {f"JUPYTER_{kind.upper()}_DIR": str(folder / kind) for kind in ("config", "data", "runtime")}
    own |= {"IPYTHONDIR": str(folder / "ipython"), "LSCB_PROJECT": str(project)}
    command = [
        *(str(Path(sys.executable).with_name("jupyter")), "lab", "notebooks", "--no-browser", "--port=0"),
        *("--ip=127.0.0.1", "--allow-root", f"--IdentityProvider.token={TOKEN}"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=project, env=os.environ | own, stdout=log, stderr=log)
    try:
        address = _address(folder / "runtime", server)
        if not address:
            pytest.fail(f"JupyterLab did not start: {(folder / 'log').read_text('utf-8')[-2000:]}")
        yield f"{address}lab/tree/{CHAPTER}.ipynb?token={TOKEN}"
    finally:
        left = _end(server)
    assert left == []


def _address(runtime, server):
    """Where the server listens: it writes so a moment before it does. Nothing if it ends or never does."""
    until = time.monotonic() + STARTED
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError, ValueError):  # it is not written yet, or not whole
            (path,) = runtime.glob("jpserver-*.json")
            said = json.loads(path.read_text("utf-8"))
            socket.create_connection((said["hostname"], said["port"]), timeout=1).close()
            return said["url"]
        time.sleep(0.1)
    return ""


def _end(server):
    """End the server as one does from a terminal, and return those of its processes that had to be killed."""
    family = psutil.Process(server.pid).children(recursive=True) if server.poll() is None else []
    server.terminate()
    server.wait(STARTED)
    _, left = psutil.wait_procs(family, STARTED)
    for process in left:
        process.kill()
    return left


@pytest.fixture(scope="module")
def chapter(browser, lab):
    """The chapter, opened and run from top to bottom."""
    page = browser.new_page(viewport=WINDOW)
    page.set_default_timeout(1000 * STARTED)
    page.goto(lab)
    page.get_by_text("| Idle").wait_for()
    run_all(page)
    yield page
    page.close()


def choose(page, *names):
    """Choose an entry from the menus."""
    page.get_by_role("menuitem", name=names[0], exact=True).click()
    for name in names[1:]:
        page.locator(".lm-Menu").get_by_text(name, exact=True).click()


def run_all(page):
    """Run all cells, and wait until the last of them has run once more."""
    last = page.locator(".jp-CodeCell .jp-InputPrompt").last
    before = last.inner_text()
    choose(page, "Run", "Run All Cells")
    page.wait_for_function("([e, before]) => e.innerText !== before && /\\d/.test(e.innerText)",
                           arg=[last.element_handle(), before])  # fmt: skip


def retype(page, name, value):
    """Type another value for a parameter, in the cell of parameters."""
    line = page.locator(".jp-CodeCell").first.locator(".cm-line", has_text=re.compile(rf"^{name}\b"))
    line.click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text(f"{name}: str = {value}")


def drawn(page):
    return page.locator("figure .wide svg").first.evaluate("drawing => drawing.outerHTML")


def test_a_changed_parameter_changes_sentence_table_and_chart(chapter):
    sentence, before = chapter.locator(".finding").first, drawn(chapter)
    assert "(95% confidence interval 34% to 58%)" in sentence.inner_text()
    retype(chapter, "instead", '"confidence: 0.99"')
    run_all(chapter)
    assert "(99% confidence interval " in sentence.inner_text()
    assert "99% interval" in chapter.locator("table thead").first.inner_text()
    assert "with 99% intervals" in chapter.locator("figure .subtitle").first.inner_text()
    assert drawn(chapter) != before


def test_each_chart_is_shown_once_and_what_is_folded_away_opens(chapter):
    assert chapter.locator(".chart:visible").count() == chapter.locator("figure").count() > 3
    assert chapter.locator(".chart.narrow:visible").count() == 0
    boxes = chapter.locator("figure p[id$=-text]").evaluate_all("found => found.map(e => e.offsetWidth)")
    assert set(boxes) == {1}
    folded = chapter.locator("details").first
    assert not folded.locator("dl").is_visible()
    folded.locator("summary").click()
    boxes = folded.locator("dt, dd").evaluate_all(
        "found => found.map(e => e.getBoundingClientRect().toJSON())"
    )
    assert len(boxes) > 10
    assert {round(box["left"]) for box in boxes} == {round(boxes[0]["left"])}
    assert all(below["top"] >= above["bottom"] for above, below in pairwise(boxes))


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_convention_3_and_11_words_are_readable_and_charts_stand_on_white_in_both_themes(chapter, theme):
    choose(chapter, "Settings", "Theme", theme)
    chapter.wait_for_function(f"document.body.dataset.jpThemeName === '{theme}'")
    chapter.wait_for_function("getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')")
    contrasts = chapter.locator(".jp-Notebook").evaluate(CONTRASTS)
    assert {"p", "td", "th", "span", "text", "summary"} <= {tag for _, tag, _ in contrasts}
    assert [found for found in contrasts if found[0] < 4.5] == []
    panels = chapter.locator(".chart").evaluate_all(
        "found => found.map(e => getComputedStyle(e).backgroundColor)"
    )
    assert set(panels) == {"rgb(255, 255, 255)"}


def test_a_mistake_is_told_in_the_words_of_the_terminal(chapter):
    retype(chapter, "instead", '"area: Southend"')
    choose(chapter, "Run", "Run All Cells")
    errors = chapter.locator("[data-mime-type='application/vnd.jupyter.stderr']")
    told = errors.first.inner_text().splitlines()  # cells sent a moment later may run, and fail, as well
    assert told[0].startswith(
        "DataError: data/southend/, column area_name: 'Southend' is no area of any table. "
    )
    assert told[0].endswith("Did you mean 'Southend-on-Sea'?")
    assert told[-1:] == ["Line 3 of this cell led to it: pack = lscb.open_edition(edition, instead)"]
