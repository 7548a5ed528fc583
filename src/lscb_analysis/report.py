"""Editions to packs: each chapter run by papermill, made a page by nbconvert, all published in one step."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat
import papermill
from markupsafe import Markup
from nbclient.exceptions import DeadKernelError
from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from lscb_analysis.comparisons import NO_FIGURE
from lscb_analysis.data import check, load, project, tables
from lscb_analysis.display import templates
from lscb_analysis.editions import Edition, EditionError, editions, read_edition
from lscb_analysis.methods import methods
from lscb_analysis.schema import DataError, nearest
from lscb_analysis.verdicts import verdicts

TEMPLATES = Path(__file__).parent / "templates"
TYPES: dict[str, type] = {"str": str, "int": int, "float": float}
PACKAGES = [
    "lscb-analysis",
    "pandas",
    "scipy",
    "seaborn",
    "matplotlib",
    "papermill",
    "nbconvert",
    "jupyterlab",
]


class BuildError(Exception):
    """A build that was refused before anything ran; the message says what to change."""


@dataclass
class Chapter:
    """One chapter of a build: what it was made with, and how it went."""

    name: str
    parameters: dict[str, Any]
    title: str
    question: str
    finding: Markup = field(default_factory=Markup)
    verdict: Markup = field(default_factory=Markup)
    seconds: float = 0.0
    error: str = ""

    @property
    def file(self) -> str:
        return f"{self.name}.html"


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
    name: str | None = None,
    output: Path | None = None,
    only: Iterable[str] = (),
    changed: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = print,
) -> Pack:
    """Build an edition's pack and publish it, unless a chapter fails.

    `output` is the pack's folder, by default `reports/<edition>`. With `only` (chapters) or `changed`
    (parameters, as text) the result is a draft in a folder beside it. `tell` hears of each step.

    Raises BuildError, EditionError or DataError before anything runs if a name, a value or the data
    is wrong. A chapter that fails is in the pack's `failed`; the pack that was there stays as it was,
    and the failed notebooks are kept in the folder `kept`.
    """
    changed = dict(changed or {})
    edition, chapters = plan(read_edition(name or _only_edition()), list(only), changed)
    problems = check()
    if problems:
        raise DataError(problems)
    _check_periods(edition)
    draft = bool(only or changed)
    folder = (output or project() / "reports" / edition.name).resolve()
    folder = folder.with_name(f"{folder.name}-draft") if draft else folder
    _check_replaceable(folder)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        made, runs = Path(aside) / "pack", Path(aside) / "runs"
        (made / "tables").mkdir(parents=True)
        runs.mkdir()
        for number, chapter in enumerate(chapters, 1):
            tell(f"[{number}/{len(chapters)}] {chapter.name}")
            _run(chapter, runs)
            tell(f"[{number}/{len(chapters)}] {chapter.name}: {chapter.error or f'{chapter.seconds:.1f} s'}")
        pack = Pack(folder, chapters)
        if pack.failed:
            return Pack(folder, chapters, _keep(pack, runs))
        for chapter in chapters:
            _take_findings(chapter, runs)
        for chapter in chapters:
            _write_page(chapter, chapters, edition, draft, runs, made)
        _write_index(chapters, edition, draft, made)
        _write_methods(chapters, edition, draft, runs, made)
        _write_manifest(chapters, edition, made)
        _publish(made, folder)
        _forget_failures(folder)
    return pack


def plan(edition: Edition, only: list[str], changed: dict[str, str]) -> tuple[Edition, list[Chapter]]:
    """Return the edition as changed and its chapters with their parameters, all names and values checked.

    Raises BuildError for a chapter, parameter, area or value that will not do.
    """
    unknown = [chapter for chapter in only if chapter not in edition.chapters]
    if unknown:
        raise BuildError(
            f"There is no chapter {unknown[0]!r} in {edition.name}. {nearest(unknown[0], edition.chapters)}"
        )
    chosen = [chapter for chapter in edition.chapters if not only or chapter in only]
    declared = {chapter: parameters(chapter) for chapter in chosen}
    known = sorted({name for names in declared.values() for name in names})
    for name in changed:
        if name not in known:
            raise BuildError(f"No chapter has a parameter {name!r}. {nearest(name, known)}")
    if "edition" in changed:
        raise BuildError("The edition is named by itself, as in: lscb build EDITION.")
    values = {
        name: _typed(name, text, next(names[name] for names in declared.values() if name in names))
        for name, text in changed.items()
    }
    edition = read_edition(
        edition.name, **{key: values[key] for key in values if key in Edition.model_fields}
    )
    _check_area(edition.area)
    given = edition.model_dump() | {"edition": edition.name} | values
    return edition, [
        Chapter(chapter, {name: given[name] for name in names if name in given}, *_title(chapter))
        for chapter, names in declared.items()
    ]


def parameters(chapter: str) -> dict[str, dict[str, str]]:
    """Return what a chapter's parameters cell declares: each name with its type, default and meaning.

    Raises BuildError if the chapter has no notebook.
    """
    path = _notebook(chapter)
    if not path.is_file():
        names = [found.stem for found in path.parent.glob("*.ipynb")]
        raise BuildError(f"There is no notebook {path.name}. {nearest(chapter, names)}")
    return {
        name: {"type": found["inferred_type_name"], "default": found["default"], "help": found["help"]}
        for name, found in papermill.inspect_notebook(str(path)).items()
    }


def _title(chapter: str) -> tuple[str, str]:
    """A chapter's title and the question it answers, from its first cell."""
    first = _read(_notebook(chapter)).cells[0].source
    lines = [line for line in first.splitlines() if line]
    if len(lines) < 2 or not lines[0].startswith("# "):
        raise BuildError(
            f"{chapter}.ipynb does not begin with a title (“# …”) and a question below it. Add them."
        )
    return lines[0].removeprefix("# "), lines[1]


