"""A Sparkplug B payload as plain values: flat metrics, signed numbers, what is unsafe refused or left out."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from devices.decoders.sparkplug_schema import PAYLOAD
from devices.errors import Rejected, Rejection

__all__ = ["Metric", "Payload", "parsed", "plain_value"]

_MOST_METRICS = 5_000
_DEEPEST_TEMPLATE = 4
_COMPRESSED = "SPBV1.0_COMPRESSED"
_UNIT_KEYS = frozenset({"engunit", "engunits", "engineeringunit", "engineeringunits", "unit", "units"})
_PLAIN = ("int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value")
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_BOOLEAN = 11


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it came. `name` or `alias` is set; `value` is as on the wire, None for null.

    `at_ms` is its own time, epoch ms. `is_plain` is false for tables, files and arrays.
    """

    name: str | None
    alias: int | None
    at_ms: int | None
    datatype: int
    value: int | float | bool | str | None
    is_plain: bool
    unit: str


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload: when it was sent (epoch ms), its sequence number, and its metrics in their order."""

    at_ms: int | None
    seq: int | None
    metrics: tuple[Metric, ...]

    @property
    def bd_seq(self) -> int | None:
        """The number that a birth and the death of the same session share; None where it is not told."""
        found = (metric.value for metric in self.metrics if metric.name == "bdSeq")
        value = next(found, None)
        return value if isinstance(value, int) else None


def parsed(content: bytes) -> Payload:
    """The payload of a Sparkplug B message.

    Raises:
        Rejected: it is no such Protobuf, compressed, or has more metrics than any device.
    """
    try:
        message = PAYLOAD.FromString(content)
    except DecodeError:
        raise Rejected(
            Rejection.SCHEMA, f"no Sparkplug B payload: {len(content)} bytes do not parse"
        ) from None
    if message.uuid == _COMPRESSED:
        raise Rejected(Rejection.UNSUPPORTED, "compressed payloads are not read; switch compression off")
    metrics: list[Metric] = []
    for metric in _flat(message.metrics, "", 0):
        if len(metrics) >= _MOST_METRICS:
            raise Rejected(Rejection.OVERSIZED, f"at most {_MOST_METRICS} metrics in a message")
        metrics.append(metric)
    return Payload(
        at_ms=message.timestamp if message.HasField("timestamp") else None,
        seq=message.seq if message.HasField("seq") else None,
        metrics=tuple(metrics),
    )


def plain_value(metric: Metric, datatype: int) -> int | float | bool | str | None:
    """The metric's value by its type: the wire carries negative integers as large ones. NaN is null."""
    value = metric.value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if datatype == _BOOLEAN:
        return bool(value)
    bits = _SIGNED_BITS.get(datatype)
    if bits is None:
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _flat(metrics: Any, prefix: str, depth: int) -> Iterator[Metric]:
    """The metrics, those of a template's instance by the path below the template's name."""
    for metric in metrics:
        name = _text(metric.name) if metric.HasField("name") else ""
        path = f"{prefix}{name}" if name else ""
        if metric.WhichOneof("value") == "template_value" and depth < _DEEPEST_TEMPLATE:
            if not metric.template_value.is_definition:
                yield from _flat(metric.template_value.metrics, f"{path}/", depth + 1)
            continue
        yield _metric(metric, path)


def _metric(metric: Any, path: str) -> Metric:
    member = metric.WhichOneof("value")
    is_plain = member is None or member in _PLAIN
    value = getattr(metric, member) if member in _PLAIN and not metric.is_null else None
    return Metric(
        name=path or None,
        alias=metric.alias if metric.HasField("alias") else None,
        at_ms=metric.timestamp if metric.HasField("timestamp") else None,
        datatype=metric.datatype,
        value=_text(value) if isinstance(value, bytes) else value,
        is_plain=is_plain,
        unit=_unit(metric.properties) if metric.HasField("properties") else "",
    )


def _unit(properties: Any) -> str:
    """The engineering unit that the properties name; empty where there is none."""
    for key, value in zip(properties.keys, properties.values, strict=False):
        named = _text(key).replace(" ", "").replace("_", "").lower()
        if named in _UNIT_KEYS and value.WhichOneof("value") == "string_value":
            return _text(value.string_value)
    return ""


def _text(value: str | bytes) -> str:
    """The text; the runtime hands out bytes where they are not UTF-8.

    Raises:
        Rejected: they are not.
    """
    if isinstance(value, bytes):
        raise Rejected(Rejection.NOT_UTF8, "names and texts of a Sparkplug B payload are UTF-8")
    return value
