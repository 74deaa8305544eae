"""What ails a lamp: for each knob the light it gives, and what its counters show."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from simulators.daylight import LightingClock
from simulators.effects import Effect

__all__ = [
    "BURNING",
    "CYCLING",
    "DARK",
    "DRAWING",
    "LAMP_MODES",
    "LEVEL",
    "SHIFTED",
    "SWITCHED_OFF",
    "Burnt",
    "LampMode",
    "Light",
]

BURNING = "burning"
"""Commanded or not, it burns at full power."""

CYCLING = "cycling"
"""While commanded on it goes on and off, once in the effect's value in ms."""

DARK = "dark"
"""Commanded or not, it gives no light and draws next to nothing."""

DRAWING = "drawing"
"""While it burns it draws the effect's value times what it should."""

LEVEL = "level"
"""While commanded on it burns at the level of the effect's value, in percent."""

SHIFTED = "shifted"
"""It follows the lighting programme ahead of time, by the effect's value in ms."""

SWITCHED_OFF = "switched-off"
"""Somebody commanded it off."""

_MS_PER_H = 3_600_000
_FULL_PCT = 100
_CYCLE_ON_SHARE = 0.6


class Light(NamedTuple):
    """What a lamp was told, says and does: levels in percent, and power relative to what it should draw."""

    commanded_pct: int
    shown_pct: int
    given_pct: int
    draw: float = 1.0

    @classmethod
    def at(cls, level_pct: int) -> "Light":
        """A lamp that does as it was told."""
        return cls(level_pct, level_pct, level_pct)


class Burnt(NamedTuple):
    """What a lamp's counters gain in a span of time; `full_load_h` is weighted with power."""

    full_load_h: float
    burning_h: float
    switch_on_count: int


class LampMode(NamedTuple):
    """What a knob does: to the light at a moment, and to what is burnt in a span, given the programme's."""

    light: Callable[[LightingClock, Effect, int], Light]
    burnt: Callable[[LightingClock, Effect, int, Burnt], Burnt]


def _dark(clock: LightingClock, effect: Effect, at_ms: int) -> Light:  # noqa: ARG001 - one signature for all
    level_pct = clock.state(at_ms).dim_pct
    return Light(level_pct, level_pct, 0)


def _dark_burnt(clock: LightingClock, effect: Effect, until_ms: int, meant: Burnt) -> Burnt:  # noqa: ARG001 - the same
    return meant._replace(full_load_h=0.0)


def _burning(clock: LightingClock, effect: Effect, at_ms: int) -> Light:  # noqa: ARG001 - the same
    return Light(clock.state(at_ms).dim_pct, _FULL_PCT, _FULL_PCT)


def _burning_burnt(clock: LightingClock, effect: Effect, until_ms: int, meant: Burnt) -> Burnt:  # noqa: ARG001 - the same
    passed_h = (until_ms - effect.from_ms) / _MS_PER_H
    return Burnt(passed_h, passed_h, meant.switch_on_count)


def _level(clock: LightingClock, effect: Effect, at_ms: int) -> Light:
    level_pct = clock.state(at_ms).dim_pct
    given_pct = int(effect.value) if level_pct else 0
    return Light(level_pct, given_pct, given_pct)


def _level_burnt(clock: LightingClock, effect: Effect, until_ms: int, meant: Burnt) -> Burnt:  # noqa: ARG001 - the same
    return meant._replace(full_load_h=meant.burning_h * effect.value / _FULL_PCT)


def _cycling(clock: LightingClock, effect: Effect, at_ms: int) -> Light:
    light = Light.at(clock.state(at_ms).dim_pct)
    is_off = (at_ms - effect.from_ms) % effect.value >= effect.value * _CYCLE_ON_SHARE
    return light._replace(given_pct=0) if is_off else light


def _cycling_burnt(clock: LightingClock, effect: Effect, until_ms: int, meant: Burnt) -> Burnt:  # noqa: ARG001 - the same
    return Burnt(
        meant.full_load_h * _CYCLE_ON_SHARE,
        meant.burning_h * _CYCLE_ON_SHARE,
        meant.switch_on_count + int(meant.burning_h * _MS_PER_H / effect.value),
    )


def _drawing(clock: LightingClock, effect: Effect, at_ms: int) -> Light:
    return Light.at(clock.state(at_ms).dim_pct)._replace(draw=effect.value)


def _drawing_burnt(clock: LightingClock, effect: Effect, until_ms: int, meant: Burnt) -> Burnt:  # noqa: ARG001 - the same
    return meant._replace(full_load_h=meant.full_load_h * effect.value)


def _shifted(clock: LightingClock, effect: Effect, at_ms: int) -> Light:
    return Light.at(clock.state(at_ms + effect.value).dim_pct)


def _shifted_burnt(clock: LightingClock, effect: Effect, until_ms: int, meant: Burnt) -> Burnt:  # noqa: ARG001 - the same
    begun, now = clock.state(effect.from_ms + effect.value), clock.state(until_ms + effect.value)
    return Burnt(
        now.full_load_h - begun.full_load_h,
        now.burning_h - begun.burning_h,
        now.switch_on_count - begun.switch_on_count,
    )


def _off(clock: LightingClock, effect: Effect, at_ms: int) -> Light:  # noqa: ARG001 - the same
    return Light.at(0)


def _off_burnt(clock: LightingClock, effect: Effect, until_ms: int, meant: Burnt) -> Burnt:  # noqa: ARG001 - the same
    return meant._replace(full_load_h=0.0, burning_h=0.0)


LAMP_MODES: Mapping[str, LampMode] = MappingProxyType(
    {
        BURNING: LampMode(_burning, _burning_burnt),
        CYCLING: LampMode(_cycling, _cycling_burnt),
        DARK: LampMode(_dark, _dark_burnt),
        DRAWING: LampMode(_drawing, _drawing_burnt),
        LEVEL: LampMode(_level, _level_burnt),
        SHIFTED: LampMode(_shifted, _shifted_burnt),
        SWITCHED_OFF: LampMode(_off, _off_burnt),
    }
)
"""By knob; at most one of them is turned at a time."""
