"""A search of everything that a build leaves behind for figures that a source withholds, when they are known.

It knows nothing of how the library keeps them: it reads the files as anybody could who wants to find out.
"""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from bs4 import BeautifulSoup, Tag

LONG_ENOUGH = 4
"""A number of so many digits is no coincidence."""

OPEN = {"time_period", "previous_period", "confidence", "denominator", "denominator_before"}
"""What may stand beside a withheld figure: its periods, how sure one is, and the total it is a part of."""

OF_BOTH = ["change", "lower", "upper", "residual", "p_value"]
FIGURES = {"numerator", "value", "printed", "least", "most", "used", *OF_BOTH}
"""The columns of a CSV that hold figures: of both periods of a comparison, and of one."""

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-\d\d?)?")


@dataclass(frozen=True)
class Secret:
    """A withheld figure: where it stands, its number, and every other number that would tell of it."""

    measures: frozenset[str]
    category: str
    period: str
    value: int
    total: int
    bounds: tuple[int, ...]

    @property
    def year(self) -> str:
        return self.period[-10:-6]

    def numbers(self) -> set[float]:
        """The figure and its bounds: as counts, as percentages and as fractions of their total."""
        counts = {self.value, *self.bounds}
        return {count * scale for count in counts for scale in (1, 100 / self.total, 1 / self.total)}


def leaks(folder: Path, secrets: list[Secret]) -> list[str]:
    """Return a line for each place under `folder` that tells a secret, or a bound of one."""
    return [
        f"{path.relative_to(folder)}: {told}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for told in _told(path, secrets)
    ]


def _told(path: Path, secrets: list[Secret]) -> Iterator[str]:
    text = _sheets(path) if path.suffix == ".xlsx" else path.read_text("utf-8")
    yield from _numbers(text, secrets)
    if path.suffix == ".csv":
        yield from _cells(text, secrets)
    for html, table in _shown(path, text):
        page = BeautifulSoup(html, "html.parser")
        yield from _figures(page, secrets)
        yield from _drawn(page)
        yield from _cells(table, secrets)


def names_given_away(folder: Path, secrets: list[Secret]) -> list[str]:
    """Return a line for each place under `folder` that says of a withheld figure that it is given away.

    A sentence of a page, a notebook or a spreadsheet, or a row of a CSV, that has the figure's category and
    speaks of it.
    """
    categories = {secret.category for secret in secrets}
    found = []
    for path in (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()):
        text = _sheets(path) if path.suffix == ".xlsx" else path.read_text("utf-8")
        lines = text.splitlines() if path.suffix == ".csv" else _SENTENCE.split(_words(path, text))
        of = (line for line in lines if _GIVEN_AWAY.search(line))
        found += [f"{path.relative_to(folder)}: {name}" for line in of for name in categories if name in line]
    return found


_GIVEN_AWAY = re.compile(
    r"worked out|narrowed down|give[ns]? away|^withheld,|source withholds it", re.I | re.M
)
_SENTENCE = re.compile(r"\.\s|</tr>|</p>|</li>|\n")


def _words(path: Path, text: str) -> str:
    """What a page or a stored notebook shows, its lines and rows apart."""
    shown = "\n".join(html for html, _ in _shown(path, text)) or text
    return re.sub(r"<(?!/tr|/p|/li)[^>]*>", "", unescape(shown))


def _sheets(path: Path) -> str:
    """All that a spreadsheet says in words, and every number in its cells."""
    with zipfile.ZipFile(path) as file:
        parts = [
            file.read(name).decode() for name in file.namelist() if re.search("sheet|String|docProps", name)
        ]
    return "\n".join(said for part in parts for said in re.findall(r">([^<>]+)<", part))


def _shown(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """The HTML of a page, or the HTML and the CSV of each output of a stored notebook."""
    if path.suffix == ".html":
        yield text, ""
    if path.suffix == ".ipynb":
        for cell in json.loads(text)["cells"]:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                yield "".join(data.get("text/html", "")), "".join(data.get("text/csv", ""))


def _numbers(text: str, secrets: Iterable[Secret]) -> Iterator[str]:
    """Numbers anywhere, also in drawings and attributes, that are a secret's when rounded as they are."""
    known = {number for secret in secrets for number in secret.numbers()}
    for written in set(NUMBER.findall(unescape(text))):
        digits = written.replace(",", "").rstrip(".")
        mantissa, _, exponent = digits.partition("e")
        places = len(mantissa.partition(".")[2]) - int(exponent or 0)
        if len(re.sub(r"\D", "", mantissa).lstrip("0")) < LONG_ENOUGH:
            continue
        if any(abs(float(digits) - number) <= 0.50001 * 10.0**-places for number in known if number >= 1e-9):
            yield f"the number {written}"


def _cells(text: str, secrets: Iterable[Secret]) -> Iterator[str]:
    for row in csv.DictReader(text.splitlines()):
        for suffix, year in (("", "time_period"), ("_before", "previous_period")):
            held = _held(secrets, row.get("measure"), row.get("category"), row.get(year))
            own = [key for key in row if key.endswith("_before") == bool(suffix)]
            told = [key for key in {*own, *OF_BOTH} if key not in OPEN and _is_figure(key, row)]
            yield from (f"the cell {key} of {held.category}, {held.year}" for key in told if held)


def _is_figure(key: str, row: dict[str, str]) -> bool:
    return key.removesuffix("_before") in FIGURES and bool(re.search(r"\d", row.get(key) or ""))


def _figures(page: BeautifulSoup, secrets: Iterable[Secret]) -> Iterator[str]:
    for data in page.find_all("data"):
        for key in ("data-period", "data-period-before"):
            held = _held(secrets, data.get("data-measure"), data.get("data-category"), data.get(key))
            if held and data["data-statistic"] not in OPEN:
                yield f"{data['data-statistic']} of {held.category}, {held.year}"


def _held(secrets: Iterable[Secret], *place: str | None) -> Secret | None:
    measure, category, period = place
    found = (
        secret
        for secret in secrets
        if measure in secret.measures
        and category == secret.category
        and period in (secret.period, secret.year)
    )
    return next(found, None)


def _drawn(page: BeautifulSoup) -> Iterator[str]:
    """Bars that are as long as no figure that the chart tells in words, and marks beyond their number."""
    for figure in page.find_all("figure"):
        told = [float(data["value"]) for data in figure.select("p[id$=-text] data")]
        for drawing in figure.find_all("svg"):
            lengths = [length for length in map(_length, drawing.find_all("path")) if length is not None]
            scale = max(told) / max(lengths, default=1)
            near = 0.005 * max(told)
            for bar in (length * scale for length in lengths):
                if min(abs(bar - at) for at in [0, *map(abs, told)]) > near:
                    yield f"a bar of {bar:.4g} in {figure['id']}"
            marks = [use for use in drawing.find_all("use") if not use.find_parent(class_="tick")]
            if len(marks) > len(told):
                yield f"{len(marks)} marks for {len(told)} figures in {figure['id']}"


def _length(path: Tag) -> float | None:
    """How long a bar is: a filled rectangle within the axes; nothing for any other path."""
    across = [float(x) for x in re.findall(r"[ML] ([\d.-]+) [\d.-]+", path.get("d", ""))]
    bar = (
        len(across) == 4 and len(set(across)) <= 2 and path.get("clip-path") and "#" in path.get("style", "")
    )
    return max(across) - min(across) if bar else None
