"""From raw messages to records, one by one, sorted by what they are.

Most messages are one reading of a known device: their topics have a route, and nothing else is asked of them.
Everything unusual goes the slow way, through its decoder.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from collector.fates import Fate, Tally
from devices.errors import Rejected, Rejection
from devices.messages import (
    Decoder,
    Devices,
    Event,
    Ignored,
    RawMessage,
    Reading,
    Record,
    Route,
    Router,
    Status,
)
from devices.topics import PREFIX

__all__ = ["Group", "MessageSorter", "Sorted"]

_log = structlog.get_logger(__name__)
_TOPICS_KEPT = 200_000
_LONGEST_KEPT = 512
"""Characters of a topic; longer ones, which no device of ours has, would only fill the memory."""
_ANOTHERS = "of_another_collector"
_UNORDINARY = (ValueError, RecursionError)  # msgspec's errors are ValueErrors


@dataclass
class Group:
    """Readings of one kind in the order in which they came, and the places of those the broker sent again."""

    readings: list[Reading] = field(default_factory=list)
    sent_again: set[int] = field(default_factory=set)


@dataclass
class Sorted:
    """Records of one chunk by what they are; `again` are the places of events that the broker sent again."""

    groups: dict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    events: list[Event] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    rejected: list[tuple[RawMessage, Rejected]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def add_reading(self, reading: Reading, *, sent_again: bool) -> None:
        """Put a reading behind the others of its kind; it is counted when its column is settled."""
        group = self.groups[reading.device.kind]
        if sent_again:
            group.sent_again.add(len(group.readings))
        group.readings.append(reading)

    def add(self, record: Event | Status | Ignored | Rejected, message: RawMessage) -> None:
        """Put any other record where it belongs, and count it with its fate if that is decided already."""
        match record:
            case Event():
                self.events.append(record)
                self.tally.add(Fate.RECEIVED)
            case Status():
                self.statuses.append(record)
                self.count(Fate.STATUS)
            case Ignored(reason):
                self.count(Fate.IGNORED, reason)
            case Rejected():
                # A traceback would keep every frame of the decoding alive, for the garbage collector to walk.
                record.__traceback__ = record.__context__ = record.__cause__ = None
                self.rejected.append((message, record))
                self.count(Fate.DEAD_LETTERED, record.reason)

    def count(self, fate: Fate, reason: str = "") -> None:
        """Count a record that came and whose fate is decided."""
        self.tally.add(Fate.RECEIVED)
        self.tally.add(fate, reason=reason)


class MessageSorter:
    """Decodes messages and sorts what they say. Nothing that a device sends makes it raise.

    `areas`: those this collector keeps, empty for the whole city. A native message belongs to the collector
    that reads its topic; of vendors' topics, which all read, each keeps what its own devices say.
    """

    def __init__(
        self, decoders: Sequence[Decoder], devices: Devices, max_payload_bytes: int, areas: Collection[str]
    ) -> None:
        self._decoders = tuple(decoders)
        self._devices = devices
        self._max_payload_bytes = max_payload_bytes
        self._areas = frozenset(areas)
        self._by_topic: dict[str, Decoder | None] = {}
        self._routes: dict[str, Route | None] = {}

    def use(self, devices: Devices) -> None:
        """Know other devices from the next message on. May be called from any thread."""
        self._devices = devices
        self._routes = {}

    def sort(self, messages: Sequence[RawMessage]) -> Sorted:
        """The messages' records."""
        found = Sorted()
        routes, groups, longest = self._routes, found.groups, self._max_payload_bytes
        for message in messages:
            route = routes.get(message.topic)
            if route is None or message.retained or len(message.payload) > longest:
                self._sort(message, found)
                continue
            try:
                payload: Any = route.decode(message.payload)
            except _UNORDINARY:
                self._sort(message, found)
                continue
            if payload.device is not None:
                self._sort(message, found)
                continue
            # Written out: this runs for every message.
            group = groups[route.device.kind]
            if message.duplicate:
                group.sent_again.add(len(group.readings))
            group.readings.append(Reading(route.device, payload))
        return found

    def unknown_fields(self) -> Mapping[tuple[str, str], int]:
        """How often each (kind, field) that no description knows was met since the start."""
        merged: dict[tuple[str, str], int] = {}
        for decoder in self._decoders:
            merged |= decoder.unknown_fields()
        return merged

    def misplaced(self) -> Mapping[tuple[str, str], int]:
        """How often a topic named another area than the registry: (registry's, topic's) since the start."""
        merged: dict[tuple[str, str], int] = {}
        for decoder in self._decoders:
            merged |= decoder.misplaced()
        return merged

    def _sort(self, message: RawMessage, found: Sorted) -> None:
        """Put one message's records where they belong; count those whose fate is decided already."""
        for record in self._records(message):
            if self._areas and _is_anothers(record, message.topic, self._areas):
                found.count(Fate.IGNORED, _ANOTHERS)
            elif isinstance(record, Reading):
                found.add_reading(record, sent_again=message.duplicate)
            else:
                found.add(record, message)

    def _records(self, message: RawMessage) -> list[Record]:
        """The message's records; the rejection alone when the whole message broke a rule."""
        self._learn_route(message.topic)
        try:
            return self._decode_one(message)
        except Rejected as rejected:
            return [rejected]

    def _learn_route(self, topic: str) -> None:
        """Find out once whether the topic has a short way; a device that comes later clears all routes."""
        # In this order: `use` may come in between, and a route of old devices must not outlive them.
        routes, devices = self._routes, self._devices
        if topic in routes or len(topic) > _LONGEST_KEPT:
            return
        if len(routes) >= _TOPICS_KEPT:
            routes.clear()
        routes[topic] = self._route(topic, devices)

    def _route(self, topic: str, devices: Devices) -> Route | None:
        decoder = self._decoder(topic)
        if not isinstance(decoder, Router):
            return None
        try:
            return decoder.route(topic, devices)
        except Exception:  # noqa: BLE001 - the slow way decodes or refuses what this one cannot bear
            _log.exception("route_failed", decoder=decoder.name)
            return None

    def _decode_one(self, message: RawMessage) -> list[Record]:
        """The message's records.

        Raises:
            Rejected: the whole message broke a rule.
        """
        if len(message.payload) > self._max_payload_bytes:
            size = len(message.payload)
            raise Rejected(
                Rejection.OVERSIZED, f"at most {self._max_payload_bytes} bytes a message, got {size}"
            )
        decoder = self._decoder(message.topic)
        if decoder is None:
            raise Rejected(Rejection.TOPIC, f"no decoder reads the topic {message.topic!r}")
        try:
            return decoder.decode(message, self._devices) or [Ignored("empty")]
        except Rejected:
            raise
        except Exception as error:
            # A decoder's own mistake must not stop the city: keep the message, tell the developer.
            _log.exception("decoder_failed", decoder=decoder.name, topic=message.topic)
            raise Rejected(
                Rejection.UNSUPPORTED, f"decoder {decoder.name!r} failed: {type(error).__name__}"
            ) from error

    def _decoder(self, topic: str) -> Decoder | None:
        if topic in self._by_topic:
            return self._by_topic[topic]
        found = next((d for d in self._decoders if any(_matches(f, topic) for f in d.filters)), None)
        if len(topic) <= _LONGEST_KEPT:
            if len(self._by_topic) >= _TOPICS_KEPT:
                self._by_topic.clear()
            self._by_topic[topic] = found
        return found


def _is_anothers(record: Record, topic: str, areas: Collection[str]) -> bool:
    """Whether another collector keeps a vendor's record; what nobody knows is kept by all who hear it."""
    if topic.startswith(f"{PREFIX}/"):
        return False
    return isinstance(record, Reading | Event | Status) and record.device.area not in areas


def _matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter with `+` and `#` covers a topic."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(given) or level not in ("+", given[position]):
            return False
    return len(wanted) == len(given)
