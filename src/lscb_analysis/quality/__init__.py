"""Rules that hold all published figures against each other."""

from lscb_analysis.doors import door

__getattr__, __dir__, __all__ = door(__name__)
