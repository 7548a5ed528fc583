"""The command `lscb`: a light wrapper over the rooms."""

from __future__ import annotations

import errno
import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lscb_analysis.build import (
    TIMEOUT,
    Asked,
    BuildError,
    holding,
    is_known,
    left_alone,
    notebooks_kept,
    nothing_to_do,
    packs,
    placed,
    withdraw as take_away,
)
from lscb_analysis.project import boards, editions, project, templates, which_board

if TYPE_CHECKING:
    from lscb_analysis.build import Pack

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)

FAILED, BAD_INPUT, BUSY, NOT_VERIFIED = 1, 2, 3, 4
STATUS = {
    "InputError": BAD_INPUT,
    "FileNotFoundError": BAD_INPUT,
    "BusyError": BUSY,
    "UnpublishedError": FAILED,
    "OSError": FAILED,
}
"""The exit status for an error, by the name of its class: to import them all takes half a second run."""

HANDLES = 512
"""So many files a build may have open at once, with sixteen kernels and their sockets."""

MOST_NAMED = 10
"""So many files that are not ours are named."""

OUT_OF_SPACE = "Free some space, then run it again."
OUT_OF_HANDLES = f"Allow more open files, as by `ulimit -n {2 * HANDLES}`, then run it again."
NOT_ALLOWED = "Allow it to be read and written, or give another folder with --output."
REMEDIES = {
    **dict.fromkeys(["ENOSPC", "EDQUOT"], OUT_OF_SPACE),
    **dict.fromkeys(["EMFILE", "ENFILE"], OUT_OF_HANDLES),
    **dict.fromkeys(["EACCES", "EPERM", "EROFS"], NOT_ALLOWED),
}
"""What to do about an error of the system, by the name of its number."""


def main() -> None:
    """Run the command; an error of the input or the system is a message, not a traceback."""
    try:
        app()
    except Exception as error:
        known = [STATUS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in STATUS]
        if not known and not _remedy(error):
            raise
        typer.echo(_said(error), err=True)
        raise SystemExit(known[0] if known else FAILED) from None


def _remedy(error: BaseException | None) -> str:
    """What to do about an error of the system, also where a library has wrapped it in one of its own."""
    if error is None:
        return ""
    name = errno.errorcode.get(getattr(error, "errno", None) or 0, "")
    return REMEDIES.get(name, "") or _remedy(error.__cause__ or error.__context__)


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.errno:
        where = f": {error.filename}" if error.filename else ""
        remedy = _remedy(error) or "Look at what is there, then run it again."
        return f"{error.strerror}{where}. {remedy}"
    return f"{error} {_remedy(error)}".strip() if type(error).__name__ not in STATUS else str(error)


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
    edition: Annotated[str | None, typer.Argument(help="The edition, if there are several.")] = None,
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
    area: Annotated[str, typer.Option(help="The authority, by name or code, of an edition for any.")] = "",
    log: Annotated[Path | None, typer.Option(help="Add to this file a line of JSON for each event.")] = None,
) -> None:
    """Make a pack: run every chapter, and publish all of them or none.

    Exit status 0: published, or nothing to do; 1: a chapter failed, or the pack could not be written;
    2: a wrong name, value or table; 3: another build of the pack is under way.
    """
    tell = _Teller(log)
    try:
        changed, day = dict(map(_pair, parameter or [])), on.date() if on else date.today()
        of = _authority(name := edition or _only(editions()), area)
        asked = Asked(only or (), changed, pdf, day, force, wait, workers, timeout, fail_fast, of)
        folder = _free_to_build(name, output, asked)
        if name and nothing_to_do(name, folder, asked, tell):
            typer.echo(f"The pack is ready: {folder / 'index.html'}")
            return
        with _warmed_up(edition, asked.area) as make:
            pack = make(edition, asked, output, tell)
    except (Exception, SystemExit) as error:
        tell("not published", error=str(error))
        raise
    if pack.failed:
        _tell_failures(pack, tell)
        raise typer.Exit(FAILED)
    typer.echo(f"The pack is ready: {pack.folder / 'index.html'}")


def _authority(edition: str, area: str) -> str:
    """The area of an edition for any authority, as national statistics name it; of another edition none.

    Raises an error of the input where no authority is given, or one to an edition that has its own.
    """
    if edition in templates():
        from lscb_analysis.editions import read_edition

        return read_edition(edition, **({"area": area} if area else {})).area
    if area:
        of_any = ", ".join(templates()) or "there is none here"
        raise BuildError(
            f"--area is for editions of any authority ({of_any}). Use -p area={area!r} for a draft."
        )
    return ""


