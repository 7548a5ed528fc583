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
import pkgutil
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import Any

import ipykernel_launcher  # type: ignore[import-untyped]
import matplotlib
import numpy as np
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

if sys.platform == "linux":
    import fcntl
    from multiprocessing import forkserver, reduction, resource_tracker

PROVISIONER = "lscb-warm"
"""The name of the provisioner among the entry points of jupyter_client."""

PRELOADED = (
    *("pandas", "scipy.stats", "seaborn"),
    *(f"lscb_analysis.{module}" for module in ("charts", "conclusions", "consistency", "tables", "trends")),
    # what these and ipykernel import only when they are used
    *("pandas.core.reshape.reshape", "pandas.io.formats.csvs", "matplotlib.backends.backend_svg"),
    *("IPython.core.completerlib", "IPython.extensions.storemagic", "ipykernel.debugger"),
    *("sqlite3", "tornado.platform.asyncio"),
)
REHEARSED = "lscb_analysis.verdicts:rehearse"
"""What a build has called there: it takes the project's folder and the name of an edition."""

POOLS = ("BLIS", "MKL", "NUMEXPR", "OMP", "OPENBLAS", "VECLIB_MAXIMUM")
ONE_THREAD = {f"{pool}_NUM_THREADS": "1" for pool in POOLS}
"""Only a process of one thread forks safely. Ordinary kernels get it too: a sum may depend on it."""

QUIET = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
"""The debugger, which ipykernel imports, is to say nothing on the error stream."""

READ_ONCE = ("PYTHON", "MATPLOTLIB", "MPL", "LANG", "LC_", "LD_", "TZ")
"""The interpreter and the libraries read variables of these names when they start, and not again."""

INLINE = "module://matplotlib_inline.backend_inline"
PREFIX = "lscb-kernels-"
LONGEST_ADDRESS = 107
"""The path of a Unix socket cannot have more bytes."""
PR_SET_PDEATHSIG = 1


@contextmanager
def warm_kernels(preload: Sequence[str] = PRELOADED, rehearsal: Sequence[str] = ()) -> Iterator[None]:
    """Fork the Python kernels that this process starts meanwhile from one that has imported `preload`.

    It has called a function too, for what that leaves in the library's caches: `rehearsal` names it, as
    `module:function`, and gives its arguments.
    Any number of threads may start kernels. Within another `warm_kernels` nothing is started anew. Where
    forking is not available or not safe, kernels start the ordinary way and give the same outputs.
    """
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    with _forkserver(preload, rehearsal):
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
        if _server and manager and "ipykernel_launcher" in self.kernel_spec.argv:
            place = str(_server.folder / str(next(_server.numbers)))
            manager.connection_file = manager.connection_file or f"{place}.json"
            if manager.transport == "tcp":
                manager.transport, manager.ip = "ipc", place
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel if the command would start one of this Python; else, or if that fails, run it."""
        arguments = _arguments(cmd)
        if not _server or arguments is None or set(self._scrub_kwargs(kwargs)) - {"env", "cwd"}:
            return await super().launch_kernel(cmd, **kwargs)
        folder = str(kwargs.get("cwd") or Path.cwd())
        try:
            self.process = _server.fork(_Kernel(cmd, arguments, folder, kwargs["env"], _server.pid))
        except (OSError, EOFError) as error:
            self.log.warning("A kernel starts cold, for the forkserver has ended: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = folder
        return self.connection_info

    def _finalize_env(self, env: dict[str, str]) -> None:
        super()._finalize_env(env)
        env.update(ONE_THREAD)


def serve(
    listener: int, alive: int, preload: Sequence[str], rehearsal: Sequence[str], started_with: dict[str, str]
) -> None:
    """Import the libraries and rehearse, then fork on request until the other end of `alive` is closed.

    It is what the forkserver's process runs, and refuses to fork from more than one thread. The variables
    it was `started_with` tell which the libraries have set since.
    """
    gc.disable()  # until all is imported, there is hardly any garbage to find
    sys.path[:] = [folder for folder in sys.path if folder]  # as ipykernel_launcher does
    for module in preload:
        importlib.import_module(module)
    if rehearsal:
        function, *arguments = rehearsal
        pkgutil.resolve_name(function)(*arguments)
    _set_by_imports.update(os.environ.items() - started_with.items())
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        sys.exit(
            f"Kernels start cold: importing {', '.join(preload)} left {threads} threads, unsafe to fork."
        )
    gc.collect()
    gc.freeze()  # the forks share this memory for as long as nobody writes to it
    gc.enable()
    forkserver.main(listener, alive, [])


class _Server:
    """The forkserver: its process, and the folder of the sockets by which it and its kernels are reached.

    The standard library would start it with this process's options, variables, folder and path, let each
    kernel hold it alive, and leave a folder behind after SIGKILL. So its process is started here, as plain
    as that of an ordinary kernel; what it then runs is the standard library's.
    """

    def __init__(self, preload: Sequence[str], rehearsal: Sequence[str]) -> None:
        self.numbers = itertools.count()
        with ExitStack() as stack:
            self.folder = stack.enter_context(_private_folder())
            self.address = str(self.folder / "fork")
            alive, held = os.pipe()
            stack.callback(os.close, held)
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(self.address)
                listener.listen()
                process = _start_serving(listener.fileno(), alive, preload, rehearsal, self.folder)
            os.close(alive)
            stack.callback(process.wait)
            stack.callback(process.kill)  # and with it go its kernels
            self.pid = process.pid
            self.stop = stack.pop_all().close

    def fork(self, kernel: _Kernel) -> _Forked:
        """Return the forked kernel; raises OSError or EOFError if the forkserver has ended."""
        status, status_end = multiprocessing.Pipe(duplex=False)
        request_end, request = multiprocessing.Pipe(duplex=False)
        with status_end, request_end, socket.socket(socket.AF_UNIX) as client:
            client.connect(self.address)
            # in the last two places the library sends what would hold the forkserver alive, and its tracker
            # of shared memory: an ordinary kernel has neither, so these are only fillers
            ends = (request_end, status_end, request_end, request_end)
            reduction.sendfds(client, [end.fileno() for end in ends])
        with request, open(request.fileno(), "wb", closefd=False) as stream:
            stream.write(pickle.dumps({}) + pickle.dumps(kernel))
        return _Forked(forkserver.read_signed(status.fileno()), status)


class _Forked:
    """A forked kernel, as the provisioner knows a process: it has what it needs of subprocess.Popen."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, status: connection.Connection) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self) -> int | None:
        return self._ended(None)

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and connection.wait([self._status], timeout):
            try:
                self.returncode = forkserver.read_signed(self._status.fileno())
            except EOFError:  # the forkserver was killed, and its kernels with it
                self.returncode = -signal.SIGKILL
            self._status.close()
        return self.returncode


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
            IPKernelApp.launch_instance(self.arguments, parent_handle=self.server)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            _end_as_usual()
        return 0


