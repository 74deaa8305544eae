"""The leader's job that lets time and telemetry act on faults: see `rules.lifecycle.due`."""

from collections.abc import Callable, Iterable, Sequence
from zoneinfo import ZoneInfo

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from devices.entities.maintenance_windows import ENTITY as WINDOWS
from devices.registry import Registry
from rules.lifecycle.due import is_settled
from rules.lifecycle.figures import DAY_MS, Figures, figures
from rules.lifecycle.item import WorkItem
from rules.lifecycle.neighbourhood import Neighbourhood, Place
from rules.lifecycle.policy import Policy, load_policy
from rules.rule import Rule
from store.operations.changes import ChangeFeed
from store.operations.database import OperationsDatabase
from store.operations.entities import EntityRepository
from store.operations.lifecycle import LifecycleTables
from store.operations.records import FaultRecord

__all__ = ["LifecycleJob"]

_PERIOD_S = 1.0
_LOOK_EVERY_MS = 15_000
"""How long, by the service's clock, a time that has come may wait while no fault changes."""
_READ_EVERY_MS = 600_000
"""How often, by the service's clock, all unsettled faults are read anew: what is kept in mind is a copy."""
_MEASURE_EVERY_MS = 60_000
"""How often, by the service's clock, the operators' work is measured: it reads a day of faults."""
_GAUGES = {
    "ioc_faults_active": ("active", "Faults whose condition lasts"),
    "ioc_faults_unacknowledged": ("unacknowledged", "Active faults nobody took note of"),
    "ioc_faults_stale": ("stale", "Faults active for more than a day"),
    "ioc_faults_shelved": ("shelved", "Active faults that are shelved"),
    "ioc_faults_out_of_service": ("out_of_service", "Active faults hidden by maintenance"),
    "ioc_faults_raised_10_minutes": ("raised_10_minutes", "Faults of the last ten minutes"),
    "ioc_faults_raised_hour": ("raised_hour", "Faults of the last hour"),
    "ioc_faults_flood_ratio": ("flood_share", "Share of the last day with over 10 faults in 10 minutes"),
    "ioc_faults_top_sources_ratio": ("top_share", "Share of the day's faults from its ten worst sources"),
    "ioc_faults_chattering": ("chattering", "Sources with three faults within an hour of the last day"),
    "ioc_faults_acknowledge_seconds": ("acknowledge_s", "Mean time to acknowledge (MTTA), last day"),
    "ioc_faults_repair_seconds": ("repair_s", "Mean time until a fault cleared (MTTR), last day"),
}


class LifecycleJob:
    """A leader job: one pass over the faults that are not settled.

    The unsettled faults are kept in mind: a pass reads those that changed since the last, and looks at them
    and at those that they may matter to. Every quarter of a minute it looks at all, because time has passed.
    `settled` counts the faults it changed since it was made.
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
        self._read_ms: int | None = None
        self._known: dict[str, tuple[FaultRecord, WorkItem]] = {}
        self._measured_ms: int | None = None
        self._figures: Figures | None = None
        self.settled = 0

    def run(self, now_ms: int) -> None:
        """One pass.

        Raises:
            OperationsUnavailableError: the store does not answer; what was not settled is settled next time.
        """
        self._measure(now_ms)
        newest = self._feed.last_revision()
        waited = self._looked_ms is None or now_ms - self._looked_ms >= _LOOK_EVERY_MS
        if newest == self._seen and not waited:
            return
        changed = self._brought_up(newest, now_ms)
        around = Neighbourhood(self._place(), [item for _, item in self._known.values()], now_ms)
        asked = self._known.values() if waited or changed is None else self._concerned(changed)
        self.settled += self._tables.settle([record for record, _ in asked], around, now_ms)
        # What was committed while we looked, and by ourselves, is looked at once more.
        self._seen = newest
        if waited:
            self._looked_ms = now_ms

    def collect(self) -> Iterable[Metric]:
        """How the operators' work goes; nothing before the first pass. What was not measured is left out."""
        yield CounterMetricFamily(
            "ioc_faults_settled", "Faults that time or telemetry changed in this term", value=self.settled
        )
        if self._figures is None:
            return
        for name, (member, about) in _GAUGES.items():
            value = getattr(self._figures, member)
            if value is not None:
                yield GaugeMetricFamily(name, about, value=value)

    def _brought_up(self, newest: int, now_ms: int) -> Sequence[FaultRecord] | None:
        """Know every unsettled fault as it is now; those that changed, None where all were read."""
        late = self._read_ms is None or now_ms - self._read_ms >= _READ_EVERY_MS
        changed = None if late else self._tables.changed(self._seen, newest)
        if changed is None:
            self._known = {record.id: (record, record.item()) for record in self._tables.unsettled()}
            self._read_ms = now_ms
            return None
        for record in changed:
            if is_settled(record.item()):
                self._known.pop(record.id, None)
            else:
                self._known[record.id] = (record, record.item())
        return changed

    def _concerned(self, changed: Sequence[FaultRecord]) -> list[tuple[FaultRecord, WorkItem]]:
        """The faults that a change of some may matter to: themselves, and others of their rule.

        Shelving goes from fault to fault of a device, and some rules are worse where many are alike.
        """
        rules = {record.rule for record in changed}
        return [pair for pair in self._known.values() if pair[1].rule in rules]

    def _measure(self, now_ms: int) -> None:
        if self._measured_ms is None or now_ms - self._measured_ms >= _MEASURE_EVERY_MS:
            self._figures = figures(self._tables.lived(now_ms - DAY_MS), now_ms)
            self._measured_ms = now_ms

    def _place(self) -> Place:
        windows = self._entities.load(WINDOWS)
        escalations = {rule.id: rule.escalations for rule in self._rules() if rule.escalations}
        return Place(self._registry(), windows, escalations, self._policy, self._zone)
