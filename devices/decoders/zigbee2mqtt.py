"""Zigbee2MQTT: states and availability of Zigbee lamps, meters and door contacts."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from devices.decoders.measures import (
    has_phases,
    is_online,
    level_pct,
    meaningful,
    number,
    on_phase,
    power_factor,
    single_phase,
    switched,
    uncharted,
)
from devices.decoders.vendor import VendorDecoder, json_object, utc_from_epoch_s, utc_from_text
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "Zigbee2MqttDecoder"]

_PREFIX = "zigbee2mqtt/"
_AVAILABILITY = "/availability"
_COMMANDS = frozenset({"set", "get"})
_FULL_BRIGHTNESS = 254
_FULL_LINK_QUALITY = 255

_NAMES: Mapping[str, str] = {
    "power": "power_w",
    "voltage": "voltage_v",
    "current": "current_a",
    "energy": "energy_kwh",
    "power_factor": "power_factor_ratio",
    "ac_frequency": "frequency_hz",
    "temperature": "temp_c",
    "device_temperature": "temp_c",
}
"""What needs no conversion; a probe's temperature comes before that of its own chip."""
_PHASES: Mapping[str, tuple[str, int]] = {
    f"{quantity}{middle}{letter}": (_NAMES[quantity], phase)
    for quantity in ("power", "voltage", "current")
    for middle, letters in (("_", "abc"), ("_phase_", "abc"), ("_l", "123"))
    for phase, letter in enumerate(letters, start=1)
}
_ENDPOINT = re.compile(
    rf"({'|'.join(('state', 'brightness', *_NAMES))})_(left|right|center|top|bottom|l?[1-8])"
)
"""A value of one switch or lamp among several in one device."""
_ENDPOINTS = ("left", "right", "center", "top", "bottom", *(f"l{n}" for n in range(1, 9)), *"12345678")
_CONVERTED = frozenset({"state", "brightness", "linkquality", "contact", "last_seen"})


