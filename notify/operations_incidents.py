"""The incidents of the operations store, placed by the registry: for deciding and for the crews' desk."""

from collections.abc import Callable, Collection, Mapping

from devices.registry import Registry
from notify.deciding import News
from notify.incident import Incident, Where
from rules.lifecycle.deeds import Acknowledge, Deed, SetWork
from rules.lifecycle.errors import DeedRefusedError
from rules.lifecycle.item import WorkState
from rules.management.incident import IncidentState
from store.operations.database import OperationsDatabase
from store.operations.fault_desk import FaultDesk
from store.operations.incidents import IncidentRepository
from store.operations.links import CrewAct, CrewActKind
from store.operations.told_incidents import IncidentNow, TellableIncidents

__all__ = ["OperationsIncidents"]


class OperationsIncidents:
    """Incidents as they are now. What crews say is done to the fault at the incident's head.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase, registry: Callable[[], Registry]) -> None:
        self._incidents = TellableIncidents(database)
        self._records = IncidentRepository(database)
        self._desk = FaultDesk(database)
        self._registry = registry

    def changed_after(self, revision: int, limit: int) -> News:
        """Which incidents changed behind a revision; at most `limit` changes, in commit order."""
        incidents, newest = self._incidents.changed_after(revision, limit)
        return News(incidents=incidents, revision=newest)

    def now(self, incidents: Collection[str]) -> Mapping[str, Incident | None]:
        """Incidents as they are now; None for one that goes on as a part of another, or is gone."""
        registry = self._registry()
        found = {one.record.id: one for one in self._incidents.now(sorted(incidents))}
        return {
            id_: _told(found[id_], registry)
            if id_ in found and found[id_].record.state is not IncidentState.MERGED
            else None
            for id_ in incidents
        }

    def find(self, incident: str) -> Incident | None:
        """The incident as it is now, the one that it goes on in where it was merged, or None."""
        for _ in range(_MOST_MERGES):
            found = self._incidents.now([incident])
            if not found:
                return None
            if found[0].record.merged_into is None:
                return _told(found[0], self._registry())
            incident = found[0].record.merged_into
        return None

    def said(self, act: CrewAct) -> None:
        """Acknowledge the fault at the incident's head, or report its repair.

        What the fault's state does not allow is left: somebody else was first, or it is over.
        """
        cause = self._records.get(act.incident).cause
        for deed in _DEEDS[act.act](act.note or None):
            try:
                self._desk.perform(cause, deed, who=act.who, at_ms=act.at_ms)
            except DeedRefusedError:
                continue


_MOST_MERGES = 8

_DEEDS: Mapping[CrewActKind, Callable[[str | None], tuple[Deed, ...]]] = {
    CrewActKind.ACKNOWLEDGED: lambda note: (
        Acknowledge(comment=note),
        SetWork(state=WorkState.IN_PROGRESS),
    ),
    CrewActKind.REPAIRED: lambda note: (
        Acknowledge(),
        SetWork(state=WorkState.RESOLVED, comment=note),
    ),
}


def _told(now: IncidentNow, registry: Registry) -> Incident:
    record = now.record
    return Incident(
        id=record.id,
        number=record.number,
        title=record.title,
        why=record.why,
        severity=record.severity,
        area=record.area,
        kind=record.kind,
        device=record.device,
        devices=record.devices,
        since_ms=record.since_ms,
        revision=record.revision,
        cleared_at_ms=record.cleared_at_ms if record.state is IncidentState.CLEARED else None,
        acknowledged_by=now.acknowledged_by,
        is_hidden=now.is_hidden,
        where=_where(record.device, registry, record.streets),
    )


def _where(device_id: str, registry: Registry, streets: Collection[str]) -> Where:
    """Where the device stands; what is in no registry has the streets of its incident."""
    device = registry.get(device_id)
    if device is None:
        return Where(street=", ".join(streets))
    placed = (device.latitude, device.longitude) != (0.0, 0.0)
    return Where(
        street=device.street,
        area_name=device.area_name,
        latitude=device.latitude if placed else None,
        longitude=device.longitude if placed else None,
    )
