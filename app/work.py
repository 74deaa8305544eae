"""`ioc work`: the leader's jobs. Any number may run; one leads, the others wait to take over."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

from api.application import create_status_app
from api.services import Check
from app.following import registry_at_rest, registry_follower, rules_follower, rules_revision
from app.hangup import Hangup
from app.http_server import HttpServer
from app.leader import JobRunner
from app.leader_jobs import LeaderParts, leader_jobs
from app.leadership import Leadership
from app.live_registry import LiveRegistry
from app.notifying import read_notifying, report_job
from app.process import Process, run_until
from app.reloading import NotifyReloading, RuleReloading
from app.run import city_of
from app.serve import operations_check, rules_of, shared_services
from app.settings import ServiceSettings
from app.shared import SharedStores
from devices.clock import SystemClock
from rules.ruleset import LiveRules
from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase
from store.operations.errors import OperationsUnavailableError

__all__ = ["run_worker"]


async def run_worker(settings: ServiceSettings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Lead, or wait to lead, until `stop` is set.

    Raises:
        StartError: it could not start.
        ServiceFailedError: a part of it ended by itself.
    """
    async with AsyncExitStack() as cleanups:
        hangup = cleanups.enter_context(Hangup())
        stores = SharedStores(settings, "ioc work")
        cleanups.callback(stores.close)
        # What is wrong with these is said now, and not when this process comes to lead.
        _ = (
            settings.broker,
            read_notifying(settings),
            report_job(settings, stores.operations, city_of(settings)),
        )
        seen, registry, programmes = registry_at_rest(stores.operations)
        live = LiveRegistry(registry, programmes)
        known = rules_revision(stores.operations)
        rules = rules_of(settings)
        leadership = _leadership(settings, stores, live, rules)
        services = shared_services(settings, stores, live, rules, lambda: _health(stores, leadership))
        services.metrics.register(leadership)
        http = HttpServer(create_status_app(services), settings.http_host, settings.http_port)
        works = {
            "registry": registry_follower(stores.operations, live.change, seen).run,
            "rules": rules_follower(stores.operations, rules.reload, known).run,
            "leadership": leadership.run,
        }
        process = Process(http, works)
        cleanups.push_async_callback(process.stop)
        hangup.do(lambda: _reload(settings, stores, rules, leadership))
        await run_until(stop, process, ready)


def _reload(
    settings: ServiceSettings, stores: SharedStores, rules: LiveRules, leadership: Leadership
) -> None:
    RuleReloading(rules, AuditLog(stores.operations), SystemClock()).reload()
    NotifyReloading(settings, leadership).reload()


def _leadership(
    settings: ServiceSettings, stores: SharedStores, live: LiveRegistry, rules: LiveRules
) -> Leadership:
    clock, city = SystemClock(), city_of(settings)

    def jobs(operations: OperationsDatabase) -> JobRunner:
        parts = LeaderParts(
            settings=settings,
            operations=operations,
            telemetry=stores.telemetry,
            clock=clock,
            city=city,
            registry=lambda: live.registry,
            rules=lambda: rules.rules,
        )
        return JobRunner(leader_jobs(parts), clock)

    return Leadership(stores.operations, _holder(), jobs)


def _holder() -> str:
    """A name that no other process has, and from which people see where it runs."""
    return f"work {socket.gethostname()[:64]} {os.getpid()} {secrets.token_hex(4)}"


def _health(stores: SharedStores, leadership: Leadership) -> Mapping[str, Check]:
    """Whether the store answers, and whether some process leads: a city without a leader notifies nobody."""
    checks = operations_check(stores)
    if leadership.leads:
        return {**checks, "leader": Check(ok=True, detail="this process leads")}
    try:
        leader = leadership.leader()
    except OperationsUnavailableError as error:
        return {**checks, "leader": Check(ok=False, detail=str(error))}
    if leader is None:
        return {**checks, "leader": Check(ok=False, detail="no process leads")}
    return {**checks, "leader": Check(ok=True, detail=f"{leader.holder!r} leads, term {leader.term}")}
