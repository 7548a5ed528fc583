"""The methods that pages may name: each in words, in symbols, and whose it is (methods.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Method:
    """A method by the name that figures carry; `words` and `formula` say the same thing twice."""

    name: str
    title: str
    words: str
    formula: str
    source: str


@cache
def methods() -> tuple[Method, ...]:
    """Return every method, in the order in which a reader meets them."""
    text = (resources.files("lscb_analysis.pages") / "methods.toml").read_text("utf-8")
    return tuple(Method(**entry) for entry in tomllib.loads(text)["methods"])
