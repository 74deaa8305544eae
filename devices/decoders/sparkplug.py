"""Sparkplug B: Protobuf on `spBv1.0/group/message-type/edge-node[/device]`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from devices.batch import plausible_ms
from devices.decoders.measures import meaningful, uncharted
from devices.decoders.sparkplug_nodes import EdgeNode, EdgeNodes
from devices.decoders.sparkplug_payload import Payload, parsed, plain_value
from devices.decoders.usual_names import measured
from devices.decoders.vendor import VendorDecoder
from devices.errors import Rejected, Rejection
from devices.messages import Devices, Ignored, RawMessage, Record, Status
from devices.registry import Device

__all__ = ["DECODER", "SparkplugDecoder"]

_NAMESPACE = "spBv1.0"
_NODE_TYPES = ("NBIRTH", "NDATA", "NDEATH")
_DEVICE_TYPES = ("DBIRTH", "DDATA", "DDEATH")
_PLUMBING = ("bdSeq", "Node Control/", "Node Info/", "Device Control/", "Device Info/", "Properties/")
"""Metrics about the session, the firmware and commands, none of which measures the street."""
_DATE_TIME = 13
_LATEST_MS = 253_402_300_799_999  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class _Address:
    """Who speaks: the node as `group/edge-node`, and the device below it, empty for the node itself."""

    message_type: str
    node: str
    device: str

    @property
    def identity(self) -> str:
        """What the registry calls it, after `sparkplug:`."""
        return f"{self.node}/{self.device}" if self.device else self.node


class SparkplugDecoder(VendorDecoder):
    """Births become a status and a reading, data readings, deaths statuses of all that the death takes along.

    The identity is `group/edge-node/device`, or `group/edge-node` for what the node itself measures. Births
    are remembered, as later messages name a metric by its alias only; one whose birth was not seen is kept as
    a dead letter. Messages missing in a node's sequence are counted, as one `sequence_gap` each time.
    """

    name: str = "sparkplug"
    filters: tuple[str, ...] = (
        *(f"{_NAMESPACE}/+/{message_type}/+" for message_type in _NODE_TYPES),
        *(f"{_NAMESPACE}/+/{message_type}/+/+" for message_type in _DEVICE_TYPES),
        f"{_NAMESPACE}/STATE/+",
    )

    def __init__(self) -> None:
        super().__init__()
        self._nodes = EdgeNodes()

    def decode(self, message: RawMessage, devices: Devices) -> list[Record]:
        """The message's records: statuses, one reading for each time among its metrics, and a gap before it.

        Raises:
            Rejected: topic, device or payload broke a rule, or nothing but aliases without a birth came.
        """
        if message.topic.startswith(f"{_NAMESPACE}/STATE/"):
            return [Ignored("host_state")]
        address = _address(message.topic)
        if message.retained:
            return [Ignored("retained")]
        payload = parsed(message.payload)
        node = self._nodes[address.node]
        if address.message_type == "NDEATH":
            return self._node_death(address, payload, node, devices)
        if address.message_type == "NBIRTH":
            node.begin(payload.bd_seq)
        gap: list[Record] = [Ignored("sequence_gap")] if node.follow(payload.seq) else []
        if address.message_type == "DDEATH":
            node.forget(address.device)
            return [*gap, Status(self.device(devices, address.identity), online=False, retained=False)]
        is_birth = address.message_type.endswith("BIRTH")
        if is_birth:
            node.define(address.device, payload.metrics)
        if self._is_mere_gateway(address, payload, node, devices):
            return [*gap, Ignored("edge_node")]
        device = self.device(devices, address.identity)
        born: list[Record] = [Status(device, online=True, retained=False)] if is_birth else []
        return [*gap, *born, *self._readings(device, address, payload, node)]

    def missed(self, node: str) -> int:
        """How many messages of a node (`group/edge-node`) went missing in what is remembered of it."""
        return self._nodes[node].missed

    def _is_mere_gateway(self, address: _Address, payload: Payload, node: EdgeNode, devices: Devices) -> bool:
        """Whether a node that the registry lacks only carries others, so that nobody need add it."""
        if address.device or self.known(devices, address.node) is not None:
            return False
        if any(self.known(devices, f"{address.node}/{name}") for name in node.born):
            return True
        return all(metric.name is not None and _is_plumbing(metric.name) for metric in payload.metrics)

    def _node_death(
        self, address: _Address, payload: Payload, node: EdgeNode, devices: Devices
    ) -> list[Record]:
        """Offline for the node and everything born under it; nothing for the death of an earlier session."""
        if None not in (node.bd_seq, payload.bd_seq) and node.bd_seq != payload.bd_seq:
            return [Ignored("stale_death")]
        identities = (address.node, *(f"{address.node}/{name}" for name in node.born))
        node.begin(None)
        dead = (self.known(devices, identity) for identity in identities)
        statuses: list[Record] = [
            Status(device, online=False, retained=False)
            for device in dead
            if device is not None and not device.is_passive
        ]
        return statuses or [Ignored("edge_node")]

    def _readings(self, device: Device, address: _Address, payload: Payload, node: EdgeNode) -> list[Record]:
        by_time: dict[int | None, dict[str, Any]] = {}
        nameless = 0
        for metric in payload.metrics:
            definition = node.definition(address.device, metric)
            if definition is None:
                nameless += 1
            elif not _is_plumbing(definition.name):
                value = plain_value(metric, definition.datatype)
                is_readable = metric.is_plain and definition.datatype != _DATE_TIME
                found = (
                    measured(device, definition.name, value, definition.unit)
                    if is_readable
                    else uncharted(device, [definition.name])
                )
                by_time.setdefault(_time_ms(metric.at_ms, payload.at_ms), {}).update(found)
        records: list[Record] = [
            meaningful(self.reading(device, values, ts=at_ms, seq=payload.seq))
            for at_ms, values in sorted(by_time.items(), key=lambda item: item[0] or 0)
        ]
        if nameless:
            records.append(_before_birth(nameless, records))
        return records or [Ignored("no_measurements")]


def _address(topic: str) -> _Address:
    """Who speaks, and how.

    Raises:
        Rejected: the topic has another form.
    """
    levels = topic.split("/")
    wanted = {4: _NODE_TYPES, 5: _DEVICE_TYPES}.get(len(levels), ())
    if levels[0] != _NAMESPACE or levels[2:3] == [] or levels[2] not in wanted or "" in levels:
        raise Rejected(
            Rejection.TOPIC, f"{_NAMESPACE}/group/message-type/node[/device] is needed, got {topic!r}"
        )
    return _Address(levels[2], f"{levels[1]}/{levels[3]}", "".join(levels[4:]))


def _before_birth(count: int, others: Iterable[Record]) -> Rejected:
    """The rejection for metrics that only a birth could name.

    Raises:
        Rejected: nothing else is in the message.
    """
    rejected = Rejected(
        Rejection.NO_BIRTH,
        f"{count} metrics have an alias whose birth was not seen; ask the node for a rebirth",
    )
    if not any(others):
        raise rejected
    return rejected


def _is_plumbing(name: str) -> bool:
    return name.startswith(_PLUMBING)


def _time_ms(own_ms: int | None, sent_ms: int | None) -> int | None:
    """When a metric was measured, epoch ms; None where neither time is one."""
    times = (ms for ms in (own_ms, sent_ms) if ms is not None and ms <= _LATEST_MS)
    return next((ms for ms in times if plausible_ms(ms) is not None), None)


DECODER = SparkplugDecoder
