"""The process that kernels are forked from: started, asked for a fork, and ended.

Only the standard library is imported here, so that it is under way before anything else is.
"""

from __future__ import annotations

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
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import connection
from pathlib import Path
from typing import Any

if sys.platform == "linux":
    import fcntl
    from multiprocessing.forkserver import read_signed
    from multiprocessing.reduction import sendfds

FORKED = "lscb_analysis.build.warm.fork"
"""What the forkserver's process runs, and its forks."""
_LISTED = tomllib.loads(Path(__file__).with_name("preloaded.toml").read_text("utf-8"))
PRELOADED = [*_LISTED["modules"], *_LISTED["modules_of_theirs"]]
REHEARSED = "lscb_analysis.build.warm.rehearsal:rehearse"
"""What a build has called there: it takes the project's folder and the name of an edition."""

POOLS = ("BLIS", "MKL", "NUMEXPR", "OMP", "OPENBLAS", "VECLIB_MAXIMUM")
ONE_THREAD = {f"{pool}_NUM_THREADS": "1" for pool in POOLS} | {
    "JE_ARROW_MALLOC_CONF": "background_thread:false"  # pyarrow's, which pandas imports
}
"""Only a process of one thread forks safely. Ordinary kernels get it too: a sum may depend on it."""

QUIET = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
"""The debugger, which ipykernel imports, is to say nothing on the error stream."""

PREFIX = "lscb-kernels-"
LONGEST_ADDRESS = 107
"""The path of a Unix socket cannot have more bytes."""


@contextmanager
def forkserver(preload: Sequence[str] = PRELOADED, rehearsal: Sequence[str] = ()) -> Iterator[None]:
    """Have a process, meanwhile, that has imported `preload` and waits to be asked for forks of itself.

    It has called a function too, for what that leaves in the library's caches and for what it gives first:
    `rehearsal` names it, as `module:function`, and gives its arguments; it returns an iterator. Where there
    is such a process already, or forking is not available or not safe, nothing is started.
    """
    global _server
    if _server or not can_fork():
        yield
        return
    running = _server = Server(preload, rehearsal)
    try:
        yield
    finally:
        _server = None
        running.stop()


def server() -> Server | None:
    """Return the process that this one has for its forks, if it has one."""
    return _server


def rehearsed() -> Any:
    """Return what the rehearsal of that process gave first, once it has: None if it had none, or failed."""
    return _server.rehearsed if _server else None


def can_fork() -> bool:
    """Whether processes can be forked here, safely, and be reached by sockets in the temporary folder."""
    forks = sys.platform == "linux" and "forkserver" in multiprocessing.get_all_start_methods()
    longest = os.fsencode(Path(tempfile.gettempdir()) / f"{PREFIX}12345678" / "1234567-5")
    return forks and len(longest) <= LONGEST_ADDRESS


class Server:
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
            (alive, held), (told, tells) = os.pipe(), os.pipe()
            stack.callback(os.close, held)
            self._told = stack.enter_context(os.fdopen(told, "rb"))
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(self.address)
                listener.listen()
                process = _start_serving(listener.fileno(), alive, tells, preload, rehearsal, self.folder)
            os.close(alive)
            os.close(tells)
            stack.callback(process.wait)
            stack.callback(process.kill)  # and with it go its kernels
            self.pid = process.pid
            self.stop = stack.pop_all().close

    @cached_property
    def rehearsed(self) -> Any:
        """What the rehearsal gave first, waited for: None if there was none, or it failed."""
        returned = self._told.read()
        return pickle.loads(returned) if returned else None

    def fork(self, function: str, *arguments: Any) -> Forked:
        """Return a fork that calls a function, named as `module:function`, and ends with what it returns.

        It is given the forkserver's process and `arguments`. Raises OSError or EOFError if the forkserver
        has ended.
        """
        status, status_end = multiprocessing.Pipe(duplex=False)
        request_end, request = multiprocessing.Pipe(duplex=False)
        with status_end, request_end, socket.socket(socket.AF_UNIX) as client:
            client.connect(self.address)
            # in the last two places the library sends what would hold the forkserver alive, and its tracker
            # of shared memory: an ordinary kernel has neither, so these are only fillers
            ends = (request_end, status_end, request_end, request_end)
            sendfds(client, [end.fileno() for end in ends])
        with request, open(request.fileno(), "wb", closefd=False) as stream:
            stream.write(pickle.dumps({}) + pickle.dumps(_Task(function, (self.pid, *arguments))))
        return Forked(read_signed(status.fileno()), status)


@dataclass(frozen=True)
class _Task:
    """What a fork is to do."""

    function: str
    arguments: tuple[Any, ...]

    def _bootstrap(self, sentinel: int) -> int:
        """Do it, in the forked process, and return its status; the name is the one that is called there."""
        os.close(sentinel)
        status: int = pkgutil.resolve_name(self.function)(*self.arguments)
        return status


class Forked:
    """A fork, as a provisioner of kernels knows a process: it has what that needs of subprocess.Popen."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, status: connection.Connection) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status

    def fileno(self) -> int:
        """What can be read from once the fork has ended; raises OSError if that is known already."""
        return self._status.fileno()

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
                self.returncode = read_signed(self._status.fileno())
            except EOFError:  # the forkserver was killed, and its kernels with it
                self.returncode = -signal.SIGKILL
            self._status.close()
        return self.returncode


_server: Server | None = None
"""In the process that starts kernels."""


def _start_serving(
    listener: int, alive: int, tells: int, preload: Sequence[str], rehearsal: Sequence[str], folder: Path
) -> subprocess.Popen[bytes]:
    served = f"{listener}, {alive}, {tells}, {list(preload)}, {list(rehearsal)}"
    code = (
        "import os; started_with = dict(os.environ)\n"
        f"from {FORKED} import serve; serve({served}, started_with)"
    )
    label = "forked as ipykernel_launcher"  # for who lists the processes
    return subprocess.Popen(
        [sys.executable, "-c", code, label],
        pass_fds=(listener, alive, tells),
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
