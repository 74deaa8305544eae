"""The rules that a registry keeps as a whole, and what breaks them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.columns import AREA_SLUG
from devices.device import Device, Life
from devices.topics import DEVICE_ID

__all__ = ["DeviceProblem", "registry_problems"]

_AREA_CODE = re.compile(r"[a-z0-9-]+:[^\s:]+")
_VENDOR_ID = re.compile(r"[a-z0-9-]+:\S+")


@dataclass(frozen=True)
class DeviceProblem:
    """A rule that a device breaks: the column at fault, and the rule with the value seen."""

    device: str
    column: str
    text: str


def registry_problems(devices: Sequence[Device]) -> list[DeviceProblem]:
    """What is wrong with these devices as one registry; nothing where they may be one."""
    by_id = {device.id: device for device in devices}
    return [
        *(problem for device in devices for problem in _alone(device)),
        *_double_ids(devices),
        *_shared_vendor_ids(devices),
        *(problem for device in devices for problem in _wrong_relations(device, by_id)),
        *_double_replacements(devices),
        *_circles(by_id),
    ]


def _alone(device: Device) -> Iterator[DeviceProblem]:
    """What is wrong with one device whatever the others are."""
    if not DEVICE_ID.fullmatch(device.id):
        yield DeviceProblem(device.id, "id", f"an id is 1 to 64 of A-Z a-z 0-9 _ -, got {device.id!r}")
    if device.kind not in kinds() and not device.is_passive:
        known = ", ".join([*kinds(), *sorted(PASSIVE_KINDS)])
        yield DeviceProblem(device.id, "kind", f"unknown kind {device.kind!r}; known: {known}")
    if not device.area:
        yield DeviceProblem(device.id, "area", "the area is missing")
    elif not AREA_SLUG.fullmatch(device.area):
        yield DeviceProblem(
            device.id, "area", f"an area is the slug of a ward, such as tam-ky, got {device.area!r}"
        )
    yield from _wrong_numbers(device)
    yield from _wrong_names(device)
    yield from _missing_attributes(device)


def _wrong_numbers(device: Device) -> Iterator[DeviceProblem]:
    for column, value, most in (("latitude", device.latitude, 90), ("longitude", device.longitude, 180)):
        if not -most <= value <= most:
            yield DeviceProblem(device.id, column, f"the position is not on the globe: {column} {value!r}")
    if device.interval_s <= 0:
        yield DeviceProblem(
            device.id, "interval_s", f"the interval must be positive seconds, got {device.interval_s!r}"
        )
    if device.people_served is not None and device.people_served < 0:
        yield DeviceProblem(
            device.id, "people_served", f"people served cannot be below 0, got {device.people_served!r}"
        )


def _wrong_names(device: Device) -> Iterator[DeviceProblem]:
    for vendor_id in device.vendor_ids:
        if not _VENDOR_ID.fullmatch(vendor_id):
            yield DeviceProblem(
                device.id, "vendor_ids", f"a vendor id is format:identity without spaces, got {vendor_id!r}"
            )
    for code in device.area_codes:
        if not _AREA_CODE.fullmatch(code):
            yield DeviceProblem(
                device.id, "area_codes", f"a code is scheme:code, such as gso-2025:20341, got {code!r}"
            )
    schemes = Counter(code.partition(":")[0] for code in device.area_codes)
    for scheme in (scheme for scheme, count in schemes.items() if count > 1):
        yield DeviceProblem(
            device.id, "area_codes", f"the scheme {scheme!r} gives one area one code, got two"
        )


def _missing_attributes(device: Device) -> Iterator[DeviceProblem]:
    kind = kinds().get(device.kind)
    for attribute in kind.attributes if kind else ():
        if attribute.required and attribute.name not in device.attributes:
            yield DeviceProblem(
                device.id, attribute.name, f"a {device.kind} needs {attribute.name} ({attribute.label.en})"
            )


def _double_ids(devices: Iterable[Device]) -> Iterator[DeviceProblem]:
    seen: set[str] = set()
    for device in devices:
        if device.id in seen:
            yield DeviceProblem(device.id, "id", "the id is used twice")
        seen.add(device.id)


def _shared_vendor_ids(devices: Iterable[Device]) -> Iterator[DeviceProblem]:
    owners: dict[str, Device] = {}
    for device in devices:
        for vendor_id in device.vendor_ids:
            owner = owners.setdefault(vendor_id, device)
            if owner is not device:
                yield DeviceProblem(
                    device.id, "vendor_ids", f"the vendor id {vendor_id!r} is also that of {owner.id}"
                )


def _wrong_relations(device: Device, devices: Mapping[str, Device]) -> Iterator[DeviceProblem]:
    """Parents and predecessors that do not exist or cannot be."""
    power = device.powered_by.parent if device.powered_by else None
    for column, parent in (("powered_by", power), ("uplink", device.uplink)):
        if parent is not None and parent not in devices:
            yield DeviceProblem(
                device.id, column, f"names the parent {parent!r}, which is not in the registry"
            )
    if device.replaces is None:
        return
    replaced = devices.get(device.replaces)
    if replaced is None:
        problem = "which is not in the registry: a replaced device stays there, retired"
    elif replaced is device:
        problem = "which is itself"
    elif replaced.kind != device.kind:
        problem = f"which is a {replaced.kind} and not a {device.kind}"
    elif replaced.life is not Life.RETIRED:
        problem = f"which is {replaced.life} and not retired"
    else:
        return
    yield DeviceProblem(device.id, "replaces", f"replaces {device.replaces!r}, {problem}")


def _double_replacements(devices: Iterable[Device]) -> Iterator[DeviceProblem]:
    successors: dict[str, str] = {}
    for device in devices:
        if device.replaces is not None:
            first = successors.setdefault(device.replaces, device.id)
            if first != device.id:
                yield DeviceProblem(
                    device.id, "replaces", f"replaces {device.replaces!r}, which {first} replaced already"
                )


def _circles(devices: Mapping[str, Device]) -> Iterator[DeviceProblem]:
    safe: set[str] = set()
    for start in devices:
        yield from _circle(start, devices, safe)


def _circle(start: str, devices: Mapping[str, Device], safe: set[str]) -> Iterator[DeviceProblem]:
    """A problem if following parents from here returns here; adds what it proved harmless to `safe`."""
    stack: list[tuple[str, bool]] = [(start, False)]
    path: dict[str, None] = {}
    while stack:
        current, leaving = stack.pop()
        if leaving:
            del path[current]
            safe.add(current)
        elif current in path:
            way = " -> ".join([*path, current])
            column = "uplink" if devices[current].uplink in path else "powered_by"
            yield DeviceProblem(current, column, f"depends on itself through {way}")
            return
        elif current not in safe and current in devices:
            path[current] = None
            stack.append((current, True))
            stack += [(parent, False) for parent in devices[current].parents]
