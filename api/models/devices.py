"""Devices, their kinds, their latest state and their readings as the API shows them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.models.common import DeviceRef, LabelView, Model
from api.times import Moment, moment
from devices.description import Attribute, DeviceKind, Field
from devices.registry import Device, Registry
from store.operations.latest import LatestReading, StatusRecord
from store.resolutions import Resolution

__all__ = [
    "DeviceView",
    "FieldView",
    "KindView",
    "LatestView",
    "ReadingView",
    "ReadingsView",
    "StatusView",
    "TelemetryView",
]

_DEVICE_EXAMPLE: JsonDict = {
    "id": "lamp-0042",
    "kind": "streetlight",
    "name": "Lamp 42",
    "area": "tam-ky",
    "area_name": "Phường Tam Kỳ",
    "area_legacy": "An Mỹ",
    "area_codes": ["gso-2025:20341", "gso-2024:20341"],
    "street": "Phan Chu Trinh",
    "latitude": 15.5736,
    "longitude": 108.474,
    "powered_by": {"parent": "cab-01", "circuit": "1", "phase": "L2"},
    "uplink": None,
    "interval_s": 60.0,
    "life": "in-service",
    "life_since": "2026-03-01",
    "replaces": None,
    "replaced_by": None,
    "people_served": None,
    "vendor_ids": [],
    "attributes": {"rated_w": 120.0},
}


class SupplyView(Model):
    """What powers a device."""

    parent: str
    circuit: str | None
    phase: str | None


class DeviceView(Model):
    """A device or passive asset of the registry."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DEVICE_EXAMPLE]})

    id: str
    kind: str
    name: str
    area: str
    """Slug of the current ward."""
    area_name: str
    """Name of the current ward."""
    area_legacy: str
    """Name of the ward before July 2025."""
    area_codes: tuple[str, ...]
    """Official codes, each with its scheme."""
    street: str
    latitude: float
    """Degrees, WGS84."""
    longitude: float
    """Degrees, WGS84."""
    powered_by: SupplyView | None
    uplink: str | None
    """Id of the switch it talks through."""
    interval_s: float
    """How often it is expected to report."""
    life: str
    life_since: date | None
    """The day since which it stands there in its life."""
    replaces: str | None
    """Id of the retired device whose place it took."""
    replaced_by: str | None
    """Id of the device that took its place."""
    people_served: int | None
    vendor_ids: tuple[str, ...]
    attributes: dict[str, float | int | bool | str]
    """Rated and other values of its kind; `/v1/kinds` describes them."""

    @classmethod
    def of(cls, device: Device, registry: Registry) -> "DeviceView":
        """The device as the registry has it."""
        supply = device.powered_by
        successor = registry.replacement_of(device.id)
        powered_by = None
        if supply is not None:
            phase = supply.phase.value if supply.phase is not None else None
            powered_by = SupplyView(parent=supply.parent, circuit=supply.circuit, phase=phase)
        return cls(
            id=device.id,
            kind=device.kind,
            name=device.name,
            area=device.area,
            area_name=device.area_name,
            area_legacy=device.area_legacy,
            area_codes=device.area_codes,
            street=device.street,
            latitude=device.latitude,
            longitude=device.longitude,
            powered_by=powered_by,
            uplink=device.uplink,
            interval_s=device.interval_s,
            life=device.life.value,
            life_since=device.life_since,
            replaces=device.replaces,
            replaced_by=successor.id if successor is not None else None,
            people_served=device.people_served,
            vendor_ids=device.vendor_ids,
            attributes=dict(device.attributes),
        )


class FieldView(Model):
    """A value that a kind of device reports, or that the registry keeps about it."""

    name: str
    label: LabelView
    type: str
    """float, int, bool or text."""
    unit: str
    """Symbol of the unit; empty for counts, ratios and codes."""
    low: float | None = None
    """Lowest value a device can report."""
    high: float | None = None
    """Highest value a device can report."""
    choices: tuple[str, ...] = ()
    """All values a text can have; empty for any."""

    @classmethod
    def of(cls, field: Field) -> "FieldView":
        """A reported value."""
        return cls(
            name=field.name,
            label=LabelView.of(field.label),
            type=field.value,
            unit=field.quantity.symbol,
            low=field.low,
            high=field.high,
            choices=field.choices,
        )

    @classmethod
    def of_attribute(cls, attribute: Attribute) -> "FieldView":
        """A value of the registry."""
        label = LabelView.of(attribute.label)
        return cls(name=attribute.name, label=label, type=attribute.value, unit=attribute.quantity.symbol)


