"""Traffic flow from stored passages: counts, classes and speeds by lane and time, and hours of the day.

Passages are stored without plates, and nothing here asks for one.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

__all__ = ["FLOW_SCHEMA", "PROFILE_SCHEMA", "flow", "hour_profile", "per_ten_thousand", "vehicles_of"]

PASSAGE = "passage"
_UNKNOWN = "unknown"
_PER = 10_000
_PERCENTILE = 0.85

FLOW_SCHEMA: Mapping[str, Any] = {
    "device": pl.String, "lane": pl.Int64, "start_ms": pl.Int64, "vehicles": pl.Int64,
    "mean_kmh": pl.Float64, "p85_kmh": pl.Float64, "measured": pl.Int64,
}  # fmt: skip
"""Of a window: vehicles, and of those whose speed was measured their number, mean and 85th percentile, km/h.

Beside them stands `classes`: vehicles by class.
"""

PROFILE_SCHEMA: Mapping[str, Any] = {
    "device": pl.String, "hour": pl.Int64, "vehicles": pl.Int64, "days": pl.Int64, "per_day": pl.Float64,
    "mean_kmh": pl.Float64,
}  # fmt: skip


def vehicles_of(events: pl.DataFrame) -> pl.DataFrame:
    """One row for each vehicle of the passages among events; an event that stands twice counts once."""
    return (
        events.filter((pl.col("type") == PASSAGE) & (pl.col("vehicles").list.len() > 0))
        .unique(["device", "id"], keep="first", maintain_order=True)
        .select("device", "area", "lane", pl.col("measured_at").dt.epoch("ms").alias("at_ms"), "vehicles")
        .explode("vehicles")
        .with_columns(
            pl.col("vehicles").struct.field("vehicle_class").fill_null(_UNKNOWN).alias("vehicle_class"),
            pl.col("vehicles").struct.field("speed_kmh").alias("speed_kmh"),
        )
        .drop("vehicles")
    )


def flow(vehicles: pl.DataFrame, every_ms: int) -> list[dict[str, Any]]:
    """Rows of `FLOW_SCHEMA` with `classes`, by device, lane and window; those without vehicles are left out.

    Windows begin at multiples of their length since the epoch.
    """
    windowed = vehicles.with_columns(start_ms=pl.col("at_ms") // every_ms * every_ms)
    key = ["device", "lane", "start_ms"]
    speed = pl.col("speed_kmh")
    summed = windowed.group_by(key).agg(
        vehicles=pl.len(),
        mean_kmh=speed.mean(),
        p85_kmh=speed.quantile(_PERCENTILE, interpolation="linear"),
        measured=speed.count(),
    )
    mixed = windowed.group_by(*key, "vehicle_class").agg(count=pl.len()).sort("vehicle_class")
    classes: dict[tuple[Any, ...], dict[str, int]] = {}
    for device, lane, start_ms, vehicle_class, count in mixed.select(*key, "vehicle_class", "count").rows():
        classes.setdefault((device, lane, start_ms), {})[vehicle_class] = count
    ordered = summed.cast(pl.Schema(FLOW_SCHEMA)).sort("device", "start_ms", "lane", nulls_last=True)
    return [
        row | {"classes": classes[row["device"], row["lane"], row["start_ms"]]}
        for row in ordered.select(*FLOW_SCHEMA).iter_rows(named=True)
    ]


def hour_profile(vehicles: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Rows of `PROFILE_SCHEMA`: what passes a device in each local hour, on average over the days seen.

    A day counts for a device if anything passed it then.
    """
    local = pl.from_epoch("at_ms", "ms").dt.replace_time_zone("UTC").dt.convert_time_zone(zone.key)
    placed = vehicles.with_columns(hour=local.dt.hour().cast(pl.Int64), day=local.dt.date())
    days = placed.group_by("device").agg(days=pl.col("day").n_unique())
    return (
        placed.group_by("device", "hour")
        .agg(vehicles=pl.len(), mean_kmh=pl.col("speed_kmh").mean())
        .join(days, on="device")
        .with_columns(per_day=pl.col("vehicles") / pl.col("days"))
        .select(*PROFILE_SCHEMA)
        .cast(pl.Schema(PROFILE_SCHEMA))
        .sort("device", "hour")
    )


def per_ten_thousand(violations: int, vehicles: int) -> float | None:
    """Suspected violations for each 10,000 vehicles; None where none passed."""
    return None if vehicles == 0 else violations * _PER / vehicles
