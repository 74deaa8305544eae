"""One process of the load: its connections, kept busy by one loop."""

import selectors
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from simulators.load.connection import LoadConnection
from simulators.load.errors import LoadError
from simulators.load.pacer import Pacer

__all__ = ["Progress", "run_connections"]

_IDLE_S = 0.05
_AGAIN_S = 0.5
_PATIENCE_S = 60.0
_SETTLE_S = 10.0


@dataclass
class Progress:
    """What a process has done so far."""

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    reconnections: int = 0


class _Loop:
    """Gives connections that can send their turn, waits for the others."""

    def __init__(
        self,
        connections: Sequence[LoadConnection],
        pacer: Pacer,
        progress: Progress,
        now_ms: Callable[[], int],
    ) -> None:
        self._connections = connections
        self._now_ms = now_ms
        self._pacer = pacer
        self._progress = progress
        self._selector = selectors.DefaultSelector()
        self._waiting_to_write: set[LoadConnection] = set()
        self._lost: dict[LoadConnection, float] = {}
        self._turns: deque[LoadConnection] = deque()
        self._queued: set[LoadConnection] = set()
        for connection in connections:
            self._watch(connection)

    def run(self, is_over: Callable[[], bool], tell: Callable[[], None]) -> None:
        """Publish until everything is done or it is over; then wait for what is under way."""
        while not is_over() and not all(c.is_done for c in self._connections):
            self._send()
            self._wait(min(_IDLE_S, self._pacer.wait_s()) if self._turns else _IDLE_S)
            tell()
        # At QoS 0 the last messages may still be on their way, and a rate is of what the broker has taken.
        self._attempt(LoadConnection.ask, *self._connections)
        deadline_s = time.monotonic() + _SETTLE_S
        while time.monotonic() < deadline_s and not all(c.is_settled for c in self._connections):
            self._wait(_IDLE_S)
            tell()
        self._selector.close()

    def _send(self) -> None:
        """One turn for each connection that can send, within what the rate allows."""
        turns = len(self._turns)
        for _ in range(turns):
            most = self._pacer.allowed(turns)
            if not most:
                return
            connection = self._turns.popleft()
            self._queued.discard(connection)
            if connection.is_ready:
                self._attempt(partial(self._turn, most), connection)

    def _turn(self, most: int, connection: LoadConnection) -> None:
        count = connection.send(most, self._now_ms)
        self._progress.sent += count
        self._pacer.sent(count)

    def _attempt(self, action: Callable[[LoadConnection], None], *connections: LoadConnection) -> None:
        for connection in connections:
            try:
                action(connection)
            except OSError:
                self._lose(connection)
            else:
                self._mind(connection)

    def _wait(self, timeout_s: float) -> None:
        if self._lost:
            self._reconnect()
        for key, ready in self._selector.select(timeout_s):
            if ready & selectors.EVENT_WRITE:
                self._attempt(LoadConnection.flush, key.data)
            if ready & selectors.EVENT_READ:
                self._attempt(self._read, key.data)

    def _read(self, connection: LoadConnection) -> None:
        counts = connection.read()
        self._progress.acknowledged += counts.acknowledged
        self._progress.refused += counts.refused

    def _mind(self, connection: LoadConnection) -> None:
        """Queue it for a turn, or wait until the broker reads again."""
        if connection.is_blocked != (connection in self._waiting_to_write) and connection.handle is not None:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.is_blocked else 0)
            self._selector.modify(connection.handle, events, connection)
            self._waiting_to_write ^= {connection}
        if connection.is_ready and connection not in self._queued:
            self._turns.append(connection)
            self._queued.add(connection)

    def _watch(self, connection: LoadConnection) -> None:
        if connection.handle is not None:
            self._selector.register(connection.handle, selectors.EVENT_READ, connection)
            self._mind(connection)

    def _lose(self, connection: LoadConnection) -> None:
        if connection.handle is not None:
            self._selector.unregister(connection.handle)
        connection.lose()
        self._waiting_to_write.discard(connection)
        self._lost[connection] = time.monotonic() + _AGAIN_S

    def _reconnect(self) -> None:
        """Connect again what was lost a while ago.

        Raises:
            LoadError: it cannot be, for a minute.
        """
        now_s = time.monotonic()
        for connection, due_s in list(self._lost.items()):
            if due_s > now_s:
                continue
            try:
                connection.connect()
            except OSError as error:
                if now_s - due_s > _PATIENCE_S:
                    raise LoadError(f"the broker is gone for {_PATIENCE_S:.0f} s: {error}") from error
                return
            del self._lost[connection]
            self._progress.reconnections += 1
            self._watch(connection)


def run_connections(
    connections: Sequence[LoadConnection],
    pacer: Pacer,
    progress: Progress,
    *,
    now_ms: Callable[[], int],
    is_over: Callable[[], bool],
    tell: Callable[[], None],
) -> None:
    """Publish over connected connections until all is published, or it is over; `tell` hears of progress.

    Raises:
        LoadError: the broker is lost for good, or breaks the standard.
    """
    try:
        _Loop(connections, pacer, progress, now_ms).run(is_over, tell)
    finally:
        for connection in connections:
            with suppress(OSError):
                connection.end()
