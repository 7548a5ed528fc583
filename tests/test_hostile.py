"""Hostile words in data, editions and parameters: shown as text, never run, never a path."""

from __future__ import annotations

import ast
import csv
import io
import re
import tomllib
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import DATA, DICTIONARY, EDITION, as_they_ran, copied, data_files
from typer.testing import CliRunner

from lscb_analysis.build import builder
from lscb_analysis.build.asked import Asked
from lscb_analysis.cli import app
from lscb_analysis.pages import tables

CHAPTERS = ["01_children_in_the_area", "03_primary_need", "14_board_finance"]
LONG = "endless" + "x" * 9_993
NEEDS = [
    "<script>alert('need')</script>",
    "\"><img src=x onerror=alert('need')>",
    "' onmouseover='alert(1)' x='",
    '=HYPERLINK("https://example.org","click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\u200fצרכים 12",
    "../../../etc/passwd",
    "{0.__class__} {{ 7 * 7 }} {% raw %} %s",
]
"""One for each category of need, as its key and as its label."""

HEADINGS = {
    "Insurance": LONG,
    "Salary recharge": "$\\frac{1}{0}$ and $x_",
    "Salaries": "👩‍👧 <b>salaries</b>",
    "Security": "&lt;i&gt; --> ]]> <!--",
    "Postage": "..\\..\\C:\\postage.csv",
    "Telephone": "javascript:alert(1)",
    "Stationery": "`[x](javascript:alert(1))` **x**",
    "Consultancy": "\uff1d1+1",
}
"""Labels of the board's expenditure: keys that a notebook names stay as they are."""

AREA = "=Area\"'><img src=x onerror=alert(1)>/../\\n{x}"
COUNTRY = "<u>אנגליה</u>"
WORDS = {
    "measures": {
        "primary_need": {
            "title": "Needs</caption><script>alert(1)</script>",
            "phrase": "the <em>needs</em>",
            "counted": "children</p><svg onload=alert(1)>",
            "label": "Need<br>",
        },
        "fsm_primary": {"title": "שכר <i>meals</i>", "label": "=meals<hr>"},
        "population_0_17": {"phrase": "the </span><iframe src=x>number"},
    },
    "sources": {
        "report-5.2-primary-need": {
            "short": "<cite onclick=alert(1)>",
            "table": '"><a href="javascript:alert(1)">',
            "document": "<object data=x>",
            "publisher": "-1+<form>",
        },
    },
}
SAID = {"about": "<marquee>", "said": "Said </li><script>alert()</script> סוף", "status": "=A+<s>"}
ASSUMED = {"said": "</ul><script>alert()</script>", "owner": "\"'><base href=//example.org>"}
TERM, MEANING = "endless", "<template>meant"
EDITED = {
    "title": "</title><script>alert(4)</script>",
    "board": "<math><mtext></form>",
    "period": "2017 <plaintext> 2018",
    "analysed": "<details open ontoggle=alert(5)>",
    "assured": "{{ page.title }}",
    "ask": '"><input autofocus onfocus=alert(6)>',
}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "div"),
    *("h1", "h2", "h3", "p", "span", "a", "ul", "li", "dl", "dt", "dd", "br", "small", "bdi", "data", "time"),
    *("strong", "em", "code", "cite", "details", "summary", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "g", "path", "text", "tspan", "defs", "clippath", "rect", "use", "line", "circle", "polyline"),
}
"""The elements that templates and sentences use, and none that data brings."""

LINK = re.compile(r"#[\w.-]+|[\w-]+\.html(#[\w-]+)?|tables/[\w-]+\.csv|tables\.xlsx|tel:\d+")

ISOLATED = ("bdi", "cite", "a", "data", "strong")
"""Elements that the style sheet, or HTML itself, closes off from the direction of what stands beside them."""


def edit(path: Path, key: str, changed: dict[str, dict[str, str]]) -> None:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name, cells in changed.items():
        assert (frame[key] == name).any(), name
        frame.loc[frame[key] == name, list(cells)] = list(cells.values())
    frame.to_csv(path, index=False)


