"""The figures that the rules of data quality hold against each other, and which of them belong together."""

import re
from typing import Any

import numpy as np
import pandas as pd

from lscb_analysis import data, editions, project, statistics

Row = dict[str, Any]
"""One row of the frame of figures."""

TOTAL = "Total"
WHOLE = ["area_code", *statistics.PERIOD, "release"]
CELL = [*WHOLE, "measure", "category"]
LINK = ["percentages", "counts", "totals", "mix", "heading"]


def published(edition: editions.Edition) -> pd.DataFrame:
    """Return the figures of all tables, with what the dictionary says of their measures.

    Left out is what is of other areas than the edition's and its comparators, what the publisher of the
    edition's report says in other reports, what is later than that report, and what was simulated; and of
    national statistics what the edition does not compare. Which report it is follows from the facts that were
    taken from it. `rank` orders the sources of a figure: 0
    where a comparison of the edition takes it, then the order of the sources.
    """
    edition.open()
    every = data.every_row()
    every = every[~every["counted"].isin(data.counting(data.SIMULATION))]
    if edition.data == project.NATIONAL:  # of all that the publisher has, what this pack is made from
        asked = links(edition).head(len(edition.comparisons))[LINK[:3]]
        every = every[every["measure"].isin(asked.to_numpy().ravel()) & (every["area_name"] == edition.area)]
    beside = every[["area_name", "area_code"]].isin(edition.comparators).any(axis="columns")
    every = every[(every["area_name"] == edition.area) | beside]
    figures = _of_its_time(every, edition)
    order = {source: at for at, source in enumerate(data.dictionary().sources["source"], 1)}
    rank = figures["source"].map(order).mask(_compared(figures, edition), 0)
    known = data.measures()[["title", "scheme", "denominator"]]
    return figures.assign(rank=rank).join(known, on="measure")


def links(edition: editions.Edition) -> pd.DataFrame:
    """Return which measures belong together, with the columns `LINK`.

    A percentage or rate belongs to the number of the same title and scheme, and to the total that the
    dictionary gives as its denominator; or a comparison of the edition says to which. `mix` marks
    comparisons whose categories make a whole; `heading` is a total that the source names wrongly.
    """
    edition.open()
    known = data.measures().reset_index()
    denominators = known.set_index("measure")["denominator"]
    asked = [_asked(comparison, denominators) for comparison in edition.comparisons]
    figures, numbers = known[known["unit"].str.match("%|per")], known[known["unit"] == "number"]
    alike = figures.merge(numbers, on=["title", "scheme"], how="left", suffixes=("", "_of"))
    own, others = alike["denominator"], alike["denominator_of"].fillna("")
    odd = (own != "") & (others != "") & (own != others)
    counts, totals = alike["measure_of"].fillna("").mask(odd, ""), own.mask(own == "", others)
    by_title = pd.DataFrame({"percentages": alike["measure"], "counts": counts, "totals": totals})
    by_title = by_title.assign(mix=False, heading="")
    both = pd.concat([pd.DataFrame(asked, columns=LINK), by_title], ignore_index=True)
    linked = both.drop_duplicates(["percentages", "counts", "totals"])
    counted = linked.loc[linked["counts"] != "", "percentages"]
    return linked[(linked["counts"] != "") | ~linked["percentages"].isin(counted)].reset_index(drop=True)


def numbers(figures: pd.DataFrame, role: str, keys: list[str]) -> pd.DataFrame:
    """Numbers to be joined by `keys` as the `counts` or the `totals` of others, each value once."""
    told = figures[(figures["unit"] == "number") & figures["value"].notna()]
    if role == "totals":
        told = told[told["category"] == TOTAL]
    told = told.sort_values("rank", kind="stable").drop_duplicates(["measure", *keys, "value"])
    names = {"measure": role, "value": f"value_{role}", "source": f"source_{role}"}
    return told[["measure", *keys, "value", "source"]].rename(columns=names)


def with_links(figures: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    return figures.merge(linked, left_on="measure", right_on="percentages")


def spans(figures: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Between which ends each figure lies, given how it is printed: whole numbers and pence are exact."""
    half = np.array([0.5 * 10.0 ** -statistics.decimals(text) for text in figures["printed"]])
    exact = (figures["unit"] == "number") | ((figures["unit"] == "£") & (half < 0.05))
    value = figures["value"]
    half = np.where(exact, 0.0, half)
    digit = np.array([_last_digit(amount) for amount in value.fillna(1)])
    said = figures["qualifier"]
    half = np.where(said == "about", np.maximum(half, digit / 2), np.where(said == "", half, 0.0))
    least = (value - half).mask(said == "nearly", value - digit).mask(said == "at most", 0.0)
    most = (value + half).mask(said.isin(["over", "at least"]), np.inf)
    return least.round(9), most.round(9)


def digits(row: Row, suffix: str = "") -> str:
    """A printed figure in digits, also where it was printed in words."""
    text = str(row[f"printed{suffix}"]).rstrip("%").replace(",", "")
    return text if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else f"{row[f'value{suffix}']:g}"


def _of_its_time(figures: pd.DataFrame, edition: editions.Edition) -> pd.DataFrame:
    sources, facts = data.dictionary().sources.set_index("source"), data.texts("facts", edition=edition.name)
    if facts.empty:
        return figures
    report = sources.loc[facts["source"].mode().iloc[0]]
    document, publisher = (figures["source"].map(sources[column]) for column in ("document", "publisher"))
    own = document == report["document"]
    last = figures.loc[own, "time_period"].max()  # not a number if nothing is from that report
    return figures[(own | (publisher != report["publisher"])) & ~(figures["time_period"] > last)]


def _compared(figures: pd.DataFrame, edition: editions.Edition) -> pd.Series:
    """Which rows a comparison of the edition takes."""
    asked = [(one.counts, one.totals, one.printed) for one in edition.comparisons]
    wanted = [rows for parts in asked for rows in parts if rows]
    texts = {key: figures[key].astype(str) for key in set().union(*wanted)}
    taken = pd.Series(False, index=figures.index)
    for rows in wanted:
        each = ((texts[key], value if isinstance(value, list) else [value]) for key, value in rows.items())
        taken |= np.logical_and.reduce([text.isin(list(map(str, values))) for text, values in each])
    return taken


def _asked(comparison: editions.Comparison, denominators: pd.Series) -> tuple[str, str, str, bool, str]:
    counts, totals, heading = (
        str((rows or {}).get("measure", ""))
        for rows in (comparison.counts, comparison.totals, comparison.heading)
    )
    percentages = editions.shown_measure(comparison)
    named = [totals, denominators.get(percentages, ""), denominators.get(counts, "")]
    return percentages, counts, next(filter(None, named), ""), comparison.method == "mix", heading


def _last_digit(amount: float) -> float:
    """What the last digit that is not zero is worth: 1,000 in 4,000, and 1 in 39,115 and 57.5."""
    whole = re.fullmatch(r".*?(0*)", str(int(abs(amount)) or 1))
    return 10.0 ** len(whole[1]) if whole else 1.0
