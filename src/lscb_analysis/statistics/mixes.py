"""The parts of a whole: `share` of each category, and whether a whole mix has changed."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import stats

from lscb_analysis.statistics.comparisons import HYBRID_SCORE, NO_FIGURE, Period, compare, of_period
from lscb_analysis.statistics.estimates import PERIOD, EstimateError, multiples, proportion

CHI_SQUARED, SIMULATED = "chi-squared", "chi-squared, simulated"
SIMULTANEOUS = f"{HYBRID_SCORE}, simultaneous"

SMALLEST_EXPECTED = 5
"""With an expected count below this the p-value of a mix is simulated, not read off chi-squared."""

ONE_CATEGORY = "nothing in any category but one"

SIMULATIONS = 99_999
SEED = 20_180_331


def share(
    counts: pd.DataFrame, totals: pd.DataFrame, confidence: float = 0.95, refuse: bool = True
) -> pd.DataFrame:
    """Return each category of `counts` as a percentage of its total, with Wilson's interval.

    A suppressed category stays missing, with its status. Unless they are to be refused, mixes that do not
    make up their total are missing too, as unreliable (`u`). Raises EstimateError as `proportion` does,
    when the published categories together exceed their total, and when they leave some of it and each
    category is told: nobody may vanish from a denominator. Where the source rounds, as a column `nearest`
    says, they may miss it by half of what each number is rounded to.

    >>> parts, whole = pack.declared("referrals", "counts"), pack.declared("referrals", "totals")
    >>> shares = lscb.share(parts, whole)  # in the latest year none is withheld
    >>> float(shares[shares["time_period"] == 2018]["value"].sum().round(1))
    100.0
    """
    estimates = proportion(counts, totals, confidence)
    key = ["area_code", *PERIOD]
    whole = counts[key].merge(totals[key].assign(nearest=multiples(totals)), on=key, how="left")
    halves = {"slack": multiples(counts).to_numpy() / 2, "slack_of": whole["nearest"].to_numpy() / 2}
    how = {"numerator": "sum", "denominator": "max", "untold": "any", "slack": "sum", "slack_of": "max"}
    marked = estimates.assign(untold=estimates["numerator"].isna(), **halves)
    wholes = marked.groupby(["area_name", *PERIOD, "measure"]).agg(how)
    wholes = wholes.rename(columns={"numerator": "parts", "denominator": "total"})
    wholes["slack"] += wholes["slack_of"]
    above = wholes["parts"] > wholes["total"] + wholes["slack"]
    short = ~wholes["untold"] & (wholes["parts"] < wholes["total"] - wholes["slack"])
    if refuse:
        _refuse(wholes[above], "exceed their total")
        _refuse(wholes[short], "leave some of their total, though no category is withheld")
    unfit = pd.MultiIndex.from_frame(estimates[[*wholes.index.names]]).isin(wholes.index[above | short])
    told = ["numerator", "value", "lower", "upper"]
    estimates.loc[unfit, told] = np.nan
    return estimates.assign(status=estimates["status"].mask(unfit, "u"))


class Law(Protocol):
    """How a chi-squared is distributed where nothing has changed."""

    def sf(self, statistic: float) -> float:
        """Return the chance of a statistic as large as this, or larger."""

    def isf(self, chance: float) -> float:
        """Return the statistic that is exceeded with no more than this chance."""


@dataclass(frozen=True)
class Simulated:
    """The law of the statistics, in ascending order, of tables drawn at random with the same margins."""

    statistics: np.ndarray

    def sf(self, statistic: float) -> float:
        below = np.searchsorted(self.statistics, statistic * (1 - 1e-12))
        return float(1 + len(self.statistics) - below) / (1 + len(self.statistics))

    def isf(self, chance: float) -> float:
        above = int(chance * (1 + len(self.statistics)) * (1 + 1e-12)) - 1
        return float(self.statistics[-1 - above]) if above >= 0 else np.inf


def mix_change(shares: pd.DataFrame, previous: Period, latest: Period) -> tuple[dict[str, float | str], Law]:
    """Return the test of whether the mix of `shares` differs between two periods, and the law behind it.

    `shares` is what `share` returns for one area. Categories suppressed in either period are taken
    together as not published. The p-value is Pearson's chi-squared test of homogeneity; where an
    expected count is below five it is simulated with both margins fixed (Patefield 1981), with a
    fixed seed. `shift` is the smallest number of percentage points that would have to change category
    (half the sum of the absolute differences), or at least would where categories are taken together.

    Raises EstimateError if either period is missing, a category has no row in one of them or no figure
    though it is not suppressed, or no category has anything in it but one.
    """
    return mix_test(mix_table(shares, previous, latest)[0])


def mix_test(table: np.ndarray, simulations: int = SIMULATIONS) -> tuple[dict[str, float | str], Law]:
    """Return the test that `mix_change` makes of two rows of counts, no column empty, and its law."""
    few = bool((stats.contingency.expected_freq(table) < SMALLEST_EXPECTED).any())
    statistic, degrees = float(_chi_squared(table)), table.shape[1] - 1
    law: Law = _simulated(table, simulations) if few else stats.chi2(degrees)
    fractions = table / table.sum(axis=1, keepdims=True)
    test = {
        "statistic": statistic,
        "degrees": degrees,
        "p_value": float(law.sf(statistic)),
        "shift": float(50 * np.abs(fractions[1] - fractions[0]).sum()),
        "test": SIMULATED if few else CHI_SQUARED,
    }
    return test, law


def _chi_squared(tables: np.ndarray) -> np.ndarray:
    """Pearson's statistic of one table of two rows, or of many with the same margins."""
    one = tables if tables.ndim == 2 else tables[0]
    expected = stats.contingency.expected_freq(one)
    return ((tables - expected) ** 2 / expected).sum(axis=(-2, -1))


