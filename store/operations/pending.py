"""Pending devices: who speaks and is in no registry, kept until somebody adopts or dismisses them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, delete, func, select, update

from devices.decoders.guessing import guessed_kind
from devices.errors import Rejection
from devices.registry import Registry
from store.operations.audit import AuditEntry, append_audit
from store.operations.database import OperationsDatabase
from store.operations.dialects import upsert
from store.operations.errors import NoSuchRecordError
from store.operations.paging import Page, in_chunks
from store.operations.tables import pending_devices

__all__ = ["NATIVE", "PendingDevice", "PendingRepository", "write_pending"]

NATIVE = "native"
"""The format whose identities are ids of devices."""

_MOST = 10_000
_SAMPLE_BYTES = 2_048
_table = pending_devices


@dataclass(frozen=True, kw_only=True)
class PendingDevice:
    """Somebody who spoke: under which identity (`format:identity`), and the last message.

    Identity, topic and payload may hold personal data. `payload` may be cut, `payload_bytes` is its length.
    """

    row: int
    identity: str
    guessed_kind: str | None
    topic: str
    payload: bytes
    payload_bytes: int
    count: int
    first_seen_ms: int
    last_seen_ms: int
    dismissed_by: str | None = None
    dismissed_at_ms: int | None = None

    @property
    def format(self) -> str:
        """The name of the message format."""
        return self.identity.partition(":")[0]

    @property
    def name(self) -> str:
        """What it calls itself in that format."""
        return self.identity.partition(":")[2]

    def is_in(self, registry: Registry) -> bool:
        """Whether a registry knows who it is."""
        return _is_known(self.identity, registry)


class PendingRepository:
    """Pending devices, those that spoke first last.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def list(
        self, *, dismissed: bool = False, before: int | None = None, limit: int = 100
    ) -> Page[PendingDevice, int]:
        """Those that wait, or those dismissed, from those before the row `before`."""
        query = _select().order_by(_table.c.row.desc()).limit(limit + 1)
        query = query.where(
            _table.c.dismissed_at_ms.is_not(None) if dismissed else _table.c.dismissed_at_ms.is_(None)
        )
        if before is not None:
            query = query.where(_table.c.row < before)
        with self._database.read() as connection:
            found = [PendingDevice(**row) for row in connection.execute(query).mappings()]
        return Page(found[:limit], found[limit - 1].row if len(found) > limit else None)

    def get(self, row: int) -> PendingDevice:
        """One of them.

        Raises:
            NoSuchRecordError: there is none, or it was adopted.
        """
        with self._database.read() as connection:
            found = connection.execute(_select().where(_table.c.row == row)).mappings().one_or_none()
        if found is None:
            raise NoSuchRecordError("pending device", str(row))
        return PendingDevice(**found)

    def dismiss(self, row: int, *, who: str, at_ms: int) -> None:
        """Show it no more among those that wait, however often it speaks. Audited; again changes nothing.

        Raises:
            NoSuchRecordError: there is none.
        """
        with self._database.write() as connection:
            if connection.execute(select(_table.c.row).where(_table.c.row == row)).one_or_none() is None:
                raise NoSuchRecordError("pending device", str(row))
            standing = (_table.c.row == row) & _table.c.dismissed_at_ms.is_(None)
            change = update(_table).where(standing).values(dismissed_by=who, dismissed_at_ms=at_ms)
            if connection.execute(change).rowcount:
                append_audit(
                    connection, AuditEntry(at_ms=at_ms, who=who, action="pending.dismiss", target=str(row))
                )

    def forget_known(self, registry: Registry) -> None:
        """Remove those that the registry knows by now."""
        with self._database.write() as connection:
            identities = connection.execute(select(_table.c.identity)).scalars()
            known = [identity for identity in identities if _is_known(identity, registry)]
            for chunk in in_chunks(known):
                connection.execute(delete(_table).where(_table.c.identity.in_(chunk)))


def write_pending(connection: Connection, journal: str, letters: pl.DataFrame) -> None:
    """Count who speaks unknown in dead letters; those of an entry that was counted are not counted again."""
    unknown = letters.filter(
        (pl.col("reason") == Rejection.UNKNOWN_DEVICE.value) & pl.col("identity").is_not_null()
    )
    if unknown.is_empty():
        return
    standing = _standing(connection, unknown["identity"].unique().to_list())
    rows = [
        row
        for (identity,), own in unknown.group_by("identity", maintain_order=True)
        if (row := _counted(str(identity), journal, own, standing.get(str(identity)))) is not None
    ]
    if rows:
        connection.execute(upsert(connection, _table, key=["identity"], row=_table.c.row), rows)
        _drop_oldest(connection)


def _counted(
    identity: str, journal: str, letters: pl.DataFrame, standing: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The row of an identity after its letters; None where all of them were counted before."""
    if standing is not None and standing["journal"] == journal:
        letters = letters.filter(pl.col("entry") > standing["entry"])
    if letters.is_empty():
        return None
    last = letters.row(-1, named=True)
    received_ms = letters["received_at"].dt.epoch("ms")
    new = {"count": 0, "first_seen_ms": received_ms[0], "dismissed_by": None, "dismissed_at_ms": None}
    first = standing or new
    return {
        "identity": identity,
        "guessed_kind": guessed_kind(identity, last["topic"]),
        "topic": last["topic"],
        "payload": last["payload"][:_SAMPLE_BYTES],
        "payload_bytes": last["payload_bytes"],
        "count": first["count"] + letters.height,
        "first_seen_ms": first["first_seen_ms"],
        "last_seen_ms": received_ms[-1],
        "journal": journal,
        "entry": last["entry"],
        "dismissed_by": first["dismissed_by"],
        "dismissed_at_ms": first["dismissed_at_ms"],
    }


def _standing(connection: Connection, identities: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for chunk in in_chunks(identities):
        rows = connection.execute(select(_table).where(_table.c.identity.in_(chunk))).mappings()
        found |= {row["identity"]: row for row in rows}
    return found


def _drop_oldest(connection: Connection) -> None:
    """Keep those that spoke last: whoever may publish could otherwise fill the disk with names."""
    excess = connection.execute(select(func.count()).select_from(_table)).scalar_one() - _MOST
    if excess > 0:
        oldest = select(_table.c.row).order_by(_table.c.last_seen_ms, _table.c.row).limit(excess)
        connection.execute(delete(_table).where(_table.c.row.in_(oldest.scalar_subquery())))


def _is_known(identity: str, registry: Registry) -> bool:
    name = identity.removeprefix(f"{NATIVE}:")
    return name in registry if name != identity else registry.identified(identity) is not None


def _select() -> Any:
    return select(*(_table.c[name] for name in PendingDevice.__dataclass_fields__))
