"""Incidents as people find and read them, and as notification follows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, func, select

from rules.faults import Severity
from rules.management.incident import IncidentChange, IncidentState
from rules.management.standing import Standing
from store.operations.database import OperationsDatabase
from store.operations.errors import NoSuchRecordError
from store.operations.fault_rows import read_faults
from store.operations.incident_records import IncidentRecord, incident_from_row
from store.operations.incident_tables import fault_standings, incident_history, incidents
from store.operations.management import standing_from_row
from store.operations.paging import Page, in_chunks
from store.operations.reach import EVERYWHERE, Reach
from store.operations.records import FaultRecord, from_body
from store.operations.tables import faults

__all__ = ["IncidentEvent", "IncidentFilter", "IncidentRepository"]


@dataclass(frozen=True, kw_only=True)
class IncidentFilter:
    """Which incidents to list; None asks for all of them."""

    state: IncidentState | None = None
    device: str | None = None
    kind: str | None = None
    area: str | None = None
    severity: Severity | None = None
    rule: str | None = None
    reach: Reach = EVERYWHERE


@dataclass(frozen=True, kw_only=True)
class IncidentEvent:
    """One change of an incident, and the incident as the change left it; `revision` grows with each."""

    revision: int
    at_ms: int
    change: IncidentChange
    detail: Mapping[str, Any]
    incident: IncidentRecord


class IncidentRepository:
    """Incidents by their id, and the standings of faults.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def list(
        self, wanted: IncidentFilter, *, before: int | None = None, limit: int = 100
    ) -> Page[IncidentRecord, int]:
        """Incidents, newest first, from those whose number is below `before`."""
        plain = ("state", "device", "kind", "area", "severity", "rule")
        asked = {name: getattr(wanted, name) for name in plain}
        conditions = [incidents.c[name] == value for name, value in asked.items() if value is not None]
        conditions += wanted.reach.conditions(incidents.c.area, incidents.c.kind)
        query = select(incidents).where(*conditions).order_by(incidents.c.number.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(incidents.c.number < before)
        with self._database.read() as connection:
            records = [incident_from_row(row) for row in connection.execute(query).mappings()]
        return Page(records[:limit], records[limit - 1].number if len(records) > limit else None)

    def get(self, incident: str) -> IncidentRecord:
        """The incident of that id.

        Raises:
            NoSuchRecordError: there is none.
        """
        query = select(incidents).where(incidents.c.id == incident)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NoSuchRecordError("incident", incident)
        return incident_from_row(row)

    def history(self, incident: str) -> Sequence[IncidentEvent]:
        """What happened to an incident, oldest first; nothing where that was long ago and is forgotten.

        Raises:
            NoSuchRecordError: there is none.
        """
        query = select(incident_history).where(incident_history.c.incident == incident)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(incident_history.c.revision)).mappings().all()
        if not rows:
            self.get(incident)
        return [_event(row) for row in rows]

    def changes_after(self, revision: int, limit: int) -> Sequence[IncidentEvent]:
        """At most `limit` changes of any incident behind a revision, oldest first, in commit order."""
        query = select(incident_history).where(incident_history.c.revision > revision)
        query = query.order_by(incident_history.c.revision).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [_event(row) for row in rows]

    def faults(
        self, incident: str, *, before: int | None = None, limit: int = 100, reach: Reach = EVERYWHERE
    ) -> Page[FaultRecord, int]:
        """The faults that belong to an incident, newest first, from those whose number is below `before`."""
        query = select(faults).join(fault_standings, fault_standings.c.fault == faults.c.id)
        query = query.where(fault_standings.c.incident == incident).order_by(faults.c.number.desc())
        query = query.where(*reach.conditions(faults.c.area, faults.c.kind))
        if before is not None:
            query = query.where(faults.c.number < before)
        with self._database.read() as connection:
            records = read_faults(connection, query.limit(limit + 1))
        return Page(records[:limit], records[limit - 1].number if len(records) > limit else None)

    def standings(self, of: Sequence[str]) -> Mapping[str, Standing]:
        """Where management has put these faults; those that it has not seen are missing."""
        found: dict[str, Standing] = {}
        with self._database.read() as connection:
            for chunk in in_chunks(of):
                query = select(fault_standings).where(fault_standings.c.fault.in_(chunk))
                rows = connection.execute(query).mappings()
                found |= {row["fault"]: standing_from_row(row) for row in rows}
        return found

    def counts(self) -> Mapping[str, int]:
        """How many live faults there are by hold."""
        query = select(fault_standings.c.hold, func.count()).where(fault_standings.c.is_live.is_(True))
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(fault_standings.c.hold)).all()
        return {str(hold): int(count) for hold, count in rows}


def _event(row: RowMapping) -> IncidentEvent:
    return IncidentEvent(
        revision=row["revision"],
        at_ms=row["at_ms"],
        change=IncidentChange(row["change"]),
        detail=row["detail"],
        incident=from_body(IncidentRecord, row["body"]),
    )
