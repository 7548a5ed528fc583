"""Where the project is, what a pack of it is made of, and whether a pack stands that is made of that.

It is imported first, and imports little: a second run that finds nothing new should be done at once.
"""

import codecs
import hashlib
import json
import os
import platform
import re
import sys
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any

from lscb_analysis.errors import InputError

VERSIONS = [
    *("lscb-analysis", "pandas", "scipy", "seaborn", "matplotlib", "papermill", "nbconvert", "jupyterlab")
]
"""The packages whose versions a manifest gives by name; a digest stands for all."""

STATE = ".lscb"
"""The folder of the project for what is kept of packs outside of them; nobody reads packs from there."""

RECORD = "record.json"


TYPED = "£€‘’“”–—…•½¼¾×°é\u00a0"
"""What English text has beyond ASCII: a file of Windows whose other letters are these can be nothing else."""

PLAIN = "[a-z][a-z0-9_]*"
"""The name of a table, without `.csv`."""

FOLDER = "[a-z][a-z0-9_-]*"
"""The name of a board's folder."""

SHARED = "dictionary"
"""The folder of `data/` that says what measures, categories and published sources are, for every board."""

NATIONAL = "national"
"""The folder of `data/` with national statistics, which an edition of any authority reads as its board's."""

MAPS = "releases"
"""The folder of the dictionary with the maps of releases."""

NOT_BOARDS = (SHARED, NATIONAL, "examples")
"""Folders of `data/` that are no board's."""

OLDER = (
    "data/ has its tables as they were kept before each board had a folder. Move measures.csv, "
    "categories.csv and plain_measures.csv to data/dictionary/ and all other tables to a folder named after "
    "the board in small letters. In a shell: cd data && mkdir dictionary anytown && "
    "mv measures.csv categories.csv plain_measures.csv dictionary && mv *.csv anytown. Then add to each "
    'edition: data = "anytown".'
)


class ProjectError(InputError, FileNotFoundError):
    """No project is where it was looked for; the message says where that was."""


def project() -> Path:
    """Return the project's folder.

    It is `LSCB_PROJECT` if that is set, else the nearest of the working folder and its parents, else
    the checkout that is installed. Raises ProjectError if none has `data/` and `notebooks/editions/`.
    """
    return _project(os.environ.get("LSCB_PROJECT"), Path.cwd())


@cache
def _project(named: str | None, here: Path) -> Path:
    candidates = [Path(named)] if named else [here, *here.parents, Path(__file__).resolve().parents[2]]
    for folder in candidates:
        if (folder / "data").is_dir() and (folder / "notebooks" / "editions").is_dir():
            return folder.resolve()
    looked = f"LSCB_PROJECT is {named!r}, which" if named else f"No folder from {here} upwards"
    raise ProjectError(
        f"{looked} has not both data/ and notebooks/editions/. Set LSCB_PROJECT to the project's folder."
    )


Names = tuple[str, ...]

_opened: dict[Path, tuple[str, Names, Names]] = {}
"""For each project the board of the edition that was read last, its areas, and what it compares."""


def boards() -> list[str]:
    """Return the boards of the project, each named as its folder in `data/`, sorted."""
    folders = (path.name for path in (project() / "data").iterdir() if path.is_dir())
    return sorted(name for name in folders if re.fullmatch(FOLDER, name) and name not in NOT_BOARDS)


def open_board(name: str, areas: Names = (), compared: Names = ()) -> None:
    """Have the tables of a board read, from now on, where no board is named. Raises ProjectError for none.

    Of national statistics those of the first of `areas` are read, and of the others the measures `compared`.
    """
    _opened[project()] = _known_board(name), areas, compared


def which_areas() -> tuple[Names, Names]:
    """Return the areas of the edition read last, its own first, and the measures that it compares."""
    return _opened.get(project(), ("", (), ()))[1:]


def which_board(name: str | None = None) -> str:
    """Return the board whose folder is read: `name`, or that of the edition read last, or the only one.

    Raises ProjectError, saying what to type, if there is none of that name or it is not clear which.
    """
    if name is None and (opened := _opened.get(project())):
        return opened[0]
    return _known_board(name)


