"""Incidents as notification asks for them: as they are now, with who took note of their cause."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, false, func, or_, select, union_all

from store.operations.database import OperationsDatabase
from store.operations.incident_records import IncidentRecord, incident_from_row
from store.operations.incident_tables import incident_history, incidents
from store.operations.paging import in_chunks
from store.operations.records import ChangeType
from store.operations.tables import changes, fault_work, faults

__all__ = ["IncidentNow", "TellableIncidents"]


def _changes(after: int, up_to: int) -> CompoundSelect[Any]:
    """Revisions of incidents and of the faults at their heads, with the incident."""
    own, heads = incident_history.c, changes.join(incidents, incidents.c.cause == changes.c.id)
    at_heads = select(changes.c.revision, incidents.c.id).select_from(heads)
    return union_all(
        select(own.revision, own.incident).where(own.revision > after, own.revision <= up_to),
        at_heads.where(
            changes.c.type == ChangeType.FAULT, changes.c.revision > after, changes.c.revision <= up_to
        ),
    )


@dataclass(frozen=True, kw_only=True)
class IncidentNow:
    """An incident, who acknowledged the fault at its head, and whether that is hidden.

    Hidden is what is in maintenance, shelved or closed.
    """

    record: IncidentRecord
    acknowledged_by: str | None
    is_hidden: bool


class TellableIncidents:
    """Incidents by id, many at once.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def changed_after(self, revision: int, limit: int) -> tuple[Collection[str], int]:
        """The incidents of at most `limit` changes behind a revision, and the revision that was looked up to.

        What happens to the fault at an incident's head is a change of it too: whether somebody cares for it,
        and whether it is hidden.
        """
        with self._database.read() as connection:
            newest = connection.execute(select(func.max(changes.c.revision))).scalar() or 0
            if newest <= revision:
                return (), revision
            query = _changes(revision, newest).order_by("revision").limit(limit)
            rows = connection.execute(query).all()
        return {row.incident for row in rows}, (rows[-1].revision if len(rows) == limit else newest)

    def now(self, ids: Sequence[str]) -> Sequence[IncidentNow]:
        """Those of the incidents that there are."""
        joined = incidents.join(faults, faults.c.id == incidents.c.cause)
        joined = joined.outerjoin(fault_work, fault_work.c.fault == faults.c.id)
        hiding = (fault_work.c.out_of_service, fault_work.c.shelved_until_ms, fault_work.c.closed_at_ms)
        hidden = func.coalesce(or_(*(column.is_not(None) for column in hiding)), false())
        columns = (faults.c.acknowledged_by.label("noted_by"), hidden.label("is_hidden"))
        query = select(incidents, *columns).select_from(joined)
        found: list[IncidentNow] = []
        with self._database.read() as connection:
            for chunk in in_chunks(ids):
                rows = connection.execute(query.where(incidents.c.id.in_(chunk))).mappings()
                found += [
                    IncidentNow(
                        record=incident_from_row(row),
                        acknowledged_by=row["noted_by"],
                        is_hidden=bool(row["is_hidden"]),
                    )
                    for row in rows
                ]
        return found
