import json
from typing import Any

import pytest

from devices.batch import to_ms
from devices.decoders.tasmota import TasmotaDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Ignored, RawMessage, Reading, Record, Status
from devices.registry import Device, Registry

LAMP, CABINET, SECOND = (
    Device(
        id="L-1", kind="streetlight", area="a", attributes={"rated_w": 90.0}, vendor_ids=("tasmota:den-1",)
    ),
    Device(id="C-1", kind="lighting-cabinet", area="a", vendor_ids=("tasmota:tu-1", "tasmota:khoi-2/tu-1")),
    Device(
        id="L-2",
        kind="streetlight",
        area="a",
        attributes={"rated_w": 90.0},
        vendor_ids=("tasmota:den-1/POWER2",),
    ),
)
ALONE = Device(
    id="L-7", kind="streetlight", area="a", attributes={"rated_w": 90.0}, vendor_ids=("tasmota:den-7",)
)
AP = Device(id="W-1", kind="wifi-ap", area="a", vendor_ids=("tasmota:ap-1",))
DEVICES = Registry([LAMP, CABINET, SECOND, ALONE, AP])


def decode(topic: str, payload: Any, decoder: TasmotaDecoder | None = None, **flags: bool) -> list[Record]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return (decoder or TasmotaDecoder()).decode(RawMessage(topic, raw, **flags), DEVICES)


def fields(record: Record) -> dict[str, Any]:
    assert isinstance(record, Reading)
    values = ((name, getattr(record.payload, name)) for name in record.payload.__struct_fields__)
    return {name: to_ms(v) if name == "ts" else v for name, v in values if v is not None}


METER = {"TotalStartTime": "2026-01-05T08:00:00", "Total": 41.25, "Period": 3, "Power": 88, "Voltage": 231,
         "ApparentPower": 92, "Factor": 0.96, "Current": 0.397}  # fmt: skip
THREE = {"Total": [10.5, 20.25, 30.25], "Power": [510, 0, 470], "Voltage": [229, 230, 228],
         "Current": [2.25, 0.0, 2.1], "Factor": [0.98, 0.0, 0.97], "Frequency": 50}  # fmt: skip
