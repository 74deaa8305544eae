"""`ioc version`."""

import typer

from app.version import VERSION

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)


@COMMAND.command("version")
def version() -> None:
    """Print the version."""
    typer.echo(VERSION)
