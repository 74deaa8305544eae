"""Errors of this package, grouped by what the caller can do.

CollectorError
├── JournalUnusableError     the journal's file cannot be opened or is not ours: a person must look
├── JournalCorruptError      an entry does not match its checksum: a person must look
└── JournalFullError         no room now (cap reached or disk full): stop acknowledging, try again later
"""

from pathlib import Path

__all__ = ["CollectorError", "JournalCorruptError", "JournalFullError", "JournalUnusableError"]


class CollectorError(Exception):
    """Root of this package's errors."""


class JournalUnusableError(CollectorError):
    """The journal cannot be opened.

    Attributes:
        path: its file.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the journal {str(path)!r} cannot be used: {why}")
        self.path = path


class JournalCorruptError(CollectorError):
    """An entry's bytes are not those that were written.

    Attributes:
        number: the entry.
    """

    def __init__(self, number: int) -> None:
        super().__init__(
            f"journal entry {number} is damaged; ioc journal status shows what of the journal is, and"
            " ioc journal set-aside lets the service go on with the rest"
        )
        self.number = number


class JournalFullError(CollectorError):
    """There is no room for another entry.

    Attributes:
        used_bytes: size of the journal.
        cap_bytes: the size it may have.
    """

    def __init__(self, used_bytes: int, cap_bytes: int, why: str) -> None:
        super().__init__(
            f"the journal is full ({used_bytes} of {cap_bytes} bytes: {why}); nothing is acknowledged now"
        )
        self.used_bytes = used_bytes
        self.cap_bytes = cap_bytes
