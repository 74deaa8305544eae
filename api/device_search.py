"""Finding devices in the registry."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.parameters import AreaFilter, KindFilter
from api.places import Place, WithPlace
from api.roles import Caller
from devices.registry import Device, Life, Registry

__all__ = ["DeviceSearch", "Search"]

TextFilter = Annotated[
    str | None,
    Query(max_length=100, description="A part of the id, name, street, ward, ward before 2025, or code"),
]
LifeFilter = Annotated[Life | None, Query(description="Where it stands in its life")]


@dataclass(frozen=True, kw_only=True)
class DeviceSearch:
    """What is asked of devices; None asks for all."""

    kind: str | None
    area: str | None
    text: str | None
    life: Life | None
    place: Place

    def found(self, registry: Registry, caller: Caller, after: str = "") -> list[Device]:
        """The devices that the caller may see and that fit, by id, those behind an id."""
        needle = (self.text or "").casefold()
        found = [
            device
            for device in registry.values()
            if device.id > after and self._fits(device) and caller.sees(device.area, device.kind)
        ]
        found = [device for device in found if needle in _searched(device)] if needle else found
        return sorted(found, key=lambda device: device.id)

    def _fits(self, device: Device) -> bool:
        is_asked = (
            self.kind in (None, device.kind)
            and self.area in (None, device.area)
            and self.life in (None, device.life)
        )
        return is_asked and self.place.holds(device.longitude, device.latitude)


def _search(
    place: WithPlace,
    kind: KindFilter = None,
    area: AreaFilter = None,
    text: TextFilter = None,
    life: LifeFilter = None,
) -> DeviceSearch:
    return DeviceSearch(kind=kind, area=area, text=text, life=life, place=place)


def _searched(device: Device) -> str:
    names = (device.id, device.name, device.street, device.area_name, device.area_legacy, *device.area_codes)
    return "\n".join(names).casefold()


Search = Annotated[DeviceSearch, Depends(_search)]
"""What a request asks of devices."""
