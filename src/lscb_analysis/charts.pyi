"""A release drawn: each chart says what it shows, and has its figures as words."""

from .pages.charts import (
    bar as bar,
    beside as beside,
    change as change,
    line as line,
    marks as marks,
    part as part,
    scores as scores,
    two_points as two_points,
)
