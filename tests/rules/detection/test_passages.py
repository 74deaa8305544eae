"""Counts of passages are their plain definition, in any order of arrival, batched and restarted anywhere."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.detection.passages import Passages
from rules.expressions.windows import WindowCall
from tests.rules.detection.support import passage

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


def test_passages_of_one_batch_are_all_counted_and_the_oldest_forgotten_last() -> None:
    counted = Passages(1, 0)
    frames = [_numbered(passage("e", n, [{"plate": "92A-1"}]).frame, 0, n) for n in range(5)]
    counted.note(pl.concat(frames))
    assert counted.count(_SEEN, np.array([0]), np.array([4])).tolist() == [5.0]
    counted.note(pl.concat(frames[:1] * 600))
    assert counted.count(_SEEN, np.array([0]), np.array([4])).tolist() == [600.0]
