"""A page as a tree: parsed once, changed in place, and written as it was but for that."""

from __future__ import annotations

from collections.abc import ItemsView
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EntitySubstitution
from bs4.formatter import HTMLFormatter

CASED = {
    name.lower(): name
    for name in ("clipPath", "clipPathUnits", "linearGradient", "preserveAspectRatio", "viewBox")
}
"""Names in drawings that have capitals: a parser of HTML reads all names in small letters."""


class _AsTheyStood(HTMLFormatter):
    """Attributes in the order of their page, and no more characters by name than HTML asks for."""

    def __init__(self) -> None:
        super().__init__(entity_substitution=EntitySubstitution.substitute_xml, void_element_close_prefix="")

    def attributes(self, tag: Tag) -> ItemsView[str, Any]:
        return tag.attrs.items()


_FORMATTER = _AsTheyStood()


def parse(html: str) -> BeautifulSoup:
    """Return HTML as a tree."""
    tree = BeautifulSoup(html, "html.parser", multi_valued_attributes=None)
    for drawing in tree("svg"):
        for element in (drawing, *drawing.find_all(True)):
            element.name = CASED.get(element.name, element.name)
            element.attrs = {CASED.get(name, name): value for name, value in element.attrs.items()}
    return tree


def write(tree: Tag) -> str:
    """Return a tree as HTML."""
    return tree.decode(formatter=_FORMATTER)
