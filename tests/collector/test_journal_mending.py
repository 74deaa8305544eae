"""A damaged journal: what is said of it, and that the rest goes on when it was set aside."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from collector.errors import JournalCorruptError, JournalUnusableError
from collector.fates import Fate, Tally
from collector.journal import Consumer
from collector.journal_mending import LOST, set_aside
from collector.journal_report import examine
from collector.sqlite_journal import SqliteJournal
from devices.stream import Mark, StatusBatch
from tests.collector.support import lamp_batch

CAP = 100_000_000
COMMITS, RECORDS = 6, 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Six commits of a batch and a mark (entries 1 to 12); the writer has passed 4, detection 2."""
    file = tmp_path / "journal.db"
    journal = SqliteJournal(file, CAP)
    for start in range(0, COMMITS * RECORDS, RECORDS):
        tally = Tally()
        tally.add(Fate.RECEIVED, RECORDS)
        batch = lamp_batch(
            *({"ts": 1000 + n, "seq": n, "power_w": 1.5} for n in range(start, start + RECORDS))
        )
        journal.append([batch, Mark(10_000 + start, caught_up=True)], tally, 10_000 + start, RECORDS)
    written = Tally()
    written.add(Fate.WRITTEN, 2 * RECORDS)
    journal.advance(Consumer.WRITER, 4, written)
    journal.advance(Consumer.DETECTION, 2)
    journal.close()
    return file


