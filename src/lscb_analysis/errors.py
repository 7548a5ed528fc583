"""Errors of what was given, and how they read in a notebook: as in a terminal."""

import linecache
import traceback


class InputError(Exception):
    """Something that was given is wrong; the message says what, where, and what to do.

    That is all its reader needs, so IPython shows this message and the line of the cell that led to it
    instead of a traceback through the library. `%debug` still opens the place where it was raised.
    """

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows; it asks any exception for a method of this name."""
        return [f"{type(self).__name__}: {self}", *self._line_of_the_cell()]

    def _line_of_the_cell(self) -> list[str]:
        for frame, line in traceback.walk_tb(self.__traceback__):
            if frame.f_globals.get("__name__") == "__main__":
                source = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
                return [f"Line {line} of this cell led to it: {source}"]
        return []


class MisuseError(InputError, TypeError):
    """A function was given another kind of thing than it takes; the message says what to type instead."""


class NameUnknownError(InputError, AttributeError):
    """There is nothing of that name; the message says which there is."""
