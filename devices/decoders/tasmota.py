"""Tasmota's telemetry and statuses: relays, dimmers and energy meters with the open firmware."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from devices.decoders.measures import (
    flag,
    has_phases,
    is_online,
    level_pct,
    meaningful,
    number,
    on_phase,
    plain_number,
    power_factor,
    single_phase,
    switched,
    uncharted,
)
from devices.decoders.vendor import VendorDecoder, child, json_object, utc_from_epoch_s, utc_from_text
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "TasmotaDecoder"]

_WORDS: Mapping[str, tuple[str, ...]] = {
    "tele": ("STATE", "SENSOR", "LWT"),
    "stat": ("STATUS8", "STATUS10", "STATUS11", "RESULT"),
}
_WRAPPERS: Mapping[str, str] = {"STATUS8": "StatusSNS", "STATUS10": "StatusSNS", "STATUS11": "StatusSTS"}
_METER: Mapping[str, str] = {
    "Power": "power_w",
    "ApparentPower": "apparent_power_va",
    "ReactivePower": "reactive_power_var",
    "Voltage": "voltage_v",
    "Current": "current_a",
    "Factor": "power_factor_ratio",
    "Frequency": "frequency_hz",
}
"""What the meter measures now; `Period` is Wh since the last message and belongs to no field."""
_UNDERSTOOD = frozenset({*_METER, "Total", "TotalStartTime", "Yesterday", "Today", "Period"})
_RELAY = re.compile(r"POWER[0-9]{0,2}")
_PHASES = 3
_FIRST_MS = 1e11
"""From here on `Time` counts milliseconds (the firmware's `Time 5`); as seconds it would be the year 5138."""
_RELAYS = tuple(f"POWER{number}" for number in range(1, 9))
_PLUMBING = frozenset(
    {
        *("Time", "Epoch", "Uptime", "UptimeSec", "ENERGY", "Wifi", "Dimmer", "TempUnit"),
        *("Heap", "SleepMode", "Sleep", "LoadAvg", "MqttCount"),
    }
)
"""What says nothing about the street, or is read elsewhere."""


class TasmotaDecoder(VendorDecoder):
    """Readings of `STATE`, `SENSOR` and the answers to `Status`; liveness of `LWT`; `RESULT` is ignored.

    The identity is the topic's level beside `tele` or `stat`, before or after it, or both levels of a group
    and a name. Where one controller switches several lamps, a lamp is `name/POWER2`.
    """

    name: str = "tasmota"
    filters: tuple[str, ...] = tuple(
        pattern.format(prefix=prefix, word=word)
        for pattern in ("{prefix}/+/{word}", "{prefix}/+/+/{word}", "+/{prefix}/{word}")
        for prefix, words in _WORDS.items()
        for word in words
    )

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The readings of one message, one for each lamp it speaks of, or the liveness.

        Raises:
            Rejected: the topic, the device or the payload broke a rule.
        """
        identity, word = _taken_apart(message.topic)
        if word == "RESULT":
            return [Ignored("command_result")]
        if word == "LWT":
            return _liveness(message, self.parts(devices, identity, _RELAYS).values())
        spoken = self.parts(devices, identity, _RELAYS)
        if message.retained:
            return [Ignored("retained")]
        status = json_object(message.payload)
        if word in _WRAPPERS:
            status = _unwrapped(status, _WRAPPERS[word])
        meters = _channels(child(status, "ENERGY")) if len(spoken) > 1 or "" not in spoken else {}
        records: list[Record] = [
            self._relay(device, status, name, meters.get(name, {}))
            for name, device in spoken.items()
            if name and (name in status or name in meters)
        ]
        if "" in spoken:
            own = next(
                (name for name in ("POWER", "POWER1") if name in status and name not in spoken), "POWER"
            )
            records.append(self._controller(spoken[""], status, own, meters.get("POWER1", {})))
        return records or [Ignored("no_measurements")]

    def _relay(
        self, device: Device, status: Mapping[str, Any], relay: str, channel: Mapping[str, Any]
    ) -> Record:
        measurements = single_phase(device, channel) | switched(device, on=flag(status, relay))
        return meaningful(self.reading(device, measurements, ts=_device_time(status)))

    def _controller(
        self, device: Device, status: Mapping[str, Any], relay: str, channel: Mapping[str, Any]
    ) -> Record:
        on = flag(status, relay)
        measurements = (
            uncharted(device, _unknown(status))
            | _state(status, on=on)
            | switched(device, on=on)
            | _meter(device, child(status, "ENERGY"), {} if has_phases(device) else channel)
        )
        return meaningful(self.reading(device, measurements, ts=_device_time(status)))


def _taken_apart(topic: str) -> tuple[str, str]:
    """The identity and the last word of a topic.

    Raises:
        Rejected: the topic has another form.
    """
    *levels, word = topic.split("/")
    prefix = next((prefix for prefix, words in _WORDS.items() if word in words), None)
    if prefix is not None and levels[:1] == [prefix] and len(levels) > 1:
        return "/".join(levels[1:]), word
    if prefix is not None and len(levels) > 1 and levels[-1] == prefix:
        return "/".join(levels[:-1]), word
    raise Rejected(Rejection.TOPIC, f"a Tasmota topic is tele/name/STATE or alike, got {topic!r}")


def _liveness(message: RawMessage, devices: Iterable[Device]) -> list[Record]:
    if not message.payload:
        return [Ignored("removed")]
    online = is_online(message.payload.decode("utf-8", "replace"))
    return [Status(device, online, message.retained) for device in devices]


def _unwrapped(status: Mapping[str, Any], wrapper: str) -> dict[str, Any]:
    """The status inside its wrapper.

    Raises:
        Rejected: the wrapper is missing or no object.
    """
    if status.get(wrapper) is None:
        raise Rejected(Rejection.SCHEMA, f"an answer to Status needs {wrapper}")
    return child(status, wrapper)


def _device_time(status: Mapping[str, Any]) -> datetime | None:
    """The device's time; None without a zone, for nobody knows which zone the firmware was set to."""
    if isinstance(status.get("Time"), str):
        return utc_from_epoch_s(number(status, "Epoch")) or utc_from_text(status["Time"])
    at = number(status, "Time")
    return utc_from_epoch_s(at / 1000 if at is not None and at >= _FIRST_MS else at)


def _state(status: Mapping[str, Any], *, on: bool | None) -> dict[str, Any]:
    """What the firmware says about itself: dimmer (%), uptime (s), radio (%, dBm), temperature (°C)."""
    wifi = child(status, "Wifi")
    return {
        "dim_pct": level_pct(number(status, "Dimmer"), on=on),
        "uptime_s": number(status, "UptimeSec"),
        "link_quality_pct": number(wifi, "RSSI"),
        "signal_dbm": number(wifi, "Signal"),
        "temp_c": _temperature_c(status),
    }


def _temperature_c(status: Mapping[str, Any]) -> float | None:
    """The first probe's temperature, else that of the processor."""
    probes = {name: probe for name, probe in status.items() if isinstance(probe, dict) and name != "ENERGY"}
    for name in sorted(probes, key=lambda name: name.startswith("ESP32")):
        # Analog inputs number their probes.
        value = plain_number(probes[name].get("Temperature", probes[name].get("Temperature1")))
        if value is not None:
            return round((value - 32) / 1.8, 2) if status.get("TempUnit") == "F" else value
    return None


def _meter(device: Device, energy: Mapping[str, Any], channel: Mapping[str, Any]) -> dict[str, Any]:
    """The meter's values by our names; energy is kWh.

    Arrays are phases, which only some kinds have, or the channels of several lamps, of which `channel` is
    the one for this.
    """
    found = uncharted(device, energy.keys() - _UNDERSTOOD)
    single: dict[str, Any] = {"energy_kwh": _total_kwh(energy)}
    for vendor_name, name in _METER.items():
        value = energy.get(vendor_name)
        if not isinstance(value, list):
            single[name] = _measured(name, energy, vendor_name)
        elif len(value) == 1 or (value and name == "frequency_hz"):
            single[name] = _measured(name, {vendor_name: value[0]}, vendor_name)
        elif has_phases(device) and on_phase(name, 1) != name and len(value) <= _PHASES:
            phases = enumerate(value, start=1)
            found |= {on_phase(name, n): number({vendor_name: item}, vendor_name) for n, item in phases}
        elif name not in channel:
            found[vendor_name] = True
    return single_phase(device, {**single, **channel}) | found


def _channels(energy: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The values of each channel by its relay, for meters that measure every lamp alone."""
    found: dict[str, dict[str, Any]] = {}
    for vendor_name, name in {**_METER, "Total": "energy_kwh"}.items():
        value = energy.get(vendor_name)
        for relay, item in zip(_RELAYS, value if isinstance(value, list) else (), strict=False):
            found.setdefault(relay, {})[name] = _measured(name, {vendor_name: item}, vendor_name)
    return found


def _measured(name: str, energy: Mapping[str, Any], vendor_name: str) -> float | None:
    value = number(energy, vendor_name)
    return power_factor(value) if name == "power_factor_ratio" else value


def _total_kwh(energy: Mapping[str, Any]) -> float | None:
    """The counter in kWh, summed where the firmware counts each phase; None where any of them is missing."""
    total = energy.get("Total")
    if not isinstance(total, list):
        return number(energy, "Total")
    parts = [number({"Total": part}, "Total") for part in total]
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) else None


def _unknown(status: Mapping[str, Any]) -> set[str]:
    """Names nobody described; of probes only the type, which is what stands before their serial number."""
    return {
        name.split("-", 1)[0]
        for name, value in status.items()
        if name not in _PLUMBING and not _RELAY.fullmatch(name) and not _is_probe(value)
    }


def _is_probe(value: object) -> bool:
    return isinstance(value, dict) and set(value) <= {"Temperature", "Id"}


DECODER = TasmotaDecoder
