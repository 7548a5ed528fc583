"""The command `lscb`: a light wrapper over `report` and `data`."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from lscb_analysis import data, report
from lscb_analysis.editions import EditionError, editions, read_edition
from lscb_analysis.schema import DataError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)

FAILED, BAD_INPUT = 1, 2


def main() -> None:
    """Run the command; an error of the input is a message, not a traceback."""
    try:
        app()
    except (DataError, EditionError, report.BuildError, FileNotFoundError) as error:
        typer.echo(str(error), err=True)
        raise SystemExit(BAD_INPUT) from None


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
) -> None:
    """Make a pack: run every chapter, and publish all of them or none."""
    console = Console()
    changed = dict(_pair(text) for text in parameter or [])
    if console.is_terminal:
        with console.status("Checking the data") as status:
            pack = report.build(
                edition, output, only or [], changed, tell=lambda step: _show(console, status, step)
            )
    else:
        pack = report.build(edition, output, only or [], changed, tell=typer.echo)
    if pack.failed:
        for chapter in pack.failed:
            typer.echo(f"{chapter.name} {chapter.error}", err=True)
        typer.echo(
            f"Not published; {pack.folder} is as it was. The failed notebooks are in {pack.kept}.", err=True
        )
        raise typer.Exit(FAILED)
    typer.echo(f"The pack is ready: {pack.folder / 'index.html'}")


@app.command("list")
def list_editions() -> None:
    """Show the editions, their chapters and the chapters' parameters."""
    for name in editions():
        edition = read_edition(name)
        typer.echo(f"{name}: {edition.title}, {edition.period}")
        for chapter in edition.chapters:
            typer.echo(f"  {chapter}")
            for parameter, said in report.parameters(chapter).items():
                typer.echo(f"    {parameter}: {said['type']} = {said['default']}  {said['help']}")


@app.command()
def check() -> None:
    """Check all data, and list every problem."""
    problems = data.check()
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        typer.echo(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}.", err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"{len(data.tables())} tables, no problem.")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise report.BuildError(f"-p takes NAME=VALUE, not {text!r}.")
    return name, value


def _show(console: Console, status: Status, step: str) -> None:
    if ": " in step:
        console.print(step, highlight=False, markup=False)
    else:
        status.update(escape(step))
