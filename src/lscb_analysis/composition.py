"""The parts of a whole: `share` of each category, and whether a whole mix has changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from lscb_analysis.rates import PERIOD, EstimateError, proportion

SMALLEST_EXPECTED = 5
"""With an expected count below this the p-value of a mix is simulated, not read off chi-squared."""

SIMULATIONS = 99_999
SEED = 20_180_331


def share(counts: pd.DataFrame, totals: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Return each category of `counts` as a percentage of its total, with Wilson's interval.

    A suppressed category stays missing, with its status. Raises EstimateError as `proportion` does,
    and when the published categories together exceed their total.
    """
    estimates = proportion(counts, totals, confidence)
    parts = estimates.groupby(["area_name", *PERIOD]).agg(
        parts=("numerator", "sum"), total=("denominator", "max")
    )
    over = parts[parts["parts"] > parts["total"]]
    if len(over):
        lines = "; ".join(
            f"{key[0]}, {key[1]}: {row.parts:g} of {row.total:g}" for key, row in over.iterrows()
        )
        raise EstimateError(f"The categories together exceed their total. {lines}. Correct the table.")
    return estimates


def mix_change(shares: pd.DataFrame, previous: int, latest: int) -> dict[str, float | str]:
    """Return the test of whether the mix of `shares` differs between two periods.

    `shares` is what `share` returns for one area. Categories suppressed in either period are taken
    together with whatever the published ones leave of the total. The p-value is Pearson's
    chi-squared test of homogeneity; where an expected count is below five it is simulated with both
    margins fixed (Patefield 1981), with a fixed seed. `shift` is the smallest number of percentage
    points that would have to change category (half the sum of the absolute differences).

    Raises EstimateError if either period is missing or no category has anything in it but one.
    """
    table = _table(shares, previous, latest)
    expected = stats.contingency.expected_freq(table)
    few = bool((expected < SMALLEST_EXPECTED).any())
    simulation = stats.MonteCarloMethod(n_resamples=SIMULATIONS, rng=np.random.default_rng(SEED))
    test = stats.chi2_contingency(table, correction=False, method=simulation if few else None)
    fractions = table / table.sum(axis=1, keepdims=True)
    return {
        "statistic": float(test.statistic),
        "degrees": (table.shape[0] - 1) * (table.shape[1] - 1),
        "p_value": float(test.pvalue),
        "shift": float(50 * np.abs(fractions[1] - fractions[0]).sum()),
        "method": "chi-squared, simulated" if few else "chi-squared",
    }


def _table(shares: pd.DataFrame, previous: int, latest: int) -> np.ndarray:
    """Two rows of whole numbers, one column for each category published in both periods, then the rest."""
    shares = shares[shares["time_identifier"] == "Reporting year"]
    counts = shares.pivot_table(
        index="category", columns="time_period", values="numerator", aggfunc="first", dropna=False, sort=False
    )
    totals = shares.groupby("time_period")["denominator"].first()
    absent = [
        period for period in (previous, latest) if period not in counts.columns or pd.isna(totals[period])
    ]
    if absent:
        raise EstimateError(f"The mix has no figures for {' and '.join(map(str, absent))}.")
    published = counts[[previous, latest]].dropna().T
    rest = totals[[previous, latest]] - published.sum(axis=1)
    table = np.column_stack([published.to_numpy(), rest.to_numpy()])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        raise EstimateError("A mix of a single category cannot change.")
    return table
