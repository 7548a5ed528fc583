"""What the tests of accessibility check, and the file of the board that says what they found.

Each test notes what it found. With `--record` (`make accessibility`) that is written to the file; without,
it is held against the file, so that the page made from it says what is so.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from lscb_analysis.data.schema import TEXTS

CHECKOUT = Path(__file__).resolve().parents[1]
FILE = CHECKOUT / "data" / "southend" / "accessibility.csv"
COLUMNS = TEXTS["accessibility"]
SETTLED = ("what", "rules", "pages", "faults")
"""What must be as recorded. Versions may move on, and a few more or fewer texts may lie out of sight."""


class Found(NamedTuple):
    """What one check came to: of how many `rules`, on how many `pages`, and what a tool could not judge."""

    check: str
    what: str
    tool: str
    version: str
    rules: int
    pages: int
    faults: int
    unjudged: int = 0


def recorded() -> dict[str, dict[str, str]]:
    """The rows of the file by check; none where it is not there."""
    if not FILE.is_file():
        return {}
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["check"]: row for row in csv.DictReader(file)}


def write(found: list[Found]) -> None:
    """Write what was found today, over what was recorded before."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows([one.check, _edition(), *one[1:], date.today().isoformat()] for one in sorted(found))


def _edition() -> str:
    """The edition whose pack is tested: the only one there is that has an area of its own."""
    paths = (CHECKOUT / "notebooks" / "editions").glob("*.toml")
    (edition,) = (path.stem for path in paths if "\narea = " in path.read_text("utf-8"))
    return edition


def differences(found: Found) -> dict[str, tuple[str, Any]]:
    """What a check came to that is not what is recorded of it: both, by column."""
    row = recorded().get(found.check, {})
    now = {column: str(getattr(found, column)) for column in SETTLED}
    now["unjudged"] = "some" if found.unjudged else "none"
    then = row | {"unjudged": "some" if row.get("unjudged", "0") != "0" else "none"}
    return {
        column: (then.get(column, ""), now[column]) for column in now if then.get(column, "") != now[column]
    }
