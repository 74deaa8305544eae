import shutil
import sqlite3
import tempfile
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from collector.errors import JournalCorruptError, JournalFullError, JournalUnusableError
from collector.fates import Fate, Tally
from collector.journal import Consumer
from collector.journal_codec import decode, encode
from collector.sqlite_journal import SqliteJournal
from devices.batch import DEAD_LETTER_SCHEMA, ReadingBatch, dead_letter_frame
from devices.errors import Rejected, Rejection
from devices.messages import RawMessage
from devices.stream import Content, DeadLetterBatch, Mark
from tests.collector.support import lamp_batch

CAP = 100_000_000
REJECTED = Rejected(Rejection.TOPIC, "no such topic")


def records(count: int, start: int = 0) -> tuple[list[Content], Tally]:
    tally = Tally()
    tally.add(Fate.RECEIVED, count)
    batch = lamp_batch(*({"ts": 1000 + start + n, "seq": start + n, "power_w": 1.5} for n in range(count)))
    return [batch, Mark(10_000 + start, caught_up=True)], tally


def fill(journal: SqliteJournal) -> None:
    for start in range(0, 100_000, 500):
        journal.append(*records(500, start), 10_000, 500)


def test_journal_reopened_returns_what_was_appended(tmp_path: Path) -> None:
    contents, tally = records(3)
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    written = journal.append(contents, tally, 10_000, 3)
    identity = journal.id
    journal.close()
    again = SqliteJournal(tmp_path / "j.db", CAP)
    read = again.read(after=0, limit=10)
    assert again.id == identity
    assert [entry.number for entry in read] == [entry.number for entry in written] == [1, 2]
    assert isinstance(read[0].content, ReadingBatch)
    assert isinstance(contents[0], ReadingBatch)
    assert read[0].content.frame.equals(contents[0].frame)
    assert read[1].content == contents[1]
    assert again.last_received_ms() == 10_000
    again.close()


