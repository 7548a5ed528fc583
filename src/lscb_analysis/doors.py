"""The way in for an analyst: the package and its groups, whose names are imported when first asked for.

The names of each stand in its stub (`.pyi`). What others than the analyst ask of a room is at the same door,
but does not stand in `__all__`, so that Tab, help and documentation show only what is for the analyst.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from lscb_analysis.errors import InputError, MisuseError, NameUnknownError
from lscb_analysis.project import editions

ROOT = Path(__file__).parent
ALSO = {
    "charts": ("chart", "plot", "draw", "graph", "figure"),
    "sentences": ("describe", "say", "sentence", "text"),
    "tabulate": ("table", "tables", "show"),
}
"""Other words by which someone asks for a group."""

HINTS = {
    "Release": {
        "DataFrame": "is a frame; protect it first: pack.protect(frame), or pack.stated(frame) of loaded rows"
    },
    "DataFrame": {"Release": "is a release, and a frame is asked for: give release.frame"},
    "Edition": {"Pack": "is a pack, and an edition is asked for: give pack.edition"},
    "Pack": {"Edition": "is an edition, and a pack is asked for: pack = lscb.open_edition(name)"},
}
"""What to do where one kind of thing is asked for and another was given."""

ADDED = ("counted", "unit", "status")
"""What `load` adds to the columns of a file."""
ESTIMATED = ("numerator", "lower", "upper", "confidence")
"""What an estimate adds to what was loaded."""

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
        if wanted in shown and inspect.isfunction(found):
            return _answering(found, f"{called}.{wanted}")
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
    bare = [one.replace(annotation=one.empty, default=one.empty) for one in takes.parameters.values()]
    typed = f"{called}{inspect.Signature(bare)}"

    @wraps(function)
    def answering(*given: Any, **named: Any) -> Any:
        try:
            bound = takes.bind(*given, **named).arguments
        except TypeError as error:
            raise MisuseError(f"{called}: {error}. Type {typed}; {called}? says more.") from None
        frames = _checked(bound, takes, called)
        try:
            return function(*given, **named)
        except InputError:
            raise
        except Exception as error:
            if wrong := _lacking(frames, called, str(error)):
                raise wrong from error
            raise

    return answering


def _checked(bound: dict[str, Any], takes: inspect.Signature, called: str) -> list[Any]:
    """The frames among what is given, if each thing is of the kind that is asked for."""
    frames = []
    for name, value in bound.items():
        parameter = takes.parameters[name]
        kinds_asked = inspect.formatannotation(parameter.annotation).strip("'").split(" | ")
        asked, *others = (kind.rpartition(".")[2] for kind in kinds_asked)
        if parameter.kind is parameter.VAR_KEYWORD:
            check_single_values(value)
        for one in value if parameter.kind is parameter.VAR_POSITIONAL else [value]:
            if asked not in HINTS or (one is None and "None" in others):
                continue
            kinds = [kind.__name__ for kind in type(one).__mro__]
            if asked not in kinds:
                what = next((HINTS[asked][kind] for kind in kinds if kind in HINTS[asked]), None)
                raise MisuseError(f"{called}: {name} {what or f'has to be a {asked}, and is {_short(one)}'}.")
            if asked in ("DataFrame", "Release"):
                frames.append(getattr(one, "frame", one))
    return frames


def _short(value: object) -> str:
    return textwrap.shorten(repr(value), 40, placeholder=" …")


def _lacking(frames: list[Any], called: str, error: str) -> MisuseError | None:
    """What to say where a frame is as a file has it, or as it was loaded, and something else is asked for."""
    raw = any(all(one not in frame for one in ADDED) for frame in frames)
    lacks = [one for one in ESTIMATED if f"'{one}'" in error and any(one not in frame for frame in frames)]
    if raw:
        remedy = "Read its table by name, as lscb.load(name); lscb.tables() lists them"
    elif lacks:
        remedy = (
            "Make estimates of the rows first: pack.stated(frame) for figures as printed, or pack.count, "
            "pack.percentage, lscb.rate"
        )
    else:
        return None
    return MisuseError(f"{called}: there is no column {', '.join(ADDED if raw else lacks)}. {remedy}.")


def check_single_values(where: Mapping[str, Any], *names: Any) -> None:
    """Raise MisuseError for a list where one value is asked for, or one name."""
    for column, value in where.items():
        if not isinstance(value, str) and isinstance(value, Iterable):
            rows = f"rows[rows[{column!r}].isin({value!r})]"
            raise MisuseError(f"{column} takes one value. Load all rows, and choose of them: {rows}.")
    if any(not isinstance(name, str) for name in names):
        raise MisuseError("Names are given one by one, not as a list: (*names), or (name, other).")


def _unknown(called: str, wanted: str) -> str:
    """What to type where a name is not there: the nearest of all names, also as they are called elsewhere."""
    every = names()
    own = called.partition(".")[2]
    top = every.pop("")
    known = {} if own else {name: f"lscb.{name}" for name in top}
    for group in [own] if own else every:
        known |= {name: f"lscb.{group}.{name}" for name in every[group]}
        for word in ALSO.get(group, ()):
            known |= {word: f"lscb.{group}. and Tab ({', '.join(every[group])})"}
            for name in every[group]:
                known |= dict.fromkeys((f"{word}_{name}", f"{name}_{word}"), f"lscb.{group}.{name}")
    there = every[own] if own else [*top, *every]
    return f"There is no {called}.{wanted}. {offer(wanted, known, there)}"


def offer(name: str, known: Mapping[str, str], there: Iterable[str]) -> str:
    """Return a sentence that offers what to type for the closest known name, or else what is there."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"Did you mean {known[close[0]]}?" if close else f"There is: {', '.join(there)}."


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
        said = textwrap.shorten(_first_line(import_module(f"{__package__}.{group}")), 84, placeholder=" …")
        lines += [f"  lscb.{group:<15}{said}"]
        lines += textwrap.wrap(", ".join(own), 104, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


def _first_line(of: Any) -> str:
    return (inspect.getdoc(of) or "").partition("\n")[0].removesuffix(".")
