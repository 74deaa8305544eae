"""Cameras report their health and the vehicles that pass."""

import math
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, NamedTuple

from devices.registry import Device
from simulators.messages import TimeFormat
from simulators.randomness import wobble
from simulators.vehicles import vehicle
from simulators.world import Behaviour, Happening, Moment, Profile, World

__all__ = ["SPEEDING"]

SPEEDING = "speeding"
"""Knob of a camera: part of what passes is far too fast."""

# Passages a minute by hour, with the rush hours of schools and offices. A real junction has ten times as
# many; this keeps a demo's stream mostly telemetry.
_PASSAGES_PER_MIN = Profile(
    [
        0.08, 0.05, 0.05, 0.06, 0.15, 0.5, 1.4, 1.8, 1.0, 0.8, 0.9, 1.3,
        1.0, 0.9, 0.8, 0.9, 1.4, 2.0, 1.3, 0.9, 0.7, 0.5, 0.3, 0.15,
    ]
)  # fmt: skip
_MS_PER_MIN = 60_000
_DEFAULT_LIMIT_KMH = 50.0
_DEFAULT_MPE_KMH = 3.0
_CRUISE_SHARE = 0.82  # of the limit
_SPREAD_SHARE = 0.12
_SLOWEST_KMH = 8.0
_INJECTED_EXCESS_KMH = 15.0
_INJECTED_SPREAD_KMH = 20.0
_SPEEDING_SHARE = 0.6
_PAIR_SHARE = 0.08
_LANES = 2
_DAY_PCT, _NIGHT_PCT = 62.0, 21.0
_EVIDENCE_URL = "https://evidence.example"


class _Traits(NamedTuple):
    """What differs from camera to camera."""

    traffic: float
    fps: float
    storage_pct: float


class _TrafficCamera:
    """Poisson traffic that follows the day."""

    time_format = TimeFormat.RFC3339

    def __init__(self, world: World) -> None:
        self._world = world
        self._traits: dict[str, _Traits] = {}

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        """The camera's health."""
        world, at_ms, random = self._world, moment.at_ms, moment.random
        traits = self._traits.get(device.id) or self._learn(device)
        night = world.lighting.state(at_ms).dim_pct > 0
        return {
            "stream_up": True,
            "camera_fps": round(traits.fps * wobble(random, 0.02), 1),
            "skipped_fps": round(0.4 * random.random() ** 3, 1),
            "luminance_pct": round((_NIGHT_PCT if night else _DAY_PCT) * wobble(random, 0.08)),
            "frame_hash": f"{random.getrandbits(64):016x}",
            "clock_offset_ms": round(40 * (random.random() - 0.5), 1),
            "storage_free_pct": round(traits.storage_pct * wobble(random, 0.01)),
            "temp_c": round(world.ambient_c(at_ms) + 11 + random.random(), 1),
        }

    def events(self, device: Device, moment: Moment) -> Iterator[Happening]:
        """The passages until the next report, in the order of time."""
        traits = self._traits.get(device.id) or self._learn(device)
        rate = _PASSAGES_PER_MIN.at(self._world.local_h(moment.at_ms)) * traits.traffic
        count = _poisson(moment.random, rate * moment.interval_ms / _MS_PER_MIN)
        times = sorted(moment.at_ms + moment.random.randint(1, moment.interval_ms) for _ in range(count))
        for number, at_ms in enumerate(times):
            yield Happening(at_ms, self._passage(device, moment, at_ms, number))

    def _passage(self, device: Device, moment: Moment, at_ms: int, number: int) -> dict[str, Any]:
        random = moment.random
        vehicles = [vehicle(random, self._speed_kmh(device, random, at_ms))]
        if random.random() < _PAIR_SHARE:
            vehicles.append(vehicle(random, vehicles[0]["speed_kmh"] * 0.97))
        name = f"{_EVIDENCE_URL}/{device.id}/{moment.tick}-{number}"
        return {
            "type": "passage",
            "lane": random.randint(1, _LANES),
            "direction": "forward",
            "vehicles": vehicles,
            "images": [
                {"role": role, "url": f"{name}-{role}.jpg", "sha256": f"{random.getrandbits(256):064x}"}
                for role in ("overview", "plate")
            ],
        }

    def _speed_kmh(self, device: Device, random: Random, at_ms: int) -> float:
        limit_kmh = float(device.attributes.get("limit_kmh", _DEFAULT_LIMIT_KMH))
        mpe_kmh = float(device.attributes.get("mpe_kmh", _DEFAULT_MPE_KMH))
        speeding = self._world.effects.active(device.id, SPEEDING, at_ms)
        if speeding and random.random() < _SPEEDING_SHARE:
            return limit_kmh + mpe_kmh + _INJECTED_EXCESS_KMH + _INJECTED_SPREAD_KMH * random.random()
        natural_kmh = random.gauss(limit_kmh * _CRUISE_SHARE, limit_kmh * _SPREAD_SHARE)
        # Nobody else exceeds limit and meter error, so that every suspected violation has a truth record.
        return min(max(natural_kmh, _SLOWEST_KMH), limit_kmh + mpe_kmh)

    def _learn(self, device: Device) -> _Traits:
        random = self._world.traits(device)
        traits = _Traits(
            traffic=random.uniform(0.6, 1.4),
            fps=random.choice((15.0, 25.0)),
            storage_pct=random.uniform(25, 75),
        )
        self._traits[device.id] = traits
        return traits


def _poisson(random: Random, mean: float) -> int:
    """A Poisson number by Knuth's method, good for the small means of one interval."""
    floor = math.exp(-mean)
    count, product = 0, random.random()
    while product > floor:
        count += 1
        product *= random.random()
    return count


BEHAVIOUR: type[Behaviour] = _TrafficCamera
