"""Reports by the clock, over a real database."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from app.report_job import ReportJob, last_fire, report_trigger
from devices.cities import load_city
from notify.configuration import NotifyPlan
from notify.facts import read_facts
from reports.operations_report import ReportKind
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.outbox import Outbox

CITY = load_city("tam-ky")
SHIFTS = report_trigger("0 6,14,22 * * *", CITY)
HOUR_MS = 3_600_000


def local_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=CITY.zone).timestamp() * 1000)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield opened
    opened.close()


def job(database: OperationsDatabase, folder: Path) -> ReportJob:
    plan = NotifyPlan(channels={}, routes=(), report_channels=("office",))
    return ReportJob(database, folder, CITY, {ReportKind.DIGEST: SHIFTS}, plan)


def test_last_moment_of_a_crontab_is_in_the_city_s_time() -> None:
    assert last_fire(SHIFTS, local_ms("2026-11-24T14:00:00")) == local_ms("2026-11-24T06:00:00")
    assert last_fire(SHIFTS, local_ms("2026-11-24T14:00:01")) == local_ms("2026-11-24T14:00:00")
    weekly = report_trigger("0 7 * * mon", CITY)
    assert last_fire(weekly, local_ms("2026-11-24T14:00:00")) == local_ms("2026-11-23T07:00:00")
    assert last_fire(weekly, local_ms("2026-11-23T07:00:00")) == local_ms("2026-11-16T07:00:00")


def test_report_is_made_once_when_its_time_has_come_and_told(
    database: OperationsDatabase, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    for at in ("2026-11-24T09:00", "2026-11-24T13:59", "2026-11-24T14:00", "2026-11-24T14:01"):
        job(database, folder).run(local_ms(at))
    assert sorted(path.name for path in folder.iterdir()) == [
        "digest-20261124-1400.csv",
        "digest-20261124-1400.html",
    ]
    [entry] = Outbox(database).list()
    facts = read_facts(entry.facts)
    assert (entry.channel, entry.route) == ("office", "reports")
    assert facts.title == "Tổng hợp ca trực, Tam Kỳ, 06:00 24/11/2026 - 14:00 24/11/2026"
    assert facts.text.startswith(facts.title)


def test_after_a_long_pause_the_newest_report_is_made_and_no_older_one(
    database: OperationsDatabase, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    job(database, folder).run(local_ms("2026-11-20T09:00"))
    job(database, folder).run(local_ms("2026-11-24T09:00"))
    assert [path.stem for path in folder.glob("*.html")] == ["digest-20261124-0600"]


def test_what_is_no_crontab_is_refused() -> None:
    with pytest.raises(ValueError, match="number of fields"):
        report_trigger("at seven", CITY)
