"""Amounts of money: a full count, so that none has an interval. All are worked out to the penny."""

import pandas as pd

from lscb_analysis.statistics import PERIOD, EstimateError, check_single, stated

TOTAL = "Total"


def turned(amounts: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return `amounts` with their sign turned, as estimates of `measure`.

    For income that its source prints as negative. `printed` stays as the source has it.

    >>> income = pack.load("board_income", time_period=2019, category="Total")
    >>> income["value"].tolist(), lscb.records.turned(income, measure="board_received")["value"].tolist()
    ([-140084.42], [140084.42])
    """
    estimates = stated(amounts)
    return estimates.assign(measure=measure, value=-estimates["value"], method="sign turned")


def sums(amounts: pd.DataFrame) -> pd.DataFrame:
    """Return the totals of `amounts`, with what their parts add up to.

    `amounts` are estimates in which the category `Total` stands beside its parts. To its rows come `sum`
    (of the parts) and `difference` (that sum less the total), both missing where a part is.

    >>> spent = lscb.statistics.stated(pack.load("board_expenditure"))
    >>> lscb.records.sums(spent)[["value", "sum", "difference"]].values.tolist()
    [[137755.83, 137755.83, 0.0]]
    """
    key = ["area_code", *PERIOD, "measure"]
    totals = amounts[amounts["category"] == TOTAL]
    check_single(totals, key, "total")
    parts = amounts[amounts["category"] != TOTAL].groupby(key)["value"]
    added = parts.agg(lambda values: values.sum(skipna=False)).round(2).rename("sum").reset_index()
    both = totals.merge(added, on=key, how="left")
    return both.assign(difference=(both["sum"] - both["value"]).round(2))


def surplus(received: pd.DataFrame, spent: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the total received less the total spent of each period, as estimates of `measure`.

    Both are estimates with a category `Total`; a deficit is negative.

    >>> received = lscb.records.turned(pack.load("board_income"), measure="board_received")
    >>> spent = lscb.statistics.stated(pack.load("board_expenditure"))
    >>> lscb.records.surplus(received, spent, measure="board_surplus")["value"].tolist()
    [2328.59]
    """
    key = ["area_code", *PERIOD]
    totals = [frame[frame["category"] == TOTAL] for frame in (received, spent)]
    for frame in totals:
        check_single(frame, key, "total")
    income, outgoings = totals
    both = income.merge(outgoings[[*key, "value", "source"]], on=key, suffixes=("", "_spent"))
    value = (both["value"] - both["value_spent"]).round(2)
    both = both.assign(measure=measure, value=value, method="difference", printed="")
    return both.assign(denominator_source=both["source_spent"]).drop(columns=["value_spent", "source_spent"])


def on_costs(salaries: pd.DataFrame, percentages: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return what a percentage of on-costs comes to on `salaries`, as estimates of `measure`.

    Both frames are estimates with one row for an area. The period is that of the percentage: the salaries
    are those known, taken to stay as they are.

    Raises EstimateError if an area has more than one row.

    >>> salaries = pack.stated(pack.load("board_expenditure", category="Salaries")).frame
    >>> percent = pack.stated(pack.load("board_on_cost_rate")).frame
    >>> lscb.records.on_costs(salaries, percent, measure="board_on_costs")["value"].tolist()
    [29858.64]
    """
    for frame, what in ((salaries, "salary"), (percentages, "percentage")):
        if frame["area_code"].duplicated().any():
            raise EstimateError(f"More than one {what} for an area. Keep one period and one source.")
    paid = salaries[["area_code", "value", "unit", "source"]]
    both = percentages.merge(paid, on="area_code", suffixes=("", "_paid"))
    value = (both["value"] * both["value_paid"] / 100).round(2)
    both = both.assign(measure=measure, value=value, unit=both["unit_paid"], method="percentage of salaries")
    both = both.assign(printed="", denominator_source=both["source_paid"])
    return both.drop(columns=["value_paid", "unit_paid", "source_paid"])
