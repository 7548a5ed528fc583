"""Editions to packs: each chapter run by papermill, made a page by nbconvert, all published in one step."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from html import unescape
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from lscb_analysis.accessibility import LAW, STANDARD, tested
from lscb_analysis.alarms import alarms, describe_alarms
from lscb_analysis.chapters import (
    Chapter,
    Tell,
    outputs,
    parameters,
    read,
    run,
    silent,
    title,
)
from lscb_analysis.data import check, load, measures, tables, texts
from lscb_analysis.disclosure import protect
from lscb_analysis.display import day, isolated, templates
from lscb_analysis.easy_read import easy_read, plans
from lscb_analysis.editions import Edition, EditionError, read_edition
from lscb_analysis.forking import REHEARSED
from lscb_analysis.glossary import meanings, spell_out
from lscb_analysis.kernels import warm_kernels
from lscb_analysis.methods import methods
from lscb_analysis.narrative import credit
from lscb_analysis.onepage import in_css, part, title_of, within
from lscb_analysis.pdf import PDF, chromium, printed
from lscb_analysis.project import editions, file_digest, made_of, project, stands
from lscb_analysis.publish import (
    TIMEOUT,
    BuildError,
    UnpublishedError,
    check_replaceable,
    kept,
    making,
    publish,
)
from lscb_analysis.reuse import keep, take
from lscb_analysis.schema import EVERY_CHAPTER, KINDS, DataError, nearest
from lscb_analysis.spreadsheet import read_tables, write_spreadsheet
from lscb_analysis.verdicts import verdict_table
from lscb_analysis.verify import verify, work_out

TEMPLATES = Path(__file__).parent / "templates"
ASSUMED, LIMITS = "What is assumed here", "What these numbers cannot show"
"""The heading of a chapter's assumptions and caveats, which stand before that of its limits."""

SPREADSHEET = "tables.xlsx"
"""The file with all tables of a pack."""

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
    name: str | None = None,
    output: Path | None = None,
    only: Iterable[str] = (),
    changed: Mapping[str, str] | None = None,
    tell: Tell = silent,
    workers: int | None = None,
    timeout: float = TIMEOUT,
    fail_fast: bool = False,
    wait: bool = False,
    force: bool = False,
    on: date | None = None,
    pdf: bool = False,
) -> Pack:
    """Build an edition's pack and publish it, unless a chapter fails.

    `output` is the pack's folder, by default `reports/<edition>`. With `only` (chapters) or `changed`
    (parameters, as text) the result is a draft in a folder beside it. With `pdf` it holds a PDF of itself.
    `tell` hears of each step. `workers`, `timeout` and `fail_fast` are those of `chapters.run`, `wait` that
    of `publish.making`.
    A chapter is run again only if something that it was made of has changed, and nothing is published
    if nothing has, unless `force`. Of the day it is built `on` (today unless given) only this counts:
    whether the edition's pack may still be used then. Where it may not, every page says so.

    Raises BuildError, EditionError or DataError before anything runs if a name, a value or the data is
    wrong, or nothing can print a PDF; BusyError if another build of the pack is under way; UnpublishedError
    if the data or the notebooks changed while it ran, the pack says what the data do not, or no PDF came. A
    chapter that fails is in the pack's `failed`; the pack that was there stays as it was, and the failed
    notebooks are kept in the folder `kept`.
    """
    changed, only, today = dict(changed or {}), list(only), on or date.today()
    edition, draft, browser = read_edition(name or _only_edition()), bool(only or changed), _browser(pdf)
    if today > edition.use_until:
        tell("past its date", use_until=edition.use_until.isoformat())
    with warm_kernels(rehearsal=(REHEARSED, str(project()), edition.name)):
        edition, chapters = plan(edition, only, changed)
        verdict_table(edition)  # refuses periods that are not there
        folder = _folder(output or project() / "reports" / edition.name, draft)
        with making(folder, wait) as aside:
            if not (force or draft) and stands(folder, edition.name, today, PDF if pdf else None):
                tell("nothing to do", folder=str(folder))
                return Pack(folder, [])
            before, table = made_of(edition.name, edition.chapters, today), verdict_table(edition)
            runs, memory, made = aside / "runs", kept(folder), aside / "pack"
            runs.mkdir()
            for chapter in [] if force else chapters:
                chapter.reused = take(chapter, edition, table, memory, runs)
            tell("build started", edition=edition.name, chapters=len(chapters))
            _run_or_skip(chapters, edition, runs, tell, workers, timeout, fail_fast)
            _check_unchanged(before["inputs"], made_of(edition.name, edition.chapters, today)["inputs"])
            for chapter in (ran for ran in chapters if not (ran.error or ran.reused)):
                keep(chapter, edition, table, runs, memory)
            if any(chapter.error for chapter in chapters):
                return Pack(folder, chapters, _keep(folder, chapters, runs))
            _write_pack(chapters, edition, draft, before, made, browser)
            _check_true(made, tell)
            publish(made, folder)
            _forget_failures(folder)
    tell("published", folder=str(folder))
    return Pack(folder, chapters)


