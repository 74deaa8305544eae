"""Forgetting dead letters: they may hold personal data and come in floods: they are not kept for ever."""

from collections.abc import Iterable

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from app.settings import ServiceSettings
from store.operations.database import OperationsDatabase
from store.operations.dead_letters import DeadLetterRepository

__all__ = ["DeadLetterPurge"]

_log = structlog.get_logger(__name__)
_DAY_MS = 86_400_000


class DeadLetterPurge:
    """Removes the letters received more than the settings' days ago, and the oldest beyond their number.

    A leader job. `removed` counts them since the start.
    """

    name = "dead-letter-purge"

    def __init__(self, operations: OperationsDatabase, settings: ServiceSettings) -> None:
        self.period_s = settings.purge_every_s
        self.removed = 0
        self._letters = DeadLetterRepository(operations)
        self._keep_ms = settings.dead_letter_days * _DAY_MS
        self._keep_newest = settings.dead_letters_kept

    def run(self, now_ms: int) -> None:
        """Remove what is too old or too much now.

        Raises:
            OperationsUnavailableError: the store does not answer; they stay until the next pass.
        """
        count = self._letters.purge(now_ms - self._keep_ms, self._keep_newest)
        self.removed += count
        if count:
            _log.info("dead_letters_purged", count=count)

    def collect(self) -> Iterable[Metric]:
        """How many were forgotten."""
        yield CounterMetricFamily(
            "ioc_dead_letters_purged",
            "Dead letters forgotten for their age since the start",
            value=self.removed,
        )
