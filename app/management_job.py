"""The leader's job that decides which faults are held, by what, and as which incident the others are told."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from devices.registry import Registry
from rules.management.dependencies import Dependencies
from rules.management.standing import Hold
from rules.management.step import step
from rules.management.topology import Topology
from rules.rule import Rule
from store.operations.changes import ChangeFeed
from store.operations.database import OperationsDatabase
from store.operations.management import ManagementTables

__all__ = ["ManagementJob"]

_PERIOD_S = 1.0


class ManagementJob:
    """A leader job: one management step over the operations store.

    It looks at the faults only when something has changed or a waiting is over.
    """

    name = "management"
    period_s = _PERIOD_S

    def __init__(
        self,
        operations: OperationsDatabase,
        registry: Callable[[], Registry],
        rules: Callable[[], Sequence[Rule]],
    ) -> None:
        self._tables = ManagementTables(operations)
        self._feed = ChangeFeed(operations)
        self._registry = registry
        self._rules = rules
        self._known: tuple[Registry, Sequence[Rule]] | None = None
        self._dependencies = Dependencies.among(())
        self._topology = Topology(Registry([]), ())
        self._seen = -1
        self._due_ms: int | None = None
        self._holds: Mapping[Hold, int] = {}

    def run(self, now_ms: int) -> None:
        """One step, written down as a whole.

        Raises:
            OperationsUnavailableError: the store does not answer; nothing was written.
        """
        renewed = self._renew()
        newest = self._feed.last_revision()
        if not renewed and newest == self._seen and (self._due_ms is None or now_ms < self._due_ms):
            return
        situation = self._tables.situation(self._dependencies.named_parts)
        decisions = step(situation, self._dependencies, self._topology, now_ms)
        self._tables.commit(decisions, now_ms)
        # What was committed while we looked, and by ourselves, is looked at once more: it is no work then.
        self._seen, self._due_ms, self._holds = newest, decisions.due_ms, decisions.holds

    def collect(self) -> Iterable[Metric]:
        """How many active faults are held, and how many are told."""
        held = GaugeMetricFamily(
            "ioc_faults_held", "Active faults by what management does with them", labels=["hold"]
        )
        holds = self._holds
        for hold in Hold:
            held.add_metric([hold.value], holds.get(hold, 0))
        yield held

    def _renew(self) -> bool:
        """Take over a changed registry and changed rules; whether there were any."""
        now = (self._registry(), self._rules())
        if self._known is not None and all(a is b for a, b in zip(self._known, now, strict=True)):
            return False
        self._dependencies = Dependencies.among(now[1])
        self._topology = Topology(now[0], self._dependencies.inferences.values())
        self._known = now
        return True
