"""The folder that holds everything the service keeps on this machine."""

import fcntl
import os
from io import TextIOWrapper
from pathlib import Path

from app.errors import StartError

__all__ = ["DataDirectory"]


class DataDirectory:
    """A data folder, made if it is missing and held by one process at a time.

    Raises:
        StartError: it cannot be made or written, or another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # Journal and dead letters may hold plates: for the service's own account only.
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock: TextIOWrapper | None = (path / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise StartError(
                f"the data directory {str(path)!r} cannot be written ({error.strerror});"
                " give another with --data"
            ) from error
        self._hold()

    @property
    def journal(self) -> Path:
        """File of the journal."""
        return self.path / "journal.db"

    @property
    def operations(self) -> Path:
        """File of the operations store."""
        return self.path / "operations.db"

    @property
    def telemetry(self) -> Path:
        """Folder of the embedded telemetry store."""
        return self.path / "telemetry"

    @property
    def broker(self) -> Path:
        """Folder of a broker of our own."""
        return self.path / "broker"

    @property
    def log(self) -> Path:
        """File of the service's log where the terminal shows something else."""
        return self.path / "ioc.log"

    def release(self) -> None:
        """Let another process have it; idempotent."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def _hold(self) -> None:
        """Lock the folder; the lock goes when the process goes, however it ends."""
        lock = self._lock
        if lock is None:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            self.release()
            raise StartError(
                f"the data directory {str(self.path)!r} is in use by process {holder};"
                " stop it, or give another --data"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
