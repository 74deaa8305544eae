import json
from typing import Any

import pytest

from devices.batch import to_ms
from devices.decoders.shelly import ShellyDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Event, Ignored, RawMessage, Reading, Record, Status
from devices.registry import Device, Registry

PLUG, METER, TWIN = "shellyplus1pm-a8032ab12cd4", "shellypro3em-34987a67da6c", "shellypro2pm-ec62608a9f10"
LAMP = Device(
    id="L-1", kind="streetlight", area="a", attributes={"rated_w": 90.0}, vendor_ids=(f"shelly:{PLUG}",)
)
CABINET = Device(id="C-1", kind="lighting-cabinet", area="a", vendor_ids=(f"shelly:{METER}",))
LEFT, RIGHT = (
    Device(
        id=f"L-2{number}",
        kind="streetlight",
        area="a",
        attributes={"rated_w": 90.0},
        vendor_ids=(f"shelly:{TWIN}/switch:{number}",),
    )
    for number in (0, 1)
)
BY_PREFIX = Device(
    id="L-3", kind="streetlight", area="a", attributes={"rated_w": 90.0}, vendor_ids=("shelly:le-loi/9",)
)
DEVICES = Registry([LAMP, CABINET, LEFT, RIGHT, BY_PREFIX])
SWITCH = {
    "id": 0,
    "source": "init",
    "output": True,
    "apower": 61.5,
    "voltage": 228.5,
    "current": 0.28,
    "pf": 0.95,
    "freq": 50.0,
    "aenergy": {"total": 15250.5, "by_minute": [1, 2, 3]},
    "temperature": {"tC": 44.5, "tF": 112.1},
}
SWITCH_FIELDS = {
    "ts": 1795176750250,
    "cmd_on": True,
    "power_state": "on",
    "power_w": 61.5,
    "voltage_v": 228.5,
    "current_a": 0.28,
    "power_factor_ratio": 0.95,
    "energy_kwh": 15.2505,
    "temp_c": 44.5,
}
THREE = {
    **{f"{letter}_voltage": 230 + n for n, letter in enumerate("abc")},
    **{f"{letter}_current": 1.5 + n for n, letter in enumerate("abc")},
    **{f"{letter}_act_power": 300 + n for n, letter in enumerate("abc")},
    "n_current": 0.2,
    "a_freq": 50.0,
    "total_act_power": 903.0,
    "total_aprt_power": 1000.0,
    "total_current": 7.5,
}


def notification(params: Any, source: str = PLUG, method: str = "NotifyStatus") -> bytes:
    return json.dumps({"src": source, "dst": f"{source}/events", "method": method, "params": params}).encode()


def decode(decoder: ShellyDecoder, payload: bytes, prefix: str = "den/1", **flags: bool) -> list[Record]:
    return decoder.decode(RawMessage(f"{prefix}/events/rpc", payload, **flags), DEVICES)


def fields(record: Record) -> dict[str, Any]:
    assert isinstance(record, Reading)
    values = ((name, getattr(record.payload, name)) for name in record.payload.__struct_fields__)
    return {name: to_ms(v) if name == "ts" else v for name, v in values if v is not None}


