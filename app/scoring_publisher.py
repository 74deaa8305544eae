"""Publishing whole steps of a city to a broker of our own: everything at once, acknowledged later."""

import socket
from collections.abc import Sequence
from contextlib import suppress

from app.mqtt import BrokerAddress, Outgoing
from devices.errors import MqttPacketError
from devices.mqtt_encoding import Connect, encode_connect, encode_disconnect, encode_publish
from devices.mqtt_packets import REFUSED, Connack, Packet, Puback, decode, frame_at
from devices.mqtt_wire import LARGEST_ID

__all__ = ["StepPublisher"]

_PATIENCE_S = 30.0
_READ_BYTES = 65_536
_CHUNK = 500


class StepPublisher:
    """Publishes at QoS 1 without waiting for each message; the connection is not made anew when it is lost.

    It blocks: made for a process that does nothing else meanwhile.

    Raises:
        ConnectionError: there is no broker, or it refuses us.
    """

    def __init__(self, address: BrokerAddress, client_id: str) -> None:
        self._socket = socket.create_connection((address.host, address.port), _PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self._next_id = 1
        self._in_flight = 0
        hello = Connect(client_id=client_id, keep_alive_s=0, user=address.user, password=address.password)
        try:
            self._window = self._greet(hello).receive_maximum
        except BaseException:
            self._socket.close()
            raise

    def encoded(self, messages: Sequence[Outgoing]) -> list[bytes]:
        """Messages as they will go out; to be published next, in this order, and once."""
        return [self._encoded(message) for message in messages]

    def publish(self, encoded: Sequence[bytes]) -> None:
        """Hand messages to the broker in their order; not all need be acknowledged when this returns.

        Raises:
            ConnectionError: the connection is lost, or a message was refused.
        """
        first = 0
        while first < len(encoded):
            free = min(_CHUNK, self._window - self._in_flight)
            if not free:
                self._take_acknowledgements()
                continue
            chunk = encoded[first : first + free]
            self._in_flight += len(chunk)
            self._socket.sendall(b"".join(chunk))
            first += len(chunk)

    def settle(self) -> None:
        """Return when the broker has acknowledged everything.

        Raises:
            ConnectionError: the connection is lost, or a message was refused.
        """
        while self._in_flight:
            self._take_acknowledgements()

    def close(self) -> None:
        """Say goodbye, if anybody still listens."""
        with suppress(OSError):
            self._socket.sendall(encode_disconnect(0))
        self._socket.close()

    def _greet(self, hello: Connect) -> Connack:
        """The broker's answer.

        Raises:
            ConnectionError: it is no welcome.
        """
        self._socket.sendall(encode_connect(hello))
        packets: list[Packet] = []
        while not packets:
            packets = self._read()
        answer = packets[0]
        if not isinstance(answer, Connack) or answer.reason >= REFUSED:
            raise ConnectionError(f"the broker refuses the simulators, it answered {answer!r}")
        return answer

    def _encoded(self, message: Outgoing) -> bytes:
        packet_id, self._next_id = self._next_id, self._next_id % LARGEST_ID + 1
        return encode_publish(message.topic, message.payload, packet_id, retain=message.retain)

    def _take_acknowledgements(self) -> None:
        for packet in self._read():
            if not isinstance(packet, Puback) or packet.reason >= REFUSED:
                raise ConnectionError(f"the broker should have acknowledged a message, got {packet!r}")
            self._in_flight -= 1

    def _read(self) -> list[Packet]:
        """The packets that are there; waits for bytes, not for whole packets."""
        data = self._socket.recv(_READ_BYTES)
        if not data:
            raise ConnectionError("the broker closed the simulators' connection")
        buffer, start = self._rest + data, 0
        packets: list[Packet] = []
        try:
            while start < len(buffer) and (frame := frame_at(buffer, start)) is not None:
                packets.append(decode(buffer, start, *frame))
                start = frame[1]
        except MqttPacketError as error:
            raise ConnectionError(f"the broker broke the standard: {error}") from error
        self._rest = buffer[start:]
        return packets
