"""Lamps follow the sun and the dim curve."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from devices.registry import Device
from simulators.lamp_modes import Light
from simulators.lamps import STANDBY_W, lamp_burnt, lamp_light, lamp_power_w, rated_w
from simulators.messages import TimeFormat
from simulators.randomness import wobble
from simulators.world import Behaviour, Happening, Moment, World

_NOISE_SHARE = 0.02
_LOW_BELOW_PCT = 100
_STANDBY_FACTOR = 0.3  # power factor of a controller alone
_HEAT_C = 12.0  # above the air at full power


class _Traits(NamedTuple):
    """What differs from lamp to lamp: ageing, and the counters it had when the world began."""

    efficiency: float
    energy_kwh: float
    burning_h: float
    switch_on_count: int
    link_pct: float
    offset_v: float


class _Streetlight:
    """Commanded by the lighting programme; power follows the dim level with noise."""

    time_format = TimeFormat.EPOCH_MS

    def __init__(self, world: World) -> None:
        self._world = world
        self._traits: dict[str, _Traits] = {}

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        """The lamp's reading; a dark lamp keeps saying that it was commanded on."""
        world, at_ms, random = self._world, moment.at_ms, moment.random
        traits = self._traits.get(device.id) or self._learn(device)
        light = lamp_light(world, device, at_ms)
        counters = lamp_burnt(world, device, at_ms)
        power_w = lamp_power_w(device, light) * wobble(random, _NOISE_SHARE)
        factor = _STANDBY_FACTOR
        if power_w > 2 * STANDBY_W:
            power_w *= traits.efficiency
            factor = 0.86 + 0.11 * light.given_pct / 100
        voltage_v = (world.grid_v(at_ms) + traits.offset_v) * wobble(random, 0.004)
        return {
            "cmd_on": light.commanded_pct > 0,
            "power_state": _power_state(light),
            "dim_pct": light.shown_pct,
            "power_w": round(power_w, 1),
            "voltage_v": round(voltage_v, 1),
            "current_a": round(power_w / factor / voltage_v, 3),
            "power_factor_ratio": round(factor * wobble(random, 0.01), 2),
            "energy_kwh": round(traits.energy_kwh + rated_w(device) * counters.full_load_h / 1000, 3),
            "burning_h": round(traits.burning_h + counters.burning_h, 2),
            "switch_on_count": traits.switch_on_count + counters.switch_on_count,
            "temp_c": round(
                world.ambient_c(at_ms) + _HEAT_C * power_w / rated_w(device) + random.random(), 1
            ),
            "link_quality_pct": round(traits.link_pct * wobble(random, 0.05)),
        }

    def events(self, device: Device, moment: Moment) -> tuple[Happening, ...]:  # noqa: ARG002 - part of the protocol
        """Lamps say nothing but readings."""
        return ()

    def _learn(self, device: Device) -> _Traits:
        random = self._world.traits(device)
        nights = random.randint(200, 1500)
        burning_h = nights * 11.5
        traits = _Traits(
            efficiency=random.uniform(0.96, 1.02),
            energy_kwh=burning_h * 0.7 * rated_w(device) / 1000,
            burning_h=burning_h,
            switch_on_count=nights,
            link_pct=random.uniform(65, 95),
            offset_v=random.uniform(-3, 1),
        )
        self._traits[device.id] = traits
        return traits


def _power_state(light: Light) -> str:
    if light.given_pct == 0:
        return "off"
    return "low" if light.given_pct < _LOW_BELOW_PCT else "on"


BEHAVIOUR: type[Behaviour] = _Streetlight