def _free_to_build(name: str, output: Path | None, asked: Asked) -> Path:
    """Return where the pack is to stand, or the project if no edition is meant, which is refused later.

    Raises BuildError if it may not stand there, or if the build could not open its files.
    """
    _check_handles()
    return placed(name, output, asked.draft, asked.area) if name else project()


def _check_handles() -> None:
    """Raise BuildError if the build cannot have as many files open as it needs."""
    try:
        import resource
    except ImportError:  # on Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if hard != resource.RLIM_INFINITY else 2 * HANDLES
    if soft != resource.RLIM_INFINITY and soft < HANDLES <= most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * HANDLES, most), hard))
    elif soft != resource.RLIM_INFINITY and soft < HANDLES:
        raise BuildError(
            f"A build may open {HANDLES} files at once, and only {soft} are allowed here. {OUT_OF_HANDLES}"
        )


@contextmanager
def _warmed_up(edition: str | None, area: str = "") -> Iterator[Callable[..., Pack]]:
    """What makes a pack, imported while the process that kernels are forked from imports its own."""
    place, name = str(project()), edition or next(iter(editions()), "")
    gc.disable()  # there is hardly any garbage in a build, and to look for it takes a second
    # jsonschema, which nbformat imports, does without this grammar of addresses, which takes 0.7 s to compile
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from lscb_analysis.build import REHEARSED, forkserver

    with forkserver(rehearsal=(REHEARSED, place, name, area)):
        from lscb_analysis.build import build as make

        yield make
    gc.freeze()  # or the interpreter looks for it as it ends


def _tell_failures(pack: Pack, tell: Callable[..., None]) -> None:
    for chapter in pack.failed:
        typer.echo(f"{chapter.name} {chapter.error}", err=True)
    kept = f"The failed notebooks are in {pack.kept}."
    typer.echo(f"Not published; {pack.folder} is as it was. {kept}", err=True)
    tell("not published", error=f"{len(pack.failed)} of {len(pack.chapters)} chapters failed")


def _only(names: list[str]) -> str:
    """The edition that is meant if none is named; `builder.build` says so if it is not clear."""
    return names[0] if len(names) == 1 else ""


@app.command("list")
def list_editions() -> None:
    """Show the editions, what else may be tried with -p, their chapters and the parameters that those add."""
    from lscb_analysis.build import own_parameters
    from lscb_analysis.editions import TRIED, read_edition

    for name in editions():
        edition = read_edition(name)
        typer.echo(f"{name}: {edition.title}, {edition.period}")
        for value in TRIED:
            typer.echo(f"  {value} = {getattr(edition, value)}")
        for chapter in edition.chapters:
            typer.echo(f"  {chapter}")
            for parameter, said in own_parameters(chapter).items():
                typer.echo(f"    {parameter}: {said['type']} = {said['default']}  {said['help']}")


@app.command()
def check(
    edition: Annotated[
        str | None, typer.Argument(help="The edition, with its board; else all boards and editions.")
    ] = None,
    withheld: Annotated[
        bool,
        typer.Option("--withheld", help="Show which withheld figures others give away; on a terminal only."),
    ] = False,
) -> None:
    """Check data, editions and notebooks as a build does before anything runs, and list every problem.

    Exit status 0: they hold; 2: they do not. Sentences that are typed where only the data can speak come
    first. What was read otherwise than it stands is said, and so is each comparison that is not made.
    """
    if withheld and not sys.stdout.isatty():
        raise BuildError(
            "--withheld names figures that can be worked out. They are for the analyst alone, so they are "
            "shown on a terminal and go into no file, pipe, log or mail: run it in one, without > or |."
        )
    problems = _tell_typed(names := [edition] if edition else editions())
    from lscb_analysis.data import tables
    from lscb_analysis.editions import read_edition

    read_of = [read_edition(edition).data] if edition else boards() or [which_board()]
    told = len(problems)
    notes = _check_all(names, read_of, problems)
    for note in notes:
        typer.echo(f"Note: {note}")
    for problem in problems[told:]:
        typer.echo(problem, err=True)
    chapters = len(list(project().glob("notebooks/[0-9][0-9]_*.ipynb")))
    number = sum(len(tables(board)) for board in read_of)
    read = f"Read {number} tables, {len(names)} edition(s) and {chapters} chapters"
    if problems:
        typer.echo(f"{read}: {len(problems)} problem{'s' if len(problems) > 1 else ''}.", err=True)
        raise typer.Exit(BAD_INPUT)
    typer.echo(f"{read}: no problem.")
    if withheld:
        _show_withheld(names)


