"""Readings whose rules ask other devices, until those have told everything up to them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from rules.detection.watches import Watch

__all__ = ["Deferred"]

_ALWAYS: Mapping[str, Any] = {
    "row": pl.UInt32,
    "ts": pl.Int64,
    "seq": pl.Int64,
    "before_ts": pl.Int64,
    "interval_ms": pl.Int64,
    "watermark": pl.Int64,
}


class Deferred:
    """The columns that some watches read, of readings in the order of each device.

    `types` are those of the columns there are; what other devices are asked is none of them.
    """

    def __init__(self, types: Mapping[str, Any], watches: Iterable[Watch]) -> None:
        used = [column for watch in watches for column in watch.columns]
        self._schema = dict(_ALWAYS) | {name: types[name] for name in used if name in types}
        self.is_used = bool(used)
        self._columns = [pl.col(name).cast(dtype) for name, dtype in self._schema.items()]
        self._waiting = pl.DataFrame(schema=self._schema)
        self._added: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Let readings wait."""
        if frame.height:
            self._added.append(frame.select_seq(self._columns))

    @property
    def rows(self) -> pl.Series:
        """The rows of the devices of which readings wait, some of them several times."""
        return self._gathered()["row"]

    @property
    def has_any(self) -> bool:
        """Whether any reading waits."""
        return bool(self._added) or self._waiting.height > 0

    def take(self, until: pl.Series) -> pl.DataFrame:
        """The readings not later than a moment for each device, each device's together and in order."""
        waiting = self._gathered()
        due = waiting["ts"] <= until[waiting["row"]]
        self._waiting = waiting.filter(~due)
        return waiting.filter(due).sort("row", maintain_order=True)

    def _gathered(self) -> pl.DataFrame:
        if self._added:
            self._waiting = pl.concat([self._waiting, *self._added])
            self._added = []
        return self._waiting

    def waiting_of(self, rows: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
        """The waiting readings of some devices, for `put`."""
        found: dict[int, list[dict[str, Any]]] = {}
        if self.has_any:
            for reading in self._gathered().filter(pl.col("row").is_in(list(rows))).iter_rows(named=True):
                found.setdefault(reading["row"], []).append(
                    {name: value for name, value in reading.items() if value is not None and name != "row"}
                )
        return found

    def put(self, waiting: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
        """Put back what waited."""
        readings = [{"row": row, **reading} for row, own in waiting.items() for reading in own]
        if readings and self.is_used:
            known = [{name: reading.get(name) for name in self._schema} for reading in readings]
            self._waiting = pl.DataFrame(known, schema=self._schema)
