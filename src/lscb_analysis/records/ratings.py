"""Partners' ratings of statements: summaries that give no rating away, and whether a printed one can be.

A board that assesses itself has each partner rate each statement from 1 poor to 4 outstanding and publishes
the mode, the mean and the range. Any return with graded statements works the same way.

What is kept: no summary is made of fewer than `FEWEST` ratings, nor of ratings that are all the same, since
a range of 0 tells what every partner said; and none that a summary given out before, of nearly the same
ratings, would turn into the ratings of a few. What is not: a partner knows their own rating, and may guess
more from a summary than others can.
"""

import re
from collections import defaultdict
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lscb_analysis.data import RATING_COLUMNS, DataError, located, measures, read, records, validate_ratings
from lscb_analysis.project import project
from lscb_analysis.statistics import decimals, rounded

SCALE = {1: "poor", 2: "adequate", 3: "good", 4: "outstanding"}
FEWEST = 5
"""A statement with fewer ratings has no summary."""

LARGEST_PANEL = 20
"""The search is for so many raters at most: of more, nearly every mean is possible."""

PARTS = ("mode", "mean", "range")
"""The roles of the measures in which `data/` holds a published summary."""

STEP = 0.5
"""Partners may rate in steps of so much."""

NO_MODE = "none"
"""The mode of ratings that are all different."""


def read_ratings(path: str | Path) -> pd.DataFrame:
    """Return a CSV file of ratings as a frame: `statement`, `rater` and `rating`, missing if not given.

    A path that is not there from the working folder is looked for from the project's folder.
    Raises DataError with every problem of the file.

    >>> lscb.records.read_ratings("data/examples/ratings.csv").columns.tolist()
    ['statement', 'rater', 'rating']
    """
    file = Path(path) if Path(path).is_file() else project() / path
    return _checked(read(file))


def summarise(
    ratings: pd.DataFrame, before: pd.DataFrame | None = None, unanimous: bool = False
) -> pd.DataFrame:
    """Return the mode, the mean and the range of the ratings of each statement, and no rating.

    `ratings` has the columns `statement`, `rater` and `rating`. The frame returned has a row for each
    statement, in their order: `statement`, `mode` (text: ties as `2/3`, `none` where no two ratings are the
    same), `mean` (to one decimal, halves up), `range`, `raters` (how many rated it) and `status`.

    A statement is withheld, all its figures missing and its status `c`, if it has fewer than `FEWEST`
    ratings; if all its ratings are the same, unless the partners agreed that this may be told (`unanimous`);
    and, given the ratings `before` whose summary is out already, if the ratings added, taken away or
    changed since are themselves fewer than `FEWEST` or all the same: the difference would tell them. For a
    summary of some partners only, `before` are the ratings of all.

    Raises DataError with every problem of a table.

    >>> ratings = lscb.records.read_ratings("data/examples/ratings.csv")
    >>> lscb.records.summarise(ratings)[["mode", "mean", "range", "raters"]].values.tolist()[0]
    ['3', 2.9, 2.0, 6]
    """
    told = _checked(located(ratings, "ratings"))
    summary = _summary(told, unanimous)
    if before is None:
        return summary
    earlier = _checked(located(before, "ratings before"))
    out = set(_summary(earlier, unanimous).query("status == ''")["statement"])
    few = summary["statement"].map(lambda one: one in out and _tells(told, earlier, one, unanimous))
    return _withheld(summary, few.astype(bool))


def feasible(
    mode: str | None,
    mean: str | None,
    spread: str | None,
    raters: int,
    *,
    step: float = STEP,
    cut: bool = False,
) -> list[int]:
    """Return with how many ratings, from `FEWEST` to `raters`, a printed summary is possible at all.

    `mode`, `mean` and `spread` (the range) are given as printed; None where nothing is printed. Every way in
    which so many partners could rate is tried, in half points or, with a `step` of 1, in whole ones. The mode
    is one rating, or all that tie; the mean is rounded half up to the decimals printed, or `cut` off.

    Raises ValueError for a text that is no such figure, or for more raters than `LARGEST_PANEL`.

    >>> lscb.records.feasible("3", "3.0", "0", raters=8)
    [5, 6, 7, 8]
    >>> lscb.records.feasible("3", "2.0", "0", raters=8)
    []
    """
    if not FEWEST <= raters <= LARGEST_PANEL:
        raise ValueError(f"{raters} raters: the search is for {FEWEST} to {LARGEST_PANEL} of them.")
    modes = None if mode is None else _modes(mode)
    wanted = None if mean is None else (decimals(mean), int(_checked_figure(mean).replace(".", "")))
    twice = None if spread is None else round(2 * float(_checked_figure(spread)))
    return [n for n in range(FEWEST, raters + 1) if _possible(n, step, cut, modes, wanted, twice)]


