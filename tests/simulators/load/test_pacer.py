"""The rate, on a clock of our own."""

from simulators.load.pacer import Pacer


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_pacer_allows_what_is_due() -> None:
    clock = Clock()
    pacer = Pacer(1000.0, clock)
    assert pacer.allowed(1) == 0
    clock.now_s += 0.0505
    assert pacer.allowed(1) == 50
    assert pacer.allowed(10) == 5
    pacer.sent(50)
    assert pacer.allowed(1) == 0
    assert pacer.wait_s() > 0


def test_pacer_with_less_due_than_turns_allows_one() -> None:
    clock = Clock()
    pacer = Pacer(1000.0, clock)
    clock.now_s += 0.0035
    assert pacer.allowed(100) == 1


def test_pacer_after_a_stall_does_not_flood() -> None:
    clock = Clock()
    pacer = Pacer(1000.0, clock)
    clock.now_s += 60.0
    sent = 0
    while allowed := pacer.allowed(1):
        pacer.sent(allowed)
        sent += allowed
    assert 240 <= sent <= 251


def test_pacer_without_a_rate_allows_always() -> None:
    pacer = Pacer(None, Clock())
    pacer.sent(10**9)
    assert pacer.allowed(1) > 0
    assert pacer.wait_s() == 0
