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
from typing import Annotated, Any

import typer
from typer import Argument, Option

from lscb_analysis import audit, build, data, editions, errors, project, quality

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
        _warn(_said(error))
        raise SystemExit(known[0] if known else FAILED) from None


def _warn(*lines: str) -> None:
    for line in lines:
        typer.echo(line, err=True)


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
    version: Annotated[bool, Option("--version", help="Show the version and stop.", is_eager=True)] = False,
) -> None:
    """A safeguarding board's statistics, from tidy tables to chapters a board can read."""
    if version:
        typer.echo(f"lscb {metadata.version('lscb-analysis')}")
        raise typer.Exit


@app.command("build")
def build_pack(
    edition: Annotated[str | None, Argument(help="The edition, if there are several.")] = None,
    output: Annotated[Path | None, Option(help="The pack's folder, instead of reports/EDITION.")] = None,
    only: Annotated[
        list[str] | None, Option(help="Build this chapter only, as a draft. May be repeated.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        Option("-p", metavar="NAME=VALUE", help="Set a parameter, as a draft. May be repeated."),
    ] = None,
    workers: Annotated[
        int | None, Option(min=1, help="Chapters run at once; else two more than processors.")
    ] = None,
    timeout: Annotated[
        float, Option(min=1, help="Stop a chapter that takes longer than this, in seconds.")
    ] = build.TIMEOUT,
    fail_fast: Annotated[bool, Option("--fail-fast", help="Stop the others when a chapter fails.")] = False,
    wait: Annotated[
        bool, Option("--wait", help="Wait while another build of the pack is under way.")
    ] = False,
    force: Annotated[
        bool, Option("--force", help="Run every chapter, also where nothing it is made of changed.")
    ] = False,
    on: Annotated[
        datetime | None,
        Option("--date", formats=["%Y-%m-%d"], help="Build as on this day, instead of today."),
    ] = None,
    pdf: Annotated[bool, Option("--pdf", help="Print the whole pack as a PDF too, by Chromium.")] = False,
    area: Annotated[str, Option(help="The authority, by name or code, of an edition for any.")] = "",
    log: Annotated[Path | None, Option(help="Add to this file a line of JSON for each event.")] = None,
) -> None:
    """Make a pack: run every chapter, and publish all of them or none.

    Exit status 0: published, or nothing to do; 1: a chapter failed, or the pack could not be written;
    2: a wrong name, value or table; 3: another build of the pack is under way.
    """
    tell = _Teller(log)
    try:
        changed, day = dict(map(_pair, parameter or [])), on.date() if on else date.today()
        names = [edition] if edition else project.editions()  # which of several is refused later
        area = _authority(names[0] if len(names) == 1 else "", area)
        asked = build.Asked(only or (), changed, pdf, day, force, wait, workers, timeout, fail_fast, area)
        _check_handles()
        if len(names) == 1:
            folder = build.placed(names[0], output, asked.draft, area)
            if build.nothing_to_do(names[0], folder, asked, tell):
                typer.echo(f"The pack is ready: {folder / 'index.html'}")
                return
        with _warmed_up(edition, area) as make:
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
    templates = project.templates()
    if edition in templates:
        return editions.read_edition(edition, **({"area": area} if area else {})).area
    if area:
        of_any = ", ".join(templates) or "there is none here"
        raise build.BuildError(
            f"--area is for editions of any authority ({of_any}). Use -p area={area!r} for a draft."
        )
    return ""


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
        raise build.BuildError(
            f"A build may open {HANDLES} files at once, and only {soft} are allowed here. {OUT_OF_HANDLES}"
        )


@contextmanager
def _warmed_up(edition: str | None, area: str = "") -> Iterator[Callable[..., build.Pack]]:
    """What makes a pack, imported while the process that kernels are forked from imports its own."""
    place, name = str(project.project()), edition or next(iter(project.editions()), "")
    gc.disable()  # there is hardly any garbage in a build, and to look for it takes a second
    # jsonschema, which nbformat imports, does without this grammar of addresses, which takes 0.7 s to compile
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    with build.forkserver(rehearsal=(build.REHEARSED, place, name, area)):
        yield build.build
    gc.freeze()  # or the interpreter looks for it as it ends


def _tell_failures(pack: build.Pack, tell: Callable[..., None]) -> None:
    _warn(*(f"{chapter.name} {chapter.error}" for chapter in pack.failed))
    kept = f"The failed notebooks are in {pack.kept}."
    _warn(f"Not published; {pack.folder} is as it was. {kept}")
    tell("not published", error=f"{len(pack.failed)} of {len(pack.chapters)} chapters failed")


@app.command("list")
def list_editions() -> None:
    """Show the editions, what else may be tried with -p, their chapters and the parameters that those add."""
    for name in project.editions():
        edition = editions.read_edition(name)
        typer.echo(f"{name}: {edition.title}, {edition.period}")
        for value in editions.TRIED:
            typer.echo(f"  {value} = {getattr(edition, value)}")
        for chapter in edition.chapters:
            typer.echo(f"  {chapter}")
            for parameter, said in build.own_parameters(chapter).items():
                typer.echo(f"    {parameter}: {said['type']} = {said['default']}  {said['help']}")


@app.command()
def check(
    edition: Annotated[
        str | None, Argument(help="The edition, with its board; else all boards and editions.")
    ] = None,
    withheld: Annotated[
        bool,
        Option("--withheld", help="Show which withheld figures others give away; on a terminal only."),
    ] = False,
) -> None:
    """Check data, editions and notebooks as a build does before anything runs, and list every problem.

    Exit status 0: they hold; 2: they do not. Sentences that are typed where only the data can speak come
    first. What was read otherwise than it stands is said, and so is each comparison that is not made.
    """
    if withheld and not sys.stdout.isatty():
        raise build.BuildError(
            "--withheld names figures that can be worked out. They are for the analyst alone, so they are "
            "shown on a terminal and go into no file, pipe, log or mail: run it in one, without > or |."
        )
    problems = _tell_typed(names := [edition] if edition else project.editions())
    if edition:
        read_of = [editions.read_edition(edition).data]
    else:
        read_of = project.boards() or [project.which_board()]
    told = len(problems)
    notes = _check_all(names, read_of, problems)
    for note in notes:
        typer.echo(f"Note: {note}")
    _warn(*problems[told:])
    chapters = len(list(project.project().glob("notebooks/[0-9][0-9]_*.ipynb")))
    number = sum(len(data.tables(board)) for board in read_of)
    read = f"Read {number} tables, {len(names)} edition(s) and {chapters} chapters"
    if problems:
        _warn(f"{read}: {len(problems)} problem{'s' if len(problems) > 1 else ''}.")
        raise typer.Exit(BAD_INPUT)
    typer.echo(f"{read}: no problem.")
    if withheld:
        _show_withheld(names)


def _check_all(names: list[str], read_of: list[str], problems: list[str]) -> list[str]:
    """Add what stops a build of editions, or is wrong in the data of boards; return what else to note."""
    of_data = dict.fromkeys(str(problem) for board in read_of for problem in data.check(board))
    problems += of_data
    notes = list(dict.fromkeys(note for board in read_of if not of_data for note in data.taken(board)))
    if not names:
        problems.append("notebooks/editions/ holds no edition. Copy one there and change it.")
    for name in names:
        found = build.faults(name, not of_data)
        problems += [fault for fault in found if fault not in problems]
        if not found:
            folder, note = project.project() / "reports" / name, partial(_note_lost, name, notes)
            build.tell_not_compared(editions.read_edition(name), folder, note)
    return notes


def _tell_typed(names: list[str]) -> list[str]:
    """Say where something is typed that only the data can say, before the slow parts are imported."""
    found: list[str] = []
    for name in names:
        # what cannot be read is told later, with the rest
        with suppress(errors.InputError, OSError, ValueError, LookupError, TypeError, AttributeError):
            claims = map(str, audit.typed_claims(editions.read_edition(name)))
            found += [claim for claim in claims if claim not in found]
    _warn(*found)
    return found


def _note_lost(name: str, notes: list[str], event: str, **details: Any) -> None:
    """Add a comparison that is not made, or no longer asked, to the notes of a check."""
    notes.append(f"{name}.toml: {_lost(event, details)}")


def _show_withheld(names: list[str]) -> None:
    """Show which withheld figures others give away, and how, without a value."""
    cells = [line for name in names for line in quality.cells_given_away(editions.read_edition(name))]
    told = list(dict.fromkeys(cells))
    for line in told:
        typer.echo(line)
    typer.echo(f"Withheld figures that others give away: {len(told)}. Keep this list to yourself.")


@app.command("import")
def import_statistics(
    paths: Annotated[
        list[Path], Argument(metavar="FOLDER_OR_ZIP...", help="Releases, as they are downloaded.")
    ],
) -> None:
    """Read releases of national statistics into data/national/, each by its map: all of them, or none.

    Exit status 0: they are there; 2: a file is not what a map knows, and each problem is listed.
    """
    done, left_out = data.import_releases(paths)
    for one in done:
        typer.echo(f"{one.release}: {one.numbers:,} numbers of {len(one.tables)} table(s).")
        if one.differing:
            typer.echo(f"  Otherwise in another of its tables, as a note says: {one.differing}.")
    for file in left_out:
        typer.echo(f"Left out, for no map knows a table of this name: {file}")


@app.command("revisions")
def list_revisions(
    measure: Annotated[str, Argument(help="A measure of national statistics, as cin_rate.")],
    area: Annotated[str, Option(help="An area by its name or code.")],
) -> None:
    """List the figures of an area that differ between releases of national statistics."""
    found = data.find_area(area)
    changed = data.revisions(measure, found)
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
    pack: Annotated[Path, Argument(help="The pack's folder, as reports/EDITION.")],
) -> None:
    """Make a built pack again, from the data and notebooks here, and compare every file byte by byte.

    Exit status 0: all are the same, and none is added or removed; 1: each that is not is named; 2: the folder
    is no pack; 4: not verified, since what it was made of is otherwise here: that is named.
    """
    with _warmed_up(None):
        found = build.verify(pack, _Teller(None).of_chapters)
    changed = ("altered", "added", "removed")
    _warn(*(f"{what.capitalize()}: {file}" for what in changed for file in getattr(found, what)))
    _warn(*(f"Not verified: {reason}." for reason in found.unlike))
    if found.differ:
        _warn(f"Not the same when made again: {', '.join(found.differ)}.")
    if found.wrong:
        _warn(f"{pack} is not as it was made.")
        raise typer.Exit(FAILED)
    if found.unlike:
        _warn(f"{pack} could not be verified here.")
        raise typer.Exit(NOT_VERIFIED)
    typer.echo(f"Made again, all {found.files} files of the pack are the same, byte by byte.")


