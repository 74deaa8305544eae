import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from collector.decoding import MessageDecoding
from collector.duplicates import RecentRecords
from collector.errors import JournalFullError
from collector.fates import Fate, Tally
from collector.intake import Intake, IntakeSettings
from collector.sqlite_journal import SqliteJournal
from collector.tail import JournalTail
from collector.writer import Writer, WriterSettings
from devices.batch import ReadingBatch
from devices.clock import SteppedClock
from devices.decoders.native import NativeDecoder
from devices.messages import RawMessage
from devices.stream import Content, Entry, Mark
from tests.collector.support import (
    LAMP_TOPIC,
    LAMPS,
    RecordingSink,
    ScriptedSource,
    UnavailableError,
    telemetry,
)

NOW = 1_795_348_800_000
EAGER = IntakeSettings(batch_messages=20, linger_s=0.0, idle_s=0.001, retry_s=0.001)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "j.db", cap_bytes=100_000_000)
    yield opened
    opened.close()


def intake(source: ScriptedSource, journal: SqliteJournal, clock: SteppedClock | None = None) -> Intake:
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100), 16_384)
    return Intake(source, decoding, JournalTail(journal), clock or SteppedClock(NOW), EAGER)


async def test_intake_acknowledges_only_what_is_in_the_journal(journal: SqliteJournal) -> None:
    good, bad = telemetry(ts=NOW, seq=1), telemetry(power_w="x")
    source = ScriptedSource([good, bad])
    await intake(source, journal).step()
    assert source.acknowledged == [good, bad]
    assert journal.balance().as_dict() == {
        "received": 2, "written": 0, "events": 0, "status": 0, "ignored": 0, "dead_lettered": 1,
        "duplicates": 0, "pending": 1,
    }  # fmt: skip
    assert isinstance(journal.read(0, 10)[0].content, ReadingBatch)


async def test_intake_with_a_full_journal_acknowledges_nothing_until_there_is_room(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ScriptedSource([telemetry(ts=NOW, seq=1)])
    taking = intake(source, journal)
    refusals = iter([True, True, True])
    really_append = journal.append
    acknowledged_meanwhile: list[int] = []

    def append(contents: list[Content], tally: Tally, received_at_ms: int, messages: int) -> list[Entry]:
        acknowledged_meanwhile.append(len(source.acknowledged))
        if next(refusals, False):
            raise JournalFullError(10, 5, "test")
        return really_append(contents, tally, received_at_ms, messages)

    monkeypatch.setattr(journal, "append", append)
    await taking.step()
    assert acknowledged_meanwhile == [0, 0, 0, 0]
    assert len(source.acknowledged) == 1
    assert not taking.is_blocked


async def test_intake_marks_time_when_nothing_comes_and_only_when_it_moved(journal: SqliteJournal) -> None:
    clock = SteppedClock(NOW)
    taking = intake(ScriptedSource(), journal, clock)
    for step in (0, 0, 999, 1000):
        clock.step_to(NOW + step)
        await taking.step()
    marks = [entry.content for entry in journal.read(0, 10)]
    assert marks == [Mark(NOW, caught_up=True), Mark(NOW + 1000, caught_up=True)]


async def test_intake_is_caught_up_while_what_comes_is_fresh_or_nothing_comes(journal: SqliteJournal) -> None:
    old = [telemetry(ts=NOW - 3_600_000 + n, seq=n) for n in range(EAGER.batch_messages)]
    fresh = telemetry(ts=NOW, seq=10_000)
    will = RawMessage(LAMP_TOPIC.replace("telemetry", "status"), b'{"state":"offline"}')
    rounds = [
        (True, [will], False),  # one will proves nothing
        (True, old, False),
        (True, [fresh], True),
        (True, [telemetry(ts=NOW - 3_600_000, seq=20_000)], True),  # a gateway that comes back
        (
            True,
            [telemetry(ts=NOW - 1_800_000 + n, seq=30_000 + n) for n in range(EAGER.batch_messages)],
            False,
        ),
        (True, [], True),
        (False, [fresh], False),
    ]
    source = ScriptedSource(*(messages for _, messages, _ in rounds))
    taking = intake(source, journal)
    seen = []
    for subscribed, _, _ in rounds:
        source.is_subscribed = subscribed
        await taking.step()
        seen.append(taking.is_caught_up)
    assert seen == [expected for _, _, expected in rounds]


async def test_tail_hands_over_from_memory_and_from_the_journal_alike(journal: SqliteJournal) -> None:
    tail = JournalTail(journal, keep_entries=4)
    for number in range(10):
        tail.publish(journal.append([Mark(number, caught_up=True)], Tally(), number, 0))
    seen: list[int] = []
    while len(seen) < 10:
        seen += [entry.number for entry in await tail.next_entries(after=len(seen), limit=3)]
    assert seen == list(range(1, 11))


async def test_tail_wakes_every_consumer_that_waits(journal: SqliteJournal) -> None:
    tail = JournalTail(journal)
    waiting = [asyncio.create_task(tail.next_entries(after=0)) for _ in range(2)]
    await asyncio.sleep(0)
    source = ScriptedSource([telemetry(ts=NOW, seq=1)])
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100), 16_384)
    await Intake(source, decoding, tail, SteppedClock(NOW), EAGER).step()
    results = await asyncio.gather(*waiting)
    assert [[entry.number for entry in result] for result in results] == [[1, 2], [1, 2]]


async def test_writer_tries_again_until_the_store_is_back_and_counts_once(journal: SqliteJournal) -> None:
    tail = JournalTail(journal)
    source = ScriptedSource([telemetry(ts=NOW, seq=1), telemetry(ts=NOW, seq=2)])
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100), 16_384)
    await Intake(source, decoding, tail, SteppedClock(NOW), EAGER).step()
    sink = RecordingSink(failures=1)
    writer = Writer(journal, tail, sink, UnavailableError, WriterSettings(gather_s=0.0))
    stop = asyncio.Event()
    running = asyncio.create_task(writer.run(stop))
    while writer.position < tail.newest:
        await asyncio.sleep(0)
    stop.set()
    await running
    assert [batch.frame.height for batch in sink.readings] == [2]
    balance = journal.balance()
    assert (balance.tally.of(Fate.WRITTEN), balance.pending, balance.adds_up) == (2, 0, True)
    assert Writer(journal, tail, sink, UnavailableError).position == tail.newest


async def test_writer_told_to_stop_finishes_what_is_journaled(journal: SqliteJournal) -> None:
    tail = JournalTail(journal)
    source = ScriptedSource([telemetry(ts=NOW, seq=1)])
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100), 16_384)
    await Intake(source, decoding, tail, SteppedClock(NOW), EAGER).step()
    sink = RecordingSink()
    stop = asyncio.Event()
    stop.set()
    await Writer(journal, tail, sink, UnavailableError, WriterSettings(gather_s=0.0)).run(stop)
    assert len(sink.readings) == 1


async def test_intake_that_was_blocked_journals_no_mark_of_before(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SteppedClock(NOW)
    taker = intake(ScriptedSource([telemetry(ts=NOW, seq=1)]), journal, clock)
    real = journal.append
    attempts = 0

    def append(contents: Sequence[Content], *rest: Any) -> list[Entry]:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            clock.step_to(NOW + 3_600_000)
            raise JournalFullError(2, 1, "full")
        return real(contents, *rest)

    monkeypatch.setattr(journal, "append", append)
    await taker.step()
    await taker.step()
    marks = [entry.content for entry in journal.read(0, 100) if isinstance(entry.content, Mark)]
    assert [mark.received_up_to_ms for mark in marks] == [NOW + 3_600_000]
