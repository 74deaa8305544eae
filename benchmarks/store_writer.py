"""A child process that writes into a store, and says on stdout what is safe, until it is killed.

`python -m benchmarks.store_writer KIND WHERE FIRST`: KIND is duckdb, influxdb or operations, WHERE a file, a
JSON address or a URL, FIRST the number of the first batch. A line with a batch's number is written when the
store has acknowledged it. What a batch holds follows from its number alone.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

from devices.batch import DEAD_LETTER_SCHEMA, STATUS_SCHEMA, TIME, ReadingBatch, reading_schema
from devices.description import Label
from devices.stream import Position
from rules.detection.outcome import Outcome, Snapshot
from rules.faults import FaultRaised, Severity, fault_id
from store.duckdb_store import DuckdbTelemetryStore
from store.influx_client import InfluxAddress
from store.influx_store import InfluxTelemetryStore
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.telemetry import TelemetryStore

__all__ = ["JOURNAL", "ROWS", "batch_of", "fault_of", "open_telemetry"]

ROWS = 500
"""Readings in a batch."""
JOURNAL = "proof"
_BEGIN_MS = 1_795_305_600_000
_EVERY_MS = 1_000


def batch_of(number: int) -> ReadingBatch:
    """The readings of a batch: of as many lamps, at one time, which say the batch's number."""
    at_ms = _BEGIN_MS + number * _EVERY_MS
    at = pl.lit(at_ms, pl.Int64).cast(TIME)
    said = {
        "device": pl.format("L{}", pl.int_range(ROWS)),
        "area": pl.lit("tam-ky"),
        "measured_at": at,
        "received_at": at,
        "device_time": pl.lit(at_ms, pl.Int64),
        "seq": pl.lit(number, pl.Int64),
        "time_quality": pl.lit("ok"),
        "power_w": pl.int_range(ROWS).cast(pl.Float64) + number / 7,
    }
    schema = reading_schema("streetlight")
    columns = [said.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items()]
    return ReadingBatch("streetlight", pl.select(*columns))


def fault_of(number: int) -> FaultRaised:
    """The fault that a batch raises."""
    since_ms = _BEGIN_MS + number
    return FaultRaised(
        id=fault_id("lamp.out", "L1", since_ms),
        rule="lamp.out",
        rule_version=1,
        title=Label(vi="Đèn không sáng", en="Lamp out"),
        device="L1",
        kind="streetlight",
        area="tam-ky",
        severity=Severity.MINOR,
        since_ms=since_ms,
        raised_at_ms=since_ms,
        detected_at_ms=since_ms,
        why={},
    )


def open_telemetry(kind: str, where: str) -> TelemetryStore:
    """The telemetry store that the arguments name."""
    if kind == "duckdb":
        return DuckdbTelemetryStore(Path(where))
    return InfluxTelemetryStore(InfluxAddress(**json.loads(where)))


def _into_operations(url: str) -> Callable[[int], None]:
    tables = DetectionTables(OperationsDatabase.open(url))
    statuses = pl.DataFrame(schema=STATUS_SCHEMA)
    letters = pl.DataFrame(schema=DEAD_LETTER_SCHEMA).with_columns(entry=pl.lit(0))

    def write(number: int) -> None:
        snapshot = Snapshot(Position(JOURNAL, number), {"L1": str(number).encode()}, b"")
        tables.commit(Outcome(snapshot, [fault_of(number)], [batch_of(number)], statuses, letters))

    return write


def _main(kind: str, where: str, first: int) -> None:
    if kind == "operations":
        write = _into_operations(where)
    else:
        store = open_telemetry(kind, where)

        def write(number: int) -> None:
            refused = store.write(batch_of(number))
            if not refused.is_empty():
                raise SystemExit(f"{refused.height} rows of batch {number} were refused")

    number = first
    while True:
        write(number)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
