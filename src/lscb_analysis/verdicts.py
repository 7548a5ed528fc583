"""An edition's declared comparisons, all at once, to one table of verdicts.

The false discovery rate belongs to the edition as a whole, so a verdict is never computed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from lscb_analysis.composition import mix_change, share
from lscb_analysis.consistency import implied_totals
from lscb_analysis.data import load, measures
from lscb_analysis.editions import Comparison, Edition, EditionError
from lscb_analysis.rates import proportion, rate, stated
from lscb_analysis.schema import nearest
from lscb_analysis.comparisons import COMPARISON, NO_FIGURE, compare

FALSE_DISCOVERY_RATE = 0.05
NO_CLEAR_CHANGE = "no clear change"
NOT_COMPARED = "not compared"

_COLUMNS = ["question", "chapter", "degrees", "statistic", "shift", *COMPARISON]

METHODS: dict[str, Callable[..., pd.DataFrame]] = {"rate": rate, "proportion": proportion, "mix": share}


def verdicts(edition: Edition) -> pd.DataFrame:
    """Return one row for each comparison that `edition` declares.

    To what `compare` gives, a row adds `question`, `chapter`, `method`, `p_dispersed` (the p-value
    when the children counted vary `dispersion` times as much as independent ones would), `threshold`
    (below which `p_dispersed` must lie by Benjamini and Hochberg's procedure at 5% over the edition),
    `compared` (how many comparisons were tested), `tips_at` (the dispersion at which the verdict
    would tip) and `verdict`: better, worse, higher, lower, changed, no clear change or not compared.

    Raises DataError if the edition names a table or rows that do not exist, EditionError if a rate or
    proportion has more than one series.
    """
    rows = pd.DataFrame([_row(comparison, edition) for comparison in edition.comparisons], columns=_COLUMNS)
    known = measures().reindex(rows["measure"]).set_index(rows.index)
    rows = rows.assign(
        polarity=known["polarity"], dispersion=known["dispersion"].fillna(1), reason=rows["reason"].fillna("")
    )
    quantile = stats.chi2.isf(rows["p_value"], rows["degrees"])
    rows["p_dispersed"] = stats.chi2.sf(quantile / rows["dispersion"], rows["degrees"])
    rows["threshold"] = _thresholds(rows["p_dispersed"].to_numpy(float))
    rows["compared"] = int(rows["p_value"].notna().sum())
    rows["tips_at"] = quantile / stats.chi2.isf(rows["threshold"], rows["degrees"])
    return rows.assign(verdict=[_verdict(row) for _, row in rows.iterrows()])


def declared(edition: Edition, question: str, part: Literal["counts", "totals", "printed"]) -> pd.DataFrame:
    """Return the rows that the edition declares as one part of a comparison, up to its latest period.

    Raises EditionError for a question that the edition does not ask or a part that it leaves out.
    """
    asked = {comparison.question: comparison for comparison in edition.comparisons}
    if question not in asked:
        raise EditionError(f"{edition.name} asks no question {question!r}. {nearest(question, asked)}")
    rows = getattr(asked[question], part)
    if rows is None:
        raise EditionError(f"{edition.name} declares no {part} for {question!r}.")
    where = {column: value for column, value in rows.items() if column != "table"}
    return load(str(rows["table"]), until=edition.latest, **where, area_name=edition.area)


def estimates(edition: Edition, question: str) -> pd.DataFrame:
    """Return the estimates that a comparison is made from, for every period up to the latest."""
    counts, printed = (declared(edition, question, part) for part in ("counts", "printed"))
    comparison = next(asked for asked in edition.comparisons if asked.question == question)
    if comparison.totals is None:
        totals = implied_totals(counts, printed, measure=str(counts["measure"].iloc[0]))
    else:
        totals = declared(edition, question, "totals")
    return stated(printed, METHODS[comparison.method](counts, totals, confidence=edition.confidence))


def _row(comparison: Comparison, edition: Edition) -> dict[str, object]:
    series = estimates(edition, comparison.question)
    head = {"question": comparison.question, "chapter": comparison.chapter}
    changed = compare(series, edition.previous, edition.latest, edition.confidence)
    if comparison.method != "mix":
        if len(changed) != 1:
            raise EditionError(
                f"{comparison.question}: a {comparison.method} compares one series, "
                f"and its rows make {len(changed)}."
            )
        return head | {"degrees": 1} | changed.iloc[0].to_dict()
    same = {
        column: changed[column].iloc[0]
        for column in changed.columns
        if changed[column].astype(str).nunique() == 1
    }
    row = head | same | {"category": "Total", "reason": ""}
    if not {edition.previous, edition.latest} <= set(series.dropna(subset=["numerator"])["time_period"]):
        return row | {"p_value": np.nan, "degrees": 1, "reason": NO_FIGURE}
    return row | mix_change(series, edition.previous, edition.latest)


def _thresholds(p_values: np.ndarray) -> np.ndarray:
    """The p-value below which each test is rejected, given the others (Benjamini and Hochberg 1995).

    A test is rejected when it lies below 5% times the rejections there would be if its own p-value
    were zero, over the number of tests.
    """
    tested = ~np.isnan(p_values)
    thresholds = np.full(len(p_values), np.nan)
    for i in np.flatnonzero(tested):
        others = np.where(np.arange(len(p_values)) == i, 0.0, p_values)[tested]
        adjusted = stats.false_discovery_control(others, method="bh")
        thresholds[i] = FALSE_DISCOVERY_RATE * (adjusted <= FALSE_DISCOVERY_RATE).sum() / tested.sum()
    return thresholds


def _verdict(row: pd.Series) -> str:
    if pd.isna(row["p_dispersed"]):
        return NOT_COMPARED
    if row["p_dispersed"] > row["threshold"]:
        return NO_CLEAR_CHANGE
    if pd.isna(row["change"]):
        return "changed"
    rose = row["change"] > 0
    if row["polarity"] == "neither":
        return "higher" if rose else "lower"
    return "better" if rose == (row["polarity"] == "higher is better") else "worse"
