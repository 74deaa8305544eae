"""Cayenne Low Power Payload: the format that many LoRaWAN devices speak without a codec of their own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["cayenne_lpp"]

_TYPES: Mapping[int, tuple[str, int, bool, float]] = MappingProxyType(
    {
        0: ("digital_in", 1, False, 1),
        1: ("digital_out", 1, False, 1),
        2: ("analog_in", 2, True, 0.01),
        3: ("analog_out", 2, True, 0.01),
        100: ("generic", 4, False, 1),
        101: ("illuminance", 2, False, 1),
        102: ("presence", 1, False, 1),
        103: ("temperature", 2, True, 0.1),
        104: ("humidity", 1, False, 0.5),
        113: ("accelerometer", 6, True, 0.001),
        115: ("barometer", 2, False, 0.1),
        116: ("voltage", 2, False, 0.01),
        117: ("current", 2, False, 0.001),
        118: ("frequency", 4, False, 1),
        120: ("percentage", 1, False, 1),
        121: ("altitude", 2, True, 1),
        125: ("concentration", 2, False, 1),
        128: ("power", 2, False, 1),
        130: ("distance", 4, False, 0.001),
        131: ("energy_kwh", 4, False, 0.001),
        132: ("direction", 2, False, 1),
        133: ("time", 4, False, 1),
        134: ("gyrometer", 6, True, 0.01),
        135: ("colour", 3, False, 1),
        136: ("gps", 9, True, 1),
        142: ("switch", 1, False, 1),
    }
)
"""By type: name, bytes, whether signed, unit of the last digit (W, V, A, kWh, °C, Hz, %)."""
_UNUSED = frozenset({"accelerometer", "gyrometer", "gps", "colour", "time"})
_DIGITS = 3


def cayenne_lpp(_port: int, raw: bytes) -> dict[str, Any]:
    """The values by name; of several channels of one type the lowest, as the others have no name of ours.

    A switch is true or false, a percentage of a dimmer is `dimming`.

    Raises:
        ValueError: the bytes end within a value, or hold a type that the format has not.
    """
    if not raw:
        raise ValueError("no bytes")
    found: dict[str, tuple[int, Any]] = {}
    at = 0
    while at < len(raw):
        name, size, signed, unit = _type_at(raw, at)
        content = raw[at + 2 : at + 2 + size]
        if len(content) != size:
            raise ValueError(f"a {name} needs {size} bytes, {len(content)} are left")
        number = int.from_bytes(content, "big", signed=signed)
        value: Any = number != 0 if name == "switch" else round(number * unit, _DIGITS)
        if name not in _UNUSED and (name not in found or raw[at] < found[name][0]):
            found[name] = raw[at], value
        at += 2 + size
    return {"dimming" if name == "percentage" else name: value for name, (_, value) in found.items()}


def _type_at(raw: bytes, at: int) -> tuple[str, int, bool, float]:
    if at + 1 >= len(raw):
        raise ValueError("a channel without a type at the end")
    if raw[at + 1] not in _TYPES:
        raise ValueError(f"no type {raw[at + 1]}")
    return _TYPES[raw[at + 1]]
