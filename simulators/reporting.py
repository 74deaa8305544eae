"""What a device publishes when it reports: readings, events, and what an outage has held back."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from devices.clock import milliseconds
from simulators.clocks import clock_error_ms
from simulators.disorder import Disorder, Span
from simulators.effects import CLOCK, SILENT, STORING, Effects
from simulators.messages import OutgoingMessage, rfc3339_ms
from simulators.randomness import Chance
from simulators.speakers import Speaker
from simulators.world import Happening, Moment

__all__ = ["Queued", "Reporter"]

_encode = msgspec.json.Encoder().encode
_ARRAY_MOST = 20  # readings in one message of a backlog
_EVENTS, _WAY = 0x5851F42D4C957F2D, 0x14057B7EF767814F  # so that the three uses of chance share nothing
_CHATTER = {"fw": "2.1.7", "reset_reason": 1, "heap_free": 41_216}

Queued = tuple[int, int, int, int, int, OutgoingMessage]
"""When, then device, report, number within it and which copy: one order whatever the steps."""


class Reporter:
    """Makes the messages of a report. They depend on the speaker, the effects and the moment alone."""

    def __init__(self, effects: Effects, disorder: Disorder) -> None:
        self._effects = effects
        self._disorder = disorder
        self._late_max_ms = milliseconds(disorder.late_max_s)
        self._chance = Chance()
        self._way = Chance()

    def report(self, speaker: Speaker, at_ms: int, out: list[Queued]) -> None:
        """Append one report's messages, and the events until the next."""
        number = (at_ms - speaker.first_ms) // speaker.interval_ms
        self._way.start(speaker.seed ^ _WAY + number)
        stored: tuple[Span, ...] = ()
        if speaker.habits.outage_ms or self._effects.of(speaker.id, STORING):
            stored = self._stored(speaker, at_ms - speaker.interval_ms, at_ms + speaker.interval_ms + 1)
            for span in stored:
                if at_ms - speaker.interval_ms < span[1] <= at_ms:
                    self._deliver(speaker, span, at_ms, number, out)
        if not (stored and _within(stored, at_ms)) and not self._effects.active(speaker.id, SILENT, at_ms):
            payload = _encode(self._readings(speaker, at_ms, number))
            self._send((at_ms, speaker.index, number, 0), speaker.telemetry_topic, payload, out)
        for place, happening in enumerate(self._happenings(speaker, at_ms, number), 1):
            if not (stored and _within(stored, happening.at_ms)) and not self._effects.active(
                speaker.id, SILENT, happening.at_ms
            ):
                event = _encode(self._event(speaker, number, place, happening))
                self._send((happening.at_ms, speaker.index, number, place), speaker.event_topic, event, out)

    def _readings(self, speaker: Speaker, at_ms: int, number: int) -> Any:
        """What a report says: a reading, or an array of those made since the last."""
        batch = speaker.habits.batch
        if batch == 1:
            return self._reading(speaker, at_ms, number)
        first = number * batch
        return [
            self._reading(speaker, at_ms - (batch - 1 - turn) * speaker.sample_ms, first + turn)
            for turn in range(batch)
        ]

    def _reading(self, speaker: Speaker, at_ms: int, number: int) -> dict[str, Any]:
        chance = self._chance
        chance.start(speaker.seed + number)
        values = speaker.behaviour.telemetry(speaker.device, Moment(at_ms, number, speaker.sample_ms, chance))
        reading = {"ts": self._written(speaker, at_ms), "seq": number, **values}
        return reading | _CHATTER if speaker.habits.is_chatty else reading

    def _happenings(self, speaker: Speaker, at_ms: int, number: int) -> Any:
        self._chance.start(speaker.seed ^ _EVENTS + number)
        return speaker.behaviour.events(
            speaker.device, Moment(at_ms, number, speaker.interval_ms, self._chance)
        )

    def _event(self, speaker: Speaker, number: int, place: int, happening: Happening) -> Mapping[str, Any]:
        return {
            "id": f"{speaker.id}-{number}-{place}",
            "ts": self._written(speaker, happening.at_ms),
            **happening.members,
        }

    def _written(self, speaker: Speaker, at_ms: int) -> int | str:
        """A moment by the device's clock, as its kind writes it."""
        wrong = self._effects.of(speaker.id, CLOCK)
        shown_ms = at_ms + speaker.habits.clock_error_ms(at_ms) if speaker.habits.drift_ms else at_ms
        if wrong:
            shown_ms += sum(clock_error_ms(effect, at_ms) for effect in wrong)
        return shown_ms if speaker.writes_epoch else rfc3339_ms(shown_ms)

    def _send(self, order: tuple[int, int, int, int], topic: str, payload: bytes, out: list[Queued]) -> None:
        """Put a message on its way: mostly at once, sometimes later, sometimes twice."""
        at_ms, index, number, place = order
        if self._way.random() < self._disorder.late_share:
            at_ms += self._way.randint(1, self._late_max_ms)
        out.append((at_ms, index, number, place, 0, OutgoingMessage(at_ms, topic, payload)))
        if self._way.random() < self._disorder.duplicate_share:
            again_ms = at_ms + self._way.randint(1, self._late_max_ms)
            out.append((again_ms, index, number, place, 1, OutgoingMessage(again_ms, topic, payload)))

    def _stored(self, speaker: Speaker, from_ms: int, to_ms: int) -> tuple[Span, ...]:
        """The outages of a device that touch a span of time."""
        injected = (
            (effect.from_ms, effect.to_ms)
            for effect in self._effects.of(speaker.id, STORING)
            if effect.from_ms < to_ms and effect.to_ms > from_ms
        )
        return (*speaker.habits.outages(from_ms, to_ms), *injected)

    def _deliver(self, speaker: Speaker, span: Span, at_ms: int, number: int, out: list[Queued]) -> None:
        """Send what an outage has held back, in order, before the report of now."""
        messages = [*self._backlog(speaker, span, number), *self._late_events(speaker, span, number)]
        for place, (topic, payload) in enumerate(messages, -len(messages)):
            message = OutgoingMessage(at_ms, topic, payload)
            out.append((at_ms, speaker.index, number, place, 0, message))

    def _backlog(self, speaker: Speaker, span: Span, number: int) -> Iterator[tuple[str, bytes]]:
        readings: list[Any] = []
        for past in range(speaker.report_at(span[0]), number):
            past_ms = speaker.first_ms + past * speaker.interval_ms
            if past_ms < span[1] and not self._effects.active(speaker.id, SILENT, past_ms):
                made = self._readings(speaker, past_ms, past)
                readings += made if isinstance(made, list) else [made]
        size = _ARRAY_MOST if speaker.habits.sends_arrays else 1
        for first in range(0, len(readings), size):
            part = readings[first : first + size]
            yield speaker.telemetry_topic, _encode(part if size > 1 else part[0])

    def _late_events(self, speaker: Speaker, span: Span, number: int) -> Iterator[tuple[str, bytes]]:
        for past in range(max(0, speaker.report_at(span[0]) - 1), number):
            past_ms = speaker.first_ms + past * speaker.interval_ms
            for place, happening in enumerate(self._happenings(speaker, past_ms, past), 1):
                if span[0] <= happening.at_ms < span[1] and not self._effects.active(
                    speaker.id, SILENT, happening.at_ms
                ):
                    yield speaker.event_topic, _encode(self._event(speaker, past, place, happening))


def _within(spans: tuple[Span, ...], at_ms: int) -> bool:
    return any(from_ms <= at_ms < to_ms for from_ms, to_ms in spans)
