"""When devices were out: their grave faults over a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from rules.faults import Severity
from store.operations.database import OperationsDatabase
from store.operations.reach import EVERYWHERE, Reach
from store.operations.tables import faults

__all__ = ["Outage", "OutageRows"]

_GRAVE = (Severity.CRITICAL, Severity.MAJOR)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A time (epoch ms) in which a device did not serve; None where it goes on."""

    device: str
    from_ms: int
    to_ms: int | None


class OutageRows:
    """Outages, from critical and major faults."""

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def between(self, from_ms: int, to_ms: int, reach: Reach = EVERYWHERE) -> Sequence[Outage]:
        """Outages that lasted at some moment in [from, to).

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        query = (
            select(faults.c.device, faults.c.since_ms, faults.c.cleared_at_ms)
            .where(faults.c.severity.in_(_GRAVE), faults.c.since_ms < to_ms)
            .where(or_(faults.c.cleared_at_ms.is_(None), faults.c.cleared_at_ms >= from_ms))
            .where(*reach.conditions(faults.c.area, faults.c.kind))
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [Outage(device=device, from_ms=since, to_ms=until) for device, since, until in rows]
