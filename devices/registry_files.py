"""The registry as files that people edit: CSV and GeoJSON."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from devices.catalogue import kinds
from devices.description import Attribute
from devices.errors import RegistryError
from devices.registry import AttributeValue, Device, Life, Phase, Registry, Supply

__all__ = ["read_registry", "write_csv"]

_COLUMNS = (
    "id",
    "kind",
    "name",
    "area",
    "area_legacy",
    "street",
    "latitude",
    "longitude",
    "powered_by",
    "circuit",
    "phase",
    "uplink",
    "interval_s",
    "life",
    "replaces",
    "people_served",
    "vendor_ids",
)
_E = TypeVar("_E", bound=StrEnum)
_TRUE = frozenset({"true", "1", "yes"})


def read_registry(path: Path) -> Registry:
    """The registry in a `.csv` or `.geojson` file.

    CSV: a header, one device a line; columns after the names of `Device` and of the kinds' attributes;
    an empty cell is absent, several vendor ids are separated by spaces. GeoJSON: a FeatureCollection of
    points with the same names as properties.

    Raises:
        RegistryError: naming each bad line, or the relation that is broken.
        OSError: the file cannot be read.
    """
    rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _geojson_rows(path)
    devices: list[Device] = []
    problems: list[str] = []
    for place, row in rows:
        try:
            devices.append(_device(row))
        except (ValueError, KeyError) as error:
            problems.append(f"{path.name} {place}: {error}")
    if problems:
        raise RegistryError(problems)
    return Registry(devices)


def write_csv(devices: Iterable[Device], path: Path) -> None:
    """Write devices as CSV that `read_registry` reads back to the same devices.

    Raises:
        OSError: the file cannot be written.
    """
    attribute_names = sorted({a.name for kind in kinds().values() for a in kind.attributes})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*_COLUMNS, *attribute_names])
        writer.writeheader()
        for device in devices:
            writer.writerow({name: _cell(value) for name, value in _row(device).items()})


def _csv_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="__surplus__")
        for row in reader:
            yield f"line {reader.line_num}", {k: v for k, v in row.items() if v not in (None, "")}


def _geojson_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        features = document["features"]
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError([f"{path.name}: a GeoJSON FeatureCollection is needed ({error})"]) from None
    for number, feature in enumerate(features, 1):
        properties = {k: v for k, v in (feature.get("properties") or {}).items() if v is not None}
        coordinates: list[float] = (feature.get("geometry") or {}).get("coordinates") or []
        if len(coordinates) >= 2:  # noqa: PLR2004 - longitude, latitude
            properties |= {"longitude": coordinates[0], "latitude": coordinates[1]}
        yield f"feature {number}", properties


def _device(row: Mapping[str, Any]) -> Device:
    """One device from named values.

    Raises:
        ValueError: a value that cannot be understood, or an unknown column.
    """
    for name in ("id", "kind", "area"):
        if name not in row:
            raise ValueError(f"{name} is missing")
    kind = kinds().get(str(row["kind"]))
    declared = {a.name: a for a in kind.attributes} if kind else {}
    every_kinds = {a.name for k in kinds().values() for a in k.attributes}
    unknown = set(row) - set(_COLUMNS) - (every_kinds if row["kind"] else set())
    if unknown:
        raise ValueError(
            f"unknown column(s) {sorted(unknown)!r}; known: {', '.join(_COLUMNS)} and the kind's attributes"
        )
    attributes = {a.name: a.default for a in declared.values() if a.default is not None}
    attributes |= {name: _attribute(declared[name], row[name]) for name in declared if name in row}
    return Device(
        id=str(row["id"]),
        kind=str(row["kind"]),
        area=str(row["area"]),
        name=str(row.get("name", "")),
        area_legacy=str(row.get("area_legacy", "")),
        street=str(row.get("street", "")),
        latitude=_number(row, "latitude", 0.0),
        longitude=_number(row, "longitude", 0.0),
        powered_by=_supply(row),
        uplink=_optional(row, "uplink"),
        interval_s=_number(row, "interval_s", kind.interval_s if kind else 300.0),
        life=_member(Life, row.get("life", Life.IN_SERVICE), "life"),
        replaces=_optional(row, "replaces"),
        people_served=int(_number(row, "people_served", 0)) if "people_served" in row else None,
        vendor_ids=tuple(str(row.get("vendor_ids", "")).split()),
        attributes=MappingProxyType(attributes),
    )


def _supply(row: Mapping[str, Any]) -> Supply | None:
    if "powered_by" not in row:
        return None
    phase = _member(Phase, row["phase"], "phase") if "phase" in row else None
    return Supply(parent=str(row["powered_by"]), circuit=_optional(row, "circuit"), phase=phase)


def _optional(row: Mapping[str, Any], name: str) -> str | None:
    return str(row[name]) if name in row else None


def _number(row: Mapping[str, Any], name: str, default: float) -> float:
    try:
        return float(row.get(name, default))
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, got {row[name]!r}") from None


def _member(enum: type[_E], value: Any, name: str) -> _E:
    try:
        return enum(value)
    except ValueError:
        raise ValueError(f"{name} must be one of {', '.join(enum)}, got {value!r}") from None


def _attribute(attribute: Attribute, value: Any) -> AttributeValue:
    if attribute.value == "text":
        return str(value)
    if attribute.value == "bool":
        return str(value).lower() in _TRUE
    number = _number({attribute.name: value}, attribute.name, 0.0)
    return int(number) if attribute.value == "int" else number


def _row(device: Device) -> dict[str, Any]:
    supply = device.powered_by
    relations = {
        "powered_by": supply.parent if supply else None,
        "circuit": supply.circuit if supply else None,
        "phase": supply.phase if supply else None,
    }
    plain = {name: getattr(device, name) for name in _COLUMNS if name not in relations}
    return plain | relations | {"vendor_ids": " ".join(device.vendor_ids)} | dict(device.attributes)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
