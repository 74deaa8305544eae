"""Outgoing changes: numbered once each, without a gap, in the order in which they were committed."""

from concurrent.futures import ThreadPoolExecutor

from rules.lifecycle.deeds import Acknowledge
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.fault_desk import FaultDesk
from store.operations.stream import OutgoingStream
from tests.store.operations.support import cleared, outcome, raised, suspected


def test_changes_go_out_in_commit_order_with_numbers_without_a_gap(database: OperationsDatabase) -> None:
    detection, stream = DetectionTables(database), OutgoingStream(database)
    first = raised()
    detection.commit(outcome(first, suspected(), number=1))
    assert stream.after(0, 10) == []
    assert stream.number() == 2
    FaultDesk(database).perform(first.id, Acknowledge(), who="anna", at_ms=5)
    detection.commit(outcome(cleared(first), number=2))
    assert stream.number() == 2
    assert stream.number() == 0

    out = stream.after(0, 10)
    assert [(one.stream_seq, one.change.change) for one in out] == [
        (1, "raised"),
        (2, "suspected"),
        (3, "acknowledged"),
        (4, "cleared"),
    ]
    assert [one.stream_seq for one in stream.after(1, 2)] == [2, 3]
    assert stream.last() == 4


def test_numbers_are_dense_although_many_write_and_number_at_once(database: OperationsDatabase) -> None:
    stream = OutgoingStream(database)

    def write(journal: int) -> None:
        for number in range(1, 6):
            found = raised(f"lamp-{journal}-{number}")
            DetectionTables(database).commit(outcome(found, number=number, journal=f"j{journal}"))
            if journal == 0:
                stream.number()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(write, range(3)))
    stream.number()
    out = stream.after(0, 100)
    assert [one.stream_seq for one in out] == list(range(1, 16))
    revisions = [one.change.revision for one in out]
    assert revisions == sorted(set(revisions))
    assert len({one.change.id for one in out}) == 15
