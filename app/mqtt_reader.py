"""The collector's read path: an MQTT 5 session on asyncio that hands over messages by the thousand.

paho-mqtt is the client of everything else; here it would cost more than all the rest of the collector
together (docs/decisions/0018). What both must do stands in `tests/app/test_message_source.py`.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from app.mqtt import BrokerAddress
from devices.errors import MqttPacketError
from devices.messages import RawMessage
from devices.mqtt_encoding import (
    PINGREQ,
    Connect,
    encode_connect,
    encode_disconnect,
    encode_pubacks,
    encode_subscribe,
)
from devices.mqtt_packets import (
    REFUSED,
    Connack,
    Disconnect,
    Packet,
    Publish,
    Suback,
    decode,
    frame_at,
    take_publishes,
)
from devices.mqtt_wire import length_at

__all__ = ["Line", "MqttReader"]

_log = structlog.get_logger(__name__)
_KEEP_ALIVE_S = 30
_CONNECT_S = 10.0
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_DEAD_AFTER_PINGS = 2
_SUBSCRIBE_ID = 1
_PROTOCOL_ERROR = 0x82
# A broker on the same network ends the connection within milliseconds of reading DISCONNECT.
_LEAVE_S = 1.0
_ID_BITS = 16


class MqttReader:
    """A persistent MQTT 5 session at QoS 1, acknowledged by hand, for `collector.source.MessageSource`.

    Everything happens on the event loop. The session outlives the process for `session_expiry_s` real
    seconds, so that the broker keeps what comes while we are away. `receive_maximum` bounds what can have
    arrived and not be acknowledged; the broker holds the rest. Messages of QoS 0, and those that come again
    on another connection, it does not bound: with twice as many waiting we stop reading.
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
        self._connect = Connect(
            client_id=client_id,
            clean_start=False,
            keep_alive_s=_KEEP_ALIVE_S,
            session_expiry_s=session_expiry_s,
            receive_maximum=receive_maximum,
            user=address.user,
            password=address.password,
        )
        self._arrived: list[RawMessage] = []
        self._resume_below, self._pause_above = receive_maximum, 2 * receive_maximum
        self._news = asyncio.Event()
        self._confirmed = asyncio.Event()
        self._subscribed = False
        self._line: Line | None = None
        self._connection = 0
        self._unreachable = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def is_subscribed(self) -> bool:
        """Whether the broker is connected and has confirmed the subscriptions."""
        return self._subscribed

    @property
    def is_paused(self) -> bool:
        """Whether so much waits to be taken that nothing more is read."""
        return self._line is not None and self._line.is_paused

    def start(self) -> asyncio.Task[None]:
        """Connect in the background, again and again with back-off; call on the event loop.

        The task ends by itself only by an error that trying again does not mend.
        """
        self._task = asyncio.create_task(self._stay_connected(), name="mqtt-reader")
        return self._task

    async def wait_subscribed(self) -> None:
        """Return when the broker has confirmed the subscriptions for the first time."""
        await self._confirmed.wait()

    async def stop(self) -> None:
        """Disconnect; what is not acknowledged stays with the broker. Idempotent.

        Takes at most a second: a broker that writes to a connection we closed gives up what it has not yet
        read of it, and would send again what we acknowledged last. So it is left to close first.
        """
        task, self._task = self._task, None
        if task is not None:
            line, self._line = self._line, None
            task.cancel()
            await asyncio.wait({task})
            if line is not None:
                await line.leave(_LEAVE_S)

    async def receive(self, limit: int, timeout_s: float) -> list[RawMessage]:
        """Up to `limit` messages that have arrived; waits at most `timeout_s` for the first."""
        if not self._arrived and timeout_s > 0:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), timeout_s)
        taken, self._arrived = self._arrived[:limit], self._arrived[limit:]
        if self._line is not None and len(self._arrived) < self._resume_below:
            self._line.resume()
        return taken

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        """Acknowledge messages of the present connection, in their order."""
        line = self._line
        if line is None:
            return
        # After a reconnection the broker sends the message again under its own packet id.
        low, high = self._connection << _ID_BITS, (self._connection + 1) << _ID_BITS
        receipts = [message.receipt for message in messages]
        line.send(encode_pubacks([r - low for r in receipts if isinstance(r, int) and low < r < high]))

    async def _stay_connected(self) -> None:
        attempt = 0
        try:
            while True:
                if await self._session():
                    attempt = 0
                delay_s = _BACK_OFF_S[min(attempt, len(_BACK_OFF_S) - 1)]
                attempt += 1
                # Collectors of one broker that was away must not come back at the same moment.
                await asyncio.sleep(delay_s * random.uniform(0.8, 1.2))  # noqa: S311 - protects nothing
        finally:
            self._lose()

    async def _session(self) -> bool:
        """One connection from beginning to end; whether it came as far as the subscriptions."""
        line = Line(self._take, self._answer)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: line,
                    self._address.host,
                    self._address.port,
                    ssl=self._address.tls_context(),
                )
        except (OSError, TimeoutError) as error:
            self._note_unreachable(str(error) or "no answer")
            return False
        self._unreachable = ""
        self._line, self._connection = line, self._connection + 1
        was_subscribed = False
        try:
            line.send(encode_connect(self._connect))
            await line.run()
        finally:
            was_subscribed = self._subscribed
            self._lose()
        _log.info("broker_disconnected", broker=str(self._address), reason=line.reason)
        return was_subscribed

    def _note_unreachable(self, why: str) -> None:
        """Say it once and not at every attempt."""
        if why != self._unreachable:
            _log.warning("broker_unreachable", broker=str(self._address), error=why)
        self._unreachable = why

    def _lose(self) -> None:
        """Forget the connection, not what it brought: a broker that was killed has forgotten that itself.

        What a broker that lives sends again on the next connection is recognised as a repetition.
        """
        line, self._line = self._line, None
        if line is not None:
            line.close()
        self._subscribed = False

    def _take(self, publishes: list[Publish]) -> None:
        base = self._connection << _ID_BITS
        self._arrived += [
            RawMessage(p.topic, p.payload, p.duplicate, p.retain, base + p.packet_id if p.qos else None)
            for p in publishes
        ]
        self._news.set()
        if self._line is not None and len(self._arrived) > self._pause_above:
            self._line.pause()

    def _answer(self, packet: Packet) -> None:
        line = self._line
        if line is None:
            return
        match packet:
            case Connack(reason=reason) if reason >= REFUSED:
                line.end(f"refused with reason 0x{reason:02x}")
                _log.error("broker_refused", broker=str(self._address), reason=f"0x{reason:02x}")
            case Connack(session_present=found, server_keep_alive_s=keep_alive_s):
                line.keep_alive_s = _KEEP_ALIVE_S if keep_alive_s is None else keep_alive_s
                _log.info("broker_connected", broker=str(self._address), session_present=found)
                line.send(encode_subscribe(_SUBSCRIBE_ID, self._filters))
            case Suback(reasons=reasons):
                self._note_subscribed(line, reasons)
            case Disconnect(reason=reason):
                line.end(f"the broker ended it with reason 0x{reason:02x}")

    def _note_subscribed(self, line: "Line", reasons: Sequence[int]) -> None:
        refused = [name for name, reason in zip(self._filters, reasons, strict=False) if reason != 1]
        if refused:
            _log.error("subscription_refused", broker=str(self._address), filters=refused)
            line.end("subscriptions were refused")
            return
        self._subscribed = True
        self._confirmed.set()


