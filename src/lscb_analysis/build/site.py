"""The pages of a pack, made from its chapters as they ran: one for each, and those about them all."""

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import pandas as pd
from bs4 import Tag
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from lscb_analysis import audit, pages
from lscb_analysis.build.asked import Asked
from lscb_analysis.build.chapters import Chapter, outputs
from lscb_analysis.build.publication import BuildError
from lscb_analysis.build.warm.provisioner import beside
from lscb_analysis.data import EVERY_CHAPTER, measures, records, texts
from lscb_analysis.editions import Edition
from lscb_analysis.release import protect
from lscb_analysis.sentences import commentary

TEMPLATES = Path(__file__).parents[1] / "pages" / "templates"
ASSUMED, LIMITS = "What is assumed here", "What these numbers cannot show"
"""The heading of a chapter's assumptions and caveats, which stand before that of its limits."""

SPREADSHEET = "tables.xlsx"
"""The file with all tables of a pack."""

WHOLE = "all.html"
"""The page that repeats all others."""


class Pages:
    """The pages of a pack in the folder `made`, written as its chapters end.

    Every page says so if the pack is a draft, or `past` its date. The first leads to the PDF, if one is
    `asked` for.
    """

    def __init__(
        self, chapters: list[Chapter], edition: Edition, made: Path, asked: Asked, past: bool
    ) -> None:
        self.chapters, self.edition, self.made = chapters, edition, made
        self.log, self.easy = _log(edition), _easy_read(edition, chapters)
        self.every = _on_every_page(edition, asked.draft, past)
        self.every |= {"pdf": asked.file, "easy_read": bool(self.easy["told"]), "spreadsheet": SPREADSHEET}
        self.trees: dict[str, Tag] = {}
        """Each page as it is written."""
        self.titles: dict[str, str] = {}
        self.shown: dict[str, list[Shown]] = {}
        """Of each page the title and what stands under its headings, before abbreviations are in words."""
        self.held: dict[str, tuple[int, list[audit.Fault]]] = {}
        """By file, how many figures it has and which of them the data do not give."""
        self.tables: dict[str, list[pages.Table]] = {}
        self._spreadsheet_written: Callable[[], None] | None = None
        (made / "tables").mkdir(parents=True)
        self._write_apart()

    def _write_apart(self) -> None:
        """Write the pages that say nothing of how a chapter ran."""
        self._write_page(
            "assumptions", "Assumptions and caveats", kinds=_assumptions(self.chapters, self.log)
        )
        found = pages.tested(self.edition, self.every["draft"])
        law = {"standard": pages.STANDARD, "law": pages.LAW}
        self._write_page("accessibility", "Accessibility statement", tested=found, **law)
        if self.every["easy_read"]:
            self._write_page("easy-read", "Easy to read", **self.easy)

    def add(self, chapter: Chapter) -> None:
        """Write the page and the CSVs of a chapter that has run, every figure in them made again.

        Raises ValueError if the data do not hold, or the chapter shows what is no figure of ours.
        """
        told, chapter.unanswered = _telling(chapter.executed.cells)
        _with_unanswered(told, chapter.unanswered)
        chapter.executed.cells = _with_commentary(chapter, _sections(told), self.edition)
        self.tables[chapter.name] = [
            table
            for output in outputs(chapter.executed, pages.SHEETS)
            for table in pages.read_tables(output.data[pages.SHEETS], chapter.title)
        ]
        self._begin_spreadsheet()
        for output in outputs(chapter.executed, "text/csv"):
            file, words = f"tables/{chapter.name}-{output.metadata.lscb.name}.csv", output.data["text/csv"]
            (self.made / file).write_text(words, encoding="utf-8", newline="\n")
            self.held[file] = audit.check_table(audit.known(self.edition), file, words)
        self._write_chapter(chapter)

    def finish(self) -> None:
        """Write what is about all chapters: the other pages, all of them as one, and the spreadsheet.

        Raises BuildError if a chapter names a method that is not explained, and as `add` does.
        """
        for chapter in (one for one in self.chapters if one.file not in self.trees):
            self.add(chapter)
        chapters, edition = self.chapters, self.edition
        if not self._spreadsheet_written:
            self._leave_out_spreadsheet()
        for chapter in chapters:
            _take_findings(chapter)
        self._write_page("index", edition.title, chapters=chapters)
        self._write_page("methods", "Methods", **_methods(edition, chapters, self.trees, self.every["draft"]))
        self._write_page("measures", "Measures from A to Z", letters=_measures(chapters, self.shown))
        self._bind([*(chapter.file for chapter in chapters), "methods.html", "assumptions.html"])
        if self._spreadsheet_written:
            self._spreadsheet_written()

    def _write_chapter(self, chapter: Chapter) -> None:
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

    def _write_page(self, name: str, heading: str, **shown: Any) -> None:
        page = self.every | shown | {"title": _titled(heading, self.edition), "file": f"{name}.html"}
        self._write(
            pages.templates().get_template(f"{name}.html.j2").render(page=page, slug=slug), page["file"]
        )

    def _write(self, html: str, file: str) -> None:
        """Write a page with abbreviations in words where it first uses them and links from sources."""
        tree = pages.parse(html)
        self.trees[file], self.shown[file] = tree, _shown(tree)
        self.titles[file] = tree.select("h1")[0].get_text()
        _link_sources(tree)
        pages.spell_out(tree, pages.meanings())
        self._save(tree, file)

    def _save(self, page: Tag, file: str) -> None:
        (self.made / file).write_text(pages.write(page), encoding="utf-8", newline="\n")
        self.held[file] = audit.check_page(audit.known(self.edition), file, page)

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
            pages.write_spreadsheet, self.made / SPREADSHEET, self.edition, tables, said
        )

    def _bind(self, files: list[str]) -> None:
        """Write the pages `files` as one page with a list of contents."""
        questions = {chapter.file: chapter.question for chapter in self.chapters}
        parts = [
            {
                "name": file.removesuffix(".html"),
                "title": self.titles[file],
                "question": questions.get(file, ""),
                "margin": pages.in_css(self.titles[file]),
            }
            for file in files
        ]
        title = _titled(f"{self.edition.title}, the whole pack", self.edition)
        page = self.every | {"title": title, "file": WHOLE, "parts": parts}
        whole = pages.parse(pages.templates().get_template("all.html.j2").render(page=page, slug=slug))
        pages.spell_out(whole, pages.meanings())
        for section, file in zip(whole.select("section.part"), files, strict=True):
            section.insert(0, *pages.part(self.trees[file], str(section["id"])).contents)
        pages.stay(whole, [part["name"] for part in parts], front="index")
        self._save(whole, WHOLE)


