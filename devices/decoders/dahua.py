"""Dahua: events published by a bridge on `dahua/<camera>/event`.

Either a whole `client.notifyEventStream`, one event of it as JSON, or a line of the camera's HTTP stream
(`Code=…;action=…;index=…;data={…}`). The firmware fills what it does not know
with zeros, empty texts and `Unknown`; its `UTC` holds local time, its `RealUTC` the truth.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from devices.batch import plausible_ms
from devices.decoders.sightings import named_class, plate_text, positive, stream_state, word
from devices.decoders.vendor import VendorDecoder, child, content_id, decoded, json_object, utc_from_epoch_s
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "DahuaDecoder"]

_LEVELS = 3
_LINE = re.compile(
    rb"Code=([A-Za-z0-9_]{1,64});action=([A-Za-z]{1,16})[^{]*?(?:;data=(\{.*\}))?\s*", re.DOTALL
)
_HEARTBEAT = b"heartbeat"
_CAMERA_CONDITIONS = frozenset(
    {
        *("VideoLoss", "VideoBlind", "VideoUnFocus", "VideoAbnormalDetection", "SceneChange"),
        *("StorageNotExist", "StorageFailure", "StorageLowSpace"),
    }
)
_PHASES: Mapping[str | None, str] = {"start": "started", "stop": "ended"}
_MOST_EVENTS = 500
_FULL_CONFIDENCE = 255
_DAY_S = 86_400
_CLASSES: Mapping[str, str] = {
    "saloncar": "car",
    "salooncar": "car",
    "microcar": "car",
    "suv": "car",
    "mpv": "car",
    "suv-mpv": "car",
    "van": "car",
    "pickup": "truck",
    "truck": "truck",
    "microtruck": "truck",
    "midtruck": "truck",
    "lighttruck": "truck",
    "mediumtruck": "truck",
    "heavytruck": "truck",
    "largetruck": "truck",
    "bus": "bus",
    "largebus": "bus",
    "midbus": "bus",
    "coach": "bus",
    "motorcycle": "motorcycle",
    "lightmotorcycle": "motorcycle",
    "bicycle": "bicycle",
}
# Numbers are not here: no documentation says whether 0 is bareheaded or unknown.
_HELMETS: Mapping[object, bool] = {"yes": True, "no": False}


class _Params(Struct, rename="camel"):
    event_list: list[msgspec.Raw]


class _Notification(Struct):
    """A part of the event stream; its events stay raw so that each is judged alone."""

    params: _Params | None = None


class DahuaDecoder(VendorDecoder):
    """Traffic events that show a vehicle become passages; the identity is the topic's second level.

    Events about the camera itself become `camera-condition` events, a lost picture a reading, heartbeats a
    status. Several messages of one snapshot group share an id, so that they are one passage.
    """

    name = "dahua"
    usual_kind = "traffic-camera"
    filters = ("dahua/+/event",)

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The records of the events, each rejected alone.

        Raises:
            Rejected: topic, device or the whole payload broke a rule.
        """
        levels = message.topic.split("/")
        if len(levels) != _LEVELS:
            raise Rejected(Rejection.TOPIC, f"dahua/camera/event is needed, got {message.topic!r}")
        if message.retained:
            return [Ignored("retained")]
        device = self.device(devices, levels[1])
        if message.payload.strip().lower() == _HEARTBEAT:
            return [Status(device, online=True, retained=False)]
        events = _events(message.payload)
        if len(events) == 1:
            return [self._event(device, events[0])]
        return [self._beside_others(device, event) for event in events] or [Ignored("empty")]

    def _beside_others(self, device: Device, event: bytes) -> Record:
        try:
            return self._event(device, event)
        except Rejected as rejected:
            rejected.payload = event
            return rejected

    def _event(self, device: Device, content: bytes) -> Record:
        event = _told(content)
        code = event.get("Code")
        if not isinstance(code, str):
            raise Rejected(Rejection.SCHEMA, "an event needs a Code")
        data = child(event, "Data") or child(event, "data")
        if code in _CAMERA_CONDITIONS:
            return self._condition(device, event, data, content)
        if not code.startswith("Traffic") or not _shows_a_vehicle(data):
            return Ignored("not_a_passage")
        car = child(data, "TrafficCar")
        members = {
            "type": "passage",
            "id": _passage_id(device, data, content),
            "ts": utc_from_epoch_s(positive(data.get("RealUTC"))),
            "lane": data.get("Lane", car.get("Lane")),
            "vehicles": [_vehicle(data, car)],
            "detail": code[:64],
        }
        return self.happened(device, members, content)

    def _condition(
        self, device: Device, event: Mapping[str, Any], data: Mapping[str, Any], content: bytes
    ) -> Record:
        """Something about the camera itself; an event needs a time, the stream's state can do without."""
        phase = _PHASES.get(word(event.get("Action", event.get("action"))))
        ts, code = utc_from_epoch_s(positive(data.get("RealUTC"))), event["Code"]
        stream = stream_state(device, is_lost=None if phase is None else phase == "started")
        if code == "VideoLoss" and stream:
            return self.reading(device, stream, ts=ts)
        if ts is None:
            return Ignored("condition_without_time")
        members = {"type": "camera-condition", "ts": ts, "phase": phase, "detail": code}
        return self.happened(device, members, content)