def _check_all(names: list[str], read_of: list[str], problems: list[str]) -> list[str]:
    """Add what stops a build of editions, or is wrong in the data of boards; return what else to note."""
    from lscb_analysis.build import faults, tell_not_compared
    from lscb_analysis.data import check as check_data, taken
    from lscb_analysis.editions import read_edition

    of_data = dict.fromkeys(str(problem) for board in read_of for problem in check_data(board))
    problems += of_data
    notes = list(dict.fromkeys(note for board in read_of if not of_data for note in taken(board)))
    if not names:
        problems.append("notebooks/editions/ holds no edition. Copy one there and change it.")
    for name in names:
        found = faults(name, not of_data)
        problems += [fault for fault in found if fault not in problems]
        if not found:
            tell_not_compared(
                read_edition(name), project() / "reports" / name, partial(_note_lost, name, notes)
            )
    return notes


def _tell_typed(names: list[str]) -> list[str]:
    """Say where something is typed that only the data can say, before the slow parts are imported."""
    from lscb_analysis.audit import typed_claims
    from lscb_analysis.editions import read_edition
    from lscb_analysis.errors import InputError

    found: list[str] = []
    for name in names:
        # what cannot be read is told later, with the rest
        with suppress(InputError, OSError, ValueError, LookupError, TypeError, AttributeError):
            claims = map(str, typed_claims(read_edition(name)))
            found += [claim for claim in claims if claim not in found]
    for claim in found:
        typer.echo(claim, err=True)
    return found


def _note_lost(name: str, notes: list[str], event: str, **details: Any) -> None:
    """Add a comparison that is not made, or no longer asked, to the notes of a check."""
    notes.append(f"{name}.toml: {_lost(event, details)}")


def _show_withheld(names: list[str]) -> None:
    """Show which withheld figures others give away, and how, without a value."""
    from lscb_analysis.editions import read_edition
    from lscb_analysis.quality import cells_given_away

    cells = [line for name in names for line in cells_given_away(read_edition(name))]
    told = list(dict.fromkeys(cells))
    for line in told:
        typer.echo(line)
    typer.echo(f"Withheld figures that others give away: {len(told)}. Keep this list to yourself.")


@app.command("import")
def import_statistics(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FOLDER_OR_ZIP...", help="Releases, as they are downloaded.")
    ],
) -> None:
    """Read releases of national statistics into data/national/, each by its map: all of them, or none.

    Exit status 0: they are there; 2: a file is not what a map knows, and each problem is listed.
    """
    from lscb_analysis.data import import_releases

    done, left_out = import_releases(paths)
    for one in done:
        typer.echo(f"{one.release}: {one.numbers:,} numbers of {len(one.tables)} table(s).")
        if one.differing:
            typer.echo(f"  Otherwise in another of its tables, as a note says: {one.differing}.")
    for file in left_out:
        typer.echo(f"Left out, for no map knows a table of this name: {file}")


@app.command("revisions")
def list_revisions(
    measure: Annotated[str, typer.Argument(help="A measure of national statistics, as cin_rate.")],
    area: Annotated[str, typer.Option(help="An area by its name or code.")],
) -> None:
    """List the figures of an area that differ between releases of national statistics."""
    from lscb_analysis.data import find_area, revisions

    found = find_area(area)
    changed = revisions(measure, found)
    for row in changed.to_dict("records"):
        of = f"{row['time_period']}, {row['category']}"
        places = 1 if 0 < row["nearest"] < 1 else 0
        was, now = (
            f"[{row[status]}]" if row[status] else f"{row[value]:,.{places}f}"
            for value, status in (("earlier_value", "earlier_status"), ("value", "status"))
        )
        typer.echo(f"{of}: {was} in {row['earlier']}, {now} in {row['release']}")
    if changed.empty:
        typer.echo(f"No figure of {found.name} differs between releases.")


