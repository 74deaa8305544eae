"""Known plates hidden wherever they stand in a value, however they are separated there."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from devices.plates import mask

__all__ = ["hide", "pattern_of", "stands_in"]

_SEPARATORS = r"[-. _]?"


def pattern_of(plate: str) -> re.Pattern[str] | None:
    """What finds a plate in a text, with any separators in it; None for a plate without a letter or digit."""
    spelled = _spelled(plate)
    return re.compile(spelled, re.IGNORECASE) if spelled else None


def stands_in(value: Any, plate: str) -> bool:
    """Whether a value of JSON speaks of a plate, and not of a longer one that begins or ends like it."""
    spelled = _spelled(plate)
    # An underscore separates: names of files are made with it.
    alone = re.compile(rf"(?<![^\W_]){spelled}(?![^\W_])", re.IGNORECASE)
    return bool(spelled) and _hide(value, [alone], lambda _found: "") != value


def _spelled(plate: str) -> str:
    return _SEPARATORS.join(re.escape(character) for character in plate if character.isalnum())


def hide(value: Any, plates: Iterable[str | None], instead: Callable[[str], str] = mask) -> Any:
    """A value of JSON with these plates masked, or replaced by what `instead` makes of them."""
    found = {pattern_of(plate) for plate in plates if plate}
    return _hide(value, [pattern for pattern in found if pattern is not None], instead)


def _hide(value: Any, patterns: Sequence[re.Pattern[str]], instead: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        for pattern in patterns:
            value = pattern.sub(lambda found: instead(found[0]), value)
        return value
    if isinstance(value, Mapping):
        return {
            _hide(name, patterns, instead): _hide(member, patterns, instead) for name, member in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_hide(member, patterns, instead) for member in value]
    return value
