"""What the API needs from the rest of the service."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from api.rate_limits import Limits
from api.tokens import TokenVerifier
from devices.clock import Clock, SystemClock
from devices.registry import Registry
from notify.desk import CrewDesk
from rules.detection.engine import Engine
from rules.rule import Rule
from rules.ruleset import LiveRules
from store.evidence.pictures import PictureStore
from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase
from store.operations.dead_letters import DeadLetterRepository
from store.operations.evidence_check import EvidenceCheck, check_and_note, last_check
from store.operations.evidence_links import EvidenceChain
from store.operations.fault_desk import FaultDesk
from store.operations.faults import FaultRepository
from store.operations.incidents import IncidentRepository
from store.operations.keys import KeyRepository
from store.operations.latest import LatestRepository
from store.operations.lifecycle import LifecycleTables
from store.operations.outages import OutageRows
from store.operations.picture_rows import PictureRepository
from store.operations.registrar import Registrar
from store.operations.replays import ReplayRepository
from store.operations.report_rows import ReportRows
from store.operations.review_desk import ReviewDesk
from store.operations.reviews import ReviewRepository
from store.operations.stream import OutgoingStream
from store.operations.violation_counts import ViolationCounts
from store.operations.violations import ViolationRepository
from store.telemetry import TelemetryReads

__all__ = ["ApiServices", "Check", "Evidence", "OperationsViews", "Services"]


@dataclass(frozen=True)
class Check:
    """Whether one part of the service does its work, and in words why not."""

    ok: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Pictures at rest, a check of everything that keeps what it found, and the last check's row."""

    pictures: PictureStore
    check: Callable[[int], EvidenceCheck]
    last_check: Callable[[], Mapping[str, Any] | None]

    @classmethod
    def of(cls, database: OperationsDatabase, pictures: PictureStore) -> "Evidence":
        """The evidence of one installation."""
        return cls(
            pictures=pictures,
            check=lambda at_ms: check_and_note(database, pictures, at_ms),
            last_check=lambda: last_check(database),
        )


@dataclass(frozen=True, kw_only=True)
class OperationsViews:
    """The operations store as the API sees it."""

    faults: FaultRepository
    desk: FaultDesk
    lifecycle: LifecycleTables
    incidents: IncidentRepository
    violations: ViolationRepository
    violation_counts: ViolationCounts
    reviews: ReviewRepository
    review_desk: ReviewDesk
    pictures: PictureRepository
    chain: EvidenceChain
    latest: LatestRepository
    dead_letters: DeadLetterRepository
    replays: ReplayRepository
    keys: KeyRepository
    audit: AuditLog
    incident_reports: ReportRows
    outages: OutageRows
    stream: OutgoingStream

    @classmethod
    def of(cls, database: OperationsDatabase) -> "OperationsViews":
        """Every view of one database."""
        return cls(
            faults=FaultRepository(database),
            desk=FaultDesk(database),
            lifecycle=LifecycleTables(database),
            incidents=IncidentRepository(database),
            violations=ViolationRepository(database),
            violation_counts=ViolationCounts(database),
            reviews=ReviewRepository(database),
            review_desk=ReviewDesk(database),
            pictures=PictureRepository(database),
            chain=EvidenceChain(database),
            latest=LatestRepository(database),
            dead_letters=DeadLetterRepository(database),
            replays=ReplayRepository(database),
            keys=KeyRepository(database),
            audit=AuditLog(database),
            incident_reports=ReportRows(database),
            outages=OutageRows(database),
            stream=OutgoingStream(database),
        )


@dataclass(frozen=True, kw_only=True)
class ApiServices:
    """Everything the API reads from and writes to.

    `registry` and `health` are asked anew for each request, from any thread. `dump` gives everything at rest
    in frames; None where this process does not hold the stores. `clock` and `zone` are the
    city's; `real_clock` is the one by which keys expire. `crews` is None where no links are sent.
    """

    operations: OperationsViews
    telemetry: TelemetryReads
    registry: Callable[[], Registry]
    registrar: Registrar
    health: Callable[[], Mapping[str, Check]]
    metrics: CollectorRegistry
    clock: Clock
    zone: ZoneInfo
    version: str
    real_clock: Clock = field(default_factory=SystemClock)
    dump: Callable[[], Iterator[bytes]] | None = None
    crews: CrewDesk | None = None
    rules: LiveRules = field(default_factory=LiveRules)
    tokens: TokenVerifier | None = None
    """Takes tokens of the city's OIDC issuer, where it has one."""
    limits: Limits = field(default_factory=Limits)
    new_engine: Callable[[Sequence[Rule]], Engine] | None = None
    """Makes an engine with the present registry and programmes, to ask it about a rule."""
    evidence: Evidence | None = None
    """Pictures and the check of the chain; None in a process that does not know where pictures are kept."""
    review_officers: int = 1
    """How many officers must agree on a decision about a violation."""


def _services(request: Request) -> ApiServices:
    services: ApiServices = request.app.state.services
    return services


Services = Annotated[ApiServices, Depends(_services)]
"""The services of the application a request came to."""
