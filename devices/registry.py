"""What the service knows about each device before it speaks: place, relations, interval and rated values."""

from collections.abc import Iterable, Iterator, Mapping

from devices.device import AttributeValue, Device, Life, Phase, Supply
from devices.errors import RegistryError
from devices.registry_checks import registry_problems

__all__ = ["AttributeValue", "Device", "Life", "Phase", "Registry", "Supply"]


class Registry(Mapping[str, Device]):
    """All devices by id, checked as a whole. Immutable: a change makes a new registry.

    Raises:
        RegistryError: naming every device that breaks a rule.
    """

    def __init__(self, devices: Iterable[Device]) -> None:
        listed = list(devices)
        problems = registry_problems(listed)
        if problems:
            raise RegistryError([f"{problem.device}: {problem.text}" for problem in problems])
        self._devices = {device.id: device for device in listed}
        self._vendor_ids = {vendor_id: device for device in listed for vendor_id in device.vendor_ids}
        self._successors = {device.replaces: device for device in listed if device.replaces is not None}

    def __getitem__(self, device_id: str) -> Device:
        return self._devices[device_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._devices)

    def __len__(self) -> int:
        return len(self._devices)

    def identified(self, vendor_id: str) -> Device | None:
        """The device that a vendor calls so (`format:identity`), or None."""
        return self._vendor_ids.get(vendor_id)

    def replacement_of(self, device_id: str) -> Device | None:
        """The device that took a retired one's place, or None."""
        return self._successors.get(device_id)

    def of_kind(self, kind: str) -> list[Device]:
        """The devices of one kind, in the order of the registry."""
        return [device for device in self._devices.values() if device.kind == kind]
