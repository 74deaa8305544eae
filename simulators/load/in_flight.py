"""Messages that a connection has published and the broker has not yet acknowledged.

A broker acknowledges in the order of publication (MQTT 5.0, section 4.6), so a queue of runs is enough.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from devices.errors import MqttPacketError
from devices.mqtt_encoding import encode_pubacks
from devices.mqtt_packets import REFUSED, Disconnect, Pingresp, Puback, decode, frame_at
from devices.mqtt_wire import LARGEST_ID
from simulators.load.ledger import Run

__all__ = ["Counts", "InFlight"]

_AT_ONCE = 1_024
_SHORT = 2
_NO_SUBSCRIBERS = b"\x10"
_IDS = range(1, LARGEST_ID + 1)
# All acknowledgements there can be, in their order: what arrives is compared with a stretch of them at once.
_PLAIN = encode_pubacks(_IDS)
_UNHEARD = b"".join(b"\x40\x03" + number.to_bytes(2, "big") + _NO_SUBSCRIBERS for number in _IDS)


class Counts(NamedTuple):
    """How many messages the broker has acknowledged, and how many it has refused."""

    acknowledged: int = 0
    refused: int = 0


class InFlight:
    """Numbers the messages of one connection and settles them as the acknowledgements come.

    `acknowledged` is told every run, or part of one, that the broker has.
    """

    def __init__(self, stride: int, acknowledged: Callable[[Run], None]) -> None:
        self._stride = stride
        self._acknowledged = acknowledged
        self._runs: deque[Run] = deque()
        self._awaited_id = 1
        self._next_id = 1
        self._unread = b""
        self.messages = 0
        self.awaits_ping = False

    @property
    def next_id(self) -> int:
        """Packet id of the next message."""
        return self._next_id

    def add(self, run: Run) -> None:
        """A run that is being sent, its messages numbered from `next_id` on."""
        self._runs.append(run)
        self.messages += run.length
        self._next_id = (self._next_id + run.length - 1) % LARGEST_ID + 1

    def clear(self) -> tuple[Run, ...]:
        """Forget everything, as a new connection does; what was under way."""
        runs = tuple(self._runs)
        self._runs.clear()
        self._awaited_id = self._next_id = 1
        self._unread, self.messages, self.awaits_ping = b"", 0, False
        return runs

    def read(self, data: bytes) -> Counts:
        """Settle what the broker's bytes acknowledge; a part of a packet waits for the rest.

        Raises:
            MqttPacketError: they break the standard.
            ConnectionResetError: the broker ends the connection.
        """
        data = self._unread + data
        at, acknowledged, refused = 0, 0, 0
        while at < len(data):
            count, end = self._stretch(data, at)
            if count:
                self._settle(count, is_stored=True)
                acknowledged, at = acknowledged + count, end
                continue
            frame = frame_at(data, at)
            if frame is None:
                break
            counts = self._other(data, at, frame)
            acknowledged, refused = acknowledged + counts.acknowledged, refused + counts.refused
            at = frame[1]
        self._unread = data[at:]
        return Counts(acknowledged, refused)

    def _stretch(self, data: bytes, at: int) -> tuple[int, int]:
        """How many acknowledgements in a row are just those expected, and where they end."""
        size, expected = (4, _PLAIN) if data[at + 1 : at + 2] == bytes([_SHORT]) else (5, _UNHEARD)
        count = min((len(data) - at) // size, LARGEST_ID + 1 - self._awaited_id, self.messages, _AT_ONCE)
        begin = (self._awaited_id - 1) * size
        if data[at : at + count * size] == expected[begin : begin + count * size]:
            return count, at + count * size
        return 0, at

    def _other(self, data: bytes, at: int, frame: tuple[int, int]) -> Counts:
        packet = decode(data, at, *frame)
        if isinstance(packet, Disconnect):
            raise ConnectionResetError(f"the broker ends the connection, reason 0x{packet.reason:02x}")
        if isinstance(packet, Pingresp):
            self.awaits_ping = False
            return Counts()
        if not isinstance(packet, Puback) or not self.messages or packet.packet_id != self._awaited_id:
            raise MqttPacketError(f"the acknowledgement of message {self._awaited_id} is due, got {packet!r}")
        is_stored = packet.reason < REFUSED
        self._settle(1, is_stored=is_stored)
        return Counts(1, 0) if is_stored else Counts(0, 1)

    def _settle(self, count: int, *, is_stored: bool) -> None:
        self.messages -= count
        self._awaited_id = (self._awaited_id + count - 1) % LARGEST_ID + 1
        while count:
            run = self._runs.popleft()
            if run.length > count:
                rest = run._replace(first=run.first + count * self._stride, length=run.length - count)
                self._runs.appendleft(rest)
                run = run._replace(length=count)
            count -= run.length
            if is_stored:
                self._acknowledged(run)
