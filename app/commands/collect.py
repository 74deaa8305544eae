"""`ioc collect`: intake, journal, writer and detection of a city, or of some of its wards."""

from typing import Annotated

import typer

from app.commands.running import ENDING, ConfigFile, run_command
from app.run import run_collector

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)
_HELP = (
    "Collect: broker to journal, telemetry store and detection, for some wards or the whole city. Several may"
    " run, each with areas, a data directory and a collector_id of its own. They need PostgreSQL and"
    " InfluxDB.\n\n" + ENDING
)


@COMMAND.command("collect", help=_HELP)
def collect(
    areas: Annotated[
        str | None, typer.Option(help="Wards to collect, with commas between; default: IOC_AREAS, or all.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Collect until told to stop."""
    given = None if areas is None else frozenset(name.strip() for name in areas.split(",") if name.strip())
    run_command("ioc collect", run_collector, config, areas=given)
