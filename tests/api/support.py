"""A service to ask: a real operations store, telemetry in memory, and a client for it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import polars as pl
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from api.auth import Role
from api.services import ApiServices, Check, OperationsViews
from devices.batch import EVENT_SCHEMA, ReadingBatch
from devices.clock import SteppedClock
from devices.plans import Programme
from devices.registry import Registry
from rules.detection.outcome import Outcome
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.registrar import Registrar
from store.operations.stream import OutgoingStream
from store.resolutions import Resolution
from store.rollups.planning import Segment
from store.telemetry import RangeQuery, TelemetryUnavailableError
from store.windows import WindowQuery

NOW_MS = 1_795_348_800_000  # 2026-11-22T12:00:00Z
REAL_NOW_MS = 1_700_000_000_000


class MemoryTelemetry:
    """Readings in memory; `broken` makes it refuse to serve."""

    def __init__(self) -> None:
        self.batches: list[ReadingBatch] = []
        self.broken = False

    def write(self, batch: ReadingBatch) -> None:
        self.batches.append(batch)

    def write_events(self, frame: pl.DataFrame) -> None:
        raise NotImplementedError

    def range(self, query: RangeQuery) -> pl.DataFrame:
        if self.broken:
            raise TelemetryUnavailableError("/var/secret/telemetry.db is locked")
        frame = pl.concat(batch.frame for batch in self.batches if batch.kind == query.kind)
        at_ms = pl.col("measured_at").dt.epoch("ms")
        wanted = pl.col("device").is_in(list(query.devices)) & at_ms.is_between(
            query.from_ms, query.to_ms - 1
        )
        columns = ["device", "measured_at", "received_at", "seq", "time_quality", *query.fields]
        return frame.filter(wanted).sort("measured_at").select(columns).head(query.limit)

    def windows(self, query: WindowQuery) -> pl.DataFrame:
        raise TelemetryUnavailableError(f"no real store, asked for {query!r}")

    def plan(self, query: WindowQuery) -> list[Segment]:
        return [Segment(Resolution.RAW, query.from_ms, query.to_ms)]

    def export_events(self, _from_ms: int, _to_ms: int) -> pl.DataFrame:
        return pl.DataFrame(schema=dict(EVENT_SCHEMA))

    def counts(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        return


class Client:
    """Sends requests to an application without a network."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal = portal
        self._client = client

    def get(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        return self.request("GET", path, token, **options)

    def post(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        return self.request("POST", path, token, **options)

    def request(
        self,
        method: str,
        path: str,
        token: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})

        async def send() -> httpx.Response:
            return await self._client.request(method, path, headers=sent, **options)

        return self._portal.call(send)


class _Numbered(DetectionTables):
    """Detection's store, and a leader that numbers what goes out at once."""

    def __init__(self, database: OperationsDatabase) -> None:
        super().__init__(database)
        self._stream = OutgoingStream(database)

    def commit(self, outcome: Outcome) -> None:
        super().commit(outcome)
        self._stream.number()


@dataclass
class City:
    """The service under test, its parts, and a key for each role."""

    database: OperationsDatabase
    registry: Registry
    telemetry: MemoryTelemetry = field(default_factory=MemoryTelemetry)
    clock: SteppedClock = field(default_factory=lambda: SteppedClock(NOW_MS))
    real_clock: SteppedClock = field(default_factory=lambda: SteppedClock(REAL_NOW_MS))
    health: dict[str, Check] = field(default_factory=lambda: {"store": Check(ok=True)})

    def __post_init__(self) -> None:
        self.detection = _Numbered(self.database)
        self.views = OperationsViews.of(self.database)
        self.tokens = {role: self.token(role) for role in Role}

    def token(self, role: str, *, name: str | None = None, **options: Any) -> str:
        named = name if name is not None else f"the {role}"
        return self.views.keys.create(named, role, who="test", at_ms=REAL_NOW_MS, **options).token

    def services(self) -> ApiServices:
        return ApiServices(
            operations=self.views,
            telemetry=self.telemetry,
            registry=lambda: self.registry,
            registrar=Registrar(self.database, self._change),
            zone=ZoneInfo("Asia/Ho_Chi_Minh"),
            health=lambda: self.health,
            metrics=CollectorRegistry(),
            clock=self.clock,
            real_clock=self.real_clock,
            version="1.2.3",
        )

    def _change(self, registry: Registry, _programmes: Sequence[Programme]) -> None:
        self.registry = registry

    def audited(self, action: str) -> list[tuple[str, str]]:
        entries = self.views.audit.list(limit=1000).items
        return [(entry.who, entry.target) for entry in entries if entry.action == action]


@contextmanager
def client_of(app: FastAPI) -> Iterator[Client]:
    """A client of a started application."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_started(app)) as client:
        yield Client(portal, client)


class _started:  # noqa: N801 - used as a function
    def __init__(self, app: FastAPI) -> None:
        self._lifespan = app.router.lifespan_context(app)
        transport = httpx.ASGITransport(app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://ioc.test")

    async def __aenter__(self) -> httpx.AsyncClient:
        await self._lifespan.__aenter__()
        return self._client

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()
        await self._lifespan.__aexit__(None, None, None)
