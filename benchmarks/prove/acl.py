"""Every cell of the broker's access table on a real mosquitto with TLS and the shipped configuration.

mosquitto grants every subscription and filters what it delivers, and it tells an MQTT 3.1.1 publisher that
all went well: so "allowed" means here that the message arrives, not that anybody said so.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from app.mosquitto.principals import Role
from app.mosquitto.reloading import reload_broker
from app.mosquitto.sizing import QueuePlan
from app.mqtt import BrokerAddress
from benchmarks.mosquitto_process import ShippedBroker

_ANSWER_S = 5.0
_OUT_AFTER_S = 10.0
_NOT_AUTHORISED = 135
_LAMP, _OTHER, _GATEWAY, _INTEGRATOR = "TK-L-0001", "TK-L-0002", "gw.zigbee", "int.traffic"
_COLLECTOR, _PUBLISHER, _OPERATOR, _MONITOR = "svc.collector", "svc.publisher", "svc.operator", "svc.monitor"
_OWN, _THEIRS = (f"ioc/v1/tam-ky/streetlight/{name}" for name in (_LAMP, _OTHER))
_PROBE = "svc.operator-probe"

TOPICS = {
    "own telemetry": f"{_OWN}/telemetry",
    "own event": f"{_OWN}/event",
    "own status": f"{_OWN}/status",
    "own acknowledgement": f"{_OWN}/command/ack",
    "own command": f"{_OWN}/command",
    "own id, other area": f"ioc/v1/phu-ly/wifi-ap/{_LAMP}/telemetry",
    "own id in the service's voice": f"ioc/v1/out/fault/{_LAMP}/event",
    "own id, too deep": f"{_OWN}/telemetry/more",
    "own Tasmota": f"tele/{_LAMP}/STATE",
    "other telemetry": f"{_THEIRS}/telemetry",
    "other event": f"{_THEIRS}/event",
    "other status": f"{_THEIRS}/status",
    "other acknowledgement": f"{_THEIRS}/command/ack",
    "other command": f"{_THEIRS}/command",
    "other Tasmota": f"tele/{_OTHER}/STATE",
    "gateway's device": "zigbee2mqtt/lamp-17",
    "gateway's command": "zigbee2mqtt/lamp-17/set",
    "beside the gateway": "zigbee2mqtt2/lamp-17",
    "gateway's area": "ioc/v1/an-phu/streetlight/AP-L-1/telemetry",
    "service's voice": "ioc/v1/out/fault/raised",
    "broker's own": "$SYS/broker/uptime",
    "free topic": "somewhere/else",
}
_DEVICE_WRITES = {
    "own telemetry", "own event", "own status", "own acknowledgement", "own id, other area", "own Tasmota",
}  # fmt: skip
_GATEWAYS = {"gateway's device", "gateway's command", "gateway's area"}
_TELEMETRY = {
    "own telemetry", "own event", "own status", "own id, other area", "other telemetry", "other event",
    "other status", "gateway's device", "gateway's command", "gateway's area", "own Tasmota", "other Tasmota",
    # Every topic of ioc/v1/+/+/+/event is subscribed to; that none but a device writes there is the writers'
    # part.
    "own id in the service's voice",
}  # fmt: skip
_COMMANDS = {"own command", "other command"}
_NATIVE = {name for name, topic in TOPICS.items() if topic.startswith("ioc/v1/")}

WRITES = {
    _LAMP: _DEVICE_WRITES,
    _GATEWAY: _GATEWAYS,
    _INTEGRATOR: set(),
    _COLLECTOR: set(),
    _PUBLISHER: _COMMANDS | {"service's voice", "own id in the service's voice"},
    _OPERATOR: _COMMANDS,
    _MONITOR: set(),
}
"""What each may publish; everything else is refused."""
READS = {
    _LAMP: {"own command"},
    _GATEWAY: _GATEWAYS,
    _INTEGRATOR: {"service's voice", "own id in the service's voice"},
    _COLLECTOR: _TELEMETRY | {"broker's own"},
    _PUBLISHER: set(),
    _OPERATOR: _NATIVE | _TELEMETRY | {"broker's own"},
    _MONITOR: {"broker's own"},
}
"""What each is sent, whatever it subscribes to."""


class _Talker:
    """A connected client that says what was refused and remembers what it was sent."""

    def __init__(self, address: BrokerAddress, client_id: str = "chosen", *, protocol: int = 5) -> None:
        version = MQTTProtocolVersion(protocol)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version)
        if address.user is not None:
            self._client.username_pw_set(address.user, address.password)
        context = address.tls_context()
        if context is not None:
            self._client.tls_set_context(context)
        self._answered = threading.Event()
        self.answer = -1
        self.gone = threading.Event()
        self.received: set[str] = set()
        self.arrived = threading.Condition()
        self._client.on_connect = self._connected
        self._client.on_disconnect = lambda *_: self.gone.set()
        self._client.on_message = self._message
        self._client.on_subscribe = lambda *_: self._answered.set()
        self._client.on_publish = self._published
        self._client.connect(address.host, address.port)
        self._client.loop_start()
        assert self._answered.wait(_ANSWER_S), "the broker did not answer a CONNECT"

    @property
    def is_in(self) -> bool:
        """Whether the broker let it in."""
        return self.answer == 0

    def publish(self, topic: str, payload: str) -> bool:
        """Whether the broker took a message."""
        self._answered.clear()
        self._client.publish(topic, payload, qos=1)
        assert self._answered.wait(_ANSWER_S), f"no PUBACK for {topic}"
        return self.answer != _NOT_AUTHORISED

    def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe to filters, whatever the broker says of them."""
        self._answered.clear()
        self._client.subscribe([(name, SubscribeOptions(qos=1)) for name in filters])
        assert self._answered.wait(_ANSWER_S), "no SUBACK"

    def wait_for(self, payload: str) -> None:
        """Return when a message with that payload has come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: payload in self.received, _ANSWER_S), (
                f"{payload!r} did not come"
            )

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, _client: Client, _data: object, _flags: object, reason: Any, _properties: object
    ) -> None:
        self.answer = int(reason.value)
        self._answered.set()

    def _published(self, _client: Client, _data: object, _mid: int, reason: Any, _properties: object) -> None:
        self.answer = int(reason.value)
        self._answered.set()

    def _message(self, _client: Client, _data: object, message: Any) -> None:
        with self.arrived:
            own = message.topic.startswith("$SYS")
            self.received.add("broker's own" if own else message.payload.decode())
            self.arrived.notify_all()


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Try every cell; the figures. `scale` changes nothing: the table is what it is.

    Raises:
        AssertionError: a cell is not as the table says, or a revoked device is not out in time.
    """
    del scale
    broker = ShippedBroker(folder, QueuePlan(rate_per_s=500, outage_s=60, message_bytes=300))
    for role, name in ((Role.DEVICE, _LAMP), (Role.DEVICE, _OTHER), (Role.INTEGRATOR, _INTEGRATOR)):
        broker.issue(role, name)
    broker.issue(Role.GATEWAY, _GATEWAY, "zigbee2mqtt", "ioc/v1/an-phu")
    services = {_COLLECTOR: Role.COLLECTOR, _PUBLISHER: Role.PUBLISHER, _MONITOR: Role.MONITOR}
    for name, role in (services | {_OPERATOR: Role.OPERATOR, _PROBE: Role.OPERATOR}).items():
        broker.issue(role, name)
    broker.process.start()
    try:
        strangers = _strangers_stay_out(broker)
        cells = sum(_writes(broker, name, allowed) for name, allowed in WRITES.items())
        cells += _reads(broker)
        _session_is_not_taken(broker)
        return {"cells": cells + strangers, "revoked_out_after_s": _revoked_is_out(broker)}
    finally:
        broker.process.end()


