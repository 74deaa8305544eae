"""What the registry knows of the devices of one kind, as columns by row number."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from devices.batch import to_ms
from devices.clock import milliseconds
from devices.description import DeviceKind
from devices.registry import Device, Life, Registry
from rules.expressions.compiler import clean

__all__ = ["Fleet"]

_TIMES = (pl.col("measured_at").to_physical().alias("ts"), pl.col("received_at").to_physical().alias("rx"))
_POLARS_TYPES = {"float": pl.Float64, "int": pl.Float64, "bool": pl.Boolean, "text": pl.String}


class Fleet:
    """The devices of one kind, numbered in the order of the registry.

    `columns` holds, by row number, the values that expressions call `d.…`, and for ourselves `interval_ms`,
    `in_service` and the bounds of a calibration.
    """

    def __init__(self, kind: DeviceKind, registry: Registry, zone: ZoneInfo) -> None:
        self.kind = kind
        self.devices: Sequence[Device] = registry.of_kind(kind.id)
        self._row_of = {device.id: row for row, device in enumerate(self.devices)}
        self.columns = _columns(kind, self.devices, zone)
        self.all_in_service = bool(self.columns["in_service"].all())

    def __len__(self) -> int:
        return len(self.devices)

    def row_of(self, device_id: str) -> int | None:
        """The row number of a device, None if it is not of this kind."""
        return self._row_of.get(device_id)

    def rows_of(self, device_ids: pl.Series) -> pl.Series:
        """The row numbers of many devices; null for one that is not of this kind.

        A dictionary beats polars here: its casts and joins prepare a table of all devices for each batch
        (2 ms for 20,000 devices), this costs 0.05 µs for each reading.
        """
        return pl.Series("row", list(map(self._row_of.get, device_ids.to_list())), dtype=pl.UInt32)

    def numbered(self, frame: pl.DataFrame, *more: pl.Expr) -> pl.DataFrame:
        """Readings or events of devices of this kind, with `row`, `ts`, `rx` (epoch ms) and more columns."""
        extended = frame.with_columns_seq(self.rows_of(frame["device"]), *_TIMES, *more)
        return extended.filter(pl.col("row").is_not_null()) if extended["row"].null_count() else extended


def _columns(kind: DeviceKind, devices: Sequence[Device], zone: ZoneInfo) -> pl.DataFrame:
    plain = pl.DataFrame(
        {
            "d.interval_s": [float(device.interval_s) for device in devices],
            "d.area": [device.area for device in devices],
            "d.street": [device.street for device in devices],
            "interval_ms": [milliseconds(device.interval_s) for device in devices],
            "in_service": [device.life is Life.IN_SERVICE for device in devices],
        },
        schema={
            "d.interval_s": pl.Float64,
            "d.area": pl.String,
            "d.street": pl.String,
            "interval_ms": pl.Int64,
            "in_service": pl.Boolean,
        },
    )
    attributes = [
        pl.Series(
            f"d.{attribute.name}",
            [device.attributes.get(attribute.name, attribute.default) for device in devices],
            dtype=_POLARS_TYPES[attribute.value],
            strict=False,
        )
        for attribute in kind.attributes
    ]
    table = plain.with_columns(attributes)
    bounds = [
        _bound(table, f"d.calibrated_{side}", read, zone)
        for side, read in (("from", _first_moment), ("until", _end))
    ]
    return table.with_columns(bounds).with_columns(clean(name, dtype) for name, dtype in table.schema.items())


def _bound(
    table: pl.DataFrame, column: str, read: Callable[[str, ZoneInfo], int | None], zone: ZoneInfo
) -> pl.Series:
    """A column of ISO texts as epoch milliseconds; null where there is none or it cannot be read."""
    texts = table[column].to_list() if column in table.columns else [None] * table.height
    return pl.Series(f"{column}_ms", [read(text, zone) if text else None for text in texts], dtype=pl.Int64)


def _first_moment(text: str, zone: ZoneInfo) -> int | None:
    """The moment of an ISO date and time; local time of the city unless it names an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _end(text: str, zone: ZoneInfo) -> int | None:
    """The first moment after an ISO date and time "until": a bare date counts to its last moment."""
    is_bare_date = len(text) <= len("2026-12-31")
    start = _first_moment(text, zone)
    if start is None or not is_bare_date:
        return start
    return _first_moment((datetime.fromisoformat(text) + timedelta(days=1)).isoformat(), zone)
