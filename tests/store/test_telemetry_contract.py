"""What every telemetry backend must do; a new backend is added to the fixture."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.batch import ReadingBatch, event_frame, reading_frame
from devices.decoders.native import NativeDecoder
from devices.messages import Event, RawMessage, Reading
from devices.registry import Device, Registry
from store.duckdb_store import DuckdbTelemetryStore
from store.telemetry import RangeQuery, TelemetryStore

DEVICES = Registry(
    [
        *(
            Device(id=f"L{n}", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})
            for n in range(3)
        ),
        Device(id="T1", kind="traffic-camera", area="tam-ky"),
    ]
)
Row = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TelemetryStore]:
    opened = DuckdbTelemetryStore(tmp_path / "t.duckdb")
    yield opened
    opened.close()


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
    assert b"123.45" not in (tmp_path / "t.duckdb").read_bytes()


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[], TelemetryStore]:
    return lambda: DuckdbTelemetryStore(tmp_path / "t.duckdb")


def test_store_reopened_has_what_was_written(
    store: TelemetryStore, reopen: Callable[[], TelemetryStore]
) -> None:
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 5.0}))
    store.close()
    again = reopen()
    assert everything(again, "power_w") == [("L0", 1000, 1, 5.0)]
    again.close()


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
    (tmp_path / "any.duckdb").unlink(missing_ok=True)
    store = DuckdbTelemetryStore(tmp_path / "any.duckdb")
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