STATE = {"Time": "2026-11-20T19:12:30+07:00", "UptimeSec": 7265, "POWER": "OFF", "Dimmer": 70,
         "Wifi": {"SSId": "chieu-sang", "RSSI": 62, "Signal": -69}}  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        pytest.param(
            "tele/den-1/SENSOR",
            {"Time": "2026-11-20T19:12:30", "ENERGY": METER},
            {
                "power_w": 88,
                "apparent_power_va": 92,
                "voltage_v": 231,
                "current_a": 0.397,
                "power_factor_ratio": 0.96,
                "energy_kwh": 41.25,
            },
            id="meter-local-time",
        ),
        pytest.param(
            "tele/den-1/STATE",
            STATE,
            {"ts": 1795176750000, "cmd_on": False, "power_state": "off", "link_quality_pct": 62},
            id="off-lamp-forgets-its-level",
        ),
        pytest.param(
            "tele/den-1/STATE",
            {"Time": "2026-11-20T19:12:30", "Epoch": 1795176750, "POWER1": "ON", "Dimmer": 70},
            {"ts": 1795176750000, "cmd_on": True, "power_state": "on", "dim_pct": 70},
            id="epoch-beside-local-time",
        ),
        pytest.param(
            "den-1/tele/STATE",
            {"Time": 1795176750, "POWER": "ON"},
            {"ts": 1795176750000, "cmd_on": True, "power_state": "on"},
            id="other-topic-order",
        ),
        pytest.param(
            "tele/den-1/STATE",
            {"Time": 1795176750123, "POWER": "ON"},
            {"ts": 1795176750123, "cmd_on": True, "power_state": "on"},
            id="time-in-milliseconds",
        ),
        pytest.param(
            "tele/den-1/STATE",
            {"Time": "1970-01-01T00:00:09", "UptimeSec": 9, "Wifi": {"RSSI": 40}},
            {"link_quality_pct": 40},
            id="just-booted",
        ),
        pytest.param(
            "tele/den-1/SENSOR",
            {"ENERGY": {"Power": 0, "Total": 0, "Current": None}},
            {"power_w": 0, "energy_kwh": 0},
            id="zero-is-not-absent",
        ),
        pytest.param(
            "stat/den-1/STATUS8",
            {"StatusSNS": {"Time": "2026-11-20T19:12:30", "ENERGY": {"Power": 5}}},
            {"power_w": 5},
            id="status8",
        ),
        pytest.param(
            "stat/den-1/STATUS11",
            {"StatusSTS": {"POWER": "ON"}},
            {"cmd_on": True, "power_state": "on"},
            id="status11",
        ),
        pytest.param(
            "tele/den-1/SENSOR",
            {
                "ESP32": {"Temperature": 140.0},
                "DS18B20-A1": {"Id": "A1", "Temperature": 95.0},
                "TempUnit": "F",
            },
            {"temp_c": 35},
            id="probe-in-fahrenheit",
        ),
        pytest.param(
            "tele/tu-1/SENSOR",
            {"ENERGY": THREE},
            {
                "power_l1_w": 510,
                "power_l2_w": 0,
                "power_l3_w": 470,
                "voltage_l1_v": 229,
                "voltage_l2_v": 230,
                "voltage_l3_v": 228,
                "current_l1_a": 2.25,
                "current_l2_a": 0,
                "current_l3_a": 2.1,
                "frequency_hz": 50,
                "energy_kwh": 61,
            },
            id="three-phases",
        ),
        pytest.param(
            "tele/khoi-2/tu-1/SENSOR",
            {"ENERGY": {"Power": [512], "Voltage": 229, "Total": 7}},
            {"power_l1_w": 512, "voltage_l1_v": 229, "energy_kwh": 7},
            id="single-phase-in-a-cabinet",
        ),
        pytest.param(
            "tele/den-7/SENSOR",
            {"Time": "2016-12-24T18:40:00", "ENERGY": {"Total": "12.250", "Power": "71", "Factor": "0.96"}},
            {"power_w": 71, "energy_kwh": 12.25, "power_factor_ratio": 0.96},
            id="old-firmware-writes-numbers-as-text",
        ),
        pytest.param(
            "tele/den-7/SENSOR",
            {
                "Time": "2026-11-20T19:12:30",
                "ENERGY": {"Power": 0, "Factor": 1.02, "Voltage": 0, "Current": 0},
            },
            {"power_w": 0, "voltage_v": 0, "current_a": 0, "power_factor_ratio": 1},
            id="nothing-on-the-line-and-a-factor-rounded-beyond-one",
        ),
        pytest.param(
            "tele/den-7/STATE",
            {
                "Time": "2026-11-20T19:12:30+07:00",
                "Uptime": "3T04:05:06",
                "UptimeSec": 273906,
                "Heap": 24,
                "POWER": "ON",
                "Dimmer": 35,
                "Color": "5959",
                "CT": 300,
                "Fade": "OFF",
                "Wifi": {"AP": 1, "RSSI": 100, "Signal": -42},
            },
            {
                "ts": 1795176750000,
                "cmd_on": True,
                "power_state": "on",
                "dim_pct": 35,
                "link_quality_pct": 100,
            },
            id="dimmed-white-light-of-a-later-firmware",
        ),
        pytest.param(
            "stat/den-7/STATUS10",
            {
                "StatusSNS": {
                    "Time": "2026-11-20T19:12:30",
                    "ANALOG": {"A0": 1023},
                    "ENERGY": {"Total": 0.004},
                }
            },
            {"energy_kwh": 0.004},
            id="status10-without-power",
        ),
        pytest.param(
            "stat/den-7/STATUS10",
            {
                "StatusSNS": {
                    "Time": "2026-11-20T19:12:30",
                    "DHT": {"Temperature": "31.5", "Humidity": "70.0"},
                }
            },
            {"temp_c": 31.5},
            id="probe-of-an-old-firmware",
        ),
        pytest.param(
            "tele/den-7/SENSOR",
            {"ANALOG": {"Temperature1": -3.25}, "TempUnit": "C", "Switch2": "ON"},
            {"temp_c": -3.25},
            id="analog-probe",
        ),
        pytest.param(
            "tele/den-7/SENSOR",
            {"BL0937": {"Temperature": None}, "ESP32": {"Temperature": 51.5}, "SI7021": {"Humidity": 60}},
            {"temp_c": 51.5},
            id="probe-without-a-value-gives-way",
        ),
        pytest.param(
            "tele/ap-1/STATE",
            {"Time": "2026-11-20T19:12:30", "UptimeSec": 12, "POWER": "OFF"},
            {"uptime_s": 12},
            id="relay-that-feeds-an-access-point",
        ),
        pytest.param(
            "tele/tu-1/STATE",
            {"POWER1": "1", "POWER2": "off"},
            {"cmd_on": True},
            id="state-texts-set-by-the-owner",
        ),
        pytest.param(
            "tele/tu-1/SENSOR",
            {"ENERGY": {"Power": [90, 91], "Frequency": [50.02, 50.01], "Current": [0.4, 0.41]}},
            {
                "power_l1_w": 90,
                "power_l2_w": 91,
                "frequency_hz": 50.02,
                "current_l1_a": 0.4,
                "current_l2_a": 0.41,
            },
            id="two-phases-with-a-frequency-each",
        ),
        pytest.param(
            "tele/tu-1/SENSOR",
            {"ENERGY": {"Power": 4, "Total": [1, None]}},
            {"power_l1_w": 4},
            id="incomplete-total-is-absent",
        ),
    ],
)
def test_sample_becomes_exactly_its_fields(topic: str, payload: Any, expected: dict[str, Any]) -> None:
    (record,) = decode(topic, payload)
    assert fields(record) == pytest.approx(expected)


