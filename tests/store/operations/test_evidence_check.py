"""Tampering is found, whatever it is done to, and the first broken link is named."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from rules.review.case import RejectionReason, Verdict
from rules.review.deeds import CorrectPlate, Decide, Remark, ReviewDeed
from rules.violations import violation_id
from store.evidence.chain import Link, canonical
from store.evidence.pictures import PictureStore
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.evidence_check import EvidenceCheck, check, check_and_note, last_check
from store.operations.evidence_links import ChainHead, EvidenceChain
from store.operations.picture_keeping import KeptPicture, keep_picture
from store.operations.picture_rows import PictureRepository
from store.operations.review_desk import ReviewDesk
from tests.store.operations.support import CAMERA, outcome, suspected


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(str(tmp_path / "evidence"))


@pytest.fixture
def evidence(database: OperationsDatabase, store: PictureStore) -> OperationsDatabase:
    """Three violations (links 1-3) with a picture (4-6), a correction (7), two decisions (8, 9), a remark."""
    tables, desk = DetectionTables(database), ReviewDesk(database)
    ids = []
    for number in (1, 2, 3):
        event = f"passage-{number}"
        ids.append(violation_id("cam.speeding", CAMERA, event, 0))
        tables.commit(outcome(suspected(event, id=ids[-1]), number=number))
    desk.seal_new(10_000)
    for picture in PictureRepository(database).due(10_000, 10):
        content = f"picture of {picture.violation}".encode()
        store.put(f"{picture.violation}.jpg", content)
        kept = KeptPicture(
            file=f"{picture.violation}.jpg",
            sha256=hashlib.sha256(content).hexdigest(),
            media_type="image/jpeg",
            bytes=len(content),
        )
        assert keep_picture(database, picture, kept, 11_000)
    deeds: list[tuple[str, ReviewDeed]] = [
        (ids[0], CorrectPlate(plate="92A-123.46", comment="last is 6")),
        (ids[0], Decide(verdict=Verdict.CONFIRM)),
        (ids[1], Decide(verdict=Verdict.REJECT, reason=RejectionReason.DUPLICATE)),
        (ids[1], Remark(comment="see number 1")),
    ]
    for at_ms, (violation, deed) in enumerate(deeds, 12_000):
        desk.perform(violation, deed, by=("anna", at_ms), officers=1, expected_version=None)
    return database


def test_untouched_evidence_is_whole(evidence: OperationsDatabase, store: PictureStore) -> None:
    found = check(evidence, store)
    assert (found.problems, found.links, found.pictures) == ((), 10, 3)
    assert found.head == EvidenceChain(evidence).head()


TAMPERINGS = {
    "a decision": ("UPDATE violation_history SET transition = 'rejected' WHERE transition = 'confirmed'", 8),
    "who decided": ("UPDATE violation_history SET who = 'binh' WHERE transition = 'confirmed'", 8),
    "a decision's time": ("UPDATE violation_history SET at_ms = 1 WHERE transition = 'confirmed'", 8),
    "a suspicion's time": ("UPDATE violation_history SET at_ms = 1 WHERE transition = 'suspected'", 1),
    "a suspicion's author": ("UPDATE violation_history SET who = 'x' WHERE transition = 'suspected'", 1),
    "another violation's decision": (
        (
            "UPDATE violation_history SET violation = (SELECT id FROM violations WHERE number = 3)"
            " WHERE transition = 'confirmed'"
        ),
        8,
    ),
    "a reason of a review": ("UPDATE violation_reviews SET reason = 'other' WHERE number = 2", 0),
    "who corrected": ("UPDATE violation_reviews SET corrected_by = 'binh' WHERE number = 1", 0),
    "who escalated": ("UPDATE violation_reviews SET escalated_by = 'anna' WHERE number = 3", 0),
    "a made-up opinion": ("UPDATE violation_reviews SET opinion_by = 'binh' WHERE number = 3", 0),
    "a reason": ("UPDATE violation_history SET why = '{}' WHERE transition = 'rejected'", 9),
    "a comment": ("UPDATE violation_history SET comment = 'x' WHERE comment = 'see number 1'", 10),
    "a decision's row": ("DELETE FROM violation_history WHERE transition = 'rejected'", 9),
    "a state": ("UPDATE violations SET state = 'confirmed' WHERE number = 3", 3),
    "a version": ("UPDATE violations SET version = 9 WHERE number = 3", 3),
    "a speed": ("UPDATE violations SET measured = '{\"speed_kmh\": 91.5}' WHERE number = 2", 2),
    "a plate": ("UPDATE violations SET plate = '92A-123.99' WHERE number = 1", 1),
    "a place": ("UPDATE violations SET device = 'TK-T-002' WHERE number = 1", 1),
    "a corrected plate": ("UPDATE violation_reviews SET corrected_plate = '92A-1' WHERE number = 1", 0),
    "a decider": ("UPDATE violation_reviews SET decided_by = 'binh' WHERE number = 1", 8),
    "a made-up decider": ("UPDATE violation_reviews SET decided_by = 'binh' WHERE number = 3", 0),
    "a salt": ("DELETE FROM evidence_salts WHERE link = 2 AND field = 'plate'", 2),
    "a picture's row": ("DELETE FROM evidence_pictures", 4),
    "a picture's hash": ("UPDATE evidence_pictures SET sha256 = 'x'", 4),
    "a link's body": ("UPDATE evidence_links SET body = replace(body, 'anna', 'binh') WHERE number = 8", 8),
    "a link's time": ("UPDATE evidence_links SET at_ms = at_ms + 1 WHERE number = 5", 5),
    "a link": ("DELETE FROM evidence_links WHERE number = 6", 7),
    "the first link": ("DELETE FROM evidence_links WHERE number = 1", 2),
    "the last link": ("DELETE FROM evidence_links WHERE number = 10", 10),
    "the order": (
        (
            "UPDATE evidence_links SET number = number - 17 WHERE number IN (8, 9);"
            "UPDATE evidence_links SET number = -number WHERE number < 0"
        ),
        8,
    ),
    "a row of history without link": (
        (
            "INSERT INTO violation_history (violation, at_ms, who, transition, why)"
            " SELECT id, 1, 'anna', 'confirmed', '{}' FROM violations WHERE number = 3"
        ),
        0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found_and_named(evidence: OperationsDatabase, store: PictureStore, what: str) -> None:
    statements, link = TAMPERINGS[what]
    with evidence.write() as connection:
        for statement in statements.split(";"):
            connection.execute(text(statement.replace(": ", "\\: ")))
    found = check(evidence, store)
    assert [problem.link for problem in found.problems][:1] == [link], found.problems


def test_violation_that_is_gone_is_missed(evidence: OperationsDatabase, store: PictureStore) -> None:
    with evidence.write() as connection:
        for table in ("violation_history", "violation_reviews", "evidence_pictures"):
            connection.execute(
                text(f"DELETE FROM {table} WHERE violation = (SELECT id FROM violations WHERE number = 3)")  # noqa: S608
            )
        connection.execute(text("DELETE FROM violations WHERE number = 3"))
    assert check(evidence, store).problems[0].link == 3


def change_byte(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


@pytest.mark.parametrize(("change", "words"), [(change_byte, "was changed"), (None, "has no file")])
def test_one_byte_of_a_picture_is_found(
    evidence: OperationsDatabase, store: PictureStore, change: Callable[[bytes], bytes] | None, words: str
) -> None:
    [picture] = (
        PictureRepository(evidence).of([violation_id("cam.speeding", CAMERA, "passage-2", 0)]).popitem()[1]
    )
    file = picture.file or ""
    if change is None:
        store.delete(file)
    else:
        store.put(file, change(store.get(file) or b""))
    [broken] = check(evidence, store).problems
    assert str(broken).startswith("link ")
    assert words in str(broken)


def test_chain_made_anew_is_found_by_a_head_that_was_written_down(
    evidence: OperationsDatabase, store: PictureStore
) -> None:
    chain = EvidenceChain(evidence)
    head = chain.head()
    with evidence.write() as connection:
        rows = connection.execute(text("SELECT * FROM evidence_links ORDER BY number")).mappings().all()
        previous = "0" * 64
        for row in rows:
            link = Link(**{**row, "previous": previous})
            if link.number == 8:
                members = link.members | {"who": "binh"}
                link = Link(**{**vars(link), "body": canonical(members)})
            previous = link.expected_hash()
            connection.execute(
                text("UPDATE evidence_links SET body = :b, previous = :p, hash = :h WHERE number = :n"),
                {"b": link.body, "p": link.previous, "h": previous, "n": link.number},
            )
        connection.execute(text("UPDATE violation_history SET who = 'binh' WHERE transition = 'confirmed'"))
        connection.execute(text("UPDATE violation_reviews SET decided_by = 'binh' WHERE number = 1"))
    assert check(evidence, store).is_whole
    [broken] = check(evidence, store, expected=head).problems
    assert "made anew" in broken.what
    later = ChainHead(head.number + 5, head.hash)
    assert "once had 15 links" in check(evidence, store, expected=later).problems[0].what


def test_result_of_a_check_is_kept(evidence: OperationsDatabase, store: PictureStore) -> None:
    assert last_check(evidence) is None
    found: EvidenceCheck = check_and_note(evidence, store, 20_000)
    row = last_check(evidence)
    assert row is not None
    assert (row["at_ms"], row["links"], row["is_whole"], row["head"]) == (20_000, 10, True, found.head.hash)
