"""What is typed where the data have to speak is refused, where it stands and before anything runs.

Every sentence planted here is invented.
"""

import csv
import json
import re

import pytest
from conftest import CHECKOUT, DATA, DICTIONARY, EDITION, FEW, data_file
from typer.testing import CliRunner

from lscb_analysis.audit import typed_claims
from lscb_analysis.build.builder import build
from lscb_analysis.cli import app
from lscb_analysis.editions import read_edition

NOTEBOOK = f"{FEW[0]}.ipynb"
PLANTED = [
    # directions, levels, quantities, causes, chance
    "The number of children who went missing fell.",
    "There were far more interviews than episodes.",
    "Nobody was homeless.",
    "In all ½ of them.",
    "Early help caused this.",
    "## Care leavers were failed",
    "In all, appendix 47 children died.",
    "A majority were seen.",
    "A score of children were moved.",
    "XLVII children were moved.",
    "xlvii children were moved.",
    "٤٧ children were moved.",
    "४७ children were moved.",
    "四十七 children were moved.",
    "Ⅻ children were moved.",
    "Two thirds were seen.",
    "Two-thirds were seen.",
    "Half a dozen were moved.",
    "Twice that was asked for.",
    "Most were seen on the day.",
    "Few were seen on the day.",
    "No child was moved.",
    "Every child was seen.",
    "All children were seen.",
    "Hardly any were seen.",
    "A handful were moved.",
    "The number ｆｅｌｌ.",
    "Plans went up.",
    "Plans have been going down.",
    "Plans doubled.",
    "Visits became quicker.",
    "Visits were more frequent.",
    "Practice is getting better.",
    "The trend continues.",
    "The rate is above that of England.",
    "The rate is below that of England.",
    "Numbers are low.",
    "Numbers remain high.",
    "Practice is good.",
    "Services were inadequate.",
    "Children are safe here.",
    "The target was exceeded.",
    "That led to this.",
    "It happened because of early help.",
    "It happened due to early help.",
    "Early help prevented harm.",
    "Thanks to early help it ended.",
    "This is no coincidence.",
    "The change is significant.",
    "It is unlikely to be luck.",
    "The figures prove it.",
    "The change is clearly real.",
    # hidden in markup, in characters, in other places of Markdown
    "The number f\u00adell.",
    "The number f\u200bell.",
    "The number f\u2060ell.",
    "The number f\u0435ll.",
    "The number 𝐟𝐞𝐥𝐥.",
    "The number ꜰᴇʟʟ.",
    "In all &frac12; of them.",
    "The number f&#101;ll.",
    "The number f&shy;ell.",
    "The number *f*ell.",
    "The number fe**ll**.",
    "The number *fell*.",
    "The number **fell**.",
    "The number `fell`.",
    "The number ~~fe~~ll.",
    "The number fe<!-- -->ll.",
    "The number fe<b></b>ll.",
    "<p>Care leavers were failed.</p>",
    "<!-- Care leavers were failed. -->",
    "The number f e l l.",
    "The number fe-ll.",
    "The number fe.ll.",
    "The number fel̶l.",
    "[The number fell.](05_child_protection.html)",
    '[These](05_child_protection.html "The number fell.")',
    "![The number fell.](chart.png)",
    "| Plans | Change |\n|---|---|\n| all | fell |",
    "- Whether anything changed.\n- Plans fell.",
    "> Plans fell.",
    "1. Plans fell.",
    "Plans.[^1]\n\n[^1]: They fell.",
    "Plans $fell$.",
    "Plans ↓",
    "# Plans fell\n\nWhat changed?",
    # questions and quotations that are none
    "Plans fell?",
    "Is this a question: plans fell?",
    "Did you know that plans fell?",
    "Did 47 children die?",
    "“Plans fell.”",
    "Whether or not it was asked, plans fell.",
]
IN_CODE = [
    'lscb.Display(Markup("Plans fell."))',
    'lscb.sentences.note("Plans " + "fell.")',
    'lscb.charts.line(needs, title="Care leavers were failed")',
    'lscb.tabulate.rows(needs, f"{latest} and plans fell")',
    'lscb.charts.bar(needs, label="fe" "ll")',
    'words = "In all ½ of them"',
]
IN_ROWS = [
    ("facts", "said", "The number of children who went missing fell."),
    ("facts", "about", "More children went missing"),
    ("facts", "status", "done, and numbers fell"),
    ("assumptions", "said", "Nobody was homeless."),
    ("glossary", "meaning", "Care leavers were failed"),
    ("plain_facts", "said", "A majority were seen."),
    ("plain_measures", "meaning", "Early help caused this."),
]
IN_EDITION = [
    ("title", r'^title = ".*"$', 'title = "Plans fell"'),
    ("period", r'^period = ".*"$', 'period = "2017 to 2018, when plans fell"'),
    ("notes plans_explained", r'^plans_explained = ".*"$', 'plans_explained = "Plans fell."'),
    ("help 1 service", r'^service = "the emergency services"$', 'service = "those who failed children"'),
]
FREE = [
    "Did the number of children with a plan fall?",
    "Is the rate above that of England, and why?",
    "How many were seen?",
    "“The number fell.” (annual report, section 5.2)",
    "What is said of *chance alone* stands in a verdict.",
    "Figures name their source.",
]


