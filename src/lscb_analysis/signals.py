"""What ends a command from outside: it says so, and has what was begun cleared away, whenever it comes.

This is imported before anything else, and imports as little as it can: until then signals end Python unheard.
"""

from __future__ import annotations

import os
import signal

ENDING = [name for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
"""A request to end, a person at the terminal, and a terminal that was closed."""


def hear() -> None:
    """End by these signals as by an exception, with a sentence on the error stream and status 128 + n.

    One that is ignored, as under `nohup`, stays so.
    """
    for name in ENDING:
        if signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), _stop)


def _stop(number: int, _: object) -> None:
    for name in ENDING:  # what is cleared away now is not to be cut off by the next
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        os.write(2, f"Stopped by {signal.Signals(number).name}; a pack that stands is whole.\n".encode())
    finally:  # also where the terminal has gone
        raise SystemExit(128 + number)
