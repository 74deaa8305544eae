"""Leading: holding the lease, and running the leader's jobs while it is held."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.leader import JobRunner
from store.operations.database import OperationsDatabase
from store.operations.errors import OperationsUnavailableError
from store.operations.leases import Lease, LeaseHolder, LeaseRepository

__all__ = ["LEASE", "Leadership"]

_log = structlog.get_logger(__name__)

LEASE = "leader"
_LASTS_S = 6.0
_LOOK_EVERY_S = 1.5

JobsOf = Callable[[OperationsDatabase], JobRunner]


class Leadership(Collector):
    """Takes the lease when it is free, and runs the jobs until it is lost.

    Jobs are made anew for each term, over a database that writes nothing once the term is over. All of it is
    in real time. `holder` names this process, and no other that runs: it may take over from itself at once.
    """

    def __init__(self, database: OperationsDatabase, holder: str, jobs_of: JobsOf) -> None:
        self.holder = holder
        self._database = database
        self._leases = LeaseRepository(database)
        self._jobs_of = jobs_of
        self._lease: Lease | None = None
        self._jobs: JobRunner | None = None
        self._terms = 0
        self._anew = False

    @property
    def leads(self) -> bool:
        """Whether this process leads, as far as it knows."""
        return self._lease is not None

    def leader(self) -> LeaseHolder | None:
        """Who leads, of all processes; None where none does.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        held = self._leases.look(LEASE)
        return held if held is not None and held.remaining_s > 0 else None

    def begin_anew(self) -> None:
        """End the term, if it leads, so that the next one's jobs are made of what is there by now.

        Another process may take over in between. From any thread.
        """
        self._anew = self.leads

    async def run(self, stop: asyncio.Event) -> None:
        """Lead whenever nobody else does, until told to stop; then let another lead at once."""
        while not stop.is_set():
            lease = await self._acquired()
            if lease is None:
                await _wait(stop, _LOOK_EVERY_S)
            else:
                await self._lead(lease, stop)

    def collect(self) -> Iterable[Metric]:
        """Whether it leads, how often it began to, and what its jobs did in this term."""
        yield GaugeMetricFamily("ioc_leader", "1 in the process that leads", value=self.leads)
        yield CounterMetricFamily("ioc_leader_terms", "Times this process began to lead", value=self._terms)
        if self._jobs is not None:
            yield from self._jobs.collect()

    async def _acquired(self) -> Lease | None:
        try:
            return await asyncio.to_thread(self._leases.acquire, LEASE, self.holder, _LASTS_S)
        except OperationsUnavailableError as error:
            _log.warning("lease_not_asked", why=str(error))
            return None

    async def _lead(self, lease: Lease, stop: asyncio.Event) -> None:
        """Run the jobs as long as the term goes on."""
        _log.info("leading", term=lease.term, holder=self.holder)
        self._lease, self._terms, self._anew = lease, self._terms + 1, False
        over = asyncio.Event()
        jobs: asyncio.Task[None] | None = None
        try:
            self._jobs = self._jobs_of(self._database.guarded(lease.guard))
            jobs = asyncio.create_task(self._jobs.run(over), name="jobs")
            while not (stop.is_set() or self._anew) and await self._goes_on(lease):
                await _wait(stop, _LOOK_EVERY_S)
        finally:
            self._lease = None
            over.set()
            if jobs is not None:
                await jobs
            await self._release(lease)
            _log.info("leads_no_more", term=lease.term)

    async def _goes_on(self, lease: Lease) -> bool:
        """Whether nobody else has begun a term; where the store does not answer, nobody could."""
        try:
            return await asyncio.to_thread(self._leases.renew, lease, _LASTS_S)
        except OperationsUnavailableError as error:
            _log.warning("lease_not_renewed", why=str(error))
            return True

    async def _release(self, lease: Lease) -> None:
        with suppress(OperationsUnavailableError):
            await asyncio.to_thread(self._leases.release, lease)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
