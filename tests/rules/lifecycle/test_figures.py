"""The measures of the operators' work."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lifecycle.figures import DAY_MS, Lived, figures
from tests.rules.lifecycle.support import HOUR_MS, MINUTE_MS

NOW_MS = 10 * DAY_MS


def lived(ago_ms: int, device: str = "L-1", **others: Any) -> Lived:
    return Lived(source=("lamp.out", device), raised_at_ms=NOW_MS - ago_ms, **others)


def test_nothing_gives_no_means_and_no_floods() -> None:
    found = figures([], NOW_MS)
    assert (found.active, found.flood_share, found.top_share, found.acknowledge_s, found.repair_s) == (
        0, 0, None, None, None,
    )  # fmt: skip


def test_active_faults_are_counted_by_what_is_done_about_them() -> None:
    found = figures(
        [
            lived(DAY_MS + 1),
            lived(DAY_MS, acknowledged_at_ms=NOW_MS - HOUR_MS),
            lived(5, is_shelved=True),
            lived(5, is_out_of_service=True),
            lived(5, is_shelved=True, cleared_at_ms=NOW_MS),
        ],
        NOW_MS,
    )
    assert (found.active, found.unacknowledged, found.stale, found.shelved, found.out_of_service) == (
        4, 3, 1, 1, 1,
    )  # fmt: skip


def test_rates_count_what_came_within_their_time() -> None:
    times = (10 * MINUTE_MS - 1, 10 * MINUTE_MS, HOUR_MS - 1, HOUR_MS)
    found = figures([lived(ago) for ago in times], NOW_MS)
    assert (found.raised_10_minutes, found.raised_hour) == (1, 3)


@pytest.mark.parametrize(("count", "flooded_ms"), [(10, 0), (11, 10 * MINUTE_MS), (50, 10 * MINUTE_MS)])
def test_more_than_ten_at_once_are_a_flood_of_ten_minutes(count: int, flooded_ms: int) -> None:
    found = figures([lived(HOUR_MS, f"L-{n}") for n in range(count)], NOW_MS)
    assert found.flood_share == pytest.approx(flooded_ms / DAY_MS)


@given(st.lists(st.integers(0, 59), max_size=60))
def test_flood_share_is_that_of_looking_every_minute(minutes_ago: list[int]) -> None:
    found = figures([lived(minute * MINUTE_MS, f"L-{n}") for n, minute in enumerate(minutes_ago)], NOW_MS)
    flooded = sum(
        sum(minute <= ago < minute + 10 for ago in minutes_ago) > 10  # the minute that begins then
        for minute in range(1, 61)
    )
    assert found.flood_share == pytest.approx(flooded * MINUTE_MS / DAY_MS)


def test_share_of_the_ten_most_frequent_sources() -> None:
    often = [lived(n * HOUR_MS, "L-often") for n in range(10)]
    rare = [lived(HOUR_MS, f"L-{n}") for n in range(20)]
    assert figures([*often, *rare], NOW_MS).top_share == pytest.approx(19 / 30)


@pytest.mark.parametrize(("apart_ms", "chattering"), [(HOUR_MS // 2 - 1, 1), (HOUR_MS // 2, 0)])
def test_source_that_comes_three_times_within_an_hour_chatters(apart_ms: int, chattering: int) -> None:
    assert figures([lived(n * apart_ms) for n in range(3)], NOW_MS).chattering == chattering


def test_mean_times_are_over_what_happened_within_the_day() -> None:
    found = figures(
        [
            lived(2 * HOUR_MS, acknowledged_at_ms=NOW_MS - HOUR_MS, cleared_at_ms=NOW_MS),
            lived(4 * HOUR_MS, acknowledged_at_ms=NOW_MS - HOUR_MS),
            lived(5 * DAY_MS, acknowledged_at_ms=NOW_MS - 2 * DAY_MS, cleared_at_ms=NOW_MS - DAY_MS),
        ],
        NOW_MS,
    )
    assert (found.acknowledge_s, found.repair_s) == (2 * 3600, 2 * 3600)
