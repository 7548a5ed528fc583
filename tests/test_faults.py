"""Faults of an unattended build, with real processes: what readers see, what is left, how it ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from conftest import CHECKOUT, DATA
from test_cli import run_on

from lscb_analysis.data.schema import DICTIONARY, TEXTS

LSCB = [sys.executable, "-c", "from lscb_analysis.__main__ import main; main()", "build", "invented"]
EDITION = """
title = "An invented pack"
board = "An invented board"
area = "Southend-on-Sea"
period = "2018"
previous = 2017
latest = 2018
rule = "published"
chapters = {chapters}
analysed = "an analyst"
assured = "another analyst"
ask = "the manager"
published = 2026-01-05
next_pack = 2099-01-05
use_until = 2099-01-05
help = [{{ when = "In danger", service = "the emergency services", telephone = "999" }}]
"""
PARAMETERS = 'edition: str = "invented"  # the edition\ninstead: str = ""  # values to try'
OPENED = "import lscb_analysis as lscb\npack = lscb.open_edition(edition, instead)"
KERNEL = {"name": "python3", "language": "python", "display_name": "Python 3"}
ENDLESS = "import time, pathlib; pathlib.Path('begun').touch(); time.sleep(600)"


def heard_at_a_terminal():
    """Have signals do what they do there, also where these tests run in the background and ignore them."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Place:
    """A project with an invented edition whose chapters hold a cell of one's own, and its pack."""

    def __init__(self, root):
        self.root = root
        self.pack = root / "reports" / "invented"
        self.begun = root / "notebooks" / "begun"
        self.log = root / "log.jsonl"

    def chapters(self, **cells):
        toml = EDITION.format(chapters=json.dumps(list(cells)))
        (self.root / "notebooks" / "editions" / "invented.toml").write_text(toml, "utf-8")
        for name, cell in cells.items():
            notebook = nbformat.v4.new_notebook(
                metadata={
                    "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}
                },
                cells=[
                    nbformat.v4.new_markdown_cell("# An invented chapter\n\nDoes it run?", id="title"),
                    nbformat.v4.new_code_cell(PARAMETERS, id="p", metadata={"tags": ["parameters"]}),
                    nbformat.v4.new_code_cell(OPENED, id="open"),
                    nbformat.v4.new_markdown_cell("## Where does it fail?", id="where"),
                    nbformat.v4.new_code_cell(cell, id="cell"),
                ],
            )
            nbformat.write(notebook, self.root / "notebooks" / f"{name}.ipynb")

    def start(self, *options):
        self.begun.unlink(missing_ok=True)
        return subprocess.Popen(
            [*LSCB, "--log", str(self.log), *options],
            env=os.environ | {"LSCB_PROJECT": str(self.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heard_at_a_terminal if os.name == "posix" else None,
        )

    def build(self, *options):
        """Build in this process; `start` has one of its own, which may be killed."""
        return run_on(self.root, "build", "invented", "--log", str(self.log), *options)

    def events(self):
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def kernels(self):
        """The kernels that run for this project, known by the folder they run in."""
        own = str(self.root / "notebooks")
        found = []
        for process in psutil.process_iter(["cmdline"]):
            try:
                if "ipykernel" in " ".join(process.info["cmdline"] or []) and process.cwd() == own:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                continue
        return found

    def failed(self):
        (folder,) = self.root.glob("jobs/failed/invented-*")
        return folder

    def left(self):
        return sorted(path.name for path in self.root.joinpath("reports").iterdir()), sorted(
            path.name for path in self.root.joinpath("reports", ".invented").iterdir()
        )


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def publish_in(root):
    """Make a project whose invented pack is published."""
    place = Place(root)
    for name in ("data", "notebooks"):
        shutil.copytree(CHECKOUT / name, place.root / name, ignore=shutil.ignore_patterns(".*"))
    for path in (place.root / DATA).glob("*.csv"):
        if path.stem not in (*DICTIONARY, *TEXTS, "care_leavers", "population"):
            path.unlink()  # or every build would check tables of which no chapter speaks
    place.chapters(**{"01_one": "'as it was'"})
    status, out, err = place.build()
    assert (status, err) == (0, "")
    assert "The pack is ready" in out
    return place


def copy_of(place, root):
    """Copy such a project; `seen` is what readers see in its pack."""
    place = Place(shutil.copytree(place.root, root, symlinks=True))
    place.seen = {path.name: path.read_bytes() for path in place.pack.iterdir() if path.is_file()}
    return place


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return publish_in(tmp_path_factory.mktemp("published") / "project")


@pytest.fixture
def place(published, tmp_path):
    return copy_of(published, tmp_path / "project")


def unchanged(place):
    return {path.name: path.read_bytes() for path in place.pack.iterdir() if path.is_file()} == place.seen


WHOLE = ["lock", "lscb-store", "packs"]


def test_a_cell_that_raises_fails_its_chapter_and_the_others_go_on(place):
    place.chapters(**{"01_one": "raise ValueError('it broke')", "02_two": "2", "03_three": "3"})
    status, out, err = place.build("--workers", "1")
    assert status == 1, err
    assert "01_one failed in cell 4, `raise ValueError('it broke')`, under “Where does it fail?”" in err
    assert "ValueError: it broke" in err
    assert sorted(re.findall(r"^\[[123]/3\] (\w+): [0-9.]+ s$", out, re.M)) == ["02_two", "03_three"]
    assert unchanged(place)
    assert place.left() == ([".invented", "invented"], WHOLE)
    assert "it broke" in (place.failed() / "01_one.ipynb").read_text("utf-8")
    assert str(place.failed()) in err
    failed = [event for event in place.events() if event["event"] == "chapter failed"]
    assert [event["chapter"] for event in failed] == ["01_one"]
    assert place.events()[-1]["event"] == "not published"


def test_fail_fast_stops_the_others(place):
    fails = "import time, pathlib\nwhile not pathlib.Path('begun').exists(): time.sleep(0.1)\n1 / 0"
    place.chapters(**{"01_one": fails, "02_two": ENDLESS, "03_three": "3"})
    status, _, err = place.build("--fail-fast", "--workers", "2")
    assert status == 1, err
    assert "ZeroDivisionError" in err
    assert "02_two stopped, since another chapter failed" in err
    assert "03_three stopped, since another chapter failed" in err
    assert unchanged(place)
    kept = {path.name for path in place.failed().iterdir()}
    assert kept == {"01_one.ipynb", "02_two.ipynb"}
    started = [event["chapter"] for event in place.events() if event["event"] == "chapter started"]
    assert "03_three" not in started


def test_a_kernel_killed_in_mid_cell_fails_its_chapter_and_says_where(place):
    place.chapters(**{"01_one": ENDLESS})
    process = place.start()
    wait_for(place.begun.exists)
    (kernel,) = place.kernels()
    kernel.kill()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "01_one failed: its kernel died, perhaps out of memory, in the cell `import time" in err
    assert unchanged(place)
    assert place.left() == ([".invented", "invented"], WHOLE)


def test_an_endless_cell_is_stopped_when_the_chapters_time_is_up(place):
    place.chapters(**{"01_one": ENDLESS})
    for seconds in ("5", "60", "300"):  # on a busy machine the cell may not begin within the first of them
        status, _, err = place.build("--timeout", seconds)
        assert status == 1
        if place.begun.exists():
            break
    assert f"01_one stopped: it took longer than {seconds} s, in the cell `import time" in err
    assert unchanged(place)
    assert not place.kernels()


ALSO = [pytest.param(sent, marks=pytest.mark.whole) for sent in (signal.SIGINT, signal.SIGHUP)]
"""They are answered as SIGTERM is; test_belongings sends all three to a command that still imports."""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL, *ALSO])
def test_a_build_that_is_killed_leaves_the_pack_and_no_process(place, sent, tmp_path, monkeypatch):
    temporary = tmp_path / "t"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    place.chapters(**{"01_one": ENDLESS})
    process = place.start()
    wait_for(place.begun.exists)
    assert place.kernels()
    process.send_signal(sent)
    _, err = process.communicate(timeout=300)
    stopped = f"Stopped by {sent.name}; a pack that stands is whole.\n"
    told = (-sent, "") if sent == signal.SIGKILL else (128 + sent, stopped)
    assert (process.returncode, err) == told
    wait_for(lambda: not place.kernels())
    assert not list(temporary.rglob("*.json"))
    assert unchanged(place)
    if sent != signal.SIGKILL:
        assert place.left() == ([".invented", "invented"], WHOLE)
        assert not list(place.root.glob(".lscb/*/runs"))
    place.chapters(**{"01_one": "'and now'"})
    status, _, _ = place.build()
    assert status == 0
    assert place.left() == ([".invented", "invented"], WHOLE)


