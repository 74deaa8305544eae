"""How a kind of device is described: frozen data that storage, API, rules and simulators walk."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from devices.quantities import Quantity

__all__ = ["Attribute", "DeviceKind", "Field", "Label", "ValueType"]

ValueType = Literal["float", "int", "bool", "text"]

_RESERVED = frozenset(
    {"ts", "seq", "device", "area", "measured_at", "received_at", "device_time", "time_quality"}
)


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text that people read, in both languages of the product."""

    vi: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """One value a device reports.

    `low` and `high` bound what the device can physically report, both inclusive, in the quantity's unit;
    a value outside is a broken reading, never a fault of the street. What is merely unhealthy is a rule.
    """

    name: str
    label: Label
    value: ValueType = "float"
    quantity: Quantity = Quantity.CODE
    low: float | None = None
    high: float | None = None
    resolution: float | None = None
    choices: tuple[str, ...] = ()
    smart_data_model: str | None = None
    talq: str | None = None

    def __post_init__(self) -> None:
        """Refuse a field whose name, unit and range disagree.

        Raises:
            ValueError: with the rule broken and the field's name.
        """
        if self.name in _RESERVED:
            raise ValueError(f"a field may not be named {self.name!r}: the word is a column of every batch")
        if not self.name.endswith(self.quantity.suffix):
            raise ValueError(
                f"field {self.name!r} of {self.quantity.name} must end with {self.quantity.suffix!r}"
            )
        low, high = self.quantity.value.low, self.quantity.value.high
        for bound in (self.low, self.high):
            if bound is not None and low is not None and high is not None and not low <= bound <= high:
                raise ValueError(
                    f"field {self.name!r}: bound {bound!r} is outside {self.quantity.name}'s range"
                )


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One value the registry keeps about a device of a kind, such as its rated power."""

    name: str
    label: Label
    value: ValueType = "float"
    quantity: Quantity = Quantity.CODE
    required: bool = False
    default: float | int | bool | str | None = None


@dataclass(frozen=True, kw_only=True)
class DeviceKind:
    """A kind of device: what it reports, what the registry knows of it, and its habits.

    `lateness_s` is how long a reading may arrive after a later one and still be put in its place
    by detection; `interval_s` is how often a device of the kind reports unless the registry says otherwise.
    `powered_by_kind` is the kind of the devices that power it, where they have telemetry themselves.
    """

    id: str
    label: Label
    fields: tuple[Field, ...]
    attributes: tuple[Attribute, ...] = ()
    interval_s: float = 300.0
    lateness_s: float = 60.0
    smart_data_model: str | None = None
    powered_by_kind: str | None = None

    def __post_init__(self) -> None:
        """Refuse double names.

        Raises:
            ValueError: a field or attribute occurs twice.
        """
        for what, names in (
            ("field", [f.name for f in self.fields]),
            ("attribute", [a.name for a in self.attributes]),
        ):
            double = {name for name in names if names.count(name) > 1}
            if double:
                raise ValueError(f"kind {self.id!r} declares {what} {sorted(double)!r} twice")

    @property
    def table(self) -> str:
        """Name of the kind's table or measurement in every telemetry store."""
        return self.id.replace("-", "_")

    @cached_property
    def field_names(self) -> tuple[str, ...]:
        """Names of the fields, in the order of the description."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by name."""
        return MappingProxyType({field.name: field for field in self.fields})
