"""Stored readings in the order in which they were received, whatever order a backend gives them in."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from devices.batch import ReadingBatch
from store.telemetry import Selection

__all__ = ["Exports", "ReceivedReadings"]

_PART_MS = 3_600_000
_LONGEST_BACKLOG_MS = 3 * 86_400_000
"""Readings that were older than this when they came are left out."""

_AHEAD_MS = 60_000
"""A device's clock is not further ahead, or the reading carries our time."""


class Exports(Protocol):
    """The part of a telemetry store that is needed."""

    def export(self, selection: Selection, batch_rows: int = 50_000) -> Iterator[ReadingBatch]:
        """Everything selected, in no promised order."""
        ...


class ReceivedReadings:
    """The readings of some kinds received in [`from_ms`, `to_ms`), an hour at a time.

    They are sorted through files in a folder, so that memory holds one hour.
    """

    def __init__(self, store: Exports, kinds: Sequence[str], folder: Path) -> None:
        self._store, self._kinds, self._folder = store, kinds, folder
        self._parts: dict[int, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))

    def spool(self, from_ms: int, to_ms: int, progress: Callable[[str], None] = lambda _: None) -> int:
        """Fetch everything; how many readings. `progress` is told each kind before it begins.

        Raises:
            TelemetryUnavailableError: the store cannot serve.
            OSError: the folder's disk is full.
        """
        count = 0
        for kind in self._kinds:
            progress(kind)
            selection = Selection(kind=kind, from_ms=from_ms - _LONGEST_BACKLOG_MS, to_ms=to_ms + _AHEAD_MS)
            for number, batch in enumerate(self._store.export(selection)):
                count += self._keep(batch, number, from_ms, to_ms)
        return count

    def __iter__(self) -> Iterator[dict[str, pl.DataFrame]]:
        """The readings by kind, hour after hour; each frame in the order of `received_at`."""
        for part in sorted(self._parts):
            yield {
                kind: pl.concat([pl.read_ipc(file) for file in files]).sort(
                    "received_at", "measured_at", "seq", maintain_order=True
                )
                for kind, files in self._parts[part].items()
            }

    def _keep(self, batch: ReadingBatch, number: int, from_ms: int, to_ms: int) -> int:
        received_ms = pl.col("received_at").to_physical()
        own = batch.frame.filter(received_ms.is_between(from_ms, to_ms - 1)).with_columns(
            (received_ms // _PART_MS).alias("part")
        )
        for frame in own.partition_by("part"):
            part = frame["part"][0]
            file = self._folder / f"{part}-{batch.kind}-{number}.arrow"
            frame.drop("part").write_ipc(file, compression="lz4")
            self._parts[part][batch.kind].append(file)
        return own.height
