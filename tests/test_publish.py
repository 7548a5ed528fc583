"""A pack in its place: whole or not at all, one build at a time, nothing left behind, nothing lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lscb_analysis.build.publication import BuildError, BusyError, check_replaceable, making, publish

MANIFEST = '{"format": "lscb pack 1", "files": {}}'
WHOLE = ["lock", "lscb-store", "packs"]


@pytest.fixture(autouse=True)
def _project(tmp_path, monkeypatch):
    """A project of nothing, to keep the record in."""
    for needed in ("data", "notebooks/editions"):
        (tmp_path / "project" / needed).mkdir(parents=True)
    monkeypatch.setenv("LSCB_PROJECT", str(tmp_path / "project"))


def make(folder, words):
    """Make a pack whose only page holds `words`, and publish it."""
    with making(folder) as aside:
        made = aside / "pack"
        made.mkdir()
        (made / "manifest.json").write_text(MANIFEST, "utf-8")
        (made / "index.html").write_text(words, "utf-8")
        publish(made, folder, {})


def read(folder):
    return (folder / "index.html").read_text("utf-8")


def hidden(folder):
    return sorted(path.name for path in folder.with_name(f".{folder.name}").iterdir())


def test_a_pack_is_published_by_replacing_one_link(tmp_path):
    folder = tmp_path / "pack"
    make(folder, "first")
    assert folder.is_symlink()
    first = folder.resolve()
    make(folder, "second")
    assert read(folder) == "second"
    assert hidden(folder) == WHOLE
    assert (first / "index.html").read_text("utf-8") == "first"  # someone may be reading it
    make(folder, "third")
    assert not first.exists()


def test_the_link_holds_wherever_the_folder_is_moved(tmp_path):
    (tmp_path / "here").mkdir()
    make(tmp_path / "here" / "pack", "words")
    (tmp_path / "here").rename(tmp_path / "there")
    assert read(tmp_path / "there" / "pack") == "words"


def test_a_folder_reached_through_a_link_keeps_its_pack(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "reports").symlink_to(tmp_path / "disk")
    folder = tmp_path / "reports" / "pack"
    make(folder, "first")
    with making(folder):
        assert read(folder) == "first"
    assert read(folder) == "first"


def test_a_pack_that_is_a_folder_of_an_earlier_version_is_replaced(tmp_path):
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "manifest.json").write_text(MANIFEST, "utf-8")
    check_replaceable(folder)
    make(folder, "new")
    assert (read(folder), folder.is_symlink()) == ("new", True)
    assert hidden(folder) == WHOLE


def test_where_there_are_no_links_the_folder_is_renamed(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError("no symbolic links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    folder = tmp_path / "pack"
    for words in ("first", "second"):
        make(folder, words)
        assert (read(folder), folder.is_symlink()) == (words, False)
    assert hidden(folder) == WHOLE


def test_if_the_new_pack_cannot_be_put_in_place_the_old_one_is_put_back(tmp_path, monkeypatch):
    folder = tmp_path / "pack"
    monkeypatch.setattr(Path, "symlink_to", lambda *_, **__: (_ for _ in ()).throw(OSError("none")))
    make(folder, "old")
    rename = Path.rename

    def refuse_the_new(self, target):
        if target == folder and self.parent.name == "packs":
            raise OSError("no space left")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(OSError, match="no space left"):
        make(folder, "new")
    assert read(folder) == "old"
    assert hidden(folder) == WHOLE


def test_a_build_killed_between_two_renames_is_undone_by_the_next(tmp_path):
    folder = tmp_path / "pack"
    make(folder, "old")
    store = tmp_path / ".pack"
    folder.resolve().rename(store / "old")
    folder.unlink()
    with making(folder):
        assert read(folder) == "old"


def test_what_a_killed_build_left_is_removed_by_the_next_and_the_pack_stays(tmp_path):
    folder = tmp_path / "pack"
    make(folder, "old")
    store = tmp_path / ".pack"
    shutil.copytree(folder, store / "packs" / "99")  # made, and never put in place
    (store / "making").mkdir()
    (store / "making" / "half.html").write_text("", "utf-8")
    shutil.copyfile(store / "lscb-store", store / "making" / "lscb-store")
    (store / "link").symlink_to(".pack/packs/99")
    with making(folder) as aside:
        assert [path.name for path in aside.iterdir()] == ["lscb-store"]
    assert read(folder) == "old"
    assert hidden(folder) == WHOLE
    assert len(list((store / "packs").iterdir())) == 1


def test_a_second_build_is_busy_and_told_so(tmp_path):
    folder = tmp_path / "pack"
    hold = (
        "import sys, time; from pathlib import Path; from lscb_analysis.build.publication import making\n"
        f"with making(Path({str(folder)!r})): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(BusyError, match="--wait"), making(folder):
        pass
    holder.kill()
    holder.wait()
    with making(folder):  # the lock ended with its process
        assert hidden(folder) == ["lock", "lscb-store", "making"]


def test_a_waiting_build_begins_when_the_other_ends(tmp_path):
    folder = tmp_path / "pack"
    hold = (
        "import sys; from pathlib import Path; from lscb_analysis.build.publication import making\n"
        f"with making(Path({str(folder)!r})): print('held', flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", hold], text=True, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        with making(folder, holder.stdin.close):
            assert holder.wait() == 0


def test_readers_meet_the_old_pack_or_the_new_one_and_nothing_else(tmp_path):
    folder = tmp_path / "pack"
    make(folder, "0")
    look = (
        "import sys, pathlib; seen = set(); pack = pathlib.Path(sys.argv[1]); print('ready', flush=True)\n"
        "while not (pack.with_name('end').exists() and len(seen) > 1):\n"
        "    seen.add(len((pack / 'index.html').read_text()))\n"
        "print(sorted(seen), flush=True)"
    )
    reader = subprocess.Popen([sys.executable, "-c", look, str(folder)], stdout=subprocess.PIPE, text=True)
    assert reader.stdout.readline() == "ready\n"
    number = 0
    while reader.poll() is None:
        number += 1
        make(folder, "0" * (1 + number % 2))
        if number == 50:
            folder.with_name("end").touch()
    assert reader.returncode == 0, "the page was missing for a moment"
    assert reader.stdout.read().strip() == "[1, 2]"


@pytest.mark.parametrize("name", ["thesis.txt", "manifest.json"])
def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path, name):
    precious = tmp_path / "pack"
    precious.mkdir()
    (precious / name).write_text('{"name": "a web app"}', "utf-8")
    with pytest.raises(BuildError, match="not a pack"):
        check_replaceable(precious)


def test_a_file_is_not_replaced(tmp_path):
    (tmp_path / "pack").write_text("precious", "utf-8")
    with pytest.raises(BuildError, match="not a pack"):
        check_replaceable(tmp_path / "pack")


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(BuildError, match="cannot be written to"):
        check_replaceable(tmp_path / "pack")
