"""Where a pack stands: made aside, put in place in one step, by one build at a time.

What readers open is `reports/<edition>`. Beside it a hidden folder of the same name holds the lock, the
pack that stands and whatever is being made. Where the system has symbolic links the visible name is
one, and publishing replaces it: a reader meets the old pack or the new one. Elsewhere the folder is
renamed, with a moment between the two names, and put back if the second fails: near-atomic.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lscb_analysis.errors import InputError

TIMEOUT = 600.0
"""A chapter may take this many seconds altogether, unless a build says otherwise."""


class BusyError(Exception):
    """Another build of the same pack is under way."""


class BuildError(InputError, ValueError):
    """A build that was refused before anything ran; the message says what to change."""


class UnpublishedError(Exception):
    """A pack that was made and yet must not be published; the message says why."""


def check_replaceable(folder: Path) -> None:
    """Raise BuildError if `folder` is not a pack of ours, so that what is in it would be lost."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"{folder.parent} cannot be a folder: {error.strerror}. Give another one."
        ) from error
    if not os.access(folder.parent, os.W_OK):
        raise BuildError(f"{folder.parent} cannot be written to. Give another folder, or allow it.")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not _is_pack(folder)):
        raise BuildError(f"{folder} holds something that is not a pack. Give another folder, or empty it.")


@contextmanager
def making(folder: Path, waiting: Callable[[], None] | None = None) -> Iterator[Path]:
    """Hold the only right to make the pack of `folder`, and give an empty folder to make it in.

    What an earlier build left there, killed or not, is removed at the start, what this one leaves at its
    end. The right is a lock of the operating system: it ends with the process, however that ends.

    Where another build holds it, `waiting` is called and that build waited for. Raises BusyError if there
    is no `waiting`.
    """
    store = _store(folder)
    store.mkdir(exist_ok=True)
    lock = FileLock(store / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not waiting:
            busy = f"Another build of {folder.name} is under way. Wait for it to end, or use --wait."
            raise BusyError(busy) from None
        waiting()
        lock.acquire()
    try:
        aside = store / "making"
        _clear(folder)
        _forget(folder)
        aside.mkdir()
        yield aside
    finally:
        _clear(folder)
        lock.release()


def kept(folder: Path) -> Path:
    """Return the folder, beside the pack of `folder`, of what the next build may use again."""
    return _store(folder) / "kept"


def publish(made: Path, folder: Path) -> None:
    """Put the pack in `made` in the place of `folder`, in one step; if that fails, nothing has changed."""
    store = _store(folder)
    packs = store / "packs"
    packs.mkdir(exist_ok=True)
    new = packs / str(1 + max((int(path.name) for path in packs.iterdir()), default=0))
    made.rename(new)
    link = store / "link"
    try:
        link.symlink_to(os.path.relpath(new, folder.parent), target_is_directory=True)
    except OSError:  # no symbolic links here, or none without a privilege
        _exchange(new, folder, store / "old")
        return
    if folder.is_dir() and not folder.is_symlink():
        _exchange(link, folder, store / "old")
    else:
        link.replace(folder)


def _exchange(new: Path, folder: Path, old: Path) -> None:
    """Rename `folder` to `old` and `new` to `folder`; if the second fails, undo the first."""
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise


def _store(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}")


def _clear(folder: Path) -> None:
    """Remove what was being made, and undo a publication that was cut off."""
    store = _store(folder)
    if (store / "old").exists() and not folder.exists():
        (store / "old").rename(folder)  # a build was killed between its two names
    for left in ("making", "old"):
        shutil.rmtree(store / left, ignore_errors=True)
    (store / "link").unlink(missing_ok=True)


def _forget(folder: Path) -> None:
    """Remove the packs that no longer stand: not when they are replaced, since someone may be reading."""
    standing = folder.resolve()
    for pack in (_store(folder) / "packs").glob("*"):
        if pack.resolve() != standing:
            shutil.rmtree(pack)


def _is_pack(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and {"edition", "chapters", "files"} <= manifest.keys()
