"""Pictures fetched from a camera that is asked over HTTP, kept, tried again, given up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.evidence_job import EvidenceCheckJob, PictureJob
from app.settings import ServiceSettings
from store.evidence.allowed import AllowList
from store.evidence.fetching import PictureFetcher
from store.evidence.pictures import PictureStore
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.evidence_check import check
from store.operations.picture_rows import PictureRecord, PictureRepository
from store.operations.review_desk import ReviewDesk
from tests.store.operations.support import outcome, suspected

JPEG = b"\xff\xd8\xff\xe0 a picture"
DAY_MS = 86_400_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    DetectionTables(opened).commit(outcome(suspected()))
    ReviewDesk(opened).seal_new(0)
    yield opened
    opened.close()


def job(
    database: OperationsDatabase, store: PictureStore, answers: list[httpx.Response], **settings: Any
) -> PictureJob:
    transport = httpx.MockTransport(lambda _request: answers.pop(0))
    fetcher = PictureFetcher(AllowList(["images.test"]), 1_000, lambda _host, _port: ["192.0.2.7"], transport)
    given = ServiceSettings(evidence_hosts=("images.test",), **settings)
    return PictureJob(database, store, given, fetcher)


def the_picture(database: OperationsDatabase) -> PictureRecord:
    [[picture]] = PictureRepository(database).of([suspected().id]).values()
    return picture


def picture() -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(JPEG), headers={"Content-Type": "image/jpeg"})


def test_picture_is_kept_after_a_try_that_failed(database: OperationsDatabase, tmp_path: Path) -> None:
    store = PictureStore(str(tmp_path / "evidence"))
    fetching = job(database, store, [httpx.Response(503), picture()])

    fetching.run(1_000)
    assert (the_picture(database).state, the_picture(database).problem) == ("waiting", "status_503")
    fetching.run(2_000)
    fetching.run(31_000)
    fetching.close()

    kept = the_picture(database)
    assert (kept.state, kept.attempts, kept.kept_at_ms) == ("kept", 2, 31_000)
    assert store.get(kept.file or "") == JPEG
    assert fetching.outcomes == {"put_off": 1, "kept": 1}
    assert check(database, store).is_whole


def test_picture_that_never_comes_is_given_up(database: OperationsDatabase, tmp_path: Path) -> None:
    fetching = job(
        database,
        PictureStore(str(tmp_path / "evidence")),
        [httpx.Response(503) for _ in range(50)],
        evidence_fetch_days=1,
    )
    for hour in range(40):
        fetching.run(hour * 3_600_000)
    assert the_picture(database).state == "failed"
    assert the_picture(database).attempts < 20


def test_what_is_no_picture_is_refused_once(database: OperationsDatabase, tmp_path: Path) -> None:
    answers = [httpx.Response(200, stream=httpx.ByteStream(b"<html>"), headers={"Content-Type": "text/html"})]
    fetching = job(database, PictureStore(str(tmp_path / "evidence")), answers)
    fetching.run(1_000)
    fetching.run(10 * DAY_MS)
    assert (the_picture(database).state, the_picture(database).problem) == ("refused", "no_picture")


def test_check_is_made_once_a_day(database: OperationsDatabase, tmp_path: Path) -> None:
    checking = EvidenceCheckJob(database, PictureStore(str(tmp_path / "evidence")))
    for now_ms in (0, DAY_MS - 1, DAY_MS):
        checking.run(now_ms)
    [gauge] = checking.collect()
    assert gauge.samples[0].value == 1
