"""`ioc run`: the service on one machine, at a broker and for devices that are really there."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from api.services import OperationsViews
from app.areas import cuts
from app.assembly import broker_session, collector_of, service_of
from app.collector_claim import CollectorClaim
from app.data_directory import DataDirectory
from app.errors import StartError
from app.following import registry_at_rest
from app.hangup import Hangup
from app.process import Work, run_until
from app.service import Service
from app.settings import ServiceSettings
from app.shared import refuse_embedded
from app.tuning import tune_collector
from app.wiring import Pipeline, Stores
from devices.cities import City, load_city
from devices.clock import SystemClock
from devices.errors import RegistryError
from devices.plans import PROGRAMMES
from devices.registry import Registry
from devices.registry_files import read_registry
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository

__all__ = ["city_of", "run_collector", "run_service"]

_log = structlog.get_logger(__name__)
_WHO = "ioc run"
_SHOWN = 5


async def run_service(
    settings: ServiceSettings, registry: Path | None, stop: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Run until `stop` is set. `ready` is called once, when the stream from the broker is live.

    The API answers before that: a service without its broker says so itself. `registry`: a CSV or GeoJSON
    file that becomes the registry first.

    Raises:
        StartError: it could not start; one sentence for the person at the terminal.
        ServiceFailedError: a part of it ended by itself.
    """
    async with AsyncExitStack() as cleanups:
        hangup = cleanups.enter_context(Hangup())
        directory = DataDirectory(settings.data_dir)
        cleanups.callback(directory.release)
        stores = Stores(directory, settings, SystemClock())
        cleanups.callback(stores.close)
        works = _claimed(settings, stores, cleanups)
        session = broker_session(settings, stores)
        pipeline = Pipeline(
            settings=settings,
            stores=stores,
            clock=SystemClock(),
            city=city_of(settings),
            registry=_registry(stores, registry),
            programmes=[one for kind in PROGRAMMES for one in EntityRepository(stores.operations).load(kind)],
            source=session,
        )
        service = service_of(pipeline, session, OperationsViews.of(stores.operations), works)
        await run_pipeline(service, hangup, cleanups, stop, ready)


async def run_collector(settings: ServiceSettings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Collect and detect until `stop` is set: what people ask and decide is other processes' work.

    Raises:
        StartError: it could not start.
        ServiceFailedError: a part of it ended by itself.
    """
    refuse_embedded(settings, "ioc collect")
    async with AsyncExitStack() as cleanups:
        hangup = cleanups.enter_context(Hangup())
        directory = DataDirectory(settings.data_dir)
        cleanups.callback(directory.release)
        stores = Stores(directory, settings, SystemClock())
        cleanups.callback(stores.close)
        works = _claimed(settings, stores, cleanups)
        _, registry, programmes = registry_at_rest(stores.operations)
        if crossing := cuts(registry, programmes, settings.areas, SystemClock().now_ms()):
            raise StartError(f"ioc collect: {'; '.join(crossing[:_SHOWN])}; {len(crossing)} in all")
        session = broker_session(settings, stores)
        pipeline = Pipeline(
            settings=settings,
            stores=stores,
            clock=SystemClock(),
            city=city_of(settings),
            registry=registry,
            programmes=programmes,
            source=session,
        )
        collector = collector_of(pipeline, session, OperationsViews.of(stores.operations), works)
        await run_pipeline(collector, hangup, cleanups, stop, ready)


async def run_pipeline(
    service: Service, hangup: Hangup, cleanups: AsyncExitStack, stop: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Run a service until `stop` is set; SIGHUP lets it read rules and routes anew meanwhile.

    Raises:
        StartError: it could not start.
        ServiceFailedError: a part of it ended by itself.
    """
    cleanups.push_async_callback(service.stop)
    hangup.do(service.reload)

    def started() -> None:
        tune_collector()
        ready()

    await run_until(stop, service, started)


def _claimed(settings: ServiceSettings, stores: Stores, cleanups: AsyncExitStack) -> Mapping[str, Work]:
    """Our `collector_id`, claimed if others could speak under it too, and the work that holds the claim.

    Raises:
        StartError: another collector has it.
    """
    if settings.operations_url is None:
        return {}  # whoever holds the data directory is alone
    claim = CollectorClaim(stores.operations, settings.collector_id, stores.journal.id)
    claim.take()
    cleanups.callback(claim.release)
    return {"claim": claim.run}


def city_of(settings: ServiceSettings) -> City:
    """The city that the settings name.

    Raises:
        StartError: there is none of that name.
    """
    try:
        return load_city(settings.city)
    except LookupError as error:
        raise StartError(f"IOC_CITY: {error}") from error


def _registry(stores: Stores, file: Path | None) -> Registry:
    """The registry of the operations store, replaced first by the file's if there is one."""
    devices = DeviceRepository(stores.operations)
    try:
        if file is not None:
            devices.replace(read_registry(file), who=_WHO, at_ms=SystemClock().now_ms())
        registry = devices.load()
    except RegistryError as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(f"the registry {str(file)!r} cannot be read ({error.strerror})") from error
    if not registry:
        _log.warning(
            "registry_empty", note="every message is of an unknown device until devices are imported"
        )
    return registry
