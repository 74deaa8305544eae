"""Live changes reach every reader once and in order, and a slow one hurts only itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from api.live import LiveChanges
from store.operations.changes import ChangeRecord
from store.operations.errors import OperationsUnavailableError
from store.operations.records import ChangeType
from store.operations.stream import OutgoingChange

pytestmark = pytest.mark.anyio


def change(stream_seq: int) -> OutgoingChange:
    record = ChangeRecord(
        revision=10 * stream_seq,
        at_ms=0,
        type=ChangeType.FAULT,
        id="x",
        area="tam-ky",
        kind="streetlight",
        change="raised",
        body={},
    )
    return OutgoingChange(stream_seq, record)


class MemoryFeed:
    """A feed of changes numbered from 1; `down` makes it refuse that often."""

    def __init__(self, newest: int = 0) -> None:
        self.newest = newest
        self.down = 0

    def after(self, stream_seq: int, limit: int) -> Sequence[OutgoingChange]:
        if self.down:
            self.down -= 1
            raise OperationsUnavailableError("locked")
        return [change(n) for n in range(stream_seq + 1, min(self.newest, stream_seq + limit) + 1)]

    def last(self) -> int:
        return self.newest


async def take(stream: AsyncIterator[OutgoingChange], count: int) -> list[int]:
    return [(await anext(stream)).stream_seq for _ in range(count)]


async def test_reader_gets_the_past_and_then_what_happens_without_gap_or_double() -> None:
    feed = MemoryFeed(1_200)
    live = LiveChanges(feed)
    await live.poll()
    stream = live.follow(3)
    past = await take(stream, 1)
    feed.newest = 1_203
    await live.poll()

    assert past + await take(stream, 1_199) == list(range(4, 1_204))


async def test_reader_without_past_gets_only_what_happens() -> None:
    feed = MemoryFeed(7)
    live = LiveChanges(feed)
    await live.poll()
    stream = live.follow(None)
    waiting = asyncio.ensure_future(anext(stream))
    while not live.open_streams:
        await asyncio.sleep(0)
    await asyncio.to_thread(feed.last)
    feed.newest = 8
    await live.poll()

    # The feed may have been asked before or after it grew: either way nothing of the past is sent.
    feed.newest = 9
    await live.poll()
    assert (await waiting).stream_seq in {8, 9}


async def test_reader_from_the_future_of_another_database_starts_at_the_present() -> None:
    feed = MemoryFeed(5)
    live = LiveChanges(feed)
    await live.poll()
    stream = live.follow(1_000_000)
    waiting = asyncio.ensure_future(anext(stream))
    while not live.open_streams:
        await asyncio.sleep(0)
    live.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_slow_reader_is_cut_off_and_the_other_misses_nothing() -> None:
    feed = MemoryFeed(1)
    live = LiveChanges(feed, capacity=5)
    await live.poll()
    slow, quick = live.follow(0), live.follow(0)
    assert await take(slow, 1) == [1]
    assert await take(quick, 1) == [1]
    got: list[int] = []
    for newest in range(2, 9):
        feed.newest = newest
        await live.poll()
        got += await take(quick, 1)

    assert got == list(range(2, 9))
    with pytest.raises(StopAsyncIteration):
        await anext(slow)
    assert live.open_streams == 1


async def test_reader_that_leaves_is_forgotten() -> None:
    live = LiveChanges(MemoryFeed(1))
    stream = live.follow(0)
    await anext(stream)
    assert live.open_streams == 1
    await stream.aclose()  # type: ignore[attr-defined]
    assert live.open_streams == 0


async def test_close_ends_every_reader_and_the_poller() -> None:
    live = LiveChanges(MemoryFeed(1), poll_interval_s=3600)
    polling = asyncio.create_task(live.run())
    stream = live.follow(0)
    await anext(stream)
    live.close()
    live.close()

    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await polling


async def test_poller_outlives_a_store_that_does_not_answer() -> None:
    feed = MemoryFeed(0)
    live = LiveChanges(feed, poll_interval_s=0)
    feed.down = 2
    polling = asyncio.create_task(live.run())
    while feed.down:
        await asyncio.sleep(0)
    stream = live.follow(0)
    feed.newest = 1
    assert await take(stream, 1) == [1]
    live.close()
    await polling