class KindView(Model):
    """A kind of device: what it reports and what the registry knows of it."""

    id: str
    label: LabelView
    fields: list[FieldView]
    attributes: list[FieldView]
    interval_s: float
    """How often a device of the kind reports unless the registry says otherwise."""
    smart_data_model: str | None
    """Name of the entity type in Smart Data Models."""

    @classmethod
    def of(cls, kind: DeviceKind) -> "KindView":
        """The kind as it is described."""
        return cls(
            id=kind.id,
            label=LabelView.of(kind.label),
            fields=[FieldView.of(field) for field in kind.fields],
            attributes=[FieldView.of_attribute(attribute) for attribute in kind.attributes],
            interval_s=kind.interval_s,
            smart_data_model=kind.smart_data_model,
        )


class ReadingView(Model):
    """Values that a device measured at one time. A field that is missing was not reported."""

    measured_at: Moment
    received_at: Moment
    seq: int | None
    time_quality: str
    """`ok`; or `bad` or `absent`, where the received time stands for the device's."""
    values: dict[str, Any]


class StatusView(Model):
    """What a device last said of itself, or its will."""

    online: bool
    since: Moment
    """When that word last changed."""

    @classmethod
    def of(cls, status: StatusRecord) -> "StatusView":
        """The status as it stands."""
        return cls(online=status.online, since=moment(status.since_ms))


class LatestView(Model):
    """The latest state of a device. One that never reported has no reading; it is not silent."""

    device: DeviceRef
    reading: ReadingView | None
    status: StatusView | None

    @classmethod
    def of(cls, latest: LatestReading, registry: Registry) -> "LatestView":
        """The state of a device that reported."""
        reading = ReadingView(
            measured_at=moment(latest.measured_at_ms),
            received_at=moment(latest.received_at_ms),
            seq=latest.seq,
            time_quality=latest.time_quality,
            values=dict(latest.values),
        )
        device = DeviceRef.of(latest.device, latest.kind, latest.area, registry)
        status = StatusView.of(latest.status) if latest.status is not None else None
        return cls(device=device, reading=reading, status=status)


class TelemetryView(Model):
    """Readings of a device in a range, oldest first."""

    device: DeviceRef
    fields: list[FieldView]
    """What the members of `values` mean."""
    readings: list[ReadingView]
    resolution: Resolution = Resolution.RAW
    """Readings as they were measured; windows of them may come from what is coarser."""
    truncated: bool
    """Whether the range holds more than `limit` readings: ask again from the last `measured_at`."""


class DeviceReadingView(ReadingView):
    """What one of several devices measured at one time."""

    device: str


class ReadingsView(Model):
    """Readings of several devices in a range, oldest first."""

    fields: list[FieldView]
    """What the members of `values` mean."""
    readings: list[DeviceReadingView]
    truncated: bool
    """Whether the range holds more than `limit` readings."""

    @classmethod
    def of(
        cls, rows: Sequence[Mapping[str, Any]], fields: list[FieldView], *, truncated: bool
    ) -> "ReadingsView":
        """The rows of a telemetry store, times being epoch milliseconds."""
        names = [field.name for field in fields]
        readings = [
            DeviceReadingView(device=row["device"], **reading_of(row, names).model_dump()) for row in rows
        ]
        return cls(fields=fields, readings=readings, truncated=truncated)


def reading_of(row: Mapping[str, Any], fields: list[str]) -> ReadingView:
    """A reading from a row of a telemetry store, times being epoch milliseconds."""
    return ReadingView(
        measured_at=moment(row["measured_at"]),
        received_at=moment(row["received_at"]),
        seq=row["seq"],
        time_quality=row["time_quality"],
        values={name: row[name] for name in fields if row[name] is not None},
    )
