"""Dead letters joined into the intake again, as if they had just come."""

import asyncio
import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from collector.decoding import Chunk, MessageDecoding
from collector.duplicates import RecentRecords
from collector.fates import Fate
from collector.rate_limit import RateLimit, RateLimiter
from collector.source import MessageSource
from devices.clock import Clock
from devices.messages import RawMessage
from devices.registry import Registry
from store.operations.dead_letters import DeadLetter, ReplayState
from store.operations.errors import OperationsUnavailableError

__all__ = ["ReplayDecoding", "ReplaySource", "Replays"]

_log = structlog.get_logger(__name__)
_ASK_EVERY_S = 1.0
_LIVE_S = 0.05
"""How long to wait for live messages between two rounds: that none came means that we are caught up."""
_AT_ONCE = 200
"""Letters in one round. Each becomes a journal entry of its own, so that it has its own time and outcome."""
_UNLIMITED = RateLimit(factor=1e9, burst=2**31)
"""Whoever replays has judged the excess: it is not refused for the same reason again."""


class Replays(Protocol):
    """The little that is needed of the operations store."""

    def waiting(self, journal: str, limit: int) -> Sequence[DeadLetter]:
        """Letters of a journal whose replay was asked for, the oldest first."""
        ...

    def finish(self, outcomes: Mapping[int, ReplayState], *, at_ms: int) -> None:
        """Write down what came of them."""
        ...


@dataclass(slots=True, eq=False)
class _Replay:
    """The receipt of a replayed message: which letter it is, when it first came, and what became of it."""

    row: int
    received_at_ms: int
    state: ReplayState = ReplayState.GOOD


class ReplaySource:
    """A source that hands over letters to replay between the messages of another.

    A round holds letters alone, and after each comes one of live messages: those wait for one round, however
    many letters there are. Letters are marked when the journal has them. If we are killed before, they come
    again, which changes nothing: a row has the same key.
    """

    def __init__(
        self,
        source: MessageSource,
        replays: Replays,
        journal: str,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._replays = replays
        self._journal = journal
        self._clock = clock
        self._monotonic = monotonic
        self._ask_at_s = monotonic()
        self._is_replaying = False
        self._done: dict[int, ReplayState] = {}

    @property
    def is_subscribed(self) -> bool:
        """Whether the broker has confirmed the subscriptions."""
        return self._source.is_subscribed

    async def receive(self, limit: int, timeout_s: float) -> list[RawMessage]:
        """Letters to replay, or else what has arrived; nothing joins a round of letters."""
        if timeout_s <= 0:
            return [] if self._is_replaying else await self._source.receive(limit, timeout_s)
        was_replaying, self._is_replaying = self._is_replaying, False
        if was_replaying:
            return await self._source.receive(limit, min(timeout_s, _LIVE_S))
        if self._monotonic() < self._ask_at_s:
            return await self._source.receive(limit, timeout_s)
        letters = await self._next(limit)
        if not letters:
            return await self._source.receive(limit, timeout_s)
        self._is_replaying = True
        return [
            RawMessage(letter.topic, letter.payload, receipt=_Replay(letter.row, letter.received_at_ms))
            for letter in letters
        ]

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        """Acknowledge to whoever it came from; letters are marked before the next ones are asked for."""
        replays = [message.receipt for message in messages if isinstance(message.receipt, _Replay)]
        if replays:
            self._done |= {replay.row: replay.state for replay in replays}
        else:
            self._source.acknowledge(messages)

    async def _next(self, limit: int) -> Sequence[DeadLetter]:
        """The next letters, those before being marked first; none while the store does not answer."""
        try:
            if self._done:
                await asyncio.to_thread(self._replays.finish, self._done, at_ms=self._clock.now_ms())
                self._done = {}
            letters = await asyncio.to_thread(self._replays.waiting, self._journal, min(limit, _AT_ONCE))
        except OperationsUnavailableError as error:
            _log.warning("replays_wait", why=str(error))
            letters = []
        if not letters:
            self._ask_at_s = self._monotonic() + _ASK_EVERY_S
        return letters


class ReplayDecoding(MessageDecoding):
    """Decoding that gives replayed letters the time they first came, and tells what became of each.

    They meet no memory of earlier messages: a reading that was refused for its rate is in it and would be
    taken for a repetition. What is stored already keeps its row.
    """

    def decode(self, messages: Sequence[RawMessage], received_at_ms: int, *, caught_up: bool) -> Chunk:
        """What the messages became."""
        replays = [(message, message.receipt) for message in messages if isinstance(message.receipt, _Replay)]
        if not replays:
            return super().decode(messages, received_at_ms, caught_up=caught_up)
        decoding = copy.copy(self)  # the same formats, devices and clocks
        decoding._recent = RecentRecords(len(replays))  # noqa: SLF001 - it is our own
        decoding.rates = RateLimiter(_UNLIMITED, Registry(()))
        chunk = Chunk()
        for message, replay in replays:
            part = MessageDecoding.decode(decoding, [message], replay.received_at_ms, caught_up=False)
            is_refused = part.tally.of(Fate.DEAD_LETTERED) > 0
            replay.state = ReplayState.REFUSED if is_refused else ReplayState.GOOD
            chunk.contents += part.contents
            chunk.tally.counts.update(part.tally.counts)
        return chunk
