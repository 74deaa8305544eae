"""One thing that was looked at, and what is to be done about it."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Level", "bad", "good", "note"]


class Level(StrEnum):
    """`bad`: something must be mended. `note`: worth knowing."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was seen in one place; `to_do` is empty where nothing is to be done."""

    place: str
    level: Level
    seen: str
    to_do: str = ""


def good(place: str, seen: str) -> Finding:
    """A finding that needs nobody."""
    return Finding(place=place, level=Level.GOOD, seen=seen)


def note(place: str, seen: str, to_do: str = "") -> Finding:
    """A finding that is worth knowing."""
    return Finding(place=place, level=Level.NOTE, seen=seen, to_do=to_do)


def bad(place: str, seen: str, to_do: str) -> Finding:
    """A finding that must be mended."""
    return Finding(place=place, level=Level.BAD, seen=seen, to_do=to_do)
