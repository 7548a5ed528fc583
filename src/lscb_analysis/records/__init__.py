"""What boards keep besides statistics: ratings, attendance, accounts."""

from lscb_analysis.doors import door

__getattr__, __dir__, __all__ = door(__name__)
