"""Suspected violations as people find and read them."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from store.operations.database import OperationsDatabase
from store.operations.errors import NoSuchRecordError
from store.operations.paging import Page
from store.operations.records import ViolationRecord, ViolationState, from_row
from store.operations.tables import violations

__all__ = ["ViolationFilter", "ViolationRepository"]


@dataclass(frozen=True, kw_only=True)
class ViolationFilter:
    """Which violations to list; None asks for all. They occurred in [`from_ms`, `to_ms`)."""

    state: ViolationState | None = None
    type: str | None = None
    device: str | None = None
    area: str | None = None
    rule: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class ViolationRepository:
    """Violations by their id, with whole plates.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def list(
        self, wanted: ViolationFilter, *, before: int | None = None, limit: int = 100
    ) -> Page[ViolationRecord, int]:
        """Violations, newest found first, from those whose number is below `before`."""
        query = (
            select(violations)
            .where(*_conditions(wanted))
            .order_by(violations.c.number.desc())
            .limit(limit + 1)
        )
        if before is not None:
            query = query.where(violations.c.number < before)
        with self._database.read() as connection:
            records = [from_row(ViolationRecord, row) for row in connection.execute(query).mappings()]
        return Page(records[:limit], records[limit - 1].number if len(records) > limit else None)

    def count(self) -> int:
        """How many suspected violations there ever were."""
        with self._database.read() as connection:
            total: int = connection.execute(select(func.count()).select_from(violations)).scalar_one()
        return total

    def get(self, violation: str) -> ViolationRecord:
        """The violation of that id.

        Raises:
            NoSuchRecordError: there is none.
        """
        query = select(violations).where(violations.c.id == violation)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NoSuchRecordError("violation", violation)
        return from_row(ViolationRecord, row)


def _conditions(wanted: ViolationFilter) -> list[ColumnElement[bool]]:
    plain = ("state", "type", "device", "area", "rule")
    asked = {name: getattr(wanted, name) for name in plain if getattr(wanted, name) is not None}
    conditions: list[ColumnElement[bool]] = [violations.c[name] == value for name, value in asked.items()]
    if wanted.from_ms is not None:
        conditions.append(violations.c.occurred_at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        conditions.append(violations.c.occurred_at_ms < wanted.to_ms)
    return conditions
