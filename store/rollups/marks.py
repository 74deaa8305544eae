"""Marks: windows whose rollup is not, or not any more, what lies below it says."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from store.resolutions import Resolution

__all__ = ["Mark", "MarkBook"]


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
