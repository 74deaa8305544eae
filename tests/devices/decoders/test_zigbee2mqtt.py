import json
from typing import Any

import pytest

from devices.batch import to_ms
from devices.decoders.zigbee2mqtt import Zigbee2MqttDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Ignored, RawMessage, Reading, Record, Status
from devices.registry import Device, Registry

LAMP = Device(
    id="L-1",
    kind="streetlight",
    area="a",
    attributes={"rated_w": 60.0},
    vendor_ids=("zigbee2mqtt:le-loi/den-3",),
)
CABINET = Device(id="C-1", kind="lighting-cabinet", area="a", vendor_ids=("zigbee2mqtt:tu-9",))
FIRST, SECOND = (
    Device(
        id=f"L-4{n}",
        kind="streetlight",
        area="a",
        attributes={"rated_w": 60.0},
        vendor_ids=(f"zigbee2mqtt:nga-tu/l{n}",),
    )
    for n in (1, 2)
)
BLANK = Device(
    id="L-5", kind="streetlight", area="a", attributes={"rated_w": 60.0}, vendor_ids=("zigbee2mqtt:Den%205",)
)
DEVICES = Registry([LAMP, CABINET, FIRST, SECOND, BLANK])
TOPIC = "zigbee2mqtt/le-loi/den-3"


def decode(
    topic: str, payload: Any, decoder: Zigbee2MqttDecoder | None = None, **flags: bool
) -> list[Record]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return (decoder or Zigbee2MqttDecoder()).decode(RawMessage(topic, raw, **flags), DEVICES)


def fields(record: Record) -> dict[str, Any]:
    assert isinstance(record, Reading)
    values = ((name, getattr(record.payload, name)) for name in record.payload.__struct_fields__)
    return {name: to_ms(v) if name == "ts" else v for name, v in values if v is not None}


def test_friendly_name_with_a_blank_is_found_under_its_escaped_form() -> None:
    (record,) = decode("zigbee2mqtt/Den 5", {"state": "ON"})
    assert isinstance(record, Reading)
    assert record.device is BLANK
    with pytest.raises(Rejected) as caught:
        decode("zigbee2mqtt/Den 6", {"state": "ON"})
    assert caught.value.identity == "zigbee2mqtt:Den%206"


def test_endpoints_that_are_lamps_of_their_own_speak_apart() -> None:
    state = {
        "state_l1": "ON",
        "state_l2": "OFF",
        "power_l2": 0,
        "linkquality": 255,
        "power_on_behavior": "on",
    }
    first, second = decode("zigbee2mqtt/nga-tu", state)
    assert isinstance(second, Reading)
    assert second.device is SECOND
    assert fields(first) == {"cmd_on": True, "power_state": "on", "link_quality_pct": 100}
    assert fields(second) == {"cmd_on": False, "power_state": "off", "power_w": 0, "link_quality_pct": 100}
    gone = decode("zigbee2mqtt/nga-tu/availability", {"state": "offline"}, retained=True)
    assert gone == [Status(device, online=False, retained=True) for device in (FIRST, SECOND)]


FULL = {"state": "ON", "brightness": 127, "power": 31.5, "voltage": 229.4, "current": 0.14, "energy": 18.02,
        "linkquality": 102, "device_temperature": 41, "last_seen": "2026-11-20T19:12:30+07:00"}  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        pytest.param(
            TOPIC,
            {"state": "ON", "power_factor": 97, "ac_frequency": 49.98, "power": 0, "consumption": 3},
            {"cmd_on": True, "power_state": "on", "power_factor_ratio": 0.97, "power_w": 0},
            id="factor-in-percent",
        ),
        pytest.param(
            TOPIC,
            {"state": None, "linkquality": 0, "update": {"state": "idle"}, "brightness": None},
            {"link_quality_pct": 0},
            id="just-paired",
        ),
        pytest.param(
            TOPIC,
            FULL,
            {
                "ts": 1795176750000,
                "cmd_on": True,
                "power_state": "on",
                "dim_pct": 50,
                "power_w": 31.5,
                "voltage_v": 229.4,
                "current_a": 0.14,
                "energy_kwh": 18.02,
                "link_quality_pct": 40,
                "temp_c": 41,
            },
            id="full",
        ),
        pytest.param(
            TOPIC,
            {"linkquality": 255, "last_seen": 1795176750000},
            {"ts": 1795176750000, "link_quality_pct": 100},
            id="minimal",
        ),
        pytest.param(
            TOPIC,
            {"state": None, "brightness": None, "power": None, "linkquality": 51},
            {"link_quality_pct": 20},
            id="just-booted-nulls",
        ),
        pytest.param(
            TOPIC,
            {"state": "OFF", "brightness": 0, "power": 0, "linkquality": 0},
            {"cmd_on": False, "power_state": "off", "dim_pct": 0, "power_w": 0, "link_quality_pct": 0},
            id="zero",
        ),
        pytest.param(
            TOPIC,
            {"state": "OFF", "brightness": 254},
            {"cmd_on": False, "power_state": "off"},
            id="off-lamp-forgets-its-level",
        ),
        pytest.param(
            "zigbee2mqtt/tu-9",
            {"contact": False, "battery": 77, "voltage": 2950},
            {"door_open": True},
            id="door-contact-on-battery",
        ),
        pytest.param(
            "zigbee2mqtt/tu-9",
            {"state": "ON", "power": 400, "voltage": 231, "current": 1.8},
            {"cmd_on": True, "power_l1_w": 400, "voltage_l1_v": 231, "current_l1_a": 1.8},
            id="single-phase-in-a-cabinet",
        ),
        pytest.param(
            "zigbee2mqtt/tu-9",
            {
                "power": 900,
                "power_a": 300,
                "power_b": 280,
                "power_c": 320,
                "voltage_phase_b": 230,
                "current_c": 1.5,
            },
            {
                "power_l1_w": 300,
                "power_l2_w": 280,
                "power_l3_w": 320,
                "voltage_l2_v": 230,
                "current_l3_a": 1.5,
            },
            id="three-phases",
        ),
    ],
)
def test_sample_becomes_exactly_its_fields(topic: str, payload: Any, expected: dict[str, Any]) -> None:
    (record,) = decode(topic, payload)
    assert fields(record) == pytest.approx(expected)


