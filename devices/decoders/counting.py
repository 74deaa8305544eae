"""Counting names that others make up, without letting them fill the memory."""

from collections import Counter

__all__ = ["NameCounts"]

_NAMES_KEPT = 1_000
_LONGEST_NAME = 64


class NameCounts:
    """How often each pair of names was met; beyond a thousand pairs the second name counts as `other`."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, group: str, name: str) -> None:
        """Count a pair once."""
        key = (group, name[:_LONGEST_NAME])
        self._counts[key if key in self._counts or len(self._counts) < _NAMES_KEPT else (group, "other")] += 1

    def as_dict(self) -> dict[tuple[str, str], int]:
        """The counts by pair."""
        return dict(self._counts)