def test_journal_with_a_flipped_bit_stops_before_the_damage(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    for start in (0, 10, 20):
        journal.append(*records(1, start), 10_000, 1)
    journal.close()
    with sqlite3.connect(tmp_path / "j.db") as raw:
        (body,) = raw.execute("SELECT body FROM entries WHERE number = 3").fetchone()
        raw.execute(
            "UPDATE entries SET body = ? WHERE number = 3", (body[:-9] + bytes([body[-9] ^ 1]) + body[-8:],)
        )
    raw.close()
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    assert [entry.number for entry in journal.read(0, 10)] == [1, 2]
    with pytest.raises(JournalCorruptError, match="entry 3"):
        journal.read(2, 10)
    journal.close()


def test_journal_at_its_cap_takes_nothing_until_it_is_purged(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", cap_bytes=200_000)
    with pytest.raises(JournalFullError, match="nothing is acknowledged"):
        fill(journal)
    last = journal.last_number()
    before = journal.balance()
    with pytest.raises(JournalFullError):
        journal.append(*records(1, 200_000), 10_000, 1)
    assert (journal.last_number(), journal.balance()) == (last, before)
    for consumer in Consumer:
        journal.advance(consumer, last)
    assert journal.purge(keep_messages=0) > 0
    assert journal.append(*records(1, 200_000), 10_000, 1)[0].number == last + 1
    journal.close()


def test_journal_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "j.db").write_text("this is a shopping list, not a database; " * 100)
    with pytest.raises(JournalUnusableError, match=r"j\.db"):
        SqliteJournal(tmp_path / "j.db", CAP)


def test_journal_of_another_format_is_refused(tmp_path: Path) -> None:
    SqliteJournal(tmp_path / "j.db", CAP).close()
    with sqlite3.connect(tmp_path / "j.db") as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
    raw.close()
    with pytest.raises(JournalUnusableError, match="format 99"):
        SqliteJournal(tmp_path / "j.db", CAP)


def test_journal_of_a_quiet_city_does_not_grow_without_end(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    for moment in range(50):
        journal.append([Mark(moment, caught_up=True)], Tally(), moment, 0)
    for consumer in Consumer:
        journal.advance(consumer, 50)
    assert journal.purge(keep_messages=8000) == 50
    journal.close()


def test_journal_whose_disk_was_full_does_not_remember_what_it_did_not_write(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", cap_bytes=1)
    with pytest.raises(JournalFullError):
        journal.append(*records(1), 99_000, 1)
    assert journal.last_received_ms() is None
    journal.close()


class JournalMachine(RuleBasedStateMachine):
    """The journal against a list in memory, with reopening at any moment."""

    @initialize()
    def open_new(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.journal = SqliteJournal(self.folder / "j.db", CAP)
        self.numbers: list[int] = []
        self.marks: dict[int, Mark] = {}
        self.last = 0
        self.received = self.written = 0
        self.held: dict[int, int] = {}
        self.positions = dict.fromkeys(Consumer, 0)

    @rule(count=st.integers(0, 4))
    def append(self, count: int) -> None:
        contents, tally = (
            records(count, self.last * 10) if count else ([Mark(self.last, caught_up=False)], Tally())
        )
        entries = self.journal.append(contents, tally, 10_000, count)
        assert [entry.number for entry in entries] == list(
            range(self.last + 1, self.last + 1 + len(contents))
        )
        for entry in entries:
            self.numbers.append(entry.number)
            self.held[entry.number] = count if isinstance(entry.content, ReadingBatch) else 0
        self.last += len(contents)
        self.received += count

    @rule(consumer=st.sampled_from(Consumer), share=st.floats(0, 1))
    def advance(self, consumer: Consumer, share: float) -> None:
        start = self.positions[consumer]
        target = start + round((self.last - start) * share)
        tally = Tally()
        if consumer is Consumer.WRITER:
            passed = sum(held for number, held in self.held.items() if start < number <= target)
            tally.add(Fate.WRITTEN, passed)
            self.written += passed
        self.journal.advance(consumer, target, tally)
        self.positions[consumer] = target

    @rule(keep=st.integers(0, 5))
    def purge(self, keep: int) -> None:
        self.journal.purge(keep)
        remaining = [entry.number for entry in self.journal.read(0, 100_000)]
        passed = min(self.positions.values())
        assert {number for number in self.numbers if number > passed} <= set(remaining)
        assert set(remaining) <= set(self.numbers)
        assert all(number > passed or self.held[number] for number in remaining)
        kept = sum(self.held[number] for number in remaining)
        assert kept >= min(keep, sum(self.held[number] for number in self.numbers))
        recent = [entry.number for entry in self.journal.recent(keep)]
        assert recent == remaining[len(remaining) - len(recent) :]
        self.numbers = remaining

    @rule()
    def reopen(self) -> None:
        self.journal.close()
        self.journal = SqliteJournal(self.folder / "j.db", CAP)

    @invariant()
    def adds_up(self) -> None:
        balance: Any = self.journal.balance()
        assert balance.adds_up
        assert balance.tally.of(Fate.RECEIVED) == self.received
        assert balance.pending == self.received - self.written
        assert self.journal.last_number() == self.last
        for consumer, position in self.positions.items():
            assert self.journal.position(consumer) == position

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.folder)


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_journal_of_an_older_version_gives_dead_letters_without_an_identity() -> None:
    old = DeadLetterBatch(
        dead_letter_frame([(RawMessage("a/b", b"x"), REJECTED)], 1_000, 100).drop("identity")
    )
    name, _, body = encode(old)
    letters = decode(name, body)
    assert isinstance(letters, DeadLetterBatch)
    assert letters.frame.schema == dict(DEAD_LETTER_SCHEMA)
    assert letters.frame["identity"].to_list() == [None]


def test_journaled_readings_of_an_older_version_have_the_columns_of_this_one() -> None:
    batch = lamp_batch({"ts": 1000, "seq": 1, "power_w": 1.5})
    older = batch.frame.drop("dim_pct").with_columns(pl.lit(1.0).alias("gone_since"))
    name, _, body = encode(ReadingBatch("streetlight", older))
    read = decode(name, body)
    assert isinstance(read, ReadingBatch)
    assert read.frame.equals(batch.frame)
    assert read.frame.schema == batch.frame.schema


def test_journal_of_the_format_before_is_taken_over(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    for start in (0, 10, 20):
        journal.append(*records(2, start), 10_000, 2)
    journal.advance(Consumer.DETECTION, 3)
    before, balance = journal.read(0, 10), journal.balance()
    journal.close()
    with sqlite3.connect(tmp_path / "j.db") as raw:
        raw.create_function("crc", 1, zlib.crc32)
        raw.execute("UPDATE entries SET checksum = crc(body)")
        raw.execute("UPDATE entries SET checksum = 0 WHERE number = 5")
        raw.execute("DELETE FROM meta WHERE name = 'seal'")
        raw.execute("UPDATE meta SET value = '1' WHERE name = 'format'")
    raw.close()
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    assert [entry.number for entry in journal.read(0, 10)] == [entry.number for entry in before][:4]
    with pytest.raises(JournalCorruptError, match="entry 5"):
        journal.read(4, 10)
    assert (journal.balance(), journal.position(Consumer.DETECTION)) == (balance, 3)
    journal.close()


def test_journal_that_lacks_an_entry_stops_before_the_gap(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    for start in (0, 10, 20):
        journal.append(*records(1, start), 10_000, 1)
    journal.close()
    with sqlite3.connect(tmp_path / "j.db") as raw:
        raw.execute("DELETE FROM entries WHERE number IN (4, 6)")
    raw.close()
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    assert [entry.number for entry in journal.read(0, 10)] == [1, 2, 3]
    for after, missing in ((3, 4), (5, 6)):
        with pytest.raises(JournalCorruptError, match=f"entry {missing}"):
            journal.read(after, 10)
    journal.close()


def test_journal_whose_counts_were_changed_is_refused(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", CAP)
    journal.append(*records(3), 10_000, 3)
    journal.close()
    with sqlite3.connect(tmp_path / "j.db") as raw:
        raw.execute("UPDATE tallies SET count = count + 1")
    raw.close()
    with pytest.raises(JournalUnusableError, match="checksum"):
        SqliteJournal(tmp_path / "j.db", CAP)
