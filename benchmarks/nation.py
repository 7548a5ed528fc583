"""Every authority: each chapter of an edition for any runs, and its figures are held against the data.

Run it by `make nation`, or with names of authorities. Each chapter's cells run in a process of this, without
a kernel; a page of what they show is held against the data as a build holds it. It prints a table of failures
by chapter, and what it took.
"""

from __future__ import annotations

import argparse
import ast
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import nbformat
from bs4 import BeautifulSoup

from lscb_analysis.audit import check_page, known
from lscb_analysis.data.national.areas import authorities
from lscb_analysis.editions import read_edition
from lscb_analysis.project import notebook

EDITION = "authority"


class Ran(NamedTuple):
    """A chapter of an authority: how many figures it has, and what is wrong, in words."""

    area: str
    chapter: str
    figures: int
    wrong: str


def main() -> None:
    """Run the chapters of all authorities, or of those named, and print what failed."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("areas", nargs="*", help="authorities; else all")
    asked.add_argument("--only", nargs="*", default=[], help="chapters; else all of the edition")
    asked.add_argument("--workers", type=int, default=2)
    given = asked.parse_args()
    areas = given.areas or [area.name for area in authorities()]
    began, ran = time.perf_counter(), list[Ran]()
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        for found in pool.map(run, areas, [given.only] * len(areas)):
            ran += found
            for one in (one for one in found if one.wrong):
                print(f"{one.area}, {one.chapter}: {one.wrong}", flush=True)
    _tell(ran, len(areas), time.perf_counter() - began)
    sys.exit(any(one.wrong for one in ran))


def run(area: str, only: list[str]) -> list[Ran]:
    """Return what came of each chapter of an authority."""
    try:
        edition = read_edition(EDITION, area=area)
        held = known(edition)
    except Exception as error:
        return [Ran(area, "", 0, _said(error))]
    return [_chapter(held, name) for name in only or edition.chapters]


def _chapter(held: Any, name: str) -> Ran:
    area = held.edition.area
    try:
        page = BeautifulSoup("\n".join(_shown(name, f"area: {area}")), "html.parser")
        figures, faults = check_page(held, name, page)
    except Exception as error:
        return Ran(area, name, 0, _said(error))
    return Ran(area, name, figures, f"{len(faults)} faults, {faults[0]}" if faults else "")


def _shown(name: str, instead: str) -> Iterator[str]:
    """The HTML of what each cell of a notebook shows."""
    scope: dict[str, Any] = {}
    cells = nbformat.read(notebook(name), as_version=4).cells
    for cell in (cell for cell in cells if cell.cell_type == "code"):
        *lines, last = ast.parse(cell.source).body
        if not isinstance(last, ast.Expr):
            exec(compile(cell.source, name, "exec"), scope)
            if "parameters" in cell.metadata.get("tags", []):
                scope |= {"edition": EDITION, "instead": instead}
            continue
        exec(compile(ast.Module(lines, []), name, "exec"), scope)
        shown = eval(compile(ast.Expression(last.value), name, "eval"), scope)
        yield str(getattr(shown, "html", ""))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:240]}"


def _tell(ran: list[Ran], areas: int, wall: float) -> None:
    """The table of failures by chapter, and what the run took."""
    failed = Counter(one.chapter for one in ran if one.wrong)
    for chapter in dict.fromkeys(one.chapter for one in ran):
        print(f"{chapter:28} {failed[chapter]:4} of {sum(one.chapter == chapter for one in ran)} failed")
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(of.ru_utime + of.ru_stime for of in used)
    peak = max(of.ru_maxrss for of in used) / 1024
    print(
        f"{areas} authorities, {len(ran)} chapters, {sum(one.figures for one in ran):,} figures held against "
        f"the data: {wall:.0f} s, {processor:.0f} s of processors ({processor / max(len(ran), 1):.1f} a "
        f"chapter), at most {peak:.0f} MiB a process."
    )


if __name__ == "__main__":
    main()
