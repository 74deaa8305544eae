"""Broadcast programmes at rest."""

from collections.abc import Iterable, Sequence
from datetime import date, time
from operator import itemgetter

from sqlalchemy import RowMapping, delete, insert, select

from devices.programmes import BroadcastProgramme
from store.operations.audit import AuditEntry, append_audit
from store.operations.database import OperationsDatabase
from store.operations.tables import broadcast_programmes

__all__ = ["ProgrammeRepository"]


class ProgrammeRepository:
    """When loudspeakers are meant to play.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def load(self) -> Sequence[BroadcastProgramme]:
        """All programmes, those of the past too, by id."""
        query = select(broadcast_programmes).order_by(broadcast_programmes.c.id)
        with self._database.read() as connection:
            return [_programme(row) for row in connection.execute(query).mappings()]

    def replace(self, programmes: Iterable[BroadcastProgramme], *, who: str, at_ms: int) -> None:
        """Make these the programmes. The change is audited; equal ones change nothing and leave no trace."""
        rows = sorted(map(_row, programmes), key=itemgetter("id"))
        detail = {"programmes": len(rows)}
        entry = AuditEntry(
            at_ms=at_ms, who=who, action="programmes.replace", target="programmes", detail=detail
        )
        query = select(broadcast_programmes).order_by(broadcast_programmes.c.id)
        with self._database.write() as connection:
            if [dict(row) for row in connection.execute(query).mappings()] == rows:
                return
            connection.execute(delete(broadcast_programmes))
            if rows:
                connection.execute(insert(broadcast_programmes), rows)
            append_audit(connection, entry)


def _row(programme: BroadcastProgramme) -> dict[str, object]:
    return {
        "id": programme.id,
        "area": programme.area,
        "title": programme.title,
        "weekdays": sorted(programme.weekdays),
        "starts": programme.starts.isoformat(),
        "ends": programme.ends.isoformat(),
        "valid_from": programme.valid_from.isoformat(),
        "valid_to": programme.valid_to.isoformat() if programme.valid_to else None,
    }


def _programme(row: RowMapping) -> BroadcastProgramme:
    return BroadcastProgramme(
        id=row["id"],
        area=row["area"],
        title=row["title"],
        weekdays=frozenset(row["weekdays"]),
        starts=time.fromisoformat(row["starts"]),
        ends=time.fromisoformat(row["ends"]),
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
    )
