"""Who depends on whom in a city: what a cabinet or feeder powers and what a switch connects."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from devices.registry import Device

__all__ = ["Kinship"]


class Kinship:
    """The relations of the registry, looked up from the parent's side."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._powered: defaultdict[str, list[Device]] = defaultdict(list)
        self._connected: defaultdict[str, list[Device]] = defaultdict(list)
        for device in devices:
            if device.powered_by:
                self._powered[device.powered_by.parent].append(device)
            if device.uplink:
                self._connected[device.uplink].append(device)

    def powered(self, parent: str) -> Sequence[Device]:
        """What a cabinet or feeder powers directly, in the city's order."""
        return self._powered.get(parent, ())

    def below(self, parent: str) -> Sequence[Device]:
        """Everything that speaks and loses supply or connection together with a device, at any depth."""
        found: dict[str, Device] = {}
        waiting = [parent]
        while waiting:
            name = waiting.pop()
            for child in (*self._powered.get(name, ()), *self._connected.get(name, ())):
                if child.id not in found:
                    found[child.id] = child
                    waiting.append(child.id)
        return [device for device in found.values() if not device.is_passive]
