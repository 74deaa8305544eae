"""What the decoders of LoRaWAN servers share: values of payload codecs by our names, and the best signal."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from devices.catalogue import kinds
from devices.decoders.usual_names import measured
from devices.registry import Device

__all__ = ["best_signal", "lorawan_values"]

_RESERVED = frozenset({"ts", "seq", "device"})
_CHANNEL = re.compile(r"_[0-9]{1,3}$")
"""What server-side Cayenne codecs write behind a name: `temperature_1`."""


def lorawan_values(device: Device, decoded: Mapping[str, Any]) -> dict[str, Any]:
    """A codec's values by our fields' names; a value under our own name beats one under a usual name.

    Names without a unit mean W, V, A, °C, Hz, % and a power factor of -1 to 1. Of several channels of one
    name the first counts.
    """
    ours = kinds()[device.kind].by_name
    found: dict[str, Any] = {}
    for name in sorted(decoded, key=lambda name: name in ours):
        value = decoded[name]
        if value is None or name in _RESERVED:
            continue
        bare = name if name in ours else _CHANNEL.sub("", name)
        values = measured(device, bare, value)
        found |= (
            values if name in ours or bare == name else {k: v for k, v in values.items() if k not in found}
        )
    return found


def best_signal(device: Device, receptions: object) -> dict[str, Any]:
    """The strongest rssi in dBm of the gateways that heard it, for kinds that have a field for it."""
    if "signal_dbm" not in kinds()[device.kind].by_name or not isinstance(receptions, Iterable):
        return {}
    heard = [reception.get("rssi") for reception in receptions if isinstance(reception, dict)]
    levels = [level for level in heard if isinstance(level, (int, float)) and not isinstance(level, bool)]
    return {"signal_dbm": max(levels)} if levels else {}
