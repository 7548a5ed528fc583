"""Where a pack stands: made aside, put in place in one step, by one build at a time, and withdrawn.

What readers open is `reports/<edition>`. Beside it a hidden folder of the same name, the store, holds the
lock, the pack that stands and the one that a build is making. Where the system has symbolic links the
visible name is one, and publishing replaces it: a reader meets the old pack or the new one. Elsewhere the
folder is renamed, with a moment between the two names, and put back if the second fails: near-atomic.

A store has a marker, a pack names its format, and what lacks them is refused. Only files that a record or a
manifest lists are ever deleted. Whatever else is found stays, or is renamed where it is in the way.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lscb_analysis import project
from lscb_analysis.errors import InputError

MANIFEST, FORMAT = "manifest.json", "lscb pack 1"
"""The file in which a pack says what it is made of, and what that says of itself."""

MARKER, MARK = "lscb-store", "Made by lscb, which removes what it made in here. Nothing is safe here.\n"
"""The file that tells a store, or a folder in which a build works, from any other folder."""

SYSTEMS_OWN = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""What systems leave in a folder that somebody looked at: it makes no folder a person's."""

REMEMBERED = 3
"""So many packs are in the record: the one that stands, the one before, one that came to nothing."""


class BusyError(Exception):
    """Another build of the same pack is under way."""


class BuildError(InputError, ValueError):
    """A build that was refused before anything ran; the message says what to change."""


class UnpublishedError(Exception):
    """A pack that was made and yet must not be published; the message says why."""


def placed(edition: str, output: Path | None, draft: bool = False, area: str = "") -> Path:
    """Return the folder of an edition's pack, by default `reports/<edition>`, or of a draft beside it.

    Of an edition for any authority it is that of the `area` in there. Raises BuildError as
    `check_replaceable` does.
    """
    named = re.sub("[^a-z0-9]+", "-", area.casefold()).strip("-")
    folder = (output or project.project() / "reports" / edition / named).absolute()
    folder = folder.with_name(f"{folder.name}-draft") if draft and folder.name else folder
    check_replaceable(folder)
    return folder


def check_replaceable(folder: Path) -> None:
    """Raise BuildError if a pack cannot stand at `folder`, or if something that is not ours is in its way.

    Nothing is made or changed.
    """
    if folder.name in ("", ".."):
        raise BuildError(f"{folder} cannot be a pack. Give a folder by its name.")
    store = _store(folder)
    for place in (folder.parent, project.state(folder).parent):
        _check_writable(place)
    if store.is_symlink() or (store.exists() and not store.is_dir()):
        raise BuildError(
            f"{store}, where packs of {folder.name} would be kept, is a link or a file of somebody's. "
            "Move it away, or give another folder with --output."
        )
    if not _is_marked(store) and _of_others(store, MARKER, "lock"):
        raise BuildError(
            f"{store} was not made by this version of lscb, so nothing in it is touched. "
            f"Move it and {folder} away, or give another folder with --output."
        )
    if folder.is_symlink() and not _leads_to_store(folder, store):
        raise BuildError(
            f"{folder} is a link that no build made. Remove it, or give another folder with --output."
        )
    if not folder.is_symlink() and (folder.is_file() or (_of_others(folder) and not _is_pack(folder))):
        raise BuildError(
            f"{folder} holds something that is not a pack of this version of lscb. "
            "Move it away, or give another folder with --output."
        )


@contextmanager
def making(folder: Path, waiting: Callable[[], None] | None = None) -> Iterator[Path]:
    """Hold the only right to make the pack of `folder`, and give an empty folder to make it in.

    What an earlier build left there, killed or not, is removed at the start, what this one leaves at its
    end. So is what `running_in` gives. Where another build holds the right, see `holding`.
    """
    with holding(folder, waiting):
        aside = _store(folder) / "making"
        try:
            _clear(folder)
            _forget(folder, folder.resolve())
            for place in (aside, running_in(folder)):
                place.mkdir()
                (place / MARKER).write_text(MARK, "utf-8")
            yield aside
        finally:
            _clear(folder)


