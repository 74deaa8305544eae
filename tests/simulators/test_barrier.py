import asyncio
import threading
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from simulators.barrier import DeliveryBarrier

FOR_EVER_S = 60.0


def test_wait_with_nothing_sent_returns_at_once() -> None:
    assert asyncio.run(DeliveryBarrier().wait(FOR_EVER_S)) == 0


@given(st.permutations([("a", b"1"), ("a", b"1"), ("a", b"2"), ("b", b"1")]))
def test_wait_after_all_was_seen_in_any_order_returns_at_once(order: Sequence[tuple[str, bytes]]) -> None:
    barrier = DeliveryBarrier()
    for message in order:
        barrier.sent(*message)
    assert barrier.outstanding == 4
    for message in reversed(order):
        barrier.seen(*message)
    assert barrier.outstanding == 0
    assert asyncio.run(barrier.wait(FOR_EVER_S)) == 0


def test_duplicate_must_be_seen_twice() -> None:
    barrier = DeliveryBarrier()
    barrier.sent("a", b"1")
    barrier.sent("a", b"1")
    barrier.seen("a", b"1")
    assert barrier.outstanding == 1


def test_messages_that_nobody_announced_are_passed_over() -> None:
    barrier = DeliveryBarrier()
    barrier.sent("a", b"1")
    barrier.seen("a", b"stranger")
    barrier.seen("a", b"1")
    barrier.seen("a", b"1")
    assert barrier.outstanding == 0


def test_wait_past_its_time_counts_and_forgets_what_is_missing() -> None:
    barrier = DeliveryBarrier()
    barrier.sent("a", b"1")
    barrier.sent("a", b"2")
    barrier.seen("a", b"1")
    assert asyncio.run(barrier.wait(0)) == 1
    assert barrier.outstanding == 0
    barrier.seen("a", b"2")
    assert barrier.outstanding == 0
    assert asyncio.run(barrier.wait(FOR_EVER_S)) == 0


def test_wait_ends_when_another_thread_sees_the_last_message() -> None:
    barrier = DeliveryBarrier()
    messages = [("topic", str(number).encode()) for number in range(1000)]

    def see(part: Sequence[tuple[str, bytes]]) -> None:
        for message in part:
            barrier.seen(*message)

    async def scenario() -> int:
        for message in messages:
            barrier.sent(*message)
        halves = [threading.Thread(target=see, args=(part,)) for part in (messages[:500], messages[500:])]
        waiting = asyncio.create_task(barrier.wait(FOR_EVER_S))
        await asyncio.sleep(0)
        for thread in halves:
            thread.start()
        missing = await waiting
        for thread in halves:
            thread.join()
        return missing

    assert asyncio.run(scenario()) == 0


def test_seen_after_the_waiting_loop_was_closed_does_no_harm() -> None:
    barrier = DeliveryBarrier()
    barrier.sent("a", b"1")

    async def give_up() -> None:
        waiting = asyncio.create_task(barrier.wait(FOR_EVER_S))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(give_up())
    barrier.seen("a", b"1")
    assert barrier.outstanding == 0
