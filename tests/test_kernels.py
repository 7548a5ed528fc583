"""Forked kernels do all that ordinary ones do, give the same outputs, and leave nothing behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import Empty

import nbformat
import papermill
import psutil
import pytest
import zmq.asyncio
from conftest import CHECKOUT
from jupyter_client.manager import start_new_kernel
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_client.session import Session
from nbclient.exceptions import DeadKernelError

from lscb_analysis.build.chapters import _Messages
from lscb_analysis.build.warm import origin
from lscb_analysis.build.warm.fork import LESS_URGENT
from lscb_analysis.build.warm.provisioner import beside, warm_kernels

pytestmark = pytest.mark.skipif(not origin.can_fork(), reason="Kernels are forked on Linux alone.")

TIMES = ("papermill", "execution")


def execute(source, target, folder):
    """The cells of a notebook as papermill leaves them, without their times."""
    papermill.execute_notebook(
        str(source),
        str(target),
        progress_bar=False,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=CRITICAL"],
    )
    cells = nbformat.read(target, as_version=4).cells
    for cell in cells:
        cell.metadata = {name: value for name, value in cell.metadata.items() if name not in TIMES}
    return cells


def outputs(folder, *sources, name="invented"):
    """The outputs of cells of one's own, run in this folder."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    path = folder / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return [output for cell in execute(path, path, folder) for output in cell.outputs]


def printed(folder, *sources, **named):
    return [output.text.strip() for output in outputs(folder, *sources, **named)]


def parent(folder):
    """The process that a new kernel is a child of."""
    return int(printed(folder, "import os; print(os.getppid())")[0])


@contextmanager
def cold():
    """Kernels start as where none can be forked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(origin, "_server", None)
        yield


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


@pytest.fixture(scope="module", autouse=True)
def temporary(tmp_path_factory):
    """A temporary folder of these tests' own."""
    folder = tmp_path_factory.mktemp("t")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def forked_from():
    """The process that kernels are forked from, which has done before what it does before in a build."""
    with warm_kernels(rehearsal=(origin.REHEARSED, str(CHECKOUT), "southend-2017-19")):
        yield origin.server().pid


@pytest.fixture
def warm(forked_from, temporary):
    """The process that kernels are forked from; after the test there is none left, nor any file of theirs."""
    server = psutil.Process(forked_from)
    yield server
    assert server.children() == []
    assert [path.name for path in temporary.rglob("*") if not path.is_dir()] == ["fork"]


def test_a_build_has_none_of_the_libraries_that_only_its_kernels_use():
    of_kernels = {"IPython", "ipykernel", "matplotlib"}
    code = f"import lscb_analysis.build.builder, sys; print({of_kernels} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_a_kernel_is_forked_from_a_process_of_one_thread(warm, tmp_path):
    assert parent(tmp_path) == warm.pid
    assert warm.num_threads() == 1


@pytest.mark.usefixtures("warm")
def test_a_kernel_gives_way_to_the_build(tmp_path):
    assert int(printed(tmp_path, "import os; print(os.nice(0))")[0]) == min(os.nice(0) + LESS_URGENT, 19)


@pytest.mark.usefixtures("warm")
def test_what_is_printed_stands_where_it_was_printed(tmp_path):
    cells = (
        "print('one'); display('two'); print('three')",
        "import sys; print('four', file=sys.stderr); display('five')",
        "import threading; told = threading.Timer(0.1, print, ['six']); told.start(); told.join()",
        "print('seven', end=''); 'eight'",
    )
    forked = outputs(tmp_path, *cells)
    with cold():
        assert forked == outputs(tmp_path, *cells)
    said = [output.get("text") or output.data["text/plain"] for output in forked]
    assert "".join(said) == "one\n'two'three\nfour\n'five'six\nseven'eight'"


@pytest.mark.usefixtures("warm")
def test_kernels_run_at_once(tmp_path):
    def meet(name, other):
        come = f"import pathlib, time; pathlib.Path('{name}').touch()"
        wait = f"while not pathlib.Path('{other}').exists(): time.sleep(0.01)"
        return printed(tmp_path, come, wait, "print('met')", name=f"meet-{name}")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(meet, "abcd", "bcda")) == [["met"]] * 4


