"""Chapters: their notebooks, what they declare, and how they run, each in a kernel of its own."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import papermill
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from markupsafe import Markup
from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from lscb_analysis.build.asked import Asked, Tell
from lscb_analysis.build.inspection import SET, inspect
from lscb_analysis.build.publication import BuildError
from lscb_analysis.data import READS, nearest
from lscb_analysis.pages import on_page
from lscb_analysis.project import notebook


@dataclass
class Chapter:
    """One chapter of a build: what it was made with, and how it went."""

    name: str
    parameters: dict[str, Any]
    title: str
    question: str
    finding: Markup = field(default_factory=Markup)
    verdict: Markup = field(default_factory=Markup)
    seconds: float = 0.0
    error: str = ""
    reused: bool = False
    executed: Any = None
    """Its notebook as it ran, by `read`; none until then, or if it failed."""
    unanswered: list[str] = field(default_factory=list)
    """The headings of its sections that left its page, since the data say nothing of them."""
    digests: dict[str, Any] | None = None
    """Of what it was made of, by `reuse.describe`, if it ran."""

    @property
    def file(self) -> str:
        return f"{self.name}.html"


def parameters(chapter: str) -> dict[str, dict[str, str]]:
    """Return what a chapter's parameters cell declares: each name with its type, default and meaning.

    Raises BuildError if the chapter has no notebook, or one that a build cannot set the parameters of.
    """
    path = notebook(chapter)
    if not path.is_file():
        names = sorted(found.stem for found in path.parent.glob("*.ipynb"))
        raise BuildError(f"There is no notebook {path.name}. {nearest(chapter, names)}")
    return inspect(path)


def own_parameters(chapter: str) -> dict[str, dict[str, str]]:
    """Return those of a chapter's parameters that not every chapter has, as `parameters` does."""
    return {name: said for name, said in parameters(chapter).items() if name not in SET}


def title(chapter: str) -> tuple[str, str]:
    """Return a chapter's title and the question it answers, from its first cell.

    Raises BuildError if they are not there.
    """
    first = read(notebook(chapter)).cells[0].source
    lines = [line for line in first.splitlines() if line]
    if len(lines) < 2 or not lines[0].startswith("# "):
        raise BuildError(
            f"{chapter}.ipynb does not begin with a title (“# …”) and a question below it. Add them."
        )
    return lines[0].removeprefix("# "), lines[1]


def read(path: Path) -> Any:
    """Return a notebook with those of its outputs that pages show: displays, as they stand on a page.

    What else a cell has shown to the analyst, a frame or a release, has not been made to leave the building.
    """
    found = nbformat.read(path, as_version=4)
    for cell in found.cells:
        if cell.cell_type == "code":
            cell.outputs = [shown for shown in cell.outputs if "lscb" in shown.get("metadata", {})]
            for shown in cell.outputs:
                shown.data["text/html"] = on_page(shown.data["text/html"])
    return found


def outputs(executed: Any, kind: str) -> list[Any]:
    """Return all outputs of a notebook that have a form of this kind, as `text/html`."""
    shown = (output for cell in executed.cells for output in cell.get("outputs", []))
    return [output for output in shown if kind in output.get("data", {})]


@contextmanager
def running(chapters: Iterable[Chapter], runs: Path, asked: Asked, tell: Tell) -> Iterator[Iterator[Chapter]]:
    """Run the notebooks of the chapters that are not reused into `runs`, several at once, as is `asked`.

    Unless said so many that there are two more than processors: while some kernels begin or wait, others
    may compute. Gives an iterator of the chapters that have ended, as they do; how each went is in its
    `seconds`, `executed` and `error`. After an error within the others are stopped.
    """
    kernels = _Kernels()

    def run_one(chapter: Chapter) -> Chapter:
        _run(chapter, runs, tell, asked.timeout, kernels)
        if asked.fail_fast and chapter.error:
            kernels.stopped = "stopped, since another chapter failed"
        return chapter

    # the longest first, so that at the end no long one runs while other processors wait
    ahead = sorted(
        (chapter for chapter in chapters if not chapter.reused),
        key=lambda chapter: notebook(chapter.name).stat().st_size,
        reverse=True,
    )
    with ThreadPoolExecutor(asked.workers or processors() + 2) as pool:
        futures = [pool.submit(run_one, chapter) for chapter in ahead]
        try:
            yield (future.result() for future in as_completed(futures))
        except BaseException:
            kernels.stopped = "stopped with the build"
            raise


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# what papermill says of a failure on the error stream, the build says in words
logging.getLogger("papermill").addHandler(logging.NullHandler())


OWN_PYTHON = KernelSpec(
    argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    display_name="Python 3",
    language="python",
)
"""The kernel of every chapter, whatever kernel its notebook was last opened with, on whatever machine."""


class _Messages(AsyncZMQSocketChannel):
    """What a kernel tells all: once it is idle, there is no more to come that one would wait a while for.

    A client would wait so for a fifth of a second before the first cell.
    """

    idle = False

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override]
        if self.idle and timeout is not None:
            raise Empty
        message = await super().get_msg(timeout)
        self.idle = message["content"].get("execution_state") == "idle"
        return message


