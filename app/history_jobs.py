"""The leader's jobs that keep history: rollups made and corrected, what is old enough dropped."""

from collections.abc import Sequence

import structlog

from app.leader import LeaderJob
from app.settings import ServiceSettings
from store.duckdb_store import DuckdbTelemetryStore
from store.resolutions import Resolution
from store.retention import Retention, expired
from store.rollups.keeper import RollupKeeper
from store.rollups.port import RollupStore
from store.telemetry import TelemetryStore

__all__ = ["RetentionJob", "RollupJob", "history_jobs", "retention_of"]

_log = structlog.get_logger(__name__)
_LATE_MS = 6 * 3_600_000
"""How long after its end a day is left as it came in: most late readings come before."""


def retention_of(settings: ServiceSettings) -> Retention:
    """How long each resolution is kept, as the settings say."""
    days = {
        Resolution.RAW: settings.raw_days,
        Resolution.MINUTE: settings.minute_days,
        Resolution.HOUR: settings.hour_days,
    }
    return Retention(days, settings.kept_days)


def history_jobs(telemetry: TelemetryStore, settings: ServiceSettings) -> Sequence[LeaderJob]:
    """The jobs; none for an InfluxDB, whose bucket drops by itself and which has no rollups yet."""
    if not isinstance(telemetry, DuckdbTelemetryStore):
        return []
    retention = retention_of(settings)
    return [RollupJob(telemetry, retention), RetentionJob(telemetry, retention)]


class RollupJob:
    """Sums up the windows that are over, and again those that late readings came to."""

    name = "rollups"
    period_s = 20.0

    def __init__(self, store: RollupStore, retention: Retention) -> None:
        self._keeper = RollupKeeper(store, retention)

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
