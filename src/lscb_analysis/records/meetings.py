"""How often the seats of a board were filled, and what so few meetings can tell.

A register has a row for each seat (its category) and meeting (its day); the measure is the mark that was
given, and the value is 1, or missing where no mark is printed.
"""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd

from lscb_analysis.statistics import ESTIMATE, PLACE

ATTENDED, APOLOGIES, NEITHER = "board_attended", "board_apologies", "board_neither"
"""The measures of a register: what a mark says of a seat at a meeting."""
OF = {
    "attendance_of_all": [ATTENDED, APOLOGIES, NEITHER],
    "attendance_of_answers": [ATTENDED, APOLOGIES],
}
"""Of which marks each measure of attendance is a share: a seat with neither may have been vacant."""


def attendance(
    register: pd.DataFrame, together: bool = False, seats: list[str] | None = None
) -> pd.DataFrame:
    """Return how many per cent of the marks in a register are for attending, both ways of `OF`, as estimates.

    There are two for each seat, in the order of the register; or two for all seats `together`, with the
    category `Total`; or two for some `seats` together, with their names. They are from the first meeting with
    a mark to the last. It is a full count of the meetings, so there is no interval. The column `meetings`
    says at how many meetings marks were given. A seat without any such mark has status `z`.
    """
    marks = register[register["value"].notna() & register["measure"].isin(OF["attendance_of_all"])]
    if seats is not None:
        marks = marks[marks["category"].isin(seats)]
    if marks.empty:
        return pd.DataFrame(columns=[*ESTIMATE, "meetings"])
    if together or seats is not None:
        marks = marks.assign(category="; ".join(seats or ["Total"]))
    shares = [_share(marks, of).assign(measure=measure) for measure, of in OF.items()]
    first, last = (marks.sort_values("period_end").iloc[at] for at in (0, -1))
    return pd.concat(shares, ignore_index=True).assign(
        time_period=last["time_period"],
        time_identifier="Other period",
        period_start=first["period_start"],
        period_end=last["period_end"],
        source=" ".join(dict.fromkeys(marks["source"])),
        meetings=marks["period_end"].nunique(),
    )[[*ESTIMATE, "meetings"]]


def meetings_held(register: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return how many meetings each calendar year had that the register covers whole, as counts of `measure`.

    A year is covered if the register has a meeting before it and one after it; others are left out.
    """
    days = register.drop_duplicates(["area_code", "period_end"])
    years = days["period_end"].dt.year
    whole = days[(years > years.min()) & (years < years.max())]
    held = whole.groupby([*PLACE, "time_period", "source"], sort=False).size().rename("value").reset_index()
    return held.assign(
        time_identifier="Calendar year",
        period_start=pd.to_datetime(held["time_period"].astype(str) + "-01-01"),
        period_end=pd.to_datetime(held["time_period"].astype(str) + "-12-31"),
        measure=measure,
        category="Total",
        counted="meetings",
        unit="number",
        printed=held["value"].astype(str),
        value=held["value"].astype(float),
        status="",
        qualifier="",
    )


def orders(before: int, since: int) -> int:
    """Return in how many ways the meetings of two times could have been dealt out over the two."""
    return comb(before + since, since)


def fewest_since(before: int, level: float = 0.05) -> int:
    """Return how many meetings it takes since a change for any difference to exceed chance at `level`.

    Had nothing changed, every order of the meetings would be as likely as any other. The clearest difference,
    every meeting since beyond every one before, comes about in 2 of these orders, counted both ways.

    Raises ValueError if there was no meeting before. Source: Fisher (1935), The Design of Experiments.
    """
    if before < 1:
        raise ValueError("There was no meeting before: nothing can be compared with none.")
    since = 1
    while 2 / orders(before, since) >= level:
        since += 1
    return since


def _share(marks: pd.DataFrame, of: list[str]) -> pd.DataFrame:
    """The share of the marks `of` these measures that are for attending, for each seat."""
    counted = marks.assign(
        numerator=marks["value"].where(marks["measure"] == ATTENDED, 0.0),
        denominator=marks["value"].where(marks["measure"].isin(of), 0.0),
    )
    seats = [*PLACE, "category"]
    shares = counted.groupby(seats, sort=False)[["numerator", "denominator"]].sum().reset_index()
    none = shares["denominator"] == 0
    return shares.assign(
        counted="marks",
        value=(100 * shares["numerator"] / shares["denominator"]).mask(none),
        lower=np.nan,
        upper=np.nan,
        unit="%",
        method="full count",
        confidence=np.nan,
        status=np.where(none, "z", ""),
        printed="",
        numerator_source="",
        denominator_source="",
    )
