"""What a lamp draws from its phase: the model that lamps report from and cabinets sum up."""

from devices.registry import Device
from simulators.world import World

__all__ = ["DARK", "STANDBY_W", "lamp_energy_kwh", "lamp_power_w", "rated_w"]

DARK = "dark"
"""Knob of a streetlight: commanded or not, it gives no light and draws next to nothing."""

STANDBY_W = 0.4
"""What the controller draws while the lamp is off."""

_W_PER_KW = 1000.0


def rated_w(lamp: Device) -> float:
    """Rated power of a lamp, which the registry requires."""
    return float(lamp.attributes["rated_w"])


def lamp_power_w(world: World, lamp: Device, at_ms: int, dim_pct: int) -> float:
    """Power drawn at a dim level (0 when off), before the noise of measuring."""
    if dim_pct == 0 or world.effects.active(lamp.id, DARK, at_ms):
        return STANDBY_W
    return rated_w(lamp) * dim_pct / 100


def lamp_energy_kwh(world: World, lamp: Device, at_ms: int) -> float:
    """Energy burnt since the eve of the world's origin; never falls."""
    burnt_h = world.lighting.state(at_ms).full_load_h
    for dark in world.effects.of(lamp.id, DARK):
        if dark.from_ms < at_ms:
            until_h = world.lighting.state(min(at_ms, dark.to_ms)).full_load_h
            burnt_h -= until_h - world.lighting.state(dark.from_ms).full_load_h
    return rated_w(lamp) * burnt_h / _W_PER_KW
