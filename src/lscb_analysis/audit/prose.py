"""Prose that is typed, held against a list of words: what only the data can say is refused.

The list (`prose.toml`) has quantities, directions, levels, causes and claims about chance; for names of the
dictionary, which hold ages and grades, only words that tell what happened. Free are questions, quotations
that name their source, and sentences whose digest somebody who read them put into `approved.csv`, of the
dictionary for notebooks and of a board for what is its own.
"""

import ast
import json
import re
import tomllib
import unicodedata
from calendar import month_name
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import NamedTuple

import mistune
from bs4 import BeautifulSoup

from lscb_analysis import data
from lscb_analysis.editions import Edition
from lscb_analysis.project import SHARED, digest, notebook

APPROVED = "approved"
"""The file of words that lists the sentences somebody has read and approved."""

LIMITS = "What these numbers cannot show"
"""The heading below which an item that begins with “Whether” says what cannot be told."""

_FILE = tomllib.loads(Path(__file__).with_name("prose.toml").read_text("utf-8"))
_QUESTION = re.compile(
    rf"(?:(?:in|of|for|on|by|to|from|with|between) )?(?:{'|'.join(_FILE['asks'])})\b[^:;—–.!]*\?", re.I
)
_LIMITED = re.compile(r"(?:Whether (?!or not)|How (?:many|much) )[^:;—–!]*\.")
_SUPPOSES = re.compile(rf"\b(?:{'|'.join(_FILE['supposes'])})\b", re.I)
_ROMAN = re.compile(r"(?=[mdclxvi])m{0,4}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_SPACED = re.compile(r"\b(?:[a-z] ){2,}[a-z]\b")
_YEARS = re.compile(rf"(?:(?:\d{{1,2}} )?(?:{'|'.join(month_name[1:])}) )?(?:19|20)\d\d")
_ODD = re.compile(r"[0-9$+<=>^`|~\x00-\x1f\x7f]")
_OF_NAMES = "in_a_name"
_KEY = re.compile(r"[a-z0-9]+(?:[_.-][a-z0-9]+)+_?")
_REMEDY = (
    "Let a figure say it, ask it as a question, or quote it with its source. If it holds of every pack that "
    "can show it, let somebody who did not write it add this to "
)


class Passage(NamedTuple):
    """A paragraph, a heading, a cell or a field: where it stands, and what an approval names as its place.

    `folder`, of `data/`, has the approvals of what stands there.
    """

    file: str
    row: int | None
    column: str | None
    place: str
    words: str
    folder: str
    limits: bool = False
    names: bool = False


def typed_claims(edition: Edition) -> list[data.Problem]:
    """Return every typed claim in the files of words that an edition reads, in itself and in its chapters.

    Raises DataError if the dictionary or a file of words does not hold.
    """
    edition.open()
    passages = [passage for name in data.SHOWN for passage in _of_texts(name)]
    passages += _of_edition(edition)
    names = {
        *data.COLUMNS,
        *data.KINDS["facts"],
        *data.tables(),
        *data.dictionary().measures["measure"],
        *data.dictionary().categories["category"],
    }
    for path in map(notebook, sorted(edition.chapters)):
        passages += _of_notebook(path, names) if path.is_file() else []
    approved, shorts = frozenset(data.texts(APPROVED)["digest"]), tuple(data.dictionary().sources["short"])
    return [problem for passage in passages for problem in _claims(passage, approved, shorts)]


@cache
def _claims(passage: Passage, approved: frozenset[str], shorts: tuple[str, ...]) -> tuple[data.Problem, ...]:
    """The claims of a passage: a check asks for them by themselves, then for each edition that has it."""
    return tuple(_claimed(passage, approved, shorts))


def _claimed(passage: Passage, approved: frozenset[str], shorts: tuple[str, ...]) -> Iterator[data.Problem]:
    for sentence in _sentences(passage.words, shorts):
        claims = _told(sentence) if passage.names else _found(sentence, passage.limits)
        found = next(claims, None)
        if found and (known := digest(f"{passage.place}\n{sentence}")[:16]) not in approved:
            word, says = found
            shown = sentence if len(sentence) < 200 else f"{sentence[:200]}…"
            what = f"“{word}” {says}: “{shown}”"
            remedy = f"{_REMEDY}data/{passage.folder}/{APPROVED}.csv: {known},{passage.place},ROLE,DATE"
            yield data.Problem(passage.file, passage.row, passage.column, None, what, remedy)


def _sentences(words: str, shorts: tuple[str, ...]) -> list[str]:
    """The sentences of a passage, spaces set right, without the quotations that one of `shorts` follows."""
    whole = " ".join(unescape(words).split())
    for quotation in re.finditer(r"“[^“”]*” \(([^()]*)\)", whole):
        if quotation[1] in shorts:
            whole = whole.replace(quotation[0], "[…]")
    return [part for part in re.split(r"(?<=[.!?]) |(?<=[.!?][”’)]) ", whole) if part]


def _found(sentence: str, limits: bool) -> Iterator[tuple[str, str]]:
    """Yield each word of a sentence that claims something, with what it does."""
    spoken = "|".join(_FILE["spoken_of"])
    plain = re.sub(rf"\*(?:{spoken})\*", " ", sentence, flags=re.I)
    yield from _odd(plain)
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", plain) if unicodedata.category(letter)[0] != "M"
    ).casefold()
    joined = re.sub(r"(?<=[a-z])[^\w\s](?=[a-z])|_", "", plain)
    apart = " ".join(re.sub(r"[^\w\s]|_", " ", plain).split())
    asks = bool(_QUESTION.fullmatch(sentence)) and not _SUPPOSES.search(sentence)
    asks |= limits and bool(_LIMITED.fullmatch(sentence))
    for word in apart.split():
        alone = len(word) == 1 and not re.search(rf"\b{word.upper()}\b", sentence)  # a letter, as in “x”
        if _ROMAN.fullmatch(word) and word not in _FILE["like_roman"] and not alone:
            yield word, "is a Roman numeral, bound to no figure"
    if spaced := _SPACED.search(apart):
        yield spaced[0], "is a word that is spaced out"
    for says, pattern, never_free in _list():
        if (never_free or not asks) and (hit := pattern.search(apart) or pattern.search(joined)):
            yield hit[0], says


