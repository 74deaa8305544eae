"""Cabinets sum what their lamps draw, phase by phase."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from devices.registry import Device, Phase
from simulators.lamps import lamp_energy_kwh, lamp_power_w
from simulators.messages import TimeFormat
from simulators.randomness import wobble
from simulators.world import Behaviour, Happening, Moment, World

__all__ = ["PHASE_DEAD"]

PHASE_DEAD = "phase-dead"
"""Knob of a cabinet: the phase in the effect's detail has no voltage."""

_FACTOR = 0.94
_OWN_W = 6.0  # controller and modem, on the first phase
_INDUCED_V = 2.5  # what a meter still sees on a dead phase
_BASE_KWH = (20_000.0, 90_000.0)


class _LightingCabinet:
    """Measures three phases; works in automatic mode with its door shut."""

    time_format = TimeFormat.RFC3339

    def __init__(self, world: World) -> None:
        self._world = world
        self._lamps: defaultdict[tuple[str, Phase], list[Device]] = defaultdict(list)
        for device in world.city.devices:
            supply = device.powered_by
            if device.kind == "streetlight" and supply and supply.phase:
                self._lamps[supply.parent, supply.phase].append(device)
        self._base_kwh: dict[str, float] = {}

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        """The cabinet's reading."""
        world, at_ms, random = self._world, moment.at_ms, moment.random
        dim_pct = world.lighting.state(at_ms).dim_pct
        reading: dict[str, Any] = {}
        currents_a: list[float] = []
        for number, phase in enumerate(Phase, 1):
            voltage_v, power_w = self._phase(device, phase, moment, dim_pct)
            current_a = power_w / _FACTOR / voltage_v if power_w else 0.0
            currents_a.append(current_a)
            reading[f"voltage_l{number}_v"] = round(voltage_v, 1)
            reading[f"current_l{number}_a"] = round(current_a, 2)
            reading[f"power_l{number}_w"] = round(power_w)
        return reading | {
            "neutral_current_a": round(max(currents_a) - min(currents_a), 2),
            "power_factor_ratio": round(_FACTOR * wobble(random, 0.01), 2),
            "frequency_hz": round(50 * wobble(random, 0.001), 2),
            "energy_kwh": round(self._energy_kwh(device, at_ms), 2),
            "contactor_on": dim_pct > 0,
            "cmd_on": dim_pct > 0,
            "manual_mode": False,
            "door_open": False,
            "leakage": False,
            "temp_c": round(world.ambient_c(at_ms) + 6 + random.random(), 1),
        }

    def events(self, device: Device, moment: Moment) -> tuple[Happening, ...]:  # noqa: ARG002 - part of the protocol
        """Cabinets say nothing but readings."""
        return ()

    def _phase(self, device: Device, phase: Phase, moment: Moment, dim_pct: int) -> tuple[float, float]:
        """Voltage and power of a phase."""
        at_ms, random = moment.at_ms, moment.random
        voltage_v = self._world.grid_v(at_ms) * wobble(random, 0.005)
        if any(
            effect.detail == phase and effect.from_ms <= at_ms < effect.to_ms
            for effect in self._world.effects.of(device.id, PHASE_DEAD)
        ):
            return _INDUCED_V * random.random(), 0.0
        own_w = _OWN_W if phase is Phase.L1 else 0.0
        lamps = self._lamps[device.id, phase]
        drawn_w = sum(lamp_power_w(self._world, lamp, at_ms, dim_pct) for lamp in lamps)
        return voltage_v, own_w + drawn_w * wobble(random, 0.01)

    def _energy_kwh(self, device: Device, at_ms: int) -> float:
        """The meter: what the lamps burnt, on top of what it showed when the world began."""
        base = self._base_kwh.get(device.id)
        if base is None:
            base = self._base_kwh[device.id] = self._world.traits(device).uniform(*_BASE_KWH)
        lamps = (lamp for phase in Phase for lamp in self._lamps[device.id, phase])
        return base + sum(lamp_energy_kwh(self._world, lamp, at_ms) for lamp in lamps)


BEHAVIOUR: type[Behaviour] = _LightingCabinet
