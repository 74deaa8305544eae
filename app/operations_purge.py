"""Forgetting what the operations store keeps for a while only: changes, histories, notifications, links."""

from collections import Counter
from collections.abc import Iterable

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from app.settings import ServiceSettings
from devices.clock import Clock
from store.operations.database import OperationsDatabase
from store.operations.links import LinkRepository
from store.operations.outbox import Outbox
from store.operations.retention import Retention

__all__ = ["OperationsPurge"]

_log = structlog.get_logger(__name__)
_DAY_MS = 86_400_000
_NOTIFICATIONS_KEPT_MS = 90 * _DAY_MS
_HOUR_S = 3_600.0


class OperationsPurge:
    """A leader job. Changes and histories age by the service's clock, the rest in real time."""

    name = "operations-purge"
    period_s = _HOUR_S

    def __init__(self, operations: OperationsDatabase, settings: ServiceSettings, real_clock: Clock) -> None:
        self._retention = Retention(operations)
        self._outbox, self._links = Outbox(operations), LinkRepository(operations)
        self._changes_ms = settings.changes_days * _DAY_MS
        self._history_ms = settings.incident_history_days * _DAY_MS
        self._real_clock = real_clock
        self._removed: Counter[str] = Counter()

    def run(self, now_ms: int) -> None:
        """Remove what is too old now.

        Raises:
            OperationsUnavailableError: the store does not answer; the rest stays until the next pass.
        """
        real_ms = self._real_clock.now_ms()
        removed = {
            "changes": self._retention.purge_changes(now_ms - self._changes_ms),
            "incident_history": self._retention.purge_incident_history(now_ms - self._history_ms),
            "notifications": self._outbox.purge(real_ms - _NOTIFICATIONS_KEPT_MS),
            "links": self._links.purge(real_ms),
        }
        self._removed.update(removed)
        if any(removed.values()):
            _log.info("operations_purged", **removed)

    def collect(self) -> Iterable[Metric]:
        """How many rows were forgotten, by what they were."""
        purged = CounterMetricFamily(
            "ioc_operations_purged", "Rows forgotten for their age since the start", labels=["what"]
        )
        for what in ("changes", "incident_history", "notifications", "links"):
            purged.add_metric([what], self._removed[what])
        yield purged
