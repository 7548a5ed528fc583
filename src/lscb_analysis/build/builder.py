"""Editions to packs: each chapter run by papermill, made a page, all held against the data and published."""

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
from nbformat import ValidationError

from lscb_analysis import audit, data, editions, errors, project, release
from lscb_analysis.build import pdf, publication, reuse
from lscb_analysis.build.asked import PDF, Asked, Tell, nothing_to_do, silent, tell_if_past
from lscb_analysis.build.chapters import Chapter, parameters, read, running, title
from lscb_analysis.build.inspection import SET
from lscb_analysis.build.site import WHOLE, Pages
from lscb_analysis.build.warm.origin import REHEARSED, rehearsed
from lscb_analysis.build.warm.provisioner import warm_kernels
from lscb_analysis.pages import check_plain_words

MOST_FAULTS = 10
"""So many places where a pack is wrong are named when it is not published."""

TYPES: dict[str, type] = {"str": str, "int": int, "float": float}


@dataclass(frozen=True)
class Pack:
    """What a build made, or did not: `folder` is where the pack is, or would have been."""

    folder: Path
    chapters: list[Chapter]
    kept: Path | None = None

    @property
    def failed(self) -> list[Chapter]:
        return [chapter for chapter in self.chapters if chapter.error]


def build(
    name: str | None = None, asked: Asked | None = None, output: Path | None = None, tell: Tell = silent
) -> Pack:
    """Build an edition's pack as is `asked` and publish it, unless a chapter fails.

    `output` is the pack's folder, by default `reports/<edition>`; a draft stands in a folder beside it.
    `tell` hears of each step. A chapter is run again only if something that it was made of has changed, and
    nothing is published if nothing has. A pack past its last day of use says so on every page.

    Raises BuildError, EditionError or DataError before anything runs if a name, a value or the data is
    wrong, something that is not ours is in the pack's place, or nothing can print a PDF; BusyError if another
    build of the pack is under way; UnpublishedError if the data or the notebooks changed while it ran, the
    pack says what the data do not, or no PDF came. A chapter that fails is in the pack's `failed`; the pack
    that was there stays as it was, and the failed notebooks are kept in the folder `kept`.
    """
    asked = asked or Asked()
    edition = editions.read_edition(name or _only_edition(), **_tried(asked))
    asked = replace(asked, area=edition.area if asked.area else "")
    browser = pdf.chromium() if asked.pdf else None
    folder = publication.placed(edition.name, output, asked.draft, asked.area)
    with warm_kernels(rehearsal=(REHEARSED, str(project.project()), edition.name, asked.area)):
        edition, chapters = plan(edition, asked)
        # before another build is waited for: what changes meanwhile has not been read
        before, table = project.made_of(edition.name, edition.chapters, asked.on), _verdicts(edition)
        with publication.making(folder, (lambda: tell("waiting")) if asked.wait else None) as aside:
            if nothing_to_do(edition.name, folder, asked, tell):
                return Pack(folder, [])
            runs, made = publication.running_in(folder), aside / "pack"
            for chapter in [] if asked.force else chapters:
                chapter.reused = reuse.take(chapter, edition, table, folder)
            tell_if_past(edition.name, asked, tell)
            tell("build started", edition=edition.name, chapters=len(chapters))
            # beside a draft stands the pack itself
            stands = folder.with_name(folder.name.removesuffix("-draft")) if asked.draft else folder
            tell_not_compared(edition, stands, tell)
            ran = running(chapters, runs, asked, tell)
            with _unchanged(edition, before["inputs"], asked.on), ran as ended:
                pages = Pages(chapters, edition, made, asked, before["past_its_date"])
                _follow(ended, pages, table, runs, tell)
            reuse.keep([chapter for chapter in chapters if chapter.digests], folder)
            if failed := [chapter for chapter in chapters if chapter.error]:
                return Pack(folder, chapters, reuse.keep_failed(failed, folder))
            _complete(pages, before | {"asked": asked.recorded}, browser, tell)
            _publish(pages, before, folder, asked.area, tell)
    return Pack(folder, chapters)


def _tried(asked: Asked) -> dict[str, Any]:
    """The area of an edition for any authority, by the name of the field."""
    return {"area": asked.area} if asked.area else {}


def _publish(pages: Pages, of: dict[str, Any], folder: Path, area: str, tell: Tell) -> None:
    """Put a pack in its place, and tell which files there are not ours and so were left."""
    chapters = [chapter.name for chapter in pages.chapters]
    record = {"edition": pages.edition.name, "chapters": chapters, "made_of": of}
    publication.publish(pages.made, folder, record | ({"area": area} if area else {}))
    tell("published", folder=str(folder))
    reuse.forget_failed(folder)
    if left := publication.left_alone(folder):
        tell("left alone", files=[str(path) for path in left])