def _told(name: str) -> Iterator[tuple[str, str]]:
    """Yield the words of a name that tell what happened."""
    of_names = _FILE[_OF_NAMES]
    if hit := _pattern(of_names["words"]).search(name.casefold()):
        yield hit[0], of_names["says"]


def _odd(plain: str) -> Iterator[tuple[str, str]]:
    """Yield the characters in which a claim could hide."""
    if plain.isascii() and not _ODD.search(plain):
        return
    for letter in unicodedata.normalize("NFKD", plain):
        kind = unicodedata.category(letter)
        if kind[0] == "N":
            yield letter, "is a number that is bound to no figure"
        elif kind[0] == "C":
            yield f"U+{ord(letter):04X}", "is a character that cannot be seen"
        elif kind[0] == "L" and not letter.isascii():
            yield letter, "is a letter of another alphabet"
        elif kind[0] == "S":
            yield letter, "is a sign or markup where words are wanted"


@cache
def _list() -> tuple[tuple[str, re.Pattern[str], bool], ...]:
    """What each kind of word does, a pattern of its words, and whether a question does not free it."""
    kinds = [kind for name, kind in _FILE.items() if isinstance(kind, dict) and name != _OF_NAMES]
    return tuple((kind["says"], _pattern(kind["words"]), kind.get("never_free", False)) for kind in kinds)


