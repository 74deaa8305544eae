"""The `ioc` command: its commands are the modules of `app/commands/`, imported when they are called."""

import importlib
import pkgutil
from typing import Any

import typer
from typer.core import TyperGroup

import app.commands

__all__ = ["main"]

_NO_COMMANDS = frozenset({"options", "running"})


class _Commands(TyperGroup):
    """Finds a command by its module: a start pays for the one that runs, and adding one is adding a file."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is the framework's
        """Names of all commands, sorted."""
        modules = pkgutil.iter_modules(app.commands.__path__)
        return sorted(module.name.replace("_", "-") for module in modules if module.name not in _NO_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"app.commands.{cmd_name.replace('-', '_')}")
        command = typer.main.get_command(module.COMMAND)
        command.name = cmd_name  # a group has no name of its own
        return command


cli = typer.Typer(
    name="ioc",
    cls=_Commands,
    help="Telemetry, device faults and suspected traffic violations for a city's operations centre.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback()
def _ioc() -> None:
    """Telemetry, device faults and suspected traffic violations for a city's operations centre."""


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
