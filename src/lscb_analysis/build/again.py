"""A pack held against itself made again: the same data and notebooks give the same bytes, file by file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from lscb_analysis import project
from lscb_analysis.build.asked import Asked, Tell, silent
from lscb_analysis.build.builder import build, in_json
from lscb_analysis.build.publication import MANIFEST, UnpublishedError, holding, is_known, withdraw
from lscb_analysis.errors import InputError

_SURROUNDINGS = {"python": "Python", "packages": "the packages installed", "library": "this library"}

Recorded = dict[str, Any]
"""What the record of a pack, which is kept outside of it, has of it."""


class NoPackError(InputError, ValueError):
    """A folder that is not a pack; the message says which."""


class _Edition(BaseModel):
    name: str
    chapters: list[str]


class Manifest(BaseModel):
    """What a pack says of how it was made, as far as it takes to make it again."""

    format: Literal["lscb pack 1"]
    asked: Asked
    edition: _Edition
    past_its_date: bool
    python: str
    packages: str
    library: str
    versions: dict[str, str]
    inputs: dict[str, str]
    built: str
    commit: str | None
    browser: str | None


@dataclass(frozen=True)
class Verified:
    """What came of making a pack of so many `files` again.

    `altered`, `added` and `removed` name the files that are not as they were made. `unlike` says what the
    pack was made of that is otherwise here, or cannot be told: then the pack is not verified, and `differ`
    names the files that came out otherwise.
    """

    files: int
    altered: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    differ: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        return bool(self.altered or self.added or self.removed)


def verify(pack: Path, tell: Tell = silent) -> Verified:
    """Make a pack again, in a temporary folder, and return which of its files are not the same, byte by byte.

    It is made of the project's data and notebooks, with the chapters, the parameters and the PDF that its
    manifest names, as on the last day of its use or, if that had passed, the day after. `tell` hears of each
    step. Raises NoPackError if the folder is not a pack.
    """
    manifest, recorded = read_manifest(pack), recorded_of(pack)
    unlike: list[str] = []
    try:
        unlike += unlike_here(manifest, recorded)
        with made_again(manifest, tell) as again:
            return compare(pack, again, recorded, unlike)
    except (InputError, OSError, KeyError, UnpublishedError) as error:
        return compare(pack, None, recorded, [*unlike, f"it cannot be made again here: {error}"])


def read_manifest(pack: Path) -> Manifest:
    """Return what a pack says of how it was made. Raises NoPackError if it does not say."""
    try:
        return Manifest.model_validate_json((pack / MANIFEST).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise NoPackError(f"{pack} is no pack: its {MANIFEST} is missing or does not hold.") from error


def recorded_of(pack: Path) -> Recorded | None:
    """Return what the record has of the pack that stands in a folder, or of one that it is a copy of."""
    number, standing = pack.resolve().name, project.record_of(pack)["packs"]
    copies = [
        past
        for path in sorted((project.project() / project.STATE).glob(f"*/{project.RECORD}"))
        for past in project.read_record(path)["packs"].values()
        if past["files"].get(MANIFEST) == project.file_digest(pack / MANIFEST)
    ]
    return standing.get(number) or next(iter(copies), None)


def unlike_here(manifest: Manifest, recorded: Recorded | None) -> Iterator[str]:
    """Yield what a pack was made of that is otherwise here, or that neither manifest nor record tells of."""
    of = recorded["made_of"] if recorded else manifest.model_dump()
    now = project.made_of(
        manifest.edition.name, manifest.edition.chapters, project.use_until(manifest.edition.name)
    )
    for package in sorted(now["versions"].keys() | of["versions"].keys()):
        there, here = of["versions"].get(package, "none"), now["versions"].get(package, "none")
        if there != here:
            yield f"{package} is {here}, and was {there}"
    yield from (f"{words} is not the same" for key, words in _SURROUNDINGS.items() if of[key] != now[key])
    for file in sorted(now["inputs"].keys() | of["inputs"].keys()):
        if file not in of["inputs"]:
            yield f"{file} is new, or no record here tells of it"
        elif of["inputs"][file] != now["inputs"].get(file):
            yield f"{file} is not the same"


@contextmanager
def made_again(manifest: Manifest, tell: Tell = silent) -> Iterator[Path]:
    """Give a pack made again, in a temporary folder; nothing is kept of it. Raises as `build` does."""
    name = manifest.edition.name
    on = project.use_until(name) + timedelta(days=manifest.past_its_date)
    asked = replace(manifest.asked, on=on, force=True)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch, "pack")
        try:
            made = build(name, asked, folder, tell)
            if made.failed:
                raise UnpublishedError(f"{made.failed[0].name} {made.failed[0].error}")
            yield made.folder
        finally:
            for place in filter(is_known, (folder, folder.with_name("pack-draft"))):
                with holding(place):
                    withdraw(place)


def compare(pack: Path, again: Path | None, recorded: Recorded | None, unlike: list[str]) -> Verified:
    """Return how the files of a pack differ from those of the same pack made `again`.

    Where it is made of something else here (`unlike`), they are held against the digests of its record, if
    there is one.
    """
    found, own = project.contents(pack.resolve()), read_manifest(pack)
    made = project.contents(again) if again else {}
    if again:
        anew = json.loads((again / MANIFEST).read_text("utf-8"))
        if anew["browser"] != own.browser:
            unlike = [*unlike, f"the browser is {anew['browser']}, and was {own.browser}"]
        made[MANIFEST] = project.digest(in_json(anew | {"built": own.built, "commit": own.commit}))
    due = made if again and not unlike else recorded["files"] if recorded else found
    altered = {file for file in found.keys() & due.keys() if found[file] != due[file]}
    if recorded and found[MANIFEST] != recorded["files"][MANIFEST]:
        altered.add(MANIFEST)
    if not recorded:
        unlike = [*unlike, f"no record here tells when it was built, and from which commit ({MANIFEST})"]
    differ = [file for file in found.keys() | made.keys() if made and found.get(file) != made.get(file)]
    return Verified(
        len(found),
        sorted(altered),
        sorted(found.keys() - due.keys()),
        sorted(due.keys() - found.keys()),
        unlike,
        sorted(differ) if unlike else [],
    )