def cell(kind, source):
    of_code = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": "a", "metadata": {}, "source": source} | of_code


def plant(project, *cells):
    """Add cells to the end of a notebook, and return the number of the first."""
    path = project / "notebooks" / NOTEBOOK
    notebook = json.loads(path.read_text("utf-8"))
    first = len(notebook["cells"]) + 1
    notebook["cells"] += cells
    path.write_text(json.dumps(notebook), "utf-8")
    return first


def plant_in_row(project, name, column, words):
    """Write words into a row of a file of words, and return its number."""
    path = data_file(project, name)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    at = 2 + IN_ROWS.index((name, column, words))
    rows[at - 1][rows[0].index(column)] = words
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return at


def checked(status):
    ran = CliRunner().invoke(app, ["check"])
    assert ran.exit_code == status, ran.output
    return ran.output


def test_every_planted_sentence_is_refused_where_it_stands(project):
    prose = plant(project, *(cell("markdown", words) for words in PLANTED))
    code = plant(project, *(cell("code", words) for words in IN_CODE))
    raw = plant(project, cell("raw", "Plans fell."))
    places = {f"{NOTEBOOK}, cell {prose + at}: ": words for at, words in enumerate(PLANTED)}
    places |= {f"{NOTEBOOK}, cell {code + at}: ": words for at, words in enumerate(IN_CODE)}
    places |= {f"{NOTEBOOK}, cell {raw}: ": "raw"}
    for name, column, words in IN_ROWS:
        row = plant_in_row(project, name, column, words)
        folder = data_file(project, name).parent.name
        places[f"data/{folder}/{name}.csv, row {row}, column {column}: "] = words
    path = project / EDITION
    for field, line, words in IN_EDITION:
        changed, count = re.subn(line, lambda _, to=words: to, path.read_text("utf-8"), flags=re.M)
        assert count == 1, field
        path.write_text(changed, "utf-8")
        places[f"{EDITION.name}, {field}: "] = words
    said = checked(2)
    assert len(places) >= 100
    assert [words for place, words in places.items() if place not in said] == []


def test_what_asks_is_quoted_with_its_source_or_is_spoken_of_is_free(project):
    plant(project, *(cell("markdown", words) for words in FREE))
    assert "no problem" in checked(0)


def test_the_build_refuses_a_typed_claim_before_anything_runs(project):
    at = plant(project, cell("markdown", "Early help *caused* this."))
    with pytest.raises(ValueError, match="names a cause, which no figure here can show") as refused:
        build()
    assert f"{NOTEBOOK}, cell {at}: “caused” names" in str(refused.value)
    assert not (project / "reports").exists()


def test_a_sentence_is_free_once_approved_and_no_longer_when_a_letter_changes(project):
    plant(project, cell("markdown", "Numbers this small tell little."))
    line = re.search(r"data/dictionary/approved\.csv: (\S+,.*),ROLE,DATE", checked(2))
    approved = project / DICTIONARY / "approved.csv"
    before = approved.read_text("utf-8")
    approved.write_text(f"{before}{line[1]},analyst of the board,2026-11-30\n", "utf-8")
    checked(0)
    notebook = project / "notebooks" / NOTEBOOK
    notebook.write_text(notebook.read_text("utf-8").replace("small tell", "small told"), "utf-8")
    assert "“small” judges a level" in checked(2)
    approved.write_text(f"{before}not a digest,{NOTEBOOK},analyst of the board,yesterday\n", "utf-8")
    said = checked(2)
    assert "column digest: 'not a digest' is not the digest of a sentence" in said
    assert "column date: 'yesterday' is not a date" in said


def test_notes_are_approved_for_every_edition_of_their_report_and_for_no_other(project):
    """What is true of one report may be false of the next; the name of an edition changes nothing."""
    again, words = (project / EDITION).with_name("again.toml"), (CHECKOUT / EDITION).read_text("utf-8")
    again.write_text(words, "utf-8")
    assert typed_claims(read_edition("again")) == []
    rows = (project / DATA / "approved.csv").read_text("utf-8").splitlines()
    notes = {found[1] for row in rows if (found := re.search(r" notes (\w+),", row))}
    again.write_text(re.sub(r'(?m)^(report = ".*)"$', r'\1, again"', words), "utf-8")
    refused = typed_claims(read_edition("again"))
    assert {problem.file for problem in refused} == {f"again.toml, notes {note}" for note in notes} != set()


def test_no_approval_outlives_its_sentence(project):
    """An approval that no check needs would let the sentence come back unread."""
    paths = [project / folder / "approved.csv" for folder in (DATA, DICTIONARY)]
    (project / EDITION).write_text((CHECKOUT / EDITION).read_text("utf-8"), "utf-8")
    rows = [row for path in paths for row in path.read_text("utf-8").splitlines()[1:]]
    for path in paths:
        path.unlink()
    assert len(checked(2).splitlines()) == len(rows) + 1  # which says how many there are
