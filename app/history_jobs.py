"""The leader's jobs that keep history: rollups made and corrected, what is old enough dropped."""

from collections.abc import Sequence

import structlog

from app.leader import LeaderJob
from app.settings import ServiceSettings
from app.telemetry import retention_of
from store.duckdb_store import DuckdbTelemetryStore
from store.influx_store import InfluxTelemetryStore
from store.retention import Retention, expired
from store.rollups.keeper import RollupKeeper
from store.rollups.port import RollupStore
from store.telemetry import TelemetryStore

__all__ = ["RetentionJob", "RollupJob", "history_jobs"]

_log = structlog.get_logger(__name__)
_LATE_MS = 6 * 3_600_000
"""How long after its end a day is left as it came in: most late readings come before."""


def history_jobs(telemetry: TelemetryStore, settings: ServiceSettings) -> Sequence[LeaderJob]:
    """The jobs, the same for every backend that can keep rollups."""
    if not isinstance(telemetry, DuckdbTelemetryStore | InfluxTelemetryStore):
        return []
    return [RollupJob(telemetry), RetentionJob(telemetry, retention_of(settings))]


class RollupJob:
    """Sums up the windows that are over, and again those that late readings came to."""

    name = "rollups"
    period_s = 20.0

    def __init__(self, store: RollupStore) -> None:
        self._keeper = RollupKeeper(store)

    def run(self, now_ms: int) -> None:
        """Make what is to be made now.

        Raises:
            TelemetryUnavailableError: the store does not answer; the marks stay until the next pass.
        """
        self._keeper.run(now_ms)


class RetentionJob:
    """Drops what was kept long enough, and puts days that are over in the order of devices."""

    name = "retention"
    period_s = 600.0

    def __init__(self, store: RollupStore, retention: Retention) -> None:
        self._store = store
        self._retention = retention

    def run(self, now_ms: int) -> None:
        """Drop and put in order what is to be now.

        Raises:
            TelemetryUnavailableError: the store does not answer; the rest waits until the next pass.
        """
        dropped = expired(self._store, self._retention, now_ms)
        ordered = self._store.compact(now_ms - _LATE_MS)
        if dropped or ordered:
            _log.info("history_kept", periods_dropped=dropped, periods_ordered=ordered)
