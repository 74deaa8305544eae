"""Shelly's second generation and later: notifications that carry only what changed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from devices.decoders.measures import (
    has_phases,
    level_pct,
    meaningful,
    number,
    on_phase,
    power_factor,
    single_phase,
    switched,
    uncharted,
)
from devices.decoders.vendor import VendorDecoder, child, decoded, utc_from_epoch_s
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "ShellyDecoder"]

_EVENTS = "/events/rpc"
_ONLINE = "/online"
_SOURCES_KEPT = 100_000
_COMPONENTS_KEPT = 16
_DIGITS = 6
_LATE_S = 3600
_COMPONENT = re.compile(r"(switch|light|pm1|em1|em|emdata|temperature):([0-9]{1,3})")
_CHANNELS = tuple(
    f"{kind}:{number}" for kind in ("switch", "light", "pm1", "em", "em1") for number in range(4)
)
"""The components that the registry can name as devices of their own."""

_SINGLE: Mapping[str, str] = {
    "apower": "power_w",
    "act_power": "power_w",
    "voltage": "voltage_v",
    "current": "current_a",
    "pf": "power_factor_ratio",
    "freq": "frequency_hz",
    "brightness": "dim_pct",
    "tC": "temp_c",
}
_THREE_PHASE: Mapping[str, str] = {
    **{f"{letter}_voltage": on_phase("voltage_v", n) for n, letter in enumerate("abc", start=1)},
    **{f"{letter}_current": on_phase("current_a", n) for n, letter in enumerate("abc", start=1)},
    **{f"{letter}_act_power": on_phase("power_w", n) for n, letter in enumerate("abc", start=1)},
    "n_current": "neutral_current_a",
    "a_freq": "frequency_hz",
    "total_act_power": "total_w",
    "total_aprt_power": "total_va",
}
_NESTED: Mapping[str, tuple[str, str, float]] = {
    "aenergy": ("total", "energy_kwh", 1000),
    "temperature": ("tC", "temp_c", 1),
}
"""Members that are objects: the number inside, our name, and the divisor to our unit (Wh to kWh)."""
_PLUMBING = frozenset({"id", "source", "output", "total_act", "tF"})

_T = TypeVar("_T")
_Values = dict[str, Any]
"""One component's last values by our names; `on`, `total_w` and `total_va` only until the reading is made."""


class _Notification(Struct):
    """A notification; `params` holds the time in epoch seconds and the components that changed."""

    src: Annotated[str, Meta(pattern=r"^[^\s/]{1,64}$")]
    method: str
    params: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What a source said last: when, in epoch seconds, and the values of its components."""

    at_s: float | None
    components: Mapping[str, _Values]

    def is_after(self, at_s: float | None) -> bool:
        """Whether something of that time comes too late; from much earlier, the clock was set back."""
        return at_s is not None and self.at_s is not None and 0 < self.at_s - at_s < _LATE_S


class ShellyDecoder(VendorDecoder):
    """Notifications become readings completed from what the device said before; `online` becomes a status.

    The identity is `src`, or `src/switch:0` where the registry names a component. The last values of each
    registered source stay in memory until it goes offline; what it never said stays absent.
    """

    name: str = "shelly"
    filters: tuple[str, ...] = (
        *(f"{'/'.join('+' * depth)}{_EVENTS}" for depth in (1, 2, 3)),
        *(f"{'/'.join('+' * depth)}{_ONLINE}" for depth in (1, 2)),
    )

    def __init__(self) -> None:
        super().__init__()
        self._latest: dict[str, _Known] = {}
        self._sources: dict[str, str] = {}

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The readings of one notification, one for each device it speaks of, or the liveness.

        Raises:
            Rejected: the topic, the device or the payload broke a rule.
        """
        if message.topic.endswith(_ONLINE):
            return self._liveness(message, message.topic.removesuffix(_ONLINE), devices)
        prefix = message.topic.removesuffix(_EVENTS)
        if prefix == message.topic:
            raise Rejected(Rejection.TOPIC, f"a topic is prefix{_EVENTS} or prefix{_ONLINE}, got {prefix!r}")
        if message.retained:
            return [Ignored("retained")]
        notification = decoded(message.payload, _Notification)
        if notification.method == "NotifyEvent":
            return [Ignored("notify_event")]
        if notification.method not in {"NotifyStatus", "NotifyFullStatus"}:
            raise Rejected(Rejection.UNSUPPORTED, f"no notification is called {notification.method[:40]!r}")
        speakers = self.parts(devices, notification.src, _CHANNELS)
        self._check_prefix(prefix, speakers, devices)
        _remember(self._sources, prefix, notification.src)
        return self._readings(notification, speakers)

    def _check_prefix(self, prefix: str, speakers: Mapping[str, Device], devices: Devices) -> None:
        """Refuse a device that speaks on another one's topic; a prefix that names no device is free.

        Raises:
            Rejected: the topic is another device's.
        """
        owner = devices.identified(f"{self.name}:{prefix}")
        if owner is not None and owner not in speakers.values():
            raise Rejected(Rejection.DEVICE_MISMATCH, f"the topic is of {owner.id!r}, the payload of another")

    def _readings(self, notification: _Notification, speakers: Mapping[str, Device]) -> list[Record]:
        """One reading for each device of which something changed.

        Raises:
            Rejected: a value is impossible; then nothing of the message is remembered either.
        """
        params = notification.params or {}
        at_s = number(params, "ts")
        changes = _changes(params)
        before = self._latest.get(notification.src, _Known(None, {}))
        is_late = before.is_after(at_s)
        # A late one is laid over nothing, or a redelivery would mix its time with the values of a later one.
        replaces = is_late or notification.method == "NotifyFullStatus"
        latest = _overlaid({} if replaces else before.components, changes)
        records: list[Record] = []
        for name, device in speakers.items():
            own = {c for c in latest if _owner(c) == name or (not name and _owner(c) not in speakers)}
            if any(changes.get(component) for component in own):
                unknown = uncharted(device, _unknown(params, own, everything=not name))
                measurements = unknown | _measurements(device, {c: latest[c] for c in own})
                records.append(meaningful(self.reading(device, measurements, ts=utc_from_epoch_s(at_s))))
        if not is_late:
            known = _Known(before.at_s if at_s is None else at_s, latest)
            _remember(self._latest, notification.src, known)
        return records or [Ignored("no_measurements")]

    def _liveness(self, message: RawMessage, prefix: str, devices: Devices) -> list[Record]:
        """The status of a prefix's devices; what other systems call `online` is not ours to judge."""
        if not message.payload:
            return [Ignored("removed")]
        source = self._sources.get(prefix, prefix)
        if message.payload not in {b"true", b"false"} or not self._is_ours(source, devices):
            return [Ignored("foreign")]
        online = message.payload == b"true"
        if not online:
            # What it measures when it comes back is not what it measured before.
            self._latest.pop(source, None)
        speakers = self.parts(devices, source, _CHANNELS).values()
        return [Status(device, online, message.retained) for device in speakers]

    def _is_ours(self, source: str, devices: Devices) -> bool:
        """Whether the registry knows the source, or its name is one that the vendor gives."""
        known = (devices.identified(f"{self.name}:{source}{c}") for c in ("", *(f"/{c}" for c in _CHANNELS)))
        return source.startswith("shelly") or any(device is not None for device in known)


