"""One connection to the broker: a window of unacknowledged messages, kept full."""

import socket
from collections.abc import Callable
from contextlib import suppress

from devices.errors import MqttPacketError
from devices.mqtt_encoding import PINGREQ, Connect, encode_connect, encode_disconnect
from devices.mqtt_packets import REFUSED, Connack, decode, frame_at
from simulators.load.errors import LoadError
from simulators.load.in_flight import Counts, InFlight
from simulators.load.ledger import Run
from simulators.load.plan import LoadPlan
from simulators.load.stream import MessageStream

__all__ = ["LoadConnection"]

_PATIENCE_S = 10.0
_READ_BYTES = 262_144
_CHUNK = 512
_HIGHEST_WINDOW = 4_096  # more in flight makes nothing faster, and a lost connection sends it all again


class LoadConnection:
    """Publishes a stream; what is under way when a connection is lost is published again by the next.

    At QoS 0 that is nothing: what was on its way is lost. `acknowledged` is told every run that the broker
    has.
    """

    def __init__(
        self, plan: LoadPlan, number: int, stream: MessageStream, acknowledged: Callable[[Run], None]
    ) -> None:
        self._plan = plan
        self._name = f"{plan.client_prefix}-{number}"
        self._stream = stream
        self._in_flight = InFlight(plan.connections, acknowledged)
        self._socket: socket.socket | None = None
        self._window = 0
        self._unsent = memoryview(b"")

    @property
    def handle(self) -> socket.socket | None:
        """The socket to wait for; None while there is no connection."""
        return self._socket

    @property
    def is_blocked(self) -> bool:
        """Whether the broker does not read as fast as we write."""
        return bool(self._unsent)

    @property
    def is_ready(self) -> bool:
        """Whether a message could go out now."""
        return (
            self._socket is not None
            and not self._unsent
            and not self._stream.is_exhausted
            and (self._plan.qos == 0 or self._in_flight.messages < self._window)
        )

    @property
    def is_done(self) -> bool:
        """Whether everything is published and acknowledged."""
        return self._stream.is_exhausted and self.is_settled

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way."""
        return not (self._in_flight.messages or self._in_flight.awaits_ping or self._unsent)

    def connect(self) -> None:
        """Connect, with a new session.

        Raises:
            LoadError: the broker refuses us.
            OSError: there is no broker, or it does not answer.
        """
        sock = socket.create_connection((self._plan.host, self._plan.port), _PATIENCE_S)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            hello = Connect(
                client_id=self._name, keep_alive_s=0, user=self._plan.user, password=self._plan.password
            )
            sock.sendall(encode_connect(hello))
            answer = self._answer(sock)
        except BaseException:
            sock.close()
            raise
        if answer.reason >= REFUSED:
            sock.close()
            raise LoadError(
                f"the broker refuses the client {self._name!r} (reason 0x{answer.reason:02x});"
                " give a user who may publish for all these devices"
            )
        sock.setblocking(False)
        self._socket = sock
        self._window = min(answer.receive_maximum, _HIGHEST_WINDOW)

    def send(self, most: int, now: Callable[[], int]) -> int:
        """Publish at most so many messages (one run); how many went out or wait in our buffer.

        Raises:
            OSError: the connection is lost.
        """
        if self._plan.qos:
            most = min(most, self._window - self._in_flight.messages)
        run, frames = self._stream.take(min(most, _CHUNK), self._in_flight.next_id, now)
        if self._plan.qos:
            self._in_flight.add(run)
        self._unsent = memoryview(frames)
        self.flush()
        return run.length

    def ask(self) -> None:
        """Ask the broker for a sign of life: once it comes, everything before it has been taken.

        Raises:
            OSError: the connection is lost.
        """
        if self._socket is not None:
            self._in_flight.awaits_ping = True
            self._unsent = memoryview(bytes(self._unsent) + PINGREQ)
            self.flush()

    def flush(self) -> None:
        """Write what is left of the last run.

        Raises:
            OSError: the connection is lost.
        """
        if self._socket is not None and self._unsent:
            with suppress(BlockingIOError):
                self._unsent = self._unsent[self._socket.send(self._unsent) :]

    def read(self) -> Counts:
        """Take the broker's acknowledgements.

        Raises:
            OSError: the connection is lost.
            LoadError: the broker says what it may not say.
        """
        if self._socket is None:
            return Counts(0, 0)
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return Counts(0, 0)
        if not data:
            raise ConnectionResetError("the broker closed the connection")
        try:
            return self._in_flight.read(data)
        except MqttPacketError as error:
            raise LoadError(f"the broker's answer cannot be read: {error}") from error

    def lose(self) -> None:
        """Close a connection that failed; what was under way is published again."""
        self._close()
        self._stream.put_back(self._in_flight.clear())
        self._unsent = memoryview(b"")

    def end(self) -> None:
        """Say goodbye and close."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.send(encode_disconnect())
        self._close()

    def _close(self) -> None:
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()

    def _answer(self, sock: socket.socket) -> Connack:
        """What the broker says to our CONNECT."""
        data = b""
        while (frame := frame_at(data, 0)) is None:
            more = sock.recv(_READ_BYTES)
            if not more:
                raise ConnectionResetError("the broker closed the connection instead of answering")
            data += more
        packet = decode(data, 0, *frame)
        if not isinstance(packet, Connack):
            raise LoadError(f"the broker answers CONNECT with {type(packet).__name__}")
        return packet
