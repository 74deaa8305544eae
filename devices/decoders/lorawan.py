"""What the decoders of LoRaWAN servers share: values of payload codecs by our names, and the best signal."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from devices.catalogue import kinds
from devices.decoders.usual_names import measured
from devices.registry import Device

__all__ = ["best_signal", "lorawan_values"]

_DEEPEST = 3
_RESERVED = frozenset({"ts", "seq", "device"})
_CHANNEL = re.compile(r"_[0-9]{1,3}$")
"""What server-side Cayenne codecs write behind a name: `temperature_1`."""


def lorawan_values(device: Device, decoded: Mapping[str, Any]) -> dict[str, Any]:
    """A codec's values by our fields' names; a value under our own name beats one under a usual name.

    Names without a unit mean W, V, A, °C, Hz, % and a power factor of -1 to 1. Of several channels of one
    name the first counts; objects within are read by their path.
    """
    ours = kinds()[device.kind].by_name
    found: dict[str, Any] = {}
    for name, value, unit in sorted(_flat(decoded, "", 0), key=lambda item: item[0] in ours):
        if value is None or name in _RESERVED:
            continue
        bare = name if name in ours else _CHANNEL.sub("", name)
        values = measured(device, bare, value, unit)
        found |= values if bare == name else {key: values[key] for key in values.keys() - found.keys()}
    return found


def _flat(parent: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, Any, str]]:
    """Path, value and unit of what a codec gave: bare values, `{"value": 1, "unit": "kWh"}`, channels."""
    for name, value in parent.items():
        if not isinstance(value, dict):
            yield f"{path}{name}", value, ""
        elif "value" in value:
            unit = value.get("unit")
            yield f"{path}{name}", value["value"], unit if isinstance(unit, str) else ""
        elif value and all(key.isdecimal() for key in value):
            yield f"{path}{name}", value[min(value, key=int)], ""
        elif depth < _DEEPEST:
            yield from _flat(value, f"{path}{name}/", depth + 1)


def best_signal(device: Device, receptions: object) -> dict[str, Any]:
    """The strongest rssi in dBm of the gateways that heard it, for kinds that have a field for it."""
    if "signal_dbm" not in kinds()[device.kind].by_name or not isinstance(receptions, Iterable):
        return {}
    heard = [reception.get("rssi") for reception in receptions if isinstance(reception, dict)]
    levels = [level for level in heard if isinstance(level, (int, float)) and not isinstance(level, bool)]
    return {"signal_dbm": max(levels)} if levels else {}
