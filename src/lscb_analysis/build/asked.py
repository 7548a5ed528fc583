"""What is asked of a build, and whether there is anything to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from lscb_analysis.project import stands, use_until

TIMEOUT = 600.0
"""A chapter may take this many seconds altogether, unless a build says otherwise."""

PDF = "pack.pdf"
"""The name of the file in its pack."""

Tell = Callable[..., None]
"""Hears of each step: the name of the event, then its details by name."""


def silent(_event: str, **_details: Any) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a build, by whom it is started, by the manifest of a pack or by who makes it again.

    With `only` (chapters) or `changed` (parameters, as text) it makes a draft; with `pdf` the pack holds a
    PDF of itself; `area` names the authority of an edition for any. These four decide what a pack says, so
    its manifest has them. Of the day it is built `on` this alone counts: whether it may still be used then.

    With `force` every chapter runs and the pack is published, whether or not something has changed; with
    `wait` another build of the pack is waited for. So many `workers` run chapters at once, two more than
    processors unless said. A chapter that takes longer than `timeout` seconds is stopped; with `fail_fast`
    all are when one fails.
    """

    only: Sequence[str] = ()
    changed: Mapping[str, str] = field(default_factory=dict)
    pdf: bool = False
    on: date = field(default_factory=date.today)
    force: bool = False
    wait: bool = False
    workers: int | None = None
    timeout: float = TIMEOUT
    fail_fast: bool = False
    area: str = ""

    @property
    def draft(self) -> bool:
        return bool(self.only or self.changed)

    @property
    def file(self) -> str | None:
        """The PDF that the pack is to hold, if one."""
        return PDF if self.pdf else None

    @property
    def recorded(self) -> dict[str, Any]:
        """What of it stands in the manifest."""
        of = {"area": self.area} if self.area else {}
        return {"only": [*self.only], "changed": {**self.changed}, "pdf": self.pdf} | of


def nothing_to_do(edition: str, folder: Path, asked: Asked, tell: Tell) -> bool:
    """Return whether the pack that is asked for stands in `folder`, made of what there is now; tell if so."""
    if asked.draft or asked.force or not stands(folder, edition, asked.on, asked.file, asked.area):
        return False
    tell_if_past(edition, asked, tell)
    tell("nothing to do", folder=str(folder))
    return True


def tell_if_past(edition: str, asked: Asked, tell: Tell) -> None:
    """Tell if a pack that is built on that day may not be used any longer."""
    if asked.on > (until := use_until(edition)):
        tell("past its date", use_until=until.isoformat())
