"""Absence on the idle clock: when a device counts as silent, and when it must not."""

import pytest

from devices.stream import Content, Mark
from rules.faults import FaultCleared, FaultRaised, fault_id
from tests.rules.detection.support import (
    MINUTE_MS,
    SILENT,
    START_MS,
    Bench,
    batch,
    history,
    lamp,
    told,
)

# Three intervals and ten seconds; the mark must also pass two minutes of lateness and 500 ms of delay.
_ALLOWED_MS = 190_000
_SEEN_MS = _ALLOWED_MS + 120_500


def _mark(at_ms: int, *, caught_up: bool = True) -> Mark:
    return Mark(START_MS + at_ms, caught_up)


def _minutes(first: int, last: int) -> list[Content]:
    contents: list[Content] = []
    for minute in range(first, last):
        contents += [batch([told(minute, minute)]), _mark(minute * MINUTE_MS + 1000)]
    return contents


def _heard(minutes: int = 3) -> Bench:
    """A bench with a lamp that spoke for some minutes; the last reading is of the minute before."""
    bench = Bench([SILENT])
    bench.feed(*_minutes(0, minutes))
    assert bench.changes == []
    return bench


def test_device_is_silent_exactly_when_the_idle_clock_passes_its_allowance() -> None:
    bench = _heard()
    last_ms = 2 * MINUTE_MS
    assert bench.feed(_mark(last_ms + _SEEN_MS - 1)) == []
    (raised,) = bench.feed(_mark(last_ms + _SEEN_MS))
    assert isinstance(raised, FaultRaised)
    assert raised.id == fault_id("lamp.silent", "lamp-1", START_MS + last_ms)
    assert (raised.since_ms - START_MS, raised.raised_at_ms - START_MS) == (last_ms, last_ms + _ALLOWED_MS)
    assert raised.detected_at_ms == START_MS + last_ms + _SEEN_MS
    assert raised.why["samples"] == [{"measured_at_ms": START_MS + last_ms, "seq": 2, "values": {}}]
    assert raised.why["values"] == "310.5 s since the last reading, 190 s allowed"


def test_silent_device_is_one_fault_until_it_speaks() -> None:
    bench = _heard()
    bench.feed(_mark(20 * MINUTE_MS), _mark(30 * MINUTE_MS))
    (cleared,) = bench.feed(batch([told(31, 3)]))
    assert isinstance(cleared, FaultCleared)
    assert history(bench.changes) == {
        ("lamp.silent", "lamp-1", 2 * MINUTE_MS): (2 * MINUTE_MS + _ALLOWED_MS, 31 * MINUTE_MS)
    }


def test_device_can_be_silent_again() -> None:
    bench = _heard()
    bench.feed(_mark(20 * MINUTE_MS))
    bench.feed(*_minutes(31, 33), _mark(60 * MINUTE_MS))
    assert len(history(bench.changes)) == 2


def test_device_that_never_spoke_is_not_silent() -> None:
    bench = Bench([SILENT])
    assert bench.feed(_mark(0), _mark(600 * MINUTE_MS)) == []


def test_nobody_is_silent_while_we_catch_up_nor_one_allowance_after() -> None:
    bench = _heard()
    bench.feed(_mark(20 * MINUTE_MS, caught_up=False))
    since_ms = 30 * MINUTE_MS
    bench.feed(_mark(since_ms))
    assert bench.feed(_mark(since_ms + _SEEN_MS - 1)) == []
    (raised,) = bench.feed(_mark(since_ms + _SEEN_MS))
    assert isinstance(raised, FaultRaised)
    # What happened is unchanged by when we could see it.
    assert raised.raised_at_ms - START_MS == 2 * MINUTE_MS + _ALLOWED_MS


def test_restart_gives_every_device_one_allowance() -> None:
    bench = _heard()
    bench.restart()
    bench.feed(_mark(100 * MINUTE_MS))
    assert bench.feed(_mark(100 * MINUTE_MS + _SEEN_MS - 1)) == []
    assert len(bench.feed(_mark(100 * MINUTE_MS + _SEEN_MS))) == 1


