"""What an operations store says was raised."""

from reports.score.managed import told, told_afterwards
from reports.score.raised import RaisedFault, Reports, SuspectedViolation, reason_in
from rules.loading import load_rules
from rules.management.dependencies import Dependencies
from store.operations.database import OperationsDatabase
from store.operations.devices import DeviceRepository
from store.operations.errors import NoSuchRecordError
from store.operations.faults import FaultFilter, FaultRepository
from store.operations.incidents import IncidentRepository
from store.operations.management import ManagementTables
from store.operations.records import FaultRecord, ViolationRecord
from store.operations.violations import ViolationFilter, ViolationRepository

__all__ = ["StoredReports"]

_PAGE = 1_000


class StoredReports:
    """The reports in one operations store.

    Methods raise `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database
        self._faults = FaultRepository(database)
        self._violations = ViolationRepository(database)

    def all(self) -> Reports:
        """Every fault and suspected violation there ever was.

        Where no leader has managed the faults, they are managed now, by the rules and the registry of now.
        """
        raised = self._every_fault()
        standings = IncidentRepository(self._database).standings([one.id for one in raised])
        faults = told(raised, standings) if standings else self._managed(raised)
        return Reports(faults=tuple(faults), violations=tuple(self._every_violation()))

    def _managed(self, raised: list[RaisedFault]) -> list[RaisedFault]:
        rules = load_rules()
        spells = ManagementTables(self._database).spells(Dependencies.among(rules).named_parts)
        return told_afterwards(raised, spells, DeviceRepository(self._database).load(), rules)

    def why(self, fault: str) -> str:
        """The expression that raised a fault, with its values; empty for what is no fault."""
        try:
            return reason_in(self._faults.why(fault))
        except NoSuchRecordError:
            return ""

    def _every_fault(self) -> list[RaisedFault]:
        found: list[RaisedFault] = []
        before: int | None = None
        while True:
            page = self._faults.list(FaultFilter(), before=before, limit=_PAGE)
            found += map(_fault, page.items)
            before = page.next_after
            if before is None:
                return found

    def _every_violation(self) -> list[SuspectedViolation]:
        found: list[SuspectedViolation] = []
        before: int | None = None
        while True:
            page = self._violations.list(ViolationFilter(), before=before, limit=_PAGE)
            found += map(_violation, page.items)
            before = page.next_after
            if before is None:
                return found


def _fault(record: FaultRecord) -> RaisedFault:
    return RaisedFault(
        id=record.id,
        rule=record.rule,
        device=record.device,
        kind=record.kind,
        since_ms=record.since_ms,
        raised_at_ms=record.raised_at_ms,
        detected_at_ms=record.detected_at_ms,
        cleared_at_ms=record.cleared_at_ms,
    )


def _violation(record: ViolationRecord) -> SuspectedViolation:
    return SuspectedViolation(
        id=record.id,
        rule=record.rule,
        device=record.device,
        kind=record.kind,
        occurred_at_ms=record.occurred_at_ms,
        detected_at_ms=record.detected_at_ms,
    )
