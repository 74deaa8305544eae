import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from devices.batch import reading_frame, to_ms
from devices.decoders.chirpstack import ChirpStackDecoder
from devices.decoders.codecs import Codecs
from devices.errors import Rejected, Rejection
from devices.messages import Ignored, RawMessage, Reading, Status
from devices.registry import Device, Registry

EUI = "24e124ff00a1b2c3"
UP = f"application/7/device/{EUI}/event/up"
REGISTRY = Registry(
    [
        Device(
            id="TK-L-9",
            kind="streetlight",
            area="tam-ky",
            attributes={"rated_w": 60.0},
            vendor_ids=(f"chirpstack:{EUI}",),
        ),
        Device(id="TK-S-9", kind="loudspeaker", area="tam-ky", vendor_ids=("chirpstack:0badcafe00000001",)),
        Device(id="F-9", kind="feeder", area="tam-ky", vendor_ids=("chirpstack:0badcafe00000002",)),
    ]
)
UPLINK: dict[str, Any] = {
    "deduplicationId": "11111111-2222-4333-8444-555555555555",
    "time": "2026-11-22T12:00:00.123456789+00:00",
    "deviceInfo": {"deviceProfileName": "Lamp node", "devEui": EUI.upper()},
    "fCnt": 41,
    "fPort": 5,
    "data": "AQI=",
    "object": {"power": 57.0, "voltage": 231.5, "temperature": 38, "switch_on_count": 12.0, "mood": 1},
    "rxInfo": [{"rssi": -97, "snr": 3.5}, {"rssi": -61}],
}


def decode(payload: Any, topic: str = UP, decoder: ChirpStackDecoder | None = None, **flags: bool) -> Any:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    (record,) = (decoder or ChirpStackDecoder()).decode(RawMessage(topic, raw, **flags), REGISTRY)
    return record


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in UPLINK.items() if name not in names}


def test_uplink_with_object_becomes_a_reading_in_our_names() -> None:
    decoder = ChirpStackDecoder()
    record = decode(UPLINK, decoder=decoder)
    assert isinstance(record, Reading)
    row = reading_frame("streetlight", [record], 1).row(0, named=True)
    present = {name: value for name, value in row.items() if value is not None}
    assert {name: present[name] for name in present.keys() & {"device", "device_time", "seq"}} == {
        "device": "TK-L-9",
        "device_time": 1795348800123,
        "seq": 41,
    }
    measured = {"power_w": 57.0, "voltage_v": 231.5, "temp_c": 38.0, "switch_on_count": 12}
    assert measured.items() <= present.items()
    assert row["dim_pct"] is None
    assert decoder.unknown_fields() == {("streetlight", "mood"): 1}


def test_uplink_without_counter_has_the_zero_that_the_server_leaves_out() -> None:
    assert decode(without("fCnt")).payload.seq == 0


def test_uplink_without_time_is_kept_without_one() -> None:
    assert to_ms(decode(without("time")).payload.ts) is None