def _browser(pdf: bool) -> str | None:
    """The browser that prints, if there is something to print."""
    return chromium() if pdf else None


def _folder(named: Path, draft: bool) -> Path:
    folder = named.absolute()
    folder = folder.with_name(f"{folder.name}-draft") if draft else folder
    check_replaceable(folder)
    return folder


def _run_or_skip(
    chapters: list[Chapter],
    edition: Edition,
    runs: Path,
    tell: Tell,
    workers: int | None,
    timeout: float,
    fail_fast: bool,
) -> None:
    """Run the chapters that are not reused; meanwhile work out the figures of those that have ended."""
    reused = [chapter for chapter in chapters if chapter.reused]
    for chapter in reused:
        tell("chapter skipped", chapter=chapter.name)
        chapter.executed = read(runs / f"{chapter.name}.ipynb")
    ran = run(
        (chapter for chapter in chapters if not chapter.reused), runs, tell, workers, timeout, fail_fast
    )
    for chapter in chain(ran, reused):
        for shown in outputs(chapter.executed, "text/html"):
            work_out(edition, shown.data["text/html"])


def plan(edition: Edition, only: list[str], changed: dict[str, str]) -> tuple[Edition, list[Chapter]]:
    """Return the edition as changed and its chapters with their parameters, all names and values checked.

    Raises BuildError for a chapter, parameter, area or value that will not do, EditionError for a
    comparison that is to be told and has no plain words, DataError with every problem of the data.
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
    problems = check()
    if problems:
        raise DataError(problems)
    edition = read_edition(
        edition.name, **{key: values[key] for key in values if key in Edition.model_fields}
    )
    _check_area(edition.area)
    easy_read(edition, chosen)  # what has no plain words is said before anything runs
    given = edition.model_dump() | {"edition": edition.name} | values
    return edition, [
        Chapter(chapter, {name: given[name] for name in names if name in given}, *title(chapter))
        for chapter, names in declared.items()
    ]


def _only_edition() -> str:
    names = editions()
    if len(names) != 1:
        raise EditionError(
            f"Say which edition to build: {', '.join(names) or 'there is none in notebooks/editions'}."
        )
    return names[0]


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


def _failures(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-failed")


def _keep(folder: Path, chapters: list[Chapter], runs: Path) -> Path:
    """Keep the notebooks of the chapters that failed, those that ran at all."""
    failures = _failures(folder)
    failures.mkdir(exist_ok=True)
    for chapter in chapters:
        ran = runs / f"{chapter.name}.ipynb"
        if chapter.error and ran.is_file():
            shutil.copy2(ran, failures)
    return failures


def _forget_failures(folder: Path) -> None:
    """Remove the notebooks of chapters that failed before; anything else there is not ours."""
    kept = _failures(folder)
    for failed in kept.glob("[0-9][0-9]_*.ipynb"):
        failed.unlink()
    if kept.is_dir() and not any(kept.iterdir()):
        kept.rmdir()


def _check_unchanged(before: dict[str, str], now: dict[str, str]) -> None:
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if changed:
        raise UnpublishedError(
            f"Changed while the pack was made: {', '.join(changed)}. Nothing was published; build again."
        )


def _check_true(made: Path, tell: Tell) -> None:
    """Raise UnpublishedError unless the pack says what the data say."""
    found = verify(made)
    if found.faults:
        said = "\n".join(map(str, found.faults[:MOST_FAULTS]))
        raise UnpublishedError(
            f"{len(found.faults)} places of the pack say what the data do not, the first of them here. "
            f"Nothing was published.\n{said}"
        )
    tell("verified", figures=found.figures, cells=found.cells)


def _on_every_page(edition: Edition, draft: bool, past: bool) -> dict[str, Any]:
    """What the template of every page asks for; `past` says that the pack may not be used any longer."""
    dates = ("published", "next_pack", "use_until")
    said = {name: day(pd.Timestamp(getattr(edition, name))) for name in dates}
    mark = "Do not use: " if past else "Draft: " if draft else ""
    return {
        "edition": edition,
        "draft": draft,
        "past": past,
        "margin": in_css(f"{mark}{edition.title}, {edition.period}"),
        "previous": None,
        "next": None,
    } | said


def _write_pack(
    chapters: list[Chapter],
    edition: Edition,
    draft: bool,
    of: dict[str, Any],
    made: Path,
    browser: str | None,
) -> None:
    """Write the pages, the tables and the manifest of a pack; `of` is what it is made of.

    With a `browser` the pack as one page is printed too.
    """
    (made / "tables").mkdir(parents=True)
    every = _on_every_page(edition, draft, of["past_its_date"]) | {"pdf": PDF if browser else None}
    _write_pages(chapters, every, made)
    if browser:
        page = (made / "all.html").read_text("utf-8")
        (made / PDF).write_bytes(printed(page, browser, edition.published, made.parent))
    _write_manifest(chapters, edition, of, made)


def _write_pages(chapters: list[Chapter], every: dict[str, Any], made: Path) -> None:
    log, easy = _log(every["edition"]), _easy_read(every["edition"], chapters)
    every = every | {"easy_read": bool(easy["told"])}
    every = every | {"spreadsheet": _write_spreadsheet(chapters, every, made)}
    for chapter in chapters:
        _take_findings(chapter)
    for chapter in chapters:
        _write_chapter(chapter, chapters, every, log, made)
    _write_page("index.html.j2", every | _index(every["edition"]) | {"chapters": chapters}, made)
    _write_page("methods.html.j2", every | _methods(every["edition"], chapters), made)
    _write_page("assumptions.html.j2", every | _assumptions(every["edition"], chapters, log), made)
    _write_page("accessibility.html.j2", every | _accessibility(every["edition"]), made)
    _write_page("measures.html.j2", every | _measures(every["edition"], chapters, made), made)
    if easy["told"]:
        _write_page("easy-read.html.j2", every | easy, made)
    _bind(
        [*(chapter.file for chapter in chapters), "methods.html", "assumptions.html"], chapters, every, made
    )
    _spell_out(made)


def _write_page(template: str, page: dict[str, Any], made: Path) -> None:
    html = templates().get_template(template).render(page=page, slug=slug)
    _write(html, page["file"], made)


def _write(html: str, file: str, made: Path) -> None:
    (made / file).write_text(html, encoding="utf-8", newline="\n")


def _spell_out(made: Path) -> None:
    """Put abbreviations into words where each page first uses them, and lead from sources to their places."""
    for path in made.glob("*.html"):
        _write(spell_out(_linked(path.read_text("utf-8")), meanings()), path.name, made)


def _linked(html: str) -> str:
    """A page whose charts and tables lead from each source to where the page cites it in full, if it does."""
    full = set(re.findall(r'<cite id="source-([\w.-]+)"', html))

    def link(cite: re.Match[str]) -> str:
        return f'<a href="#source-{cite[1]}">{cite[0]}</a>' if cite[1] in full else cite[0]

    def within(line: re.Match[str]) -> str:
        return re.sub(r'<cite data-source="([\w.-]+)">.*?</cite>', link, line[0])

    return re.sub(r'<p class="source">.*?</p>', within, html, flags=re.S)


def _bind(files: list[str], chapters: list[Chapter], every: dict[str, Any], made: Path) -> None:
    """Write the pages `files` as one page with a list of contents, before abbreviations are in words."""
    questions = {chapter.file: chapter.question for chapter in chapters}
    pages = {file: (made / file).read_text("utf-8") for file in files}
    parts = [
        {
            "name": (name := file.removesuffix(".html")),
            "title": (title := title_of(html)),
            "question": questions.get(file, ""),
            "margin": in_css(title),
            "html": part(html, name),
        }
        for file, html in pages.items()
    ]
    edition = every["edition"]
    page = every | {"title": _titled(f"{edition.title}, the whole pack", edition), "file": "all.html"}
    html = templates().get_template("all.html.j2").render(page=page | {"parts": parts}, slug=slug)
    _write(within(html, [part["name"] for part in parts], front="index"), "all.html", made)


def _write_chapter(
    chapter: Chapter,
    chapters: list[Chapter],
    every: dict[str, Any],
    log: list[dict[str, Any]],
    made: Path,
) -> None:
    executed = chapter.executed
    at = chapters.index(chapter)
    sources = [cell.source for cell in executed.cells if cell.cell_type == "markdown"]
    questions = [source.splitlines()[0][3:] for source in sources if source.startswith("## ")]
    own = [entry for name in (chapter.name, EVERY_CHAPTER) for entry in log if name in entry["chapters"]]
    if own and LIMITS in questions:
        questions.insert(questions.index(LIMITS), ASSUMED)
    page = every | {
        "title": _titled(chapter.title, every["edition"]),
        "chapter": chapter.name,
        "file": chapter.file,
        "questions": questions,
        "log": {"heading": ASSUMED, "before": LIMITS, "entries": own},
        "previous": chapters[at - 1] if at else None,
        "next": chapters[at + 1] if at + 1 < len(chapters) else None,
    }
    html, _ = _exporter().from_notebook_node(executed, resources={"page": page})
    _write(html, chapter.file, made)
    for output in outputs(executed, "text/csv"):
        path = made / "tables" / f"{chapter.name}-{output.metadata.lscb.name}.csv"
        path.write_text(output.data["text/csv"], encoding="utf-8", newline="\n")


def _write_spreadsheet(chapters: list[Chapter], every: dict[str, Any], made: Path) -> str:
    """Write all tables as one spreadsheet, and return its name: none where there is no table."""
    tables = {
        chapter.name: [
            table
            for output in outputs(chapter.executed, "text/csv")
            for table in read_tables(output.data["text/html"], chapter.title)
        ]
        for chapter in chapters
    }
    if not any(tables.values()):
        return ""
    alerts = {
        f"Do not use this any longer. It was to be used until {every['use_until'].striptags()}.": every[
            "past"
        ],
        "Draft, made with parameters or chapters of its own; not the published pack.": every["draft"],
    }
    write_spreadsheet(
        made / SPREADSHEET, every["edition"], tables, [words for words, so in alerts.items() if so]
    )
    return SPREADSHEET


def _titled(title: str, edition: Edition) -> str:
    return f"{title}: {isolated(edition.area)}, {isolated(edition.period)}"


def _log(edition: Edition) -> list[dict[str, Any]]:
    """The log of assumptions and caveats, the assumptions first, as pages show it."""
    entries = texts("assumptions", edition=edition.name).sort_values("kind", kind="stable")
    return [
        entry | {"chapters": entry["chapters"].split(), "date": day(pd.Timestamp(entry["date"]))}
        for entry in entries.to_dict("records")
    ]


def _take_findings(chapter: Chapter) -> None:
    """Take a chapter's first finding and first verdict as it ran, without what is folded away."""
    shown = outputs(chapter.executed, "text/html")
    findings = [
        out.data["text/html"] for out in shown if out.metadata.get("lscb", {}).get("kind") == "finding"
    ]
    said = [html.partition("<details")[0] for html in findings]
    chapter.finding = Markup(next(iter(said), ""))
    chapter.verdict = Markup(next((html for html in said if "data-verdict" in html), ""))


