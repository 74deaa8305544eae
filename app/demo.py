"""`ioc demo`: a whole city on one machine, with simulated devices on a real broker."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from api.auth import Role
from api.services import OperationsViews
from app import STARTED_S
from app.assembly import broker_session, service_of
from app.brokers import HOST, BrokerStartError, ChildBroker, chosen_broker
from app.data_directory import DataDirectory
from app.demo_city import CityPlan, DemoCity, WatchedSource, open_city
from app.errors import StartError
from app.logs import logging_to
from app.mqtt import PahoPublisher
from app.screen import Banner, LiveLine, Screen, screen_for
from app.service import Service, ServiceFailedError
from app.settings import ServiceSettings
from app.summary import Summary
from app.wiring import Pipeline, Stores
from devices.clock import SystemClock
from devices.registry import Registry
from simulators.driver import Driver

__all__ = ["DemoOptions", "run_demo", "terminal"]

_WHO = "ioc demo"
_LINE_EVERY_S = 0.5
_START_S = 20.0
_LAST_STEP_S = 1.0
_SHOWN = ("received", "pending", "dead_lettered", "duplicates")


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the command line may say. `speed` None: fast until night, then as life is."""

    settings: ServiceSettings
    plan: CityPlan
    speed: float | None
    run_for_s: float | None
    broker: str


@dataclass(frozen=True, kw_only=True)
class _Demo:
    """The running parts."""

    directory: DataDirectory
    city: DemoCity
    stores: Stores
    broker: ChildBroker
    service: Service
    driver: Driver
    views: OperationsViews
    key: str


async def run_demo(options: DemoOptions, console: Console, stop: asyncio.Event) -> Summary:
    """Run until `stop` is set or the time is over; what happened.

    Raises:
        StartError: it could not start; the message is one sentence for the person at the terminal.
        ServiceFailedError: a part of the service ended by itself.
    """
    async with AsyncExitStack() as cleanups:
        demo = await _unless_stopped(_start(options, cleanups), stop)
        ready_s = time.monotonic() - STARTED_S
        screen = screen_for(console, _banner(demo, options.settings, ready_s))
        cleanups.callback(screen.close)
        if options.run_for_s is not None:
            asyncio.get_running_loop().call_later(options.run_for_s, stop.set)
        driving = asyncio.create_task(demo.driver.drive(stop), name="driver")
        cleanups.push_async_callback(_end, driving)
        await _watch(demo, driving, screen, stop)
        await _end(driving)
        await demo.service.stop()
        return Summary.of(
            demo.stores.journal.balance(),
            seconds_to_ready=ready_s,
            faults=demo.views.faults.count(),
            violations=demo.views.violations.count(),
        )


async def _unless_stopped(starting: Coroutine[Any, Any, _Demo], stop: asyncio.Event) -> _Demo:
    """What a start gives, unless it is told to stop or takes too long.

    Raises:
        StartError: it was, or it does.
    """
    task = asyncio.create_task(starting, name="start")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({task, stopping}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait({task})
    if stop.is_set():
        raise StartError("stopped before it was ready")
    raise StartError(f"not ready after {_START_S:g} s; the log says what was reached")


async def _end(driving: asyncio.Task[None]) -> None:
    """Let the driver finish its step, but not for long: a broker that stalls must not hold up the stop."""
    if not driving.done():
        await asyncio.wait({driving}, timeout=_LAST_STEP_S)
    driving.cancel()
    await asyncio.wait({driving})


async def _start(options: DemoOptions, cleanups: AsyncExitStack) -> _Demo:
    """Start broker, service and simulators; whatever was started ends with `cleanups`."""
    # The demo reads from the broker that it starts, whatever the environment says of another.
    nobody = dict.fromkeys(("mqtt_user", "mqtt_password", "mqtt_password_file", "mqtt_ca_file"))
    settings = options.settings.model_copy(update=nobody | {"mqtt_host": HOST, "mqtt_tls": False})
    directory = DataDirectory(settings.data_dir)
    cleanups.callback(directory.release)
    cleanups.enter_context(logging_to(directory.log))
    stores = Stores(directory, settings)
    cleanups.callback(stores.close)
    try:
        broker = chosen_broker(options.broker, settings.mqtt_port, directory.broker)
        cleanups.push_async_callback(broker.stop)
        await broker.start()
        settings = settings.model_copy(update={"mqtt_statistics": broker.has_statistics})
    except BrokerStartError as error:
        raise StartError(str(error)) from error
    city = open_city(options.plan, directory, stores)
    views = OperationsViews.of(stores.operations)
    service = _service(settings, stores, city, views)
    cleanups.push_async_callback(service.stop)
    await service.start()
    publisher = PahoPublisher(settings.broker, f"ioc-simulators-{stores.journal.id[:12]}")
    cleanups.push_async_callback(publisher.stop)
    await publisher.start()
    return _Demo(
        directory=directory,
        city=city,
        stores=stores,
        broker=broker,
        service=service,
        driver=city.driver(publisher, options.speed),
        views=views,
        key=_one_time_key(views),
    )


def _service(settings: ServiceSettings, stores: Stores, city: DemoCity, views: OperationsViews) -> Service:
    session = broker_session(settings, stores)
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=city.clock,
        city=city.city,
        registry=Registry(city.simulated.devices),
        programmes=[*city.simulated.programmes, *city.simulated.lighting],
        source=WatchedSource(session, city.barrier),
    )
    return service_of(pipeline, session, views)