@pytest.mark.parametrize(
    ("source", "params", "expected"),
    [
        pytest.param(PLUG, {"ts": 1795176750.25, "switch:0": SWITCH}, SWITCH_FIELDS, id="full"),
        pytest.param(PLUG, {"switch:0": {"id": 0, "apower": 0.0}}, {"power_w": 0}, id="minimal-zero"),
        pytest.param(
            PLUG,
            {"ts": None, "switch:0": {"output": False, "apower": None, "aenergy": None, "voltage": 229.5}},
            {"cmd_on": False, "power_state": "off", "voltage_v": 229.5},
            id="just-booted",
        ),
        pytest.param(
            PLUG,
            {"ts": 1795176750, "light:0": {"output": True, "brightness": 35, "apower": 20}},
            {"ts": 1795176750000, "cmd_on": True, "power_state": "on", "dim_pct": 35, "power_w": 20},
            id="dimmer",
        ),
        pytest.param(
            METER,
            {"em:0": THREE, "emdata:0": {"total_act": 1234500.0}, "temperature:100": {"tC": 38.5}},
            {
                **{f"voltage_l{n}_v": 229 + n for n in (1, 2, 3)},
                **{f"current_l{n}_a": 0.5 + n for n in (1, 2, 3)},
                **{f"power_l{n}_w": 299 + n for n in (1, 2, 3)},
                "neutral_current_a": 0.2,
                "frequency_hz": 50,
                "power_factor_ratio": 0.903,
                "energy_kwh": 1234.5,
                "temp_c": 38.5,
            },
            id="three-phase-meter",
        ),
        pytest.param(
            METER,
            {"em:0": {"a_voltage": 0.0, "a_freq": 0.0, "b_voltage": 231.5, "b_freq": 50.02, "a_pf": -0.8}},
            {"voltage_l1_v": 0, "voltage_l2_v": 231.5, "frequency_hz": 50.02},
            id="dead-phase-has-no-frequency",
        ),
        pytest.param(
            METER,
            {"em:0": {"a_freq": 0.0, "b_freq": 0.0, "c_freq": 0.0, "n_current": None, "a_current": 0.0}},
            {"current_l1_a": 0},
            id="net-is-dead",
        ),
        pytest.param(
            METER,
            {f"em1:{n}": {"act_power": 100 + n, "voltage": 230, "pf": 0.5} for n in range(3)},
            {f"power_l{n}_w": 99 + n for n in (1, 2, 3)} | {f"voltage_l{n}_v": 230 for n in (1, 2, 3)},
            id="three-single-meters",
        ),
        pytest.param(
            PLUG,
            {"ts": 1795176750, "rgbw:0": {"output": True, "rgb": [1, 2, 3], "brightness": 80, "white": 0}},
            {"ts": 1795176750000, "cmd_on": True, "power_state": "on", "dim_pct": 80},
            id="coloured-light",
        ),
        pytest.param(
            PLUG,
            {"pm1:0": {"voltage": 231.2, "current": 0.0, "apower": 0.0, "aenergy": {"total": 0.0}}},
            {"voltage_v": 231.2, "current_a": 0, "power_w": 0, "energy_kwh": 0},
            id="meter-without-a-relay-and-a-load",
        ),
        pytest.param(
            METER,
            {"switch:0": {"output": True, "apower": 50}},
            {"cmd_on": True, "power_l1_w": 50},
            id="relay-in-a-cabinet",
        ),
    ],
)
def test_sample_becomes_exactly_its_fields(source: str, params: Any, expected: dict[str, Any]) -> None:
    (record,) = decode(ShellyDecoder(), notification(params, source))
    assert fields(record) == pytest.approx(expected)


def test_events_of_a_notification_become_events_of_their_device() -> None:
    happened = [
        {"component": "switch:1", "id": 1, "event": "overpower", "ts": 1795176750.5},
        {"component": "sys", "event": "scheduled_restart", "time_ms": 1000, "ts": 1795176751},
        {"component": "switch:0", "event": "overpower"},
    ]
    params = {"ts": 1795176752.25, "events": happened}
    first, second = decode(ShellyDecoder(), notification(params, TWIN, "NotifyEvent"))
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert (first.device, first.payload.type, first.payload.detail) == (RIGHT, "shelly", "switch:1 overpower")
    assert (second.device, to_ms(second.payload.ts)) == (LEFT, 1795176752250)
    assert first.payload.id != second.payload.id
    (again, _) = decode(ShellyDecoder(), notification(params, TWIN, "NotifyEvent"))
    assert again == first


def test_whole_status_of_a_component_is_laid_over_what_came_before() -> None:
    decoder = ShellyDecoder()
    decode(decoder, notification({"switch:0": SWITCH}), PLUG)
    status = RawMessage(f"{PLUG}/status/switch:0", json.dumps({"id": 0, "apower": 9.5}).encode())
    (record,) = decoder.decode(status, DEVICES)
    expected = {name: value for name, value in SWITCH_FIELDS.items() if name != "ts"} | {"power_w": 9.5}
    assert fields(record) == pytest.approx(expected)
    assert decoder.decode(RawMessage("kitchen/status/switch:0", b"{}"), DEVICES) == [Ignored("foreign")]
    assert decoder.decode(RawMessage(f"{PLUG}/status/sys", b"{}"), DEVICES) == [Ignored("foreign")]
    kept = RawMessage(f"{PLUG}/status/switch:0", b"{}", retained=True)
    assert decoder.decode(kept, DEVICES) == [Ignored("retained")]