@app.command()
def verify(
    pack: Annotated[Path, typer.Argument(help="The pack's folder, as reports/EDITION.")],
) -> None:
    """Make a built pack again, from the data and notebooks here, and compare every file byte by byte.

    Exit status 0: all are the same, and none is added or removed; 1: each that is not is named; 2: the folder
    is no pack; 4: not verified, since what it was made of is otherwise here: that is named.
    """
    with _warmed_up(None):
        from lscb_analysis.build import verify as hold

        found = hold(pack, _Teller(None).of_chapters)
    for what in ("altered", "added", "removed"):
        for file in getattr(found, what):
            typer.echo(f"{what.capitalize()}: {file}", err=True)
    for reason in found.unlike:
        typer.echo(f"Not verified: {reason}.", err=True)
    if found.differ:
        typer.echo(f"Not the same when made again: {', '.join(found.differ)}.", err=True)
    if found.wrong:
        typer.echo(f"{pack} is not as it was made.", err=True)
        raise typer.Exit(FAILED)
    if found.unlike:
        typer.echo(f"{pack} could not be verified here.", err=True)
        raise typer.Exit(NOT_VERIFIED)
    typer.echo(f"Made again, all {found.files} files of the pack are the same, byte by byte.")


@app.command()
def withdraw(
    edition: Annotated[str, typer.Argument(help="The edition whose pack is taken away.")],
    output: Annotated[
        Path | None, typer.Option(help="The pack's folder, instead of reports/EDITION.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: for scripts.")] = False,
) -> None:
    """Take a pack out of reach at once, with every copy that is kept of it, and say what was taken.

    Exit status 0: it is taken away; 1: not, since the answer was no; 2: there is none, or something that is
    not ours is in its place; 3: a build of the pack is under way.
    """
    from lscb_analysis.data import nearest

    pack = placed(edition, output)
    with ExitStack() as held:
        there = [folder for folder in (pack, pack.with_name(f"{pack.name}-draft")) if is_known(folder)]
        for folder in there:
            held.enter_context(holding(folder))
        taken = [line for folder in there for line in _would_take(folder)]
        if not taken:
            hint = nearest(edition, editions()) if edition not in editions() else "Nothing is kept of one."
            raise BuildError(f"There is no pack at {pack}. {hint}")
        _ask(taken, yes)
        for folder in there:
            take_away(folder)
        typer.echo(f"Taken away: {'; '.join(taken)}.")
        _tell_left([str(path) for folder in there for path in left_alone(folder)])
    typer.echo("Copies that were taken elsewhere, to a server or a stick, are not known here.")


def _would_take(folder: Path) -> Iterator[str]:
    """What of a pack there is to be taken away, in words."""
    number, notebooks = len(packs(folder)), len(notebooks_kept(folder))
    if os.path.lexists(folder):
        yield str(folder)
    if number:
        yield f"{number} pack{'s' if number > 1 else ''} in {folder.with_name(f'.{folder.name}')}"
    if notebooks:
        yield f"{notebooks} notebook{'s' if notebooks > 1 else ''} of {folder.name}, kept as they ran"


def _ask(taken: list[str], yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BuildError("Nobody can be asked here whether to take the pack away. Use --yes if you mean it.")
    typer.echo(f"This takes away for good: {'; '.join(taken)}.")
    if not typer.confirm("Take it away?"):
        typer.echo("Nothing was taken away.")
        raise typer.Exit(FAILED)


def _tell_left(files: list[str]) -> None:
    if files:
        more = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
        named = ", ".join(files[:MOST_NAMED])
        typer.echo(f"Left where it is, since no build made it: {named}{more}.")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise BuildError(f"-p takes NAME=VALUE, not {text!r}.")
    return name, value


def _lost(event: str, details: dict[str, Any]) -> str:
    """A comparison that is not made, or no longer asked, and what it came to in the pack that stands."""
    stood = f" In the pack that stands it came to: {details['stood']}." if details["stood"] else ""
    if event == "no longer asked":
        return f"The edition no longer asks {details['question']}.{stood}"
    where = f" ({'; '.join(details['missing'])})" if details["missing"] else ""
    of = f"{details['question']} of {details['chapter']}"
    return f"Not compared: {of}, because there is {details['reason']}{where}.{stood}"


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

    def of_chapters(self, event: str, **details: Any) -> None:
        """Say how chapters go, and nothing else."""
        if event in ("build started", "chapter done", "chapter failed"):
            self(event, **details)

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
        if event == "left out":
            sections = "; ".join(details["sections"])
            typer.echo(f"Left out of {details['chapter']}, for the data say nothing of them: {sections}")
        if event == "left alone":
            _tell_left(details["files"])
        if event in ("not compared", "no longer asked"):
            typer.echo(_lost(event, details), err=bool(details["stood"]))
        if event == "verified":
            held = f"{details['figures']:,} figures on pages and {details['cells']:,} in CSV tables"
            typer.echo(f"Made again another way, from the data: {held}.")
