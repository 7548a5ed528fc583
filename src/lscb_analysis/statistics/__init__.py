"""Frames in, frames out: estimates, comparisons, mixes, series, and what printed numbers imply."""

from lscb_analysis.doors import door

__getattr__, __dir__, __all__ = door(__name__)
