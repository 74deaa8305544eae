"""`ioc keys`: the API's keys, on the machine that holds the operations store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.roles import Role, Scope
from app.commands.options import choice, seconds
from app.errors import StartError
from app.operations import operations_at_rest
from devices.catalogue import PASSIVE_KINDS, kinds
from devices.clock import SystemClock, milliseconds
from store.operations.errors import NoSuchRecordError, OperationsUnavailableError
from store.operations.keys import KeyRepository

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
_WHO = "ioc keys"
_Data = Annotated[Path | None, typer.Option(help="The service's data directory; default: the settings'.")]


@COMMAND.callback(
    help="Make, list, rotate and revoke the API's keys; for the first one, while no service runs."
)
def _group() -> None:
    """Work with keys."""


@COMMAND.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will hold it.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(Role)}.")] = Role.VIEWER,
    expires: Annotated[str | None, typer.Option(help="Valid for this long, such as 90d or 12h.")] = None,
    area: Annotated[list[str] | None, typer.Option(help="Only for this ward; may be repeated.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only for this kind; may be repeated.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="Only to do this, such as faults:read; may be repeated.")
    ] = None,
    data: _Data = None,
) -> None:
    """Make a key and print it: nobody can ever be shown it again."""
    narrowed = {
        "scopes": [choice("--scope", one, tuple(Scope)) for one in scope or ()],
        "kinds": [choice("--kind", one, (*kinds(), *sorted(PASSIVE_KINDS))) for one in kind or ()],
        "areas": area or (),
    }
    with _keys(data) as keys:
        chosen = choice("--role", role, tuple(Role))
        now_ms = SystemClock().now_ms()
        end_ms = None if expires is None else now_ms + milliseconds(seconds("--expires", expires))
        made = keys.create(name, chosen, who=_WHO, at_ms=now_ms, expires_at_ms=end_ms, **narrowed)
        typer.echo(made.token)


@COMMAND.command()
def rotate(
    prefix: Annotated[str, typer.Argument(help="The key's first part, as `list` shows it.")],
    overlap: Annotated[str, typer.Option(help="How long the old one opens still, such as 24h.")] = "24h",
    data: _Data = None,
) -> None:
    """Make a key that may do what an old one may, and print it; the old one ends after the overlap."""
    overlap_ms = milliseconds(seconds("--overlap", overlap))
    with _keys(data) as keys:
        now_ms = SystemClock().now_ms()
        typer.echo(keys.rotate(prefix, who=_WHO, at_ms=now_ms, overlap_ms=overlap_ms).token)


@COMMAND.command("list")
def list_keys(data: _Data = None) -> None:
    """Show every key ever made, without its secret."""
    table = Table("prefix", "name", "role", "only for", "made", "until", "revoked", "last used")
    with _keys(data) as keys:
        for key in keys.list():
            times = (key.created_at_ms, key.expires_at_ms, key.revoked_at_ms, key.last_used_ms)
            only = " ".join([*key.scopes, *key.areas, *key.kinds])
            table.add_row(key.prefix, key.name, key.role, only, *map(_moment, times))
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
