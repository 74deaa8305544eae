import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.batch import event_frame, to_ms
from devices.decoders.hikvision import HikvisionDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Event, Ignored, RawMessage, Status
from devices.payloads import Vehicle
from devices.registry import Device, Registry

REGISTRY = Registry(
    [Device(id="TK-T-7", kind="traffic-camera", area="tam-ky", vendor_ids=("hikvision:gate-2",))]
)
NEW = """
<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<dateTime>2026-11-22T19:00:00.25+07:00</dateTime><eventType>ANPR</eventType>
<eventState>active</eventState>
<ANPR><licensePlate>92A12345</licensePlate><line>2</line><direction>reverse</direction>
<confidenceLevel>97</confidenceLevel><plateColor>yellow</plateColor><vehicleType>largeBus</vehicleType>
<vehicleInfo><index>1</index><color>White</color><speed>43</speed></vehicleInfo>
<pictureInfoList><pictureInfo><fileName>plate.jpg</fileName></pictureInfo></pictureInfoList></ANPR>
<UUID>a1b2c3</UUID></EventNotificationAlert>
"""
OLD = """<h:EventNotificationAlert xmlns:h="urn:psialliance-org">
<h:dateTime>2026-11-22T12:00:00Z</h:dateTime><h:eventType>anpr</h:eventType>
<h:ANPR><h:licensePlate>unknown</h:licensePlate><h:direction>unknown</h:direction>
<h:confidenceLevel>0</h:confidenceLevel><h:vehicleInfo><h:speed>0</h:speed></h:vehicleInfo></h:ANPR>
</h:EventNotificationAlert>"""
OTHER = """<EventNotificationAlert><dateTime>2026-11-22T12:00:00Z</dateTime><eventType>{}</eventType>
<eventState>{}</eventState></EventNotificationAlert>"""
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>' + OLD.replace("unknown", "&b;")


def decode(payload: str | bytes, topic: str = "hikvision/gate-2/alert", **flags: bool) -> Any:
    raw = payload if isinstance(payload, bytes) else payload.encode()
    (record,) = HikvisionDecoder().decode(RawMessage(topic, raw, **flags), REGISTRY)
    return record


def test_alert_with_everything_becomes_a_full_passage() -> None:
    record = decode(NEW)
    payload = record.payload
    assert (record.device.id, payload.type, payload.id) == ("TK-T-7", "passage", "a1b2c3")
    assert (to_ms(payload.ts), payload.lane, payload.direction) == (1795348800250, 2, "reverse")
    assert list(payload.vehicles) == [
        Vehicle(
            vehicle_class="bus",
            plate="92A12345",
            plate_confidence=0.97,
            plate_colour="yellow",
            colour="white",
            speed_kmh=43.0,
        )
    ]


def test_alert_of_another_namespace_with_nothing_read_is_a_bare_passage() -> None:
    payload = decode(OLD).payload
    assert (payload.lane, payload.direction, list(payload.vehicles)) == (None, None, [Vehicle()])
    assert payload.id == decode(OLD).payload.id
    assert to_ms(payload.ts) == 1795348800000


def test_alert_with_local_time_keeps_its_passage_but_no_time() -> None:
    payload = decode(OLD.replace("00Z", "00")).payload
    assert payload.ts is None
    assert payload.id not in {None, decode(OLD.replace("00Z", "01")).payload.id}


@pytest.mark.parametrize(("state", "phase"), [("active", "started"), ("inactive", "ended"), ("", None)])
def test_alert_about_the_camera_becomes_a_camera_alarm(state: str, phase: str | None) -> None:
    payload = decode(OTHER.format("shelteralarm", state)).payload
    assert (payload.type, payload.phase, payload.detail) == ("camera-condition", phase, "shelteralarm")


def test_alert_that_tells_nothing_is_ignored() -> None:
    assert decode(OTHER.format("VMD", "active")) == Ignored("not_a_passage")
    assert decode(NEW, retained=True) == Ignored("retained")


def test_heartbeat_of_the_stream_is_a_status() -> None:
    online = Status(REGISTRY["TK-T-7"], online=True, retained=False)
    for event in ("ANPR", "AID"):
        assert decode(OTHER.format(event, "inactive")) == online


@pytest.mark.parametrize(("state", "up"), [("active", False), ("inactive", True)])
def test_lost_video_tells_of_the_stream(state: str, up: bool) -> None:  # noqa: FBT001 - from the table
    message = RawMessage("hikvision/gate-2/alert", OTHER.format("videoloss", state).encode())
    first, reading = HikvisionDecoder().decode(message, REGISTRY)
    payload: Any = reading.payload  # type: ignore[union-attr]
    assert (payload.stream_up, to_ms(payload.ts)) == (up, 1795348800000)
    assert isinstance(first, Status if up else Event)


def test_alert_as_json_is_read_like_xml() -> None:
    anpr = {
        "licensePlate": "43A54321",
        "line": 3,
        "direction": "forward",
        "confidenceLevel": 88,
        "vehicleType": "unknown",
        "vehicleInfo": {"vehicleType": 3, "color": "red", "speed": 0},
        "illegalInfo": {"illegalCode": 1345, "illegalName": "Ran Red Light"},
        "helmet": "unknown",
    }
    alert = {"dateTime": "2026-11-22T19:00:00+07:00", "eventType": "ANPR", "uuid": "d4", "ANPR": anpr}
    for form in (alert, {"EventNotificationAlert": alert}):
        payload = decode(json.dumps(form)).payload
        assert (payload.id, payload.lane, payload.detail) == ("d4", 3, "Ran Red Light")
        assert list(payload.vehicles) == [Vehicle(plate="43A54321", plate_confidence=0.88, colour="red")]


