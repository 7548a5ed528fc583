"""A release as a table, with the same rows as CSV to take away."""

from lscb_analysis.doors import door

__getattr__, __dir__, __all__ = door(__name__)
