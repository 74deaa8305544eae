"""A backup into the empty stores that the settings name, and a journal that goes on behind it."""

from collections.abc import Iterator

from app.data_directory import DataDirectory
from app.errors import StartError
from app.operations import operations_url
from app.settings import ServiceSettings
from app.telemetry import open_telemetry
from collector.errors import JournalUnusableError
from collector.sqlite_journal import SqliteJournal
from store.backup.chunks import Chunk
from store.backup.errors import TargetNotEmptyError
from store.backup.folder import Backup
from store.backup.restoring import (
    check_backup,
    check_empty,
    check_known,
    restore_operations,
    restore_telemetry,
)
from store.operations.database import OperationsDatabase

__all__ = ["restore", "verify"]

_MEGABYTE = 1_048_576


def verify(backup: Backup) -> Iterator[Chunk]:
    """Every chunk as it is checked against the manifest.

    Raises:
        BackupError: something is missing or is not what was written.
    """
    check_known(backup)
    yield from check_backup(backup)


def restore(backup: Backup, settings: ServiceSettings) -> Iterator[Chunk]:
    """Fill the stores: each chunk once it is written, and once more when it was read again and compared.

    Raises:
        StartError: the stores cannot be opened.
        BackupError: they are not empty, or do not hold in the end what the backup holds.
    """
    directory = DataDirectory(settings.data_dir)
    try:
        if directory.journal.exists():
            raise TargetNotEmptyError(f"the data directory {str(directory.path)!r}", "a journal")
        database = OperationsDatabase(operations_url(directory.operations, settings))
        try:
            # First: telemetry would be filled in vain, and have to be emptied, if operations cannot be.
            check_empty(database)
            store = open_telemetry(directory, settings)
            try:
                yield from restore_telemetry(backup, store)
            finally:
                store.close()
            yield from restore_operations(backup, database)
        finally:
            database.close()
        _continue_journal(directory, backup, settings)
    finally:
        directory.release()


def _continue_journal(directory: DataDirectory, backup: Backup, settings: ServiceSettings) -> None:
    """Let detection go on in the state that it had, and the broker know the collector again.

    With several journals each belongs to a collector on a machine of its own, and none is this one's.
    """
    positions = backup.manifest.plan.positions
    if len(positions) != 1:
        return
    ((journal, number),) = positions.items()
    try:
        SqliteJournal.succeed(directory.journal, settings.journal_cap_mb * _MEGABYTE, journal, number).close()
    except JournalUnusableError as error:
        raise StartError(str(error)) from error
