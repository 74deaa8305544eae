"""The registry at rest."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from devices.registry import Device, Life, Phase, Registry, Supply
from store.operations.audit import AuditEntry, append_audit
from store.operations.counters import Counter, allocate
from store.operations.database import OperationsDatabase
from store.operations.paging import in_chunks
from store.operations.tables import devices

__all__ = ["DeviceRepository"]

_PLAIN = (
    "id", "kind", "area", "name", "area_name", "area_legacy", "street", "latitude", "longitude", "uplink",
    "interval_s", "replaces", "people_served",
)  # fmt: skip


class DeviceRepository:
    """All devices, read and written as a whole, because a registry is only right or wrong as a whole.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def load(self) -> Registry:
        """The registry, in the order in which it was imported; empty before the first import.

        Raises:
            RegistryError: the rows break a rule that this program has and the one that wrote them had not.
        """
        with self._database.read() as connection:
            return _load(connection)

    def replace(self, registry: Registry, *, who: str, at_ms: int) -> None:
        """Make this the registry; devices that are not in it are gone. The import is audited.

        A registry equal to the stored one changes nothing and leaves no trace.
        """
        with self._database.write() as connection:
            if _rows(connection) == _rows_of(registry):
                return
            _store(connection, registry)
            _audit(connection, "registry.replace", {"devices": len(registry)}, who, at_ms)
            allocate(connection, Counter.REGISTRY, 1)

    def update(
        self, registry: Registry, changed: Iterable[str], removed: Sequence[str], audited: AuditEntry
    ) -> None:
        """Make this the registry where only these ids differ from the stored one; audited as that entry says.

        New devices come last.
        """
        with self._database.write() as connection:
            _overwrite(connection, {device_id: registry[device_id] for device_id in changed}, removed)
            append_audit(connection, audited)
            allocate(connection, Counter.REGISTRY, 1)


def _load(connection: Connection) -> Registry:
    return Registry([_device(row) for row in _rows(connection)])


def _rows(connection: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(devices).order_by(devices.c.rank)).mappings()]


def _rows_of(registry: Registry) -> list[dict[str, Any]]:
    return [_row(rank, device) for rank, device in enumerate(registry.values())]


def _store(connection: Connection, registry: Registry) -> None:
    connection.execute(delete(devices))
    if registry:
        connection.execute(insert(devices), _rows_of(registry))


def _overwrite(connection: Connection, changed: Mapping[str, Device], removed: Sequence[str]) -> None:
    """Put devices in their places."""
    ranks: dict[str, int] = {
        row.id: row.rank for row in connection.execute(select(devices.c.id, devices.c.rank))
    }
    following = max(ranks.values(), default=-1) + 1
    for device_id in changed:
        if device_id not in ranks:
            ranks[device_id] = following
            following += 1
    for chunk in in_chunks([*changed, *removed]):
        connection.execute(delete(devices).where(devices.c.id.in_(chunk)))
    if changed:
        rows = [_row(ranks[device.id], device) for device in changed.values()]
        connection.execute(insert(devices), rows)


def _audit(connection: Connection, action: str, detail: Mapping[str, int], who: str, at_ms: int) -> None:
    entry = AuditEntry(at_ms=at_ms, who=who, action=action, target="registry", detail=detail)
    append_audit(connection, entry)


def _row(rank: int, device: Device) -> dict[str, Any]:
    supply = device.powered_by
    return {name: getattr(device, name) for name in _PLAIN} | {
        "rank": rank,
        "powered_by": supply.parent if supply else None,
        "circuit": supply.circuit if supply else None,
        "phase": supply.phase if supply else None,
        "life": device.life,
        "life_since": device.life_since.isoformat() if device.life_since else None,
        "area_codes": list(device.area_codes),
        "vendor_ids": list(device.vendor_ids),
        "attributes": dict(device.attributes),
    }


def _device(row: Mapping[str, Any]) -> Device:
    supply = None
    if row["powered_by"] is not None:
        phase = Phase(row["phase"]) if row["phase"] is not None else None
        supply = Supply(parent=row["powered_by"], circuit=row["circuit"], phase=phase)
    return Device(
        **{name: row[name] for name in _PLAIN},
        powered_by=supply,
        life=Life(row["life"]),
        life_since=date.fromisoformat(row["life_since"]) if row["life_since"] else None,
        area_codes=tuple(row["area_codes"]),
        vendor_ids=tuple(row["vendor_ids"]),
        attributes=MappingProxyType(row["attributes"]),
    )
