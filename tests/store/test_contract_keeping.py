"""What every backend must forget when it is told to, and say about itself."""

from typing import Any

import polars as pl

from store.telemetry import RangeQuery, TelemetryStore
from tests.store.contract import MIDNIGHT, hourly, lamps, passage


def test_deleted_device_is_gone_everywhere(filled: TelemetryStore) -> None:
    filled.write_events(pl.concat([passage(), passage(id="p2").with_columns(device=pl.lit("L0"))]))
    filled.delete_devices(["L0", "L0' OR '1'='1"])
    assert [row[0] for row in hourly(filled)] == ["L2"]
    assert filled.counts()["events"] == 1


def test_delete_by_age_keeps_what_is_not_older(store: TelemetryStore) -> None:
    store.write(lamps(*({"ts": MIDNIGHT + n, "seq": n} for n in range(3))))
    store.write_events(passage())
    store.delete_before(MIDNIGHT + 1, kinds=["streetlight"])
    assert [row[2] for row in everything_since_midnight(store)] == [1, 2]
    assert store.counts()["events"] == 1
    store.delete_before(MIDNIGHT + 2)
    assert store.counts() == dict.fromkeys(store.counts(), 0) | {"streetlight": 1}


def everything_since_midnight(store: TelemetryStore) -> list[tuple[Any, ...]]:
    query = RangeQuery(kind="streetlight", devices=["L0"], from_ms=MIDNIGHT, to_ms=2 * MIDNIGHT)
    return store.range(query).select("device", "measured_at", "seq").rows()


def test_status_tells_version_rows_and_newest_time(filled: TelemetryStore) -> None:
    status = filled.status()
    assert status.backend in {"DuckDB", "InfluxDB"}
    assert status.version[0] == "2" if status.backend == "InfluxDB" else status.version
    assert status.rows == filled.counts()
    assert status.newest_ms == {"streetlight": MIDNIGHT + 150 * 60_000}
    assert status.size_bytes is not None
