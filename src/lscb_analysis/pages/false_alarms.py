"""How often the verdicts of an edition err, as `benchmarks/alarms.py` found by simulation, in words."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from lscb_analysis.data import SIMULATED, load, records, tables
from lscb_analysis.editions import Edition
from lscb_analysis.figure import Row
from lscb_analysis.pages.display import Display, bind, category, name
from lscb_analysis.pages.sentences import confidence, finding, listed
from lscb_analysis.project import open_board
from lscb_analysis.release import Release
from lscb_analysis.statistics import proportion, stated

ALARMS, FALSE, FOUND = "false_alarm_rate", "false_discovery_rate", "visible_change_rate"
COUNTS = {ALARMS: "false_alarms", FALSE: "false_discoveries", FOUND: "visible_changes_found"}
"""The percentages of the table, and the numbers of editions behind them."""
DRAWN, SEED = "simulated_editions", "simulation_seed"


def simulated(edition: Edition) -> str:
    """Return the source of what was simulated of an edition: of another one it says nothing."""
    return f"simulation-{edition.name}"


def alarms(edition: Edition) -> pd.DataFrame:
    """Return how often editions like this one raised false alarms and missed changes, as estimates.

    With them comes the seed of the simulation. No rows where this edition was not simulated.
    """
    open_board(edition.data)
    every = load(SIMULATED) if SIMULATED in tables() else pd.DataFrame(columns=["source", "time_period"])
    rows = every[(every["source"] == simulated(edition)) & (every["time_period"] == edition.latest)]
    rows = rows[rows["area_name"] == edition.area] if len(rows) else rows
    if rows.empty:
        return rows
    of = {str(measure): figures for measure, figures in rows.groupby("measure")}
    rates = [
        stated(of[rate], proportion(of[counts], of[DRAWN], edition.confidence))
        for rate, counts in COUNTS.items()
    ]
    return pd.concat([*rates, stated(of[SEED])], ignore_index=True)


def describe_alarms(found: Release) -> Display:
    """Say how often a change is called where there is none, and how often the smallest visible is found."""
    of = {str(measure): records(rows) for measure, rows in found.frame.groupby("measure")}
    first, seed = of[ALARMS][0], of[SEED][0]
    return finding(
        [
            Markup(
                "{} editions were simulated, with the comparisons, populations and totals of this one. "
                "Where nothing had changed, a change was called all the same {}."
            ).format(bind(first, "denominator"), listed([_said(row) for row in of[ALARMS]])),
            Markup(
                "Where some comparisons had truly changed and others had not, the share of the calls that "
                "were false was {} on average."
            ).format(_rate(of[FALSE][0])),
            Markup(
                "A true change as small as is said to be visible was called, whichever comparison it befell, "
                "{}."
            ).format(listed([_said(row, "in at least") for row in of[FOUND]])),
            Markup("The random numbers were begun with {}.").format(
                bind(seed, "value", f"{seed['value']:.0f}")
            ),
        ]
    )


def _said(row: Row, least: str = "in") -> Markup:
    return Markup("{} {} {}").format(name(category(row)), least, _rate(row))


def _rate(row: Row) -> Markup:
    return Markup("{} ({} interval {} to {})").format(
        bind(row, "value"), confidence(row), bind(row, "lower"), bind(row, "upper")
    )
