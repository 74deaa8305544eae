import json
from typing import Any

import pytest

from devices.batch import event_frame, to_ms
from devices.decoders.frigate import FrigateDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Event, Ignored, RawMessage, Status
from devices.payloads import Vehicle
from devices.registry import Device, Registry

REGISTRY = Registry(
    [Device(id="TK-T-5", kind="traffic-camera", area="tam-ky", vendor_ids=("frigate:hung_vuong",))]
)
SEEN: dict[str, Any] = {
    "id": "1795348800.25-q1w2e3",
    "camera": "hung_vuong",
    "label": "motorcycle",
    "sub_label": ["Nguyen Van A", 0.8],
    "false_positive": False,
    "start_time": 1795348800.25,
    "end_time": 1795348809.0,
    "has_snapshot": True,
    "average_estimated_speed": 40,
    "velocity_angle": 180,
    "recognized_license_plate": "92B123456",
    "recognized_license_plate_score": 0.91,
}
VEHICLE = Vehicle(vehicle_class="motorcycle", plate="92B123456", plate_confidence=0.91, speed_kmh=40.0)


def decode(
    payload: Any, topic: str = "frigate/events", decoder: FrigateDecoder | None = None, **flags: bool
) -> Any:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    (record,) = (decoder or FrigateDecoder()).decode(RawMessage(topic, raw, **flags), REGISTRY)
    return record


def ended(**changed: Any) -> dict[str, Any]:
    return {"type": "end", "before": SEEN, "after": SEEN | changed}


def test_vehicle_whose_track_ended_becomes_one_passage() -> None:
    record = decode(ended())
    assert isinstance(record, Event)
    payload = record.payload
    assert (record.device.id, payload.type, payload.id) == ("TK-T-5", "passage", "1795348800.25-q1w2e3")
    assert (to_ms(payload.ts), payload.direction, payload.images) == (1795348800250, None, ())
    assert (list(payload.vehicles), payload.detail) == ([VEHICLE], "has_snapshot")
    assert "Nguyen" not in repr(event_frame([record], 1).rows())


def test_vehicle_seen_in_miles_is_stored_in_kilometres() -> None:
    (vehicle,) = decode(ended(), decoder=FrigateDecoder(speed_unit="mph")).payload.vehicles
    assert vehicle.speed_kmh == pytest.approx(64.37376)


def test_vehicle_with_a_plate_as_a_pair_is_read_the_same() -> None:
    pair = ended(recognized_license_plate=["92B123456", 0.91], recognized_license_plate_score=None)
    assert list(decode(pair).payload.vehicles) == [VEHICLE]


@pytest.mark.parametrize("speed", [0, 0.0, None])
def test_vehicle_without_speed_and_plate_has_none(speed: float | None) -> None:
    payload = decode(ended(average_estimated_speed=speed, recognized_license_plate=None, has_snapshot=False))
    assert list(payload.payload.vehicles) == [Vehicle(vehicle_class="motorcycle")]
    assert payload.payload.detail is None


def test_vehicle_without_id_gets_one_from_its_content() -> None:
    first, again, later = (decode(ended(id=None, start_time=t)).payload.id for t in (1.8e9, 1.8e9, 1.9e9))
    assert first == again != later


def test_object_that_is_no_finished_vehicle_is_ignored() -> None:
    assert decode(ended(label="person", camera="elsewhere")) == Ignored("not_a_vehicle")
    assert decode({}) == Ignored("not_a_vehicle")
    assert decode({"type": "update", "after": SEEN}) == Ignored("unfinished_object")
    assert decode(ended(false_positive=True)) == Ignored("false_positive")
    assert decode(ended(), retained=True) == Ignored("retained")


LPR: dict[str, Any] = {
    "type": "lpr",
    "id": "1795348800.25-q1w2e3",
    "name": "xe cua anh A",
    "plate": "92B123456",
    "score": 0.88,
    "camera": "hung_vuong",
    "timestamp": 1795348803.5,
}
UPDATE = "frigate/tracked_object_update"


def test_plate_of_a_tracked_object_is_kept_for_its_end() -> None:
    decoder = FrigateDecoder()
    nameless = SEEN | {"recognized_license_plate": None, "recognized_license_plate_score": None}
    decode({"type": "new", "before": nameless, "after": nameless}, decoder=decoder)
    worse = LPR | {"plate": "92B12345", "score": 0.4}
    for update in (worse, LPR, worse):
        assert decode(update, UPDATE, decoder) == Ignored("plate_of_tracked_object")
    (vehicle,) = decode({"type": "end", "after": nameless}, decoder=decoder).payload.vehicles
    assert (vehicle.plate, vehicle.plate_confidence, vehicle.speed_kmh) == ("92B123456", 0.88, 40)
    assert decode(LPR, UPDATE, decoder) == Ignored("plate_of_tracked_object")


def test_plate_that_nothing_else_tells_of_is_the_passage() -> None:
    payload = decode(LPR, UPDATE).payload
    assert (payload.type, payload.id, to_ms(payload.ts)) == ("passage", LPR["id"], 1795348803500)
    assert list(payload.vehicles) == [Vehicle(plate="92B123456", plate_confidence=0.88)]
    assert "anh A" not in repr(payload)


