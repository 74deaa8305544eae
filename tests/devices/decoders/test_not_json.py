import pytest

from devices.decoders.loading import decoders
from devices.decoders.not_json import not_json
from devices.decoders.vendor import json_object
from devices.errors import Rejected, Rejection
from devices.messages import RawMessage
from devices.registry import Device, Registry

PRINTED = [
    (b"{'POWER': 'ON'}", "single quotes"),
    (b'{"Power": 5,}', "a comma stands before"),
    (b'{"Power": [5, 6,]}', "a comma stands before"),
    (b'{"Power": NaN}', "no NaN"),
    (b'{"Power": -Infinity}', "no NaN"),
    (b'{"Power": nan}', "no NaN"),
    (b'{"on": True}', "true, false, null"),
    (b'{"on": None}', "true, false, null"),
    (b'{"Power": 5}{"Power": 6}', "trailing characters"),
    (b'{"Power": 5}\n{"Power": 6}', "trailing characters"),
    (b'\xef\xbb\xbf{"Power": 5}', "byte order mark"),
    (b'MQTT: {"Power": 5}', "text stands before"),
    (b"", "is empty"),
    (b"  \n", "is empty"),
    (b'{"Power": 5', "truncated"),
    (b"{", "truncated"),
]
LAMP = Device(
    id="L-1",
    kind="streetlight",
    area="a",
    attributes={"rated_w": 60.0},
    vendor_ids=("tasmota:den", "zigbee2mqtt:den", "shelly:den", "chirpstack:den", "tts:den", "openwisp:den"),
)
TOPICS = {
    "tasmota": "tele/den/SENSOR",
    "shelly": "den/events/rpc",
    "chirpstack": "application/1/device/den/event/up",
    "tts": "v3/app@city/devices/den/up",
    "openwisp": "openwisp/den/monitoring",
    "frigate": "frigate/events",
}


@pytest.mark.parametrize(("payload", "words"), PRINTED)
def test_payload_that_only_looks_like_json_is_rejected_in_words(payload: bytes, words: str) -> None:
    with pytest.raises(Rejected, match=words) as caught:
        json_object(payload)
    assert caught.value.reason is Rejection.NOT_JSON


@pytest.mark.parametrize("name", sorted(TOPICS))
@pytest.mark.parametrize(("payload", "words"), PRINTED)
def test_payload_that_only_looks_like_json_is_a_dead_letter_of_every_format(
    name: str, payload: bytes, words: str
) -> None:
    decoder = next(decoder for decoder in decoders() if decoder.name == name)
    with pytest.raises(Rejected, match=words) as caught:
        decoder.decode(RawMessage(TOPICS[name], payload), Registry([LAMP]))
    assert caught.value.reason is Rejection.NOT_JSON


def test_payload_in_another_encoding_is_said_to_be_so() -> None:
    with pytest.raises(Rejected) as caught:
        json_object('{"Power": 5}'.encode("utf-16"))
    assert caught.value.reason is Rejection.NOT_UTF8


def test_unusual_fault_is_told_in_the_parsers_words() -> None:
    assert not_json(b'{"a" 5}', "expected a colon").detail == "expected a colon"
