"""Shelly's second generation and later: notifications that carry only what changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from devices.decoders.measures import meaningful, number, uncharted
from devices.decoders.shelly_components import (
    Values,
    changed_values,
    is_component,
    measured_values,
    overlaid,
    owner_of,
    unknown_names,
)
from devices.decoders.vendor import VendorDecoder, decoded, json_object, utc_from_epoch_s
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "ShellyDecoder"]

_EVENTS = "/events/rpc"
_ONLINE = "/online"
_STATUS = "/status/"
_METHODS = frozenset({"NotifyStatus", "NotifyFullStatus", "NotifyEvent"})
_LONGEST_DETAIL = 200
_SOURCES_KEPT = 100_000
_EVENTS_READ = 20
_LATE_S = 3600
_CHANNELS = tuple(
    f"{kind}:{number}" for kind in ("switch", "light", "rgbw", "pm1", "em", "em1") for number in range(4)
)
"""The components that the registry can name as devices of their own."""

_T = TypeVar("_T")


class _Notification(Struct):
    """A notification; `params` holds the time in epoch seconds and the components that changed."""

    src: Annotated[str, Meta(pattern=r"^[^\s/]{1,64}$")]
    method: str
    params: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What a source said last: when, in epoch seconds, and the values of its components."""

    at_s: float | None
    components: Mapping[str, Values]

    def is_after(self, at_s: float | None) -> bool:
        """Whether something of that time comes too late; from much earlier, the clock was set back."""
        return at_s is not None and self.at_s is not None and 0 < self.at_s - at_s < _LATE_S


class ShellyDecoder(VendorDecoder):
    """Notifications become readings completed from what the device said before; `online` becomes a status.

    What `NotifyEvent` tells becomes `shelly` events. The identity is `src`, or the topic's prefix, or
    `src/switch:0` where the registry names a component. The last values of each registered source stay in
    memory until it goes offline; what it never said stays absent.
    """

    name: str = "shelly"
    filters: tuple[str, ...] = (
        *(f"{'/'.join('+' * depth)}{_EVENTS}" for depth in (1, 2, 3)),
        *(f"{'/'.join('+' * depth)}{_ONLINE}" for depth in (1, 2)),
        f"+{_STATUS}+",
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
        prefix, status, component = message.topic.partition(_STATUS)
        if message.topic.endswith(_EVENTS):
            return self._notification(message, message.topic.removesuffix(_EVENTS), devices)
        if status:
            return self._component(message, prefix, component, devices)
        raise Rejected(
            Rejection.TOPIC, f"a topic is prefix{_EVENTS} or prefix{_ONLINE}, got {message.topic!r}"
        )

    def _notification(self, message: RawMessage, prefix: str, devices: Devices) -> list[Record]:
        if message.retained:
            return [Ignored("retained")]
        notification = decoded(message.payload, _Notification)
        if notification.method not in _METHODS:
            raise Rejected(Rejection.UNSUPPORTED, f"no notification is called {notification.method[:40]!r}")
        if self._is_known(prefix, devices) and not self._is_known(notification.src, devices):
            # The registry knows it by the name its owner gave it.
            notification.src = prefix
        speakers = self.parts(devices, notification.src, _CHANNELS)
        self._check_prefix(prefix, speakers, devices)
        _remember(self._sources, prefix, notification.src)
        if notification.method == "NotifyEvent":
            events = self._events(notification, speakers, message.payload)
            return list(events) or [Ignored("notify_event")]
        return self._readings(notification, speakers)

    def _component(self, message: RawMessage, prefix: str, component: str, devices: Devices) -> list[Record]:
        """The reading of one component's whole status; what other systems call `status` is not ours."""
        source = self._sources.get(prefix, prefix)
        if not is_component(component) or not self._is_ours(source, devices):
            return [Ignored("foreign")]
        if message.retained:
            return [Ignored("retained")]
        status = {component: json_object(message.payload)}
        return self._readings(
            _Notification(source, "NotifyStatus", status), self.parts(devices, source, _CHANNELS)
        )

    def _events(
        self, notification: _Notification, speakers: Mapping[str, Device], content: bytes
    ) -> Iterator[Record]:
        """What happened at the components: a button pressed, a load too high, a firmware installed."""
        happened = (notification.params or {}).get("events")
        events = (happened if isinstance(happened, list) else [])[:_EVENTS_READ]
        for at, event in enumerate(events):
            if not isinstance(event, dict) or not isinstance(event.get("event"), str):
                raise Rejected(Rejection.SCHEMA, "an event of NotifyEvent needs a name")
            component = str(event.get("component", ""))
            device = speakers.get(owner_of(component)) or speakers.get("")
            if device is None:
                continue
            members = {
                "type": "shelly",
                "ts": utc_from_epoch_s(number(event, "ts") or number(notification.params or {}, "ts")),
                "detail": f"{component} {event['event']}".strip()[:_LONGEST_DETAIL],
            }
            yield self.happened(device, members, b"%d %s" % (at, content))

    def _check_prefix(self, prefix: str, speakers: Mapping[str, Device], devices: Devices) -> None:
        """Refuse a device that speaks on another one's topic; a prefix that names no device is free.

        Raises:
            Rejected: the topic is another device's.
        """
        named = self.known(devices, prefix)
        if named is not None and named not in speakers.values():
            raise Rejected(Rejection.DEVICE_MISMATCH, f"the topic is of {named.id!r}, the payload of another")

    def _readings(self, notification: _Notification, speakers: Mapping[str, Device]) -> list[Record]:
        """One reading for each device of which something changed.

        Raises:
            Rejected: a value is impossible; then nothing of the message is remembered either.
        """
        params = notification.params or {}
        at_s = number(params, "ts")
        changes = changed_values(params)
        before = self._latest.get(notification.src, _Known(None, {}))
        is_late = before.is_after(at_s)
        # A late one is laid over nothing, or a redelivery would mix its time with the values of a later one.
        replaces = is_late or notification.method == "NotifyFullStatus"
        latest = overlaid({} if replaces else before.components, changes)
        records: list[Record] = []
        for name, device in speakers.items():
            own = {c for c in latest if owner_of(c) == name or (not name and owner_of(c) not in speakers)}
            if any(changes.get(component) for component in own):
                unknown = uncharted(device, unknown_names(params, own, everything=not name))
                values = unknown | measured_values(device, {c: latest[c] for c in own})
                records.append(meaningful(self.reading(device, values, ts=utc_from_epoch_s(at_s))))
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
        return source.startswith("shelly") or self._is_known(source, devices)

    def _is_known(self, source: str, devices: Devices) -> bool:
        known = (self.known(devices, f"{source}{c}") for c in ("", *(f"/{c}" for c in _CHANNELS)))
        return any(device is not None for device in known)


def _remember(memory: dict[str, _T], key: str, value: _T) -> None:
    """Keep a value, forgetting what was unheard of longest where there is no room."""
    memory.pop(key, None)
    if len(memory) >= _SOURCES_KEPT:
        del memory[next(iter(memory))]
    memory[key] = value


DECODER = ShellyDecoder
