"""What a chapter's notebook declares, and whether a build can set it: looked at before anything runs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from papermill.translators import papermill_translators

from lscb_analysis.build.publication import BuildError
from lscb_analysis.editions import TRIED
from lscb_analysis.project import editions

SET = ("edition", "instead")
"""The parameters that a build sets in every chapter: the edition, and values to try in place of its own."""

OPEN = "pack = lscb.open_edition(edition, instead)"
PLAIN = 'Write one parameter on each line, as in: edition: str = "…"  # the edition'
LANGUAGES = {"ir": "R"}
"""Languages by the names of kernels that say nothing else."""


def inspect(path: Path) -> dict[str, dict[str, str]]:
    """Return the parameters that a notebook declares: each name with its type, default and meaning.

    Raises BuildError, with the remedy, if the notebook is in another language than Python, if it has not one
    cell tagged `parameters` that declares what a build sets, if it does not open its edition by that, and if
    it would use a value that the build cannot set: one that a cell assigns again, or an edition named in its
    code.
    """
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    problem = next(_problems(notebook), "")
    if problem:
        raise BuildError(f"{path.name} {problem}")
    return _declared(_tagged(notebook, "parameters")[0])


def _problems(notebook: Any) -> Iterator[str]:
    if language := _other_language(notebook.metadata):
        yield f"is in {language}, and chapters run in Python. Write it in that, or take it off the edition."
    if _tagged(notebook, "injected-parameters"):
        yield "has a cell that papermill put there when it ran. Delete the one tagged “injected-parameters”."
    tagged = _tagged(notebook, "parameters")
    if len(tagged) != 1 or tagged[0].cell_type != "code":
        has = f"{len(tagged)} cells" if len(tagged) > 1 else "no cell of code"
        yield (
            f"has {has} tagged “parameters”, so no build can set its edition, area and periods. Give the tag "
            "to the cell that declares them: in JupyterLab, select it and open the Property Inspector."
        )
        return
    yield from _problems_of_names(tagged[0])
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell is not tagged[0]]
    for source in code:
        yield from _problems_of_use(source, {*SET, *_declared(tagged[0])})
    if OPEN not in "\n".join(code).splitlines():
        yield f"does not open the edition that a build sets. Write: {OPEN}"


def _other_language(metadata: Any) -> str:
    """The language of a notebook, if that is known not to be Python."""
    kernel = metadata.get("kernelspec", {})
    named = str(kernel.get("name", ""))
    language = kernel.get("language") or metadata.get("language_info", {}).get("name")
    language = language or LANGUAGES.get(named) or ("Julia" if named.startswith("julia") else "Python")
    return "" if re.match("i?python", str(language), re.I) else str(language)


def _tagged(notebook: Any, tag: str) -> list[Any]:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def _declared(cell: Any) -> dict[str, dict[str, str]]:
    """What papermill reads in a cell of parameters."""
    found = papermill_translators.find_translator("python3", "python").inspect(cell)
    return {
        one.name: {"type": one.inferred_type_name, "default": one.default, "help": one.help} for one in found
    }


def _problems_of_names(cell: Any) -> Iterator[str]:
    """Why the build cannot set what the cell of parameters declares."""
    tree = _parsed(cell.source)
    names = [name for statement in tree for name in _assigned(statement)]
    if sorted(names) != sorted(_declared(cell)) or len(tree) != len(names):
        yield f"declares its parameters in a way that the build cannot read. {PLAIN}."
    lines = ('edition: str = "…"  # the edition', 'instead: str = ""  # values to try in place of its own')
    for name, line in zip(SET, lines, strict=True):
        if name not in names:
            yield (
                f"does not declare “{name}” in its cell of parameters, so the build cannot set it. Add the "
                f"line: {line}"
            )
    for name in sorted({*names} & {*TRIED}):
        yield f"declares “{name}”, which the edition gives. Take the line out, and write: pack.{name}"


def _problems_of_use(source: str, declared: set[str]) -> Iterator[str]:
    """Why a cell would not use the values that the build sets."""
    nodes = [node for statement in _parsed(source) for node in ast.walk(statement)]
    assigned = {name for node in nodes for name in _bound(node)}
    for name in sorted(assigned & declared):
        yield (
            f"assigns “{name}” in another cell than that of its parameters, so the build cannot set it. Take "
            "the line out, or choose another name there."
        )
    constants = {
        node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for name in sorted(constants & set(editions())):
        yield f"names the edition {name!r} in its code, so another edition could not use it. Write: edition."


def _parsed(source: str) -> list[ast.stmt]:
    """The statements of a cell; where that is not plain Python, of each line that is."""
    try:
        return ast.parse(source).body
    except SyntaxError:
        lines = source.splitlines()
        return [] if len(lines) < 2 else [node for line in lines for node in _parsed(line.strip())]


def _assigned(statement: ast.stmt) -> list[str]:
    """The name that a plain statement gives a value."""
    if isinstance(statement, ast.AnnAssign) and statement.value:
        targets: list[ast.expr] = [statement.target]
    else:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _bound(node: ast.AST) -> list[str]:
    """The names that a node gives a meaning, or takes it from."""
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, ast.alias):
        return [node.asname or node.name]
    return [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
