"""An edition's declared comparisons, all at once, to one table of verdicts.

The false discovery rate belongs to the edition as a whole, so a verdict is never computed alone.
"""

import json
from collections.abc import Callable
from contextlib import chdir, suppress
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from lscb_analysis import data, errors, statistics
from lscb_analysis.editions.edition import Comparison, Edition, EditionError, Rows, read_edition
from lscb_analysis.project import NATIONAL

FALSE_DISCOVERY_RATE = 0.05
NO_CLEAR_CHANGE = "no clear change"
TOO_FEW = "too few to tell"
NOT_COMPARED = "not compared"
CHANGED = "changed"
CALLED = ("better", "worse", "higher", "lower", CHANGED)
"""The verdicts that call a change."""

_COLUMNS = [
    "question",
    "chapter",
    "degrees",
    "statistic",
    "shift",
    "interval_excludes_none",
    *statistics.COMPARISON,
]
SAME_FIGURE = ["area_code", "time_period", "time_identifier", "period_end", "measure", "category"]
"""What makes two rows the same figure, whoever gives it."""
_SMALLEST = ["smallest_fall", "smallest_rise", "smallest_shift"]

Part = Literal["counts", "totals", "printed", "heading"]
METHODS: dict[str, Callable[..., pd.DataFrame]] = {
    "rate": statistics.rate,
    "proportion": statistics.proportion,
    "mix": statistics.share,
}
TWO_RELEASES = "no release that has figures for both periods"


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

    Its `attrs["missing"]` has for each question the periods and files in which it lacks something, as
    `2017 in data/anytown/plans.csv`; none where it is compared, or where areas or periods differ.

    Raises EditionError, with every comparison that cannot be made, if the edition names a table or rows that
    do not exist or a rate or proportion has more than one series; or if none has figures for both periods.
    """
    edition.open()
    made_of = edition.model_dump_json(), data.stamp()
    if made_of not in _made:
        # what a chapter reads of it is the rows that it releases
        with data.unrecorded():
            _made[made_of] = _table(edition)
    return _made[made_of].copy()


_made: dict[tuple[str, tuple[data.Stamped, ...]], pd.DataFrame] = {}
"""The tables by what they were made of: an edition, and the files of data as they then were."""


def _table(edition: Edition) -> pd.DataFrame:
    made = _rows(edition)
    rows = pd.DataFrame([row for row, _, _ in made], columns=_COLUMNS)
    known = data.measures().reindex(rows["measure"]).set_index(rows.index)
    defined = known[["polarity", "dispersion", "smallest_change"]]
    rows = rows.assign(**defined, reason=rows["reason"].fillna(""))
    _check_periods(edition, rows)
    asked = zip(rows["question"], rows["reason"], strict=True)
    lacks = {question: _lacks(edition, question, reason) for question, reason in asked}
    worded = rows["question"].map(lambda question: ", and ".join(words for words, _ in lacks[question]))
    rows["reason"] = rows["reason"].where(worded == "", worded)
    rows.attrs["missing"] = {question: [where for _, where in found] for question, found in lacks.items()}
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
    excludes = rows["interval_excludes_none"]
    rows["at_odds"] = rows["p_value"].notna() & excludes.notna() & (beyond != excludes.eq(True))
    return rows.assign(verdict=[_verdict(row) for _, row in rows.iterrows()])


def make_ahead(root: str, edition: str, **changed: Any) -> dict[Any, pd.DataFrame]:
    """Read the data of the project in `root`, make an edition's verdicts, and return them for `remember`.

    Fields of the edition may be `changed`. What is wrong with them is left to the build to say.
    """
    with chdir(root), suppress(ValueError):
        opened = read_edition(edition, **changed)
        data.check(opened.data)
        verdict_table(opened)
    return _made


def remember(made: dict[Any, pd.DataFrame]) -> None:
    """Take over verdicts that another process made, for as long as the data stay as they were."""
    _made.update(made)


def declared(edition: Edition, question: str, part: Part, every: bool = False) -> pd.DataFrame:
    """Return the rows that the edition declares as one part of a comparison, up to its latest period.

    Of national statistics they may be of `every` area of the edition.
    There are none of a question that the edition does not ask, or of a part that it leaves out. Where it
    names several sources, a figure is that of the first that has it. Raises EditionError for a figure that
    several sources give without the edition saying which counts.
    """
    edition.open()
    asked = {comparison.question: comparison for comparison in edition.comparisons}
    rows = getattr(asked.get(question), part, None)
    if rows is None:
        return data.figures()
    where = {key: value for key, value in rows.items() if key != "table" and not isinstance(value, list)}
    if "table" not in rows:
        of_area = {} if every else {"area_name": edition.area}
        return _by_measure(edition, asked[question], part, where | of_area)
    of = {"until": edition.latest, **where, "area_name": edition.area}
    try:
        if not isinstance(sources := rows.get("source"), list):
            found = data.load(str(rows["table"]), **of)
            _check_one_source(found, rows, part, f"{edition.name}, question {question!r}")
            return found
        parts = [data.load(str(rows["table"]), **of, source=source) for source in sources]
    except data.DataError as error:
        taken = f"and {edition.name} takes it as the {part} of {question!r}"
        raise data.DataError(
            replace(wrong, what=f"{wrong.what}, {taken}") for wrong in error.problems
        ) from error
    return pd.concat(parts).drop_duplicates(SAME_FIGURE, ignore_index=True)


def _by_measure(edition: Edition, asked: Comparison, part: Part, where: dict[str, Any]) -> pd.DataFrame:
    """The rows of a part that names a measure and no table; totals are of the release of the counts."""
    measure, of = str(where.pop("measure")), where
    counts = str(asked.counts["measure"])
    rows = data.totals(measure, counts, **of) if part == "totals" else data.figures(measure, **of)
    return rows[rows["period_end"] <= data.last_day(edition.latest)]


def periods(edition: Edition, rows: pd.DataFrame) -> tuple[statistics.Period, statistics.Period]:
    """Return the two periods that are compared: the edition's, or the last two years that `rows` have."""
    if edition.previous is not None:
        return edition.previous, edition.latest
    there = rows[~rows["status"].isin(["x", "z"])]
    latest = int((there if len(there) else rows)["time_period"].max()) if len(rows) else int(edition.latest)
    return latest - 1, latest


