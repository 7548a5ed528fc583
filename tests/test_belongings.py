"""What belongs to the user: nothing is lost, no altered pack is believed, and a pack can be withdrawn."""

import hashlib
import json
import os
import pty
import re
import resource
import select
import signal
import subprocess
import sys

import pytest
from conftest import DATA, as_they_ran
from filelock import FileLock
from test_cli import run_on
from test_faults import copy_of, publish_in, wait_for

from lscb_analysis.cli import main

LSCB = [sys.executable, "-m", "lscb_analysis"]
THESIS = "years of work"


def everything(root):
    """Every file, link and folder below a folder, with what it holds or leads to."""
    return {
        path: path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


def write(path, words=THESIS):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words, "utf-8")


def link(path, to):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(to)


LOOKS_LIKE_A_PACK = '{"edition": {}, "chapters": [], "files": {"thesis.txt": "0"}}'
IN_THE_WAY = {
    "a document": lambda home: write(home / "out" / "pack"),
    "a folder of documents": lambda home: write(home / "out" / "pack" / "thesis.txt"),
    "a manifest with the keys of a pack": lambda home: (
        write(home / "out" / "pack" / "thesis.txt"),
        write(home / "out" / "pack" / "manifest.json", LOOKS_LIKE_A_PACK),
    ),
    "a manifest of another format": lambda home: write(
        home / "out" / "pack" / "manifest.json", '{"format": "lscb pack 0", "files": {}}'
    ),
    "a manifest that is a list": lambda home: write(home / "out" / "pack" / "manifest.json", "[]"),
    "a link to documents": lambda home: (
        write(home / "precious" / "thesis.txt"),
        link(home / "out" / "pack", home / "precious"),
    ),
    "a link to a pack of another folder": lambda home: (
        write(home / "out" / ".other" / "packs" / "1" / "manifest.json", '{"format": "lscb pack 1"}'),
        link(home / "out" / "pack", ".other/packs/1"),
    ),
    "a link that leads nowhere": lambda home: link(home / "out" / "pack", "gone"),
    "a hidden folder of documents": lambda home: write(home / "out" / ".pack" / "thesis.txt"),
    "a hidden folder with the names of a store": lambda home: (
        write(home / "out" / ".pack" / "packs" / "1" / "thesis.txt"),
        write(home / "out" / ".pack" / "lock", ""),
    ),
    "a hidden folder with a marker of its own": lambda home: (
        write(home / "out" / ".pack" / "lscb-store", "mine"),
        write(home / "out" / ".pack" / "making" / "thesis.txt"),
    ),
    "a hidden file": lambda home: write(home / "out" / ".pack"),
    "a hidden link to documents": lambda home: (
        write(home / "precious" / "thesis.txt"),
        link(home / "out" / ".pack", home / "precious"),
    ),
    "a hidden link to a store": lambda home: (
        write(home / "precious" / "lscb-store"),
        link(home / "out" / ".pack", home / "precious"),
    ),
    "a link in place of the folder above": lambda home: link(home / "out", "gone"),
    "a file in place of the folder above": lambda home: write(home / "out"),
    "a file in place of what is kept": lambda home: write(home / "project" / ".lscb"),
    "a link to nowhere in place of what is kept": lambda home: link(home / "project" / ".lscb", "gone"),
}
REMEDY = "Give another|or give another|Remove|or remove|Move it away|or move"


