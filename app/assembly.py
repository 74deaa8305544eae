"""A pipeline together with its API: what a process that collects starts."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from api.application import create_app, create_status_app
from api.services import ApiServices, Evidence, OperationsViews
from app.access import limits_of, tokens_of
from app.backup.serving import dump_frames
from app.evidence_store import picture_store
from app.following import registry_follower, rules_follower
from app.http_server import HttpServer
from app.leader import JobRunner
from app.leader_jobs import LeaderParts, leader_jobs
from app.leadership import Leadership
from app.mqtt_reader import MqttReader
from app.notifying import crew_desk
from app.observation import PipelineMetrics, checks
from app.process import Work
from app.reloading import NotifyReloading, RuleReloading
from app.service import Service
from app.settings import ServiceSettings
from app.version import VERSION
from app.wiring import Pipeline, Stores
from collector.broker_statistics import BrokerStatistics
from devices.decoders.loading import decoders
from devices.topics import NATIVE_FILTERS, native_filters
from store.operations.audit import AuditLog
from store.operations.counters import Counter, last_allocated
from store.operations.database import OperationsDatabase
from store.operations.registrar import Registrar

__all__ = ["broker_session", "collector_of", "filters", "service_of"]

_NOTHING: Mapping[str, Work] = MappingProxyType({})


def filters(settings: ServiceSettings) -> list[str]:
    """Everything a collector subscribes to; of native topics those of its areas only, if it has some.

    Vendors' topics name no area: every collector reads them, and keeps what its own devices say.
    """
    formats = decoders(settings.decoder_options)
    every = [name for decoder in formats for name in decoder.filters]
    every += BrokerStatistics.filters if settings.mqtt_statistics else ()
    if not settings.areas:
        return every
    return [*native_filters(settings.areas), *(name for name in every if name not in NATIVE_FILTERS)]


def broker_session(settings: ServiceSettings, stores: Stores) -> MqttReader:
    """The collector's session at the broker; its name is the journal's, so that it is found again."""
    return MqttReader(
        settings.broker,
        f"ioc-collector-{stores.journal.id[:12]}",
        filters(settings),
        receive_maximum=settings.receive_maximum,
    )


def service_of(
    pipeline: Pipeline, session: MqttReader, views: OperationsViews, more: Mapping[str, Work] = _NOTHING
) -> Service:
    """The service that does everything, and `more`; its API bound to the address that the settings name.

    Raises:
        StartError: the address cannot be bound.
    """
    leadership = _leadership(pipeline)
    settings, operations = pipeline.settings, pipeline.stores.operations
    crews = crew_desk(settings, operations, lambda: pipeline.watched, pipeline.city, pipeline.clock)
    services = replace(_services(pipeline, session, views), crews=crews)
    services.metrics.register(leadership)
    works: dict[str, Work] = {"leadership": leadership.run, **more}
    reloads = [_rule_reloading(pipeline).reload, NotifyReloading(settings, leadership).reload]
    if settings.operations_url is not None:
        works |= _followers(pipeline)  # somebody else may work on a server
    return Service(pipeline, session, _http(create_app(services), settings), works, reloads)


def collector_of(
    pipeline: Pipeline, session: MqttReader, views: OperationsViews, more: Mapping[str, Work] = _NOTHING
) -> Service:
    """The service that only collects and detects, and `more`; with an address that tells how it is.

    Raises:
        StartError: the address cannot be bound.
    """
    services = _services(pipeline, session, views)
    http = _http(create_status_app(services), pipeline.settings)
    works = {**_followers(pipeline), **more}
    return Service(pipeline, session, http, works, [_rule_reloading(pipeline).reload])


def _services(pipeline: Pipeline, session: MqttReader, views: OperationsViews) -> ApiServices:
    metrics = CollectorRegistry()
    metrics.register(PipelineMetrics(pipeline))
    return ApiServices(
        operations=views,
        telemetry=pipeline.stores.telemetry,
        registry=lambda: pipeline.watched,
        rules=pipeline.rules,
        new_engine=pipeline.new_engine,
        registrar=Registrar(pipeline.stores.operations, pipeline.change),
        zone=pipeline.city.zone,
        health=lambda: checks(pipeline, is_connected=session.is_subscribed),
        metrics=metrics,
        clock=pipeline.clock,
        version=VERSION,
        tokens=tokens_of(pipeline.settings),
        limits=limits_of(pipeline.settings),
        dump=lambda: dump_frames(pipeline),
        evidence=Evidence.of(pipeline.stores.operations, picture_store(pipeline.settings)),
        review_officers=pipeline.settings.review_officers,
    )


def _http(app: FastAPI, settings: ServiceSettings) -> HttpServer:
    return HttpServer(app, settings.http_host, settings.http_port)


def _followers(pipeline: Pipeline) -> Mapping[str, Work]:
    """What takes over what other processes change."""
    operations = pipeline.stores.operations
    # The pipeline's registry was read a moment ago: taking it over once more costs little and misses nothing.
    seen = max(last_allocated(operations, Counter.REGISTRY) - 1, 0)
    return {
        "registry": registry_follower(operations, pipeline.change, seen).run,
        "rules": rules_follower(operations, pipeline.rules.reload, pipeline.rules_revision).run,
    }


def _rule_reloading(pipeline: Pipeline) -> RuleReloading:
    return RuleReloading(pipeline.rules, AuditLog(pipeline.stores.operations), pipeline.clock)


def _leadership(pipeline: Pipeline) -> Leadership:
    """The leader's jobs over a pipeline. Named after its journal, which no two processes hold."""

    def jobs(operations: OperationsDatabase) -> JobRunner:
        parts = LeaderParts(
            settings=pipeline.settings,
            operations=operations,
            telemetry=pipeline.stores.telemetry,
            clock=pipeline.clock,
            city=pipeline.city,
            registry=lambda: pipeline.watched,
            rules=lambda: pipeline.rules.rules,
        )
        return JobRunner(leader_jobs(parts), pipeline.clock)

    return Leadership(pipeline.stores.operations, f"run {pipeline.stores.journal.id}", jobs)
