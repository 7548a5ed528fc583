"""Figures that nobody has published are refused by `lscb check` and a build; no message weakens a rule."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys

import pandas as pd
import pytest
from conftest import DATA, EDITION
from typer.testing import CliRunner

from lscb_analysis.build.asked import Asked
from lscb_analysis.build.builder import build
from lscb_analysis.cli import app
from lscb_analysis.data import published_files
from lscb_analysis.data.schema import runs
from lscb_analysis.errors import InputError

PLANS, SOURCE = "child_protection_plans", "report-5.2-plans"


def check() -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check"])
    return result.exit_code, result.output


def sources(project, **changed) -> None:
    """Change what `sources.csv` says of one source."""
    path = project / DATA / "sources.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows.loc[rows["source"] == SOURCE, list(changed)] = list(changed.values())
    rows.to_csv(path, index=False, lineterminator="\n")


def own_rows(project, table=PLANS) -> pd.DataFrame:
    rows = pd.read_csv(project / DATA / f"{table}.csv", dtype=str, keep_default_na=False)
    return rows[rows["source"] == SOURCE]


@pytest.mark.parametrize("access", ["", "local"])
def test_a_local_figure_stops_check_and_build_with_its_rows_and_no_value(project, access):
    sources(project, access=access)
    status, said = check()
    own = own_rows(project)
    assert status == 2
    assert f"data/southend/{PLANS}.csv, column source: '{SOURCE}' in {runs(own.index + 2)} is local" in said
    assert not any(value in said for value in {*own["value"], *own["printed"]} if len(value) > 2)
    with pytest.raises(InputError, match=f"'{SOURCE}' in rows"):
        build()
    assert not (project / "reports").exists()


def test_words_of_a_local_source_are_refused_like_its_figures(project):
    facts = pd.read_csv(project / DATA / "facts.csv", dtype=str, keep_default_na=False)
    facts.loc[0, "source"] = SOURCE
    facts.to_csv(project / DATA / "facts.csv", index=False)
    sources(project, access="local")
    assert f"data/southend/facts.csv, column source: '{SOURCE}' in row 2 is local" in check()[1]


CONTRADICTED = [
    *("CONFIDENTIAL internal draft, not published", "Draft", "DRAFT_v3", "unpublished", "not yet published"),
    *(
        "Official-Sensitive",
        "restricted",
        "internal",
        "embargoed until Friday",
        "Ｄｒａｆｔ",
        "in confidence",
    ),
    *(
        "not for release",
        "Do not share",
        "pre-release",
        "work in progress",
        "never published",
        "un-published",
    ),
]


@pytest.mark.parametrize("column", ["release", "table", "document"])
def test_words_that_contradict_publication_are_refused(project, column):
    path = project / DATA / "sources.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    for row, words in enumerate(CONTRADICTED):
        rows.loc[row, [column, "access"]] = words, "published"
    rows.to_csv(path, index=False, lineterminator="\n")
    status, said = check()
    assert status == 2
    for row, words in enumerate(CONTRADICTED):
        place = f"data/southend/sources.csv, row {row + 2}, column {column}"
        assert f"{place}: {words!r} contradicts its access. Leave access empty, which means local" in said


@pytest.mark.parametrize(
    ("column", "cell", "what"),
    [
        ("access", "publishd", "is no access. Leave it empty, which means local"),
        ("access", "Published", "is no access"),
        ("access", "unpublished", "is no access"),
        ("published", "", "is empty"),
        ("published", "soon", "is neither a month nor a day"),
        ("published", "2018", "is neither a month nor a day"),
        ("published", "2018-13", "is neither a month nor a day"),
        ("published", "2018-02-30", "is neither a month nor a day"),
        ("published", "2100-01", "is still to come"),
        ("reference", "", "is empty"),
        ("reference", "n/a", "is no public address"),
        ("reference", "tbc", "is no public address"),
        ("reference", "file:///data.xlsx", "is no public address"),
        ("reference", "\\\\server\\share\\data.xlsx", "is no public address"),
        ("reference", "https://intranet/data", "is no public address"),
        ("release", "", "is empty"),
        ("document", "", "is empty"),
    ],
)
def test_what_is_said_to_be_published_says_when_and_where(project, column, cell, what):
    sources(project, **{column: cell})
    status, said = check()
    assert status == 2
    assert f"column {column}: '" in said
    assert what in said
    assert "Did you mean" not in said


def test_the_boards_own_record_is_let_out_but_never_a_count_of_children(project):
    path = project / DATA / "sources.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name in ("attendance", PLANS):
        table = pd.read_csv(project / DATA / f"{name}.csv", dtype=str)
        changed = rows.copy()
        changed.loc[rows["source"].isin(table["source"]), ["access", "published", "reference"]] = (
            "board",
            "",
            "",
        )
        changed.to_csv(path, index=False)
        status, said = check()
        assert (status == 0) == (name == "attendance"), said
    assert f"data/southend/{PLANS}.csv" in said
    assert "is the board's own record and counts children" in said


def test_no_message_offers_a_weaker_rule_or_another_source(project):
    edition = project / EDITION
    text = edition.read_text("utf-8")
    for rule in ("unpublished", "publishe", "publish", "public", "local", "none"):
        edition.write_text(text.replace('rule = "published"', f'rule = "{rule}"'), "utf-8")
        with pytest.raises(InputError) as refused:
            build()
        assert repr(rule) in str(refused.value)
        assert "'published'" not in str(refused.value)
    table = project / DATA / f"{PLANS}.csv"
    table.write_text(table.read_text("utf-8").replace(SOURCE, "report-5.2-plan"), "utf-8")
    said = check()[1]
    assert "'report-5.2-plan' is not known" in said
    assert "Did you mean" not in said


def test_a_manifest_has_digests_of_no_data_that_is_not_published(project):
    rows = pd.read_csv(project / DATA / "sources.csv", dtype=str, keep_default_na=False)
    board = pd.read_csv(project / DATA / "attendance.csv", dtype=str)["source"]
    rows.loc[rows["source"].isin(board), ["access", "published"]] = "board", ""
    rows.to_csv(project / DATA / "sources.csv", index=False)
    made = build(asked=Asked(only=["08_care_leavers"])).folder
    inputs = json.loads((made / "manifest.json").read_text("utf-8"))["inputs"]
    own = {name for name in inputs if name.startswith("data/")}
    assert own == published_files()
    assert "data/southend/attendance.csv" not in own
    assert {"data/southend/care_leavers.csv", "data/dictionary/measures.csv"} <= own
    assert "notebooks/08_care_leavers.ipynb" in inputs
    digest = hashlib.sha256((project / DATA / "attendance.csv").read_bytes()).hexdigest().encode()
    assert not [path for path in made.rglob("*") if path.is_file() and digest in path.read_bytes()]


def on_a_terminal(*command: str) -> str:
    """What a command says on a terminal."""
    own, its = pty.openpty()
    with subprocess.Popen(command, stdout=its, stderr=its, stdin=its, close_fds=True) as run:
        os.close(its)
        said = b""
        try:
            while part := os.read(own, 65536):
                said += part
        except OSError:  # the end of a terminal's output
            pass
        os.close(own)
    assert run.returncode == 0, said
    return said.decode()


def test_which_figures_are_given_away_is_shown_on_a_terminal_alone(project):  # noqa: ARG001
    lscb = [sys.executable, "-c", "from lscb_analysis.cli import main; main()", "check", "--withheld"]
    lines = [line for line in on_a_terminal(*lscb).splitlines() if "can be worked out" in line]
    assert any(
        line.startswith("data/southend/dfe_primary_need.csv, row ")
        and line.endswith("can be worked out exactly, from its total and the other parts.")
        for line in lines
    )
    assert any("cla_adopted" in line and "nearly, from a percentage" in line for line in lines)
    piped = subprocess.run(lscb, capture_output=True, text=True, check=False)
    assert (piped.returncode, piped.stdout) == (2, "")
    assert "on a terminal" in piped.stderr
