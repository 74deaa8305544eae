"""Devices and faults as NGSI-LD entities (ETSI GS CIM 009), attributes named as in Smart Data Models."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from api.times import moment
from devices.catalogue import kinds
from devices.description import Field
from devices.quantities import Quantity
from devices.registry import Device
from rules.faults import Severity
from store.operations.latest import LatestReading
from store.operations.records import FaultRecord, FaultState

__all__ = ["ALERT", "CONTEXTS", "KIND_OF", "alert_of", "entity_id", "entity_of", "key_values", "urn_parts"]

ALERT = "Alert"
CONTEXTS = (
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Streetlighting/master/context.jsonld",
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Alert/master/context.jsonld",
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld",
)
"""Where the names of types and attributes are defined; the core context comes last, as the standard says."""

_URN = "urn:ngsi-ld:"
_OTHER_NAMES: Mapping[str, str] = MappingProxyType({"WifiAccessPoint": "AccessPoint"})
"""Types that the published examples call otherwise."""
_UNIT_CODES: Mapping[Quantity, str] = MappingProxyType(
    {
        Quantity.POWER: "WTT",
        Quantity.REACTIVE_POWER: "D44",
        Quantity.VOLTAGE: "VLT",
        Quantity.CURRENT: "AMP",
        Quantity.FREQUENCY: "HTZ",
        Quantity.ENERGY: "KWH",
        Quantity.TEMPERATURE: "CEL",
        Quantity.SHARE: "P1",
    }
)
"""UN/CEFACT codes of units."""
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType({"apState": ("up", "down")})
"""Words of the models for what we report as true or false."""
_FRACTIONS = frozenset({"illuminanceLevel"})
"""Attributes that the models have from 0 to 1, and we in per cent."""
_PER_CENT = 100
_SEVERITIES: Mapping[Severity, str] = MappingProxyType(
    dict(zip(Severity, ("critical", "high", "medium", "low"), strict=True))
)


def _type_of(model: str) -> str:
    return _OTHER_NAMES.get(model, model)


KIND_OF: Mapping[str, str] = MappingProxyType(
    {_type_of(kind.smart_data_model): kind.id for kind in kinds().values() if kind.smart_data_model}
)
"""Kinds of device by the type of their entities."""
_TYPE_OF = {kind: type_ for type_, kind in KIND_OF.items()}


def entity_id(device: Device) -> str:
    """The URN of a device's entity."""
    return f"{_URN}{_TYPE_OF[device.kind]}:{device.id}"


def urn_parts(urn: str) -> tuple[str, str] | None:
    """The type and our id of an entity's URN; None for every other text."""
    type_, _, ours = urn.removeprefix(_URN).partition(":")
    return (type_, ours) if urn.startswith(_URN) and ours else None


def entity_of(device: Device, latest: LatestReading | None) -> dict[str, Any]:
    """A device with its latest state, normalised. What it did not report is missing."""
    entity: dict[str, Any] = {"id": entity_id(device), "type": _TYPE_OF[device.kind]}
    entity["location"] = _location(device)
    if device.name:
        entity["name"] = _property(device.name)
    if device.area_name or device.area:
        entity["areaServed"] = _property(device.area_name or device.area)
    if device.street:
        entity["address"] = _property({"streetAddress": device.street})
    if device.powered_by is not None and device.powered_by.circuit:
        entity["circuit"] = _property(device.powered_by.circuit)
    if latest is not None:
        entity |= _reported(device, latest)
        entity["dateLastValueReported"] = _time(latest.measured_at_ms)
    return entity


def alert_of(fault: FaultRecord, device: Device | None) -> dict[str, Any]:
    """A fault as an alert."""
    ended_ms = fault.cleared_at_ms
    entity = {
        "id": f"{_URN}{ALERT}:{fault.id}",
        "type": ALERT,
        "category": _property("infrastructure"),
        "subCategory": _property(fault.rule),
        "severity": _property(_SEVERITIES.get(fault.severity, "informational")),
        "description": _property(fault.title.en),
        "dateIssued": _time(fault.raised_at_ms),
        "validFrom": _time(fault.since_ms),
        "status": _property("open" if fault.state is FaultState.ACTIVE else "closed"),
    }
    if ended_ms is not None:
        entity["validTo"] = _time(ended_ms)
    if device is not None:
        entity["location"] = _location(device)
        if device.kind in _TYPE_OF:
            entity["alertSource"] = {"type": "Relationship", "object": entity_id(device)}
    return entity


def key_values(entity: Mapping[str, Any]) -> dict[str, Any]:
    """The same entity in its simplified form."""
    return {name: _simple(member) for name, member in entity.items()}


def _simple(member: Any) -> Any:
    if not isinstance(member, Mapping):
        return member
    value = member["object"] if member["type"] == "Relationship" else member["value"]
    is_time = isinstance(value, Mapping) and value.get("@type") == "DateTime"
    return value["@value"] if is_time else value


def _reported(device: Device, latest: LatestReading) -> dict[str, Any]:
    found: dict[str, Any] = {}
    observed = moment(latest.measured_at_ms)
    for field in kinds()[device.kind].fields:
        value = latest.values.get(field.name)
        if field.smart_data_model is None or value is None or field.smart_data_model in found:
            continue
        found[field.smart_data_model] = (
            _property(_said(field, value)) | {"observedAt": observed} | _unit(field)
        )
    return found


def _said(field: Field, value: Any) -> Any:
    name = field.smart_data_model or ""
    if name in _WORDS:
        yes, no = _WORDS[name]
        return yes if value else no
    return value / _PER_CENT if name in _FRACTIONS else value


def _unit(field: Field) -> dict[str, str]:
    code = _UNIT_CODES.get(field.quantity)
    return {} if code is None or field.smart_data_model in _FRACTIONS else {"unitCode": code}


def _property(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}


def _time(at_ms: int) -> dict[str, Any]:
    return _property({"@type": "DateTime", "@value": moment(at_ms)})


def _location(device: Device) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [device.longitude, device.latitude]}
    return {"type": "GeoProperty", "value": point}
