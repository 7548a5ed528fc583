"""The spreadsheet of all tables, read as XML: it shows what the pages show, and runs nothing."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from markupsafe import Markup, escape

from lscb_analysis.editions.edition import read_edition
from lscb_analysis.pages.display import MINUS
from lscb_analysis.pages.glossary import meanings
from lscb_analysis.pages.spreadsheet import (
    EXPLAINED,
    SYMBOLS,
    Number,
    Table,
    _cell,
    read_tables,
    write_spreadsheet,
)
from lscb_analysis.pages.tables import Column, render

EDITION = read_edition("southend-2017-19")
NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
SHEET = Table(
    "Plans",
    "Children with a plan",
    ["Period", "Number", "Share (%)"],
    [["2017", Number(1387, "#,##0"), Number(2.5, "#,##0.0")], ["2018", "[c]", "about 3"]],
    "Unit: number of children.",
    "Source: annual report, section 5.2.",
    ["report-5.2-children-in-need"],
    ["Changes are worked out before rounding."],
)
HOSTILE = [
    '=HYPERLINK("https://example.org","click")',
    "{=1+1}",
    "+1+cmd|' /C calc'!A0",
    "https://example.org",
    "internal:'Notes'!A1",
    "[here](https://example.org) and [there](https://example.org)",
    "$$note$$ and $$$",
    "צרכים",
    "<b>&amp;",
    "_x0041_",
    "=" + "x" * 40_000,
]


@dataclass(frozen=True)
class Sheet:
    """A worksheet as a reader meets it: the lines above its table, headings, and cells as they are shown."""

    xml: ElementTree.Element
    above: list[str]
    heads: list[str]
    rows: list[list[str]]
    numbers: set[tuple[int, int]]
    tables: list[ElementTree.Element]


def opened(path: Path) -> dict[str, Sheet]:
    """Every worksheet of a spreadsheet, by its name."""
    with zipfile.ZipFile(path) as file:
        parts = {name: ElementTree.fromstring(file.read(name)) for name in file.namelist()}
    words = ["".join(item.itertext()) for item in parts["xl/sharedStrings.xml"].findall("m:si", NAMES)]
    own = parts["xl/styles.xml"].findall(".//m:numFmt", NAMES)
    known = {"0": "0", "3": "#,##0"} | {form.get("numFmtId"): form.get("formatCode") for form in own}
    formats = [
        known.get(style.get("numFmtId"), "0.00") for style in parts["xl/styles.xml"].find("m:cellXfs", NAMES)
    ]
    names = [sheet.get("name") for sheet in parts["xl/workbook.xml"].find("m:sheets", NAMES)]
    return {name: _sheet(parts, at, words, formats) for at, name in enumerate(names, 1)}


def _sheet(parts, at: int, words: list[str], formats: list[str]) -> Sheet:
    xml = parts[f"xl/worksheets/sheet{at}.xml"]
    links = parts.get(f"xl/worksheets/_rels/sheet{at}.xml.rels", [])
    tables = [parts[f"xl/tables/{link.get('Target').rpartition('/')[2]}"] for link in links
              if link.get("Type").endswith("/table")]  # fmt: skip
    rows = xml.findall(".//m:row", NAMES)
    shown = [[_shown(cell, words, formats) for cell in row] for row in rows]
    head = int(re.search(r"\d+", tables[0].get("ref"))[0]) - 1 if tables else len(rows)
    body = rows[head + 1 :]
    numbers = {(y, x) for y, row in enumerate(body) for x, cell in enumerate(row) if cell.get("t") is None}
    heads = shown[head] if tables else []
    return Sheet(xml, [line for line, *_ in shown[:head]], heads, shown[head + 1 :], numbers, tables)


def _shown(cell, words: list[str], formats: list[str]) -> str:
    value = cell.find("m:v", NAMES).text
    if cell.get("t") == "s":
        return words[int(value)].replace("_x005F_", "_")
    number, sections = float(value), formats[int(cell.get("s", 0))].split(";")
    if len(sections) == 3:
        form = sections[0 if number > 0 else 1 if number < 0 else 2]
    else:
        form = f"-{sections[0]}" if number < 0 else sections[0]
    before, digits, after = re.fullmatch(r'([-+£]*)([#,0.]+)(?:"([^"]*)")?', form).groups(default="")
    decimals = len(digits.partition(".")[2])
    comma = "," if "," in digits else ""
    return f"{before.replace('-', MINUS)}{abs(number):{comma}.{decimals}f}{after}"


@pytest.fixture(scope="module")
def sheets(pack) -> dict[str, Sheet]:
    return opened(pack / "tables.xlsx")


def of_tables(sheets: dict[str, Sheet]) -> dict[str, Sheet]:
    return {name: sheet for name, sheet in sheets.items() if name.startswith("Table_")}


def plain(words: str) -> str:
    """Words without what their abbreviations stand for, which each page and each worksheet says once."""
    for meaning in meanings().values():
        words = words.replace(f" ({meaning})", "")
    return " ".join(words.split())


def test_every_table_of_the_pages_is_a_worksheet_that_shows_the_same(sheets, pages):
    on_pages = [table for chapter in EDITION.chapters for table in pages[chapter].find_all("table")]
    assert len(on_pages) == len(of_tables(sheets)) > 50
    for table, (name, sheet) in zip(on_pages, of_tables(sheets).items(), strict=True):
        assert plain(sheet.above[0]).partition(" [note")[0] == plain(table.caption.get_text())
        for line, row in zip(table.tbody.find_all("tr"), sheet.rows, strict=True):
            cells = line.find_all(["th", "td"])
            assert list(_joined(sheet.heads, row)) == [_told(cell) for cell in cells], name
        assert [head for head, _ in _heads(sheet.heads)] == [
            plain(head.get_text()) for head in table.thead("th")
        ]


def _told(cell) -> str:
    cell = BeautifulSoup(str(cell), "html.parser")
    for end in cell("br"):
        end.replace_with("; ")
    return plain(cell.get_text()).replace("\u2068", "").replace("\u2069", "")


def _heads(heads: list[str]):
    """Each heading of the page, with the word between the figures where it has become two."""
    for head in heads:
        found = re.fullmatch(r"(.*), (from|to|number|out of)", head)
        if not found or found[2] in ("from", "number"):
            yield (
                plain(found[1] if found else head),
                {"from": " to ", "number": " of "}.get(found[2] if found else ""),
            )


def _joined(heads: list[str], row: list[str]):
    cells = iter(row)
    for _, between in _heads(heads):
        first = next(cells)
        second = next(cells) if between else ""
        yield plain(
            first if not between or first == second == f"[{first[1:-1]}]" else f"{first}{between}{second}"
        )


def test_a_figure_is_a_number_and_a_column_has_one_number_of_decimals(sheets):
    count = 0
    for name, sheet in of_tables(sheets).items():
        count += len(sheet.numbers)
        for at, column in enumerate(zip(*sheet.rows, strict=True)):
            decimals = {len(cell.partition(".")[2].rstrip("%")) for y, cell in enumerate(column)
                        if (y, at) in sheet.numbers and cell != "0"}  # fmt: skip
            verdicts = "Verdict" in sheet.heads  # a row for each measure, in the decimals of its source
            assert len(decimals) <= 1 or verdicts, (name, sheet.heads[at])
            text = [cell for y, cell in enumerate(column) if (y, at) not in sheet.numbers]
            years = "Period" in sheet.heads[at]
            assert years or not [cell for cell in text if re.fullmatch(r"[−+]?£?[\d,.]+%?", cell)], (
                name,
                text,
            )
    assert count > 800


def test_a_worksheet_has_one_whole_table_and_nothing_that_hinders_a_screen_reader(sheets):
    assert list(sheets)[:3] == ["Cover", "Contents", "Notes"]
    assert not sheets["Cover"].tables
    for name, sheet in list(sheets.items())[1:]:
        assert len(sheet.tables) == 1, name
        (table,) = sheet.tables
        columns = [column.get("name") for column in table.iterfind(".//m:tableColumn", NAMES)]
        assert columns == sheet.heads
        assert len({column.casefold() for column in columns}) == len(columns)
        assert sheet.rows
        assert all(len(row) == len(columns) and all(cell.strip() for cell in row) for row in sheet.rows), name
        tags = {element.tag.rpartition("}")[2] for element in sheet.xml.iter()}
        assert not tags & {"mergeCell", "pane", "autoFilter", "f", "drawing", "headerFooter"}, name
        assert not [row for row in sheet.xml.iter() if row.get("hidden")]
    names = [sheet.tables[0].get("name") for sheet in sheets.values() if sheet.tables]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"\w{1,31}", name) for name in sheets)


def test_symbols_and_notes_are_explained_and_sources_named_in_full(sheets):
    notes = {f"[note {number}]": text for number, text in sheets["Notes"].rows}
    sources = {row[0] for row in sheets["Sources"].rows}
    referred = set()
    for name, sheet in of_tables(sheets).items():
        above = "\n".join(sheet.above)
        referred |= set(re.findall(r"\[note \d+\]", above))
        used = {symbol for row in sheet.rows for cell in row for symbol in re.findall(r"\[(\w+)\]", cell)}
        assert used == set(re.findall(r"^\[(\w+)\] means", above, re.M)) <= set(SYMBOLS), name
        for symbol in used:
            note = re.search(
                rf"^\[{symbol}\] means {re.escape(SYMBOLS[symbol])}\. (\[note \d+\])$", above, re.M
            )
            assert notes[note[1]] == EXPLAINED[symbol]
        cited = re.search(r"^Source: (.*)\. The worksheet called Sources", above, re.M)[1]
        assert set(plain(cited).split("; ")) <= sources
    assert referred == set(notes)
    assert set(EXPLAINED) == set(SYMBOLS)


def test_the_contents_lead_to_every_table_and_every_table_leads_back(sheets):
    links = {link.get("location") for link in sheets["Contents"].xml.iter(f"{{{NAMES['m']}}}hyperlink")}
    assert links == {f"'{name}'!A1" for name in list(sheets)[3:]}
    for sheet in list(sheets.values())[3:]:
        back = [link.get("location") for link in sheet.xml.iter(f"{{{NAMES['m']}}}hyperlink")]
        assert back == ["'Contents'!A1"]


def test_every_page_offers_the_spreadsheet(pages):
    for name, page in pages.items():
        (link,) = page.select("a[href='tables.xlsx']")
        assert link.get_text() == "All tables as one spreadsheet (Excel)", name


def test_the_same_tables_give_the_same_bytes_whatever_the_day(tmp_path):
    for name in ("one", "two"):
        write_spreadsheet(tmp_path / name, EDITION, {"05_plans": [SHEET]}, [])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with zipfile.ZipFile(tmp_path / "one") as file:
        said = file.read("docProps/core.xml").decode()
        assert {info.date_time[0] for info in file.infolist()} == {1980}
    assert set(re.findall(r"\d{4}-\d\d-\d\dT", said)) == {f"{EDITION.published}T"}
    later = EDITION.model_copy(update={"published": date(2031, 1, 1)})
    write_spreadsheet(tmp_path / "later", later, {"05_plans": [SHEET]}, [])
    assert (tmp_path / "one").read_bytes() != (tmp_path / "later").read_bytes()


def test_alerts_stand_on_the_cover_and_above_every_table(tmp_path):
    write_spreadsheet(tmp_path / "book", EDITION, {"05_plans": [SHEET, SHEET]}, ["Draft."])
    sheets = opened(tmp_path / "book")
    assert list(of_tables(sheets)) == ["Table_5_1", "Table_5_2"]
    assert all("Draft." in sheets[name].above for name in ("Cover", "Table_5_1", "Table_5_2"))


def test_hostile_words_stay_words_and_hold_nothing_up(tmp_path):
    hostile = replace(
        SHEET,
        chapter=HOSTILE[0],
        caption=" ".join(HOSTILE[:-1]),
        heads=["Words", "=1+1", "=1+1"],
        rows=[[words, words, Number(1, "#,##0")] for words in HOSTILE],
        source=f"{HOSTILE[5]}.",
        notes=HOSTILE[:6],
    )
    edition = EDITION.model_copy(update={"title": HOSTILE[5], "area": HOSTILE[6], "ask": HOSTILE[0]})
    write_spreadsheet(tmp_path / "book", edition, {"05_plans": [hostile]}, HOSTILE[:7])
    sheets = opened(tmp_path / "book")
    sheet = sheets["Table_5_1"]
    assert [row[0] for row in sheet.rows] == [words[:32_000] for words in HOSTILE]
    assert len(set(sheet.heads)) == 3
    for each in sheets.values():
        assert not [element for element in each.xml.iter() if element.tag.endswith("}f")]
    with zipfile.ZipFile(tmp_path / "book") as file:
        links = "".join(file.read(name).decode() for name in file.namelist() if name.endswith(".rels"))
    assert "example.org" not in links


@pytest.mark.parametrize(
    ("shown", "cell"),
    [
        ("38,427", Number(38427, "#,##0")),
        ("57.0", Number(57, "#,##0.0")),
        (f"{MINUS}£11,745.03", Number(-11745.03, "£#,##0.00")),
        ("45%", Number(45, '#,##0"%"')),
        ("+21 points", Number(21, '+#,##0" points";-#,##0" points";#,##0" points"')),
        *(
            (words, words)
            for words in ("[c]", "[low]", "about 57", "2/3", "none", "54.0 or 54.5", "at least 600")
        ),
    ],
)
def test_what_is_a_number_on_the_page_is_one_in_a_cell(shown, cell):
    assert _cell(shown) == cell


def test_a_cell_with_two_figures_becomes_two_columns_and_what_has_one_stands_in_both():
    columns = [
        Column("Period", lambda row: escape(row["period"]), heads=True),
        Column(
            "Interval (%)",
            lambda row: Markup(row["low"]),
            then=lambda row: Markup(row["high"]),
        ),
        Column("Words", lambda row: Markup(row["words"]), words=True),
    ]
    lines = pd.DataFrame(
        [
            ("2016 to 2017", "<b>1.5</b>", "2.5", "one<br>two"),
            ("2018", "[c]", "", "A &amp; B"),
        ],
        columns=["period", "low", "high", "words"],
    )
    sources = pd.DataFrame({"source": ["report-5.2-plans"]})
    (sheet,) = render(sources, columns, "plans", "Plans", lines, "changes.").sheets
    (table,) = read_tables([sheet], "Plans")
    assert table.heads == ["Period", "Interval (%), from", "Interval (%), to", "Words"]
    assert table.rows == [
        ["2016 to 2017", Number(1.5, "#,##0.0"), Number(2.5, "#,##0.0"), "one; two"],
        ["2018", "[c]", "[c]", "A & B"],
    ]
    assert table.source == "Source: annual report, section 5.2."
    assert (table.sources, table.notes) == (["report-5.2-plans"], ["Changes."])
