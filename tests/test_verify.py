"""A pack is read back against the data: it holds as built, and no alteration that changes meaning passes."""

import json
import shutil
from dataclasses import replace

import pytest
from conftest import DATA
from mutations import alterations
from typer.testing import CliRunner

from lscb_analysis.audit.downloads import check_table
from lscb_analysis.audit.verification import CLAIMS_OF_ALL, NoPackError, check_page, read_pack, verify
from lscb_analysis.build.builder import build
from lscb_analysis.cli import app, main
from lscb_analysis.data.schema import DataError
from lscb_analysis.pages.blocks import read_page

OF_A_KIND = 15
"""So many alterations of each kind are tried, spread over the pack."""


@pytest.fixture(scope="module")
def book(pack):
    return read_pack(pack)


def test_the_pack_holds_and_nearly_all_its_numbers_are_bound(pack):
    found = verify(pack)
    assert [str(fault) for fault in found.faults] == []
    assert found.figures > 2000
    assert found.cells > 2000


def test_what_changes_meaning_is_caught_and_what_does_not_is_not(pack, book, tmp_path):
    pages = {path.name: path.read_text("utf-8") for path in sorted(pack.glob("*.html"))}
    tables = {f"tables/{path.name}": path.read_text("utf-8") for path in sorted(pack.glob("tables/*.csv"))}
    tried = {}
    for altered in alterations(pages, tables):
        if altered.text != (pages | tables)[altered.file]:
            tried.setdefault((altered.kind, altered.changes), {})[altered.file, altered.text] = altered
    chosen = [list(of.values())[:: max(1, len(of) // OF_A_KIND)][:OF_A_KIND] for of in tried.values()]
    passed, caught = [], []
    for altered in (one for of in chosen for one in of):
        faults = faults_of(altered, book, tmp_path)
        if altered.changes and not faults:
            passed.append((altered.kind, altered.file, altered))
        if not altered.changes and faults:
            caught.append((altered.kind, altered.file, faults[0]))
    assert not passed
    assert not caught
    assert sum(len(of) for (_, changes), of in zip(tried, chosen, strict=True) if changes) >= 300
    assert len({kind for kind, changes in tried if changes}) >= 20
    assert sum(not changes for _, changes in tried) >= 7


def faults_of(altered, book, folder):
    if altered.file.endswith(".html"):
        pages = book.pages | {altered.file: read_page(altered.text)}
        return check_page(replace(book, pages=pages), altered.file)
    path = folder / "altered.csv"
    path.write_text(altered.text, "utf-8", newline="")
    return check_table(path, book.known)[1]


@pytest.mark.parametrize("claim", [*CLAIMS_OF_ALL, "All is well"])
def test_a_claim_of_all_comparisons_has_to_be_so(book, claim):
    """In this pack some changed, some are unclear and some are not compared, so none of them is."""
    page = read_page(f'<p>{claim}</p><p><span data-claim="*">{claim}</span>.</p>')
    faults = check_page(replace(book, pages={"invented.html": page}), "invented.html")
    said = f"“{claim}” is said of all comparisons of this edition, and is not so."
    assert said in [fault.reason for fault in faults]
    unmarked = "claims what no verdict beside it says" in str(faults[0].reason)
    assert unmarked == ("beyond chance" in claim)


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("child_protection_plans", "116,116", "161,161"),
        ("population", "39115,39115", "39151,39151"),
        ("dfe_care_leavers", "Total,30,30,", "Total,31,31,"),
        ("measures", "the number of children in our care,", "the number of children in their care,"),
        ("measures", "Aged 17 to 18", "Aged 16 to 17"),
        ("schools", "fsm_primary,Total,13.6,13.6%", "fsm_primary,Total,13.8,13.8%"),
    ],
)
def test_data_changed_after_the_build_are_noticed(pack, project, table, old, new):
    path = project / DATA / f"{table}.csv"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    assert verify(pack).faults


def test_data_written_anew_with_the_same_content_are_not(pack, project):
    path = project / DATA / "population.csv"
    header, *rows = path.read_text("utf-8").splitlines()
    path.write_text("\r\n".join([header, *reversed(rows), ""]), "utf-8", newline="")
    assert not verify(pack).faults


def test_a_number_typed_by_hand_is_not_published_and_the_old_pack_stays(project, tmp_path):
    folder = tmp_path / "pack"
    build(output=folder)
    before = (folder / "08_care_leavers.html").read_bytes()
    notebook = project / "notebooks" / "08_care_leavers.ipynb"
    written = json.loads(notebook.read_text("utf-8"))
    cell = next(cell for cell in reversed(written["cells"]) if cell["cell_type"] == "markdown")
    cell["source"] = [*cell["source"], "\n\nIn all, seven young people were asked."]
    notebook.write_text(json.dumps(written), "utf-8")
    with pytest.raises(DataError, match="“seven” states a quantity that is bound to no figure"):
        build(output=folder)
    assert (folder / "08_care_leavers.html").read_bytes() == before


def test_the_command_names_page_sentence_and_reason(pack, tmp_path):
    copied = tmp_path / "pack"
    shutil.copytree(pack, copied)
    assert CliRunner().invoke(app, ["verify", str(copied)]).exit_code == 0
    page = copied / "05_child_protection.html"
    page.write_text(page.read_text("utf-8").replace(">fell</data>", ">rose</data>", 1), "utf-8")
    said = CliRunner().invoke(app, ["verify", str(copied)])
    assert said.exit_code == 1
    assert "05_child_protection.html: In Southend-on-Sea, the number of children" in said.output
    assert "“rose” is not borne out by -47" in said.output


def test_a_folder_that_is_no_pack_is_bad_input(tmp_path, monkeypatch, capsys):
    with pytest.raises(NoPackError, match=r"no pack: its manifest.json"):
        verify(tmp_path)
    monkeypatch.setattr("sys.argv", ["lscb", "verify", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "no pack" in capsys.readouterr().err
