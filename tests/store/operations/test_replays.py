import pytest

from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase
from store.operations.dead_letters import DeadLetterFilter, DeadLetterRepository, ReplayState
from store.operations.detection import DetectionTables
from store.operations.errors import NoSuchRecordError, NotWholeError
from store.operations.replays import ReplayRepository
from tests.store.operations.support import JOURNAL, letters, outcome


@pytest.fixture
def repository(database: OperationsDatabase) -> DeadLetterRepository:
    """Three letters, rows 1 to 3; the last was cut."""
    found = letters((1, "schema", b"a"), (1, "not_json", b"b"), (2, "oversized", b"c"))
    sizes = found["payload_bytes"].scatter(2, 100)
    DetectionTables(database).commit(outcome(dead_letters=found.with_columns(payload_bytes=sizes)))
    return DeadLetterRepository(database)


@pytest.fixture
def replays(database: OperationsDatabase) -> ReplayRepository:
    return ReplayRepository(database)


def ask(replays: ReplayRepository, limit: int = 9, **wanted: str) -> tuple[int, int]:
    chosen = DeadLetterFilter(**wanted)  # type: ignore[arg-type]
    return replays.request_matching(chosen, limit=limit, who="an", at_ms=9_000, detail={"why": "fixed"})


def test_requested_letter_waits_until_its_outcome_is_written(
    repository: DeadLetterRepository, replays: ReplayRepository
) -> None:
    replays.request(1, who="an", at_ms=9_000)
    assert [letter.row for letter in replays.waiting(JOURNAL, 9)] == [1]
    assert replays.waiting("another", 9) == []
    replays.finish({1: ReplayState.GOOD}, at_ms=9_500)
    assert replays.waiting(JOURNAL, 9) == []
    assert repository.get(1).replay is ReplayState.GOOD


def test_request_is_made_once_and_audited_once(
    repository: DeadLetterRepository, replays: ReplayRepository, database: OperationsDatabase
) -> None:
    for _ in range(2):
        replays.request(1, who="an", at_ms=9_000)
    replays.finish({1: ReplayState.GOOD}, at_ms=9_500)
    replays.request(1, who="binh", at_ms=9_900)
    assert repository.get(1).replay is ReplayState.GOOD
    entries = [entry for entry in AuditLog(database).list().items if "replay" in entry.action]
    assert [(entry.who, entry.target) for entry in entries] == [("an", "1")]


@pytest.mark.usefixtures("repository")
def test_letter_that_was_cut_or_is_not_there_is_refused(replays: ReplayRepository) -> None:
    with pytest.raises(NotWholeError, match="only 1 of 100 bytes were kept"):
        replays.request(3, who="an", at_ms=9_000)
    with pytest.raises(NoSuchRecordError, match="no dead letter '4'"):
        replays.request(4, who="an", at_ms=9_000)


@pytest.mark.usefixtures("repository")
def test_bulk_takes_the_oldest_whole_ones_and_says_what_is_left(replays: ReplayRepository) -> None:
    assert [ask(replays, limit=1), ask(replays), ask(replays)] == [(1, 1), (1, 0), (0, 0)]
    assert [letter.row for letter in replays.waiting(JOURNAL, 9)] == [1, 2]


@pytest.mark.usefixtures("repository")
def test_bulk_takes_what_the_filter_lets_through_and_is_audited(
    replays: ReplayRepository, database: OperationsDatabase
) -> None:
    assert ask(replays, reason="not_json") == (1, 0)
    (entry,) = [entry for entry in AuditLog(database).list().items if entry.action == "dead-letters.replay"]
    assert entry.detail == {"why": "fixed", "letters": 1, "first": 2, "last": 2}


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (DeadLetterFilter(), [3, 2, 1]),
        (DeadLetterFilter(reason="schema"), [1]),
        (DeadLetterFilter(topic="oc/v1"), [3, 2, 1]),
        (DeadLetterFilter(topic="%"), []),
        (DeadLetterFilter(device="x"), [3, 2, 1]),
        (DeadLetterFilter(device="_"), []),
        (DeadLetterFilter(device="v"), []),
        (DeadLetterFilter(from_ms=7_000, to_ms=7_001), [3, 2, 1]),
        (DeadLetterFilter(from_ms=7_001), []),
        (DeadLetterFilter(to_ms=7_000), []),
        (DeadLetterFilter(replayed=True), [2]),
        (DeadLetterFilter(replayed=False, reason="schema"), [1]),
    ],
)
def test_filter_lets_through(
    repository: DeadLetterRepository, replays: ReplayRepository, wanted: DeadLetterFilter, rows: list[int]
) -> None:
    replays.request(2, who="an", at_ms=9_000)
    assert [letter.row for letter in repository.list(wanted).items] == rows
    assert sum(repository.counts(wanted).values()) == len(rows)


def test_oldest_letters_beyond_the_most_that_are_kept_are_removed(repository: DeadLetterRepository) -> None:
    newest = max(letter.row for letter in repository.list().items)
    assert repository.purge(0, keep_newest=3) == 0
    assert repository.purge(0, keep_newest=1) == 2
    assert [letter.row for letter in repository.list().items] == [newest]


def test_old_letters_are_removed_with_their_replays(
    repository: DeadLetterRepository, replays: ReplayRepository
) -> None:
    replays.request(1, who="an", at_ms=9_000)
    assert repository.purge(7_000) == 0
    assert repository.purge(7_001) == 3
    assert (repository.list().items, replays.waiting(JOURNAL, 9)) == ([], [])
