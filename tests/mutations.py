"""Alterations of a built pack, of many kinds, each tried in several places: on pages, in tables, in files.

An alteration is made of what the pack has: the figures on its pages are found by their attributes.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from lscb_analysis.pages.display import MINUS

FIGURE = re.compile(r"<data ([^>]*)>([^<]*)</data>")
OPPOSITE = {
    "rose": "fell",
    "fell": "rose",
    "rise": "fall",
    "fall": "rise",
    "a rise": "a fall",
    "a fall": "a rise",
}
OPPOSITE |= {"above": "below", "below": "above", "larger than": "smaller than", "cannot be": "could be"}
OPPOSITE |= {
    "could be": "cannot be",
    "a surplus": "a deficit",
    "more": "fewer",
    "fewer": "more",
    "cannot": "can",
}
OPPOSITE |= {
    f"a {one} of this size": f"a {other} of this size" for one, other in (("rise", "fall"), ("fall", "rise"))
}
OPPOSITE |= {"went up": "went down", "went down": "went up"}
OPPOSITE |= {"lies within": "does not lie within", "agree": "do not agree", "disagree": "agree"}
VERDICTS = (
    "better",
    "worse",
    "higher",
    "lower",
    "changed",
    "no clear change",
    "too few to tell",
    "not compared",
)
CLAIMS = {
    "Chance alone is very unlikely to bring about": "Chance alone could bring about",
    "Chance alone could bring about": "Chance alone is very unlikely to bring about",
    "chance would hardly bring about": "chance would easily bring about",
    "is taken to matter": "would probably have shown",
    "has not clearly changed": "has clearly changed",
    "drives the change of the mix": "has not clearly changed",
    "chance alone could produce": "chance alone would hardly bring about",
    "We can be fairly sure that this is a real change": "This may be just chance",
    "This may be just chance": "We can be fairly sure that this is a real change",
    "This is good news": "This is not good news",
    "On its own, this is not good news or bad news": "This is good news",
    "But a real change could be hidden here": "A change that matters would most likely have shown",
    "We cannot say if this has changed": "We can say that this has changed",
}
TYPED = (
    "In all, 7 children were seen.",
    "That is one third of them.",
    "Twelve children waited.",
    "This took 3.5 days.",
    "The board met twice a hundred times.",
    "Half of them came back.",
    "The number doubled.",
    "Forty of them were visited.",
    "A dozen plans ended.",
    "By 2031 it will be different.",
)
CLAIMED = (
    "This is a significant change.",
    "The difference is significant.",
    "That is more than chance alone would bring about.",
    "It rose significantly.",
    "There was a clear fall beyond chance.",
    "Statistically significant improvement was seen.",
)


class Alteration(NamedTuple):
    """A file of a pack and its new content; none if it is taken away."""

    kind: str
    file: str
    content: bytes | None


def alterations(pack: Path) -> Iterator[Alteration]:
    """Yield every alteration of a pack: of a third of its pages, and of all its other files."""
    pages = {path.name: path.read_text("utf-8") for path in sorted(pack.glob("*.html"))[1::3]}
    for file, html in pages.items():
        for kind, altered in (
            *_of_figures(html),
            *_of_words(html),
            *_of_places(html),
            *_of_marks(html),
            *_of_code(html),
            *_typed(html),
            *_harmless(html),
        ):
            yield Alteration(kind, file, altered.encode())
    yield from _of_headlines(pages)
    for path in sorted(pack.glob("tables/*.csv")):
        for kind, csv in _of_tables(path.read_text("utf-8")):
            yield Alteration(kind, f"tables/{path.name}", csv.encode())
    yield from _of_files(pack)


class Found(NamedTuple):
    """A figure as it stands on a page, with what it is bound to."""

    start: int
    end: int
    about: dict[str, str]
    words: str
    html: str


def figures(html: str) -> list[Found]:
    return [
        Found(
            found.start(), found.end(), dict(re.findall(r'([\w-]+)="([^"]*)"', found[1])), found[2], found[0]
        )
        for found in FIGURE.finditer(html)
    ]


def _put(html: str, at: Found, instead: str) -> str:
    return html[: at.start] + instead + html[at.end :]


def _shown(at: Found, words: str) -> str:
    return at.html.replace(f">{at.words}<", f">{words}<")


def _some(found: list[Found], most: int = 3) -> list[Found]:
    """A few of them, spread over the page."""
    return found[:: max(1, len(found) // most)][:most]


def _digit(words: str) -> str:
    """`words` with their first digit raised by one, nine becoming one."""
    at = re.search(r"\d", words)
    assert at
    return words[: at.start()] + str(int(at[0]) % 9 + 1) + words[at.end() :]


def _of_figures(html: str) -> Iterator[tuple[str, str]]:
    found = figures(html)
    numbers = [at for at in found if re.search(r"\d", at.words) and not at.words.startswith("less")]
    for at in _some([at for at in found if at.words in OPPOSITE], 6):
        yield "direction turned", _put(html, at, _shown(at, OPPOSITE[at.words]))
    for at in _some(numbers):
        yield "digit shown", _put(html, at, _shown(at, _digit(at.words)))
        value = at.about["value"]
        yield (
            "digit bound",
            _put(html, at, at.html.replace(f'value="{value}"', f'value="{_digit(value)}"', 1)),
        )
        both = _shown(at, _digit(at.words)).replace(f'value="{value}"', f'value="{_digit(value)}"', 1)
        yield "digit shown and bound", _put(html, at, both)
        yield "unbound", _put(html, at, at.words)
    for at in _some([at for at in found if at.words in OPPOSITE and html[at.end :].find("<data") < 60], 2):
        yield "direction unbound", _put(html, at, at.words)
    for at in _some([at for at in numbers if at.words.endswith("%") and "data-unit" in at.html]):
        yield "unit lost", _put(html, at, _shown(at, at.words.removesuffix("%")))
    for at in _some([at for at in numbers if at.words.startswith("£")], 2):
        yield "unit changed", _put(html, at, _shown(at, at.words.replace("£", "") + "%"))
    for at in _some([at for at in numbers if at.words.startswith(MINUS)]):
        yield "minus lost", _put(html, at, _shown(at, at.words.removeprefix(MINUS)))
    for at in _some([at for at in found if at.words == "largest"], 1):
        yield "smallest for largest", _put(html, at, _shown(at, "smallest"))


def _of_places(html: str) -> Iterator[tuple[str, str]]:
    """A figure of another period, category or area, as it stands elsewhere on the page, put in its place."""
    found = [at for at in figures(html) if re.fullmatch(rf"[{MINUS}£]?[\d,.]+%?", at.words)]
    swaps: dict[str, list[tuple[Found, Found]]] = {}
    for at, other in pairwise(found):
        if at.about["value"] == other.about["value"] or at.words == other.words:
            continue
        differs = [key for key in at.about if at.about[key] != other.about.get(key)]
        differs = [key for key in differs if key not in ("value", "data-source", "data-period-before")]
        statistic = at.about["data-statistic"].removesuffix("_before")
        same = statistic == other.about["data-statistic"].removesuffix("_before") == "value"
        if same and [key for key in differs if key != "data-statistic"] in (
            ["data-period"],
            ["data-category"],
            ["data-area"],
        ):
            key = next(key for key in differs if key != "data-statistic")
            swaps.setdefault(key.removeprefix("data-"), []).append((at, other))
    for key, pairs in swaps.items():
        for at, other in pairs[:: max(1, len(pairs) // 3)][:3]:
            yield f"another {key}'s figure", _put(html, at, other.html)


def _of_words(html: str) -> Iterator[tuple[str, str]]:
    for found in list(
        re.finditer(r'(<strong data-verdict="[^"]*">|<span data-claim="[^"]*">)([^<]*)<', html)
    )[:6]:
        if found[2] in VERDICTS:
            other = VERDICTS[(VERDICTS.index(found[2]) + 3) % len(VERDICTS)]
        else:
            other = CLAIMS.get(found[2], "Chance alone is very unlikely to bring about")
        if other != found[2]:
            yield (
                "verdict or claim changed",
                f"{html[: found.start()]}{found[1]}{other}<{html[found.end() :]}",
            )
    for found in list(re.finditer(r'(data-statistic="conclusive[^>]*>)([a-z][^<]*)<', html))[:2]:
        yield (
            "verdict or claim changed",
            f"{html[: found.start()]}{found[1]}chance alone is unlikely to bring<{html[found.end() :]}",
        )
    for found in list(re.finditer(r'(<time datetime="\d{4}-\d\d-\d\d">[^<]*)(\d)(</time>)', html))[2:5]:
        year = str((int(found[2]) + 1) % 10)
        yield "date shown", f"{html[: found.start()]}{found[1]}{year}{found[3]}{html[found.end() :]}"
    for found in list(
        re.finditer(r"in the year ending <time datetime=\"(\d{4})(-03-31)\">31 March \d{4}</time>", html)
    )[:3]:
        before = int(found[1]) - 3
        other = f'in the year ending <time datetime="{before}{found[2]}">31 March {before}</time>'
        yield "another year said", html[: found.start()] + other + html[found.end() :]
    for found in list(re.finditer(r"In Southend-on-Sea, (?=<span)", html))[:2]:
        yield "another area said", html[: found.start()] + "In England, " + html[found.end() :]
    for found in list(re.finditer(r'<th scope="row">(\d{4}) to (\d{4})</th>', html))[:2]:
        other = f'<th scope="row">{int(found[1]) - 5} to {int(found[2]) - 5}</th>'
        yield "another period in a table", html[: found.start()] + other + html[found.end() :]
    for found in list(re.finditer(r'data-name="(?:label|caption|[a-z_0-9]+)">[^<]*?(\d+)[^<]*<', html))[:2]:
        at = found.start(1)
        yield "number in a name", html[:at] + _digit(html[at:])
    for words, other in (
        ("per 10,000 children", "per 1,000 children"),
        (" percentage points", " per cent of all"),
    ):
        for found in list(re.finditer(rf"(?<=</data>) ?(?:<span data-name=\"unit\">)?{words}", html))[:2]:
            yield "unit changed", html[: found.start()] + found[0].replace(words, other) + html[found.end() :]
    for found in list(re.finditer(r"(<text [^>]*>\s*)\d[\d.,]*(%?<)", html))[:2]:
        yield "number drawn", f"{html[: found.start()]}{found[1]}73.19{found[2]}{html[found.end() :]}"


def _of_marks(html: str) -> Iterator[tuple[str, str]]:
    """What stands within a mark that is no figure: a source, a symbol, a kind of verdict; and headings."""
    for found in list(re.finditer(r"<cite[^>]*>[^<]*?(\d)[^<]*</cite>", html))[::7][:2]:
        at = found.start(1)
        yield "number in a source", html[:at] + str(int(found[1]) % 9 + 1) + "87" + html[at + 1 :]
    for found in list(re.finditer(r'(<span data-status="\w+">)\[\w+\](</span>)', html))[:2]:
        yield "number for a symbol", f"{html[: found.start()]}{found[1]}57{found[2]}{html[found.end() :]}"
        typed = f'<span data-status="z">57%</span>{html[found.end() :]}'
        yield "number for a symbol", html[: found.start()] + typed
    for found in list(re.finditer(r'(<span data-name="kind">)[^<]*(</span>)', html))[:2]:
        yield (
            "another kind of verdict",
            f"{html[: found.start()]}{found[1]}are worse{found[2]}{html[found.end() :]}",
        )
    if (end := html.find("</h2>", html.find("finding"))) > 0:
        yield "significance claimed", f"{html[:end]}: a significant fall{html[end:]}"


def _typed(html: str) -> Iterator[tuple[str, str]]:
    """Sentences typed by hand at the end of a paragraph of prose."""
    ends = [found.start() for found in re.finditer(r"\.</p>", html[: html.find("<footer")])]
    for at, (sentence, end) in enumerate(zip((*TYPED, *CLAIMED), ends * 20, strict=False)):
        if at % 6 == len(html) % 6 or sentence in CLAIMED[:2]:
            kind = "number typed" if sentence in TYPED else "significance claimed"
            yield kind, f"{html[:end]}. {sentence.removesuffix('.')}{html[end:]}"


def _of_headlines(pages: dict[str, str]) -> Iterator[Alteration]:
    headline = re.compile(r'(<p class="headline"[^>]*>)(.*?)(</p>)', re.S)
    having = [(file, found) for file, html in pages.items() if (found := headline.search(html))]
    for (file, found), (_, other) in pairwise([*having, having[0]]):
        html = pages[file]
        altered = html[: found.start(2)] + other[2] + html[found.end(2) :]
        yield Alteration("headline of another chapter", file, altered.encode())


def _of_code(html: str) -> Iterator[tuple[str, str]]:
    """What a browser makes of a page that is not in its words: style, scripts, drawings, links."""
    for rule in (
        "data { visibility: hidden }",
        "data::after { content: '0' }",
        "td { direction: rtl; unicode-bidi: bidi-override }",
        "p.finding { display: none }",
        "svg path { transform: scaleY(-1) }",
    ):
        kind = "CSS content" if "content" in rule else "CSS that hides or turns"
        yield kind, html.replace("</style>", f"{rule}</style>", 1)
    script = "<script>for (const one of document.querySelectorAll('data')) one.textContent = '7'</script>"
    yield "script", html.replace("</body>", f"{script}</body>", 1)
    yield "script in an attribute", html.replace("<main ", '<main onclick="this.remove()" ', 1)
    yield "attribute", html.replace("<main ", "<main hidden ", 1)
    yield "attribute", html.replace('<html lang="en', '<html dir="rtl" lang="en', 1)
    yield "link", re.sub(r'href="[^"#]+\.html', 'href="elsewhere.html', html, count=1)
    yield "link", html.replace("</footer>", '<a href="https://example.org/">More</a></footer>', 1)
    yield "telephone number", re.sub(r'(href="tel:\+?\d*)\d"', r'\g<1>9"', html, count=1)
    yield "picture from elsewhere", html.replace("</main>", '<img src="x.png" alt=""></main>', 1)
    for drawn in list(re.finditer(r'( d="M [\d.]+ )([\d.]+)', html))[:2]:
        higher = f"{float(drawn[2]) + 40:g}"
        yield "drawing", f"{html[: drawn.start()]}{drawn[1]}{higher}{html[drawn.end() :]}"
    for row in list(re.finditer(r"<tr>\s*<th scope=\"row\".*?</tr>", html, re.S))[:2]:
        yield "row of a table removed", html[: row.start()] + html[row.end() :]
    for item in list(re.finditer(r"<li>.*?</li>", html, re.S))[:1]:
        yield "item removed", html[: item.start()] + html[item.end() :]
    yield "half a page", html[: len(html) // 2]


def _of_files(pack: Path) -> Iterator[Alteration]:
    """Files of other kinds, and files added, emptied and taken away."""
    book = (pack / "tables.xlsx").read_bytes()
    sheets = [name for name in zipfile.ZipFile(io.BytesIO(book)).namelist() if "sheet" in name]
    for name in [name for name in sheets if name.endswith(".xml")][:8]:
        yield Alteration("cell of the spreadsheet", "tables.xlsx", _sheet_altered(book, name))
    pdf = (pack / "pack.pdf").read_bytes()
    for at in range(10, len(pdf), len(pdf) // 6):
        yield Alteration("byte of the PDF", "pack.pdf", pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :])
    manifest = json.loads((pack / "manifest.json").read_text("utf-8"))
    for key in ("built", "commit", "python", "library", "packages", "browser"):
        other = json.dumps(manifest | {key: "2026-01-01"}, indent=2, ensure_ascii=False) + "\n"
        yield Alteration("manifest", "manifest.json", other.encode())
    for key in ("inputs", "comparisons", "versions", "files"):
        less = dict(list(manifest[key].items())[1:])
        other = json.dumps(manifest | {key: less}, indent=2, ensure_ascii=False) + "\n"
        yield Alteration("manifest", "manifest.json", other.encode())
    for file in sorted(path.relative_to(pack).as_posix() for path in pack.rglob("*") if path.is_file()):
        if file != "manifest.json":
            yield Alteration("file removed", file, None)
            yield Alteration("file emptied", file, b"")
    for file in ("16_more.html", "tables/more.csv", "style.css", ".htaccess", "deep/er/index.html"):
        yield Alteration("file added", file, b"7")


def _sheet_altered(book: bytes, name: str) -> bytes:
    """A spreadsheet with one sheet whose first number is another, or that has a blank more."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == name:
                content = re.sub(rb"<v>\d+</v>", b"<v>7777</v>", content, count=1) + b" "
            new.writestr(entry, content)
    return changed.getvalue()


