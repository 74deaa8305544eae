"""`ioc devices credentials`: who may connect to the broker."""

import csv
import getpass
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.errors import StartError
from app.mosquitto.book import CredentialBook, Issued
from app.mosquitto.configuration import BrokerPlan
from app.mosquitto.principals import Principal, Role, principal
from app.mosquitto.reloading import reload_broker
from devices.clock import SystemClock
from devices.errors import RegistryError
from devices.registry_files import read_registry

__all__ = ["CREDENTIALS"]

CREDENTIALS = typer.Typer(add_completion=False, no_args_is_help=True)

_SHOWN_ROLES = ", ".join(Role)
Names = Annotated[
    list[str], typer.Argument(help="Ids of devices, or names such as gw.zigbee.", show_default=False)
]
Folder = Annotated[Path, typer.Option(help="The broker's folder of passwords and access lists.")]
PidFile = Annotated[Path, typer.Option(help="Tells which mosquitto to reload (SIGHUP).")]
Reload = Annotated[bool, typer.Option("--reload/--no-reload", help="Make the broker read them at once.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write name and password to this new file (0600).")]


@CREDENTIALS.callback(help="Who may connect to the broker: issue, rotate, revoke and list credentials.")
def _group() -> None:
    """Who may connect to the broker."""


@CREDENTIALS.command("issue")
def issue(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Ids of devices, or names such as gw.zigbee.", show_default=False),
    ] = None,
    role: Annotated[str, typer.Option("--as", help=f"What they are: {_SHOWN_ROLES}.")] = Role.DEVICE,
    prefix: Annotated[
        list[str] | None, typer.Option(help="Topics of a gateway, such as zigbee2mqtt; may be repeated.")
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(help="Every device of this CSV or GeoJSON file that has no credential yet."),
    ] = None,
    csv_file: Csv = None,
    folder: Folder = BrokerPlan.folder,
    pid_file: PidFile = BrokerPlan.pid_file,
    reload: Reload = True,
) -> None:
    """Give a password to devices, gateways or our own processes. It is shown once and kept nowhere."""
    try:
        _check_new(csv_file)
        kind = _role(role)
        book = _book(folder)
        wanted = [principal(kind, name, prefix or ()) for name in names or ()]
        wanted += _registered(registry, book) if registry is not None else []
        _hand_over(book.issue(_somebody(wanted)), csv_file)
        _reload(pid_file, wanted=reload)
    except StartError as error:
        raise SystemExit(f"ioc devices credentials issue: {error}") from None


@CREDENTIALS.command("rotate")
def rotate(
    names: Names,
    csv_file: Csv = None,
    folder: Folder = BrokerPlan.folder,
    pid_file: PidFile = BrokerPlan.pid_file,
    reload: Reload = True,
) -> None:
    """Replace passwords. Whoever is connected with an old one is cut off by the reload."""
    try:
        _check_new(csv_file)
        _hand_over(_book(folder).rotate(names), csv_file)
        _reload(pid_file, wanted=reload)
    except StartError as error:
        raise SystemExit(f"ioc devices credentials rotate: {error}") from None


@CREDENTIALS.command("revoke")
def revoke(
    names: Names,
    folder: Folder = BrokerPlan.folder,
    pid_file: PidFile = BrokerPlan.pid_file,
    reload: Reload = True,
) -> None:
    """Take credentials away. The reload cuts live connections within a second."""
    try:
        gone = _book(folder).revoke(names)
        _reload(pid_file, wanted=reload)
    except StartError as error:
        raise SystemExit(f"ioc devices credentials revoke: {error}") from None
    typer.echo(f"revoked: {', '.join(one.name for one in gone)}")


@CREDENTIALS.command("list")
def show(
    folder: Folder = BrokerPlan.folder,
    all_: Annotated[bool, typer.Option("--all", help="Revoked ones as well.")] = False,
) -> None:
    """Show who has a credential, since when, and who changed it last."""
    try:
        found = _book(folder).list()
    except StartError as error:
        raise SystemExit(f"ioc devices credentials list: {error}") from None
    table = Table("name", "role", "topics", "issued", "changed", "by", "state", box=None)
    for one in found:
        if one.revoked and not all_:
            continue
        who = one.principal
        state = "revoked" if one.revoked else "valid"
        moments = (_day(one.issued_at_ms), _day(one.changed_at_ms))
        table.add_row(who.name, who.role, " ".join(who.prefixes), *moments, one.by, state)
    screen = Console()
    screen.print(table, soft_wrap=not screen.is_terminal)


def _book(folder: Path) -> CredentialBook:
    return CredentialBook(folder, SystemClock(), getpass.getuser())


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise StartError(f"--as must be one of {_SHOWN_ROLES}, got {name!r}") from None


def _registered(path: Path, book: CredentialBook) -> list[Principal]:
    """The devices of a registry file that speak and have no credential."""
    try:
        devices = read_registry(path)
    except (RegistryError, OSError) as error:
        raise StartError(f"--registry: {error}") from error
    valid = {one.principal.name for one in book.list() if not one.revoked}
    speaking = [device for device in devices.values() if not device.is_passive and device.id not in valid]
    return [principal(Role.DEVICE, device.id) for device in speaking]


def _somebody(wanted: Sequence[Principal]) -> Sequence[Principal]:
    if not wanted:
        raise StartError("nobody to issue for: give names, or --registry with devices that have none yet")
    return wanted


def _check_new(file: Path | None) -> None:
    """Refuse before anything is issued what could not be written after it."""
    if file is not None and file.exists():
        raise StartError(f"--csv: {str(file)!r} exists; passwords are never written over anything")
    if file is not None and not file.parent.is_dir():
        raise StartError(f"--csv: {str(file.parent)!r} is no folder")


def _hand_over(issued: Sequence[Issued], file: Path | None) -> None:
    """Show the passwords, the only time that anybody sees them."""
    if file is None:
        for one in issued:
            typer.echo(f"{one.principal.name} {one.password}")
        return
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("name", "password"))
        rows.writerows((one.principal.name, one.password) for one in issued)
    typer.echo(f"{len(issued)} credentials in {file}; delete it when they are in the devices", err=True)


def _reload(pid_file: Path, *, wanted: bool) -> None:
    if wanted:
        reload_broker(pid_file)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
