"""The pages of a pack, made from its chapters as they ran: one for each, and those about them all."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from lscb_analysis.audit import Fault, check_page, check_table, known
from lscb_analysis.build.chapters import Chapter, outputs
from lscb_analysis.build.publication import BuildError
from lscb_analysis.build.warm.provisioner import beside
from lscb_analysis.data import EVERY_CHAPTER, KINDS, measures, records, texts
from lscb_analysis.editions import Edition
from lscb_analysis.pages import (
    LAW,
    STANDARD,
    Table,
    alarms,
    credit,
    day,
    describe_alarms,
    easy_read,
    in_css,
    isolated,
    meanings,
    methods,
    part,
    plans,
    read_tables,
    spell_out,
    templates,
    tested,
    title_of,
    within,
    write_spreadsheet,
)
from lscb_analysis.quality import has_report
from lscb_analysis.release import protect

TEMPLATES = Path(__file__).parents[1] / "pages" / "templates"
ASSUMED, LIMITS = "What is assumed here", "What these numbers cannot show"
"""The heading of a chapter's assumptions and caveats, which stand before that of its limits."""

SPREADSHEET = "tables.xlsx"
"""The file with all tables of a pack."""

WHOLE = "all.html"
"""The page that repeats all others."""


class Pages:
    """The pages of a pack in the folder `made`, written as its chapters end.

    Every page says so if the pack is a `draft`, or `past` its date. The first leads to `pdf`, if the pack
    will have one.
    """

    def __init__(
        self, chapters: list[Chapter], edition: Edition, made: Path, draft: bool, past: bool, pdf: str | None
    ) -> None:
        self.chapters, self.edition, self.made = chapters, edition, made
        self.log, self.easy = _log(edition), _easy_read(edition, chapters)
        self.every = _on_every_page(edition, draft, past)
        self.every |= {"pdf": pdf, "easy_read": bool(self.easy["told"]), "spreadsheet": SPREADSHEET}
        self.plain: dict[str, str] = {}
        """Each page before abbreviations are in words."""
        self.held: dict[str, tuple[int, list[Fault]]] = {}
        """By file, how many figures it has and which of them the data do not give."""
        self.tables: dict[str, list[Table]] = {}
        self._spreadsheet_written: Callable[[], None] | None = None
        (made / "tables").mkdir(parents=True)
        self._write_apart()

    def _write_apart(self) -> None:
        """Write the pages that say nothing of how a chapter ran."""
        self._write_page("assumptions.html.j2", _assumptions(self.edition, self.chapters, self.log))
        self._write_page("accessibility.html.j2", _accessibility(self.edition, self.every["draft"]))
        if self.every["easy_read"]:
            self._write_page("easy-read.html.j2", self.easy)

    def add(self, chapter: Chapter) -> None:
        """Write the page and the CSVs of a chapter that has run, every figure in them made again.

        Raises ValueError if the data do not hold, or the chapter shows what is no figure of ours.
        """
        chapter.executed.cells = _telling(chapter.executed.cells)
        self.tables[chapter.name] = [
            table
            for output in outputs(chapter.executed, "text/csv")
            for table in read_tables(output.data["text/html"], chapter.title)
        ]
        self._begin_spreadsheet()
        for output in outputs(chapter.executed, "text/csv"):
            file, words = f"tables/{chapter.name}-{output.metadata.lscb.name}.csv", output.data["text/csv"]
            (self.made / file).write_text(words, encoding="utf-8", newline="\n")
            self.held[file] = check_table(known(self.edition), file, words)
        self._write_chapter(chapter)

    def finish(self) -> None:
        """Write what is about all chapters: the other pages, all of them as one, and the spreadsheet.

        Raises BuildError if a chapter names a method that is not explained, and as `add` does.
        """
        for chapter in (one for one in self.chapters if one.file not in self.plain):
            self.add(chapter)
        chapters, edition = self.chapters, self.edition
        if not self._spreadsheet_written:
            self._leave_out_spreadsheet()
        for chapter in chapters:
            _take_findings(chapter)
        self._write_page("index.html.j2", _index(edition) | {"chapters": chapters})
        self._write_page("methods.html.j2", _methods(edition, chapters, self.every["draft"]))
        self._write_page("measures.html.j2", _measures(edition, chapters, self.plain))
        self._bind([*(chapter.file for chapter in chapters), "methods.html", "assumptions.html"])
        if self._spreadsheet_written:
            self._spreadsheet_written()

    def _write_chapter(self, chapter: Chapter) -> None:
        if not has_report(self.edition):
            _tell_of_no_report(chapter)
        at = self.chapters.index(chapter)
        own = [
            entry for name in (chapter.name, EVERY_CHAPTER) for entry in self.log if name in entry["chapters"]
        ]
        page = self.every | {
            "title": _titled(chapter.title, self.edition),
            "chapter": chapter.name,
            "file": chapter.file,
            "questions": _questions(chapter, bool(own)),
            "log": {"heading": ASSUMED, "before": LIMITS, "entries": own},
            "previous": self.chapters[at - 1] if at else None,
            "next": self.chapters[at + 1] if at + 1 < len(self.chapters) else None,
        }
        html, _ = _exporter().from_notebook_node(chapter.executed, resources={"page": page})
        self._write(html, chapter.file)

    def _write_page(self, template: str, page: dict[str, Any]) -> None:
        html = templates().get_template(template).render(page=self.every | page, slug=slug)
        self._write(html, page["file"])

    def _write(self, html: str, file: str) -> None:
        """Write a page with abbreviations in words where it first uses them and links from sources."""
        self.plain[file] = html
        page = spell_out(_linked(html), meanings())
        (self.made / file).write_text(page, encoding="utf-8", newline="\n")
        self.held[file] = check_page(known(self.edition), file, page)

    def _leave_out_spreadsheet(self) -> None:
        """Where there is no table, no page leads to a spreadsheet of them."""
        self.every["spreadsheet"] = ""
        for chapter in self.chapters:
            self._write_chapter(chapter)
        self._write_apart()

    def _begin_spreadsheet(self) -> None:
        """Begin to write all tables as one spreadsheet, once there are those of the last chapter."""
        lacks = len(self.tables) < len(self.chapters) or not any(self.tables.values())
        if lacks or self._spreadsheet_written:
            return
        until = self.every["use_until"].striptags()
        alerts = {
            f"Do not use this any longer. It was to be used until {until}.": self.every["past"],
            "Draft, made with parameters or chapters of its own; not the published pack.": self.every[
                "draft"
            ],
        }
        tables = {chapter.name: self.tables[chapter.name] for chapter in self.chapters}
        said = [words for words, so in alerts.items() if so]
        self._spreadsheet_written = beside(
            write_spreadsheet, self.made / SPREADSHEET, self.edition, tables, said
        )

    def _bind(self, files: list[str]) -> None:
        """Write the pages `files` as one page with a list of contents."""
        questions = {chapter.file: chapter.question for chapter in self.chapters}
        parts = [
            {
                "name": (name := file.removesuffix(".html")),
                "title": (title := title_of(self.plain[file])),
                "question": questions.get(file, ""),
                "margin": in_css(title),
                "html": part(self.plain[file], name),
            }
            for file in files
        ]
        title = _titled(f"{self.edition.title}, the whole pack", self.edition)
        page = self.every | {"title": title, "file": WHOLE, "parts": parts}
        html = templates().get_template("all.html.j2").render(page=page, slug=slug)
        self._write(within(html, [part["name"] for part in parts], front="index"), WHOLE)


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