def test_a_second_build_is_busy_or_waits(place):
    go_on = place.root / "notebooks" / "go-on"
    wait = "while not pathlib.Path('go-on').exists(): time.sleep(0.05)"
    place.chapters(**{"01_one": f"import time, pathlib; pathlib.Path('begun').touch()\n{wait}"})
    first = place.start()
    wait_for(place.begun.exists)
    status, _, err = place.build()
    assert status == 3
    assert "Another build of invented is under way" in err
    place.chapters(**{"01_one": "'quick'"})
    waiting = place.start("--wait")
    wait_for(lambda: '"waiting"' in place.log.read_text("utf-8"))
    go_on.touch()
    first.communicate(timeout=300)
    out, _ = waiting.communicate(timeout=300)
    assert waiting.returncode == 0
    assert "The pack is ready" in out


def test_data_changed_during_the_build_is_not_published_and_said(place):
    changes = (
        "import pathlib, os; p = pathlib.Path('../data/southend/sources.csv')\n"
        "p.write_text(p.read_text('utf-8').replace('annual report', 'yearly report', 1), 'utf-8')"
    )
    place.chapters(**{"01_one": changes})
    status, _, err = place.build()
    assert status == 1
    assert "Changed while the pack was made: data/southend/sources.csv" in err
    assert unchanged(place)
    assert place.left() == ([".invented", "invented"], WHOLE)