def check_summaries(printed: pd.DataFrame, raters: float) -> pd.DataFrame:
    """Return for each statement whether ratings exist that give the mode, mean and range printed.

    Where it is not known how many `raters` there were, a missing value, no statement can be checked.
    `printed` are rows of `data/` whose measures have the roles of `PARTS`. The frame has the row
    of each statement's mean (or, without one, its range), with `possible` (half points, means rounded),
    `possible_cut` (half points, means cut off), `possible_whole` (whole points, means rounded), `raters` and
    `fewest`. A statement without any print is left out, and so are all if `raters` is missing.

    >>> printed = lscb.statistics.stated(pack.load("duties_mode", "duties_mean", "duties_range"))
    >>> lscb.records.check_summaries(printed, raters=14)["possible"].tolist()
    [True, True, True]
    """
    if printed.empty or pd.isna(raters):
        return printed.head(0)
    raters = int(raters)
    ways = {"possible": (STEP, False), "possible_cut": (STEP, True), "possible_whole": (1.0, False)}
    statements: dict[tuple[str, ...], dict[str, dict[str, Any]]] = defaultdict(dict)
    for part, row in zip(parts(printed), records(printed), strict=True):
        statement = statements[row["area_code"], row["period_end"], row["source"], row["category"]]
        if part in PARTS and row["status"] not in ("x", "c"):
            statement[part] = row
    rows = []
    for told in filter(None, statements.values()):
        mode, mean, spread = (told[part]["printed"] if part in told else None for part in PARTS)
        said = {
            name: bool(feasible(mode, mean, spread, raters, step=step, cut=cut))
            for name, (step, cut) in ways.items()
        }
        row = told.get("mean") or next(iter(told.values()))
        rows.append(row | said | {"raters": raters, "fewest": FEWEST})
    return pd.DataFrame(rows)


def parts(frame: pd.DataFrame) -> pd.Series:
    """Return for each row which part of a summary its measure is: mode, mean or range; or another role."""
    return frame["measure"].map(measures()["role"]).fillna("")


def summaries(frame: pd.DataFrame) -> pd.Series:
    """Return which rows are parts of a summary."""
    return parts(frame).isin(PARTS)


def _checked(raw: pd.DataFrame) -> pd.DataFrame:
    """A table of ratings, `located`, with the ratings as numbers: they may have been strings or numbers."""
    if set(raw.columns) == set(RATING_COLUMNS):
        raw = raw.assign(**{column: [_as_text(cell) for cell in raw[column]] for column in RATING_COLUMNS})
    problems = validate_ratings(raw)
    if problems:
        raise DataError(problems)
    return raw.assign(rating=pd.to_numeric(raw["rating"])).reset_index(drop=True)


def _as_text(cell: object) -> str:
    if pd.isna(cell):
        return ""
    return f"{cell:g}" if isinstance(cell, int | float) else str(cell)


def _summary(ratings: pd.DataFrame, unanimous: bool) -> pd.DataFrame:
    rows = []
    for statement, given in ratings.groupby("statement", sort=False)["rating"]:
        told = given.dropna()
        mode = "/".join(f"{rating:g}" for rating in told.mode()) if told.duplicated().any() else NO_MODE
        mean = float(rounded(told.mean(), 1)) if len(told) else np.nan
        rows.append((statement, mode, mean, told.max() - told.min(), len(told), ""))
    summary = pd.DataFrame(rows, columns=["statement", *PARTS, "raters", "status"])
    hidden = (summary["raters"] < FEWEST) | ((summary["range"] == 0) & (not unanimous))
    return _withheld(summary.astype({"raters": "Int64"}), hidden)


def _withheld(summary: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    """`summary` without the figures that are hidden: the number of raters too, which could tell why."""
    told = {column: summary[column].mask(hidden) for column in (*PARTS, "raters")}
    return summary.assign(**told, status=summary["status"].mask(hidden, "c"))


def _tells(ratings: pd.DataFrame, before: pd.DataFrame, statement: str, unanimous: bool) -> bool:
    """Whether what changed in the ratings of a statement are too few ratings, or all the same."""
    now, then = (
        frame[frame["statement"] == statement].dropna().set_index("rater")["rating"]
        for frame in (ratings, before)
    )
    both = pd.concat([now, then], axis="columns", keys=["now", "then"])
    changed = both[both["now"] != both["then"]]
    alike = pd.unique(changed.to_numpy().ravel())
    same = len(alike[~np.isnan(alike)]) == 1 and not unanimous
    return bool(len(changed)) and (len(changed) < FEWEST or same)


def _checked_figure(text: str) -> str:
    if not re.fullmatch(r"[0-9](\.[0-9]{1,6})?", text):
        raise ValueError(f"{text!r} is no printed rating: give its digits, as '2.5'.")
    return text


def _modes(mode: str) -> tuple[float, ...]:
    """The ratings that tie as the mode; none of them where every rating differs."""
    return () if mode == NO_MODE else tuple(sorted(float(_checked_figure(text)) for text in mode.split("/")))


def _possible(
    raters: int,
    step: float,
    cut: bool,
    modes: tuple[float, ...] | None,
    mean: tuple[int, int] | None,
    spread: int | None,
) -> bool:
    """Whether any way to rate has these modes, mean (its decimals and digits) and twice this range."""
    grades, given = _ways(raters, step)
    could = np.ones(len(given), bool)
    if modes is not None:
        most = given.max(axis=1, keepdims=True)
        tied = (given == most) & (most > 1)
        could &= (tied == np.isin(grades / 2, modes)).all(axis=1) & np.isin(modes, grades / 2).all()
    if mean is not None:
        places, digits = mean
        shift = 0 if cut else raters
        could &= (given @ grades * 10**places + shift) // (2 * raters) == digits
    if spread is not None:
        highest = np.where(given > 0, grades, grades[0]).max(axis=1)
        could &= highest - np.where(given > 0, grades, grades[-1]).min(axis=1) == spread
    return bool(could.any())


@cache
def _ways(raters: int, step: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The grades, doubled to be whole, and how often each is given, for every way of so many ratings."""
    grades = np.arange(2, 9, round(2 * step))
    bars = np.array(list(combinations(range(raters + len(grades) - 1), len(grades) - 1)))
    ends = np.full((len(bars), 1), raters + len(grades) - 1)
    given = np.diff(np.hstack([np.full_like(ends, -1), bars, ends])) - 1
    return grades, given