@pytest.mark.parametrize(
    "update",
    [
        {"type": "face", "id": "1.5-a", "name": "Nguyen Van A", "score": 0.9, "camera": "hung_vuong"},
        {"type": "description", "id": "1.5-a", "description": "a man in a red shirt"},
        {"type": "classification", "id": "1.5-a", "sub_label": "bread_truck", "score": 0.9},
        {"id": "1.5-a", "description": "before types were told"},
        LPR | {"plate": ""},
        LPR | {"id": None},
    ],
)
def test_update_without_a_plate_is_ignored(update: dict[str, Any]) -> None:
    assert decode(update, UPDATE) == Ignored("unfinished_object")


def test_vehicle_under_another_label_has_our_class() -> None:
    (vehicle,) = decode(ended(label="school_bus")).payload.vehicles
    assert vehicle.vehicle_class == "bus"


def test_server_that_goes_away_takes_along_the_cameras_it_told_of() -> None:
    decoder = FrigateDecoder()
    assert decode(b"online", "frigate/available", decoder, retained=True) == Ignored("service_status")
    decode(b"online", "frigate/hung_vuong/status/detect", decoder)
    camera = REGISTRY["TK-T-5"]
    for word, online in ((b"offline", False), (b"online", True), (b"stopped", False)):
        assert decode(word, "frigate/available", decoder) == Status(camera, online, retained=False)
    assert decode(b"", "frigate/available", decoder, retained=True) == Ignored("removed")


def test_statistics_of_an_older_version_have_the_cameras_at_the_top() -> None:
    stats = {"detection_fps": 3.1, "hung_vuong": {"camera_fps": 5.1, "skipped_fps": 0.0}, "service": {}}
    assert decode(stats, "frigate/stats").payload.camera_fps == 5.1


def test_statistics_with_the_disk_of_the_recordings_tell_how_much_is_free() -> None:
    storage = {"/media/frigate/recordings": {"total": 2_000.0, "used": 1_500.0, "free": 500.0}}
    stats = {"cameras": {"hung_vuong": {"camera_fps": 5.1}}, "service": {"storage": storage}}
    assert decode(stats, "frigate/stats").payload.storage_free_pct == 25


@pytest.mark.parametrize(("word", "stream_up"), [(b"online", True), (b"offline", False)])
def test_camera_status_becomes_a_reading(word: bytes, stream_up: bool) -> None:  # noqa: FBT001 - from the table
    record = decode(word, "frigate/hung_vuong/status/detect")
    assert (record.device.id, record.payload.stream_up) == ("TK-T-5", stream_up)


def test_status_that_tells_nothing_of_one_stream_is_ignored() -> None:
    assert decode(b"online", "frigate/available", retained=True) == Ignored("service_status")
    assert decode(b"offline", "frigate/hung_vuong/status/record") == Ignored("other_role")
    assert decode(b"disabled", "frigate/hung_vuong/status/detect") == Ignored("stream_disabled")
    assert decode({}, "frigate/stats") == Ignored("no_camera_statistics")


def test_statistics_become_a_reading_for_each_camera_beside_the_rejected() -> None:
    stats = {
        "cameras": {
            "hung_vuong": {"camera_fps": 0.0, "skipped_fps": 1, "pid": 77},
            "unknown": {"camera_fps": 5},
            "broken": 5,
        },
        "service": {"last_updated": 1795348800, "uptime": 60},
    }
    message = RawMessage("frigate/stats", json.dumps(stats).encode())
    reading, unknown, broken = FrigateDecoder().decode(message, REGISTRY)
    payload: Any = reading.payload  # type: ignore[union-attr]
    assert (payload.camera_fps, payload.skipped_fps, payload.stream_up) == (0.0, 1.0, None)
    assert to_ms(payload.ts) == 1795348800000
    assert isinstance(unknown, Rejected)
    assert (unknown.reason, unknown.payload) == (Rejection.UNKNOWN_DEVICE, b'{"camera_fps": 5}')
    assert isinstance(broken, Rejected)
    assert broken.reason is Rejection.SCHEMA


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("frigate/events", ended(camera="elsewhere"), Rejection.UNKNOWN_DEVICE),
        ("frigate/events", ended(camera=None), Rejection.SCHEMA),
        ("frigate/events", ended(id=None, start_time=None), Rejection.SCHEMA),
        ("frigate/events", ended(average_estimated_speed=10**400), Rejection.SCHEMA),
        ("frigate/events", ended(recognized_license_plate_score=91), Rejection.SCHEMA),
        ("frigate/events", ended(recognized_license_plate="9" * 33), Rejection.SCHEMA),
        ("frigate/events", {"type": "end", "after": []}, Rejection.SCHEMA),
        ("frigate/events", b"online", Rejection.NOT_JSON),
        ("frigate/stats", {"cameras": []}, Rejection.SCHEMA),
        ("frigate/available", b"perhaps", Rejection.SCHEMA),
        (UPDATE, LPR | {"camera": "elsewhere"}, Rejection.UNKNOWN_DEVICE),
        (UPDATE, b"{'type': 'lpr'}", Rejection.NOT_JSON),
        ("frigate/hung_vuong/status/detect", b"\xff", Rejection.SCHEMA),
        ("frigate/elsewhere/status/detect", b"online", Rejection.UNKNOWN_DEVICE),
        ("frigate/x", b"online", Rejection.TOPIC),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(topic: str, payload: Any, reason: Rejection) -> None:
    with pytest.raises(Rejected) as caught:
        decode(payload, topic)
    assert caught.value.reason is reason
    assert "9999" not in str(caught.value)
