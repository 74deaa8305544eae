import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.batch import event_frame, reading_frame
from devices.catalogue import kinds
from devices.decoders.native import NativeDecoder
from devices.description import DeviceKind
from devices.errors import Rejected, Rejection
from devices.messages import Event, Ignored, RawMessage, Reading, Status
from devices.registry import Device, Registry

LAMP = "ioc/v1/tam-ky/streetlight/TK-L-0001/telemetry"
CAMERA = "ioc/v1/tam-ky/traffic-camera/TK-T-001/event"
PASSAGE = {
    "id": "p-1",
    "ts": "2026-11-22T12:00:00.123Z",
    "type": "passage",
    "lane": 2,
    "direction": "forward",
    "vehicles": [
        {
            "class": "motorcycle",
            "plate": "92-B1 234.56",
            "plate_confidence": 0.91,
            "speed_kmh": 47.5,
            "helmet": False,
        },
        {"class": "car"},
    ],
    "images": [{"role": "plate", "url": "https://cam.example/p-1.jpg", "sha256": "a" * 64}],
}


def message(topic: str, payload: Any, **flags: bool) -> RawMessage:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return RawMessage(topic, raw, **flags)


def test_reading_with_both_spellings_of_time_has_the_same_columns(registry: Registry) -> None:
    decoder = NativeDecoder()
    values = {"seq": 7, "cmd_on": True, "power_w": 57.5}
    readings = [
        record
        for ts in ("2026-11-22T19:00:00.123+07:00", 1795348800123)
        for record in decoder.decode(message(LAMP, {"ts": ts, **values}), registry)
        if isinstance(record, Reading)
    ]
    frame = reading_frame("streetlight", readings, 1795348801000)
    assert frame["device_time"].to_list() == [1795348800123] * 2
    assert frame.select("device", "area", "seq", "cmd_on", "power_w", "dim_pct").row(0) == (
        "TK-L-0001", "tam-ky", 7, True, 57.5, None,
    )  # fmt: skip


def test_reading_array_keeps_the_good_and_rejects_the_bad(registry: Registry) -> None:
    payload = [
        {"ts": 1000, "power_w": 5},
        {"ts": 2000, "power_w": -5},
        {"ts": 3000, "device": "TK-L-0002"},
        4,
    ]
    records = NativeDecoder().decode(message(LAMP, payload), registry)
    assert isinstance(records[0], Reading)
    reasons = [record.reason for record in records[1:] if isinstance(record, Rejected)]
    assert reasons == [Rejection.SCHEMA, Rejection.DEVICE_MISMATCH, Rejection.SCHEMA]


def test_reading_with_unknown_fields_is_kept_and_the_fields_counted(registry: Registry) -> None:
    decoder = NativeDecoder()
    (record,) = decoder.decode(message(LAMP, {"ts": 1000, "power_w": 5, "mood": "good"}), registry)
    assert isinstance(record, Reading)
    assert record.payload.power_w == 5  # type: ignore[attr-defined]
    assert decoder.unknown_fields() == {("streetlight", "mood"): 1}


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (LAMP, b"{not json", Rejection.NOT_JSON),
        (LAMP, b'{"power_w": NaN}', Rejection.NOT_JSON),
        (LAMP, b'{"power_state": "\xff"}', Rejection.NOT_UTF8),
        (LAMP, b'{"power_w": 57.5, "firmware": "\xff"}', Rejection.NOT_UTF8),
        (CAMERA, b'{"id": "e", "type": "self-test", "note": "\xff"}', Rejection.NOT_UTF8),
        (LAMP, {"power_w": "57"}, Rejection.SCHEMA),
        (LAMP, {"ts": "2026-11-22T12:00:00"}, Rejection.SCHEMA),
        (LAMP, {"power_state": "sideways"}, Rejection.SCHEMA),
        (LAMP, b"[" * 100_000, Rejection.TOO_DEEP),
        (LAMP, {"device": "TK-L-0002"}, Rejection.DEVICE_MISMATCH),
        (LAMP.replace("streetlight", "wifi-ap"), {}, Rejection.WRONG_KIND),
        (LAMP.replace("TK-L-0001", "nobody"), {}, Rejection.UNKNOWN_DEVICE),
        ("ioc/v1/x", {}, Rejection.TOPIC),
        (CAMERA, {"ts": 1}, Rejection.SCHEMA),
        (CAMERA, {"type": "self-test", "result": "ok"}, Rejection.SCHEMA),
        (CAMERA, {"type": "self-test", "ts": 0}, Rejection.SCHEMA),
        (LAMP, [{}] * 501, Rejection.OVERSIZED),
        (CAMERA, {"type": "passage", "vehicles": [{"plate_confidence": 91}]}, Rejection.SCHEMA),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(
    registry: Registry, topic: str, payload: Any, reason: Rejection
) -> None:
    with pytest.raises(Rejected) as caught:
        NativeDecoder().decode(message(topic, payload), registry)
    assert caught.value.reason is reason


