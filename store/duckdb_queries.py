"""The telemetry port's questions in DuckDB's SQL. Names come from kinds' descriptions, values are bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devices.batch import READING_COLUMNS
from devices.description import DeviceKind
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import RangeQuery, Selection
from store.windows import Aggregate, WindowQuery, known_kind

__all__ = ["Query", "merge_statement", "range_of", "selected", "window_start", "windows_of"]

_FUNCTIONS = {
    Aggregate.MEAN: "avg({0})",
    Aggregate.MIN: "min({0})",
    Aggregate.MAX: "max({0})",
    Aggregate.COUNT: "count({0})",
    Aggregate.FIRST: "arg_min({0}, key)",
    Aggregate.LAST: "arg_max({0}, key)",
    # Nearest rank as InfluxQL has it; DuckDB's own quantiles round otherwise.
    Aggregate.PERCENTILE: "list_sort(list({0}) FILTER ({0} IS NOT NULL))"
    "[CAST(floor(count({0}) * $percentile / 100 + 0.5) AS BIGINT)]",
}


@dataclass(frozen=True)
class Query:
    """SQL with the values that it binds."""

    text: str
    values: dict[str, Any]


def merge_statement(kind: DeviceKind, table: str) -> str:
    """Idempotent write of `batch` into a kind's table; parameters are the batch's lowest and highest key."""
    names = (*READING_COLUMNS, "key", *kind.field_names)
    later = [name for name in names if name not in {"device", "area", "key", "measured_at"}]
    update = ", ".join(f"{name} = coalesce(b.{name}, t.{name})" for name in later)
    return (
        f"MERGE INTO {table} t USING batch b"
        " ON (t.key BETWEEN ? AND ? AND t.key = b.key AND t.device = b.device)"
        f" WHEN MATCHED THEN UPDATE SET {update}"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({', '.join(f'b.{n}' for n in names)})"
    )


def range_of(query: RangeQuery, fields: Sequence[str], source: str) -> Query:
    """Readings of devices, by device and oldest first."""
    columns = ", ".join(("device", "measured_at", "received_at", "seq", "time_quality", *fields))
    values = _between(query.from_ms, query.to_ms) | {"devices": list(query.devices), "limit": query.limit}
    return Query(
        f"SELECT {columns} FROM {source} WHERE device IN (SELECT unnest($devices))"
        " AND key >= $low AND key < $high ORDER BY device, key LIMIT $limit",
        values,
    )


def selected(selection: Selection | WindowQuery) -> Query:
    """The condition that picks what a selection names."""
    text, values = "key >= $low AND key < $high", _between(selection.from_ms, selection.to_ms)
    for tag, wanted in (("device", selection.devices), ("area", selection.areas)):
        if wanted:
            text += f" AND {tag} IN (SELECT unnest(${tag}s))"
            values[f"{tag}s"] = list(wanted)
    return Query(text, values)


def windows_of(query: WindowQuery, source: str) -> Query:
    """Aggregates of fields over windows, `window` being their start in epoch ms."""
    where = selected(query)
    fields = [f"{_call(query, name)} AS {name}" for name in query.fields]
    columns = [*query.group_columns, f'{window_start(query)} AS "window"', *fields]
    names = ", ".join([*query.group_columns, '"window"'])
    if query.aggregate is Aggregate.PERCENTILE:
        where.values["percentile"] = query.percentile
    text = f"SELECT {', '.join(columns)} FROM {source} WHERE {where.text} GROUP BY {names}"
    return Query(text, where.values)


def window_start(query: WindowQuery) -> str:
    """The start of the window that a row's key is in, in epoch ms; one window is all the time."""
    if not query.every_ms:
        return "CAST(0 AS BIGINT)"
    local_ms = f"(key // {SEQUENCE_MODULUS} + {query.offset_ms})"
    return f"CAST({local_ms} // {query.every_ms} * {query.every_ms} - {query.offset_ms} AS BIGINT)"


def _call(query: WindowQuery, name: str) -> str:
    if query.aggregate is Aggregate.SUM:
        # DuckDB sums integers into a wider type.
        value = known_kind(query.kind).by_name[name].value
        return f"CAST(sum({name}) AS {'BIGINT' if value == 'int' else 'DOUBLE'})"
    return _FUNCTIONS[query.aggregate].format(name)


def _between(from_ms: int, to_ms: int) -> dict[str, Any]:
    return {"low": from_ms * SEQUENCE_MODULUS, "high": to_ms * SEQUENCE_MODULUS}
