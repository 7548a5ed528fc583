"""The pack as a PDF: tagged, named, whole, the same each time; a build that cannot print says so first."""

import json
import re
import sys
from collections import Counter
from datetime import date
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from conftest import FEW

from lscb_analysis import cli
from lscb_analysis.build import pdf
from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build
from lscb_analysis.build.pdf import PDF, chromium, printed
from lscb_analysis.build.publication import BuildError, UnpublishedError
from lscb_analysis.editions.edition import read_edition

EDITION = read_edition("southend-2017-19")


@pytest.fixture(scope="module")
def browser():
    try:
        return chromium()
    except BuildError:
        pytest.skip("No Chromium is installed; on Debian: apt install chromium.")


@pytest.fixture(scope="module")
def made(browser, pack, tmp_path_factory):
    """The pack as a PDF, and what its browser noted of the network."""
    aside = tmp_path_factory.mktemp("aside")
    noted = tmp_path_factory.mktemp("noted") / "net.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "_OPTIONS", [*pdf._OPTIONS, f"--log-net-log={noted}"])
        found = printed((pack / "all.html").read_text("utf-8"), browser, EDITION.published, aside)
    assert list(aside.iterdir()) == []
    return found, json.loads(noted.read_text("utf-8"))


@pytest.fixture(scope="module")
def read(made):
    return pypdf.PdfReader(BytesIO(made[0]))


@pytest.fixture(scope="module")
def sheets(read):
    """The words of each sheet."""
    return [sheet.extract_text() for sheet in read.pages]


@pytest.fixture(scope="module")
def tags(read):
    """The elements of the tree of tags, in no order."""
    found, ahead = [], [read.trailer["/Root"]["/StructTreeRoot"]["/K"]]
    while ahead:
        node = ahead.pop().get_object()
        if isinstance(node, list):
            ahead += node
        elif isinstance(node, dict):
            found += [node] if "/S" in node else []
            ahead += [node["/K"]] if "/K" in node else []
    return found


def outline(entries, level=1):
    """The headings of an outline with their levels and their sheets, in order."""
    for entry in entries:
        if isinstance(entry, list):
            yield from outline(entry, level + 1)
        else:
            yield level, entry


def test_it_is_tagged_and_says_its_title_and_its_language(read):
    root = read.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert read.metadata.title == f"{EDITION.title}, the whole pack: {EDITION.area}, {EDITION.period}"


def test_its_outline_has_every_heading_of_the_one_page_at_its_level(read, pages):
    headings = pages["all"].find_all(re.compile("^h[1-6]$"))
    expected = [(int(heading.name[1]), " ".join(heading.get_text().split())) for heading in headings]
    assert [(level, " ".join(entry.title.split())) for level, entry in outline(read.outline)] == expected
    assert {page.main.h1.get_text() for name, page in pages.items() if name in EDITION.chapters} <= {
        title for _, title in expected
    }


def test_tables_headers_drawings_and_lists_are_tagged_as_what_they_are(tags, pages):
    counts = Counter(tag["/S"] for tag in tags)
    assert counts["/Table"] == len(pages["all"].find_all("table"))
    assert counts["/H1"] == 1
    assert counts["/H2"] == len(pages["all"].find_all("h2"))
    assert counts["/L"] > 50
    assert all(any("/Scope" in about for about in tag["/A"]) for tag in tags if tag["/S"] == "/TH")
    drawings = [tag["/Alt"] for tag in tags if tag["/S"] == "/Figure"]
    headlines = {headline.get_text() for headline in pages["all"].select(".headline")}
    assert len(drawings) == len(pages["all"].find_all("figure"))
    assert set(drawings) <= headlines


def test_every_sheet_is_a4_numbered_and_filled(read, sheets):
    assert len(sheets) > 20
    for number, (sheet, words) in enumerate(zip(read.pages, sheets, strict=True), 1):
        assert [round(float(side) / 72 * 25.4) for side in sheet.mediabox[2:]] == [210, 297]
        margin = f"{EDITION.title}, {EDITION.period}"
        assert f"{number} of {len(sheets)}" in words
        assert (margin in words) == (number > 1)
        assert len(words) > 150, number


def test_every_part_begins_a_sheet_and_is_named_in_its_margin(read, sheets, pages):
    parts = pages["all"].select("section.part")
    begun = [entry for level, entry in outline(read.outline) if level == 2][-len(parts) :]
    at = [read.get_destination_page_number(entry) for entry in begun]
    assert at == sorted(set(at))
    for part, first, after in zip(parts, at, [*at[1:], len(sheets)], strict=True):
        title = part.h2.get_text()
        assert sheets[first].count(title) >= 2  # the heading, and the margin
        assert all(title in words for words in sheets[first:after])


def test_no_heading_is_the_last_thing_on_its_sheet(read, sheets):
    for _, entry in outline(read.outline):
        words = " ".join(sheets[read.get_destination_page_number(entry)].split())
        title = " ".join(entry.title.split())
        assert len(words.rpartition(title)[2]) > 40 or words.count(title) > 1, title


def test_it_leads_nowhere_but_to_its_own_places_and_to_the_telephone(read, made):
    notes = [note.get_object() for sheet in read.pages for note in sheet.get("/Annots", [])]
    called = {note["/A"]["/URI"] for note in notes if "/A" in note and "/URI" in note["/A"]}
    assert called == {f"tel:{help.telephone.replace(' ', '')}" for help in EDITION.help if help.telephone}
    assert sum("/Dest" in note for note in notes) > 100
    assert b"file:" not in made[0]


