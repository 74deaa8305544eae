"""Passive parents: feeders that power and switches that connect, made when something first needs them."""

from collections import Counter

from devices.registry import Device
from simulators.layout.site import Site, Unit

__all__ = ["Network"]

_PORTS = 12  # devices on one access switch


class Network:
    """Hands out feeders and switches: a feeder for each unit, access switches under one switch an area."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._made: dict[tuple[str, object], Device] = {}
        self._numbers: Counter[str] = Counter()
        self._connected: Counter[Unit] = Counter()

    @property
    def devices(self) -> tuple[Device, ...]:
        """Everything made so far, parents before children."""
        return tuple(self._made.values())

    def feeder(self, unit: Unit) -> str:
        """Id of the feeder that powers a unit."""
        return self._asset("feeder", unit, unit, None).id

    def switch(self, unit: Unit) -> str:
        """Id of an access switch of a unit with a port free; takes that port."""
        box = self._connected[unit] // _PORTS
        self._connected[unit] += 1
        trunk = self._asset("switch", unit.area, unit, None)
        return self._asset("switch", (unit, box), unit, trunk.id).id

    def _asset(self, kind: str, key: object, unit: Unit, uplink: str | None) -> Device:
        if (kind, key) not in self._made:
            self._numbers[kind] += 1
            number = self._numbers[kind]
            place = unit.near_centre(self._site.random(kind, number), 300)
            self._made[kind, key] = Device(
                id=self._site.id({"feeder": "F", "switch": "SW"}[kind], number, 2),
                kind=kind,
                area=unit.area,
                name=f"{'Tuyến cấp điện' if kind == 'feeder' else 'Bộ chuyển mạch'} {number}",
                area_legacy=unit.legacy_name,
                latitude=place.latitude,
                longitude=place.longitude,
                uplink=uplink,
            )
        return self._made[kind, key]