def test_device_that_the_registry_knows_by_its_prefix_speaks_for_it() -> None:
    (record,) = decode(ShellyDecoder(), notification({"switch:0": SWITCH}, "shellyplus1-0000"), "le-loi/9")
    assert isinstance(record, Reading)
    assert record.device is BY_PREFIX


def test_energy_of_single_meters_is_their_sum_once_all_have_told_it() -> None:
    decoder = ShellyDecoder()
    meters = {f"em1:{n}": {"act_power": 100} for n in range(3)}
    decode(decoder, notification(meters, METER))
    (record,) = decode(decoder, notification({"em1data:0": {"total_act_energy": 1500.0}}, METER))
    assert "energy_kwh" not in fields(record)
    others = {f"em1data:{n}": {"total_act_energy": 250.0} for n in (1, 2)}
    (record,) = decode(decoder, notification(others, METER))
    assert fields(record)["energy_kwh"] == 2


def test_delta_is_completed_from_what_came_before_and_a_null_forgets() -> None:
    decoder = ShellyDecoder()
    decode(decoder, notification({"ts": 1795176750, "switch:0": SWITCH}, method="NotifyFullStatus"))
    (record,) = decode(decoder, notification({"ts": 1795176760.25, "switch:0": {"apower": 3, "pf": None}}))
    expected = SWITCH_FIELDS | {"ts": 1795176760250, "power_w": 3}
    del expected["power_factor_ratio"]
    assert fields(record) == pytest.approx(expected)


def test_full_status_replaces_what_came_before() -> None:
    decoder = ShellyDecoder()
    decode(decoder, notification({"switch:0": SWITCH}))
    (record,) = decode(decoder, notification({"switch:0": {"voltage": 230}}, method="NotifyFullStatus"))
    assert fields(record) == {"voltage_v": 230}


def test_late_delta_is_laid_over_nothing_and_changes_nothing() -> None:
    decoder = ShellyDecoder()
    early = notification({"ts": 1795176740, "switch:0": {"apower": 7}})
    decode(decoder, notification({"ts": 1795176750.25, "switch:0": SWITCH}))
    (record,) = decode(decoder, early)
    assert fields(record) == {"ts": 1795176740000, "power_w": 7}
    (record,) = decode(decoder, notification({"ts": 1795176750.25, "switch:0": {"pf": 0.95}}))
    assert fields(record) == pytest.approx(SWITCH_FIELDS)


def test_clock_set_back_does_not_stop_the_overlay() -> None:
    decoder = ShellyDecoder()
    decode(decoder, notification({"ts": 2082758400, "switch:0": {"voltage": 230}}))
    for apower in (1, 2):
        (record,) = decode(decoder, notification({"ts": 1795176750, "switch:0": {"apower": apower}}))
        assert fields(record) == {"ts": 1795176750000, "voltage_v": 230, "power_w": apower}


def test_impossible_value_is_not_remembered() -> None:
    decoder = ShellyDecoder()
    with pytest.raises(Rejected):
        decode(decoder, notification({"switch:0": {"apower": 5e6}}))
    (record,) = decode(decoder, notification({"switch:0": {"voltage": 230}}))
    assert fields(record) == {"voltage_v": 230}


def test_components_that_are_lamps_of_their_own_speak_apart() -> None:
    decoder = ShellyDecoder()
    both = notification({"switch:0": {"apower": 10}, "switch:1": {"apower": 20}}, TWIN)
    assert [fields(record) for record in decode(decoder, both)] == [{"power_w": 10}, {"power_w": 20}]
    (record,) = decode(decoder, notification({"switch:1": {"output": True}}, TWIN))
    assert isinstance(record, Reading)
    assert record.device is RIGHT
    assert fields(record) == {"power_w": 20, "cmd_on": True, "power_state": "on"}


