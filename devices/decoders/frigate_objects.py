"""What Frigate's messages told of an object before its track ended: that it exists, and its plate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devices.decoders.sightings import plate_text

__all__ = ["Plate", "SeenObjects", "plate_of"]

_OBJECTS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate as it was read, and how sure the reader is, 0 to 1 or unknown."""

    text: str
    score: float | None


@dataclass(slots=True)
class _Object:
    plate: Plate | None = None
    has_ended: bool = False


class SeenObjects:
    """The objects by id; what was begun longest ago is forgotten where there is no room."""

    def __init__(self) -> None:
        self._objects: dict[str, _Object] = {}

    def tracked(self, object_id: str) -> None:
        """An object is being tracked: its plate will be told of again when the track ends."""
        self._of(object_id)

    def ended(self, object_id: str) -> Plate | None:
        """The plate that was read while the object was tracked; nothing more will be taken for it."""
        seen = self._of(object_id)
        seen.has_ended = True
        return seen.plate

    def read(self, object_id: str, plate: Plate) -> bool:
        """Keep the surest plate until the track ends; false for an object of which nothing else is said."""
        seen = self._objects.get(object_id)
        if seen is None:
            return False
        if seen.plate is None or (plate.score or 0) >= (seen.plate.score or 0):
            seen.plate = plate
        return True

    def _of(self, object_id: str) -> _Object:
        seen = self._objects.get(object_id)
        if seen is None:
            if len(self._objects) >= _OBJECTS_KEPT:
                del self._objects[next(iter(self._objects))]
            seen = self._objects[object_id] = _Object()
        return seen


def plate_of(seen: Mapping[str, Any], name: str) -> Plate | None:
    """The plate under that name with its score, a pair in some versions and two members in others."""
    text, score = seen.get(name), seen.get(f"{name}_score", seen.get("score"))
    if isinstance(text, list):
        text, score = (*text, None, None)[:2]
    plate = plate_text(text)
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    return None if plate is None else Plate(plate, score if is_number else None)
