"""What the commands share that run until they are told to stop."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from app.configuration import load_settings
from app.errors import StartError
from app.logs import logging_to_stderr
from app.service import ServiceFailedError
from app.settings import ServiceSettings

__all__ = ["ENDING", "ConfigFile", "run_command"]

ConfigFile = Annotated[
    Path | None, typer.Option(envvar="IOC_CONFIG", help="Settings file; what the environment says wins.")
]

ENDING = (
    "Settings come from a TOML file (ioc config sample prints one that explains them all), and each from the"
    " environment as IOC_ and its name, which wins. Logs go to stderr as JSON lines; the word ready and an"
    " address with /readyz and /metrics go to stdout. SIGTERM and Ctrl-C stop it cleanly."
)

Main = Callable[[ServiceSettings, asyncio.Event, Callable[[], None]], Coroutine[Any, Any, None]]


def run_command(name: str, main: Main, config: Path | None, **given: Any) -> None:
    """Run a process until it is told to stop; `given` are settings from the command line."""
    try:
        settings = load_settings(config, **given)
        with logging_to_stderr():
            asyncio.run(_until_told(main, settings))
    except (StartError, ServiceFailedError) as error:
        because = f" ({error.__cause__})" if isinstance(error, ServiceFailedError) and error.__cause__ else ""
        raise SystemExit(f"{name}: {error}{because}") from None


async def _until_told(main: Main, settings: ServiceSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await main(settings, stop, lambda: typer.echo(f"ready http://{settings.http_host}:{settings.http_port}"))
