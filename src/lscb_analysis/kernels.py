"""Warm kernels: a chapter's kernel is forked from a process that has already imported the libraries.

A provisioner of Jupyter's asks a forkserver of the standard library's for a process, which becomes an
ordinary ipykernel: papermill and nbclient do not know the difference, nor do the notebooks.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import itertools
import multiprocessing
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import Any

import ipykernel_launcher
import matplotlib
import numpy as np
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

if sys.platform == "linux":
    import fcntl
    from multiprocessing import forkserver, reduction, resource_tracker

PROVISIONER = "lscb-warm"
"""The name of the provisioner among the entry points of jupyter_client."""

PRELOADED = (
    *("pandas", "scipy.stats", "seaborn", "lscb_analysis"),
    # what these and ipykernel import only when they are used
    *("pandas.core.reshape.reshape", "pandas.io.formats.csvs", "matplotlib.backends.backend_svg"),
    *("IPython.core.completerlib", "IPython.extensions.storemagic", "ipykernel.debugger"),
    *("sqlite3", "tornado.platform.asyncio"),
)
POOLS = ("BLIS", "MKL", "NUMEXPR", "OMP", "OPENBLAS", "VECLIB_MAXIMUM")
ONE_THREAD = {f"{pool}_NUM_THREADS": "1" for pool in POOLS}
"""Only a process of one thread forks safely. Ordinary kernels get it too: a sum's last bit may depend on it."""

READ_ONCE = ("PYTHON", "MATPLOTLIB", "MPL", "LANG", "LC_", "LD_", "TZ")
"""The interpreter and the libraries read variables of these names when they start, and not again."""

PREFIX = "lscb-kernels-"
LONGEST_ADDRESS = 107
"""The path of a Unix socket cannot have more bytes."""
PR_SET_PDEATHSIG = 1


@contextmanager
def warm_kernels(preload: Sequence[str] = PRELOADED) -> Iterator[None]:
    """Fork the Python kernels that this process starts meanwhile from one that has imported `preload`.

    Any number of threads may start kernels. Within another `warm_kernels` nothing is started anew. Where
    forking is not available or not safe, kernels start the ordinary way and give the same outputs.
    """
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    with _forkserver(preload):
        factory.default_provisioner_name = PROVISIONER
        try:
            yield
        finally:
            factory.default_provisioner_name = before


class WarmProvisioner(LocalProvisioner):
    """Provides kernels by forking within `warm_kernels`, and otherwise as jupyter_client does."""

    process: Any
    pid: Any
    pgid: Any

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Give the kernel sockets in the forkserver's private folder, then prepare as usual."""
        manager = self.parent
        if _server and manager and _arguments(manager.kernel_spec.argv) is not None:
            place = str(_server.folder / str(next(_server.numbers)))
            manager.connection_file = manager.connection_file or f"{place}.json"
            if manager.transport == "tcp":
                manager.transport, manager.ip = "ipc", place
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel if this command starts one of this Python; else, or if that fails, run the command."""
        arguments = _arguments(cmd)
        if not _server or arguments is None or set(self._scrub_kwargs(kwargs)) - {"env", "cwd"}:
            return await super().launch_kernel(cmd, **kwargs)
        folder = str(kwargs.get("cwd") or Path.cwd())
        try:
            self.process = _server.fork(_Kernel(cmd, arguments, folder, kwargs["env"], _server.pid))
        except (OSError, EOFError) as error:
            self.log.warning(f"The process that kernels are forked from ended: {error}. This one is not forked.")
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = folder
        return self.connection_info

    def _finalize_env(self, env: dict[str, str]) -> None:
        super()._finalize_env(env)
        env.update(ONE_THREAD)


def serve(listener: int, alive: int, preload: Sequence[str]) -> None:
    """Import the libraries, then fork on request until the other end of `alive` is closed.

    It is what the forkserver's process runs, and refuses to fork from more than one thread.
    """
    sys.path[:] = [folder for folder in sys.path if folder]  # as ipykernel_launcher does
    for module in preload:
        importlib.import_module(module)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        sys.exit(f"Kernels start cold: importing {', '.join(preload)} left {threads} threads, unsafe to fork.")
    gc.collect()
    gc.freeze()  # the forks share this memory for as long as nobody writes to it
    forkserver.main(listener, alive, [])


class _Server:
    """The forkserver: its process and its folder, from which it and the kernels are reached.

    The standard library would start it for all of this process, with the interpreter's options, variables,
    folder and path of this process, hold it alive through its own children, and leave a folder after SIGKILL.
    So the process is started here; what it runs once the libraries are there is multiprocessing.forkserver.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self.numbers = itertools.count()
        with ExitStack() as started:
            self.folder = started.enter_context(_private_folder())
            self.address = str(self.folder / "fork")
            listener = started.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(self.address)
            listener.listen()
            alive, self._alive = os.pipe()
            started.callback(os.close, self._alive)
            self._process = _start_serving(listener.fileno(), alive, preload, self.folder)
            os.close(alive)
            started.callback(self._process.wait)
            started.callback(self._process.kill)  # which takes the kernels with it
            self._started = started.pop_all()
            listener.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._started.close()

    def fork(self, kernel: _Kernel) -> _Forked:
        """Return the forked kernel; raises OSError or EOFError if the forkserver is no more."""
        status, status_end = os.pipe()
        request_end, request = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(self.address)
                # in the last two places the library hands on what would hold the forkserver alive, and its
                # tracker of shared memory; a kernel shall have neither
                reduction.sendfds(client, [request_end, status_end, nothing, nothing])
        finally:
            for end in (request_end, status_end, nothing):
                os.close(end)
        with open(request, "wb") as stream:
            stream.write(pickle.dumps({}) + pickle.dumps(kernel))
        return _Forked(forkserver.read_signed(status), status)
