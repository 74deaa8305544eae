"""The published schema of dashboards, as the package `grafana-foundation-sdk` 10.1 brings it.

Its models are generated from Grafana's own CUE schemas (grafana/kind-registry), with the type of every
member. Reading JSON with them drops what they do not know, and writing it again leaves that out: what is not
the same afterwards has a member that the schema has not. Types and words are compared with what the models
say of them. What the schema leaves open stays so: data sources' questions, values of overrides.
"""

import enum
import json
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import (
    barchart,
    common,
    dashboard,
    geomap,
    stat,
    statetimeline,
    table,
    timeseries,
)

__all__ = ["violations"]

_OPTIONS: Mapping[str, Any] = {
    "stat": stat.Options, "timeseries": timeseries.Options, "table": table.Options, "geomap": geomap.Options,
    "barchart": barchart.Options, "state-timeline": statetimeline.Options,
}  # fmt: skip
_CUSTOM: Mapping[str, Any] = {
    "timeseries": common.GraphFieldConfig, "barchart": barchart.FieldConfig,
    "state-timeline": statetimeline.FieldConfig,
}  # fmt: skip


def violations(board: Mapping[str, Any]) -> list[str]:
    """What of a dashboard's JSON the published schema has not, or has otherwise."""
    found = list(_whole(board))
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        place = f"panel {panel['title']!r}"
        if panel["type"] not in _OPTIONS:
            found.append(f"{place}: no panel {panel['type']!r}")
            continue
        found += _same(place, _OPTIONS[panel["type"]], panel["options"])
        custom = panel["fieldConfig"]["defaults"].get("custom")
        if custom is not None:
            found += _same(place, _CUSTOM[panel["type"]], custom)
    return found


def _whole(board: Mapping[str, Any]) -> Iterator[str]:
    """The dashboard without what the schema leaves open."""
    plain = json.loads(json.dumps(board))
    for panel in plain["panels"]:
        panel.pop("targets", None)
    for annotation in plain["annotations"].get("list", []):
        target = annotation["target"]
        annotation["target"] = {name: target[name] for name in ("limit", "matchAny", "tags", "type")}
    yield from _same("dashboard", dashboard.Dashboard, plain)


def _same(place: str, model: Any, content: Mapping[str, Any]) -> Iterator[str]:
    read = model.from_json(dict(content))
    yield from _lost(place, content, json.loads(json.dumps(read, cls=JSONEncoder)))
    yield from _mistyped(place, read)


def _lost(place: str, before: Any, after: Any) -> Iterator[str]:
    """Members that reading and writing by the schema does not keep."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in after:
                yield f"{place}: {name!r} is not in the schema"
            else:
                yield from _lost(f"{place}.{name}", value, after[name])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(f"{place}[{number}]", one, other)
    elif before != after:
        yield f"{place}: {before!r} becomes {after!r}"


def _mistyped(place: str, value: Any) -> Iterator[str]:
    """Attributes of a model that are not of the type which it declares."""
    declared = typing.get_type_hints(type(value))
    for name, type_ in declared.items():
        yield from _checked(f"{place}.{name}", getattr(value, name), type_)


def _checked(place: str, value: Any, type_: Any) -> Iterator[str]:
    origin = typing.get_origin(type_)
    if type_ is object or type_ is Any:
        return
    if origin in {typing.Union, types.UnionType}:
        tried = [list(_checked(place, value, one)) for one in typing.get_args(type_)]
        if all(tried):
            yield tried[0][0]
    elif origin is typing.Literal:
        if value not in typing.get_args(type_):
            yield f"{place}: {value!r} is none of {typing.get_args(type_)}"
    elif origin in {list, dict}:
        yield from _elements(place, value, type_)
    else:
        yield from _single(place, value, type_)


def _elements(place: str, value: Any, type_: Any) -> Iterator[str]:
    if not isinstance(value, typing.get_origin(type_)):
        yield f"{place}: {value!r} is no {type_}"
        return
    inner = typing.get_args(type_)[-1]
    for number, one in enumerate(value.values() if isinstance(value, dict) else value):
        yield from _checked(f"{place}[{number}]", one, inner)


def _single(place: str, value: Any, type_: Any) -> Iterator[str]:
    if isinstance(value, dict) and hasattr(type_, "from_json"):
        yield from _same(place, type_, value)  # the package reads some members no deeper than this
    elif isinstance(type_, type) and not _is_a(value, type_):
        wanted = f"no {type_.__name__}"
        if issubclass(type_, enum.Enum):
            wanted = f"none of {[one.value for one in type_]}"
        yield f"{place}: {value!r} is {wanted}"
    elif hasattr(value, "to_json"):
        yield from _mistyped(place, value)


def _is_a(value: Any, type_: type) -> bool:
    if issubclass(type_, enum.Enum):
        return value in list(type_)
    if type_ in {int, float}:
        return isinstance(value, int | type_) and not isinstance(value, bool)
    return isinstance(value, type_)