def test_data_broken_during_the_build_is_not_published_and_said(place):
    breaks = (
        "import pathlib\n"
        "shown = lscb.tabulate.rows(pack.stated(pack.load('eet_17_18')))\n"
        "pathlib.Path('../data/southend/sources.csv').write_text('broken', 'utf-8')\n"
        "shown"
    )
    place.chapters(**{"01_one": breaks})
    status, _, err = place.build()
    assert (status, "Changed while the pack was made: data/southend/sources.csv" in err) == (1, True), err
    assert unchanged(place)
    assert place.left() == ([".invented", "invented"], WHOLE)


def test_files_dated_in_the_future_change_nothing(place):
    future = time.time() + 10 * 365 * 86_400
    for path in [*place.root.rglob("*.csv"), *place.root.rglob("*.ipynb"), *place.root.rglob("*.toml")]:
        os.utime(path, (future, future))
    status, _, err = place.build()
    assert (status, err) == (0, "")
    again = {path.name: path.read_bytes() for path in place.pack.iterdir() if path.suffix == ".html"}
    assert again == {name: page for name, page in place.seen.items() if name.endswith(".html")}


def mounted(folder, options):
    """Mount a small file system of its own there, or skip and say why."""
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("Only root can mount a small file system to fill.")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"No small file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a megabyte, as good as full once a pack stands on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted(folder, "size=300k")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_leaves_the_pack_and_says_so(place, small_disk):
    output = ["--output", str(small_disk / "pack")]
    status, _, err = place.build(*output)
    assert (status, err) == (0, "")
    before = (small_disk / "pack" / "index.html").read_bytes()
    room = shutil.disk_usage(small_disk).free
    (small_disk / "filler").write_bytes(b"x" * (room - 20_000))
    place.chapters(**{"01_one": "'and now'"})
    status, _, err = place.build(*output)
    assert (status, len(err.splitlines())) == (1, 1), err
    assert "No space left on device" in err
    assert "Free some space, then run it again." in err
    assert (small_disk / "pack" / "index.html").read_bytes() == before
    assert sorted(path.name for path in (small_disk / ".pack").iterdir()) == WHOLE


def test_a_full_disk_where_notebooks_are_kept_leaves_the_pack_and_says_so(place, small_disk):
    shutil.move(place.root / ".lscb", small_disk / "lscb")
    (place.root / ".lscb").symlink_to(small_disk / "lscb")
    place.chapters(**{"01_one": "from IPython.display import HTML; HTML('x' * 400_000)"})
    status, _, err = place.build()
    assert (status, len(err.splitlines())) == (1, 1), err
    assert "No space left on device" in err
    assert "Free some space, then run it again." in err
    assert unchanged(place)
    assert place.left() == ([".invented", "invented"], WHOLE)


def test_a_target_that_cannot_be_written_to_is_refused(place, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    status, _, err = place.build("--output", str(small_disk / "pack"))
    assert status == 2
    assert "cannot be written to" in err
    assert list(small_disk.iterdir()) == []


def test_the_log_has_a_line_of_json_for_each_event_with_its_time(place):
    events = place.events()
    assert [event["event"] for event in events] == [
        "build started", "chapter started", "chapter done", "verified", "published",
    ]  # fmt: skip
    assert all(event["time"].endswith("+00:00") for event in events)
    assert Path(events[-1]["folder"]).name == "invented"


def test_a_refused_build_is_in_the_log_too(place):
    status, _, err = place.build("--only", "01_on")
    assert status == 2
    assert place.events()[-1]["event"] == "not published"
    assert place.events()[-1]["error"] in err
