import gc
import json
import tracemalloc
from typing import Any

import polars as pl
import pytest

from collector.decoding import Chunk, MessageDecoding
from collector.duplicates import RecentRecords, event_keys
from collector.fates import Fate
from devices.batch import ReadingBatch
from devices.decoders.loading import decoders
from devices.decoders.native import NativeDecoder
from devices.messages import Devices, RawMessage, Record, Route
from devices.registry import Device, Registry
from devices.stream import DeadLetterBatch, Entry, EventBatch, StatusBatch
from tests.collector.support import LAMP_TOPIC, LAMPS, telemetry

NOW = 1_795_348_800_000
MINUTE = 60_000


def decoding(window: int = 1000, limit: int = 16_384) -> MessageDecoding:
    return MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(window), limit)


def readings(chunk: Chunk) -> pl.DataFrame:
    (batch,) = (content for content in chunk.contents if isinstance(content, ReadingBatch))
    return batch.frame


def test_decoding_of_every_sort_counts_each_record_once() -> None:
    status = RawMessage(LAMP_TOPIC.replace("telemetry", "status"), b'{"state":"online"}', retained=True)
    event = RawMessage(LAMP_TOPIC.replace("telemetry", "event"), b'{"id":"e1","type":"self-test"}')
    command = RawMessage(LAMP_TOPIC.replace("telemetry", "command"), b"{}")
    array = RawMessage(LAMP_TOPIC, json.dumps([{"ts": NOW, "seq": 2}, {"power_w": "x"}]).encode())
    messages = [telemetry(ts=NOW, seq=1), telemetry(ts=NOW, seq=1), status, event, event, array, command]
    chunk = decoding().decode([*messages, RawMessage("a/b", b"1")], NOW, caught_up=True)
    assert {fate: chunk.tally.of(fate) for fate in Fate} == {
        Fate.RECEIVED: 9,
        Fate.WRITTEN: 0,
        Fate.EVENTS: 0,
        Fate.STATUS: 1,
        Fate.IGNORED: 0,
        Fate.DEAD_LETTERED: 3,
        Fate.DUPLICATES: 2,
    }
    assert chunk.tally.reasons(Fate.DEAD_LETTERED) == {"schema": 1, "topic": 2}
    held = {
        type(content): content.frame.height for content in chunk.contents if not hasattr(content, "caught_up")
    }
    assert held == {ReadingBatch: 2, EventBatch: 1, StatusBatch: 1, DeadLetterBatch: 3}


def test_decoding_of_an_oversized_message_keeps_a_sample_and_its_size() -> None:
    chunk = decoding(limit=100).decode([RawMessage(LAMP_TOPIC, b"x" * 5000)], NOW, caught_up=True)
    (letters,) = chunk.contents
    assert isinstance(letters, DeadLetterBatch)
    row = letters.frame.row(0, named=True)
    assert (row["reason"], row["payload"], row["payload_bytes"]) == ("oversized", b"x" * 100, 5000)


def test_decoding_by_a_decoder_that_fails_keeps_the_message() -> None:
    class Broken:
        name = "broken"
        filters: tuple[str, ...] = ("#",)

        def decode(self, _message: RawMessage, _devices: Devices) -> list[Record]:
            raise ZeroDivisionError

        def misplaced(self) -> dict[tuple[str, str], int]:
            return {}

        def unknown_fields(self) -> dict[tuple[str, str], int]:
            return {}

    chunk = MessageDecoding([Broken()], LAMPS, RecentRecords(10), 100).decode(
        [RawMessage("a", b"1")], NOW, caught_up=True
    )
    assert chunk.tally.reasons(Fate.DEAD_LETTERED) == {"unsupported": 1}


@pytest.mark.parametrize(
    ("ts", "quality", "measured_at"),
    [
        (NOW - 5 * 86_400_000, "ok", NOW - 5 * 86_400_000),
        (NOW + MINUTE, "ok", NOW + MINUTE),
        (NOW + MINUTE + 1, "bad", NOW),
        (None, "absent", NOW),
        (253_402_300_799_999, "bad", NOW),
        (0, "bad", NOW),
        ("0001-01-01T00:00:00+14:00", "bad", NOW),
    ],
)
def test_device_time_is_judged_by_how_far_ahead_it_is(
    ts: int | str | None, quality: str, measured_at: int
) -> None:
    frame = readings(decoding().decode([telemetry(ts=ts, seq=1)], NOW, caught_up=True))
    assert frame["time_quality"].to_list() == [quality]
    assert frame["measured_at"].dt.epoch("ms").to_list() == [measured_at]
    if not isinstance(ts, str):
        assert frame["device_time"].to_list() == [ts]


