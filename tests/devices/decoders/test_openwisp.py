import json
from typing import Any

import pytest

from devices.batch import to_ms
from devices.decoders.openwisp import OpenWispDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Ignored, RawMessage, Reading, Record
from devices.registry import Device, Registry

DEVICES = Registry([Device(id="W-1", kind="wifi-ap", area="a", vendor_ids=("openwisp:nha-van-hoa-3",))])
TOPIC = "openwisp/nha-van-hoa-3/monitoring"
GUESTS = ["02:00:5e:10:00:01", "02:00:5e:10:00:02", "02:00:5e:10:00:03"]


def decode(
    payload: Any, topic: str = TOPIC, decoder: OpenWispDecoder | None = None, **flags: bool
) -> list[Record]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return (decoder or OpenWispDecoder()).decode(RawMessage(topic, raw, **flags), DEVICES)


def fields(record: Record) -> dict[str, Any]:
    assert isinstance(record, Reading)
    values = ((name, getattr(record.payload, name)) for name in record.payload.__struct_fields__)
    return {name: to_ms(v) if name == "ts" else v for name, v in values if v is not None}


def monitoring(**sections: Any) -> dict[str, Any]:
    return {"type": "DeviceMonitoring", **sections}


def radio(clients: list[str] | None, rx: int, tx: int, **wireless: Any) -> dict[str, Any]:
    listed = {} if clients is None else {"clients": [{"mac": mac, "assoc": True} for mac in clients]}
    return {
        "name": "wlan0",
        "type": "wireless",
        "statistics": {"rx_bytes": rx, "tx_bytes": tx},
        "wireless": {"mode": "access_point", "channel": 11, **listed, **wireless},
    }


FULL = monitoring(
    general={"local_time": 1795176750, "uptime": 86500},
    resources={
        "cpus": 4,
        "load": [0.5, 0.4, 0.3],
        "memory": {"total": 1000, "free": 100, "available": 250},
        "disk": [{"used_percent": 12}],
    },
    interfaces=[
        {"name": "eth0", "type": "ethernet", "statistics": {"rx_bytes": 9, "tx_bytes": 9}},
        radio(GUESTS[:2], 1000, 500, noise=-92),
        radio(GUESTS[2:], 300, 25, noise=-88),
        radio(["02:00:5e:10:00:99"], 7, 7, mode="station", noise=-60),
    ],
)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(
            FULL,
            {
                "ts": 1795176750000,
                "uptime_s": 86500,
                "cpu_pct": 12.5,
                "memory_pct": 75,
                "client_count": 3,
                "rx_bytes": 1300,
                "tx_bytes": 525,
                "noise_dbm": -88,
                "disk_pct": 12,
            },
            id="full",
        ),
        pytest.param(monitoring(general={"uptime": 0}), {"uptime_s": 0}, id="minimal"),
        pytest.param(
            monitoring(
                general={"local_time": 12, "uptime": 12},
                resources={"cpus": 0, "load": [], "memory": {"total": 0, "free": 0}},
                interfaces=[radio([], 0, 0, noise=0), radio(None, 0, 0)],
            ),
            {"ts": 12000, "uptime_s": 12, "client_count": 0, "rx_bytes": 0, "tx_bytes": 0},
            id="just-booted-zero",
        ),
        pytest.param(
            monitoring(
                general={"hostname": "ap", "local_time": 1795176750.5, "uptime": 3600.25},
                resources={"cpus": 2, "load": [0, 0, 0], "memory": {"total": 100, "free": 20, "buffered": 5}},
                interfaces=[
                    {"name": "br-lan", "type": "bridge", "up": True, "bridge_members": ["eth0", "wlan0"]},
                    {"name": "wwan0", "type": "modem-manager", "mobile": {"signal": {"lte": {"rssi": -61}}}},
                    radio(GUESTS, 7, 8, noise=-90, htmode="HE80", mode="802.11s"),
                    radio(GUESTS[:1], 1, 2, noise=-95, bitrate=433, quality=60, quality_max=70),
                ],
            ),
            {
                "ts": 1795176750500,
                "uptime_s": 3600.25,
                "cpu_pct": 0,
                "memory_pct": 75,
                "client_count": 1,
                "rx_bytes": 1,
                "tx_bytes": 2,
                "noise_dbm": -95,
                "channel": 11,
            },
            id="mesh-and-mobile-uplink",
        ),
        pytest.param(
            monitoring(
                resources={"cpus": 1, "load": [3.5], "memory": {"total": 200, "free": 50, "cached": 30}},
                interfaces=[radio(None, 5, 6)],
            ),
            {"cpu_pct": 100, "memory_pct": 60, "rx_bytes": 5, "tx_bytes": 6, "channel": 11},
            id="overloaded-old-kernel-no-client-list",
        ),
        pytest.param(
            monitoring(
                interfaces=[
                    radio([], 5, 6, frequency=5180, tx_power=20, signal=-41, noise=0)
                    | {"statistics": {"rx_bytes": 5, "tx_bytes": 6, "rx_dropped": 3, "tx_dropped": 0}}
                ],
                resources={"disk": [{"used_percent": 7}, {"used_percent": 25}, {"mount_point": "/overlay"}]},
            ),
            {
                "client_count": 0,
                "rx_bytes": 5,
                "tx_bytes": 6,
                "rx_dropped_count": 3,
                "tx_dropped_count": 0,
                "channel": 11,
                "frequency_mhz": 5180,
                "tx_power_dbm": 20,
                "signal_dbm": -41,
                "disk_pct": 25,
            },
            id="one-radio-says-its-wave",
        ),
    ],
)
def test_sample_becomes_exactly_its_fields(payload: Any, expected: dict[str, Any]) -> None:
    (record,) = decode(payload)
    assert fields(record) == pytest.approx(expected)


