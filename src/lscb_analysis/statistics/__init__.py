"""What can be computed from frames alone: estimates, comparisons, mixes, series, power, implied numbers."""

from lscb_analysis.doors import door

__getattr__, __dir__, __all__ = door(__name__)
