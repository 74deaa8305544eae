"""What the collector says of itself, also when it can take in nothing else."""

import asyncio
from pathlib import Path

import pytest

from collector.broker_statistics import BrokerStatistics
from collector.decoding import MessageDecoding
from collector.duplicates import RecentRecords
from collector.errors import JournalFullError
from collector.fates import Fate, Tally
from collector.intake import Intake, IntakeSettings
from collector.progress import Progress
from collector.self_report import SelfReport
from collector.sqlite_journal import SqliteJournal
from collector.tail import JournalTail
from devices.batch import ReadingBatch
from devices.clock import SteppedClock
from devices.decoders.native import NativeDecoder
from devices.messages import Ignored, RawMessage
from devices.registry import Device
from devices.stream import Entry
from tests.collector.support import LAMPS, ScriptedSource, telemetry

NOW = 1_795_348_800_000
OURSELVES = Device(id="collector-1", kind="collector", area="ioc", interval_s=10.0)
EAGER = IntakeSettings(linger_s=0.0, idle_s=0.01, retry_s=0.0)


def report() -> SelfReport:
    return SelfReport(
        device=OURSELVES, measure=lambda _now: {"broker_connected": True, "journal_fill_pct": 1.5}
    )


def own(entries: list[Entry]) -> list[dict[str, object]]:
    batches = [entry.content for entry in entries if isinstance(entry.content, ReadingBatch)]
    return [row for batch in batches if batch.kind == "collector" for row in batch.frame.to_dicts()]


def test_report_is_due_once_in_each_interval() -> None:
    ours = report()
    due = [now for now in range(NOW, NOW + 30_000, 1_000) if ours.is_due(now) and ours.take(now)]
    assert due == [NOW, NOW + 10_000, NOW + 20_000]


async def test_intake_journals_its_own_reading_and_counts_it_as_received(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db", 2**30)
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100), 16_384)
    intake = Intake(ScriptedSource([]), decoding, JournalTail(journal), SteppedClock(NOW), EAGER, report())
    await intake.step()
    await intake.step()
    (reading,) = own(journal.read(0, 100))
    assert (reading["device"], reading["broker_connected"], reading["journal_fill_pct"]) == (
        "collector-1",
        True,
        1.5,
    )
    assert journal.balance().adds_up
    assert journal.balance().tally.of(Fate.RECEIVED) == 1


async def test_full_journal_still_takes_the_word_that_it_is_full(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db", cap_bytes=1)
    tail = JournalTail(journal)
    source = ScriptedSource([telemetry(ts=NOW, seq=1)])
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100), 16_384)
    clock = SteppedClock(NOW)
    intake = Intake(source, decoding, tail, clock, EAGER, report())
    working = asyncio.create_task(intake.step())
    async with asyncio.timeout(10):
        while not intake.is_blocked:
            await asyncio.sleep(0)
        clock.step_to(NOW + 10_000)
        entries = await tail.next_entries(0)
    assert own(entries)
    assert source.acknowledged == []
    working.cancel()
    with pytest.raises(JournalFullError):
        journal.append([], Tally(), NOW, 1)


def test_progress_is_the_age_of_the_oldest_entry_not_passed() -> None:
    progress = Progress()
    for second in range(10):
        progress.note(number=100 + second, received_at_ms=NOW + second * 1_000)
    assert progress.behind_ms(position=104, now_ms=NOW + 20_000) == 15_000
    assert progress.behind_ms(position=109, now_ms=NOW + 20_000) == 0
    progress.forget(105)
    assert progress.behind_ms(position=0, now_ms=NOW + 20_000) == 14_000


def test_statistics_remember_what_the_broker_dropped() -> None:
    statistics = BrokerStatistics()
    assert statistics.dropped_count is None
    (topic,) = statistics.filters
    for payload in (b"7", b"12\n", b"about 13", b""):
        assert statistics.decode(RawMessage(topic, payload, retained=True), LAMPS) == [
            Ignored("broker_statistics")
        ]
    assert statistics.dropped_count == 12
