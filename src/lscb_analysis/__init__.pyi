"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

from . import (
    charts as charts,
    quality as quality,
    records as records,
    sentences as sentences,
    statistics as statistics,
    tabulate as tabulate,
)
from .catalogue import tables as tables
from .data import load as load
from .editions import open_edition as open_edition
from .release import Release as Release
from .statistics import (
    agreed as agreed,
    compare as compare,
    count as count,
    proportion as proportion,
    rate as rate,
    remainder as remainder,
    share as share,
    versions as versions,
)