def _only_edition() -> str:
    names = editions()
    if len(names) != 1:
        raise EditionError(
            f"Say which edition to build: {', '.join(names) or 'there is none in notebooks/editions'}."
        )
    return names[0]


def _notebook(chapter: str) -> Path:
    return project() / "notebooks" / f"{chapter}.ipynb"


def _typed(name: str, text: str, declared: dict[str, str]) -> Any:
    kind, default = declared["type"], declared["default"]
    if kind not in TYPES:
        raise BuildError(f"Parameter {name} is declared as {kind}. Declare it as one of {', '.join(TYPES)}.")
    try:
        return TYPES[kind](text)
    except ValueError:
        raise BuildError(
            f"Parameter {name} is {text!r}, which is no {kind}. Its default is {default}."
        ) from None


def _check_area(area: str) -> None:
    known = sorted({found for table in tables() for found in load(table)["area_name"].unique()})
    if area not in known:
        raise BuildError(f"There is no area {area!r} in the data. {nearest(area, known)}")


def _check_periods(edition: Edition) -> None:
    """Compute the verdicts once: what the edition names must be there, for both of its periods."""
    if edition.comparisons and (verdicts(edition)["reason"] == NO_FIGURE).all():
        raise BuildError(f"No comparison has figures for both {edition.previous} and {edition.latest}.")


def _check_replaceable(folder: Path) -> None:
    """Refuse a folder that is not a pack of ours: what is in it would be lost."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"{folder.parent} cannot be a folder: {error.strerror}. Give another one."
        ) from error
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not _is_pack(folder)):
        raise BuildError(f"{folder} holds something that is not a pack. Give another folder, or empty it.")


def _is_pack(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and {"edition", "chapters", "files"} <= manifest.keys()


def _run(chapter: Chapter, runs: Path) -> None:
    started = time.perf_counter()
    source, target = _notebook(chapter.name), runs / f"{chapter.name}.ipynb"
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            chapter.parameters,
            cwd=str(source.parent),
            progress_bar=False,
            extra_arguments=["--log-level=CRITICAL"],
            config=Config(KernelManager={"transport_encryption": "auto"}),
        )
    except PapermillExecutionError as error:
        cell = error.source.strip().splitlines()[0]
        where = _question_of(target, error.cell_index)
        chapter.error = f"failed in cell {error.exec_count}, `{cell}`{where}. {error.ename}: {error.evalue}"
    except DeadKernelError:
        chapter.error = "failed: its kernel died, perhaps for want of memory"
    else:
        names = [found.metadata.lscb.name for found in _outputs(_read(target), "text/csv")]
        twice = sorted({name for name in names if names.count(name) > 1})
        chapter.error = f"failed: it shows more than one table {twice[0]!r}" if twice else ""
    chapter.seconds = time.perf_counter() - started


def _question_of(executed: Path, index: int) -> str:
    """The heading under which a cell stands, as a person would point to it."""
    cells = _read(executed).cells[: index + 1]
    headings = [cell.source.splitlines()[0].lstrip("# ") for cell in cells if cell.source.startswith("## ")]
    return f", under “{headings[-1]}”" if headings else ""


def _failures(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-failed")


def _keep(pack: Pack, runs: Path) -> Path:
    kept = _failures(pack.folder)
    kept.mkdir(exist_ok=True)
    for chapter in pack.failed:
        shutil.copy2(runs / f"{chapter.name}.ipynb", kept)
    return kept


def _forget_failures(folder: Path) -> None:
    """Remove the notebooks of chapters that failed before; anything else there is not ours."""
    kept = _failures(folder)
    for notebook in kept.glob("[0-9][0-9]_*.ipynb"):
        notebook.unlink()
    if kept.is_dir() and not any(kept.iterdir()):
        kept.rmdir()


def _write_page(
    chapter: Chapter, chapters: list[Chapter], edition: Edition, draft: bool, runs: Path, made: Path
) -> None:
    notebook = _read(runs / f"{chapter.name}.ipynb")
    at = chapters.index(chapter)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    page = {
        "title": f"{chapter.title}: {edition.area}, {edition.period}",
        "edition": edition,
        "draft": draft,
        "chapter": chapter.name,
        "file": chapter.file,
        "questions": [source.splitlines()[0][3:] for source in sources if source.startswith("## ")],
        "previous": chapters[at - 1] if at else None,
        "next": chapters[at + 1] if at + 1 < len(chapters) else None,
    }
    html, _ = _exporter().from_notebook_node(notebook, resources={"page": page})
    (made / chapter.file).write_text(html, encoding="utf-8", newline="\n")
    for output in _outputs(notebook, "text/csv"):
        path = made / "tables" / f"{chapter.name}-{output.metadata.lscb.name}.csv"
        path.write_text(output.data["text/csv"], encoding="utf-8", newline="\n")


def _take_findings(chapter: Chapter, runs: Path) -> None:
    """Take a chapter's first finding and first verdict as it ran, without what is folded away."""
    outputs = _outputs(_read(runs / f"{chapter.name}.ipynb"), "text/html")
    findings = [
        out.data["text/html"] for out in outputs if out.metadata.get("lscb", {}).get("kind") == "finding"
    ]
    said = [html.partition("<details")[0] for html in findings]
    chapter.finding = Markup(next(iter(said), ""))
    chapter.verdict = Markup(next((html for html in said if "data-verdict" in html), ""))


