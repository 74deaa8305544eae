"""What is erased is gone everywhere, and the chain is whole all the same."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from rules.review.case import Verdict, ViolationState
from rules.review.deeds import CorrectPlate, Decide, Remark
from rules.violations import violation_id
from store.evidence.pictures import PictureStore
from store.operations import forgetting
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.evidence_check import check
from store.operations.forgetting import Forgetting
from store.operations.latest import LatestRepository
from store.operations.picture_keeping import KeptPicture, keep_picture
from store.operations.picture_rows import PictureRepository
from store.operations.review_desk import ReviewDesk
from store.operations.review_rows import Reviewed, lock_reviewed
from store.operations.review_tables import evidence_pictures
from tests.store.operations.support import CAMERA, LAMP, lamp_readings, letters, outcome, suspected

DAY_MS = 86_400_000
ERASED = ("92A-123.45", "92A12345", "92a-12345")


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(str(tmp_path / "evidence"))


@pytest.fixture
def kept(database: OperationsDatabase, store: PictureStore) -> OperationsDatabase:
    """Two violations of two cars with a picture each; officers spoke of the first one's plate."""
    tables, desk = DetectionTables(database), ReviewDesk(database)
    ids = [violation_id("cam.speeding", CAMERA, event, 0) for event in ("passage-1", "passage-2")]
    dead = letters((1, "unknown_device", b'{"plate": "92A12345"}'), (1, "bad_json", b"other"))
    tables.commit(
        outcome(
            suspected("passage-1", id=ids[0]),
            suspected(
                "passage-2", id=ids[1], plate="43A-999.99", why={}, images=[{"role": "plate", "url": "u"}]
            ),
            dead_letters=dead,
            latest=[lamp_readings({"measured_at": 1, "power_w": 5.0})],
        )
    )
    desk.seal_new(1)
    for picture in PictureRepository(database).due(1, 9):
        content = picture.violation.encode()
        store.put(picture.violation, content)
        sha256 = hashlib.sha256(content).hexdigest()
        keep_picture(
            database,
            picture,
            KeptPicture(file=picture.violation, sha256=sha256, media_type="image/jpeg", bytes=len(content)),
            2,
        )
    for deed in (
        Remark(comment="it is 92a 123 45"),
        CorrectPlate(plate="92A-123.46"),
        Decide(verdict=Verdict.CONFIRM),
    ):
        desk.perform(ids[0], deed, by=("anna", 3), officers=1, expected_version=None)
    return database


def dump(database: OperationsDatabase) -> str:
    """All that the database holds, as one text."""
    with database.read() as connection:
        names = inspect(connection).get_table_names()
        rows = [connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names]  # noqa: S608
    return "".join(character for character in str(rows) if character not in "-. ").upper()


@pytest.mark.parametrize("written", ERASED)
def test_erased_plate_is_nowhere_and_the_chain_is_whole(
    kept: OperationsDatabase, store: PictureStore, written: str
) -> None:
    assert "92A12345" in dump(kept)
    erasing = Forgetting(kept, store)

    would = erasing.erase_plate(written, by=("dpo", 9), dry_run=True)
    assert "92A12345" in dump(kept)
    erased = erasing.erase_plate(written, by=("dpo", 9), dry_run=False)

    assert "92A12345" not in dump(kept)
    assert "43A99999" in dump(kept)
    assert would.counts["violations"] == erased.counts["violations"] == 1
    assert would.counts["pictures"] == erased.counts["pictures"] == 1
    assert would.counts["dead_letters"] == erased.counts["dead_letters"] == 1
    assert store.get(violation_id("cam.speeding", CAMERA, "passage-1", 0)) is None
    assert check(kept, store).problems == ()
    assert erasing.erase_plate(written, by=("dpo", 9), dry_run=True).counts["dead_letters"] == 0


OTHERS = ("43A-9999", "43A-999", "43A-99")


@pytest.mark.parametrize("plate", OTHERS)
def test_plate_that_another_begins_with_erases_nothing_of_the_other(
    kept: OperationsDatabase, store: PictureStore, plate: str
) -> None:
    erased = Forgetting(kept, store).erase_plate(plate, by=("dpo", 9), dry_run=False)
    assert (erased.violations, "43A99999" in dump(kept)) == ([], True)
    assert store.get(violation_id("cam.speeding", CAMERA, "passage-2", 0)) is not None