def _remember(memory: dict[str, _T], key: str, value: _T) -> None:
    """Keep a value, forgetting what was unheard of longest where there is no room."""
    memory.pop(key, None)
    if len(memory) >= _SOURCES_KEPT:
        del memory[next(iter(memory))]
    memory[key] = value


def _owner(component: str) -> str:
    """The component that the registry would name; a three-phase meter keeps its counters apart."""
    return component.replace("emdata:", "em:")


def _changes(params: Mapping[str, Any]) -> dict[str, _Values]:
    """The components of a notification by our names and units; a null says that the value is not known.

    Raises:
        Rejected: a value has the wrong type.
    """
    names = [name for name in params if _COMPONENT.fullmatch(name)]
    return {name: _values(name, child(params, name)) for name in names[:_COMPONENTS_KEPT]}


def _values(component: str, delta: Mapping[str, Any]) -> _Values:
    if component.startswith("emdata:"):
        energy_wh = number(delta, "total_act")
        return {} if energy_wh is None else {"energy_kwh": round(energy_wh / 1000, _DIGITS)}
    table = _THREE_PHASE if component.startswith("em:") else _SINGLE
    values: _Values = {ours: number(delta, name) for name, ours in table.items() if name in delta}
    for name, (inner, ours, divisor) in _NESTED.items():
        if name in delta and (delta[name] is None or inner in child(delta, name)):
            value = number(child(delta, name), inner)
            values[ours] = None if value is None else round(value / divisor, _DIGITS)
    if "output" in delta:
        values["on"] = _position(delta["output"])
    if "power_factor_ratio" in values:
        values["power_factor_ratio"] = power_factor(values["power_factor_ratio"])
    return values


def _position(output: object) -> bool | None:
    if output is not None and not isinstance(output, bool):
        raise Rejected(Rejection.SCHEMA, f"output must be true or false, got {type(output).__name__}")
    return output


def _overlaid(before: Mapping[str, _Values], changes: Mapping[str, _Values]) -> dict[str, _Values]:
    """The last values with the changes laid over them, for so many components as one device has at most."""
    latest = dict(before)
    for component, values in changes.items():
        if component in latest or len(latest) < _COMPONENTS_KEPT:
            latest[component] = latest.get(component, {}) | values
    return latest


def _measurements(device: Device, components: Mapping[str, _Values]) -> dict[str, Any]:
    """The components of one device as one set of measurements.

    Of several relays the first counts, and before a relay's own meter that of the three phases.
    """
    found: dict[str, Any] = {}
    seen: set[str] = set()
    for component in sorted(components, key=_rank):
        kind, _, index = component.partition(":")
        values = dict(components[component])
        if kind == "em1" and has_phases(device):
            # Three meters of one phase each; the power factor of one is not that of the cabinet.
            values.pop("power_factor_ratio", None)
            found |= single_phase(device, values, int(index) + 1)
        elif kind not in seen:
            found |= single_phase(device, values)
        seen.add(kind)
    on = found.pop("on", None)
    total_w, total_va = found.pop("total_w", None), found.pop("total_va", None)
    found["dim_pct"] = level_pct(found.get("dim_pct"), on=on)
    if total_w is not None and total_va:
        # Both are rounded by the device, so that their quotient may pass 1 by a hair.
        found["power_factor_ratio"] = max(-1.0, min(1.0, round(total_w / total_va, 3)))
    return found | switched(device, on=on)


def _rank(component: str) -> tuple[int, int]:
    kind, _, index = component.partition(":")
    return ("switch", "light", "pm1", "em1", "em", "emdata", "temperature").index(kind), int(index)


def _unknown(params: Mapping[str, Any], own: Iterable[str], *, everything: bool) -> set[str]:
    """Names nobody described: members of one's own components, and for the source itself other components."""
    members = {name for component in own for name in child(params, component)}
    known = _SINGLE.keys() | _THREE_PHASE.keys() | _NESTED.keys() | _PLUMBING
    others = (
        {name.split(":", 1)[0] for name in params if not _COMPONENT.fullmatch(name)} if everything else set()
    )
    return (members - known) | (others - {"ts"})


DECODER = ShellyDecoder