def tell_not_compared(edition: editions.Edition, folder: Path, tell: Tell) -> None:
    """Name each comparison that is not made, what it lacks, and what it came to in the pack that stands."""
    table, stood = editions.verdict_table(edition), _stood(folder)
    for row in data.records(table[table["verdict"] == editions.NOT_COMPARED]):
        before = stood.get(row["question"], "")
        tell(
            "not compared",
            **{key: row[key] for key in ("question", "chapter", "reason")},
            missing=table.attrs["missing"][row["question"]],
            stood="" if before.startswith(editions.NOT_COMPARED) else before,
        )
    for question in sorted(stood.keys() - set(table["question"])):
        tell("no longer asked", question=question, stood=stood[question])


def _stood(folder: Path) -> dict[str, str]:
    """What each comparison came to in the pack that stands; nothing if none does, or it does not say."""
    try:
        manifest = json.loads((folder / publication.MANIFEST).read_text("utf-8"))
        return {str(question): str(said) for question, said in manifest["comparisons"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _follow(ended: Iterable[Chapter], pages: Pages, verdicts: pd.DataFrame, runs: Path, tell: Tell) -> None:
    """Write the page of each chapter that need not run or has, while others run."""
    reused = [chapter for chapter in pages.chapters if chapter.reused]
    for chapter in reused:
        tell("chapter skipped", chapter=chapter.name)
        chapter.executed = read(runs / f"{chapter.name}.ipynb")
    for chapter in chain(reused, ended):
        # what is wrong in data that changed meanwhile is said when all have run
        with suppress(ValueError):
            if not (chapter.reused or chapter.error):
                reads = data.recorded(runs / f"{chapter.name}.reads")
                chapter.digests = reuse.describe(chapter, pages.edition, verdicts, reads)
            if not chapter.error:
                pages.add(chapter)
                if chapter.unanswered:
                    tell("left out", chapter=chapter.name, sections=chapter.unanswered)


def plan(edition: editions.Edition, asked: Asked) -> tuple[editions.Edition, list[Chapter]]:
    """Return the edition as changed and its chapters with their parameters, all names and values checked.

    Raises BuildError for a chapter, parameter, area or value that will not do, DisclosureError for an unknown
    rule, EditionError for a comparison that lacks its plain words, DataError with every problem of the data
    or of what is typed where the data have to speak.
    """
    only, changed = asked.only, asked.changed
    if unknown := [chapter for chapter in only if chapter not in edition.chapters]:
        hint = data.nearest(unknown[0], edition.chapters)
        raise publication.BuildError(f"There is no chapter {unknown[0]!r} in {edition.name}. {hint}")
    chosen = [chapter for chapter in edition.chapters if not only or chapter in only]
    declared = _declared(chosen)
    own = {name: one for names in declared.values() for name, one in names.items() if name not in SET}
    settable = sorted({*editions.TRIED, *own})
    for name in (name for name in changed if name not in settable):
        hint = data.nearest(name, settable)
        raise publication.BuildError(f"Nothing that a build sets is called {name!r}. {hint}")
    tries = _tried(asked) | {name: text for name, text in changed.items() if name in editions.TRIED}
    instead = "; ".join(f"{name}: {text}" for name, text in tries.items())
    values = {name: _typed(name, changed[name], own[name]) for name in changed if name in own}
    trial = editions.tried(instead)
    release.check_rule(edition.rule, f"{edition.name}.toml, rule: ")
    if problems := data.check() or audit.typed_claims(edition):
        raise data.DataError(problems)
    edition = editions.read_edition(edition.name, **trial)
    data.check_area(edition.area)
    check_plain_words(edition, chosen)
    with suppress(ValueError):
        audit.known(edition)  # it needs no verdicts yet, and another process is still making them
    editions.remember(rehearsed() or {})
    given = values | {"edition": edition.name, "instead": instead}
    return edition, [
        Chapter(chapter, {name: given[name] for name in names if name in given}, *title(chapter))
        for chapter, names in declared.items()
    ]


def faults(name: str, data_hold: bool) -> list[str]:
    """Return, in words, all that stops a build of an edition before a chapter runs.

    Verdicts are made only where the `data_hold`: else they would tell of the same problems again.
    """
    steps: list[Callable[[editions.Edition], Any]] = [lambda edition: plan(edition, Asked())]
    said: list[str] = []
    for step in [*steps, _verdicts] if data_hold else steps:
        try:
            step(editions.read_edition(name))
        except errors.InputError as error:
            said += [line for line in str(error).splitlines() if line not in said]
    return said


def _declared(chapters: list[str]) -> dict[str, dict[str, dict[str, str]]]:
    """What the parameters cell of each chapter declares. Raises BuildError with all that is wrong."""
    declared, wrong = {}, []
    for chapter in chapters:
        try:
            declared[chapter] = parameters(chapter)
            title(chapter)
        except errors.InputError as error:
            wrong.append(str(error))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ValidationError):
            wrong.append(f"{chapter}.ipynb cannot be read as a notebook. Open it in JupyterLab and save it.")
    if wrong:
        raise publication.BuildError("\n".join(wrong))
    return declared


def _verdicts(edition: editions.Edition) -> pd.DataFrame:
    """The edition's verdicts, once its figures are found to hold. Raises InputError where they do not."""
    table = editions.verdict_table(edition)
    try:
        audit.known(edition)
    except errors.InputError:
        raise
    except ValueError as error:
        raise publication.BuildError(
            f"The figures of {edition.area} cannot be held against each other: {error}"
        ) from error
    return table


def _only_edition() -> str:
    names = project.editions()
    if len(names) != 1:
        raise editions.EditionError(
            f"Say which edition to build: {', '.join(names) or 'there is none in notebooks/editions'}."
        )
    return names[0]


def _typed(name: str, text: str, declared: dict[str, str]) -> Any:
    kind, default = declared["type"], declared["default"]
    if kind not in TYPES:
        raise publication.BuildError(
            f"Parameter {name} is declared as {kind}. Declare it as one of {', '.join(TYPES)}."
        )
    try:
        return TYPES[kind](text)
    except ValueError:
        raise publication.BuildError(
            f"Parameter {name} is {text!r}, which is no {kind}. Its default is {default}."
        ) from None


@contextmanager
def _unchanged(edition: editions.Edition, before: dict[str, str], today: date) -> Iterator[None]:
    """Raise UnpublishedError if what a pack is made of changes meanwhile, also where that led to an error."""
    wrong = None
    try:
        yield
    except errors.InputError as error:
        wrong = error
    now = project.made_of(edition.name, edition.chapters, today)["inputs"]
    if changed := sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)):
        raise publication.UnpublishedError(
            f"Changed while the pack was made: {', '.join(changed)}. Nothing was published; build again."
        ) from wrong
    if wrong:
        raise wrong


