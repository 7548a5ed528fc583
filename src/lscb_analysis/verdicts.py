"""An edition's declared comparisons, all at once, to one table of verdicts.

The false discovery rate belongs to the edition as a whole, so a verdict is never computed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir, suppress
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from lscb_analysis.comparisons import COMPARISON, NO_FIGURE, compare
from lscb_analysis.composition import Law, mix_change, mix_changes, mix_table, not_tested, share
from lscb_analysis.consistency import implied_totals
from lscb_analysis.data import Stamped, check, dictionary, load, measures, stamp
from lscb_analysis.editions import Comparison, Edition, EditionError, read_edition
from lscb_analysis.errors import InputError
from lscb_analysis.power import smallest_differences, smallest_ratios, smallest_shift
from lscb_analysis.rates import ESTIMATE, proportion, rate, stated
from lscb_analysis.reads import unrecorded
from lscb_analysis.schema import nearest

FALSE_DISCOVERY_RATE = 0.05
NO_CLEAR_CHANGE = "no clear change"
TOO_FEW = "too few to tell"
NOT_COMPARED = "not compared"
CHANGED = "changed"
CALLED = ("better", "worse", "higher", "lower", CHANGED)
"""The verdicts that call a change."""

_COLUMNS = ["question", "chapter", "degrees", "statistic", "shift", "interval_excludes_none", *COMPARISON]
_SMALLEST = ["smallest_fall", "smallest_rise", "smallest_shift"]

METHODS: dict[str, Callable[..., pd.DataFrame]] = {"rate": rate, "proportion": proportion, "mix": share}


def verdict_table(edition: Edition) -> pd.DataFrame:
    """Return one row for each comparison that `edition` declares.

    To what `compare` gives, a row adds

    - `question`, `chapter`, and for a mix `statistic`, `degrees` and `shift` (percentage points);
    - `p_dispersed`: the p-value when the children counted vary `dispersion` times as much as
      independent ones would; `threshold`: what it must not exceed by Benjamini and Hochberg's
      procedure at 5% over the edition, given the others; `compared`: how many comparisons were
      tested; `tips_at`: the dispersion at which the verdict would tip;
    - `smallest_fall`, `smallest_rise`, `smallest_shift`: the smallest change, in `change_unit`, that
      had a chance of 80% to be seen, at the dispersion and at 5% over `compared`; infinite if none
      had; `smallest_change`: the smallest that matters, by the dictionary;
    - `stock`: whether the periods are days, so that the same children may be counted in both;
    - `verdict`: better, worse, higher, lower, changed; no clear change; too few to tell (a change that
      matters could have gone unseen); or not compared. `at_odds`: whether the interval, which takes
      the comparison alone and the children as independent, says otherwise.

    Raises EditionError, with every comparison that cannot be made, if the edition names a table or rows that
    do not exist or a rate or proportion has more than one series; or if none has figures for both periods.
    """
    made_of = edition.model_dump_json(), stamp()
    if made_of not in _made:
        # what a chapter reads of it is the rows that it releases
        with unrecorded():
            _made[made_of] = _table(edition)
    return _made[made_of].copy()


_made: dict[tuple[str, tuple[Stamped, ...]], pd.DataFrame] = {}
"""The tables by what they were made of: an edition, and the files of data as they then were."""


def _table(edition: Edition) -> pd.DataFrame:
    made = _rows(edition)
    rows = pd.DataFrame([row for row, _, _ in made], columns=_COLUMNS)
    known = measures().reindex(rows["measure"]).set_index(rows.index)
    defined = known[["polarity", "dispersion", "smallest_change"]]
    rows = rows.assign(**defined, reason=rows["reason"].fillna(""))
    _check_periods(edition, rows)
    _check_defined(rows)
    rows["stock"] = rows["period_start"] == rows["period_end"]
    laws = [law for _, _, law in made]
    deviates = rows["statistic"].fillna(pd.Series(stats.chi2.isf(rows["p_value"], 1), rows.index))
    rows["p_dispersed"] = [
        law.sf(deviate) if pd.notna(deviate) else np.nan
        for law, deviate in zip(laws, deviates / rows["dispersion"], strict=True)
    ]
    rows["threshold"] = thresholds(rows["p_dispersed"].to_numpy(float))
    rows["compared"] = int(rows["p_value"].notna().sum())
    limits = [law.isf(limit) for law, limit in zip(laws, rows["threshold"], strict=True)]
    rows["tips_at"] = (deviates / limits).where(rows["p_value"].notna())
    seen = [_smallest(row, mix) for (_, row), (_, mix, _) in zip(rows.iterrows(), made, strict=True)]
    rows[_SMALLEST] = np.array(seen, float).reshape(len(rows), len(_SMALLEST))
    beyond = rows["p_dispersed"] <= rows["threshold"]
    rows["at_odds"] = rows["p_value"].notna() & (beyond != rows["interval_excludes_none"].eq(True))
    return rows.assign(verdict=[_verdict(row) for _, row in rows.iterrows()])


def make_ahead(root: str, edition: str) -> dict[Any, pd.DataFrame]:
    """Read the data of the project in `root`, make an edition's verdicts, and return them for `remember`.

    What is wrong with them is left to the build to say.
    """
    with chdir(root), suppress(ValueError):
        check()
        verdict_table(read_edition(edition))
    return _made


def remember(made: dict[Any, pd.DataFrame]) -> None:
    """Take over verdicts that another process made, for as long as the data stay as they were."""
    _made.update(made)


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
    if comparison.method == "mix":
        _check_categories(comparison, counts, printed)
    if comparison.totals is None:
        totals = implied_totals(counts, printed, measure=str(counts["measure"].iloc[0]))
    else:
        totals = declared(edition, question, "totals")
    return stated(printed, METHODS[comparison.method](counts, totals, confidence=edition.confidence))


def histories(edition: Edition) -> pd.DataFrame:
    """Return the estimates behind every rate and proportion that is compared, for all periods.

    Raises EditionError if the edition compares nothing.
    """
    if not edition.comparisons:
        raise EditionError(f"{edition.name} declares no comparison, so there is none to show over time.")
    asked = [comparison.question for comparison in edition.comparisons if comparison.method != "mix"]
    told = [estimates(edition, question) for question in asked] or [pd.DataFrame(columns=ESTIMATE)]
    return pd.concat(told, ignore_index=True)


def _check_categories(comparison: Comparison, *frames: pd.DataFrame) -> None:
    """Every category of a mix has a row in every period: none may vanish by being left out."""
    for frame in frames:
        categories = dictionary().categories
        scheme = measures().at[frame["measure"].iloc[0], "scheme"]
        every = set(categories[categories["scheme"] == scheme]["category"])
        for period, rows in frame.groupby("time_period"):
            lost = sorted(every - set(rows["category"]))
            if lost:
                raise EditionError(
                    f"{comparison.question}: no row for {', '.join(lost)} in {period}, of those from "
                    f"{rows['source'].iloc[0]}. Add it, with the symbol of the source if it is withheld."
                )


def _rows(edition: Edition) -> list[tuple[dict[str, object], np.ndarray | None, Law]]:
    """What `_row` makes of each comparison. What stops any of them is told of all at once."""
    made, wrong = [], []
    for comparison in edition.comparisons:
        try:
            made.append(_row(comparison, edition))
        except InputError as error:
            wrong += [(comparison.question, error)]
    if wrong:
        lines = [f"{edition.name}.toml, comparison {question}: {error}" for question, error in wrong]
        raise EditionError("\n".join(lines)) from wrong[0][1]
    return made


def _row(comparison: Comparison, edition: Edition) -> tuple[dict[str, object], np.ndarray | None, Law]:
    """A comparison's row of the table, for a mix the counts it is made from, and the law of its test."""
    series = estimates(edition, comparison.question)
    periods = edition.previous, edition.latest
    head = {"question": comparison.question, "chapter": comparison.chapter, "degrees": 1}
    changes = mix_changes if comparison.method == "mix" else compare
    changed = changes(series, *periods, edition.confidence)
    head["interval_excludes_none"] = _excludes_none(changed)
    if comparison.method != "mix":
        if len(changed) != 1:
            raise EditionError(
                f"{comparison.question}: a {comparison.method} compares one series, "
                f"and its rows make {len(changed)}."
            )
        return head | changed.iloc[0].to_dict(), None, stats.chi2(1)
    alike = [column for column in changed.columns if changed[column].astype(str).nunique() == 1]
    own = {"category": "Total", "method": "", "test": "", "status": "", "status_before": ""}
    row = head | changed[alike].iloc[0].to_dict() | own
    row["reason"] = not_tested(changed)
    if row["reason"]:
        return row, None, stats.chi2(1)
    test, law = mix_change(series, *periods)
    return row | test, mix_table(series, *periods)[0], law


