"""Warm kernels: a chapter's kernel is forked from a process that has already imported the libraries.

A provisioner of Jupyter's asks a forkserver of the standard library's for a process, which becomes an
ordinary ipykernel: papermill and nbclient do not know the difference, nor do the notebooks.
"""

from __future__ import annotations

import asyncio
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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipykernel_launcher  # type: ignore[import-untyped]
import matplotlib
import numpy as np
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from lscb_analysis import forking
from lscb_analysis.forking import ONE_THREAD, PRELOADED

if sys.platform == "linux":
    from multiprocessing import forkserver, resource_tracker

PROVISIONER = "lscb-warm"
"""The name of the provisioner among the entry points of jupyter_client."""

READ_ONCE = ("PYTHON", "MATPLOTLIB", "MPL", "LANG", "LC_", "LD_", "TZ")
"""The interpreter and the libraries read variables of these names when they start, and not again."""

INLINE = "module://matplotlib_inline.backend_inline"
PR_SET_PDEATHSIG = 1
SELDOM = 50_000
"""A fork looks for garbage after so many new objects: a chapter leaves little, and is soon done."""


@contextmanager
def warm_kernels(preload: Sequence[str] = PRELOADED, rehearsal: Sequence[str] = ()) -> Iterator[None]:
    """Fork the Python kernels that this process starts meanwhile from one that has imported `preload`.

    That is the process of `forking.forkserver`, which says what `rehearsal` is; within another it is that.
    Any number of threads may start kernels. Where forking is not available or not safe, kernels start the
    ordinary way and give the same outputs.
    """
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    with forking.forkserver(preload, rehearsal):
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
        manager, server = self.parent, forking.server()
        if server and manager and "ipykernel_launcher" in self.kernel_spec.argv:
            place = str(server.folder / str(next(server.numbers)))
            manager.connection_file = manager.connection_file or f"{place}.json"
            if manager.transport == "tcp":
                manager.transport, manager.ip = "ipc", place
                kwargs["transport_encryption"] = "disabled"  # nobody else can open what lies there
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel if the command would start one of this Python; else, or if that fails, run it."""
        arguments, server = _arguments(cmd), forking.server()
        if not server or arguments is None or set(self._scrub_kwargs(kwargs)) - {"env", "cwd"}:
            return await super().launch_kernel(cmd, **kwargs)
        folder = str(kwargs.get("cwd") or Path.cwd())
        try:
            self.process = server.fork(_Kernel(cmd, arguments, folder, kwargs["env"], server.pid))
        except (OSError, EOFError) as error:
            self.log.warning("A kernel starts cold, for the forkserver has ended: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = folder
        return self.connection_info

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Wait for a fork until it ends, for jupyter_client would look only ten times a second."""
        await super().shutdown_requested(restart)
        if not isinstance(self.process, forking.Forked) or self.process.poll() is not None:
            return
        loop, ended, status = asyncio.get_running_loop(), asyncio.Event(), self.process.fileno()
        loop.add_reader(status, ended.set)
        try:
            async with asyncio.timeout(self.get_shutdown_wait_time() / 2):
                await ended.wait()
        except TimeoutError:  # jupyter_client goes on as with any kernel
            pass
        finally:
            loop.remove_reader(status)

    def _finalize_env(self, env: dict[str, str]) -> None:
        super()._finalize_env(env)
        env.update(ONE_THREAD)


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


def beside(function: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    """Have a fork call `function` meanwhile, and return what waits for it.

    That calls it itself where there was no fork or its call failed, and so raises what it raises.
    """
    server, forked = forking.server(), None
    with suppress(OSError, EOFError):  # the forkserver has ended
        forked = server and server.fork(_Call(function, arguments, str(Path.cwd()), server.pid))

    def wait() -> None:
        if not forked or forked.wait() != 0:
            function(*arguments)

    return wait


@dataclass(frozen=True)
class _Call:
    """A call to be, in a forked process."""

    function: Callable[..., None]
    arguments: tuple[Any, ...]
    folder: str
    server: int

    def _bootstrap(self, sentinel: int) -> int:
        os.close(sentinel)
        _die_with(self.server)
        os.chdir(self.folder)
        with suppress(Exception):  # who waits finds out
            self.function(*self.arguments)
            return 0
        return 1


@dataclass(frozen=True)
class _Kernel:
    """A kernel to be: the command that would start it, and what of this process it is to have."""

    command: list[str]
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    server: int

    def _bootstrap(self, sentinel: int) -> int:
        """Become the kernel, in the forked process; the name is the one that the forkserver calls."""
        os.close(sentinel)
        _die_with(self.server)
        os.setsid()
        _forget_the_forkserver()
        imported_with = _read_once()
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment | _set_by_imports, JPY_PARENT_PID=str(self.server))
        if imported_with != _read_once():
            os.execve(self.command[0], self.command, os.environ)
        sys.argv = [str(ipykernel_launcher.__file__), *self.arguments]
        sys.orig_argv = list(self.command)
        np.random.seed()  # each its own, as in any process; the forkserver's state is the same for all
        # pyplot was imported before there was a kernel, so it does not know that figures go to the notebook
        matplotlib.rcParams["backend"] = os.environ.get("MPLBACKEND") or INLINE
        return self._run()

    def _run(self) -> int:
        try:
            output = f"--IPKernelApp.outstream_class={__name__}.{_Output.__name__}"
            IPKernelApp.launch_instance([*self.arguments, output], parent_handle=self.server)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            _end_as_usual()
        return 0


class _Output(OutStream):
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


def _arguments(command: list[str]) -> list[str] | None:
    """The arguments of a command that starts an ipykernel with this Python, or None if it does not."""
    python, *rest = [part for part in command if part != "-Xfrozen_modules=off"]
    here = Path(sys.executable)
    ours = Path(python).parent == here.parent and Path(python).resolve() == here.resolve()
    return rest[2:] if ours and rest[:2] == ["-m", "ipykernel_launcher"] else None
