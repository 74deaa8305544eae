"""What every backend must give back: ranges, exports, hours, and readings as they were received."""

from pathlib import Path

import polars as pl
import pytest

from devices.batch import ReadingBatch
from store.received import ReceivedReadings
from store.telemetry import RangeQuery, Selection, TelemetryStore
from tests.store.contract import MIDNIGHT, lamps, passage


def test_range_holds_its_start_but_not_its_end_and_only_the_devices_asked_for(store: TelemetryStore) -> None:
    store.write(
        lamps(*({"lamp": lamp, "ts": ts, "seq": ts} for lamp in range(3) for ts in (1000, 2000, 3000)))
    )
    query = RangeQuery(kind="streetlight", devices=["L2", "L0"], from_ms=1000, to_ms=3000, fields=["power_w"])
    found = store.range(query)
    assert found.select("device", "seq").rows() == [("L0", 1000), ("L0", 2000), ("L2", 1000), ("L2", 2000)]
    assert found.columns == ["device", "measured_at", "received_at", "seq", "time_quality", "power_w"]


def test_range_stops_at_its_limit(store: TelemetryStore) -> None:
    store.write(lamps(*({"ts": ts, "seq": ts} for ts in range(1000, 1100))))
    assert (
        store.range(RangeQuery(kind="streetlight", devices=["L0"], from_ms=0, to_ms=10**9, limit=7)).height
        == 7
    )


def test_range_with_an_unknown_field_names_the_known_ones(store: TelemetryStore) -> None:
    with pytest.raises(LookupError, match="power_w"):
        store.range(
            RangeQuery(kind="streetlight", devices=["L0"], from_ms=0, to_ms=1, fields=["1; drop table"])
        )


def test_range_by_a_hostile_device_name_finds_nothing(store: TelemetryStore) -> None:
    store.write(lamps({"ts": 1000, "seq": 1}))
    hostile = RangeQuery(kind="streetlight", devices=["L0' OR '1'='1"], from_ms=0, to_ms=10**9)
    assert store.range(hostile).is_empty()


def test_export_gives_back_what_was_written(store: TelemetryStore) -> None:
    written = lamps(
        *({"lamp": n % 3, "ts": MIDNIGHT + n, "seq": n, "power_w": n / 7} for n in range(250))
    ).frame.with_columns(power_state=pl.format('é{}\n"\\ ,=', "seq"))
    batch = ReadingBatch("streetlight", written)
    store.write(batch)
    everything_there = Selection(kind="streetlight", from_ms=0, to_ms=2 * MIDNIGHT)
    batches = list(store.export(everything_there, batch_rows=100))
    assert max(found.frame.height for found in batches) < 250
    assert {found.kind for found in batches} == {"streetlight"}
    again = pl.concat([found.frame for found in batches]).sort("device", "measured_at")
    assert again.equals(batch.frame.sort("device", "measured_at"))
    there = Selection(kind="streetlight", from_ms=MIDNIGHT + 3, to_ms=MIDNIGHT + 9, areas=["ban-thach"])
    assert [found.frame["seq"].to_list() for found in store.export(there)] == [[5, 8]]


def test_hours_count_rows_by_the_hour_of_measuring(store: TelemetryStore) -> None:
    hour_ms = 3_600_000
    store.write(lamps(*({"ts": ts, "seq": ts} for ts in (1, hour_ms - 1, hour_ms, 5 * hour_ms))))
    store.write_events(passage(ts=2 * hour_ms))
    store.write_events(passage(id="p2", ts=2 * hour_ms + 7))
    assert store.hours("streetlight").rows() == [(0, 2), (1, 1), (5, 1)]
    assert store.hours("events").rows() == [(2, 2)]
    assert store.hours("loudspeaker").is_empty()


def test_received_readings_come_in_the_order_in_which_they_were_received(
    store: TelemetryStore, tmp_path: Path
) -> None:
    hour_ms = 3_600_000
    base_ms = 1_795_000_200_000
    received = [(0, 5), (1, 3), (2, 3), (3, 2 * hour_ms), (4, 1), (5, 9 * hour_ms)]
    for measured, came in received:
        store.write(
            ReadingBatch(
                "streetlight",
                lamps({"ts": base_ms + measured, "seq": measured}).frame.with_columns(
                    received_at=pl.lit(base_ms + came).cast(pl.Datetime("ms", "UTC"))
                ),
            )
        )
    readings = ReceivedReadings(store, ["streetlight", "wifi-ap"], tmp_path)
    assert readings.spool(base_ms + 2, base_ms + 9 * hour_ms) == 4
    parts = [part["streetlight"] for part in readings]
    assert [part["seq"].to_list() for part in parts] == [[1, 2, 0], [3]]
    assert parts[0].schema == lamps({"ts": 1}).frame.schema
