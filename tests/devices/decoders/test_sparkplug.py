from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.batch import to_ms
from devices.decoders.sparkplug import SparkplugDecoder
from devices.decoders.sparkplug_schema import PAYLOAD
from devices.errors import Rejected, Rejection
from devices.messages import Ignored, RawMessage, Reading, Record, Status
from devices.registry import Device, Registry
from tests.devices.decoders.sparkplug_messages import BOOLEAN, DOUBLE, INT16, SENT_MS, UINT64, metric, payload

CABINET = Device(id="C-1", kind="lighting-cabinet", area="a", vendor_ids=("sparkplug:tam-ky/gw-1/tu-1",))
LAMP = Device(
    id="L-1",
    kind="streetlight",
    area="a",
    attributes={"rated_w": 90.0},
    vendor_ids=("sparkplug:tam-ky/gw-1/den-1",),
)
NODE = Device(id="W-1", kind="wifi-ap", area="a", vendor_ids=("sparkplug:tam-ky/ap-1",))
FEEDER = Device(id="F-1", kind="feeder", area="a", vendor_ids=("sparkplug:tam-ky/gw-1/feeder",))
DEVICES = Registry([CABINET, LAMP, NODE, FEEDER])

BD_SEQ = metric("bdSeq", datatype=UINT64, long_value=3)
REBIRTH = metric("Node Control/Rebirth", datatype=BOOLEAN, boolean_value=False)
POWER = metric("Meter/L1/Active Power", unit="kW", alias=1, datatype=DOUBLE, double_value=1.25)
TEMPERATURE = metric("Temperature", alias=2, datatype=INT16, int_value=2**16 - 4)
DOOR = metric("Door Open", alias=3, datatype=BOOLEAN, boolean_value=False)
ENERGY = metric("Energy", unit="Wh", alias=4, datatype=UINT64, is_null=True)


def decode(decoder: SparkplugDecoder, topic: str, content: bytes, **flags: bool) -> list[Record]:
    return decoder.decode(RawMessage(f"spBv1.0/tam-ky/{topic}", content, **flags), DEVICES)


def fields(record: Record) -> dict[str, Any]:
    assert isinstance(record, Reading)
    values = ((name, getattr(record.payload, name)) for name in record.payload.__struct_fields__)
    return {name: to_ms(v) if name == "ts" else v for name, v in values if v is not None}


def born() -> SparkplugDecoder:
    """A decoder that saw the births of the gateway and its cabinet."""
    decoder = SparkplugDecoder()
    decode(decoder, "NBIRTH/gw-1", payload(BD_SEQ, REBIRTH, seq=0))
    decode(decoder, "DBIRTH/gw-1/tu-1", payload(POWER, TEMPERATURE, DOOR, ENERGY, seq=1))
    return decoder


def test_births_of_a_gateway_and_its_device_are_a_status_and_a_reading() -> None:
    decoder = SparkplugDecoder()
    assert decode(decoder, "NBIRTH/gw-1", payload(BD_SEQ, REBIRTH, seq=0)) == [Ignored("edge_node")]
    content = payload(POWER, TEMPERATURE, DOOR, ENERGY, seq=1)
    status, reading = decode(decoder, "DBIRTH/gw-1/tu-1", content)
    assert status == Status(CABINET, online=True, retained=False)
    assert fields(reading) == {"ts": SENT_MS, "seq": 1, "power_l1_w": 1250, "temp_c": -4, "door_open": False}


def test_data_by_alias_are_read_with_the_births_names_types_and_units() -> None:
    content = payload(
        metric(alias=1, double_value=0.0),
        metric(alias=2, int_value=31),
        metric(alias=4, long_value=12_500),
        seq=2,
    )
    (reading,) = decode(born(), "DDATA/gw-1/tu-1", content)
    assert fields(reading) == {"ts": SENT_MS, "seq": 2, "power_l1_w": 0, "temp_c": 31, "energy_kwh": 12.5}


def test_data_of_several_times_are_readings_in_their_order() -> None:
    content = payload(
        metric(alias=1, double_value=2, timestamp=SENT_MS - 1000),
        metric(alias=1, double_value=1, timestamp=SENT_MS - 5000, is_historical=True),
        metric(alias=2, int_value=30),
        metric(alias=3, boolean_value=True, timestamp=2**63),
        seq=2,
    )
    readings = [fields(record) for record in decode(born(), "DDATA/gw-1/tu-1", content)]
    assert [reading["ts"] - SENT_MS for reading in readings] == [-5000, -1000, 0]
    assert [reading.get("power_l1_w") for reading in readings] == [1000, 2000, None]
    assert (readings[2]["temp_c"], readings[2]["door_open"]) == (30, True)


