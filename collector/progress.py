"""How far behind the present a consumer is, in time."""

from collections import deque

__all__ = ["Progress"]

_EVERY_MS = 1_000
_KEPT = 100_000


class Progress:
    """Remembers when entries came, one a second, for as long as a consumer may ask (a day)."""

    def __init__(self) -> None:
        self._came: deque[tuple[int, int]] = deque(maxlen=_KEPT)

    def note(self, number: int, received_at_ms: int) -> None:
        """Take note that the journal reached an entry at a moment (epoch ms)."""
        if not self._came or received_at_ms - self._came[-1][1] >= _EVERY_MS:
            self._came.append((number, received_at_ms))

    def behind_ms(self, position: int, now_ms: int) -> int:
        """Age of the oldest noted entry that a consumer at that position has not passed; 0 without any."""
        for number, received_at_ms in self._came.copy():  # metrics ask from another thread
            if number > position:
                return max(0, now_ms - received_at_ms)
        return 0

    def forget(self, position: int) -> None:
        """Drop what every consumer has passed."""
        while self._came and self._came[0][0] <= position:
            self._came.popleft()
