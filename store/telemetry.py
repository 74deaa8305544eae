"""The telemetry port: what every backend for readings and events must do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from devices.batch import ReadingBatch

__all__ = ["RangeQuery", "TelemetryStore", "TelemetryUnavailableError"]


class TelemetryUnavailableError(Exception):
    """The backend cannot be reached or answers that it cannot serve now. Trying again later is right."""


@dataclass(frozen=True, kw_only=True)
class RangeQuery:
    """Readings of some devices of one kind in [`from_ms`, `to_ms`), oldest first.

    `fields` are names of the kind's fields, all of them where empty; `limit` bounds the rows.
    """

    kind: str
    devices: Sequence[str]
    from_ms: int
    to_ms: int
    fields: Sequence[str] = ()
    limit: int = 10_000


class TelemetryStore(Protocol):
    """Readings and events at rest.

    Writing is idempotent: a row's key is device, `measured_at` and (sequence mod 10^6); the same key merges
    fields, and the later value wins. Every method may be called from any thread.
    """

    def write(self, batch: ReadingBatch) -> None:
        """Store readings; they are durable when this returns.

        Raises:
            TelemetryUnavailableError: nothing or part of it was stored; the same batch may be written again.
        """
        ...

    def write_events(self, frame: pl.DataFrame) -> None:
        """Store events (`EVENT_SCHEMA`) by their device and id; plates are not kept.

        Raises:
            TelemetryUnavailableError: as for `write`.
        """
        ...

    def range(self, query: RangeQuery) -> pl.DataFrame:
        """Columns device, measured_at, received_at, seq, time_quality and the fields asked for."""
        ...

    def counts(self) -> dict[str, int]:
        """Stored rows: by kind, and `events`."""
        ...

    def close(self) -> None:
        """Release files and connections; idempotent."""
        ...
