"""The pages of a pack bound into one: headings one level down, every name and every reference its own."""

from __future__ import annotations

import re
from collections.abc import Collection

from bs4 import Tag
from markupsafe import Markup

_HEADING = re.compile("h[1-5]")
_NAMES = ("id", "aria-labelledby", "aria-describedby")
_REFERENCES = ("href", "xlink:href")


def part(page: Tag, name: str) -> Tag:
    """Return what a page shows, to stand among others: `name` before its ids, no list of contents.

    What was `#place` is `#<name>-place` there. The page is taken apart. Raises ValueError if it has no main
    content.
    """
    main = page.find("main")
    if not isinstance(main, Tag):
        raise ValueError("The page has no main content.")
    for contents in main.select("nav.contents"):
        contents.decompose()
    for element in main.find_all(True):
        if _HEADING.fullmatch(element.name):
            element.name = f"h{int(element.name[1]) + 1}"
        element.attrs = {key: _own(key, str(value), name) for key, value in element.attrs.items()}
    return main


def _own(attribute: str, value: str, name: str) -> str:
    if attribute in _NAMES:
        return " ".join(f"{name}-{own}" for own in value.split())
    if attribute in _REFERENCES:
        return f"#{name}-{value[1:]}" if value.startswith("#") else value
    return value if attribute.startswith("data-") else value.replace("url(#", f"url(#{name}-")


def stay(page: Tag, parts: Collection[str], front: str) -> None:
    """Let links to the pages named `parts`, or to a place of the page `front`, stay on this one."""
    for link in page.select("a[href]"):
        file, _, place = str(link["href"]).partition("#")
        name = file.removesuffix(".html")
        if name != file and name in parts:
            link["href"] = f"#{name}-{place}" if place else f"#{name}"
        elif name != file and name == front and place:
            link["href"] = f"#{place}"


def in_css(words: str) -> Markup:
    """Return words as a string of a style sheet, within its quotation marks."""
    return Markup(re.sub(r"[^\w ,.]", lambda letter: f"\\{ord(letter[0]):x} ", words))
