import asyncio
from collections.abc import Sequence

from app.scoring_player import WholeSteps
from devices.messages import RawMessage
from simulators.barrier import DeliveryBarrier


class Trickle:
    """A source from which messages come one at a time."""

    is_subscribed = True

    def __init__(self, *messages: RawMessage) -> None:
        self.coming = list(messages)
        self.acknowledged: list[RawMessage] = []

    async def receive(self, limit: int, timeout_s: float) -> list[RawMessage]:  # noqa: ARG002 - the protocol's
        await asyncio.sleep(0)
        return [self.coming.pop(0)] if self.coming and limit else []

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        self.acknowledged += messages


MESSAGES = [RawMessage(f"t/{number}", b"{}") for number in range(5)]


def announced(*messages: RawMessage) -> DeliveryBarrier:
    barrier = DeliveryBarrier()
    for message in messages:
        barrier.sent(message.topic, message.payload)
    return barrier


async def test_step_is_handed_over_as_a_whole() -> None:
    source = WholeSteps(Trickle(*MESSAGES), announced(*MESSAGES))
    assert await source.receive(100, 0.1) == MESSAGES


async def test_step_that_is_too_large_is_handed_over_in_parts() -> None:
    source = WholeSteps(Trickle(*MESSAGES), announced(*MESSAGES))
    assert await source.receive(3, 0.1) == MESSAGES[:3]
    assert await source.receive(3, 0.1) == MESSAGES[3:]


async def test_nothing_more_is_awaited_while_a_step_is_being_journaled() -> None:
    barrier = announced(*MESSAGES)
    source = WholeSteps(Trickle(*MESSAGES), barrier)
    taken = await source.receive(100, 0.1)
    assert await source.receive(100, 0.0) == []
    source.acknowledge(taken)
    assert (barrier.outstanding, await source.receive(100, 0.0)) == (0, [])


async def test_city_goes_on_when_the_step_is_acknowledged() -> None:
    barrier = announced(*MESSAGES)
    source = WholeSteps(Trickle(*MESSAGES), barrier)
    taken = await source.receive(100, 0.1)
    assert barrier.outstanding == 5
    source.acknowledge(taken)
    assert await barrier.wait(0) == 0
