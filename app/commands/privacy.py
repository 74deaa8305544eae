"""`ioc privacy`: erase what is kept of a plate or a device, and say what is kept where and how long."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.configuration import load_settings
from app.data_directory import DataDirectory
from app.errors import StartError
from app.evidence_store import picture_store
from app.operations import open_operations, operations_at_rest
from app.privacy_report import privacy_rows
from app.telemetry import open_telemetry
from devices.clock import SystemClock
from devices.plates import compact
from store.evidence.pictures import EvidenceStoreError
from store.operations.errors import OperationsUnavailableError
from store.operations.forgetting import Erased, Forgetting
from store.telemetry import TelemetryUnavailableError

__all__ = ["COMMAND"]

_SHORTEST_PLATE = 5
COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
_Data = Annotated[Path | None, typer.Option(help="Data directory; default: IOC_DATA_DIR, or data.")]
_FAILURES = (StartError, OperationsUnavailableError, EvidenceStoreError, TelemetryUnavailableError)


@COMMAND.callback(help="Personal data: what is kept where and how long, and erasing it.")
def _group() -> None:
    """Personal data."""


@COMMAND.command("report")
def report(data: _Data = None) -> None:
    """Say what personal data is kept where, how long, and how much there is. Shows none of it."""
    try:
        with operations_at_rest(data) as database:
            rows = privacy_rows(load_settings(data_dir=data), database)
    except _FAILURES as error:
        raise SystemExit(f"ioc privacy report: {error}") from None
    table = Table("what", "where", "kept", "rows")
    for row in rows:
        table.add_row(*row)
    screen = Console()
    screen.print(table, soft_wrap=not screen.is_terminal)


@COMMAND.command("erase")
def erase(
    who: Annotated[str, typer.Option(help="Who asks for it; it goes into the audit.")],
    plate: Annotated[
        bool, typer.Option("--plate", help="Erase a plate; it is asked for, so that no shell remembers it.")
    ] = False,
    device: Annotated[str | None, typer.Option(help="Erase what a device reported: its id.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really erase; without it nothing changes.")] = False,
    data: _Data = None,
) -> None:
    """Erase a plate with its pictures, or a device's telemetry; without --yes only say what would go.

    An embedded store is erased from while no service holds it. The chain of evidence stays whole. The journal
    cannot be searched: it keeps what came until both its readers passed it. Backups keep what they have.
    """
    if plate == (device is not None):
        raise SystemExit("ioc privacy erase: give --plate, or --device with an id, and not both")
    try:
        counts = (
            _erase_plate(who, data, yes=yes) if device is None else _erase_device(device, who, data, yes=yes)
        )
    except _FAILURES as error:
        raise SystemExit(f"ioc privacy erase: {error}") from None
    for where, count in counts.items():
        typer.echo(f"{where}: {count}")
    typer.echo("erased" if yes else "nothing was erased; say --yes to erase this")


def _erase_plate(who: str, data: Path | None, *, yes: bool) -> Mapping[str, int]:
    plate = typer.prompt("Plate", hide_input=True)
    if len(compact(plate)) < _SHORTEST_PLATE:
        # The beginning of a plate would be found in the dead letters of a whole province.
        raise StartError(f"a whole plate has {_SHORTEST_PLATE} letters and digits or more; give all of it")
    store = picture_store(load_settings(data_dir=data))
    with operations_at_rest(data) as database:
        forgetting = Forgetting(database, store)
        return forgetting.erase_plate(plate, by=(who, SystemClock().now_ms()), dry_run=not yes).counts


def _erase_device(device: str, who: str, data: Path | None, *, yes: bool) -> Mapping[str, int]:
    settings = load_settings(data_dir=data)
    directory = DataDirectory(settings.data_dir)
    try:
        telemetry = open_telemetry(directory, settings)
        database = open_operations(directory, settings)
        try:
            by = (who, SystemClock().now_ms())
            forgetting = Forgetting(database, picture_store(settings))
            erased: Erased = forgetting.erase_device(device, by=by, dry_run=not yes)
            if yes:
                telemetry.delete_devices([device])
        finally:
            database.close()
            telemetry.close()
    finally:
        directory.release()
    return erased.counts
