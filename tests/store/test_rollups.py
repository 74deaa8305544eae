"""Rollups of any readings, late ones and duplicates among them, say what the readings say."""

import math
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.batch import ReadingBatch
from store.duckdb_store import DuckdbTelemetryStore
from store.resolutions import Resolution
from store.retention import Retention, expired
from store.rollups.keeper import RollupKeeper
from store.rollups.planning import used
from store.telemetry import top_devices
from store.windows import Aggregate, GroupBy, WindowQuery
from tests.store.readings import many_lamps

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
START_MS = 1_764_003_600_000  # 2025-11-25T00:00 in Tam Kỳ, 17:00Z of the day before
NEVER_DROPPED = Retention(dict.fromkeys(Resolution, 0))


def lamps(rows: list[tuple[int, int, float | None, int]]) -> ReadingBatch:
    """Readings: lamp, seconds since the start, power, number of switchings."""
    frame = many_lamps(len(rows)).with_columns(
        device=pl.Series([f"L{lamp}" for lamp, *_ in rows]),
        area=pl.Series([f"area-{lamp % 2}" for lamp, *_ in rows]),
        measured_at=pl.Series([START_MS + row[1] * 1000 for row in rows]).cast(pl.Datetime("ms", "UTC")),
        seq=pl.lit(1, pl.Int64),
        power_w=pl.Series([row[2] for row in rows], dtype=pl.Float64),
        switch_on_count=pl.Series([row[3] for row in rows], dtype=pl.Int64),
        power_state=pl.Series([f"state {row[3] % 3}" for row in rows]),
    )
    return ReadingBatch("streetlight", frame)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckdbTelemetryStore]:
    with closing(DuckdbTelemetryStore(tmp_path / "telemetry")) as opened:
        yield opened


QUERY = WindowQuery(
    kind="streetlight", fields=["power_w"], aggregate=Aggregate.MEAN, every_ms=HOUR_MS,
    from_ms=START_MS, to_ms=START_MS + DAY_MS,
)  # fmt: skip
LAST_MS = START_MS + 2 * DAY_MS
READINGS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 6 * 3600).map(lambda second: second // 25 * 25),
        st.one_of(st.none(), st.integers(-20, 200).map(lambda value: value / 4)),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=25,
)
QUERIES = st.builds(
    WindowQuery,
    kind=st.just("streetlight"),
    fields=st.just(["power_w", "switch_on_count"]),
    aggregate=st.sampled_from(Aggregate),
    from_ms=st.integers(0, 3 * 60).map(lambda minute: START_MS + minute * 30_000),
    to_ms=st.integers(3 * 60, 7 * 60).map(lambda minute: START_MS + minute * 60_000 + 30_000),
    every_ms=st.sampled_from([0, 30_000, MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, DAY_MS]),
    group_by=st.sampled_from(GroupBy),
    areas=st.sampled_from([(), ("area-0",)]),
    fill_gaps=st.booleans(),
)


