"""The command `lscb`: a light wrapper over `report` and `data`."""

from __future__ import annotations

import gc
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lscb_analysis.pdf import PDF
from lscb_analysis.project import editions, project, stands, use_until
from lscb_analysis.publish import TIMEOUT, BuildError

if TYPE_CHECKING:
    from lscb_analysis.report import Pack

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)

FAILED, BAD_INPUT, BUSY = 1, 2, 3
STATUS = {
    "InputError": BAD_INPUT,
    "FileNotFoundError": BAD_INPUT,
    "BusyError": BUSY,
    "UnpublishedError": FAILED,
    "OSError": FAILED,
}
"""The exit status for an error, by the name of its class: to import them all takes half a second run."""


NOT_READ = "Not read: the spreadsheet, a PDF, and what else the words say."
"""What no check of a pack reads, said beside what one has read."""


def main() -> None:
    """Run the command; an error of the input or the system is a message, not a traceback."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except Exception as error:
        known = [STATUS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in STATUS]
        if not known:
            raise
        typer.echo(str(error), err=True)
        raise SystemExit(known[0]) from None


def _terminated(number: int, _: object) -> None:
    """End as by an exception, so that what a build has begun is cleared away."""
    raise SystemExit(128 + number)


@app.callback(invoke_without_command=True)
def lscb(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop.", is_eager=True)
    ] = False,
) -> None:
    """A safeguarding board's statistics, from tidy tables to chapters a board can read."""
    if version:
        typer.echo(f"lscb {metadata.version('lscb-analysis')}")
        raise typer.Exit


@app.command()
def build(
    edition: Annotated[
        str | None, typer.Argument(help="The edition; needed only if there are several.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The pack's folder, instead of reports/EDITION.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Build this chapter only, as a draft. May be repeated.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", metavar="NAME=VALUE", help="Set a parameter, as a draft. May be repeated."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Chapters run at once; else two more than processors.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, help="Stop a chapter that takes longer than this, in seconds.")
    ] = TIMEOUT,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop the others when a chapter fails.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while another build of the pack is under way.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Run every chapter, also where nothing it is made of changed.")
    ] = False,
    on: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Build as on this day, instead of today."),
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the whole pack as a PDF too, by Chromium.")
    ] = False,
    log: Annotated[Path | None, typer.Option(help="Add to this file a line of JSON for each event.")] = None,
) -> None:
    """Make a pack: run every chapter, and publish all of them or none.

    Exit status 0: published, or nothing to do; 1: a chapter failed, or the pack could not be written;
    2: a wrong name, value or table; 3: another build of the pack is under way.
    """
    tell, today = _Teller(log), on.date() if on else date.today()
    if not (only or parameter or force) and _nothing_to_do(edition, output, today, pdf, tell):
        return
    try:
        changed = dict(_pair(text) for text in parameter or [])
        with _warmed_up(edition) as report:
            pack = report.build(
                edition, output, only or [], changed, tell, workers=workers, timeout=timeout,
                fail_fast=fail_fast, wait=wait, force=force, on=today, pdf=pdf,
            )  # fmt: skip
    except (Exception, SystemExit) as error:
        tell("not published", error=str(error))
        raise
    if pack.failed:
        _tell_failures(pack, tell)
        raise typer.Exit(FAILED)
    typer.echo(f"The pack is ready: {pack.folder / 'index.html'}")


@contextmanager
def _warmed_up(edition: str | None) -> Iterator[ModuleType]:
    """The module `report`, imported while the process that kernels are forked from imports its own."""
    place, name = str(project()), edition or next(iter(editions()), "")
    gc.disable()  # there is hardly any garbage in a build, and to look for it takes a second
    # jsonschema, which nbformat imports, does without this grammar of addresses, which takes 0.7 s to compile
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from lscb_analysis.forking import REHEARSED, forkserver

    with forkserver(rehearsal=(REHEARSED, place, name)):
        from lscb_analysis import report

        yield report
    gc.freeze()  # or the interpreter looks for it as it ends


def _tell_failures(pack: Pack, tell: Callable[..., None]) -> None:
    for chapter in pack.failed:
        typer.echo(f"{chapter.name} {chapter.error}", err=True)
    kept = f"The failed notebooks are in {pack.kept}."
    typer.echo(f"Not published; {pack.folder} is as it was. {kept}", err=True)
    tell("not published", error=f"{len(pack.failed)} of {len(pack.chapters)} chapters failed")


