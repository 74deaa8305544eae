"""A simulated city: devices at plausible places, with parents and programmes. Same seed, same city."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from devices.cities import City
from devices.entities.lighting_programmes import LightingProgramme
from devices.programmes import BroadcastProgramme
from devices.registry import Device, Life
from simulators.layout.cameras import lay_out_cameras
from simulators.layout.lighting import lay_out_lighting
from simulators.layout.network import Network
from simulators.layout.programmes import broadcast_programmes, lighting_programmes
from simulators.layout.site import Site
from simulators.layout.villages import lay_out_villages

__all__ = ["MIN_DEVICES", "SimulatedCity", "build_city"]

MIN_DEVICES = 5
"""One of each kind."""

_WIFI_SHARE = 0.15
_LOUDSPEAKER_SHARE = 0.08
_CAMERA_SHARE = 0.10
_LAMPS_PER_CABINET = 32
_FOUNDED = date(2026, 6, 1)


@dataclass(frozen=True, kw_only=True)
class SimulatedCity:
    """A city with its devices (passive parents first), broadcast and lighting programmes.

    Any registry can stand here, not only what `build_city` makes.
    """

    city: City
    devices: tuple[Device, ...]
    programmes: tuple[BroadcastProgramme, ...]
    lighting: tuple[LightingProgramme, ...] = ()


@dataclass(frozen=True)
class _Counts:
    """How many of each kind make up a city."""

    cabinets: int
    lamps: int
    access_points: int
    loudspeakers: int
    cameras: int


def build_city(
    city: City, device_count: int, seed: int, *, on: date = _FOUNDED, retired_count: int = 0
) -> SimulatedCity:
    """A city with exactly that many devices that speak, plus the switches and feeders they hang on.

    `on` is the local day it is imagined at: all camera calibrations but one are valid on it and for more
    than a year after, and the programmes are in force from its year on. `retired_count` of the access points
    (no more than there are) have a predecessor in the registry that was retired and says nothing any more.

    Raises:
        ValueError: fewer devices than there are kinds.
    """
    counts = _counts(device_count)
    site = Site(city, seed, on)
    network = Network(site)
    cabinets, lamps = lay_out_lighting(site, network, counts.cabinets, counts.lamps)
    access_points, loudspeakers = lay_out_villages(site, network, counts.access_points, counts.loudspeakers)
    cameras = lay_out_cameras(site, network, counts.cameras)
    access_points, retired = _with_predecessors(access_points, retired_count)
    return SimulatedCity(
        city=city,
        devices=(*network.devices, *cabinets, *lamps, *access_points, *loudspeakers, *cameras, *retired),
        programmes=broadcast_programmes(city, on),
        lighting=lighting_programmes(city, on),
    )


def _with_predecessors(devices: Sequence[Device], count: int) -> tuple[Sequence[Device], Sequence[Device]]:
    """The devices, the first so many of which replaced another, and those others."""
    old = [replace(device, id=f"{device.id}-old", life=Life.RETIRED) for device in devices[:count]]
    new = [replace(device, replaces=before.id) for device, before in zip(devices[:count], old, strict=True)]
    return [*new, *devices[count:]], old


def _counts(total: int) -> _Counts:
    if total < MIN_DEVICES:
        raise ValueError(
            f"a city has at least {MIN_DEVICES} devices, one of each kind, got {total!r}; ask for more"
        )
    access_points = max(1, round(total * _WIFI_SHARE))
    loudspeakers = max(1, round(total * _LOUDSPEAKER_SHARE))
    cameras = max(1, round(total * _CAMERA_SHARE))
    lighting = total - access_points - loudspeakers - cameras
    cabinets = max(1, round(lighting / (_LAMPS_PER_CABINET + 1)))
    return _Counts(cabinets, lighting - cabinets, access_points, loudspeakers, cameras)
