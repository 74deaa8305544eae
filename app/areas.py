"""Splitting a city over several collectors: by area, and only where no relation is cut."""

from collections.abc import Collection, Iterator

from devices.registry import Device, Registry

__all__ = ["relations_across", "watched_in"]


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
