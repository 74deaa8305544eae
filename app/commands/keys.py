"""`ioc keys`: the API's keys, on the machine that holds the operations store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.auth import Role
from app.commands.options import choice, seconds
from app.errors import StartError
from app.operations import operations_at_rest
from devices.clock import SystemClock, milliseconds
from store.operations.errors import NoSuchRecordError, OperationsUnavailableError
from store.operations.keys import KeyRepository

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
_WHO = "ioc keys"
_Data = Annotated[Path | None, typer.Option(help="The service's data directory; default: the settings'.")]


@COMMAND.callback(help="Make, list and revoke the API's keys; for the first one, while no service runs.")
def _group() -> None:
    """Work with keys."""


@COMMAND.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will hold it.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(Role)}.")] = Role.VIEWER,
    expires: Annotated[str | None, typer.Option(help="Valid for this long, such as 90d or 12h.")] = None,
    data: _Data = None,
) -> None:
    """Make a key and print it: nobody can ever be shown it again."""
    with _keys(data) as keys:
        chosen = choice("--role", role, tuple(Role))
        now_ms = SystemClock().now_ms()
        end_ms = None if expires is None else now_ms + milliseconds(seconds("--expires", expires))
        typer.echo(keys.create(name, chosen, who=_WHO, at_ms=now_ms, expires_at_ms=end_ms).token)


@COMMAND.command("list")
def list_keys(data: _Data = None) -> None:
    """Show every key ever made, without its secret."""
    table = Table("prefix", "name", "role", "made", "until", "revoked")
    with _keys(data) as keys:
        for key in keys.list():
            times = (key.created_at_ms, key.expires_at_ms, key.revoked_at_ms)
            table.add_row(key.prefix, key.name, key.role, *map(_moment, times))
    Console().print(table)


@COMMAND.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The key's first part, as `list` shows it.")],
    data: _Data = None,
) -> None:
    """Make a key open nothing from now on."""
    with _keys(data) as keys:
        keys.revoke(prefix, who=_WHO, at_ms=SystemClock().now_ms())


@contextmanager
def _keys(data: Path | None) -> Iterator[KeyRepository]:
    """The keys of the operations store; mistakes end the command in one sentence."""
    try:
        with operations_at_rest(data) as database:
            yield KeyRepository(database)
    except (StartError, OperationsUnavailableError, NoSuchRecordError) as error:
        raise SystemExit(f"ioc keys: {error}") from None


def _moment(at_ms: int | None) -> str:
    return "" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
