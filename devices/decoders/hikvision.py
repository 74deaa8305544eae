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
    speed = positive(_number(alert, f"{root}/VehicleInfo/vehicleSpeed"))
    plate = plate_text(alert.get(f"{root}/VehicleInfo/licensePlate") or alert.get(f"{root}/PlateInfo/plate"))
    return {
        "type": "traffic-incident",
        "detail": (alert.get(f"{root}/illegalTrafficEvent") or "unknown")[:64],
        "vehicles": [{"plate": plate, "speed_kmh": speed}] if plate or speed else [],
    }


def _passage(alert: Mapping[str, str]) -> dict[str, Any]:
    if not any(path.startswith("ANPR/") for path in alert):
        raise Rejected(Rejection.SCHEMA, "an ANPR alert needs its ANPR element")
    plate = plate_text(alert.get("ANPR/licensePlate"))
    confidence = _number(alert, "ANPR/confidenceLevel")
    types = (alert.get("ANPR/vehicleType"), alert.get("ANPR/vehicleInfo/vehicleType"))
    # Some firmwares number them, and no two agree on the numbers.
    category = next((name for name in types if word(name) and not str(name).isdecimal()), None)
    direction, lane = alert.get("ANPR/direction"), _number(alert, "ANPR/line")
    return {
        "type": "passage",
        "lane": None if lane is None else round(lane),
        "detail": alert.get("ANPR/illegalInfo/illegalName", "")[:64] or None,
        "direction": direction if direction in {"forward", "reverse"} else None,
        "vehicles": [
            {
                "class": named_class(category, _CLASSES),
                "plate": plate,
                "plate_confidence": None if plate is None or confidence is None else confidence / 100,
                "plate_colour": word(alert.get("ANPR/plateColor")),
                "colour": word(alert.get("ANPR/vehicleInfo/color")),
                # What passes moves: zero is a camera that measures no speed.
                "speed_kmh": positive(_number(alert, "ANPR/vehicleInfo/speed")),
                "helmet": _HELMETS.get(word(alert.get("ANPR/helmet"))),
            }
        ],
    }


def _number(alert: Mapping[str, str], path: str) -> float | None:
    """The number there; None where nothing stands.

    Raises:
        Rejected: something else stands there.
    """
    text = alert.get(path)
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise Rejected(Rejection.SCHEMA, f"{path} must be a number")
    return float(text)


DECODER = HikvisionDecoder
