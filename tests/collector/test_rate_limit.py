import json
from collections.abc import Sequence

import pytest

from collector.decoding import Chunk, MessageDecoding
from collector.duplicates import RecentRecords
from collector.fates import Fate
from collector.rate_limit import RateLimit
from devices.batch import ReadingBatch
from devices.decoders.native import NativeDecoder
from devices.messages import RawMessage
from devices.registry import Device, Registry
from devices.stream import DeadLetterBatch

NOW = 1_795_348_800_000
INTERVAL_MS = 60_000
LAMPS = Registry(
    Device(id=f"L{n}", kind="streetlight", area="tam-ky", interval_s=60.0, attributes={"rated_w": 60.0})
    for n in (1, 2)
)


def decoding() -> MessageDecoding:
    return MessageDecoding([NativeDecoder()], LAMPS, RecentRecords(100_000), 16_384)


def lamp(number: int, ts: int, seq: int) -> RawMessage:
    body = json.dumps({"ts": ts, "seq": seq, "power_w": 1.5}).encode()
    return RawMessage(f"ioc/v1/tam-ky/streetlight/L{number}/telemetry", body)


def written(chunks: Sequence[Chunk], device: str) -> int:
    return sum(
        content.frame["device"].to_list().count(device)
        for chunk in chunks
        for content in chunk.contents
        if isinstance(content, ReadingBatch)
    )


def flood(factor: int, minutes: int) -> list[Chunk]:
    """Lamp 1 at `factor` times its rate in real time, lamp 2 at its own; a batch for each second."""
    decode = decoding()
    step_ms = INTERVAL_MS // factor
    chunks = []
    for second in range(60 * minutes):
        now = NOW + second * 1000
        ours = [lamp(1, at, at) for at in range(now - now % step_ms, now + 1000, step_ms) if at >= now]
        theirs = [lamp(2, now, now)] if second % 60 == 0 else []
        chunks.append(decode.decode([*ours, *theirs], now + 1000, caught_up=True))
    return chunks


def test_device_at_a_hundred_times_its_rate_is_limited_and_the_other_is_not() -> None:
    chunks = flood(factor=100, minutes=10)
    limited = sum(chunk.tally.reasons(Fate.DEAD_LETTERED).get("rate_limited", 0) for chunk in chunks)
    assert written(chunks, "L2") == 10
    assert limited + written(chunks, "L1") == 1000
    # A minute or two until it is known, a burst, then twenty a minute.
    assert 550 <= limited <= 750


@pytest.mark.parametrize("factor", [1, 5, 15])
def test_device_that_is_only_chatty_is_not_limited(factor: int) -> None:
    chunks = flood(factor=factor, minutes=10)
    assert written(chunks, "L1") == 10 * factor


def test_backlog_of_a_device_is_not_limited_however_fast_it_comes() -> None:
    decode = decoding()
    start = NOW - 50_000 * INTERVAL_MS
    stored = [lamp(1, start + n * INTERVAL_MS, n) for n in range(50_000)]
    chunks = [
        decode.decode(stored[first : first + 2_000], NOW, caught_up=False)
        for first in range(0, 50_000, 2_000)
    ]
    assert written(chunks, "L1") == 50_000
    assert not decode.rates.suspects


def test_excess_is_kept_in_native_form_so_that_it_can_be_replayed() -> None:
    decode = decoding()
    burst = [lamp(1, NOW + n, n) for n in range(40_000)]
    chunks = [
        decode.decode(burst[first : first + 1_000], NOW, caught_up=True) for first in range(0, 40_000, 1_000)
    ]
    letters = [c for chunk in chunks for c in chunk.contents if isinstance(c, DeadLetterBatch)]
    row = letters[0].frame.row(0, named=True)
    assert row["reason"] == "rate_limited"
    assert "'L1'" in row["detail"]
    again = decoding().decode([RawMessage(row["topic"], row["payload"])], NOW, caught_up=True)
    assert written([again], "L1") == 1
    assert decode.rates.limited["L1"] == sum(letter.frame.height for letter in letters)


def test_device_that_behaves_again_is_let_out() -> None:
    decode = decoding()
    for second in range(60):
        messages = [lamp(1, NOW + second * 1000 + n, second * 1000 + n) for n in range(1000)]
        decode.decode(messages, NOW + second * 1000, caught_up=True)
    assert decode.rates.suspects == {"L1"}
    for minute in range(2, 10):
        now = NOW + minute * INTERVAL_MS
        decode.decode([lamp(1, now, 10**6 + minute)], now, caught_up=True)
    assert not decode.rates.suspects


def test_limit_can_be_set() -> None:
    decode = MessageDecoding(
        [NativeDecoder()], LAMPS, RecentRecords(100), 16_384, RateLimit(factor=1.0, burst=1)
    )
    times = range(NOW, NOW + 20 * INTERVAL_MS, INTERVAL_MS)
    chunks = [
        decode.decode([lamp(1, now + n, now + n) for n in range(10)], now, caught_up=True) for now in times
    ]
    assert written(chunks, "L1") < 60
