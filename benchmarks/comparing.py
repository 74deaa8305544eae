"""The ledger of what the broker has acknowledged, against what the store holds."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from devices.catalogue import kinds
from simulators.load.ledger import read_ledger
from store.telemetry import Selection, TelemetryStore

__all__ = ["Compared", "compare"]

_END_MS = 2**42

Key = tuple[str, int]


class Compared(NamedTuple):
    """Messages acknowledged by the broker, how many of them the store lacks, and rows that stand twice.

    `others` are rows of devices that are not in the ledger: the collector's own readings.
    """

    acknowledged: int
    missing: int
    twice: int
    invented: int
    others: int

    def check(self) -> None:
        """Do nothing when the store holds exactly what was acknowledged.

        Raises:
            AssertionError: something is missing, stands twice, or was never said.
        """
        assert self.missing == 0, f"{self.missing} of {self.acknowledged} acknowledged messages are missing"
        assert self.twice == 0, f"{self.twice} rows stand twice"
        assert self.invented == 0, f"{self.invented} rows were never said"


def compare(ledger: Path, store: TelemetryStore) -> Compared:
    """Ledger against store, by device and number; a number is one message, whatever became of its time."""
    wanted = {(entry.device, entry.seq): entry.ts_ms for entry in read_ledger(ledger)}
    spoke = {device for device, _ in wanted}
    times: dict[Key, int | None] = {}
    rows = twice = others = 0
    for device, seq, device_ms in _stored(store):
        if device not in spoke:
            others += 1
            continue
        rows += 1
        twice += (device, seq) in times
        times[device, seq] = device_ms
    missing = sum(times.get(key) != ts_ms for key, ts_ms in wanted.items())
    invented = sum(key not in wanted for key in times)
    return Compared(len(wanted), missing, twice, invented, others)


def _stored(store: TelemetryStore) -> Iterable[tuple[str, int, int | None]]:
    """Device, sequence and the device's own time of every row."""
    for kind in kinds():
        for batch in store.export(Selection(kind=kind, from_ms=0, to_ms=_END_MS)):
            frame = batch.frame
            columns = (frame["device"], frame["seq"], frame["device_time"])
            yield from zip(*(column.to_list() for column in columns), strict=True)