@contextmanager
def holding(folder: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the only right to change the pack of `folder`.

    It is a lock of the operating system: it ends with the process, however that ends. Where another build
    holds it, `waiting` is called and that build waited for. Raises BusyError if there is no `waiting`,
    BuildError as `check_replaceable` does.
    """
    check_replaceable(folder)
    store = _store(folder)
    for place in (store, project.state(folder)):
        project.make_way(place, ours=place.is_dir() and not place.is_symlink())
        place.mkdir(parents=True, exist_ok=True)
    for name in (MARKER, "lock"):
        project.make_way(store / name, ours=_is_plain(store / name))
    if not _is_marked(store):
        (store / MARKER).write_text(MARK, "utf-8")
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
        yield
    finally:
        lock.release()


def running_in(folder: Path) -> Path:
    """Return the folder in which the chapters of the pack of `folder` run; `making` makes and removes it."""
    return project.state(folder) / "runs"


def failures(folder: Path) -> Path:
    """Return where the notebooks of chapters that failed are kept: for the analyst, out of readers' reach."""
    return project.project() / "jobs" / "failed" / project.state(folder).name


def publish(made: Path, folder: Path, of: dict[str, Any]) -> None:
    """Put the pack in `made` in the place of `folder`, in one step; if that fails, it is as it was.

    Its digests are recorded, with all that it is made `of`, by `project.made_of`, its edition and chapters.
    """
    store, record = _store(folder), project.record_of(folder)
    number = _next_number(folder)
    known = list((record["packs"] | {number: of | {"files": project.contents(made)}}).items())
    project.write_record(folder, record | {"packs": dict(known[-REMEMBERED:])})
    new = store / "packs" / number
    made.rename(new)
    link = store / "link"
    try:
        link.symlink_to(os.path.relpath(new, folder.parent), target_is_directory=True)
    except OSError:  # no symbolic links here, or none without a privilege
        _exchange(new, folder)
        return
    if folder.is_dir() and not folder.is_symlink():
        _exchange(link, folder)
    else:
        link.replace(folder)


def withdraw(folder: Path) -> None:
    """Take the pack of `folder` away, with all earlier ones and all that is kept of them.

    The caller is `holding` it. It is out of reach at once; whatever is not ours stays: see `left_alone`.
    """
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        folder.rename(_store(folder) / "packs" / _next_number(folder))
    _clear(folder)
    _forget(folder, None)
    for path in notebooks_kept(folder):
        path.unlink()
    (project.state(folder) / project.RECORD).unlink(missing_ok=True)
    for place in (failures(folder), project.state(folder), _store(folder) / "packs"):
        _remove_if_empty(place)


def notebooks_kept(folder: Path) -> list[Path]:
    """Return the chapters of the pack of `folder` as they ran that are kept: for the next build, or failed.

    One that failed and was changed since is the analyst's own.
    """
    record = project.record_of(folder)
    kept = [project.state(folder) / f"{name}.ipynb" for name in record["kept"]]
    failed = [path for path in map(failures(folder).joinpath, record["failed"]) if is_failure(path, record)]
    return [path for path in [*kept, *failed] if _is_plain(path)]


def is_failure(path: Path, record: dict[str, dict[str, Any]]) -> bool:
    """Whether a file is a notebook of a chapter that failed, unchanged since it was kept."""
    return _is_plain(path) and project.file_digest(path) == record["failed"].get(path.name)


def packs(folder: Path) -> list[Path]:
    """Return the packs in the store of `folder` that have files of ours, the one that stands among them."""
    return [pack for pack in _numbered(folder) if _own(pack, folder)]


def is_known(folder: Path) -> bool:
    """Whether there is a pack at `folder`, its store, or anything kept of one."""
    places = (_store(folder), project.state(folder), failures(folder))
    return _is_pack(folder.resolve()) or any(map(os.path.lexists, places))


def left_alone(folder: Path) -> list[Path]:
    """Return what is in the store of `folder`, or with what is kept of it, and is not ours."""
    store, kept = _store(folder), project.state(folder)
    own = {*_numbered(folder), *notebooks_kept(folder)}
    own |= {store / name for name in (MARKER, "lock", "packs", "making")} | {
        kept / project.RECORD,
        kept / "runs",
    }
    found = [path for place in (store, store / "packs", kept, failures(folder)) for path in _within(place)]
    for pack in (pack for pack in _numbered(folder) if pack != folder.resolve()):
        listed = _own(pack, folder)
        found += [pack / name for name in project.contents(pack) if name not in listed]
    return sorted(path for path in found if path not in own)


def _exchange(new: Path, folder: Path) -> None:
    """Rename `folder` into its store and `new` to `folder`; if the second fails, undo the first."""
    old = _store(folder) / "old"
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    _clear(folder, also_made=False)


def _store(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}")


def _numbered(folder: Path) -> list[Path]:
    """The folders in a store that packs are in, or were."""
    return [path for path in _within(_store(folder) / "packs") if path.name.isdigit() and _is_folder(path)]


def _next_number(folder: Path) -> str:
    place = _store(folder) / "packs"
    project.make_way(place, ours=_is_folder(place))
    place.mkdir(exist_ok=True)
    names = [*project.record_of(folder)["packs"], *(path.name for path in _within(place))]
    return str(1 + max((int(name) for name in names if name.isdigit()), default=0))


def _clear(folder: Path, also_made: bool = True) -> None:
    """Remove what a build was making, and undo a publication that was cut off."""
    store, old, link = _store(folder), _store(folder) / "old", _store(folder) / "link"
    if _is_pack(old):
        # without the other, a build was killed between its two names
        old.rename(store / "packs" / _next_number(folder) if os.path.lexists(folder) else folder)
    project.make_way(old, ours=False)
    if link.is_symlink() and _leads_to_store(link, store):
        link.unlink()
    project.make_way(link, ours=False)
    for left in (store / "making", running_in(folder)) if also_made else ():
        # a full disk may have left a marker without its words
        if _is_marked(left) or (_is_plain(left / MARKER) and len(_within(left)) == 1):
            shutil.rmtree(left, ignore_errors=True)
        _remove_if_empty(left)
        project.make_way(left, ours=False)


def _forget(folder: Path, standing: Path | None) -> None:
    """Remove the packs that no longer stand: not when they are replaced, since someone may be reading.

    What is in them and is not ours stays where it is.
    """
    for pack in (pack for pack in _numbered(folder) if pack.resolve() != standing):
        # the manifest last, for what is left by a build that is killed meanwhile is known by it
        for name in sorted(_own(pack, folder), key=lambda name: name == MANIFEST):
            (pack / name).unlink()
        for place, *_ in os.walk(pack, topdown=False):
            _remove_if_empty(Path(place))


def _own(pack: Path, folder: Path) -> set[str]:
    """The files in a pack that are ours: listed in the record, or with their digest in its manifest."""
    found = project.contents(pack)
    recorded = {name for past in project.record_of(folder)["packs"].values() for name in past["files"]}
    listed = _manifest(pack).get("files", {}) if _is_pack(pack) else {}
    own = {name for name, digest in found.items() if name in recorded or digest == listed.get(name)}
    return {name for name in {*own, *([MANIFEST] if _is_pack(pack) else [])} if found.get(name)}


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_pack(folder: Path) -> bool:
    found = _manifest(folder) if _is_folder(folder) else {}
    return found.get("format") == FORMAT and isinstance(found.get("files"), dict)


def _is_marked(folder: Path) -> bool:
    marker = folder / MARKER
    return _is_folder(folder) and _is_plain(marker) and marker.read_bytes() == MARK.encode()


def _leads_to_store(link: Path, store: Path) -> bool:
    to = link.readlink().parts
    return to[:-1] == (store.name, "packs") and to[-1].isdigit()


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _within(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if _is_folder(folder) else []


def _of_others(folder: Path, *own: str) -> bool:
    """Whether a folder holds anything but these names and what systems leave everywhere."""
    return any(path.name not in {*own, *SYSTEMS_OWN} for path in _within(folder))


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # it is not empty, or not there
        folder.rmdir()


def _check_writable(place: Path) -> None:
    at = next(at for at in (place, *place.parents) if os.path.lexists(at))
    if not at.exists():
        raise BuildError(f"{at} is a link that leads nowhere. Make what it leads to, or remove the link.")
    if not at.is_dir():
        raise BuildError(
            f"{place} cannot be a folder, since {at} is none. Give another one, or move {at.name} away."
        )
    if not os.access(at, os.W_OK):
        raise BuildError(f"{at} cannot be written to. Give another folder, or allow it.")