def _linked(html: str) -> str:
    """A page whose charts and tables lead from each source to where the page cites it in full, if it does."""
    full = set(re.findall(r'<cite id="source-([\w.-]+)"', html))

    def link(cite: re.Match[str]) -> str:
        return f'<a href="#source-{cite[1]}">{cite[0]}</a>' if cite[1] in full else cite[0]

    def within(line: re.Match[str]) -> str:
        return re.sub(r'<cite data-source="([\w.-]+)">.*?</cite>', link, line[0])

    return re.sub(r'<p class="source">.*?</p>', within, html, flags=re.S)


def _telling(cells: list[Any]) -> list[Any]:
    """Cells without the sections in which all that was to be shown is empty, and words that lead to nothing.

    A heading that has only such sections below it leaves with them.
    """
    parts: list[list[Any]] = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and re.match("##+ ", cell.source):
            parts.append([])
        parts[-1].append(cell)
    kept: list[list[Any]] = []
    below, left = False, False  # whether a section below the next heading was kept, or left
    for section in reversed(parts):
        shows = any(_shows(cell) for cell in section)
        silent = left or any(_shows(cell) is False for cell in section)
        leaves = silent and not shows and not below
        kept += [] if leaves else [section]
        is_below = section[0].source.startswith("### ") if section else False
        below, left = is_below and (below or not leaves), is_below and (left or leaves)
    return [cell for section in reversed(kept) for cell in _leading(section)]


