import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from devices.clock import SteppedClock
from simulators.barrier import DeliveryBarrier
from simulators.city import SimulatedCity
from simulators.driver import Driver, Timing
from simulators.messages import OutgoingMessage
from simulators.pace import FixedPace, Pace, UntilNight
from simulators.scenario import Scenario
from simulators.simulation import Simulation


@dataclass
class Service:
    """Publishes to itself, and stops the run after some steps."""

    barrier: DeliveryBarrier
    clock: SteppedClock
    stop: asyncio.Event
    steps: int
    loses: int = 0
    published: list[OutgoingMessage] = field(default_factory=list)
    clocks_ms: list[int] = field(default_factory=list)

    async def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        self.published += messages
        self.clocks_ms.append(self.clock.now_ms())
        for message in messages[self.loses :]:
            self.barrier.seen(message.topic, message.payload)
        if len(self.clocks_ms) == self.steps:
            self.stop.set()


@dataclass
class RealTime:
    """Real time that passes by sleeping, and by `work_s` whenever somebody looks."""

    now_s: float = 1000.0
    work_s: float = 0.0
    slept_s: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        self.now_s += self.work_s
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


Run = Callable[..., tuple[Service, RealTime]]


@pytest.fixture
def run(city: SimulatedCity, first_light: Scenario, evening_ms: int) -> Run:
    def play(
        pace: Pace, steps: int, *, work_s: float = 0.0, start_ms: int = evening_ms, **more: Any
    ) -> tuple[Any, Any]:
        real, clock, barrier, stop = (
            RealTime(work_s=work_s),
            SteppedClock(start_ms),
            DeliveryBarrier(),
            asyncio.Event(),
        )
        service = Service(barrier, clock, stop, steps, **more)
        driver = Driver(
            simulation=Simulation(city, first_light, seed=7, start_ms=start_ms, origin_ms=evening_ms),
            clock=clock,
            publisher=service,
            barrier=barrier,
            pace=pace,
            timing=Timing(monotonic=real.monotonic, sleep=real.sleep, barrier_timeout_s=0),
        )
        asyncio.run(driver.drive(stop))
        return service, real

    return play


def test_drive_publishes_what_the_simulation_says_and_moves_the_clock_first(
    run: Run, city: SimulatedCity, first_light: Scenario, evening_ms: int
) -> None:
    service, _ = run(FixedPace(20), steps=30)
    expected = Simulation(city, first_light, seed=7, start_ms=evening_ms).advance(evening_ms + 60_000)
    assert service.published == expected
    assert service.clocks_ms == [evening_ms + 2_000 * step for step in range(1, 31)]


@pytest.mark.parametrize("speed", [0.5, 1, 60, 600])
def test_drive_takes_the_real_time_that_the_speed_asks_for(run: Run, evening_ms: int, speed: float) -> None:
    service, real = run(FixedPace(speed), steps=50, work_s=0.001)
    simulated_s = (service.clocks_ms[-1] - evening_ms) / 1000
    assert real.now_s - 1000 == pytest.approx(simulated_s / speed, abs=0.01)


def test_drive_that_fell_far_behind_does_not_race_to_catch_up(run: Run) -> None:
    _, real = run(FixedPace(20), steps=50, work_s=0.5)
    assert set(real.slept_s) == {0.0}
    service, real = run(FixedPace(20), steps=50)
    assert real.slept_s == pytest.approx([0.1] * 50)
    assert len(service.clocks_ms) == 50


def test_drive_slows_down_at_night(run: Run, evening_ms: int, tam_ky: Any) -> None:
    night_ms = evening_ms + 9_000_000
    pace = UntilNight(origin_ms=evening_ms, zone=tam_ky.zone)
    service, _ = run(pace, steps=6, start_ms=night_ms - 12_000)
    steps_ms = [at_ms - night_ms for at_ms in service.clocks_ms]
    assert steps_ms == [-7_000, -2_000, 3_000, 3_100, 3_200, 3_300]


def test_drive_logs_what_did_not_arrive_and_goes_on(run: Run) -> None:
    with capture_logs() as logs:
        service, _ = run(FixedPace(20), steps=3, loses=2)
    assert len(service.clocks_ms) == 3
    assert logs
    assert (logs[0]["log_level"], logs[0]["missing"]) == ("warning", 2)


def test_drive_stopped_before_it_begins_publishes_nothing(city: SimulatedCity, quiet: Scenario) -> None:
    stop = asyncio.Event()
    stop.set()
    barrier, clock = DeliveryBarrier(), SteppedClock(0)
    service = Service(barrier, clock, stop, steps=1)
    driver = Driver(
        simulation=Simulation(city, quiet, seed=7, start_ms=0),
        clock=clock,
        publisher=service,
        barrier=barrier,
        pace=FixedPace(1),
    )
    asyncio.run(driver.drive(stop))
    assert service.published == []


def test_drive_with_an_infinite_speed_never_sleeps(run: Run, evening_ms: int) -> None:
    service, real = run(FixedPace(float("inf")), steps=10)
    assert set(real.slept_s) == {0.0}
    assert service.clocks_ms[-1] == evening_ms + 50_000
