"""The leader's job that lets time and telemetry act on faults: see `rules.lifecycle.due`."""

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from devices.entities.maintenance_windows import ENTITY as WINDOWS
from devices.registry import Registry
from rules.lifecycle.neighbourhood import Neighbourhood, Place
from rules.lifecycle.policy import Policy, load_policy
from rules.rule import Rule
from store.operations.changes import ChangeFeed
from store.operations.database import OperationsDatabase
from store.operations.entities import EntityRepository
from store.operations.lifecycle import LifecycleTables

__all__ = ["LifecycleJob"]

_PERIOD_S = 1.0
_LOOK_EVERY_MS = 15_000
"""How long, by the service's clock, a time that has come may wait while no fault changes."""


class LifecycleJob:
    """A leader job: one pass over the faults that are not settled.

    A pass costs two short queries while nothing changes, and looks at every unsettled fault when one did or
    a quarter of a minute has passed. `settled` counts the faults it changed since it was made.
    """

    name = "lifecycle"
    period_s = _PERIOD_S

    def __init__(
        self,
        operations: OperationsDatabase,
        registry: Callable[[], Registry],
        rules: Callable[[], Sequence[Rule]],
        zone: ZoneInfo,
        policy: Policy | None = None,
    ) -> None:
        self._tables = LifecycleTables(operations)
        self._feed = ChangeFeed(operations)
        self._entities = EntityRepository(operations)
        self._registry, self._rules, self._zone = registry, rules, zone
        self._policy = policy or load_policy()
        self._seen = -1
        self._looked_ms: int | None = None
        self.settled = 0

    def run(self, now_ms: int) -> None:
        """One pass.

        Raises:
            OperationsUnavailableError: the store does not answer; what was not settled is settled next time.
        """
        newest = self._feed.last_revision()
        waited = self._looked_ms is None or now_ms - self._looked_ms >= _LOOK_EVERY_MS
        if newest == self._seen and not waited:
            return
        records = self._tables.unsettled()
        around = Neighbourhood(self._place(), [record.item() for record in records], now_ms)
        self.settled += self._tables.settle(records, around, now_ms)
        # What was committed while we looked, and by ourselves, is looked at once more.
        self._seen, self._looked_ms = newest, now_ms

    def _place(self) -> Place:
        windows = self._entities.load(WINDOWS)
        escalations = {rule.id: rule.escalations for rule in self._rules() if rule.escalations}
        return Place(self._registry(), windows, escalations, self._policy, self._zone)
