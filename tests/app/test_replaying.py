from collections.abc import Mapping, Sequence

from app.replaying import ReplaySource
from devices.clock import SteppedClock
from devices.messages import RawMessage
from store.operations.dead_letters import DeadLetter, ReplayState
from store.operations.errors import OperationsUnavailableError
from tests.collector.support import ScriptedSource, telemetry

JOURNAL = "journal-1"


class MemoryReplays:
    def __init__(self, *rows: int) -> None:
        self.rows = list(rows)
        self.finished: dict[int, ReplayState] = {}
        self.asked = 0
        self.is_away = False

    def waiting(self, journal: str, limit: int) -> Sequence[DeadLetter]:
        assert journal == JOURNAL
        self.asked += 1
        if self.is_away:
            raise OperationsUnavailableError("away")
        return [letter(row) for row in self.rows if row not in self.finished][:limit]

    def finish(self, outcomes: Mapping[int, ReplayState], *, at_ms: int) -> None:
        assert at_ms == 5_000
        self.finished |= outcomes


def letter(row: int) -> DeadLetter:
    return DeadLetter(
        row=row, reason="schema", detail="", topic="t", payload=b"%d" % row, payload_bytes=1, received_at_ms=7
    )


def source_over(live: ScriptedSource, replays: MemoryReplays, now_s: list[float]) -> ReplaySource:
    return ReplaySource(live, replays, JOURNAL, SteppedClock(5_000), lambda: now_s[0])


async def round_of(source: ReplaySource) -> list[bytes]:
    """What the intake would put into one commit, acknowledged."""
    messages = await source.receive(100, 0.5)
    messages += await source.receive(100, 0.0)
    source.acknowledge(messages)
    return [message.payload for message in messages]


async def test_rounds_of_letters_and_of_live_messages_take_turns_and_never_mix() -> None:
    live = ScriptedSource([telemetry(seq=1)], [telemetry(seq=2)], [telemetry(seq=3)])
    replays = MemoryReplays(1, 2)
    source = source_over(live, replays, [0.0])
    rounds = [await round_of(source) for _ in range(4)]
    assert rounds == [[b"1", b"2"], [b'{"seq": 1}'], [b'{"seq": 2}'], [b'{"seq": 3}']]
    assert replays.finished == dict.fromkeys((1, 2), ReplayState.GOOD)
    assert [message.payload for message in live.acknowledged] == [b'{"seq": 1}', b'{"seq": 2}', b'{"seq": 3}']


async def test_store_without_letters_is_asked_once_a_second() -> None:
    replays, now_s = MemoryReplays(), [0.0]
    source = source_over(ScriptedSource(), replays, now_s)
    for _ in range(5):
        assert await round_of(source) == []
    assert replays.asked == 1
    now_s[0] = 1.0
    await round_of(source)
    assert replays.asked == 2


async def test_store_that_is_away_holds_up_no_live_message() -> None:
    replays = MemoryReplays(1)
    replays.is_away = True
    now_s = [0.0]
    source = source_over(ScriptedSource([telemetry(seq=1)]), replays, now_s)
    assert await round_of(source) == [b'{"seq": 1}']
    replays.is_away, now_s[0] = False, 1.0
    assert await round_of(source) == [b"1"]


async def test_letters_not_journaled_come_again() -> None:
    replays = MemoryReplays(1)
    first = source_over(ScriptedSource(), replays, [0.0])
    taken: list[RawMessage] = await first.receive(100, 0.5)
    assert [message.payload for message in taken] == [b"1"]
    again = source_over(ScriptedSource(), replays, [0.0])
    assert await round_of(again) == [b"1"]
