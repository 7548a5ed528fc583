"""The command: what it prints, and the status it ends with."""

import io
from contextlib import redirect_stderr, redirect_stdout

import pytest
from conftest import DATA

from lscb_analysis.cli import main


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr("sys.argv", ["lscb", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return ended.value.code or 0, said.out, said.err


def run_on(project, *words):
    """Run the command on a project, in this process, with nothing to read from: status, output, errors."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("LSCB_PROJECT", str(project))
        patch.setattr("sys.argv", ["lscb", *words])
        patch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code or 0, out.getvalue(), err.getvalue()


def test_the_version_is_that_of_the_package(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys, "--version")
    assert status == 0
    assert out.startswith("lscb 0.")


def test_list_shows_editions_chapters_and_parameters(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys, "list")
    assert status == 0
    for shown in ("southend-2017-19", "05_child_protection", "confidence = 0.95"):
        assert shown in out


def test_check_passes_on_the_data_of_the_project(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys, "check")
    assert (status, out.strip().endswith("no problem.")) == (0, True)


def test_check_lists_every_problem_and_fails(project, monkeypatch, capsys):
    path = project / DATA / "primary_need.csv"
    path.write_text(
        path.read_text("utf-8").replace(",86.6,86.6,", ",186.6,86.6,").replace(",7.4,", ",x7.4,", 1), "utf-8"
    )
    status, _, err = run(monkeypatch, capsys, "check")
    assert status == 2
    assert "data/southend/primary_need.csv" in err
    assert "is above 100, the most of its unit" in err
    assert "neither a number nor a symbol" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["build", "southend-2017-18"], "Did you mean 'southend-2017-19'?"),
        (["build", "--only", "05_child_protecton"], "Did you mean '05_child_protection'?"),
        (["build", "-p", "latst=2018"], "Did you mean 'latest'?"),
        (["build", "-p", "area=Southend"], "Did you mean 'Southend-on-Sea'?"),
        (["build", "-p", "latest=soon"], "Give a year as a whole number"),
        (["build", "-p", "confidence=high"], "Give a fraction"),
        (["build", "-p", "latest"], "NAME=VALUE"),
        (["build", "-p", "edition=southend-2017-19"], "Nothing that a build sets is called 'edition'"),
        (["build", "-p", "latest=2025"], "No comparison has figures for both 2017 and 2025"),
        (["build", "--output", "/dev/null/pack"], "cannot be a folder"),
        (["build", "-p", "confidence=95"], "less than 1"),
        (["build", "-p", "latest=2016"], "not before latest"),
        (["build", "--date", "tomorrow"], "'tomorrow'"),
    ],
)
def test_a_wrong_name_or_value_is_refused_before_anything_runs(project, monkeypatch, capsys, words, message):
    status, out, err = run(monkeypatch, capsys, *words)
    assert status == 2
    assert message in err
    assert out == ""
    assert not (project / "reports").exists()


def test_bad_data_is_refused_before_anything_runs(project, monkeypatch, capsys):
    (project / DATA / "care_leavers.csv").write_text("", "utf-8")
    status, _, err = run(monkeypatch, capsys, "build")
    assert status == 2
    assert "data/southend/care_leavers.csv: is empty" in err
    assert not (project / "reports").exists()


@pytest.mark.usefixtures("built")
def test_a_pack_past_its_date_is_built_with_a_line_that_says_so(monkeypatch, capsys):
    status, out, err = run(monkeypatch, capsys, "build", "--date", "2027-11-26")
    assert (status, "The pack is ready" in out) == (0, True)
    assert err.startswith("This pack was to be used until 2027-11-25, and that day has passed")
    status, out, err = run(monkeypatch, capsys, "build", "--date", "2027-11-25")
    assert (status, err) == (0, "")
