"""`ioc audit`: whether the log of what people did is as it was written."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.errors import StartError
from app.operations import operations_at_rest
from store.operations.audit import AuditLog
from store.operations.errors import OperationsUnavailableError

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
_Data = Annotated[Path | None, typer.Option(help="The service's data directory; default: the settings'.")]


@COMMAND.callback(help="Check the log of what people changed and of which personal data they read.")
def _group() -> None:
    """Work with the audit log."""


@COMMAND.command()
def verify(
    head: Annotated[
        str | None, typer.Option(help="NUMBER:HASH of an earlier check: it must still be in the chain.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    data: _Data = None,
) -> None:
    """Check every entry against its seal; ends with 1 where one was changed, removed or put in.

    Who can write the whole database can write a whole new chain: note the head that this prints somewhere
    else, and give it to the next check. On a running service, ask GET /v1/audit/verify.
    """
    try:
        with operations_at_rest(data) as database:
            log = AuditLog(database)
            found = log.verify()
            problem = found.problem or _missed(head, log)
    except (StartError, OperationsUnavailableError) as error:
        raise SystemExit(f"ioc audit: {error}") from None
    shown = f"{found.links}:{found.head}"
    if as_json:
        typer.echo(
            json.dumps({"links": found.links, "head": shown, "older": found.older, "problem": problem})
        )
    elif not problem:
        older = f"; {found.older} older ones have no seal" if found.older else ""
        typer.echo(f"{found.links} entries are as they were written{older}. Head: {shown}")
    if problem:
        raise SystemExit(f"ioc audit: {problem}")


def _missed(head: str | None, log: AuditLog) -> str:
    """What is wrong with a head of before; empty for nothing."""
    if head is None:
        return ""
    number, _, link = head.partition(":")
    if not number.isdecimal() or not link:
        return f"--head must be NUMBER:HASH as verify prints it, got {head!r}"
    standing = log.link(int(number))
    return "" if standing is not None and standing == link else f"the chain is not the one that had {head}"
