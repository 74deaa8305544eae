"""From raw messages to what the journal takes: one by one through the decoders, then columns."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import structlog

from collector.device_time import DeviceClocks
from collector.duplicates import RecentRecords, event_key, reading_key
from collector.fates import Fate, Tally
from devices.batch import ReadingBatch, dead_letter_frame, event_frame, reading_frame, status_frame
from devices.errors import Rejected, Rejection
from devices.messages import Decoder, Devices, Event, Ignored, RawMessage, Reading, Record, Status
from devices.stream import Content, DeadLetterBatch, EventBatch, StatusBatch

__all__ = ["Chunk", "MessageDecoding"]

_log = structlog.get_logger(__name__)
_TOPICS_KEPT = 200_000


@dataclass
class Chunk:
    """What a number of messages became: contents for the journal, and the fates already decided."""

    contents: list[Content] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    median_age_ms: int | None = None
    """Median age of the readings that carry a time: how far behind the present the stream is."""


@dataclass
class _Sorted:
    """Records of one chunk by what they are."""

    readings: dict[str, list[Reading]] = field(default_factory=lambda: defaultdict(list))
    events: list[Event] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    rejected: list[tuple[RawMessage, Rejected]] = field(default_factory=list)


class MessageDecoding:
    """Decodes messages, drops repetitions, settles times, and gathers columns and dead letters."""

    def __init__(
        self, decoders: Sequence[Decoder], devices: Devices, recent: RecentRecords, max_payload_bytes: int
    ) -> None:
        self._decoders = tuple(decoders)
        self._devices = devices
        self._recent = recent
        self._max_payload_bytes = max_payload_bytes
        self._by_topic: dict[str, Decoder | None] = {}
        self.clocks = DeviceClocks()

    def use(self, devices: Devices) -> None:
        """Decode with these devices from the next message on. May be called from any thread."""
        self._devices = devices

    def decode(self, messages: Sequence[RawMessage], received_at_ms: int, *, caught_up: bool) -> Chunk:
        """What the messages became. Nothing that a device sends makes this raise."""
        found = _Sorted()
        tally = Tally()
        for message in messages:
            self._sort(message, found, tally)
        self._recent.pass_messages(len(messages))
        chunk = Chunk(tally=tally)
        for kind, readings in sorted(found.readings.items()):
            frame = reading_frame(kind, readings, received_at_ms)
            chunk.contents.append(ReadingBatch(kind, self.clocks.judge(frame, caught_up=caught_up)))
        if found.events:
            events = event_frame(found.events, received_at_ms)
            chunk.contents.append(EventBatch(self.clocks.judge(events, caught_up=False)))
        if found.statuses:
            chunk.contents.append(StatusBatch(status_frame(found.statuses, received_at_ms)))
        if found.rejected:
            letters = dead_letter_frame(found.rejected, received_at_ms, self._max_payload_bytes)
            chunk.contents.append(DeadLetterBatch(letters))
        chunk.median_age_ms = _median_age_ms(chunk.contents)
        return chunk

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

    def _sort(self, message: RawMessage, found: _Sorted, tally: Tally) -> None:
        """Put one message's records where they belong and count them."""
        records = self._records(message)
        tally.add(Fate.RECEIVED, len(records))
        for record in records:
            if self._is_repeated(record, message):
                tally.add(Fate.DUPLICATES)
                continue
            match record:
                case Reading():
                    found.readings[record.device.kind].append(record)
                case Event():
                    found.events.append(record)
                case Status():
                    found.statuses.append(record)
                    tally.add(Fate.STATUS)
                case Ignored(reason):
                    tally.add(Fate.IGNORED, reason=reason)
                case Rejected():
                    found.rejected.append((message, record))
                    tally.add(Fate.DEAD_LETTERED, reason=record.reason)

    def _is_repeated(self, record: Record, message: RawMessage) -> bool:
        if isinstance(record, Reading):
            key = reading_key(record.device.id, record.payload)
        elif isinstance(record, Event):
            key = event_key(record.device.id, record.payload.id)
        else:
            return False
        return self._recent.is_repeated(key, sent_again=message.duplicate)

    def _records(self, message: RawMessage) -> list[Record]:
        """The message's records; the rejection alone when the whole message broke a rule."""
        try:
            return self._decode_one(message)
        except Rejected as rejected:
            return [rejected]

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
        (batch.frame["received_at"] - batch.frame["measured_at"])
        .filter(batch.frame["time_quality"] == "ok")
        .dt.total_milliseconds()
        for batch in contents
        if isinstance(batch, ReadingBatch)
    ]
    median = pl.concat(ages).median() if ages else None
    return int(median) if isinstance(median, (int, float)) else None