def test_device_clock_constantly_behind_is_bad_from_the_third_proof() -> None:
    decode = decoding()
    qualities = []
    for step in range(4):
        now = NOW + step * MINUTE
        chunk = decode.decode([telemetry(ts=now - 7 * 3_600_000, seq=step)], now, caught_up=True)
        qualities += readings(chunk)["time_quality"].to_list()
    assert qualities == ["ok", "ok", "bad", "bad"]


def test_device_clock_put_right_is_good_again() -> None:
    decode = decoding()
    for step in range(4):
        now = NOW + step * MINUTE
        decode.decode([telemetry(ts=now - 7 * 3_600_000, seq=step)], now, caught_up=True)
    now = NOW + 5 * MINUTE
    for seq in (10, 11):
        chunk = decode.decode([telemetry(ts=now, seq=seq)], now, caught_up=True)
    assert readings(chunk)["time_quality"].to_list() == ["ok"]
    assert decode.clocks.constantly_behind == []


def test_backlog_of_an_outage_is_late_and_never_bad() -> None:
    decode = decoding()
    qualities: set[str] = set()
    for step in range(10):
        now = NOW + step * 1000
        backlog = [
            telemetry(ts=NOW - 7_200_000 + (step * 60 + n) * 10_000, seq=step * 60 + n) for n in range(60)
        ]
        qualities |= set(readings(decode.decode(backlog, now, caught_up=True))["time_quality"].to_list())
    assert qualities == {"ok"}


def test_behind_while_catching_up_proves_nothing() -> None:
    decode = decoding()
    for step in range(5):
        now = NOW + step * MINUTE
        decode.decode([telemetry(ts=now - 7 * 3_600_000, seq=step)], now, caught_up=False)
    assert decode.clocks.constantly_behind == []


def test_device_clock_that_stands_still_is_bad_from_the_third_proof() -> None:
    decode = decoding()
    qualities = []
    for step in range(4):
        now = NOW + step * 5 * MINUTE
        chunk = decode.decode([telemetry(ts=NOW - 3_600_000, seq=step)], now, caught_up=True)
        qualities += readings(chunk)["time_quality"].to_list()
    assert qualities == ["ok", "ok", "bad", "bad"]


SENT = [
    telemetry(ts="2026-11-22T12:00:00.123456Z", seq=1, power_w=1),
    telemetry(ts=NOW, power_w=1),
    telemetry(ts=NOW, dim_pct=5),
    telemetry(power_w=3),
    telemetry(seq=9),
    telemetry(ts=0, seq=9),
    RawMessage(LAMP_TOPIC.replace("telemetry", "event"), b'{"type":"self-test","ts":1795348800000}'),
]
AGAIN = [RawMessage(message.topic, message.payload, duplicate=True) for message in SENT]


def test_duplicate_is_recognised_when_the_broker_sends_it_again() -> None:
    decode = decoding()
    assert decode.decode(SENT, NOW, caught_up=True).tally.of(Fate.DUPLICATES) == 0
    second = decode.decode(AGAIN, NOW, caught_up=True)
    assert second.tally.of(Fate.DUPLICATES) == len(SENT)
    assert second.contents == []


def test_duplicate_is_recognised_after_a_rebuild_from_the_journal() -> None:
    first = decoding().decode(SENT, NOW, caught_up=True)
    recent = RecentRecords(100)
    recent.rebuild(Entry(number, content) for number, content in enumerate(first.contents, 1))
    second = MessageDecoding([NativeDecoder()], LAMPS, recent, 1000).decode(AGAIN, NOW, caught_up=True)
    assert second.tally.of(Fate.DUPLICATES) == len(SENT)
    assert second.contents == []


@pytest.mark.parametrize("members", [{"power_w": 1.0}, {"seq": 0, "power_w": 80.0}, {"ts": 0, "seq": 0}])
def test_equal_readings_without_a_good_time_are_kept_unless_the_broker_repeats_them(members: Any) -> None:
    decode = decoding()
    first = decode.decode([telemetry(**members), telemetry(**members)], NOW, caught_up=True)
    second = decode.decode([telemetry(**members)], NOW + MINUTE, caught_up=True)
    assert (first.tally.of(Fate.DUPLICATES), second.tally.of(Fate.DUPLICATES)) == (0, 0)


def test_duplicates_of_long_arrays_are_recognised_over_as_many_messages() -> None:
    arrays = [
        RawMessage(LAMP_TOPIC, json.dumps([{"ts": NOW, "seq": n * 10 + k} for k in range(10)]).encode())
        for n in range(40)
    ]
    decode = decoding(window=40)
    decode.decode(arrays, NOW, caught_up=True)
    assert decode.decode(arrays, NOW, caught_up=True).tally.of(Fate.DUPLICATES) == 400


