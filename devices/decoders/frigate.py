"""Frigate: tracked objects, the health of its cameras and its statistics.

A name that Frigate recognised in a face (`sub_label`) is never kept.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

import msgspec

from devices.decoders.frigate_objects import Plate, SeenObjects, plate_of
from devices.decoders.measures import is_online
from devices.decoders.options import DecoderOptions
from devices.decoders.sightings import positive
from devices.decoders.vendor import VendorDecoder, child, decoded, json_object, utc_from_epoch_s
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "FrigateDecoder"]

_CLASSES: Mapping[str, str] = {
    **{name: name for name in ("car", "motorcycle", "truck", "bus", "bicycle")},
    "motorbike": "motorcycle",
    "school_bus": "bus",
    "garbage_truck": "truck",
    "van": "car",
}
_STREAM_ROLE = "detect"
_KMH_PER_MPH = 1.609344
_STATUS_LEVELS = 4
_CAMERAS_KEPT = 10_000
_RECORDINGS = "/media/frigate/recordings"


class FrigateDecoder(VendorDecoder):
    """Vehicles whose track ended become passages, stream states and statistics become readings.

    Only `end` counts: an object is told of many times while it is tracked, and only at the end are its
    plate, speed and class the best that will ever be known. So one object is one passage. A plate that
    `tracked_object_update` tells is kept for that end; alone, from a camera that only reads plates, it is the
    passage. The server speaks for its cameras: while it is away, all that it told of are offline. The
    identity is the camera's name. `speed_unit` is how the server was configured.
    """

    name = "frigate"
    usual_kind = "traffic-camera"
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
        self._objects = SeenObjects()
        self._cameras: dict[str, None] = {}

    @classmethod
    def configured(cls, options: DecoderOptions) -> Self:
        """The decoder for a server of that unit of speed."""
        return cls(options.frigate_speed_unit)

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The records of one message: one, or one a camera.

        Raises:
            Rejected: topic, device or payload broke a rule.
        """
        if message.topic == "frigate/available":
            return self._availability(message, devices)
        if message.retained:
            return [Ignored("retained")]
        if message.topic == "frigate/events":
            return [self._object(message.payload, devices)]
        if message.topic == "frigate/tracked_object_update":
            return [self._update(message.payload, devices)]
        if message.topic == "frigate/stats":
            return self._statistics(message.payload, devices)
        return [self._stream(message, devices)]

    def _camera(self, devices: Devices, name: object) -> Device:
        """The camera of that name, remembered as one that the server speaks for.

        Raises:
            Rejected: there is no name, or the registry does not know it.
        """
        if not isinstance(name, str):
            raise Rejected(Rejection.SCHEMA, "an object needs the name of its camera")
        device = self.device(devices, name)
        if len(self._cameras) < _CAMERAS_KEPT:
            self._cameras[name] = None
        return device

    def _availability(self, message: RawMessage, devices: Devices) -> list[Record]:
        """What the server's own status says of the cameras it has told of; nothing while it told of none."""
        if not message.payload:
            return [Ignored("removed")]
        online = is_online(message.payload.decode("utf-8", "replace"))
        known = (self.known(devices, camera) for camera in self._cameras)
        statuses: list[Record] = [
            Status(device, online, message.retained) for device in known if device is not None
        ]
        return statuses or [Ignored("service_status")]

    def _object(self, content: bytes, devices: Devices) -> Record:
        payload = json_object(content)
        seen = child(payload, "after")
        label, object_id = seen.get("label"), seen.get("id")
        if not isinstance(label, str) or label not in _CLASSES:
            return Ignored("not_a_vehicle")
        if payload.get("type") != "end":
            if isinstance(object_id, str):
                self._objects.tracked(object_id)
            return Ignored("unfinished_object")
        if seen.get("false_positive") is True:
            return Ignored("false_positive")
        earlier = self._objects.ended(object_id) if isinstance(object_id, str) else None
        members = {
            "type": "passage",
            "id": object_id,
            # When it came into the picture; the end is when the track was given up, seconds later.
            "ts": utc_from_epoch_s(positive(seen.get("start_time"))),
            "vehicles": [self._vehicle(seen, earlier)],
            "detail": "has_snapshot" if seen.get("has_snapshot") is True else None,
        }
        return self.happened(self._camera(devices, seen.get("camera")), members, content)

    def _vehicle(self, seen: Mapping[str, Any], earlier: Plate | None) -> dict[str, Any]:
        plate = plate_of(seen, "recognized_license_plate") or earlier
        # Zero is what Frigate says outside a zone of known size.
        speed = positive(seen.get("average_estimated_speed"))
        return {
            "class": _CLASSES[seen["label"]],
            "plate": None if plate is None else plate.text,
            "plate_confidence": None if plate is None else plate.score,
            "speed_kmh": None if speed is None else speed * self._kmh_per_unit,
        }

    def _update(self, content: bytes, devices: Devices) -> Record:
        """A plate for the end of its object, or the passage itself; faces and descriptions are never kept."""
        payload = json_object(content)
        object_id, plate = payload.get("id"), plate_of(payload, "plate")
        if payload.get("type") != "lpr" or plate is None or not isinstance(object_id, str):
            return Ignored("unfinished_object")
        if self._objects.read(object_id, plate):
            return Ignored("plate_of_tracked_object")
        members = {
            "type": "passage",
            "id": object_id,
            "ts": utc_from_epoch_s(positive(payload.get("timestamp"))),
            "vehicles": [{"plate": plate.text, "plate_confidence": plate.score}],
        }
        return self.happened(self._camera(devices, payload.get("camera")), members, content)

    def _stream(self, message: RawMessage, devices: Devices) -> Record:
        levels = message.topic.split("/")
        if len(levels) != _STATUS_LEVELS:
            raise Rejected(Rejection.TOPIC, f"frigate/camera/status/role is needed, got {message.topic!r}")
        if levels[3] != _STREAM_ROLE:
            # Roles fail apart from each other: a second one would make the same field flap.
            return Ignored("other_role")
        device = self._camera(devices, levels[1])
        state = message.payload.decode("utf-8", "replace").strip()
        if state == "disabled":
            return Ignored("stream_disabled")
        return self.reading(device, {"stream_up": is_online(state)})

    def _statistics(self, payload: bytes, devices: Devices) -> list[Record]:
        statistics = decoded(payload, dict[str, msgspec.Raw])
        service = _part(statistics, "service")
        ts = utc_from_epoch_s(positive(service.get("last_updated")))
        free_pct = _free_pct(child(child(service, "storage"), _RECORDINGS))
        records: list[Record] = []
        for camera, raw in _cameras(statistics).items():
            try:
                rates = json_object(bytes(raw))
                values = {name: rates.get(name) for name in ("camera_fps", "skipped_fps")}
                device = self._camera(devices, camera)
                records.append(self.reading(device, values | {"storage_free_pct": free_pct}, ts=ts))
            except Rejected as rejected:
                rejected.payload = bytes(raw)
                records.append(rejected)
        return records or [Ignored("no_camera_statistics")]


def _part(statistics: Mapping[str, msgspec.Raw], name: str) -> dict[str, Any]:
    raw = statistics.get(name)
    return {} if raw is None else json_object(bytes(raw))


def _cameras(statistics: Mapping[str, msgspec.Raw]) -> Mapping[str, msgspec.Raw]:
    """The cameras, still raw so that each is judged alone; before 0.12 they stood beside everything else."""
    if "cameras" in statistics:
        return decoded(bytes(statistics["cameras"]), dict[str, msgspec.Raw])
    return {name: raw for name, raw in statistics.items() if b'"camera_fps"' in bytes(raw)}


def _free_pct(storage: Mapping[str, Any]) -> float | None:
    """The share of the recordings' disk that is free, in %; None where the server does not say."""
    total, free = positive(storage.get("total")), storage.get("free")
    if total is None or isinstance(free, bool) or not isinstance(free, int | float):
        return None
    return round(min(1.0, free / total) * 100, 1)


DECODER = FrigateDecoder