class Line(asyncio.Protocol):
    """One connection: bytes to packets, pings, and the end."""

    def __init__(self, take: Callable[[list[Publish]], None], answer: Callable[[Packet], None]) -> None:
        self._take = take
        self._answer = answer
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._missing = 0
        self.is_paused = False
        self._heard = True
        self._ended = asyncio.Event()
        self._lost = asyncio.Event()
        self.keep_alive_s = _KEEP_ALIVE_S
        self.reason = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take every packet that is complete."""
        self._heard = True
        if self._ended.is_set():
            return
        self._missing -= len(data)
        if self._missing > 0:
            # Joining at each piece would cost the square of a large packet's size.
            self._parts.append(data)
            return
        try:
            rest = self._packets(b"".join([*self._parts, data]) if self._parts else data)
            self._parts, self._missing = [rest] if rest else [], _missing(rest)
        except MqttPacketError as error:
            self.end(f"the broker broke the standard: {error}", _PROTOCOL_ERROR)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone."""
        self._lost.set()
        self.end(str(exc) if exc else "the connection was closed")

    async def run(self) -> None:
        """Return when the connection has ended; pings the broker while it lasts."""
        unanswered = 0
        while not self._ended.is_set():
            self._heard = False
            with suppress(TimeoutError):
                # Twice in a keep-alive, so that one late ping does not cost the connection.
                await asyncio.wait_for(self._ended.wait(), (self.keep_alive_s or _KEEP_ALIVE_S) / 2)
            # Who does not listen cannot hear an answer; a ping that cannot be written ends it too.
            unanswered = 0 if self._heard or self.is_paused else unanswered + 1
            if unanswered > _DEAD_AFTER_PINGS:
                self.end("the broker does not answer")
            self.send(PINGREQ)

    def pause(self) -> None:
        """Read nothing more, so that the broker holds it."""
        if not self.is_paused and self._transport is not None:
            self.is_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self.is_paused and self._transport is not None:
            self.is_paused = False
            self._transport.resume_reading()

    def send(self, data: bytes) -> None:
        """Write, unless it is over."""
        if self._transport is not None and data and not self._ended.is_set():
            self._transport.write(data)

    async def leave(self, timeout_s: float) -> None:
        """Say goodbye and wait, at most `timeout_s`, until the broker has read everything and closes."""
        if not self._ended.is_set():
            # An end that is not read is not seen.
            self.resume()
            self._say_goodbye("closed by us")
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), timeout_s)
        finally:
            if self._transport is not None:
                self._transport.abort()
        await self._lost.wait()

    def end(self, reason: str, code: int = 0) -> None:
        """Begin to end the connection; the first reason stands."""
        if not self._ended.is_set():
            self._say_goodbye(reason, code)
            self._hang_up()

    def close(self) -> None:
        """End it from our side; idempotent."""
        self.end("closed by us")

    def _say_goodbye(self, reason: str, code: int = 0) -> None:
        self.send(encode_disconnect(code))
        self.reason = reason
        self._ended.set()

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _packets(self, buffer: bytes) -> bytes:
        """Hand over every complete packet in order; what is left of an incomplete one.

        Raises:
            MqttPacketError: a packet breaks the standard; those before it were handed over.
        """
        start = 0
        while start < len(buffer):
            publishes: list[Publish] = []
            try:
                start = take_publishes(buffer, start, publishes)
            finally:
                if publishes:
                    self._take(publishes)
            frame = frame_at(buffer, start) if start < len(buffer) else None
            if frame is None:
                break
            packet = decode(buffer, start, *frame)
            start = frame[1]
            # A short message is not among those that are taken by the run.
            self._take([packet]) if isinstance(packet, Publish) else self._answer(packet)
        return buffer[start:]


def _missing(rest: bytes) -> int:
    """How many bytes the packet lacks of which these are the beginning; 0 where that is not known yet."""
    found = length_at(rest, 1) if rest else None
    return 0 if found is None else sum(found) - len(rest)