def test_data_by_alias_before_a_birth_are_kept_with_the_reason() -> None:
    decoder = SparkplugDecoder()
    with pytest.raises(Rejected) as caught:
        decode(decoder, "DDATA/gw-1/tu-1", payload(metric(alias=1, double_value=1), seq=9))
    assert caught.value.reason is Rejection.NO_BIRTH
    mixed = payload(metric("Temp", datatype=DOUBLE, double_value=40), metric(alias=1, double_value=1), seq=10)
    reading, rejected = decode(decoder, "DDATA/gw-1/tu-1", mixed)
    assert fields(reading) == {"ts": SENT_MS, "seq": 10, "temp_c": 40}
    assert isinstance(rejected, Rejected)
    assert rejected.reason is Rejection.NO_BIRTH


@pytest.mark.parametrize(
    ("numbers", "gaps", "missed"),
    [
        ((2, 3, 4), 0, 0),
        ((2, 6, 7), 1, 3),
        ((2, 2, 3), 0, 0),
        ((4, 3, 5), 1, 2),
        ((2, None, 3), 0, 0),
        ((*range(2, 256), 0, 1), 0, 0),
        ((*range(2, 256), 1), 1, 1),
    ],
)
def test_messages_missing_in_the_sequence_are_noticed_and_counted(
    numbers: tuple[int | None, ...], gaps: int, missed: int
) -> None:
    decoder = born()
    records = [
        record
        for seq in numbers
        for record in decode(decoder, "DDATA/gw-1/tu-1", payload(metric(alias=2, int_value=1), seq=seq))
    ]
    assert records.count(Ignored("sequence_gap")) == gaps
    assert decoder.missed("tam-ky/gw-1") == missed


def test_nodes_and_their_devices_share_one_sequence_and_a_birth_begins_it_anew() -> None:
    decoder = born()
    assert decode(decoder, "NDATA/gw-1", payload(seq=2)) == [Ignored("edge_node")]
    assert len(decode(decoder, "DDATA/gw-1/tu-1", payload(metric(alias=2, int_value=1), seq=3))) == 1
    assert decode(decoder, "NBIRTH/gw-1", payload(BD_SEQ, seq=200)) == [Ignored("edge_node")]
    assert decoder.missed("tam-ky/gw-1") == 0


def test_death_of_a_node_takes_along_what_was_born_under_it_and_its_aliases() -> None:
    decoder = born()
    decode(decoder, "DBIRTH/gw-1/den-1", payload(metric("State", alias=9, boolean_value=True), seq=2))
    stale = payload(metric("bdSeq", datatype=UINT64, long_value=2))
    assert decode(decoder, "NDEATH/gw-1", stale) == [Ignored("stale_death")]
    assert decode(decoder, "NDEATH/gw-1", payload(BD_SEQ)) == [
        Status(CABINET, online=False, retained=False),
        Status(LAMP, online=False, retained=False),
    ]
    with pytest.raises(Rejected, match="rebirth"):
        decode(decoder, "DDATA/gw-1/tu-1", payload(metric(alias=1, double_value=1), seq=3))


def test_death_of_a_node_that_is_a_device_is_its_own() -> None:
    death = payload(BD_SEQ)
    assert decode(SparkplugDecoder(), "NDEATH/ap-1", death) == [Status(NODE, online=False, retained=False)]
    assert decode(SparkplugDecoder(), "NDEATH/gw-9", death) == [Ignored("edge_node")]


def test_death_of_a_device_is_a_status_and_its_aliases_are_forgotten() -> None:
    decoder = born()
    death = decode(decoder, "DDEATH/gw-1/tu-1", payload(seq=2))
    assert death == [Status(CABINET, online=False, retained=False)]
    with pytest.raises(Rejected, match="rebirth"):
        decode(decoder, "DDATA/gw-1/tu-1", payload(metric(alias=1, double_value=1), seq=3))


