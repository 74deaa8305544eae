"""Faults to incidents to a web hook, while the sender is killed at the worst moment again and again."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.management_job import ManagementJob
from devices.registry import Device, Registry
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.incidents import IncidentFilter, IncidentRepository
from store.operations.outbox import Outbox, OutboxState
from tests.notify.sender_process import SECRET
from tests.notify.servers import Hook, hook_server
from tests.postgres_server import PostgresServer, temporary_database
from tests.store.operations.support import cleared, outcome, raised

SENDER = Path(__file__).parents[1] / "notify" / "sender_process.py"
LAMPS = [f"TK-L-{number:04}" for number in range(8)]
KILLED_AT = {2, 7, 12}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "operations.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with temporary_database(server.url) as found:
        yield found


class Sender:
    """The process that decides and delivers; it is started again whenever it was killed."""

    def __init__(self, url: str, port: int) -> None:
        self._command = [sys.executable, str(SENDER), url, str(port)]
        self._process = subprocess.Popen(self._command)
        self.kills = 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.kills += 1

    def start_again(self) -> None:
        if self._process.poll() is not None:
            self._process = subprocess.Popen(self._command)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class City:
    """Lamps that fail and are repaired, and management that makes incidents of it."""

    def __init__(self, database: OperationsDatabase) -> None:
        registry = Registry(
            [
                Device(id=lamp, kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})
                for lamp in LAMPS
            ]
        )
        self._detection = DetectionTables(database)
        self._management = ManagementJob(database, lambda: registry, list)
        self._number = 0

    def happens(self, *changes: object) -> None:
        self._number += 1
        self._detection.commit(outcome(*changes, number=self._number))  # type: ignore[arg-type]
        for now_ms in (10**6, 10**9):
            self._management.run(now_ms * self._number)


def test_killed_sender_leaves_none_out_and_repeats_none_for_who_knows_keys(url: str) -> None:
    database = OperationsDatabase.open(url)
    hook, done = Hook(SECRET), threading.Event()
    with hook_server(hook) as port:
        sender = Sender(url, port)

        def taken() -> None:
            # The receiver has it, the sender does not know: here it dies.
            if len(hook.came) in KILLED_AT:
                sender.kill()
            done.set()

        hook.on_taken = taken
        try:
            city, faults = City(database), [raised(lamp, since_ms=1_000) for lamp in LAMPS]
            city.happens(*faults)
            wait_until_delivered(database, sender, done, at_least=len(LAMPS))
            city.happens(*(cleared(fault) for fault in faults))
            wait_until_delivered(database, sender, done, at_least=2 * len(LAMPS))
        finally:
            sender.stop()
    said = Counter(
        (item["device"], item["cleared_at_ms"] is not None)
        for message in hook.taken.values()
        for item in message["incidents"]
    )
    assert sender.kills == len(KILLED_AT)
    assert len(hook.came) > len(hook.taken)
    assert {entry.key for entry in Outbox(database).list(limit=1_000)} == set(hook.taken)
    assert said == {(lamp, is_over): 1 for lamp in LAMPS for is_over in (False, True)}
    assert len(IncidentRepository(database).list(IncidentFilter()).items) == len(LAMPS)
    database.close()


def wait_until_delivered(
    database: OperationsDatabase, sender: Sender, done: threading.Event, *, at_least: int
) -> None:
    """Wait until so many notifications were sent and none waits; the killed sender is started again."""
    outbox = Outbox(database)
    while True:
        figures = outbox.figures()
        if figures.total(OutboxState.SENT) >= at_least and not figures.total(OutboxState.WAITING):
            return
        sender.start_again()
        done.wait(0.1)
        done.clear()
