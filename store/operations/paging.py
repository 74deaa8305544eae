"""Pages of a long list, and lists of ids short enough for one statement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Page", "in_chunks"]

_T = TypeVar("_T")
_K = TypeVar("_K", int, str)
_STATEMENT_IDS = 5_000  # both databases allow more than 30 000 parameters in a statement


@dataclass(frozen=True)
class Page(Generic[_T, _K]):
    """Some rows of a list, and the key to continue after; None where the list ends here."""

    items: Sequence[_T]
    next_after: _K | None


def in_chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids in parts that fit into one statement each."""
    for start in range(0, len(ids), _STATEMENT_IDS):
        yield ids[start : start + _STATEMENT_IDS]
