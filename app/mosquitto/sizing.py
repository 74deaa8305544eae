"""How large the broker's queue must be, what that costs, and what a killed broker loses.

Measured on mosquitto 2.0.11 (two cores, November 2026): 100,000 queued messages of 270 bytes took 57 MB of
memory and 34 MB on disk; one save of them held the broker up for 0.05 to 0.08 s, because it always writes
everything.
"""

import math
from dataclasses import dataclass

__all__ = ["QueuePlan"]

_HEADROOM = 1.25
"""After an outage devices that stored and forwarded send faster than they usually do."""
_MEMORY_OVERHEAD_BYTES = 300
_DISK_OVERHEAD_BYTES = 70
_SAVE_BYTES_PER_S = 400_000_000
_LARGEST_SHARE_SAVING = 1 / 2
"""The broker does nothing else while it saves: with a full queue at most this share of its time."""
_LARGE_MESSAGES = 2
"""The queue may hold messages of twice the usual size before its limit of bytes is what counts."""


@dataclass(frozen=True, kw_only=True)
class QueuePlan:
    """A queue that takes `rate_per_s` messages for `outage_s` seconds while the collector is away.

    `message_bytes` is topic and payload of a usual message. `autosave_s` None: as short as a full queue lets
    it be.
    """

    rate_per_s: float
    outage_s: float
    message_bytes: int
    autosave_s: int | None = None

    @property
    def messages(self) -> int:
        """The most messages that wait for one client: rate x outage x 1.25."""
        return math.ceil(self.rate_per_s * self.outage_s * _HEADROOM)

    @property
    def limit_bytes(self) -> int:
        """The most bytes of payload that wait for one client."""
        return self.messages * self.message_bytes * _LARGE_MESSAGES

    @property
    def memory_bytes(self) -> int:
        """What a full queue takes in memory."""
        return self.messages * (self.message_bytes + _MEMORY_OVERHEAD_BYTES)

    @property
    def disk_bytes(self) -> int:
        """What a full queue takes on disk; while it saves, the old copy and the new one are there."""
        return self.messages * (self.message_bytes + _DISK_OVERHEAD_BYTES)

    @property
    def save_s(self) -> float:
        """How long one save of a full queue holds the broker up."""
        return self.disk_bytes / _SAVE_BYTES_PER_S

    @property
    def interval_s(self) -> int:
        """Seconds of `autosave_interval`."""
        if self.autosave_s is not None:
            return self.autosave_s
        return max(1, math.ceil(self.save_s / _LARGEST_SHARE_SAVING))

    @property
    def is_saving_too_much(self) -> bool:
        """Whether with a full queue the broker would be busy saving for more than half of its time."""
        return self.save_s > self.interval_s * _LARGEST_SHARE_SAVING

    @property
    def loss_s(self) -> float:
        """The most seconds that are lost when the broker is killed (-9) with a full queue.

        mosquitto compares whole seconds and saves when more than the interval has passed: one second later.
        """
        return self.interval_s + 1 + self.save_s
