"""A release drawn: each chart says what it shows, and has its figures as words."""

from lscb_analysis.doors import door

__getattr__, __dir__, __all__ = door(__name__)
