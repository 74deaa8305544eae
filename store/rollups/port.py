"""What making rollups needs of a telemetry store."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import polars as pl

from devices.batch import ReadingBatch
from store.resolutions import Resolution
from store.rollups.marks import Mark
from store.telemetry import Selection

__all__ = ["RollupStore"]


class RollupStore(Protocol):
    """A store that keeps rollups beside its readings. Every write marks the windows above it as stale."""

    def pending(self, resolution: Resolution, kind: str, from_ms: int, to_ms: int) -> Sequence[Mark]:
        """The marks of windows that begin in [`from_ms`, `to_ms`), oldest first."""
        ...

    def export(self, selection: Selection, batch_rows: int = 50_000) -> Iterator[ReadingBatch]:
        """The readings selected."""
        ...

    def rollups(self, resolution: Resolution, selection: Selection) -> pl.DataFrame:
        """The rollups selected, with the columns of `rollup_schema`, in no promised order."""
        ...

    def replace_rollups(
        self, resolution: Resolution, kind: str, from_ms: int, to_ms: int, frame: pl.DataFrame
    ) -> None:
        """Keep these rollups as all there are of [`from_ms`, `to_ms`)."""
        ...

    def settle(self, marks: Iterable[Mark]) -> None:
        """Forget marks, but none that was set again since it was asked for."""
        ...

    def rows_between(self, kind: str, from_ms: int, to_ms: int) -> int:
        """How many readings of a kind there are."""
        ...

    def expire(self, resolution: Resolution, owner: str, before_ms: int) -> int:
        """Drop what is older, of a kind or of events, in whole periods; how many there were."""
        ...

    def compact(self, before_ms: int) -> int:
        """Put closed periods in the order of devices, where that is of use; how many were."""
        ...
