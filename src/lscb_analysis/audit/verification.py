"""A built pack held against the data: its figures, its words and its claims, read as a reader reads them.

Nothing is known here of how the pack was made. Every figure on a page or in a CSV says what it is; it is
worked out again (`remade`), what stands for it must bear it out (`words`), and the words around it must
say what it is of (`surroundings`). Numbers, directions and claims that are bound to nothing are refused.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lscb_analysis.audit.downloads import check_table
from lscb_analysis.audit.remade import Known, foreign, known, sources_of, worked_out
from lscb_analysis.audit.surroundings import Names, check_periods, check_subjects, names
from lscb_analysis.audit.words import Reasons, bound, called, check_shown, same
from lscb_analysis.data import Stamped, measures, stamp
from lscb_analysis.editions import CALLED, CHANGED, NO_CLEAR_CHANGE, NOT_COMPARED, TOO_FEW, Edition
from lscb_analysis.errors import InputError
from lscb_analysis.figure import Figure
from lscb_analysis.pages import COMMENTARY, OF_ALL, Block, Piece, cited, read_page, spoken
from lscb_analysis.quality import TOTAL

_DIRECTION = re.compile(
    r"\b(?:rose|rises?|risen|rising|fell|falls?|fallen|falling|increas\w+|decreas\w+|grew|grown?|growing"
    r"|higher|lower|fewer|larger|smaller|dropped|declin\w+|improv\w+|worsen\w+|better|worse|upwards|downwards"
    r"|above|below|went (?:up|down)|(?:surplus|deficit) of)\b",
    re.I,
)
_CLAIM = re.compile(
    r"beyond chance|chance alone|by chance|(?:to|than) chance|unlikely to bring|no clear change"
    r"|too few to tell|statistical(?:ly)? significan\w+|(?:is|are|was|were|not) significant\b|significantly"
    r"|significant (?:rise|fall|change|difference|increase|decrease|improvement|deterioration)"
    r"|clear(?:ly)? (?:rise|fall|change|rose|fell|higher|lower|better|worse)\w*|real change"
    r"|fairly sure|just chance|this is (?:not )?good news",
    re.I,
)
_NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")

WHOLE = "all.html"
"""The page that repeats all others: it bears out nothing that they do not."""

CLAIMS: dict[str, Callable[[pd.Series], bool]] = {
    "is not compared": lambda row: row["verdict"] == NOT_COMPARED,
    "has not clearly changed": lambda row: row["verdict"] in (NO_CLEAR_CHANGE, TOO_FEW),
    "drives the change of the mix": lambda row: row["verdict"] == CHANGED,
    "Chance alone is very unlikely to bring about": lambda row: row["verdict"] in CALLED,
    "Chance alone could bring about": lambda row: row["p_value"] > row["threshold"],
    "chance would hardly bring about": lambda row: row["p_value"] <= row["threshold"] < row["p_dispersed"],
    "brothers and sisters are often counted together": lambda row: row["dispersion"] > 1,
    "would probably have shown": lambda row: row["verdict"] == NO_CLEAR_CHANGE,
    "is taken to matter": lambda row: row["verdict"] == TOO_FEW,
    "We can be fairly sure that this is a real change": lambda row: row["verdict"] in CALLED,
    "This is good news": lambda row: row["verdict"] == "better",
    "This is not good news": lambda row: row["verdict"] == "worse",
    "On its own, this is not good news or bad news": lambda row: row["verdict"] in ("higher", "lower"),
    "This may be just chance": lambda row: row["verdict"] in (NO_CLEAR_CHANGE, TOO_FEW),
    "But a real change could be hidden here": lambda row: row["verdict"] == TOO_FEW,
    "A change that matters would most likely have shown": lambda row: row["verdict"] == NO_CLEAR_CHANGE,
    "We cannot say if this has changed": lambda row: row["verdict"] == NOT_COMPARED,
    "We do not have the numbers for that": lambda row: row["verdict"] == NOT_COMPARED,
}
"""What pages say of a verdict, and when it is true of its comparison."""

CLAIMS_OF_ALL: dict[str, Callable[[pd.Series], bool]] = {
    "No comparison shows a change beyond chance": lambda verdicts: not verdicts.isin(CALLED).any(),
    "There is no such comparison": lambda verdicts: not verdicts.isin([NO_CLEAR_CHANGE, TOO_FEW]).any(),
    "Everything could be compared": lambda verdicts: not verdicts.eq(NOT_COMPARED).any(),
}
"""What pages say where there is no comparison of a kind, and when it is true of the verdicts of all."""


class NoPackError(InputError, ValueError):
    """A folder that is not a pack; the message says which."""


class Fault(NamedTuple):
    """What is wrong: on which page, or in which CSV, in which sentence or row, and why."""

    page: str
    sentence: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}: {self.sentence}\n  {self.reason}"


@dataclass(frozen=True)
class Verified:
    """How many figures were held against the data, on pages and as cells of CSVs, and what is wrong."""

    figures: int
    cells: int
    faults: list[Fault]


@dataclass(frozen=True)
class Book:
    """The pages of a pack, what the data give for its edition, and what was checked so far."""

    pages: dict[str, tuple[Block, ...]]
    known: Known
    names: Names
    checked: dict[tuple[Any, ...], list[tuple[str, str]]]


def verify(pack: Path) -> Verified:
    """Return what the figures, words and claims of a built pack get wrong by the data of the project.

    Raises DataError if the data does not hold, NoPackError if the folder is not a pack.
    """
    book = read_pack(pack)
    faults = [fault for page in book.pages for fault in check_page(book, page)]
    cells = 0
    for path in sorted(pack.glob("tables/*.csv")):
        checked, wrong = check_table(path, book.known)
        cells += checked
        faults += [Fault(f"tables/{path.name}", *fault) for fault in wrong]
    figures = sum(1 for blocks in book.pages.values() for _ in _figures(blocks))
    return Verified(figures, cells, faults)


def check_ahead(edition: Edition, pack: Path, page: str) -> None:
    """Check a page of a pack that is still being made, and its CSVs, so that `verify` finds that done.

    Raises DataError if the data does not hold.
    """
    book = _book(edition, pack)
    check_page(book, page)
    for path in pack.glob(f"tables/{Path(page).stem}-*.csv"):
        check_table(path, book.known)


def read_pack(pack: Path) -> Book:
    """Return the pages of a pack and what they are held against. Raises as `verify` does."""
    try:
        edition = Edition.model_validate(json.loads((pack / "manifest.json").read_text("utf-8"))["edition"])
    except (OSError, ValueError, KeyError) as error:
        raise NoPackError(f"{pack} is no pack: its manifest.json is missing or does not hold.") from error
    return _book(edition, pack)


def _book(edition: Edition, pack: Path) -> Book:
    pages = {path.name: path.read_text("utf-8") for path in sorted(pack.glob("*.html"))}
    areas = known(edition).wider.union(*map(_areas, pages.values()))
    blocks = {name: read_page(html) for name, html in pages.items()}
    return Book(blocks, *_held_against(edition.model_dump_json(), stamp(), areas))


@lru_cache(maxsize=64)
def _areas(html: str) -> frozenset[str]:
    """The codes of the areas of which a page has figures."""
    return frozenset(piece.about.get("data-area", "") for block in read_page(html) for piece in block.pieces)


@lru_cache(maxsize=8)
def _held_against(
    edition_json: str, _: tuple[Stamped, ...], areas: frozenset[str]
) -> tuple[Known, Names, dict[tuple[Any, ...], list[tuple[str, str]]]]:
    """What pages with figures of these areas are held against, and a memory of what was checked so far."""
    by_data = known(Edition.model_validate_json(edition_json))
    return by_data, names(by_data, areas), {}


def check_page(book: Book, page: str) -> list[Fault]:
    """Return what is wrong with one page of a pack."""
    blocks = book.pages[page]
    faults = [Fault(page, *fault) for block in blocks for fault in _checked(book, block)]
    faults += [Fault(page, *fault) for fault in _check_charts(blocks, book.known)]
    if repeats := _REPEATS.get(page):
        chapters = (blocks for name, blocks in book.pages.items() if name not in (*_REPEATS, WHOLE))
        told = {repeats(piece) for told in chapters for _, piece in _figures(told)}
        faults += [
            Fault(page, block.words, f"“{piece.words}” is on no other page.")
            for block, piece in _figures(blocks)
            if repeats(piece) not in told
        ]
    return faults


def _figures(blocks: Sequence[Block]) -> Iterator[tuple[Block, Piece]]:
    """The figures of a page, each with the block in which it stands."""
    return ((block, piece) for block in blocks for piece in block.pieces if piece.mark == "data")


def _checked(book: Book, block: Block) -> list[tuple[str, str]]:
    """What is wrong in a block; one that stands on several pages is checked once."""
    if block.alone not in book.checked:
        book.checked[block.alone] = list(_check_block(book, block))
    return book.checked[block.alone]


def _check_block(book: Book, block: Block) -> Iterator[tuple[str, str]]:
    """Yield the sentence and the reason of everything that is wrong in a block."""
    if block.tag == "text":
        return
    if COMMENTARY in block.within:  # words of others, shown as theirs
        if block.words not in spoken(book.known.edition):
            yield block.words, "nobody said so in commentary.csv."
        return
    for piece in block.pieces:
        if rule := _OF_PIECE.get(piece.mark):
            yield from ((block.words, reason) for reason in rule(book, piece))
    yield from ((block.words, reason) for reason in check_subjects(book.known, book.names, block))
    for sentence in block.sentences():
        reasons = [
            *_check_numbers(book, block, sentence),
            *_check_directions(block, sentence),
            *_check_claims(sentence),
            *check_shown(book.known, book.names.areas, block, sentence),
            *check_periods(book.known, book.names, block, sentence),
        ]
        words = " ".join("".join(piece.words for piece in sentence).split())
        yield from ((words, reason) for reason in reasons)


def _check_figure(book: Book, piece: Piece) -> Reasons:
    """A figure is what the data give for what it says it is, and names no other sources."""
    figure, value = cited(piece), bound(piece)
    could = worked_out(book.known, figure)
    if value is None:
        yield f"“{piece.words}” is bound to nothing: it has no value."
    elif not any(same(value, by_data) for by_data in could):
        told = ", ".join(f"{number:.10g}" for number in sorted(could) if not np.isnan(number)) or "nothing"
        yield f"“{piece.words}” is bound to {value:g}; for {called(figure)} the data give {told}."
    elif other := set(piece.about.get("data-source", "").split()) - sources_of(book.known, figure):
        yield f"“{piece.words}” names a source that does not give it: {', '.join(sorted(other))}."
    if why := foreign(book.known, figure, piece.about.get("data-source", "").split()):
        yield f"“{piece.words}” {why}"


def _check_name(book: Book, piece: Piece) -> Reasons:
    """What is marked as a name is one."""
    kind, words = piece.about["data-name"], " ".join(piece.words.split())
    if kind == "note":
        if not re.fullmatch(r"Note \d", words):
            yield f"“{words}” is marked as a note."
    elif kind in ("method", "title", "definition"):
        if book.names.short(words) not in book.names.whole:
            yield f"“{words}” is marked as a {kind}, and is none."
    elif found := book.names.number_in(words):
        yield f"“{found}” is in no name of the dictionary: “{words}”."


def _check_time(_: Book, piece: Piece) -> Reasons:
    """What is marked as a date is that date."""
    said = piece.about.get("datetime", "")
    if piece.words != _spelt(said):
        yield f"“{piece.words}” is marked as {said or 'no date'}."


@lru_cache(maxsize=256)
def _spelt(said: str) -> str:
    """A date or a month as a page has it, or nothing where there is no such date."""
    date = pd.to_datetime(said, errors="coerce")
    day = "" if pd.isna(date) or said.count("-") != 2 else f"{date.day} "
    return "" if pd.isna(date) else f"{day}{date:%B %Y}"


def _check_cite(book: Book, piece: Piece) -> Reasons:
    """What is marked as a citation is one, of the source that it names."""
    key, words = piece.about.get("data-source", ""), book.names.short(" ".join(piece.words.split()))
    if words not in book.names.cites.get(key, ()):
        yield f"“{words}” is not how {key or 'any source'} is cited."


def _check_status(book: Book, piece: Piece) -> Reasons:
    """What is marked as the status of a figure is its symbol, or, where several tie, what is printed."""
    symbol = piece.about["data-status"]
    if piece.words != f"[{symbol}]" and not (symbol == "z" and piece.words in book.known.tied):
        yield f"“{piece.words}” is marked as the symbol [{symbol}]."


def _check_claim(book: Book, piece: Piece) -> Reasons:
    """What is said of a comparison is its verdict, or follows from it."""
    question = piece.about.get("data-verdict") or piece.about.get("data-claim", "")
    if question == OF_ALL:
        if not CLAIMS_OF_ALL.get(piece.words, lambda _: False)(book.known.verdicts["verdict"]):
            yield f"“{piece.words}” is said of all comparisons of this edition, and is not so."
        return
    rows = book.known.verdicts[book.known.verdicts["question"] == question]
    if rows.empty:
        yield f"“{piece.words}” is the verdict on {question!r}, of which this edition has none."
    elif piece.words != rows["verdict"].iloc[0] and not CLAIMS.get(piece.words, lambda _: False)(
        rows.iloc[0]
    ):
        yield f"“{piece.words}” is said of {question!r}, whose verdict is “{rows['verdict'].iloc[0]}”."


_OF_PIECE: dict[str, Callable[[Book, Piece], Reasons]] = {
    "data": _check_figure,
    "name": _check_name,
    "time": _check_time,
    "cite": _check_cite,
    "status": _check_status,
    "verdict": _check_claim,
    "claim": _check_claim,
}
"""What a mark on words must be true of."""


def _check_numbers(book: Book, block: Block, sentence: list[Piece]) -> Reasons:
    """A number in prose is bound to a figure, or part of a name, a date or a reference."""
    whole = block.tag in ("th", "caption") or "symbols" in block.within
    marks = ("", "em", "name") if whole else ("", "em")
    plain = ("" if whole else " ").join(piece.words for piece in sentence if piece.mark in marks)
    if found := book.names.number_in(plain):
        yield f"the number “{found}” is bound to nothing."


def _check_directions(block: Block, sentence: list[Piece]) -> Reasons:
    """A word of direction beside a figure, or in a claim about chance, is bound to the figure."""
    if block.tag == "th" or not any(piece.mark in ("data", "claim") for piece in sentence):
        return
    for piece in sentence:
        if not piece.mark and (found := _DIRECTION.search(piece.words)):
            yield f"“{found[0]}” is bound to no figure that bears it out."


def _check_claims(sentence: list[Piece]) -> Reasons:
    """Words that speak of chance or of clear change are those of a verdict; or they ask, or are quoted."""
    words = "".join(piece.words for piece in sentence).strip()
    if words.endswith("?") or words.startswith("Whether "):
        return
    for piece in sentence:
        if not piece.mark and (found := _CLAIM.search(re.sub("“[^”]*”", "", piece.words))):
            yield f"“{found[0]}” claims what no verdict beside it says."


def _check_charts(blocks: Sequence[Block], known: Known) -> Iterator[tuple[str, str]]:
    """A chart draws and says only what stands in its words or in a table below it, under the same heading."""
    drawn: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        drawn[block.chart].append(block)
    for at, block in enumerate(blocks):
        if not (block.chart and "headline" in block.within):
            continue
        rest = blocks[at + 1 :]
        until = next((far for far, later in enumerate(rest) if later.tag == "h2"), None)
        cells = [later for later in rest[:until] if later.table]
        figures = [cited(piece) for cell in cells for piece in cell.pieces if piece.mark == "data"]
        places = {(figure.measure, figure.category) for figure in figures}
        for piece in block.pieces:
            if piece.mark == "data" and not _stands_for(cited(piece), places, known):
                yield block.words, f"“{piece.words}” is not in the table below the chart."
        own = drawn[block.chart]
        said = [later.words for later in [*own, *cells] if later.tag != "text"]
        told = {number for words in said for number in _NUMERAL.findall(words)}
        for text in (later for later in own if later.tag == "text" and "tick" not in later.within):
            for number in set(_NUMERAL.findall(text.words)) - told:
                yield text.words, f"“{number}” is drawn, and neither the chart's words nor its table have it."


def _stands_for(figure: Figure, places: set[tuple[str, str]], known: Known) -> bool:
    alike = {figure.measure, measures()["of"].get(figure.measure, ""), *known.alike.get(figure.measure, ())}
    return any(measure in alike and category in (figure.category, TOTAL) for measure, category in places) or (
        figure.category == TOTAL and any(measure in alike for measure, _ in places)
    )


def _identity(piece: Piece) -> tuple[str, ...]:
    return (piece.words, *(f"{key}={value}" for key, value in sorted(piece.about.items())))


def _figure(piece: Piece) -> tuple[str, ...]:
    """What a figure is, in whatever words; the size of a change is told of the same figure as the change."""
    about = piece.about | ({"data-statistic": "change"} if cited(piece).statistic == "size" else {})
    return tuple(f"{key}={value}" for key, value in sorted(about.items()))


_REPEATS: dict[str, Callable[[Piece], tuple[str, ...]]] = {"index.html": _identity, "easy-read.html": _figure}
"""Pages that tell nothing of their own: figures of other pages, in the same words or in others."""
