"""Splitting a city over several collectors: by area, and only where no relation and no section is cut."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from devices.entities.road_sections import RoadSection
from devices.plans import Programme
from devices.registry import Device, Registry

__all__ = ["cuts", "relations_across", "sections_across", "watched_in"]


def cuts(
    registry: Registry, programmes: Iterable[Programme], areas: Collection[str], now_ms: int
) -> list[str]:
    """All that a collector of these areas would cut, in words."""
    return [*relations_across(registry, areas), *sections_across(registry, programmes, areas, now_ms)]


def relations_across(registry: Registry, areas: Collection[str]) -> list[str]:
    """What depends on something of another collector's, in words; `areas` empty is the whole city.

    A lamp and its cabinet must meet in one detector, or the loss of a phase is not seen as what it is.
    """
    if not areas:
        return []
    return [
        f"{device.id} (area {device.area}) is {how} {other.id} (area {other.area}), and only one of these"
        " areas is this collector's"
        for device in registry.values()
        for how, other in _related(registry, device)
        if (device.area in areas) != (other.area in areas)
    ]


def sections_across(
    registry: Registry, programmes: Iterable[Programme], areas: Collection[str], now_ms: int
) -> list[str]:
    """The sections of road, of today or later, of which one camera is another collector's, in words.

    Plates are joined in one collector's memory: nobody would ever drive through such a section. `areas` empty
    is the whole city. A section that ended is named until the day is over in UTC too.
    """
    if not areas:
        return []
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    lasting = (
        one
        for one in programmes
        if isinstance(one, RoadSection) and (one.valid_to is None or one.valid_to >= today)
    )
    cut = ((section, *_ends(registry, section)) for section in lasting)
    return [
        f"the section {section.id} begins at {begin.id} (area {begin.area}) and ends at {end.id}"
        f" (area {end.area}), and only one of these areas is this collector's"
        for section, begin, end in cut
        if begin is not None and end is not None and (begin.area in areas) != (end.area in areas)
    ]


def watched_in(registry: Registry, areas: Collection[str]) -> Registry:
    """The devices that a collector of these areas watches, with whatever they depend on."""
    if not areas:
        return registry
    wanted: dict[str, Device] = {}
    waiting = [device for device in registry.values() if device.area in areas]
    while waiting:
        device = waiting.pop()
        if device.id not in wanted:
            wanted[device.id] = device
            waiting += [other for _, other in _related(registry, device)]
            if device.replaces is not None and device.replaces in registry:
                waiting.append(registry[device.replaces])
    return Registry(device for device in registry.values() if device.id in wanted)


def _related(registry: Registry, device: Device) -> Iterator[tuple[str, Device]]:
    supply = device.powered_by
    if supply is not None and supply.parent in registry:
        yield "powered by", registry[supply.parent]
    if device.uplink is not None and device.uplink in registry:
        yield "linked to", registry[device.uplink]


def _ends(registry: Registry, section: RoadSection) -> tuple[Device | None, Device | None]:
    """The cameras of a section; None for one that the registry does not know."""
    return registry.get(section.from_device), registry.get(section.to_device)
