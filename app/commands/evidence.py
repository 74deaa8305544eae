"""`ioc evidence`: is the chain over evidence and decisions whole?"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.commands.options import check_writable
from app.configuration import load_settings
from app.errors import StartError
from app.evidence_store import picture_store
from app.operations import operations_at_rest
from store.evidence.pictures import EvidenceStoreError
from store.operations.errors import OperationsUnavailableError
from store.operations.evidence_check import EvidenceCheck, check
from store.operations.evidence_links import ChainHead, EvidenceChain

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
_Data = Annotated[Path | None, typer.Option(help="Data directory; default: IOC_DATA_DIR, or data.")]
_HASH_LENGTH = 64


@COMMAND.callback(help="Evidence of suspected violations: its pictures, and the chain over all of it.")
def _group() -> None:
    """Evidence of suspected violations."""


@COMMAND.command("verify")
def verify(
    data: _Data = None,
    head: Annotated[
        str | None, typer.Option(help="A head written down earlier, NUMBER:HASH, as export packs print it.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write what was found to this file.")] = None,
) -> None:
    """Compare every link, decision, fact and picture with the chain; name the first that is broken.

    Ends with status 1 when something is broken, with 2 when it could not be checked. An embedded store is
    checked while no service holds it; the running service checks by itself once a day and when it is asked
    (POST /v1/evidence/verify).
    """
    try:
        check_writable("--json", json)
        expected = _head(head)
        found = _checked(data, expected)
    except (StartError, OperationsUnavailableError, EvidenceStoreError) as error:
        typer.echo(f"ioc evidence verify: {error}", err=True)
        raise SystemExit(2) from None
    if json is not None:
        json.write_bytes(msgspec.json.encode({**_plain(found), "is_whole": found.is_whole}))
    if not found.is_whole:
        for problem in found.problems:
            typer.echo(str(problem), err=True)
        raise SystemExit(1)
    typer.echo(f"whole: {found.links} links, {found.pictures} pictures; head {found.head}")


@COMMAND.command("head")
def show_head(data: _Data = None) -> None:
    """Print the newest link, NUMBER:HASH, to be written down where nobody of this service can change it."""
    try:
        with operations_at_rest(data) as database:
            typer.echo(str(EvidenceChain(database).head()))
    except (StartError, OperationsUnavailableError) as error:
        raise SystemExit(f"ioc evidence head: {error}") from None


def _checked(data: Path | None, expected: ChainHead | None) -> EvidenceCheck:
    store = picture_store(load_settings(data_dir=data))
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} links and pictures"), TimeElapsedColumn())
    with operations_at_rest(data) as database, Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("checked", total=None)
        return check(database, store, expected=expected, progress=lambda: progress.advance(task))


def _head(text: str | None) -> ChainHead | None:
    """A head as people wrote it down.

    Raises:
        StartError: it is none.
    """
    if text is None:
        return None
    number, _, hash_ = text.strip().partition(":")
    if not number.isdigit() or len(hash_) != _HASH_LENGTH:
        raise StartError(f"--head is written NUMBER:HASH, such as 12:5f3a…, got {text!r}")
    return ChainHead(int(number), hash_.lower())


def _plain(found: EvidenceCheck) -> dict[str, object]:
    return {
        "links": found.links, "head": str(found.head), "pictures": found.pictures,
        "problems": [{"link": problem.link, "what": problem.what} for problem in found.problems],
    }  # fmt: skip
