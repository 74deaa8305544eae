"""What the decoders of meters and relays share: checked numbers, phases, switches, words for liveness."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from devices.catalogue import kinds
from devices.errors import Rejected, Rejection
from devices.messages import Ignored, Reading, Record
from devices.payloads import reading_type
from devices.registry import Device

__all__ = [
    "flag",
    "has_phases",
    "is_online",
    "level_pct",
    "meaningful",
    "number",
    "on_phase",
    "plain_number",
    "power_factor",
    "single_phase",
    "switched",
    "uncharted",
]

_PHASE_NAMES: Mapping[str, str] = {
    "power_w": "power_l{}_w",
    "voltage_v": "voltage_l{}_v",
    "current_a": "current_l{}_a",
}
_ONLINE: Mapping[str, bool] = {
    **dict.fromkeys(("online", "true", "1", "up", "connected", "available", "alive"), True),
    **dict.fromkeys(
        ("offline", "false", "0", "down", "disconnected", "unavailable", "stopped", "dead"), False
    ),
}
_POSITIONS: Mapping[str, bool] = {
    "on": True,
    "1": True,
    "true": True,
    "off": False,
    "0": False,
    "false": False,
}
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
_ROUNDED_RATIO = 1.05
"""Up to here a power factor is 1 and the meter's rounding; beyond, it is in %."""
_FULL_PCT = 100
_NO_VALUES = frozenset({"ts", "seq", "device"})


def number(members: Mapping[str, Any], name: str) -> float | None:
    """The number under that name, in digits or as text; None where there is none or a null.

    Raises:
        Rejected: something else stands there; the error does not quote it, it may be personal.
    """
    value = members.get(name)
    if value is None:
        return None
    found = plain_number(value)
    if found is None:
        raise Rejected(Rejection.SCHEMA, f"{name} must be a number, got {type(value).__name__}")
    if math.isinf(found):
        raise Rejected(Rejection.SCHEMA, f"{name} is larger than any number a device measures")
    return found


def plain_number(value: object) -> float | None:
    """A number, also where old firmwares write it as text; None for what is none.

    What no float holds becomes infinity, which no field's range allows.
    """
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def flag(members: Mapping[str, Any], name: str) -> bool | None:
    """A switch's position under that name, in any of the words for it; None where there is none or a null.

    Raises:
        Rejected: something else stands there.
    """
    value = members.get(name)
    if value is None or isinstance(value, bool):
        return value
    on = _POSITIONS.get(str(value).lower()) if isinstance(value, str | int) else None
    if on is None:
        raise Rejected(Rejection.SCHEMA, f"{name} is ON or OFF, got another {type(value).__name__}")
    return on


def power_factor(value: float | None) -> float | None:
    """-1 to 1 from a factor or from %; what is neither stays as it is, for the field's range to refuse."""
    if value is None or abs(value) <= 1 or abs(value) > _FULL_PCT:
        return value
    return math.copysign(1.0, value) if abs(value) <= _ROUNDED_RATIO else value / _FULL_PCT


def has_phases(device: Device) -> bool:
    """Whether the device's kind reports power, voltage and current for each phase."""
    return on_phase("power_w", 1) in kinds()[device.kind].by_name


def on_phase(name: str, phase: int) -> str:
    """The name of the same measurement on one phase, counted from 1."""
    pattern = _PHASE_NAMES.get(name)
    return name if pattern is None else pattern.format(phase)


def single_phase(device: Device, measurements: Mapping[str, Any], phase: int = 1) -> dict[str, Any]:
    """A single-phase meter's measurements by the names of the device's kind.

    On a three-phase device they are those of one phase.
    """
    if not has_phases(device):
        return dict(measurements)
    return {on_phase(name, phase): value for name, value in measurements.items()}


def switched(device: Device, *, on: bool | None) -> dict[str, Any]:
    """What a relay's position says: the command, and the state where the device's kind has one."""
    if on is None:
        return {}
    state = {"power_state": "on" if on else "off"} if "power_state" in kinds()[device.kind].by_name else {}
    return {"cmd_on": on} | state


def level_pct(level: float | None, *, on: bool | None) -> float | None:
    """A lamp's present level in %; one that is off keeps that of its next time, which is not how it burns."""
    return None if level and on is False else level


def is_online(word: str) -> bool:
    """Whether a vendor's word for liveness means online, in any case and with or without quotes.

    Raises:
        Rejected: the word means neither.
    """
    online = _ONLINE.get(word.strip().strip('"').lower())
    if online is None:
        raise Rejected(Rejection.SCHEMA, f"liveness is online, offline or alike, got {word[:40]!r}")
    return online


def meaningful(reading: Reading) -> Record:
    """The reading itself, or Ignored where nothing in it is a field of the device's kind."""
    payload = reading.payload
    names = (name for name in payload.__struct_fields__ if name not in _NO_VALUES)
    if all(getattr(payload, name) is None for name in names):
        return Ignored("no_measurements")
    return reading


def uncharted(device: Device, names: Iterable[str]) -> dict[str, Any]:
    """A vendor's names that belong to no field of ours, as measurements that only get counted.

    One that happens to be spelled like a field is left out: its unit and meaning are the vendor's.
    """
    ours = reading_type(device.kind).__struct_fields__
    return {name: True for name in names if name not in ours}
