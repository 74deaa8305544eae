"""`ioc score run`: city, broker, collector and rules on one machine as fast as it can, and their score."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from app.assembly import broker_session
from app.brokers import HOST, BrokerStartError, ChildBroker, chosen_broker, free_port
from app.data_directory import DataDirectory
from app.errors import StartError
from app.logs import logging_to
from app.scoring import score_of
from app.scoring_city import CityProcess
from app.scoring_plan import MOST_IN_A_STEP, ScoringPlan, city_of
from app.scoring_player import Player, Timings, WholeSteps
from app.service import Service, ServiceFailedError
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from collector.intake import IntakeSettings
from collector.writer import Writer, WriterSettings
from devices.clock import SteppedClock
from devices.entities.broadcast_programmes import ENTITY as BROADCAST_PROGRAMMES
from devices.registry import Registry
from reports.score.figures import Score
from reports.score.stored import StoredReports
from reports.score.truth import parse_truth
from simulators.barrier import DeliveryBarrier
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository
from store.operations.faults import FaultRepository
from store.telemetry import TelemetryUnavailableError

__all__ = ["Progress", "RunOptions", "run_and_score"]

_WHO = "ioc score"
_LOOK_EVERY_S = 0.5
_GATHER_S = 1.0
_START_S = 20.0
_TRUTH_FILE = "truth.jsonl"


class _FullSpeed(ServiceSettings):
    """Settings of a service that is driven as fast as it can: nothing is gathered but whole steps."""

    step_ms: int

    @property
    def intake(self) -> IntakeSettings:
        """No lingering, a mark behind every step, and a step's age is no backlog."""
        fresh_ms = self.step_ms + super().intake.fresh_ms
        return replace(super().intake, linger_s=0.0, idle_s=0.05, mark_every_ms=1, fresh_ms=fresh_ms)


