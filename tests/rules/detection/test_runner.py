"""The consumer between journal and store; time stands still unless a test moves it."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from devices.stream import Content, Entry, Mark
from rules.detection.engine import Engine
from rules.detection.outcome import DetectionStoreRefusedError, Outcome, Snapshot
from rules.detection.runner import DetectionConsumer, Pacing
from tests.rules.detection.support import CITY, DARK, JOURNAL, MINUTE_MS, START_MS, Bench, batch, told

_AT_ONCE = Pacing(
    commit_every_s=0.0,
    commit_longest_s=0.0,
    commit_changes_after_s=0.0,
    retry_first_s=0.0,
    retry_longest_s=0.0,
)
_NEVER = Pacing(commit_every_s=3600.0, commit_changes_after_s=3600.0)

pytestmark = pytest.mark.anyio


class _Journal:
    """Hands out its entries one call at a time, then waits until told to end."""

    def __init__(self, *contents: Content) -> None:
        self._entries = [Entry(number, content) for number, content in enumerate(contents, 1)]
        self.asked: list[int] = []
        self.when_empty: Callable[[], None] = lambda: None

    async def next_entries(self, after: int) -> Sequence[Entry]:
        self.asked.append(after)
        coming = [entry for entry in self._entries if entry.number > after][:1]
        if not coming:
            self.when_empty()
            await asyncio.Event().wait()
        return coming


class _Store:
    """Keeps what is committed; fails as often as it is told to."""

    def __init__(self, failures: int = 0, snapshot: Snapshot | None = None) -> None:
        self.outcomes: list[Outcome] = []
        self.attempts: list[Outcome] = []
        self.loads = 0
        self._failures = failures
        self._snapshot = snapshot or Snapshot(None)

    def load(self, journal: str) -> Snapshot:
        assert journal == JOURNAL
        self.loads += 1
        self._fail()
        return self._snapshot

    def commit(self, outcome: Outcome) -> None:
        self.attempts.append(outcome)
        self._fail()
        self.outcomes.append(outcome)

    def fail(self, times: int) -> None:
        self._failures = times

    def _fail(self) -> None:
        if self._failures:
            self._failures -= 1
            raise ConnectionError("the store is away")


def _consumer(journal: _Journal, store: _Store, pacing: Pacing = _AT_ONCE) -> DetectionConsumer:
    engine = Engine([DARK], Bench([DARK]).registry, (), CITY)
    return DetectionConsumer(engine, journal, store, JOURNAL, pacing=pacing, monotonic=lambda: 0.0)


_CONTENTS = (
    batch([told(0, 1, power=0.0)]),
    Mark(START_MS + 9 * MINUTE_MS, caught_up=True),
    batch([told(9, 2)]),
)


async def _run_to_the_end(consumer: DetectionConsumer, journal: _Journal) -> None:
    stop = asyncio.Event()
    journal.when_empty = stop.set
    await consumer.run(stop)


async def test_consumer_commits_every_change_with_the_position_that_caused_it() -> None:
    journal, store = _Journal(*_CONTENTS), _Store()
    consumer = _consumer(journal, store)
    await _run_to_the_end(consumer, journal)
    changes = [(o.snapshot.position.number, len(o.changes)) for o in store.outcomes if o.snapshot.position]
    assert changes == [(1, 0), (2, 1), (3, 1)]
    assert (consumer.position, consumer.read_position) == (3, 3)


async def test_consumer_goes_on_after_the_stored_position() -> None:
    bench = Bench([DARK])
    bench.feed(_CONTENTS[0])
    bench.feed(_CONTENTS[1])
    journal, store = _Journal(*_CONTENTS), _Store(snapshot=bench.snapshot)
    await _run_to_the_end(_consumer(journal, store), journal)
    assert journal.asked == [2, 3]
    assert [len(outcome.changes) for outcome in store.outcomes] == [1]


async def test_consumer_that_stops_commits_what_it_has_read() -> None:
    journal, store = _Journal(*_CONTENTS), _Store()
    consumer = _consumer(journal, store, _NEVER)
    await _run_to_the_end(consumer, journal)
    assert [len(outcome.changes) for outcome in store.outcomes] == [2]
    assert consumer.position == 3


async def test_consumer_that_is_cancelled_commits_what_it_has_read() -> None:
    journal, store = _Journal(*_CONTENTS), _Store()
    consumer = _consumer(journal, store, _NEVER)
    empty = asyncio.Event()
    journal.when_empty = empty.set
    task = asyncio.create_task(consumer.run(asyncio.Event()))
    await empty.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert consumer.position == 3
    assert len(store.outcomes) == 1


async def test_store_that_fails_is_asked_again_with_the_same_outcome() -> None:
    journal, store = _Journal(*_CONTENTS), _Store()
    consumer = _consumer(journal, store)
    await _run_to_the_end(consumer, journal)
    again = _Store(failures=0)
    journal = _Journal(*_CONTENTS)
    consumer = _consumer(journal, again)
    again.fail(3)
    await _run_to_the_end(consumer, journal)
    assert again.loads == 4
    assert [o.changes for o in again.outcomes] == [o.changes for o in store.outcomes]


async def test_commit_that_fails_tells_the_same_outcome_again_before_a_newer_one() -> None:
    journal = _Journal(*_CONTENTS)

    class Failing(_Store):
        def commit(self, outcome: Outcome) -> None:
            if not self.attempts:
                self.fail(2)
            super().commit(outcome)

    store = Failing()
    await _run_to_the_end(_consumer(journal, store), journal)
    assert store.attempts[0] is store.attempts[1] is store.attempts[2]
    assert [o.snapshot.position.number for o in store.outcomes if o.snapshot.position] == [1, 2, 3]


async def test_consumer_that_stops_while_the_store_is_away_leaves_the_rest_to_the_journal() -> None:
    journal, store = _Journal(*_CONTENTS), _Store()
    consumer = _consumer(journal, store, _NEVER)
    stop = asyncio.Event()

    def end() -> None:
        store.fail(1)
        stop.set()

    journal.when_empty = end
    await consumer.run(stop)
    assert store.outcomes == []
    assert (consumer.position, consumer.read_position) == (0, 3)


async def test_consumer_that_is_stopped_before_the_store_loads_returns() -> None:
    stop = asyncio.Event()
    stop.set()
    journal, store = _Journal(*_CONTENTS), _Store(failures=10)
    await _consumer(journal, store).run(stop)
    assert store.attempts == []


async def test_error_of_the_feed_ends_the_run_after_a_last_commit() -> None:
    class Broken(_Journal):
        async def next_entries(self, after: int) -> Sequence[Entry]:
            if after:
                raise OSError("the journal is gone")
            return await super().next_entries(after)

    journal, store = Broken(*_CONTENTS), _Store()
    with pytest.raises(OSError, match="journal is gone"):
        await _consumer(journal, store, _NEVER).run(asyncio.Event())
    assert len(store.outcomes) == 1


@pytest.mark.parametrize(
    ("since_s", "has_changes", "wait_s"),
    [(0.0, False, 1.0), (0.75, False, 0.25), (2.0, False, 0.0), (0.25, True, 0.0)],
)
def test_pacing_waits_less_when_there_are_changes(
    since_s: float, wait_s: float, *, has_changes: bool
) -> None:
    assert Pacing().wait_s(since_s, has_changes=has_changes) == wait_s


@pytest.mark.parametrize(
    ("took_s", "has_changes", "wait_s"),
    [(0.1, False, 1.0), (0.25, False, 2.25), (9.0, False, 5.0), (9.0, True, 0.25)],
)
def test_pacing_commits_for_a_tenth_of_its_time_at_most_unless_there_are_changes(
    took_s: float, wait_s: float, *, has_changes: bool
) -> None:
    pacing = Pacing(commit_changes_after_s=0.25)
    assert pacing.wait_s(0.0, has_changes=has_changes, took_s=took_s) == wait_s


async def test_consumer_leaves_out_the_entry_that_the_engine_cannot_bear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal, store = _Journal(*_CONTENTS), _Store()
    consumer = _consumer(journal, store)
    really_process = Engine.process

    def process(engine: Engine, entries: Sequence[Entry]) -> None:
        if any(entry.number == 1 for entry in entries):
            raise OverflowError("a year that no sun rises in")
        really_process(engine, entries)

    monkeypatch.setattr(Engine, "process", process)
    await _run_to_the_end(consumer, journal)
    assert consumer.skipped == 1
    assert consumer.position == len(_CONTENTS)
    assert [row.frame["seq"].to_list() for outcome in store.outcomes for row in outcome.latest] == [[2]]


async def test_consumer_whose_store_refuses_for_good_ends() -> None:
    class Refusing(_Store):
        def load(self, journal: str) -> Snapshot:
            raise DetectionStoreRefusedError(f"{journal} is older than we are")

    with pytest.raises(DetectionStoreRefusedError, match="older than we are"):
        await _consumer(_Journal(), Refusing()).run(asyncio.Event())
