"""`ioc work`: what only one process of an installation may do."""

import typer

from app.commands.running import ENDING, ConfigFile, run_command
from app.work import run_worker

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)
_HELP = (
    "Do what only one process may: manage faults, notify, number the live stream, keep the stores small. Any"
    " number may run: one leads by a lease, and another takes over within seconds when it is gone. They need"
    " PostgreSQL and InfluxDB.\n\n" + ENDING
)


@COMMAND.command("work", help=_HELP)
def work(config: ConfigFile = None) -> None:
    """Work until told to stop."""
    run_command("ioc work", run_worker, config)
