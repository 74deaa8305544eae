"""Dated tables from the YAML files of a catalogue's folder `tables`; format `rules-tables/v1`."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from devices.description import ValueType
from rules.errors import RuleError
from rules.expressions.tables import FIRST_DAY, LAST_DAY, Interval, Table, TableKey, TableRow
from rules.yaml_files import read_yaml

__all__ = ["FOLDER", "read_tables"]

FOLDER = "tables"
API_VERSION = "rules-tables/v1"

_NUMBER = r"-?\d+(?:\.\d+)?"
_INTERVAL = re.compile(
    rf"(?P<opens>[\[(])\s*(?P<low>{_NUMBER})?\s*,\s*(?P<high>{_NUMBER})?\s*(?P<closes>[\])])"
)
_VALUES: Mapping[str, tuple[type, ...]] = {"float": (int, float), "bool": (bool,), "text": (str,)}

_Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class _KeyText(Struct, frozen=True, forbid_unknown_fields=True):
    name: _Name
    is_: Literal["text", "number"] = msgspec.field(name="is")


class _RowText(Struct, frozen=True, forbid_unknown_fields=True):
    value: float | bool | str
    keys: dict[str, str | list[str]] = {}
    valid_from: date | None = None
    valid_to: date | None = None


class _TableText(Struct, frozen=True, forbid_unknown_fields=True):
    """A table as written; `source` says where its values come from."""

    name: _Name
    source: Annotated[str, Meta(min_length=1)]
    keys: list[_KeyText]
    gives: Literal["number", "bool", "text"]
    rows: Annotated[list[_RowText], Meta(min_length=1)]


def read_tables(folder: Traversable) -> Mapping[str, Table]:
    """The tables of a catalogue by name; none if it has no folder of them.

    Raises:
        RuleError: a table breaks the format, or its name is used twice.
    """
    place = folder.joinpath(FOLDER)
    if not place.is_dir():
        return MappingProxyType({})
    found: dict[str, Table] = {}
    for file in sorted(place.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".yaml"):
            continue
        for table in _tables_of(file):
            if table.name in found:
                raise RuleError(
                    file.name, None, f"the table {table.name!r} is there twice; choose another name"
                )
            found[table.name] = table
    return MappingProxyType(found)


def _tables_of(file: Traversable) -> Iterator[Table]:
    for written in read_yaml(file, API_VERSION, "tables"):
        try:
            yield _table(msgspec.convert(written, _TableText))
        except ValueError as error:
            named = written.get("name") if isinstance(written, dict) else written
            raise RuleError(file.name, None, f"table {named!r}: {error}") from None


def _table(written: _TableText) -> Table:
    keys = tuple(TableKey(key.name, "text" if key.is_ == "text" else "float") for key in written.keys)
    if len({key.name for key in keys}) != len(keys):
        raise ValueError(f"its keys must have different names, got {[key.name for key in keys]}")
    gives: ValueType = "float" if written.gives == "number" else written.gives
    rows = tuple(_row(row, keys, gives) for row in written.rows)
    return Table(written.name, keys, gives, rows, written.source)


def _row(written: _RowText, keys: tuple[TableKey, ...], gives: ValueType) -> TableRow:
    strangers = written.keys.keys() - {key.name for key in keys}
    if strangers:
        raise ValueError(f"a row names keys that the table has not: {sorted(strangers)}")
    is_bool = isinstance(written.value, bool)
    if not isinstance(written.value, _VALUES[gives]) or (is_bool and gives != "bool"):
        raise ValueError(f"the value of a row must be a {gives}, got {written.value!r}")
    value = float(written.value) if gives == "float" else written.value
    valid_from, valid_to = _day(written.valid_from, FIRST_DAY), _day(written.valid_to, LAST_DAY)
    if valid_from > valid_to:
        raise ValueError(f"a row must end after it begins, got {written.valid_from} to {written.valid_to}")
    fitting = tuple(_fitting(key, written.keys.get(key.name)) for key in keys)
    return TableRow(fitting, value, valid_from, valid_to)


def _day(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else day.year * 10_000 + day.month * 100 + day.day


def _fitting(key: TableKey, written: str | list[str] | None) -> frozenset[str] | Interval | None:
    if written is None:
        return None
    if key.value == "text":
        return frozenset([written] if isinstance(written, str) else written)
    match = _INTERVAL.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError(f"the key {key.name!r} needs an interval such as '[5, 10)', got {written!r}")
    bounds: dict[str, Any] = {side: match[side] and float(match[side]) for side in ("low", "high")}
    found = Interval(**bounds, with_low=match["opens"] == "[", with_high=match["closes"] == "]")
    if found.low is not None and found.high is not None and found.low > found.high:
        raise ValueError(f"the key {key.name!r} needs its lower bound first, got {written!r}")
    return found
