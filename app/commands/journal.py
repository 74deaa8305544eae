"""`ioc journal`: how far the journal's consumers are, and setting aside what of it is damaged."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.commands.options import check_writable
from app.configuration import load_settings
from app.data_directory import DataDirectory
from app.errors import StartError
from collector.errors import JournalUnusableError
from collector.journal_mending import set_aside
from collector.journal_report import JournalReport, Told, examine
from devices.clock import SystemClock

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)

_MEGABYTE = 1_048_576
_SHOWN = 20
_ASIDE = "set-aside"
_Data = Annotated[Path | None, typer.Option(help="The service's data directory; default: the settings'.")]


@COMMAND.callback(help="The journal of this machine: what the broker was told is safe.")
def _group() -> None:
    """The journal of this machine."""


@COMMAND.command("status")
def status(
    data: _Data = None,
    json: Annotated[Path | None, typer.Option(help="Write what was found to this file.")] = None,
) -> None:
    """Read every entry: how many there are, how far each consumer is, and which are damaged.

    A service may run meanwhile. Ends with status 1 when an entry is damaged.
    """
    with _said_plainly("status"):
        check_writable("--json", json)
        journal, cap_mb = _journal(data)
        with _progress("reading the journal") as told:
            report = examine(journal, told, at_rest=_is_at_rest(journal.parent))
        if json is not None:
            json.write_bytes(msgspec.json.encode(report))
    _show(report, cap_mb)
    if report.damaged:
        typer.echo("stop the service, then: ioc journal set-aside")
        raise SystemExit(1)


@COMMAND.command("set-aside")
def set_aside_(
    data: _Data = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be set aside, no more.")] = False,
) -> None:
    """Let a service go on that stops at a damaged entry: the others stay, in a journal without it.

    The damaged journal is kept whole in the folder set-aside of the data directory, with a list of what is
    damaged. Records that were in damaged entries are lost to the stores, and counted as dead letters
    (journal_damaged). The service must be stopped; it takes room for a second journal.
    """
    with _said_plainly("set-aside"):
        journal, cap_mb = _journal(data)
        directory = DataDirectory(journal.parent)
        try:
            with _progress("reading the journal") as told:
                if dry_run:
                    report, kept = examine(journal, told), None
                else:
                    done = set_aside(journal, journal.parent / _ASIDE, SystemClock().now_ms(), told)
                    report, kept = done.report, done.kept
        finally:
            directory.release()
    _show(report, cap_mb)
    if kept is not None:
        typer.echo(
            f"set aside; the journal as it was is kept in {kept}: it may hold personal data, delete it"
        )
    elif report.damaged:
        typer.echo("nothing was changed; without --dry-run these are set aside")


def _journal(data: Path | None) -> tuple[Path, int]:
    """The journal's file, and its cap (MB).

    Raises:
        StartError: there is none.
    """
    settings = load_settings(data_dir=data)
    journal = settings.data_dir / "journal.db"
    if not journal.exists():
        raise StartError(f"there is no journal in {str(settings.data_dir)!r}; name the directory with --data")
    return journal, settings.journal_cap_mb


def _is_at_rest(folder: Path) -> bool:
    """Whether no service holds a data directory."""
    try:
        DataDirectory(folder).release()
    except StartError:
        return False
    return True


def _show(report: JournalReport, cap_mb: int) -> None:
    screen = Console()
    received = (
        f"{datetime.fromtimestamp(report.last_received_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        if report.last_received_ms is not None
        else "never"
    )
    lines = {
        "journal": report.id,
        "entries": f"{report.first} to {report.last}",
        "size": f"{report.size_bytes / _MEGABYTE:.1f} MB of {cap_mb} MB",
        "last received": received,
        "records to be written": str(report.pending),
    }
    lines |= {
        f"behind, {consumer}": f"{report.last - position} entries (at {position})"
        for consumer, position in report.positions.items()
    }
    lines["damaged entries"] = str(len(report.damaged))
    if report.damaged:
        lines["records lost with them"] = str(report.lost_records)
    table = Table(box=None, show_header=False)
    for name, value in lines.items():
        table.add_row(name, value)
    screen.print(table)
    for damage in report.damaged[:_SHOWN]:
        typer.echo(f"entry {damage.number}: {damage.why}")
    if len(report.damaged) > _SHOWN:
        typer.echo(f"… and {len(report.damaged) - _SHOWN} more; status --json has them all")


@contextmanager
def _progress(what: str) -> Iterator[Told]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def _said_plainly(command: str) -> Iterator[None]:
    try:
        yield
    except (StartError, JournalUnusableError) as error:
        raise SystemExit(f"ioc journal {command}: {error}") from None
