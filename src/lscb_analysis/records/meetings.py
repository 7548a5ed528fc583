"""How often the seats of a board were filled, and what so few meetings can tell.

A register has a row for each seat (its category) and meeting (its day); the measure is the mark that was
given, and the value is 1, or missing where no mark is printed.
"""

from math import comb

import numpy as np
import pandas as pd

from lscb_analysis.data import Derived, derived
from lscb_analysis.statistics import ESTIMATE, PLACE, stated


def attendance(
    register: pd.DataFrame, together: bool = False, seats: list[str] | None = None
) -> pd.DataFrame:
    """Return how many per cent of the marks in a register are for attending, as estimates.

    There is one for each seat, in the order of the register, and for each measure of the kind `attended` that
    `derived.csv` has: of all marks, or of those for attending or apologies, since a seat with neither may
    have been vacant. With `together` they are of all seats, with the category `Total`; or of some `seats`
    together, with their names. They are from the first meeting with
    a mark to the last. It is a full count of the meetings, so there is no interval. The column `meetings`
    says at how many meetings marks were given. A seat without any such mark has status `z`. Of a register
    without a mark there are no rows.

    >>> marks = pack.load("board_attended", "board_apologies", "board_neither")
    >>> together = lscb.records.attendance(marks, together=True)
    >>> together[["numerator", "denominator"]].values.tolist()  # of all marks, and without those for neither
    [[58.0, 72.0], [58.0, 65.0]]
    """
    ways = derived("attended")
    given = [measure for way in ways for measure in way.by]
    marks = register[register["value"].notna() & register["measure"].isin(given)]
    if seats is not None:
        marks = marks[marks["category"].isin(seats)]
    if marks.empty:
        return stated(marks).reindex(columns=[*ESTIMATE, "meetings"])
    if together or seats is not None:
        marks = marks.assign(category="; ".join(seats or ["Total"]))
    shares = [_share(marks, way) for way in ways]
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

    >>> held = lscb.records.meetings_held(pack.load("board_attended"), "board_meetings_held")
    >>> held[["time_period", "value"]].values.tolist()
    [[2018.0, 4.0]]
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
        printed=held["value"].astype(str),
        value=held["value"].astype(float),
        **{"category": "Total", "counted": "meetings", "unit": "number", "status": "", "qualifier": ""},
    )


def orders(before: int, since: int) -> int:
    """Return in how many ways the meetings of two times could have been dealt out over the two."""
    return comb(before + since, since)


def fewest_since(before: int, level: float = 0.05) -> int:
    """Return how many meetings it takes since a change for any difference to exceed chance at `level`.

    If nothing had changed, every order of the meetings would be as likely as any other. The clearest
    difference, every meeting since beyond every one before, comes about in 2 of these orders, counted both
    ways.

    Raises ValueError if there was no meeting before. Source: Fisher (1935), The Design of Experiments.
    """
    if before < 1:
        raise ValueError("There was no meeting before: nothing can be compared with none.")
    since = 1
    while 2 / orders(before, since) >= level:
        since += 1
    return since


def _share(marks: pd.DataFrame, way: Derived) -> pd.DataFrame:
    """The share of the marks `by` which attendance is measured that are for attending, for each seat."""
    counted = marks.assign(
        numerator=marks["value"].where(marks["measure"] == way.of, 0.0),
        denominator=marks["value"].where(marks["measure"].isin(way.by), 0.0),
    )
    seats = [*PLACE, "category"]
    shares = counted.groupby(seats, sort=False)[["numerator", "denominator"]].sum().reset_index()
    none = shares["denominator"] == 0
    return shares.assign(
        measure=way.measure,
        counted="marks",
        value=(100 * shares["numerator"] / shares["denominator"]).mask(none),
        unit="%",
        method="full count",
        status=np.where(none, "z", ""),
        **dict.fromkeys(["lower", "upper", "confidence"], np.nan),
        **dict.fromkeys(["printed", "numerator_source", "denominator_source"], ""),
    )
