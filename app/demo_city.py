"""The demo's simulated city: how it begins, goes on, and speaks to the broker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as time_of_day
from pathlib import Path

import msgspec

from app.data_directory import DataDirectory
from app.errors import StartError
from app.wiring import Stores
from collector.source import MessageSource
from devices.cities import City, load_city
from devices.clock import SteppedClock, SystemClock, milliseconds
from devices.entities.broadcast_programmes import ENTITY as BROADCAST_PROGRAMMES
from devices.entities.lighting_programmes import ENTITY as LIGHTING_PROGRAMMES
from devices.errors import RegistryError
from devices.messages import RawMessage
from devices.registry import Registry
from devices.registry_files import read_registry
from simulators.barrier import DeliveryBarrier
from simulators.city import SimulatedCity, build_city
from simulators.driver import Driver, Publisher, Timing
from simulators.layout.programmes import broadcast_programmes, lighting_programmes
from simulators.pace import FixedPace, UntilNight
from simulators.scenario import load_scenario
from simulators.simulation import Simulation
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository

__all__ = ["SCENARIO", "CityPlan", "DemoCity", "WatchedSource", "open_city"]

SCENARIO = "first-light"
_WHO = "ioc demo"
_DUSK = time_of_day(17, 30)
# Shorter than Ctrl-C may take: a step that nobody answers must not hold up the stop.
_TIMING = Timing(barrier_timeout_s=2.0)


class _Beginning(msgspec.Struct, frozen=True):
    """When and from which seed a data directory's city began; kept beside the data."""

    origin_ms: int
    seed: int


class WatchedSource:
    """A source that tells the simulators what the service has made safe."""

    def __init__(self, source: MessageSource, barrier: DeliveryBarrier) -> None:
        self._source = source
        self._barrier = barrier

    @property
    def is_subscribed(self) -> bool:
        """Whether the broker has confirmed the subscriptions."""
        return self._source.is_subscribed

    async def receive(self, limit: int, timeout_s: float) -> list[RawMessage]:
        """What has arrived."""
        return await self._source.receive(limit, timeout_s)

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        """Acknowledge, then let the city's time go on."""
        self._source.acknowledge(messages)
        for message in messages:
            self._barrier.seen(message.topic, message.payload)


@dataclass(frozen=True, kw_only=True)
class DemoCity:
    """A simulated city with its clock and the barrier between what was said and what was heard."""

    simulated: SimulatedCity
    origin_ms: int
    seed: int
    clock: SteppedClock
    barrier: DeliveryBarrier

    @property
    def city(self) -> City:
        """The place it is in."""
        return self.simulated.city

    def driver(self, publisher: Publisher, speed: float | None) -> Driver:
        """What makes it speak from where its clock stands; without a speed fast until night, then as life.

        Raises:
            StartError: the demo's scenario needs devices that the city lacks.
        """
        # Like real devices, ours send again what they cannot know was received: the step that was cut off.
        try:
            simulation = Simulation(
                self.simulated,
                load_scenario(SCENARIO),
                seed=self.seed,
                start_ms=max(self.origin_ms, self.clock.now_ms() - milliseconds(_TIMING.step_max_s)),
                origin_ms=self.origin_ms,
            )
        except ValueError as error:
            raise StartError(str(error)) from error
        pace = FixedPace(speed) if speed else UntilNight(origin_ms=self.origin_ms, zone=self.city.zone)
        return Driver(
            simulation=simulation,
            clock=self.clock,
            publisher=publisher,
            barrier=self.barrier,
            pace=pace,
            timing=_TIMING,
        )


@dataclass(frozen=True, kw_only=True)
class CityPlan:
    """Which city to simulate: invented from a number of devices and a seed, or what a registry file says."""

    name: str
    devices: int
    seed: int
    registry: Path | None


def open_city(plan: CityPlan, directory: DataDirectory, stores: Stores) -> DemoCity:
    """The city of a data directory, its devices in the registry; a new one begins today at 17:30 local time.

    Raises:
        StartError: the plan makes no city; the sentence says why.
    """
    city = load_city(plan.name)
    beginning = _beginning(directory, city, plan.seed)
    on = datetime.fromtimestamp(beginning.origin_ms / 1000, city.zone).date()
    try:
        simulated = _simulated(plan, city, beginning.seed, on)
    except (ValueError, RegistryError) as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(f"the registry {str(plan.registry)!r} cannot be read ({error.strerror})") from error
    clock = SteppedClock(max(beginning.origin_ms, stores.journal.last_received_ms() or 0))
    registry = Registry(simulated.devices)
    DeviceRepository(stores.operations).replace(registry, who=_WHO, at_ms=clock.now_ms())
    for kind, programmes in (
        (BROADCAST_PROGRAMMES, simulated.programmes),
        (LIGHTING_PROGRAMMES, simulated.lighting),
    ):
        EntityRepository(stores.operations).replace(kind, programmes, who=_WHO, at_ms=clock.now_ms())
    return DemoCity(
        simulated=simulated,
        origin_ms=beginning.origin_ms,
        seed=beginning.seed,
        clock=clock,
        barrier=DeliveryBarrier(),
    )


def _simulated(plan: CityPlan, city: City, seed: int, on: date) -> SimulatedCity:
    if plan.registry is None:
        return build_city(city, plan.devices, seed, on=on)
    registry = read_registry(plan.registry)
    return SimulatedCity(
        city=city,
        devices=tuple(registry.values()),
        programmes=broadcast_programmes(city, on),
        lighting=lighting_programmes(city, on),
    )


def _beginning(directory: DataDirectory, city: City, seed: int) -> _Beginning:
    """When this directory's city began: what it says itself, or today at half past five in the afternoon."""
    file = directory.path / "demo.json"
    if file.exists():
        try:
            return msgspec.json.decode(file.read_bytes(), type=_Beginning)
        except msgspec.DecodeError as error:
            raise StartError(f"{str(file)!r} is damaged ({error}); start anew with another --data") from error
    today = datetime.fromtimestamp(SystemClock().now_ms() / 1000, city.zone).date()
    dusk = datetime.combine(today, _DUSK, city.zone)
    beginning = _Beginning(origin_ms=milliseconds(dusk.timestamp()), seed=seed)
    file.write_bytes(msgspec.json.encode(beginning))
    return beginning
