"""What a lamp does and draws: the model that lamps report from and cabinets sum up."""

from collections.abc import Iterator, Mapping, Sequence

from devices.registry import Device
from simulators.effects import Effect
from simulators.lamp_modes import LAMP_MODES, Burnt, Light
from simulators.world import World

__all__ = ["STANDBY_W", "LampBank", "lamp_burnt", "lamp_light", "lamp_power_w", "rated_w"]

STANDBY_W = 0.4
"""What the controller draws while the lamp is off."""

_W_PER_KW = 1000.0
_FULL_PCT = 100


def rated_w(lamp: Device) -> float:
    """Rated power of a lamp, which the registry requires."""
    return float(lamp.attributes["rated_w"])


def lamp_light(world: World, lamp: Device, at_ms: int) -> Light:
    """What a lamp does at a moment."""
    knobs = world.effects.knobs(lamp.id)
    if knobs is not None:
        for effect in _modes(knobs):
            if effect.is_on(at_ms):
                return LAMP_MODES[effect.knob].light(world.lighting, effect, at_ms)
    return Light.at(world.lighting.state(at_ms).dim_pct)


def lamp_power_w(lamp: Device, light: Light) -> float:
    """Power drawn, before the noise of measuring."""
    if light.given_pct == 0:
        return STANDBY_W
    return rated_w(lamp) * light.given_pct / _FULL_PCT * light.draw


def lamp_burnt(world: World, lamp: Device, at_ms: int) -> Burnt:
    """A lamp's counters since the eve of the world's origin; they never fall."""
    state = world.lighting.state(at_ms)
    total = Burnt(state.full_load_h, state.burning_h, state.switch_on_count)
    knobs = world.effects.knobs(lamp.id)
    if knobs is None:
        return total
    for effect in _modes(knobs):
        if effect.from_ms < at_ms:
            total = _corrected(world, total, effect, min(at_ms, effect.to_ms))
    return total


class LampBank:
    """Lamps that a meter measures together. Those that nothing ails are summed beforehand."""

    def __init__(self, world: World, lamps: Sequence[Device]) -> None:
        self._world = world
        self._lamps = tuple(lamps)
        self._rated_w = sum(map(rated_w, lamps))

    def power_w(self, at_ms: int) -> float:
        """What all of them draw, before the noise of measuring."""
        light = Light.at(self._world.lighting.state(at_ms).dim_pct)
        share = light.given_pct / _FULL_PCT
        total_w = self._rated_w * share if share else STANDBY_W * len(self._lamps)
        for lamp in self._ailing():
            own = lamp_light(self._world, lamp, at_ms)
            total_w += lamp_power_w(lamp, own) - lamp_power_w(lamp, light)
        return total_w

    def energy_kwh(self, at_ms: int) -> float:
        """What all of them have burnt since the eve of the world's origin."""
        meant_h = self._world.lighting.state(at_ms).full_load_h
        total_wh = self._rated_w * meant_h
        for lamp in self._ailing():
            total_wh += rated_w(lamp) * (lamp_burnt(self._world, lamp, at_ms).full_load_h - meant_h)
        return total_wh / _W_PER_KW

    def _ailing(self) -> Iterator[Device]:
        effects = self._world.effects
        return (lamp for lamp in self._lamps if effects.knobs(lamp.id) is not None)


def _modes(knobs: Mapping[str, Sequence[Effect]]) -> Iterator[Effect]:
    """The effects on what a lamp does, among those on whatever else."""
    for knob, effects in knobs.items():
        if knob in LAMP_MODES:
            yield from effects


def _corrected(world: World, total: Burnt, effect: Effect, until_ms: int) -> Burnt:
    """Counters with what was burnt under an effect instead of what the programme meant then."""
    clock = world.lighting
    begun, now = clock.state(effect.from_ms), clock.state(until_ms)
    meant = Burnt(
        now.full_load_h - begun.full_load_h,
        now.burning_h - begun.burning_h,
        now.switch_on_count - begun.switch_on_count,
    )
    real = LAMP_MODES[effect.knob].burnt(clock, effect, until_ms, meant)
    return Burnt(
        total.full_load_h + real.full_load_h - meant.full_load_h,
        total.burning_h + real.burning_h - meant.burning_h,
        total.switch_on_count + real.switch_on_count - meant.switch_on_count,
    )