def test_node_that_measures_is_a_device_of_its_own() -> None:
    metrics = (
        BD_SEQ,
        metric("Clients", datatype=UINT64, long_value=12),
        metric("Uptime", unit="min", int_value=3),
    )
    status, reading = decode(SparkplugDecoder(), "NBIRTH/ap-1", payload(*metrics, seq=0))
    assert status == Status(NODE, online=True, retained=False)
    assert fields(reading) == {"ts": SENT_MS, "seq": 0, "client_count": 12, "uptime_s": 180}


def test_group_and_node_with_blanks_are_found_under_their_escaped_form() -> None:
    lamp = Device(
        id="L-9",
        kind="streetlight",
        area="a",
        attributes={"rated_w": 90.0},
        vendor_ids=("sparkplug:My%20Group/Edge%201/Lamp",),
    )
    content = payload(metric("Power", double_value=5))
    message = RawMessage("spBv1.0/My Group/DDATA/Edge 1/Lamp", content)
    (reading,) = SparkplugDecoder().decode(message, Registry([lamp]))
    assert fields(reading) == {"ts": SENT_MS, "power_w": 5}


def test_metrics_of_a_template_are_read_by_their_path() -> None:
    message = PAYLOAD(timestamp=SENT_MS, seq=1)
    definition = message.metrics.add(name="LampType")
    definition.template_value.is_definition = True
    definition.template_value.metrics.add(name="power_w", datatype=DOUBLE, double_value=77)
    instance = message.metrics.add(name="Lamp")
    instance.template_value.metrics.add(name="power_w", datatype=DOUBLE, double_value=41.5)
    instance.template_value.metrics.add(name="dim_pct", datatype=DOUBLE, double_value=60)
    _, reading = decode(SparkplugDecoder(), "DBIRTH/gw-1/den-1", message.SerializeToString())
    assert fields(reading) == {"ts": SENT_MS, "seq": 1, "power_w": 41.5, "dim_pct": 60}


def test_values_that_are_no_field_are_counted_and_left_out() -> None:
    message = PAYLOAD.FromString(
        payload(
            metric("Supplier", string_value="x"),
            metric("Power", unit="hp", double_value=1.0),
            metric("Serial", datatype=13, long_value=SENT_MS),
            metric("Properties/FW", string_value="2.1"),
            metric("Voltage", double_value=float("nan")),
        )
    )
    message.metrics.add(name="Table").dataset_value.columns.append("a")
    decoder = SparkplugDecoder()
    assert decode(decoder, "DDATA/gw-1/den-1", message.SerializeToString()) == [Ignored("no_measurements")]
    assert decoder.unknown_fields() == {
        ("streetlight", name): 1 for name in ("Supplier", "Power", "Serial", "Table")
    }


def test_message_without_any_time_is_kept_without_one() -> None:
    (reading,) = decode(born(), "DDATA/gw-1/tu-1", payload(metric(alias=2, int_value=3), seq=2, at_ms=None))
    assert fields(reading) == {"seq": 2, "temp_c": 3}


@pytest.mark.parametrize(
    ("topic", "content", "retained", "reason"),
    [
        ("spBv1.0/STATE/scada-1", b'{"online":true,"timestamp":1}', True, "host_state"),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", payload(POWER), True, "retained"),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", b"", False, "no_measurements"),
    ],
)
def test_what_is_no_telemetry_is_ignored(topic: str, content: bytes, retained: bool, reason: str) -> None:  # noqa: FBT001 - data
    message = RawMessage(topic, content, retained=retained)
    assert SparkplugDecoder().decode(message, DEVICES) == [Ignored(reason)]


