"""Names of measurements that formats without a vocabulary of their own usually give, and their units.

LoRaWAN codecs and Sparkplug B leave the name to whoever configured the device. Only names that mean one
thing everywhere are here; one whose unit differs between products (`energy` may be Wh or kWh) needs that
unit beside it or in it.
"""

import re
from collections.abc import Mapping
from typing import Any

from devices.catalogue import kinds
from devices.decoders.measures import on_phase, switched, uncharted
from devices.description import Field
from devices.registry import Device

__all__ = ["measured"]

_SWITCHES = frozenset({"on", "state", "output", "relay", "switch", "lamp", "light"})
_POSITIONS: Mapping[object, bool] = {
    True: True,
    False: False,
    "on": True,
    "off": False,
    "ON": True,
    "OFF": False,
}

_NAMES: Mapping[str, tuple[str, str | None]] = {
    "power": ("power_w", "w"),
    "activepower": ("power_w", "w"),
    "voltage": ("voltage_v", "v"),
    "current": ("current_a", "a"),
    "neutralcurrent": ("neutral_current_a", "a"),
    "powerfactor": ("power_factor_ratio", "ratio"),
    "pf": ("power_factor_ratio", "ratio"),
    "cosphi": ("power_factor_ratio", "ratio"),
    "temperature": ("temp_c", "c"),
    "temp": ("temp_c", "c"),
    "temperaturesensor": ("temp_c", "c"),
    "frequency": ("frequency_hz", "hz"),
    "dimming": ("dim_pct", "%"),
    "dimlevel": ("dim_pct", "%"),
    "brightness": ("dim_pct", None),
    "energy": ("energy_kwh", None),
    "activeenergy": ("energy_kwh", None),
    "totalenergy": ("energy_kwh", None),
    "burninghours": ("burning_h", "h"),
    "operatinghours": ("burning_h", "h"),
    "door": ("door_open", "bool"),
    "dooropen": ("door_open", "bool"),
    "clients": ("client_count", "count"),
    "clientcount": ("client_count", "count"),
    "volume": ("volume_pct", "%"),
    "uptime": ("uptime_s", None),
}
"""A name without case and separators: our field, and the unit it has when nothing says another."""

_UNITS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "power_w": {"w": (1, 0), "watt": (1, 0), "watts": (1, 0), "kw": (1000, 0), "mw": (0.001, 0)},
    "voltage_v": {"v": (1, 0), "volt": (1, 0), "volts": (1, 0), "mv": (0.001, 0), "kv": (1000, 0)},
    "current_a": {"a": (1, 0), "amp": (1, 0), "amps": (1, 0), "ma": (0.001, 0)},
    "neutral_current_a": {"a": (1, 0), "ma": (0.001, 0)},
    "power_factor_ratio": {"ratio": (1, 0), "": (1, 0), "%": (0.01, 0), "pct": (0.01, 0)},
    "temp_c": {
        "c": (1, 0),
        "degc": (1, 0),
        "celsius": (1, 0),
        "f": (5 / 9, -160 / 9),
        "degf": (5 / 9, -160 / 9),
    },
    "frequency_hz": {"hz": (1, 0), "mhz": (0.001, 0)},
    "dim_pct": {"%": (1, 0), "pct": (1, 0), "percent": (1, 0)},
    "volume_pct": {"%": (1, 0), "pct": (1, 0), "percent": (1, 0)},
    "energy_kwh": {"kwh": (1, 0), "wh": (0.001, 0), "mwh": (1000, 0)},
    "burning_h": {"h": (1, 0), "hours": (1, 0), "s": (1 / 3600, 0), "min": (1 / 60, 0)},
    "door_open": {"bool": (1, 0)},
    "client_count": {"count": (1, 0)},
    "uptime_s": {"s": (1, 0), "sec": (1, 0), "seconds": (1, 0), "min": (60, 0), "h": (3600, 0)},
}
"""What our field is made of: value times factor plus offset. No lamp has megawatts: `mw` is milliwatts."""

_PHASE = re.compile(r"(?:^|[\s/_.-])(?:l|phase[\s_-]?)([123abc])(?=$|[\s/_.-])", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s_.-]+")
_DIGITS = 9


def measured(device: Device, name: str, value: Any, unit: str = "") -> dict[str, Any]:
    """A value by our field's name and in its unit; one that nobody described is only counted.

    `name` may be one of our own, a path (`Meter/L1/Active Power`) whose phase is kept, and may end with its
    unit (`current_mA`); `unit` is what stands beside it (`kW`).
    """
    fields = kinds()[device.kind].by_name
    last = name.rsplit("/", 1)[-1]
    if last in fields:
        return {last: _fitting(fields[last], value)}
    if last.lower() in _SWITCHES and isinstance(value, bool | str) and value in _POSITIONS:
        return switched(device, on=_POSITIONS[value])
    named = _named(name, value, unit)
    if named is None or named[0] not in fields:
        return uncharted(device, [name])
    return {named[0]: _fitting(fields[named[0]], named[1])}


def _fitting(field: Field, value: Any) -> Any:
    """The value as the field's type where nothing is lost: controllers say 1 for true and 3.0 for 3."""
    if field.value == "bool" and not isinstance(value, bool) and value in (0, 1):
        return bool(value)
    if field.value == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _named(name: str, value: Any, unit: str) -> tuple[str, Any] | None:
    """Our field's name and the value in its unit; None for a name or a unit that nobody described."""
    phase = _PHASE.search(name)
    bare = name if phase is None else name[: phase.start()] + name[phase.end() :]
    # The phase may have been the last level, as in `Power/L1`.
    last = bare.rstrip("/").rsplit("/", 1)[-1].lower()
    field, named_unit = _field([word for word in _SEPARATORS.split(last) if word])
    if field is None:
        return None
    stated = _plain(unit) or named_unit
    conversion = None if stated is None else _UNITS[field].get(stated)
    if conversion is None:
        return None
    ours = field if phase is None else on_phase(field, _phase_number(phase.group(1)))
    return ours, _converted(value, *conversion)


def _field(words: list[str]) -> tuple[str | None, str | None]:
    """The field of a name taken apart, and the unit at its end or the usual one."""
    known = _NAMES.get("".join(words))
    if known is not None:
        return known
    if len(words) > 1:
        field, _ = _NAMES.get("".join(words[:-1]), (None, None))
        if field is not None and words[-1] in _UNITS[field]:
            return field, words[-1]
    return None, None


def _plain(unit: str) -> str:
    """A unit without case, degree sign and blanks."""
    return unit.strip().lower().replace("\N{DEGREE SIGN}", "").replace(" ", "")


def _phase_number(letter: str) -> int:
    return "123abc".index(letter.lower()) % 3 + 1


def _converted(value: Any, factor: float, offset: float) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or (factor == 1 and not offset):
        return value
    try:
        return round(value * factor + offset, _DIGITS)
    except OverflowError:
        return value