def test_alert_whose_bridge_moved_members_about_is_read_the_same() -> None:
    flat = """<EventNotificationAlert><dateTime>2026-11-22T12:00:00Z</dateTime><eventType>ANPR</eventType>
    <licensePlate>43A 54321</licensePlate><confidenceLevel>0.95</confidenceLevel><laneNo>2</laneNo>
    <vehicleInfo><color>white</color><vehicleType>car</vehicleType></vehicleInfo></EventNotificationAlert>"""
    payload = decode(flat).payload
    assert payload.lane == 2
    assert list(payload.vehicles) == [
        Vehicle(vehicle_class="car", plate="43A 54321", plate_confidence=0.95, colour="white")
    ]


def test_alert_within_a_multipart_message_is_found() -> None:
    parts = (
        b"--boundary\r\nContent-Type: text/xml\r\n\r\n"
        + OLD.encode()
        + b"\r\n--boundary\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\r\n--boundary--"
    )
    assert decode(parts).payload.type == "passage"


def test_traffic_incident_becomes_an_event_with_its_vehicle() -> None:
    aid = """<AID><illegalTrafficEvent>wrongDirection</illegalTrafficEvent>
    <VehicleInfo><vehicleSpeed>{}</vehicleSpeed></VehicleInfo></AID></EventNotificationAlert>"""
    alert = OTHER.format("AID", "active").replace("</EventNotificationAlert>", aid)
    payload = decode(alert.format(31)).payload
    assert (payload.type, payload.detail) == ("traffic-incident", "wrongDirection")
    assert list(payload.vehicles) == [Vehicle(speed_kmh=31.0)]
    assert list(decode(alert.format(0)).payload.vehicles) == []


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("hikvision/gate-2/alert", '{"eventType": "ANPR", }', Rejection.NOT_JSON),
        ("hikvision/gate-2/alert", '{"a":' * 40 + "1" + "}" * 40, Rejection.TOO_DEEP),
        ("hikvision/gate-2/alert", "--boundary\r\n\r\n<html/>\r\n--boundary--", Rejection.SCHEMA),
        ("hikvision/gate-2/alert", BOMB, Rejection.UNSUPPORTED),
        ("hikvision/gate-2/alert", '<!DOCTYPE x SYSTEM "file:///x"><x/>', Rejection.UNSUPPORTED),
        ("hikvision/gate-2/alert", OLD.replace("unknown", "&b;"), Rejection.SCHEMA),
        ("hikvision/gate-2/alert", OLD[:-5], Rejection.SCHEMA),
        ("hikvision/gate-2/alert", "", Rejection.SCHEMA),
        ("hikvision/gate-2/alert", b'<?xml version="1.0" encoding="x-none"?><a/>', Rejection.SCHEMA),
        ("hikvision/gate-2/alert", b'<?xml version="1.0" encoding="big5"?><a/>', Rejection.SCHEMA),
        ("hikvision/gate-2/alert", "<html/>", Rejection.SCHEMA),
        ("hikvision/gate-2/alert", NEW.replace(">2<", ">two<"), Rejection.SCHEMA),
        ("hikvision/gate-2/alert", NEW.replace(">97<", ">101<"), Rejection.SCHEMA),
        ("hikvision/gate-2/alert", NEW.replace(">97<", ">nan<"), Rejection.SCHEMA),
        ("hikvision/gate-2/alert", NEW.replace("92A12345", "9" * 33), Rejection.SCHEMA),
        ("hikvision/gate-2/alert", OTHER.format("ANPR", "active"), Rejection.SCHEMA),
        ("hikvision/gate-2/alert", OLD.replace("2026", "1970"), Rejection.SCHEMA),
        (
            "hikvision/gate-2/alert",
            OLD.replace("2026-11-22T12:00:00Z", "1970-01-01T00:00:00"),
            Rejection.SCHEMA,
        ),
        ("hikvision/gate-2/alert", OLD.replace("dateTime", "time"), Rejection.SCHEMA),
        ("hikvision/gate-2/alert", "<EventNotificationAlert>" + "<a>" * 40, Rejection.TOO_DEEP),
        ("hikvision/gate-3/alert", NEW, Rejection.UNKNOWN_DEVICE),
        ("hikvision/alert", NEW, Rejection.TOPIC),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(
    topic: str, payload: str | bytes, reason: Rejection
) -> None:
    with pytest.raises(Rejected) as caught:
        decode(payload, topic)
    assert caught.value.reason is reason
    assert "9999" not in str(caught.value)


TAGS = st.sampled_from(["dateTime", "eventType", "ANPR", "licensePlate", "line", "confidenceLevel", "UUID"])
TEXTS = st.text(max_size=12) | st.sampled_from(["ANPR", "2026-11-22T12:00:00Z", "-1", "1e9", "&a;", "<"])
ELEMENTS = st.recursive(
    TEXTS,
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", TAGS, st.lists(inner, max_size=4)
    ),
)
ALERTS = st.lists(ELEMENTS).map(
    lambda parts: f"<EventNotificationAlert>{''.join(parts)}</EventNotificationAlert>"
)


@given(st.binary() | ALERTS.map(lambda text: text.encode("utf-8", "replace")))
def test_decoder_with_any_payload_raises_nothing_but_the_typed_rejection(payload: bytes) -> None:
    try:
        records = HikvisionDecoder().decode(RawMessage("hikvision/gate-2/alert", payload), REGISTRY)
    except Rejected:
        return
    events = [record for record in records if isinstance(record, Event)]
    assert event_frame(events, 1).height == len(events)