def estimates(edition: Edition, question: str, every: bool = False) -> pd.DataFrame:
    """Return the estimates that a comparison is made from, for every period up to the latest.

    Of national statistics they may be of `every` area of the edition.
    They are as printed, or where the edition declares no print as counts and totals give them: `printed` is
    empty then. Raises EditionError if the dictionary has no measure for these.
    """
    comparison, made = _asked(edition, question), _from_numbers(edition, question, every)
    if comparison.printed is None:
        return made.assign(measure=shown_measure(comparison), printed="")
    return statistics.stated(declared(edition, question, "printed"), made)


def shown_measure(comparison: Comparison) -> str:
    """Return the measure that a comparison shows: as declared, or else as its counts and totals make it.

    That has the title and the categories of the counts. Raises EditionError if there is none.
    """
    if comparison.printed is not None:
        return str(comparison.printed.get("measure", ""))
    counted, known = str(comparison.counts.get("measure", "")), data.measures()
    own = known.reindex([counted]).iloc[0]
    unit = "per" if comparison.method == "rate" else "%"
    alike = (known["title"] == own["title"]) & (known["scheme"] == own["scheme"])
    fitting = known.index[alike & known["unit"].str.startswith(unit)]
    if len(fitting) != 1:
        raise EditionError(
            f"{comparison.question} declares no printed, so measures.csv needs one measure with the "
            f"title and scheme of {counted!r} whose unit begins with {unit!r}; it has {len(fitting)}."
        )
    return str(fitting[0])