def _strangers_stay_out(broker: ShippedBroker) -> int:
    """Nobody gets in without a name, with another's password, or at the listener that is not theirs."""
    lamp = broker.address(_LAMP)
    wrong = BrokerAddress(**(vars(lamp) | {"password": broker.address(_OTHER).password}))
    nameless = broker.address(None)
    at_services = BrokerAddress(**(vars(nameless) | {"port": broker.plan.services_port}))
    tries = [nameless, at_services, wrong, broker.elsewhere(_LAMP), broker.elsewhere(_COLLECTOR)]
    for protocol in (4, 5):
        for address in tries:
            talker = _Talker(address, protocol=protocol)
            talker.close()
            assert not talker.is_in, f"{address!r} got in with protocol {protocol}"
    plain = BrokerAddress(**(vars(lamp) | {"tls": False}))
    try:
        _Talker(plain).close()
    except (AssertionError, OSError):
        return 2 * len(tries) + 1
    raise AssertionError("the devices' listener speaks without TLS")


def _writes(broker: ShippedBroker, name: str, allowed: set[str]) -> int:
    """Publish to every topic as one principal: what the broker says and what arrives is what was allowed."""
    watch = _watcher(broker)
    talker = _Talker(broker.address(name))
    said = {cell for cell, topic in TOPICS.items() if talker.publish(topic, f"{name} writes {cell}")}
    old = _Talker(broker.address(name), protocol=4) if name == _COLLECTOR else talker
    for topic in TOPICS.values():
        old.publish(topic, f"{name} writes again")
    last = _Talker(broker.address(_PUBLISHER))
    last.publish(TOPICS["own command"], "the end")
    watch.wait_for("the end")
    found = {cell for cell in TOPICS if f"{name} writes {cell}" in watch.received}
    for each in (watch, talker, last, old):
        each.close()
    assert said == allowed, f"{name}: the broker took {sorted(said ^ allowed)} otherwise than the table says"
    visible = {cell for cell in allowed if cell in READS[_OPERATOR]}
    assert found == visible, f"{name}: {sorted(found ^ visible)} arrived otherwise than the table says"
    return len(TOPICS)


