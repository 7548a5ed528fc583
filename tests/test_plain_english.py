"""Docs, docstrings, messages and words of pages are in plain English: `plain_english.toml` says what is not.

Sentences are counted in words; code between backticks and a slot of a template are one word each.
"""

from __future__ import annotations

import ast
import html
import io
import json
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import CHECKOUT

DOCS = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
SOURCES = sorted([*(CHECKOUT / "src").rglob("*.py"), *(CHECKOUT / "benchmarks").rglob("*.py")])
PAGES = CHECKOUT / "src" / "lscb_analysis" / "pages"
TOML = [PAGES / "words.toml", PAGES / "methods.toml", PAGES.parent / "statistics.toml"]
TEMPLATES = sorted((PAGES / "templates").glob("*.j2"))
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
LONGEST_IN_DOCS, LONGEST_ON_PAGES = 30, 25
"""The most words of a sentence."""

LISTS = tomllib.loads((CHECKOUT / "tests" / "plain_english.toml").read_text("utf-8"))
NOUNS = "|".join(LISTS["chains"]["nouns"])
PHRASES = {
    **{
        phrase: says for group in ("turned_round", "wordy", "filler") for phrase, says in LISTS[group].items()
    },
    rf"(?:{NOUNS})(?: (?:{NOUNS})s?){{2,}}": LISTS["chains"]["instead"],
    r"(?:is|are|was|were) being \w+": "say who does it",
    r"(?:has|have|had) been \w+ed by": "begin with who did it",
}
"""What is looked for, as a pattern of words in which `…` is any ending, and what to write instead."""

PATTERNS = {
    phrase: re.compile(rf"\b(?:{phrase})\b".replace("…", r"\w*"), re.IGNORECASE) for phrase in PHRASES
}
_ENDS = re.compile(r"(?<=[.?!:;])[”’\")]*\s+(?=[“‘\"(]?[A-Z0-9{`*])|\n\n")


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
        if key.endswith(".formula"):
            continue
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


def faults(found: Iterable[Passage]) -> list[str]:
    """Every phrase to avoid in some passages, where it stands, with what to write instead."""
    said = [
        (passage, hit[0], PHRASES[phrase])
        for passage in found
        for phrase, pattern in PATTERNS.items()
        if (hit := pattern.search(passage.words)) and not allowed(phrase, passage.words)
    ]
    return [f"{p.where}: “{phrase}” in “{p.words[:150]}”: {instead}" for p, phrase, instead in said]


def allowed(phrase: str, words: str) -> bool:
    return any(entry["phrase"] == phrase and entry["words"] in words for entry in LISTS["allowed"])


def long(found: Iterable[Passage], most: int) -> list[str]:
    """Every sentence of more than so many words, with how many it has."""
    sentences = [(p.where, sentence) for p in found for sentence in _ENDS.split(p.words)]
    counted = [(where, len(re.findall(r"\S*\w\S*", sentence)), sentence) for where, sentence in sentences]
    return [f"{where}: {words} words: {sentence}" for where, words, sentence in counted if words > most]


@pytest.mark.parametrize("kind", KINDS)
def test_no_phrase_to_avoid_is_written(kind):
    assert faults(passages(kind)) == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "python"])
def test_no_sentence_is_too_long_to_read_aloud(kind):
    assert long(passages(kind), LONGEST_IN_DOCS if kind == "docs" else LONGEST_ON_PAGES) == []


@pytest.mark.parametrize("entry", LISTS["allowed"], ids=lambda entry: entry["phrase"])
def test_what_is_allowed_is_still_written(entry):
    """Else the exception would outlive its sentence."""
    assert any(entry["words"] in passage.words for kind in KINDS for passage in passages(kind))
    assert entry["why"]


PLANTED = "Of these, one is held for want of a count."


@pytest.mark.parametrize(
    "form", ["<p>{}</p>", "# {}", "- {}", "| a | {} |", "A [link]({}) leads on. {}", "1. {}"]
)
def test_words_of_a_page_of_markdown_are_read(form):
    found = [*of_markdown(f"Before.\n\n{form.replace('{}', PLANTED)}\n", "a.md")]
    assert len(faults(found)) == 1


def test_code_in_markdown_is_not_read():
    text = f"```\n{PLANTED}\n```\n\n    {PLANTED}\n\nSee `{PLANTED}` and [this](https://for-want-of.example)."
    assert faults(of_markdown(text, "a.md")) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""{}"""',
        'def f():\n    """Short.\n\n    {}\n    """',
        'raise ValueError("{}")',
        'raise ValueError(f"A {{x}}: " "{}")',
        "x = 1  # {}",
    ],
)
def test_words_of_a_module_are_read(tmp_path, source, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "CHECKOUT", tmp_path)
    (tmp_path / "m.py").write_text(source.format(PLANTED), "utf-8")
    assert faults(of_python(tmp_path / "m.py"))


def test_words_of_a_template_and_of_a_file_of_words_are_read(tmp_path):
    (tmp_path / "a.html.j2").write_text(
        f"{{% if x %}}<p>{PLANTED}</p>{{% endif %}}<style>of which{{}}</style>"
    )
    (tmp_path / "a.toml").write_text(f"# {PLANTED}\n[of]\nlist = ['{PLANTED}']\nkey = '{PLANTED}'\n", "utf-8")
    assert len(faults(of_template(tmp_path / "a.html.j2"))) == 1
    assert len(faults(of_toml(tmp_path / "a.toml"))) == 3


def test_a_sentence_is_counted_in_words():
    ten = "One two three four five six seven eight nine `ten eleven twelve`"
    assert long(of_markdown(f"{ten}. {ten}: {ten}.", "a.md"), 10) == []
    assert [said.split(": ")[1] for said in long(of_markdown(f"{ten} more.", "a.md"), 10)] == ["11 words"]


@pytest.mark.parametrize(
    ("wordy", "plain"),
    [
        ("the board chapter figure table", "the table of figures in the chapter"),
        ("a file being read is being checked", "the build checks a file as it reads it"),
        ("it has been read by nobody, has been checked by nobody", "nobody has checked it"),
        ("He utilised it, which holds good", "He used it, and that holds"),
        ("Nor is it there. Had nothing changed", "It is not there. If nothing had changed"),
        ("rather good", "one rather than the other"),
    ],
)
def test_what_is_wordy_is_found_and_what_is_plain_is_not(wordy, plain):
    assert faults([Passage("here", wordy)])
    assert not faults([Passage("here", plain)])