def _asked(edition: Edition, question: str) -> Comparison:
    asked = {comparison.question: comparison for comparison in edition.comparisons}
    if question not in asked:
        raise EditionError(f"{edition.name} asks no question {question!r}. {data.nearest(question, asked)}")
    return asked[question]


def _from_numbers(edition: Edition, question: str, every: bool = False) -> pd.DataFrame:
    """What the counts and totals of a comparison give, whatever is printed."""
    comparison, counts = _asked(edition, question), declared(edition, question, "counts", every)
    printed = declared(edition, question, "printed") if comparison.printed is not None else counts
    if comparison.method == "mix":
        _check_categories(comparison, counts, printed)
    if comparison.totals is None:
        totals = statistics.implied_totals(counts, printed, measure=str(counts["measure"].iloc[0]))
    else:
        totals = declared(edition, question, "totals", every)
    try:
        # a publisher's mistake of a year is no reason to tell nothing of the others
        national = {"refuse": False} if comparison.method == "mix" and edition.data == NATIONAL else {}
        made = METHODS[comparison.method](counts, totals, confidence=edition.confidence, **national)
    except statistics.EstimateError as error:
        parts = [comparison.counts, comparison.totals or comparison.counts]
        held = " against ".join(dict.fromkeys(_place(edition, part) for part in parts))
        raise statistics.EstimateError(f"{question}, {held}: {error}") from error
    if comparison.method == "rate" and edition.data != NATIONAL:
        _check_vintage(edition, made, f"{edition.name}, question {question!r}")
    return made


def _place(edition: Edition, rows: Rows) -> str:
    """Where the rows of a part stand: their table, or their measure in national statistics."""
    named = f"{rows['table']}.csv" if "table" in rows else f", {rows['measure']}"
    return f"data/{edition.data}/{named}".replace("/,", ",")


def _check_one_source(found: pd.DataFrame, rows: Rows, part: str, asked: str) -> None:
    """A figure has one source; where there are more, the edition says which counts."""
    twice = found[found.duplicated(SAME_FIGURE, keep=False)]
    if len(twice):
        day = twice["period_end"].iloc[0]
        sources = list(twice.loc[twice["period_end"] == day, "source"].unique())
        said = rows | {"source": sources[0]}
        line = ", ".join(f"{column} = {json.dumps(value)}" for column, value in said.items())
        raise EditionError(
            f"{asked}: {' and '.join(sources)} give the same figure for {day:%Y-%m-%d}, and {part} does not "
            f"say whose it takes. Write in the edition: {part} = {{ {line} }}. Several stand in the order in "
            f"which they are looked at: source = {json.dumps(sources)}."
        )


def _check_vintage(edition: Edition, made: pd.DataFrame, asked: str) -> None:
    """The populations under the two rates that are compared were estimated together."""
    of, compared = data.dictionary().sources.set_index("source"), periods(edition, made)
    here = pd.concat([statistics.of_period(made, one) for one in compared], axis="columns").any(
        axis="columns"
    )
    told = made[here & (made["denominator_source"].fillna("") != "")]
    named = dict(zip(told["denominator_source"], told["time_period"], strict=True))
    if len(of.loc[list(named), ["document", "release"]].drop_duplicates()) > 1:
        each = " and ".join(f"{name} ({of.at[name, 'release']}) for {year}" for name, year in named.items())
        raise EditionError(
            f"{asked}: its rates are made with populations of two releases, {each}. A population that is "
            "estimated anew moves a rate by itself, so such rates are not compared. Add both populations of "
            "one release to the table that totals names, and give totals that source in the edition."
        )


def _check_categories(comparison: Comparison, *frames: pd.DataFrame) -> None:
    """Every category of a mix has a row in every period: none may vanish by being left out."""
    for frame in frames:
        categories = data.dictionary().categories
        scheme = data.measures().at[frame["measure"].iloc[0], "scheme"]
        every = set(categories.loc[categories["scheme"] == scheme, "category"])
        for (year, identifier), rows in frame.groupby(["time_period", "time_identifier"]):
            lost = sorted(every - set(rows["category"]))
            if lost:
                where = f"in {year} ({identifier}), of those from {rows['source'].iloc[0]}"
                remedy = "Add it, with the symbol of the source if it is withheld."
                raise EditionError(f"{comparison.question}: no row for {', '.join(lost)} {where}. {remedy}")


