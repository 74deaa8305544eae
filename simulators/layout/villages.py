"""Village houses: each with public Wi-Fi, a cluster of loudspeakers, or both."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from devices.catalogue import kinds
from devices.registry import AttributeValue, Device, Supply
from simulators.layout.geometry import Point
from simulators.layout.network import Network
from simulators.layout.site import Site, Unit

__all__ = ["lay_out_villages"]

_REACH_M = 700.0
_CAPACITIES_COUNT = (50, 64, 100, 128)
_SPEAKER_RATED_W = (60.0, 100.0)


@dataclass(frozen=True)
class _House:
    """A village house: where it stands and what it is called."""

    unit: Unit
    name: str
    place: Point


def lay_out_villages(
    site: Site, network: Network, access_points: int, loudspeakers: int
) -> tuple[Sequence[Device], Sequence[Device]]:
    """That many access points and loudspeakers on village houses of all units in turn."""
    houses = [_house(site, number) for number in range(max(access_points, loudspeakers))]
    wifi = [_access_point(site, network, houses[number], number) for number in range(access_points)]
    speakers = [_loudspeaker(site, network, houses[number], number) for number in range(loudspeakers)]
    return wifi, speakers


def _house(site: Site, number: int) -> _House:
    unit = site.unit(number)
    turn = number // len(site.units)
    villages = unit.names.villages
    # More houses than names: the second round of a village is its second house.
    again = f" {turn // len(villages) + 1}" if turn >= len(villages) else ""
    name = f"Nhà văn hoá {unit.village_word} {villages[turn % len(villages)]}{again}"
    return _House(unit, name, unit.near_centre(site.random("house", number), _REACH_M))


def _access_point(site: Site, network: Network, house: _House, number: int) -> Device:
    capacity = site.random("wifi", number).choice(_CAPACITIES_COUNT)
    return _on_house(
        site.id("W", number + 1, 3),
        "wifi-ap",
        network,
        house,
        {"client_capacity_count": capacity},
        title="Wi-Fi",
    )


def _loudspeaker(site: Site, network: Network, house: _House, number: int) -> Device:
    rated_w = site.random("speaker", number).choice(_SPEAKER_RATED_W)
    return _on_house(
        site.id("S", number + 1, 3), "loudspeaker", network, house, {"rated_w": rated_w}, title="Cụm loa"
    )


def _on_house(
    device_id: str,
    kind: str,
    network: Network,
    house: _House,
    attributes: dict[str, AttributeValue],
    *,
    title: str,
) -> Device:
    return Device(
        id=device_id,
        kind=kind,
        area=house.unit.area,
        name=f"{title} {house.name}",
        area_legacy=house.unit.legacy_name,
        latitude=house.place.latitude,
        longitude=house.place.longitude,
        powered_by=Supply(parent=network.feeder(house.unit)),
        uplink=network.switch(house.unit),
        interval_s=kinds()[kind].interval_s,
        attributes=MappingProxyType(attributes),
    )
