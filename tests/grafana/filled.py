"""A real InfluxDB and a real PostgreSQL that a simulated city has filled, with people at work.

The simulator plays its scenario `everything` through broker, collector and rules of `ioc score run`;
management runs beside it as in `ioc work`, and people take note of every second incident. What a healthy city
lacks is added through the stores: a dead letter, a notification, a fault of a collector.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import func, select

from app.management_job import ManagementJob
from devices.batch import TIME
from devices.cities import load_city
from devices.description import Label
from rules.lifecycle.deeds import Acknowledge
from rules.loading import load_rules
from rules.management.incident import IncidentState
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.fault_desk import FaultDesk
from store.operations.incidents import IncidentFilter, IncidentRepository
from store.operations.outbox import NewNotification, append_notifications
from store.operations.tables import latest_state
from tests.store.operations.support import letters, outcome, raised

__all__ = ["fill"]

_DAYS = 0.3
_DEVICES = "60"
_MINUTE_MS = 60_000
_LOOK_EVERY_S = 0.2


def fill(environment: Mapping[str, str], data: Path) -> None:
    """Play the city; its time ends now."""
    zone = load_city("tam-ky").zone
    start = (datetime.now(zone) - timedelta(days=_DAYS)).strftime("%Y-%m-%dT%H:%M")
    command = [sys.executable, "-m", "app.cli", "score", "run", "--days", str(_DAYS), "--devices", _DEVICES]
    command += ["--start", start, "--data", str(data)]
    with (
        (data.parent / "score.log").open("wb") as log,
        closing(OperationsDatabase.open(environment["IOC_OPERATIONS_URL"])) as operations,
    ):
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        people = _People(operations)
        try:
            while _is_running(process):
                people.work()
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 0, (data.parent / "score.log").read_text()
        _add_what_lacks(operations)
        people.work(later_ms=30 * _MINUTE_MS)


class _People:
    """The leader's management, and operators who take note of every second incident."""

    def __init__(self, operations: OperationsDatabase) -> None:
        self._operations = operations
        self._job: ManagementJob | None = None
        self._noted: set[str] = set()

    def work(self, later_ms: int = 0) -> None:
        with self._operations.read() as connection:
            now_ms = connection.execute(select(func.max(latest_state.c.received_at_ms))).scalar()
        if now_ms is None:
            return
        if self._job is None:
            registry, rules = DeviceRepository(self._operations).load(), load_rules()
            self._job = ManagementJob(self._operations, lambda: registry, lambda: rules)
        self._job.run(now_ms + later_ms)
        for incident in (
            IncidentRepository(self._operations).list(IncidentFilter(state=IncidentState.OPEN)).items
        ):
            if incident.number % 2 and incident.id not in self._noted:
                self._noted.add(incident.id)
                FaultDesk(self._operations).perform(
                    incident.cause, Acknowledge(), who="anna", at_ms=now_ms + later_ms + _MINUTE_MS
                )


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _add_what_lacks(operations: OperationsDatabase) -> None:
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    title = Label(vi="Nhật ký sắp đầy", en="Journal filling")
    blind = raised(
        "collector-1", rule="collector.journal_filling", kind="collector", area="ioc", title=title,
        since_ms=now_ms - 40 * _MINUTE_MS,
    )  # fmt: skip
    dead = letters((1, "bad_payload", b"no JSON")).with_columns(received_at=pl.lit(now_ms).cast(TIME))
    DetectionTables(operations).commit(outcome(blind, journal="journal-of-the-test", dead_letters=dead))
    told = NewNotification(
        key="8b1a9953-c461-4d16-a4d5-9d3d7d1f0001", route="r", channel="duty-mail", reason="opened", facts={},
        created_at_ms=now_ms,
    )  # fmt: skip
    with operations.write() as connection:
        append_notifications(connection, [told], now_ms)
