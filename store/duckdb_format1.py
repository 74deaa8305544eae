"""Format 1 of the embedded store, one file with a table for each kind, carried over into today's files."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from devices.batch import ReadingBatch, reading_schema
from devices.catalogue import kinds
from store.duckdb_dump import as_events
from store.telemetry import TelemetrySetupError, TelemetryStore

__all__ = ["carry_over", "rows_of"]

_FORMAT = "1"
_BATCH_ROWS = 100_000
_EVENTS = "events"


def rows_of(file: Path) -> int:
    """How many rows there are to carry over.

    Raises:
        TelemetrySetupError: the file is no telemetry of format 1.
    """
    with _opened(file) as connection:
        return sum(_count(connection, table) for table in _tables(connection).values())


def carry_over(file: Path, store: TelemetryStore, progress: Callable[[int], None]) -> None:
    """Write everything of the file into a store, and move the file aside as `….migrated`.

    One that is cut short may be done again: what is there already changes nothing. `progress` is told rows.

    Raises:
        TelemetrySetupError: the file is no telemetry of format 1.
        TelemetryUnavailableError: the store could not take it; the file is as it was.
    """
    with _opened(file) as connection:
        for name, table in _tables(connection).items():
            # By time: a batch then concerns one day, and the new file is in the order of time.
            found = connection.sql(f"SELECT * FROM {table} ORDER BY measured_at").to_arrow_reader(_BATCH_ROWS)
            for batch in found:
                frame = pl.DataFrame(batch)
                if name == _EVENTS:
                    store.write_events(as_events(frame))
                else:
                    store.write(ReadingBatch(name, _complete(frame, dict(reading_schema(name)))))
                progress(frame.height)
    file.rename(file.with_name(f"{file.name}.migrated"))


def _opened(file: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(file), read_only=True)
        found = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
    except duckdb.Error as error:
        raise TelemetrySetupError(
            f"{str(file)!r} is no telemetry of format {_FORMAT} ({error}); move it away"
        ) from error
    if found != (_FORMAT,):
        connection.close()
        raise TelemetrySetupError(f"{str(file)!r} has format {found!r}, not {_FORMAT}; move it away")
    return connection


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The tables that are there, by the kind of device, and `events`."""
    there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    known = {kind.id: kind.table for kind in kinds().values()} | {_EVENTS: _EVENTS}
    return {name: table for name, table in known.items() if table in there}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return 0 if row is None else int(row[0])


def _complete(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The frame with every column of a schema, null where it had none."""
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in frame.columns]
    utc = pl.col("measured_at", "received_at").dt.replace_time_zone("UTC")
    return frame.with_columns(utc, *missing).select(schema.keys()).cast(pl.Schema(schema))
