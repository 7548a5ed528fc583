"""The tables and files of words in `data/`: read, checked, and recorded as they are read."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
