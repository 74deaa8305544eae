import json
from typing import Any

import pytest

from devices.batch import to_ms
from devices.decoders.tts import ThingsStackDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Ignored, RawMessage, Status
from devices.registry import Device, Registry

UP = "v3/city@tam-ky/devices/lamp-31/up"
REGISTRY = Registry(
    [
        Device(
            id="TK-L-31",
            kind="streetlight",
            area="tam-ky",
            attributes={"rated_w": 60.0},
            vendor_ids=("tts:lamp-31",),
        )
    ]
)
UPLINK: dict[str, Any] = {
    "end_device_ids": {"device_id": "lamp-31", "dev_eui": "70B3D57ED0001234"},
    "received_at": "2026-11-22T12:00:01.5Z",
    "uplink_message": {
        "f_cnt": 812,
        "frm_payload": "AQID",
        "decoded_payload": {"current": 0.25, "power_factor": 0.97, "dimming": 80.0, "humidity": 50},
        "rx_metadata": [{"rssi": -80}],
        "settings": {"time": "2026-11-22T12:00:00.787Z"},
        "received_at": "2026-11-22T12:00:00.789585559Z",
    },
}


def decode(payload: Any, topic: str = UP, **flags: bool) -> Any:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    (record,) = ThingsStackDecoder().decode(RawMessage(topic, raw, **flags), REGISTRY)
    return record


def uplink(*left_out: str, **changed: Any) -> dict[str, Any]:
    members = UPLINK["uplink_message"] | changed
    return UPLINK | {"uplink_message": {name: members[name] for name in members if name not in left_out}}


def test_uplink_becomes_a_reading_in_our_names() -> None:
    record = decode(UPLINK)
    payload = record.payload
    assert (record.device.id, to_ms(payload.ts), payload.seq) == ("TK-L-31", 1795348800789, 812)
    assert (payload.current_a, payload.power_factor_ratio, payload.dim_pct) == (0.25, 0.97, 80)
    assert payload.power_w is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"temperature_1": 41.5, "temperature_2": 9.0}, {"temp_c": 41.5}, id="cayenne"),
        pytest.param({"voltage": 0, "power": 0}, {"voltage_v": 0, "power_w": 0}, id="zero"),
        pytest.param({"state": "off"}, {"cmd_on": False, "power_state": "off"}, id="minimal"),
        pytest.param(
            {"active_power": 58.5, "energy_Wh": 7500}, {"power_w": 58.5, "energy_kwh": 7.5}, id="meter"
        ),
        pytest.param(
            {"data": {"dimming": 60, "temp": 38}, "bytes": [1, 2]}, {"dim_pct": 60, "temp_c": 38}, id="nested"
        ),
    ],
)
def test_payload_of_any_formatter_becomes_exactly_its_fields(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    payload = decode(uplink(decoded_payload=given)).payload
    values = {name: getattr(payload, name) for name in payload.__struct_fields__ if name not in {"ts", "seq"}}
    assert {name: value for name, value in values.items() if value is not None} == pytest.approx(expected)


def test_uplink_without_counter_has_the_zero_that_the_server_leaves_out() -> None:
    assert decode(uplink("f_cnt", "rx_metadata")).payload.seq == 0


def test_uplink_time_falls_back_to_the_gateways_and_the_outer_one() -> None:
    assert to_ms(decode(uplink("received_at")).payload.ts) == 1795348800787
    assert to_ms(decode(uplink("received_at", "settings")).payload.ts) == 1795348801500
    nameless = uplink("received_at", "settings") | {"received_at": "yesterday"}
    assert decode(nameless).payload.ts is None


def test_messages_without_measurements_are_a_status_or_ignored() -> None:
    assert decode(UPLINK, UP.replace("/up", "/join")) == Status(
        REGISTRY["TK-L-31"], online=True, retained=False
    )
    assert decode({}) == Ignored("empty_uplink")
    assert decode(b"", UP.replace("/up", "/down/queued")) == Ignored("not_an_uplink")
    assert decode(UPLINK, retained=True) == Ignored("retained")
    assert decode(UPLINK | {"simulated": True}) == Ignored("simulated")


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (UP, uplink("decoded_payload"), Rejection.UNSUPPORTED),
        (UP.replace("lamp-31", "lamp-32"), UPLINK, Rejection.UNKNOWN_DEVICE),
        (UP, UPLINK | {"end_device_ids": {"device_id": "lamp-32"}}, Rejection.DEVICE_MISMATCH),
        (UP, UPLINK | {"uplink_message": 1}, Rejection.SCHEMA),
        (UP, uplink(decoded_payload={"current": 1e9}), Rejection.SCHEMA),
        (UP, b"\x00", Rejection.NOT_JSON),
        ("v3/city", UPLINK, Rejection.TOPIC),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(topic: str, payload: Any, reason: Rejection) -> None:
    with pytest.raises(Rejected) as caught:
        decode(payload, topic)
    assert caught.value.reason is reason
