"""Live changes: one poller in the process, and a bounded queue for each open stream."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from anyio import to_thread

from store.operations.errors import OperationsUnavailableError
from store.operations.stream import OutgoingChange

__all__ = ["Feed", "LiveChanges", "Subscription"]

_log = structlog.get_logger(__name__)

_POLL_INTERVAL_S = 0.5
_BATCH = 500
_QUEUE_CHANGES = 1_000


class Feed(Protocol):
    """Changes by their number in the stream. Called from worker threads."""

    def after(self, stream_seq: int, limit: int) -> Sequence[OutgoingChange]:
        """At most `limit` changes behind a number, oldest first."""
        ...

    def last(self) -> int:
        """The newest number."""
        ...


class Subscription:
    """The changes that one stream has yet to send. Ends when the stream is too slow, or the service stops."""

    def __init__(self, capacity: int) -> None:
        self._waiting: asyncio.Queue[OutgoingChange | None] = asyncio.Queue(capacity)
        self.ended = False

    def offer(self, change: OutgoingChange) -> None:
        """Add a change; a reader that left no room is cut off, so that it cannot hurt the others."""
        try:
            self._waiting.put_nowait(change)
        except asyncio.QueueFull:
            _log.warning("stream cut off: its reader is too slow", waiting=self._waiting.qsize())
            self.end()

    def end(self) -> None:
        """Let the reader finish at once; what still waits is dropped, for it can be replayed."""
        self.ended = True
        with suppress(asyncio.QueueEmpty):
            while True:
                self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def next(self) -> OutgoingChange | None:
        """The next change; None when there will be no more."""
        return await self._waiting.get()


class LiveChanges:
    """Hands every change to every open stream. Everything but the feed runs in one event loop."""

    def __init__(
        self, feed: Feed, *, poll_interval_s: float = _POLL_INTERVAL_S, capacity: int = _QUEUE_CHANGES
    ) -> None:
        self._feed = feed
        self._poll_interval_s = poll_interval_s
        self._capacity = capacity
        self._seen: int | None = None
        self._subscriptions: set[Subscription] = set()
        self._closed = asyncio.Event()

    @property
    def open_streams(self) -> int:
        """How many streams are open."""
        return len(self._subscriptions)

    async def run(self) -> None:
        """Follow the feed until `close`. A store that does not answer is asked again."""
        failing = False
        while not self._closed.is_set():
            try:
                await self.poll()
                failing = False
            except OperationsUnavailableError as error:
                if not failing:
                    _log.warning("live changes wait for the store", reason=str(error))
                failing = True
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), self._poll_interval_s)

    async def poll(self) -> None:
        """Hand out what was committed since the last poll.

        Raises:
            OperationsUnavailableError: the store does not answer; nothing is missed.
        """
        if self._seen is None:
            self._seen = await to_thread.run_sync(self._feed.last)
        while changes := await to_thread.run_sync(self._feed.after, self._seen, _BATCH):
            for change in changes:
                for subscription in list(self._subscriptions):
                    self._hand(subscription, change)
            self._seen = changes[-1].stream_seq

    async def follow(self, after: int | None) -> AsyncIterator[OutgoingChange]:
        """Changes behind a number, first those of the past, then new ones; with None only new ones.

        It ends when the reader is too slow or the service stops; the reader may go on from the last
        number that it saw, at any process.

        Raises:
            OperationsUnavailableError: the store does not answer.
        """
        subscription = Subscription(self._capacity)
        self._subscriptions.add(subscription)
        try:
            newest = await to_thread.run_sync(self._feed.last)
            # A number from the future is of another database: there is nothing to replay.
            seen = newest if after is None else min(after, newest)
            while not self._is_over(subscription) and seen < newest:
                changes = await to_thread.run_sync(self._feed.after, seen, _BATCH)
                for change in changes:
                    yield change
                seen = changes[-1].stream_seq if changes else newest
            while not self._is_over(subscription) and (live := await subscription.next()) is not None:
                if live.stream_seq > seen:
                    yield live
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every stream now, and the poller; idempotent."""
        self._closed.set()
        for subscription in list(self._subscriptions):
            subscription.end()

    def _is_over(self, subscription: Subscription) -> bool:
        return subscription.ended or self._closed.is_set()

    def _hand(self, subscription: Subscription, change: OutgoingChange) -> None:
        subscription.offer(change)
        if subscription.ended:
            self._subscriptions.discard(subscription)
