"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""

import sys
from types import ModuleType


class _WayIn(ModuleType):
    """The package, whose help is made from its groups when it is asked for."""

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from lscb_analysis.doors import overview

        return overview()


def __getattr__(name: str) -> object:
    """Import what is first asked for, by the door.

    So is the door, which takes longer to import than a command may be deaf to signals.
    """
    from lscb_analysis.doors import door

    return door(__name__)[0](name)


def __dir__() -> list[str]:
    from lscb_analysis.doors import door

    return door(__name__)[1]()


sys.modules[__name__].__class__ = _WayIn
