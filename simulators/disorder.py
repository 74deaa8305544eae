"""How unreliable devices and their way to the broker are, and which device has which bad habit."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from devices.clock import milliseconds
from simulators.randomness import Chance, stable_seed

__all__ = ["Disorder", "Habits", "Span"]

_MS_PER_DAY = 86_400_000
_RESYNC_MS = 6 * 3_600_000
_DRIFT_LIMIT_S = 30.0  # a time more than 60 s ahead would be a wrong clock, which is a fault and not a habit
_MOST = 20  # readings in one message, which has a limit of bytes
_SHARES = ("late_share", "duplicate_share", "drift_share", "chatty_share", "batch_share", "outage_share")
_POSITIVE = ("late_max_s", "drift_max_s", "outage_max_s")
_COUNTS = ("chatty_factor", "batch_size")

Span = tuple[int, int]
"""From (inside) to (outside), epoch ms."""


class Disorder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares of messages and of devices that are not what one would like, from 0 to 1.

    Of the messages, `late_share` arrive up to `late_max_s` after they were made, so that others overtake
    them; `duplicate_share` arrive a second time, byte for byte the same, up to `late_max_s` after the first.

    Of the devices, `drift_share` have a clock that runs up to `drift_max_s` fast or slow until it is set
    again, every six hours; `chatty_share` report `chatty_factor` times as often and say things that nobody
    asked for; `batch_share` measure `batch_size` times in an interval and publish all of it as one array;
    `outage_share` lose their connection once a day for up to `outage_max_s`, keep what they measure and send
    it in order afterwards, half of them as arrays, half as single messages.

    Raises:
        ValueError: with the name and the value.
    """

    late_share: float = 0.005
    duplicate_share: float = 0.005
    late_max_s: float = 20.0
    drift_share: float = 0.0
    drift_max_s: float = 2.0
    chatty_share: float = 0.0
    chatty_factor: int = 5
    batch_share: float = 0.0
    batch_size: int = 5
    outage_share: float = 0.0
    outage_max_s: float = 1800.0

    def __post_init__(self) -> None:
        """Refuse shares that are none, spans that do not pass, and clocks so wrong that they are a fault."""
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is between 0 and 1, got {getattr(self, name)!r}")
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is a positive number of seconds, got {getattr(self, name)!r}")
        for name in _COUNTS:
            if not 1 <= getattr(self, name) <= _MOST:
                raise ValueError(f"{name} is a number from 1 to {_MOST}, got {getattr(self, name)!r}")
        if self.drift_max_s > _DRIFT_LIMIT_S:
            raise ValueError(f"drift_max_s is at most {_DRIFT_LIMIT_S}, got {self.drift_max_s!r}")


@dataclass(frozen=True, slots=True)
class Habits:
    """What one device does differently.

    `reports` is how many it makes in its interval, `batch` how many readings it puts into each; its clock
    drifts by `drift_ms` until it is set again, and once a day it is cut off for `outage_ms`.
    """

    reports: int = 1
    batch: int = 1
    is_chatty: bool = False
    drift_ms: int = 0
    outage_ms: int = 0
    seed: int = 0

    @classmethod
    def of(cls, disorder: Disorder, seed: int, device_id: str) -> "Habits":
        """The habits of a device: the same for the same seed, whatever other devices there are."""
        own_seed = stable_seed(seed, "habits", device_id)
        chance = Chance(own_seed)
        is_chatty = chance.random() < disorder.chatty_share
        batches = chance.random() < disorder.batch_share and not is_chatty
        drift = (2 * chance.random() - 1) if chance.random() < disorder.drift_share else 0.0
        outage = (1 + 2 * chance.random()) / 3 if chance.random() < disorder.outage_share else 0.0
        return cls(
            reports=disorder.chatty_factor if is_chatty else 1,
            batch=disorder.batch_size if batches else 1,
            is_chatty=is_chatty,
            drift_ms=milliseconds(drift * disorder.drift_max_s),
            outage_ms=milliseconds(outage * disorder.outage_max_s),
            seed=own_seed,
        )

    @property
    def sends_arrays(self) -> bool:
        """Whether a backlog comes as arrays and not message by message."""
        return self.seed % 2 == 0

    def clock_error_ms(self, at_ms: int) -> int:
        """How far the clock has drifted since it was last set; behind is negative."""
        return self.drift_ms * ((at_ms + self.seed) % _RESYNC_MS) // _RESYNC_MS

    def outages(self, from_ms: int, to_ms: int) -> Iterator[Span]:
        """The outages that touch a span of time, in their order."""
        if not self.outage_ms:
            return
        for day in range(from_ms // _MS_PER_DAY, to_ms // _MS_PER_DAY + 1):
            begins_ms = day * _MS_PER_DAY + stable_seed(self.seed, day) % (_MS_PER_DAY - self.outage_ms)
            if begins_ms < to_ms and begins_ms + self.outage_ms > from_ms:
                yield begins_ms, begins_ms + self.outage_ms