STATE = """
import json, multiprocessing, os, signal, sys, threading, warnings
from multiprocessing import forkserver, resource_tracker
import lscb_analysis.pages.charts, lscb_analysis.pages.conclusions, lscb_analysis.statistics.series
import matplotlib, numpy, pandas

def plain(command):
    return ["F" if part.endswith(".json") else part for part in command]

print(json.dumps({
    "command": [plain(sys.argv), plain(sys.orig_argv)],
    "path": sys.path,
    "folder": os.getcwd(),
    "variables": {name: os.environ[name] for name in sorted(os.environ) if name != "JPY_PARENT_PID"},
    "parent": os.environ["JPY_PARENT_PID"] == str(os.getppid()),
    "leader": os.getsid(0) == os.getpgid(0) == os.getpid(),
    "signals": [str(signal.getsignal(number)).partition(" at ")[0] for number in signal.valid_signals()],
    "blocked": str(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "threads": sorted(type(thread).__name__ for thread in threading.enumerate()),
    "processes": [multiprocessing.current_process().name, str(multiprocessing.parent_process())],
    "start": [multiprocessing.get_start_method(allow_none=True), forkserver.get_inherited_fds()],
    "tracker": resource_tracker._resource_tracker._fd,
    "main": sorted(name for name in vars(sys.modules["__main__"])),
    "history": get_ipython().history_manager.hist_file,
    "settings": {name: str(value) for name, value in matplotlib.rcParams.items()},
    "warnings": sorted(map(str, warnings.filters)),
    "flags": str(sys.flags),
    "encodings": [sys.stdout.encoding, sys.stderr.encoding, sys.getfilesystemencoding()],
    "left": [getattr(pandas, "left", None), numpy.geterr()],
}))
"""
SPOIL = """
import os, numpy, pandas, matplotlib, signal, sys, warnings
pandas.left = "something"
os.environ["LEFT"] = "something"
numpy.random.seed(1)
numpy.seterr(all="ignore")
sys.path.append("left")
matplotlib.rcParams["lines.linewidth"] = 9
warnings.simplefilter("error")
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
os.chdir("..")
"""


@pytest.mark.usefixtures("warm")
@pytest.mark.whole
def test_a_kernel_begins_as_an_ordinary_one_whatever_the_one_before_it_did(tmp_path):
    printed(tmp_path, SPOIL)
    forked = json.loads(printed(tmp_path, STATE)[0])
    with cold():
        started = json.loads(printed(tmp_path, STATE)[0])
    assert {name: forked[name] for name in started if forked[name] != started[name]} == {}


@pytest.mark.usefixtures("warm")
def test_random_numbers_are_each_kernels_own(tmp_path):
    draw = "import numpy, random; print(numpy.random.rand(), random.random())"
    one, two = [set(printed(tmp_path, draw)[0].split()) for _ in range(2)]
    assert not one & two


@pytest.mark.usefixtures("warm")
def test_figures_of_pyplot_are_shown_as_in_an_ordinary_kernel(tmp_path):
    cells = [
        "import matplotlib.pyplot as plt; lines = plt.plot([1, 3, 2])",
        "bars = plt.bar([1], [2]); plt.show(); print(plt.get_backend())",
        "import seaborn; axes = seaborn.lineplot(x=[1, 2], y=[3, 4])",
    ]
    shown = outputs(tmp_path, *cells)
    assert [output.output_type for output in shown] == [
        "display_data",
        "display_data",
        "stream",
        "display_data",
    ]
    assert all(output.data["image/png"] for output in shown if "data" in output)
    with cold():
        assert outputs(tmp_path, *cells) == shown


@pytest.mark.usefixtures("warm")
def test_settings_that_were_read_before_the_kernel_existed_are_those_it_would_read(tmp_path, monkeypatch):
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7\n")
    read = "import matplotlib, sys; print(matplotlib.rcParams['lines.linewidth'], sys.flags.utf8_mode)"
    monkeypatch.setenv("PYTHONUTF8", "1")
    assert printed(tmp_path, read) == ["7.0 1"]