def test_recent_records_remembers_at_least_its_window_and_forgets_in_the_end() -> None:
    recent = RecentRecords(window=10)
    for number in range(30):
        assert recent.repeated(event_keys(["L1"], [str(number)])) == []
        recent.pass_messages(1)
    assert recent.repeated(event_keys(["L1", "L1"], ["25", "1"])) == [0]


def test_recent_records_knows_what_was_sent_again_when_it_comes_once_more() -> None:
    recent = RecentRecords(window=10)
    first = event_keys(["L1"], ["first"])
    assert recent.repeated(first) == []
    for number in range(50):  # a connection that is lost again and again
        recent.pass_messages(5)
        assert recent.repeated(event_keys(["L1"], [str(number)])) == []
        assert recent.repeated(first) == [0]


def test_unknown_speaker_is_named_beside_its_dead_letter_and_not_in_its_detail() -> None:
    vendor = RawMessage("tele/AABBCC/STATE", b"{}")
    native = RawMessage(LAMP_TOPIC.replace("TK-L-0001", "L9"), b"{}")
    decoding = MessageDecoding(decoders(), Registry([]), RecentRecords(10), 1000)
    (letters,) = decoding.decode([vendor, native], NOW, caught_up=True).contents
    assert isinstance(letters, DeadLetterBatch)
    assert letters.frame["identity"].to_list() == ["tasmota:AABBCC", "native:L9"]
    assert "AABBCC" not in letters.frame["detail"][0]


def test_decoding_uses_another_registry_from_the_next_message_on() -> None:
    decoding = MessageDecoding([NativeDecoder()], Registry([]), RecentRecords(10), 1000)
    before = decoding.decode([telemetry(ts=NOW, seq=1)], NOW, caught_up=True)
    decoding.use(LAMPS)
    after = decoding.decode([telemetry(ts=NOW, seq=1)], NOW, caught_up=True)
    assert (before.tally.of(Fate.DEAD_LETTERED), after.tally.of(Fate.DEAD_LETTERED)) == (1, 0)
    assert readings(after)["seq"].to_list() == [1]


@pytest.mark.parametrize("channel", ["telemetry", "event", "status"])
def test_decoding_of_what_a_passive_asset_says_is_a_dead_letter(channel: str) -> None:
    switch = Device(id="SW1", kind="switch", area="tam-ky")
    decoding = MessageDecoding([NativeDecoder()], Registry([switch]), RecentRecords(10), 1000)
    chunk = decoding.decode([RawMessage(f"ioc/v1/tam-ky/switch/SW1/{channel}", b"{}")], NOW, caught_up=True)
    assert chunk.tally.reasons(Fate.DEAD_LETTERED) == {"wrong_kind": 1}


def test_decoding_by_a_decoder_whose_route_fails_goes_the_slow_way() -> None:
    class Routeless(NativeDecoder):
        def route(self, topic: str, devices: Devices) -> Route | None:  # noqa: ARG002 - the protocol's
            raise KeyError(topic)

    decoding = MessageDecoding([Routeless()], LAMPS, RecentRecords(10), 1000)
    assert readings(decoding.decode([telemetry(ts=NOW, seq=1)], NOW, caught_up=True))["seq"].to_list() == [1]


def test_decoding_of_endless_topics_remembers_none_of_them() -> None:
    decoding = MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(10), 1000)
    long = [RawMessage(f"ioc/v1/{'x' * 60_000}{n}/a/b/telemetry", b"{}") for n in range(50)]
    tracemalloc.start()
    for message in long:
        decoding.decode([message], NOW, caught_up=True)
    gc.collect()
    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept_bytes < 60_000


def test_collector_of_some_areas_leaves_vendors_records_of_others_to_them() -> None:
    lamp = Device(
        id="L1",
        kind="streetlight",
        area="tam-ky",
        attributes={"rated_w": 60.0},
        vendor_ids=("tasmota:lamp-1",),
    )
    message = RawMessage("tele/lamp-1/STATE", b'{"POWER":"ON"}')
    chunks = [
        MessageDecoding(decoders(), Registry([lamp]), RecentRecords(10), 1000, areas=areas).decode(
            [message], NOW, caught_up=True
        )
        for areas in ({"tam-ky"}, {"ban-thach"}, ())
    ]
    assert [len(chunk.contents) for chunk in chunks] == [1, 0, 1]
    assert chunks[1].tally.reasons(Fate.IGNORED) == {"of_another_collector": 1}
    assert all(chunk.tally.of(Fate.RECEIVED) == 1 for chunk in chunks)
