"""Where the service's time comes from: a parameter, never a global."""

import threading
import time
from typing import Protocol

__all__ = ["Clock", "SteppedClock", "SystemClock", "milliseconds"]


class Clock(Protocol):
    """Gives the present moment of the city, in milliseconds since the epoch, UTC."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00Z."""
        ...


def milliseconds(seconds: float) -> int:
    """Whole milliseconds in a number of seconds, rounded to the nearest."""
    return round(seconds * 1000)


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00Z by the machine's clock."""
        return time.time_ns() // 1_000_000


class SteppedClock:
    """A clock that stands still until somebody moves it; for simulation, replay and tests.

    Safe to read from any thread. It never goes back: the row keys and the idle clock of the service
    depend on received times that do not fall.
    """

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00Z of the last step."""
        return self._now_ms

    def step_to(self, at_ms: int) -> None:
        """Move to a later moment.

        Raises:
            ValueError: the moment lies before the present one.
        """
        with self._lock:
            if at_ms < self._now_ms:
                raise ValueError(f"a clock never goes back: it is {self._now_ms}, asked for {at_ms}")
            self._now_ms = at_ms
