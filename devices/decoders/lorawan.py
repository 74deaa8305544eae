"""What the decoders of LoRaWAN servers share: names that payload codecs usually give, and the best signal."""

from collections.abc import Iterable, Mapping
from typing import Any

from devices.catalogue import kinds
from devices.registry import Device

__all__ = ["best_signal", "lorawan_values"]

# Only names whose unit is the same in every published codec: `energy` may be Wh or kWh and is not here.
_USUAL_NAMES: Mapping[str, str] = {
    "power": "power_w",
    "active_power": "power_w",
    "activePower": "power_w",
    "voltage": "voltage_v",
    "current": "current_a",
    "power_factor": "power_factor_ratio",
    "powerFactor": "power_factor_ratio",
    "temperature": "temp_c",
    "temp": "temp_c",
    "frequency": "frequency_hz",
    "dimming": "dim_pct",
    "dim_level": "dim_pct",
}
_RESERVED = frozenset({"ts", "seq", "device"})


def lorawan_values(decoded: Mapping[str, Any]) -> dict[str, Any]:
    """A codec's values by our fields' names; a value under our own name beats one under a usual name.

    The usual names mean W, V, A, °C, Hz, % and a power factor of -1 to 1. Whole numbers come as integers:
    servers carry every number of a codec as a float.
    """
    usual = {_USUAL_NAMES[name]: value for name, value in decoded.items() if name in _USUAL_NAMES}
    own = {
        name: value
        for name, value in decoded.items()
        if name not in _USUAL_NAMES and name not in _RESERVED and value is not None
    }
    return {name: _whole(value) for name, value in (usual | own).items()}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def best_signal(device: Device, receptions: object) -> dict[str, Any]:
    """The strongest rssi in dBm of the gateways that heard it, for kinds that have a field for it."""
    if "signal_dbm" not in kinds()[device.kind].by_name or not isinstance(receptions, Iterable):
        return {}
    heard = [reception.get("rssi") for reception in receptions if isinstance(reception, dict)]
    levels = [level for level in heard if isinstance(level, (int, float))]
    return {"signal_dbm": max(levels)} if levels else {}
