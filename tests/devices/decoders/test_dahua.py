import json
from typing import Any

import pytest

from devices.batch import to_ms
from devices.decoders.dahua import DahuaDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Event, Ignored, RawMessage, Status
from devices.payloads import Vehicle
from devices.registry import Device, Registry

TOPIC = "dahua/cross-4/event"
REGISTRY = Registry(
    [Device(id="TK-T-8", kind="traffic-camera", area="tam-ky", vendor_ids=("dahua:cross-4",))]
)
REAL_UTC = 1795348800
BIKE: dict[str, Any] = {
    "EventID": 12,
    "GroupID": 9001,
    "Lane": 1,
    "RealUTC": REAL_UTC,
    "UTC": REAL_UTC + 7 * 3600,
    "Speed": 0,
    "NonMotor": {
        "Category": "Motorcycle",
        "Color": "Red",
        "NumOfCycling": 2,
        "Plate": {"PlateColor": "White", "Text": "92B111111"},
        "RiderList": [{"Helmet": "Yes"}, {"Helmet": "No"}],
        "Speed": 38,
    },
    "Object": {"ObjectType": "Plate", "Confidence": 204, "Text": "92B111111"},
    "TrafficCar": {"Speed": 0, "PlateColor": "Unknown", "VehicleColor": "Red"},
    "Vehicle": {"Category": "Motorcycle"},
}
CAR: dict[str, Any] = {
    "EventID": 13,
    "GroupID": 0,
    "RealUTC": REAL_UTC,
    "Speed": 52,
    "TrafficCar": {
        "PlateNumber": "92A22222",
        "PlateColor": "Blue",
        "VehicleColor": "Unknow",  # codespell:ignore unknow
        "Lane": 3,
    },
    "Vehicle": {"Category": "SaloonCar", "Confidence": 200},
    "NonMotor": None,
}


def one(data: Any, code: str = "TrafficJunction") -> dict[str, Any]:
    return {"Action": "Pulse", "Code": code, "Data": data}


def stream(*events: Any) -> dict[str, Any]:
    return {"id": 3, "method": "client.notifyEventStream", "params": {"SID": 5, "eventList": list(events)}}


def decode_all(payload: Any, topic: str = TOPIC, **flags: bool) -> list[Any]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return list(DahuaDecoder().decode(RawMessage(topic, raw, **flags), REGISTRY))


def decode(payload: Any, topic: str = TOPIC) -> Any:
    (record,) = decode_all(payload, topic)
    return record


def test_motorcycle_becomes_a_passage_at_the_true_time() -> None:
    record = decode(stream(one(BIKE)))
    payload = record.payload
    assert (record.device.id, payload.type, payload.detail) == ("TK-T-8", "passage", "TrafficJunction")
    assert (to_ms(payload.ts), payload.lane) == (REAL_UTC * 1000, 1)
    assert list(payload.vehicles) == [
        Vehicle(
            vehicle_class="motorcycle",
            plate="92B111111",
            plate_confidence=0.8,
            plate_colour="white",
            colour="red",
            speed_kmh=38.0,
            helmet=False,
            riders=2,
        )
    ]


def test_car_as_a_single_event_becomes_a_passage() -> None:
    payload = decode(one(CAR, "TrafficGate")).payload
    expected = Vehicle(vehicle_class="car", plate="92A22222", plate_colour="blue", speed_kmh=52.0)
    assert (payload.lane, list(payload.vehicles)) == (3, [expected])


def test_passage_with_nothing_known_is_bare() -> None:
    empty = {"TrafficCar": {"PlateNumber": "", "Speed": 0}, "Vehicle": {"Category": "Unknown"}, "GroupID": 5}
    assert list(decode(one(empty)).payload.vehicles) == [Vehicle()]
    strange = one(empty | {"NonMotor": {"Category": "Rickshaw", "NumOfCycling": 0}})
    assert list(decode(strange).payload.vehicles) == [Vehicle(vehicle_class="other")]


@pytest.mark.parametrize(
    ("riders", "helmet"),
    [
        ([{"Helmet": True}, {"Helmet": "yes"}], True),
        ([{"Helmet": "Yes"}, {"Helmet": "Unknown"}], None),
        ([{"Helmet": 0}], None),
        ([{"Helmet": 1}], None),
        ([{}], None),
        ([3], None),
        ([], None),
        ("Yes", None),
    ],
)
def test_helmet_counts_only_when_it_is_said_in_words(riders: Any, helmet: bool | None) -> None:  # noqa: FBT001 - from the table
    (vehicle,) = decode(one(BIKE | {"NonMotor": {"RiderList": riders}})).payload.vehicles
    assert vehicle.helmet is helmet


def test_passage_with_local_time_only_has_none() -> None:
    payload = decode(one({name: value for name, value in BIKE.items() if name != "RealUTC"})).payload
    assert payload.ts is None
    assert payload.id.startswith("TK-T-8-group-9001-")