def _watcher(broker: ShippedBroker) -> _Talker:
    watch = _Talker(broker.address(_PROBE), "watch")
    watch.subscribe(["#"])
    return watch


def _reads(broker: ShippedBroker) -> int:
    """Everybody subscribes to everything, by name and by wildcard; what each is sent is what was allowed."""
    readers = {name: _Talker(broker.address(name), f"reader-{name}") for name in READS}
    for reader in readers.values():
        reader.subscribe(["#", "$SYS/#", *TOPICS.values()])
    # A principal has one session at the devices' listener: those who read there write as well.
    others = {name: _Talker(broker.address(name)) for name in (_OTHER, _PUBLISHER)}
    said = _say_everything({_LAMP: readers[_LAMP], _GATEWAY: readers[_GATEWAY]} | others)
    for name, reader in readers.items():
        for cell in READS[name] & (said | {"broker's own"}):
            reader.wait_for(cell)
    # All has come to those who are sent the most; the others had at least as long.
    for name, reader in readers.items():
        more = reader.received - READS[name]
        assert not more, f"{name} was sent {sorted(more)}, which the table does not allow"
    for each in (*readers.values(), *others.values()):
        each.close()
    return len(TOPICS) * len(READS)


def _say_everything(writers: Mapping[str, _Talker]) -> set[str]:
    """Write every topic that somebody may write, the topic's name as payload; those names."""
    of_other = {name for name, topic in TOPICS.items() if _OTHER in topic} - {"other command"}
    said: set[str] = set()
    for name, writer in writers.items():
        for cell in sorted(WRITES.get(name, of_other)):
            assert writer.publish(TOPICS[cell], cell), f"{name} could not write {cell}"
            said.add(cell)
    return said


def _session_is_not_taken(broker: ShippedBroker) -> None:
    """A device that calls itself as the collector's session does ends nobody's connection."""
    collector = _Talker(broker.address(_COLLECTOR), "ioc-collector-1")
    lamp = _Talker(broker.address(_LAMP), "ioc-collector-1")
    assert lamp.is_in, "the lamp did not get in"
    collector.subscribe([f"{_OWN}/telemetry"])
    lamp.publish(f"{_OWN}/telemetry", "still here")
    collector.wait_for("still here")
    assert not collector.gone.is_set(), "a device ended the collector's connection"
    for each in (collector, lamp):
        each.close()


def _revoked_is_out(broker: ShippedBroker) -> float:
    """Seconds from `revoke` until the live connection is cut; its neighbour stays, it does not come back."""
    lamp, neighbour = _Talker(broker.address(_LAMP)), _Talker(broker.address(_OTHER))
    begin_s = time.monotonic()
    broker.book.revoke([_LAMP])
    reload_broker(broker.plan.pid_file)
    assert lamp.gone.wait(_OUT_AFTER_S), f"a revoked device is still connected after {_OUT_AFTER_S} s"
    took_s = time.monotonic() - begin_s
    again = _Talker(broker.address(_LAMP))
    assert not again.is_in, "a revoked device came back"
    assert neighbour.publish(f"{_THEIRS}/telemetry", "still here"), "the neighbour lost its rights"
    assert not neighbour.gone.is_set(), "the neighbour was cut off as well"
    for each in (lamp, neighbour, again):
        each.close()
    return round(took_s, 3)
