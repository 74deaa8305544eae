"""Messages made once are true telemetry, differ, and are the same for the same seed."""

from devices.cities import load_city
from devices.decoders.loading import decoders
from devices.messages import RawMessage, Reading
from devices.registry import Registry
from simulators.city import SimulatedCity, build_city
from simulators.load.messages import FIRST_SEQ, DeviceMessages, stamp
from simulators.load.templates import PAYLOAD_BYTES, device_messages

AT_MS = 1_795_344_600_000  # a November evening


def city() -> SimulatedCity:
    return build_city(load_city("tam-ky"), 60, 1)


def made(seed: int = 1) -> list[DeviceMessages]:
    return device_messages(city(), seed=seed, at_ms=AT_MS)


def test_every_device_that_speaks_has_messages_in_a_mixed_order() -> None:
    speaking = [device.id for device in city().devices if not device.is_passive]
    found = [messages.device for messages in made()]
    assert sorted(found) == sorted(speaking)
    assert found != sorted(found)


def test_every_message_is_decoded_as_a_reading_of_its_device() -> None:
    registry = Registry(city().devices)
    native = next(decoder for decoder in decoders() if decoder.name == "native")
    for messages in made():
        for number, tail in enumerate(messages.tails):
            payload = stamp(AT_MS, FIRST_SEQ + number) + tail
            (record,) = native.decode(RawMessage(messages.topic, payload), registry)
            assert isinstance(record, Reading), record
            assert record.device.id == messages.device
            assert 100 < len(payload) <= PAYLOAD_BYTES


def test_messages_differ_between_devices_and_from_time_to_time() -> None:
    lamps = [messages for messages in made() if "/streetlight/" in messages.topic]
    assert len({lamp.tails for lamp in lamps}) == len(lamps)
    assert all(len(set(lamp.tails)) > 1 for lamp in lamps)


def test_same_seed_and_moment_make_the_same_messages() -> None:
    assert made() == made()
    assert made() != made(seed=2)


def test_stamp_is_always_equally_long() -> None:
    assert len(stamp(AT_MS, FIRST_SEQ)) == len(stamp(AT_MS * 2, FIRST_SEQ + 9_999_999))
