"""Devices as lines of a table: the columns of the registry's files and forms."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.columns import (
    DAY,
    FLAG,
    ID,
    NUMBER,
    SLUG,
    TEXT,
    WHOLE,
    WORDS,
    Codec,
    Column,
    LineProblem,
    choice,
    read_cells,
    write_cells,
)  # fmt: skip
from devices.description import Attribute
from devices.device import Device, Life, Phase, Supply

__all__ = ["device_cells", "device_columns", "read_device"]

_COLUMNS = (
    Column(name="id", about="1 to 64 of A-Z a-z 0-9 _ -; never changes", codec=ID, required=True),
    Column(name="kind", about="a kind of device, or switch or feeder", codec=ID, required=True),
    Column(name="area", about="slug of the current ward", codec=SLUG, required=True),
    Column(name="name", about="name for people", codec=TEXT, default=""),
    Column(name="area_name", about="name of the current ward", codec=TEXT, default=""),
    Column(name="area_legacy", about="name of the ward before July 2025", codec=TEXT, default=""),
    Column(
        name="area_codes", about="official codes with their scheme: gso-2025:20341", codec=WORDS, default=()
    ),
    Column(name="street", about="street", codec=TEXT, default=""),
    Column(name="latitude", about="degrees, WGS84", codec=NUMBER, default=0.0),
    Column(name="longitude", about="degrees, WGS84", codec=NUMBER, default=0.0),
    Column(name="powered_by", about="id of the cabinet or feeder that powers it", codec=ID),
    Column(name="circuit", about="circuit in the cabinet", codec=ID),
    Column(name="phase", about="phase in the cabinet", codec=choice(Phase)),
    Column(name="uplink", about="id of the switch it talks through", codec=ID),
    Column(name="interval_s", about="how often it reports, s; its kind's by default", codec=NUMBER),
    Column(name="life", about="where it stands in its life", codec=choice(Life), default=Life.IN_SERVICE),
    Column(name="life_since", about="the day since which it stands there", codec=DAY),
    Column(name="replaces", about="id of the retired device whose place it took", codec=ID),
    Column(name="people_served", about="how many people it serves", codec=WHOLE),
    Column(name="vendor_ids", about="what vendors call it: format:identity", codec=WORDS, default=()),
)
_SUPPLY = ("powered_by", "circuit", "phase")
_CODECS: Mapping[str, Codec] = {"text": TEXT, "bool": FLAG, "int": WHOLE, "float": NUMBER}


@cache
def device_columns() -> tuple[Column, ...]:
    """The columns of a registry file: those of every device, then the attributes of all kinds."""
    names: dict[str, Column] = {}
    for kind in kinds().values():
        for attribute in kind.attributes:
            about = f"of a {kind.id}: {attribute.label.en}"
            names.setdefault(attribute.name, _attribute_column(attribute, about))
    return (*_COLUMNS, *(names[name] for name in sorted(names)))


def read_device(cells: Mapping[str, str], line: int) -> tuple[Device | None, list[LineProblem]]:
    """The device in a line; None with every bad cell where it is none."""
    values, problems = read_cells(_COLUMNS, cells, line)
    attributes, bad_attributes = _attributes(cells, line)
    problems += bad_attributes
    if values["powered_by"] is None:
        problems += [
            LineProblem(line, name, "needs powered_by beside it", cells[name])
            for name in ("circuit", "phase")
            if name in cells
        ]
    if problems:
        return None, problems
    kind = kinds().get(values["kind"])
    if values["interval_s"] is None:
        values["interval_s"] = kind.interval_s if kind else Device.interval_s
    parent, circuit, phase = (values.pop(name) for name in _SUPPLY)
    supply = Supply(parent=parent, circuit=circuit, phase=phase) if parent is not None else None
    return Device(**values, powered_by=supply, attributes=MappingProxyType(attributes)), []


def device_cells(device: Device) -> dict[str, str]:
    """The line of a device with its kind's defaults, empty cells left out."""
    supply = device.powered_by
    values: dict[str, Any] = {
        "powered_by": supply.parent if supply else None,
        "circuit": supply.circuit if supply else None,
        "phase": supply.phase if supply else None,
    }
    values = {c.name: getattr(device, c.name) for c in _COLUMNS if c.name not in values} | values
    kind = kinds().get(device.kind)
    attributes = {a.name: a.default for a in kind.attributes} if kind else {}
    attributes |= device.attributes
    columns = [column for column in device_columns() if column.name in attributes]
    return write_cells(_COLUMNS, values) | write_cells(columns, attributes)


def _attributes(cells: Mapping[str, str], line: int) -> tuple[dict[str, Any], list[LineProblem]]:
    """The attributes of the line's kind, those with a default filled in."""
    name = cells.get("kind", "")
    kind = kinds().get(name)
    # Of a kind that nobody knows, only that is said.
    is_known = kind is not None or name in PASSIVE_KINDS
    declared = {a.name: _attribute_column(a, "") for a in kind.attributes} if kind else {}
    values, problems = read_cells(declared.values(), cells, line)
    problems += [
        LineProblem(line, column.name, f"is nothing that a {name} has", cells[column.name])
        for column in _foreign(declared)
        if column.name in cells and is_known
    ]
    defaults = {a.name: a.default for a in kind.attributes} if kind else {}
    found = {name: defaults[name] if value is None else value for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}, problems


def _foreign(declared: Mapping[str, Column]) -> Iterator[Column]:
    return (column for column in device_columns()[len(_COLUMNS) :] if column.name not in declared)


def _attribute_column(attribute: Attribute, about: str) -> Column:
    return Column(
        name=attribute.name, about=about, codec=_CODECS[attribute.value], required=attribute.required
    )
