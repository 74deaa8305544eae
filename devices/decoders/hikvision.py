"""Hikvision: `EventNotificationAlert` as XML or JSON, published by a bridge on `hikvision/<camera>/alert`."""

import re
from collections.abc import Mapping
from typing import Any

from devices.batch import plausible_ms
from devices.decoders.hikvision_document import alert_texts
from devices.decoders.sightings import named_class, plate_text, positive, stream_state, word
from devices.decoders.vendor import VendorDecoder, content_id, utc_from_text
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "HikvisionDecoder"]

_LEVELS = 3
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_CAMERA_CONDITIONS = frozenset(
    {
        "badvideo",
        "defocus",
        "diskerror",
        "diskfull",
        "scenechangedetection",
        "shelteralarm",
        "tamperdetection",
        "videoloss",
    }
)
_HEARTBEATS = frozenset({"videoloss", "anpr", "aid", "tfs"})
_INCIDENTS: Mapping[str, str] = {"aid": "AID", "tfs": "TFS"}
_IDS = ("UUID", "uuid", "ANPR/UUID", "ANPR/uuid")
_HELMETS: Mapping[str | None, bool] = {"yes": True, "no": False}
_PHASES: Mapping[str, str] = {"active": "started", "inactive": "ended"}
_CLASSES: Mapping[str, str] = {
    "vehicle": "car",
    "car": "car",
    "smallcar": "car",
    "suvmpv": "car",
    "van": "car",
    "bus": "bus",
    "largebus": "bus",
    "mediumbus": "bus",
    "truck": "truck",
    "lighttruck": "truck",
    "minitruck": "truck",
    "pickuptruck": "truck",
    "motorcycle": "motorcycle",
    # Bicycles carry no plate, and this is a reader of plates.
    "twowheelvehicle": "motorcycle",
}


