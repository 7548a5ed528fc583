"""A page of a pack as its reader meets it: blocks of words, each word with the mark that was put on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html.parser import HTMLParser
from typing import Any, NamedTuple

from lscb_analysis.figure import Figure

BLOCKS = {"p", "li", "dt", "dd", "td", "th", "caption", "summary", "h1", "h2", "h3", "h4", "title", "text"}
ISOLATES = dict.fromkeys((0x2068, 0x2069))
"""Marks that keep words of another direction to themselves: a reader does not see them."""
VOID = {"br", "meta", "link", "img", "input", "hr"}
MARKS = ("data-name", "data-status", "data-verdict", "data-claim")


class Piece(NamedTuple):
    """Words that carry one mark, or none: data, time, cite, em, name, status, verdict or claim."""

    words: str
    mark: str
    about: dict[str, str]


@dataclass
class Block:
    """A paragraph, an item, a heading or a cell, and where on its page it stands."""

    tag: str
    pieces: list[Piece] = field(default_factory=list)
    within: frozenset[str] = frozenset()
    chart: str = ""
    table: str = ""
    row: tuple[str, ...] = ()
    column: str = ""
    caption: str = ""

    @cached_property
    def alone(self) -> tuple[Any, ...]:
        """All that one may know of it without its neighbours: not which chart or table it stands in."""
        pieces = ((piece.words, piece.mark, *piece.about.items()) for piece in self.pieces)
        stands = "symbols" in self.within, "by-measure" in self.table
        return self.tag, *pieces, *stands, self.row, self.column, self.caption

    @property
    def words(self) -> str:
        return " ".join("".join(piece.words for piece in self.pieces).split())

    def sentences(self) -> list[list[Piece]]:
        """Return the pieces sentence by sentence: unmarked words end one with a full stop, or ask."""
        sentences: list[list[Piece]] = [[]]
        for piece in self.pieces:
            if piece.mark:
                sentences[-1].append(piece)
                continue
            *ended, last = _ends(piece.words)
            for words in ended:
                sentences[-1].append(Piece(words, "", {}))
                sentences.append([])
            sentences[-1].append(Piece(last, "", {}))
        return [sentence for sentence in sentences if any(piece.words.strip() for piece in sentence)]


@lru_cache(maxsize=64)
def read_page(html: str) -> tuple[Block, ...]:
    """Return the blocks of a page in their order; a cell knows its row, its column and its caption."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    subtitles = {block.chart: block.words for block in reader.blocks if "subtitle" in block.within}
    for block in reader.blocks:
        block.caption = block.caption or subtitles.get(block.chart, "")
    return tuple(block for block in reader.blocks if block.pieces)


def cited(piece: Piece) -> Figure:
    """Return what a `<data>` element says that its figure is."""
    return Figure.of_html(piece.about)


def _ends(words: str) -> list[str]:
    """`words` cut after each full stop or question mark that a space and another sentence follow."""
    parts, begun = [], 0
    for at, letter in enumerate(words[:-1]):
        if letter in ".?" and words[at + 1].isspace():
            parts.append(words[begun : at + 1])
            begun = at + 1
    return [*parts, words[begun:]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.open: list[tuple[str, dict[str, str]]] = []
        self.tags: list[str] = []
        self.inside: list[Block] = []
        self.heads: list[str] = []
        self.row: list[str] = []
        self.caption = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            if tag == "br" and self.inside:
                self.inside[-1].pieces.append(Piece("\n", "", {}))
            return
        about = {key: value or "" for key, value in attrs}
        self.open.append((tag, about))
        self.tags.append(tag)
        if tag == "table":
            self.heads, self.caption = [], ""
        elif tag == "tr":
            self.row = []
        if tag in BLOCKS:
            self.inside.append(self._block(tag))
            self.blocks.append(self.inside[-1])

    def _block(self, tag: str) -> Block:
        classes = {name for _, about in self.open if "class" in about for name in about["class"].split()}
        block = Block(
            tag,
            within=frozenset(classes.union(self.tags)),
            chart=next((about.get("id", "") for tag, about in self.open if tag == "figure"), ""),
            table=next((about.get("id", "") for tag, about in self.open if tag == "table"), ""),
            caption=self.caption if "table" in self.tags else "",
        )
        if tag in ("td", "th") and "tbody" in self.tags:
            at = len(self.row)
            block.row = tuple(words for words in self.row if words)
            block.column = self.heads[at] if at < len(self.heads) else ""
        return block

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or tag not in self.tags:
            return
        while self.open:
            opened, _ = self.open.pop()
            self.tags.pop()
            if opened in BLOCKS and self.inside:
                self._closed(self.inside.pop())
            if opened == tag:
                return

    def _closed(self, block: Block) -> None:
        if block.tag == "caption":
            self.caption = block.words
        elif block.tag == "th" and "thead" in block.within:
            self.heads.append(block.words)
        elif block.tag in ("th", "td") and "tbody" in block.within:
            self.row.append(block.words if block.tag == "th" else "")

    def handle_data(self, data: str) -> None:
        if self.inside and "style" not in self.tags:
            self.inside[-1].pieces.append(Piece(data.translate(ISOLATES), *self._mark()))

    def _mark(self) -> tuple[str, dict[str, str]]:
        """The innermost mark around the words now being read, within their block."""
        for tag, about in reversed(self.open):
            if tag in ("data", "time", "cite", "em"):
                return tag, about
            for mark in MARKS:
                if mark in about:
                    return mark.removeprefix("data-"), about
            if tag in BLOCKS:
                break
        outer = next((about for tag, about in reversed(self.open) if "data-name" in about), None)
        return ("name", outer) if outer else ("", {})
