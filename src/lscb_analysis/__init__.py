"""Statistics of a safeguarding board, from tidy tables to chapters a board can read."""


def __getattr__(name: str) -> object:
    """Import what notebooks use, which stands in __init__.pyi, when it is first asked for.

    So is the loader, which takes longer to import than a command may be deaf to signals.
    """
    import lazy_loader

    get, listed, names = lazy_loader.attach_stub(__name__, __file__)
    globals().update(__getattr__=get, __dir__=listed, __all__=names)
    return names if name == "__all__" else get(name)


def __dir__() -> object:
    return __getattr__("__all__")
