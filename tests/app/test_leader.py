"""Leader jobs: each runs by itself, what one raises hurts no other, and stopping finishes passes."""

import asyncio
import threading
from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from app.leader import JobRunner
from devices.clock import SteppedClock

pytestmark = pytest.mark.anyio

_NOW_MS = 1_795_000_000_000


class _Counting:
    """A job that counts, and stops everything after some passes."""

    def __init__(self, name: str = "counting", passes: int = 3) -> None:
        self.name = name
        self.period_s = 0.001
        self.seen: list[int] = []
        self.stop = asyncio.Event()
        self._passes = passes
        self._loop = asyncio.get_running_loop()

    def run(self, now_ms: int) -> None:
        self.seen.append(now_ms)
        if len(self.seen) == self._passes:
            self._loop.call_soon_threadsafe(self.stop.set)


class _Failing:
    name = "failing"
    period_s = 0.001

    def run(self, now_ms: int) -> None:
        raise ValueError(f"not at {now_ms}")


class _Held:
    """A job whose pass lasts until it is let go."""

    name = "held"
    period_s = 0.001

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.finished = False

    def run(self, _now_ms: int) -> None:
        self.begun.set()
        self.let_go.wait()
        self.finished = True


class _Telling(_Failing):
    name = "telling"

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily("ioc_told", "What the job says", value=7)


async def test_job_runs_again_and_again_with_the_clock_of_the_service() -> None:
    job = _Counting()
    await JobRunner([job], SteppedClock(_NOW_MS)).run(job.stop)
    assert job.seen == [_NOW_MS] * 3


async def test_job_that_raises_is_counted_and_tried_again_and_hurts_no_other() -> None:
    job = _Counting(passes=20)
    runner = JobRunner([_Failing(), job], SteppedClock(_NOW_MS))
    await runner.run(job.stop)
    metrics = CollectorRegistry()
    metrics.register(runner)
    assert metrics.get_sample_value("ioc_job_passes_total", {"job": "counting", "outcome": "done"}) == 20
    failed = metrics.get_sample_value("ioc_job_passes_total", {"job": "failing", "outcome": "failed"})
    assert failed is not None
    assert failed >= 1
    assert metrics.get_sample_value("ioc_job_passes_total", {"job": "failing", "outcome": "done"}) == 0


async def test_stop_finishes_the_pass_under_way() -> None:
    job, stop = _Held(), asyncio.Event()
    running = asyncio.create_task(JobRunner([job], SteppedClock(_NOW_MS)).run(stop))
    await asyncio.to_thread(job.begun.wait)
    stop.set()
    await asyncio.sleep(0)
    assert not running.done()
    job.let_go.set()
    await running
    assert job.finished


async def test_job_with_figures_is_asked_for_its_figures() -> None:
    metrics = CollectorRegistry()
    metrics.register(JobRunner([_Telling()], SteppedClock(_NOW_MS)))
    assert metrics.get_sample_value("ioc_told_total") == 7


async def test_runner_refuses_two_jobs_of_one_name() -> None:
    with pytest.raises(ValueError, match="failing"):
        JobRunner([_Failing(), _Failing()], SteppedClock(_NOW_MS))