class Zigbee2MqttDecoder(VendorDecoder):
    """States become readings, availability a status; the identity is the friendly name, slashes and all.

    Where one device switches several lamps, a lamp is `friendly-name/l2`, after the endpoint in its values.
    What the bridge says of itself, commands and single attributes are no telemetry.
    """

    name: str = "zigbee2mqtt"
    filters: tuple[str, ...] = (f"{_PREFIX}#",)

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The reading or the status of one message.

        Raises:
            Rejected: the topic, the device or the payload broke a rule.
        """
        path = message.topic.removeprefix(_PREFIX)
        if path in {message.topic, ""}:
            raise Rejected(Rejection.TOPIC, f"a topic is {_PREFIX}friendly-name, got {message.topic!r}")
        reason = self._no_telemetry(path, message.payload, devices)
        if reason is not None:
            return [Ignored(reason)]
        if path.endswith(_AVAILABILITY):
            online = _is_available(message.payload)
            spoken = self.parts(devices, path.removesuffix(_AVAILABILITY), _ENDPOINTS)
            return [Status(device, online, message.retained) for device in spoken.values()]
        spoken = self.parts(devices, path, _ENDPOINTS)
        if message.retained:
            return [Ignored("retained")]
        return self._states(spoken, json_object(message.payload))

    def _no_telemetry(self, path: str, payload: bytes, devices: Devices) -> str | None:
        """Why a message says nothing of a device; None where it does."""
        levels = path.split("/")
        if levels[0] == "bridge":
            return "bridge"
        if not _COMMANDS.isdisjoint(levels[1:]):
            return "command"
        if not payload:
            return "removed"
        return "attribute" if not path.endswith(_AVAILABILITY) and self._is_attribute(path, devices) else None

    def _states(self, spoken: Mapping[str, Device], state: Mapping[str, Any]) -> list[Record]:
        """One reading for each lamp of the device that the state speaks of."""
        by_endpoint: dict[str, dict[str, Any]] = {}
        for name, value in state.items():
            match = _ENDPOINT.fullmatch(name)
            if match is not None and match[2] in spoken:
                by_endpoint.setdefault(match[2], {})[match[1]] = value
        shared = {name: state[name] for name in ("linkquality", "last_seen") if name in state}
        records = [self._state(spoken[name], shared | own) for name, own in by_endpoint.items()]
        if "" in spoken:
            taken = {f"{value}_{name}" for name, own in by_endpoint.items() for value in own}
            rest = {name: value for name, value in state.items() if name not in taken}
            records.append(self._state(spoken[""], rest))
        return records or [Ignored("no_measurements")]

    def _is_attribute(self, path: str, devices: Devices) -> bool:
        """Whether the last level is a value of a known device, which its state repeats."""
        above, _, _ = path.rpartition("/")
        known = (self.known(devices, identity) for identity in (path, above))
        return [device is not None for device in known] == [False, True]

    def _state(self, device: Device, state: Mapping[str, Any]) -> Record:
        on = _is_on(state)
        measurements = (
            _electrical(device, state)
            | switched(device, on=on)
            | {
                "dim_pct": level_pct(_share_pct(number(state, "brightness"), _FULL_BRIGHTNESS), on=on),
                "link_quality_pct": _share_pct(number(state, "linkquality"), _FULL_LINK_QUALITY),
                "door_open": _door_open(state),
            }
        )
        return meaningful(self.reading(device, measurements, ts=_last_seen(state)))


def _is_available(payload: bytes) -> bool:
    """Liveness in either form: `{"state": "online"}`, or the word alone.

    Raises:
        Rejected: it is neither.
    """
    if payload.lstrip()[:1] != b"{":
        return is_online(payload.decode("utf-8", "replace"))
    word = json_object(payload).get("state")
    if not isinstance(word, str):
        raise Rejected(Rejection.SCHEMA, f"availability needs a state, got {type(word).__name__}")
    return is_online(word)


def _is_on(state: Mapping[str, Any]) -> bool | None:
    """A switch's position; None for covers, locks and what has no switch."""
    word = state.get("state")
    return word == "ON" if word in ("ON", "OFF") else None


def _share_pct(value: float | None, full: int) -> float | None:
    return None if value is None else round(value / full * 100, 1)


def _door_open(state: Mapping[str, Any]) -> bool | None:
    """What a magnetic contact says; its `true` means closed.

    Raises:
        Rejected: it is no truth value.
    """
    contact = state.get("contact")
    if contact is not None and not isinstance(contact, bool):
        raise Rejected(Rejection.SCHEMA, f"contact must be true or false, got {type(contact).__name__}")
    return None if contact is None else not contact


def _electrical(device: Device, state: Mapping[str, Any]) -> dict[str, Any]:
    """W, V, A, kWh, Hz and °C by our names, on their phases; the names we do not know beside them."""
    phased = state.keys() & _PHASES.keys() if has_phases(device) else set()
    single: dict[str, Any] = {}
    for vendor_name, name in _NAMES.items():
        if vendor_name in state and single.get(name) is None:
            value = number(state, vendor_name)
            single[name] = power_factor(value) if name == "power_factor_ratio" else value
    if "battery" in state:
        # A battery's own voltage, in mV, is not that of the street.
        single.pop("voltage_v", None)
    # Where phase a has a name of its own, the name without a phase is their total and gives way.
    by_phase = {on_phase(*_PHASES[name]): number(state, name) for name in phased}
    unknown = uncharted(device, state.keys() - _CONVERTED - _NAMES.keys() - phased)
    return unknown | single_phase(device, single) | by_phase


def _last_seen(state: Mapping[str, Any]) -> datetime | None:
    """When the coordinator heard the device, if the bridge is set to say so: ISO 8601 or epoch ms."""
    value = state.get("last_seen")
    if isinstance(value, str):
        return utc_from_text(value)
    at_ms = number(state, "last_seen")
    return None if at_ms is None else utc_from_epoch_s(at_ms / 1000)


DECODER = Zigbee2MqttDecoder
