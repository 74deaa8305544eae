"""Plays a simulation into a broker, step by step, never ahead of the service."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from devices.clock import SteppedClock, milliseconds
from simulators.barrier import DeliveryBarrier
from simulators.messages import OutgoingMessage
from simulators.pace import Pace
from simulators.simulation import Simulation

__all__ = ["Driver", "Publisher", "Timing"]

_log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """Brings messages to a broker."""

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Publish in this order; return when the broker has acknowledged them all."""
        ...


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Where real time comes from, and how a run is cut into steps.

    A step covers `step_real_s` of real time at the present speed, within `step_min_s` and `step_max_s` of
    simulated time. A run that fell behind makes up for at most `catch_up_s`; the rest is simply later.
    """

    step_real_s: float = 0.1
    step_min_s: float = 0.1
    step_max_s: float = 5.0
    catch_up_s: float = 1.0
    barrier_timeout_s: float = 10.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def step_ms(self, speed: float) -> int:
        """Simulated milliseconds of one step at a speed; at least 1."""
        return max(1, milliseconds(min(max(speed * self.step_real_s, self.step_min_s), self.step_max_s)))


@dataclass(kw_only=True)
class Driver:
    """One run: a simulation, the clock it moves, and the way its messages take to the service.

    With a barrier each step waits for the service; whoever receives for it must tell the barrier what it has
    seen. With `until_ms` (epoch ms) the run ends there by itself.
    """

    simulation: Simulation
    clock: SteppedClock
    publisher: Publisher
    pace: Pace
    barrier: DeliveryBarrier | None = None
    timing: Timing = field(default_factory=Timing)
    until_ms: int | None = None

    async def drive(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set or the end is reached; the step under way is finished.

        Messages that the service has not received within the time-out are logged and given up.

        Raises:
            Exception: whatever the publisher raises; the clock then stands at the step that failed.
        """
        deadline_s = self.timing.monotonic()
        while not stop.is_set() and not self._is_over:
            speed = self.pace.speed_at(self.simulation.now_ms)
            step_ms = self.timing.step_ms(speed)
            if self.until_ms is not None:
                step_ms = min(step_ms, self.until_ms - self.simulation.now_ms)
            await self._step(self.simulation.now_ms + step_ms)
            now_s = self.timing.monotonic()
            deadline_s = max(deadline_s + step_ms / 1000 / speed, now_s - self.timing.catch_up_s)
            # Sleeping for nothing still lets the rest of the program run.
            await self.timing.sleep(max(0.0, deadline_s - now_s))

    @property
    def _is_over(self) -> bool:
        return self.until_ms is not None and self.simulation.now_ms >= self.until_ms

    async def _step(self, to_ms: int) -> None:
        """Publish one step's messages and wait until the service has them.

        The clock moves first: whatever is received is received at the end of the step that made it. A run
        that goes on may begin a little before the clock, saying again what an interruption cut off.
        """
        messages = self.simulation.advance(to_ms)
        self.clock.step_to(max(to_ms, self.clock.now_ms()))
        if self.barrier is None:
            await self.publisher.publish(messages)
            return
        for message in messages:
            self.barrier.sent(message.topic, message.payload)
        await self.publisher.publish(messages)
        missing = await self.barrier.wait(self.timing.barrier_timeout_s)
        if missing:
            _log.warning(
                "published messages did not reach the service in time; going on without them",
                missing=missing,
                published=len(messages),
                timeout_s=self.timing.barrier_timeout_s,
            )