def _simulated(table: np.ndarray, simulations: int) -> Simulated:
    margins = [table.sum(axis=axis).astype(int) for axis in (1, 0)]
    drawn = stats.random_table(*margins).rvs(simulations, random_state=np.random.default_rng(SEED))
    return Simulated(np.sort(_chi_squared(drawn)))


def not_tested(changed: pd.DataFrame) -> str:
    """Return why a mix is not to be tested, from the changes of its categories: nothing, if it is.

    A category that is suppressed in either period is no obstacle, unless all are; any other that cannot be
    compared is, and that there is nothing in any but one.
    """
    if changed["change"].isna().all():
        return str(changed["reason"].iloc[0]) if len(changed) else NO_FIGURE
    suppressed = (changed["status"] == "c") | (changed["status_before"] == "c")
    obstacles = changed["reason"].where(~((changed["reason"] == NO_FIGURE) & suppressed), "")
    found = [reason for reason in obstacles if reason]
    return found[0] if found else "" if _several(changed) else ONE_CATEGORY


def _several(changed: pd.DataFrame) -> bool:
    """Whether more than one category has anything in it, with what is not published as one more."""
    told = changed.dropna(subset=["numerator", "numerator_before"])
    filled = (told["numerator"] + told["numerator_before"] > 0).sum()
    when = ("", "_before")
    left = [changed[f"denominator{of}"].max() - told[f"numerator{of}"].sum() for of in when]
    return bool(filled + (len(told) < len(changed) and max(left) > 0) > 1)


def mix_changes(
    shares: pd.DataFrame, previous: Period, latest: Period, confidence: float = 0.95
) -> pd.DataFrame:
    """Return the change of each category of a mix, as `compare` does, with intervals that hold together.

    A single category is never tested: `p_value` is missing. The intervals have the confidence in all of
    them at once (Bonferroni's correction of Newcombe's). `residual` is the adjusted
    residual of the later period: how many standard errors the category
    lies above what it would be if the mix had not changed; missing where the category is suppressed in
    either period. Source: Haberman (1973), Biometrics 29:205-220.

    Raises EstimateError as `mix_change` and `compare` do.

    >>> changes = lscb.statistics.mix_changes(pack.estimates("abuse").frame, 2017, 2018)
    >>> changes[["category", "change"]].dropna().round(1).values.tolist()
    [['Emotional abuse', -13.7], ['Multiple', 4.2], ['Neglect', 10.5]]
    """
    compared = compare(shares, previous, latest, confidence)
    together = 1 - (1 - confidence) / max(int(compared["p_value"].notna().sum()), 1)
    changed = compare(shares, previous, latest, together)
    residuals = {} if not_tested(changed) else _residuals(*mix_table(shares, previous, latest))
    return changed.assign(
        confidence=confidence,
        method=changed["method"].replace(HYBRID_SCORE, SIMULTANEOUS),
        p_value=np.nan,
        test="",
        residual=changed["category"].map(residuals).astype(float),
    )


