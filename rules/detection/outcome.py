"""What detection commits, and the narrow store it needs for that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from devices.batch import ReadingBatch
from devices.stream import Position
from rules.faults import FaultCleared, FaultRaised
from rules.violations import ViolationSuspected

__all__ = ["Change", "DetectionStore", "DetectionStoreRefusedError", "Outcome", "Snapshot"]


class DetectionStoreRefusedError(Exception):
    """The store will never take this: trying again is no use, a person must look."""


Change = FaultRaised | FaultCleared | ViolationSuspected


@dataclass(frozen=True)
class Snapshot:
    """Detection's state at a position: one opaque blob for each device, and one for the engine itself."""

    position: Position | None
    devices: Mapping[str, bytes] = field(default_factory=dict)
    engine: bytes = b""


@dataclass(frozen=True)
class Outcome:
    """Everything that detection found up to a position; committed in one transaction with it.

    `latest` has at most one row for each device, the newest of the entries read. `statuses` and
    `dead_letters` are frames of `STATUS_SCHEMA` and `DEAD_LETTER_SCHEMA` in journal order; `dead_letters` has
    the additional column `entry` (Int64: the journal number it came from), so that a repeated commit can be
    recognised. `snapshot.devices` holds only the devices touched since the last commit.
    """

    snapshot: Snapshot
    changes: Sequence[Change]
    latest: Sequence[ReadingBatch]
    statuses: pl.DataFrame
    dead_letters: pl.DataFrame


class DetectionStore(Protocol):
    """Where detection's results and its own state live together."""

    def load(self, journal: str) -> Snapshot:
        """The last committed state for a journal; an empty one for a journal never seen."""
        ...

    def commit(self, outcome: Outcome) -> None:
        """Write everything or nothing. Faults and violations already there (same id) stay as they are."""
        ...
