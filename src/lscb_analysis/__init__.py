"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

import sys
from types import ModuleType


class _WayIn(ModuleType):
    """The package as an analyst asks for it: nothing is imported before, and help is made from its groups.

    So is what finds the names, which takes longer to import than a command may be deaf to signals.
    """

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from lscb_analysis.doors import overview

        return overview()

    def __getattr__(self, name: str) -> object:
        from lscb_analysis.doors import door

        return door(self.__name__)[0](name)

    def __dir__(self) -> list[str]:
        from lscb_analysis.doors import door

        return door(self.__name__)[1]()


sys.modules[__name__].__class__ = _WayIn