class _FullSpeedPipeline(Pipeline):
    """A pipeline of which nobody reads the telemetry while it runs."""

    @cached_property
    def writer(self) -> Writer:
        """Journal to telemetry store, in larger portions: they cost half as much."""
        stores = self.stores
        return Writer(
            stores.journal,
            self.tail,
            stores.telemetry,
            TelemetryUnavailableError,
            WriterSettings(gather_s=_GATHER_S),
        )


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """A run, where it keeps its data, and on which broker."""

    plan: ScoringPlan
    data: Path
    broker: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run has come; the city's time in epoch ms, real seconds since the start."""

    now_ms: int
    messages: int
    faults: int
    elapsed_s: float


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The running parts."""

    stores: Stores
    service: Service
    broker: ChildBroker
    player: Player


async def run_and_score(options: RunOptions, show: Callable[[Progress], None]) -> Score:
    """Play the plan to its end and score it; the truth file stays in the data directory.

    Raises:
        StartError: it could not start, or the directory holds another run.
        ServiceFailedError: a part of it ended by itself.
    """
    if any((options.data / name).exists() for name in ("operations.db", "journal.db")):
        raise StartError(f"--data: {str(options.data)!r} holds a run already; name an empty folder")
    async with _started(options) as run:
        began_s = time.monotonic()
        playing = asyncio.create_task(run.player.play(), name="player")
        while not playing.done():
            await asyncio.wait({playing}, timeout=_LOOK_EVERY_S)
            show(await asyncio.to_thread(_progress, run, time.monotonic() - began_s))
        truth = playing.result()
        seconds = time.monotonic() - began_s
        (options.data / _TRUTH_FILE).write_bytes(truth)
        result = score_of(
            parse_truth(truth, _TRUTH_FILE), StoredReports(run.stores.operations), options.plan.interval_s
        )
        return replace(result, run=_figures(run, options.plan, seconds))


@asynccontextmanager
async def _started(options: RunOptions) -> AsyncIterator[_Run]:
    """Everything that a run needs, started in order and ended in the opposite one."""
    async with AsyncExitStack() as cleanups:
        settings = _settings(options)
        city = city_of(options.plan)
        directory = DataDirectory(options.data)
        cleanups.callback(directory.release)
        cleanups.enter_context(logging_to(directory.log))
        stores = Stores(directory, settings)
        cleanups.callback(stores.close)
        registry, clock = Registry(city.devices), SteppedClock(options.plan.origin_ms)
        DeviceRepository(stores.operations).replace(registry, who=_WHO, at_ms=clock.now_ms())
        EntityRepository(stores.operations).replace(
            BROADCAST_PROGRAMMES, city.programmes, who=_WHO, at_ms=clock.now_ms()
        )
        broker = await _broker(options, settings, directory, cleanups)
        settings = settings.model_copy(update={"mqtt_statistics": broker.has_statistics})
        session, barrier = broker_session(settings, stores), DeliveryBarrier()
        source = WholeSteps(session, barrier)
        pipeline = _FullSpeedPipeline(
            settings=settings,
            stores=stores,
            clock=clock,
            city=city.city,
            registry=registry,
            programmes=[*city.programmes, *city.lighting],
            source=source,
        )
        service = Service(pipeline, session)
        cleanups.push_async_callback(service.stop)
        await _in_time(service.start())
        child = CityProcess(options.plan, broker.address)
        cleanups.push_async_callback(child.stop)

        def check() -> None:
            service.check()
            if not broker.is_running:
                raise ServiceFailedError(f"the broker ended by itself; its words are in {broker.log}")

        player = Player(child, pipeline, source, clock, barrier, check)
        yield _Run(stores=stores, service=service, broker=broker, player=player)


async def _in_time(starting: Coroutine[Any, Any, None]) -> None:
    """Start the service.

    Raises:
        StartError: it takes too long.
    """
    try:
        await asyncio.wait_for(starting, _START_S)
    except TimeoutError:
        raise StartError(
            f"the service is not ready after {_START_S:g} s; with --data its log is kept"
        ) from None


def _settings(options: RunOptions) -> _FullSpeed:
    return _FullSpeed(
        data_dir=options.data,
        mqtt_host=HOST,
        mqtt_port=free_port(),
        mqtt_user=None,
        mqtt_password=None,
        batch_messages=MOST_IN_A_STEP,
        step_ms=options.plan.step_ms,
    )


async def _broker(
    options: RunOptions, settings: ServiceSettings, directory: DataDirectory, cleanups: AsyncExitStack
) -> ChildBroker:
    try:
        broker = chosen_broker(options.broker, settings.mqtt_port, directory.broker)
        cleanups.push_async_callback(broker.stop)
        await broker.start()
    except BrokerStartError as error:
        raise StartError(str(error)) from error
    return broker


def _progress(run: _Run, elapsed_s: float) -> Progress:
    return Progress(
        now_ms=run.player.clock.now_ms(),
        messages=run.player.timings.messages,
        faults=FaultRepository(run.stores.operations).count(),
        elapsed_s=elapsed_s,
    )


def _figures(run: _Run, plan: ScoringPlan, seconds: float) -> dict[str, float | int | str]:
    """What the run was like: how long it took and where the time went."""
    timings: Timings = run.player.timings
    balance = run.stores.journal.balance().as_dict()
    return {
        "arguments": plan.arguments(),
        "seconds": round(seconds, 1),
        "step_s": plan.step_ms / 1000,
        "steps": timings.steps,
        "messages": timings.messages,
        "messages_per_s": round(timings.messages / seconds),
        "city_seconds_per_second": round((plan.to_ms - plan.origin_ms) / 1000 / seconds),
        "waiting_for_city_s": round(timings.city_s, 1),
        "broker_s": round(timings.broker_s, 1),
        "intake_s": round(timings.intake_s, 1),
        "waiting_for_consumers_s": round(timings.consumers_s, 1),
        "broker": run.broker.name,
        "not_delivered": timings.lost,
        "dead_lettered": balance["dead_lettered"],
        "skipped_entries": run.service.pipeline.detection.skipped,
    }
