"""Query parameters that several routes share, checked before anything is looked up."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.topics import DEVICE_ID

__all__ = [
    "DEVICE_PATTERN",
    "AreaFilter",
    "DeviceFilter",
    "DeviceId",
    "KindFilter",
    "RuleFilter",
    "known_kind",
]

DEVICE_PATTERN = f"^{DEVICE_ID.pattern}$"


def known_kind(kind: str) -> str:
    """A kind of device, passive ones too.

    Raises:
        ValueError: there is none of that id.
    """
    known = [*kinds(), *sorted(PASSIVE_KINDS)]
    if kind not in known:
        raise ValueError(f"must be one of {', '.join(known)}, got {kind!r}")
    return kind


DeviceId = Annotated[str, Path(pattern=DEVICE_PATTERN, description="Id of the device")]
DeviceFilter = Annotated[str | None, Query(pattern=DEVICE_PATTERN, description="Id of a device")]
KindFilter = Annotated[
    Annotated[str, AfterValidator(known_kind)] | None, Query(max_length=64, description="Kind of device")
]
AreaFilter = Annotated[str | None, Query(pattern="^[a-z0-9-]{1,64}$", description="Slug of a current ward")]
RuleFilter = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{1,256}$", description="Id of a rule")]
