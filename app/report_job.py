"""Reports by the clock: written into the data directory, and told on the channels that want them."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from apscheduler.triggers.cron import CronTrigger

from devices.cities import City
from devices.clock import SystemClock
from notify.configuration import NotifyPlan
from notify.facts import Facts
from notify.grouping import Reason
from reports.kpis import Period, figures_of
from reports.operations_report import Report, ReportKind, report_csv, report_html, report_text, report_title
from store.operations.database import OperationsDatabase
from store.operations.notify_groups import read_position, write_position
from store.operations.outbox import NewNotification, append_notifications
from store.operations.report_rows import ReportRows

__all__ = ["ReportJob", "last_fire", "report_trigger"]

_log = structlog.get_logger(__name__)
_REPORTS = uuid.UUID("3d1c1b57-7a7c-5a52-9f0f-6c0b8f5b7a11")
_FARTHEST_DAYS = 40


def report_trigger(crontab: str, city: City) -> CronTrigger:
    """The moments of a crontab line such as `0 7 * * mon`, in the city's time.

    Raises:
        ValueError: it is none.
    """
    return CronTrigger.from_crontab(crontab, timezone=city.zone)


def last_fire(trigger: CronTrigger, before_ms: int) -> int | None:
    """The trigger's last moment strictly before another (epoch ms); None where there was none for long."""
    limit = datetime.fromtimestamp(before_ms / 1000, UTC)
    found: datetime | None = None
    at = trigger.get_next_fire_time(None, limit - timedelta(days=1))
    if at is None or at >= limit:
        at = trigger.get_next_fire_time(None, limit - timedelta(days=_FARTHEST_DAYS))
    while at is not None and at < limit:
        found = at
        at = trigger.get_next_fire_time(at, at + timedelta(seconds=1))
    return None if found is None else round(found.timestamp() * 1000)


class ReportJob:
    """A leader job: makes each report whose time has come, once, over the time since its last.

    What was missed while nothing ran is made up by one report, the newest; it never makes an old one twice.
    """

    name = "reports"
    period_s = 30.0

    def __init__(
        self,
        operations: OperationsDatabase,
        folder: Path,
        city: City,
        triggers: Mapping[ReportKind, CronTrigger],
        notify: NotifyPlan | None,
    ) -> None:
        self._operations = operations
        self._folder = folder
        self._city = city
        self._triggers = triggers
        self._notify = notify

    def run(self, now_ms: int) -> None:
        """Make what is due.

        Raises:
            OperationsUnavailableError: the store does not answer; what is due is made with the next pass.
            OSError: the folder cannot be written; the same.
        """
        for kind, trigger in self._triggers.items():
            fire_ms = last_fire(trigger, now_ms + 1)
            if fire_ms is not None:
                self._make(kind, trigger, fire_ms)

    def _make(self, kind: ReportKind, trigger: CronTrigger, fire_ms: int) -> None:
        reader = f"report-{kind}"
        with self._operations.read() as connection:
            made_ms = read_position(connection, reader)
        if made_ms >= fire_ms:
            return
        since_ms = last_fire(trigger, fire_ms)
        if made_ms and since_ms is not None:
            self._write(self._report(kind, Period(from_ms=since_ms, to_ms=fire_ms)), fire_ms)
        else:
            with self._operations.write() as connection:
                write_position(connection, reader, fire_ms)

    def _report(self, kind: ReportKind, period: Period) -> Report:
        incidents = ReportRows(self._operations).between(period.from_ms, period.to_ms)
        return Report(
            kind=kind,
            figures=figures_of(incidents, period),
            city=self._city.label,
            zone=self._city.zone,
            language=self._notify.report_language if self._notify is not None else "vi",
        )

    def _write(self, report: Report, fire_ms: int) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        local = datetime.fromtimestamp(fire_ms / 1000, UTC).astimezone(self._city.zone)
        stem = self._folder / f"{report.kind}-{local:%Y%m%d-%H%M}"
        stem.with_suffix(".html").write_text(report_html(report), encoding="utf-8")
        stem.with_suffix(".csv").write_text(report_csv(report), encoding="utf-8-sig", newline="")
        with self._operations.write() as connection:
            write_position(connection, f"report-{report.kind}", fire_ms)
            append_notifications(connection, self._told(report, fire_ms), SystemClock().now_ms())
        _log.info("report_made", kind=report.kind.value, file=stem.name)

    def _told(self, report: Report, fire_ms: int) -> list[NewNotification]:
        if self._notify is None:
            return []
        facts = Facts(
            language=self._notify.report_language,
            reason=Reason.REPORT,
            zone=self._city.zone.key,
            written_at_ms=fire_ms,
            title=report_title(report),
            text=report_text(report),
            html=report_html(report),
        )
        return [
            NewNotification(
                key=str(uuid.uuid5(_REPORTS, f"{report.kind}|{fire_ms}|{channel}")),
                route="reports",
                channel=channel,
                reason=Reason.REPORT,
                facts=msgspec.to_builtins(facts),
                created_at_ms=fire_ms,
            )
            for channel in self._notify.report_channels
        ]