@pytest.mark.parametrize(
    ("topic", "content", "reason"),
    [
        ("spBv1.0/tam-ky/DDATA/gw-1", payload(), Rejection.TOPIC),
        ("spBv1.0/tam-ky/NDATA/gw-1/tu-1", payload(), Rejection.TOPIC),
        ("spBv1.0/tam-ky/DCMD/gw-1/tu-1", payload(), Rejection.TOPIC),
        ("spBv1.0/tam-ky/DDATA//tu-1", payload(), Rejection.TOPIC),
        ("spBv1.0", payload(), Rejection.TOPIC),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", b"\xff\xff", Rejection.SCHEMA),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", b'{"timestamp": 1}', Rejection.SCHEMA),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", payload(metric("Temp", double_value=1e9)), Rejection.SCHEMA),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", payload(metric("Temp", string_value="hot")), Rejection.SCHEMA),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", payload(POWER, seq=2**64 - 1), Rejection.SCHEMA),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", payload(*[POWER] * 5001), Rejection.OVERSIZED),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", b"\x12\x03\x0a\x01\xff", Rejection.NOT_UTF8),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-1", b"\x22\x12SPBV1.0_COMPRESSED", Rejection.UNSUPPORTED),
        ("spBv1.0/tam-ky/DDATA/gw-1/tu-9", payload(POWER), Rejection.UNKNOWN_DEVICE),
        ("spBv1.0/tam-ky/DDEATH/gw-1/tu-9", payload(), Rejection.UNKNOWN_DEVICE),
        ("spBv1.0/tam-ky/NBIRTH/ap-9", payload(BD_SEQ, POWER), Rejection.UNKNOWN_DEVICE),
        ("spBv1.0/tam-ky/DDATA/gw-1/feeder", payload(POWER), Rejection.WRONG_KIND),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_with_it(
    topic: str, content: bytes, reason: Rejection
) -> None:
    with pytest.raises(Rejected) as caught:
        SparkplugDecoder().decode(RawMessage(topic, content), DEVICES)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("datatype", "member", "wire", "value"),
    [
        (1, "int_value", 2**8 - 1, -1),
        (1, "int_value", 2**32 - 1, -1),
        (2, "int_value", 2**16 - 5, -5),
        (3, "int_value", 2**32 - 7, -7),
        (4, "long_value", 2**64 - 9, -9),
        (5, "int_value", 120, 120),
        (6, "int_value", 65, 65),
        (7, "int_value", 66, 66),
        (8, "long_value", 67, 67),
        (9, "float_value", 1.5, 1.5),
        (10, "double_value", -2.25, -2.25),
        (0, "int_value", 5, 5),
    ],
)
def test_number_of_every_type_is_read_with_its_sign(
    datatype: int, member: str, wire: float, value: float
) -> None:
    members: dict[str, Any] = {"datatype": datatype, member: wire}
    content = payload(metric("Temperature", **members))
    (reading,) = decode(SparkplugDecoder(), "DDATA/gw-1/den-1", content)
    assert fields(reading)["temp_c"] == value


VALUES = (
    st.fixed_dictionaries({"int_value": st.integers(0, 2**32 - 1)})
    | st.fixed_dictionaries({"long_value": st.integers(0, 2**64 - 1)})
    | st.fixed_dictionaries({"double_value": st.floats()})
    | st.fixed_dictionaries({"float_value": st.floats(width=32)})
    | st.fixed_dictionaries({"boolean_value": st.booleans()})
    | st.fixed_dictionaries({"string_value": st.text(max_size=8)})
    | st.fixed_dictionaries({"bytes_value": st.binary(max_size=8)})
    | st.just({"is_null": True})
)
NAMES = st.sampled_from(["bdSeq", "State", "Power", "power_l1_w", "Energy", "L2/Voltage", "Temp", "clients"])
METRICS = st.builds(
    lambda head, value, unit: {"unit": unit} | head | value,
    st.fixed_dictionaries(
        {},
        optional={
            "name": NAMES | st.text(max_size=6),
            "alias": st.integers(0, 3) | st.integers(0, 2**64 - 1),
            "timestamp": st.sampled_from([0, SENT_MS, 2**64 - 1]),
            "datatype": st.integers(0, 40),
        },
    ),
    VALUES,
    st.sampled_from(["", "kW", "Wh", "V", "?"]),
)
MESSAGES = st.builds(
    lambda metrics, seq, at_ms: payload(*metrics, seq=seq, at_ms=at_ms),
    st.lists(METRICS, max_size=5),
    st.none() | st.integers(0, 2**64 - 1),
    st.none() | st.sampled_from([0, SENT_MS, 2**64 - 1]),
)
TYPES = (
    "NBIRTH/gw-1",
    "NDATA/ap-1",
    "NDEATH/gw-1",
    "DBIRTH/gw-1/tu-1",
    "DDATA/gw-1/tu-1",
    "DDEATH/gw-1/den-1",
)


@given(st.lists(st.tuples(st.sampled_from(TYPES), MESSAGES | st.binary()), max_size=6))
def test_decoder_with_any_payloads_raises_nothing_but_the_typed_rejection(
    messages: list[tuple[str, bytes]],
) -> None:
    decoder = SparkplugDecoder()
    for topic, content in messages:
        try:
            records = decode(decoder, topic, content)
        except Rejected:
            continue
        assert records
