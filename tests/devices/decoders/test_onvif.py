import json
from typing import Any

import pytest

from devices.batch import to_ms
from devices.decoders.onvif import OnvifDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Event, Ignored, RawMessage
from devices.payloads import Vehicle
from devices.registry import Device, Registry

REGISTRY = Registry(
    [
        Device(
            id="TK-T-6",
            kind="traffic-camera",
            area="tam-ky",
            vendor_ids=("onvif:cam-6", "onvif:north/cam-6", "onvif:a/b/c"),
        )
    ]
)
TIME = "2026-11-22T12:00:00.250Z"


def decode(topic: str, payload: Any, **flags: bool) -> Any:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    (record,) = OnvifDecoder().decode(RawMessage(topic, raw, **flags), REGISTRY)
    return record


@pytest.mark.parametrize(
    ("topic", "data", "expected"),
    [
        (
            "RuleEngine/FieldDetector/ObjectsInside",
            {"IsInside": "true", "ObjectId": 12},
            ("analytics", None, "RuleEngine/FieldDetector/ObjectsInside=12"),
        ),
        (
            "VideoSource/ImageTooBright/ImagingService",
            {"State": True},
            ("camera-condition", "started", "VideoSource/ImageTooBright/ImagingService=True"),
        ),
        (
            "tns1:VideoSource/ImageTooDark",
            {"State": "0"},
            ("camera-condition", "ended", "VideoSource/ImageTooDark=0"),
        ),
        (
            "Device/HardwareFailure/FanFailure",
            {"Failed": "true"},
            ("camera-condition", "started", "Device/HardwareFailure/FanFailure=true"),
        ),
        (
            "RuleEngine/LineDetector/Crossed",
            {"ObjectId": "71"},
            ("analytics", None, "RuleEngine/LineDetector/Crossed=71"),
        ),
        ("VideoSource/GlobalSceneChange", {}, ("camera-condition", None, "VideoSource/GlobalSceneChange")),
        (
            "RuleEngine/FaceDetector",
            {"Object": "7", "LicensePlateInfo": "none"},
            ("onvif", None, "RuleEngine/FaceDetector"),
        ),
        ("RuleEngine/FaceDetector", {"Value": "Tran Van B"}, ("onvif", None, "RuleEngine/FaceDetector")),
    ],
)
def test_event_becomes_what_its_topic_says(topic: str, data: Any, expected: Any) -> None:
    record = decode(f"cam-6/onvif-ej/{topic}", {"UtcTime": TIME, "Source": {}, "Data": data})
    payload = record.payload
    assert (payload.type, payload.phase, payload.detail) == expected
    assert to_ms(payload.ts) == 1795348800250


def test_lost_signal_is_an_event_and_a_reading() -> None:
    topic = "cam-6/onvif-ej/tns1:VideoSource/SignalLoss/Source-1"
    for word, phase in (("true", "started"), ("false", "ended")):
        content = json.dumps({"UtcTime": TIME, "Data": {"State": word}}).encode()
        event, reading = OnvifDecoder().decode(RawMessage(topic, content), REGISTRY)
        assert isinstance(event, Event)
        assert (event.payload.phase, event.payload.type) == (phase, "camera-condition")
        payload: Any = reading.payload  # type: ignore[union-attr]
        assert (payload.stream_up, to_ms(payload.ts)) == (phase == "ended", 1795348800250)


def test_event_with_a_prefix_of_two_levels_is_of_its_device() -> None:
    record = decode("north/cam-6/onvif-ej/Device/Trigger/Relay", {"UtcTime": TIME.rstrip("Z")})
    assert (record.device.id, to_ms(record.payload.ts)) == ("TK-T-6", 1795348800250)


def test_event_with_a_prefix_of_three_levels_is_of_its_device() -> None:
    assert decode("a/b/c/onvif-ej/Device/Trigger/Relay", {"UtcTime": TIME}).device.id == "TK-T-6"


def test_event_id_comes_from_topic_and_content() -> None:
    paths = ("Device/Trigger/A", "Device/Trigger/A", "Device/Trigger/B")
    ids = [decode(f"cam-6/onvif-ej/{path}", {"UtcTime": TIME}).payload.id for path in paths]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("data", "vehicle"),
    [
        (
            {"LicensePlateInfo": {"PlateNumber": "43A12345", "Likelihood": "0.88"}},
            Vehicle(plate="43A12345", plate_confidence=0.88),
        ),
        (
            {
                "LicensePlateInfo": {"PlateNumber": {"@Likelihood": "0.5", "#text": "43A12345"}},
                "VehicleInfo": {"Type": {"#text": "Bus"}},
            },
            Vehicle(vehicle_class="bus", plate="43A12345", plate_confidence=0.5),
        ),
        (
            {
                "Object": {
                    "Appearance": {
                        "LicensePlateInfo": {"PlateNumber": {"Likelihood": 0.75, "Value": "43A12345"}},
                        "VehicleInfo": {"Type": {"Value": "Motorcycle"}},
                    }
                }
            },
            Vehicle(vehicle_class="motorcycle", plate="43A12345", plate_confidence=0.75),
        ),
        ({"PlateNumber": "", "VehicleInfo": {"Type": "Tram"}}, Vehicle(vehicle_class="other")),
        ({"PlateNumber": "43A12345", "Likelihood": "nan"}, Vehicle(plate="43A12345")),
    ],
)
def test_plate_becomes_a_passage(data: Any, vehicle: Vehicle) -> None:
    payload = decode(
        "cam-6/onvif-ej/RuleEngine/Recognition/LicensePlate", {"UtcTime": TIME, "Data": data}
    ).payload
    assert (payload.type, list(payload.vehicles), payload.detail) == ("passage", [vehicle], None)


def test_states_of_an_earlier_time_are_ignored() -> None:
    calm = {"UtcTime": TIME, "PropertyOperation": "Initialized", "Data": {"State": "false"}}
    assert decode("cam-6/onvif-ej/VideoSource/SignalLoss", calm).payload.stream_up is True
    topic = "cam-6/onvif-ej/VideoSource/ImageTooDark"
    assert decode(topic, calm) == Ignored("initial_state")
    assert decode(topic, calm | {"Data": {"State": "true"}}).payload.phase == "started"
    assert decode(topic, calm, retained=True) == Ignored("retained")


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("cam-7/onvif-ej/Device/Trigger", {"UtcTime": TIME}, Rejection.UNKNOWN_DEVICE),
        ("cam-6/onvif-ej/Device/Trigger", {}, Rejection.SCHEMA),
        ("cam-6/onvif-ej/Device/Trigger", {"UtcTime": "soon"}, Rejection.SCHEMA),
        ("cam-6/onvif-ej/Device/Trigger", {"UtcTime": TIME, "Data": "x"}, Rejection.SCHEMA),
        ("cam-6/onvif-ej/x", {"UtcTime": TIME, "Data": {"PlateNumber": "4" * 33}}, Rejection.SCHEMA),
        ("cam-6/onvif-ej", b"", Rejection.NOT_JSON),
        ("cam-6/x", {"UtcTime": TIME}, Rejection.TOPIC),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(topic: str, payload: Any, reason: Rejection) -> None:
    with pytest.raises(Rejected) as caught:
        decode(topic, payload)
    assert caught.value.reason is reason
    assert "4444" not in str(caught.value)
