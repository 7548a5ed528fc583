"""How often the verdicts of an edition err: editions are simulated, and read by the tests of the library.

Run it by `make benchmark-alarms`. It writes `simulated_alarms.csv` of the board's folder, from which the page
of methods quotes. A simulated edition has the comparisons that the edition declares, with the populations and
totals that stand behind them. Where nothing changed, the truth is that of both periods together; where a
comparison changed, it is the earlier figure, and that moved by the smallest change said to be visible.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from lscb_analysis.editions.edition import Edition, read_edition
from lscb_analysis.editions.verdicts import FALSE_DISCOVERY_RATE, estimates, thresholds, verdict_table
from lscb_analysis.pages.false_alarms import simulated
from lscb_analysis.project import editions, project
from lscb_analysis.statistics.comparisons import dispersed, two_proportions, two_rates
from lscb_analysis.statistics.mixes import SIMULATIONS, mix_table, mix_test
from lscb_analysis.statistics.power import hardest_shift

BEGUN_WITH = 20_180_331
EDITIONS = 5_000
BATCH = 100
"""So many editions have a generator of their own, so that the first are the same however many follow."""

SIZES = np.arange(1, 6)
LARGER = np.array([0, 26, 14, 7, 3])
"""Sibling groups of two, three, four and five, for each 63 children alone: a dispersion of 2.4."""

SIMULATED = "simulated_alarms"
"""The table that is written."""
ALARMS, FALSE, FOUND = "false_alarm_rate", "false_discovery_rate", "visible_change_rate"
COUNTS = {ALARMS: "false_alarms", FALSE: "false_discoveries", FOUND: "visible_changes_found"}
"""The percentages of the table, and the numbers of editions behind them."""
DRAWN, SEED = "simulated_editions", "simulation_seed"
CALLS = "simulated_calls"
ALONE, SIBLINGS = "Children one by one", "Children in sibling groups"
WAYS = {"fall": "Falls", "rise": "Rises", "shift": "Changes of a mix"}


@dataclass(frozen=True)
class Asked:
    """A comparison: its counts, a row for each period and a column for each category, and what they are of.

    `changes` has, for each way in which it can change, the fractions of each category in both periods.
    """

    question: str
    method: str
    counts: np.ndarray
    of: np.ndarray
    dispersion: float
    changes: dict[str, np.ndarray]

    @property
    def unchanged(self) -> np.ndarray:
        return np.array([self.counts.sum(axis=0) / self.of.sum()] * 2)


@dataclass(frozen=True)
class Batch:
    """What came of some editions, a row for each: alarms, the share of calls that are false, what is found.

    `found` has a column for each comparison and way that it changed, named in `changes`.
    """

    alone: np.ndarray
    siblings: np.ndarray
    false: np.ndarray
    found: np.ndarray
    changes: list[tuple[str, str]]


def main() -> None:
    """Simulate the editions on all processors, write the table and say what it holds."""
    edition, started = read_edition(editions()[0]), time.perf_counter()
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        batches = list(pool.map(partial(simulate, asked(edition)), range(EDITIONS // BATCH)))
    table = rows(edition, batches)
    table.to_csv(project() / "data" / edition.data / f"{SIMULATED}.csv", index=False, lineterminator="\n")
    print(table[["measure", "category", "printed"]].to_string(index=False))
    found = np.concatenate([batch.found for batch in batches]).mean(axis=0)
    for (question, way), share in zip(batches[0].changes, found, strict=True):
        print(f"{question:20}{way:8}{100 * share:6.1f}% found")
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


def asked(edition: Edition) -> list[Asked]:
    """Return the comparisons of an edition that it can test."""
    methods = {comparison.question: comparison.method for comparison in edition.comparisons}
    tested = verdict_table(edition).dropna(subset="p_value").to_dict("records")
    return [_mix(edition, row) if methods[row["question"]] == "mix" else _pair(row) for row in tested]


def _pair(row: dict) -> Asked:
    """A rate, or a proportion as what has the property and what has not."""
    events = np.array([row["numerator_before"], row["numerator"]])
    of = np.array([row["denominator_before"], row["denominator"]])
    method = "proportion" if row["unit"] == "%" else "rate"
    before = events[0] / of[0]
    scale = 1 if method == "proportion" else before
    moved = {"fall": -row["smallest_fall"], "rise": row["smallest_rise"]}
    ends = {way: before + scale * by / 100 for way, by in moved.items() if np.isfinite(by)}
    if method == "rate":
        changes = {way: np.array([[before], [end]]) for way, end in ends.items()}
        return Asked(row["question"], method, events[:, None], of, row["dispersion"], changes)
    changes = {way: np.array([[before, 1 - before], [end, 1 - end]]) for way, end in ends.items()}
    counts = np.array([events, of - events]).T
    return Asked(row["question"], method, counts, of, row["dispersion"], changes)


def _mix(edition: Edition, row: dict) -> Asked:
    """A mix, and the change of the smallest visible size that is hardest to see."""
    counts, _ = mix_table(estimates(edition, row["question"]), edition.previous, edition.latest)
    of, level = counts.sum(axis=1), FALSE_DISCOVERY_RATE / row["compared"]
    shift, grows = hardest_shift(counts[0], of[0], of[1], level, row["dispersion"])
    before = counts[0] / of[0]
    after = before + shift * np.where(grows, before / before[grows].sum(), -before / before[~grows].sum())
    changes = {"shift": np.array([before, after])} if np.isfinite(shift) else {}
    return Asked(row["question"], "mix", counts, of, row["dispersion"], changes)


def simulate(comparisons: list[Asked], batch: int, size: int = BATCH) -> Batch:
    """Simulate editions in which nothing changed, some comparisons did, and each did in each of its ways."""
    rng, tests = np.random.default_rng([BEGUN_WITH, batch]), len(comparisons)

    def tested(one: Asked, truth: np.ndarray, dispersion: float) -> np.ndarray:
        return p_values(one, drawn(one, truth, dispersion, size, rng), tests)

    alone = np.column_stack([tested(one, one.unchanged, 1.0) for one in comparisons])
    siblings = np.column_stack([tested(one, one.unchanged, one.dispersion) for one in comparisons])
    changed = {
        (at, way): tested(one, truth, one.dispersion)
        for at, one in enumerate(comparisons)
        for way, truth in one.changes.items()
    }
    found = [_with(siblings, at, p)[:, at] for (at, _), p in changed.items()]
    return Batch(
        called(alone).any(axis=1),
        called(siblings).any(axis=1),
        _false(siblings, changed, rng),
        np.column_stack(found),
        [(comparisons[at].question, way) for at, way in changed],
    )


def called(p_values: np.ndarray) -> np.ndarray:
    """Return which comparisons are called a change, a row for each edition."""
    return p_values <= np.array([thresholds(edition) for edition in p_values])


def _with(p_values: np.ndarray, at: int, changed: np.ndarray) -> np.ndarray:
    """What is called where one comparison changed and the others did not."""
    together = p_values.copy()
    together[:, at] = changed
    return called(together)


def _false(
    unchanged: np.ndarray, changed: dict[tuple[int, str], np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """The share of the calls that are false, where a random number of the comparisons changed, not all."""
    together, truly = unchanged.copy(), np.zeros(unchanged.shape, bool)
    able = sorted({at for at, _ in changed})
    for edition in range(len(unchanged)):
        some = rng.choice(able, rng.integers(1, min(len(able) + 1, unchanged.shape[1])), replace=False)
        for at in some:
            ways = [p for (of, _), p in changed.items() if of == at]
            together[edition, at] = ways[rng.integers(len(ways))][edition]
        truly[edition, some] = True
    calls = called(together)
    return (calls & ~truly).sum(axis=1) / np.maximum(calls.sum(axis=1), 1)


def sibling_groups(dispersion: float) -> np.ndarray:
    """Return how often groups of `SIZES` children come, so that counts of children vary `dispersion` times.

    A count of children who come in groups varies by the mean squared size over the mean size.
    """
    if dispersion == 1:
        return np.eye(len(SIZES))[0]
    ones = (LARGER @ SIZES**2 - dispersion * (LARGER @ SIZES)) / (dispersion - 1)
    if ones < 0:
        raise ValueError(
            f"These groups cannot give a dispersion of {dispersion:g}. Add larger ones to SIZES."
        )
    weights = LARGER + ones * (SIZES == 1)
    return weights / weights.sum()


def drawn(
    one: Asked, truth: np.ndarray, dispersion: float, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the counts of `size` editions by period and category; a group falls whole into one category."""
    weights = sibling_groups(dispersion)
    periods = []
    for fractions, of in zip(truth, one.of, strict=True):
        if one.method == "rate":
            came = rng.poisson(fractions * of * weights / (weights @ SIZES), (size, len(SIZES)))
            periods.append((came @ SIZES)[:, None])
        else:
            came = np.array([_filled(int(of), weights, rng) for _ in range(size)])
            into = rng.multinomial(came, fractions / fractions.sum())
            periods.append((into * SIZES[:, None]).sum(axis=1))
    return np.stack(periods, axis=1)