def _check_periods(edition: Edition, rows: pd.DataFrame) -> None:
    """What the edition names must be there, for both of its periods."""
    if len(rows) and (rows["reason"] == NO_FIGURE).all():
        raise EditionError(
            f"No comparison has figures for both {edition.previous} and {edition.latest}. "
            "Give a previous and a latest period for which there are rows in data/."
        )


def _check_defined(rows: pd.DataFrame) -> None:
    """A verdict cannot do without the smallest change that matters."""
    undefined = rows[rows["p_value"].notna() & rows["smallest_change"].isna()]
    if len(undefined):
        raise EditionError(
            f"No smallest change that matters: {', '.join(undefined['measure'])}. "
            "Give it in data/measures.csv, column smallest_change."
        )


def _excludes_none(changed: pd.DataFrame) -> bool:
    """Whether any interval of a change leaves out that there was none."""
    return bool(((changed["lower"] > 0) | (changed["upper"] < 0)).any())


def _smallest(row: pd.Series, mix: np.ndarray | None) -> tuple[float, float, float]:
    """The smallest fall, rise and shift that could have been seen, in `change_unit`."""
    if pd.isna(row["p_value"]):
        return np.nan, np.nan, np.nan
    level, dispersion = FALSE_DISCOVERY_RATE / row["compared"], row["dispersion"]
    if mix is not None:
        before, total_before, total = mix[0], mix[0].sum(), mix[1].sum()
        return np.nan, np.nan, 100 * smallest_shift(before, total_before, total, level, dispersion)
    before, of_before, of = (row[part] for part in ("numerator_before", "denominator_before", "denominator"))
    if row["unit"] == "%":
        fall, rise = smallest_differences(before, int(of_before), int(of), level, dispersion)
    else:
        fall, rise = smallest_ratios(before, of_before, of, level, dispersion)
    return 100 * fall, 100 * rise, np.nan