class _Kernels:
    """The kernels of a build's chapters while they run, so that they can be stopped."""

    def __init__(self) -> None:
        self.managers: dict[str, AsyncKernelManager] = {}
        self.reasons: dict[str, str] = {}
        self.stopped = ""
        """Why all are to stop and none is to begin."""

    def manager(self, chapter: str, target: Path) -> type[AsyncKernelManager]:
        """A class of kernel managers that reports the one it makes for a chapter that runs into `target`.

        The kernel's connection file stands beside that, so that nothing of a killed build is left
        elsewhere, and so does the record of what it reads.
        """
        managers = self.managers

        class Reported(AsyncKernelManager):
            kernel_spec = OWN_PYTHON

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs, connection_file=str(target.with_suffix(".json")))
                managers[chapter] = self

            async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]
                env = {**os.environ, READS: str(target.with_suffix(".reads"))}
                await super().start_kernel(**kwargs, env=env)

            def client(self, **kwargs: Any) -> Any:
                client = super().client(**kwargs)
                client.iopub_channel_class = _Messages
                return client

        return Reported

    def watch(self, chapter: str, timeout: float, ended: threading.Event) -> None:
        """Kill a chapter's kernel when its time is up or all are to stop; nbclient then says that it died."""
        deadline = time.monotonic() + timeout
        while not ended.wait(0.2):
            late = f"stopped: it took longer than {timeout:g} s" if time.monotonic() > deadline else ""
            reason = self.stopped or late
            kernel = getattr(self.managers.get(chapter), "provisioner", None)
            if reason and kernel is not None and kernel.pid:
                self.reasons.setdefault(chapter, reason)
                with suppress(ProcessLookupError):  # it has ended
                    os.kill(kernel.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _run(chapter: Chapter, runs: Path, tell: Tell, timeout: float, kernels: _Kernels) -> None:
    if kernels.stopped:
        chapter.error = kernels.stopped
        return
    tell("chapter started", chapter=chapter.name)
    started, ended = time.perf_counter(), threading.Event()
    threading.Thread(target=kernels.watch, args=(chapter.name, timeout, ended), daemon=True).start()
    target = runs / f"{chapter.name}.ipynb"
    try:
        _execute(chapter, target, kernels)
    except PapermillExecutionError as error:
        cell = error.source.strip().splitlines()[0]
        where = _question_of(target, error.cell_index)
        chapter.error = f"failed in cell {error.exec_count}, `{cell}`{where}. {error.ename}: {error.evalue}"
    except RuntimeError as error:  # nbclient's: the kernel died, or never began
        died = "its kernel died, perhaps out of memory" if isinstance(error, DeadKernelError) else error
        chapter.error = f"{kernels.reasons.get(chapter.name, f'failed: {died}')}{_interrupted(target)}"
    else:
        chapter.executed = read(target)
        names = [found.metadata.lscb.name for found in outputs(chapter.executed, "text/csv")]
        twice = sorted({name for name in names if names.count(name) > 1})
        chapter.error = f"failed: it shows more than one table {twice[0]!r}" if twice else ""
    finally:
        ended.set()
        kernels.managers.pop(chapter.name, None)
    chapter.seconds = time.perf_counter() - started
    done = {"error": chapter.error} if chapter.error else {"seconds": round(chapter.seconds, 2)}
    tell("chapter failed" if chapter.error else "chapter done", chapter=chapter.name, **done)


class _SavedWhenItDies(NBClientEngine):  # type: ignore[misc]  # papermill is not typed
    """Papermill's engine, which leaves a notebook to be saved once, by papermill, also if its kernel dies."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **options)
        except RuntimeError:
            nbformat.write(nb_man.nb, nb_man.nb.metadata.papermill["output_path"])
            raise


papermill_engines.register(_SavedWhenItDies.__name__, _SavedWhenItDies)


def _execute(chapter: Chapter, target: Path, kernels: _Kernels) -> None:
    source = notebook(chapter.name)
    papermill.execute_notebook(
        str(source),
        str(target),
        chapter.parameters,
        engine_name=_SavedWhenItDies.__name__,
        kernel_name="python3",
        language="python",
        request_save_on_cell_execute=False,
        progress_bar=False,
        # not papermill's cwd, which would change the folder of this process for all its threads
        resources={"metadata": {"path": str(source.parent)}},
        kernel_manager_class=kernels.manager(chapter.name, target),
        extra_arguments=["--log-level=CRITICAL"],
        config=Config(KernelManager={"transport_encryption": "auto"}),
    )


def _question_of(executed: Path, index: int) -> str:
    """The heading under which a cell stands, as a person would point to it."""
    cells = read(executed).cells[: index + 1]
    headings = [cell.source.splitlines()[0].lstrip("# ") for cell in cells if cell.source.startswith("## ")]
    return f", under “{headings[-1]}”" if headings else ""


def _interrupted(executed: Path) -> str:
    """The cell that a chapter was in when its kernel ended."""
    if not executed.is_file():
        return ""
    begun = [
        (index, cell)
        for index, cell in enumerate(read(executed).cells)
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    if not begun:
        return ""
    index, cell = begun[-1]
    return f", in the cell `{cell.source.strip().splitlines()[0]}`{_question_of(executed, index)}"