@app.command()
def withdraw(
    edition: Annotated[str, Argument(help="The edition whose pack is taken away.")],
    output: Annotated[Path | None, Option(help="The pack's folder, instead of reports/EDITION.")] = None,
    yes: Annotated[bool, Option("--yes", help="Do not ask: for scripts.")] = False,
) -> None:
    """Take a pack out of reach at once, with every copy that is kept of it, and say what was taken.

    Exit status 0: it is taken away; 1: not, since the answer was no; 2: there is none, or something that is
    not ours is in its place; 3: a build of the pack is under way.
    """
    pack = build.placed(edition, output)
    with ExitStack() as held:
        there = [folder for folder in (pack, pack.with_name(f"{pack.name}-draft")) if build.is_known(folder)]
        for folder in there:
            held.enter_context(build.holding(folder))
        taken = [line for folder in there for line in _would_take(folder)]
        if not taken:
            known = edition in (names := project.editions())
            hint = "Nothing is kept of one." if known else data.nearest(edition, names)
            raise build.BuildError(f"There is no pack at {pack}. {hint}")
        _ask(taken, yes)
        for folder in there:
            build.withdraw(folder)
        typer.echo(f"Taken away: {'; '.join(taken)}.")
        _tell_left([str(path) for folder in there for path in build.left_alone(folder)])
    typer.echo("Copies that were taken elsewhere, to a server or a stick, are not known here.")


