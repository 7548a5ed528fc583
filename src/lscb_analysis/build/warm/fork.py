"""What a fork becomes: a kernel, or a call that is made beside the build; and what it is forked from.

Nothing of this is imported by a build itself, which has no use for the libraries of kernels.
"""

import atexit
import ctypes
import gc
import importlib
import os
import pickle
import pkgutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipykernel_launcher  # type: ignore[import-untyped]
import matplotlib
import numpy as np
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp

if sys.platform == "linux":
    from multiprocessing import forkserver, resource_tracker

READ_ONCE = ("PYTHON", "MATPLOTLIB", "MPL", "LANG", "LC_", "LD_", "TZ")
"""The interpreter and the libraries read variables of these names when they start, and not again."""

INLINE = "module://matplotlib_inline.backend_inline"
PR_SET_PDEATHSIG = 1
LESS_URGENT = 5
"""By so much kernels give way to the build, so that pages are checked as they come and not all at the end."""
SELDOM = 50_000
"""A fork looks for garbage after so many new objects: a chapter leaves little, and is soon done."""


def serve(
    listener: int,
    alive: int,
    tells: int,
    preload: Sequence[str],
    rehearsal: Sequence[str],
    started_with: dict[str, str],
) -> None:
    """Import the libraries, rehearse and tell, then fork on request until the other end of `alive` is closed.

    It is what the forkserver's process runs, and refuses to fork from more than one thread. What the
    rehearsal gives first is told; the rest is done while who was told goes on. The variables it was
    `started_with` tell which the libraries have set since.
    """
    gc.disable()  # until all is imported, there is hardly any garbage to find
    sys.path[:] = [folder for folder in sys.path if folder]  # as ipykernel_launcher does
    for module in preload:
        importlib.import_module(module)
    matplotlib.rcParams["backend"] = INLINE  # the first to be named has all packages searched for others
    steps: Iterator[Any] = iter(())
    with open(tells, "wb") as stream:
        if rehearsal:
            function, *arguments = rehearsal
            steps = pkgutil.resolve_name(function)(*arguments)
            stream.write(pickle.dumps(next(steps)))
    for _ in steps:
        pass
    _set_by_imports.update(os.environ.items() - started_with.items())
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        sys.exit(
            f"Kernels start cold: importing {', '.join(preload)} left {threads} threads, unsafe to fork."
        )
    gc.freeze()  # the forks share this memory for as long as nobody writes to it
    gc.enable()
    gc.set_threshold(SELDOM)
    forkserver.main(listener, alive, [])


def call(server: int, function: Callable[..., None], arguments: tuple[Any, ...], folder: str) -> int:
    """Call a function in `folder`, in a fork of `server`; return its status as a process."""
    _die_with(server)
    os.chdir(folder)
    with suppress(Exception):  # who waits finds out
        function(*arguments)
        return 0
    return 1


def kernel(
    server: int, command: list[str], arguments: list[str], folder: str, environment: dict[str, str]
) -> int:
    """Become the kernel that `command` would start with these `arguments`, in a fork of `server`.

    Returns its status as a process.
    """
    _die_with(server)
    os.nice(LESS_URGENT)
    os.setsid()
    _forget_the_forkserver()
    imported_with = _read_once()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment | _set_by_imports, JPY_PARENT_PID=str(server))
    if imported_with != _read_once():
        os.execve(command[0], command, os.environ)
    sys.argv = [str(ipykernel_launcher.__file__), *arguments]
    sys.orig_argv = list(command)
    np.random.seed()  # each its own, as in any process; the forkserver's state is the same for all
    # pyplot was imported before there was a kernel, so it does not know that figures go to the notebook
    matplotlib.rcParams["backend"] = os.environ.get("MPLBACKEND") or INLINE
    try:
        output = f"--IPKernelApp.outstream_class={__name__}.{Output.__name__}"
        IPKernelApp.launch_instance([*arguments, output], parent_handle=server)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        _end_as_usual()
    return 0


class Output(OutStream):
    """Is flushed only if something was written: a kernel asks for it with every message, and waits for it."""

    written = False

    def write(self, string: str) -> int | None:  # type: ignore[override]  # as in OutStream
        self.written = True
        return super().write(string)

    def flush(self) -> None:
        if self.written:
            self.written = False
            super().flush()  # type: ignore[no-untyped-call]


def _end_as_usual() -> None:
    """Do what an interpreter does as it ends, and a forked process does not."""
    control = IPKernelApp.instance().control_thread
    if control and control.is_alive():
        # it may wait for output to be sent by a thread that ipykernel ends first, and then for ten seconds
        control.stop()
        control.join()
    gc.freeze()  # IPython looks for garbage as it ends, among all that goes with the process
    atexit._run_exitfuncs()
    sys.stdout.flush()


def _die_with(parent: int) -> None:
    """Have the system kill this process when its parent ends, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _forget_the_forkserver() -> None:
    """Close what the forkserver handed on, and have multiprocessing start from nothing in this process."""
    handed = forkserver._forkserver, resource_tracker._resource_tracker
    for keeper, name in zip(handed, ("_forkserver_alive_fd", "_fd"), strict=True):
        os.close(vars(keeper)[name])
        keeper.__init__()  # type: ignore[misc]


def _read_once() -> tuple[dict[str, str], str]:
    """What the interpreter and the libraries read as they start: variables, and matplotlib's settings."""
    variables = {name: value for name, value in os.environ.items() if name.startswith(READ_ONCE)}
    return variables, matplotlib.matplotlib_fname()


_set_by_imports: dict[str, str] = {}
"""In the forkserver: the variables of the environment that the libraries set when they were imported."""
