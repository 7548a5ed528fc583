"""All tables of a pack as one spreadsheet that a screen reader can read.

It is made by the Analysis Function's `gptables`, after its guidance "Releasing statistics in spreadsheets":
a cover, contents and notes, then one table a worksheet, marked as a table, with nothing merged, hidden,
filtered or frozen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import pairwise
from pathlib import Path

import pandas as pd
from gptables import Cover, GPTable, GPWorkbook, produce_workbook
from gptables.core.gptable import FormatList

from lscb_analysis.data import SYMBOLS, dictionary, measures, units
from lscb_analysis.editions import Edition
from lscb_analysis.pages.blocks import Block, Piece, read_page
from lscb_analysis.pages.display import MINUS, day, isolated
from lscb_analysis.pages.glossary import meanings, spell_out

_NUMBER = re.compile(rf"([+{MINUS}]?)(£?)([\d,]+)(?:\.(\d+))?(%| points)?")
_PAIR = re.compile(rf"({_NUMBER.pattern}) (to|of) ({_NUMBER.pattern})")
ENDS = {"to": (", from", ", to"), "of": (", number", ", out of")}
"""What two headings end with whose cells are one on the page: `40 to 51`, `5 of 6`."""

EXPLAINED = {
    "c": "The source withholds this figure so that nobody can be recognised by it: it counts few people, or "
    "would give away another that does. It is neither zero nor forgotten. Please do not try to work it out.",
    "x": "There is no such figure: the source does not give it, or does not give what it could be made from.",
    "z": "There can be no such figure: the column does not apply to the row.",
    "low": "The figure is not zero, but too small to show with as many decimals as its column has.",
    "k": "The figure is not zero, but too small to show with as many decimals as its column has.",
    "u": "The source calls this figure too uncertain to rely on.",
}
"""What the symbols mean, in full."""

ROUNDED = "Figures are rounded as on their page. The CSV below the table on that page does not round them."
TO_CONTENTS = "[Contents of this spreadsheet](internal:'Contents'!A1)"
"""A link, as `gptables` reads it."""

LONGEST_HEADING, LONGEST_TEXT = 250, 32_000
"""A spreadsheet has no room for longer ones, in letters; pages and CSVs have them whole."""

NARROWEST, WIDEST = 12, 60
"""Of a column, in letters: what is longer is wrapped."""

Notes = dict[str, str]
"""The text of each note, with the key by which tables refer to it."""


@dataclass(frozen=True)
class Number:
    """A figure rounded as its page shows it, and the format by which a spreadsheet shows it so."""

    value: float
    format: str


@dataclass(frozen=True)
class Table:
    """A table as its page shows it, with the title of its chapter and the words around it.

    `sources` are names of the dictionary.
    """

    chapter: str
    caption: str
    heads: list[str]
    rows: list[list[Number | str]]
    unit: str
    source: str
    sources: list[str]
    notes: list[str]

    @property
    def symbols(self) -> list[str]:
        words = " ".join(cell for row in self.rows for cell in row if isinstance(cell, str))
        return [symbol for symbol in SYMBOLS if f"[{symbol}]" in words]


def read_tables(html: str, chapter: str) -> list[Table]:
    """Return the tables of something that a chapter (its title) shows, with abbreviations in words."""
    blocks = read_page(spell_out(html, meanings()))
    starts = [at for at, block in enumerate(blocks) if block.tag == "caption"]
    return [_read(blocks[start:end], chapter) for start, end in pairwise([*starts, len(blocks)])]


def write_spreadsheet(
    path: Path, edition: Edition, chapters: dict[str, list[Table]], alerts: list[str]
) -> None:
    """Write the tables of chapters, by their names, as a spreadsheet: the same tables, the same bytes.

    `alerts` (that it is a draft, or must not be used any longer) stand on the cover and above every table.
    What a spreadsheet would run as a formula or follow as a link stays words.
    """
    notes: Notes = {}
    sheets = {
        f"Table_{int(chapter[:2])}_{at}": _sheet(table, f"table_{int(chapter[:2])}_{at}", alerts, notes)
        for chapter, tables in chapters.items()
        for at, table in enumerate(tables, 1)
    }
    sheets["Sources"] = _sources([table for tables in chapters.values() for table in tables])
    book = produce_workbook(
        str(path),
        sheets,
        cover=_cover(edition, alerts),
        contentsheet_options={"column_names": ["Worksheet", "Table"]},
        notes_table=pd.DataFrame({"key": notes.values(), "Note": notes.keys()}, dtype=object),
        auto_width=False,
        workbook_options={"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    _arrange(book, sheets, edition)
    book.close()


def _read(blocks: Sequence[Block], chapter: str) -> Table:
    """A table whose caption is the first of `blocks`."""
    caption = blocks[0]
    own = [block for block in blocks if block.table == caption.table]
    heads = [block.words for block in own if "thead" in block.within]
    body = [block for block in own if "tbody" in block.within]
    columns = [column for at, head in enumerate(heads) for column in _columns(head, body[at :: len(heads)])]
    below = next(block for block in blocks if "source" in block.within)
    source, *notes = _source_and_notes(below.pieces)
    return Table(
        chapter,
        caption.words,
        [head for head, _ in columns],
        [list(row) for row in zip(*(cells for _, cells in columns), strict=True)],
        _unit(piece for block in body for piece in block.pieces),
        source,
        [piece.about["data-source"] for piece in below.pieces if piece.mark == "cite"],
        notes,
    )


def _columns(head: str, blocks: list[Block]) -> list[tuple[str, list[Number | str]]]:
    """One column, or two where a cell of the page has two figures: any other then stands in both."""
    words = ["".join(piece.words for piece in block.pieces).strip().replace("\n", "; ") for block in blocks]
    figures = ["number" in block.within for block in blocks]
    pairs = [_PAIR.fullmatch(said) if figure else None for said, figure in zip(words, figures, strict=True)]
    between = next((pair[7] for pair in pairs if pair), "")
    if not between:
        return [
            (head, [_cell(said) if figure else said for said, figure in zip(words, figures, strict=True)])
        ]
    return [
        (f"{head}{end}", [_cell(pair[at] if pair else said) for said, pair in zip(words, pairs, strict=True)])
        for end, at in zip(ENDS[between], (1, 8), strict=True)
    ]


def _cell(words: str) -> Number | str:
    """A figure as a number; one that its source qualifies (`about 57`), a symbol or a mark as it is."""
    found = _NUMBER.fullmatch(words)
    if not found:
        return words
    sign, pounds, whole, decimals, unit = found.groups(default="")
    value = float(f"{'-' if sign == MINUS else ''}{whole.replace(',', '')}.{decimals or '0'}")
    digits = f"{pounds}#,##0{'.' if decimals else ''}{'0' * len(decimals)}"
    shown = f'{digits}"{unit}"' if unit else digits
    return Number(value, f"+{shown};-{shown};{shown}" if sign == "+" else shown)


def _source_and_notes(pieces: list[Piece]) -> list[str]:
    """The line below a table: where its figures come from, then its notes."""
    parts = [""]
    for piece in pieces:
        if piece.about.get("data-name") == "note":
            parts.append("")
        else:
            parts[-1] += piece.words
    source, *notes = (" ".join(part.split()).removeprefix(": ") for part in parts)
    return [source, *(f"{note[:1].upper()}{note[1:]}" for note in notes)]


def _unit(pieces: Iterator[Piece]) -> str:
    """In what the figures of a table are, in words; totals that they are held against left aside."""
    said: dict[str, None] = {}
    known = units()
    for piece in pieces:
        unit, measure = piece.about.get("data-unit", ""), piece.about.get("data-measure", "")
        if measure and piece.about.get("data-statistic", "").removesuffix("_before") in (
            "value",
            "numerator",
        ):
            counted = f"number of {measures().at[measure, 'counted']}"
            said[counted if unit == "number" else known[unit]["plural"] if unit in known else unit] = None
    return f"Unit: {'; '.join(said)}." if said else ""


def _sheet(table: Table, name: str, alerts: list[str], notes: Notes) -> GPTable:
    def note(text: str) -> str:
        return f"$${notes.setdefault(text, f'note{len(notes)}')}$$"

    rows = [list(map(_written, row)) for row in table.rows]
    return GPTable(
        pd.DataFrame(rows, columns=_headings(table.heads), dtype=object),
        name,
        f"{_words(table.caption)} " + "".join(map(note, [ROUNDED, *map(_words, table.notes)])),
        subtitles=[*map(_words, alerts), f"Chapter: {_words(table.chapter)}", TO_CONTENTS],
        instructions="This worksheet has one table. Its notes are on the worksheet called Notes.",
        legend=[f"[{symbol}] means {SYMBOLS[symbol]}. {note(EXPLAINED[symbol])}" for symbol in table.symbols],
        source=f"{_words(table.source)} The worksheet called Sources has them in full.",
        scope=_words(table.unit) or None,
        index_columns={},
        additional_formatting=[
            {"cell": {"cells": (row, column), "format": {"num_format": cell.format, "align": "right"}}}
            for row, cells in enumerate(table.rows, 1)
            for column, cell in enumerate(cells)
            if isinstance(cell, Number)
        ],
    )


def _sources(tables: list[Table]) -> GPTable:
    """Every source that the tables name, with the document it is a part of."""
    named = dict.fromkeys(source for table in tables for source in table.sources)
    known = dictionary().sources.set_index("source").loc[list(named)].drop_duplicates("short")
    columns = {"short": "Source", "document": "Document", "publisher": "Publisher", "release": "Release"}
    frame = known.assign(licence=known["licence"].replace("", "none stated"))
    frame = frame[[*columns, "licence"]].rename(columns=columns | {"licence": "Licence"})
    licences = sorted(filter(None, known["licence"].unique()))
    return GPTable(
        frame.reset_index(drop=True).map(_written),
        "sources_table",
        "Sources of the figures",
        subtitles=[TO_CONTENTS],
        instructions="This worksheet has one table.",
        source=" ".join(f"Contains public sector information licensed under the {name}." for name in licences)
        or None,
        index_columns={},
    )


def _cover(edition: Edition, alerts: list[str]) -> Cover:
    until, published = (
        day(pd.Timestamp(date)).striptags() for date in (edition.use_until, edition.published)
    )
    return Cover(
        _words(f"{edition.title}: all tables"),
        intro=[
            *map(_words, alerts),
            _words(f"{edition.board}. {isolated(edition.area)}, {isolated(edition.period)}."),
            "Every table of the pack as its page shows it, one on each worksheet. The worksheet called "
            "Contents lists them; the one called Notes says what the symbols in square brackets mean.",
        ],
        about=[
            "Numbers are numbers, rounded as on the pages. A figure that its source qualifies, as with the "
            "word about, is text. An interval has a column for each of its ends.",
            f"Published on {published}. Not to be used after {until}.",
        ],
        contact=[_words(f"Questions: {edition.ask}.")],
    )


def _arrange(book: GPWorkbook, sheets: dict[str, GPTable], edition: Edition) -> None:
    """Set the widths of columns, how the sheets print, and what the file says of itself."""
    book.set_properties(
        {
            "title": f"{edition.title}: all tables",
            "author": edition.board,
            "subject": f"{edition.area}, {edition.period}",
            "created": datetime.combine(edition.published, time()),
        }
    )
    for sheet in book.worksheets():
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        if sheet.name in ("Contents", "Notes"):
            sheet.set_column(1, 1, 1.5 * WIDEST)
        if sheet.name in sheets:
            for at, (head, cells) in enumerate(sheets[sheet.name].table.items()):
                longest = max(len(getattr(cell, "string", str(cell))) for cell in [head, *cells])
                sheet.set_column(at, at, min(max(longest + 2, NARROWEST), WIDEST))


def _written(cell: Number | str) -> float | str | FormatList:
    """A cell for `gptables`, which finds links in plain words and refuses those without a Latin letter."""
    if isinstance(cell, Number):
        return cell.value
    words = cell[:LONGEST_TEXT]
    plain = re.search("[A-Za-z0-9]", words) and "](" not in words
    return words if plain else FormatList([{}, words])


def _words(text: str) -> str:
    """Text above a table, in which `gptables` is to find no link and no reference to a note."""
    return re.sub(r"\](?=\()|\$(?=\$)", r"\g<0> ", text[:LONGEST_TEXT])


def _headings(heads: list[str]) -> list[str]:
    """Headings that a spreadsheet takes: none too long, none twice."""
    headings: list[str] = []
    for head in heads:
        words = _words(head[:LONGEST_HEADING])
        twice = sum(earlier.casefold().startswith(words.casefold()) for earlier in headings)
        headings.append(
            f"{words}, again {twice}" if words.casefold() in map(str.casefold, headings) else words
        )
    return headings
