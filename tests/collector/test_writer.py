"""What the telemetry store refuses for good, and how the writer carries a backlog."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from collector.fates import Fate, Tally
from collector.journal import Consumer
from collector.sqlite_journal import SqliteJournal
from collector.tail import JournalTail
from collector.writer import Writer, WriterSettings
from devices.batch import ReadingBatch, event_frame, reading_frame
from devices.decoders.native import NativeDecoder
from devices.messages import Event, RawMessage, Reading
from devices.registry import Device, Registry
from devices.stream import DeadLetterBatch, Entry, EventBatch, Mark
from tests.collector.support import LAMPS, RecordingSink, UnavailableError, lamp_batch

CAP = 64 * 1_048_576
CAMERAS = Registry([Device(id="T1", kind="traffic-camera", area="tam-ky")])
PASSAGE = (
    b'{"id":"p1","ts":1764003600000,"type":"passage","lane":2,"vehicles":[{"class":"car","plate":"92A-123.45",'
    b'"plate_confidence":0.9,"speed_kmh":61.5}],"images":[{"role":"line","url":"file:///p1.jpg"}]}'
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "journal.db", CAP)
    yield opened
    opened.close()


def passages() -> EventBatch:
    message = RawMessage("ioc/v1/tam-ky/traffic-camera/T1/event", PASSAGE)
    found = [record for record in NativeDecoder().decode(message, CAMERAS) if isinstance(record, Event)]
    return EventBatch(event_frame(found, 10_000))


def received(count: int) -> Tally:
    tally = Tally()
    tally.add(Fate.RECEIVED, count)
    return tally


async def written(journal: SqliteJournal, sink: RecordingSink) -> list[Entry]:
    """Everything in the journal after the writer has taken it all to the sink."""
    stop = asyncio.Event()
    stop.set()
    tail = JournalTail(journal)
    await Writer(journal, tail, sink, UnavailableError).run(stop)
    assert journal.position(Consumer.WRITER) == tail.newest == journal.last_number()
    return journal.read(0, 1_000)


async def test_refused_readings_become_dead_letters_that_can_be_sent_again(journal: SqliteJournal) -> None:
    batch = lamp_batch(
        {"lamp": 1, "ts": 1_764_003_600_000, "seq": 1, "power_w": 5.5},
        {"lamp": 2, "ts": 1_764_003_600_123, "seq": 9, "power_w": 6.0, "cmd_on": True, "power_state": "on"},
    )
    journal.append([batch], received(2), 10_000, 2)
    entries = await written(journal, RecordingSink(refuses=["TK-L-0002"]))
    balance = journal.balance()
    assert balance.adds_up
    assert balance.as_dict() == dict.fromkeys(balance.as_dict(), 0) | {
        "received": 2, "written": 1, "dead_lettered": 1
    }  # fmt: skip
    assert balance.tally.reasons(Fate.DEAD_LETTERED) == {"store_refused": 1}
    letters = entries[-1].content
    assert isinstance(letters, DeadLetterBatch)
    (letter,) = letters.frame.rows(named=True)
    assert (letter["reason"], letter["detail"], letter["topic"]) == (
        "store_refused", "no", "ioc/v1/tam-ky/streetlight/TK-L-0002/telemetry"
    )  # fmt: skip
    (again,) = NativeDecoder().decode(RawMessage(letter["topic"], letter["payload"]), LAMPS)
    assert isinstance(again, Reading)
    assert letters.frame["received_at"].equals(batch.frame["received_at"][1:])
    second = lamp_batch({"lamp": 2, "ts": 1_764_003_600_123, "seq": 9, "power_w": 6.0, "cmd_on": True,
                         "power_state": "on"})  # fmt: skip
    assert second.frame.equals(batch.frame[1:])
    assert again.payload.power_w == 6.0  # type: ignore[attr-defined]


async def test_refused_event_becomes_a_dead_letter_with_everything_the_device_said(
    journal: SqliteJournal,
) -> None:
    batch = passages()
    journal.append([batch], received(1), 10_000, 1)
    entries = await written(journal, RecordingSink(refuses=["T1"]))
    assert journal.balance().adds_up
    letters = entries[-1].content
    assert isinstance(letters, DeadLetterBatch)
    (letter,) = letters.frame.rows(named=True)
    assert "92A" not in letter["detail"]
    message = RawMessage(letter["topic"], letter["payload"])
    again = [record for record in NativeDecoder().decode(message, CAMERAS) if isinstance(record, Event)]
    assert event_frame(again, 10_000).equals(batch.frame)


async def test_writer_takes_a_backlog_in_order_in_large_parts(journal: SqliteJournal) -> None:
    rows = lamp_batch(*({"ts": 1_764_003_600_000 + n, "seq": n} for n in range(3_000))).frame
    for start in range(0, 180_000, 3_000):
        part = rows.with_columns(seq=pl.col("seq") + start)
        journal.append(
            [ReadingBatch("streetlight", part), Mark(start, caught_up=False)], received(3_000), 1, 1
        )
    sink = RecordingSink()
    await written(journal, sink)
    sizes = [batch.frame.height for batch in sink.readings]
    assert (sum(sizes), max(sizes)) == (180_000, 60_000)
    assert pl.concat([batch.frame for batch in sink.readings])["seq"].to_list() == list(range(180_000))


async def test_store_that_says_when_is_left_alone_until_then(journal: SqliteJournal) -> None:
    class BusySink(RecordingSink):
        def write(self, batch: ReadingBatch) -> pl.DataFrame:
            if self.failures:
                self.failures -= 1
                busy = UnavailableError("busy")
                busy.retry_after_s = 0.0  # type: ignore[attr-defined]
                raise busy
            return super().write(batch)

    journal.append([lamp_batch({"ts": 1, "seq": 1})], received(1), 1, 1)
    tail, sink, stop = JournalTail(journal), BusySink(failures=40), asyncio.Event()
    writer = Writer(journal, tail, sink, UnavailableError, WriterSettings(gather_s=0.0))
    running = asyncio.create_task(writer.run(stop))
    while writer.position < tail.newest:  # with its own back-off this would take minutes
        await asyncio.sleep(0)
    stop.set()
    await running
    assert len(sink.readings) == 1


async def test_tail_waits_for_entries_that_are_told_late(journal: SqliteJournal) -> None:
    tail = JournalTail(journal)
    first = journal.append([Mark(1, caught_up=True), Mark(2, caught_up=True)], Tally(), 1, 0)
    second = journal.advance(Consumer.WRITER, 2, Tally(), [Mark(3, caught_up=True)])
    tail.publish(second)
    assert tail.newest == 0
    tail.publish(first)
    assert tail.newest == 3
    assert [entry.number for entry in await tail.next_entries(0)] == [1, 2, 3]
    tail.publish(second)
    assert [entry.number for entry in await tail.next_entries(0)] == [1, 2, 3]


class MeetingSink(RecordingSink):
    """Finishes no write before another one has begun."""

    def __init__(self) -> None:
        super().__init__()
        self._meeting = threading.Barrier(2)

    def write(self, batch: ReadingBatch) -> pl.DataFrame:
        self._meeting.wait(timeout=10)
        return super().write(batch)


async def test_kinds_are_written_side_by_side_where_the_store_takes_that(journal: SqliteJournal) -> None:
    lamps = lamp_batch({"seq": 1, "power_w": 41.0}, {"seq": 2, "power_w": 42.0})
    contents = [lamps, ReadingBatch("wifi-ap", reading_frame("wifi-ap", [], 10_000))]
    journal.append(contents, received(2), 10_000, 2)
    sink, stop = MeetingSink(), asyncio.Event()
    stop.set()
    tail = JournalTail(journal)
    await Writer(journal, tail, sink, UnavailableError, WriterSettings(writes_at_once=2)).run(stop)
    assert journal.position(Consumer.WRITER) == tail.newest
    assert journal.balance().tally.of(Fate.WRITTEN) == 2
