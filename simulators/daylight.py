"""When a city's lamps are commanded on, how bright, and how long they have burnt: sun and dim curve."""

from bisect import bisect_right
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from astral import Observer
from astral.sun import sunrise, sunset

from devices.cities import City

__all__ = ["LightingClock", "LightingState"]

_MS_PER_H = 3_600_000
_MS_PER_DAY = 24 * _MS_PER_H
_FULL_PCT = 100

# The usual profile of dimmed LED streets: full until 22:00, 70 % until midnight, 50 % until 05:00, then full.
_DIM_UNTIL = ((22, _FULL_PCT), (24, 70), (29, 50))
_DIM_TO_DAWN_PCT = _FULL_PCT


class LightingState(NamedTuple):
    """What the lighting programme asks for at a moment, and what it has asked for since it began.

    `full_load_h` is the time burnt, weighted with the dim level; `burning_h` is not weighted.
    """

    dim_pct: int
    full_load_h: float
    burning_h: float
    switch_on_count: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time of one dim level, and what had been burnt when it began."""

    from_ms: int
    to_ms: int
    dim_pct: int
    full_load_h: float
    burning_h: float
    switch_on_count: int

    def state(self, at_ms: int) -> LightingState:
        burnt_h = (min(at_ms, self.to_ms) - self.from_ms) / _MS_PER_H
        return LightingState(
            self.dim_pct if at_ms < self.to_ms else 0,
            self.full_load_h + burnt_h * self.dim_pct / _FULL_PCT,
            self.burning_h + burnt_h,
            self.switch_on_count,
        )


class LightingClock:
    """The lighting programme of a city from a moment on, worked out night by night as it is asked for.

    Everything is a function of the moment alone, so any two runs agree, wherever they start.
    """

    def __init__(self, city: City, origin_ms: int) -> None:
        self._observer = Observer(city.latitude, city.longitude)
        self._zone = city.zone
        # The night before the origin may still be burning then.
        self._evening = datetime.fromtimestamp(origin_ms / 1000, city.zone).date() - timedelta(days=1)
        self._stretches: list[_Stretch] = []
        self._starts: list[int] = []
        self._known_until_ms = 0
        self._add_night()
        self._last_asked = (self._starts[0], self._state(self._starts[0]))

    def state(self, at_ms: int) -> LightingState:
        """What the programme asks for at a moment (epoch ms), not before the eve of the origin.

        Raises:
            ValueError: the moment lies before that.
        """
        # A cabinet asks for all of its lamps, one after the other, at the same moment.
        if at_ms != self._last_asked[0]:
            self._last_asked = (at_ms, self._state(at_ms))
        return self._last_asked[1]

    def _state(self, at_ms: int) -> LightingState:
        while at_ms >= self._known_until_ms:
            self._add_night()
        index = bisect_right(self._starts, at_ms) - 1
        if index < 0:
            raise ValueError(f"the lighting programme begins at {self._starts[0]}, asked for {at_ms!r}")
        return self._stretches[index].state(at_ms)

    def next_lit_ms(self, from_ms: int) -> int:
        """The first moment at or after another at which the programme asks for light."""
        return self.next_level_ms(from_ms, range(1, _FULL_PCT + 1))

    def next_unlit_ms(self, from_ms: int) -> int:
        """The first moment at or after another at which the programme asks for no light."""
        at_ms = from_ms
        while self.state(at_ms).dim_pct > 0:
            at_ms = self._stretches[bisect_right(self._starts, at_ms) - 1].to_ms
        return at_ms

    def next_level_ms(self, from_ms: int, levels_pct: Container[int]) -> int:
        """The first moment at or after another at which the programme asks for a level of these.

        Raises:
            ValueError: the programme has no such level.
        """
        for night in range(2):
            self.state(from_ms + night * _MS_PER_DAY)
            index = max(0, bisect_right(self._starts, from_ms) - 1)
            for stretch in self._stretches[index:]:
                if stretch.to_ms > from_ms and stretch.dim_pct in levels_pct:
                    return max(stretch.from_ms, from_ms)
        raise ValueError(f"the lighting programme never asks for one of {levels_pct!r}")

    def _add_night(self) -> None:
        evening, morning = self._evening, self._evening + timedelta(days=1)
        begins_ms = _ms(sunset(self._observer, evening, tzinfo=self._zone))
        ends_ms = _ms(sunrise(self._observer, morning, tzinfo=self._zone))
        turn_ms = begins_ms
        for hour, dim_pct in _DIM_UNTIL:
            turn_ms = self._add(turn_ms, min(self._local(evening, hour), ends_ms), dim_pct, begins_ms)
        self._add(turn_ms, ends_ms, _DIM_TO_DAWN_PCT, begins_ms)
        self._evening = morning
        # Nothing burns between this dawn and the next sunset, which is after noon.
        self._known_until_ms = self._local(morning, 12)

    def _add(self, from_ms: int, to_ms: int, dim_pct: int, night_ms: int) -> int:
        """Append a stretch unless it is empty; gives the moment where the next one begins."""
        if to_ms <= from_ms:
            return from_ms
        last = self._stretches[-1].state(from_ms) if self._stretches else LightingState(0, 0.0, 0.0, 0)
        switched = last.switch_on_count + (from_ms == night_ms)
        self._stretches.append(_Stretch(from_ms, to_ms, dim_pct, last.full_load_h, last.burning_h, switched))
        self._starts.append(from_ms)
        return to_ms

    def _local(self, day: date, hour: int) -> int:
        """Epoch ms of an hour of a local day; hours from 24 on belong to the next."""
        moment = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), self._zone)
        return _ms(moment)


def _ms(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)
