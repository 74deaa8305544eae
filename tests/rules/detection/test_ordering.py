"""The order in which readings are applied: what waits, what is late, what is there again."""

from typing import Any

import polars as pl
import pytest

from devices.batch import reading_schema
from devices.catalogue import kinds
from devices.registry import Registry
from rules.detection.fleet import Fleet
from rules.detection.heads import NO_ROW, Heads
from rules.detection.ordering import HEAD_TYPES, Ordering
from rules.detection.readiness import NO_SEQ
from tests.rules.detection.support import CITY, LATENESS_MS, START_MS, Told, batch, lamp

_MINUTE_MS = 60_000
_Applied = list[tuple[str, int, int | None]]


class Bench:
    """An ordering over two lamps, and what it let through."""

    def __init__(self) -> None:
        self.fleet = Fleet(kinds()["streetlight"], Registry([lamp("a"), lamp("b")]), CITY.zone)
        self.heads = Heads(len(self.fleet), HEAD_TYPES)
        self.ordering = Ordering(self.fleet, self.heads, reading_schema("streetlight"))
        self.last = pl.DataFrame()

    def receive(self, *readings: tuple[str, int, int | None] | tuple[str, int, int | None, int]) -> _Applied:
        """What is applied when readings (lamp, ms, number, and the delay of their arrival if any) come."""
        listed = [
            Told(at_ms, seq, at_ms + (delay[0] if delay else 500), device)
            for device, at_ms, seq, *delay in readings
        ]
        self.last = self.ordering.receive(self.ordering.numbered(batch(listed).frame))
        return self._told(self.last)

    def advance(self, at_ms: int) -> _Applied | None:
        """What is applied when everything received up to a moment is known."""
        released = self.ordering.advance(START_MS + at_ms)
        if released is None:
            return None
        self.last = released
        return self._told(released)

    def head(self, device: str, *names: str) -> tuple[Any, ...]:
        row = self.fleet.row_of(device)
        return self.heads.read(pl.Series([row], dtype=pl.UInt32), names).row(0)

    def _told(self, frame: pl.DataFrame) -> _Applied:
        rows = frame.select("device", pl.col("ts") - START_MS, "seq").rows()
        return [(device, ts, seq) for device, ts, seq in rows]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_first_reading_waits_until_the_watermark_reaches_it(bench: Bench) -> None:
    assert bench.receive(("a", 0, 1)) == []
    assert bench.ordering.waiting.height == 1
    assert bench.receive(("a", LATENESS_MS - 1, 3)) == []
    assert bench.receive(("a", LATENESS_MS, 4)) == [("a", 0, 1)]
    assert bench.ordering.waiting.height == 2
    assert bench.head("a", "last_ts", "last_seq") == (START_MS, 1)


def test_reading_that_follows_the_last_applied_is_applied_at_once(bench: Bench) -> None:
    bench.receive(("a", 0, 1))
    bench.receive(("a", LATENESS_MS, 3))
    assert bench.receive(("a", _MINUTE_MS, 2)) == [("a", _MINUTE_MS, 2), ("a", LATENESS_MS, 3)]
    assert bench.last["before_ts"].to_list() == [START_MS, START_MS + _MINUTE_MS]
    assert bench.receive(("a", LATENESS_MS + 1, 5)) == []
    assert bench.receive(("a", LATENESS_MS + 2, 4)) == []
    assert bench.ordering.waiting.height == 2


def test_successor_with_an_earlier_or_equal_time_is_not_linked(bench: Bench) -> None:
    bench.receive(("a", 0, 1), ("a", LATENESS_MS, 2))
    assert bench.head("a", "last_seq") == (2,)
    assert bench.receive(("a", LATENESS_MS, 3)) == []
    assert bench.receive(("a", LATENESS_MS - 1, 3)) == []
    assert bench.ordering.late == 1


