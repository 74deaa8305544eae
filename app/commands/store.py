"""`ioc store`: the telemetry store that the settings name; backups of it and of operations."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from app.backup.commands import backup, copy, restore, verify
from app.commands.options import check_writable
from app.configuration import load_settings
from app.data_directory import DataDirectory
from app.errors import StartError
from app.settings import ServiceSettings
from app.telemetry import influx_address, open_telemetry
from app.telemetry_migration import migrate_embedded
from store.influx_client import InfluxConnection
from store.telemetry import StoreStatus, TelemetryStore, TelemetryUnavailableError

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
COMMAND.command("backup")(backup)
COMMAND.command("copy")(copy)
COMMAND.command("restore")(restore)
COMMAND.command("verify")(verify)
_MEGABYTE = 1_000_000
_Data = Annotated[
    Path | None, typer.Option(help="Data directory of an embedded store; default: IOC_DATA_DIR, or data.")
]


@COMMAND.callback(
    help="Telemetry at rest: DuckDB in the data directory, or the InfluxDB 2.x that IOC_INFLUX_URL names"
    " (with IOC_INFLUX_ORG, IOC_INFLUX_BUCKET, IOC_INFLUX_TOKEN_FILE and IOC_INFLUX_RETENTION_DAYS)."
)
def _group() -> None:
    """Telemetry at rest."""


@COMMAND.command("migrate")
def migrate(data: _Data = None) -> None:
    """Make what the store wants and lacks: InfluxDB's bucket with its retention, DuckDB's files and columns.

    Telemetry of an older format is carried over.

    It may run again at any time; a changed retention is set, and nothing else changes.
    """
    with _said_plainly("migrate"):
        settings = _settings(data)
        address = influx_address(settings)
        if address is None:
            typer.echo(migrate_embedded(settings))
            return
        connection = InfluxConnection(address)
        try:
            version = connection.version()
            connection.make_bucket()
        finally:
            connection.close()
    kept = f"{address.retention_days} days" if address.retention_days else "for good"
    typer.echo(f"InfluxDB {version}: bucket {address.bucket!r} is there, readings are kept {kept}")


@COMMAND.command("status")
def status(
    data: _Data = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Show the store's version, size, rows and newest times."""
    with _said_plainly("status"):
        check_writable("--json", json)
        with _store(_settings(data)) as store:
            found = store.status()
    Console().print(_table(found))
    if json is not None:
        json.write_bytes(msgspec.json.encode(found))


@contextmanager
def _said_plainly(command: str) -> Iterator[None]:
    """What goes wrong ends the command in one sentence."""
    try:
        yield
    except (StartError, TelemetryUnavailableError) as error:
        raise SystemExit(f"ioc store {command}: {error}") from None


def _settings(data: Path | None) -> ServiceSettings:
    return load_settings(data_dir=data)


@contextmanager
def _store(settings: ServiceSettings) -> Iterator[TelemetryStore]:
    """The store. An embedded one has one process: its data directory is held meanwhile."""
    directory = DataDirectory(settings.data_dir)
    try:
        store = open_telemetry(directory, settings)
        try:
            yield store
        finally:
            store.close()
    finally:
        directory.release()


def _table(found: StoreStatus) -> Table:
    size = "size not told" if found.size_bytes is None else f"{found.size_bytes / _MEGABYTE:,.1f} MB"
    table = Table(title=f"{found.backend} {found.version}, {size}", title_justify="left")
    table.add_column("what")
    table.add_column("rows", justify="right")
    table.add_column("newest (UTC)")
    for name, rows in found.rows.items():
        newest_ms = found.newest_ms.get(name)
        newest = "" if newest_ms is None else datetime.fromtimestamp(newest_ms / 1000, UTC)
        table.add_row(name, f"{rows:,}", f"{newest:%Y-%m-%d %H:%M:%S}" if newest else "")
    return table
