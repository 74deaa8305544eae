"""`ioc faults`: what simulated devices can have."""

import typer

from simulators.fault_page import fault_table

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)


@COMMAND.command("faults")
def faults_page() -> None:
    """Print every type of fault that the simulators can inject, as a Markdown table (docs/simulator.md)."""
    typer.echo(fault_table(), nl=False)
