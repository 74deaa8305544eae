"""How often one caller may ask: a bucket of tokens for each, in this process."""

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

__all__ = ["Limiter", "Limits"]

_MOST_BUCKETS = 10_000
_MS_A_SECOND = 1_000


class Limiter:
    """Lets each caller ask `burst` times at once and `per_s` times a second in the long run; 0 is no limit.

    It remembers the callers that asked last, so that many names cannot fill the memory.
    """

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, who: str, now_ms: int) -> int:
        """0 where the caller may ask now; otherwise the whole seconds after which they may."""
        if not self._per_s:
            return 0
        with self._lock:
            tokens, then_ms = self._buckets.pop(who, (float(self._burst), now_ms))
            grown = tokens + max(now_ms - then_ms, 0) * self._per_s / _MS_A_SECOND
            tokens = min(grown, self._burst)
            may = tokens >= 1
            self._buckets[who] = (tokens - 1 if may else tokens, now_ms)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        return 0 if may else max(1, math.ceil((1 - tokens) / self._per_s))


@dataclass(frozen=True)
class Limits:
    """How often those may ask who are known, and how often somebody unknown may try from one address."""

    known: Limiter = field(default_factory=lambda: Limiter(per_s=100, burst=1_000))
    unknown: Limiter = field(default_factory=lambda: Limiter(per_s=1, burst=60))