def _nothing_to_do(
    edition: str | None, output: Path | None, today: date, pdf: bool, tell: Callable[..., None]
) -> bool:
    """Say so if the pack stands and is made of what there is now, before anything heavy is imported."""
    names = [edition] if edition else editions()
    folder = (output or project() / "reports" / names[0]).absolute() if len(names) == 1 else None
    if folder is None or not stands(folder, names[0], today, PDF if pdf else None):
        return False
    last = use_until(names[0])
    if today > last:
        tell("past its date", use_until=last.isoformat())
    tell("nothing to do", folder=str(folder))
    typer.echo(f"The pack is ready: {folder / 'index.html'}")
    return True


@app.command("list")
def list_editions() -> None:
    """Show the editions, their chapters and the chapters' parameters."""
    from lscb_analysis.chapters import parameters
    from lscb_analysis.editions import read_edition

    for name in editions():
        edition = read_edition(name)
        typer.echo(f"{name}: {edition.title}, {edition.period}")
        for chapter in edition.chapters:
            typer.echo(f"  {chapter}")
            for parameter, said in parameters(chapter).items():
                typer.echo(f"    {parameter}: {said['type']} = {said['default']}  {said['help']}")


@app.command()
def check(
    withheld: Annotated[
        bool,
        typer.Option("--withheld", help="Show which withheld figures others give away; on a terminal only."),
    ] = False,
) -> None:
    """Check all data, and list every problem."""
    from lscb_analysis import data

    if withheld and not sys.stdout.isatty():
        raise BuildError(
            "--withheld names figures that can be worked out. They are for the analyst alone, so they are "
            "shown on a terminal and go into no file, pipe, log or mail: run it in one, without > or |."
        )
    problems = data.check()
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        typer.echo(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}.", err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"{len(data.tables())} tables, no problem.")
    if withheld:
        _show_withheld()


def _show_withheld() -> None:
    """Show which withheld figures others give away, and how, without a value."""
    from lscb_analysis.attacks import cells_given_away
    from lscb_analysis.editions import read_edition

    cells = [line for name in editions() for line in cells_given_away(read_edition(name))]
    told = list(dict.fromkeys(cells))
    for line in told:
        typer.echo(line)
    typer.echo(f"Withheld figures that others give away: {len(told)}. Keep this list to yourself.")


@app.command()
def verify(
    pack: Annotated[Path, typer.Argument(help="The pack's folder, as reports/EDITION.")],
) -> None:
    """Read the pages and CSVs of a built pack, and work out every figure in them from the data again.

    Words are read too: those that stand for a figure or a verdict, and numbers, directions and claims about
    chance that are bound to none. Exit status 0: nothing is wrong; 1: each place that is wrong is named with
    the reason; 2: the folder is no pack, or the data does not hold.
    """
    from lscb_analysis import verify as reader

    found = reader.verify(pack)
    for fault in found.faults:
        typer.echo(str(fault), err=True)
    held = f"{found.figures:,} figures on pages and {found.cells:,} in CSV tables were worked out again"
    if found.faults:
        typer.echo(f"{held}; {len(found.faults):,} places are wrong.", err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"{held}; all of them hold. {NOT_READ}")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise BuildError(f"-p takes NAME=VALUE, not {text!r}.")
    return name, value


class _Teller:
    """Says each event of a build on the terminal, and in the log if there is one."""

    def __init__(self, log: Path | None) -> None:
        self.log, self.lock, self.done, self.all = log, threading.Lock(), 0, 0

    def __call__(self, event: str, **details: Any) -> None:
        with self.lock:
            if self.log:
                self.log.parent.mkdir(parents=True, exist_ok=True)
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                line = json.dumps({"time": now, "event": event} | details, ensure_ascii=False)
                with self.log.open("a", encoding="utf-8") as file:
                    file.write(f"{line}\n")
            self._say(event, details)

    def _say(self, event: str, details: dict[str, Any]) -> None:
        self.all = details.get("chapters", self.all)
        if event == "nothing to do":
            typer.echo("Nothing has changed since the pack was made.")
        if event == "waiting":
            typer.echo("Another build of the pack is under way: waiting for it to end.")
        if event == "past its date":
            until = f"This pack was to be used until {details['use_until']}, and that day has passed"
            typer.echo(f"{until}: every page says that it must not be used any longer.", err=True)
        if event in ("chapter done", "chapter failed", "chapter skipped"):
            self.done += 1
            took = f"{details['seconds']:.1f} s" if "seconds" in details else "nothing it is made of changed"
            went = details.get("error") or took
            typer.echo(f"[{self.done}/{self.all}] {details['chapter']}: {went}")
        if event == "verified":
            held = f"{details['figures']:,} figures on pages and {details['cells']:,} in CSV tables"
            typer.echo(f"Worked out again from the data: {held}. {NOT_READ}")