def _of_tables(csv: str) -> Iterator[tuple[str, str]]:
    header, *rows = csv.splitlines()
    columns = header.split(",")
    yield "other line ends", csv.replace("\n", "\r\n")
    yield "half a CSV", csv[: len(csv) // 2]
    yield "CSV row removed", "\n".join([header, *rows[:-1], ""])
    yield "CSV rows in another order", "\n".join([header, *reversed(rows), "", ""])
    for column, kind in (("value", "cell"), ("numerator", "cell"), ("lower", "cell"), ("change", "cell")):
        at = columns.index(column) if column in columns else None
        plain = [row for row in rows if '"' not in row]
        if at is None or not plain:
            continue
        cells = plain[len(plain) // 2].split(",")
        if cells[at] and re.search("[1-9]", cells[at]):
            altered = ",".join([*cells[:at], _digit(cells[at]), *cells[at + 1 :]])
            yield f"CSV {kind}", csv.replace(plain[len(plain) // 2], altered, 1)
        negative = next((row for row in plain if row.split(",")[at].startswith("-")), None)
        if negative:
            cells = negative.split(",")
            altered = ",".join([*cells[:at], cells[at].removeprefix("-"), *cells[at + 1 :]])
            yield "CSV minus lost", csv.replace(negative, altered, 1)
    for column, old, new in (
        ("time_period", r"20(1\d)", "2001"),
        ("source", r"report-[\w.-]+|dfe-[\w-]+", "report-9.9-else"),
        ("unit", r"number|%", "score"),
        ("area_name", r".+", "Elsewhere"),
        ("status", r"[cxz]", "u"),
    ):
        at = columns.index(column) if column in columns else None
        row = next(
            (r for r in rows if '"' not in r and at is not None and re.fullmatch(old, r.split(",")[at])), None
        )
        if row and at is not None:
            cells = row.split(",")
            altered = ",".join([*cells[:at], new, *cells[at + 1 :]])
            yield f"CSV {column}", csv.replace(row, altered, 1)
    if "E06000033" in csv:
        yield "CSV area", csv.replace("E06000033", "E06000034", 1)


def _harmless(html: str) -> Iterator[tuple[str, str]]:
    """What changes nothing that a reader is told, and is not the pack all the same."""
    if figure := next(iter(figures(html)), None):
        turned = " ".join(reversed(re.findall(r'[\w-]+="[^"]*"', figure.html.partition(">")[0])))
        yield "attributes in another order", _put(html, figure, f"<data {turned}>{figure.words}</data>")
    yield "a comment", html.replace("<main", "<!-- 12 of 34 rose --><main", 1)
    yield "white space", re.sub(r"</p>\n", "</p>\n\n  ", html)
    yield "a class", html.replace("<main ", '<main class="wide" ', 1)
    yield "a sentence without figures", html.replace(".</p>", ". The board thanks its partners.</p>", 1)
    yield (
        "a character as an entity",
        html.replace("’", "&rsquo;").replace("–", "&ndash;").replace("“", "&ldquo;"),
    )
    yield "style", html.replace("<style>", "<style>\n.wide { width: 99.5% }", 1)