def test_names_without_a_field_are_counted_and_hold_no_address() -> None:
    decoder = OpenWispDecoder()
    (record,) = decode(FULL | {"dhcp_leases": [{"mac": GUESTS[0]}]}, decoder=decoder)
    assert decoder.unknown_fields() == {("wifi-ap", "dhcp_leases"): 1}
    assert not any(mac in str(fields(record)) for mac in GUESTS)


@pytest.mark.parametrize(
    "broken",
    [
        {"interfaces": [{"type": "wireless", "wireless": {"clients": GUESTS}}]},
        {"interfaces": [{"type": "wireless", "wireless": {"noise": GUESTS[0]}}]},
        {"interfaces": GUESTS},
        {"general": GUESTS[0]},
        {"general": {"local_time": GUESTS[0]}},
        {"resources": {"load": GUESTS[0]}},
        {"resources": {"cpus": 1, "load": GUESTS}},
        {"interfaces": [radio(None, 2**63, 0)]},
        {"general": {"uptime": -1}},
        {"type": GUESTS[0]},
    ],
)
def test_broken_message_is_rejected_without_naming_an_address(broken: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        decode(FULL | broken)
    assert caught.value.reason is Rejection.SCHEMA
    assert not any(mac in str(caught.value) for mac in GUESTS)


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("openwisp/nobody/monitoring", FULL, Rejection.UNKNOWN_DEVICE),
        ("openwisp/nha-van-hoa-3/config", FULL, Rejection.TOPIC),
        (TOPIC, b"", Rejection.NOT_JSON),
        (TOPIC, b"[]", Rejection.SCHEMA),
        (TOPIC, b'{"type":"\xff"}', Rejection.NOT_UTF8),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(topic: str, payload: Any, reason: Rejection) -> None:
    with pytest.raises(Rejected) as caught:
        decode(payload, topic)
    assert caught.value.reason is reason


def test_what_says_nothing_of_now_is_ignored() -> None:
    assert decode(FULL, retained=True) == [Ignored("retained")]
    assert decode(monitoring()) == [Ignored("no_measurements")]
