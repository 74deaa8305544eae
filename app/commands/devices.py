"""`ioc devices`: what is done with devices from the command line."""

import typer

from app.mosquitto.commands import CREDENTIALS

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
COMMAND.add_typer(CREDENTIALS, name="credentials")


@COMMAND.callback(help="Work with devices.")
def _group() -> None:
    """Work with devices."""