def test_not_a_byte_is_sent_while_it_is_printed(made):
    _, noted = made
    names = {number: name for name, number in noted["constants"]["logEventTypes"].items()}
    events = {names[event["type"]] for event in noted["events"]}
    assert events
    assert not {event for event in events if event.endswith("BYTES_SENT")}


def test_it_is_dated_by_its_edition_and_the_same_whenever_it_is_printed(made, read, browser, pack, tmp_path):
    again = printed((pack / "all.html").read_text("utf-8"), browser, EDITION.published, tmp_path)
    assert again == made[0]
    assert read.metadata["/CreationDate"] == read.metadata["/ModDate"] == f"D:{EDITION.published:%Y%m%d}"


# Without a browser, or with one that does as it is told.


@pytest.fixture
def _nothing_installed(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(pdf.NAMED, raising=False)
    monkeypatch.setattr(pdf, "PLACES", [])


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Install as the browser a program that runs some lines of Python, told the page and the PDF."""

    def install(source):
        told = "import sys, urllib.request\npage, made = sys.argv[-1], sys.argv[-2].partition('=')[2]\n"
        program = tmp_path / "browser"
        program.write_text(f"#!{sys.executable}\n{told}{source}", "utf-8")
        program.chmod(0o755)
        monkeypatch.setenv(pdf.NAMED, str(program))
        return str(program)

    return install


COPY = "open(made, 'wb').write(b'%PDF /CreationDate (D:20200101)\\n' + urllib.request.urlopen(page).read())"


@pytest.mark.usefixtures("_nothing_installed")
def test_without_a_browser_a_build_says_what_to_do_before_anything_runs(project, monkeypatch, capsys):
    with pytest.raises(BuildError, match="Install Chromium, Chrome or Edge, set LSCB_CHROMIUM"):
        build(asked=Asked(pdf=True))
    monkeypatch.setattr(sys, "argv", ["lscb", "build", "--pdf"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.BAD_INPUT
    assert "none is found" in capsys.readouterr().err
    assert not (project / "reports").exists()


def test_a_browser_that_is_named_must_be_there(monkeypatch):
    monkeypatch.setenv(pdf.NAMED, "/nowhere/chromium")
    with pytest.raises(BuildError, match="'/nowhere/chromium', which is no program"):
        chromium()


@pytest.mark.usefixtures("_nothing_installed")
def test_a_browser_is_found_where_it_usually_is(monkeypatch, tmp_path):
    program = tmp_path / "chrome"
    program.write_text("", "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(pdf, "PLACES", ["/nowhere/chrome", str(program)])
    assert chromium() == str(program)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("print('one', 'no display', sep='\\n', file=sys.stderr); sys.exit(5)", "status 5.*no display"),
        ("print('nothing to print', file=sys.stderr)", "status 0.*nothing to print"),
        ("import time; time.sleep(30)", "no PDF within 1 seconds"),
    ],
)
def test_a_browser_that_prints_nothing_is_told_of(stand_in, monkeypatch, tmp_path, source, said):
    monkeypatch.setattr(pdf, "PATIENCE", 1)
    aside = tmp_path / "aside"
    aside.mkdir()
    with pytest.raises(UnpublishedError, match=said):
        printed("<p>Words</p>", stand_in(source), date(2026, 11, 25), aside)
    assert list(aside.iterdir()) == []


def test_the_page_that_is_printed_leads_to_no_other_file_and_its_date_is_replaced_at_its_length(
    stand_in, tmp_path
):
    page = '<a class="x" href="b.html">B</a><a href="#c">C</a><a href="tel:999">9</a><figure id="d"></figure>'
    dated, date_of_edition = "/CreationDate (D:20200101120000+00'00')", "/CreationDate (D:20261125)"
    browser = stand_in(COPY.replace("/CreationDate (D:20200101)", dated.replace("'", "\\'")))
    assert printed(page, browser, date(2026, 11, 25), tmp_path).decode() == (
        f"%PDF {date_of_edition.ljust(len(dated))}\n"
        '<a class="x">B</a><a href="#c">C</a><a href="tel:999">9</a><figure role="group" id="d"></figure>'
    )


def test_a_pack_that_stands_gets_its_pdf_without_running_a_chapter_and_keeps_it(built, warmed, stand_in):
    warmed(built)
    stand_in(COPY)
    said = []

    def again(**options):
        said.clear()
        return build(asked=Asked(**options), tell=lambda event, **_: said.append(event)).folder

    folder = built / "reports" / EDITION.name
    assert PDF not in (folder / "index.html").read_text("utf-8")
    again(pdf=True)
    told = [event for event in said if event not in ("not compared", "left out")]
    assert told == ["build started", *["chapter skipped"] * len(FEW), "verified", "published"]
    assert (folder / PDF).read_bytes().startswith(b"%PDF")
    assert PDF in json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    assert f'href="{PDF}"' in (folder / "index.html").read_text("utf-8")
    for options in ({"pdf": True}, {}):
        again(**options)
        assert said == ["nothing to do"]
    (folder / PDF).write_bytes(b"")
    again(pdf=True)
    assert (folder / PDF).read_bytes()


def test_a_pack_whose_pdf_fails_is_not_published(built, stand_in):
    folder = built / "reports" / EDITION.name
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    stand_in("sys.exit(1)")
    with pytest.raises(UnpublishedError, match="Nothing was published"):
        build(asked=Asked(pdf=True))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not Path(built, "reports", f".{folder.name}", "making").exists()
