"""Letting a city and a service go through time together, as fast as both can."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.demo_city import WatchedSource
from app.scoring_city import Announced, CityProcess
from app.wiring import Pipeline
from collector.source import MessageSource
from devices.clock import SteppedClock
from devices.messages import RawMessage
from simulators.barrier import DeliveryBarrier

__all__ = ["Player", "Timings", "WholeSteps"]

_GATHER_S = 0.002
_STEP_S = 30.0
_AHEAD_ENTRIES = 300  # less than the tail keeps in memory
_WAIT_S = 0.005


class WholeSteps(WatchedSource):
    """A source that hands over a step as a whole: one batch, one commit, and one mark behind all of it.

    So the idle clock never passes a message that is still on its way, and a run is the same every time.
    `arrived_s` is when the last messages were handed over, on the machine's monotonic clock.
    """

    def __init__(self, source: MessageSource, barrier: DeliveryBarrier) -> None:
        super().__init__(source, barrier)
        self._expected = barrier
        self._handed = 0
        self.arrived_s = 0.0

    async def receive(self, limit: int, timeout_s: float) -> list[RawMessage]:
        """What has arrived once all of the step has, or `limit` of it."""
        gathered = await super().receive(limit, timeout_s)
        started_s = time.monotonic()
        while len(gathered) < min(limit, self._expected.outstanding - self._handed):
            if time.monotonic() - started_s > _STEP_S:
                break  # the player says what is missing
            # Waking for each message would cost more than waiting for many.
            await asyncio.sleep(_GATHER_S)
            gathered += await super().receive(limit - len(gathered), 0.0)
        if gathered:
            self._handed += len(gathered)
            self.arrived_s = time.monotonic()
        return gathered

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        """Acknowledge, then let the city's time go on."""
        self._handed -= len(messages)
        super().acknowledge(messages)


@dataclass
class Timings:
    """Where the real seconds went.

    `city_s`: waiting for the city's next step; `broker_s`: from there until all of it had arrived;
    `intake_s`: decoding, journaling, acknowledging; `consumers_s`: waiting for writer and detection.
    """

    steps: int = 0
    messages: int = 0
    lost: int = 0
    city_s: float = 0.0
    broker_s: float = 0.0
    intake_s: float = 0.0
    consumers_s: float = 0.0


@dataclass
class Player:
    """One run; `check` raises when a part of the service has ended by itself."""

    city: CityProcess
    pipeline: Pipeline
    source: WholeSteps
    clock: SteppedClock
    barrier: DeliveryBarrier
    check: Callable[[], None]
    timings: Timings = field(default_factory=Timings)

    async def play(self) -> bytes:
        """Play to the end, and wait until both consumers have passed everything; the run's truth file.

        Raises:
            StartError: the city cannot be played.
            ServiceFailedError: a part of the service ended by itself.
        """
        while True:
            before_s = time.monotonic()
            announced = await self.city.announcement()
            self.timings.city_s += time.monotonic() - before_s
            if announced.truth:
                await self._until_committed()
                self.city.publish()
                return announced.truth
            await self._step(announced)

    async def _step(self, announced: Announced) -> None:
        """Publish one step and wait until it is in the journal; the clock moves first, as in the demo."""
        self.check()
        before_s = time.monotonic()
        self.clock.step_to(announced.to_ms)
        for topic, payload in announced.messages:
            self.barrier.sent(topic, payload)
        self.city.publish()
        self.timings.lost += await self.barrier.wait(_STEP_S)
        self.timings.steps += 1
        self.timings.messages += len(announced.messages)
        after_s = time.monotonic()
        arrived_s = min(max(self.source.arrived_s, before_s), after_s)
        self.timings.broker_s += arrived_s - before_s
        self.timings.intake_s += after_s - arrived_s
        await self._until_near()
        self.timings.consumers_s += time.monotonic() - after_s

    async def _until_near(self) -> None:
        """Wait until both consumers can read from memory what they have not read yet.

        Raises:
            ServiceFailedError: one of them ended by itself.
        """
        writer, detection, tail = self.pipeline.writer, self.pipeline.detection, self.pipeline.tail
        while min(writer.position, detection.read_position) < tail.newest - _AHEAD_ENTRIES:
            self.check()
            await asyncio.sleep(_WAIT_S)

    async def _until_committed(self) -> None:
        """Wait until both consumers have committed everything.

        Raises:
            ServiceFailedError: one of them ended by itself.
        """
        writer, detection, tail = self.pipeline.writer, self.pipeline.detection, self.pipeline.tail
        while min(writer.position, detection.position) < tail.newest:
            self.check()
            await asyncio.sleep(_WAIT_S)
