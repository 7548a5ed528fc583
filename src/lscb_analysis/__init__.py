"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

import lazy_loader

# what notebooks use stands in __init__.pyi; each is imported when it is first asked for
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