def _complete(pages: Pages, of: dict[str, Any], browser: str | None, tell: Tell) -> None:
    """Complete a pack: its other pages, a PDF if there is a `browser`, the manifest.

    `of` is what the pack is made of and what was asked for. Raises UnpublishedError if the pack has a figure
    that the data do not give.
    """
    pages.finish()
    faults = [fault for _, wrong in pages.held.values() for fault in wrong]
    if faults:
        said = "\n".join(map(str, faults[:MOST_FAULTS]))
        raise publication.UnpublishedError(
            f"{len(faults)} figures of the pack are not what the data give, the first of them here. "
            f"Nothing was published.\n{said}"
        )
    edition, made, by = pages.edition, pages.made, None
    if browser:
        page = (made / WHOLE).read_text("utf-8")
        (made / PDF).write_bytes(content := pdf.printed(page, browser, edition.published, made.parent))
        by = pdf.printer(content)
    _write_manifest(pages.chapters, edition, of | {"browser": by}, made)
    figures, cells = (
        sum(number for file, (number, _) in pages.held.items() if file.endswith(kind))
        for kind in ("html", "csv")
    )
    tell("verified", figures=figures, cells=cells)


def _write_manifest(
    chapters: list[Chapter], edition: editions.Edition, of: dict[str, Any], made: Path
) -> None:
    public = data.published_files()
    inputs = of["inputs"].items()
    manifest = {
        "format": publication.FORMAT,
        "edition": edition.model_dump(mode="json"),
        "comparisons": _came_to(editions.verdict_table(edition)),
        **of,
        "inputs": {file: kept for file, kept in inputs if file in public or "data/" not in file},
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "chapters": [
            {"chapter": chapter.name, "parameters": chapter.parameters, "outcome": "done"}
            for chapter in chapters
        ],
        "files": dict(sorted(project.contents(made).items())),
    }
    (made / publication.MANIFEST).write_text(in_json(manifest), encoding="utf-8")


def in_json(manifest: dict[str, Any]) -> str:
    """Return a manifest as it stands in a pack."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def _came_to(table: pd.DataFrame) -> dict[str, str]:
    """What the pack says of each comparison: its verdict, or that it is not made and why."""
    said = {row["question"]: (row["verdict"], row["reason"]) for row in data.records(table)}
    return {question: ": ".join(filter(None, parts)) for question, parts in said.items()}


def _commit() -> str | None:
    """The commit of the checkout, marked `-dirty` if it has changes; none where there is no git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=project.project(),
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()
