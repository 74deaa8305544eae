"""From raw messages to what the journal takes: one by one through the decoders, then columns."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl
import structlog

from collector.device_time import DeviceClocks
from collector.duplicates import RecentRecords, event_keys, reading_keys
from collector.fates import Fate, Tally
from collector.rate_limit import RateLimit, RateLimiter
from devices.batch import (
    ReadingBatch,
    TimeQuality,
    dead_letter_frame,
    event_frame,
    reading_frame,
    status_frame,
)
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
from devices.stream import Content, DeadLetterBatch, EventBatch, StatusBatch
from devices.topics import Channel, native_topic

__all__ = ["Chunk", "MessageDecoding"]

_log = structlog.get_logger(__name__)
_TOPICS_KEPT = 200_000
_UNORDINARY = (ValueError, RecursionError)  # msgspec's errors are ValueErrors


@dataclass
class Chunk:
    """What a number of messages became: contents for the journal, and the fates already decided."""

    contents: list[Content] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    median_age_ms: int | None = None
    """Median age of the readings that carry a time: how far behind the present the stream is."""


@dataclass
class _Group:
    """Readings of one kind in the order in which they came, and the places of those the broker sent again."""

    readings: list[Reading] = field(default_factory=list)
    sent_again: set[int] = field(default_factory=set)


@dataclass
class _Sorted:
    """Records of one chunk by what they are; `again` are the places of events that the broker sent again."""

    groups: dict[str, _Group] = field(default_factory=lambda: defaultdict(_Group))
    events: list[Event] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    rejected: list[tuple[RawMessage, Rejected]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


class MessageDecoding:
    """Decodes messages, drops repetitions, settles times, and gathers columns and dead letters.

    Messages are decoded one by one; everything after that works on columns. Most messages are one reading of
    a known device: their topics have a route, and nothing else is asked of them.
    """

    def __init__(
        self,
        decoders: Sequence[Decoder],
        devices: Devices,
        recent: RecentRecords,
        max_payload_bytes: int,
        rate_limit: RateLimit | None = None,
    ) -> None:
        self._decoders = tuple(decoders)
        self._devices = devices
        self._recent = recent
        self._max_payload_bytes = max_payload_bytes
        self._by_topic: dict[str, Decoder | None] = {}
        self._routes: dict[str, Route | None] = {}
        self.clocks = DeviceClocks()
        self.rates = RateLimiter(rate_limit or RateLimit(), devices)

    def use(self, devices: Devices) -> None:
        """Decode with these devices from the next message on. May be called from any thread."""
        self._devices = devices
        self._routes = {}
        self.rates.use(devices)

    def decode(self, messages: Sequence[RawMessage], received_at_ms: int, *, caught_up: bool) -> Chunk:
        """What the messages became. Nothing that a device sends makes this raise."""
        found = _Sorted()
        routes, longest = self._routes, self._max_payload_bytes
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
            group = found.groups[route.device.kind]
            if message.duplicate:
                group.sent_again.add(len(group.readings))
            group.readings.append(Reading(route.device, payload))
        self._recent.pass_messages(len(messages))
        return self._chunk(found, received_at_ms, caught_up=caught_up)

    def _chunk(self, found: _Sorted, received_at_ms: int, *, caught_up: bool) -> Chunk:
        """Sorted records as columns for the journal."""
        chunk = Chunk(tally=found.tally)
        for kind, group in sorted(found.groups.items()):
            batch = self._settled(kind, group, found, received_at_ms, caught_up=caught_up)
            if batch.height:
                chunk.contents.append(ReadingBatch(kind, batch))
        events = self._unrepeated_events(found)
        if events:
            frame = event_frame(events, received_at_ms)
            chunk.contents.append(EventBatch(self.clocks.judge(frame, caught_up=False)))
        if found.statuses:
            chunk.contents.append(StatusBatch(status_frame(found.statuses, received_at_ms)))
        if found.rejected:
            letters = dead_letter_frame(found.rejected, received_at_ms, self._max_payload_bytes)
            chunk.contents.append(DeadLetterBatch(letters))
        chunk.median_age_ms = _median_age_ms(chunk.contents)
        return chunk

    def _settled(
        self, kind: str, group: _Group, found: _Sorted, received_at_ms: int, *, caught_up: bool
    ) -> pl.DataFrame:
        """Readings of a kind as columns, without repetitions and without what is too much."""
        frame = reading_frame(kind, group.readings, received_at_ms)
        found.tally.add(Fate.RECEIVED, frame.height)
        repeated = self._recent.repeated(reading_keys(frame), group.sent_again)
        readings = group.readings
        if repeated:
            found.tally.add(Fate.DUPLICATES, len(repeated))
            gone = frozenset(repeated)
            kept = [place for place in range(frame.height) if place not in gone]
            frame, readings = frame[kept], [readings[place] for place in kept]
        frame = self.clocks.judge(frame, caught_up=caught_up)
        excess = self.rates.excess(frame, received_at_ms)
        if excess is None:
            return frame
        for place in excess.arg_true():
            _reject_excess(readings[place], found)
        return frame.filter(~excess)

    def _unrepeated_events(self, found: _Sorted) -> list[Event]:
        events = found.events
        if not events:
            return []
        keys = event_keys((e.device.id for e in events), (e.payload.id for e in events))
        repeated = frozenset(self._recent.repeated(keys))
        found.tally.add(Fate.DUPLICATES, len(repeated))
        return [event for place, event in enumerate(events) if place not in repeated]

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

    def _sort(self, message: RawMessage, found: _Sorted) -> None:
        """Put one message's records where they belong; count those whose fate is decided already."""
        for record in self._records(message):
            match record:
                case Reading():
                    group = found.groups[record.device.kind]
                    if message.duplicate:
                        group.sent_again.add(len(group.readings))
                    group.readings.append(record)
                    continue
                case Event():
                    found.events.append(record)
                case Status():
                    found.statuses.append(record)
                    found.tally.add(Fate.STATUS)
                case Ignored(reason):
                    found.tally.add(Fate.IGNORED, reason=reason)
                case Rejected():
                    found.rejected.append((message, record))
                    found.tally.add(Fate.DEAD_LETTERED, reason=record.reason)
            found.tally.add(Fate.RECEIVED)

    def _records(self, message: RawMessage) -> list[Record]:
        """The message's records; the rejection alone when the whole message broke a rule."""
        self._learn_route(message.topic)
        try:
            return self._decode_one(message)
        except Rejected as rejected:
            return [rejected]

    def _learn_route(self, topic: str) -> None:
        """Find out once whether the topic has a short way; a device that comes later clears all routes."""
        if topic in self._routes:
            return
        if len(self._routes) >= _TOPICS_KEPT:
            self._routes.clear()
        decoder = self._decoder(topic)
        self._routes[topic] = decoder.route(topic, self._devices) if isinstance(decoder, Router) else None

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
        if topic not in self._by_topic:
            if len(self._by_topic) >= _TOPICS_KEPT:
                self._by_topic.clear()
            matching = (d for d in self._decoders if any(_matches(f, topic) for f in d.filters))
            self._by_topic[topic] = next(matching, None)
        return self._by_topic[topic]


