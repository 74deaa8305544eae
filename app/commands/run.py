"""`ioc run`: the service for real devices."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from app.configuration import load_settings
from app.errors import StartError
from app.logs import logging_to_stderr
from app.run import run_service
from app.service import Service, ServiceFailedError
from app.settings import ServiceSettings

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
    config: Annotated[
        Path | None, typer.Option(envvar="IOC_CONFIG", help="Settings file; what the environment says wins.")
    ] = None,
) -> None:
    """Run the service until told to stop."""
    try:
        settings = load_settings(config)
        with logging_to_stderr():
            asyncio.run(_until_told(settings, registry))
    except (StartError, ServiceFailedError) as error:
        because = f" ({error.__cause__})" if isinstance(error, ServiceFailedError) and error.__cause__ else ""
        raise SystemExit(f"ioc run: {error}{because}") from None


async def _until_told(settings: ServiceSettings, registry: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_service(settings, registry, stop, _say_ready)


def _say_ready(service: Service) -> None:
    settings = service.pipeline.settings
    typer.echo(f"ready http://{settings.http_host}:{settings.http_port}")
