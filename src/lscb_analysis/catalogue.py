"""Which tables there are: what each holds, its years, and whose figures they are."""

from __future__ import annotations

import pandas as pd

from lscb_analysis.data import load, read, tables as named, unrecorded
from lscb_analysis.project import SHARED, listed, tables_of, which_board

MOST = 3
"""So many titles of measures are given of a table, and so many sources."""


def tables(of: str | None = None) -> pd.DataFrame:
    """Return the tables as a frame: what each holds, its rows and years, its sources and their access.

    They are those that `load` reads: of the board `of`, or of the one whose edition was opened, or the only
    one. With `dictionary` they are the files that say what measures, categories and sources are.

    Raises ProjectError if it is not clear which board is meant.

    >>> lscb.tables().query("table == 'visits'")[["rows", "years", "access"]].values.tolist()
    [[4, '2018', 'published']]
    """
    if of == SHARED:
        files = {path.stem: read(path) for path in listed(f"data/{SHARED}", ".csv")}
        rows = [_line(name, ", ".join(file), len(file)) for name, file in files.items()]
    else:
        board = which_board(of)
        with unrecorded():
            rows = [_of_figures(name, board) for name in named(board)]
    return pd.DataFrame(rows)


def _of_figures(name: str, board: str) -> dict[str, str | int]:
    rows = load(name, board=board)
    titles, access, places = (
        _told(rows[column], _column(board, file, column, of))
        for column, file, of in (
            ("measure", "measures", "title"),
            ("source", "sources", "access"),
            ("source", "sources", "short"),
        )
    )
    first, last = rows["time_period"].min(), rows["time_period"].max()
    years = f"{first}" if first == last else f"{first} to {last}"
    return _line(name, titles, len(rows), years, places, access)


def _line(
    name: str, holds: str, rows: int, years: str = "", sources: str = "", access: str = ""
) -> dict[str, str | int]:
    return {"table": name, "holds": holds, "rows": rows, "years": years, "sources": sources, "access": access}


def _column(board: str, file: str, key: str, of: str) -> dict[str, str]:
    """A column of a file that the dictionary and the board may both have, by its key."""
    both = pd.concat([read(path) for path in tables_of(board) if path.stem == file])
    return dict(zip(both[key], both[of], strict=True))


def _told(keys: pd.Series, said: dict[str, str]) -> str:
    """What is said of some keys, each once: the first few, and how many more."""
    words = list(dict.fromkeys(said.get(key, "") for key in keys))
    more = f" and {len(words) - MOST} more" if len(words) > MOST else ""
    return "; ".join(words[:MOST]) + more
