"""SIGHUP: whoever runs the service wants files to be read anew."""

import asyncio
import signal
from collections.abc import Callable
from typing import Self

import structlog

__all__ = ["Hangup"]

_log = structlog.get_logger(__name__)


class Hangup:
    """Does something in a worker thread at each SIGHUP, one after the other; listens while it is entered.

    Enter it first of all: a signal that comes while the process starts is then neither its end nor lost.
    """

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        if self._task is not None:
            self._task.cancel()

    def do(self, act: Callable[[], None]) -> None:
        """Do this from now on, and once now if the signal came before."""
        self._task = asyncio.create_task(self._follow(act), name="hangup")

    async def _follow(self, act: Callable[[], None]) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await asyncio.to_thread(act)
            except Exception:  # noqa: BLE001 - whatever is wrong with new files, the old ones go on to hold
                _log.exception("reload_failed", note="what held goes on to hold")
