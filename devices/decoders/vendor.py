"""What the decoders of vendors' formats share: who speaks, and from named measurements to a typed reading."""

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

import msgspec

from devices.batch import plausible_ms
from devices.decoders.counting import NameCounts
from devices.decoders.not_json import not_json
from devices.decoders.options import DecoderOptions
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Event, Reading
from devices.payloads import EventPayload, reading_type
from devices.registry import Device

__all__ = [
    "VendorDecoder",
    "child",
    "content_id",
    "decoded",
    "json_object",
    "utc_from_epoch_s",
    "utc_from_text",
    "with_id",
]

_T = TypeVar("_T")
_BLANK = re.compile(r"\s")
_EVENT_IDS = uuid.UUID("6f2a2c1e-6d0f-5c3b-9a55-0d6d2f6f1a01")


class VendorDecoder:
    """Base of a vendor's decoder; a subclass sets `name`, `filters` and `decode`.

    `name` is also the format in the registry's vendor ids: `name:identity`. `usual_kind` is the kind of
    device that the format nearly always speaks of; empty where there is none.
    """

    name: str = ""
    filters: tuple[str, ...] = ()
    usual_kind: str = ""

    def __init__(self) -> None:
        self._unknown = NameCounts()

    @classmethod
    def configured(cls, _options: DecoderOptions) -> Self:
        """The decoder as the operator set it; most formats have nothing to set."""
        return cls()

    def unknown_fields(self) -> dict[tuple[str, str], int]:
        """How often each (kind, field) that no description knows was met since the start."""
        return self._unknown.as_dict()

    def misplaced(self) -> dict[tuple[str, str], int]:
        """Nothing: topics of vendors name no area of ours."""
        return {}

    def known(self, devices: Devices, identity: str) -> Device | None:
        """The device that the vendor calls so, or None."""
        return devices.identified(self._vendor_id(identity))

    def _vendor_id(self, identity: str) -> str:
        """The identity as the registry writes it, where a blank would end it: `%20`."""
        bare = identity if _BLANK.search(identity) is None else _BLANK.sub(lambda m: quote(m[0]), identity)
        return f"{self.name}:{bare}"

    def device(self, devices: Devices, identity: str) -> Device:
        """The device that the vendor calls so.

        Raises:
            Rejected: the registry does not know it, or knows it as an asset that has nothing to say.
        """
        found = self.known(devices, identity)
        if found is None:
            raise Rejected(
                Rejection.UNKNOWN_DEVICE,
                f"no device in the registry has this {self.name} identity; adopt it from the pending devices",
                identity=self._vendor_id(identity),
            )
        if found.is_passive:
            raise Rejected(Rejection.WRONG_KIND, f"{found.id!r} is a {found.kind}, which has no telemetry")
        return found

    def parts(self, devices: Devices, identity: str, names: Iterable[str]) -> dict[str, Device]:
        """The devices behind one sender by their channel or relay; the sender itself is the empty one.

        A part is a device of its own where the registry has `identity/part`.

        Raises:
            Rejected: the registry knows neither the sender nor one of its parts.
        """
        found = {
            name: self.device(devices, f"{identity}/{name}")
            for name in names
            if self.known(devices, f"{identity}/{name}") is not None
        }
        if not found or self.known(devices, identity) is not None:
            found[""] = self.device(devices, identity)
        return found

    def reading(
        self,
        device: Device,
        measurements: Mapping[str, Any],
        *,
        ts: datetime | int | None = None,
        seq: int | None = None,
    ) -> Reading:
        """A reading of the device's kind from measurements by our fields' names; None is absent.

        What the kind does not know is counted and left out.

        Raises:
            Rejected: a value has the wrong type or lies outside its field's range.
        """
        payload = reading_type(device.kind)
        known = set(payload.__struct_fields__)
        present = {name: value for name, value in measurements.items() if value is not None}
        for name in present.keys() - known:
            self._unknown.add(device.kind, name)
        values = {name: value for name, value in present.items() if name in known} | {"ts": ts, "seq": seq}
        return Reading(device, _converted(values, payload))

    def event(self, members: Mapping[str, Any]) -> EventPayload:
        """A typed event from its members by our names; None is absent.

        Raises:
            Rejected: a member has the wrong type or lies outside its range.
        """
        present = {name: value for name, value in members.items() if value is not None}
        payload: EventPayload = _converted(present, EventPayload)
        return payload

    def happened(self, device: Device, members: Mapping[str, Any], content: bytes) -> Event:
        """An event at the device, with an id from `content` where the members hold none.

        Raises:
            Rejected: as `event` and `with_id` do.
        """
        return Event(device, with_id(self.event(members), device, content))


def with_id(event: EventPayload, device: Device, content: bytes) -> EventPayload:
    """The event with an id: its own, or one from its content, so that a redelivery is the same event.

    Raises:
        Rejected: it has neither an id nor a plausible time.
    """
    if event.id is not None:
        return event
    if plausible_ms(event.ts) is None:
        raise Rejected(
            Rejection.SCHEMA, "an event needs an id or a time, or nobody can tell it from the next"
        )
    return msgspec.structs.replace(event, id=content_id(device, content))


def content_id(device: Device, content: bytes) -> str:
    """The same id for the same content of the same device, whenever it comes."""
    return str(uuid.uuid5(_EVENT_IDS, device.id + content.hex()))


def child(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under that name; empty where there is none.

    Raises:
        Rejected: something else stands there.
    """
    found = parent.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Rejected(Rejection.SCHEMA, f"{name} must be an object, got {type(found).__name__}")
    return found


def json_object(payload: bytes) -> dict[str, Any]:
    """The payload's JSON object.

    Raises:
        Rejected: it is no JSON, or no object.
    """
    return decoded(payload, dict[str, Any])


def decoded(payload: bytes, wanted: type[_T]) -> _T:
    """The payload's JSON as that type.

    Raises:
        Rejected: it is no JSON, or not of that type.
    """
    try:
        try:
            return msgspec.json.decode(payload, type=wanted)
        except msgspec.ValidationError as error:
            # The parser stops at the first thing it did not want; what follows may not even be JSON.
            msgspec.json.decode(payload)
            raise Rejected(Rejection.SCHEMA, f"a JSON object is needed: {error}") from None
    except RecursionError:
        raise Rejected(Rejection.TOO_DEEP, "the JSON is nested deeper than any payload needs") from None
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise not_json(payload, str(error)) from None


def utc_from_epoch_s(seconds: float | None) -> datetime | None:
    """The moment of epoch seconds; None for none, and for what no calendar has."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def utc_from_text(text: object) -> datetime | None:
    """The moment an ISO 8601 text names; None without a zone, and for what is no such text.

    Digits beyond microseconds are cut off.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _converted(values: Mapping[str, Any], wanted: Any) -> Any:
    try:
        return msgspec.convert(dict(values), wanted)
    except msgspec.ValidationError as error:
        raise Rejected(Rejection.SCHEMA, str(error)) from None
