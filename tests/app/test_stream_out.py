"""What goes out over MQTT: every change in order, at least once, and again after a failure."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.stream_out import StreamOut
from devices.registry import Registry
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.stream import OutgoingStream
from tests.store.operations.support import PLATE, outcome, raised, suspected


class _Publisher:
    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.broken = False

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        if self.broken:
            raise ConnectionError("away")
        self.published += messages

    def close(self) -> None:
        self.published.clear()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield opened
    opened.close()


def test_changes_are_published_in_order_after_a_failure_too(
    database: OperationsDatabase, registry: Registry
) -> None:
    publisher = _Publisher()
    job = StreamOut(database, lambda: registry, publisher)
    DetectionTables(database).commit(outcome(raised(), suspected()))
    job.run(0)
    assert publisher.published == []  # nothing goes out before the leader has numbered it
    OutgoingStream(database).number()
    publisher.broken = True
    with pytest.raises(ConnectionError):
        job.run(0)
    publisher.broken = False
    job.run(0)
    job.run(0)

    topics = [topic for topic, _ in publisher.published]
    bodies = [json.loads(payload) for _, payload in publisher.published]
    assert topics == [
        "ioc/v1/out/fault/tam-ky/streetlight/TK-L-0001",
        "ioc/v1/out/violation/tam-ky/traffic-camera/TK-T-001",
    ]
    assert [body["stream_seq"] for body in bodies] == [1, 2]
    assert PLATE not in str(bodies)
