"""Plates hidden wherever they stand in a violation, not only in the member that is named after them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from devices.plates import mask
from store.operations.records import ViolationRecord

__all__ = ["masked"]

_SEPARATORS = "[-. ]?"


def masked(violation: ViolationRecord) -> ViolationRecord:
    """The violation with its plate masked: as a member, and inside texts, however it is separated there."""
    plate = violation.plate
    if plate is None:
        return violation
    characters = [re.escape(character) for character in plate if character.isalnum()]
    pattern = re.compile(_SEPARATORS.join(characters), re.IGNORECASE)
    hidden = {
        name: _hide(getattr(violation, name), pattern) for name in ("event", "measured", "images", "why")
    }
    return replace(violation, plate=mask(plate), **hidden)


def _hide(value: Any, pattern: re.Pattern[str]) -> Any:
    if not pattern.pattern:
        return value
    if isinstance(value, str):
        return pattern.sub(lambda found: mask(found[0]), value)
    if isinstance(value, Mapping):
        return {_hide(name, pattern): _hide(member, pattern) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_hide(member, pattern) for member in value]
    return value
