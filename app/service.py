"""The service's life: start in order, run, stop in the opposite order within a few seconds."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from types import MappingProxyType
from typing import Any

import structlog

from app.http_server import HttpServer
from app.mqtt_reader import MqttReader
from app.wiring import Pipeline

__all__ = ["Service", "ServiceFailedError", "check_parts"]

_log = structlog.get_logger(__name__)
_DRAIN_S = 1.5
_POLL_S = 0.02


class ServiceFailedError(Exception):
    """A part of the service ended by itself; the cause is chained."""


def check_parts(parts: Mapping[str, asyncio.Task[None] | None]) -> None:
    """Return while every part that was started goes on.

    Raises:
        ServiceFailedError: one ended by itself; its error is the cause.
    """
    for name, task in parts.items():
        if task is not None and task.done():
            cause = None if task.cancelled() else task.exception()
            raise ServiceFailedError(f"{name} ended by itself") from cause


class Service:
    """Runs a pipeline, its HTTP server where there is one, and what else goes on until it is told to stop.

    Stopping takes in nothing more, lets both consumers finish what is journaled (what does not fit into the
    time is read again at the next start), and disconnects.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        session: MqttReader,
        http: HttpServer | None = None,
        works: Mapping[str, Callable[[asyncio.Event], Coroutine[Any, Any, None]]] = MappingProxyType({}),
        reloads: Sequence[Callable[[], None]] = (),
    ) -> None:
        self.pipeline = pipeline
        self._session = session
        self._http = http
        self._works = works
        self._reloads = reloads
        self._cleanups = AsyncExitStack()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stop_intake = asyncio.Event()
        self._stop_consumers = asyncio.Event()
        self._stop_works = asyncio.Event()

    async def start(self) -> None:
        """Start every part; returns when the API answers and the broker has confirmed the subscriptions.

        Raises:
            StartError: a part could not be started.
            ServiceFailedError: a part ended while the others started.
        """
        pipeline = self.pipeline
        self._cleanups.push_async_callback(self._end_consumers)
        self._run("writer", pipeline.writer.run(self._stop_consumers))
        self._run("detection", pipeline.detection.run(self._stop_consumers))
        self._run("purge", pipeline.purge(self._stop_consumers))
        self._tasks["reader"] = self._session.start()
        self._cleanups.push_async_callback(self._session.stop)
        self._run("intake", pipeline.intake.run(self._stop_intake))
        self._cleanups.push_async_callback(self._end_intake)
        if self._http is not None:
            self._cleanups.push_async_callback(self._http.stop)
            await self._http.start()
        self._cleanups.push_async_callback(self._end_works)
        for name, work in self._works.items():
            self._run(name, work(self._stop_works))
        while not pipeline.intake.is_caught_up:
            self.check()
            await asyncio.sleep(0.02)

    def check(self) -> None:
        """Return while every part runs.

        Raises:
            ServiceFailedError: one ended; its error is the cause.
        """
        check_parts({**self._tasks, "http": self._http.task if self._http is not None else None})

    def reload(self) -> None:
        """Read anew what may change while it runs. In a worker thread; what is wrong ends in the log."""
        for reload in self._reloads:
            reload()

    async def stop(self) -> None:
        """Stop every part, last started first. Idempotent."""
        await self._cleanups.aclose()
        if self._http is not None:
            await self._http.stop()  # its address was taken before anything was started

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks[name] = asyncio.create_task(work, name=name)

    async def _end_works(self) -> None:
        self._stop_works.set()
        await asyncio.gather(*(self._finish(name) for name in self._works))

    async def _end_intake(self) -> None:
        self._stop_intake.set()
        await self._finish("intake")

    async def _end_consumers(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._drained(), _DRAIN_S)
        self._stop_consumers.set()
        await asyncio.gather(*(self._finish(name) for name in ("writer", "detection", "purge")))

    async def _drained(self) -> None:
        """Return when both consumers have read all that is journaled, or one of them cannot."""
        pipeline = self.pipeline
        newest = pipeline.tail.newest
        while min(pipeline.writer.position, pipeline.detection.read_position) < newest:
            if any(self._tasks[name].done() for name in ("writer", "detection")):
                return
            await asyncio.sleep(_POLL_S)

    async def _finish(self, name: str) -> None:
        """Wait for a part to end, not longer than the time there is."""
        task = self._tasks.get(name)
        if task is None:
            return
        _, unfinished = await asyncio.wait({task}, timeout=_DRAIN_S)
        if unfinished:
            _log.warning("part_cut_off", part=name, note="the journal keeps what it had not finished")
            task.cancel()
            await asyncio.wait({task})
        elif not task.cancelled() and task.exception() is not None:
            _log.error("part_failed", part=name, error=repr(task.exception()))
