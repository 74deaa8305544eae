"""Vendors' messages through the collector's own decoding: one fate for each record, whatever the format."""

import json

from collector.decoding import Chunk, MessageDecoding
from collector.duplicates import RecentRecords
from collector.fates import Fate
from devices.decoders.loading import decoders
from devices.messages import RawMessage
from devices.registry import Device, Registry
from tests.devices.decoders.sparkplug_messages import DOUBLE, SENT_MS, metric, payload

LAMP = Device(
    id="L-1",
    kind="streetlight",
    area="a",
    attributes={"rated_w": 90.0},
    vendor_ids=("sparkplug:g/gw/den", "tasmota:den", "zigbee2mqtt:den"),
)


def decoded(*messages: RawMessage) -> Chunk:
    decoding = MessageDecoding(decoders(), Registry([LAMP]), RecentRecords(100), 16_384)
    return decoding.decode(messages, SENT_MS, caught_up=True)


def sparkplug(message_type: str, seq: int, *metrics: dict[str, object]) -> RawMessage:
    return RawMessage(f"spBv1.0/g/{message_type}/gw/den", payload(*metrics, seq=seq))


def test_gap_in_a_sequence_and_an_alias_without_a_birth_are_counted_by_their_words() -> None:
    power = metric("Power", alias=1, datatype=DOUBLE, double_value=41)
    data = metric(alias=1, double_value=42, timestamp=SENT_MS + 1)
    chunk = decoded(
        sparkplug("DDATA", 7, data),
        sparkplug("DBIRTH", 8, power),
        sparkplug("DDATA", 9, data),
        sparkplug("DDATA", 9, data),
        sparkplug("DDATA", 14, metric(alias=1, double_value=43, timestamp=SENT_MS + 2)),
    )
    assert chunk.tally.reasons(Fate.IGNORED) == {"sequence_gap": 1}
    assert chunk.tally.reasons(Fate.DEAD_LETTERED) == {"no_birth": 1}
    assert (chunk.tally.of(Fate.STATUS), chunk.tally.of(Fate.DUPLICATES)) == (1, 1)
    assert chunk.tally.of(Fate.RECEIVED) == 7


def test_printed_json_and_logs_of_a_bridge_are_no_telemetry() -> None:
    log = json.dumps(
        {"level": "info", "message": "MQTT publish: topic 'zigbee2mqtt/den', payload '{}'"}
    ).encode()
    chunk = decoded(
        RawMessage("tele/den/SENSOR", b"{'ENERGY': {'Power': 41}}"),
        RawMessage("zigbee2mqtt/den", b'{"power": NaN}'),
        RawMessage("zigbee2mqtt/bridge/logging", log),
        RawMessage("zigbee2mqtt/den", b"", retained=True),
    )
    assert chunk.tally.reasons(Fate.DEAD_LETTERED) == {"not_json": 2}
    assert chunk.tally.reasons(Fate.IGNORED) == {"bridge": 1, "removed": 1}
