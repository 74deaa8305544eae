"""A thousand known plates, and none of them where it may not be."""

import re
from pathlib import Path

import httpx
import polars as pl
import pytest
from sqlalchemy import inspect, text

from api.auth import Role
from app.evidence_job import EvidenceCheckJob, PictureJob, PrivacyRetentionJob
from app.leader import JobRunner, LeaderJob
from app.review_job import ReviewJob
from app.settings import ServiceSettings
from devices.clock import SteppedClock
from rules.violations import violation_id
from store.duckdb_store import DuckdbTelemetryStore
from store.evidence.allowed import AllowList
from store.evidence.fetching import PictureFetcher
from store.evidence.pictures import PictureStore
from tests.api.support import NOW_MS, City, Client
from tests.store.contract import passage
from tests.store.operations.support import CAMERA, letters, outcome, suspected

PLATES = [f"92A-{number // 100:03d}.{number % 100:02d}" for number in range(10_000, 99_100, 90)][:990] + [
    f"43-B1 {number:05d}" for number in range(10_000, 10_010)
]
PERMITTED = {"violations", "violation_history", "violation_reviews", "dead_letters"}
"""The tables that may hold plates. Beside them only the journal, pictures and export packs may."""


def squeezed(shown: str) -> str:
    return re.sub(r"[-. _]", "", shown).upper()


SOUGHT = {squeezed(plate) for plate in PLATES}


def leaks(shown: str) -> set[str]:
    """The plates in a text, however they are separated there."""
    words = squeezed(shown)
    return {plate for plate in SOUGHT if plate in words}


@pytest.fixture
def busy(city: City, tmp_path: Path) -> JobRunner:
    """A city in which each plate was suspected once; its jobs ran, and cameras answered badly."""
    changes = [
        suspected(
            f"passage-{plate}",
            id=violation_id("cam.speeding", CAMERA, plate, 0),
            plate=plate,
            occurred_at_ms=NOW_MS,
            images=[{"role": "plate", "url": f"http://images.test/{plate.replace(' ', '')}.jpg"}],
            why={"vehicle": {"plate": plate}},
        )
        for plate in PLATES
    ]
    dead = letters(*((1, "bad_json", f"broken {plate}".encode()) for plate in PLATES[:50]))
    city.detection.commit(outcome(*changes, dead_letters=dead))
    settings = ServiceSettings(evidence_hosts=("images.test",), data_dir=tmp_path)
    store = PictureStore(str(tmp_path / "evidence"))
    answer = httpx.MockTransport(lambda request: httpx.Response(200, text=f"no picture at {request.url}"))
    fetcher = PictureFetcher(AllowList(["images.test"]), 1_000, lambda _host, _port: ["192.0.2.7"], answer)
    jobs: list[LeaderJob] = [
        ReviewJob(city.database, settings),
        PictureJob(city.database, store, settings, fetcher),
        EvidenceCheckJob(city.database, store),
        PrivacyRetentionJob(city.database, store, settings),
    ]
    runner = JobRunner(jobs, SteppedClock(NOW_MS))
    for job in jobs:
        runner.run_once(job)
    fetcher.close()
    return runner


def test_plates_are_a_thousand_and_would_be_found() -> None:
    assert len(SOUGHT) == 1_000
    assert leaks(f"so {PLATES[7]} and {PLATES[995].lower()}") == {squeezed(PLATES[7]), squeezed(PLATES[995])}


def test_no_plate_is_in_logs_metrics_or_other_tables(
    busy: JobRunner, city: City, capfd: pytest.CaptureFixture[str]
) -> None:
    figures = [str(metric.samples) for metric in busy.collect()]
    assert leaks(" ".join(figures)) == set()
    assert leaks("".join(capfd.readouterr())) == set()
    with city.database.read() as connection:
        for name in set(inspect(connection).get_table_names()) - PERMITTED:
            rows = connection.execute(text(f'SELECT * FROM "{name}"')).all()  # noqa: S608
            assert leaks(str(rows)) == set(), name
        assert leaks(str(connection.execute(text("SELECT plate FROM violations")).all())) == SOUGHT


def test_no_plate_is_in_any_answer_without_a_reason(busy: JobRunner, city: City, client: Client) -> None:
    assert busy.jobs
    for role in (Role.OPERATOR, Role.OFFICER):
        for path in ("/v1/violations", "/v1/violations/queue", "/v1/evidence", "/metrics"):
            assert leaks(client.get(f"{path}?limit=1000", city.tokens[role]).text) == set(), (role, path)
    shown = client.get("/v1/violations?limit=1000&reason=checking", city.tokens[Role.OFFICER]).text
    assert leaks(shown) == SOUGHT


def test_no_plate_is_in_telemetry_or_what_is_exported_of_it(tmp_path: Path) -> None:
    store = DuckdbTelemetryStore(tmp_path / "telemetry")
    frames = [
        passage(
            id=f"p{number}",
            ts=1_000 + number,
            vehicles=[{"class": "car", "plate": plate}],
            images=[{"role": "plate", "url": f"http://cam.example/{plate.replace(' ', '')}.jpg"}],
        )
        for number, plate in enumerate(PLATES)
    ]
    store.write_events(pl.concat(frames))
    exported = store.export_events(0, 10_000)
    assert exported.height == 1_000
    assert leaks(str(exported.to_dicts())) == set()
    store.close()
    raw = b"".join(file.read_bytes() for file in (tmp_path / "telemetry").rglob("*") if file.is_file())
    assert [plate for plate in PLATES if plate.encode() in raw] == []
