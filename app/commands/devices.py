"""`ioc devices`: what is done with devices from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import check_writable
from app.errors import StartError
from app.mosquitto.commands import CREDENTIALS
from app.registering.access import registry_access
from app.registering.options import DATA, Data, DryRun, Key, Replace, Url
from app.registering.printing import (
    consoles,
    device_table,
    pending_table,
    refusals,
    show_import,
    show_problems,
)
from devices.columns import LineProblem
from devices.registry_files import format_of, read_devices
from devices.table_files import FileFormat
from store.operations.registrar import ImportMode

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
COMMAND.add_typer(CREDENTIALS, name="credentials")
_console, _errors = consoles()


@COMMAND.callback(help="Work with devices.")
def _group() -> None:
    """Work with devices."""


@COMMAND.command("import")
def devices_import(
    file: Annotated[Path, typer.Argument(help="CSV (.csv) or GeoJSON (.geojson); docs/registry.md")],
    dry_run: DryRun = False,
    replace: Replace = False,
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
) -> None:
    """Register the devices of a file, at once in a running service. One bad line, and nothing is changed."""
    with refusals("devices import", _errors):
        content = file.read_bytes()
        mode = ImportMode(dry_run=dry_run, replace=replace)
        with registry_access(url, key, data) as registry, _console.status("importing"):
            view = registry.import_devices(content, format_of(file), mode)
    show_import(_console, view)
    show_problems(_errors, [LineProblem(**problem.model_dump()) for problem in view.problems])
    if view.problems:
        raise SystemExit(1)


@COMMAND.command("export")
def devices_export(
    file: Annotated[Path, typer.Argument(help="Where to write: .csv or .geojson")],
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
) -> None:
    """Write all devices to a file. Importing it changes nothing."""
    with refusals("devices export", _errors):
        check_writable("FILE", file)
        with registry_access(url, key, data) as registry, _console.status("exporting"):
            text = registry.export_devices(format_of(file))
        file.write_text(text, encoding="utf-8", newline="")


@COMMAND.command("list")
def devices_list(
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    area: Annotated[str | None, typer.Option(help="Only this ward, by its slug.")] = None,
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
) -> None:
    """Show the devices of the registry."""
    with refusals("devices list", _errors), registry_access(url, key, data) as registry:
        devices, _ = read_devices(registry.export_devices(FileFormat.CSV).encode(), FileFormat.CSV)
    wanted = [d for _, d in devices if kind in (None, d.kind) and area in (None, d.area)]
    _console.print(device_table(wanted))


@COMMAND.command("pending")
def devices_pending(
    dismissed: Annotated[bool, typer.Option("--dismissed", help="Those that were dismissed.")] = False,
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
) -> None:
    """Show who speaks and is in no registry."""
    with refusals("devices pending", _errors), registry_access(url, key, data) as registry:
        _console.print(pending_table(registry.pending(dismissed=dismissed)))


@COMMAND.command("adopt")
def devices_adopt(
    pending: Annotated[int, typer.Argument(help="Id that `ioc devices pending` shows.")],
    id: Annotated[str | None, typer.Option(help="Id of the device; a native one has its own.")] = None,  # noqa: A002 - the option's name
    kind: Annotated[str | None, typer.Option(help="Kind; the guessed one by default.")] = None,
    area: Annotated[str | None, typer.Option(help="Slug of the ward.")] = None,
    column: Annotated[
        list[str] | None, typer.Option("--set", help="Any other column: --set rated_w=60; may be repeated.")
    ] = None,
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
) -> None:
    """Register a device that spoke up; a running service stores what it says next."""
    with refusals("devices adopt", _errors):
        cells = {"id": id, "kind": kind, "area": area} | dict(_named(text) for text in column or ())
        with registry_access(url, key, data) as registry:
            device = registry.adopt(pending, {name: cell for name, cell in cells.items() if cell})
    _console.print(f"{device.id} is registered as a {device.kind} in {device.area}", markup=False)


@COMMAND.command("dismiss")
def devices_dismiss(
    pending: Annotated[int, typer.Argument(help="Id that `ioc devices pending` shows.")],
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
) -> None:
    """Show a pending device no more, however often it speaks."""
    with refusals("devices dismiss", _errors), registry_access(url, key, data) as registry:
        registry.dismiss(pending)


def _named(text: str) -> tuple[str, str]:
    """The column and value in `name=value`.

    Raises:
        StartError: it is none.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise StartError(f"--set is column=value, such as rated_w=60, got {text!r}")
    return name, value
