"""A release in sentences: each number bound to its figure, each direction to its verdict."""

from lscb_analysis.doors import door

__getattr__, __dir__, __all__ = door(__name__)
