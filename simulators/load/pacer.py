"""How much may be sent now."""

from collections.abc import Callable

__all__ = ["Pacer"]

_AT_ONCE = 512
_CATCH_UP_S = 0.25
_SHORTEST_WAIT_S = 0.001  # shorter ones would wake a process for every message


class Pacer:
    """Keeps a rate (messages a second; None is no limit) by a clock in seconds; catches up only a little."""

    def __init__(self, rate_per_s: float | None, monotonic: Callable[[], float]) -> None:
        self._rate_per_s = rate_per_s
        self._monotonic = monotonic
        self._from_s = monotonic()
        self._sent = 0

    def allowed(self, turns: int) -> int:
        """Messages for one of so many turns; 0 is: wait."""
        if self._rate_per_s is None:
            return _AT_ONCE
        due = self._due()
        return min(_AT_ONCE, max(due // max(1, turns), min(due, 1)))

    def sent(self, count: int) -> None:
        """So many went out."""
        self._sent += count

    def wait_s(self) -> float:
        """How long until a message is due."""
        if self._rate_per_s is None:
            return 0.0
        due_s = (self._sent + 1) / self._rate_per_s - (self._monotonic() - self._from_s)
        return max(_SHORTEST_WAIT_S, due_s)

    def _due(self) -> int:
        """Messages that should be out by now and are not."""
        if self._rate_per_s is None:
            return _AT_ONCE
        late_s = self._monotonic() - self._from_s - self._sent / self._rate_per_s
        if late_s > _CATCH_UP_S:
            # What was missed is missed: a load after a stall is the load asked for, not a flood.
            self._from_s += late_s - _CATCH_UP_S
        return int(min(late_s, _CATCH_UP_S) * self._rate_per_s)
