"""The telemetry port: what every backend for readings and events must do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from devices.batch import ReadingBatch
from store.resolutions import Resolution
from store.rollups.planning import Segment
from store.windows import WindowQuery

__all__ = [
    "HOURS_SCHEMA",
    "HOUR_MS",
    "KeptStatus",
    "RangeQuery",
    "Selection",
    "StoreStatus",
    "TelemetryReads",
    "TelemetrySetupError",
    "TelemetryStore",
    "TelemetryUnavailableError",
    "top_devices",
]


HOUR_MS = 3_600_000
HOURS_SCHEMA: Mapping[str, Any] = {"hour": pl.Int64, "rows": pl.Int64}
"""Hours since 1970 in UTC, and how many rows were measured in each."""


class TelemetryUnavailableError(Exception):
    """The backend cannot be reached or answers that it cannot serve now. Trying again later is right.

    Attributes:
        retry_after_s: how long the backend asks to be left alone; None when it did not say.
    """

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class TelemetrySetupError(TelemetryUnavailableError):
    """The backend is there and serves others: a person must change a setting, a token, or the backend."""


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


@dataclass(frozen=True, kw_only=True)
class Selection:
    """All readings of one kind in [`from_ms`, `to_ms`); of these devices and areas where any are named."""

    kind: str
    from_ms: int
    to_ms: int
    devices: Sequence[str] = ()
    areas: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class KeptStatus:
    """What a store has of a resolution: where, for how many days (0 is for good), from and until when.

    `from_ms` and `to_ms` are those of its first and of behind its last period, and None where it has nothing.
    `days_of_kinds` are those that are kept otherwise. `size_bytes` is None where the server does not tell.
    """

    resolution: Resolution
    place: str
    kept_days: int
    days_of_kinds: dict[str, int]
    from_ms: int | None
    to_ms: int | None
    rows: int
    size_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class StoreStatus:
    """What a store says about itself. `size_bytes` is None where the server does not tell."""

    backend: str
    version: str
    size_bytes: int | None
    rows: dict[str, int]
    newest_ms: dict[str, int]
    kept: Sequence[KeptStatus]


class TelemetryReads(Protocol):
    """What one who shows readings needs of a store."""

    def range(self, query: RangeQuery) -> pl.DataFrame:
        """Columns device, measured_at, received_at, seq, time_quality and the fields asked for."""
        ...

    def windows(self, query: WindowQuery) -> pl.DataFrame:
        """Columns device or area (as grouped), `window` (its start) and the fields, aggregated."""
        ...

    def plan(self, query: WindowQuery) -> Sequence[Segment]:
        """Which resolution answers which part of a question's time: `windows` goes by it."""
        ...

    def export_events(self, from_ms: int, to_ms: int) -> pl.DataFrame:
        """The events of [`from_ms`, `to_ms`) in `EVENT_SCHEMA`; of what is not stored null, so no plates.

        One without a time of its own is at the time at which it was received.
        """
        ...


class TelemetryStore(TelemetryReads, Protocol):
    """Readings and events at rest.

    Writing is idempotent: a row's key is device, `measured_at` and (sequence mod 10^6); the same key merges
    fields, and the later value wins. Every method may be called from any thread, and raises
    `TelemetryUnavailableError` when the backend cannot serve now, and `LookupError` for a kind or field that
    no description knows.
    """

    def write(self, batch: ReadingBatch) -> pl.DataFrame:
        """Store readings, durably; the rows that the backend refuses for good, with `REFUSAL` saying why.

        Raises:
            TelemetryUnavailableError: nothing or part of it was stored; the same batch may be written again.
        """
        ...

    def write_events(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Store events (`EVENT_SCHEMA`) by device and id, without plates; the refused ones as in `write`.

        Raises:
            TelemetryUnavailableError: as for `write`.
        """
        ...

    def export(self, selection: Selection, batch_rows: int = 50_000) -> Iterator[ReadingBatch]:
        """Everything selected, in batches of at most that many rows, in no promised order."""
        ...

    def hours(self, name: str, resolution: Resolution = Resolution.RAW) -> pl.DataFrame:
        """Rows by hour of measuring (`HOURS_SCHEMA`), of a kind or of `events`, without empty hours.

        Of a kind's rollups where their resolution is given; hours of which all is erased may be among them.
        """
        ...

    def rollups(self, resolution: Resolution, selection: Selection) -> pl.DataFrame:
        """The rollups selected, with the columns of `rollup_schema`, in no promised order."""
        ...

    def replace_rollups(
        self, resolution: Resolution, kind: str, from_ms: int, to_ms: int, frame: pl.DataFrame
    ) -> None:
        """Keep these rollups as all there are of [`from_ms`, `to_ms`)."""
        ...

    def delete_devices(self, devices: Sequence[str]) -> None:
        """Remove everything of these devices: readings of every kind, and events."""
        ...

    def delete_before(self, before_ms: int, kinds: Sequence[str] = ()) -> None:
        """Remove readings measured before a moment, of these kinds; of all kinds, and events, where empty."""
        ...

    def counts(self) -> dict[str, int]:
        """Stored rows: by kind, and `events`."""
        ...

    def status(self) -> StoreStatus:
        """Version, size, rows and newest time."""
        ...

    def close(self) -> None:
        """Release files and connections; idempotent."""
        ...


def top_devices(store: TelemetryStore, query: WindowQuery, count: int) -> pl.DataFrame:
    """The devices with the highest value of the query's first field over its whole time, highest first."""
    whole = query.as_whole_by_device()
    field = whole.fields[0]
    found = store.windows(whole).drop_nulls(field)
    return found.sort(field, "device", descending=[True, False]).head(count).select("device", *whole.fields)