def test_uplink_without_a_time_of_the_server_has_that_of_a_gateway() -> None:
    heard = [{"rssi": -97}, {"rssi": -61, "nsTime": "2026-11-22T12:00:00.5+00:00"}]
    assert to_ms(decode(without("time") | {"rxInfo": heard}).payload.ts) == 1795348800500


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"power_w": 0, "dim_pct": 0}, {"power_w": 0, "dim_pct": 0}, id="zero"),
        pytest.param({"relay": True}, {"cmd_on": True, "power_state": "on"}, id="minimal"),
        pytest.param(
            {"temperatureSensor": {"3": 41.5, "2": 39.0}, "digitalOutput": {"1": 1}},
            {"temp_c": 39.0},
            id="cayenne-of-the-server",
        ),
        pytest.param(
            {"energy": {"value": 15_250, "unit": "Wh"}, "power": {"value": 0.06, "unit": "kW"}},
            {"energy_kwh": 15.25, "power_w": 60},
            id="values-with-units",
        ),
        pytest.param(
            {"lamp": {"meter": {"voltage": 229.5, "current_mA": 260}}, "battery": None},
            {"voltage_v": 229.5, "current_a": 0.26},
            id="nested",
        ),
        pytest.param(
            {"voltage_1": 229.0, "voltage_2": 12.0, "power": 60, "power_w": 61},
            {"voltage_v": 229.0, "power_w": 61},
            id="channels-and-our-own-name",
        ),
    ],
)
def test_object_of_any_codec_becomes_exactly_its_fields(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    payload = decode(UPLINK | {"object": given}).payload
    values = {name: getattr(payload, name) for name in payload.__struct_fields__ if name not in {"ts", "seq"}}
    assert {name: value for name, value in values.items() if value is not None} == pytest.approx(expected)


def test_uplink_of_nothing_that_a_field_has_is_ignored() -> None:
    assert decode(UPLINK | {"object": {"mood": 3, "humidity": 4}}) == Ignored("no_measurements")


def test_uplink_of_a_kind_with_a_signal_field_has_the_best_gateways() -> None:
    topic = UP.replace(EUI, "0BADCAFE00000001")
    record = decode(without("deviceInfo") | {"object": {"volume_pct": 40}}, topic)
    assert (record.device.id, record.payload.signal_dbm, record.payload.volume_pct) == ("TK-S-9", -61, 40)


def test_uplink_object_naming_reserved_columns_changes_nothing() -> None:
    record = decode(UPLINK | {"object": {"device": "TK-S-9", "seq": 9, "ts": 5, "power_w": 1}})
    assert (record.device.id, record.payload.device, record.payload.seq) == ("TK-L-9", None, 41)


def test_uplink_with_raw_bytes_goes_through_the_codec_of_its_profile() -> None:
    def codec(port: int, raw: bytes) -> Mapping[str, Any]:
        return {"dim_pct": raw[0], "power_w": raw[1] * port}

    decoder = ChirpStackDecoder(Codecs({"Lamp node": codec}))
    record = decode(without("object"), decoder=decoder)
    assert (record.payload.dim_pct, record.payload.power_w) == (1, 10)
    with pytest.raises(Rejected, match="cannot read 1 bytes: IndexError") as caught:
        decode(without("object") | {"data": base64.b64encode(b"\x01").decode()}, decoder=decoder)
    assert caught.value.reason is Rejection.SCHEMA


def test_uplink_with_nothing_in_it_is_ignored() -> None:
    assert decode(without("object", "data")) == Ignored("empty_uplink")


def test_other_events_are_a_status_or_ignored() -> None:
    info = {"deviceInfo": {"devEui": EUI}}
    assert decode(info, UP.replace("/up", "/join")) == Status(REGISTRY["TK-L-9"], online=True, retained=False)
    battery = info | {"margin": 12, "batteryLevel": 80.5}
    assert decode(battery, UP.replace("/up", "/status")) == Status(
        REGISTRY["TK-L-9"], online=True, retained=False
    )
    assert decode(b"\xff", UP.replace("/up", "/txack")) == Ignored("not_an_uplink")
    assert decode(UPLINK, retained=True) == Ignored("retained")


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (UP, without("object"), Rejection.UNSUPPORTED),
        (UP, without("object") | {"data": 5, "deviceInfo": {}}, Rejection.UNSUPPORTED),
        (UP.replace(EUI, "ffff"), UPLINK, Rejection.UNKNOWN_DEVICE),
        (UP.replace(EUI, "0badcafe00000002"), without("deviceInfo"), Rejection.WRONG_KIND),
        (UP, UPLINK | {"deviceInfo": {"devEui": "ffff"}}, Rejection.DEVICE_MISMATCH),
        (UP, UPLINK | {"deviceInfo": "x"}, Rejection.SCHEMA),
        (UP, UPLINK | {"object": [1]}, Rejection.SCHEMA),
        (UP, UPLINK | {"object": {"power": "57"}}, Rejection.SCHEMA),
        (UP, UPLINK | {"object": {"power": 10**400}}, Rejection.SCHEMA),
        (UP, UPLINK | {"fCnt": -1}, Rejection.SCHEMA),
        (UP, b"{", Rejection.NOT_JSON),
        (UP, b"[]", Rejection.SCHEMA),
        (UP, b'{"time": "\xff"}', Rejection.NOT_UTF8),
        (UP, b'{"object":' + b"[" * 100_000, Rejection.TOO_DEEP),
        ("application/7/device", UPLINK, Rejection.TOPIC),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(topic: str, payload: Any, reason: Rejection) -> None:
    with pytest.raises(Rejected) as caught:
        decode(payload, topic)
    assert caught.value.reason is reason


@pytest.mark.parametrize("broken", [{"data": "not base64!"}, {"data": 5}, {"fPort": "5"}])
def test_raw_bytes_that_are_none_are_rejected_before_the_codec(broken: dict[str, Any]) -> None:
    decoder = ChirpStackDecoder(Codecs({"Lamp node": lambda port, _raw: {"power_w": port}}))
    with pytest.raises(Rejected) as caught:
        decode(without("object") | broken, decoder=decoder)
    assert caught.value.reason is Rejection.SCHEMA