def test_names_without_a_field_are_counted() -> None:
    decoder = Zigbee2MqttDecoder()
    decode(TOPIC, FULL | {"color_temp": 250, "device": {"model": "x"}, "update": {"state": "idle"}}, decoder)
    assert decoder.unknown_fields() == {("streetlight", "color_temp"): 1, ("streetlight", "update"): 1}


@pytest.mark.parametrize("form", ['{"state":"%s"}', "%s", '"%s"'])
def test_availability_in_every_form_is_a_status(form: str) -> None:
    for word, online in (("online", True), ("offline", False)):
        records = decode(f"{TOPIC}/availability", (form % word).encode(), retained=True)
        assert records == [Status(LAMP, online, retained=True)]


@pytest.mark.parametrize(
    ("topic", "payload", "retained", "reason"),
    [
        ("zigbee2mqtt/bridge/logging", {"level": "info", "message": '{"state":"ON"}'}, False, "bridge"),
        ("zigbee2mqtt/bridge/state", b"online", True, "bridge"),
        ("zigbee2mqtt/bridge", b"online", True, "bridge"),
        (f"{TOPIC}/set", {"state": "ON"}, False, "command"),
        (f"{TOPIC}/set/brightness", b"80", False, "command"),
        (f"{TOPIC}/get", {"state": ""}, False, "command"),
        (f"{TOPIC}/brightness", b"80", False, "attribute"),
        (TOPIC, b"", True, "removed"),
        (f"{TOPIC}/availability", b"", True, "removed"),
        (TOPIC, FULL, True, "retained"),
        (TOPIC, {"action": "single"}, False, "no_measurements"),
    ],
)
def test_what_is_no_telemetry_is_ignored(topic: str, payload: Any, retained: bool, reason: str) -> None:  # noqa: FBT001 - data
    assert decode(topic, payload, retained=retained) == [Ignored(reason)]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("zigbee2mqtt/le-loi/den-4", FULL, Rejection.UNKNOWN_DEVICE),
        ("zigbee2mqtt/le-loi", FULL, Rejection.UNKNOWN_DEVICE),
        ("zigbee2mqtt/nobody/availability", b"online", Rejection.UNKNOWN_DEVICE),
        ("zigbee2mqtt", FULL, Rejection.TOPIC),
        ("zigbee2mqtt/", FULL, Rejection.TOPIC),
        (f"{TOPIC}/availability", b"perhaps", Rejection.SCHEMA),
        (f"{TOPIC}/availability", {"state": 1}, Rejection.SCHEMA),
        (TOPIC, b"ON", Rejection.NOT_JSON),
        (TOPIC, b'"ON"', Rejection.SCHEMA),
        (TOPIC, b'{"state":"\xff"}', Rejection.NOT_UTF8),
        (TOPIC, {"brightness": 300}, Rejection.SCHEMA),
        (TOPIC, {"power": "much"}, Rejection.SCHEMA),
        ("zigbee2mqtt/tu-9", {"contact": "closed"}, Rejection.SCHEMA),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(topic: str, payload: Any, reason: Rejection) -> None:
    with pytest.raises(Rejected) as caught:
        decode(topic, payload)
    assert caught.value.reason is reason
