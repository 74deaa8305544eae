"""ONVIF events over MQTT as JSON, `<prefix>/onvif-ej/<topic>`; every value in them is a string."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from devices.decoders.sightings import plate_text, stream_state, word
from devices.decoders.vendor import VendorDecoder, child, json_object, utc_from_text
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record
from devices.registry import Device

__all__ = ["DECODER", "OnvifDecoder"]

_MARK = "onvif-ej"
_SIGNAL_LOSS = "VideoSource/SignalLoss"
_CAMERA_CONDITIONS = (
    _SIGNAL_LOSS,
    "VideoSource/ImageTooDark",
    "VideoSource/ImageTooBright",
    "VideoSource/ImageTooBlurry",
    "VideoSource/GlobalSceneChange",
    "Device/HardwareFailure",
    "Device/Trigger",
)
_ANALYTICS = ("RuleEngine/LineDetector", "RuleEngine/FieldDetector", "RuleEngine/CountAggregation")
# What a topic's data calls its one telling value. Others may hold a plate or a face and are left out.
_VALUES = ("State", "Failed", "LogicalState", "Value", "ObjectId")
_TRUTHS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
_STATES = frozenset({"State", "Failed", "LogicalState"})
_LIKELIHOOD = re.compile(r"[01](\.[0-9]{1,9})?")
_LONGEST_PATH = 200
_LONGEST_VALUE = 40
_CLASSES: Mapping[str, str] = {
    "car": "car",
    "motorcycle": "motorcycle",
    "motorbike": "motorcycle",
    "truck": "truck",
    "bus": "bus",
    "bicycle": "bicycle",
}


class OnvifDecoder(VendorDecoder):
    """Plates become passages, known conditions `camera-condition` events, all else `onvif` events.

    What crossed a line or entered a field becomes an `analytics` event. A lost signal is a reading too. The
    identity is the topic's prefix, one level to three. The event's detail is its topic and its one value.
    """

    name = "onvif"
    usual_kind = "traffic-camera"
    filters = (f"+/{_MARK}/#", f"+/+/{_MARK}/#", f"+/+/+/{_MARK}/#")

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The records of an event: one, and the stream's state beside it where that is told.

        Raises:
            Rejected: topic, device or payload broke a rule.
        """
        identity, path = _topic_parts(message.topic)
        if message.retained:
            return [Ignored("retained")]
        payload = json_object(message.payload)
        device = self.device(devices, identity)
        data = child(payload, "Data")
        members = _passage(data) or _condition(path, data)
        ts = utc_from_text(_utc(payload.get("UtcTime")))
        stream = self._stream(device, path, members.get("phase"), ts)
        if payload.get("PropertyOperation") == "Initialized" and members.get("phase") == "ended":
            return stream or [Ignored("initial_state")]
        members["ts"] = ts
        content = path.encode("utf-8", "replace") + b"\n" + message.payload
        return [self.happened(device, members, content), *stream]

    def _stream(self, device: Device, path: str, phase: object, ts: datetime | None) -> list[Record]:
        """Whether the camera has a picture, where the event is about that."""
        is_lost = {"started": True, "ended": False}.get(str(phase))
        values = stream_state(device, is_lost=is_lost) if path.startswith(_SIGNAL_LOSS) else {}
        return [self.reading(device, values, ts=ts)] if values else []


def _topic_parts(topic: str) -> tuple[str, str]:
    """The prefix, and the event's path without the namespaces of its levels."""
    levels = topic.split("/")
    if _MARK not in levels[1:4]:
        raise Rejected(Rejection.TOPIC, f"prefix/{_MARK}/topic is needed, got {topic!r}")
    at = levels.index(_MARK, 1)
    return "/".join(levels[:at]), "/".join(level.rpartition(":")[2] for level in levels[at + 1 :])


def _utc(time: object) -> object:
    """The time with the zone that its name promises, where the firmware left it out."""
    if isinstance(time, str) and utc_from_text(time) is None:
        return f"{time}Z"
    return time


def _passage(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """A passage's members, None where the data speaks of no plate."""
    appearance = _below(data, "Object", "Appearance")
    info = next(
        (
            part
            for part in (_below(data, "LicensePlateInfo"), _below(appearance, "LicensePlateInfo"), data)
            if "PlateNumber" in part
        ),
        None,
    )
    if info is None:
        return None
    text, likelihood = _with_likelihood(info["PlateNumber"])
    plate = plate_text(text)
    vehicle = _below(data, "VehicleInfo") or _below(appearance, "VehicleInfo")
    category = word(_with_likelihood(vehicle.get("Type"))[0])
    return {
        "type": "passage",
        "vehicles": [
            {
                "class": None if category is None else _CLASSES.get(category, "other"),
                "plate": plate,
                "plate_confidence": None
                if plate is None
                else _likelihood(likelihood or info.get("Likelihood")),
            }
        ],
    }


def _below(parent: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object at that path; empty where there is none, as a value may be a text of the same name."""
    for name in names:
        found = parent.get(name)
        parent = found if isinstance(found, dict) else {}
    return parent


def _with_likelihood(value: object) -> tuple[object, object]:
    """A text and how likely it is, 0 to 1; firmwares write a bare text or an object of both."""
    if not isinstance(value, dict):
        return value, None
    text = next((value[name] for name in ("#text", "Value", "value", "$") if name in value), None)
    return text, value.get("Likelihood", value.get("@Likelihood"))


def _likelihood(text: object) -> float | None:
    is_likelihood = isinstance(text, str | int | float) and _LIKELIHOOD.fullmatch(str(text))
    return float(str(text)) if is_likelihood else None


def _condition(path: str, data: Mapping[str, Any]) -> dict[str, Any]:
    is_condition, is_analytics = _is_below(path, _CAMERA_CONDITIONS), _is_below(path, _ANALYTICS)
    is_known = is_condition or is_analytics
    name = next((name for name in _VALUES if isinstance(data.get(name), str | int | float)), None)
    value = "" if name is None else str(data[name])[:_LONGEST_VALUE]
    truth = _TRUTHS.get(value.lower()) if name in _STATES else None
    detail = path[:_LONGEST_PATH]
    return {
        "type": "camera-condition" if is_condition else "analytics" if is_analytics else "onvif",
        "phase": None if truth is None else ("started" if truth else "ended"),
        "detail": f"{detail}={value}" if is_known and value else detail,
    }


def _is_below(path: str, topics: Iterable[str]) -> bool:
    return any(path == topic or path.startswith(f"{topic}/") for topic in topics)


DECODER = OnvifDecoder
