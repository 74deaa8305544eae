"""`ioc serve`: the API alone."""

import typer

from app.commands.running import ENDING, ConfigFile, run_command
from app.serve import run_server

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)
_HELP = (
    "Serve the API over what collectors and workers keep. Several may run behind a load balancer: a live"
    " stream that ended at one goes on at another with Last-Event-ID. They need PostgreSQL and InfluxDB.\n\n"
    + ENDING
)


@COMMAND.command("serve", help=_HELP)
def serve(config: ConfigFile = None) -> None:
    """Serve until told to stop."""
    run_command("ioc serve", run_server, config)
