"""Work that only one process of an installation may do at a time: leader jobs, and what runs them."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Protocol, runtime_checkable

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from devices.clock import Clock

__all__ = ["Closing", "JobRunner", "LeaderJob", "Measured"]

_log = structlog.get_logger(__name__)


class LeaderJob(Protocol):
    """Something done again and again by the leader. One that is `Measured` too is asked for its figures."""

    @property
    def name(self) -> str:
        """A word for logs and metrics; no other job's."""
        ...

    @property
    def period_s(self) -> float:
        """Real seconds between the end of a pass and the next."""
        ...

    def run(self, now_ms: int) -> None:
        """One pass at that time of the service's clock; in a worker thread, with transactions of its own.

        A pass that raises is logged, counted, and made again a period later.
        """
        ...


@runtime_checkable
class Measured(Protocol):
    """Something with figures of its own."""

    def collect(self) -> Iterable[Metric]:
        """The figures of now, for Prometheus; from any thread."""
        ...


@runtime_checkable
class Closing(Protocol):
    """Something that holds a connection or the like."""

    def close(self) -> None:
        """Let go of it; the job is not run any more."""
        ...


class JobRunner(Collector):
    """Runs jobs beside each other, each in a worker thread, and counts what became of them.

    Raises:
        ValueError: two jobs have one name.
    """

    def __init__(self, jobs: Sequence[LeaderJob], clock: Clock) -> None:
        names = Counter(job.name for job in jobs)
        if twice := sorted(name for name, count in names.items() if count > 1):
            raise ValueError(f"a leader job's name is its alone, got {twice!r} twice")
        self.jobs = tuple(jobs)
        self._clock = clock
        self._counting = threading.Lock()
        self._passes: Counter[tuple[str, str]] = Counter()
        self._last_s: dict[str, float] = {}
        self._failing: dict[str, str] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Run each job at once and then every period, until told to stop; a pass under way is finished.

        Jobs that are `Closing` are closed at the end.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for job in self.jobs:
                    group.create_task(self._repeat(job, stop), name=f"job {job.name}")
        finally:
            for job in self.jobs:
                if isinstance(job, Closing):
                    job.close()

    def run_once(self, job: LeaderJob) -> None:
        """One pass of a job; what it raises ends here."""
        began_s = time.monotonic()
        outcome, why = "done", ""
        try:
            job.run(self._clock.now_ms())
        except Exception as error:  # noqa: BLE001 - one job must not end the others, whatever is wrong with it
            outcome, why = "failed", f"{type(error).__name__}: {error}"
        self._tell(job, why)
        with self._counting:
            self._passes[job.name, outcome] += 1
            self._last_s[job.name] = time.monotonic() - began_s

    def collect(self) -> Iterable[Metric]:
        """Passes by job and outcome, how long the last took, and what the jobs say themselves."""
        with self._counting:
            passes, last_s = self._passes.copy(), self._last_s.copy()
        counts = CounterMetricFamily(
            "ioc_job_passes", "Passes of leader jobs since the start", labels=["job", "outcome"]
        )
        for job in self.jobs:
            for outcome in ("done", "failed"):
                counts.add_metric([job.name, outcome], passes[job.name, outcome])
        yield counts
        seconds = GaugeMetricFamily("ioc_job_seconds", "Duration of the last pass", labels=["job"])
        for name, taken_s in last_s.items():
            seconds.add_metric([name], taken_s)
        yield seconds
        for job in self.jobs:
            if isinstance(job, Measured):
                yield from job.collect()

    def _tell(self, job: LeaderJob, why: str) -> None:
        """Log a failure once, however many passes it lasts, and its end."""
        before = self._failing.pop(job.name, "")
        if why:
            self._failing[job.name] = why
            if why != before:
                _log.warning("job_failed", job=job.name, error=why)
        elif before:
            _log.info("job_works_again", job=job.name)

    async def _repeat(self, job: LeaderJob, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.to_thread(self.run_once, job)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), job.period_s)
