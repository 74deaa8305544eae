"""A registry that changes while detection runs: a new engine takes over between two commits."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from devices.registry import Device, Life, Registry
from devices.stream import Content, Entry, Mark
from rules.detection.engine import Engine
from rules.detection.outcome import Change, Outcome, Snapshot
from rules.detection.runner import DetectionConsumer, Pacing
from rules.faults import FaultRaised
from rules.rule import Rule
from tests.rules.detection.support import (
    CITY,
    JOURNAL,
    MINUTE_MS,
    SILENT,
    START_MS,
    batch,
    dark,
    history,
    lamp,
    rule,
    told,
)

DARK_5 = rule("lamp.dark", dark(5))
NEVER = Pacing(commit_every_s=3600.0, commit_changes_after_s=3600.0)

pytestmark = pytest.mark.anyio


class Journal:
    """Hands out one entry a call; before entry `changed_at` it calls `change`."""

    def __init__(self, contents: Sequence[Content], changed_at: int) -> None:
        self._entries = [Entry(number, content) for number, content in enumerate(contents, 1)]
        self._changed_at = changed_at
        self.change: Callable[[], None] = lambda: None
        self.when_empty: Callable[[], None] = lambda: None

    async def next_entries(self, after: int) -> Sequence[Entry]:
        coming = [entry for entry in self._entries if entry.number > after][:1]
        if not coming:
            self.when_empty()
            await asyncio.Event().wait()
        if coming[0].number == self._changed_at:
            self.change()
        return coming


class Store:
    """Keeps states and changes; refuses to serve as often as it is told to."""

    def __init__(self) -> None:
        self.snapshot = Snapshot(None)
        self.changes: list[Change] = []
        self.failures = 0

    def load(self, journal: str) -> Snapshot:
        assert journal == JOURNAL
        self._fail()
        return self.snapshot

    def commit(self, outcome: Outcome) -> None:
        self._fail()
        blobs = dict(self.snapshot.devices) | dict(outcome.snapshot.devices)
        self.snapshot = Snapshot(outcome.snapshot.position, blobs)
        self.changes += outcome.changes

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the store is away")


def engine(rules: Sequence[Rule], devices: Sequence[Device]) -> Engine:
    return Engine(rules, Registry(devices), (), CITY)


async def run(
    contents: Sequence[Content],
    rules: Sequence[Rule],
    *,
    changed_at: int = 0,
    becomes: Sequence[Device] = (),
    new_rules: Sequence[Rule] | None = None,
    failures: int = 0,
) -> Store:
    """Detect, with the registry `becomes` and the new rules, if any, from the entry `changed_at` on."""
    journal, store, stop = Journal(contents, changed_at), Store(), asyncio.Event()
    pacing = Pacing(commit_every_s=3600.0, commit_changes_after_s=3600.0, retry_first_s=0.0)
    consumer = DetectionConsumer(engine(rules, [lamp()]), journal, store, JOURNAL, pacing=pacing)

    def change() -> None:
        store.failures = failures
        consumer.succeed(lambda: engine(new_rules or rules, becomes))

    journal.change, journal.when_empty = change, stop.set
    await consumer.run(stop)
    assert consumer.position == len(contents)
    return store


def dark_minutes(last: int, *, second_from: int = 1000) -> list[Content]:
    """A lamp that is dark from minute 0, and from `second_from` on another beside it."""
    contents: list[Content] = []
    for minute in range(last + 1):
        readings = [told(minute, minute, power=0.0)]
        if minute >= second_from:
            readings.append(told(minute, minute, power=0.0, device="lamp-2"))
        contents.append(batch(readings))
    return contents


@pytest.mark.parametrize("failures", [0, 3])
async def test_pending_timer_of_a_lamp_survives_the_adoption_of_another(failures: int) -> None:
    contents = [*dark_minutes(12, second_from=4), Mark(START_MS + 60 * MINUTE_MS, caught_up=True)]
    store = await run(contents, [DARK_5], changed_at=5, becomes=[lamp("lamp-2"), lamp()], failures=failures)
    assert history(store.changes) == {
        ("lamp.dark", "lamp-1", 0): (5 * MINUTE_MS, None),
        ("lamp.dark", "lamp-2", 4 * MINUTE_MS): (9 * MINUTE_MS, None),
    }


async def test_change_of_the_registry_changes_nothing_for_a_lamp_it_does_not_concern() -> None:
    contents = [*dark_minutes(12), Mark(START_MS + 60 * MINUTE_MS, caught_up=True)]
    expected = history((await run(contents, [DARK_5, SILENT])).changes)
    for number in range(1, len(contents) + 1):
        store = await run(contents, [DARK_5, SILENT], changed_at=number, becomes=[lamp("lamp-0"), lamp()])
        assert history(store.changes) == expected


async def test_idle_clock_goes_on_across_a_change() -> None:
    minutes = [Mark(START_MS + minute * MINUTE_MS, caught_up=True) for minute in range(1, 9)]
    contents: list[Content] = [Mark(START_MS, caught_up=True), batch([told(0, 1)]), *minutes]
    expected = history((await run(contents, [SILENT])).changes)
    assert expected
    store = await run(contents, [SILENT], changed_at=6, becomes=[lamp("lamp-0"), lamp()])
    assert history(store.changes) == expected


@pytest.mark.parametrize("becomes", [[], [lamp(life=Life.OUT_OF_SERVICE)]], ids=["gone", "out-of-service"])
async def test_active_fault_of_a_device_that_leaves_service_ends(becomes: list[Device]) -> None:
    contents = [*dark_minutes(8), Mark(START_MS + 60 * MINUTE_MS, caught_up=True), *dark_minutes(8)]
    store = await run(contents, [DARK_5], changed_at=11, becomes=becomes)
    assert history(store.changes) == {("lamp.dark", "lamp-1", 0): (5 * MINUTE_MS, 8 * MINUTE_MS)}


async def test_consumer_asked_to_stop_before_its_successor_can_load_returns() -> None:
    journal, store, stop = Journal(dark_minutes(2), 3), Store(), asyncio.Event()
    consumer = DetectionConsumer(engine([DARK_5], [lamp()]), journal, store, JOURNAL, pacing=NEVER)
    before = consumer.engine

    def change() -> None:
        store.failures = 1
        stop.set()
        consumer.succeed(lambda: engine([DARK_5], []))

    journal.change = change
    await consumer.run(stop)
    assert consumer.engine is before
    assert consumer.position == 2


async def test_of_many_changes_that_wait_only_the_last_is_made() -> None:
    journal, store, stop = Journal(dark_minutes(4), 3), Store(), asyncio.Event()
    consumer = DetectionConsumer(engine([DARK_5], [lamp()]), journal, store, JOURNAL, pacing=NEVER)
    made: list[int] = []

    def successor(number: int) -> Engine:
        made.append(number)
        return engine([DARK_5], [lamp()])

    def change() -> None:
        for number in range(20):
            consumer.succeed(partial(successor, number))

    journal.change, journal.when_empty = change, stop.set
    await consumer.run(stop)
    assert made == [19]
    assert consumer.position == 5


async def test_rules_that_stay_keep_their_timers_when_others_come_and_go() -> None:
    contents = [*dark_minutes(12), Mark(START_MS + 60 * MINUTE_MS, caught_up=True)]
    for number in range(2, len(contents) + 1):
        store = await run(
            contents,
            [DARK_5, rule("lamp.other", dark(7))],
            changed_at=number,
            becomes=[lamp()],
            new_rules=[DARK_5, rule("lamp.new", dark(40))],
        )
        found = history(store.changes)
        assert found["lamp.dark", "lamp-1", 0] == (5 * MINUTE_MS, None)
        # A rule that is gone watches nothing: its fault ends with the last reading it saw.
        assert all(key[0] == "lamp.dark" or cleared is not None for key, (_, cleared) in found.items())


async def test_rule_in_another_version_keeps_its_fault_and_begins_its_timers_anew() -> None:
    version_2 = replace(DARK_5, version=2)
    contents = [*dark_minutes(12), Mark(START_MS + 60 * MINUTE_MS, caught_up=True)]
    for number, (since, raised) in {5: (4, 9), 9: (0, 5)}.items():
        store = await run(contents, [DARK_5], changed_at=number, becomes=[lamp()], new_rules=[version_2])
        assert history(store.changes) == {
            ("lamp.dark", "lamp-1", since * MINUTE_MS): (raised * MINUTE_MS, None)
        }
        [change] = store.changes
        assert isinstance(change, FaultRaised)
        assert change.rule_version == (2 if number == 5 else 1)