@contextmanager
def running():
    """A kernel that is used without papermill: its manager and its client."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield manager, client
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel()


def test_a_kernel_is_interrupted_restarted_and_shut_down(warm, tmp_path):
    sign = tmp_path / "began"
    with running() as (manager, client):
        first = psutil.Process(manager.provisioner.pid)
        cell = f"began = True; import pathlib, time; pathlib.Path({str(sign)!r}).touch(); time.sleep(600)"
        # for a moment after an error a kernel refuses whatever else it is asked, unless told not to
        client.execute(cell, stop_on_error=False)
        wait_for(sign.exists)
        manager.interrupt_kernel()
        assert client.get_shell_msg(timeout=300)["content"]["ename"] == "KeyboardInterrupt"
        assert client.execute_interactive("assert began", timeout=300)["content"]["status"] == "ok"
        manager.restart_kernel()
        client.wait_for_ready(timeout=300)
        assert not first.is_running()
        assert client.execute_interactive("began", timeout=300)["content"]["ename"] == "NameError"
        second, process = psutil.Process(manager.provisioner.pid), manager.provisioner.process
        assert second.ppid() == warm.pid
        manager.shutdown_kernel()
        assert not second.is_running()
        assert process.wait() == 0


@pytest.mark.usefixtures("warm")
def test_a_kernel_has_ended_when_its_shutdown_was_asked_for():
    with running() as (manager, _):
        manager.request_shutdown()
        assert manager.provisioner.process.poll() == 0


@pytest.mark.usefixtures("warm")
def test_a_kernel_that_does_not_end_when_asked_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(LocalProvisioner, "get_shutdown_wait_time", lambda *_, **__: 0.5)
    with running() as (manager, _):
        process = manager.provisioner.process
        process.send_signal(signal.SIGSTOP)
        manager.request_shutdown()
        assert process.poll() is None
        manager.shutdown_kernel()
        assert process.poll() == -signal.SIGKILL


def test_nobody_waits_for_more_once_a_kernel_is_idle_and_no_message_is_lost():
    with zmq.Context() as context, context.socket(zmq.PAIR) as kernel:
        kernel.bind("inproc://kernel")
        session = Session(key=b"")

        async def told():
            client = zmq.asyncio.Context.shadow(context).socket(zmq.PAIR)
            client.connect("inproc://kernel")
            channel = _Messages(client, session)
            for content in ({"execution_state": "busy"}, {"execution_state": "idle"}, {"text": "late"}):
                session.send(kernel, "invented", content)
            before = [await channel.get_msg(60) for _ in range(2)]
            with pytest.raises(Empty):
                await channel.get_msg(60)
            late = await channel.get_msg()
            session.send(kernel, "invented", {"text": "later"})
            after = await channel.get_msg(60)
            client.close()
            return [message["content"] for message in (*before, late, after)]

        assert asyncio.run(told()) == [
            {"execution_state": "busy"},
            {"execution_state": "idle"},
            {"text": "late"},
            {"text": "later"},
        ]


@pytest.mark.usefixtures("warm")
def test_what_is_left_to_the_end_is_done_when_a_kernel_ends(tmp_path):
    outputs(tmp_path, "import atexit, pathlib; at = atexit.register(pathlib.Path('ended').touch)")
    assert (tmp_path / "ended").exists()


@pytest.mark.usefixtures("warm")
def test_a_kernel_killed_in_mid_cell_is_told_as_dead(tmp_path):
    with pytest.raises(DeadKernelError):
        outputs(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


def test_within_warm_kernels_another_one_starts_nothing(warm, tmp_path):
    before = psutil.Process().children()
    with warm_kernels():
        assert psutil.Process().children() == before
    assert parent(tmp_path) == warm.pid


BUILDER = """
import sys
import psutil
from jupyter_client.manager import start_new_kernel
from lscb_analysis.build.warm.provisioner import warm_kernels
with warm_kernels(["math"]):
    manager, client = start_new_kernel(cwd=sys.argv[1])
    client.execute_interactive(sys.argv[2])
    client.stop_channels()
    manager.shutdown_kernel()