class HikvisionDecoder(VendorDecoder):
    """ANPR alerts become passages, incidents on the road `traffic-incident` events.

    Alerts about the camera itself become `camera-condition` events, a lost picture a reading too, and
    heartbeats a status. The identity is the topic's second level.
    """

    name = "hikvision"
    usual_kind = "traffic-camera"
    filters = ("hikvision/+/alert",)

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The records of an alert: one, and the stream's state beside it where that is told.

        Raises:
            Rejected: topic, device or payload broke a rule.
        """
        levels = message.topic.split("/")
        if len(levels) != _LEVELS:
            raise Rejected(Rejection.TOPIC, f"hikvision/camera/alert is needed, got {message.topic!r}")
        if message.retained:
            return [Ignored("retained")]
        device = self.device(devices, levels[1])
        alert = alert_texts(message.payload)
        if alert.get("eventState", "").lower() == "inactive" and _is_heartbeat(alert):
            return [Status(device, online=True, retained=False), *self._stream(device, alert)]
        members = _members(alert)
        if isinstance(members, Ignored):
            return [members]
        time = alert.get("dateTime", "")
        members["ts"] = utc_from_text(time)
        members["id"] = next((alert[name] for name in _IDS if name in alert), None)
        if members["id"] is None and plausible_ms(utc_from_text(f"{time}Z")) is not None:
            # Without an offset it is some local time: no moment, but still what tells two alerts apart.
            members["id"] = content_id(device, message.payload)
        return [self.happened(device, members, message.payload), *self._stream(device, alert)]

    def _stream(self, device: Device, alert: Mapping[str, str]) -> list[Record]:
        """Whether the camera has a picture, where the alert is about that."""
        if alert.get("eventType", "").lower() != "videoloss":
            return []
        is_lost = {"active": True, "inactive": False}.get(alert.get("eventState", "").lower())
        values = stream_state(device, is_lost=is_lost)
        return [self.reading(device, values, ts=utc_from_text(alert.get("dateTime")))] if values else []


def _is_heartbeat(alert: Mapping[str, str]) -> bool:
    """Whether this is what the stream sends every few seconds while nothing happens."""
    return alert.get("eventType", "").lower() in _HEARTBEATS


def _members(alert: Mapping[str, str]) -> dict[str, Any] | Ignored:
    event, state = alert.get("eventType", "").lower(), alert.get("eventState", "").lower()
    if event == "anpr":
        return _passage(alert)
    if event in _INCIDENTS:
        return _incident(alert, _INCIDENTS[event])
    if event not in _CAMERA_CONDITIONS:
        return Ignored("not_a_passage")
    return {"type": "camera-condition", "phase": _PHASES.get(state), "detail": event}


def _incident(alert: Mapping[str, str], root: str) -> dict[str, Any]:
    """What happened on the road, with the vehicle where the camera names one."""
    speed = positive(_number("vehicleSpeed", alert.get(f"{root}/VehicleInfo/vehicleSpeed")))
    plate = plate_text(alert.get(f"{root}/VehicleInfo/licensePlate") or alert.get(f"{root}/PlateInfo/plate"))
    return {
        "type": "traffic-incident",
        "detail": (alert.get(f"{root}/illegalTrafficEvent") or "unknown")[:64],
        "vehicles": [{"plate": plate, "speed_kmh": speed}] if plate or speed else [],
    }


def _passage(alert: Mapping[str, str]) -> dict[str, Any]:
    if not any(path.startswith("ANPR/") or path == "licensePlate" for path in alert):
        raise Rejected(Rejection.SCHEMA, "an ANPR alert needs its ANPR element")
    anpr = _Anpr(alert)
    plate, lane, direction = (
        plate_text(anpr.text("licensePlate")),
        anpr.number("line", "laneNo"),
        anpr.text("direction"),
    )
    types = (anpr.text("vehicleType"), anpr.text("vehicleInfo/vehicleType"))
    # Some firmwares number them, and no two agree on the numbers.
    category = next((name for name in types if word(name) and not str(name).isdecimal()), None)
    return {
        "type": "passage",
        "lane": None if lane is None else round(lane),
        "detail": (anpr.text("illegalInfo/illegalName") or "")[:64] or None,
        "direction": direction if direction in {"forward", "reverse"} else None,
        "vehicles": [
            {
                "class": named_class(category, _CLASSES),
                "plate": plate,
                "plate_confidence": None if plate is None else anpr.confidence(),
                "plate_colour": word(anpr.text("plateColor")),
                "colour": word(anpr.text("vehicleInfo/color", "vehicleColor")),
                # What passes moves: zero is a camera that measures no speed.
                "speed_kmh": positive(anpr.number("vehicleInfo/speed")),
                "helmet": _HELMETS.get(word(anpr.text("helmet"))),
            }
        ],
    }


class _Anpr:
    """What an alert says of a plate, below its ANPR element or, with some bridges, beside it."""

    def __init__(self, alert: Mapping[str, str]) -> None:
        self._alert = alert

    def text(self, *names: str) -> str | None:
        """The first text of those names."""
        paths = (path for name in names for path in (f"ANPR/{name}", name))
        return next((self._alert[path] for path in paths if path in self._alert), None)

    def number(self, *names: str) -> float | None:
        """The first number of those names.

        Raises:
            Rejected: something else stands there.
        """
        return _number(names[0], self.text(*names))

    def confidence(self) -> float | None:
        """How sure the reader is, 0 to 1, from 0 to 100 or from a share written with its point."""
        text = self.text("confidenceLevel")
        confidence = _number("confidenceLevel", text)
        if confidence is None or (text is not None and "." in text and confidence <= 1):
            return confidence
        return confidence / 100


def _number(name: str, text: str | None) -> float | None:
    """The number in a text; None where there is none.

    Raises:
        Rejected: something else stands there.
    """
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise Rejected(Rejection.SCHEMA, f"{name} must be a number")
    return float(text)


DECODER = HikvisionDecoder
