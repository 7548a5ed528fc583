"""Warm kernels: a chapter's kernel is forked from a process that has already imported the libraries.

A provisioner of Jupyter's asks a forkserver of the standard library's for a process, which becomes an
ordinary ipykernel: papermill, nbclient and the notebooks do not know the difference.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from lscb_analysis.build.warm import origin

PROVISIONER = "lscb-warm"
"""The name of the provisioner among the entry points of jupyter_client."""


@contextmanager
def warm_kernels(preload: Sequence[str] = origin.PRELOADED, rehearsal: Sequence[str] = ()) -> Iterator[None]:
    """Fork the Python kernels that this process starts meanwhile from one that has imported `preload`.

    That is the process of `origin.forkserver`, which says what `rehearsal` is; within another it is that.
    Any number of threads may start kernels. Where forking is not available or not safe, kernels start the
    ordinary way and give the same outputs.
    """
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    with origin.forkserver(preload, rehearsal):
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
        manager, server = self.parent, origin.server()
        if server and manager and "ipykernel_launcher" in self.kernel_spec.argv:
            place = str(server.folder / str(next(server.numbers)))
            manager.connection_file = manager.connection_file or f"{place}.json"
            if manager.transport == "tcp":
                manager.transport, manager.ip = "ipc", place
                kwargs["transport_encryption"] = "disabled"  # nobody else can open what lies there
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel if the command would start one of this Python; else, or if that fails, run it."""
        arguments, server = _arguments(cmd), origin.server()
        if not server or arguments is None or set(self._scrub_kwargs(kwargs)) - {"env", "cwd"}:
            return await super().launch_kernel(cmd, **kwargs)
        folder = str(kwargs.get("cwd") or Path.cwd())
        try:
            self.process = server.fork(f"{origin.FORKED}:kernel", cmd, arguments, folder, kwargs["env"])
        except (OSError, EOFError) as error:
            self.log.warning("A kernel starts cold, for the forkserver has ended: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = folder
        return self.connection_info

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Wait for a fork until it ends, for jupyter_client would look only ten times a second."""
        await super().shutdown_requested(restart)
        if not isinstance(self.process, origin.Forked) or self.process.poll() is not None:
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
        env.update(origin.ONE_THREAD)


def beside(function: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    """Have a fork call `function` meanwhile, and return what waits for it.

    That calls it itself where there was no fork or its call failed, and so raises what it raises.
    """
    server, forked = origin.server(), None
    with suppress(OSError, EOFError):  # the forkserver has ended
        forked = server and server.fork(f"{origin.FORKED}:call", function, arguments, str(Path.cwd()))

    def wait() -> None:
        if not forked or forked.wait() != 0:
            function(*arguments)

    return wait


def _arguments(command: list[str]) -> list[str] | None:
    """The arguments of a command that starts an ipykernel with this Python, or None if it does not."""
    python, *rest = [part for part in command if part != "-Xfrozen_modules=off"]
    here = Path(sys.executable)
    ours = Path(python).parent == here.parent and Path(python).resolve() == here.resolve()
    return rest[2:] if ours and rest[:2] == ["-m", "ipykernel_launcher"] else None
