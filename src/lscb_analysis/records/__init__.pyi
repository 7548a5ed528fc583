"""What boards keep besides statistics: ratings, attendance, accounts."""

from .accounts import on_costs as on_costs, sums as sums, surplus as surplus, turned as turned
from .meetings import (
    attendance as attendance,
    fewest_since as fewest_since,
    meetings_held as meetings_held,
    orders as orders,
)
from .ratings import (
    PARTS as PARTS,
    SCALE as SCALE,
    STEP as STEP,
    check_summaries as check_summaries,
    feasible as feasible,
    parts as parts,
    read_ratings as read_ratings,
    summaries as summaries,
    summarise as summarise,
)

__all__ = [
    "attendance",
    "check_summaries",
    "feasible",
    "meetings_held",
    "on_costs",
    "read_ratings",
    "summarise",
    "sums",
    "surplus",
    "turned",
]