def thresholds(p_values: np.ndarray) -> np.ndarray:
    """Return what each p-value must not exceed, given the others (Benjamini and Hochberg 1995).

    A test is rejected when it lies below 5% times the rejections there would be if its own p-value
    were zero, over the number of tests. One that is missing was not tested, and has none.
    """
    tested = ~np.isnan(p_values)
    limits = np.full(len(p_values), np.nan)
    for i in np.flatnonzero(tested):
        others = np.where(np.arange(len(p_values)) == i, 0.0, p_values)[tested]
        adjusted = stats.false_discovery_control(others, method="bh")
        limits[i] = FALSE_DISCOVERY_RATE * (adjusted <= FALSE_DISCOVERY_RATE).sum() / tested.sum()
    return limits


def _verdict(row: pd.Series) -> str:
    if pd.isna(row["p_dispersed"]):
        return NOT_COMPARED
    if row["p_dispersed"] > row["threshold"]:
        return TOO_FEW if row[_SMALLEST].max() > row["smallest_change"] else NO_CLEAR_CHANGE
    if pd.isna(row["change"]):
        return CHANGED
    rose = row["change"] > 0
    if row["polarity"] == "neither":
        return "higher" if rose else "lower"
    return "better" if rose == (row["polarity"] == "higher is better") else "worse"
