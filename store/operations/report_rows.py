"""Incidents as reports count them, with what people did about the fault at the head of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from devices.description import Label
from rules.faults import Severity
from rules.management.incident import IncidentState
from store.operations.database import OperationsDatabase
from store.operations.incident_tables import incidents
from store.operations.tables import fault_work, faults

__all__ = ["ReportRows", "ReportedIncident"]


@dataclass(frozen=True, kw_only=True)
class ReportedIncident:
    """One incident; `crew` is whom it is assigned to. Times are epoch ms, None where it did not happen."""

    number: int
    title: Label
    device: str
    kind: str
    area: str
    severity: Severity
    devices: int
    opened_at_ms: int
    cleared_at_ms: int | None
    acknowledged_at_ms: int | None
    crew: str | None


class ReportRows:
    """What reports are made of."""

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def between(self, from_ms: int, to_ms: int) -> Sequence[ReportedIncident]:
        """Incidents that were open at some moment in [from, to), by number; parts of others are left out.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        joined = incidents.join(faults, faults.c.id == incidents.c.cause).outerjoin(
            fault_work, fault_work.c.fault == faults.c.id
        )
        query = (
            select(incidents, faults.c.acknowledged_at_ms, fault_work.c.assignee)
            .select_from(joined)
            .where(incidents.c.state != IncidentState.MERGED, incidents.c.opened_at_ms < to_ms)
            .where(or_(incidents.c.cleared_at_ms.is_(None), incidents.c.cleared_at_ms >= from_ms))
            .order_by(incidents.c.number)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            ReportedIncident(
                number=row["number"],
                title=Label(vi=row["title_vi"], en=row["title_en"]),
                device=row["device"],
                kind=row["kind"],
                area=row["area"],
                severity=Severity(row["severity"]),
                devices=row["devices"],
                opened_at_ms=row["opened_at_ms"],
                cleared_at_ms=row["cleared_at_ms"],
                acknowledged_at_ms=row["acknowledged_at_ms"],
                crew=row["assignee"],
            )
            for row in rows
        ]
