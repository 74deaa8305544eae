"""Rollups of any readings, late ones and duplicates among them, say what the readings say."""

import math
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.batch import ReadingBatch
from store.duckdb_store import DuckdbTelemetryStore
from store.influx_client import InfluxAddress
from store.influx_store import InfluxTelemetryStore
from store.resolutions import Resolution
from store.retention import KEPT_FOR_GOOD, Retention, expired
from store.rollups.keeper import RollupKeeper
from store.rollups.planning import used
from store.telemetry import top_devices
from store.windows import Aggregate, GroupBy, WindowQuery
from tests.influx_server import temporary_bucket
from tests.store.contract import AnyStore, Backend
from tests.store.readings import many_lamps

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
START_MS = 1_764_003_600_000  # 2025-11-25T00:00 in Tam Kỳ, 17:00Z of the day before


def lamps(rows: list[tuple[int, int, float | None, int]]) -> ReadingBatch:
    """Readings: lamp, seconds since the start, power, number of switchings."""
    frame = many_lamps(len(rows)).with_columns(
        device=pl.Series([f"L{lamp}" for lamp, *_ in rows]),
        area=pl.Series([f"area-{lamp % 2}" for lamp, *_ in rows]),
        measured_at=pl.Series([START_MS + row[1] * 1000 for row in rows]).cast(pl.Datetime("ms", "UTC")),
        # Of two devices at the same nanosecond none is first: each has a number of its own.
        seq=pl.Series([1 + lamp for lamp, *_ in rows], dtype=pl.Int64),
        power_w=pl.Series([row[2] for row in rows], dtype=pl.Float64),
        switch_on_count=pl.Series([row[3] for row in rows], dtype=pl.Int64),
        power_state=pl.Series([f"state {row[3] % 3}" for row in rows]),
    )
    return ReadingBatch("streetlight", frame)


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


@contextmanager
def empty(backend: str, folder: Path, server: InfluxAddress | None) -> Iterator[AnyStore]:
    """A backend without anything in it."""
    if server is None:
        shutil.rmtree(folder / backend, ignore_errors=True)
        with closing(DuckdbTelemetryStore(folder / backend)) as store:
            yield store
        return
    with temporary_bucket(server) as address, closing(InfluxTelemetryStore(address, KEPT_FOR_GOOD)) as store:
        yield store


def check_alike(
    ours: AnyStore,
    theirs: AnyStore,
    batches: list[list[tuple[int, int, float | None, int]]],
    hours: int,
    queries: list[WindowQuery],
) -> None:
    keeper = RollupKeeper(ours)
    for number, rows in enumerate(batches):
        ours.write(lamps(rows))
        theirs.write(lamps(rows))
        if number < len(batches) - 1 or hours > 4:
            keeper.run(START_MS + hours * HOUR_MS)
    for query in queries:
        assert close(ours.windows(query), theirs.windows(query)), query


ANYTHING = {
    "batches": st.lists(READINGS, min_size=1, max_size=3),
    "hours": st.integers(0, 8),
    "queries": st.lists(QUERIES, min_size=3, max_size=6),
}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(**ANYTHING)
def test_answers_from_rollups_equal_answers_from_readings_whatever_comes_when(
    tmp_path: Path, **anything: Any
) -> None:
    with empty("with", tmp_path, None) as ours, empty("without", tmp_path, None) as theirs:
        check_alike(ours, theirs, **anything)


@pytest.mark.influx
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(**ANYTHING)
def test_answers_from_rollups_in_influxdb_equal_answers_from_readings_in_duckdb(
    tmp_path: Path, influx_server: InfluxAddress, **anything: Any
) -> None:
    with empty("with", tmp_path, influx_server) as ours, empty("without", tmp_path, None) as theirs:
        check_alike(ours, theirs, **anything)


def test_settled_hours_are_answered_by_the_hour_and_percentiles_by_readings(
    store: AnyStore,
) -> None:
    store.write(lamps([(0, 0, 10.0, 1), (0, 40, 30.0, 2), (1, 3700, 7.0, 3)]))
    assert used(store.plan(QUERY)) is Resolution.HOUR  # most of the day has no reading
    assert RollupKeeper(store).run(LAST_MS) == 4
    assert [part.resolution for part in store.plan(QUERY)] == [Resolution.HOUR]
    assert store.windows(QUERY)["power_w"].to_list() == [20.0, 7.0]
    assert [part.resolution for part in store.plan(replace(QUERY, every_ms=MINUTE_MS))] == [Resolution.MINUTE]
    shares = replace(QUERY, aggregate=Aggregate.PERCENTILE)
    assert [part.resolution for part in store.plan(shares)] == [Resolution.RAW]
    whole = replace(QUERY, aggregate=Aggregate.MAX, every_ms=0)
    assert top_devices(store, whole, 1).rows() == [("L0", 30.0)]


