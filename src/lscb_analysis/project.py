"""Where the project is, what a pack of it is made of, and whether a pack stands that is made of just that.

It is imported first, and imports little: a second run that finds nothing new should be done at once.
"""

from __future__ import annotations

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
from pathlib import Path
from typing import Any

from lscb_analysis.errors import InputError

VERSIONS = [
    *("lscb-analysis", "pandas", "scipy", "seaborn", "matplotlib", "papermill", "nbconvert", "jupyterlab"),
]
"""The packages whose versions a manifest gives by name; a digest stands for all."""


TYPED = "£€‘’“”–—…•½¼¾×°é\u00a0"
"""What English text has beyond ASCII: a file of Windows whose other letters are these can be nothing else."""

PLAIN = "[a-z][a-z0-9_]*"
"""The name of a table, without `.csv`."""


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


def editions() -> list[str]:
    """Return the names of the editions in `notebooks/editions/`, sorted."""
    return [path.stem for path in listed("notebooks/editions", ".toml")]


def listed(folder: str, suffix: str) -> list[Path]:
    """Return what has this suffix in a folder of the project, sorted, but not what is hidden or a lock.

    A program keeps those for itself while it has a file open: they are nobody's.
    """
    return sorted(path for path in (project() / folder).glob(f"*{suffix}") if path.name[0] not in ".~")


def misnamed() -> list[Path]:
    """Return the tables and editions that cannot be read under their name: copies, other cases, folders."""
    found = [
        *((path, f"{PLAIN}\\.csv") for path in listed("data", ".[cC][sS][vV]")),
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
    Raises FileNotFoundError if the edition has no file or a chapter no notebook.
    """
    root = project()
    files = [*listed("data", ".csv"), *listed("notebooks/editions", ".toml")]
    files += [notebook(chapter) for chapter in chapters]
    return {
        "past_its_date": today > use_until(edition),
        "python": platform.python_version(),
        "versions": {package: metadata.version(package) for package in VERSIONS},
        "packages": packages(),
        "library": library(),
        "inputs": {path.relative_to(root).as_posix(): file_digest(path) for path in sorted(files)},
    }


def stands(folder: Path, edition: str, today: date, holding: str | None = None) -> bool:
    """Whether `folder` is a whole pack of an edition, made of what there is now and `holding` a file."""
    pack = folder.resolve()  # one and the same, also while another takes its place
    try:
        manifest = json.loads((pack / "manifest.json").read_text("utf-8"))
        now = made_of(edition, [chapter["chapter"] for chapter in manifest["chapters"]], today)
        same = all(manifest.get(key) == digests for key, digests in now.items())
        whole = all(file_digest(pack / name) == digest for name, digest in manifest["files"].items())
        held = holding is None or holding in manifest["files"]
        return same and whole and held and manifest["edition"]["name"] == edition
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # no pack, or a torn one


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
