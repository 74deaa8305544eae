"""What hangs on what, for management: chains of parents, and the groups whose members vouch for an asset."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.device import Device, Life
from devices.registry import Registry
from rules.management.inference import Inference, Over
from rules.rule import Relation

__all__ = ["Group", "Topology"]

_OF_CIRCUITS = frozenset({Over.CIRCUIT, Over.CIRCUIT_END})
_METRES = 111_320  # of a degree of latitude
_CENTRE = "collector"
"""The kind of what stands in the operations centre: faults of ours are put on it."""


@dataclass(frozen=True, slots=True)
class Group:
    """The devices that vouch for an asset: `rule` is inferred of it from them; `part` is a circuit, or empty.

    For all devices of a kind `part` is that kind, and the asset the collector.
    """

    rule: str
    asset: str
    part: str = ""


class Topology:
    """A registry as management reads it. Immutable, like the registry."""

    def __init__(self, registry: Registry, inferences: Iterable[Inference]) -> None:
        self.registry = registry
        self._inferences = tuple(inferences)
        self._above: dict[tuple[str, Relation], tuple[Device, ...]] = {}
        self._groups: dict[str, tuple[Group, ...]] = {}

    def above(self, device_id: str, relation: Relation) -> tuple[Device, ...]:
        """The assets that a device depends on in a relation, the nearest first."""
        key = (device_id, relation)
        if key not in self._above:
            self._above[key] = self._chain(device_id, relation)
        return self._above[key]

    def _chain(self, device_id: str, relation: Relation) -> tuple[Device, ...]:
        device = self.registry.get(device_id)
        if device is None or relation is Relation.PLATFORM:
            return ()
        if relation is Relation.SELF:
            return (device,)
        chain: list[Device] = []
        parent = _parent(device, relation)
        while parent is not None and parent in self.registry:
            chain.append(self.registry[parent])
            parent = _parent(chain[-1], relation)
        return tuple(chain)

    def groups(self, device_id: str) -> tuple[Group, ...]:
        """The groups that a device is a member of; none for one that is not expected to speak."""
        if device_id not in self._groups:
            device = self.registry.get(device_id)
            self._groups[device_id] = () if device is None else tuple(self._groups_of(device))
        return self._groups[device_id]

    def _groups_of(self, device: Device) -> list[Group]:
        if device.is_passive or device.life is not Life.IN_SERVICE:
            return []
        found: list[Group] = []
        for one in self._inferences:
            if one.over is Over.KIND:
                found += self._of_kind(one, device)
            elif one.over in _OF_CIRCUITS:
                found += self._of_circuit(one, device)
            else:
                above = self.above(device.id, Relation(one.over.value))
                found += [Group(one.id, asset.id) for asset in above if asset.kind == one.kind]
        return found

    def _of_kind(self, inference: Inference, device: Device) -> list[Group]:
        if self.centre is None or device.kind == _CENTRE:
            return []
        return [Group(inference.id, self.centre.id, device.kind)]

    def _of_circuit(self, inference: Inference, device: Device) -> list[Group]:
        supply = device.powered_by
        if supply is None or supply.circuit is None:
            return []
        parent = self.registry.get(supply.parent)
        is_meant = parent is not None and parent.kind == inference.kind
        return [Group(inference.id, supply.parent, supply.circuit)] if is_meant else []

    @cached_property
    def centre(self) -> Device | None:
        """The collector, if the registry has it."""
        return next((one for one in self.registry.values() if one.kind == _CENTRE), None)

    @cached_property
    def sizes(self) -> Mapping[Group, int]:
        """How many members each group has."""
        return Counter(group for device in self.registry for group in self.groups(device))

    def assets(self, device_id: str) -> frozenset[str]:
        """Everything that a device depends on, in any relation."""
        above = (self.above(device_id, one) for one in (Relation.POWERED_BY, Relation.UPLINK))
        return frozenset(asset.id for chain in above for asset in chain)

    def metres(self, device_id: str) -> float:
        """How far a device stands from what powers it; 0 where one of them has no position."""
        device = self.registry[device_id]
        parent = self.registry.get(device.powered_by.parent) if device.powered_by is not None else None
        if parent is None or 0.0 in (device.latitude, parent.latitude):
            return 0.0
        north = device.latitude - parent.latitude
        east = (device.longitude - parent.longitude) * math.cos(math.radians(device.latitude))
        return math.hypot(north, east) * _METRES

    def end(self, group: Group, from_m: float) -> int:
        """How many lamps of a circuit stand at least so far from its cabinet."""
        return sum(metres >= from_m for metres in self._circuits.get((group.asset, group.part), ()))

    @cached_property
    def _circuits(self) -> Mapping[tuple[str, str], list[float]]:
        found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for device in self.registry.values():
            supply = device.powered_by
            if supply is not None and supply.circuit is not None and device.life is Life.IN_SERVICE:
                found[supply.parent, supply.circuit].append(self.metres(device.id))
        return found

    @cached_property
    def below(self) -> Mapping[tuple[str, str], int]:
        """How many devices in service of a kind depend on an asset, by asset and kind."""
        return Counter(
            (asset, device.kind)
            for device in self.registry.values()
            if device.life is Life.IN_SERVICE
            for asset in self.assets(device.id)
        )

    def slowest(self, rule: str, asset: str) -> tuple[int, int]:
        """The longest interval and the longest lateness of those that vouch for an asset (ms)."""
        return self._slowest.get((rule, asset), (0, 0))

    @cached_property
    def _slowest(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for device in self.registry:
            own = (self.interval_ms(device), self.lateness_ms(device))
            for group in self.groups(device):
                interval_ms, lateness_ms = found.get((group.rule, group.asset), (0, 0))
                found[group.rule, group.asset] = (max(interval_ms, own[0]), max(lateness_ms, own[1]))
        return found

    def interval_ms(self, device_id: str) -> int:
        """How often a device reports; 0 for one that does not."""
        device = self.registry.get(device_id)
        return 0 if device is None or device.kind in PASSIVE_KINDS else round(device.interval_s * 1000)

    def lateness_ms(self, device_id: str) -> int:
        """How late readings of a device may come; 0 for one that does not report."""
        device = self.registry.get(device_id)
        kind = kinds().get(device.kind) if device is not None else None
        return 0 if kind is None else round(kind.lateness_s * 1000)


def _parent(device: Device, relation: Relation) -> str | None:
    if relation is Relation.UPLINK:
        return device.uplink
    return device.powered_by.parent if device.powered_by is not None else None
