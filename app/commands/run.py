"""`ioc run`: the service for real devices."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.running import ConfigFile, run_command
from app.run import run_service

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)
_HELP = (
    "Run the service on this machine: broker to journal, stores, rules and API, without simulators.\n\n"
    "Settings come from a TOML file (ioc config sample prints one that explains them all), and each from the"
    " environment as IOC_ and its name, which wins: IOC_DATA_DIR, IOC_CITY, IOC_MQTT_HOST, …\n\n"
    "Logs go to stderr as JSON lines; the word ready goes to stdout when the stream from the broker is live."
    " SIGTERM and Ctrl-C stop it cleanly.\n\n"
    "An API key to begin with: ioc keys create NAME --role admin"
)


@COMMAND.command("run", help=_HELP)
def run(
    registry: Annotated[
        Path | None, typer.Option(help="Make this CSV or GeoJSON file the registry first.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Run the service until told to stop."""
    run_command("ioc run", lambda settings, stop, ready: run_service(settings, registry, stop, ready), config)