def test_who_is_only_mentioned_takes_no_picture_of_another_car_away(
    kept: OperationsDatabase, store: PictureStore
) -> None:
    other = violation_id("cam.speeding", CAMERA, "passage-2", 0)
    ReviewDesk(kept).perform(
        other, Remark(comment="behind 92A-123.45"), by=("anna", 4), officers=1, expected_version=None
    )
    erased = Forgetting(kept, store).erase_plate("92A-123.45", by=("dpo", 9), dry_run=False)
    assert erased.counts["violations of others that mention it"] == 1
    assert "92A12345" not in dump(kept)
    assert "43A99999" in dump(kept)
    assert store.get(other) is not None
    assert check(kept, store).problems == ()


def test_reading_that_stands_for_the_plate_is_erased_with_it(
    kept: OperationsDatabase, store: PictureStore
) -> None:
    own = violation_id("cam.speeding", CAMERA, "passage-3", 0)
    found = suspected("passage-3", id=own, plate="9ZA-678.90")
    DetectionTables(kept).commit(outcome(found, number=2))
    Forgetting(kept, store).erase_plate("92A-678.90", by=("dpo", 9), dry_run=False)
    assert "9ZA67890" not in dump(kept)
    assert check(kept, store).problems == ()


def test_picture_that_comes_while_it_is_erased_is_not_left_behind(
    kept: OperationsDatabase, store: PictureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept after the erasure began, before it holds the violation: its file goes as well."""
    own = violation_id("cam.speeding", CAMERA, "passage-4", 0)
    found = suspected("passage-4", id=own, plate="51A-111.22")
    DetectionTables(kept).commit(outcome(found, number=2))
    ReviewDesk(kept).seal_new(5)
    [*_, late] = PictureRepository(kept).due(9, 9)

    def lock(connection: Connection, violation: str, at_ms: int) -> Reviewed | None:
        monkeypatch.setattr(forgetting, "lock_reviewed", lock_reviewed)
        standing = lock_reviewed(connection, violation, at_ms)
        store.put("late", b"late")
        values = {"state": "kept", "file": "late"}
        here = (evidence_pictures.c.violation == violation) & (evidence_pictures.c.place == late.place)
        connection.execute(evidence_pictures.update().where(here).values(values))
        return standing

    monkeypatch.setattr(forgetting, "lock_reviewed", lock)
    Forgetting(kept, store).erase_plate("51A-111.22", by=("dpo", 9), dry_run=False)
    assert store.get("late") is None


def test_corrected_plate_is_erased_as_well(kept: OperationsDatabase, store: PictureStore) -> None:
    Forgetting(kept, store).erase_plate("92A-123.46", by=("dpo", 9), dry_run=False)
    assert "92A12346" not in dump(kept)
    assert check(kept, store).problems == ()


def test_tampering_after_an_erasure_is_still_found(kept: OperationsDatabase, store: PictureStore) -> None:
    Forgetting(kept, store).erase_plate("92A-123.45", by=("dpo", 9), dry_run=False)
    with kept.write() as connection:
        connection.execute(text("UPDATE violations SET lane = 9 WHERE number = 1"))
    assert check(kept, store).problems[0].link == 1


def test_violation_is_removed_when_its_time_is_over(kept: OperationsDatabase, store: PictureStore) -> None:
    erasing = Forgetting(kept, store)
    days = {ViolationState.CONFIRMED: 1, ViolationState.SUSPECTED: 0}
    assert erasing.retain(DAY_MS, days) == 0
    assert erasing.retain(DAY_MS + 5_001, days) == 1
    assert store.get(violation_id("cam.speeding", CAMERA, "passage-1", 0)) is None
    assert store.get(violation_id("cam.speeding", CAMERA, "passage-2", 0)) is not None
    found = check(kept, store)
    assert (found.problems, found.pictures) == ((), 1)


def test_what_a_device_last_said_is_erased(kept: OperationsDatabase, store: PictureStore) -> None:
    erasing = Forgetting(kept, store)
    assert erasing.erase_device(LAMP, by=("dpo", 9), dry_run=True).counts["latest_state"] == 1
    assert len(LatestRepository(kept).list().items) == 1
    erasing.erase_device(LAMP, by=("dpo", 9), dry_run=False)
    assert LatestRepository(kept).list().items == []


def test_erasure_is_audited_without_what_was_erased(kept: OperationsDatabase, store: PictureStore) -> None:
    Forgetting(kept, store).erase_plate("92A-123.45", by=("dpo", 9), dry_run=False)
    with kept.read() as connection:
        row = connection.execute(text("SELECT who, target FROM audit WHERE action = 'privacy.erase'")).one()
    assert tuple(row) == ("dpo", "plate")
