"""Chapters that need not run again: what each was made of, and whether that is as it was.

Its chapters as they ran are kept in the project, out of the reach of who reads the pack, and in their record,
for each, digests: its own, and of its notebook, its parameters, the edition, the dictionary, this library and
the packages it runs on, and of every row of data and of the verdicts that it read.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from lscb_analysis import data, project
from lscb_analysis.build.chapters import Chapter
from lscb_analysis.build.publication import failures, is_failure, running_in
from lscb_analysis.editions import Edition

ONLY_ON_PAGES = {
    *("title", "board", "period", "chapters", "analysed", "assured", "ask", "published", "next_pack"),
    *("use_until", "help"),
}
"""What of an edition stands on pages and reaches no chapter as it runs."""


def take(chapter: Chapter, edition: Edition, verdicts: pd.DataFrame, folder: Path) -> bool:
    """Have a chapter as it ran before where chapters run, if all that it was made of is as it was.

    It is kept with the record of the packs of `folder`, which has its digest: one that was changed since is
    not taken.
    """
    past = project.record_of(folder)["kept"].get(chapter.name, {})
    try:
        ran = (project.state(folder) / f"{chapter.name}.ipynb").read_bytes()
        reads = [json.loads(key) for key in past["of"]["reads"]]
        same = hashlib.sha256(ran).hexdigest() == past["notebook"]
        same = same and past["of"] == describe(chapter, edition, verdicts, reads)
    except (OSError, ValueError, KeyError, TypeError):
        return False  # never kept
    if same:
        (running_in(folder) / f"{chapter.name}.ipynb").write_bytes(ran)
    return bool(same)


def keep(ran: Collection[Chapter], folder: Path) -> None:
    """Keep chapters as they ran, and in the record their digests and those of what they were made of.

    The record is first, so that it tells of every notebook there is.
    """
    record, runs = project.record_of(folder), running_in(folder)
    for chapter in ran:
        path = project.state(folder) / f"{chapter.name}.ipynb"
        ours = chapter.name in record["kept"] and path.is_file() and not path.is_symlink()
        project.make_way(path, ours)
        record["kept"][chapter.name] = {
            "notebook": project.file_digest(runs / path.name),
            "of": chapter.digests,
        }
    project.write_record(folder, record)
    for chapter in ran:
        shutil.copyfile(runs / f"{chapter.name}.ipynb", project.state(folder) / f"{chapter.name}.ipynb")


def keep_failed(failed: Iterable[Chapter], folder: Path) -> Path:
    """Keep the notebooks of chapters that failed, for the analyst, and return where."""
    record, place = project.record_of(folder), failures(folder)
    project.make_way(place, ours=place.is_dir() and not place.is_symlink())
    place.mkdir(parents=True, exist_ok=True)
    for path in (running_in(folder) / f"{chapter.name}.ipynb" for chapter in failed):
        if path.is_file():
            project.make_way(place / path.name, is_failure(place / path.name, record))
            record["failed"][path.name] = project.file_digest(path)
            project.write_record(folder, record)
            shutil.copyfile(path, place / path.name)
    return place


def forget_failed(folder: Path) -> None:
    """Remove the notebooks of chapters that failed before, but for those that were changed since."""
    record, place = project.record_of(folder), failures(folder)
    for path in map(place.joinpath, record["failed"]):
        if is_failure(path, record):
            path.unlink()
    project.write_record(folder, record | {"failed": {}})
    with suppress(OSError):  # it is not there, or has files that are not ours
        place.rmdir()


def describe(
    chapter: Chapter, edition: Edition, verdicts: pd.DataFrame, reads: Iterable[list[Any]]
) -> dict[str, Any]:
    """Return the digests of all that a chapter is made of, its reads by what was read."""
    dictionary = [path for path in project.tables_of(edition.data) if path.stem in data.DICTIONARY]
    return {
        "notebook": project.file_digest(project.notebook(chapter.name)),
        "parameters": chapter.parameters,
        "edition": project.digest(edition.model_dump_json(exclude=ONLY_ON_PAGES)),
        "dictionary": [project.file_digest(path) for path in dictionary],
        "library": project.library(),
        "packages": project.packages(),
        "reads": {json.dumps(read): _read_digest(read, verdicts) for read in reads},
    }


def _read_digest(read: list[Any], verdicts: pd.DataFrame) -> str:
    kind, *key = read
    if kind == "verdict":
        return project.digest(verdicts[verdicts["question"] == key[0]].to_csv(index=False))
    if kind == "national":
        path = data.stored(key[0])
        return project.file_digest(path) if path.is_file() else ""
    try:
        return project.digest(_READERS[kind](*key).to_csv(index=False))
    except data.DataError as error:
        return str(error)


_READERS: dict[str, Callable[..., pd.DataFrame]] = {
    "texts": lambda name, where: data.texts(name, **where),
    "figures": lambda measures, where: data.figures(*measures, **where),
    "table": lambda table, until, where: data.load(table, until, **where),
}