def _read(notebook: Path) -> Any:
    return nbformat.read(notebook, as_version=4)


def _outputs(notebook: Any, kind: str) -> list[Any]:
    return [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if kind in output.get("data", {})
    ]


def _exporter() -> TemplateExporter:
    exporter = TemplateExporter(template_file="chapter.html.j2", extra_template_paths=[str(TEMPLATES)])
    exporter.environment.trim_blocks = exporter.environment.lstrip_blocks = True
    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    exporter.register_filter("markdown2html", MarkdownWithMath(renderer=renderer).render)
    exporter.register_filter("slug", slug)
    return exporter


def slug(text: str) -> str:
    """Return a heading as the name of its place on the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _write_index(chapters: list[Chapter], edition: Edition, draft: bool, made: Path) -> None:
    page = {
        "title": f"{edition.title}: {edition.area}, {edition.period}",
        "edition": edition,
        "draft": draft,
        "file": "index.html",
        "previous": None,
        "next": None,
        "chapters": chapters,
    }
    html = templates().get_template("index.html.j2").render(page=page)
    (made / "index.html").write_text(html, encoding="utf-8", newline="\n")


def _write_methods(chapters: list[Chapter], edition: Edition, draft: bool, runs: Path, made: Path) -> None:
    """Write the page of the methods that the chapters' figures name, each with the chapters that use it."""
    used = {chapter.name: _methods_named(_read(runs / f"{chapter.name}.ipynb")) for chapter in chapters}
    unknown = set().union(*used.values()) - {method.name for method in methods()}
    if unknown:
        raise BuildError(f"Not explained in methods.toml: {', '.join(sorted(unknown))}. Add an entry.")
    entries = [
        (method, [chapter for chapter in chapters if method.name in used[chapter.name]])
        for method in methods()
    ]
    page = {
        "title": f"Methods: {edition.area}, {edition.period}",
        "edition": edition,
        "draft": draft,
        "file": "methods.html",
        "previous": None,
        "next": None,
        "methods": [(method, users) for method, users in entries if users],
    }
    html = templates().get_template("methods.html.j2").render(page=page, slug=slug)
    (made / "methods.html").write_text(html, encoding="utf-8", newline="\n")


def _methods_named(notebook: Any) -> set[str]:
    html = "".join(output.data["text/html"] for output in _outputs(notebook, "text/html"))
    return {unescape(name) for name in re.findall(r'data-method="([^"]*)"', html)}


def _write_manifest(chapters: list[Chapter], edition: Edition, made: Path) -> None:
    manifest = {
        "edition": edition.model_dump(),
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": sys.version.split()[0],
        "versions": {package: metadata.version(package) for package in PACKAGES},
        "data": {path.name: _hash(path) for path in sorted((project() / "data").glob("*.csv"))},
        "chapters": [
            {
                "chapter": chapter.name,
                "parameters": chapter.parameters,
                "notebook": _hash(_notebook(chapter.name)),
                "outcome": "done",
                "seconds": round(chapter.seconds, 2),
            }
            for chapter in chapters
        ],
        "files": {
            path.relative_to(made).as_posix(): _hash(path)
            for path in sorted(made.rglob("*"))
            if path.is_file()
        },
    }
    (made / "manifest.json").write_text(
        json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _commit() -> str | None:
    """The commit of the checkout, marked `-dirty` if it has changes; none where there is no git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=project(),
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _publish(made: Path, folder: Path) -> None:
    """Put `made` in the place of `folder`; if that fails, what was there is put back."""
    old = made.with_name("old")
    if folder.exists():
        folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
