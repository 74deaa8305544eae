"""Lamps along streets under their cabinets."""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from devices.catalogue import kinds
from devices.registry import Device, Phase, Supply
from simulators.layout.geometry import Point
from simulators.layout.names import Street
from simulators.layout.network import Network
from simulators.layout.site import Site, Unit

__all__ = ["lay_out_lighting"]

_SPACING_M = (30.0, 35.0)
_SIDE_JITTER_M = 3.0
_STREET_REACH_M = 250.0  # how far from the unit's centre a street begins
_RATED_W = (75.0, 100.0, 120.0, 150.0)
_CONTRACT_MARGIN = 1.3
_PHASES = tuple(Phase)


def lay_out_lighting(
    site: Site, network: Network, cabinets: int, lamps: int
) -> tuple[Sequence[Device], Sequence[Device]]:
    """That many cabinets in all units, and that many lamps shared out evenly among them."""
    boxes: list[Device] = []
    lights: list[Device] = []
    for number in range(cabinets):
        share = lamps // cabinets + (number < lamps % cabinets)
        row = _Row(site, number)
        cabinet = row.cabinet(site, network, share)
        boxes.append(cabinet)
        lights += row.lamps(site, cabinet, len(lights), share)
    return boxes, lights


class _Row:
    """One cabinet's stretch of a street."""

    def __init__(self, site: Site, number: int) -> None:
        self.number = number
        self.unit: Unit = site.unit(number)
        self.random = site.random("street", number)
        turn = number // len(site.units)  # the unit's streets in their order, then a parallel stretch of each
        streets = self.unit.names.streets
        self.street: Street = streets[turn % len(streets)]
        self.rated_w = self.random.choice(_RATED_W)
        self.start: Point = self.unit.near_centre(self.random, _STREET_REACH_M)

    def cabinet(self, site: Site, network: Network, lamps: int) -> Device:
        """The cabinet at the beginning of the stretch."""
        contract_w = round(max(1, lamps) * self.rated_w * _CONTRACT_MARGIN, -2)
        return Device(
            id=site.id("C", self.number + 1, 2),
            kind="lighting-cabinet",
            area=self.unit.area,
            name=f"Tủ chiếu sáng {self.street.name} {self.number + 1}",
            area_legacy=self.unit.legacy_name,
            street=self.street.name,
            latitude=self.start.latitude,
            longitude=self.start.longitude,
            powered_by=Supply(parent=network.feeder(self.unit)),
            interval_s=kinds()["lighting-cabinet"].interval_s,
            attributes=MappingProxyType({"nominal_v": 230.0, "contract_w": contract_w}),
        )

    def lamps(self, site: Site, cabinet: Device, before: int, count: int) -> Iterator[Device]:
        """The lamps of the stretch, taking the phases in turn, half of them on each circuit."""
        along_m = 0.0
        for index in range(count):
            along_m += self.random.uniform(*_SPACING_M)
            side_m = self.random.uniform(-_SIDE_JITTER_M, _SIDE_JITTER_M)
            place = self.start.moved(along_m, self.street.bearing_deg).moved(
                side_m, self.street.bearing_deg + 90
            )
            circuit = "1" if index < (count + 1) // 2 else "2"
            yield Device(
                id=site.id("L", before + index + 1, 4),
                kind="streetlight",
                area=self.unit.area,
                name=f"Đèn {self.street.name} {index + 1}",
                area_legacy=self.unit.legacy_name,
                street=self.street.name,
                latitude=place.latitude,
                longitude=place.longitude,
                powered_by=Supply(parent=cabinet.id, circuit=circuit, phase=_PHASES[index % len(_PHASES)]),
                interval_s=kinds()["streetlight"].interval_s,
                attributes=MappingProxyType({"rated_w": self.rated_w}),
            )
