"""What the processes of a load show each other: a few numbers in shared memory, without locks."""

import time
from multiprocessing.context import SpawnContext
from typing import NamedTuple

from simulators.load.process import Progress

__all__ = ["Board", "LoadCounts"]

_COLUMNS = 6
_READY, _SENT, _ACKNOWLEDGED, _REFUSED, _RECONNECTIONS, _ENDED_NS = range(_COLUMNS)


class LoadCounts(NamedTuple):
    """Messages sent, acknowledged and refused, and connections made anew, of all processes together."""

    sent: int
    acknowledged: int
    refused: int
    reconnections: int


class Board:
    """One row of numbers for each process, which that process alone writes, and two flags of the parent."""

    def __init__(self, context: SpawnContext, processes: int) -> None:
        self._processes = processes
        self._rows = context.RawArray("Q", processes * _COLUMNS)
        self._flags = context.RawArray("Q", 2)

    def begin(self) -> None:
        """Let all begin; the moment is noted."""
        self._flags[0] = time.monotonic_ns()

    def end(self) -> None:
        """Let all end."""
        self._flags[1] = 1

    @property
    def has_begun(self) -> bool:
        """Whether all may begin."""
        return bool(self._flags[0])

    @property
    def is_over(self) -> bool:
        """Whether all shall end."""
        return bool(self._flags[1])

    @property
    def all_ready(self) -> bool:
        """Whether every process has connected."""
        return all(self._rows[_READY::_COLUMNS])

    @property
    def elapsed_s(self) -> float:
        """Seconds from the beginning to the end of the last process, or to now while one is at work."""
        ended_ns = self._rows[_ENDED_NS::_COLUMNS]
        last_ns = max(ended_ns) if all(ended_ns) else time.monotonic_ns()
        return (last_ns - self._flags[0]) / 1e9 if self._flags[0] else 0.0

    @property
    def counts(self) -> LoadCounts:
        """The sums."""
        columns = (_SENT, _ACKNOWLEDGED, _REFUSED, _RECONNECTIONS)
        return LoadCounts(*(sum(self._rows[column::_COLUMNS]) for column in columns))

    def ready(self, process: int) -> None:
        """A process has connected."""
        self._rows[process * _COLUMNS + _READY] = 1

    def ended(self, process: int) -> None:
        """A process has done its part."""
        self._rows[process * _COLUMNS + _ENDED_NS] = time.monotonic_ns()

    def show(self, process: int, progress: Progress) -> None:
        """What a process has done so far."""
        row = process * _COLUMNS
        self._rows[row + _SENT] = progress.sent
        self._rows[row + _ACKNOWLEDGED] = progress.acknowledged
        self._rows[row + _REFUSED] = progress.refused
        self._rows[row + _RECONNECTIONS] = progress.reconnections
