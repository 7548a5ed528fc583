"""`lscb check` passes nothing that the build cannot use: file names, editions, notebooks, broken files."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys

import pytest
from conftest import DATA, EDITION, keep_only
from test_cli import run
from test_new_year import without_notes

from lscb_analysis.data.files import load
from lscb_analysis.editions.edition import read_edition
from lscb_analysis.errors import InputError

NAMES = [
    "child_protection_plans - Copy.csv", "conferences (1).csv", "visits.CSV", "Visits.csv", "visits.csv.csv",
    "sources - Copy.csv", "besuche_\u00e4.csv", "2018.csv", "a\nb.csv",
]  # fmt: skip
IGNORED = ["~$visits.csv", ".~lock.visits.csv#", ".hidden.csv", ".#visits.csv", "visits.csv~", "visits.xlsx"]


def checked(monkeypatch, capsys) -> tuple[int, list[str], list[str]]:
    status, out, err = run(monkeypatch, capsys, "check")
    return status, out.splitlines(), err.splitlines()


def test_what_a_program_keeps_for_itself_is_ignored_and_a_name_that_is_no_plain_word_is_refused(
    project, monkeypatch, capsys
):
    data, place = project / DATA, DATA.as_posix()
    for name in IGNORED[:-2]:
        (data / name).symlink_to(data / "nowhere")
    for name in IGNORED[-2:]:
        (data / name).write_bytes(b"\0")
    (project / EDITION).with_name(".#mine.toml").symlink_to("nowhere")
    assert checked(monkeypatch, capsys)[0] == 0
    for name in NAMES:
        shutil.copyfile(data / "visits.csv", data / name)
    shutil.copyfile(project / EDITION, project / "notebooks" / "editions" / "mine - Copy.toml")
    (data / "folder.csv").mkdir()
    (data / "link.csv").symlink_to("nowhere")
    status, _, err = checked(monkeypatch, capsys)
    assert status == 2
    for name in NAMES:
        shown = name if name.isprintable() else ascii(name)
        assert any(
            line.startswith(f"{place}/{shown}: has a name that is no plain word. Call it") for line in err
        )
    assert any(line.startswith("notebooks/editions/mine - Copy.toml: has a name") for line in err)
    assert f"{place}/folder.csv: is a folder, or a link that leads nowhere. Take it out of {place}/." in err
    assert f"{place}/link.csv: is a folder, or a link that leads nowhere. Take it out of {place}/." in err
    status, _, err = run(monkeypatch, capsys, "build", EDITION.stem)
    assert (status, "visits.CSV: has a name" in err) == (2, True)


def test_a_row_that_stands_in_two_tables_is_refused_with_both_places(project, monkeypatch, capsys):
    shutil.copyfile(project / DATA / "visits.csv", project / DATA / "visits_again.csv")
    status, _, err = checked(monkeypatch, capsys)
    rows = len((project / DATA / "visits.csv").read_text("utf-8").splitlines()) - 1
    twice = [
        line
        for line in err
        if "data/southend/visits_again.csv, row " in line and "in data/southend/visits.csv, row " in line
    ]
    assert (status, len(twice)) == (2, rows)


FAULTS = {
    "twice": ('chapters = ["05_child_protection", ',
              'chapters = ["05_child_protection", "05_child_protection", ',
              "the chapter '05_child_protection' is listed twice"),
    "tiny": ("confidence = 0.95", "confidence = 1e-7", "confidence: Input should be greater than or equal"),
    "one": ("confidence = 0.95", "confidence = 1", "confidence: Input should be less than 1"),
    "large": ("confidence = 0.95", "confidence = 95", "confidence: Input should be less than 1"),
    "nan": ("confidence = 0.95", "confidence = nan", "confidence: Input should be"),
    "rule": ('rule = "published"', 'rule = "unpublished"', "rule: there is no rule 'unpublished'"),
    "late": ("next_pack = 2027-10-29", "next_pack = 2028-10-29", "next_pack (2028-10-29) is after use_until"),
    "february": ("next_pack = 2027-10-29", "next_pack = 2027-02-31", "is not TOML"),
    "table": ('table = "dfe_care_leavers", measure = "care_leavers_17_18_in_eet"',
              'table = "dfe_care_leaver"',
              "data/southend/dfe_care_leaver.csv: 'dfe_care_leaver' is not a table"),
    "number": ('table = "dfe_care_leavers", measure = "care_leavers_17_18_in_eet"', "table = 5",
               "data/southend/5.csv: '5' is not a table"),
    "source": ('source = "report-5.2-plans"', 'source = "report-5.2-plan"',
               "'report-5.2-plan' is not in this table, and source takes it as the counts of 'plans'"),
    "until": ('source = "report-5.2-plans"', "until = 3", "'until' cannot choose rows here"),
    "area": ('source = "report-5.2-plans"', 'area_name = "Essex"', "'area_name' cannot choose rows here"),
    "asked": ('question = "conferences"', 'question = "plans"', "the question 'plans' is asked twice"),
    "place": ('area = "Southend-on-Sea"', 'area = "Southend"', "'Southend' is no area of any table"),
    "sixteen": ('"08_care_leavers"]', '"08_care_leavers", "16_none"]', "There is no notebook 16_none.ipynb"),
    "deep": ('board = "Southend', "x = " + "[" * 3000 + '\nboard = "Southend', "is not TOML"),
}  # fmt: skip


def test_every_fault_of_every_edition_is_listed_at_once_and_exit_status_is_2(project, monkeypatch, capsys):
    keep_only(project, ["05_child_protection", "08_care_leavers"])
    text = without_notes((project / EDITION).read_text("utf-8"))  # which nobody has approved elsewhere
    for name, (old, new, _) in FAULTS.items():
        assert old in text, name
        (project / EDITION).with_name(f"{name}.toml").write_text(text.replace(old, new, 1), "utf-8")
    (project / EDITION).with_name("windows.toml").write_bytes(
        text.encode("utf-8-sig").replace(b"\n", b"\r\n")
    )
    for name, content in {"empty": b"", "nul": b"\0\0", "half": text.encode("utf-16-le")}.items():
        (project / EDITION).with_name(f"{name}.toml").write_bytes(content)
    status, out, err = checked(monkeypatch, capsys)
    assert status == 2
    noted = {note.removeprefix("Note: ").partition(": Not compared: ")[0] for note in out}
    assert noted == {EDITION.name, "windows.toml"}  # the editions that hold
    for name, (_, _, said) in FAULTS.items():
        assert any(said in line for line in err), name
    for name in ("empty", "nul", "half"):
        assert any(line.startswith(f"{name}.toml") for line in err), name
    assert not [line for line in err if "windows.toml" in line]
    assert err[-1].startswith("Read ")
    assert err[-1].endswith(" problems.")
    assert not any("there is no rule" in line and "Did you mean" in line for line in err)


def test_notebooks_that_are_none_are_named_together_before_anything_runs(project, monkeypatch, capsys):
    chapters = {"03_primary_need": "{", "05_child_protection": "[]", "08_care_leavers": "\0"}
    for chapter, text in chapters.items():
        (project / "notebooks" / f"{chapter}.ipynb").write_text(text, "utf-8")
    status, _, err = checked(monkeypatch, capsys)
    assert (status, len(err)) == (2, 4)
    status, _, said = run(monkeypatch, capsys, "build")
    assert status == 2
    for chapter in chapters:
        line = f"{chapter}.ipynb cannot be read as a notebook. Open it in JupyterLab and save it."
        assert line in err
        assert line in said


def test_comparisons_that_only_the_pack_that_stands_makes_are_noted(project, monkeypatch, capsys):
    questions = {asked.question: "better" for asked in read_edition(EDITION.stem).comparisons}
    folder = project / "reports" / EDITION.stem
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"comparisons": questions}), "utf-8")
    head, plans, *others = (project / EDITION).read_text("utf-8").split("[[comparisons]]")
    (project / EDITION).write_text("[[comparisons]]".join([head, *others]), "utf-8")
    status, out, _ = checked(monkeypatch, capsys)
    question = plans.partition('question = "')[2].partition('"')[0]
    stood = "In the pack that stands it came to: better."
    assert status == 0
    assert f"Note: {EDITION.name}: The edition no longer asks {question}. {stood}" in out
    (lost,) = (line for line in out if "Not compared: care_leavers_17_18 of 08_care_leavers" in line)
    where = "2017 in data/southend/dfe_care_leavers.csv"
    assert lost.endswith(f"no number behind the earlier figure ({where}). {stood}")


def test_what_is_typed_where_the_data_speak_comes_first_in_notebooks_and_in_names(
    project, monkeypatch, capsys
):
    """Before what is wrong with the data, which the rest waits for."""
    replaced = {
        "notebooks/08_care_leavers.ipynb": ("# Care leavers", "# Care leavers were failed"),
        "data/dictionary/measures.csv": ("Children in need,the number", "Children in need rose,the number"),
        "data/southend/sources.csv": (
            "Key successes of the police",
            "Key successes that led to fewer arrests",
        ),
        "data/southend/conferences.csv": ("103,103.0", "103,104.0"),
    }
    for name, (old, new) in replaced.items():
        text = (project / name).read_text("utf-8")
        assert old in text
        (project / name).write_text(text.replace(old, new), "utf-8")
    status, _, err = checked(monkeypatch, capsys)
    assert status == 2
    assert [line.partition(",")[0] for line in err[:-1]] == [
        *("data/dictionary/measures.csv", "data/southend/sources.csv"),
        *("08_care_leavers.ipynb", "data/southend/conferences.csv"),
    ]
    assert "“rose” tells what happened, which a name may not: “Children in need rose”" in err[0]
    assert "“led to” tells what happened" in err[1]


def test_typed_falsehoods_are_told_before_what_is_slow_is_imported():
    program = (
        "import sys\nfrom lscb_analysis import cli\nassert cli._tell_typed(['southend-2017-19']) == []\n"
        "print(*{'scipy', 'matplotlib', 'papermill', 'nbformat'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "\n"


CELLS = [
    "", "\0", "nan", "inf", "1e400", "9" * 400, "31/02/2018", "0000-00-00", "9999-12-31", "2/3", "٣", "½",
    "[c]", "..", "<5", "1,234", "TRUE", '"', ";", "\t", "\ufeff", "\u202e", "x" * 20_000, "1E+05", "£", "66%",
]  # fmt: skip


def broken(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    line = content.split(b"\n")
    line[chance.randrange(len(line))] = chance.choice(CELLS).encode()
    return chance.choice(
        [
            content[:at],
            content[:at] + bytes([chance.randrange(256)]) + content[at:],
            content[:at] + content[at + chance.randrange(1, 60) :],
            content.replace(chance.choice([b",", b"\n", b"2018", b"="]), chance.choice(CELLS).encode(), 1),
            chance.choice([b"\xff\xfe", b"\xfe\xff", b"\0"]) + content,
            chance.choice([b"\n", b",", b",,\n,,", b"\0", b"{}", b"\xff\xfe"]),
            b"\n".join(line),
        ]
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["table", "edition"])
def test_no_broken_file_ends_in_anything_but_words(project, kind, seed):
    chance = random.Random(seed)
    path = project / EDITION if kind == "edition" else project / DATA / "conferences.csv"
    whole, refused = path.read_bytes(), 0
    for _ in range(40):
        path.write_bytes(broken(whole, chance))
        try:
            load("conferences") if kind == "table" else read_edition(EDITION.stem)
        except InputError as error:
            refused += bool(str(error).strip())
    assert refused > 10
