"""`ioc store`: the telemetry store that the settings name; backups of it and of operations."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
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
from app.telemetry import influx_address, open_telemetry, retention_of
from app.telemetry_migration import migrate_embedded
from store.influx_buckets import buckets_of, make_buckets
from store.influx_store import InfluxTelemetryStore
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
    " (with IOC_INFLUX_ORG, IOC_INFLUX_BUCKET and IOC_INFLUX_TOKEN_FILE). Kept as long as IOC_RAW_DAYS,"
    " IOC_MINUTE_DAYS, IOC_HOUR_DAYS and IOC_KEPT_DAYS say."
)
def _group() -> None:
    """Telemetry at rest."""


@COMMAND.command("migrate")
def migrate(data: _Data = None) -> None:
    """Make what the store lacks: InfluxDB's buckets with their retention, DuckDB's files and columns.

    Telemetry of an older format is carried over.

    It may run again at any time; a changed retention is set, and nothing else changes.
    """
    with _said_plainly("migrate"):
        settings = _settings(data)
        address = influx_address(settings)
        if address is None:
            typer.echo(migrate_embedded(settings))
            return
        retention = retention_of(settings)
        version = make_buckets(address, retention)
        with closing(InfluxTelemetryStore(address, retention)) as store:
            marked = store.mark_unmarked()
    for resolution, bucket in buckets_of(address, retention).items():
        typer.echo(
            f"InfluxDB {version}: bucket {bucket.bucket!r} ({resolution}) is there,"
            f" kept {_kept(bucket.retention_days)}"
        )
    if marked:
        typer.echo(f"{marked:,} minutes of readings are to be summed up; the running service does it")


@COMMAND.command("status")
def status(
    data: _Data = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Show the store's version, size, rows and newest times, and what there is of each resolution."""
    with _said_plainly("status"):
        check_writable("--json", json)
        with _store(_settings(data)) as store:
            found = store.status()
    Console().print(_table(found))
    Console().print(_resolutions(found))
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


def _resolutions(found: StoreStatus) -> Table:
    table = Table("resolution", "where", "kept", "from (UTC)", "to (UTC)", "rows", "MB")
    for kept in found.kept:
        days = [_kept(kept.kept_days)]
        days += [f"{kind} {_kept(of_kind)}" for kind, of_kind in kept.days_of_kinds.items()]
        size = "" if kept.size_bytes is None else f"{kept.size_bytes / _MEGABYTE:,.1f}"
        times = [_time(kept.from_ms), _time(kept.to_ms)]
        table.add_row(kept.resolution, kept.place, ", ".join(days), *times, f"{kept.rows:,}", size)
    return table


def _kept(days: int) -> str:
    return f"{days} days" if days else "for good"


def _time(at_ms: int | None) -> str:
    return "" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _table(found: StoreStatus) -> Table:
    size = "size not told" if found.size_bytes is None else f"{found.size_bytes / _MEGABYTE:,.1f} MB"
    table = Table(title=f"{found.backend} {found.version}, {size}", title_justify="left")
    table.add_column("what")
    table.add_column("rows", justify="right")
    table.add_column("newest (UTC)")
    for name, rows in found.rows.items():
        newest_ms = found.newest_ms.get(name)
        table.add_row(name, f"{rows:,}", _time(newest_ms))
    return table
