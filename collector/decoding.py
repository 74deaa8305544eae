"""From raw messages to what the journal takes: decoded one by one, everything after that over columns."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import polars as pl

from collector.device_time import DeviceClocks
from collector.duplicates import RecentRecords, event_keys, reading_keys
from collector.fates import Fate, Tally
from collector.rate_limit import RateLimit, RateLimiter
from collector.sorting import Group, MessageSorter, Sorted
from devices.batch import (
    ReadingBatch,
    TimeQuality,
    dead_letter_frame,
    event_frame,
    reading_frame,
    status_frame,
)
from devices.errors import Rejected, Rejection
from devices.messages import Decoder, Devices, Event, RawMessage, Reading
from devices.stream import Content, DeadLetterBatch, EventBatch, StatusBatch
from devices.topics import Channel, native_topic

__all__ = ["Chunk", "MessageDecoding"]


@dataclass
class Chunk:
    """What a number of messages became: contents for the journal, and the fates already decided."""

    contents: list[Content] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    median_age_ms: int | None = None
    """Median age of the readings that carry a time: how far behind the present the stream is."""


class MessageDecoding:
    """Decodes messages, drops repetitions, settles times, limits floods, gathers columns and dead letters.

    `areas`: those this collector keeps, empty for the whole city.
    """

    def __init__(
        self,
        decoders: Sequence[Decoder],
        devices: Devices,
        recent: RecentRecords,
        max_payload_bytes: int,
        rate_limit: RateLimit | None = None,
        areas: Collection[str] = (),
    ) -> None:
        self._sorter = MessageSorter(decoders, devices, max_payload_bytes, areas)
        self._recent = recent
        self._max_payload_bytes = max_payload_bytes
        self.clocks = DeviceClocks()
        self.rates = RateLimiter(rate_limit or RateLimit(), devices)

    def use(self, devices: Devices) -> None:
        """Decode with these devices from the next message on. May be called from any thread."""
        self._sorter.use(devices)
        self.rates.use(devices)

    def unknown_fields(self) -> Mapping[tuple[str, str], int]:
        """How often each (kind, field) that no description knows was met since the start."""
        return self._sorter.unknown_fields()

    def misplaced(self) -> Mapping[tuple[str, str], int]:
        """How often a topic named another area than the registry: (registry's, topic's) since the start."""
        return self._sorter.misplaced()

    def decode(self, messages: Sequence[RawMessage], received_at_ms: int, *, caught_up: bool) -> Chunk:
        """What the messages became. Nothing that a device sends makes this raise."""
        found = self._sorter.sort(messages)
        self._recent.pass_messages(len(messages))
        return self._chunk(found, received_at_ms, caught_up=caught_up)

    def _chunk(self, found: Sorted, received_at_ms: int, *, caught_up: bool) -> Chunk:
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
        self, kind: str, group: Group, found: Sorted, received_at_ms: int, *, caught_up: bool
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

    def _unrepeated_events(self, found: Sorted) -> list[Event]:
        events = found.events
        if not events:
            return []
        keys = event_keys((e.device.id for e in events), (e.payload.id for e in events))
        repeated = frozenset(self._recent.repeated(keys))
        found.tally.add(Fate.DUPLICATES, len(repeated))
        return [event for place, event in enumerate(events) if place not in repeated]


def _reject_excess(reading: Reading, found: Sorted) -> None:
    """Keep a reading that is too much as a dead letter in native form, whatever form it came in."""
    device = reading.device
    topic = native_topic(device.area, device.kind, device.id, Channel.TELEMETRY)
    detail = (
        f"{device.id!r} sends far more than one reading in {device.interval_s:g} s; repair or register it"
    )
    message = RawMessage(topic, msgspec.json.encode(reading.payload))
    found.rejected.append((message, Rejected(Rejection.RATE_LIMITED, detail)))
    found.tally.add(Fate.DEAD_LETTERED, reason=Rejection.RATE_LIMITED)


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
