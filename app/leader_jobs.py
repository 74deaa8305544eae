"""The jobs of the leader: the one list of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.dead_letter_purge import DeadLetterPurge
from app.evidence_job import EvidenceCheckJob, PictureJob, PrivacyRetentionJob
from app.evidence_store import picture_store
from app.history_jobs import history_jobs
from app.leader import LeaderJob
from app.lifecycle_job import LifecycleJob
from app.management_job import ManagementJob
from app.mqtt_out import MqttOut
from app.notifying import notify_jobs, report_job
from app.operations_purge import OperationsPurge
from app.review_job import ReviewJob
from app.settings import ServiceSettings
from app.stream_numbers import StreamNumbers
from app.stream_out import StreamOut
from devices.cities import City
from devices.clock import Clock, SystemClock
from devices.registry import Registry
from rules.rule import Rule
from store.operations.database import OperationsDatabase
from store.telemetry import TelemetryStore

__all__ = ["LeaderParts", "leader_jobs"]


@dataclass(frozen=True, kw_only=True)
class LeaderParts:
    """What jobs are made of. `registry` and `rules` give those of now, from any thread.

    What a job writes it writes through `operations`: whoever leads no more writes nothing there.
    """

    settings: ServiceSettings
    operations: OperationsDatabase
    telemetry: TelemetryStore
    clock: Clock
    city: City
    registry: Callable[[], Registry]
    rules: Callable[[], Sequence[Rule]]


def leader_jobs(parts: LeaderParts) -> Sequence[LeaderJob]:
    """Every job. A new one is a line here.

    Raises:
        StartError: settings of one of them cannot be used.
    """
    pictures = picture_store(parts.settings)
    jobs: list[LeaderJob] = [
        StreamNumbers(parts.operations),
        DeadLetterPurge(parts.operations, parts.settings),
        OperationsPurge(parts.operations, parts.settings, SystemClock()),
        LifecycleJob(parts.operations, parts.registry, parts.rules, parts.city.zone),
        ReviewJob(parts.operations, parts.settings),
        PictureJob(parts.operations, pictures, parts.settings),
        EvidenceCheckJob(parts.operations, pictures),
        PrivacyRetentionJob(parts.operations, pictures, parts.settings),
        ManagementJob(parts.operations, parts.registry, parts.rules),
        *history_jobs(parts.telemetry, parts.settings),
        *notify_jobs(parts.settings, parts.operations, parts.registry, parts.city),
        report_job(parts.settings, parts.operations, parts.city),
    ]
    if parts.settings.mqtt_out:
        publisher = MqttOut(parts.settings.broker, "ioc-out")
        jobs.append(StreamOut(parts.operations, parts.registry, publisher))
    return jobs
