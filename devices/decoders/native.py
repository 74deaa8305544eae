"""The native format: JSON objects, or arrays of them, on `ioc/v1/{area}/{kind}/{device}/…`."""

from collections.abc import Callable
from functools import cache
from typing import Final

import msgspec
from msgspec import Struct

from devices.decoders.counting import NameCounts
from devices.decoders.vendor import with_id
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Event, Ignored, RawMessage, Reading, Record, Route, Status
from devices.payloads import EventPayload, StatusPayload, reading_type
from devices.registry import Device
from devices.topics import NATIVE_FILTERS, Channel, Topic, parse_native

__all__ = ["DECODER", "NativeDecoder"]

_TOPICS_KEPT = 200_000
_LONGEST_ARRAY = 500
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@cache
def _one(payload_type: type[Struct]) -> Callable[[bytes], Struct]:
    return msgspec.json.Decoder(payload_type).decode


@cache
def _elements() -> Callable[[bytes], list[msgspec.Raw]]:
    return msgspec.json.Decoder(list[msgspec.Raw]).decode


class NativeDecoder:
    """Decodes native telemetry, events and statuses; topics are taken apart once and remembered."""

    name: Final = "native"
    filters = NATIVE_FILTERS

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._unknown = NameCounts()
        self._misplaced = NameCounts()

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The records of one native message.

        Raises:
            Rejected: the topic, the device or the whole payload broke a rule.
        """
        topic = self._topics.get(message.topic) or self._learn(message.topic)
        device = self._speaker(topic, devices)
        if device.area != topic.area:
            self._misplaced.add(device.area, topic.area)
        if message.retained and topic.channel in {Channel.TELEMETRY, Channel.EVENT}:
            # The broker's memory of some earlier day, not something that happens now.
            return [Ignored("retained")]
        if topic.channel is Channel.TELEMETRY:
            return self._readings(message.payload, device)
        if topic.channel is Channel.EVENT:
            return self._events(message.payload, device)
        if topic.channel is Channel.STATUS:
            return [_status(message, device)]
        return [Ignored(f"channel_{topic.channel.replace('/', '_')}")]

    def route(self, topic: str, devices: Devices) -> Route | None:
        """The short way for telemetry of a device that the topic names rightly; None for everything else."""
        try:
            named = self._topics.get(topic) or self._learn(topic)
        except Rejected:
            return None
        device = devices.get(named.device)
        if device is None or device.is_passive or named.channel is not Channel.TELEMETRY:
            return None
        if (device.kind, device.area) != (named.kind, named.area):
            return None
        return Route(device, _one(reading_type(device.kind)))

    def unknown_fields(self) -> dict[tuple[str, str], int]:
        """How often each (kind, field) that no description knows was met since the start."""
        return self._unknown.as_dict()

    def misplaced(self) -> dict[tuple[str, str], int]:
        """How often a topic named another area than the registry: (registry's, topic's) since the start."""
        return self._misplaced.as_dict()

    def _speaker(self, topic: Topic, devices: Devices) -> Device:
        """The device whose topic it is.

        Raises:
            Rejected: there is none, it is of another kind, or nothing that speaks.
        """
        device = devices.get(topic.device)
        if device is None:
            raise Rejected(
                Rejection.UNKNOWN_DEVICE,
                f"no device {topic.device!r} in the registry; add it there",
                identity=f"{self.name}:{topic.device}",
            )
        if device.kind != topic.kind:
            raise Rejected(
                Rejection.WRONG_KIND,
                f"{device.id!r} is a {device.kind}, its topic says {topic.kind!r}; correct one",
            )
        if device.is_passive:
            raise Rejected(Rejection.WRONG_KIND, f"{device.id!r} is a {device.kind}, which has no telemetry")
        return device

    def _learn(self, topic_name: str) -> Topic:
        topic = parse_native(topic_name)
        if len(self._topics) >= _TOPICS_KEPT:
            self._topics.clear()
        self._topics[topic_name] = topic
        return topic

    def _readings(self, payload: bytes, device: Device) -> list[Record]:
        try:
            reading = _one(reading_type(device.kind))(payload)
        except _UNDECODABLE as error:
            if payload.lstrip()[:1] == b"[":
                return [self._element(raw, device) for raw in _split(payload)]
            reading = self._tolerant(payload, device, error)
        return [_checked(reading, device)]

    def _element(self, raw: msgspec.Raw, device: Device) -> Record:
        """One element of an array; a bad one is rejected alone."""
        payload = bytes(raw)
        try:
            try:
                reading = _one(reading_type(device.kind))(payload)
            except _UNDECODABLE as error:
                reading = self._tolerant(payload, device, error)
            return _checked(reading, device)
        except Rejected as rejected:
            rejected.payload = payload
            return rejected

    def _tolerant(self, payload: bytes, device: Device, error: Exception) -> Struct:
        """Decode again without the fields that nobody described, counting them.

        Raises:
            Rejected: it is wrong in another way too.
        """
        if not isinstance(error, msgspec.ValidationError) or "unknown field" not in str(error):
            raise _rejected(payload, error)
        known = set(reading_type(device.kind).__struct_fields__)
        _check_utf8(payload)
        try:
            members = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
            for name in members.keys() - known:
                self._unknown.add(device.kind, name)
            pruned = msgspec.json.encode({name: raw for name, raw in members.items() if name in known})
            return _one(reading_type(device.kind))(pruned)
        except _UNDECODABLE as still_wrong:
            raise _rejected(payload, still_wrong) from None

    def _events(self, payload: bytes, device: Device) -> list[Record]:
        if payload.lstrip()[:1] != b"[":
            return [_event(payload, device)]
        return [_event_element(bytes(raw), device) for raw in _split(payload)]


def _split(payload: bytes) -> list[msgspec.Raw]:
    try:
        elements = _elements()(payload)
    except _UNDECODABLE as error:
        raise _rejected(payload, error) from None
    if len(elements) > _LONGEST_ARRAY:
        raise Rejected(
            Rejection.OVERSIZED, f"at most {_LONGEST_ARRAY} records in an array, got {len(elements)}"
        )
    return elements


def _event(payload: bytes, device: Device) -> Event:
    _check_utf8(payload)
    try:
        event = msgspec.json.decode(payload, type=EventPayload)
    except _UNDECODABLE as error:
        raise _rejected(payload, error) from None
    _check_device(event.device, device)
    return Event(device, with_id(event, device, payload))


def _event_element(payload: bytes, device: Device) -> Record:
    try:
        return _event(payload, device)
    except Rejected as rejected:
        rejected.payload = payload
        return rejected


def _status(message: RawMessage, device: Device) -> Record:
    if not message.payload:
        return Ignored("status_removed")
    try:
        status = msgspec.json.decode(message.payload, type=StatusPayload)
    except _UNDECODABLE as error:
        raise _rejected(message.payload, error) from None
    return Status(device, status.state == "online", message.retained)


def _checked(reading: Struct, device: Device) -> Reading:
    _check_device(reading.device, device)  # type: ignore[attr-defined]
    return Reading(device, reading)


def _check_device(named: str | None, device: Device) -> None:
    if named is not None and named != device.id:
        raise Rejected(
            Rejection.DEVICE_MISMATCH, f"the topic is of {device.id!r}, the payload names {named!r}"
        )


def _check_utf8(payload: bytes) -> None:
    """Pass text; msgspec does not look into values that nobody asked for.

    Raises:
        Rejected: a byte is not UTF-8.
    """
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError as undecodable:
        raise Rejected(Rejection.NOT_UTF8, f"JSON is UTF-8, byte {undecodable.start} is not") from None


def _rejected(payload: bytes, error: Exception) -> Rejected:
    """The typed rejection for what msgspec found."""
    if isinstance(error, RecursionError):
        return Rejected(Rejection.TOO_DEEP, "the JSON is nested deeper than any payload needs")
    try:
        _check_utf8(payload)
    except Rejected as not_text:
        return not_text
    if isinstance(error, msgspec.ValidationError):
        return Rejected(Rejection.SCHEMA, str(error))
    return Rejected(Rejection.NOT_JSON, str(error))


DECODER = NativeDecoder
