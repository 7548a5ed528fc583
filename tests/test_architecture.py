"""The library is imported one way, has no lumber room, and swallows nothing."""

from __future__ import annotations

import ast
import csv
import graphlib
import tomllib
from pathlib import Path

import pytest

from lscb_analysis.data.schema import DICTIONARY, TEXTS
from lscb_analysis.doors import names

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "src" / "lscb_analysis"
ROOT = PACKAGE.name

ROOMS = [
    "signals",
    "errors",
    "project",
    "doors",
    "statistics",
    "data",
    "catalogue",
    "figure",
    "records",
    "release",
    "editions",
    "quality",
    "pages",
    "charts",
    "sentences",
    "tabulate",
    "audit",
    "build",
    "cli",
    "__main__",
]
"""A room imports only rooms that stand before it; docs/design.md draws the picture."""
LONGEST_FUNCTION = 60

SOURCES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
MODULES = sorted(module for module in SOURCES if not module.endswith("__init__"))


def read(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def names_at(door: str = "") -> set[str]:
    """The names that stand at a room's door, or at the package root."""
    stub = PACKAGE.joinpath(*door.split("."), "__init__.pyi")
    nodes = ast.walk(read(stub)) if stub.is_file() else []
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.name for node in imports for alias in node.names}


def imported(tree: ast.Module, root_names: set[str]) -> set[str]:
    """The modules of the library that a module imports; `` for the package root itself."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            parts = [alias.name.partition(".") for alias in node.names]
            found |= {rest for first, _, rest in parts if first == ROOT}
        elif isinstance(node, ast.ImportFrom):
            whole = f"{ROOT}.{node.module or ''}".rstrip(".") if node.level else node.module or ""
            if whole == ROOT:  # a name of the root wins over the module of that name
                found |= {a.name if a.name in ROOMS and a.name not in root_names else "" for a in node.names}
            elif whole.startswith(f"{ROOT}."):  # and so does a name at a door
                door = whole.removeprefix(f"{ROOT}.")
                within = {f"{door}.{a.name}" for a in node.names if a.name not in names_at(door)}
                found |= (within & set(MODULES)) or {door}
    return found


def swallowed(tree: ast.Module) -> list[int]:
    """The lines of handlers that catch anything at all, or catch every exception and go on."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            idle = all(isinstance(s, ast.Pass | ast.Continue) or ast.unparse(s) == "..." for s in node.body)
            if not caught or (
                idle and ("Exception" in caught.strip("()").split(", ") or "BaseException" in caught)
            ):
                lines.append(node.lineno)
    return lines


def long_functions(tree: ast.Module) -> list[str]:
    return [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]


def room(module: str) -> str:
    return module.partition(".")[0]


def asked_of(name: str, tree: ast.Module) -> set[str]:
    """What a module asks of a room at its door: names that it imports, or has of the room as a whole."""
    door, asked, whole = f"{ROOT}.{name}", set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            of = f"{ROOT}." * bool(node.level) + (node.module or "")
            asked |= {alias.name for alias in node.names} if of == door else set()
            whole |= {a.asname or a.name for a in node.names if of == ROOT and a.name == name}
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return asked | {n.attr for n in attributes if isinstance(n.value, ast.Name) and n.value.id in whole}


def literals(tree: ast.Module) -> set[str]:
    """The texts of a module without those that explain it; of an f-string the parts that stand there."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in said)
    return {node.value for node in constants if isinstance(node.value, str)}


def names_of_the_report() -> dict[str, str]:
    """What measures, categories, sources, tables and chapters of this project are called, and what each is.

    The category `Total` and the names of the dictionary's own files and of files of words are every board's.
    """
    rows = {}
    for path in set((CHECKOUT / "data").rglob("*.csv")) - set((CHECKOUT / "data" / "examples").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            rows[path.stem] = [*rows.get(path.stem, []), *csv.DictReader(file)]
    found = {path.stem: "chapter" for path in (CHECKOUT / "notebooks").glob("[0-9]*.ipynb")}
    found |= {name: "table" for name in rows if name not in (*DICTIONARY, *TEXTS)}
    for table, column in (
        *(("measures", "measure"), ("categories", "category"), ("categories", "scheme")),
        *(("sources", "source"), ("sources", "document")),
    ):
        found |= {row[column]: column for row in rows[table] if row[column]}
    return {name: kind for name, kind in found.items() if name != "Total"}


NAMES = names_of_the_report()


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_the_library_knows_nothing_of_one_report_by_name(module):
    """Another board has other measures, categories, tables, sources and chapters."""
    named = {text: NAMES[text] for text in literals(read(SOURCES[module])) if text in NAMES}
    assert not named, f"{module} names {named}: read it from a column of the dictionary"


def named_in(words: str) -> set[str]:
    """The areas and boards of editions that a text names: an area's first word is enough."""
    editions = (path.read_text("utf-8") for path in (CHECKOUT / "notebooks" / "editions").glob("*.toml"))
    said = [tomllib.loads(text) for text in editions]
    names = {one[of].split("-")[0].casefold() for one in said for of in ("area", "data") if of in one}
    return {name for name in names - {"national"} if name in words.casefold()}


