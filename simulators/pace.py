"""How fast simulated time passes."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["FixedPace", "Pace", "UntilNight"]

_NIGHT = time(20, 0)
_FAST = 60.0


class Pace(Protocol):
    """Decides the speed."""

    def speed_at(self, at_ms: int) -> float:
        """Simulated seconds per real second at a simulated moment (epoch ms); positive."""
        ...


def _check_speed(speed: float) -> None:
    if not speed > 0:
        raise ValueError(f"a speed is a positive number of simulated seconds per second, got {speed!r}")


@dataclass(frozen=True)
class FixedPace:
    """Always the same speed; infinity is as fast as the machine can.

    Raises:
        ValueError: the speed is not positive.
    """

    speed: float

    def __post_init__(self) -> None:
        """Refuse standing still."""
        _check_speed(self.speed)

    def speed_at(self, at_ms: int) -> float:  # noqa: ARG002 - part of the protocol
        """The speed."""
        return self.speed


@dataclass(frozen=True, kw_only=True)
class UntilNight:
    """Fast until the first 20:00 local after the origin, then for good as life is.

    Raises:
        ValueError: the speed is not positive.
    """

    origin_ms: int
    zone: ZoneInfo
    fast: float = _FAST
    _night_ms: int = field(init=False)

    def __post_init__(self) -> None:
        """Work out when that night begins."""
        _check_speed(self.fast)
        origin = datetime.fromtimestamp(self.origin_ms / 1000, self.zone)
        day = origin.date() + timedelta(days=origin.time() >= _NIGHT)
        night = datetime.combine(day, _NIGHT, self.zone)
        object.__setattr__(self, "_night_ms", round(night.timestamp() * 1000))

    def speed_at(self, at_ms: int) -> float:
        """The fast speed before that night, 1 from then on."""
        return self.fast if at_ms < self._night_ms else 1.0