def _told(content: bytes) -> dict[str, Any]:
    """The event as an object, also where it came as a line of text.

    Raises:
        Rejected: it is neither.
    """
    line = _LINE.fullmatch(content.strip())
    if line is None:
        return json_object(content)
    code, action, data = line.groups()
    return {"Code": code.decode(), "Action": action.decode(), "Data": json_object(data) if data else None}


def _events(payload: bytes) -> list[bytes]:
    """The events of a notification, or the one that the payload is."""
    if payload.lstrip().startswith(b"Code="):
        return [payload]
    params = decoded(payload, _Notification).params
    if params is None:
        return [payload]
    events = [bytes(raw) for raw in params.event_list]
    if len(events) > _MOST_EVENTS:
        raise Rejected(Rejection.OVERSIZED, f"at most {_MOST_EVENTS} events in a message, got {len(events)}")
    return events


def _shows_a_vehicle(data: Mapping[str, Any]) -> bool:
    return any(child(data, name) for name in ("TrafficCar", "NonMotor", "Vehicle"))


def _passage_id(device: Device, data: Mapping[str, Any], content: bytes) -> str | None:
    """The id that all messages of one passage share; None where only the content tells it apart.

    Groups are numbered anew after a restart, so the day belongs to the id, and to that of an event, which
    counts from one, the second.
    """
    told = utc_from_epoch_s(positive(data.get("RealUTC")) or positive(data.get("UTC")))
    second = (plausible_ms(told) or 0) // 1000
    group, event = positive(data.get("GroupID")), positive(data.get("EventID"))
    if group is not None:
        return f"{device.id}-group-{group:.0f}-{second // _DAY_S}"
    if event is not None and second:
        return f"{device.id}-event-{event:.0f}-{second}"
    return content_id(device, content) if second else None


def _vehicle(data: Mapping[str, Any], car: Mapping[str, Any]) -> dict[str, Any]:
    cycle, vehicle, read = child(data, "NonMotor"), child(data, "Vehicle"), child(data, "Object")
    cycle_plate = child(cycle, "Plate")
    plates = map(plate_text, (car.get("PlateNumber"), cycle_plate.get("Text"), read.get("Text")))
    plate = next(filter(None, plates), None)
    speeds = (positive(part.get("Speed")) for part in (data, car, cycle, vehicle))
    category = word(cycle.get("Category")) or vehicle.get("Category")
    return {
        "class": named_class(category, _CLASSES),
        "plate": plate,
        "plate_confidence": None if plate is None else _confidence(read),
        "plate_colour": word(car.get("PlateColor")) or word(cycle_plate.get("PlateColor")),
        "colour": word(cycle.get("Color")) or word(car.get("VehicleColor")),
        "speed_kmh": next(filter(None, speeds), None),
        "helmet": _all_helmeted(cycle.get("RiderList")),
        "riders": cycle.get("NumOfCycling") or None,
    }


def _confidence(read: Mapping[str, Any]) -> float | None:
    """0 to 1 from the 0 to 255 of the object that was read; None where it is not the plate."""
    confidence = positive(read.get("Confidence"))
    if confidence is None or read.get("ObjectType") != "Plate":
        return None
    return confidence / _FULL_CONFIDENCE


def _all_helmeted(riders: object) -> bool | None:
    """Whether every rider wears a helmet; None unless it is said of each in words."""
    if not isinstance(riders, list) or not riders:
        return None
    said = [_helmet(rider.get("Helmet")) if isinstance(rider, dict) else None for rider in riders]
    if False in said:
        return False
    return None if None in said else True


def _helmet(value: object) -> bool | None:
    return value if isinstance(value, bool) else _HELMETS.get(word(value))


DECODER = DahuaDecoder
