"""The broker, asked as the collector asks it: reached, greeted, logged in and subscribed, with another id."""

import socket
import ssl
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

from app.doctor.finding import Finding, bad, good, note
from app.mqtt import BrokerAddress
from devices.errors import MqttPacketError
from devices.mqtt_encoding import Connect, encode_connect, encode_disconnect, encode_subscribe
from devices.mqtt_packets import REFUSED, Connack, Packet, Publish, Suback, decode, frame_at

__all__ = ["look_at_broker"]

_PLACE = "broker"
_TIMEOUT_S = 5.0
_LISTEN_S = 2.0
_CHUNK_BYTES = 65_536
_SUBSCRIBE_ID = 1
_BAD_LOGIN = frozenset({0x86, 0x87})


def look_at_broker(address: BrokerAddress, filters: Sequence[str]) -> Iterator[Finding]:
    """What became of each step; the first that fails is the last."""
    try:
        line = _connected(address)
    except ssl.SSLCertVerificationError as error:
        why = f"{address} shows a certificate that cannot be trusted ({error.verify_message})"
        yield bad(_PLACE, why, "set mqtt_ca_file to the authority that signed it, and mqtt_host to its name")
        return
    except ssl.SSLError as error:
        yield bad(_PLACE, f"{address} does not speak TLS ({error.reason})", "set mqtt_port to its TLS port")
        return
    except OSError as error:
        yield bad(
            _PLACE, f"{address} cannot be reached ({error})", "start it, or mend mqtt_host and mqtt_port"
        )
        return
    with closing(line):
        yield good(_PLACE, f"{address} is reached{' with TLS' if address.tls else ''}")
        if not address.tls and address.password is not None:
            yield note(
                _PLACE, "the password goes over the network in the clear", "set mqtt_tls or mqtt_ca_file"
            )
        try:
            yield from _asked(line, address, filters)
        except (OSError, MqttPacketError) as error:
            yield bad(
                _PLACE, f"it does not speak MQTT 5 ({error})", "is mqtt_port that of a broker for MQTT 5?"
            )


def _connected(address: BrokerAddress) -> socket.socket:
    context = address.tls_context()
    plain = socket.create_connection((address.host, address.port), timeout=_TIMEOUT_S)
    if context is None:
        return plain
    try:
        return context.wrap_socket(plain, server_hostname=address.host)
    except BaseException:
        plain.close()
        raise


def _asked(line: socket.socket, address: BrokerAddress, filters: Sequence[str]) -> Iterator[Finding]:
    name = f"ioc-doctor-{uuid.uuid4().hex[:8]}"
    line.sendall(encode_connect(Connect(client_id=name, user=address.user, password=address.password)))
    packets = _packets(line)
    answer = next((packet for packet in packets if isinstance(packet, Connack)), None)
    if answer is None or answer.reason >= REFUSED:
        yield _refused(address, answer)
        return
    yield good(_PLACE, f"it lets {address.user or 'nobody in particular'} in")
    line.sendall(encode_subscribe(_SUBSCRIBE_ID, filters))
    granted = next((packet.reasons for packet in packets if isinstance(packet, Suback)), ())
    refused = [name for name, reason in zip(filters, granted, strict=False) if reason >= REFUSED]
    if refused or not granted:
        topics = ", ".join(refused) or "anything"
        yield bad(_PLACE, f"it does not let us subscribe to {topics}", "give the user read access in its ACL")
        return
    yield good(_PLACE, f"all {len(granted)} subscriptions are granted")
    yield _heard(line, packets)


def _heard(line: socket.socket, packets: Iterator[Packet]) -> Finding:
    """Whether messages come: mosquitto grants every subscription and keeps back what its ACL forbids."""
    line.settimeout(_LISTEN_S)
    with suppress(TimeoutError):
        if any(isinstance(packet, Publish) for packet in packets):
            line.sendall(encode_disconnect())
            return good(_PLACE, "messages come")
    seen = f"no message came within {_LISTEN_S:g} s"
    return note(_PLACE, seen, "if devices do publish, give the user read access in the broker's ACL")


def _refused(address: BrokerAddress, answer: Connack | None) -> Finding:
    if answer is None:
        return bad(_PLACE, "it ends the connection at once", "is mqtt_port that of a broker for MQTT 5?")
    if answer.reason in _BAD_LOGIN:
        who = f"the user {address.user!r}" if address.user else "anybody without a name"
        return bad(_PLACE, f"it refuses {who}", "mend mqtt_user and mqtt_password_file, or its password file")
    return bad(_PLACE, f"it refuses us with reason 0x{answer.reason:02x}", "look into the broker's log")


def _packets(line: socket.socket) -> Iterator[Packet]:
    """What comes, until the broker ends it.

    Raises:
        OSError: nothing comes in time.
        MqttPacketError: it is no MQTT 5.
    """
    buffer = b""
    while chunk := line.recv(_CHUNK_BYTES):
        buffer += chunk
        while len(buffer) > 1 and (frame := frame_at(buffer, 0)) is not None:
            yield decode(buffer, 0, *frame)
            buffer = buffer[frame[1] :]
