"""The leader's job that seals new violations into the chain, and lets those expire that nobody decided."""

from collections.abc import Iterable

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from app.settings import ServiceSettings
from store.operations.database import OperationsDatabase
from store.operations.review_desk import ReviewDesk

__all__ = ["ReviewJob"]

_log = structlog.get_logger(__name__)
_DAY_MS = 86_400_000


class ReviewJob:
    """A leader job: one pass over what detection added, and over what is too old."""

    name = "review"
    period_s = 2.0

    def __init__(self, operations: OperationsDatabase, settings: ServiceSettings) -> None:
        self._desk = ReviewDesk(operations)
        self._within_ms = settings.review_days * _DAY_MS
        self.sealed = 0
        self.expired = 0

    def run(self, now_ms: int) -> None:
        """One pass.

        Raises:
            OperationsUnavailableError: the store does not answer; the rest waits until the next pass.
        """
        while count := self._desk.seal_new(now_ms):
            self.sealed += count
        expired = self._desk.expire_old(now_ms, self._within_ms)
        self.expired += expired
        if expired:
            _log.info("violations_expired", count=expired)

    def collect(self) -> Iterable[Metric]:
        """What this term did."""
        yield CounterMetricFamily(
            "ioc_violations_sealed", "Violations put into the evidence chain in this term", value=self.sealed
        )
        yield CounterMetricFamily(
            "ioc_violations_expired",
            "Violations that nobody decided in time, in this term",
            value=self.expired,
        )