def test_no_text_of_the_library_names_the_area_of_an_edition_not_even_an_example():
    texts = [path for kind in ("*.py", "*.pyi", "*.toml", "*.j2") for path in PACKAGE.rglob(kind)]
    assert not [path.name for path in texts if named_in(path.read_text("utf-8"))]
    assert named_in("In Southend-on-Sea") == {"southend"}


def test_a_name_of_the_report_is_seen_where_code_has_it_and_not_where_words_explain_it():
    assert {NAMES["icpc_late"], NAMES["attendance"], NAMES["Neglect"]} == {"measure", "table", "category"}
    source = 'def f():\n    """icpc_late"""\n    return f"{x}Neglect", ["attendance"], "Total"'
    assert {text for text in literals(ast.parse(source)) if text in NAMES} == {"Neglect", "attendance"}


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_only_rooms_before_it_each_through_its_door(name):
    """Its door is the room's `__init__`: what stands there may be used elsewhere, and nothing else."""
    for module in (module for module in MODULES if room(module) == name):
        uses = imported(read(SOURCES[module]), names_at())
        assert "" not in uses, f"{module} imports through the package root: name the room it needs"
        others = {use for use in uses if room(use) != name}
        late = others - set(ROOMS[: ROOMS.index(name)])
        assert not late, f"{module} imports {', '.join(sorted(late))}: past a door, or from a later room"


def test_every_module_is_in_a_room():
    assert {room(module) for module in MODULES} == set(ROOMS)


@pytest.mark.parametrize("stub", sorted(PACKAGE.glob("*/__init__.pyi")), ids=lambda stub: stub.parent.name)
def test_at_a_door_stands_only_what_others_ask_for(stub):
    others = [path for path in SOURCES.values() if stub.parent not in path.parents]
    asked = {
        name for path in [*others, *PACKAGE.glob("*.pyi")] for name in asked_of(stub.parent.name, read(path))
    }
    imports = [node for node in read(stub).body if isinstance(node, ast.ImportFrom)]
    stands = {alias.name for node in imports for alias in node.names}
    assert stands == asked | {*names().get(stub.parent.name, [])}


def test_within_a_room_nothing_goes_round_in_a_circle():
    uses = {module: imported(read(SOURCES[module]), set()) & set(MODULES) for module in MODULES}
    graphlib.TopologicalSorter(uses).prepare()


def test_there_is_no_lumber_room():
    parts = {part for module in MODULES for part in module.split(".")}
    assert not parts & {"utils", "util", "helpers", "helper", "common", "misc", "base"}


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_no_function_is_longer_than_a_screen(module):
    assert long_functions(read(SOURCES[module])) == []


@pytest.mark.parametrize(
    "path",
    sorted([*SOURCES.values(), *(CHECKOUT / "tests").rglob("*.py")]),
    ids=lambda path: str(path.relative_to(CHECKOUT)),
)
def test_nothing_is_caught_in_order_to_go_on(path):
    assert swallowed(read(path)) == []


# The three readers above, on source that has the fault: a test that sees nothing cannot fail.


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import lscb_analysis", {""}),
        ("import lscb_analysis.data as d, os", {"data"}),
        ("from lscb_analysis import Release", {""}),
        ("from lscb_analysis import data", {"data"}),
        ("from lscb_analysis import verdicts", {""}),
        ("from lscb_analysis.data import load", {"data"}),
        ("from lscb_analysis.data import schema", {"data.schema"}),
        ("from lscb_analysis.audit import known", {"audit"}),
        ("from . import data", {"data"}),
        ("from .statistics import rate", {"statistics"}),
        ("def f():\n    from lscb_analysis.cli import main", {"cli"}),
        ("import lscb_analysis_other\nfrom pandas import DataFrame", set()),
    ],
)
def test_every_form_of_an_import_is_read(source, expected):
    assert imported(ast.parse(source), {"Release", "verdicts"}) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from lscb_analysis.data import load", {"load"}),
        ("from .data import load", {"load"}),
        ("from lscb_analysis import data as rows\nrows.load(other.levels)", {"load"}),
        ("from lscb_analysis import records\ndata.load()", set()),
        ("from lscb_analysis.data.files import load", set()),
    ],
)
def test_what_is_asked_at_a_door_is_seen_by_name_and_through_the_room(source, expected):
    assert asked_of("data", ast.parse(source)) == expected


@pytest.mark.parametrize(
    ("handler", "caught"),
    [
        ("except:\n    raise", True),
        ("except Exception:\n    pass", True),
        ("except (OSError, Exception) as e:\n    ...", True),
        ("except BaseException:\n    pass", True),
        ("except OSError:\n    pass", False),
        ("except Exception as e:\n    raise ValueError from e", False),
    ],
)
def test_a_swallowed_exception_is_seen(handler, caught):
    assert bool(swallowed(ast.parse(f"try:\n    f()\n{handler}"))) == caught


def test_a_long_function_is_seen_and_one_at_the_limit_is_not():
    body = "    x = 1\n"
    tree = ast.parse("def within():\n" + body * 59 + "def beyond():\n" + body * 60)
    assert long_functions(tree) == ["beyond: 61 lines"]
