"""`ioc kinds`: the page of all kinds of device."""

import typer

from devices.catalogue_page import catalogue_page

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)


@COMMAND.command("kinds")
def kinds_page() -> None:
    """Print every kind of device with its fields, units and ranges, as Markdown (docs/kinds.md)."""
    typer.echo(catalogue_page(), nl=False)
