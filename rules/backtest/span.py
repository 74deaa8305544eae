"""The time that a backtest is about."""

from dataclasses import dataclass

__all__ = ["Span"]


@dataclass(frozen=True)
class Span:
    """The received times of a backtest, epoch ms: warmed up first, judged in [`from_ms`, `to_ms`)."""

    warm_from_ms: int
    from_ms: int
    to_ms: int