def _end_as_usual() -> None:
    """Do what an interpreter does as it ends, and a forked process does not."""
    control = IPKernelApp.instance().control_thread
    if control and control.is_alive():
        # it may wait for output to be sent by a thread that ipykernel ends first, and then for ten seconds
        control.stop()
        control.join()
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


_server: _Server | None = None
"""In the process that starts kernels."""

_set_by_imports: dict[str, str] = {}
"""In the forkserver: the variables of the environment that the libraries set when they were imported."""


@contextmanager
def _forkserver(preload: Sequence[str], rehearsal: Sequence[str]) -> Iterator[None]:
    global _server
    if _server or not _can_fork():
        yield
        return
    server = _server = _Server(preload, rehearsal)
    try:
        yield
    finally:
        _server = None
        server.stop()


def _can_fork() -> bool:
    """Whether processes can be forked here, safely, and be reached by sockets in the temporary folder."""
    forks = sys.platform == "linux" and "forkserver" in multiprocessing.get_all_start_methods()
    longest = os.fsencode(Path(tempfile.gettempdir()) / f"{PREFIX}12345678" / "1234567-5")
    return forks and len(longest) <= LONGEST_ADDRESS


def _arguments(command: list[str]) -> list[str] | None:
    """The arguments of a command that starts an ipykernel with this Python, or None if it does not."""
    python, *rest = [part for part in command if part != "-Xfrozen_modules=off"]
    here = Path(sys.executable)
    ours = Path(python).parent == here.parent and Path(python).resolve() == here.resolve()
    return rest[2:] if ours and rest[:2] == ["-m", "ipykernel_launcher"] else None


def _start_serving(
    listener: int, alive: int, preload: Sequence[str], rehearsal: Sequence[str], folder: Path
) -> subprocess.Popen[bytes]:
    served = f"{listener}, {alive}, {list(preload)}, {list(rehearsal)}"
    code = (
        "import os; started_with = dict(os.environ)\n"
        f"from {__name__} import serve; serve({served}, started_with)"
    )
    label = "forked as ipykernel_launcher"  # for who lists the processes
    return subprocess.Popen(
        [sys.executable, "-c", code, label],
        pass_fds=(listener, alive),
        stdin=subprocess.DEVNULL,
        env=os.environ | ONE_THREAD | QUIET,
        cwd=folder,
        start_new_session=True,
    )


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A temporary folder, locked while it is used; those that killed runs have left are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), _locked(left):  # it is in use, or another user's
            shutil.rmtree(left)
    with ExitStack() as stack:
        folder = _new_folder(stack)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def _new_folder(stack: ExitStack) -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        # before it was locked, another run may have taken it for one that was left
        with suppress(BlockingIOError, FileNotFoundError):
            stack.enter_context(_locked(folder))
            if folder.is_dir():
                return folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
