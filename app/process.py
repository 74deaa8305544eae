"""What every long-running process of the service has in common: start, watch, stop in the opposite order."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

import structlog

from app.http_server import HttpServer
from app.service import check_parts
from app.supervision import Supervisor

__all__ = ["Process", "Runnable", "Work", "run_until"]

_log = structlog.get_logger(__name__)
_LOOK_S = 0.5
_DRAIN_S = 3.0

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Something that goes on until it is told to stop."""


class Runnable(Protocol):
    """A process's parts, taken together."""

    async def start(self) -> None:
        """Return when it does its work."""
        ...

    def check(self) -> None:
        """Raise `ServiceFailedError` when a part of it has ended."""
        ...

    async def stop(self) -> None:
        """Stop every part. Idempotent."""
        ...


class Process:
    """An HTTP server and works beside it. Works are stopped first, all at once; one that hangs is cut off."""

    def __init__(self, http: HttpServer, works: Mapping[str, Work]) -> None:
        self.http = http
        self._works = works
        self._stop = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Return when requests are answered; the works have begun.

        Raises:
            StartError: the application could not be started.
        """
        await self.http.start()
        self._tasks = {
            name: asyncio.create_task(work(self._stop), name=name) for name, work in self._works.items()
        }

    def check(self) -> None:
        """Return while requests are answered and every work goes on.

        Raises:
            ServiceFailedError: one ended by itself; its error is the cause.
        """
        check_parts({**self._tasks, "http": self.http.task})

    async def stop(self) -> None:
        """Let the works end, then the server. Idempotent."""
        self._stop.set()
        tasks, self._tasks = self._tasks, {}
        if tasks:
            _, unfinished = await asyncio.wait(tasks.values(), timeout=_DRAIN_S)
            for task in unfinished:
                _log.warning("part_cut_off", part=task.get_name())
                task.cancel()
        await self.http.stop()


async def run_until(stop: asyncio.Event, process: Runnable, ready: Callable[[], None]) -> None:
    """Run a process until `stop` is set; `ready` is called once, when it does its work.

    Raises:
        StartError: it could not start.
        ServiceFailedError: a part of it ended by itself.
    """
    supervisor = Supervisor()
    stopping = asyncio.create_task(stop.wait(), name="stop")
    starting = asyncio.create_task(process.start(), name="start")
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return
    starting.result()
    supervisor.ready()
    ready()
    while not stop.is_set():
        process.check()
        supervisor.alive()
        await asyncio.wait({stopping}, timeout=_LOOK_S)
    supervisor.stopping()
