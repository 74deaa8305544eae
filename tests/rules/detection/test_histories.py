"""The streaming engine against the brute-force reference: order, duplicates and restarts change nothing."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.stream import Content, Mark
from tests.rules.detection.reference import expected_history
from tests.rules.detection.support import (
    LATENESS_MS,
    MINUTE_MS,
    SPREAD,
    START_MS,
    Bench,
    Told,
    batch,
    history,
    lamp,
)

_POWERS = st.sampled_from([0.0, 3.0, 10.0, 60.0, None])
_COMMANDS = st.sampled_from([True, True, True, False, None])
# Seconds since the reading before: mostly on time, sometimes a lost reading, sometimes a gap.
_STEPS_S = st.sampled_from([60, 60, 60, 60, 30, 120, 180])


@st.composite
def _readings_of(draw: st.DrawFn, device: str) -> list[Told]:
    """A device's readings, each received within the lateness, some of them twice."""
    numbered = draw(st.booleans())
    lost = draw(st.sets(st.integers(0, 30), max_size=4))
    at_ms, found = 0, []
    for seq in range(draw(st.integers(1, 25))):
        at_ms += draw(_STEPS_S) * 1000
        delay_ms = draw(st.sampled_from([0, 0, 500, 5_000, 61_000, LATENESS_MS]))
        values = {"power_w": draw(_POWERS), "cmd_on": draw(_COMMANDS)}
        told = Told(at_ms, seq if numbered else None, at_ms + delay_ms, device, values)
        if seq not in lost:
            found.append(told)
            if draw(st.integers(0, 9)) == 0:
                found.append(replace(told, received_ms=at_ms + draw(st.integers(delay_ms, LATENESS_MS))))
    return found


_READINGS = st.tuples(_readings_of("lamp-1"), _readings_of("lamp-2")).map(lambda both: both[0] + both[1])


def _contents(readings: Sequence[Told], cuts: Sequence[int]) -> list[Content]:
    """Readings in the order in which they come, as batches with marks between them, and a last mark."""
    coming = sorted(readings, key=lambda told: told.received_ms or 0)
    bounds = [0, *sorted({cut % (len(coming) + 1) for cut in cuts} - {0}), len(coming)]
    contents: list[Content] = []
    for start, end in itertools.pairwise(bounds):
        group = coming[start:end]
        if group:
            contents += [batch(group), Mark(START_MS + (group[-1].received_ms or 0), caught_up=True)]
    last_ms = max((told.at_ms for told in coming), default=0)
    return [*contents, Mark(START_MS + last_ms + 2 * LATENESS_MS + MINUTE_MS, caught_up=True)]


_CUTS = st.lists(st.integers(0, 60), max_size=12)


def _bench() -> Bench:
    return Bench(SPREAD, [lamp("lamp-1"), lamp("lamp-2")])


@settings(max_examples=120)
@given(_READINGS, _CUTS)
def test_history_of_readings_in_any_order_within_lateness_is_the_reference(
    readings: list[Told], cuts: list[int]
) -> None:
    bench = _bench()
    bench.feed(*_contents(readings, cuts))
    assert history(bench.changes) == expected_history(SPREAD, readings)
    assert not any(bench.engine.counters.waiting.values())
    if len({(told.device, told.at_ms) for told in readings}) == len(readings):
        # A repetition that comes when its place has been passed cannot be told from a late reading.
        assert not any(bench.engine.counters.late.values())


@settings(max_examples=60)
@given(_READINGS, _CUTS, st.sets(st.integers(0, 20), max_size=4))
def test_history_with_restarts_at_any_point_is_the_reference(
    readings: list[Told], cuts: list[int], restarts: set[int]
) -> None:
    bench = _bench()
    for number, content in enumerate(_contents(readings, cuts)):
        bench.feed(content)
        if number in restarts:
            assert bench.restart() == []
    assert history(bench.changes) == expected_history(SPREAD, readings)


@settings(max_examples=30)
@given(_READINGS, _CUTS, _CUTS)
def test_changes_do_not_depend_on_how_the_entries_are_divided_into_calls(
    readings: list[Told], cuts: list[int], calls: list[int]
) -> None:
    contents = _contents(readings, cuts)
    whole, divided = _bench(), _bench()
    whole.feed(*contents)
    bounds = [0, *sorted({cut % (len(contents) + 1) for cut in calls} - {0}), len(contents)]
    for start, end in itertools.pairwise(bounds):
        divided.feed(*contents[start:end])
    assert divided.changes == whole.changes


@settings(max_examples=30)
@given(_READINGS, _CUTS, st.integers(1, 10_000_000))
def test_history_of_shifted_readings_is_the_shifted_history(
    readings: list[Told], cuts: list[int], shift: int
) -> None:
    shifted = [replace(t, at_ms=t.at_ms + shift, received_ms=(t.received_ms or 0) + shift) for t in readings]
    first, second = _bench(), _bench()
    first.feed(*_contents(readings, cuts))
    second.feed(*_contents(shifted, cuts))
    moved = {
        (rule, device, since + shift): (raised + shift, None if cleared is None else cleared + shift)
        for (rule, device, since), (raised, cleared) in history(first.changes).items()
    }
    assert history(second.changes) == moved
