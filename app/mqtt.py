"""MQTT through paho-mqtt: the source that the collector reads and the publisher that simulators use."""

import asyncio
import ssl
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices.messages import RawMessage

__all__ = ["BrokerAddress", "Outgoing", "PahoPublisher", "PahoSource", "mqtt_client"]

_log = structlog.get_logger(__name__)
_KEEP_ALIVE_S = 30
_IN_FLIGHT = 1_000
_POLL_S = 0.002
_PUBLISH_AT_ONCE = 10_000  # packet ids begin anew after 65,535
_GRANTED_QOS = 1


@dataclass(frozen=True, kw_only=True)
class BrokerAddress:
    """Where a broker listens, and who we are there.

    With `tls` its certificate must be valid for `host` and signed by `ca_file`, or by one of the system's
    authorities where that is None.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """How a connection is encrypted: TLS 1.2 or newer, certificate and host checked. None: it is not.

        Raises:
            OSError: the file of the authority cannot be read, or holds no certificate.
        """
        return ssl.create_default_context(cafile=self.ca_file) if self.tls else None


@dataclass(frozen=True, slots=True)
class _Receipt:
    """A message's packet id within one connection."""

    connection: int
    packet_id: int


class PahoSource:
    """A persistent MQTT 5 session at QoS 1, acknowledged by hand.

    paho's own thread receives; the event loop takes what it has gathered. The session outlives the process
    for `session_expiry_s` real seconds, so that the broker keeps what comes while we are away.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        filters: Sequence[str],
        *,
        receive_maximum: int = 5_000,
        session_expiry_s: int = 7 * 86_400,
    ) -> None:
        self._address = address
        self._filters = tuple(filters)
        self._properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        self._properties.SessionExpiryInterval = session_expiry_s
        self._properties.ReceiveMaximum = receive_maximum
        self._client = mqtt_client(address, client_id, manual_ack=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._arrived: deque[RawMessage] = deque()
        self._connection = 0
        self._subscribed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._confirmed = asyncio.Event()
        self._waiting = False

    @property
    def is_subscribed(self) -> bool:
        """Whether the broker is connected and has confirmed the subscriptions."""
        return self._subscribed

    def start(self) -> None:
        """Connect in the background, again and again with back-off; call on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._client.connect_async(
            self._address.host,
            self._address.port,
            _KEEP_ALIVE_S,
            clean_start=False,
            properties=self._properties,
        )
        self._client.loop_start()

    async def wait_subscribed(self) -> None:
        """Return when the broker has confirmed the subscriptions for the first time."""
        await self._confirmed.wait()

    async def stop(self) -> None:
        """Disconnect; what is not acknowledged stays with the broker. Idempotent."""
        await asyncio.to_thread(_end, self._client)
        self._subscribed = False

    async def receive(self, limit: int, timeout_s: float) -> list[RawMessage]:
        """Up to `limit` messages that have arrived; waits at most `timeout_s` for the first."""
        self._news.clear()
        # Said before looking, so that paho's thread either sees it or has put its message where we look.
        self._waiting = True
        if not self._arrived and timeout_s > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), timeout_s)
        self._waiting = False
        taken: list[RawMessage] = []
        # paho's thread fills it meanwhile: ask it, do not count it.
        with suppress(IndexError):
            while len(taken) < limit:
                taken.append(self._arrived.popleft())
        return taken

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        """Acknowledge messages of the present connection, in their order."""
        for message in messages:
            receipt = message.receipt
            # After a reconnection the broker sends the message again under its own packet id.
            if isinstance(receipt, _Receipt) and receipt.connection == self._connection:
                self._client.ack(receipt.packet_id, 1)

    def _on_connect(
        self,
        client: Client,
        _data: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            _log.error("broker_refused", broker=str(self._address), reason=str(reason))
            return
        self._connection += 1
        _log.info("broker_connected", broker=str(self._address), session_present=flags.session_present)
        client.subscribe([(name, SubscribeOptions(qos=1)) for name in self._filters])

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: object
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.value != _GRANTED_QOS]
        if refused:
            _log.error("subscription_refused", broker=str(self._address), answers=refused)
            return
        self._subscribed = True
        self._tell(self._confirmed)

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self._subscribed = False
        self._connection += 1  # receipts of this connection are worth nothing from now on
        _log.info("broker_disconnected", broker=str(self._address), reason=str(reason))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        receipt = _Receipt(self._connection, message.mid) if message.qos else None
        self._arrived.append(
            RawMessage(message.topic, bytes(message.payload), bool(message.dup), message.retain, receipt)
        )
        if self._waiting:
            self._waiting = False
            self._tell(self._news)

    def _tell(self, event: asyncio.Event) -> None:
        """Set an event of the loop from paho's thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(event.set)


class Outgoing(Protocol):
    """A message to publish."""

    @property
    def topic(self) -> str:
        """Where to."""
        ...

    @property
    def payload(self) -> bytes:
        """What."""
        ...

    @property
    def qos(self) -> int:
        """0 or 1."""
        ...

    @property
    def retain(self) -> bool:
        """Whether the broker keeps it for later subscribers."""
        ...


class PahoPublisher:
    """Publishes and waits until the broker has acknowledged, across reconnections."""

    def __init__(self, address: BrokerAddress, client_id: str) -> None:
        self._address = address
        self._connected = threading.Event()
        self._refusal: str | None = None
        self._acknowledged: set[int] = set()
        self._client = mqtt_client(address, client_id)
        self._client.max_inflight_messages_set(_IN_FLIGHT)
        self._client.on_connect = self._on_connect
        self._client.on_publish = lambda _client, _data, packet_id, *_: self._acknowledged.add(packet_id)

    async def start(self, timeout_s: float = 10.0) -> None:
        """Connect.

        Raises:
            ConnectionError: the broker did not answer in time, or refused us.
        """
        self._client.connect_async(self._address.host, self._address.port, _KEEP_ALIVE_S)
        self._client.loop_start()
        if not await asyncio.to_thread(self._connected.wait, timeout_s):
            raise ConnectionError(f"the broker at {self._address} did not answer within {timeout_s} s")
        if self._refusal is not None:
            raise ConnectionError(f"the broker at {self._address} refused us: {self._refusal}")

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish messages in their order; returns when the broker has acknowledged all of them.

        Messages that a lost connection holds up go out when it is back.
        """
        for first in range(0, len(messages), _PUBLISH_AT_ONCE):
            sent = {
                self._client.publish(message.topic, message.payload, message.qos, message.retain).mid
                for message in messages[first : first + _PUBLISH_AT_ONCE]
            }
            while not sent <= self._acknowledged:  # noqa: ASYNC110 - paho's thread counts, without a lock
                await asyncio.sleep(_POLL_S)
            self._acknowledged -= sent

    async def stop(self) -> None:
        """Disconnect. Idempotent."""
        await asyncio.to_thread(_end, self._client)

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        self._refusal = str(reason) if reason.is_failure else None
        self._connected.set()


def _end(client: Client) -> None:
    """Disconnect and give back everything; idempotent."""
    client.disconnect()
    client.loop_stop()
    # paho leaves its pair of sockets to the garbage collector, which may find them before the client.
    client._reset_sockets(sockpair_only=True)  # noqa: SLF001 - nothing public does it


def mqtt_client(address: BrokerAddress, client_id: str, *, manual_ack: bool = False) -> Client:
    """A paho client as all of ours are: MQTT 5, reconnecting with back-off; not yet connected."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=MQTTProtocolVersion.MQTTv5,
        manual_ack=manual_ack,
    )
    if address.user is not None:
        client.username_pw_set(address.user, address.password)
    context = address.tls_context()
    if context is not None:
        client.tls_set_context(context)
    client.reconnect_delay_set(min_delay=1, max_delay=30)
    return client
