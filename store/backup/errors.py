"""Errors of backups, grouped by what a person can do.

BackupError
├── BackupDamagedError      take another backup: this one is not what was written
├── BackupTooNewError       use the version that wrote it, or a later one
├── TargetNotEmptyError     restore into empty stores
├── TargetDiffersError      the target does not hold what the backup holds: look why, and begin anew
└── DumpBrokenError         the dump ended before its end: back up again
"""

from collections.abc import Sequence

__all__ = [
    "BackupDamagedError",
    "BackupError",
    "BackupTooNewError",
    "DumpBrokenError",
    "TargetDiffersError",
    "TargetNotEmptyError",
]


class BackupError(Exception):
    """Root of these errors; every one is a sentence for the person at the terminal."""


class BackupDamagedError(BackupError):
    """A folder that is no backup, or not the one that was written."""

    def __init__(self, folder: str, what: str) -> None:
        super().__init__(f"{folder!r} is no whole backup: {what}; take another one")
        self.folder = folder


class BackupTooNewError(BackupError):
    """A backup that a newer program wrote."""

    def __init__(self, program: str, what: str) -> None:
        super().__init__(
            f"the backup was written by ioc-telemetry {program} and has {what}, which this"
            " version does not know; install that version or a later one"
        )
        self.program = program


class TargetNotEmptyError(BackupError):
    """Something is there already."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"a backup is restored into empty stores only, and {where} has {what} already;"
            " give another --data, database or bucket"
        )
        self.where = where


class TargetDiffersError(BackupError):
    """What was restored or copied reads differently.

    Attributes:
        parts: what differs.
    """

    def __init__(self, parts: Sequence[str]) -> None:
        super().__init__(
            f"the target does not hold what was read, in {', '.join(parts)}; empty it before you try again"
        )
        self.parts = tuple(parts)


class DumpBrokenError(BackupError):
    """A dump without its end, or with a chunk that is not what was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the dump broke off: {why}; what was written is no backup, begin again")
