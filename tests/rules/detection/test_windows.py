"""Functions over a device's past are their plain definition, batched in any way, restarted anywhere."""

import itertools
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import kinds
from rules.detection.windows import Windows
from rules.expressions.windows import WindowCall
from tests.rules.detection.reference import window_value

_KIND = kinds()["streetlight"]
_MINUTE_MS = 60_000
_CALLS = [
    WindowCall(function, field, minutes * _MINUTE_MS)
    for function in ("avg", "count", "max", "min", "rate")
    for field in ("power_w", "switch_on_count")
    for minutes in (1, 4)
] + [WindowCall("count", "cmd_on", 3 * _MINUTE_MS)]
_DEPTH = 8
"""The fewest readings that a window holds; a kind that reports every five minutes has no more in four."""

_PER_UNIT = {"power_w": 1_000_000, "switch_on_count": 1, "cmd_on": 1}

_Reading = tuple[int, int, float | None, int | None, bool | None]
"""Device, time in ms, and the three fields."""


@st.composite
def _readings(draw: st.DrawFn) -> list[_Reading]:
    """Readings of three devices, each device's in the order of time, some at the same time."""
    steps = draw(
        st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from([0, 7_000, 60_000, 61_000, 400_000])), max_size=30
        )
    )
    numbers = (
        st.none() | st.floats(-1e6, 1e6, allow_nan=False) | st.sampled_from([0.1, 0.2, 0.3, float("nan")])
    )
    at_ms = [0, 0, 0]
    found: list[_Reading] = []
    for device, step_ms in steps:
        at_ms[device] += step_ms
        counter = draw(st.none() | st.integers(0, 2**32 - 1))
        found.append((device, at_ms[device], draw(numbers), counter, draw(st.none() | st.booleans())))
    return found


def _frame(readings: Sequence[_Reading]) -> pl.DataFrame:
    fields = {"power_w": pl.Float64, "switch_on_count": pl.Float64, "cmd_on": pl.Boolean}
    schema: dict[str, Any] = {"row": pl.UInt32, "ts": pl.Int64} | fields
    frame = pl.DataFrame(readings, schema=schema, orient="row")
    return frame.with_row_index("number").sort("row", maintain_order=True)


def _found(windows: Windows, batches: Sequence[Sequence[_Reading]]) -> list[list[float | None]]:
    """What the functions gave for each reading, in the order of the readings."""
    frames = [windows.add(_frame(batch)).sort("number") for batch in batches if batch]
    return [list(row) for frame in frames for row in frame.select(call.column for call in _CALLS).iter_rows()]


def _expected(readings: Sequence[_Reading]) -> list[list[float | None]]:
    places = {"power_w": 2, "switch_on_count": 3, "cmd_on": 4}
    found: list[list[float | None]] = []
    for number, reading in enumerate(readings):
        own = [one for one in readings[: number + 1] if one[0] == reading[0]][-_DEPTH:]
        found.append(
            [
                window_value(call, [(one[1], one[places[call.field]]) for one in own], _PER_UNIT[call.field])
                for call in _CALLS
            ]
        )
    return found


def _batches(readings: Sequence[_Reading], cuts: Sequence[int]) -> list[Sequence[_Reading]]:
    bounds = [0, *sorted({cut % (len(readings) + 1) for cut in cuts}), len(readings)]
    return [readings[start:end] for start, end in itertools.pairwise(bounds)]


_CUTS = st.lists(st.integers(0, 40), max_size=8)


@settings(max_examples=150)
@given(_readings(), _CUTS)
def test_windows_of_readings_batched_in_any_way_are_their_definition(
    readings: list[_Reading], cuts: list[int]
) -> None:
    expected = _expected(readings)
    assert _found(Windows(_CALLS, _KIND, 3), _batches(readings, cuts)) == expected
    assert _found(Windows(_CALLS, _KIND, 3), [[reading] for reading in readings]) == expected


@settings(max_examples=50)
@given(_readings(), _CUTS)
def test_windows_restarted_between_any_batches_are_their_definition(
    readings: list[_Reading], cuts: list[int]
) -> None:
    windows, found = Windows(_CALLS, _KIND, 3), []
    for batch in _batches(readings, cuts):
        found += _found(windows, [batch])
        successor = Windows(_CALLS, _KIND, 3)
        for row in range(3):
            successor.put(row, windows.take(row))
        windows = successor
    assert found == _expected(readings)


def test_windows_of_a_flooding_device_hold_the_newest_readings() -> None:
    windows = Windows([WindowCall("count", "power_w", 4 * _MINUTE_MS)], _KIND, 1)
    flood: list[_Reading] = [(0, number, 1.0, None, None) for number in range(1000)]
    at_once = windows.add(_frame(flood))["count(power_w,240000)"]
    found = windows.add(_frame([(0, 1000, 1.0, None, None)]))["count(power_w,240000)"]
    assert at_once.to_list() == [*map(float, range(1, 8)), *([8.0] * 993)]
    assert found.to_list() == [8.0]


@pytest.mark.parametrize("value", [float("inf"), 1e10, -1e10])
def test_value_beyond_what_can_be_summed_is_not_in_the_window(value: float) -> None:
    windows = Windows([WindowCall("max", "power_w", _MINUTE_MS)], _KIND, 1)
    assert windows.add(_frame([(0, 0, value, None, None)]))["max(power_w,60000)"].to_list() == [None]


def test_windows_go_on_without_a_field_that_was_not_kept() -> None:
    before = Windows([WindowCall("count", "power_w", _MINUTE_MS)], _KIND, 1)
    before.add(_frame([(0, 0, 1.0, 1, None)]))
    after = Windows(
        [WindowCall("count", name, _MINUTE_MS) for name in ("power_w", "switch_on_count")], _KIND, 1
    )
    after.put(0, before.take(0))
    found = after.add(_frame([(0, 1, 1.0, 1, None)]))
    assert found.select("count(power_w,60000)", "count(switch_on_count,60000)").row(0) == (2.0, 1.0)
