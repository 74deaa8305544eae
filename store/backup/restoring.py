"""Bringing a backup back: checked before anything is written, and compared when everything is."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from devices.refused import REFUSAL
from store.backup.chunks import OPERATIONS, TELEMETRY, Chunk, Tally
from store.backup.errors import BackupError, BackupTooNewError, TargetDiffersError, TargetNotEmptyError
from store.backup.folder import Backup
from store.backup.operations import OperationsDump, clear_seeds, first_row, load_table, tables_of
from store.backup.telemetry import TelemetryDump, load_telemetry, unknown_parts
from store.operations.database import OperationsDatabase
from store.operations.dialects import set_sequences
from store.telemetry import TelemetryStore

__all__ = ["check_backup", "check_empty", "check_known", "restore_operations", "restore_telemetry"]


def check_known(backup: Backup) -> None:
    """Do nothing where this program has a place for everything in a backup.

    Raises:
        BackupTooNewError: it has not.
    """
    plan = backup.manifest.plan
    if plan.schema is not None and plan.schema not in OperationsDatabase.schemas():
        raise BackupTooNewError(plan.program, f"schema {plan.schema!r} of operations")
    unknown = unknown_parts(backup.columns(TELEMETRY))
    if unknown:
        raise BackupTooNewError(plan.program, f"telemetry of {', '.join(unknown)}")


def check_backup(backup: Backup) -> Iterator[Chunk]:
    """Every chunk of a backup as it is checked.

    Raises:
        BackupDamagedError: one is missing or is not what was written.
    """
    for part in backup.manifest.parts:
        yield from backup.chunks(part)


def check_empty(database: OperationsDatabase) -> None:
    """Do nothing where a database can be restored into; nothing is changed.

    Raises:
        TargetNotEmptyError: it holds something.
        OperationsUnavailableError: it does not answer.
    """
    with database.write() as connection:
        _refuse_rows(connection)


def restore_operations(backup: Backup, database: OperationsDatabase) -> Iterator[Chunk]:
    """Fill an empty database, at the backup's schema, in one transaction; then bring it to this program's.

    Each chunk is given once it is written, and once more when it was read again.

    Raises:
        TargetNotEmptyError: it holds something; nothing was changed.
        TargetDiffersError: what was written reads differently; nothing stays written.
        OperationsUnavailableError: it does not answer; nothing stays written.
    """
    database.migrate(backup.manifest.plan.schema or "head")
    with database.write() as connection:
        _refuse_rows(connection)
        tables = tables_of(connection)
        clear_seeds(connection, tables)
        for table in tables:
            for chunk in backup.chunks(OPERATIONS + table.name):
                load_table(connection, table, chunk.frame)
                yield chunk
        # Numbers that were given out are not given out again, whoever has gone since.
        set_sequences(connection, tables, backup.manifest.plan.sequences)
        yield from _compared(backup, OPERATIONS, OperationsDump(connection).chunks())
    database.migrate()


def restore_telemetry(backup: Backup, store: TelemetryStore) -> Iterator[Chunk]:
    """Fill an empty store. Each chunk is given once it is written, and once more when it was read again.

    Raises:
        TargetNotEmptyError: it holds something; nothing was changed.
        BackupError: it refuses rows for good, such as those older than its retention.
        TargetDiffersError: what was written reads differently.
        TelemetryUnavailableError: it does not answer; empty it before you try again.
    """
    for name, rows in store.counts().items():
        if rows:
            raise TargetNotEmptyError("the telemetry store", f"{rows} rows of {name}")
    for kept in store.status().kept:
        if kept.rows:
            raise TargetNotEmptyError("the telemetry store", f"{kept.rows} rows of {kept.resolution}")
    for part in _parts(backup, TELEMETRY):
        for chunk in backup.chunks(part):
            refused = load_telemetry(store, chunk)
            if not refused.is_empty():
                raise BackupError(
                    f"the telemetry store refuses {refused.height} rows of {part} ({refused[0, REFUSAL]});"
                    " set it right, empty it, and try again"
                )
            yield chunk
    yield from _compared(backup, TELEMETRY, TelemetryDump(store).chunks())


def _compared(backup: Backup, prefix: str, found: Iterator[Chunk]) -> Iterator[Chunk]:
    tally = Tally()
    tally.begin(_parts(backup, prefix))
    for chunk in found:
        tally.add(chunk)
        yield chunk
    read, written = tally.parts(), backup.manifest.parts
    differing = [name for name in read if name not in written or read[name].sum != written[name].sum]
    # A kind that this program has and the backup has not is empty on both sides.
    differing = [name for name in differing if read[name].rows or name in written]
    if differing:
        raise TargetDiffersError(differing)


def _refuse_rows(connection: Connection) -> None:
    taken = first_row(connection)
    if taken is not None:
        raise TargetNotEmptyError("the operations database", f"rows in {taken}")


def _parts(backup: Backup, prefix: str) -> Sequence[str]:
    return [name for name in backup.manifest.parts if name.startswith(prefix)]
