import base64
import json
from typing import Any

import pytest

from devices.decoders.loading import decoders
from devices.decoders.options import DecoderOptions
from devices.errors import Rejected
from devices.messages import RawMessage
from devices.registry import Device, Registry

LAMP = Device(
    id="L-1",
    kind="streetlight",
    area="a",
    attributes={"rated_w": 60.0},
    vendor_ids=("chirpstack:0badcafe00000009", "tts:den-9"),
)
CAMERA = Device(id="T-1", kind="traffic-camera", area="a", vendor_ids=("frigate:hung_vuong",))
REGISTRY = Registry([LAMP, CAMERA])
RAW = base64.b64encode(bytes.fromhex("0174 59d8 0280 003a")).decode()


def decoded(options: DecoderOptions, name: str, topic: str, payload: dict[str, Any]) -> Any:
    decoder = next(decoder for decoder in decoders(options) if decoder.name == name)
    (record,) = decoder.decode(RawMessage(topic, json.dumps(payload).encode()), REGISTRY)
    return record.payload  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["chirpstack:Lamp node", "chirpstack:street-app", "chirpstack:*"])
def test_codec_of_a_chirpstack_profile_or_application_reads_raw_bytes(key: str) -> None:
    options = DecoderOptions(payload_codecs={key: "cayenne-lpp"})
    info = {"deviceProfileName": "Lamp node", "applicationName": "street-app"}
    topic = "application/1/device/0badcafe00000009/event/up"
    payload = decoded(options, "chirpstack", topic, {"deviceInfo": info, "fPort": 2, "data": RAW})
    assert (payload.voltage_v, payload.power_w) == (230, 58)


@pytest.mark.parametrize("key", ["tts:lamp-controller", "tts:street-app"])
def test_codec_of_a_things_stack_model_or_application_reads_raw_bytes(key: str) -> None:
    options = DecoderOptions(payload_codecs={key: "cayenne-lpp"})
    uplink = {"frm_payload": RAW, "f_port": 2, "version_ids": {"model_id": "lamp-controller"}}
    ids = {"application_ids": {"application_id": "street-app"}}
    payload = decoded(
        options,
        "tts",
        "v3/street-app@city/devices/den-9/up",
        {"end_device_ids": ids, "uplink_message": uplink},
    )
    assert (payload.voltage_v, payload.power_w) == (230, 58)


def test_codec_of_another_format_is_not_taken() -> None:
    options = DecoderOptions(payload_codecs={"tts:*": "cayenne-lpp"})
    with pytest.raises(Rejected, match="no codec"):
        decoded(options, "chirpstack", "application/1/device/0badcafe00000009/event/up", {"data": RAW})


@pytest.mark.parametrize(("unit", "speed_kmh"), [("kmh", 40), ("mph", 64.37376)])
def test_unit_of_frigates_speed_reaches_the_decoder(unit: Any, speed_kmh: float) -> None:
    seen = {
        "id": "9.5-a",
        "camera": "hung_vuong",
        "label": "car",
        "start_time": 1795348800.25,
        "average_estimated_speed": 40,
    }
    options = DecoderOptions(frigate_speed_unit=unit)
    payload = decoded(options, "frigate", "frigate/events", {"type": "end", "after": seen})
    assert payload.vehicles[0].speed_kmh == pytest.approx(speed_kmh)


@pytest.mark.parametrize(
    ("codecs", "words"),
    [
        ({"Lamp node": "cayenne-lpp"}, "chirpstack:name or tts:name, got 'Lamp node'"),
        ({"chirpstack:": "cayenne-lpp"}, "chirpstack:name or tts:name, got 'chirpstack:'"),
        ({"frigate:x": "cayenne-lpp"}, "chirpstack:name or tts:name, got 'frigate:x'"),
        ({"tts:x": "caiene"}, "got 'caiene'"),
    ],
)
def test_codecs_that_no_decoder_could_use_are_refused(codecs: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DecoderOptions(payload_codecs=codecs)