def test_readings_without_numbers_are_never_linked(bench: Bench) -> None:
    bench.receive(("a", 0, None), ("a", LATENESS_MS, None))
    assert bench.head("a", "last_ts", "last_seq") == (START_MS, NO_SEQ)
    assert bench.receive(("a", LATENESS_MS + 1, 0)) == []
    assert bench.receive(("a", 2 * LATENESS_MS + 1, None)) == [
        ("a", LATENESS_MS, None),
        ("a", LATENESS_MS + 1, 0),
    ]


def test_late_reading_is_refused_and_counted_and_one_on_time_is_not(bench: Bench) -> None:
    bench.receive(("a", 10 * _MINUTE_MS, 9))
    at_watermark = 10 * _MINUTE_MS - LATENESS_MS
    assert bench.receive(("a", at_watermark - 1, 1)) == []
    assert (bench.ordering.late, bench.ordering.duplicates) == (1, 0)
    assert bench.receive(("a", at_watermark, 1)) == [("a", at_watermark, 1)]
    assert bench.receive(("b", 0, 1)) == []
    assert bench.ordering.late == 1


def test_late_readings_of_one_batch_count_in_the_order_in_which_they_came(bench: Bench) -> None:
    late = (("a", 10 * _MINUTE_MS, 9), ("a", 0, 1), ("b", 0, 1))
    assert bench.receive(*late) == []
    assert bench.ordering.late == 1
    assert Bench().receive(("a", 0, 1), ("a", 10 * _MINUTE_MS, 9)) == [("a", 0, 1)]


def test_late_reading_is_heard_all_the_same(bench: Bench) -> None:
    bench.receive(("a", 10 * _MINUTE_MS, 9))
    bench.receive(("a", 0, 1, 11 * _MINUTE_MS))
    assert bench.head("a", "heard", "max_ts") == (START_MS + 11 * _MINUTE_MS, START_MS + 10 * _MINUTE_MS)


def test_reading_before_the_floor_of_a_silent_device_is_late(bench: Bench) -> None:
    bench.receive(("a", 0, 1))
    bench.heads.write([0], {"floor": [START_MS + 5000]})
    bench.receive(("a", 4999, 2))
    assert bench.ordering.late == 1
    bench.receive(("a", 5000, 2))
    assert bench.ordering.late == 1


def test_reading_that_was_applied_is_a_duplicate_and_never_late(bench: Bench) -> None:
    bench.receive(("a", 0, 1), ("a", LATENESS_MS, 2))
    assert bench.receive(("a", LATENESS_MS, 2)) == []
    assert bench.receive(("a", LATENESS_MS, 2), ("b", 0, 1), ("a", LATENESS_MS, 2)) == []
    assert (bench.ordering.late, bench.ordering.duplicates) == (0, 3)


def test_reading_that_waits_twice_is_applied_once(bench: Bench) -> None:
    bench.receive(("a", 0, 1), ("a", 0, 1))
    bench.receive(("a", 0, 1))
    assert bench.ordering.duplicates == 2
    assert bench.ordering.waiting.height == 1
    assert bench.receive(("a", LATENESS_MS, 2)) == [("a", 0, 1), ("a", LATENESS_MS, 2)]


def test_of_equal_times_the_lower_number_comes_first_and_cannot_come_after(bench: Bench) -> None:
    assert bench.receive(("a", 0, 2), ("a", 0, 1), ("a", LATENESS_MS, 4)) == [("a", 0, 1), ("a", 0, 2)]
    bench.receive(("a", 0, 1))
    assert (bench.ordering.late, bench.ordering.duplicates) == (1, 0)


def test_idle_clock_lets_go_what_waits_when_lateness_and_usual_delay_are_over(bench: Bench) -> None:
    assert bench.advance(10**9) is None
    bench.receive(("a", 0, 1, 700), ("b", 10_000, 1, 300))
    assert bench.advance(LATENESS_MS + 699) is None
    assert bench.advance(LATENESS_MS + 700) == [("a", 0, 1)]
    assert bench.last["watermark"].to_list() == [START_MS]
    assert bench.ordering.waiting["device"].to_list() == ["b"]
    assert bench.advance(10_000 + LATENESS_MS + 300) == [("b", 10_000, 1)]
    assert bench.advance(10**9) is None


