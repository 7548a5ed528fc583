"""Chapters that need not run again: what each was made of, and whether that is as it was.

Beside the pack stand its chapters as they ran, each with a list of digests: of its notebook, its
parameters, the edition, the dictionary, this library and the packages it runs on, and of every row of
data and of the verdicts that it read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from lscb_analysis.chapters import Chapter
from lscb_analysis.data import DICTIONARY_FILES, load, texts
from lscb_analysis.editions import Edition
from lscb_analysis.project import digest, file_digest, library, notebook, packages, project
from lscb_analysis.schema import DataError

ONLY_ON_PAGES = {
    *("title", "board", "period", "chapters", "analysed", "assured", "ask", "published", "next_pack"),
    *("use_until", "help"),
}
"""What of an edition stands on pages and reaches no chapter as it runs."""


def take(chapter: Chapter, edition: Edition, verdicts: pd.DataFrame, kept: Path, runs: Path) -> bool:
    """Copy a chapter as it ran before from `kept` to `runs`, if all that it was made of is as it was."""
    past = kept / f"{chapter.name}.json"
    try:
        digests = json.loads(past.read_text("utf-8"))
        reads = [json.loads(key) for key in digests["reads"]]
        same = digests == describe(chapter, edition, verdicts, reads)
    except (OSError, ValueError, KeyError, TypeError):
        return False  # never kept, or torn by a crash
    if same:
        shutil.copyfile(kept / f"{chapter.name}.ipynb", runs / f"{chapter.name}.ipynb")
    return same


def keep(chapter: Chapter, runs: Path, kept: Path) -> None:
    """Keep a chapter as it ran, with the digests of what it was made of."""
    kept.mkdir(exist_ok=True)
    past = kept / f"{chapter.name}.json"
    past.unlink(missing_ok=True)
    shutil.copyfile(runs / f"{chapter.name}.ipynb", kept / f"{chapter.name}.ipynb")
    past.write_text(json.dumps(chapter.digests, indent=1), "utf-8")


def describe(
    chapter: Chapter, edition: Edition, verdicts: pd.DataFrame, reads: Iterable[list[Any]]
) -> dict[str, Any]:
    """Return the digests of all that a chapter is made of, its reads by what was read."""
    dictionary = [project() / "data" / f"{name}.csv" for name in DICTIONARY_FILES]
    return {
        "notebook": file_digest(notebook(chapter.name)),
        "parameters": chapter.parameters,
        "edition": digest(edition.model_dump_json(exclude=ONLY_ON_PAGES)),
        "dictionary": [file_digest(path) for path in dictionary],
        "library": library(),
        "packages": packages(),
        "reads": {json.dumps(read): _read_digest(read, verdicts) for read in reads},
    }


def _read_digest(read: list[Any], verdicts: pd.DataFrame) -> str:
    kind, *key = read
    if kind == "verdict":
        return digest(verdicts[verdicts["question"] == key[0]].to_csv(index=False))
    try:
        if kind == "texts":
            name, where = key
            return digest(texts(name, **where).to_csv(index=False))
        table, until, where = key
        return digest(load(table, until, **where).to_csv(index=False))
    except DataError as error:
        return str(error)
