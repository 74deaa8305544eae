"""A disk without room: nothing is acknowledged that is not on it, and work goes on when there is room."""

import asyncio
import json
import resource
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.decoding import MessageDecoding
from collector.duplicates import RecentRecords
from collector.errors import JournalFullError
from collector.fates import Fate, Tally
from collector.intake import Intake, IntakeSettings
from collector.sqlite_journal import SqliteJournal
from collector.tail import JournalTail
from devices.batch import ReadingBatch
from devices.clock import SystemClock
from devices.decoders.native import NativeDecoder
from devices.messages import RawMessage
from tests.collector.support import LAMP_TOPIC, LAMPS, ScriptedSource

CAP = 2**30
ROUNDS = 12
A_ROUND = 400


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """What a full disk does to whoever writes: the system refuses to let any file grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def messages(first: int) -> list[RawMessage]:
    return [
        RawMessage(LAMP_TOPIC, json.dumps({"ts": 1_795_000_000_000 + n, "seq": n, "power_w": 1.5}).encode())
        for n in range(first, first + A_ROUND)
    ]


def on_disk(path: Path) -> int:
    """Readings that a new start finds."""
    journal = SqliteJournal(path, CAP)
    found = sum(e.content.frame.height for e in journal.read(0, 10**6) if isinstance(e.content, ReadingBatch))
    assert journal.balance().tally.of(Fate.RECEIVED) == found
    assert journal.balance().adds_up
    journal.close()
    return found


async def test_intake_on_a_full_disk_acknowledges_nothing_until_there_is_room(tmp_path: Path) -> None:
    source = ScriptedSource(*(messages(n * A_ROUND) for n in range(ROUNDS)))
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100_000), 16_384)
    settings = IntakeSettings(batch_messages=A_ROUND, linger_s=0.0, retry_s=0.0)
    intake = Intake(source, decoding, JournalTail(journal), SystemClock(), settings)
    stop = asyncio.Event()
    running = asyncio.create_task(intake.run(stop))
    with files_of_at_most(300_000):
        while not intake.is_blocked:
            await asyncio.sleep(0)
        acknowledged = len(source.acknowledged)
        for _ in range(50):
            await asyncio.sleep(0)
        assert intake.is_blocked
        assert len(source.acknowledged) == acknowledged < ROUNDS * A_ROUND
        assert journal.balance().tally.of(Fate.RECEIVED) == acknowledged
    while len(source.acknowledged) < ROUNDS * A_ROUND:
        await asyncio.sleep(0)
    assert not intake.is_blocked
    stop.set()
    await running
    journal.close()
    assert on_disk(tmp_path / "j.db") == ROUNDS * A_ROUND


def test_journal_killed_on_a_full_disk_holds_what_it_said_it_holds(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100_000), 16_384)
    taken = 0

    def append(first: int) -> None:
        nonlocal taken
        chunk = decoding.decode(messages(first), 1_795_000_000_000, caught_up=True)
        journal.append(chunk.contents, chunk.tally, 1_795_000_000_000, A_ROUND)
        taken += A_ROUND

    with files_of_at_most(300_000):
        with pytest.raises(JournalFullError, match="nothing is acknowledged"):
            deque(map(append, range(0, 10**6, A_ROUND)), maxlen=0)
        copies = {
            file: file.read_bytes() for file in tmp_path.glob("j.db*") if not file.name.endswith("-shm")
        }
    journal.append([], Tally(), 0, 0)
    journal.close()
    killed = tmp_path / "killed"
    killed.mkdir()
    for file, content in copies.items():
        (killed / file.name).write_bytes(content)
    assert 0 < on_disk(killed / "j.db") == taken
