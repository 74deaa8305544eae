"""What every telemetry backend must do; a new backend is added to the fixture."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.batch import EVENT_SCHEMA, ReadingBatch, event_frame, reading_frame
from devices.decoders.native import NativeDecoder
from devices.messages import Event, RawMessage, Reading
from devices.registry import Device, Registry
from store.duckdb_store import DuckdbTelemetryStore
from store.received import ReceivedReadings
from store.telemetry import RangeQuery, Selection, TelemetryStore, top_devices
from store.windows import Aggregate, GroupBy, WindowQuery
from tests.store.contract import Backend

DEVICES = Registry(
    [
        *(
            Device(id=f"L{n}", kind="streetlight", area=area, attributes={"rated_w": 60.0})
            for n, area in enumerate(["tam-ky", "tam-ky", "ban-thach"])
        ),
        Device(id="T1", kind="traffic-camera", area="tam-ky"),
    ]
)
Row = dict[str, Any]


def lamps(*rows: Row) -> ReadingBatch:
    readings: list[Reading] = []
    for row in rows:
        device = row.get("lamp", 0)
        payload = json.dumps({name: value for name, value in row.items() if name != "lamp"}).encode()
        topic = f"ioc/v1/tam-ky/streetlight/L{device}/telemetry"
        readings += [
            r for r in NativeDecoder().decode(RawMessage(topic, payload), DEVICES) if isinstance(r, Reading)
        ]
    return ReadingBatch("streetlight", reading_frame("streetlight", readings, 10_000))


def everything(store: TelemetryStore, *fields: str) -> list[tuple[Any, ...]]:
    query = RangeQuery(kind="streetlight", devices=["L0", "L1", "L2"], from_ms=0, to_ms=10**12, fields=fields)
    found = store.range(query)
    return found.select("device", pl.col("measured_at").dt.epoch("ms"), "seq", *fields).rows()


def test_batch_written_twice_is_stored_once(store: TelemetryStore) -> None:
    batch = lamps({"ts": 1000, "seq": 1, "power_w": 5.0}, {"ts": 2000, "seq": 2, "power_w": 6.0})
    store.write(batch)
    store.write(batch)
    assert everything(store, "power_w") == [("L0", 1000, 1, 5.0), ("L0", 2000, 2, 6.0)]
    assert store.counts()["streetlight"] == 2


def test_same_key_merges_fields_and_the_later_value_wins(store: TelemetryStore) -> None:
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 5.0, "temp_c": 30.0}))
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 7.0, "dim_pct": 50.0}))
    assert everything(store, "power_w", "dim_pct", "temp_c") == [("L0", 1000, 1, 7.0, 50.0, 30.0)]


def test_same_key_within_one_batch_merges_alike(store: TelemetryStore) -> None:
    store.write(
        lamps({"ts": 1000, "power_w": 5.0}, {"ts": 1000, "dim_pct": 50.0}, {"ts": 1000, "power_w": 6.0})
    )
    assert everything(store, "power_w", "dim_pct") == [("L0", 1000, None, 6.0, 50.0)]


def test_same_time_with_other_sequence_is_another_row(store: TelemetryStore) -> None:
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 5.0}, {"ts": 1000, "seq": 2, "power_w": 6.0}))
    assert everything(store, "power_w") == [("L0", 1000, 1, 5.0), ("L0", 1000, 2, 6.0)]


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


def passage(**members: Any) -> pl.DataFrame:
    payload = {
        "id": "p1",
        "ts": 1000,
        "type": "passage",
        "vehicles": [{"class": "car", "plate": "92A-123.45"}],
    }
    raw = RawMessage("ioc/v1/tam-ky/traffic-camera/T1/event", json.dumps(payload | members).encode())
    events = [r for r in NativeDecoder().decode(raw, DEVICES) if isinstance(r, Event)]
    return event_frame(events, 10_000)


def test_event_written_twice_is_stored_once(store: TelemetryStore) -> None:
    store.write_events(passage())
    store.write_events(passage())
    store.write_events(passage(id="p2"))
    store.write_events(passage(ts=None))
    store.write_events(pl.concat([passage(id="p3"), passage(id="p3")]))
    assert store.counts()["events"] == 3


def test_event_is_stored_without_its_plate(store: TelemetryStore, tmp_path: Path) -> None:
    store.write_events(passage())
    store.close()
    for file in tmp_path.rglob("*.duckdb"):
        assert b"123.45" not in file.read_bytes()


def test_store_reopened_has_what_was_written(store: TelemetryStore, backend: Backend) -> None:
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 5.0}))
    store.close()
    again = backend()
    assert everything(again, "power_w") == [("L0", 1000, 1, 5.0)]
    again.close()


HOUR_MS = 3_600_000
MIDNIGHT = 1_764_003_600_000  # 2025-11-25T00:00 in Tam Kỳ, 17:00Z of the day before


def hourly(store: TelemetryStore, **changes: Any) -> list[tuple[Any, ...]]:
    query: dict[str, Any] = {
        "kind": "streetlight", "fields": ["power_w"], "aggregate": Aggregate.MEAN, "every_ms": HOUR_MS,
        "from_ms": MIDNIGHT, "to_ms": MIDNIGHT + 4 * HOUR_MS,
    }  # fmt: skip
    found = store.windows(WindowQuery(**(query | changes)))
    from_midnight = (pl.col("window").dt.epoch("ms") - MIDNIGHT) // HOUR_MS
    return found.with_columns(window=from_midnight).rows()


@pytest.fixture
def filled(store: TelemetryStore) -> TelemetryStore:
    """L0 in the hours 0 and 2, L2 (of the other area) in the hour 1; another kind of value in each."""
    minutes = [(0, 0, 10.0), (0, 30, 20.0), (0, 120, 60.0), (0, 150, 30.0), (2, 61, 7.0)]
    rows = [
        {"lamp": lamp, "ts": MIDNIGHT + minute * 60_000, "power_w": power_w, "switch_on_count": minute,
         "cmd_on": minute > 100, "power_state": "on" if minute else "off"}
        for lamp, minute, power_w in minutes
    ]  # fmt: skip
    store.write(lamps(*rows))
    return store


@pytest.mark.parametrize(
    ("aggregate", "first", "third"),
    [
        (Aggregate.MEAN, 15.0, 45.0),
        (Aggregate.MIN, 10.0, 30.0),
        (Aggregate.MAX, 20.0, 60.0),
        (Aggregate.SUM, 30.0, 90.0),
        (Aggregate.COUNT, 2, 2),
        (Aggregate.FIRST, 10.0, 60.0),
        (Aggregate.LAST, 20.0, 30.0),
        (Aggregate.PERCENTILE, 20.0, 60.0),
    ],
)
def test_windows_aggregate_each_device(
    filled: TelemetryStore, aggregate: Aggregate, first: float, third: float
) -> None:
    found = hourly(filled, aggregate=aggregate, devices=["L0"])
    assert found == [("L0", 0, first), ("L0", 2, third)]


def test_windows_of_integers_texts_and_booleans_keep_their_type(filled: TelemetryStore) -> None:
    last = hourly(
        filled, aggregate=Aggregate.LAST, fields=["switch_on_count", "cmd_on", "power_state"], devices=["L0"]
    )
    assert last == [("L0", 0, 30, False, "on"), ("L0", 2, 150, True, "on")]
    total = hourly(filled, aggregate=Aggregate.SUM, fields=["switch_on_count"], devices=["L0"])
    assert [row[2] for row in total] == [30, 270]
    assert all(type(row[2]) is int for row in total)


def test_windows_fill_gaps_with_null_and_counts_with_zero(filled: TelemetryStore) -> None:
    found = hourly(filled, fill_gaps=True)
    assert found == [
        ("L0", 0, 15.0), ("L0", 1, None), ("L0", 2, 45.0), ("L0", 3, None),
        ("L2", 0, None), ("L2", 1, 7.0), ("L2", 2, None), ("L2", 3, None),
    ]  # fmt: skip
    counted = hourly(filled, fill_gaps=True, aggregate=Aggregate.COUNT, devices=["L2"])
    assert [row[2] for row in counted] == [0, 1, 0, 0]


def test_windows_of_areas_and_of_the_whole_kind(filled: TelemetryStore) -> None:
    assert hourly(filled, group_by=GroupBy.AREA) == [
        ("ban-thach", 1, 7.0), ("tam-ky", 0, 15.0), ("tam-ky", 2, 45.0)
    ]  # fmt: skip
    assert hourly(filled, group_by=GroupBy.KIND) == [(0, 15.0), (1, 7.0), (2, 45.0)]
    assert hourly(filled, areas=["ban-thach"], every_ms=0) == [("L2", 0, 7.0)]
    assert hourly(filled, devices=["L0"], areas=["ban-thach"]) == []


def test_windows_of_days_begin_at_local_midnight(store: TelemetryStore) -> None:
    store.write(
        lamps({"ts": MIDNIGHT - 1, "power_w": 1.0}, {"ts": MIDNIGHT, "power_w": 2.0},
              {"ts": MIDNIGHT + 24 * HOUR_MS - 1, "power_w": 4.0})
    )  # fmt: skip
    span = {"from_ms": MIDNIGHT - 24 * HOUR_MS, "to_ms": MIDNIGHT + 24 * HOUR_MS, "every_ms": 24 * HOUR_MS}
    assert hourly(store, **span) == [("L0", -24, 1.0), ("L0", 0, 3.0)]
    assert hourly(store, **span, zone="UTC") == [("L0", -17, 1.5), ("L0", 7, 4.0)]


def test_windows_refuse_the_mean_of_a_text(store: TelemetryStore) -> None:
    with pytest.raises(LookupError, match="power_state"):
        hourly(store, fields=["power_state"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"percentile": 49.0}, "from 50 to 100"),
        ({"to_ms": MIDNIGHT}, "from < to"),
        ({"every_ms": 1, "to_ms": MIDNIGHT + HOUR_MS}, "at most 100000 windows"),
        ({"fields": []}, "at least one field"),
        ({"zone": "Europe/Paris", "from_ms": MIDNIGHT - 90 * 24 * HOUR_MS}, "offset"),
    ],
)
def test_windows_that_no_backend_could_answer_are_refused(
    store: TelemetryStore, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        hourly(store, **changes)


def test_top_devices_are_those_with_the_highest_value(filled: TelemetryStore) -> None:
    filled.write(lamps({"lamp": 1, "ts": MIDNIGHT, "power_w": 59.0}))
    query = WindowQuery(
        kind="streetlight",
        fields=["power_w"],
        aggregate=Aggregate.MAX,
        from_ms=0,
        to_ms=2 * MIDNIGHT,
        zone="UTC",
    )
    assert top_devices(filled, query, 2).rows() == [("L0", 60.0), ("L1", 59.0)]


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


def test_bad_time_is_told_from_good_time(store: TelemetryStore) -> None:
    batch = lamps({"ts": 1000, "power_w": 1.0})
    received = batch.frame.with_columns(
        measured_at=pl.col("received_at"), time_quality=pl.lit("bad", batch.frame.schema["time_quality"])
    )
    store.write(ReadingBatch("streetlight", received))
    (found,) = store.export(Selection(kind="streetlight", from_ms=0, to_ms=MIDNIGHT))
    assert found.frame.equals(received)


def test_value_that_is_no_number_is_null(store: TelemetryStore) -> None:
    batch = lamps({"ts": 1000, "power_w": 1.0, "temp_c": 30.0}, {"ts": 2000, "power_w": 2.0})
    nan = batch.frame.with_columns(temp_c=pl.lit(math.nan))
    assert store.write(ReadingBatch("streetlight", nan)).is_empty()
    assert everything(store, "power_w", "temp_c") == [
        ("L0", 1000, None, 1.0, None),
        ("L0", 2000, None, 2.0, None),
    ]


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


ROWS = st.lists(
    st.fixed_dictionaries(
        {"lamp": st.integers(0, 2), "ts": st.integers(0, 5).map(lambda n: n * 1000)},
        optional={
            "seq": st.integers(0, 2),
            "power_w": st.integers(0, 9).map(float),
            "dim_pct": st.just(50.0),
        },
    ),
    max_size=8,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, max_size=5))
def test_writes_in_any_overlap_equal_a_dictionary_of_merged_rows(
    tmp_path: Path, batches: list[list[Row]]
) -> None:
    expected: dict[tuple[str, int, int], dict[str, Any]] = {}
    shutil.rmtree(tmp_path / "any", ignore_errors=True)
    store = DuckdbTelemetryStore(tmp_path / "any")
    try:
        for rows in batches:
            store.write(lamps(*rows))
            for row in rows:
                key = (f"L{row['lamp']}", row["ts"], row.get("seq") or 0)
                merged = expected.setdefault(key, {"power_w": None, "dim_pct": None})
                merged |= {name: row[name] for name in ("power_w", "dim_pct") if name in row}
        found = [(d, ts, seq or 0, p, dim) for d, ts, seq, p, dim in everything(store, "power_w", "dim_pct")]
        assert sorted(found) == sorted(
            (*key, row["power_w"], row["dim_pct"]) for key, row in expected.items()
        )
    finally:
        store.close()


def test_hours_count_rows_by_the_hour_of_measuring(store: TelemetryStore) -> None:
    hour_ms = 3_600_000
    store.write(lamps(*({"ts": ts, "seq": ts} for ts in (1, hour_ms - 1, hour_ms, 5 * hour_ms))))
    store.write_events(passage(ts=2 * hour_ms))
    store.write_events(passage(id="p2", ts=2 * hour_ms + 7))
    assert store.hours("streetlight").rows() == [(0, 2), (1, 1), (5, 1)]
    assert store.hours("events").rows() == [(2, 2)]
    assert store.hours("loudspeaker").is_empty()


def test_exported_events_are_whole_but_for_plates(store: TelemetryStore) -> None:
    vehicle = {"class": "motorcycle", "plate": "92A-1", "speed_kmh": 61.5, "helmet": False, "riders": 2}
    image = {"role": "plate", "url": "https://cam.example/1.jpg", "sha256": "ab" * 32}
    said = {
        "id": 'a "b", c',
        "ts": 5000,
        "type": "passage",
        "lane": 2,
        "vehicles": [vehicle],
        "images": [image],
    }
    store.write_events(passage(**said))
    store.write_events(passage(id="later", ts=9000))
    found = store.export_events(0, 9000)
    assert dict(found.schema) == dict(EVENT_SCHEMA)
    (row,) = found.to_dicts()
    assert (row["id"], row["device"], row["area"], row["lane"]) == ('a "b", c', "T1", "tam-ky", 2)
    assert (row["measured_at"].timestamp(), row["time_quality"]) == (5.0, "ok")
    assert row["vehicles"] == [
        {
            "vehicle_class": "motorcycle",
            "plate": None,
            "plate_confidence": None,
            "plate_colour": None,
            "colour": None,
            "speed_kmh": 61.5,
            "helmet": False,
            "riders": 2,
        }
    ]
    assert row["images"] == [image]


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
