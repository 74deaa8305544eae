"""`ioc doctor`: what is wrong here, and what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from app.assembly import filters
from app.commands.options import check_writable
from app.configuration import load_settings
from app.doctor.broker import look_at_broker
from app.doctor.finding import Finding, Level
from app.doctor.machine import look_at_clock, look_at_disk, look_at_permissions
from app.doctor.stores import look_at_operations, look_at_telemetry
from app.errors import StartError
from app.settings import ServiceSettings
from devices.clock import SystemClock

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)
_MARKS = {Level.GOOD: "[green]good[/]", Level.NOTE: "[yellow]note[/]", Level.BAD: "[red]bad [/]"}


@COMMAND.command("doctor")
def doctor(
    config: Annotated[
        Path | None, typer.Option(envvar="IOC_CONFIG", help="Settings file; what the environment says wins.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the findings to this file.")] = None,
) -> None:
    """Look at broker, stores, registry, clock, disk and permissions, and say what to do.

    Changes nothing, and may run beside the service. Ends with status 1 when something must be mended.
    """
    try:
        check_writable("--json", json)
        settings = load_settings(config)
    except StartError as error:
        raise SystemExit(f"ioc doctor: {error}") from None
    console = Console()
    found: list[Finding] = []
    with console.status("looking"):
        for finding in _findings(settings):
            found.append(finding)
            _show(console, finding)
    if json is not None:
        json.write_bytes(msgspec.json.encode(found))
    if any(finding.level is Level.BAD for finding in found):
        raise SystemExit(1)


def _findings(settings: ServiceSettings) -> Iterator[Finding]:
    clock = SystemClock()
    yield from look_at_permissions(settings)
    yield from look_at_disk(settings)
    yield from look_at_clock(settings, clock)
    try:
        address = settings.broker
    except StartError as error:
        yield Finding(place="broker", level=Level.BAD, seen=str(error), to_do="mend mqtt_password_file")
    else:
        yield from look_at_broker(address, filters(settings))
    yield from look_at_operations(settings, clock)
    yield from look_at_telemetry(settings)


def _show(console: Console, finding: Finding) -> None:
    console.print(f"{_MARKS[finding.level]}  {finding.place}:", end=" ", highlight=False)
    console.print(finding.seen, markup=False, highlight=False, soft_wrap=True)
    if finding.to_do:
        console.print(f"      {finding.to_do}", markup=False, highlight=False, soft_wrap=True)
