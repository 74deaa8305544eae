"""Incidents as the rest of the program sees them. Times are epoch milliseconds UTC."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import RowMapping

from devices.description import Label
from rules.faults import Severity
from rules.management.incident import Incident, IncidentState

__all__ = ["IncidentRecord", "incident_from_row", "incident_to_row"]

_LABELS = ("title", "why")


@dataclass(frozen=True, kw_only=True)
class IncidentRecord(Incident):
    """An incident at rest: its number for people, and `version` and `revision` as faults have them."""

    number: int
    version: int = 1
    revision: int = 0


def incident_to_row(record: IncidentRecord) -> dict[str, Any]:
    """Column values of a record."""
    row = {one.name: getattr(record, one.name) for one in fields(record)}
    for name in _LABELS:
        label: Label = row.pop(name)
        row |= {f"{name}_vi": label.vi, f"{name}_en": label.en}
    return row | {"streets": list(record.streets)}


def incident_from_row(row: RowMapping) -> IncidentRecord:
    """The record in a row; columns it does not have are left out."""
    values = {one.name: row[one.name] for one in fields(IncidentRecord) if one.name not in _LABELS}
    values |= {name: Label(vi=row[f"{name}_vi"], en=row[f"{name}_en"]) for name in _LABELS}
    values |= {
        "severity": Severity(row["severity"]),
        "state": IncidentState(row["state"]),
        "streets": tuple(row["streets"]),
    }
    return IncidentRecord(**values)
