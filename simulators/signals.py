"""Traffic lights: what a signal shows, as a function of time."""

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

__all__ = ["SignalPlan", "moment_within"]

_AMBER_MS = 3_000
_GREEN_S = (25, 60)
_RED_S = (25, 60)
_MS_PER_S = 1000

_Span = tuple[int, int]


class SignalPlan(NamedTuple):
    """A fixed cycle: green, three seconds of amber, red; a green began `offset_ms` after the epoch."""

    green_ms: int
    red_ms: int
    offset_ms: int

    @classmethod
    def of(cls, random: Random) -> "SignalPlan":
        """A plan as junctions of a town have them."""
        green_ms = random.randint(*_GREEN_S) * _MS_PER_S
        red_ms = random.randint(*_RED_S) * _MS_PER_S
        return cls(green_ms, red_ms, random.randint(0, green_ms + red_ms))

    @property
    def cycle_ms(self) -> int:
        """From one green to the next."""
        return self.green_ms + _AMBER_MS + self.red_ms

    def shows(self, at_ms: int) -> tuple[str, float | None]:
        """The colour, and for how many seconds it has been red if it is."""
        into_ms = (at_ms - self.offset_ms) % self.cycle_ms
        if into_ms < self.green_ms:
            return "green", None
        if into_ms < self.green_ms + _AMBER_MS:
            return "amber", None
        return "red", round((into_ms - self.green_ms - _AMBER_MS) / _MS_PER_S, 1)

    def passable(self, from_ms: int, to_ms: int) -> Sequence[_Span]:
        """The times of green and amber between two moments."""
        return list(self._within(from_ms, to_ms, 0, self.green_ms + _AMBER_MS))

    def forbidden(self, from_ms: int, to_ms: int, after_ms: int) -> Sequence[_Span]:
        """The times of red between two moments, without the first `after_ms` of each."""
        return list(self._within(from_ms, to_ms, self.green_ms + _AMBER_MS + after_ms, self.cycle_ms))

    def _within(self, from_ms: int, to_ms: int, begins_ms: int, ends_ms: int) -> Iterator[_Span]:
        cycle_ms = from_ms - (from_ms - self.offset_ms) % self.cycle_ms
        while cycle_ms < to_ms:
            span = (max(from_ms, cycle_ms + begins_ms), min(to_ms, cycle_ms + ends_ms))
            if span[0] < span[1]:
                yield span
            cycle_ms += self.cycle_ms


def moment_within(spans: Iterable[_Span], random: Random) -> int | None:
    """A moment of one of the spans, all equally likely; None if there is no time in them."""
    listed = list(spans)
    left_ms = int(random.random() * sum(to_ms - from_ms for from_ms, to_ms in listed))
    for from_ms, to_ms in listed:
        if left_ms < to_ms - from_ms:
            return from_ms + left_ms
        left_ms -= to_ms - from_ms
    return None
