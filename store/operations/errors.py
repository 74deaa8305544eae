"""Errors of the operations store, grouped by what the caller can do.

OperationsError
├── OperationsSetupError         the database cannot be used as it is: tell the person who runs the service
├── OperationsUnavailableError   it cannot answer now: nothing was written, trying again later is right
├── StalePositionError           another process detects on the same journal: stop this one
├── LeaseLostError               another process leads, or may: stop leading
├── RegisteringRefusedError      what a person sent breaks rules: name every bad line to them
├── NoSuchRecordError            no row has that id
├── NotWholeError                only a part of the dead letter was kept: it cannot be replayed
└── VersionConflictError         the row changed since the caller read it: read it again

What people may not do to a fault as it stands, `rules.lifecycle.errors` says.
"""

from collections.abc import Sequence

from devices.columns import LineProblem
from rules.detection.outcome import DetectionStoreRefusedError

__all__ = [
    "LeaseLostError", "NoSuchRecordError", "NotWholeError", "OperationsError",
    "OperationsSetupError", "OperationsUnavailableError", "RegisteringRefusedError", "StalePositionError",
    "VersionConflictError",
]  # fmt: skip


class OperationsError(Exception):
    """Root of this store's errors."""


class OperationsSetupError(OperationsError):
    """The database cannot be opened, or its schema is not one this program knows."""


class OperationsUnavailableError(OperationsError):
    """The database did not answer, is locked, or ended the transaction for another's sake.

    Nothing was written, unless a server was lost during the commit; the same call may be repeated.
    """


class StalePositionError(OperationsError, DetectionStoreRefusedError):
    """Detection offered a position behind the committed one.

    Attributes:
        journal: the journal concerned.
        committed: the number that stands.
        offered: the number that was refused.
    """

    def __init__(self, journal: str, committed: int, offered: int) -> None:
        super().__init__(
            f"detection of journal {journal!r} has committed entry {committed} and cannot go back "
            f"to {offered}; stop the other process that works on this journal"
        )
        self.journal = journal
        self.committed = committed
        self.offered = offered


class LeaseLostError(OperationsError):
    """A lease is held no more, or by another; the transaction was undone.

    Attributes:
        lease: its name.
        term: the term that is over.
    """

    def __init__(self, lease: str, term: int) -> None:
        super().__init__(f"the lease {lease!r} of term {term} is over; what was to be written is not")
        self.lease = lease
        self.term = term


class RegisteringRefusedError(OperationsError):
    """An import or an adoption breaks rules; nothing was written.

    Attributes:
        problems: every bad line.
    """

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")
        self.problems = tuple(problems)


class NoSuchRecordError(OperationsError):
    """No row has that id.

    Attributes:
        noun: what was looked for, in English.
        key: the id looked for.
    """

    def __init__(self, noun: str, key: str) -> None:
        super().__init__(f"there is no {noun} {key!r}")
        self.noun = noun
        self.key = key


class NotWholeError(OperationsError):
    """A dead letter of which only a part was kept.

    Attributes:
        row: the letter.
        kept: bytes that were kept.
        bytes_: bytes that came.
    """

    def __init__(self, row: int, *, kept: int, bytes_: int) -> None:
        super().__init__(
            f"of dead letter {row} only {kept} of {bytes_} bytes were kept, so it cannot be replayed; let the"
            " device send it again"
        )
        self.row = row
        self.kept = kept
        self.bytes_ = bytes_


class VersionConflictError(OperationsError):
    """A row changed since the caller read it.

    Attributes:
        expected: the version the caller had read.
        found: the version that stands.
    """

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"the record is at version {found}, not {expected}; read it again and decide anew")
        self.expected = expected
        self.found = found