def test_window_that_is_not_over_is_left_to_readings(store: AnyStore) -> None:
    store.write(lamps([(0, 0, 10.0, 1), (0, 70, 30.0, 2)]))
    assert RollupKeeper(store).run(START_MS + 95_000) == 1
    assert [mark.start_ms for mark in store.pending(Resolution.MINUTE, "streetlight", 0, LAST_MS)] == [
        START_MS + 60_000
    ]
    assert store.windows(QUERY)["power_w"].to_list() == [20.0]


def test_late_reading_corrects_its_windows_after_a_restart_too(backend: Backend) -> None:
    with closing(backend()) as store:
        store.write(lamps([(0, 0, 10.0, 1)]))
        RollupKeeper(store).run(LAST_MS)
        store.write(lamps([(0, 30, 50.0, 1)]))
    with closing(backend()) as store:
        assert store.windows(QUERY)["power_w"].to_list() == [30.0]
        assert RollupKeeper(store).run(LAST_MS) == 2
        assert [part.resolution for part in store.plan(QUERY)] == [Resolution.HOUR]
        assert store.windows(QUERY)["power_w"].to_list() == [30.0]


def test_reading_that_comes_while_its_window_is_summed_up_keeps_the_mark(store: AnyStore) -> None:
    store.write(lamps([(0, 0, 10.0, 1)]))
    marks = store.pending(Resolution.MINUTE, "streetlight", 0, LAST_MS)
    store.write(lamps([(0, 1, 50.0, 1)]))
    store.settle(marks)
    assert len(store.pending(Resolution.MINUTE, "streetlight", 0, LAST_MS)) == 1


KEPT = Retention(KEPT_FOR_GOOD.days, {"streetlight": Retention().days})


def test_dropped_readings_live_on_in_rollups_which_late_ones_do_not_replace(backend: Backend) -> None:
    with closing(backend(KEPT)) as store:
        store.write(lamps([(0, 0, 10.0, 1), (0, 40, 30.0, 2)]))
        keeper = RollupKeeper(store)
        keeper.run(LAST_MS)
        later_ms = START_MS + 40 * DAY_MS
        assert expired(store, KEPT, later_ms) == 1
        assert store.counts()["streetlight"] == 0
        store.write(lamps([(0, 20, 99.0, 1)]))  # by a clock that says that it is not late
        keeper.run(later_ms)
        assert expired(store, KEPT, later_ms) == 1
        assert store.counts()["streetlight"] == 0
        assert store.windows(QUERY)["power_w"].to_list() == [20.0]
        finely = replace(QUERY, every_ms=1000, to_ms=START_MS + HOUR_MS)
        assert used(store.plan(finely)) is Resolution.MINUTE
        assert expired(store, KEPT, START_MS + 4_000 * DAY_MS) == 2
        assert store.windows(QUERY).is_empty()


def test_retention_of_a_kind_is_its_own() -> None:
    kept = Retention(of_kinds={"wifi-ap": {Resolution.RAW: 7}})
    assert kept.kept_days(Resolution.RAW, "wifi-ap") == 7
    assert kept.kept_days(Resolution.RAW, "streetlight") == 30
    assert kept.kept_days(Resolution.HOUR, "wifi-ap") == 3650
    assert KEPT_FOR_GOOD.dropped_before_ms(Resolution.RAW, "wifi-ap", LAST_MS) == 0


def test_erased_device_is_gone_from_rollups(store: AnyStore) -> None:
    store.write(lamps([(0, 0, 10.0, 1), (1, 0, 30.0, 2)]))
    keeper = RollupKeeper(store)
    keeper.run(LAST_MS)
    store.delete_devices(["L0"])
    for every_ms in (1000, MINUTE_MS, HOUR_MS):
        found = store.windows(replace(QUERY, every_ms=every_ms, to_ms=START_MS + HOUR_MS))
        assert found["device"].unique().to_list() == ["L1"]
