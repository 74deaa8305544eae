"""Hikvision: the XML of `EventNotificationAlert`, published by a bridge on `hikvision/<camera>/alert`.

Namespaces differ by firmware and are ignored. A document type, and with it any entity, is refused.
"""

import re
from collections.abc import Mapping
from typing import Any, NoReturn
from xml.parsers import expat

from devices.batch import plausible_ms
from devices.decoders.sightings import named_class, plate_text, positive, word
from devices.decoders.vendor import VendorDecoder, content_id, utc_from_text
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record

__all__ = ["DECODER", "HikvisionDecoder"]

_ROOT = "EventNotificationAlert"
_LEVELS = 3
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_DEEPEST = 32
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
    """ANPR alerts become passages, alerts about the camera itself `camera-condition` events.

    The identity is the topic's second level.
    """

    name = "hikvision"
    filters = ("hikvision/+/alert",)

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The one record of an alert.

        Raises:
            Rejected: topic, device or payload broke a rule.
        """
        levels = message.topic.split("/")
        if len(levels) != _LEVELS:
            raise Rejected(Rejection.TOPIC, f"hikvision/camera/alert is needed, got {message.topic!r}")
        if message.retained:
            return [Ignored("retained")]
        device = self.device(devices, levels[1])
        alert = _Alert(message.payload).texts
        members = _members(alert)
        if isinstance(members, Ignored):
            return [members]
        time = alert.get("dateTime", "")
        members["ts"] = utc_from_text(time)
        members["id"] = alert.get("UUID") or alert.get("ANPR/UUID")
        if members["id"] is None and plausible_ms(utc_from_text(f"{time}Z")) is not None:
            # Without an offset it is some local time: no moment, but still what tells two alerts apart.
            members["id"] = content_id(device, message.payload)
        return [self.happened(device, members, message.payload)]


def _members(alert: Mapping[str, str]) -> dict[str, Any] | Ignored:
    event, state = alert.get("eventType", "").lower(), alert.get("eventState", "").lower()
    if event == "anpr":
        return _passage(alert)
    if event == "videoloss" and state == "inactive":
        # What the alert stream sends every few seconds while nothing happens.
        return Ignored("heartbeat")
    if event not in _CAMERA_CONDITIONS:
        return Ignored("not_a_passage")
    return {"type": "camera-condition", "phase": _PHASES.get(state), "detail": event}


def _passage(alert: Mapping[str, str]) -> dict[str, Any]:
    if not any(path.startswith("ANPR/") for path in alert):
        raise Rejected(Rejection.SCHEMA, "an ANPR alert needs its ANPR element")
    plate = plate_text(alert.get("ANPR/licensePlate"))
    confidence = _number(alert, "ANPR/confidenceLevel")
    category = alert.get("ANPR/vehicleType") or alert.get("ANPR/vehicleInfo/vehicleType")
    direction, lane = alert.get("ANPR/direction"), _number(alert, "ANPR/line")
    return {
        "type": "passage",
        "lane": None if lane is None else round(lane),
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


class _Alert:
    """Texts of an alert by their path below the root; the first of equal paths counts.

    Raises:
        Rejected: no XML, not this document, a document type, or deeper than any alert.
    """

    def __init__(self, payload: bytes) -> None:
        self.texts: dict[str, str] = {}
        self._path: list[str] = []
        self._pieces: list[str] = []
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._pieces.append
        try:
            parser.Parse(payload.strip(), True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise Rejected(Rejection.SCHEMA, f"malformed XML: {error}") from None

    def _start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._path and name != _ROOT:
            raise Rejected(Rejection.SCHEMA, f"an {_ROOT} is needed, got {name[:64]!r}")
        if len(self._path) >= _DEEPEST:
            raise Rejected(Rejection.TOO_DEEP, "the XML is nested deeper than any alert needs")
        self._path.append(name)
        self._pieces.clear()

    def _end(self, _tag: str) -> None:
        text = "".join(self._pieces).strip()
        self._pieces.clear()
        if text:
            self.texts.setdefault("/".join(self._path[1:]), text)
        self._path.pop()


def _refuse_doctype(*_declaration: object) -> NoReturn:
    raise Rejected(Rejection.UNSUPPORTED, "XML with a document type is refused: it could define entities")


DECODER = HikvisionDecoder
