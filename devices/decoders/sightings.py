"""What the decoders of cameras share: words and plates as firmwares write them, made ours or left out."""

from collections.abc import Mapping
from typing import Any

from devices.catalogue import kinds
from devices.registry import Device

__all__ = ["named_class", "plate_text", "positive", "stream_state", "word"]

_UNKNOWN_WORDS = frozenset({"", "unknown", "unknow", "none", "null"})  # codespell:ignore unknow
_NO_PLATE = _UNKNOWN_WORDS | {"noplate", "no plate", "no_plate", "unlicensed"}


def word(value: object) -> str | None:
    """A word in lower case; None for the many ways to say that it is unknown."""
    if not isinstance(value, str) or value.strip().lower() in _UNKNOWN_WORDS:
        return None
    return value.strip().lower()


def plate_text(value: object) -> str | None:
    """The text of a plate as it was read; None where none was."""
    if not isinstance(value, str) or value.strip().lower() in _NO_PLATE:
        return None
    return value.strip()


def named_class(value: object, classes: Mapping[str, str]) -> str | None:
    """Our class of vehicle for a vendor's word: `other` for one that the table lacks, None for unknown."""
    known = word(value)
    return None if known is None else classes.get(known, "other")


def stream_state(device: Device, *, is_lost: bool | None) -> dict[str, Any]:
    """What a lost picture says of the stream, for kinds that have one; nothing where it is unknown."""
    has_stream = "stream_up" in kinds()[device.kind].by_name
    return {"stream_up": not is_lost} if has_stream and is_lost is not None else {}


def positive(value: object) -> float | None:
    """A number above zero; None for the zero that means unknown, and for what is no number.

    What no float holds becomes infinity, which no field's range allows.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if value > 0 else None
    except OverflowError:
        return float("inf")