def test_one_that_is_let_go_takes_its_successors_along_and_leaves_others(bench: Bench) -> None:
    bench.receive(("a", 0, 1), ("a", 1000, 2), ("a", 2000, 4))
    assert bench.advance(LATENESS_MS + 500) == [("a", 0, 1), ("a", 1000, 2)]
    assert bench.ordering.waiting["seq"].to_list() == [4]


def test_what_is_blocked_blocks_its_device_and_no_other(bench: Bench) -> None:
    bench.receive(("a", 0, 1), ("b", 0, 1))
    found = bench.receive(("a", LATENESS_MS, 3), ("a", LATENESS_MS + 1, 4), ("b", LATENESS_MS, 2))
    assert found == [("a", 0, 1), ("b", 0, 1), ("b", LATENESS_MS, 2)]
    before = [None if ts is None else ts - START_MS for ts in bench.last["before_ts"]]
    assert before == [None, None, 0]


def test_device_that_the_registry_does_not_know_is_counted_and_left_out(bench: Bench) -> None:
    assert bench.receive(("nobody", 0, 1), ("a", 0, 1)) == []
    assert bench.ordering.unknown_devices == 1
    assert bench.ordering.waiting["device"].to_list() == ["a"]


@pytest.mark.parametrize(
    ("delays_ms", "usual_ms"),
    [
        ([500], 500),
        ([500, 300], 300),
        ([500, 1300], 600),
        ([500, 503], 500),
        ([800_000], 600_000),
        ([-80_000], -60_000),
        ([500, 1300, 400], 400),
    ],
)
def test_usual_delay_follows_shorter_ones_at_once_and_longer_ones_slowly(
    delays_ms: list[int], usual_ms: int
) -> None:
    one_by_one, together = Bench(), Bench()
    readings = [("a", number * _MINUTE_MS, number, delay) for number, delay in enumerate(delays_ms)]
    for reading in readings:
        one_by_one.receive(reading)
    together.receive(*readings)
    assert one_by_one.head("a", "lag") == together.head("a", "lag") == (usual_ms,)
    heard_ms = START_MS + (len(delays_ms) - 1) * _MINUTE_MS + delays_ms[-1]
    assert one_by_one.head("a", "heard") == together.head("a", "heard") == (heard_ms,)


def test_shortest_of_what_came_together_is_the_delay(bench: Bench) -> None:
    bench.receive(("a", 0, 1, 2000), ("a", 1000, 2, 1000), ("b", 0, 1, 70))
    assert bench.head("a", "lag", "max_ts") == (1000, START_MS + 1000)
    assert bench.head("b", "lag") == (70,)


def test_fields_that_detection_needs_the_names_of_are_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match=r"fields of 'streetlight' may not be named \['floor'\]: detection"):
        Ordering(bench.fleet, bench.heads, dict(reading_schema("streetlight")) | {"floor": pl.Int64})


def test_heads_start_with_nothing_or_what_is_given_and_keep_what_is_written() -> None:
    heads = Heads(3, {"x": pl.Int64, "word": pl.String}, {"x": 7})
    assert heads.whole(["x", "word"]).rows() == [(7, None)] * 3
    heads.write([2, 0], {"x": [1, None], "word": ["b", "a"]})
    heads.write(pl.Series([1], dtype=pl.UInt32), {"x": pl.Series([5], dtype=pl.Int32)})
    heads.write([], {"x": []})
    assert heads.whole(["word"]).columns == ["word"]
    assert heads.read(pl.Series([2, 0, 1], dtype=pl.UInt32)).rows() == [(1, "b"), (None, "a"), (5, None)]
    assert heads.read(pl.Series([1], dtype=pl.UInt32), ["x"]).columns == ["x"]
    assert NO_ROW == 2**32 - 1