def _on_every_page(edition: Edition, draft: bool, past: bool) -> dict[str, Any]:
    """What the template of every page asks for; `past` says that the pack may not be used any longer."""
    dates = ("published", "next_pack", "use_until")
    said = {name: pages.day(pd.Timestamp(getattr(edition, name))) for name in dates}
    mark = "Do not use: " if past else "Draft: " if draft else ""
    return {
        "edition": edition,
        "draft": draft,
        "past": past,
        "margin": pages.in_css(f"{mark}{edition.title}, {edition.period}"),
        "previous": None,
        "next": None,
    } | said


def _link_sources(page: Tag) -> None:
    """Let charts and tables lead from each source to where their page cites it in full, if it does."""
    full = {str(cite["id"]) for cite in page.select('cite[id^="source-"]')}
    for cite in page.select("p.source cite[data-source]"):
        if (place := f"source-{cite['data-source']}") in full:
            cite.wrap(Tag(name="a", attrs={"href": f"#{place}"}))


def _with_commentary(chapter: Chapter, sections: list[list[Any]], edition: Edition) -> list[Any]:
    """The cells of a chapter's sections, and after each what groups of the board say of it.

    That is where the verdict on a question stands; what is of none stands by itself before what the numbers
    cannot show.
    """
    shown = "".join(output.data["text/html"] for output in outputs(chapter.executed, "text/html"))
    apart = [new_markdown_cell("## What groups of the board say")]
    for question in pages.comments(edition, chapter.name)["question"].unique():
        html = str(commentary(edition, chapter.name, question).html)
        if html in shown:
            continue
        asked = Markup('data-verdict="{}"').format(question)
        told = (section for section in sections if any(asked in html for html in _htmls(section)))
        output = new_output(
            "display_data", {"text/html": html}, metadata={"lscb": {"kind": pages.COMMENTARY}}
        )
        next(told, apart).append(new_code_cell(outputs=[output]))
    limits = (at for at, section in enumerate(sections) if section[0].source.startswith(f"## {LIMITS}"))
    at = next(limits, len(sections))
    sections[at:at] = [apart] if len(apart) > 1 else []
    return [cell for section in sections for cell in section]


