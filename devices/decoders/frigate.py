"""Frigate: tracked objects, the health of its cameras and its statistics.

A name that Frigate recognised in a face (`sub_label`) is never kept.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from devices.decoders.sightings import plate_text, positive
from devices.decoders.vendor import VendorDecoder, child, decoded, json_object, utc_from_epoch_s
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record

__all__ = ["DECODER", "FrigateDecoder"]

_VEHICLES = ("car", "motorcycle", "truck", "bus", "bicycle")
_STREAM_ROLE = "detect"
_STREAM_STATES: Mapping[str, bool] = {"online": True, "offline": False}
_KMH_PER_MPH = 1.609344
_PLAIN_TOPICS: Mapping[str, str] = {
    "frigate/available": "service_status",  # of all cameras of one server: no device's own
    "frigate/tracked_object_update": "unfinished_object",
}
_STATUS_LEVELS = 4


class _Service(Struct):
    last_updated: float | None = None


class _Statistics(Struct):
    """The server's statistics; the time is epoch seconds, cameras stay raw so that each is judged alone."""

    cameras: dict[str, msgspec.Raw] = {}
    service: _Service | None = None


class FrigateDecoder(VendorDecoder):
    """Vehicles whose track ended become passages, stream states and statistics become readings.

    Only `end` counts: an object is told of many times while it is tracked, and only at the end are its
    plate, speed and class the best that will ever be known. So one object is one passage. The identity is
    the camera's name. `speed_unit` is how the server was configured.
    """

    name = "frigate"
    filters = (
        "frigate/events",
        "frigate/tracked_object_update",
        "frigate/available",
        "frigate/+/status/+",
        "frigate/stats",
    )

    def __init__(self, speed_unit: Literal["kmh", "mph"] = "kmh") -> None:
        super().__init__()
        self._kmh_per_unit = _KMH_PER_MPH if speed_unit == "mph" else 1.0

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The records of one message: one, or for statistics one a camera.

        Raises:
            Rejected: topic, device or payload broke a rule.
        """
        if message.topic in _PLAIN_TOPICS:
            return [Ignored(_PLAIN_TOPICS[message.topic])]
        if message.retained:
            return [Ignored("retained")]
        if message.topic == "frigate/events":
            return [self._object(message.payload, devices)]
        if message.topic == "frigate/stats":
            return self._statistics(message.payload, devices)
        return [self._stream(message, devices)]

    def _object(self, content: bytes, devices: Devices) -> Record:
        payload = json_object(content)
        seen = child(payload, "after")
        if seen.get("label") not in _VEHICLES:
            return Ignored("not_a_vehicle")
        if payload.get("type") != "end":
            return Ignored("unfinished_object")
        if seen.get("false_positive") is True:
            return Ignored("false_positive")
        camera = seen.get("camera")
        if not isinstance(camera, str):
            raise Rejected(Rejection.SCHEMA, "an object needs the name of its camera")
        members = {
            "type": "passage",
            "id": seen.get("id"),
            # When it came into the picture; the end is when the track was given up, seconds later.
            "ts": utc_from_epoch_s(positive(seen.get("start_time"))),
            "vehicles": [self._vehicle(seen)],
            "detail": "has_snapshot" if seen.get("has_snapshot") is True else None,
        }
        return self.happened(self.device(devices, camera), members, content)

    def _vehicle(self, seen: Mapping[str, Any]) -> dict[str, Any]:
        plate, score = _plate(seen)
        # Zero is what Frigate says outside a zone of known size.
        speed = positive(seen.get("average_estimated_speed"))
        return {
            "class": seen["label"],
            "plate": plate,
            "plate_confidence": None if plate is None else score,
            "speed_kmh": None if speed is None else speed * self._kmh_per_unit,
        }

    def _stream(self, message: RawMessage, devices: Devices) -> Record:
        levels = message.topic.split("/")
        if len(levels) != _STATUS_LEVELS:
            raise Rejected(Rejection.TOPIC, f"frigate/camera/status/role is needed, got {message.topic!r}")
        if levels[3] != _STREAM_ROLE:
            # Roles fail apart from each other: a second one would make the same field flap.
            return Ignored("other_role")
        device = self.device(devices, levels[1])
        state = message.payload.decode("utf-8", "replace").strip()
        if state == "disabled":
            return Ignored("stream_disabled")
        if state not in _STREAM_STATES:
            raise Rejected(Rejection.SCHEMA, f"online, offline or disabled is needed, got {state[:32]!r}")
        return self.reading(device, {"stream_up": _STREAM_STATES[state]})

    def _statistics(self, payload: bytes, devices: Devices) -> list[Record]:
        statistics = decoded(payload, _Statistics)
        ts = utc_from_epoch_s(positive(statistics.service and statistics.service.last_updated))
        records: list[Record] = []
        for camera, raw in statistics.cameras.items():
            try:
                rates = json_object(bytes(raw))
                values = {name: rates.get(name) for name in ("camera_fps", "skipped_fps")}
                records.append(self.reading(self.device(devices, camera), values, ts=ts))
            except Rejected as rejected:
                rejected.payload = bytes(raw)
                records.append(rejected)
        return records or [Ignored("no_camera_statistics")]


def _plate(seen: Mapping[str, Any]) -> tuple[str | None, Any]:
    """Plate and score, which some versions give as a pair and others as two members."""
    plate, score = seen.get("recognized_license_plate"), seen.get("recognized_license_plate_score")
    if isinstance(plate, list):
        plate, score = (*plate, None, None)[:2]
    return plate_text(plate), score


DECODER = FrigateDecoder
