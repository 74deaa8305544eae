"""`ioc store backup`, `restore` and `verify`."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.backup.places import GRAMMAR, source_at, store_at
from app.backup.restoring import restore as restored
from app.backup.restoring import verify as verified
from app.backup.sources import dump_at_rest, dump_of_service
from app.commands.options import check_writable
from app.configuration import load_settings
from app.errors import StartError
from devices.clock import SystemClock
from store.backup.chunks import Chunk
from store.backup.copying import Checkpoint
from store.backup.copying import copy as copied_chunks
from store.backup.errors import BackupError
from store.backup.folder import Manifest, check_new, open_backup, write_backup
from store.backup.frames import Dump
from store.operations.errors import OperationsError
from store.telemetry import TelemetryUnavailableError

__all__ = ["backup", "copy", "failing_plainly", "restore", "verify", "with_progress"]

_Folder = Annotated[Path, typer.Argument(help="Folder of the backup.")]
_Data = Annotated[Path | None, typer.Option(help="The service's data directory; default: the settings'.")]


def backup(
    folder: _Folder,
    url: Annotated[
        str | None,
        typer.Option(envvar="IOC_API_URL", help="A running service's API."),
    ] = None,
    key: Annotated[
        str, typer.Option(envvar="IOC_API_KEY", help="A key of the role backup; better in the environment.")
    ] = "",
    data: _Data = None,
) -> None:
    """Write all that is at rest, telemetry and operations, into an empty folder, and check what was written.

    The service may run: then give --url, it holds the embedded stores. Whole plates, dead letters and hashes
    of keys are in a backup: keep it as you keep the service's data.
    """
    with failing_plainly("backup"):
        check_new(folder)
        made = _written(folder, url, key, data)
        rows = sum(part.rows for part in made.parts.values())
        for _ in with_progress("checking", verified(open_backup(folder)), rows):
            pass
    _show(made, rows)


def restore(folder: _Folder, data: _Data = None) -> None:
    """Bring a backup into the empty stores that the settings name, whichever backends these are.

    Everything is checked before anything is written, then read again from the stores and compared with the
    backup. A service must not run on the same data directory meanwhile.
    """
    with failing_plainly("restore"):
        found = open_backup(folder)
        settings = load_settings(data_dir=data)
        rows = sum(part.rows for part in found.manifest.parts.values())
        for _ in with_progress("checking", verified(found), rows):
            pass
        for _ in with_progress("restoring, comparing", restored(found, settings), 2 * rows):
            pass
    typer.echo("the stores hold what the backup holds")
    _show(found.manifest, rows)


def copy(
    source: Annotated[str, typer.Option("--from", help=f"{GRAMMAR}, or backup:FOLDER.")],
    target: Annotated[str, typer.Option("--to", help=f"{GRAMMAR}.")],
    from_token_file: Annotated[
        Path | None, typer.Option(help="Token of InfluxDB there; default: the settings'.")
    ] = None,
    to_token_file: Annotated[
        Path | None, typer.Option(help="Token of InfluxDB there; default: the settings'.")
    ] = None,
    checkpoint: Annotated[Path, typer.Option(help="Where to note how far it has come.")] = Path(
        "ioc-store-copy.json"
    ),
    check: Annotated[bool, typer.Option(help="Read each hour again from the target and compare.")] = True,
) -> None:
    """Copy telemetry from one place to another, hour by hour.

    What is interrupted goes on behind the last hour done when the same command is given again. Rows have
    keys: what is copied twice is there once. An embedded store that a service holds is copied out of a
    backup, which the service gives while it runs.
    """
    with failing_plainly("copy"):
        check_writable("--checkpoint", checkpoint)
        noted = Checkpoint(checkpoint, source, target)
        settings = load_settings()
        with (
            source_at("--from", source, settings, from_token_file) as source_,
            store_at("--to", target, settings, to_token_file) as store,
        ):
            rows = sum(source_.rows().values())
            copied = 0
            for chunk in with_progress("copying", copied_chunks(source_, store, noted, check=check), rows):
                copied += chunk.frame.height if isinstance(chunk, Chunk) else 0
    typer.echo(f"{copied:,} rows copied" + (", and read again from the target" if check else ""))


def verify(folder: _Folder) -> None:
    """Check that a backup is whole: every row as it was read from the stores."""
    with failing_plainly("verify"):
        found = open_backup(folder)
        rows = sum(part.rows for part in found.manifest.parts.values())
        for _ in with_progress("checking", verified(found), rows):
            pass
    _show(found.manifest, rows)


@contextmanager
def failing_plainly(command: str) -> Iterator[None]:
    """What goes wrong ends the command in one sentence."""
    try:
        yield
    except (StartError, BackupError, OperationsError, TelemetryUnavailableError) as error:
        raise SystemExit(f"ioc store {command}: {error}") from None


def with_progress(what: str, chunks: Iterator[Chunk | Manifest], rows: int) -> Iterator[Chunk | Manifest]:
    """The chunks, with a bar of their rows on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=rows)
        for chunk in chunks:
            if isinstance(chunk, Chunk):
                progress.update(task, advance=chunk.frame.height, description=f"{what} {chunk.part}")
            yield chunk
        progress.update(task, description=what)


def _written(folder: Path, url: str | None, key: str, data: Path | None) -> Manifest:
    source = dump_at_rest(load_settings(data_dir=data)) if url is None else dump_of_service(url, key)
    with source as dump:
        return _manifest(folder, dump)


def _manifest(folder: Path, dump: Dump) -> Manifest:
    rows = sum(dump[0].rows.values())
    written = with_progress("reading", write_backup(folder, dump, SystemClock().now_ms), rows)
    made = deque(written, maxlen=1).pop()
    if not isinstance(made, Manifest):
        raise BackupError("the backup has no manifest, which is a mistake of this program; report it")
    return made


def _show(made: Manifest, rows: int) -> None:
    seconds = max(0, made.finished_ms - made.plan.created_ms) / 1000
    typer.echo(f"{rows:,} rows of {' and '.join(made.plan.sources)}, taken within {seconds:.0f} s")
    typer.echo(f"operations {made.operations_sum}")
    typer.echo(f"telemetry  {made.telemetry_sum}")
    left = made.plan.backlog
    if left.unknown:
        typer.echo(f"what was acknowledged and not yet done may be missing: {left.unknown}")
    if left.telemetry or left.operations:
        typer.echo(
            f"not in it: {left.telemetry} journal entries for telemetry, {left.operations} for detection;"
            " the service had not come to them yet"
        )