def poison(project: Path) -> None:
    """Put hostile words wherever data, facts, assumptions, glossary and edition have words."""
    data = project / DATA
    edit(project / DICTIONARY / "measures.csv", "measure", WORDS["measures"])
    edit(data / "sources.csv", "source", WORDS["sources"])
    with (project / DICTIONARY / "counted.csv").open("a", encoding="utf-8", newline="") as file:
        counted = (words["counted"] for words in WORDS["measures"].values() if "counted" in words)
        csv.writer(file).writerows([words, "children"] for words in counted)
    categories = pd.read_csv(project / DICTIONARY / "categories.csv", dtype=str, keep_default_na=False)
    known = categories.loc[categories["scheme"] == "primary_need", "category"]
    needs = dict(zip(known, NEEDS, strict=True))
    for path in data_files(project):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        if path.stem in ("categories", "primary_need", "dfe_primary_need"):
            frame["category"] = frame["category"].replace(needs)
        if path.stem == "categories":
            needed = frame["scheme"] == "primary_need"
            frame["label"] = frame["category"].where(needed, frame["label"])
            spent = frame["scheme"] == "board_expenditure"
            frame.loc[spent, "label"] = frame.loc[spent, "category"].replace(HEADINGS)
        if "area_name" in frame:
            frame["area_name"] = frame["area_name"].replace({"Southend-on-Sea": AREA, "England": COUNTRY})
        frame.to_csv(path, index=False)
    edit(data / "facts.csv", "chapter", {CHAPTERS[0]: SAID})
    edit(data / "assumptions.csv", "chapters", {"all": ASSUMED})
    with (data / "glossary.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow([TERM + "x" * 9_993, MEANING, "report-appendix-4-glossary"])
    write_edition(project / EDITION)


def write_edition(path: Path) -> None:
    text = path.read_text("utf-8")
    for name, words in EDITED.items():
        text = re.sub(rf'(?m)^{name} = ".*"$', lambda _: f"{name} = {quoted(words)}", text)  # noqa: B023
    text = re.sub(r'(?m)^service = ".*"$', f"service = {quoted('<q>service</q>')}", text)
    path.write_text(text, "utf-8")
    assert tomllib.loads(text)["ask"] == EDITED["ask"]


def quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def approve_all(project: Path) -> None:
    """Approve whatever `lscb check` refuses of typed words, so that pages have to bear it."""
    refused = CliRunner().invoke(app, ["check"]).output
    digests = re.findall(r"(data/\w+/approved\.csv): ([0-9a-f]{16}),", refused)
    assert digests, refused
    for file, digest in digests:
        with (project / file).open("a", encoding="utf-8") as approved:
            approved.write(f"{digest},here,a reader of hostile words,2026-11-30\n")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder that holds the poisoned project, and the draft built of it with a hostile parameter."""
    place = tmp_path_factory.mktemp("hostile")
    poison(copied(place / "project", CHAPTERS))
    before = files(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSCB_PROJECT", str(place / "project"))
        approve_all(place / "project")
        pack = builder.build(None, Asked(changed={"area": AREA}), place / "out" / "pack")
    assert not pack.failed, [chapter.error for chapter in pack.failed]
    made = {path.relative_to(place).parts[:2] for path in files(place) - before}
    assert made == {("out", ".pack-draft"), ("project", ".lscb")}
    return pack.folder


@pytest.fixture(scope="module")
def parsed(built) -> dict[str, BeautifulSoup]:
    return {path.name: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in built.glob("*.html")}


def files(place: Path) -> set[Path]:
    return {path for path in place.rglob("*") if path.is_file() and not path.is_symlink()}


def test_no_element_and_no_attribute_comes_from_data(parsed):
    for page in parsed.values():
        for element in page.find_all(True):
            assert element.name in TAGS, element.name
            assert not [name for name in element.attrs if name.startswith("on") or name == "src"]
            assert re.fullmatch(r"[\w.-]*", element.get("id", ""))
            assert "href" not in element.attrs or LINK.fullmatch(element["href"]), element["href"]


def test_every_hostile_text_is_on_a_page_as_text(parsed):
    for page in parsed.values():
        for drawing in page.find_all("svg"):
            drawing.decompose()
    shown = "\n".join(page.get_text() for page in parsed.values())
    words = [*NEEDS, *HEADINGS.values(), AREA, COUNTRY, *SAID.values(), *ASSUMED.values(), MEANING]
    words += [words for name, words in EDITED.items() if name not in ("analysed", "assured")]
    words += [cell for entries in WORDS.values() for cells in entries.values() for cell in cells.values()]
    missing = [said[:60] for said in words if said not in shown]
    assert missing == []


def test_what_runs_from_right_to_left_turns_nothing_beside_it(parsed):
    for page in parsed.values():
        for text in page.find_all(string=re.compile("[\u0590-\u05ff]")):
            closed = text.parent.name in ISOLATED or text.parent.has_attr("data-name")
            assert closed or re.search("\u2068[^\u2069]*[\u0590-\u05ff][^\u2069]*\u2069", text), text


def test_a_spreadsheet_runs_no_cell_of_a_csv_and_numbers_stay_numbers(built):
    cells = [
        cell
        for path in (built / "tables").glob("*.csv")
        for row in csv.reader(io.StringIO(path.read_text("utf-8")))
        for cell in row
    ]
    runs = [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20") and cell]
    assert {cell for cell in runs if not re.fullmatch(r"-?[0-9,]+(\.[0-9]+)?(e-[0-9]+)?|-", cell)} == set()
    assert {f"'{word}" for word in [AREA, *NEEDS[3:7]]} <= set(cells)
    money = pd.read_csv(next((built / "tables").glob("14_*expenditure*.csv")))
    assert money["value"].min() < 0


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *((f"{sign}1+1", f"'{sign}1+1") for sign in "=+-@\t\uff1d\uff0b\uff0d\uff20"),
        *((f"a{end}=1+1", "a =1+1") for end in ("\r", "\n", "\r\n")),
        (" =1+1", "' =1+1"),
        ("--", "'--"),
        *((cell, cell) for cell in ("-805.00", "-62,921.00", "+34%", "-£5", "-", "a=b", "", "'=1")),
    ],
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_before_it(cell, written):
    frame = pd.DataFrame({"text": [cell], "number": [-1.5]})
    assert list(csv.reader(io.StringIO(tables.csv(frame), newline="")))[1] == [written, "-1.5"]


def test_the_spreadsheet_holds_hostile_words_as_words_and_leads_nowhere(built):
    with zipfile.ZipFile(built / "tables.xlsx") as file:
        parts = {name: file.read(name).decode() for name in file.namelist()}
    words = ["".join(item.itertext()) for item in ElementTree.fromstring(parts["xl/sharedStrings.xml"])]
    assert {*NEEDS, HEADINGS["Stationery"], HEADINGS["Consultancy"]} <= {unturned(said) for said in words}
    assert AREA in "".join(words)
    assert not [name for name, part in parts.items() if "<f>" in part or 'TargetMode="External"' in part]


def unturned(words: str) -> str:
    return words.strip("\u2068\u2069")


def test_files_are_named_by_us(built):
    names = {path.relative_to(built).as_posix() for path in files(built)}
    own = ("index", "all", "measures", "methods", "assumptions", "accessibility")
    pages = {f"{name}.html" for name in (*own, *CHAPTERS)}
    assert pages | {"manifest.json", "tables.xlsx"} == {name for name in names if "/" not in name}
    assert all(re.fullmatch(r"tables/[0-9]{2}_[a-z0-9_-]+\.csv", name) for name in names if "/" in name)


def test_a_parameter_is_injected_as_the_text_that_it_is(built):
    for chapter in CHAPTERS:
        cells = nbformat.read(as_they_ran(built.parents[1] / "project", built.name)[chapter], 4).cells
        injected = next(cell for cell in cells if "injected-parameters" in cell.metadata.get("tags", []))
        assigned = {line.targets[0].id: line.value for line in ast.parse(injected.source).body}
        assert all(isinstance(value, ast.Constant) for value in assigned.values())
        assert {*assigned} == {"edition", "instead"}


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 320])
def test_a_browser_runs_nothing_and_no_page_scrolls_sideways(browser, built, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for path in sorted(built.glob("*.html")):
        page.goto(path.as_uri())
        page.mouse.move(100, 100)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
    assert (wrong, [url for url in asked if not url.endswith(".html")]) == ([], [])
    page.close()