def _would_take(folder: Path) -> Iterator[str]:
    """What of a pack there is to be taken away, in words."""
    number, notebooks = len(build.packs(folder)), len(build.notebooks_kept(folder))
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
        what = "Nobody can be asked here whether to take the pack away."
        raise build.BuildError(f"{what} Use --yes if you mean it.")
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
        raise build.BuildError(f"-p takes NAME=VALUE, not {text!r}.")
    return name, value


def _lost(event: str, details: dict[str, Any]) -> str:
    """A comparison that is not made, or no longer asked, and what it came to in the pack that stands."""
    stood = f" In the pack that stands it came to: {details['stood']}." if details["stood"] else ""
    if event == "no longer asked":
        return f"The edition no longer asks {details['question']}.{stood}"
    where = f" ({'; '.join(details['missing'])})" if details["missing"] else ""
    of = f"{details['question']} of {details['chapter']}"
    return f"Not compared: {of}, because there is {details['reason']}{where}.{stood}"


SAID = {
    "nothing to do": "Nothing has changed since the pack was made.",
    "waiting": "Another build of the pack is under way: waiting for it to end.",
    "past its date": "This pack was to be used until {use_until}, and that day has passed: every page says "
    "that it must not be used any longer.",
    "verified": "Made again another way, from the data: {figures:,} figures on pages and {cells:,} in CSV "
    "tables.",
}
"""What is said of events that have but one sentence."""


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
        if event in SAID:
            typer.echo(SAID[event].format(**details), err=event == "past its date")
        if event in ("chapter done", "chapter failed", "chapter skipped"):
            self.done += 1
            took = f"{details['seconds']:.1f} s" if "seconds" in details else "nothing it is made of changed"
            typer.echo(f"[{self.done}/{self.all}] {details['chapter']}: {details.get('error') or took}")
        if event == "left out":
            sections = "; ".join(details["sections"])
            typer.echo(f"Left out of {details['chapter']}, for the data say nothing of them: {sections}")
        if event == "left alone":
            _tell_left(details["files"])
        if event in ("not compared", "no longer asked"):
            typer.echo(_lost(event, details), err=bool(details["stood"]))
