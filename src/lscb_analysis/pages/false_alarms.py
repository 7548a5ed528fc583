"""How often the verdicts of an edition err, as `benchmarks/alarms.py` found by simulation, in words."""

from __future__ import annotations

import pandas as pd

from lscb_analysis.data import derived, every_row, measures, records, with_role
from lscb_analysis.editions import Edition
from lscb_analysis.pages.display import Display, bind
from lscb_analysis.pages.sentences import finding
from lscb_analysis.pages.words import each, say
from lscb_analysis.release import Release
from lscb_analysis.statistics import of_period, proportion, stated

ALARMS, FALSE, FOUND, SEED = "false alarms", "false calls", "changes found", "seed"
"""The roles of what was simulated."""


def simulated(edition: Edition) -> str:
    """Return the source of what was simulated of an edition: of another one it says nothing."""
    return f"simulation-{edition.name}"


def alarms(edition: Edition) -> pd.DataFrame:
    """Return how often editions like this one raised false alarms and missed changes, as estimates.

    With them comes the seed of the simulation. No rows where this edition was not simulated.
    """
    edition.open()
    every = every_row()
    every = every[(every["source"] == simulated(edition)) & (every["area_name"] == edition.area)]
    rows = every[of_period(every, edition.latest)]
    if rows.empty:
        return rows
    of = {str(measure): figures for measure, figures in rows.groupby("measure")}
    shares = {share.measure: share for share in derived("share")}
    rates = [
        stated(of[rate], proportion(of[shares[rate].of], of[shares[rate].by[0]], edition.confidence))
        for role in (ALARMS, FALSE, FOUND)
        for rate in with_role(role)
    ]
    return pd.concat([*rates, *(stated(of[seed]) for seed in with_role(SEED))], ignore_index=True)


def alarms_said(found: Release) -> Display:
    """Say how often a change is called where there is none, and how often the smallest visible is found."""
    roles = found.frame["measure"].map(measures()["role"])
    of = {str(role): records(rows) for role, rows in found.frame.groupby(roles)}
    seed = of[SEED][0]
    return finding(
        [
            say("alarms.simulated", of[ALARMS][0], each=each("alarms.called", of[ALARMS])),
            say("alarms.false", of[FALSE][0]),
            say("alarms.true", each=each("alarms.found", of[FOUND])),
            say("alarms.seed", seed=bind(seed, "value", f"{seed['value']:.0f}")),
        ]
    )
