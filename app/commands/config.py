"""`ioc config`: the settings file."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from app.areas import relations_across
from app.commands.options import check_writable
from app.configuration import Setting, explained, load_settings, unknown_variables
from app.configuration_checks import setting_problems
from app.configuration_sample import sample
from app.errors import StartError
from app.settings import ServiceSettings
from devices.errors import RegistryError
from devices.registry_files import read_registry

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
    json: Annotated[Path | None, typer.Option(help="Write what holds to this file.")] = None,
) -> None:
    """Say what holds and where each value came from, without connecting to anything.

    Ends with status 1 when the service could not start with it.
    """
    try:
        check_writable("--json", json)
        settings = load_settings(file)
        found = explained(settings, file)
        problems = [*setting_problems(settings), *_cut_relations(settings, registry)]
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


def _cut_relations(settings: ServiceSettings, registry: Path | None) -> list[str]:
    """What of a registry would be cut by the collector's areas.

    Raises:
        StartError: the file cannot be used.
    """
    if registry is None:
        return []
    try:
        return relations_across(read_registry(registry), settings.areas)
    except RegistryError as error:
        raise StartError(f"--registry: {error}") from error
    except OSError as error:
        raise StartError(f"--registry: {str(registry)!r} cannot be read ({error.strerror})") from error


def _table(found: list[Setting]) -> Table:
    table = Table("setting", "value", "from")
    for setting in found:
        table.add_row(setting.name, setting.value, setting.origin)
    return table