def _filled(total: int, weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How many groups of each size make up a total; the last is cut to fit."""
    upto = np.minimum(rng.choice(SIZES, total, p=weights).cumsum(), total)
    return np.bincount(np.diff(upto, prepend=0), minlength=len(SIZES) + 1)[1:]


def p_values(one: Asked, counts: np.ndarray, tests: int) -> np.ndarray:
    """Return the p-value of each edition's comparison, of `tests` in the edition, as the verdicts take it."""
    if one.method == "mix":
        return np.array([_mix_p(table, one.dispersion, tests) for table in counts])
    test = two_rates if one.method == "rate" else two_proportions
    return dispersed(test(counts[:, 1, 0], one.of[1], counts[:, 0, 0], one.of[0]), one.dispersion)


def _mix_p(table: np.ndarray, dispersion: float, tests: int) -> float:
    """The p-value of a mix; simulated with few tables where it is far from any threshold there can be."""
    p = np.nan
    for simulations in (999, 9_999, SIMULATIONS):
        test, law = mix_test(table[:, table.any(axis=0)], simulations)
        p = law.sf(test["statistic"] / dispersion)
        clear = simulations > 999 and p < FALSE_DISCOVERY_RATE / tests / 2
        if clear or p > 2 * FALSE_DISCOVERY_RATE:
            break
    return p


def rows(edition: Edition, batches: list[Batch]) -> pd.DataFrame:
    """Return the table of what was simulated, in the form of all tables."""
    alone, siblings, false, found = (
        np.concatenate([getattr(batch, part) for batch in batches])
        for part in ("alone", "siblings", "false", "found")
    )
    of_way = {way: [at for at, (_, name) in enumerate(batches[0].changes) if name == way] for way in WAYS}
    counted = [
        (ALARMS, SIBLINGS, siblings.sum()),
        (ALARMS, ALONE, alone.sum()),
        (FALSE, "Total", round(false.sum())),
        *((FOUND, WAYS[way], found[:, at].sum(axis=0).min()) for way, at in of_way.items() if at),
    ]
    figures = [
        (SEED, "Total", str(BEGUN_WITH)),
        (DRAWN, "Total", str(len(alone))),
        (CALLS, "Total", str(calls(batches[0]))),
        *((COUNTS[rate], category, f"{count}") for rate, category, count in counted),
        *((rate, category, f"{100 * count / len(alone):.2f}") for rate, category, count in counted),
    ]
    return pd.DataFrame([_row(edition, *figure) for figure in figures])


def calls(batch: Batch) -> int:
    """Return how many things were called or found in the first editions: a sign that all is as it was."""
    return int(batch.alone.sum() + batch.siblings.sum() + batch.found.sum())


def _row(edition: Edition, measure: str, category: str, value: str) -> dict[str, str]:
    area = verdict_table(edition).iloc[0]
    return {
        "time_period": str(edition.latest),
        "time_identifier": "Reporting year",
        "period_start": f"{edition.latest - 1}-04-01",
        "period_end": f"{edition.latest}-03-31",
        **{column: area[column] for column in ("geographic_level", "area_code", "area_name")},
        "measure": measure,
        "category": category,
        "value": value,
        "printed": value,
        "qualifier": "",
        "source": simulated(edition),
    }


if __name__ == "__main__":
    main()