def _residuals(table: np.ndarray, published: list[str]) -> dict[str, float]:
    """The adjusted residuals of the later period, by category."""
    expected = stats.contingency.expected_freq(table)
    unlike = [1 - table.sum(axis=axis, keepdims=True) / table.sum() for axis in (0, 1)]
    residuals = (table - expected) / np.sqrt(expected * unlike[0] * unlike[1])
    return dict(zip(published, residuals[1], strict=False))


def driving(changes: pd.DataFrame, dispersion: float = 1.0, confidence: float = 0.95) -> pd.DataFrame:
    """Return the rows of `changes` (from `mix_changes`) that drive their mix's change, the strongest first.

    A category does if its adjusted residual, divided by the root of the dispersion, lies beyond the
    normal limit for all categories at once (Bonferroni's).
    """
    tail = (1 - confidence) / 2 / max(int(changes["residual"].notna().sum()), 1)
    beyond = changes["residual"].abs() > np.sqrt(dispersion) * stats.norm.isf(tail)
    return changes[beyond].sort_values("residual", key=abs, ascending=False, kind="stable")


def mix_table(shares: pd.DataFrame, previous: Period, latest: Period) -> tuple[np.ndarray, list[str]]:
    """Return the counts of a mix in two periods, and the categories of its columns.

    Two rows of whole numbers; one column for each category published in both periods and not empty in
    both; then, without a name, what is not published, if there is any. Raises EstimateError as
    `mix_change` does.
    """
    both = pd.concat([shares[of_period(shares, period)].assign(at=period) for period in (previous, latest)])
    totals = both.groupby("at")["denominator"].first().dropna()
    absent = [period for period in (previous, latest) if period not in totals.index]
    if absent:
        raise EstimateError(f"The mix has no figures for {' and '.join(map(str, absent))}.")
    seen = both.groupby("category")["at"].nunique()
    if (seen < 2).any():
        lost = ", ".join(seen.index[seen < 2])
        raise EstimateError(f"Not in both {previous} and {latest}: {lost}. Give each category a row in each.")
    lost = both[both["numerator"].isna() & (both["status"] != "c")]
    if len(lost):
        named = "; ".join(f"{row.category}, {row.at}" for row in lost.itertuples())
        raise EstimateError(f"No figure though none is withheld: {named}. Correct the table.")
    counts = both.pivot(index="at", columns="category", values="numerator")
    published = counts.loc[[previous, latest]].dropna(axis=1)  # in order of names, whatever that of the rows
    published = published.loc[:, published.sum() > 0]
    left = (totals[[previous, latest]] - published.sum(axis=1)).to_numpy()[:, None]
    # where every category is told the difference is the rounding of the source, and nobody's
    rest = np.maximum(left, 0) if counts.loc[[previous, latest]].isna().to_numpy().any() else 0 * left
    table = np.hstack([published.to_numpy(), rest[:, rest.sum(axis=0) > 0]])
    if table.shape[1] < 2:
        raise EstimateError("A mix of a single category cannot change.")
    return table, [str(name) for name in published.columns]


def _refuse(wholes: pd.DataFrame, what: str) -> None:
    if len(wholes):
        lines = "; ".join(
            f"{key[0]}, {key[1]}: {row.parts:,g} of {row.total:,g} ({key[-1]})"
            + (f", and rounding allows {row.slack:g}" if row.slack else "")
            for key, row in wholes.iterrows()
        )
        raise EstimateError(
            f"The categories together {what}. {lines}. Correct the table, or leave these rows out."
        )