def _lacks(edition: Edition, question: str, reason: str) -> list[tuple[str, str]]:
    """What a comparison that is not made lacks in each period: words for it, the period and where to look.

    There is nothing if areas or periods differ.
    """
    if not reason:
        return []
    comparison = _asked(edition, question)
    shown, made = estimates(edition, question), _from_numbers(edition, question)
    found = []
    for period, which in zip(periods(edition, shown), ("earlier", "later"), strict=True):
        rows, numbers = (frame[statistics.of_period(frame, period)] for frame in (shown, made))
        if lacking := _lacking(comparison, reason, rows, numbers):
            part, words = lacking
            found.append((words.format(which), f"{period} in {_place(edition, getattr(comparison, part))}"))
    return found


def _lacking(
    comparison: Comparison, reason: str, shown: pd.DataFrame, made: pd.DataFrame
) -> tuple[str, str] | None:
    """The part of a comparison that lacks something in a period, and words for what that is."""
    if reason == statistics.NO_FIGURE and comparison.printed is not None:
        untold = _untold(comparison, shown, "value")
        if shown.empty:
            return "printed", "no figure for the {} period: it has no row"
        return ("printed", f"no figure for the {{}} period: {_since(untold)}") if len(untold) else None
    if reason == statistics.AGAINST_NUMBERS:
        words = "a figure printed for the {} period that its numbers do not give"
        return ("printed", words) if (shown["method"] == statistics.CONTRADICTED).any() else None
    lacks = _untold(comparison, shown, "value" if comparison.printed is None else "numerator")
    if reason not in (statistics.NO_FIGURE, statistics.NO_DENOMINATOR) or (len(shown) and lacks.empty):
        return None
    untold = _untold(comparison, made, "numerator")
    if made.empty or len(untold):
        return "counts", f"no number behind the {{}} figure{'' if made.empty else f': {_since(untold)}'}"
    if comparison.totals is None:
        return "counts", "no single total that fits the {} figure as printed"
    if comparison.method == "rate":
        return "totals", "no population behind the {} figure"
    return "totals", "no total behind the {} figure"