def board_of(edition: str) -> str:
    """Return the board whose folder an edition reads: as its file says, or else the only one."""
    return _known_board(edition_file(edition).get("data"))


def _known_board(name: str | None) -> str:
    if name == NATIONAL and (project() / "data" / NATIONAL).is_dir():
        return name
    there = boards()
    if name in there or (name is None and len(there) == 1):
        return name or there[0]
    if not there:
        empty = f"data/ holds no board's folder: put one there, beside {', '.join(NOT_BOARDS)}."
        raise ProjectError(OLDER if listed("data", ".csv") else empty)
    if name is not None:
        raise ProjectError(f"{name!r} is no board's folder in data/. There is: {', '.join(there)}.")
    raise ProjectError(
        f"This project has several boards: {', '.join(there)}. Read an edition first, whose file names its "
        f'own (data = "{there[0]}"), or name one, as in lscb.load("conferences", board="{there[0]}").'
    )


def tables_of(board: str) -> list[Path]:
    """Return the files that an edition of a board reads: the dictionary's and the board's own tables.

    Those of national statistics are their releases, with the maps of these.
    """
    own = [*listed(f"data/{board}", ".csv")]
    if board == NATIONAL:
        own += [*listed(f"data/{SHARED}/{MAPS}", ".toml"), *listed(f"data/{NATIONAL}", ".parquet")]
    return [*listed(f"data/{SHARED}", ".csv"), *own]


def in_project(path: Path) -> str:
    """Return where a file is in the project, as data/anytown/visits.csv; of others, the last two names."""
    try:
        return path.relative_to(project()).as_posix()
    except ValueError:
        return f"{path.parent.name}/{path.name}"


def editions() -> list[str]:
    """Return the names of the editions in `notebooks/editions/`, sorted, without `templates`."""
    return [path.stem for path in listed("notebooks/editions", ".toml") if path.stem not in templates()]


def templates() -> list[str]:
    """Return the names of the editions that are of any authority: which, a build is told."""
    paths, of_any = listed("notebooks/editions", ".toml"), re.compile(rb'(?m)^data *= *"national"')
    return [path.stem for path in paths if path.is_file() and of_any.search(path.read_bytes())]


def listed(folder: str, suffix: str) -> list[Path]:
    """Return what has this suffix in a folder of the project, sorted, but not what is hidden or a lock.

    A program keeps those for itself while it has a file open: they are nobody's.
    """
    return sorted(path for path in (project() / folder).glob(f"*{suffix}") if path.name[0] not in ".~")


def misnamed(board: str) -> list[Path]:
    """Return the tables and editions that cannot be read under their name: copies, other cases, folders."""
    folders = (f"data/{SHARED}", f"data/{board}")
    found = [
        *((path, f"{PLAIN}\\.csv") for folder in folders for path in listed(folder, ".[cC][sS][vV]")),
        *((path, r"[a-z0-9][a-z0-9_-]*\.toml") for path in listed("notebooks/editions", ".toml")),
    ]
    return [path for path, plain in found if not (re.fullmatch(plain, path.name) and path.is_file())]


