"""What every backend must do with events: once each, whole, without plates."""

from pathlib import Path

import polars as pl

from devices.batch import EVENT_SCHEMA
from store.telemetry import TelemetryStore
from tests.store.contract import passage


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
    assert row["images"] == [image | {"url": None}]
