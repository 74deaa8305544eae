"""Knows when the service has received everything that was published."""

import asyncio
import contextlib
import threading
from collections import Counter

__all__ = ["DeliveryBarrier"]


class DeliveryBarrier:
    """Counts messages on their way; `seen` may be called from any thread, the rest from the event loop.

    Messages are known by topic and payload, because nothing else survives the journey through a broker.
    What nobody announced (a redelivery, a retained status of an earlier run) is passed over.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outstanding: Counter[int] = Counter()
        self._count = 0
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    @property
    def outstanding(self) -> int:
        """How many announced messages have not been seen."""
        return self._count

    def sent(self, topic: str, payload: bytes) -> None:
        """Announce a message; to be called before it is published, or it might be seen too early."""
        with self._lock:
            self._outstanding[hash((topic, payload))] += 1
            self._count += 1

    def seen(self, topic: str, payload: bytes) -> None:
        """Take note that the service has received a message."""
        key = hash((topic, payload))
        with self._lock:
            left = self._outstanding.get(key, 0)
            if not left:
                return
            if left == 1:
                del self._outstanding[key]
            else:
                self._outstanding[key] = left - 1
            self._count -= 1
            if not self._count:
                self._wake()

    async def wait(self, timeout_s: float) -> int:
        """Return once everything announced was seen, or after the time-out (real time).

        What is missing then is forgotten; its number is returned, 0 being success.
        """
        with self._lock:
            if not self._count:
                return 0
            complete = asyncio.Event()
            self._waiter = (asyncio.get_running_loop(), complete)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(complete.wait(), timeout_s)
        return self._forget()

    def _wake(self) -> None:
        """Tell the waiting loop; the lock is held."""
        if self._waiter is not None:
            loop, complete = self._waiter
            self._waiter = None
            # A loop that was closed meanwhile waits for nothing.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(complete.set)

    def _forget(self) -> int:
        with self._lock:
            missing = self._count
            self._outstanding.clear()
            self._count = 0
            self._waiter = None
        return missing
