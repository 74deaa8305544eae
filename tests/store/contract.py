"""What the suites share that every backend has to pass."""

import json
from typing import Any, Protocol

import polars as pl

from devices.batch import ReadingBatch, event_frame, reading_frame
from devices.decoders.native import NativeDecoder
from devices.messages import Event, RawMessage, Reading
from devices.registry import Device, Registry
from store.retention import KEPT_FOR_GOOD, Retention
from store.rollups.port import RollupStore
from store.telemetry import RangeQuery, TelemetryStore
from store.windows import Aggregate, WindowQuery

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
HOUR_MS = 3_600_000
MIDNIGHT = 1_764_003_600_000
"""2025-11-25T00:00 in Tam Kỳ, 17:00Z of the day before."""


class AnyStore(TelemetryStore, RollupStore, Protocol):
    """A backend with all that it can do."""


class Backend(Protocol):
    """Opens the same store each time that it is called."""

    def __call__(self, retention: Retention = KEPT_FOR_GOOD) -> AnyStore:
        """The store, kept so long."""
        ...


def lamps(*rows: Row) -> ReadingBatch:
    """Readings of the lamps L0 to L2, one for each row: `lamp`, and what its payload says."""
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
    """All readings of lamps: device, time, sequence, and fields."""
    query = RangeQuery(kind="streetlight", devices=["L0", "L1", "L2"], from_ms=0, to_ms=10**12, fields=fields)
    found = store.range(query)
    return found.select("device", pl.col("measured_at").dt.epoch("ms"), "seq", *fields).rows()


def passage(**members: Any) -> pl.DataFrame:
    """One event of the camera T1, with a plate."""
    payload = {
        "id": "p1",
        "ts": 1000,
        "type": "passage",
        "vehicles": [{"class": "car", "plate": "92A-123.45"}],
    }
    raw = RawMessage("ioc/v1/tam-ky/traffic-camera/T1/event", json.dumps(payload | members).encode())
    events = [r for r in NativeDecoder().decode(raw, DEVICES) if isinstance(r, Event)]
    return event_frame(events, 10_000)


def hourly(store: TelemetryStore, **changes: Any) -> list[tuple[Any, ...]]:
    """The mean of power by the hour for four hours from midnight on, unless changed; hours since midnight."""
    query: dict[str, Any] = {
        "kind": "streetlight", "fields": ["power_w"], "aggregate": Aggregate.MEAN, "every_ms": HOUR_MS,
        "from_ms": MIDNIGHT, "to_ms": MIDNIGHT + 4 * HOUR_MS,
    }  # fmt: skip
    found = store.windows(WindowQuery(**(query | changes)))
    from_midnight = (pl.col("window").dt.epoch("ms") - MIDNIGHT) // HOUR_MS
    return found.with_columns(window=from_midnight).rows()
