"""`ioc serve`: the API alone, over stores that other processes fill. Any number may run."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

from prometheus_client import CollectorRegistry

from api.application import create_app
from api.services import ApiServices, Check, Evidence, OperationsViews
from app.access import limits_of, tokens_of
from app.errors import StartError
from app.evidence_store import picture_store
from app.following import registry_at_rest, registry_follower, rules_follower, rules_revision
from app.hangup import Hangup
from app.http_server import HttpServer
from app.live_registry import LiveRegistry
from app.notifying import crew_desk
from app.process import Process, run_until
from app.reloading import RuleReloading
from app.run import city_of
from app.settings import ServiceSettings
from app.shared import SharedStores
from app.version import VERSION
from devices.clock import SystemClock
from rules.detection.engine import Engine
from rules.errors import RulesError
from rules.ruleset import LiveRules, installed_rules
from store.operations.audit import AuditLog
from store.operations.errors import OperationsUnavailableError
from store.operations.registrar import Registrar

__all__ = ["operations_check", "rules_of", "run_server", "shared_services"]


async def run_server(settings: ServiceSettings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Answer requests until `stop` is set.

    Raises:
        StartError: it could not start.
        ServiceFailedError: a part of it ended by itself.
    """
    async with AsyncExitStack() as cleanups:
        hangup = cleanups.enter_context(Hangup())
        stores = SharedStores(settings, "ioc serve")
        cleanups.callback(stores.close)
        seen, registry, programmes = registry_at_rest(stores.operations)
        live = LiveRegistry(registry, programmes)
        known = rules_revision(stores.operations)
        rules = rules_of(settings)
        crews = crew_desk(
            settings, stores.operations, lambda: live.registry, city_of(settings), SystemClock()
        )
        services = replace(
            shared_services(settings, stores, live, rules, lambda: operations_check(stores)), crews=crews
        )
        http = HttpServer(create_app(services), settings.http_host, settings.http_port)
        works = {
            "registry": registry_follower(stores.operations, live.change, seen).run,
            "rules": rules_follower(stores.operations, rules.reload, known).run,
        }
        process = Process(http, works)
        cleanups.push_async_callback(process.stop)
        hangup.do(RuleReloading(rules, AuditLog(stores.operations), SystemClock()).reload)
        await run_until(stop, process, ready)


def shared_services(
    settings: ServiceSettings,
    stores: SharedStores,
    live: LiveRegistry,
    rules: LiveRules,
    health: Callable[[], Mapping[str, Check]],
) -> ApiServices:
    """What a process without a pipeline answers from. It judges nothing, and can say how it would be."""
    city = city_of(settings)
    return ApiServices(
        operations=OperationsViews.of(stores.operations),
        telemetry=stores.telemetry,
        registry=lambda: live.registry,
        rules=rules,
        new_engine=lambda asked: Engine(asked, live.registry, live.programmes, city),
        registrar=Registrar(stores.operations, live.change),
        zone=city.zone,
        health=health,
        metrics=CollectorRegistry(),
        clock=SystemClock(),
        version=VERSION,
        evidence=Evidence.of(stores.operations, picture_store(settings)),
        review_officers=settings.review_officers,
        tokens=tokens_of(settings),
        limits=limits_of(settings),
    )


def operations_check(stores: SharedStores) -> Mapping[str, Check]:
    """Whether the operations store answers; without it nothing can be said or done."""
    try:
        stores.operations.check()
    except OperationsUnavailableError as error:
        return {"operations": Check(ok=False, detail=str(error))}
    return {"operations": Check(ok=True)}


def rules_of(settings: ServiceSettings) -> LiveRules:
    """The rules of the installation, loaded.

    Raises:
        StartError: one is wrong.
    """
    rules = LiveRules(lambda: installed_rules(settings.rules_dir))
    try:
        _ = rules.rules
    except RulesError as error:
        raise StartError(str(error)) from error
    return rules