def _sections(cells: list[Any]) -> list[list[Any]]:
    """Cells by the headings above them; the first are those before any."""
    parts: list[list[Any]] = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and re.match("##+ ", cell.source):
            parts.append([])
        parts[-1].append(cell)
    return [part for part in parts if part]


def _telling(cells: list[Any]) -> tuple[list[Any], list[str]]:
    """Cells without the sections in which all that was to be shown is empty, and the headings that left.

    A heading that has only such sections below it leaves with them.
    """
    kept: list[list[Any]] = []
    headings: list[str] = []
    below, left = False, False  # whether a section below the next heading was kept, or left
    for section in reversed(_sections(cells)):
        shows = any(_shows(cell) for cell in section)
        silent = left or any(_shows(cell) is False for cell in section)
        leaves = silent and not shows and not below
        kept += [] if leaves else [section]
        headings += [section[0].source.splitlines()[0].lstrip("# ")] if leaves else []
        is_below = section[0].source.startswith("### ") if section else False
        below, left = is_below and (below or not leaves), is_below and (left or leaves)
    return [cell for section in reversed(kept) for cell in _leading(section)], headings[::-1]


def _shows(cell: Any) -> bool | None:
    """Whether a cell shows anything; nothing if it was not to."""
    shown = _htmls([cell])
    return any(html.strip() for html in shown) if shown else None


def _htmls(cells: list[Any]) -> list[str]:
    shown = (output for cell in cells for output in cell.get("outputs", []))
    return [output.data["text/html"] for output in shown if "text/html" in output.get("data", {})]


def _leading(section: list[Any]) -> list[Any]:
    """Cells of a section, without each paragraph whose displays show nothing.

    Those are its displays that follow it up to the next paragraph or, if none does, that stand before it.
    """

    def leaves(at: int) -> bool:
        for near in (section[at + 1 :], section[at - 1 :: -1] if at else []):
            code = takewhile(lambda cell: cell.cell_type == "code", near)
            shown = [shows for cell in code if (shows := _shows(cell)) is not None]
            if shown:
                return not any(shown)
        return False

    paragraphs = (cell.cell_type == "markdown" and not cell.source.startswith("#") for cell in section)
    return [
        cell
        for at, (cell, paragraph) in enumerate(zip(section, paragraphs, strict=True))
        if not (paragraph and leaves(at))
    ]


def _with_unanswered(cells: list[Any], headings: list[str]) -> None:
    """Say among the limits of a chapter which of its questions the sources do not answer."""
    asked = [one for one in headings if one.endswith("?") and not re.search(r"\breport\b", one)]
    for cell in cells:
        if asked and cell.cell_type == "markdown" and cell.source.startswith(f"## {LIMITS}"):
            cell.source += "\n".join(
                ["\n\nThe sources of this pack do not answer:\n", *(f"- {one}" for one in asked)]
            )


def _questions(chapter: Chapter, assumes: bool) -> list[str]:
    """The headings of a chapter, with that of what is assumed for it if anything is."""
    sources = [cell.source for cell in chapter.executed.cells if cell.cell_type == "markdown"]
    questions = [source.splitlines()[0][3:] for source in sources if source.startswith("## ")]
    if assumes and LIMITS in questions:
        questions.insert(questions.index(LIMITS), ASSUMED)
    return questions


