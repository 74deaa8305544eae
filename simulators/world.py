"""What surrounds the devices, and what a behaviour must offer."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, NamedTuple, Protocol

from devices.registry import Device
from simulators.broadcasts import Broadcasts
from simulators.city import SimulatedCity
from simulators.daylight import LightingClock
from simulators.effects import Effects
from simulators.kinship import Kinship
from simulators.messages import TimeFormat
from simulators.randomness import generator

__all__ = ["Behaviour", "Happening", "Moment", "Profile", "World"]

_MS_PER_H = 3_600_000
_HOURS = 24
_AMBIENT_C = 27.0
_AMBIENT_SWING_C = 4.5
_WARMEST_HOUR = 14
_GRID_V = 228.0
_GRID_SWING_V = 4.0
_LIGHTEST_LOAD_HOUR = 3


@dataclass(slots=True)
class Moment:
    """When a device speaks: epoch ms, the number of the report, and chance of that report's own.

    The chance depends on seed, device and report only, so telemetry is the same however time is cut up.
    """

    at_ms: int
    tick: int
    interval_ms: int
    random: Random


class Happening(NamedTuple):
    """An event of a device: when (epoch ms) and the members of its payload except `id` and `ts`."""

    at_ms: int
    members: Mapping[str, Any]


class Behaviour(Protocol):
    """How a kind of device behaves. Both methods depend on their arguments and the world alone."""

    time_format: TimeFormat

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        """The kind's fields as the device would report them now."""
        ...

    def events(self, device: Device, moment: Moment) -> Iterable[Happening]:
        """What happens after this report, up to and including the moment of the next."""
        ...


class Profile:
    """A daily curve given by 24 hourly values, straight lines between them."""

    def __init__(self, hourly: Sequence[float]) -> None:
        if len(hourly) != _HOURS:
            raise ValueError(f"a profile has one value for each of 24 hours, got {len(hourly)}")
        self._points = (*hourly, hourly[0])
        self._sums = [0.0]
        for before, after in zip(self._points, self._points[1:], strict=False):
            self._sums.append(self._sums[-1] + (before + after) / 2)

    def at(self, local_h: float) -> float:
        """The curve's value at hours since a local midnight."""
        hour, part = divmod(local_h % _HOURS, 1)
        before, after = self._points[int(hour)], self._points[int(hour) + 1]
        return before + (after - before) * part

    def total(self, local_h: float) -> float:
        """The area under the curve from local midnight 0 to that many hours after it."""
        days, rest = divmod(local_h, _HOURS)
        hour, part = divmod(rest, 1)
        before = self._points[int(hour)]
        return days * self._sums[-1] + self._sums[int(hour)] + part * (before + self.at(rest)) / 2


@dataclass(frozen=True, kw_only=True)
class World:
    """What all behaviours share: the city, its sun, its programmes, its faults and its weather."""

    city: SimulatedCity
    seed: int
    origin_ms: int
    effects: Effects
    lighting: LightingClock
    broadcasts: Broadcasts
    kin: Kinship = field(init=False)
    _utc_offset_ms: int = field(init=False)

    def __post_init__(self) -> None:
        """Take the local offset once: daily curves need no more, and counters must not jump with it."""
        offset = datetime.fromtimestamp(self.origin_ms / 1000, self.city.city.zone).utcoffset()
        seconds = offset.total_seconds() if offset else 0.0
        object.__setattr__(self, "_utc_offset_ms", round(seconds * 1000))
        object.__setattr__(self, "kin", Kinship(self.city.devices))

    @classmethod
    def of(cls, city: SimulatedCity, seed: int, origin_ms: int) -> "World":
        """The world of a city from a moment on, in which nothing is wrong yet."""
        return cls(
            city=city,
            seed=seed,
            origin_ms=origin_ms,
            effects=Effects(),
            lighting=LightingClock(city.city, origin_ms),
            broadcasts=Broadcasts(city.programmes, city.city.zone),
        )

    def local_h(self, at_ms: int) -> float:
        """Hours since the local midnight of 1 January 1970."""
        return (at_ms + self._utc_offset_ms) / _MS_PER_H

    def ambient_c(self, at_ms: int) -> float:
        """Temperature of the air."""
        return _AMBIENT_C + _AMBIENT_SWING_C * _daily(self.local_h(at_ms), _WARMEST_HOUR)

    def grid_v(self, at_ms: int) -> float:
        """Voltage of a phase before local noise: higher at night, when little is drawn."""
        return _GRID_V + _GRID_SWING_V * _daily(self.local_h(at_ms), _LIGHTEST_LOAD_HOUR)

    def traits(self, device: Device) -> Random:
        """A generator for what never changes about a device; begins anew at every call."""
        return generator(self.seed, "traits", device.id)


def _daily(local_h: float, peak_hour: float) -> float:
    """A cosine of one day that is 1 at an hour and -1 half a day from it."""
    return math.cos((local_h - peak_hour) / _HOURS * 2 * math.pi)
