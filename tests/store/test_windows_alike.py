"""DuckDB and a real InfluxDB answer any question about windows with the same values."""

import math
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.batch import ReadingBatch
from store.duckdb_store import DuckdbTelemetryStore
from store.influx_client import InfluxAddress
from store.influx_store import InfluxTelemetryStore
from store.telemetry import TelemetryStore
from store.windows import Aggregate, GroupBy, WindowQuery
from tests.influx_server import temporary_bucket
from tests.store.readings import many_lamps

pytestmark = pytest.mark.influx
Both = tuple[TelemetryStore, TelemetryStore]
DAY_MS = 86_400_000
NUMBERS = ("power_w", "switch_on_count")


def scattered_lamps() -> pl.DataFrame:
    """Lamps in two areas over some days, with holes, equal values, and fields that are not always there."""
    frame = many_lamps(400)
    number = pl.col("seq")
    at = pl.col("measured_at") - pl.duration(milliseconds=number * number % 977 * 401_003)
    return frame.with_columns(
        device=pl.format("L{}", number % 5),
        area=pl.when(number % 5 < 3).then(pl.lit("tam-ky")).otherwise(pl.lit("ban-thach")),
        measured_at=at.cast(pl.Datetime("ms", "UTC")),
        power_w=pl.when(number % 3 > 0).then((number * 37 % 101).cast(pl.Float64) / 8),
        switch_on_count=pl.when(number % 4 > 0).then(number * 17 % 23),
        cmd_on=pl.when(number % 7 > 0).then(number % 2 == 0),
    ).with_columns(device_time=pl.col("measured_at").dt.epoch("ms"))


@pytest.fixture(scope="module")
def both(influx_server: InfluxAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with temporary_bucket(influx_server) as address:
        embedded = DuckdbTelemetryStore(Path(tmp_path_factory.mktemp("alike")) / "telemetry")
        server = InfluxTelemetryStore(address)
        for store in (embedded, server):
            assert store.write(ReadingBatch("streetlight", scattered_lamps())).is_empty()
        yield embedded, server
        embedded.close()
        server.close()


NEWEST_MS = max(scattered_lamps()["measured_at"].dt.epoch("ms").to_list())
QUERIES = st.builds(
    WindowQuery,
    kind=st.just("streetlight"),
    fields=st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2, unique=True),
    aggregate=st.sampled_from(Aggregate),
    from_ms=st.integers(NEWEST_MS - 5 * DAY_MS, NEWEST_MS - DAY_MS),
    to_ms=st.integers(NEWEST_MS - DAY_MS + 1, NEWEST_MS + DAY_MS),
    every_ms=st.sampled_from([0, 1_800_000, 3_600_000, 6 * 3_600_000, DAY_MS, 2 * DAY_MS, 7 * DAY_MS]),
    devices=st.lists(st.sampled_from(["L0", "L1", "L2", "L3", "L4", "L5"]), max_size=3, unique=True),
    areas=st.lists(st.sampled_from(["tam-ky", "ban-thach", "nowhere"]), max_size=2, unique=True),
    group_by=st.sampled_from(GroupBy),
    percentile=st.floats(50, 100).map(lambda percentile: round(percentile, 1)),
    fill_gaps=st.booleans(),
    zone=st.sampled_from(["Asia/Ho_Chi_Minh", "UTC"]),
)


@settings(max_examples=150)
@given(query=QUERIES)
def test_any_window_query_has_the_same_answer_on_both_backends(both: Both, query: WindowQuery) -> None:
    embedded, server = (store.windows(query) for store in both)
    assert embedded.schema == server.schema
    assert embedded.height == server.height
    for ours, theirs in zip(embedded.rows(), server.rows(), strict=True):
        for value, other in zip(ours, theirs, strict=True):
            if isinstance(value, float) and isinstance(other, float):
                assert math.isclose(value, other, rel_tol=1e-12)  # sums are added up in another order
            else:
                assert value == other


def test_the_data_have_what_the_queries_ask_for(both: Both) -> None:
    query = WindowQuery(
        kind="streetlight", fields=NUMBERS, aggregate=Aggregate.COUNT, every_ms=DAY_MS,
        from_ms=NEWEST_MS - 5 * DAY_MS, to_ms=NEWEST_MS + 1, group_by=GroupBy.KIND,
    )  # fmt: skip
    for store in both:
        found = store.windows(query)
        assert found.height >= 4
        assert found.select(NUMBERS).min().row(0) > (5, 5)
