"""Sparkplug B payloads written for tests, in the shortest form that still says everything."""

from typing import Any

from devices.decoders.sparkplug_schema import PAYLOAD

__all__ = ["DOUBLE", "SENT_MS", "metric", "payload"]

SENT_MS = 1_795_176_750_000
INT8, INT16, INT32, INT64, UINT32, UINT64, FLOAT, DOUBLE, BOOLEAN, STRING, DATE_TIME = (
    1,
    2,
    3,
    4,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
)


def metric(name: str | None = None, *, unit: str = "", **members: Any) -> dict[str, Any]:
    """One metric by the names of the Protobuf message; a unit becomes the property `engUnit`."""
    return ({} if name is None else {"name": name}) | {"unit": unit} | members


def payload(*metrics: dict[str, Any], seq: int | None = None, at_ms: int | None = SENT_MS) -> bytes:
    """The bytes of a payload."""
    message = PAYLOAD()
    if at_ms is not None:
        message.timestamp = at_ms
    if seq is not None:
        message.seq = seq
    for members in metrics:
        added = message.metrics.add(**{name: value for name, value in members.items() if name != "unit"})
        if members.get("unit"):
            added.properties.keys.append("engUnit")
            added.properties.values.add(type=STRING, string_value=members["unit"])
    content: bytes = message.SerializeToString()
    return content