def decoded(content: bytes) -> tuple[str, str]:
    """Return the text of a file and, if that is not UTF-8, the name of the encoding it was taken for.

    Raises UnicodeDecodeError if it may be more than one.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16"), "UTF-16"
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
        if all(letter.isascii() or letter in TYPED for letter in text):
            return text, "Windows-1252"
        raise


def edition_file(name: str) -> dict[str, Any]:
    """Return what the file of an edition says.

    Raises TOMLDecodeError or UnicodeDecodeError, which are ValueErrors, if it is not TOML.
    """
    text, _ = decoded((project() / "notebooks" / "editions" / f"{name}.toml").read_bytes())
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("lists within lists without end") from error


def notebook(chapter: str) -> Path:
    """Return where the notebook of a chapter is, or would be."""
    return project() / "notebooks" / f"{chapter}.ipynb"


def use_until(edition: str) -> date:
    """Return the last day on which a pack of an edition may be used. Raises KeyError if it gives none."""
    day: date = edition_file(edition)["use_until"]
    return day


def made_of(edition: str, chapters: Iterable[str], today: date) -> dict[str, Any]:
    """Return what a pack of these chapters is made of: digests of files by name, versions of packages.

    Of `today` it is only whether that is past the date after which the pack must not be used.
    Of boards and editions it is its own alone. Raises FileNotFoundError if the edition has no file, a chapter
    no notebook, or it is not clear which board is read.
    """
    files = [*tables_of(board_of(edition)), project() / "notebooks" / "editions" / f"{edition}.toml"]
    files += [notebook(chapter) for chapter in chapters]
    return {
        "past_its_date": today > use_until(edition),
        "python": platform.python_version(),
        "versions": {package: metadata.version(package) for package in VERSIONS},
        "packages": packages(),
        "library": library(),
        "inputs": {in_project(path): file_digest(path) for path in sorted(files)},
    }


def stands(folder: Path, edition: str, today: date, holding: str | None = None, area: str = "") -> bool:
    """Whether `folder` is a whole pack of an edition, made of what there is now and `holding` a file.

    Of an edition for any authority it is of this `area`.

    Whole is told by the digests in the pack's record, not by any in the pack: each of its files is as it was
    made, and there is no other.
    """
    packs = record_of(folder)["packs"].values()
    try:
        # one and the same, also while another takes its place
        found = contents(folder.resolve()) if packs else {}
        past = next(past for past in packs if past["files"] == found)
        now = made_of(edition, past["chapters"], today)
        held = holding is None or holding in found
        same = past["edition"] == edition and past.get("area", "") == area
        return bool(held and same and past["made_of"] == now)
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return False  # no pack, or not as it was made


def state(folder: Path) -> Path:
    """Return where in the project is kept what belongs to the packs of `folder` and must not be in them.

    That is the record of their digests, and their chapters as they ran, for the next build.
    """
    place, root = folder.parent.resolve() / folder.name, project()
    named = place.relative_to(root) if place.is_relative_to(root) else place
    return root / STATE / f"{folder.name}-{digest(named.as_posix())[:8]}"


def record_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the record of the packs of `folder`: of each the digests of its files and of what it is made of.

    It has the digests of the chapters as they ran too, `kept` or `failed`. Where there is none it is empty.
    """
    return read_record(state(folder) / RECORD)


def read_record(path: Path) -> dict[str, dict[str, Any]]:
    """Return the record of packs in a file."""
    try:
        found = {} if path.is_symlink() else json.loads(path.read_text("utf-8"))
        return {of: dict(found.get(of, {})) for of in ("packs", "kept", "failed")}
    except (OSError, ValueError, TypeError, AttributeError):
        return {"packs": {}, "kept": {}, "failed": {}}


def write_record(folder: Path, record: dict[str, dict[str, Any]]) -> None:
    """Replace the record of the packs of `folder`, in one step."""
    path = state(folder) / RECORD
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{RECORD}.new")
    for each in (path, new):
        make_way(each, ours=each.is_file() and not each.is_symlink())
    new.write_text(json.dumps(record, indent=1), "utf-8")
    new.replace(path)


def make_way(path: Path, ours: bool) -> None:
    """Rename what is at `path`, unless it is `ours`: it stays, under the next free name beside."""
    if not ours and os.path.lexists(path):
        names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
        path.rename(next(name for name in names if not os.path.lexists(name)))


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of each file below a folder by its name there; that of a link is empty."""
    found = {}
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in [*folders, *files]):
            if path.is_symlink() or not path.is_dir():
                plain = path.is_file() and not path.is_symlink()
                found[path.relative_to(folder).as_posix()] = file_digest(path) if plain else ""
    return found


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def library() -> str:
    """Return a digest of this library's source, its templates among it."""
    root = Path(__file__).parent
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return digest("".join(f"{path.relative_to(root).as_posix()} {file_digest(path)}\n" for path in files))


@cache
def packages() -> str:
    """Return a digest of Python's version and of those of all packages installed beside it.

    These are in the names of their folders, by the specification `Recording installed projects`.
    """
    versions = {found.name for place in sys.path for found in Path(place).glob("*.dist-info")}
    return digest("\n".join([platform.python_version(), *sorted(versions)]))