def _untold(comparison: Comparison, frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows without a figure; of a mix, what is withheld is no obstacle as long as something is told."""
    untold = frame[frame[column].isna()]
    some = comparison.method == "mix" and len(untold) < len(frame)
    return untold[untold["status"] != "c"] if some else untold


def _since(untold: pd.DataFrame) -> str:
    """Why figures are not told: what the source itself has none of counts more than what it withholds."""
    if untold["status"].eq("u").all():
        return "its parts do not make up its total"
    return "its source withholds it" if untold["status"].eq("c").all() else "its source gives none"


def _rows(edition: Edition) -> list[tuple[dict[str, object], np.ndarray | None, statistics.Law]]:
    """What `_row` makes of each comparison. What stops any of them is told of all at once."""
    made, wrong = [], []
    for comparison in edition.comparisons:
        try:
            made.append(_row(comparison, edition))
        except errors.InputError as error:
            wrong += [(comparison.question, error)]
    if wrong:
        lines = [
            str(error) if question in str(error) else f"{edition.name}.toml, comparison {question}: {error}"
            for question, error in wrong
        ]
        raise EditionError("\n".join(lines)) from wrong[0][1]
    return made


def _row(
    comparison: Comparison, edition: Edition
) -> tuple[dict[str, object], np.ndarray | None, statistics.Law]:
    """A comparison's row of the table, for a mix the counts it is made from, and the law of its test."""
    series = estimates(edition, comparison.question)
    compared = periods(edition, series)
    head = {"question": comparison.question, "chapter": comparison.chapter, "degrees": 1}
    changes = statistics.mix_changes if comparison.method == "mix" else statistics.compare
    changed = changes(series, *compared, edition.confidence)
    head["interval_excludes_none"] = _excludes_none(changed)
    apart = edition.data == NATIONAL and _of_two_releases(series, compared)
    if comparison.method != "mix":
        if len(changed) != 1:
            made = f"a {comparison.method} compares one series, and its rows make {len(changed)}"
            raise EditionError(f"{comparison.question}: {made}.")
        row = head | changed.iloc[0].to_dict()
        return row | (_UNTESTED if apart else {}), None, stats.chi2(1)
    alike = [column for column in changed.columns if changed[column].astype(str).nunique() == 1]
    own = {"category": "Total", "method": "", "test": "", "status": "", "status_before": ""}
    untold = dict.fromkeys(["value", "value_before", "numerator", "numerator_before"], np.nan)
    row = head | changed[alike].iloc[0].to_dict() | own | untold
    row["reason"] = TWO_RELEASES if apart else statistics.not_tested(changed)
    if row["reason"]:
        return row, None, stats.chi2(1)
    test, law = statistics.mix_change(series, *compared)
    return row | test, statistics.mix_table(series, *compared)[0], law


_UNTESTED = {
    **dict.fromkeys(["change", "lower", "upper", "p_value"], np.nan),
    **{"test": "", "reason": TWO_RELEASES, "interval_excludes_none": None},
}
"""What a comparison of figures of two releases has in place of a test."""


def _of_two_releases(series: pd.DataFrame, compared: tuple[statistics.Period, statistics.Period]) -> bool:
    """Whether the figures of two periods, or their totals, are of different releases."""
    of = data.dictionary().sources.set_index("source")["release"]
    here = pd.concat([series[statistics.of_period(series, period)] for period in compared])
    columns = ("numerator_source", "denominator_source")
    named = [here.loc[here[column].fillna("") != "", column].map(of).nunique() for column in columns]
    return max(named) > 1


def _check_periods(edition: Edition, rows: pd.DataFrame) -> None:
    """What the edition names must be there, for both of its periods, if only to say that it is not told."""
    if len(rows) and rows[["period_end", "period_end_before"]].isna().any(axis="columns").all():
        raise EditionError(
            f"No comparison has figures for both {edition.previous} and {edition.latest}. "
            f"Give a previous and a latest period for which there are rows in data/{edition.data}/."
        )


def _check_defined(rows: pd.DataFrame) -> None:
    """A verdict cannot do without the smallest change that matters."""
    undefined = rows[rows["p_value"].notna() & rows["smallest_change"].isna()]
    if len(undefined):
        remedy = "Give it in measures.csv, column smallest_change."
        raise EditionError(f"No smallest change that matters: {', '.join(undefined['measure'])}. {remedy}")


def _excludes_none(changed: pd.DataFrame) -> bool | None:
    """Whether any interval of a change leaves out that there was none; None if there is no interval."""
    if changed["lower"].isna().all():
        return None
    return bool(((changed["lower"] > 0) | (changed["upper"] < 0)).any())


def _smallest(row: pd.Series, mix: np.ndarray | None) -> tuple[float, float, float]:
    """The smallest fall, rise and shift that could have been seen, in `change_unit`."""
    if pd.isna(row["p_value"]):
        return np.nan, np.nan, np.nan
    level, dispersion = FALSE_DISCOVERY_RATE / row["compared"], row["dispersion"]
    if mix is not None:
        before, total_before, total = mix[0], mix[0].sum(), mix[1].sum()
        return np.nan, np.nan, 100 * statistics.smallest_shift(before, total_before, total, level, dispersion)
    before, of_before, of = (row[part] for part in ("numerator_before", "denominator_before", "denominator"))
    if row["unit"] == "%":
        fall, rise = statistics.smallest_differences(before, int(of_before), int(of), level, dispersion)
    elif before == 0:
        fall, rise = np.inf, np.inf  # there is no percentage of nothing
    else:
        fall, rise = statistics.smallest_ratios(before, of_before, of, level, dispersion)
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
