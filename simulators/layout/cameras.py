"""Cameras at junctions and school gates, with their speed limits and calibrations."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from devices.catalogue import kinds
from devices.registry import AttributeValue, Device, Supply
from simulators.layout.network import Network
from simulators.layout.site import JUNCTION, SCHOOL_GATE, Site, Unit

__all__ = ["lay_out_cameras"]

_REACH_M = 400.0
_SCHOOL_EVERY = 4
_SIGNAL_SHARE = 0.6  # of junctions with cameras
_SCHOOL_LIMIT_KMH = 40.0
_JUNCTION_LIMITS_KMH = (50.0, 60.0)
_MPE_KMH = 3.0
_CALIBRATION_DAYS = 730
_CALIBRATED_DAYS_AGO = (30, 300)
_EXPIRED_DAYS_AGO = 70


def lay_out_cameras(site: Site, network: Network, count: int) -> Sequence[Device]:
    """That many cameras; the last of several has a calibration that ran out, on purpose."""
    return [_camera(site, network, number, expired=0 < number == count - 1) for number in range(count)]


def _camera(site: Site, network: Network, number: int, *, expired: bool) -> Device:
    unit = site.unit(number)
    random = site.random("camera", number)
    at_school = number % _SCHOOL_EVERY == _SCHOOL_EVERY - 1
    turn = number // len(site.units)
    place = unit.near_centre(random, _REACH_M)
    days_ago = _CALIBRATION_DAYS + _EXPIRED_DAYS_AGO if expired else random.randint(*_CALIBRATED_DAYS_AGO)
    attributes: dict[str, AttributeValue] = {
        "site": SCHOOL_GATE if at_school else JUNCTION,
        # The first junction has lights, so that even a small city has some.
        "has_signal": not at_school
        and (number == 0 or site.random("signal", number).random() < _SIGNAL_SHARE),
        "limit_kmh": _SCHOOL_LIMIT_KMH if at_school else random.choice(_JUNCTION_LIMITS_KMH),
        "mpe_kmh": _MPE_KMH,
        "calibration_certificate": f"KĐ-{site.on.year}-{random.randint(1000, 9999)}",
        **_calibration(site, site.on - timedelta(days=days_ago)),
    }
    return Device(
        id=site.id("T", number + 1, 3),
        kind="traffic-camera",
        area=unit.area,
        name=_school_gate(unit, turn) if at_school else _junction(unit, turn),
        area_legacy=unit.legacy_name,
        street=unit.names.streets[turn % len(unit.names.streets)].name,
        latitude=place.latitude,
        longitude=place.longitude,
        powered_by=Supply(parent=network.feeder(unit)),
        uplink=network.switch(unit),
        interval_s=kinds()["traffic-camera"].interval_s,
        attributes=MappingProxyType(attributes),
    )


def _calibration(site: Site, first_day: date) -> dict[str, AttributeValue]:
    """The two years from a day on, as ISO moments in the city's time."""
    begins = datetime.combine(first_day, time(), site.city.zone)
    ends = begins + timedelta(days=_CALIBRATION_DAYS)
    return {"calibrated_from": begins.isoformat(), "calibrated_until": ends.isoformat()}


def _junction(unit: Unit, turn: int) -> str:
    streets = unit.names.streets
    first, second = streets[turn % len(streets)], streets[(turn + 1) % len(streets)]
    return f"Camera nút giao {first.name} - {second.name}"


def _school_gate(unit: Unit, turn: int) -> str:
    return f"Camera cổng {unit.names.schools[turn % len(unit.names.schools)]}"