def refused(monkeypatch, capsys, *words):
    """The error of a command that is refused with status 2."""
    monkeypatch.setattr("sys.argv", ["lscb", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, ""), said
    return said.err


@pytest.mark.parametrize("put", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_what_no_build_made_is_refused_first_of_all_and_stays(project, monkeypatch, capsys, put):
    (project / DATA / "care_leavers.csv").write_text("", "utf-8")  # a build that plans finds this
    home = project.parent
    put(home)
    before = everything(home)
    for command in (["build"], ["build", "--force"], ["withdraw", "southend-2017-19", "--yes"]):
        err = refused(monkeypatch, capsys, *command, "--output", home / "out" / "pack")
        assert re.search(REMEDY, err), err
        assert len(err.splitlines()) == 1
    assert everything(home) == before


@pytest.mark.parametrize("output", ["/", ".."])
def test_a_folder_without_a_name_is_refused(project, monkeypatch, capsys, output):
    monkeypatch.chdir(project)
    assert "by its name" in refused(monkeypatch, capsys, "build", "--output", output)


def test_a_home_folder_with_keys_beside_is_not_taken_for_a_store(project, monkeypatch, capsys):
    write(project.parent / "home" / ".ssh" / "id", "a key")
    err = refused(monkeypatch, capsys, "build", "--output", project.parent / "home" / "ssh")
    assert "nothing in it is touched" in err


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return publish_in(tmp_path_factory.mktemp("published") / "project")


@pytest.fixture
def place(published, tmp_path):
    return copy_of(published, tmp_path / "project")


def run(place, *words, **options):
    """Run the command on the project, in a process of its own if that is to have `options`."""
    if not options:
        return run_on(place.root, *words)
    env = os.environ | {"LSCB_PROJECT": str(place.root)}
    options = {"stdin": subprocess.DEVNULL} | options
    done = subprocess.run([*LSCB, *words], env=env, capture_output=True, text=True, timeout=300, **options)
    return done.returncode, done.stdout, done.stderr


def test_what_people_and_systems_put_anywhere_stops_no_build_and_outlives_two(place):
    store = place.root / "reports" / ".invented"
    (kept,) = place.root.glob(".lscb/invented-*")
    document = place.root / "thesis.txt"
    write(document)
    planted = [
        *(store / name for name in ("thesis-1", "old/thesis-2", "making/thesis-3", "link/thesis-4")),
        *(store / "packs" / name for name in ("thesis-5", "notes/thesis-6", "77")),
        *(kept / name for name in ("thesis-8", "runs/thesis-9", "record.json.new/thesis-10")),
        *(place.pack / name for name in ("thesis-11", "tables/thesis-12")),
        *(folder / ".DS_Store" for folder in (store, store / "packs", kept, place.pack)),
        *(folder / "Thumbs.db" for folder in (store, store / "packs", place.root / ".lscb")),
    ]
    for number, path in enumerate(planted):
        write(path, f"{THESIS} {number}")
    (kept / "01_one.ipynb").unlink()
    for name in (kept / "01_one.ipynb", store / "desktop.ini", place.pack / "link"):
        link(name, document)
    for _ in range(2):
        status, out, err = run(place, "build", "invented", "--force")
        assert (status, err) == (0, "")
        assert "Left where it is, since no build made it: " in out
    names = {path.name for path in place.pack.iterdir()}
    assert names == set(place.seen) | {"tables"} & names
    words = [
        path.read_text("utf-8")
        for path in place.root.rglob("*")
        if path.is_file() and path.suffix not in (".csv", ".parquet")
    ]
    assert [n for n in range(len(planted)) if f"{THESIS} {n}" not in words] == []
    assert document.read_text("utf-8") == THESIS
    status, out, err = run(place, "build", "invented")
    assert (status, "Nothing has changed" in out, err) == (0, True, "")


def altered_page(place):
    page, manifest = place.pack / "01_one.html", place.pack / "manifest.json"
    page.write_text(page.read_text("utf-8").replace("Does it run?", "It does not run!"), "utf-8")
    listed = json.loads(manifest.read_text("utf-8"))
    listed["files"]["01_one.html"] = hashlib.sha256(page.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(listed, indent=2, ensure_ascii=False) + "\n", "utf-8")


def altered_manifest(place):
    manifest = place.pack / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace("another analyst", "the minister"), "utf-8")


def added_file(place):
    (place.pack / "extra.html").write_text("not ours", "utf-8")


def link_for_a_page(place):
    page = place.pack / "index.html"
    copy = place.root / "copy.html"
    page.rename(copy)
    page.symlink_to(copy)


@pytest.mark.parametrize(
    "alter",
    [altered_page, altered_manifest]
    + [pytest.param(alter, marks=pytest.mark.whole) for alter in (added_file, link_for_a_page)],
)
def test_a_pack_that_is_not_as_it_was_made_is_made_again(place, alter):
    alter(place)
    status, out, err = run(place, "build", "invented")
    assert (status, "Nothing has changed" in out, err) == (0, False, "")
    now = {path.name: path.read_bytes() for path in place.pack.iterdir() if path.is_file()}
    assert not place.pack.joinpath("index.html").is_symlink()
    assert now.keys() == place.seen.keys()
    assert {n for n in now if now[n] != place.seen[n]} <= {"manifest.json"}
    assert "the minister" not in now["manifest.json"].decode()


def test_prose_that_was_altered_in_what_is_kept_is_not_published(place):
    path = as_they_ran(place.root, "invented")["01_one"]
    path.write_text(path.read_text("utf-8").replace("Does it run?", "All is well."), "utf-8")
    edition = place.root / "notebooks" / "editions" / "invented.toml"
    edition.write_text(edition.read_text("utf-8").replace("An invented pack", "A pack"), "utf-8")
    status, out, err = run(place, "build", "invented")
    assert (status, err) == (0, "")
    assert "nothing it is made of changed" not in out
    page = (place.pack / "01_one.html").read_text("utf-8")
    assert ("Does it run?" in page, "All is well" in page) == (True, False)
    assert "A pack" in page


def test_no_notebook_that_ran_is_below_reports_and_a_failed_one_that_was_changed_is_the_analysts(place):
    assert not list(place.root.glob("reports/**/*.ipynb"))
    place.chapters(**{"01_one": "1 / 0"})
    assert run(place, "build", "invented")[0] == 1
    assert not list(place.root.glob("reports/**/*.ipynb"))
    (place.failed() / "01_one.ipynb").write_text(THESIS, "utf-8")
    assert run(place, "build", "invented")[0] == 1
    assert len(list(place.failed().iterdir())) == 2
    place.chapters(**{"01_one": "'mended'"})
    status, out, _ = run(place, "build", "invented")
    (left,) = place.failed().iterdir()
    assert (status, left.read_text("utf-8"), str(left) in out) == (0, THESIS, True)


def asked(place, answer, *words):
    """Run the command at a terminal and answer its question; return its status and all that it said."""
    ours, theirs = pty.openpty()
    env = os.environ | {"LSCB_PROJECT": str(place.root)}
    process = subprocess.Popen([*LSCB, *words], env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while select.select([ours], [], [], 300)[0]:
        try:
            said += os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if b"[y/N]" in said and answer:
            os.write(ours, answer)
            answer = b""
    os.close(ours)
    return process.wait(), said.decode()


def test_a_pack_is_withdrawn_with_every_copy_that_is_kept_after_asking(place):
    assert run(place, "build", "invented", "--only", "01_one")[0] == 0
    assert run(place, "build", "invented", "--force")[0] == 0
    write(place.pack / "thesis.txt")
    before = everything(place.root)
    status, _, err = run(place, "withdraw", "invented")
    assert (status, "Use --yes" in err) == (2, True)
    status, said = asked(place, b"n\n", "withdraw", "invented")
    assert (status, "Nothing was taken away." in said) == (1, True)
    with FileLock(place.root / "reports" / ".invented" / "lock"):
        assert run(place, "withdraw", "invented", "--yes")[0] == 3
    assert everything(place.root) == before
    status, said = asked(place, b"y\n", "withdraw", "invented")
    assert status == 0, said
    assert "2 packs in" in said
    assert re.search(
        r"Left where it is, since no build made it: \S+/packs/2/thesis.txt", said.replace("\r\n", " ")
    )
    left = {path.name for root in ("reports", ".lscb", "jobs") for path in (place.root / root).rglob("*")}
    assert left == {".invented", ".invented-draft", "lock", "lscb-store", "packs", "2", "thesis.txt"}
    status, _, err = run(place, "withdraw", "invented", "--yes")
    assert (status, "There is no pack at" in err) == (2, True)


def test_a_pack_that_is_altered_and_whose_folder_is_gone_is_withdrawn_too(place):
    altered_manifest(place)
    place.pack.unlink()
    status, out, err = run(place, "withdraw", "invented", "--yes")
    assert (status, err, "1 pack in" in out) == (0, "", True)
    assert not list((place.root / "reports").rglob("*.html"))
    assert not list((place.root / ".lscb").rglob("*"))


IMPORTING = "import os, pathlib, time; pathlib.Path(os.environ['SIGN']).touch(); time.sleep(120)"
"""Stands for a library, so that a signal comes while the command is still importing."""


def while_it_imports(tmp_path, sent, ignored=None):
    write(tmp_path / "path" / "typer.py", IMPORTING)
    sign = tmp_path / "sign"
    env = os.environ | {"PYTHONPATH": str(tmp_path / "path"), "SIGN": str(sign)}

    def heard():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number == ignored else signal.SIG_DFL)

    process = subprocess.Popen([*LSCB, "build"], env=env, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    wait_for(sign.exists)
    for number in sent:
        process.send_signal(number)
    return process.communicate(timeout=300)[1], process.returncode


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_answered_also_before_all_is_imported(tmp_path, sent):
    err, status = while_it_imports(tmp_path, [sent])
    assert (err, status) == (f"Stopped by {sent.name}; a pack that stands is whole.\n", 128 + sent)


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    err, status = while_it_imports(tmp_path, [signal.SIGHUP, signal.SIGTERM], ignored=signal.SIGHUP)
    assert (err.count("Stopped by"), "SIGTERM" in err, status) == (1, True, 143)


def test_a_build_that_waits_is_stopped_and_says_so(place):
    with FileLock(place.root / "reports" / ".invented" / "lock"):
        process = place.start("--wait", "--force")
        wait_for(lambda: '"waiting"' in place.log.read_text("utf-8"))
        process.terminate()
        _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (143, "Stopped by SIGTERM; a pack that stands is whole.\n")


@pytest.mark.parametrize(("allowed", "message"), [(24, "Allow more open files, as by `ulimit -n 1024`"),
                                                  (4096, "no edition")])  # fmt: skip
def test_where_too_few_files_may_be_open_a_build_is_refused_and_otherwise_allows_itself_more(
    place, allowed, message
):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < allowed:
        pytest.skip("So many open files are not allowed here.")
    status, out, err = run(
        place,
        *("build", "invented" if allowed == 24 else "nothing"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, allowed)),
    )
    assert (status, out, len(err.splitlines())) == (2, "", 1), err
    assert message in err


def test_an_error_of_the_system_is_said_with_a_remedy(place):
    write(place.root / "log")
    status, _, err = run(place, "build", "invented", "--force", "--log", str(place.root / "log" / "log"))
    assert (status, "Traceback" in err, len(err.splitlines())) == (1, False, 1), err
    assert err.startswith(("Not a directory: ", "File exists: "))
