"""Carrying telemetry of an older format over into the store of this version."""

from contextlib import closing

from rich.progress import Progress

from app.data_directory import DataDirectory
from app.settings import ServiceSettings
from app.telemetry import open_telemetry
from store.duckdb_format import older_file
from store.duckdb_format1 import carry_over, rows_of
from store.duckdb_store import DuckdbTelemetryStore

__all__ = ["migrate_embedded"]


def migrate_embedded(settings: ServiceSettings) -> str:
    """Carry over what an older version left in the data directory and make what is missing; what was done.

    Raises:
        StartError: a service holds the data directory, or the store cannot be opened.
        TelemetryUnavailableError: the older file is none of ours, or could not be carried over.
    """
    directory = DataDirectory(settings.data_dir)
    said = ""
    try:
        older = older_file(directory.telemetry)
        if older.exists():
            rows = rows_of(older)
            with closing(DuckdbTelemetryStore(directory.telemetry)) as store, Progress() as progress:
                task = progress.add_task("rows of format 1", total=rows)
                carry_over(older, store, lambda done: progress.advance(task, done))
            said = f"; {rows} rows of format 1 carried over, whose file stays beside it as ….migrated"
        with closing(open_telemetry(directory, settings)) as store:
            return f"{store.status().backend}: files are there{said}"
    finally:
        directory.release()
