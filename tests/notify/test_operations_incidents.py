"""Deciding over incidents of the operations store, with what people and time do to the fault at the head."""

from zoneinfo import ZoneInfo

from app.lifecycle_job import LifecycleJob
from app.management_job import ManagementJob
from devices.clock import SteppedClock
from devices.registry import Device, Registry
from notify.configuration import NotifyPlan
from notify.deciding import Deciding, LinkTerms
from notify.links import LinkKey
from notify.operations_incidents import OperationsIncidents
from notify.routes import Timing
from rules.lifecycle.deeds import Acknowledge, Close, Deed
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.fault_desk import FaultDesk
from store.operations.outbox import Outbox
from tests.notify.support import HOUR_MS, KEY, people, route
from tests.store.operations.support import outcome, raised

LAMP = Device(id="TK-L-0001", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})
REGISTRY = Registry([LAMP])
START_MS = 1_795_348_800_000
FAULT = raised(LAMP.id, since_ms=START_MS)


class Installation:
    """A store with the leader's jobs that follow each other, and people at the desk."""

    def __init__(self, database: OperationsDatabase) -> None:
        self.database = database
        self.outbox = Outbox(database)
        self.management = ManagementJob(database, lambda: REGISTRY, list)
        self.lifecycle = LifecycleJob(database, lambda: REGISTRY, list, ZoneInfo("Asia/Ho_Chi_Minh"))
        self.deciding = Deciding(
            database,
            OperationsIncidents(database, lambda: REGISTRY),
            NotifyPlan(channels={}, routes=[route(timing=Timing(wait_ms=0, interval_ms=0))]),
            people,
            LinkTerms(key=LinkKey(KEY), valid_ms=HOUR_MS),
            SteppedClock(1_800_000_000_000),
        )

    def do(self, deed: Deed, at_ms: int) -> None:
        FaultDesk(self.database).perform(FAULT.id, deed, who="anna", at_ms=at_ms)

    def told(self, at_ms: int) -> list[str]:
        """What a pass of notification adds."""
        before = len(self.outbox.list(limit=1_000))
        self.deciding.run(at_ms)
        entries = self.outbox.list(limit=1_000)
        return [entry.reason for entry in entries[: len(entries) - before]]


def test_fault_acknowledged_before_notification_heard_of_it_is_told_when_it_opens_again(
    database: OperationsDatabase,
) -> None:
    city = Installation(database)
    DetectionTables(database).commit(outcome(FAULT))
    city.management.run(START_MS)
    city.management.run(START_MS + HOUR_MS)
    city.do(Acknowledge(), START_MS + HOUR_MS)
    assert city.told(START_MS + HOUR_MS) == []
    city.do(Close(comment="repaired"), START_MS + HOUR_MS)
    assert city.told(START_MS + HOUR_MS) == []
    # The condition goes on: after ten minutes it is open again, and nobody has taken note of it.
    city.lifecycle.run(START_MS + 2 * HOUR_MS)
    assert city.told(START_MS + 2 * HOUR_MS) == ["first"]
