"""Cameras report their health and the vehicles that pass."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from devices.registry import Device
from simulators.camera_modes import (
    BLIND,
    NO_HELMET,
    OVERLOADED,
    RED_RUNNING,
    SPEEDING,
    UNREADABLE,
    WRONG_WAY,
)
from simulators.clocks import clock_error_ms
from simulators.effects import CLOCK
from simulators.layout.site import JUNCTION
from simulators.messages import TimeFormat
from simulators.randomness import wobble
from simulators.signals import SignalPlan, moment_within
from simulators.traffic import passages_per_min, poisson
from simulators.vehicles import CITY_PLATES, Plates, vehicle
from simulators.world import Behaviour, Happening, Moment, World

_MS_PER_MIN = 60_000
_DEFAULT_LIMIT_KMH = 50.0
_DEFAULT_MPE_KMH = 3.0
_CRUISE_SHARE = 0.82  # of the limit
_SPREAD_SHARE = 0.12
_SLOWEST_KMH = 8.0
_INJECTED_EXCESS_KMH = 15.0
_INJECTED_SPREAD_KMH = 20.0
_SPEEDING_SHARE = 0.6
_RED_SHARE = 0.3  # of the traffic, besides it
_RED_AFTER_MS = 1_000  # nobody is blamed for the first moment of red
_WRONG_WAY_SHARE = 0.3
_NO_HELMET_SHARE = 0.5
_OVERLOADED_SHARE = 0.4
_UNREADABLE_SHARE = 0.85
_LIGHT_COMPANY, _DENSE_COMPANY = (
    0.06,
    0.12,
)  # that another vehicle is in the frame: always, and per passage/min
_MOST_IN_FRAME = 4
_LANES = 2
_DAY_PCT, _NIGHT_PCT = 62.0, 21.0
_EVIDENCE_URL = "https://evidence.example"
_USUAL_IMAGES = ("overview", "plate")
_RED_IMAGES = ("before", "line", "past", "plate")


class _Traits(NamedTuple):
    """What differs from camera to camera. `signal` is None where there are no traffic lights."""

    traffic: float
    fps: float
    storage_pct: float
    site: str
    signal: SignalPlan | None
    limit_kmh: float
    mpe_kmh: float


class _TrafficCamera:
    """Poisson traffic that follows the day and waits at red."""

    time_format = TimeFormat.RFC3339

    def __init__(self, world: World) -> None:
        self._world = world
        self._plates = CITY_PLATES.get(world.city.city.id, Plates(home=29))
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
            "clock_offset_ms": round(self._drift_ms(device, at_ms) + 40 * (random.random() - 0.5), 1),
            "storage_free_pct": round(traits.storage_pct * wobble(random, 0.01)),
            "temp_c": round(world.ambient_c(at_ms) + 11 + random.random(), 1),
        }

    def events(self, device: Device, moment: Moment) -> Iterator[Happening]:
        """The passages until the next report, in the order of time."""
        if self._world.effects.active(device.id, BLIND, moment.at_ms):
            return
        traits = self._traits.get(device.id) or self._learn(device)
        per_min = passages_per_min(traits.site, self._world.local_h(moment.at_ms)) * traits.traffic
        mean = per_min * moment.interval_ms / _MS_PER_MIN
        for number, at_ms in enumerate(self._times(device, traits, moment, mean)):
            if not self._world.effects.active(device.id, BLIND, at_ms):
                yield Happening(at_ms, self._passage(device, traits, moment, at_ms, number, per_min))

    def _times(self, device: Device, traits: _Traits, moment: Moment, mean: float) -> Sequence[int]:
        """When vehicles pass: at any time, or where there are lights while they let them."""
        random, signal = moment.random, traits.signal
        from_ms, to_ms = moment.at_ms + 1, moment.at_ms + moment.interval_ms + 1
        open_spans = [(from_ms, to_ms)] if signal is None else signal.passable(from_ms, to_ms)
        times = [moment_within(open_spans, random) for _ in range(poisson(random, mean))]
        if signal is not None and self._world.effects.of(device.id, RED_RUNNING):
            red_spans = signal.forbidden(from_ms, to_ms, _RED_AFTER_MS)
            running = [moment_within(red_spans, random) for _ in range(poisson(random, mean * _RED_SHARE))]
            times += [
                at_ms
                for at_ms in running
                if at_ms is not None and self._world.effects.active(device.id, RED_RUNNING, at_ms)
            ]
        return sorted(at_ms for at_ms in times if at_ms is not None)

    def _passage(
        self, device: Device, traits: _Traits, moment: Moment, at_ms: int, number: int, per_min: float
    ) -> dict[str, Any]:
        random = moment.random
        passage: dict[str, Any] = {
            "type": "passage",
            "lane": 1 + int(random.random() * _LANES),
            "direction": "forward",
        }
        roles: tuple[str, ...] = _USUAL_IMAGES
        if traits.signal is not None:
            passage["signal"], red_s = traits.signal.shows(at_ms)
            if red_s is not None:
                passage["red_elapsed_s"] = red_s
                roles = _RED_IMAGES
        vehicles = self._vehicles(device, traits, at_ms, random, _LIGHT_COMPANY + _DENSE_COMPANY * per_min)
        if self._world.effects.knobs(device.id) is not None:
            self._break_rules(device, at_ms, random, passage, vehicles)
        name = f"{_EVIDENCE_URL}/{device.id}/{moment.tick}-{number}"
        return passage | {"vehicles": vehicles, "images": [_image(name, role) for role in roles]}

    def _vehicles(
        self, device: Device, traits: _Traits, at_ms: int, random: Random, company: float
    ) -> list[dict[str, Any]]:
        """Who is in the frame; who drives together drives at about one speed."""
        speed_kmh = self._speed_kmh(device, traits, random, at_ms)
        options: dict[str, Any] = {"plates": self._plates}
        if self._world.effects.active(device.id, UNREADABLE, at_ms):
            options["unread_share"] = _UNREADABLE_SHARE
        vehicles = [vehicle(random, speed_kmh, **options)]
        while len(vehicles) < _MOST_IN_FRAME and random.random() < min(0.4, company):
            vehicles.append(vehicle(random, speed_kmh * (0.94 + 0.06 * random.random()), **options))
        if self._world.effects.active(device.id, SPEEDING, at_ms):
            # The excess is the whole frame's first vehicle's: slower classes keep it too.
            vehicles[0]["speed_kmh"] = round(max(vehicles[0]["speed_kmh"], speed_kmh), 1)
        return vehicles

    def _break_rules(
        self,
        device: Device,
        at_ms: int,
        random: Random,
        passage: dict[str, Any],
        vehicles: Sequence[dict[str, Any]],
    ) -> None:
        """What injected effects make people do."""
        active = self._world.effects.active
        if active(device.id, WRONG_WAY, at_ms) and random.random() < _WRONG_WAY_SHARE:
            passage["direction"] = "reverse"
        for one in vehicles:
            if one["class"] != "motorcycle":
                continue
            if active(device.id, NO_HELMET, at_ms) and random.random() < _NO_HELMET_SHARE:
                one["helmet"] = False
            if active(device.id, OVERLOADED, at_ms) and random.random() < _OVERLOADED_SHARE:
                one["riders"] = 3 + int(random.random() * 2)

    def _speed_kmh(self, device: Device, traits: _Traits, random: Random, at_ms: int) -> float:
        highest_kmh = traits.limit_kmh + traits.mpe_kmh
        speeding = self._world.effects.active(device.id, SPEEDING, at_ms)
        if speeding and random.random() < _SPEEDING_SHARE:
            return highest_kmh + _INJECTED_EXCESS_KMH + _INJECTED_SPREAD_KMH * random.random()
        natural_kmh = random.gauss(traits.limit_kmh * _CRUISE_SHARE, traits.limit_kmh * _SPREAD_SHARE)
        # Nobody else exceeds limit and meter error, so that every suspected violation has a truth record.
        return min(max(natural_kmh, _SLOWEST_KMH), highest_kmh)

    def _drift_ms(self, device: Device, at_ms: int) -> int:
        """What the camera itself measures of its clock's error: the drift, not the wrong time zone."""
        wrong = self._world.effects.of(device.id, CLOCK)
        return sum(clock_error_ms(effect, at_ms) for effect in wrong if effect.detail.endswith("/h"))

    def _learn(self, device: Device) -> _Traits:
        random = self._world.traits(device)
        traits = _Traits(
            traffic=random.uniform(0.6, 1.4),
            fps=random.choice((15.0, 25.0)),
            storage_pct=random.uniform(25, 75),
            site=str(device.attributes.get("site", JUNCTION)),
            signal=SignalPlan.of(random) if device.attributes.get("has_signal") else None,
            limit_kmh=float(device.attributes.get("limit_kmh", _DEFAULT_LIMIT_KMH)),
            mpe_kmh=float(device.attributes.get("mpe_kmh", _DEFAULT_MPE_KMH)),
        )
        self._traits[device.id] = traits
        return traits


def _image(name: str, role: str) -> dict[str, str]:
    url = f"{name}-{role}.jpg"
    return {"role": role, "url": url, "sha256": hashlib.blake2b(url.encode(), digest_size=32).hexdigest()}


BEHAVIOUR: type[Behaviour] = _TrafficCamera
