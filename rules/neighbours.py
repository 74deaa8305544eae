"""Devices beside the one that a test of a rule is about: its parent, its siblings, its children."""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import Struct

from devices.catalogue import kinds
from devices.registry import Device, Registry, Supply

__all__ = ["Neighbour", "registry_with"]


class Neighbour(Struct, frozen=True, forbid_unknown_fields=True):
    """`count` devices of a kind that say the same.

    By its kind one is the parent of the device under test, its child, fed by `circuit`, or its sibling.
    """

    kind: str
    count: int = 1
    circuit: str | None = None
    attributes: dict[str, float | int | bool | str] = {}
    series: dict[str, str] = {}

    def ids(self, number: int) -> Sequence[str]:
        """The ids of the devices, of the neighbour of that number in a test."""
        return [f"neighbour-{number}-{copy}" for copy in range(self.count)]


def registry_with(device: Device, neighbours: Sequence[Neighbour]) -> Registry:
    """The device under test among its neighbours.

    Raises:
        RegistryError: they cannot stand beside each other.
    """
    parent_kind = kinds()[device.kind].powered_by_kind
    listed = [
        (neighbour, one) for number, neighbour in enumerate(neighbours) for one in neighbour.ids(number)
    ]
    parents = [one for neighbour, one in listed if neighbour.kind == parent_kind]
    supply = Supply(parent=parents[0]) if parents else None
    others = [
        replace(
            device,
            id=one,
            kind=neighbour.kind,
            attributes=neighbour.attributes,
            powered_by=_supply(neighbour, device, supply),
        )
        for neighbour, one in listed
    ]
    return Registry([replace(device, powered_by=supply), *others])


def _supply(neighbour: Neighbour, device: Device, own: Supply | None) -> Supply | None:
    """What feeds a neighbour: the device under test, or what feeds that one too."""
    if kinds()[neighbour.kind].powered_by_kind == device.kind:
        return Supply(parent=device.id, circuit=neighbour.circuit)
    return own if neighbour.kind == device.kind else None