def _titled(title: str, edition: Edition) -> str:
    return f"{title}: {pages.isolated(edition.area)}, {pages.isolated(edition.period)}"


def _log(edition: Edition) -> list[dict[str, Any]]:
    """The log of assumptions and caveats, the assumptions first, as pages show it."""
    entries = texts("assumptions", edition=edition.name).sort_values("kind", kind="stable")
    return [
        entry | {"chapters": entry["chapters"].split(), "date": pages.day(pd.Timestamp(entry["date"]))}
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


def _easy_read(edition: Edition, chapters: list[Chapter]) -> dict[str, Any]:
    """The page in plain words, of what the chapters show; nothing is told where an edition marks nothing."""
    titles = {chapter.name: chapter.title for chapter in chapters}
    told, planned = pages.easy_read(edition, titles), pages.plans(edition)["plain"].tolist()
    return {"told": told, "plans": planned, "titles": titles}


def _assumptions(chapters: list[Chapter], log: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """All assumptions and caveats by their kind, each with the chapters that it concerns."""
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in log:
        concerned = [chapter for chapter in chapters if chapter.name in entry["chapters"]]
        told = entry | {"every": EVERY_CHAPTER in entry["chapters"], "concerns": concerned}
        kinds[f"{entry['kind'].capitalize()}s"].append(told)
    return kinds


Shown = tuple[str, str, list[str]]
"""A section of a page: its place, its heading, and the measures of the figures below it."""


def _shown(page: Tag) -> list[Shown]:
    sections: list[Shown] = [("", "", [])]
    for element in page.select('h2, [data-measure]:not([data-measure=""])'):
        if element.name == "h2":
            sections.append((str(element["id"]), element.get_text(), []))
        else:
            sections[-1][2].append(str(element["data-measure"]))
    return sections


def _measures(chapters: list[Chapter], sections: dict[str, list[Shown]]) -> dict[str, list[dict[str, Any]]]:
    """All measures that the chapters show, by letter and title, each with the questions it stands under."""
    known = measures()[["title", "definition"]].to_dict("index")
    shown: dict[str, dict[str, Any]] = {}
    for chapter in chapters:
        for place, question, below in sections[chapter.file]:
            asked = {"file": chapter.file, "chapter": chapter.title, "place": place, "question": question}
            for measure in below:
                entry = shown.setdefault(known[measure]["title"], {"definitions": {}, "places": {}})
                entry["definitions"][known[measure]["definition"].rstrip(".")] = None
                entry["places"].setdefault((chapter.name, place), asked)
    letters: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name in sorted(shown, key=str.casefold):
        letter = name[0].upper() if name[0].isascii() and name[0].isalpha() else "Other letters"
        letters[letter].append({"title": name} | shown[name])
    return letters


def _methods(edition: Edition, chapters: list[Chapter], trees: dict[str, Tag], draft: bool) -> dict[str, Any]:
    """The page of the methods that the chapters' figures name; of a draft nothing was simulated."""
    used = {
        chapter.name: {str(said["data-method"]) for said in trees[chapter.file].select("[data-method]")}
        for chapter in chapters
    }
    unknown = set().union(*used.values()) - {method.name for method in pages.methods()}
    if unknown:
        raise BuildError(f"Not explained in methods.toml: {', '.join(sorted(unknown))}. Add an entry.")
    entries = [
        (method, [chapter for chapter in chapters if method.name in used[chapter.name]])
        for method in pages.methods()
    ]
    erring = pd.DataFrame() if draft else pages.alarms(edition)
    return {
        "title": _titled("Methods", edition),
        "erring": None if erring.empty else pages.alarms_said(protect(erring, rule=edition.rule)),
        "simulated": None if erring.empty else pages.credit(erring),
        "file": "methods.html",
        "methods": [(method, users) for method, users in entries if users],
    }