def test_passage_becomes_one_row_with_its_vehicles(registry: Registry) -> None:
    (record,) = NativeDecoder().decode(message(CAMERA, PASSAGE), registry)
    assert isinstance(record, Event)
    row = event_frame([record], 5).row(0, named=True)
    assert (row["id"], row["lane"], row["device_time"]) == ("p-1", 2, 1795348800123)
    assert [vehicle["vehicle_class"] for vehicle in row["vehicles"]] == ["motorcycle", "car"]
    assert row["vehicles"][1]["speed_kmh"] is None


def test_event_without_id_gets_one_from_its_content(registry: Registry) -> None:
    payload = {"ts": 1795348800123, "type": "self-test", "result": "ok"}
    ids = set()
    for changed in (payload, payload, payload | {"result": "failed"}):
        (record,) = NativeDecoder().decode(message(CAMERA, changed), registry)
        assert isinstance(record, Event)
        ids.add(record.payload.id)
    assert len(ids) == 2


def test_status_and_its_removal_are_understood(registry: Registry) -> None:
    topic = LAMP.replace("telemetry", "status")
    decoder = NativeDecoder()
    (status,) = decoder.decode(message(topic, {"state": "offline"}, retained=True), registry)
    assert isinstance(status, Status)
    assert (status.online, status.retained) == (False, True)
    assert decoder.decode(message(topic, b""), registry) == [Ignored("status_removed")]


def test_topic_naming_another_area_is_accepted_and_counted(registry: Registry) -> None:
    decoder = NativeDecoder()
    (record,) = decoder.decode(message(LAMP.replace("tam-ky", "ban-thach"), {"ts": 1000}), registry)
    assert isinstance(record, Reading)
    assert record.device.area == "tam-ky"
    assert decoder.misplaced() == {("tam-ky", "ban-thach"): 1}


def test_message_the_broker_retained_is_no_reading_of_now(registry: Registry) -> None:
    decoder = NativeDecoder()
    for topic in (LAMP, CAMERA):
        assert decoder.decode(message(topic, {"ts": 1000}, retained=True), registry) == [Ignored("retained")]


def test_unknown_fields_without_end_share_one_count(registry: Registry) -> None:
    decoder = NativeDecoder()
    for number in range(1100):
        decoder.decode(message(LAMP, {f"t{number}": 1}), registry)
    counted = decoder.unknown_fields()
    assert len(counted) <= 1001
    assert sum(counted.values()) == 1100


EXTREMES = [2**63, -(2**63) - 1, 10**400, -(10**400), 1.5e308, 0, -1, True, "", "x" * 300, None, [], {}]


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.id)
def test_extreme_values_of_every_field_are_rejected_or_become_a_row(kind: DeviceKind) -> None:
    attributes = {"rated_w": 1.0}
    devices = Registry([Device(id="D", kind=kind.id, area="a", attributes=attributes)])
    for field in (*kind.field_names, "ts", "seq"):
        for value in EXTREMES:
            raw = message(f"ioc/v1/a/{kind.id}/D/telemetry", {field: value})
            try:
                records = NativeDecoder().decode(raw, devices)
            except Rejected:
                continue
            readings = [record for record in records if isinstance(record, Reading)]
            assert reading_frame(kind.id, readings, 1).height == len(readings)


NAMES = st.text() | st.sampled_from(["ts", "seq", "power_w", "type", "vehicles"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
)
CHANNELS = st.sampled_from(["telemetry", "event", "status", "command"])
LAMPS = Registry([Device(id="TK-L-0001", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})])


@given(CHANNELS, st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_decoder_with_any_payload_raises_nothing_but_the_typed_rejection(
    channel: str, payload: bytes
) -> None:
    topic = LAMP.replace("telemetry", channel)
    decoder = NativeDecoder()
    try:
        records = decoder.decode(message(topic, payload), LAMPS)
    except Rejected:
        return
    readings = [record for record in records if isinstance(record, Reading)]
    events = [record for record in records if isinstance(record, Event)]
    assert reading_frame("streetlight", readings, 1).height == len(readings)
    assert event_frame(events, 1).height == len(events)