def close(ours: pl.DataFrame, theirs: pl.DataFrame) -> bool:
    same = ours.schema == theirs.schema and ours.height == theirs.height
    pairs = [
        pair for rows in zip(ours.rows(), theirs.rows(), strict=True) for pair in zip(*rows, strict=True)
    ]
    return same and all(
        math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-9)
        if isinstance(a, float) and isinstance(b, float)
        else a == b
        for a, b in pairs
    )


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(READINGS, min_size=1, max_size=3),
    hours=st.integers(0, 8),
    queries=st.lists(QUERIES, min_size=3, max_size=6),
)
def test_answers_from_rollups_equal_answers_from_readings_whatever_comes_when(
    tmp_path: Path,
    batches: list[list[tuple[int, int, float | None, int]]],
    hours: int,
    queries: list[WindowQuery],
) -> None:
    for name in ("with", "without"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    with (
        closing(DuckdbTelemetryStore(tmp_path / "with")) as ours,
        closing(DuckdbTelemetryStore(tmp_path / "without")) as theirs,
    ):
        keeper = RollupKeeper(ours, NEVER_DROPPED)
        for number, rows in enumerate(batches):
            ours.write(lamps(rows))
            theirs.write(lamps(rows))
            if number < len(batches) - 1 or hours > 4:
                keeper.run(START_MS + hours * HOUR_MS)
        for query in queries:
            assert close(ours.windows(query), theirs.windows(query)), query


def test_settled_hours_are_answered_by_the_hour_and_percentiles_by_readings(
    store: DuckdbTelemetryStore,
) -> None:
    store.write(lamps([(0, 0, 10.0, 1), (0, 40, 30.0, 2), (1, 3700, 7.0, 3)]))
    assert used(store.plan(QUERY)) is Resolution.HOUR  # most of the day has no reading
    assert RollupKeeper(store, NEVER_DROPPED).run(LAST_MS) == 4
    assert [part.resolution for part in store.plan(QUERY)] == [Resolution.HOUR]
    assert store.windows(QUERY)["power_w"].to_list() == [20.0, 7.0]
    assert [part.resolution for part in store.plan(replace(QUERY, every_ms=MINUTE_MS))] == [Resolution.MINUTE]
    shares = replace(QUERY, aggregate=Aggregate.PERCENTILE)
    assert [part.resolution for part in store.plan(shares)] == [Resolution.RAW]
    whole = replace(QUERY, aggregate=Aggregate.MAX, every_ms=0)
    assert top_devices(store, whole, 1).rows() == [("L0", 30.0)]


def test_window_that_is_not_over_is_left_to_readings(store: DuckdbTelemetryStore) -> None:
    store.write(lamps([(0, 0, 10.0, 1), (0, 70, 30.0, 2)]))
    assert RollupKeeper(store, NEVER_DROPPED).run(START_MS + 95_000) == 1
    assert [mark.start_ms for mark in store.pending(Resolution.MINUTE, "streetlight", 0, LAST_MS)] == [
        START_MS + 60_000
    ]
    assert store.windows(QUERY)["power_w"].to_list() == [20.0]


def test_late_reading_corrects_its_windows_after_a_restart_too(tmp_path: Path) -> None:
    folder = tmp_path / "telemetry"
    with closing(DuckdbTelemetryStore(folder)) as store:
        store.write(lamps([(0, 0, 10.0, 1)]))
        RollupKeeper(store, NEVER_DROPPED).run(LAST_MS)
        store.write(lamps([(0, 30, 50.0, 1)]))
    with closing(DuckdbTelemetryStore(folder)) as store:
        assert store.windows(QUERY)["power_w"].to_list() == [30.0]
        assert RollupKeeper(store, NEVER_DROPPED).run(LAST_MS) == 2
        assert [part.resolution for part in store.plan(QUERY)] == [Resolution.HOUR]
        assert store.windows(QUERY)["power_w"].to_list() == [30.0]


def test_reading_that_comes_while_its_window_is_summed_up_keeps_the_mark(store: DuckdbTelemetryStore) -> None:
    store.write(lamps([(0, 0, 10.0, 1)]))
    marks = store.pending(Resolution.MINUTE, "streetlight", 0, LAST_MS)
    store.write(lamps([(0, 1, 50.0, 1)]))
    store.settle(marks)
    assert len(store.pending(Resolution.MINUTE, "streetlight", 0, LAST_MS)) == 1


def test_dropped_readings_live_on_in_rollups_which_late_ones_do_not_replace(
    store: DuckdbTelemetryStore,
) -> None:
    store.write(lamps([(0, 0, 10.0, 1), (0, 40, 30.0, 2)]))
    keeper = RollupKeeper(store, Retention())
    keeper.run(LAST_MS)
    later_ms = START_MS + 40 * DAY_MS
    assert expired(store, Retention(), later_ms) == 1
    store.write(lamps([(0, 20, 99.0, 1)]))
    keeper.run(later_ms)
    assert expired(store, Retention(), later_ms) == 1
    assert store.counts()["streetlight"] == 0
    assert store.windows(QUERY)["power_w"].to_list() == [20.0]
    finely = replace(QUERY, every_ms=1000, to_ms=START_MS + HOUR_MS)
    assert used(store.plan(finely)) is Resolution.MINUTE
    assert expired(store, Retention(), START_MS + 4_000 * DAY_MS) == 2


def test_retention_of_a_kind_is_its_own() -> None:
    kept = Retention(of_kinds={"wifi-ap": {Resolution.RAW: 7}})
    assert kept.kept_days(Resolution.RAW, "wifi-ap") == 7
    assert kept.kept_days(Resolution.RAW, "streetlight") == 30
    assert kept.kept_days(Resolution.HOUR, "wifi-ap") == 3650
    assert NEVER_DROPPED.dropped_before_ms(Resolution.RAW, "wifi-ap", LAST_MS) == 0


def test_erased_device_is_gone_from_rollups(store: DuckdbTelemetryStore) -> None:
    store.write(lamps([(0, 0, 10.0, 1), (1, 0, 30.0, 2)]))
    keeper = RollupKeeper(store, NEVER_DROPPED)
    keeper.run(LAST_MS)
    store.delete_devices(["L0"])
    for every_ms in (1000, MINUTE_MS, HOUR_MS):
        found = store.windows(replace(QUERY, every_ms=every_ms, to_ms=START_MS + HOUR_MS))
        assert found["device"].unique().to_list() == ["L1"]
