"""What holds for every vendor's decoder, whoever adds it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.batch import event_frame, reading_frame, status_frame
from devices.catalogue import kinds
from devices.decoders.loading import decoders
from devices.decoders.vendor import VendorDecoder
from devices.errors import Rejected
from devices.messages import Event, RawMessage, Reading, Record, Status
from devices.registry import Device, Registry
from tests.devices.decoders.sparkplug_messages import metric, payload

VENDORS = sorted(decoder.name for decoder in decoders() if isinstance(decoder, VendorDecoder))
IDENTITIES = {kind: f"x{number}" for number, kind in enumerate(kinds())}
TAILS = ["", "up", "STATE", "availability", "status", "a/b", "RuleEngine/LineDetector/Crossed", "bridge/log"]
PARTS = ["", "/switch:1", "/POWER2", "/l1", "/x0", "/{0}", "/{0}/{0}"]


def devices_of(decoder_name: str) -> Registry:
    """A device of each kind under its identity, and others behind parts of it."""
    named = {
        f"{identity}{part.format(identity)}": kind for kind, identity in IDENTITIES.items() for part in PARTS
    }
    return Registry(
        Device(
            id=f"d{number}",
            kind=kind,
            area="a",
            attributes={a.name: 1.0 for a in kinds()[kind].attributes if a.required},
            vendor_ids=(f"{decoder_name}:{name}",),
        )
        for number, (name, kind) in enumerate(named.items())
    )


REGISTRIES = {name: devices_of(name) for name in VENDORS}


def topics_of(filters: Iterable[str]) -> Iterator[str]:
    """Topics that the filters cover and that name a registered identity wherever they can."""
    for pattern in filters:
        for identity in IDENTITIES.values():
            named = pattern.replace("+", identity)
            if not named.endswith("#"):
                yield named
                continue
            yield from (named[:-1] + tail for tail in TAILS)
            yield from (named[:-1] + f"{identity}/{tail}".rstrip("/") for tail in TAILS)


TOPICS = {
    decoder.name: sorted(set(topics_of(decoder.filters))) for decoder in decoders() if decoder.name in VENDORS
}

VOCABULARY = (
    "ts seq device type src method params id events output apower aenergy total "
    "temperature tC errors switch:0 switch:1 light:0 em:0 em1:0 em1:2 emdata:0 "
    "temperature:100 a_voltage total_act_power total_aprt_power total_act Time Epoch POWER "
    "POWER1 POWER2 ENERGY Power Voltage Current Factor Total Wifi RSSI Signal Dimmer "
    "StatusSNS StatusSTS DS18B20 Temperature TempUnit UptimeSec state brightness power "
    "voltage current energy linkquality contact battery last_seen power_phase_b general "
    "resources interfaces local_time uptime cpus load memory free available statistics "
    "rx_bytes wireless clients noise assoc mode object data fPort fCnt time rxInfo "
    "deviceInfo devEui uplink_message decoded_payload frm_payload received_at before after "
    "camera label score sub_label start_time end_time recognized_license_plate "
    "current_estimated_speed topic source key Data message UTC RealUTC TrafficCar "
    "PlateNumber Speed Object Params Events Code Action component event ts plate timestamp "
    "cameras camera_fps service storage state_l1 power_l1 power_factor em1data:0 rgbw:0 "
    "eventType eventState ANPR licensePlate dateTime confidenceLevel AID Factor Frequency"
)
NAMES = st.sampled_from(VOCABULARY.split())
TEXTS = (
    "ON OFF online NotifyStatus NotifyFullStatus NotifyEvent wireless access_point update end lpr car "
    "VideoLoss Start TrafficJunction ANPR active inactive 2026-11-20T19:12:30Z AQID"
)
WORDS = st.sampled_from([*IDENTITIES.values(), *TEXTS.split(), "0001-01-01T00:00:00+14:00"])
NUMBERS = st.sampled_from([0, -1, 10**30, 2**63, 1795176750, 1795176750000, 1e300, -0.0, 1e-300])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers() | NUMBERS | FLOATS | WORDS | st.text()
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner, max_size=6),
    max_leaves=40,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=8)
NOTIFICATIONS = st.fixed_dictionaries(
    {
        "src": st.sampled_from(list(IDENTITIES.values())),
        "method": st.sampled_from(["NotifyStatus", "NotifyFullStatus"]),
        "params": OBJECTS,
    }
)
MONITORING = OBJECTS.map(lambda members: members | {"type": "DeviceMonitoring"})


def sparkplug_payloads() -> st.SearchStrategy[bytes]:
    """Payloads of Sparkplug B with metrics of any type."""
    heads = st.fixed_dictionaries({}, optional={"name": NAMES, "alias": st.integers(0, 2)})
    values = st.sampled_from(
        [{"double_value": 5.0}, {"int_value": 2**32 - 1}, {"boolean_value": True}, {"string_value": "ON"}]
    )
    metrics = st.builds(lambda head, value: metric(**head, **value), heads, values)
    return st.builds(
        lambda content, seq: payload(*content, seq=seq),
        st.lists(metrics, max_size=4),
        st.integers(0, 2**64 - 1),
    )


def xml_payloads() -> st.SearchStrategy[bytes]:
    """Alerts in XML of any content, with entities that nobody declared or a bomb of them."""
    bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
    heads = st.sampled_from(["", '<?xml version="1.0"?>', bomb, '<?xml version="1.0" encoding="utf-16"?>'])
    texts = WORDS | st.sampled_from(["&c;", "&amp;", "1e5", "<", "<ANPR>", "</ANPR>"]) | st.text(max_size=5)
    leaves = st.lists(st.builds(lambda tag, text: f"<{tag}>{text}</{tag}>", NAMES, texts), max_size=6)
    return st.builds(
        lambda head, parts: f"{head}<EventNotificationAlert>{''.join(parts)}</EventNotificationAlert>".encode(
            "utf-8", "replace"
        ),
        heads,
        leaves,
    )


FRIGATE = OBJECTS.map(lambda seen: {"type": "end", "after": seen | {"label": "car", "camera": "x4"}})
TEXT_OF_JSON = (JSON | OBJECTS | NOTIFICATIONS | MONITORING | FRIGATE).map(
    lambda value: json.dumps(value).encode()
)
LINES = TEXT_OF_JSON.map(lambda text: b"Code=TrafficJunction;action=Start;index=0;data=" + text)
PAYLOADS = st.binary() | TEXT_OF_JSON | LINES | sparkplug_payloads() | xml_payloads()


def frames_of(records: list[Record]) -> None:
    """Make the columns that the collector would make."""
    for kind in kinds():
        readings = [r for r in records if isinstance(r, Reading) and r.device.kind == kind]
        assert reading_frame(kind, readings, 1).height == len(readings)
    events = [record for record in records if isinstance(record, Event)]
    assert event_frame(events, 1).height == len(events)
    assert all(event.payload.id is not None for event in events)
    status_frame([record for record in records if isinstance(record, Status)], 1)


@pytest.mark.parametrize("name", VENDORS)
@given(data=st.data())
def test_decoder_with_any_payload_raises_nothing_but_the_typed_rejection(name: str, data: Any) -> None:
    decoder = next(decoder for decoder in decoders() if decoder.name == name)
    topics = st.sampled_from(TOPICS[name])
    # Several to one decoder: what it remembers of the one must not break it at the next.
    for topic, content, retained in data.draw(
        st.lists(st.tuples(topics, PAYLOADS, st.booleans()), max_size=4)
    ):
        try:
            records = decoder.decode(RawMessage(topic, content, retained=retained), REGISTRIES[name])
        except Rejected:
            continue
        frames_of(records)
    assert len(decoder.unknown_fields()) <= 1001


@pytest.mark.parametrize("name", VENDORS)
def test_decoder_describes_itself(name: str) -> None:
    decoder = next(decoder for decoder in decoders() if decoder.name == name)
    assert decoder.filters
    assert len(set(decoder.filters)) == len(decoder.filters)
    assert decoder.misplaced() == {}
    assert decoder.unknown_fields() == {}


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b"\x00" * 64])
def test_decoder_with_a_broken_payload_rejects_it_or_says_why_it_is_ignored(
    name: str, content: bytes
) -> None:
    decoder = next(decoder for decoder in decoders() if decoder.name == name)
    for topic in TOPICS[name]:
        try:
            records = decoder.decode(RawMessage(topic, content), REGISTRIES[name])
        except Rejected:
            continue
        assert not any(isinstance(record, Reading) for record in records)