def _shows(cell: Any) -> bool | None:
    """Whether a cell shows anything; nothing if it was not to."""
    shown = [output.data["text/html"] for output in cell.get("outputs", []) if "text/html" in output.data]
    return any(html.strip() for html in shown) if shown else None


def _leading(section: list[Any]) -> list[Any]:
    """Cells of a section, without a last paragraph that ends with a colon before what shows nothing."""
    for cell, following in pairwise(section):
        if cell.cell_type == "markdown" and _shows(following) is False and cell.source.endswith(":"):
            cell.source = cell.source.rpartition("\n\n")[0]
    return [cell for cell in section if cell.cell_type != "markdown" or cell.source]


def _questions(chapter: Chapter, assumes: bool) -> list[str]:
    """The headings of a chapter, with that of what is assumed for it if anything is."""
    sources = [cell.source for cell in chapter.executed.cells if cell.cell_type == "markdown"]
    questions = [source.splitlines()[0][3:] for source in sources if source.startswith("## ")]
    if assumes and LIMITS in questions:
        questions.insert(questions.index(LIMITS), ASSUMED)
    return questions


_OF_A_REPORT = re.compile(r"\b(?:the|this|a|its|each) (?:annual )?report\b|\breport['’]s\b", re.I)


def _tell_of_no_report(chapter: Chapter) -> None:
    """Take out of a chapter's text the headings and paragraphs that speak of a report: there is none."""
    for cell in chapter.executed.cells:
        if cell.cell_type == "markdown":
            lines = cell.source.splitlines()
            cell.source = "\n".join(line for line in lines if not _OF_A_REPORT.search(line)).strip()


def _titled(title: str, edition: Edition) -> str:
    return f"{title}: {isolated(edition.area)}, {isolated(edition.period)}"


def _log(edition: Edition) -> list[dict[str, Any]]:
    """The log of assumptions and caveats, the assumptions first, as pages show it."""
    entries = texts("assumptions", edition=edition.name).sort_values("kind", kind="stable")
    return [
        entry | {"chapters": entry["chapters"].split(), "date": day(pd.Timestamp(entry["date"]))}
        for entry in records(entries)
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


def _accessibility(edition: Edition, draft: bool) -> dict[str, Any]:
    """The page that says who can read the pages, made from what the tests found; a draft was not tested."""
    title = _titled("Accessibility statement", edition)
    cited = {"standard": STANDARD, "law": LAW}
    return {"title": title, "file": "accessibility.html", "tested": tested(edition, draft)} | cited


def _assumptions(edition: Edition, chapters: list[Chapter], log: list[dict[str, Any]]) -> dict[str, Any]:
    """The page of all assumptions and caveats, each with the chapters that it concerns."""
    kinds = {
        f"{kind.capitalize()}s": [
            entry | {"every": EVERY_CHAPTER in entry["chapters"],
                     "concerns": [chapter for chapter in chapters if chapter.name in entry["chapters"]]}
            for entry in log if entry["kind"] == kind
        ]
        for kind in KINDS["assumptions"] if any(entry["kind"] == kind for entry in log)
    }  # fmt: skip
    return {"title": _titled("Assumptions and caveats", edition), "file": "assumptions.html", "kinds": kinds}


_SHOWN = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>|data-measure="([^"]+)"', re.S)


def _measures(edition: Edition, chapters: list[Chapter], pages: dict[str, str]) -> dict[str, Any]:
    """The page of all measures that the chapters show, by title, each with the questions it stands under."""
    known = measures()[["title", "definition"]].to_dict("index")
    shown: dict[str, dict[str, Any]] = {}
    for chapter in chapters:
        asked = {"file": chapter.file, "chapter": chapter.title}
        for place, question, measure in _SHOWN.findall(pages[chapter.file]):
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


def _methods(edition: Edition, chapters: list[Chapter], draft: bool) -> dict[str, Any]:
    """The page of the methods that the chapters' figures name; of a draft nothing was simulated."""
    used = {chapter.name: _methods_named(chapter.executed) for chapter in chapters}
    unknown = set().union(*used.values()) - {method.name for method in methods()}
    if unknown:
        raise BuildError(f"Not explained in methods.toml: {', '.join(sorted(unknown))}. Add an entry.")
    entries = [
        (method, [chapter for chapter in chapters if method.name in used[chapter.name]])
        for method in methods()
    ]
    erring = pd.DataFrame() if draft else alarms(edition)
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