def test_relay_that_is_a_lamp_of_its_own_gets_its_own_reading() -> None:
    second, first = decode("tele/den-1/STATE", {"POWER1": "ON", "POWER2": "OFF"})
    assert (fields(first)["cmd_on"], fields(second)["cmd_on"]) == (True, False)
    assert isinstance(second, Reading)
    assert second.device is SECOND


def test_names_without_a_field_are_counted_and_probes_share_one_name() -> None:
    decoder = TasmotaDecoder()
    probes = {f"AM2301-{n:02}": {"Temperature": 30, "Humidity": 80} for n in range(50)}
    decode("tele/den-1/SENSOR", probes | {"ENERGY": METER, "cmd_on": 1, "ts": 4, "mood": True}, decoder)
    assert decoder.unknown_fields() == {
        ("streetlight", "AM2301"): 1,
        ("streetlight", "mood"): 1,
    }


def test_phases_of_a_lamp_are_counted_and_left_out() -> None:
    decoder = TasmotaDecoder()
    (record,) = decode("tele/den-7/SENSOR", {"ENERGY": {"Power": [4, 5], "Voltage": 230}}, decoder)
    assert fields(record) == {"voltage_v": 230}
    assert decoder.unknown_fields() == {("streetlight", "Power"): 1}


def test_channels_of_a_meter_go_to_the_lamps_behind_the_relays() -> None:
    decoder = TasmotaDecoder()
    energy = {"Power": [41, 0], "Total": [3.5, 1.25], "Voltage": 228, "Factor": [0.97, 0.0]}
    second, first = decode("tele/den-1/SENSOR", {"ENERGY": energy}, decoder)
    assert fields(first) == {"power_w": 41, "energy_kwh": 3.5, "voltage_v": 228, "power_factor_ratio": 0.97}
    assert fields(second) == {"power_w": 0, "energy_kwh": 1.25, "power_factor_ratio": 0}
    assert decoder.unknown_fields() == {}


@pytest.mark.parametrize(("word", "online"), [(b"Online", True), (b"Offline", False), (b"online\n", True)])
def test_last_will_of_a_controller_is_that_of_all_its_lamps(word: bytes, online: bool) -> None:  # noqa: FBT001 - data
    expected = [Status(SECOND, online, retained=True), Status(LAMP, online, retained=True)]
    assert decode("tele/den-1/LWT", word, retained=True) == expected


@pytest.mark.parametrize(
    ("topic", "payload", "retained", "reason"),
    [
        ("tele/tu-1/LWT", b"", True, "removed"),
        ("tele/tu-1/STATE", STATE, True, "retained"),
        ("stat/tu-1/RESULT", {"POWER": "ON"}, False, "command_result"),
        ("tele/tu-1/SENSOR", {"Time": "2026-11-20T19:12:30"}, False, "no_measurements"),
    ],
)
def test_what_says_nothing_of_now_is_ignored(topic: str, payload: Any, retained: bool, reason: str) -> None:  # noqa: FBT001 - data
    assert decode(topic, payload, retained=retained) == [Ignored(reason)]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("tele/nobody/STATE", STATE, Rejection.UNKNOWN_DEVICE),
        ("tele/nobody/LWT", b"Online", Rejection.UNKNOWN_DEVICE),
        ("tele/tu-1/LWT", b"Maybe", Rejection.SCHEMA),
        ("tele/tu-1/LWT", b"\xff", Rejection.SCHEMA),
        ("tele/STATE", STATE, Rejection.TOPIC),
        ("tele/tu-1/INFO1", STATE, Rejection.TOPIC),
        ("tele/tu-1/STATE", b"{", Rejection.NOT_JSON),
        ("tele/tu-1/STATE", b"[]", Rejection.SCHEMA),
        ("tele/tu-1/STATE", b'{"POWER":"\xff"}', Rejection.NOT_UTF8),
        ("tele/tu-1/STATE", {"POWER": ["ON"]}, Rejection.SCHEMA),
        ("tele/tu-1/STATE", {"Wifi": 4}, Rejection.SCHEMA),
        ("tele/tu-1/SENSOR", {"ENERGY": {"Power": "88 W"}}, Rejection.SCHEMA),
        ("tele/tu-1/SENSOR", {"ENERGY": {"Power": [True, 1]}}, Rejection.SCHEMA),
        ("tele/den-1/SENSOR", {"ENERGY": {"Power": 2600}}, Rejection.SCHEMA),
        ("tele/den-1/SENSOR", {"ENERGY": {"Power": 10**400}}, Rejection.SCHEMA),
        ("stat/tu-1/STATUS8", {"ENERGY": METER}, Rejection.SCHEMA),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(topic: str, payload: Any, reason: Rejection) -> None:
    with pytest.raises(Rejected) as caught:
        decode(topic, payload)
    assert caught.value.reason is reason
