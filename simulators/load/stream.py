"""What one connection publishes: its devices in turn, as ready frames."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat

from devices.mqtt_encoding import encode_publish
from devices.mqtt_wire import LARGEST_ID
from simulators.load.ledger import Run
from simulators.load.messages import FIRST_SEQ, DeviceMessages, stamp

__all__ = ["Chunk", "MessageStream"]

Chunk = tuple[Run, bytes]
"""A run of messages and their frames."""

_PACKET_IDS = [number.to_bytes(2, "big") for number in range(1, LARGEST_ID + 1)]
_NO_PROPERTIES = b"\0"


class MessageStream:
    """Frames of a connection's devices: all in turn with one number, then all with the next.

    `first` is the place of the first device in the whole list, `stride` how far the next is from it. Runs
    that are put back (a connection was lost) come again first, with the time and number they had.
    """

    def __init__(
        self, devices: Sequence[DeviceMessages], *, first: int, stride: int, qos: int, limit: int | None
    ) -> None:
        self._tails = list(zip(*(device.tails for device in devices), strict=True))
        self._heads = [
            [_head(device.topic, tail, qos) for device, tail in zip(devices, tails, strict=True)]
            for tails in self._tails
        ]
        self._size = len(devices)
        self._first = first
        self._stride = stride
        self._qos = qos
        self._left = limit
        self._place = 0
        self._round = 0
        self._newest_ms = self._before_ms = 0
        self._again: deque[Run] = deque()

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing is left to publish."""
        return self._left == 0 and not self._again

    def take(self, most: int, packet_id: int, now: Callable[[], int]) -> Chunk:
        """At most so many messages of one run, numbered from `packet_id` (1 to 65,535) on at QoS 1.

        A run never goes beyond the last packet id, nor beyond the last device.
        """
        run = self._next_run(min(most, LARGEST_ID + 1 - packet_id) if self._qos else most, now)
        begin = (run.first - self._first) // self._stride
        return run, self._frames(run, begin, packet_id)

    def put_back(self, runs: Sequence[Run]) -> None:
        """Let these be published again, in their order, before anything new."""
        self._again.extendleft(reversed(runs))

    def _next_run(self, most: int, now: Callable[[], int]) -> Run:
        if self._again:
            run = self._again.popleft()
            if run.length > most:
                rest = run._replace(first=run.first + most * self._stride, length=run.length - most)
                self._again.appendleft(rest)
                run = run._replace(length=most)
            return run
        count = min(most, self._size - self._place)
        if self._left is not None:
            count = min(count, self._left)
            self._left -= count
        # No device speaks twice in a millisecond, however few there are: a time names one reading of it.
        self._newest_ms = max(now(), self._newest_ms, self._before_ms + 1)
        run = Run(self._first + self._place * self._stride, count, self._newest_ms, FIRST_SEQ + self._round)
        self._place += count
        if self._place == self._size:
            self._place, self._round, self._before_ms = 0, self._round + 1, self._newest_ms
        return run

    def _frames(self, run: Run, begin: int, packet_id: int) -> bytes:
        end = begin + run.length
        variant = (run.seq - FIRST_SEQ) % len(self._tails)
        middle = _NO_PROPERTIES + stamp(run.ts_ms, run.seq)
        pieces: list[bytes] = [b""] * (4 * run.length)
        pieces[0::4] = self._heads[variant][begin:end]
        if self._qos:
            pieces[1::4] = _PACKET_IDS[packet_id - 1 : packet_id - 1 + run.length]
        pieces[2::4] = repeat(middle, run.length)
        pieces[3::4] = self._tails[variant][begin:end]
        return b"".join(pieces)


def _head(topic: str, tail: bytes, qos: int) -> bytes:
    """Everything of a frame before its packet id."""
    payload = stamp(10**12, FIRST_SEQ) + tail
    frame = encode_publish(topic, payload, qos)
    return frame[: len(frame) - len(payload) - len(_NO_PROPERTIES) - 2 * qos]
