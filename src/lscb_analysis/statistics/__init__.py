"""What can be computed from frames alone: estimates, comparisons, mixes, series, power, implied numbers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
