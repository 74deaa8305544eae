"""`ioc demo`: a whole city on one machine, with simulated devices on a real broker."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from datetime import time as time_of_day
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry
from rich.console import Console

from api.application import create_app
from api.auth import Role
from api.services import ApiServices, OperationsViews
from app import STARTED_S
from app.brokers import BrokerStartError, ChildBroker, find_mosquitto, mosquitto, packaged_broker
from app.data_directory import DataDirectory
from app.errors import StartError
from app.http_server import HttpServer
from app.logs import logging_to
from app.mqtt import PahoPublisher, PahoSource
from app.observation import PipelineMetrics, checks
from app.screen import Banner, LiveLine, Screen, screen_for
from app.service import Service
from app.settings import ServiceSettings
from app.summary import Summary
from app.version import VERSION
from app.wiring import Pipeline, Stores
from collector.source import MessageSource
from devices.cities import City, load_city
from devices.clock import SteppedClock, SystemClock, milliseconds
from devices.decoders.loading import decoders
from devices.messages import RawMessage
from devices.registry import Registry
from simulators.barrier import DeliveryBarrier
from simulators.city import SimulatedCity, build_city
from simulators.driver import Driver, Timing
from simulators.pace import FixedPace, Pace, UntilNight
from simulators.scenario import load_scenario
from simulators.simulation import Simulation
from store.operations.devices import DeviceRepository
from store.operations.programmes import ProgrammeRepository

__all__ = ["SCENARIO", "DemoOptions", "run_demo", "terminal"]

_WHO = "ioc demo"
_DUSK = time_of_day(17, 30)
_LINE_EVERY_S = 0.5
# Shorter than Ctrl-C may take: a step that nobody answers must not hold up the stop.
_TIMING = Timing(barrier_timeout_s=2.0)
SCENARIO = "first-light"


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the command line may say. `speed` None: fast until night, then as life is."""

    settings: ServiceSettings
    devices: int
    speed: float | None
    run_for_s: float | None
    seed: int
    broker: str
    json: Path | None


class _Beginning(msgspec.Struct, frozen=True):
    """When and from which seed a data directory's city began; kept beside the data."""

    origin_ms: int
    seed: int


class _WatchedSource:
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


async def run_demo(options: DemoOptions, console: Console, stop: asyncio.Event) -> Summary:
    """Run until `stop` is set or the time is over; what happened.

    Raises:
        StartError: it could not start; the message is one sentence for the person at the terminal.
        ServiceFailedError: a part of the service ended by itself.
    """
    async with AsyncExitStack() as cleanups:
        demo = await _start(options, cleanups)
        ready_s = time.monotonic() - STARTED_S
        screen = screen_for(console, _banner(demo, ready_s))
        cleanups.callback(screen.close)
        if options.run_for_s is not None:
            asyncio.get_running_loop().call_later(options.run_for_s, stop.set)
        driving = asyncio.create_task(demo.driver.drive(stop), name="driver")
        await _watch(demo, driving, screen, stop)
        await driving
        await demo.service.stop()
        views = demo.views
        return Summary.of(
            demo.stores.journal.balance(),
            seconds_to_ready=ready_s,
            faults=views.faults.count(),
            violations=views.violations.count(),
        )


@dataclass(frozen=True, kw_only=True)
class _Demo:
    """The running parts."""

    options: DemoOptions
    directory: DataDirectory
    city: SimulatedCity
    stores: Stores
    broker: ChildBroker
    service: Service
    driver: Driver
    clock: SteppedClock
    pace: Pace
    views: OperationsViews
    key: str
    http: HttpServer


async def _start(options: DemoOptions, cleanups: AsyncExitStack) -> _Demo:
    """Start broker, service and simulators; whatever was started ends with `cleanups`."""
    settings = options.settings
    directory = DataDirectory(settings.data_dir)
    cleanups.callback(directory.release)
    cleanups.enter_context(logging_to(directory.log))
    city = load_city(settings.city)
    stores = Stores(directory, settings)
    cleanups.callback(stores.close)
    broker = _broker(options, directory)
    cleanups.push_async_callback(broker.stop)
    try:
        await broker.start()
    except BrokerStartError as error:
        raise StartError(str(error)) from error

    beginning = _beginning(directory, city, options.seed)
    clock = SteppedClock(max(beginning.origin_ms, stores.journal.last_received_ms() or 0))
    simulated = _populate(options, city, beginning, stores, clock)
    barrier = DeliveryBarrier()
    session = PahoSource(
        settings.broker,
        f"ioc-collector-{stores.journal.id[:12]}",
        [name for decoder in decoders() for name in decoder.filters],
        receive_maximum=settings.receive_maximum,
    )
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=clock,
        city=city,
        registry=Registry(simulated.devices),
        programmes=simulated.programmes,
        source=_WatchedSource(session, barrier),
    )
    views = OperationsViews.of(stores.operations)
    metrics = CollectorRegistry()
    metrics.register(PipelineMetrics(pipeline))
    services = ApiServices(
        operations=views,
        telemetry=stores.telemetry,
        registry=lambda: pipeline.registry,
        health=lambda: checks(pipeline, lambda: session.is_subscribed),
        metrics=metrics,
        clock=clock,
        version=VERSION,
    )
    http = HttpServer(create_app(services), settings.http_host, settings.http_port)
    service = Service(pipeline, session, http)
    cleanups.push_async_callback(service.stop)
    await service.start()
    publisher = PahoPublisher(settings.broker, f"ioc-simulators-{stores.journal.id[:12]}")
    cleanups.push_async_callback(publisher.stop)
    await publisher.start()
    pace = (
        FixedPace(options.speed)
        if options.speed
        else UntilNight(origin_ms=beginning.origin_ms, zone=city.zone)
    )
    # Like real devices, ours send again what they cannot know was received: the step that was cut off.
    simulation = Simulation(
        simulated,
        load_scenario(SCENARIO),
        seed=beginning.seed,
        start_ms=max(beginning.origin_ms, clock.now_ms() - milliseconds(_TIMING.step_max_s)),
        origin_ms=beginning.origin_ms,
    )
    return _Demo(
        options=options,
        directory=directory,
        city=simulated,
        stores=stores,
        broker=broker,
        service=service,
        driver=Driver(
            simulation=simulation,
            clock=clock,
            publisher=publisher,
            barrier=barrier,
            pace=pace,
            timing=_TIMING,
        ),
        clock=clock,
        pace=pace,
        views=views,
        key=_one_time_key(views),
        http=http,
    )


