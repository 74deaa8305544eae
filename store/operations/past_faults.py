"""The faults of a period, for comparing them with a backtest's."""

from sqlalchemy import or_, select

from rules.backtest.past_fault import PastFault
from rules.faults import Severity
from store.operations.database import OperationsDatabase
from store.operations.tables import faults

__all__ = ["past_faults"]


def past_faults(database: OperationsDatabase, from_ms: int, to_ms: int) -> list[PastFault]:
    """The faults detected before `to_ms` that lasted until `from_ms` or longer, oldest first.

    Raises:
        OperationsUnavailableError: the database does not answer.
    """
    table = faults.c
    lasted = or_(table.cleared_at_ms.is_(None), table.cleared_at_ms >= from_ms)
    columns = [table[name] for name in PastFault.__dataclass_fields__]
    query = select(*columns).where(table.detected_at_ms < to_ms, lasted).order_by(table.number)
    with database.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [PastFault(**dict(row) | {"severity": Severity(row["severity"])}) for row in rows]