def _reject_excess(reading: Reading, found: _Sorted) -> None:
    """Keep a reading that is too much as a dead letter in native form, whatever form it came in."""
    device = reading.device
    topic = native_topic(device.area, device.kind, device.id, Channel.TELEMETRY)
    detail = (
        f"{device.id!r} sends far more than one reading in {device.interval_s:g} s; repair or register it"
    )
    message = RawMessage(topic, msgspec.json.encode(reading.payload))
    found.rejected.append((message, Rejected(Rejection.RATE_LIMITED, detail)))
    found.tally.add(Fate.DEAD_LETTERED, reason=Rejection.RATE_LIMITED)


def _matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter with `+` and `#` covers a topic."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(given) or level not in ("+", given[position]):
            return False
    return len(wanted) == len(given)


def _median_age_ms(contents: Sequence[Content]) -> int | None:
    """Median of received minus measured over the readings whose own time counts; None without any."""
    ages = [
        (batch.frame["received_at"].to_physical() - batch.frame["measured_at"].to_physical()).filter(
            batch.frame["time_quality"] == TimeQuality.OK.value
        )
        for batch in contents
        if isinstance(batch, ReadingBatch)
    ]
    median = pl.concat(ages).median() if ages else None
    return int(median) if isinstance(median, (int, float)) else None