def _broker(options: DemoOptions, directory: DataDirectory) -> ChildBroker:
    program = find_mosquitto() if options.broker != "packaged" else None
    if program is None and options.broker == "mosquitto":
        raise StartError(
            "mosquitto is not installed; install it, or leave --broker away for the packaged one"
        )
    port = options.settings.mqtt_port
    return mosquitto(program, port, directory.broker) if program else packaged_broker(port, directory.broker)


def _beginning(directory: DataDirectory, city: City, seed: int) -> _Beginning:
    """When this directory's city began: what it says itself, or today at half past five in the afternoon."""
    file = directory.path / "demo.json"
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=_Beginning)
    today = datetime.fromtimestamp(SystemClock().now_ms() / 1000, city.zone).date()
    dusk = datetime.combine(today, _DUSK, city.zone)
    beginning = _Beginning(origin_ms=round(dusk.timestamp() * 1000), seed=seed)
    file.write_bytes(msgspec.json.encode(beginning))
    return beginning


def _populate(
    options: DemoOptions, city: City, beginning: _Beginning, stores: Stores, clock: SteppedClock
) -> SimulatedCity:
    """Build the city and put it into the registry."""
    on = datetime.fromtimestamp(beginning.origin_ms / 1000, city.zone).date()
    try:
        simulated = build_city(city, options.devices, beginning.seed, on=on)
    except ValueError as error:
        raise StartError(str(error)) from error
    now = clock.now_ms()
    DeviceRepository(stores.operations).replace(Registry(simulated.devices), who=_WHO, at_ms=now)
    ProgrammeRepository(stores.operations).replace(simulated.programmes, who=_WHO, at_ms=now)
    return simulated


def _one_time_key(views: OperationsViews) -> str:
    """A key for this run; the keys of earlier runs open nothing any more."""
    now = SystemClock().now_ms()
    for key in views.keys.list():
        if key.name == _WHO and key.is_valid_at(now):
            views.keys.revoke(key.prefix, who=_WHO, at_ms=now)
    return views.keys.create(_WHO, Role.ADMIN, who=_WHO, at_ms=now).token


def _banner(demo: _Demo, seconds_to_ready: float) -> Banner:
    kinds = Counter(device.kind for device in demo.city.devices if not device.is_passive)
    return Banner(
        city=demo.city.city.label.vi,
        kinds=dict(kinds.most_common()),
        broker=f"{demo.broker.name} at {demo.broker.address}",
        broker_caveat=demo.broker.caveat.en,
        api_url=demo.http.url,
        key=demo.key,
        data=str(demo.directory.path),
        log=str(demo.directory.log),
        seconds_to_ready=seconds_to_ready,
    )


async def _watch(demo: _Demo, driving: asyncio.Task[None], screen: Screen, stop: asyncio.Event) -> None:
    """Show the counts until told to stop, or a part ends by itself."""
    intake = demo.service.pipeline.intake
    seen, seen_s = intake.messages, time.monotonic()
    while not stop.is_set() and not driving.done():
        demo.service.check()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LINE_EVERY_S)
        now_s = time.monotonic()
        per_second = (intake.messages - seen) / max(now_s - seen_s, 1e-6)
        seen, seen_s = intake.messages, now_s
        balance = await asyncio.to_thread(demo.stores.journal.balance)
        shown = ("received", "written", "events", "duplicates", "dead_lettered", "pending")
        counts = {name.replace("_", " "): balance.as_dict()[name] for name in shown}
        counts |= {"faults": demo.views.faults.count(), "violations": demo.views.violations.count()}
        city_ms = demo.clock.now_ms()
        screen.show(
            LiveLine(
                city_ms=city_ms,
                zone=demo.city.city.zone,
                speed=demo.pace.speed_at(city_ms),
                per_second=per_second,
                counts=counts,
            )
        )
    stop.set()


def terminal() -> Console:
    """The console for people; plain text where the output is no terminal."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
