"""What wrong clocks show."""

from functools import lru_cache

from devices.durations import parse_duration_ms
from simulators.effects import Effect

__all__ = ["clock_error_ms"]

_MS_PER_H = 3_600_000


def clock_error_ms(effect: Effect, at_ms: int) -> int:
    """How wrong a clock is at a moment by an effect of it; 0 outside of its time."""
    if not effect.from_ms <= at_ms < effect.to_ms:
        return 0
    ahead_ms, per_hour_ms = _clock_detail(effect.detail)
    return ahead_ms + per_hour_ms * (at_ms - effect.from_ms) // _MS_PER_H


@lru_cache(maxsize=256)
def _clock_detail(detail: str) -> tuple[int, int]:
    """A constant error and a growing one, the latter in ms for each hour."""
    amount_ms = parse_duration_ms(detail.removesuffix("/h"), signed=True)
    return (0, amount_ms) if detail.endswith("/h") else (amount_ms, 0)
