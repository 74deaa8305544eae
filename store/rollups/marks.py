"""Marks: windows whose rollup is not, or not any more, what lies below it says."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from devices.clock import Clock
from store.resolutions import Resolution

__all__ = ["Mark", "MarkBook", "OpenWindows"]


@dataclass(frozen=True, order=True)
class Mark:
    """A window of a kind to be summed up anew. `token` tells it from a later mark of the same window."""

    resolution: Resolution
    kind: str
    start_ms: int
    token: int

    @property
    def end_ms(self) -> int:
        """The end of its window, exclusive."""
        return self.start_ms + self.resolution.length_ms


class MarkBook:
    """The marks that are set, in memory, beside where they are kept durably. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[tuple[Resolution, str], dict[int, int]] = {}
        self._given = 0

    def missing(self, resolution: Resolution, kind: str, starts_ms: Iterable[int]) -> list[int]:
        """Those of the windows that have no mark yet."""
        with self._lock:
            there = self._tokens.get((resolution, kind), {})
            return [start_ms for start_ms in starts_ms if start_ms not in there]

    def set(self, resolution: Resolution, kind: str, starts_ms: Iterable[int]) -> None:
        """Mark windows, again where they have a mark."""
        with self._lock:
            there = self._tokens.setdefault((resolution, kind), {})
            self._given += 1
            there |= dict.fromkeys(starts_ms, self._given)

    def pending(self, resolution: Resolution, kind: str, from_ms: int, to_ms: int) -> list[Mark]:
        """The marks of windows that begin in [`from_ms`, `to_ms`), oldest first."""
        with self._lock:
            there = self._tokens.get((resolution, kind), {})
            found = [(start_ms, token) for start_ms, token in there.items() if from_ms <= start_ms < to_ms]
        return [Mark(resolution, kind, start_ms, token) for start_ms, token in sorted(found)]

    def unchanged(self, marks: Iterable[Mark]) -> list[Mark]:
        """Those that nobody set again since."""
        with self._lock:
            return [
                mark
                for mark in marks
                if self._tokens.get((mark.resolution, mark.kind), {}).get(mark.start_ms) == mark.token
            ]

    def clear(self, marks: Iterable[Mark]) -> None:
        """Forget marks."""
        with self._lock:
            for mark in marks:
                self._tokens.get((mark.resolution, mark.kind), {}).pop(mark.start_ms, None)


class OpenWindows:
    """The minutes that we have marked and that are not over: nobody sums them up yet, so one mark is enough.

    Without a clock that goes as the keeper's does (a simulation's is another) every write marks anew. The
    keeper waits for a while after a window's end; by that much clocks may differ. Any thread may use it.
    """

    def __init__(self, clock: Clock | None) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._marked: dict[str, set[int]] = {}

    def unmarked(self, kind: str, starts_ms: Iterable[int]) -> list[int]:
        """The minutes that need a mark, to be asked when what is new in them can be read."""
        with self._lock:
            open_ = self._still_open(self._marked.get(kind, ()))
            self._marked[kind] = open_
            return [start_ms for start_ms in starts_ms if start_ms not in open_]

    def note(self, kind: str, starts_ms: Iterable[int]) -> None:
        """Take note that these minutes have marks, durably."""
        with self._lock:
            self._marked.setdefault(kind, set()).update(self._still_open(starts_ms))

    def _still_open(self, starts_ms: Iterable[int]) -> set[int]:
        if self._clock is None:
            return set()
        over_ms = self._clock.now_ms() - Resolution.MINUTE.length_ms
        return {start_ms for start_ms in starts_ms if start_ms > over_ms}
