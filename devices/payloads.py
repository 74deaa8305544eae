"""Typed native payloads: one msgspec Struct for each kind's readings, one for events, one for statuses.

The Structs check types and physical ranges in C while they decode.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from devices.catalogue import kinds
from devices.description import Field

__all__ = ["DeviceTime", "EventPayload", "Image", "StatusPayload", "Vehicle", "reading_type"]

_INT64 = 2**63
_TEXT_LIMIT = 256
_EPOCH_LIMIT_MS = 253_402_300_799_999  # 9999-12-31, the last moment datetime can express

DeviceTime = Annotated[datetime, Meta(tz=True)] | Annotated[int, Meta(ge=0, le=_EPOCH_LIMIT_MS)]
"""A device's own time: RFC 3339 with an offset, or milliseconds since the epoch."""

_Text = Annotated[str, Meta(max_length=_TEXT_LIMIT)]


def _field_type(field: Field) -> Any:
    """The annotation that makes msgspec check a field; absent is None."""
    if field.value == "bool":
        return bool | None
    if field.value == "text":
        return (Literal[field.choices] if field.choices else _Text) | None
    if field.value == "float":
        return Annotated[float, Meta(ge=field.low, le=field.high)] | None
    # JSON's integers have no end, a column's do.
    low = -_INT64 if field.low is None else int(field.low)
    high = _INT64 - 1 if field.high is None else int(field.high)
    return Annotated[int, Meta(ge=low, le=high)] | None


@cache
def reading_type(kind_id: str) -> type[Struct]:
    """The Struct of one kind's readings: `ts`, `seq`, `device` and the kind's fields, all optional.

    It forbids unknown fields, so that the common case costs nothing and the rare one can be counted.
    """
    kind = kinds()[kind_id]
    return msgspec.defstruct(
        f"Reading_{kind.table}",
        [
            ("ts", DeviceTime | None, None),
            ("seq", Annotated[int, Meta(ge=0, le=2**63 - 1)] | None, None),
            ("device", str | None, None),
            *((field.name, _field_type(field), None) for field in kind.fields),
        ],
        forbid_unknown_fields=True,
        omit_defaults=True,
        frozen=True,
        gc=False,
    )


class Vehicle(Struct, frozen=True, kw_only=True, rename={"vehicle_class": "class"}):
    """One vehicle of a passage, as the camera saw it; absent is unknown.

    Confidences are 0 to 1, speed is km/h, `riders` counts people on a two-wheeler.
    """

    vehicle_class: _Text | None = None
    plate: Annotated[str, Meta(max_length=32)] | None = None
    plate_confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    plate_colour: _Text | None = None
    colour: _Text | None = None
    speed_kmh: Annotated[float, Meta(ge=0, le=400)] | None = None
    helmet: bool | None = None
    riders: Annotated[int, Meta(ge=0, le=20)] | None = None


class Image(Struct, frozen=True, kw_only=True):
    """A reference to one picture of a passage; the bytes stay where the camera put them."""

    role: Literal["before", "line", "past", "plate", "overview"]
    url: Annotated[str, Meta(max_length=2048)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


class EventPayload(Struct, frozen=True, kw_only=True):
    """Something that happened once. Which members are set depends on `type`."""

    type: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,63}$")]
    id: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    ts: DeviceTime | None = None
    device: str | None = None
    lane: Annotated[int, Meta(ge=0, le=64)] | None = None
    direction: Literal["forward", "reverse"] | None = None
    signal: Literal["red", "amber", "green", "off"] | None = None
    red_elapsed_s: Annotated[float, Meta(ge=0, le=3600)] | None = None
    vehicles: Annotated[Sequence[Vehicle], Meta(max_length=32)] = ()
    images: Annotated[Sequence[Image], Meta(max_length=16)] = ()
    programme: _Text | None = None
    source: _Text | None = None
    phase: Literal["started", "ended"] | None = None
    result: _Text | None = None
    detail: Annotated[str, Meta(max_length=2048)] | None = None


class StatusPayload(Struct, frozen=True):
    """What a device's retained status and its will say."""

    state: Literal["online", "offline"]
