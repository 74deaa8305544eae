"""Which resolution answers which part of a question's time."""

import itertools
from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from store.resolutions import Resolution
from store.rollups.planning import Coverage, Segment, planned
from store.windows import Aggregate, WindowQuery

HOUR_MS = 3_600_000
HOURS = 720
QUERY = WindowQuery(
    kind="streetlight", fields=["power_w"], aggregate=Aggregate.MEAN, every_ms=HOUR_MS, from_ms=0,
    to_ms=HOURS * HOUR_MS,
)  # fmt: skip


def plan_with(stale_hours: Collection[int]) -> list[Segment]:
    """The plan where these hours are not summed up yet, nor their minutes, and nothing was dropped."""

    def stale(resolution: Resolution, from_ms: int, to_ms: int) -> list[int]:
        starts = [hour * HOUR_MS for hour in sorted(stale_hours)]
        if resolution is Resolution.MINUTE:
            starts = [start + minute * 60_000 for start in starts for minute in range(60)]
        return [start for start in starts if from_ms <= start < to_ms]

    return planned(QUERY, Coverage(stale, lambda _: 0))


def test_hour_that_is_not_summed_up_is_answered_by_its_readings() -> None:
    assert plan_with([5]) == [
        Segment(Resolution.HOUR, 0, 5 * HOUR_MS),
        Segment(Resolution.RAW, 5 * HOUR_MS, 6 * HOUR_MS),
        Segment(Resolution.HOUR, 6 * HOUR_MS, HOURS * HOUR_MS),
    ]


def test_many_holes_are_answered_together_and_the_long_stretch_is_not() -> None:
    assert plan_with(range(0, 400, 2))[-1] == Segment(Resolution.HOUR, 399 * HOUR_MS, HOURS * HOUR_MS)


@given(st.sets(st.integers(0, HOURS - 1), max_size=HOURS))
def test_plan_is_short_covers_everything_once_and_trusts_no_stale_hour(stale_hours: set[int]) -> None:
    parts = plan_with(stale_hours)
    assert len(parts) <= 16
    assert (parts[0].from_ms, parts[-1].to_ms) == (QUERY.from_ms, QUERY.to_ms)
    assert all(one.to_ms == other.from_ms for one, other in itertools.pairwise(parts))
    trusted = [part for part in parts if part.resolution is not Resolution.RAW]
    starts = [hour * HOUR_MS for hour in stale_hours]
    assert not any(part.from_ms <= start < part.to_ms for part in trusted for start in starts)
