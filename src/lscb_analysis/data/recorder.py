"""What a chapter reads, recorded as it runs, so that it is run again when that changes and not otherwise."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

READS = "LSCB_READS"
"""The environment variable that names the file in which a build has a chapter's reads recorded."""

_paused: ContextVar[bool] = ContextVar("paused", default=False)


def record(kind: str, *key: Any) -> None:
    """Add a read to the record, if a build keeps one: what was read, not what it was."""
    path = os.environ.get(READS)
    if path and not _paused.get():
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps([kind, *key]) + "\n")


@contextmanager
def unrecorded() -> Iterator[None]:
    """Read without a record: for a whole, when only the part that is used counts."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


def recorded(path: Path) -> list[list[Any]]:
    """Return the reads of a record, each once, in order."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return [json.loads(line) for line in sorted(set(lines))]
