"""What is done once before any kernel is forked: the verdicts, and a chart and a table as chapters have.

What a library does only when it first draws or tabulates would otherwise be done again in every kernel.
"""

from collections.abc import Iterator
from contextlib import chdir, suppress
from typing import Any

import pandas as pd

from lscb_analysis.charts import line
from lscb_analysis.editions import estimates, make_ahead, read_edition
from lscb_analysis.release import protect
from lscb_analysis.tabulate import rows


def rehearse(root: str, name: str, area: str = "") -> Iterator[dict[Any, pd.DataFrame]]:
    """Yield the verdicts of an edition of the project in `root`, for `verdicts.remember`; then draw.

    Of an edition for any authority it is of this `area`.

    What is wrong with the data is left to the build to say.
    """
    of = {"area": area} if area else {}
    yield make_ahead(root, name, **of)
    with chdir(root), suppress(Exception):  # a chapter that shows it says what is wrong
        edition = read_edition(name, **of)
        # the categories of a mix are too many for lines
        question = next(one.question for one in edition.comparisons if one.method != "mix")
        figures = protect(estimates(edition, question), rule=edition.rule)
        line(figures)
        rows(figures)
