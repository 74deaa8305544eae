"""The journal against a model in memory, while its files are copied, torn and damaged at any moment.

What a copy of the files says is compared with what stood in the journal after each commit. After a crash it
is the last commit that is wholly there; after a flipped bit the same, or a refusal; never anything else.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from collector.errors import JournalCorruptError, JournalUnusableError
from collector.fates import Fate, Tally
from collector.journal import Consumer
from collector.journal_codec import encode
from collector.sqlite_journal import SqliteJournal
from devices.batch import ReadingBatch, dead_letter_frame, reading_frame
from devices.device import Device
from devices.errors import Rejected, Rejection
from devices.messages import RawMessage, Reading
from devices.payloads import reading_type
from devices.stream import Content, DeadLetterBatch, Entry, Mark

__all__ = ["DamagedJournalMachine"]

_CAP_BYTES = 2**30
_LAMP = Device(id="L1", kind="streetlight", area="tam-ky")
_NAME, _LOG = "j.db", "j.db-wal"
_SECTOR_BYTES = 512
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - crashes are played with copies, so nothing needs a disk
_IN_MEMORY = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None
_PLACES = st.integers(0, 2**30)
_Written = dict[int, tuple[str, int, bytes]]


@dataclass(frozen=True)
class _State:
    """What the journal holds after a commit, and how long its log was then."""

    last: int
    held: frozenset[int]
    positions: dict[Consumer, int]
    balance: dict[str, int]
    log_bytes: int

    @property
    def passed(self) -> int:
        """The entry that both consumers have passed."""
        return min(self.positions.values())


def _readings(first: int, count: int) -> ReadingBatch:
    make = reading_type(_LAMP.kind)
    rows = [Reading(_LAMP, make(ts=1_000 + seq, seq=seq, power_w=1.5)) for seq in range(first, first + count)]
    return ReadingBatch(_LAMP.kind, reading_frame(_LAMP.kind, rows, 10_000))


def _letters(count: int) -> DeadLetterBatch:
    rejected = (RawMessage("a/b", b"\xff" * 40), Rejected(Rejection.NOT_UTF8, "no text"))
    return DeadLetterBatch(dead_letter_frame([rejected] * count, 10_000, 100))


class DamagedJournalMachine(RuleBasedStateMachine):
    """Works with a journal; examines copies of its files in between."""

    @initialize()
    def begin(self) -> None:
        """A new journal."""
        self.folder = Path(tempfile.mkdtemp(prefix="ioc-journal-", dir=_IN_MEMORY))
        self.copy = self.folder / "copy"
        self.journal = SqliteJournal(self.folder / _NAME, _CAP_BYTES)
        self.id = self.journal.id
        self.written: _Written = {}
        self.held: frozenset[int] = frozenset()
        self.received = 0
        self.states: list[_State] = []
        self._note([])

    @rule(readings=st.integers(0, 6), letters=st.integers(0, 2))
    def append(self, readings: int, letters: int) -> None:
        """A commit of the intake."""
        tally = Tally()
        tally.add(Fate.RECEIVED, readings + letters)
        tally.add(Fate.DEAD_LETTERED, letters, "not_utf8")
        contents: list[Content] = [_readings(self.received, readings)] if readings else []
        contents += [_letters(letters)] if letters else []
        contents.append(Mark(self.received, caught_up=True))
        self.received += readings + letters
        self._note(self.journal.append(contents, tally, 10_000 + self.received, readings + letters))

    @rule(consumer=st.sampled_from(Consumer), share=st.floats(0, 1), refused=st.booleans())
    def advance(self, consumer: Consumer, share: float, *, refused: bool) -> None:
        """A commit of a consumer; the writer may add what its store refused."""
        state = self.states[-1]
        position = state.positions[consumer]
        target = position + round((state.last - position) * share)
        tally, contents = Tally(), list[Content]()
        if consumer is Consumer.WRITER:
            rows = sum(self.written[number][1] for number in range(position + 1, target + 1))
            letters = int(refused and rows > 0)
            tally.add(Fate.WRITTEN, rows - letters)
            tally.add(Fate.DEAD_LETTERED, letters, "store_refused")
            contents = [_letters(1)] if letters else []
        self._note(self.journal.advance(consumer, target, tally, contents))

    @rule(keep=st.integers(0, 8))
    def purge(self, keep: int) -> None:
        """A purge; what is left is looked at."""
        before, passed = self.held, self.states[-1].passed
        self.journal.purge(keep)
        self.held = frozenset(entry.number for entry in _all(self.journal))
        assert {number for number in before if number > passed} <= self.held <= before
        self._note([])

    @rule()
    def reopen(self) -> None:
        """A clean end and a start; the log is worked into the file."""
        self.journal.close()
        self.journal = SqliteJournal(self.folder / _NAME, _CAP_BYTES)
        self.states = self.states[-1:]

    @rule()
    def kill(self) -> None:
        """SIGKILL between two commits."""
        self._copied()
        self._examine(self.states[-1:], may_refuse=False)

    @rule(place=_PLACES)
    def cut_log(self, place: int) -> None:
        """The log ends at any byte."""
        log = self._copied()
        end = place % (len(log) + 1)
        (self.copy / _LOG).write_bytes(log[:end])
        whole = [state for state in self.states if state.log_bytes <= end]
        self._examine(whole[-1:] or self.states[:1], may_refuse=False)

    @rule(lost=st.integers(1, 2**64 - 1))
    def tear_last_commit(self, lost: int) -> None:
        """Power lost before the last commit was synced: any sectors of it were never written."""
        log = self._copied()
        begin = self.states[-2].log_bytes if len(self.states) > 1 else len(log)
        torn = bytearray(log)
        for sector in range(begin // _SECTOR_BYTES, len(log) // _SECTOR_BYTES + 1):
            if lost >> (sector % 64) & 1:
                start, end = max(begin, sector * _SECTOR_BYTES), min(len(log), (sector + 1) * _SECTOR_BYTES)
                torn[start:end] = bytes(end - start)
        (self.copy / _LOG).write_bytes(torn)
        self._examine(self.states[-2:], may_refuse=False)

    @rule(place=_PLACES, bit=st.integers(0, 7))
    def flip_in_log(self, place: int, bit: int) -> None:
        """A bit of the log is another: only the last commit may be taken for torn."""
        log = self._copied()
        if log:
            (self.copy / _LOG).write_bytes(_flipped(log, place, bit))
            self._examine(self.states[-2:], may_refuse=True)

    @rule(place=_PLACES, bit=st.integers(0, 7))
    def flip_in_file(self, place: int, bit: int) -> None:
        """A bit of the file is another."""
        self.reopen()
        self._copied()
        file = self.copy / _NAME
        file.write_bytes(_flipped(file.read_bytes(), place, bit))
        self._examine(self.states[-1:], may_refuse=True)

    @invariant()
    def adds_up(self) -> None:
        """Every record that came has one fate."""
        balance = self.journal.balance()
        assert balance.adds_up, f"{balance} does not add up"
        assert balance.tally.of(Fate.RECEIVED) == self.received

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.journal.close()
        shutil.rmtree(self.folder)

    def _note(self, entries: Sequence[Entry]) -> None:
        """Remember the state after a commit.

        Raises:
            AssertionError: a number was used again.
        """
        for entry in entries:
            assert entry.number not in self.written, f"number {entry.number} was used again"
            self.written[entry.number] = encode(entry.content)
        self.held |= {entry.number for entry in entries}
        log = self.folder / _LOG
        state = _State(
            last=self.journal.last_number(),
            held=self.held,
            positions={consumer: self.journal.position(consumer) for consumer in Consumer},
            balance=self.journal.balance().as_dict(),
            log_bytes=log.stat().st_size if log.exists() else 0,
        )
        assert state.last == max(self.written, default=0)
        self.states.append(state)

    def _copied(self) -> bytes:
        """Copy the files as they are; what the log's copy holds."""
        shutil.rmtree(self.copy, ignore_errors=True)
        self.copy.mkdir()
        for name in (_NAME, _LOG):
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, self.copy / name)
        log = self.copy / _LOG
        return log.read_bytes() if log.exists() else b""

    def _examine(self, allowed: Sequence[_State], *, may_refuse: bool) -> None:
        """Open the copy and compare everything in it.

        Raises:
            AssertionError: it is none of the allowed states, or holds what was never written.
        """
        try:
            journal = SqliteJournal(self.copy / _NAME, _CAP_BYTES)
        except JournalUnusableError:
            assert may_refuse, "a crash made the journal unusable"
            return
        try:
            self._compare(journal, allowed, may_lose_passed=may_refuse)
        except (JournalCorruptError, JournalUnusableError):
            assert may_refuse, "a crash made the journal corrupt"
        finally:
            journal.close()

    def _compare(self, journal: SqliteJournal, allowed: Sequence[_State], *, may_lose_passed: bool) -> None:
        found: set[int] = set()
        after = 0
        while entries := journal.read(after, 3):
            for entry in entries:
                assert encode(entry.content) == self.written.get(entry.number), f"{entry} was never written"
            found |= {entry.number for entry in entries}
            after = entries[-1].number
        last, balance = journal.last_number(), journal.balance().as_dict()
        positions = {consumer: journal.position(consumer) for consumer in Consumer}
        alike = [s for s in allowed if (s.last, s.positions, s.balance) == (last, positions, balance)]
        assert alike, f"found {last}, {positions}, {balance}; allowed are {allowed}"
        assert any(
            found == s.held or (may_lose_passed and {n for n in s.held if n > s.passed} <= found)
            for s in alike
        ), f"found the entries {sorted(found)}; allowed are {allowed}"
        assert journal.id == self.id
        (new,) = journal.append([Mark(0, caught_up=False)], Tally(), 0, 0)
        assert new.number == last + 1


def _all(journal: SqliteJournal) -> list[Entry]:
    return journal.read(0, 2**30)


def _flipped(data: bytes, place: int, bit: int) -> bytes:
    place %= len(data)
    return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]