def test_messages_of_one_group_share_an_id_and_other_days_do_not() -> None:
    pictures = [BIKE, BIKE | {"EventID": 99, "RealUTC": REAL_UTC + 1}]
    tomorrow = BIKE | {"RealUTC": REAL_UTC + 86_400}
    first, second, other = (decode(one(data)).payload.id for data in (*pictures, tomorrow))
    assert first == second != other


def test_passage_without_a_group_is_told_apart_by_event_and_second_or_content() -> None:
    assert decode(one(CAR)).payload.id == f"TK-T-8-event-13-{REAL_UTC}"
    bare = CAR | {"EventID": 0}
    assert decode(one(bare)).payload.id == decode(one(bare)).payload.id
    assert decode(one(bare)).payload.id != decode(one(bare | {"Lane": 4})).payload.id


def test_events_of_a_stream_are_judged_alone() -> None:
    jam = one({"JamLenght": 80}, "TrafficJam")
    good, ignored, motion, bad, broken = decode_all(
        stream(one(BIKE), jam, one(None, "VideoMotion"), one(CAR | {"Speed": 900}), 7)
    )
    assert isinstance(good, Event)
    assert ignored == motion == Ignored("not_a_passage")
    assert (bad.reason, json.loads(bad.payload)["Data"]["Speed"]) == (Rejection.SCHEMA, 900)
    assert (broken.reason, broken.payload) == (Rejection.SCHEMA, b"7")


def test_line_of_the_http_stream_is_read_like_json() -> None:
    line = b"Code=TrafficJunction;action=Pulse;index=0;data=" + json.dumps(BIKE, indent=1).encode() + b"\r\n"
    assert list(decode(line).payload.vehicles) == list(decode(one(BIKE)).payload.vehicles)
    assert decode(b"Code=VideoMotion;action=Start;index=0") == Ignored("not_a_passage")
    assert decode(b"Heartbeat\r\n") == Status(REGISTRY["TK-T-8"], online=True, retained=False)


def test_event_of_a_bridge_with_small_letters_is_read_the_same() -> None:
    payload = decode({"Code": "TrafficJunction", "action": "Pulse", "index": "0", "data": CAR}).payload
    assert payload.vehicles[0].plate == "92A22222"


@pytest.mark.parametrize(("action", "up"), [("Start", False), ("Stop", True)])
def test_lost_video_becomes_a_reading(action: str, up: bool) -> None:  # noqa: FBT001 - from the table
    record = decode(f"Code=VideoLoss;action={action};index=0".encode())
    assert (record.payload.stream_up, record.payload.ts) == (up, None)


def test_event_about_the_camera_becomes_a_condition_where_its_time_is_known() -> None:
    blind = {"Code": "VideoBlind", "Action": "Start", "Data": {"RealUTC": REAL_UTC}}
    payload = decode(blind).payload
    assert (payload.type, payload.phase, payload.detail) == ("camera-condition", "started", "VideoBlind")
    assert decode(blind | {"Data": {"UTC": REAL_UTC}}) == Ignored("condition_without_time")
    assert decode(blind | {"Code": "StorageFailure", "Action": "Pulse"}).payload.phase is None


def test_message_without_passages_is_ignored() -> None:
    assert decode(stream()) == Ignored("empty")
    assert decode_all(one(BIKE), retained=True) == [Ignored("retained")]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("dahua/cross-5/event", one(BIKE), Rejection.UNKNOWN_DEVICE),
        ("dahua/event", one(BIKE), Rejection.TOPIC),
        (TOPIC, {"Data": BIKE}, Rejection.SCHEMA),
        (TOPIC, one([]), Rejection.SCHEMA),
        (TOPIC, one({"Vehicle": {"Category": "Bus"}}), Rejection.SCHEMA),
        (TOPIC, one(BIKE | {"Lane": 400}), Rejection.SCHEMA),
        (TOPIC, one(BIKE | {"Speed": 10**400}), Rejection.SCHEMA),
        (TOPIC, one(CAR | {"TrafficCar": {"PlateNumber": "9" * 33}}), Rejection.SCHEMA),
        (TOPIC, stream(*[0] * 501), Rejection.OVERSIZED),
        (TOPIC, {"params": {"eventList": {}}}, Rejection.SCHEMA),
        (TOPIC, b"--boundary", Rejection.NOT_JSON),
        (TOPIC, b"Code=TrafficJunction;action=Pulse;index=0;data={'Lane': 1}", Rejection.NOT_JSON),
        (TOPIC, b"Code=TrafficJunction", Rejection.NOT_JSON),
        (TOPIC, b'{"Code":"TrafficJunction","Data":' + b'{"Vehicle":' * 100_000, Rejection.TOO_DEEP),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(topic: str, payload: Any, reason: Rejection) -> None:
    with pytest.raises(Rejected) as caught:
        decode(payload, topic)
    assert caught.value.reason is reason
    assert "9999" not in str(caught.value)
