"""Faults together with what management does with them."""

from collections.abc import Sequence

from api.auth import Caller
from api.models.common import LabelView
from api.models.faults import FaultView
from api.models.management import CauseView, HoldView
from api.services import ApiServices
from devices.description import Label
from store.operations.records import FaultRecord

__all__ = ["causes_of", "fault_views"]


def fault_views(records: Sequence[FaultRecord], services: ApiServices) -> list[FaultView]:
    """The faults as they stand, each with its hold."""
    registry = services.registry()
    standings = services.operations.incidents.standings([record.id for record in records])
    return [
        FaultView.of(record, registry, management=HoldView.of(standings.get(record.id))) for record in records
    ]


def causes_of(fault: str, services: ApiServices, caller: Caller) -> list[CauseView]:
    """What holds a fault back, from the next one up to the one that people are told of; empty if nothing.

    What lies outside of the caller's reach is left out.
    """
    found: list[CauseView] = []
    incidents, faults = services.operations.incidents, services.operations.faults
    standing = incidents.standings([fault]).get(fault)
    while standing is not None and standing.suppressed_by is not None and standing.reason is not None:
        cause = faults.get(standing.suppressed_by)
        if caller.sees(cause.area, cause.kind):
            found.append(_cause(cause, standing.reason))
        standing = incidents.standings([cause.id]).get(cause.id)
    return found


def _cause(cause: FaultRecord, reason: Label) -> CauseView:
    title, why = LabelView.of(cause.title), LabelView.of(reason)
    return CauseView(fault=cause.id, title=title, device=cause.device, reason=why)
