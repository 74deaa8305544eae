"""A simulated city driven into a broker or a file: what `ioc simulate` does."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.errors import StartError
from app.simulated_place import find_place
from app.sinks import Counted
from devices.clock import SteppedClock
from devices.entities.broadcast_programmes import ENTITY as BROADCAST_PROGRAMMES
from devices.entities.lighting_programmes import ENTITY as LIGHTING_PROGRAMMES
from devices.entity import entity_cells
from devices.registry_files import write_csv
from devices.table_files import FileFormat, write_lines
from simulators.city import SimulatedCity
from simulators.disorder import Disorder
from simulators.driver import Driver, Publisher, Timing
from simulators.pace import FixedPace
from simulators.scenario import ScenarioError, load_scenario
from simulators.simulation import Simulation
from simulators.standing import standing_truth
from simulators.truth import TruthHeader, write_truth

__all__ = ["Outcome", "Run", "SimulationPlan", "play", "prepare"]

_YAML = (".yaml", ".yml")
_TIMING = Timing(step_max_s=60.0)
_SHOW_EVERY_S = 0.25
_LAST_STEP_S = 2.0


@dataclass(frozen=True, kw_only=True)
class SimulationPlan:
    """What is simulated, from `from_ms` to `to_ms` (epoch ms; without an end until it is stopped).

    `scenario` is a name or a file. All devices report every `interval_s`; without, as their kinds do. `speed`
    is seconds of the city in a second, infinity as fast as the machine can.
    """

    city: str
    devices: int
    seed: int
    scenario: str
    from_ms: int
    to_ms: int | None
    speed: float
    interval_s: float | None = None
    disorder: Disorder | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """A city that is ready to speak."""

    plan: SimulationPlan
    city: SimulatedCity
    simulation: Simulation
    scenario_id: str

    @property
    def speaking(self) -> int:
        """How many devices speak."""
        return sum(not device.is_passive for device in self.city.devices)

    def write_registry(self, path: Path) -> None:
        """Write the devices as CSV that a service can import."""
        write_csv(self.city.devices, path)

    def write_programmes(self, folder: Path) -> None:
        """Write the broadcast and lighting programmes as CSV files that a service can import.

        Raises:
            StartError: the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for kind, entities in (
                (BROADCAST_PROGRAMMES, self.city.programmes),
                (LIGHTING_PROGRAMMES, self.city.lighting),
            ):
                lines = (entity_cells(kind, entity) for entity in entities)
                text = write_lines(lines, FileFormat.CSV, kind.columns)
                (folder / f"{kind.id}.csv").write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise StartError(
                f"--programmes-out: {str(folder)!r} cannot be written ({error.strerror})"
            ) from error

    def write_truth(self, path: Path) -> None:
        """Write what was injected up to now, and what is wrong in the registry."""
        now_ms = self.simulation.now_ms
        header = TruthHeader(
            city=self.city.city.id,
            scenario=self.scenario_id,
            seed=self.plan.seed,
            devices=self.speaking,
            from_ms=self.plan.from_ms,
            to_ms=now_ms,
        )
        standing = standing_truth(self.city.devices, self.plan.from_ms, now_ms)
        write_truth(path, header, [*standing, *self.simulation.truth()])


@dataclass(frozen=True)
class Outcome:
    """What a run came to: messages by channel, simulated span and real time."""

    counts: Counter[str]
    simulated_ms: int
    real_s: float


def prepare(plan: SimulationPlan) -> Run:
    """Build the city of a plan.

    Raises:
        StartError: the plan makes no city; the sentence says why.
    """
    place = find_place(plan.city)
    on = datetime.fromtimestamp(plan.from_ms / 1000, place.city.zone).date()
    city = place.populate(plan.devices, plan.seed, on, plan.interval_s)
    is_file = plan.scenario.lower().endswith(_YAML)
    try:
        scenario = load_scenario(Path(plan.scenario) if is_file else plan.scenario)
        simulation = Simulation(city, scenario, seed=plan.seed, start_ms=plan.from_ms, disorder=plan.disorder)
    except OSError as error:
        raise StartError(f"--scenario: {plan.scenario!r} cannot be read ({error.strerror})") from error
    except (ScenarioError, ValueError) as error:
        raise StartError(f"--scenario: {error}") from error
    return Run(plan=plan, city=city, simulation=simulation, scenario_id=scenario.id)


async def play(
    run: Run, publisher: Publisher, stop: asyncio.Event, show: Callable[[int, int], None]
) -> Outcome:
    """Drive the city until its end or until `stop` is set; `show` is told the moment (ms) and the messages.

    Raises:
        Exception: whatever the publisher raises.
    """
    counted = Counted(publisher)
    driver = Driver(
        simulation=run.simulation,
        clock=SteppedClock(run.plan.from_ms),
        publisher=counted,
        pace=FixedPace(run.plan.speed),
        timing=_TIMING,
        until_ms=run.plan.to_ms,
    )
    begun_s = time.monotonic()
    driving = asyncio.create_task(driver.drive(stop), name="driver")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    while not driving.done() and not stop.is_set():
        await asyncio.wait({driving, stopping}, timeout=_SHOW_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        show(run.simulation.now_ms, counted.total)
    stopping.cancel()
    await _finish(driving)
    show(run.simulation.now_ms, counted.total)
    return Outcome(counted.counts, run.simulation.now_ms - run.plan.from_ms, time.monotonic() - begun_s)


async def _finish(driving: asyncio.Task[None]) -> None:
    """Let the last step end; one that waits for a broker that has gone is given up."""
    await asyncio.wait({driving}, timeout=_LAST_STEP_S)
    driving.cancel()
    with suppress(asyncio.CancelledError):
        await driving