print("left", len(psutil.Process().children(recursive=True)))
"""
BUSY = "import os; open('began', 'w').write(f'{os.getpid()} {os.getppid()} '); sum(range(10**12))"
"""A cell that says which process it is in, then gives no other thread a turn."""


def builder(folder, temporary, cell):
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(folder), cell],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_builder_leaves_no_process_and_the_next_one_no_folder(how, temporary, tmp_path):
    own = temporary / how.name
    own.mkdir()
    building = builder(tmp_path, own, BUSY)
    began = tmp_path / "began"
    wait_for(lambda: began.is_file() and began.read_text().endswith(" "))
    kernel, server = [psutil.Process(int(number)) for number in began.read_text().split()]
    assert server.ppid() == building.pid
    building.send_signal(how)
    building.communicate()
    wait_for(lambda: not kernel.is_running() and not server.is_running())
    assert [path.name for path in own.iterdir() if not path.name.startswith(origin.PREFIX)] == []
    said, errors = builder(tmp_path, own, "pass").communicate()
    assert (said, errors) == ("left 0\n", "")
    assert list(own.iterdir()) == []


def test_a_folder_in_use_is_not_taken_for_one_that_was_left(warm, temporary, tmp_path):
    (used,) = temporary.glob(f"{origin.PREFIX}*")
    left = temporary / f"{origin.PREFIX}left"
    left.mkdir()
    with origin._private_folder() as folder:
        assert sorted(temporary.glob(f"{origin.PREFIX}*")) == sorted([used, folder])
    assert not folder.exists()
    assert parent(tmp_path) == warm.pid


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_than_on_linux_kernels_are_ordinary(system, tmp_path, monkeypatch):
    with cold():
        with monkeypatch.context() as patch:
            patch.setattr(sys, "platform", system)
            entered = ExitStack()
            entered.enter_context(warm_kernels())
        with entered:
            assert origin.server() is None
            assert parent(tmp_path) == os.getpid()


def test_where_paths_are_too_long_for_sockets_kernels_are_ordinary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 20)))
    with cold(), warm_kernels():
        assert origin.server() is None


def test_libraries_that_leave_threads_are_not_forked(tmp_path, monkeypatch, capfd):
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with cold(), warm_kernels(["threaded"]):
        assert parent(tmp_path) == os.getpid()
    assert "importing threaded left 2 threads" in capfd.readouterr().err


def test_what_the_rehearsal_gives_first_is_told():
    with cold(), origin.forkserver(["math"], ("csv:reader", "abc")):
        assert origin.rehearsed() == ["a"]
        assert origin.rehearsed() == ["a"]
    with cold(), origin.forkserver(["math"]):
        assert origin.rehearsed() is None
    with cold():
        assert origin.rehearsed() is None


def test_a_rehearsal_goes_on_when_it_has_told_and_before_anything_is_forked(tmp_path, monkeypatch):
    (tmp_path / "steps.py").write_text(
        "import pathlib, time\n"
        "def steps(end):\n"
        "    yield 'told'\n"
        "    while not pathlib.Path(end).exists(): time.sleep(0.01)\n"
        "    pathlib.Path(end).write_text('reached')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    end = tmp_path / "end"
    with cold(), warm_kernels(rehearsal=("steps:steps", str(end))):
        assert origin.rehearsed() == "told"
        end.touch()
        assert printed(tmp_path, f"print(open({str(end)!r}).read())") == ["reached"]
        assert parent(tmp_path) == origin.server().pid


@pytest.mark.usefixtures("warm")
def test_a_call_is_made_beside_and_waited_for(tmp_path):
    done = beside(os.mkdir, tmp_path / "new")
    wait_for((tmp_path / "new").is_dir)
    done()  # or it would be made a second time, and fail


@pytest.mark.usefixtures("warm")
def test_a_call_that_fails_beside_is_made_again_and_raises(tmp_path):
    done = beside(os.mkdir, tmp_path)
    with pytest.raises(FileExistsError):
        done()


def test_where_nothing_can_be_forked_a_call_is_made_when_it_is_waited_for(tmp_path):
    with cold():
        done = beside(os.mkdir, tmp_path / "new")
        assert not (tmp_path / "new").exists()
        done()
    assert (tmp_path / "new").is_dir()


def test_when_the_forkserver_is_killed_its_kernels_end_and_the_next_one_is_ordinary(tmp_path):
    with cold(), warm_kernels():
        server = psutil.Process(origin.server().pid)
        with running() as (manager, _):
            assert server.children() == [psutil.Process(manager.provisioner.pid)]
            server.kill()
            wait_for(lambda: not manager.is_alive())
        assert parent(tmp_path) == os.getpid()
