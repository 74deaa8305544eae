"""`ioc config`: the settings file."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from app.commands.options import check_writable
from app.configuration import Setting, explained, load_settings, unknown_variables
from app.configuration_checks import cut_problems, setting_problems
from app.configuration_sample import sample
from app.errors import StartError
from devices.clock import SystemClock

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)


@COMMAND.callback(help="The settings file, which IOC_CONFIG or ioc run --config names.")
def _group() -> None:
    """The settings file."""


@COMMAND.command("sample")
def config_sample() -> None:
    """Print a settings file with every setting, what it means and its default."""
    typer.echo(sample(), nl=False)


@COMMAND.command("check")
def config_check(
    file: Annotated[
        Path | None, typer.Argument(help="A settings file; default: IOC_CONFIG, or none.")
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(
            help="A registry (CSV or GeoJSON): is a relation cut between the collector's areas and others?"
        ),
    ] = None,
    sections: Annotated[
        Path | None,
        typer.Option(help="Sections of road (CSV) beside that registry: does one span two collectors?"),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write what holds to this file.")] = None,
) -> None:
    """Say what holds and where each value came from, without connecting to anything.

    Ends with status 1 when the service could not start with it.
    """
    try:
        check_writable("--json", json)
        settings = load_settings(file)
        found = explained(settings, file)
        problems = [
            *setting_problems(settings),
            *cut_problems(settings, registry, sections, SystemClock().now_ms()),
        ]
    except StartError as error:
        raise SystemExit(f"ioc config check: {error}") from None
    notes = unknown_variables()
    Console().print(_table(found))
    for line in (*problems, *notes):
        typer.echo(line, err=True)
    if json is not None:
        json.write_bytes(msgspec.json.encode({"settings": found, "problems": problems, "notes": notes}))
    if problems:
        raise SystemExit(1)


def _table(found: list[Setting]) -> Table:
    table = Table("setting", "value", "from")
    for setting in found:
        table.add_row(setting.name, setting.value, setting.origin)
    return table
