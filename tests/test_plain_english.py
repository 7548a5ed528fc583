"""Docs, docstrings, messages and the words of pages are in plain English: `plain_english.toml` says what is not.

Length is counted in words; code between backticks and a slot of a template are one word each.
"""

from __future__ import annotations

import ast
import html
import io
import json
import re
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conftest import CHECKOUT

DOCS = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
SOURCES = sorted([*(CHECKOUT / "src").rglob("*.py"), *(CHECKOUT / "benchmarks").rglob("*.py")])
PAGES = CHECKOUT / "src" / "lscb_analysis" / "pages"
TOML = [PAGES / "words.toml", PAGES / "methods.toml", PAGES.parent / "statistics.toml"]
TEMPLATES = sorted((PAGES / "templates").glob("*.j2"))
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
LONGEST_IN_DOCS, LONGEST_ON_PAGES = 30, 25
"""The most words of a sentence."""

PASSIVE = {
    r"\b(?:is|are|was|were) being \w+": "say who does it",
    r"\b(?:has|have|had) been \w+ed by\b": "begin with who did it",
}
_ENDS = re.compile(r"(?<=[.?!:;])[”’\")]*\s+(?=[“‘\"(]?[A-Z0-9{`*])|\n\n")
_LISTS = tomllib.loads((CHECKOUT / "tests" / "plain_english.toml").read_text("utf-8"))


class Passage(NamedTuple):
    """Words of a kind, and where they stand."""

    where: str
    words: str


def of_markdown(text: str, where: str) -> Iterator[Passage]:
    """Paragraphs, items of lists and cells of tables, without code and addresses."""
    text = re.sub(r"(?ms)^(?:```.*?^```|    .*?$)|<!--.*?-->", "", text)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|#]|\d+\.) ?)", text):
        for words in block.strip("| ").split(" | ") if block.lstrip().startswith("|") else [block]:
            yield Passage(where, re.sub(r"^\s*(?:[-*#]+|\d+\.)\s+", "", bare(words)))


def bare(words: str) -> str:
    """Words without markup, code as one word."""
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", words)
    words = re.sub(r"``?[^`]+``?", "CODE", words)
    return " ".join(words.replace("*", "").split())


def of_python(path: Path) -> Iterator[Passage]:
    """Docstrings, messages and comments of a module. A message is a text of at least five words."""
    source, where = path.read_text("utf-8"), path.relative_to(CHECKOUT).as_posix()
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            said = node.value
        elif isinstance(node, ast.JoinedStr):
            said = "".join(str(p.value) if isinstance(p, ast.Constant) else "CODE" for p in node.values)
        else:
            continue
        if len(said.split()) >= 5 and not re.search(r"[\\^]|\(\?", said):
            for block in re.split(r"\n\s*\n", said):
                yield Passage(f"{where}:{node.lineno}", bare(block))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Passage(f"{where}:{token.start[0]}", bare(token.string.lstrip("# ")))


def of_toml(path: Path) -> Iterator[Passage]:
    """Every text of a file of words, its slots as words, and its comments."""

    def texts(value: object, key: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from texts(inner, f"{key}.{name}")
        elif isinstance(value, list):
            for inner in value:
                yield from texts(inner, key)
        elif isinstance(value, str) and " " in value:
            yield key, value

    source = path.read_text("utf-8")
    for key, said in texts(tomllib.loads(source), path.name):
        yield Passage(key, bare(spoken(said)))
    for comment in re.findall(r"(?m)^#+ ?(.*)$", source):
        yield Passage(path.name, bare(comment))


def spoken(template: str) -> str:
    """A template as words: markup and conditions gone, each slot one word."""
    template = re.sub(r"(?s)\{[%#].*?[%#]\}|<(style|script|svg)\b.*?</\1>", " ", template)
    template = re.sub(r"\{\{?.*?\}\}?", "SLOT", template)
    return html.unescape(re.sub(r"</?(?:p|li|h\d|dt|dd|td|th|caption|summary)\b[^>]*>", "\n\n", template))


def of_template(path: Path) -> Iterator[Passage]:
    """The words of a template of pages."""
    for block in re.split(r"\n\s*\n", spoken(path.read_text("utf-8"))):
        yield Passage(path.name, bare(re.sub(r"<[^>]*>", "", block)))


def of_notebook(path: Path) -> Iterator[Passage]:
    """The prose of a notebook."""
    for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"], 1):
        if cell["cell_type"] == "markdown":
            yield from of_markdown("".join(cell["source"]), f"{path.name}, cell {number}")


@cache
def passages(kind: str) -> tuple[Passage, ...]:
    """All passages of a kind."""
    found = {
        "docs": lambda: (p for path in DOCS for p in of_markdown(path.read_text("utf-8"), path.name)),
        "python": lambda: (p for path in SOURCES for p in of_python(path)),
        "words": lambda: (p for path in TOML for p in of_toml(path)),
        "templates": lambda: (p for path in TEMPLATES for p in of_template(path)),
        "notebooks": lambda: (p for path in NOTEBOOKS for p in of_notebook(path)),
    }
    return tuple(passage for passage in found[kind]() if passage.words)


KINDS = ("docs", "python", "words", "templates", "notebooks")
