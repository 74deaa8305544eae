"""`ioc run`: the service on one machine, at a broker and for devices that are really there."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from api.services import OperationsViews
from app.assembly import broker_session, service_of
from app.data_directory import DataDirectory
from app.errors import StartError
from app.rule_reloading import RuleReloading
from app.service import Service
from app.settings import ServiceSettings
from app.tuning import tune_collector
from app.wiring import Pipeline, Stores
from devices.cities import City, load_city
from devices.clock import SystemClock
from devices.errors import RegistryError
from devices.plans import PROGRAMMES
from devices.registry import Registry
from devices.registry_files import read_registry
from store.operations.audit import AuditLog
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository

__all__ = ["run_service"]

_log = structlog.get_logger(__name__)
_WHO = "ioc run"
_LOOK_S = 0.5


async def run_service(
    settings: ServiceSettings, registry: Path | None, stop: asyncio.Event, ready: Callable[[Service], None]
) -> None:
    """Run until `stop` is set. `ready` is called once, when the stream from the broker is live.

    The API answers before that: a service without its broker says so itself. `registry`: a CSV or GeoJSON
    file that becomes the registry first.

    Raises:
        StartError: it could not start; one sentence for the person at the terminal.
        ServiceFailedError: a part of it ended by itself.
    """
    async with AsyncExitStack() as cleanups:
        directory = DataDirectory(settings.data_dir)
        cleanups.callback(directory.release)
        stores = Stores(directory, settings)
        cleanups.callback(stores.close)
        session = broker_session(settings, stores)
        pipeline = Pipeline(
            settings=settings,
            stores=stores,
            clock=SystemClock(),
            city=_city(settings),
            registry=_registry(stores, registry),
            programmes=[one for kind in PROGRAMMES for one in EntityRepository(stores.operations).load(kind)],
            source=session,
        )
        service = service_of(pipeline, session, OperationsViews.of(stores.operations))
        cleanups.push_async_callback(service.stop)
        reloading = RuleReloading(pipeline.rules, AuditLog(stores.operations), pipeline.clock)
        reloading.listen()
        cleanups.callback(reloading.stop)
        stopping = asyncio.create_task(stop.wait(), name="stop")
        starting = asyncio.create_task(service.start(), name="start")
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return
        starting.result()
        tune_collector()
        ready(service)
        while not stop.is_set():
            service.check()
            await asyncio.wait({stopping}, timeout=_LOOK_S)


def _city(settings: ServiceSettings) -> City:
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