def _pattern(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b".replace("*", r"\w*"))


def _of_texts(name: str) -> Iterator[Passage]:
    """The words of files of one name, each approved for its row, and for its edition where it has one."""
    if name in data.TEXTS:
        data.texts(name)  # it is checked
    for path in data.text_files(name):
        rows = data.read(path)
        for (file, row), record in zip(rows.index, data.records(rows), strict=True):
            for column in data.SHOWN[name]:
                key = record.get("edition"), record[rows.columns[0]], record.get("category")
                place = " ".join(filter(None, (f"{name}.csv", *key, column)))
                folder, said = path.parent.name, record[column]
                yield Passage(file, int(row), column, place, said, folder, names=name in data.DICTIONARY)


def _of_edition(edition: Edition) -> Iterator[Passage]:
    """The words of an edition, its period without years; telephone numbers have a form of their own.

    They tell of a report: an approval holds for every edition of that report, and for no other report.
    """
    file = f"{edition.name}.toml"
    place = (edition.report or file).replace(",", "")  # a row of a CSV names it
    words = {field: getattr(edition, field) for field in ("title", "board", "analysed", "assured", "ask")}
    words |= {f"notes {key}": note for key, note in edition.notes.items()}
    words["period"] = _YEARS.sub("", edition.period)
    for number, help in enumerate(edition.help, 1):
        parts = ("when", "service", "plain")
        words |= {f"help {number} {part}": getattr(help, part) or "" for part in parts}
    for field, said in words.items():
        yield Passage(f"{file}, {field}", None, None, f"{place} {field}", said, edition.data)


def _of_notebook(path: Path, names: set[str]) -> Iterator[Passage]:
    """The prose of a notebook's cells, and the words in quotation marks of its code."""
    limits = False
    for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"], 1):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            said = _typed_in_code(source, names)
        elif cell["cell_type"] == "markdown":
            said = _as_read(source)
        else:
            said = [source]
        if source.startswith("#"):
            limits = source.startswith(f"## {LIMITS}")
        for words in said:
            yield Passage(f"{path.name}, cell {number}", None, None, path.name, words, SHARED, limits)


def _typed_in_code(source: str, names: set[str]) -> list[str]:
    """The texts that code holds and that are neither names of the data nor compared with any."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []  # the chapter fails on it, and says where
    return list(_literals(tree, names))


def _literals(node: ast.AST, names: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Compare | ast.Subscript):
        return
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("query", "isin"):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and (joined := _added(node)):
        yield joined
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    if text and text not in names and not _KEY.fullmatch(text):
        yield text
    for child in ast.iter_child_nodes(node):
        yield from _literals(child, names)


def _added(node: ast.AST) -> str:
    """The text that texts with a plus between them make, or nothing."""
    if isinstance(node, ast.BinOp):
        return _added(node.left) + _added(node.right)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


_INLINE = ["a", "em", "strong", "code", "del", "span"]


def _as_read(markdown: str) -> list[str]:
    """The blocks of a cell as a reader meets them, with what is said of pictures and links; markup shows.

    Words in italics that are only spoken of keep the asterisks that free them.
    """
    tree = BeautifulSoup(str(_render()(markdown)), "html.parser")
    said = [str(tag[of]) for tag in tree.find_all() for of in ("alt", "title") if tag.get(of)]
    for tag in tree.find_all(lambda tag: tag.name not in _INLINE):
        tag.insert_before("\0")
        tag.insert_after("\0")
    for tag in tree.find_all("em"):
        if (words := tag.get_text()).casefold() in _FILE["spoken_of"]:
            tag.replace_with(f"*{words}*")
    return [words for words in map(str.strip, [*said, *tree.get_text().split("\0")]) if words]


@cache
def _render() -> mistune.Markdown:
    # as pages are rendered: HTML that is typed shows as it was typed
    return mistune.create_markdown(
        escape=True, plugins=["strikethrough", "table", "url", "task_lists", "def_list"]
    )
