"""Counts of passages are their plain definition, in any order of arrival, batched and restarted anywhere."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.registry import Device
from devices.stream import EventBatch
from rules.detection.passages import Passages
from rules.expressions.expression import condition
from rules.expressions.windows import WindowCall
from rules.rule import Lasting
from tests.rules.detection.support import Bench, Told, batch, passage, rule

_LATENESS_MS = 10_000
_SPAN_MS = 600_000
_SEEN, _UNREAD = (WindowCall(name, "", _SPAN_MS) for name in ("vehicles.seen", "vehicles.unread"))
_PASSAGES = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 1_200_000),
        st.lists(st.sampled_from(["92A-1", "", None]), max_size=3),
    ),
    max_size=15,
)


@settings(max_examples=60)
@given(_PASSAGES, st.lists(st.integers(1, 4), min_size=15, max_size=15), st.integers(0, 1_300_000))
def test_counts_of_passages_are_their_definition(
    passages: list[tuple[int, int, list[str | None]]], sizes: list[int], at_ms: int
) -> None:
    counted, left = Passages(2, _LATENESS_MS), list(passages)
    while left:
        size = sizes.pop() if sizes else 1
        for row, ts_ms, plates in left[:size]:
            frame = passage("e", ts_ms, [{"plate": plate} for plate in plates]).frame
            counted.note(_numbered(frame, row, ts_ms))
        left = left[size:]
        successor = Passages(2, _LATENESS_MS)
        for row in (0, 1):
            successor.put(row, counted.take(row))
        counted = successor
    rows, ts = np.array([0, 1]), np.array([at_ms, at_ms])
    for call in (_SEEN, _UNREAD):
        expected = [_expected(call, [p for p in passages if p[0] == row], at_ms) for row in (0, 1)]
        found = [None if np.isnan(value) else value for value in counted.count(call, rows, ts)]
        assert found == expected


def _numbered(frame: pl.DataFrame, row: int, ts_ms: int) -> pl.DataFrame:
    return frame.with_columns(pl.lit(row, pl.UInt32).alias("row"), pl.lit(ts_ms, pl.Int64).alias("ts"))


def _expected(
    call: WindowCall, passages: list[tuple[int, int, list[str | None]]], at_ms: int
) -> float | None:
    if not passages:
        return None
    end_ms = at_ms - _LATENESS_MS
    inside = [plates for _, ts_ms, plates in passages if end_ms - _SPAN_MS < ts_ms <= end_ms]
    unread_only = call is _UNREAD
    return float(sum(not plate or not unread_only for plates in inside for plate in plates))


def _steady(count: int) -> pl.DataFrame:
    """Passages of one camera, one a second."""
    frame = passage("e", 0, [{"plate": "92A-1"}]).frame
    return pl.concat([_numbered(frame, 0, number * 1000) for number in range(count)])


def test_passages_of_a_busy_camera_between_two_marks_do_not_hide_earlier_ones() -> None:
    counted = Passages(1, 0)
    counted.note(_steady(2000))
    rows, early, late = np.array([0]), np.array([100_000]), np.array([1_999_000])
    assert counted.count(_SEEN, rows, early).tolist() == [101.0]
    assert counted.count(_SEEN, rows, late).tolist() == [600.0]
    assert counted.settle().tolist() == [0]
    assert counted.count(_SEEN, rows, late).tolist() == [600.0]
    # They are forgotten now, which is not the same as that nobody passed.
    assert np.isnan(counted.count(_SEEN, rows, early)).all()
    assert len(counted.take(0)) == 600
    assert counted.settle().tolist() == []


@settings(max_examples=30)
@given(_PASSAGES, st.sets(st.integers(0, 15)), st.integers(0, 1_300_000))
def test_counts_of_passages_do_not_depend_on_where_marks_stand(
    passages: list[tuple[int, int, list[str | None]]], marks: set[int], at_ms: int
) -> None:
    counted = Passages(2, _LATENESS_MS)
    for number, (row, ts_ms, plates) in enumerate(passages):
        counted.note(_numbered(passage("e", ts_ms, [{"plate": p} for p in plates]).frame, row, ts_ms))
        if number in marks:
            counted.settle()
    rows, ts = np.array([0, 1]), np.array([at_ms, at_ms])
    for call in (_SEEN, _UNREAD):
        found = [None if np.isnan(value) else value for value in counted.count(call, rows, ts)]
        assert found == [_expected(call, [p for p in passages if p[0] == row], at_ms) for row in (0, 1)]


def test_camera_of_a_busy_street_is_not_without_passages_after_a_backlog() -> None:
    """Two hours come between two marks, passages before the readings that count them."""
    when = condition("vehicles.seen('30m') == 0", "traffic-camera")
    blind = rule("camera.blind", Lasting(when=when), "traffic-camera")
    camera = Device(id="camera-1", kind="traffic-camera", area="tam-ky", interval_s=60.0)
    bench = Bench([blind], [camera])
    frames = [passage(f"e{n}", n * 4_000, [{"plate": None}]).frame for n in range(1, 1_800)]
    readings = [Told(minute * 60_000, minute, device="camera-1") for minute in range(1, 120)]
    bench.feed(EventBatch(pl.concat(frames)), batch(readings, "traffic-camera"))
    assert bench.changes == []
