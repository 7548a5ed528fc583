"""Rules that hold all published figures against each other."""

from .figures import TOTAL as TOTAL, links as links
from .rules import SERIOUS as SERIOUS, WITHHELD as WITHHELD, findings as findings
from .withheld import cells_given_away as cells_given_away

__all__ = [
    "findings",
]
