"""The latest state of each device: its newest reading, and what it last said of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Row, Select, select

from store.operations.database import OperationsDatabase
from store.operations.paging import Page
from store.operations.reach import EVERYWHERE, Reach
from store.operations.tables import device_status, latest_state

__all__ = ["LatestReading", "LatestRepository", "StatusRecord"]

_VALUES = msgspec.json.Decoder(dict[str, Any])
_COLUMNS = (
    latest_state.c.device,
    latest_state.c.kind,
    latest_state.c.area,
    latest_state.c.measured_at_ms,
    latest_state.c.received_at_ms,
    latest_state.c.seq,
    latest_state.c.time_quality,
    latest_state.c.values_json,
    device_status.c.online,
    device_status.c.since_ms,
    device_status.c.received_at_ms,
)


@dataclass(frozen=True, kw_only=True)
class StatusRecord:
    """A device's own word on whether it is online, or its will's, and since when it has been that."""

    device: str
    online: bool
    since_ms: int
    received_at_ms: int


class LatestReading(Struct, frozen=True, kw_only=True):
    """The newest reading of a device. `values` has only the fields that it reported."""

    device: str
    kind: str
    area: str
    measured_at_ms: int
    received_at_ms: int
    seq: int | None
    time_quality: str
    values: Mapping[str, Any]
    status: StatusRecord | None


class LatestRepository:
    """Latest states by device.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def get(self, device: str) -> LatestReading | None:
        """The newest reading of a device; None where it never reported."""
        with self._database.read() as connection:
            query = _query().where(latest_state.c.device == device)
            row = connection.execute(query).one_or_none()
        return _reading(row) if row is not None else None

    def status(self, device: str) -> StatusRecord | None:
        """What a device last said of itself; None where it never did."""
        query = select(device_status).where(device_status.c.device == device)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return StatusRecord(**row) if row is not None else None

    def list(
        self,
        *,
        kind: str | None = None,
        area: str | None = None,
        after: str | None = None,
        limit: int = 1000,
        reach: Reach = EVERYWHERE,
    ) -> Page[LatestReading, str]:
        """Newest readings of all devices that ever reported, by id, from those behind the id `after`."""
        query = _query().order_by(latest_state.c.device).limit(limit + 1)
        query = query.where(*reach.conditions(latest_state.c.area, latest_state.c.kind))
        for column, value in ((latest_state.c.kind, kind), (latest_state.c.area, area)):
            query = query.where(column == value) if value is not None else query
        if after is not None:
            query = query.where(latest_state.c.device > after)
        with self._database.read() as connection:
            readings = [_reading(row) for row in connection.execute(query).all()]
        return Page(readings[:limit], readings[limit - 1].device if len(readings) > limit else None)


def _query() -> Select[Any]:
    joined = latest_state.outerjoin(device_status, latest_state.c.device == device_status.c.device)
    return select(*_COLUMNS).select_from(joined)


def _reading(row: Row[Any]) -> LatestReading:
    # By place: ten thousand rows are one answer, and looking up names would be a third of it.
    device, kind, area, measured_at_ms, received_at_ms, seq, quality, said, *status = tuple(row)
    online, since_ms, status_at_ms = status
    values = _VALUES.decode(said)
    return LatestReading(
        device=device,
        kind=kind,
        area=area,
        measured_at_ms=measured_at_ms,
        received_at_ms=received_at_ms,
        seq=seq,
        time_quality=quality,
        values={n: v for n, v in values.items() if v is not None} if None in values.values() else values,
        status=None
        if online is None
        else StatusRecord(device=device, online=online, since_ms=since_ms, received_at_ms=status_at_ms),
    )