def changed(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def flip_page_of(path: Path, number: int) -> None:
    """Damage the structure of the page that an entry lies on, as a disk would."""
    body = sqlite3.connect(path).execute("SELECT body FROM entries WHERE number = ?", (number,)).fetchone()[0]
    content = bytearray(path.read_bytes())
    assert content.count(body) == 1
    place = content.find(body)
    page = place // 4096 * 4096
    content[page : page + 8] = b"\xff" * 8
    path.write_bytes(content)


def read_all(journal: SqliteJournal, after: int) -> list[int]:
    numbers: list[int] = []
    while entries := journal.read(after, 100):
        numbers += [entry.number for entry in entries]
        after = entries[-1].number
    return numbers


def test_report_of_a_whole_journal_says_how_far_consumers_are(path: Path) -> None:
    told: list[tuple[int, int]] = []
    report = examine(path, lambda done, total: told.append((done, total)))
    assert (report.first, report.last, report.passed) == (1, 12, 2)
    assert report.positions == {"writer": 4, "detection": 2}
    assert (report.pending, report.lost_records, report.damaged) == (20, 0, ())
    assert told == [(12, 12)]
    before = path.read_bytes()
    assert set_aside(path, path.parent / "aside", 0).kept is None
    assert path.read_bytes() == before


FLIPPED_BODY = "UPDATE entries SET body = zeroblob(10) WHERE number = {}"
WRONG_COUNT = "UPDATE entries SET to_write = 1000 WHERE number = {}"
GONE = "DELETE FROM entries WHERE number = {}"


@pytest.mark.parametrize("damage", [FLIPPED_BODY, WRONG_COUNT, GONE])
@pytest.mark.parametrize(("number", "lost"), [(3, 0), (5, RECORDS), (11, RECORDS), (12, 0)])
def test_service_goes_on_behind_a_damaged_entry_that_was_set_aside(
    path: Path, damage: str, number: int, lost: int
) -> None:
    changed(path, damage.format(number))
    with pytest.raises(JournalCorruptError, match=f"entry {number} is damaged.*ioc journal set-aside"):
        read_all(SqliteJournal(path, CAP), number - 1)
    done = set_aside(path, path.parent / "aside", 1_700_000_000_000)
    assert [one.number for one in done.report.damaged] == [number]
    assert done.report.lost_records == lost
    journal = SqliteJournal(path, CAP)
    assert journal.id == done.report.id
    assert read_all(journal, 2) == list(range(3, 13))
    replaced = journal.read(number - 1, 1)[0].content
    assert isinstance(replaced, StatusBatch)
    assert replaced.frame.is_empty()
    balance = journal.balance()
    assert balance.adds_up
    assert balance.tally.reasons(Fate.DEAD_LETTERED) == ({LOST: lost} if lost else {})
    assert [entry.number for entry in journal.append([Mark(1, caught_up=True)], Tally(), 1, 1)] == [13]


def test_damaged_journal_is_kept_as_it_was_with_a_list_and_for_its_owner_only(path: Path) -> None:
    changed(path, FLIPPED_BODY.format(5), GONE.format(8))
    before = path.read_bytes()
    kept = set_aside(path, path.parent / "aside", 1_700_000_000_000).kept
    assert kept == path.parent / "aside" / "journal-20231114T221320Z"
    assert (kept / "journal.db").read_bytes() == before
    listed = msgspec.json.decode((kept / "damaged.json").read_bytes())
    assert [(one["number"], one["why"]) for one in listed["damaged"]] == [
        (5, "it does not match its checksum"),
        (8, "there is no such entry"),
    ]
    assert kept.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["aside", "journal.db"]


def test_page_that_cannot_be_read_costs_the_entries_on_it_and_no_other(path: Path) -> None:
    flip_page_of(path, 8)
    report = examine(path)
    hurt = [one.number for one in report.damaged]
    assert 8 in hurt
    assert len(hurt) < 12
    set_aside(path, path.parent / "aside", 0)
    journal = SqliteJournal(path, CAP)
    assert read_all(journal, 2) == list(range(3, 13))
    assert journal.balance().adds_up
    assert examine(path).damaged == ()


def test_entries_that_both_consumers_passed_are_left_out_without_a_word_to_the_counts(path: Path) -> None:
    changed(path, FLIPPED_BODY.format(1))
    done = set_aside(path, path.parent / "aside", 0)
    assert [one.number for one in done.report.damaged] == [1]
    journal = SqliteJournal(path, CAP)
    assert [entry.number for entry in journal.recent(1_000)] == list(range(2, 13))
    assert journal.balance().tally.reasons(Fate.DEAD_LETTERED) == {}


def test_what_is_cut_off_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(path, FLIPPED_BODY.format(5))

    def dies(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            set_aside(path, path.parent / "aside", 0)
    with pytest.raises(JournalCorruptError):
        read_all(SqliteJournal(path, CAP), 4)
    assert set_aside(path, path.parent / "aside", 1_000).kept is not None
    assert read_all(SqliteJournal(path, CAP), 2) == list(range(3, 13))


@pytest.mark.parametrize(
    ("hurt", "words"),
    [
        (lambda path: path.unlink(), "there is none"),
        (lambda path: changed(path, "UPDATE consumers SET number = 9"), "do not match their checksum"),
        (lambda path: changed(path, "UPDATE meta SET value = '9' WHERE name = 'format'"), "format 9"),
        (lambda path: path.write_bytes(b"no database at all" * 300), "not a database"),
    ],
)
def test_journal_of_which_more_is_damaged_is_refused(
    path: Path, hurt: Callable[[Path], object], words: str
) -> None:
    hurt(path)
    with pytest.raises(JournalUnusableError, match=words):
        examine(path)
    with pytest.raises(JournalUnusableError, match=words):
        set_aside(path, path.parent / "aside", 0)


def test_restored_journal_that_was_cut_off_is_none_and_may_be_made_again(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    no_number: int = object()  # type: ignore[assignment]
    with pytest.raises(JournalUnusableError):
        SqliteJournal.succeed(file, CAP, "a" * 32, no_number)
    assert not file.exists()
    made = SqliteJournal.succeed(file, CAP, "a" * 32, 7)
    assert (made.id, made.last_number(), made.position(Consumer.WRITER)) == ("a" * 32, 7, 7)
    assert [entry.number for entry in made.append([Mark(1, caught_up=True)], Tally(), 1, 1)] == [8]
    with pytest.raises(JournalUnusableError, match="it is there"):
        SqliteJournal.succeed(file, CAP, "a" * 32, 7)