def test_names_without_a_field_are_counted_by_type() -> None:
    decoder = ShellyDecoder()
    inputs = {f"input:{number}": {"state": True} for number in range(50)}
    decode(decoder, notification({"switch:0": SWITCH | {"errors": []}, "wifi": {"rssi": -60}, **inputs}))
    assert set(decoder.unknown_fields()) == {
        ("streetlight", name) for name in ("errors", "input", "wifi", "frequency_hz")
    }


def test_online_of_a_prefix_is_that_of_who_spoke_there_and_offline_forgets_values() -> None:
    decoder = ShellyDecoder()
    online = RawMessage("den/1/online", b"true", retained=True)
    assert decoder.decode(online, DEVICES) == [Ignored("foreign")]
    decode(decoder, notification({"switch:0": SWITCH}))
    assert decoder.decode(online, DEVICES) == [Status(LAMP, online=True, retained=True)]
    offline = RawMessage("den/1/online", b"false")
    assert decoder.decode(offline, DEVICES) == [Status(LAMP, online=False, retained=False)]
    (record,) = decode(decoder, notification({"switch:0": {"apower": 1}}))
    assert fields(record) == {"power_w": 1}


def test_online_of_a_source_is_that_of_its_components() -> None:
    records = ShellyDecoder().decode(RawMessage(f"{TWIN}/online", b"true", retained=True), DEVICES)
    assert records == [Status(device, online=True, retained=True) for device in (LEFT, RIGHT)]


@pytest.mark.parametrize(
    ("topic", "payload", "retained", "reason"),
    [
        ("kitchen/online", b"true", True, "foreign"),
        ("kitchen/online", b"yes", True, "foreign"),
        (f"{PLUG}/online", b"1", True, "foreign"),
        (f"{PLUG}/online", b"", True, "removed"),
        ("den/events/rpc", notification({"switch:0": SWITCH}), True, "retained"),
        ("den/events/rpc", notification({"ts": 1795176750, "sys": {"uptime": 5}}), False, "no_measurements"),
        ("den/events/rpc", notification(None), False, "no_measurements"),
        ("den/events/rpc", notification({"events": []}, method="NotifyEvent"), False, "notify_event"),
    ],
)
def test_what_is_no_telemetry_is_ignored(topic: str, payload: bytes, retained: bool, reason: str) -> None:  # noqa: FBT001 - data
    message = RawMessage(topic, payload, retained=retained)
    assert ShellyDecoder().decode(message, DEVICES) == [Ignored(reason)]


@pytest.mark.parametrize(
    ("prefix", "payload", "reason"),
    [
        ("den", notification({"switch:0": SWITCH}, "shellyplus1-000000000000"), Rejection.UNKNOWN_DEVICE),
        (METER, notification({"switch:0": SWITCH}), Rejection.DEVICE_MISMATCH),
        ("den", notification({"switch:0": SWITCH}, method="Shutdown"), Rejection.UNSUPPORTED),
        ("den", b"{}", Rejection.SCHEMA),
        ("den", b"{", Rejection.NOT_JSON),
        ("den", b'{"src":"\xff"}', Rejection.NOT_UTF8),
        ("den", notification([], PLUG), Rejection.SCHEMA),
        ("den", notification({}, "two words"), Rejection.SCHEMA),
        ("den", notification({"ts": "now"}), Rejection.SCHEMA),
        ("den", notification({"switch:0": 1}), Rejection.SCHEMA),
        ("den", notification({"events": [5]}, method="NotifyEvent"), Rejection.SCHEMA),
        ("den", notification({"events": [{"event": "x"}]}, method="NotifyEvent"), Rejection.SCHEMA),
        ("den", notification({"switch:0": {"output": "half"}}), Rejection.SCHEMA),
        ("den", notification({"switch:0": {"apower": True}}), Rejection.SCHEMA),
        ("den", notification({"switch:0": {"aenergy": 5}}), Rejection.SCHEMA),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(
    prefix: str, payload: bytes, reason: Rejection
) -> None:
    with pytest.raises(Rejected) as caught:
        decode(ShellyDecoder(), payload, prefix)
    assert caught.value.reason is reason


@pytest.mark.parametrize("topic", ["den/status", "shellyx/online"])
def test_foreign_topic_or_unregistered_source_is_rejected(topic: str) -> None:
    with pytest.raises(Rejected):
        ShellyDecoder().decode(RawMessage(topic, b"true"), DEVICES)
