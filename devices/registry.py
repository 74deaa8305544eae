"""What the service knows about each device before it speaks: place, relations, interval and rated values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.errors import RegistryError
from devices.topics import DEVICE_ID

__all__ = ["Device", "Life", "Phase", "Registry", "Supply"]

_VENDOR_ID = re.compile(r"[a-z0-9-]+:\S+")
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

    `area` is the slug of the current ward; `area_legacy` the name of the ward before July 2025.
    Latitude and longitude are WGS84 degrees. `interval_s` is how often it is expected to report. `vendor_ids`
    are the names under which a vendor's messages speak of it, each `format:identity`, such as
    `tasmota:lamp-17` or `chirpstack:0101010101010101`.
    """

    id: str
    kind: str
    area: str
    name: str = ""
    area_legacy: str = ""
    street: str = ""
    latitude: float = 0.0
    longitude: float = 0.0
    powered_by: Supply | None = None
    uplink: str | None = None
    interval_s: float = 300.0
    life: Life = Life.IN_SERVICE
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


class Registry(Mapping[str, Device]):
    """All devices by id, checked as a whole. Immutable: a change makes a new registry.

    Raises:
        RegistryError: naming every device that breaks a rule.
    """

    def __init__(self, devices: Iterable[Device]) -> None:
        listed = list(devices)
        self._devices = {device.id: device for device in listed}
        problems = [f"{d.id}: {problem}" for d in listed for problem in _problems_of(d)]
        problems += _double_ids(listed)
        self._vendor_ids = {vendor_id: device for device in listed for vendor_id in device.vendor_ids}
        problems += _shared_vendor_ids(listed, self._vendor_ids)
        problems += _broken_relations(self._devices)
        if problems:
            raise RegistryError(problems)

    def __getitem__(self, device_id: str) -> Device:
        return self._devices[device_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._devices)

    def __len__(self) -> int:
        return len(self._devices)

    def identified(self, vendor_id: str) -> Device | None:
        """The device that a vendor calls so (`format:identity`), or None."""
        return self._vendor_ids.get(vendor_id)

    def of_kind(self, kind: str) -> list[Device]:
        """The devices of one kind, in the order of the registry."""
        return [device for device in self._devices.values() if device.kind == kind]


def _problems_of(device: Device) -> Iterator[str]:
    """What is wrong with one device taken alone."""
    if not DEVICE_ID.fullmatch(device.id):
        yield f"an id is 1 to 64 of A-Z a-z 0-9 _ -, got {device.id!r}"
    if device.kind not in kinds() and not device.is_passive:
        yield f"unknown kind {device.kind!r}; known: {', '.join([*kinds(), *sorted(PASSIVE_KINDS)])}"
    if not device.area:
        yield "the area is missing"
    if not (-90 <= device.latitude <= 90 and -180 <= device.longitude <= 180):  # noqa: PLR2004 - degrees of the globe
        yield f"the position is not on the globe: {device.latitude}, {device.longitude}"
    if device.interval_s <= 0:
        yield f"the interval must be positive seconds, got {device.interval_s!r}"
    yield from _wrong_vendor_ids(device)
    yield from _missing_attributes(device)


def _wrong_vendor_ids(device: Device) -> Iterator[str]:
    for vendor_id in device.vendor_ids:
        if not _VENDOR_ID.fullmatch(vendor_id):
            yield f"a vendor id is format:identity without spaces, got {vendor_id!r}"


def _missing_attributes(device: Device) -> Iterator[str]:
    kind = kinds().get(device.kind)
    for attribute in kind.attributes if kind else ():
        if attribute.required and attribute.name not in device.attributes:
            yield f"a {device.kind} needs {attribute.name} ({attribute.label.en})"


def _shared_vendor_ids(listed: list[Device], owners: Mapping[str, Device]) -> list[str]:
    return [
        f"{device.id}: the vendor id {vendor_id!r} is also that of {owners[vendor_id].id}"
        for device in listed
        for vendor_id in device.vendor_ids
        if owners[vendor_id] is not device
    ]


def _double_ids(listed: list[Device]) -> list[str]:
    seen: set[str] = set()
    double: list[str] = []
    for device in listed:
        if device.id in seen:
            double.append(f"{device.id}: the id is used twice")
        seen.add(device.id)
    return double


def _broken_relations(devices: Mapping[str, Device]) -> list[str]:
    """Parents that do not exist, and circles."""
    problems = [
        f"{device.id}: names the parent {parent!r}, which is not in the registry"
        for device in devices.values()
        for parent in device.parents
        if parent not in devices
    ]
    safe: set[str] = set()
    for start in devices:
        problems += _circle(start, devices, safe)
    return problems


def _circle(device_id: str, devices: Mapping[str, Device], safe: set[str]) -> list[str]:
    """A sentence if following parents from here returns here; adds what it proved harmless to `safe`."""
    stack: list[tuple[str, bool]] = [(device_id, False)]
    path: dict[str, None] = {}
    while stack:
        current, leaving = stack.pop()
        if leaving:
            del path[current]
            safe.add(current)
        elif current in path:
            return [f"{current}: depends on itself through {' -> '.join([*path, current])}"]
        elif current not in safe and current in devices:
            path[current] = None
            stack.append((current, True))
            stack += [(parent, False) for parent in devices[current].parents]
    return []
