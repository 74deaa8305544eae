"""One device or passive asset as the registry knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from devices.catalogue import PASSIVE_KINDS

__all__ = ["AttributeValue", "Device", "Life", "Phase", "Supply"]

AttributeValue = float | int | bool | str


class Life(StrEnum):
    """Where a device stands in its life; only those in service are expected to speak."""

    PLANNED = "planned"
    COMMISSIONING = "commissioning"
    IN_SERVICE = "in-service"
    OUT_OF_SERVICE = "out-of-service"
    RETIRED = "retired"


class Phase(StrEnum):
    """The phase of a three-phase supply that feeds a device."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


@dataclass(frozen=True, kw_only=True)
class Supply:
    """What powers a device: the parent's id and, for a lamp, the circuit and phase in its cabinet."""

    parent: str
    circuit: str | None = None
    phase: Phase | None = None


@dataclass(frozen=True, kw_only=True)
class Device:
    """One device or passive asset.

    `area` is the slug of the current ward and `area_name` its name, `area_legacy` the name of the ward before
    July 2025; `area_codes` are official codes with their scheme, such as `gso-2025:20341`, one a scheme.
    Latitude and longitude are WGS84 degrees. `interval_s` is how often it is expected to report. `life_since`
    is the day since which it stands there in its life; `replaces` names the retired device whose place it
    took. `vendor_ids` are the names under which a vendor's messages speak of it, each `format:identity`, such
    as `tasmota:lamp-17` or `chirpstack:0101010101010101`.
    """

    id: str
    kind: str
    area: str
    name: str = ""
    area_name: str = ""
    area_legacy: str = ""
    area_codes: tuple[str, ...] = ()
    street: str = ""
    latitude: float = 0.0
    longitude: float = 0.0
    powered_by: Supply | None = None
    uplink: str | None = None
    interval_s: float = 300.0
    life: Life = Life.IN_SERVICE
    life_since: date | None = None
    replaces: str | None = None
    people_served: int | None = None
    vendor_ids: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_passive(self) -> bool:
        """Whether the asset has no telemetry of its own."""
        return self.kind in PASSIVE_KINDS

    @property
    def parents(self) -> tuple[str, ...]:
        """Ids of what it depends on, power first."""
        power = (self.powered_by.parent,) if self.powered_by else ()
        return power + ((self.uplink,) if self.uplink else ())
