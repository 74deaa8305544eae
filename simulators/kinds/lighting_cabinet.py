"""Cabinets sum what their lamps draw, phase by phase."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from devices.registry import Device, Phase
from simulators.effects import Effect
from simulators.lamps import LampBank
from simulators.messages import TimeFormat
from simulators.randomness import wobble
from simulators.world import Behaviour, Happening, Moment, World

__all__ = ["LOADED", "PHASE_DEAD", "REVERSED", "UNBALANCED"]

LOADED = "loaded"
"""Knob of a cabinet: something else draws the effect's value in W from the phase in its detail."""

PHASE_DEAD = "phase-dead"
"""Knob of a cabinet: the phase in the effect's detail has no voltage."""

REVERSED = "reversed"
"""Knob of a cabinet: its meter runs backwards, by the effect's value in kWh an hour."""

UNBALANCED = "unbalanced"
"""Knob of a cabinet: the phase in the effect's detail draws the effect's value times what it should."""

_FACTOR = 0.94
_OWN_W = 6.0  # controller and modem, on the first phase
_INDUCED_V = 2.5  # what a meter still sees on a dead phase
_BASE_KWH = (20_000.0, 90_000.0)
_MS_PER_H = 3_600_000
_W_PER_KW = 1000.0
_Knobs = Mapping[str, Sequence[Effect]]


class _LightingCabinet:
    """Measures three phases; works in automatic mode with its door shut."""

    time_format = TimeFormat.RFC3339

    def __init__(self, world: World) -> None:
        self._world = world
        lamps: defaultdict[tuple[str, Phase], list[Device]] = defaultdict(list)
        for device in world.city.devices:
            supply = device.powered_by
            if device.kind == "streetlight" and supply and supply.phase:
                lamps[supply.parent, supply.phase].append(device)
        self._banks = defaultdict(
            lambda: LampBank(world, ()), {key: LampBank(world, bank) for key, bank in lamps.items()}
        )
        self._base_kwh: dict[str, float] = {}

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        """The cabinet's reading."""
        world, at_ms, random = self._world, moment.at_ms, moment.random
        knobs = world.effects.knobs(device.id) or {}
        is_on = world.lighting.state(at_ms).dim_pct > 0
        reading: dict[str, Any] = {}
        currents_a: list[float] = []
        for number, phase in enumerate(Phase, 1):
            voltage_v, power_w = self._phase(device, phase, moment, knobs)
            current_a = power_w / _FACTOR / voltage_v if power_w else 0.0
            currents_a.append(current_a)
            reading[f"voltage_l{number}_v"] = round(voltage_v, 1)
            reading[f"current_l{number}_a"] = round(current_a, 2)
            reading[f"power_l{number}_w"] = round(power_w)
        return reading | {
            "neutral_current_a": round(max(currents_a) - min(currents_a), 2),
            "power_factor_ratio": round(_FACTOR * wobble(random, 0.01), 2),
            "frequency_hz": round(50 * wobble(random, 0.001), 2),
            "energy_kwh": round(self._energy_kwh(device, at_ms, knobs), 2),
            "contactor_on": is_on,
            "cmd_on": is_on,
            "manual_mode": False,
            "door_open": False,
            "leakage": False,
            "temp_c": round(world.ambient_c(at_ms) + 6 + random.random(), 1),
        }

    def events(self, device: Device, moment: Moment) -> tuple[Happening, ...]:  # noqa: ARG002 - part of the protocol
        """Cabinets say nothing but readings."""
        return ()

    def _phase(self, device: Device, phase: Phase, moment: Moment, knobs: _Knobs) -> tuple[float, float]:
        """Voltage and power of a phase."""
        at_ms, random = moment.at_ms, moment.random
        voltage_v = self._world.grid_v(at_ms) * wobble(random, 0.005)
        if _on(knobs, PHASE_DEAD, at_ms, phase):
            return _INDUCED_V * random.random(), 0.0
        own_w = _OWN_W if phase is Phase.L1 else 0.0
        drawn_w = self._banks[device.id, phase].power_w(at_ms) * wobble(random, 0.01)
        for effect in _on(knobs, UNBALANCED, at_ms, phase):
            drawn_w *= effect.value
        for effect in _on(knobs, LOADED, at_ms, phase):
            drawn_w += effect.value * wobble(random, 0.03)
        return voltage_v, own_w + drawn_w

    def _energy_kwh(self, device: Device, at_ms: int, knobs: _Knobs) -> float:
        """The meter: what the lamps burnt, on top of what it showed when the world began."""
        base = self._base_kwh.get(device.id)
        if base is None:
            base = self._base_kwh[device.id] = self._world.traits(device).uniform(*_BASE_KWH)
        banks = [self._banks[device.id, phase] for phase in Phase]
        total = base + sum(bank.energy_kwh(at_ms) for bank in banks)
        for effect in knobs.get(LOADED, ()):
            passed_h = max(0, min(at_ms, effect.to_ms) - effect.from_ms) / _MS_PER_H
            total += effect.value * passed_h / _W_PER_KW
        for effect in knobs.get(UNBALANCED, ()):
            total += (effect.value - 1) * self._burnt_kwh(device, effect, at_ms)
        for effect in _on(knobs, REVERSED, at_ms):
            began = base + sum(bank.energy_kwh(effect.from_ms) for bank in banks)
            total = began - effect.value * (at_ms - effect.from_ms) / _MS_PER_H
        return total

    def _burnt_kwh(self, device: Device, effect: Effect, at_ms: int) -> float:
        """What the lamps of an effect's phase burnt while it was on, up to a moment."""
        if at_ms <= effect.from_ms:
            return 0.0
        bank = self._banks[device.id, Phase(effect.detail)]
        return bank.energy_kwh(min(at_ms, effect.to_ms)) - bank.energy_kwh(effect.from_ms)


def _on(knobs: _Knobs, knob: str, at_ms: int, detail: str | None = None) -> list[Effect]:
    """The effects that turn a knob at a moment, of one detail if it is given."""
    return [
        effect
        for effect in knobs.get(knob, ())
        if effect.is_on(at_ms) and (detail is None or effect.detail == detail)
    ]


BEHAVIOUR: type[Behaviour] = _LightingCabinet
