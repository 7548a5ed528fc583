"""The way in for an analyst: the package and its groups, whose names are imported when first asked for.

The names of each stand in its stub (`.pyi`). What others than the analyst ask of a room is at the same door,
but does not stand in `__all__`, so that Tab, help and documentation show only what is for the analyst.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import textwrap
from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from lscb_analysis.errors import MisuseError, NameUnknownError
from lscb_analysis.project import editions

ROOT = Path(__file__).parent
ALSO = {
    "charts": ("chart", "plot", "draw", "graph", "figure"),
    "sentences": ("describe", "say", "sentence", "text"),
    "tabulate": ("table", "tables", "show"),
}
"""Other words by which someone asks for a group."""

SHOWING = tuple(ALSO)
"""The groups that show: they take what has been protected."""

ADDED = ("counted", "unit", "status")
"""What `load` adds to the columns of a file."""

Door = tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]


@cache
def _stub(name: str) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """What stands at a door: the module of each name and its name there; and which are for the analyst."""
    place = ROOT.joinpath(*name.split(".")[1:])
    path = place / "__init__.pyi" if place.is_dir() else place.with_suffix(".pyi")
    tree = ast.parse(path.read_text("utf-8"))
    package = name if place.is_dir() else name.rpartition(".")[0]
    stands = {
        alias.asname or alias.name: (f"{package}.{node.module or ''}".rstrip("."), alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    named = [ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)]
    return stands, sorted(named[0] if named else stands)


def door(name: str) -> Door:
    """Return `__getattr__`, `__dir__` and `__all__` of the package or of one of its groups."""
    stands, shown = _stub(name)
    called = name.replace(__package__, "lscb", 1)

    def get(wanted: str) -> Any:
        if wanted not in stands:
            raise NameUnknownError("" if wanted.startswith("_") else _unknown(called, wanted))
        module, own = stands[wanted]
        if module == name == __package__:
            return import_module(f"{name}.{own}")
        found = getattr(import_module(module), own)
        asked_here = called == "lscb" or called.removeprefix("lscb.") in SHOWING
        if asked_here and inspect.isfunction(found):
            found = _answering(found, f"{called}.{wanted}")
        return found

    return get, lambda: list(shown), shown


def names() -> dict[str, list[str]]:
    """Return the names for the analyst: of the package under "", then of each of its groups."""
    stands, shown = _stub(__package__)
    groups = [own for own in shown if stands[own][0] == __package__]
    return {"": [one for one in shown if one not in groups]} | {
        group: _stub(f"{__package__}.{group}")[1] for group in groups
    }


@cache
def _answering(function: Callable[..., Any], called: str) -> Callable[..., Any]:
    """A function that answers in one line what is not given to it as it takes it."""
    takes = inspect.signature(function)

    @wraps(function)
    def answering(*given: Any, **named: Any) -> Any:
        from pandas import DataFrame, Series

        frames = [one for one in (*given, *named.values()) if isinstance(one, DataFrame | Series)]
        if frames and called.split(".")[1] in SHOWING:
            raise MisuseError(
                f"{called} shows what may leave the building, and was given a frame: protect it first, as in "
                f"{called}(pack.protect(frame))."
            )
        try:
            takes.bind(*given, **named)
        except TypeError as error:
            one = ", ".join(takes.parameters)
            raise MisuseError(f"{called}: {error}. Type {called}({one}); {called}? says more.") from None
        try:
            return function(*given, **named)
        except KeyError as error:
            if all(column in frame for frame in frames for column in ADDED):
                raise
            raise MisuseError(
                f"{called} takes frames as lscb.load and pack.load return them, and this one has not all of "
                f"{', '.join(ADDED)}. Read its table by name, as lscb.load(name); lscb.tables() lists them."
            ) from error

    return answering


def _unknown(called: str, wanted: str) -> str:
    """What to type where a name is not there: the nearest of all, else what stands in the group meant."""
    every = names()
    words = wanted.lower().split("_")
    group = called.partition(".")[2]
    meant = next((of for of, also in ALSO.items() if of in words or {*words} & {*also}), group)
    rest = "_".join(word for word in words if word not in ALSO.get(meant, ()))
    offered = [f"lscb.{meant}.{one}" for one in _close(rest, every[meant])] if meant else []
    offered += [f"lscb.{one}" for one in _close(wanted, every[""])]
    if not offered:
        offered = [f"lscb.{of}.{one}" for of, own in every.items() if of for one in _close(wanted, own)]
    if offered:
        return f"There is no {called}.{wanted}. Did you mean {' or '.join(dict.fromkeys(offered))}?"
    there = ", ".join(every[meant] if meant in every else every[""])
    return (
        f"There is no {called}.{wanted}. lscb{'.' * bool(meant)}{meant} has: {there}. help(lscb) shows all."
    )


def _close(name: str, known: list[str]) -> list[str]:
    return difflib.get_close_matches(name, known, n=1, cutoff=0.7)


def overview() -> str:
    """Return what help(lscb) shows: what to type first, and what there is, made from the doors."""
    of = next(iter(editions()), "edition")
    every = names()
    root = import_module(__package__)
    first = [(f"lscb.{name}", _first_line(getattr(root, name))) for name in every.pop("")]
    lines = [
        "Statistics of a safeguarding board, from tidy tables to chapters a board can read.",
        "",
        "Type first:",
        "  lscb.tables()                                 the tables there are; lscb.load(name) reads one",
        f'  pack = lscb.open_edition("{of}")   then pack. and Tab: load, estimates, verdicts, …',
        "  release = pack.protect(frame)                 what charts, tables and sentences take",
        "",
        *(f"  {name:<20}{textwrap.shorten(said, 84, placeholder=' …')}" for name, said in first),
        "",
        "Groups, each reached by Tab; lscb.charts.line? says what one takes, with an example:",
    ]
    for group, own in every.items():
        said = _first_line(import_module(f"{__package__}.{group}"))
        lines += [f"  lscb.{group:<15}{said}"]
        lines += textwrap.wrap(", ".join(own), 104, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


def _first_line(of: Any) -> str:
    return (inspect.getdoc(of) or "").partition("\n")[0].removesuffix(".")
