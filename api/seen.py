"""Records that a caller may see: what lies outside of their reach is, to them, not there."""

from api.auth import Caller
from api.problems import Problem, ProblemKind
from api.services import ApiServices
from devices.registry import Device
from store.operations.errors import NoSuchRecordError
from store.operations.incident_records import IncidentRecord
from store.operations.records import FaultRecord

__all__ = ["known_device", "seen_fault", "seen_incident"]


def known_device(device: str, services: ApiServices, caller: Caller) -> Device:
    """The device of that id.

    Raises:
        Problem: the registry has none that the caller may see.
    """
    known = services.registry().get(device)
    if known is None or not caller.sees(known.area, known.kind):
        raise Problem(ProblemKind.NOT_FOUND, f"there is no device {device!r}")
    return known


def seen_fault(fault: str, services: ApiServices, caller: Caller) -> FaultRecord:
    """The fault of that id.

    Raises:
        NoSuchRecordError: there is none that the caller may see.
    """
    record = services.operations.faults.get(fault)
    if not caller.sees(record.area, record.kind):
        raise NoSuchRecordError("fault", fault)
    return record


def seen_incident(incident: str, services: ApiServices, caller: Caller) -> IncidentRecord:
    """The incident of that id.

    Raises:
        NoSuchRecordError: there is none that the caller may see.
    """
    record = services.operations.incidents.get(incident)
    if not caller.sees(record.area, record.kind):
        raise NoSuchRecordError("incident", incident)
    return record
