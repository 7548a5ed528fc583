"""The pages of a pack bound into one: headings one level down, every name and every reference its own.

It reads the pages that our templates made, whose attributes stand in double quotes and hold no bare `<` or
`>`. Words are never touched: only tags are.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from markupsafe import Markup

_TAG = re.compile(r"<[^>]*>")
_LINK = re.compile(r"<a [^>]*>")
_MAIN = re.compile(r'<main id="main">\s*(.*)</main>', re.S)
_CONTENTS = re.compile(r'<nav class="contents".*?</nav>\s*', re.S)
_TITLE = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.S)
_HEADING = re.compile(r"^(</?h)([1-5])\b")
_NAMES = ("id", "aria-labelledby", "aria-describedby")
_REFERENCES = ("href", "xlink:href")
_PAINTS = ("clip-path", "fill", "stroke", "style", "marker-start", "marker-mid", "marker-end")
_OWN = re.compile(rf' ({"|".join((*_NAMES, *_REFERENCES, *_PAINTS))})="([^"]*)"')


def title_of(page: str) -> str:
    """Return the title of a page, its first heading. Raises ValueError if it has none."""
    found = _TITLE.search(page)
    if not found:
        raise ValueError("The page has no heading of the first level.")
    return Markup(found[1]).striptags()


def part(page: str, name: str) -> Markup:
    """Return what a page shows, to stand among others: `name` before its ids, no list of contents.

    What was `#place` is `#<name>-place` there. Raises ValueError if the page has no main content.
    """
    found = _MAIN.search(page)
    if not found:
        raise ValueError("The page has no main content.")
    return Markup(_TAG.sub(lambda tag: _moved(tag[0], name), _CONTENTS.sub("", found[1])))


def within(page: str, parts: Collection[str], front: str) -> str:
    """Return a page whose links to the pages named `parts`, or to a place of the page `front`, stay on it."""
    return _LINK.sub(lambda tag: _turned(tag[0], parts, front), page)


def in_css(words: str) -> Markup:
    """Return words as a string of a style sheet, within its quotation marks."""
    return Markup(re.sub(r"[^\w ,.]", lambda letter: f"\\{ord(letter[0]):x} ", words))


def _moved(tag: str, name: str) -> str:
    lower = _HEADING.sub(lambda level: f"{level[1]}{int(level[2]) + 1}", tag)
    return _OWN.sub(lambda found: f' {found[1]}="{_renamed(found[1], found[2], name)}"', lower)


def _renamed(attribute: str, value: str, name: str) -> str:
    if attribute in _NAMES:
        return " ".join(f"{name}-{own}" for own in value.split())
    if attribute in _REFERENCES and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    return value.replace("url(#", f"url(#{name}-") if attribute in _PAINTS else value


def _turned(tag: str, parts: Collection[str], front: str) -> str:
    def turned(found: re.Match[str]) -> str:
        file, _, place = found[2].partition("#")
        page = file.removesuffix(".html")
        if found[1] != "href" or page == file:
            return found[0]
        if page in parts:
            return f' href="#{page}-{place}"' if place else f' href="#{page}"'
        return f' href="#{place}"' if page == front and place else found[0]

    return _OWN.sub(turned, tag)