def _one_time_key(views: OperationsViews) -> str:
    """A key for this run; the keys of earlier runs open nothing any more."""
    now = SystemClock().now_ms()
    for key in views.keys.list():
        if key.name == _WHO and key.is_valid_at(now):
            views.keys.revoke(key.prefix, who=_WHO, at_ms=now)
    return views.keys.create(_WHO, Role.ADMIN, who=_WHO, at_ms=now).token


def _banner(demo: _Demo, settings: ServiceSettings, seconds_to_ready: float) -> Banner:
    kinds = Counter(device.kind for device in demo.city.simulated.devices if not device.is_passive)
    return Banner(
        city=demo.city.city.label.vi,
        kinds=dict(kinds.most_common()),
        broker=f"{demo.broker.name} at {demo.broker.address}",
        broker_caveat=demo.broker.caveat.en,
        api_url=f"http://{settings.http_host}:{settings.http_port}",
        key=demo.key,
        data=str(demo.directory.path),
        log=str(demo.directory.log),
        seconds_to_ready=seconds_to_ready,
    )


async def _watch(demo: _Demo, driving: asyncio.Task[None], screen: Screen, stop: asyncio.Event) -> None:
    """Show the counts until told to stop, or a part ends by itself."""
    intake, clock = demo.service.pipeline.intake, demo.city.clock
    seen, seen_ms, seen_s = intake.messages, clock.now_ms(), time.monotonic()
    while not stop.is_set():
        _check(demo, driving)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LINE_EVERY_S)
        now, now_ms, now_s = intake.messages, clock.now_ms(), time.monotonic()
        elapsed_s = max(now_s - seen_s, 1e-6)
        screen.show(
            LiveLine(
                city_ms=now_ms,
                zone=demo.city.city.zone,
                speed=(now_ms - seen_ms) / 1000 / elapsed_s,
                per_second=(now - seen) / elapsed_s,
                counts=await asyncio.to_thread(_counts, demo),
            )
        )
        seen, seen_ms, seen_s = now, now_ms, now_s


def _check(demo: _Demo, driving: asyncio.Task[None]) -> None:
    """Return while everything runs.

    Raises:
        ServiceFailedError: a part ended by itself; its error is the cause.
    """
    demo.service.check()
    if not demo.broker.is_running:
        raise ServiceFailedError(f"the broker ended by itself; its words are in {demo.broker.log}")
    if driving.done():
        raise ServiceFailedError("the simulators ended by themselves") from driving.exception()


def _counts(demo: _Demo) -> dict[str, int]:
    """What the live line shows, by the words it uses; what matters most first, for narrow terminals."""
    balance = demo.stores.journal.balance().as_dict()
    found = {"faults": demo.views.faults.count(), "violations": demo.views.violations.count()}
    return found | {name.replace("_", " "): balance[name] for name in _SHOWN}


def terminal() -> Console:
    """The console for people; plain text where the output is no terminal."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