def test_restart_keeps_a_device_silent_until_it_speaks() -> None:
    bench = _heard()
    bench.feed(_mark(20 * MINUTE_MS))
    assert bench.restart() == []
    assert bench.feed(_mark(40 * MINUTE_MS), _mark(60 * MINUTE_MS)) == []
    assert len(bench.feed(batch([told(61, 3)]))) == 1


def test_reading_that_waits_for_its_place_was_heard() -> None:
    bench = _heard()
    bench.feed(batch([told(5, 9)]))
    assert bench.feed(_mark(2 * MINUTE_MS + _SEEN_MS)) == []


def test_device_that_hands_over_old_readings_is_not_silent() -> None:
    bench = _heard()
    for minute in range(3, 60):
        # All of an hour comes within a minute, at the end of that hour.
        received_ms = 60 * MINUTE_MS + minute * 1000
        bench.feed(batch([told(minute, minute, received_ms=received_ms)]), _mark(received_ms))
    assert history(bench.changes) == {}


def test_late_reading_keeps_a_device_from_being_silent() -> None:
    bench = _heard()
    for minute in range(3, 20):
        at_ms = minute * MINUTE_MS
        bench.feed(batch([told(-30 + minute, 500 + minute, received_ms=at_ms)]), _mark(at_ms))
    assert history(bench.changes) == {}
    assert bench.engine.counters.late["streetlight"] == 17


def test_device_with_a_slow_way_is_given_its_usual_delay() -> None:
    bench = Bench([SILENT])
    for minute in range(5):
        bench.feed(
            batch([told(minute, minute, received_ms=(minute + 4) * MINUTE_MS)]),
            _mark((minute + 4) * MINUTE_MS),
        )
    last_ms = 4 * MINUTE_MS
    seen_ms = last_ms + _ALLOWED_MS + 2 * MINUTE_MS + 4 * MINUTE_MS
    assert bench.feed(_mark(seen_ms - 1)) == []
    assert len(bench.feed(_mark(seen_ms))) == 1


def test_each_device_has_its_own_interval() -> None:
    bench = Bench([SILENT], [lamp("lamp-1"), lamp("lamp-2", interval_s=600.0)])
    bench.feed(_mark(0), batch([told(0, 1), told(0, 1, device="lamp-2")]), _mark(1000))
    bench.feed(_mark(_SEEN_MS))
    assert [change.device for change in bench.changes] == ["lamp-1"]
    bench.feed(_mark(1_810_000 + 120_500 - 1))
    assert len(bench.changes) == 1
    bench.feed(_mark(1_810_000 + 120_500))
    assert [change.device for change in bench.changes] == ["lamp-1", "lamp-2"]


def test_reading_older_than_the_declared_silence_is_late_and_ends_nothing() -> None:
    bench = _heard()
    bench.feed(_mark(20 * MINUTE_MS))
    # Its number follows, its time lies before the moment at which the silence became a fault.
    assert bench.feed(batch([told(4, 3, received_ms=20 * MINUTE_MS)])) == []
    assert bench.engine.counters.late["streetlight"] == 1
    (cleared,) = bench.feed(batch([told(21, 4)]), _mark(24 * MINUTE_MS))
    assert isinstance(cleared, FaultCleared)
    assert cleared.cleared_at_ms == START_MS + 21 * MINUTE_MS


@pytest.mark.parametrize("mark_every_s", [1, 2])
def test_who_speaks_after_it_was_due_was_silent_wherever_marks_stand(mark_every_s: int) -> None:
    due_ms = 2 * MINUTE_MS + _SEEN_MS
    for received_ms, is_silent in ((due_ms, False), (due_ms + 1, True)):
        bench = _heard()
        for second in range(3 * 60, due_ms // 1000 + 1, mark_every_s):
            bench.feed(_mark(second * 1000))
        bench.feed(batch([told(7, 7, received_ms=received_ms)]), _mark(received_ms))
        assert bool(history(bench.changes)) is is_silent