@cache
def _exporter() -> TemplateExporter:
    exporter = TemplateExporter(
        template_file="chapter.html.j2", extra_template_paths=[str(TEMPLATES)], optimistic_validation=True
    )
    exporter.environment.trim_blocks = exporter.environment.lstrip_blocks = True
    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    exporter.register_filter("markdown2html", MarkdownWithMath(renderer=renderer).render)
    exporter.register_filter("slug", slug)
    return exporter


def slug(text: str) -> str:
    """Return a heading as the name of its place on the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _index(edition: Edition) -> dict[str, Any]:
    return {"title": _titled(edition.title, edition), "file": "index.html"}


def _easy_read(edition: Edition, chapters: list[Chapter]) -> dict[str, Any]:
    """The page in plain words, of what the chapters show; nothing is told where an edition marks nothing."""
    titles = {chapter.name: chapter.title for chapter in chapters}
    return {
        "title": _titled("Easy to read", edition),
        "file": "easy-read.html",
        "told": easy_read(edition, titles),
        "plans": plans(edition)["plain"].tolist(),
        "titles": titles,
    }


def _accessibility(edition: Edition) -> dict[str, Any]:
    """The page that says who can read the pages, made from what the tests found."""
    title = _titled("Accessibility statement", edition)
    cited = {"standard": STANDARD, "law": LAW}
    return {"title": title, "file": "accessibility.html", "tested": tested()} | cited


def _assumptions(edition: Edition, chapters: list[Chapter], log: list[dict[str, Any]]) -> dict[str, Any]:
    """The page of all assumptions and caveats, each with the chapters that it concerns."""
    kinds = {
        f"{kind.capitalize()}s": [
            entry | {"every": EVERY_CHAPTER in entry["chapters"],
                     "concerns": [chapter for chapter in chapters if chapter.name in entry["chapters"]]}
            for entry in log if entry["kind"] == kind
        ]
        for kind in KINDS["assumptions"]
    }  # fmt: skip
    return {"title": _titled("Assumptions and caveats", edition), "file": "assumptions.html", "kinds": kinds}


_SHOWN = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>|data-measure="([^"]+)"', re.S)


def _measures(edition: Edition, chapters: list[Chapter], made: Path) -> dict[str, Any]:
    """The page of all measures that the chapters show, by title, each with the questions it stands under."""
    known = measures()[["title", "definition"]].to_dict("index")
    shown: dict[str, dict[str, Any]] = {}
    for chapter in chapters:
        asked = {"file": chapter.file, "chapter": chapter.title}
        for place, question, measure in _SHOWN.findall((made / chapter.file).read_text("utf-8")):
            if place:
                asked |= {"place": place, "question": Markup(question).striptags()}
                continue
            entry = shown.setdefault(known[measure]["title"], {"definitions": {}, "places": {}})
            entry["definitions"][known[measure]["definition"].rstrip(".")] = None
            entry["places"].setdefault((chapter.name, asked["place"]), asked.copy())
    letters: dict[str, list[dict[str, Any]]] = {}
    for name in sorted(shown, key=str.casefold):
        letter = name[0].upper() if name[0].isascii() and name[0].isalpha() else "Other"
        letters.setdefault(letter, []).append({"title": name} | shown[name])
    return {"title": _titled("Measures from A to Z", edition), "file": "measures.html", "letters": letters}


def _methods(edition: Edition, chapters: list[Chapter]) -> dict[str, Any]:
    """The page of the methods that the chapters' figures name, each with the chapters that use it."""
    used = {chapter.name: _methods_named(chapter.executed) for chapter in chapters}
    unknown = set().union(*used.values()) - {method.name for method in methods()}
    if unknown:
        raise BuildError(f"Not explained in methods.toml: {', '.join(sorted(unknown))}. Add an entry.")
    entries = [
        (method, [chapter for chapter in chapters if method.name in used[chapter.name]])
        for method in methods()
    ]
    erring = alarms(edition)
    return {
        "title": _titled("Methods", edition),
        "erring": None if erring.empty else describe_alarms(protect(erring, rule=edition.rule)),
        "simulated": None if erring.empty else credit(erring),
        "file": "methods.html",
        "methods": [(method, users) for method, users in entries if users],
    }


def _methods_named(executed: Any) -> set[str]:
    html = "".join(output.data["text/html"] for output in outputs(executed, "text/html"))
    return {unescape(name) for name in re.findall(r'data-method="([^"]*)"', html)}


def _write_manifest(chapters: list[Chapter], edition: Edition, of: dict[str, Any], made: Path) -> None:
    manifest = {
        "edition": edition.model_dump(mode="json"),
        **of,
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "chapters": [
            {
                "chapter": chapter.name,
                "parameters": chapter.parameters,
                "outcome": "done",
                "seconds": round(chapter.seconds, 2),
            }
            for chapter in chapters
        ],
        "files": {
            path.relative_to(made).as_posix(): file_digest(path)
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
