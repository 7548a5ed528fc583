"""A page of a pack as its reader meets it: blocks of words, each word with the mark that was put on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NamedTuple

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

    @property
    def words(self) -> str:
        return " ".join("".join(piece.words for piece in self.pieces).split())


def read_page(html: str) -> tuple[Block, ...]:
    """Return the blocks of a page in their order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return tuple(block for block in reader.blocks if block.pieces)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.open: list[tuple[str, dict[str, str]]] = []
        self.tags: list[str] = []
        self.inside: list[Block] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            if tag == "br" and self.inside:
                self.inside[-1].pieces.append(Piece("\n", "", {}))
            return
        about = {key: value or "" for key, value in attrs}
        self.open.append((tag, about))
        self.tags.append(tag)
        if tag in BLOCKS:
            self.inside.append(self._block(tag))
            self.blocks.append(self.inside[-1])

    def _block(self, tag: str) -> Block:
        classes = {name for _, about in self.open if "class" in about for name in about["class"].split()}
        return Block(
            tag,
            within=frozenset(classes.union(self.tags)),
            chart=next((about.get("id", "") for tag, about in self.open if tag == "figure"), ""),
            table=next((about.get("id", "") for tag, about in self.open if tag == "table"), ""),
        )

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or tag not in self.tags:
            return
        while self.open:
            opened, _ = self.open.pop()
            self.tags.pop()
            if opened in BLOCKS and self.inside:
                self.inside.pop()
            if opened == tag:
                return

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
