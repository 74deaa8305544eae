"""What holds for a vehicle in a camera's lane at its moment: limit, calibration, what is forbidden."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from devices.batch import TimeQuality
from devices.entities.calibrations import Calibration
from devices.entities.road_restrictions import RoadRestriction
from devices.entities.speed_limits import SpeedLimit
from devices.plans import Programme
from rules.detection.fleet import Fleet

__all__ = ["LANE_COLUMNS", "Lanes", "excess_kmh", "is_fit"]

LANE_COLUMNS = {
    "limit_entry": pl.String,
    "calibration_entry": pl.String,
    "certificate": pl.String,
    "e.forbidden": pl.Boolean,
    "restriction": pl.String,
}
"""What `Lanes.add` says besides the columns that it replaces."""

_END_OF_TIME_MS = 253_402_300_799_999
_EARLIEST = date(1970, 1, 2)
_KMH_DIGITS = 6
_LIMITS = {
    "row": pl.UInt32, "dated_limit": pl.String, "dated_kmh": pl.Float64, "of_lane": pl.Int64,
    "of_class": pl.String, "from_ms": pl.Int64, "until_ms": pl.Int64, "rank": pl.Int64,
}  # fmt: skip
_CALIBRATIONS = {
    "row": pl.UInt32, "dated_entry": pl.String, "dated_certificate": pl.String, "dated_mpe": pl.Float64,
    "from_ms": pl.Int64, "until_ms": pl.Int64, "rank": pl.Int64,
}  # fmt: skip
_FORBIDDEN_BY = {"passage": "passing", "stopping": "stopping"}


class Lanes:
    """Looks up what is dated for the cameras of a fleet; what the registry says holds where nothing is.

    A dated limit for the lane and the class goes before one for the lane, that before one for the class,
    that before one for all. A camera that has any dated calibration has no other.
    """

    def __init__(self, dated: Iterable[Programme], fleet: Fleet, zone: ZoneInfo) -> None:
        listed = list(dated)
        self._zone = zone
        self._limits = self._limit_table([one for one in listed if isinstance(one, SpeedLimit)], fleet)
        calibrations = [one for one in listed if isinstance(one, Calibration)]
        self._calibrations = self._calibration_table(calibrations, fleet)
        self._dated_rows = self._calibrations["row"].unique().implode()
        self._restrictions: dict[int, list[RoadRestriction]] = {}
        for one in listed:
            row = fleet.row_of(one.device) if isinstance(one, RoadRestriction) else None
            if isinstance(one, RoadRestriction) and row is not None:
                self._restrictions.setdefault(row, []).append(one)

    def add(self, vehicles: pl.DataFrame) -> pl.DataFrame:
        """Vehicles with limit, meter's error and calibration of their moment, and what is forbidden to them.

        They need the fleet's columns about limit and calibration, and `index`, their own number.
        """
        frame = self._with_limits(vehicles) if self._limits.height else vehicles
        frame = frame.with_columns(
            certificate=pl.col("d.calibration_certificate"),
            **{
                name: pl.lit(None, dtype)
                for name, dtype in LANE_COLUMNS.items()
                if name not in frame.columns and name != "certificate"
            },
        )
        if self._calibrations.height:
            frame = self._with_calibrations(frame)
        if self._restrictions:
            frame = self._with_restrictions(frame)
        return frame.with_columns(_excess.alias("e.excess_kmh"), pl.col("e.forbidden").fill_null(value=False))

    def _with_limits(self, vehicles: pl.DataFrame) -> pl.DataFrame:
        fits = (pl.col("of_lane").is_null() | (pl.col("of_lane") == pl.col("lane"))) & (
            (pl.col("of_class") == "") | (pl.col("of_class") == pl.col("vehicle_class"))
        )
        found = _in_force(vehicles, self._limits, fits).select("index", "dated_limit", "dated_kmh")
        return (
            vehicles.join(found, on="index", how="left", maintain_order="left")
            .with_columns(
                pl.coalesce("dated_kmh", "d.limit_kmh").alias("d.limit_kmh"),
                pl.col("dated_limit").alias("limit_entry"),
            )
            .drop("dated_limit", "dated_kmh")
        )

    def _with_calibrations(self, vehicles: pl.DataFrame) -> pl.DataFrame:
        has_dated = pl.col("row").is_in(self._dated_rows)
        found = _in_force(vehicles, self._calibrations, pl.lit(value=True))
        own = found.select("index", "dated_entry", "dated_certificate", "dated_mpe", "from_ms", "until_ms")
        replaced = {
            "d.mpe_kmh": "dated_mpe",
            "d.calibrated_from_ms": "from_ms",
            "d.calibrated_until_ms": "until_ms",
            "certificate": "dated_certificate",
            "calibration_entry": "dated_entry",
        }
        return (
            vehicles.join(own, on="index", how="left", maintain_order="left")
            .with_columns(
                pl.when(has_dated).then(dated).otherwise(name).alias(name) for name, dated in replaced.items()
            )
            .drop(*own.columns[1:])
        )

    def _with_restrictions(self, vehicles: pl.DataFrame) -> pl.DataFrame:
        """Only vehicles past a camera with restrictions are looked at one by one."""
        asked = vehicles.select("row", "ts", "type", "lane", "vehicle_class").rows()
        found = [self._forbidding(*one) for one in asked]
        return vehicles.with_columns(
            pl.Series("restriction", found, dtype=pl.String),
            pl.Series("e.forbidden", [one is not None for one in found], dtype=pl.Boolean),
        )

    def _forbidding(
        self, row: int, ts_ms: int, event: str, lane: int | None, vehicle_class: str | None
    ) -> str | None:
        own = self._restrictions.get(row)
        if own is None:
            return None
        at = datetime.fromtimestamp(ts_ms / 1000, UTC)
        fitting = (
            one.id
            for one in own
            if one.forbids == _FORBIDDEN_BY.get(event) and one.holds(at, lane, vehicle_class, self._zone)
        )
        return next(fitting, None)

    def _limit_table(self, limits: Sequence[SpeedLimit], fleet: Fleet) -> pl.DataFrame:
        rows = [
            (row, one.id, one.limit_kmh, one.lane, one.vehicle_class, *self._bounds(one),
             2 * (one.lane is not None) + bool(one.vehicle_class))
            for one in limits
            if (row := fleet.row_of(one.device)) is not None
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=_LIMITS, orient="row")

    def _calibration_table(self, calibrations: Sequence[Calibration], fleet: Fleet) -> pl.DataFrame:
        rows = [
            (row, one.id, one.certificate, one.mpe_kmh, *self._bounds(one), 0)
            for one in calibrations
            if (row := fleet.row_of(one.device)) is not None
        ]
        return pl.DataFrame(rows, schema=_CALIBRATIONS, orient="row")

    def _bounds(self, one: SpeedLimit | Calibration) -> tuple[int, int]:
        """The first moment and the first after the last one; days are the city's."""
        until_ms = _END_OF_TIME_MS
        if one.valid_to is not None and one.valid_to < date.max:
            until_ms = self._midnight_ms(one.valid_to + timedelta(days=1))
        return self._midnight_ms(one.valid_from), until_ms

    def _midnight_ms(self, day: date) -> int:
        midnight = datetime.combine(max(day, _EARLIEST), time(), self._zone)
        return round(midnight.timestamp()) * 1000


def is_fit() -> pl.Expr:
    """Whether a camera may classify a vehicle: its calibration holds and its clock is good at that moment."""
    return (
        (pl.col("ts") >= pl.col("d.calibrated_from_ms"))
        & (pl.col("ts") < pl.col("d.calibrated_until_ms"))
        & (pl.col("e.time_quality") == TimeQuality.OK.value)
    ).fill_null(value=False)


def excess_kmh(row: dict[str, Any]) -> float | None:
    """Measured speed without the meter's error and the limit, km/h; None where one of them is not known."""
    values = [row["e.speed_kmh"], row["d.mpe_kmh"], row["d.limit_kmh"]]
    if None in values:
        return None
    speed, mpe, limit = values
    return round(float(speed) - float(mpe) - float(limit), _KMH_DIGITS)


# What binary fractions add behind the digits of a measured speed is no measurement.
_excess = (pl.col("e.speed_kmh") - pl.col("d.mpe_kmh") - pl.col("d.limit_kmh")).round(_KMH_DIGITS)


def _in_force(vehicles: pl.DataFrame, table: pl.DataFrame, fits: pl.Expr) -> pl.DataFrame:
    """For each vehicle the entry of highest rank that holds for it, the newest of equals."""
    return (
        vehicles.select("index", "row", "ts", "lane", "vehicle_class")
        .join(table, on="row")
        .filter((pl.col("ts") >= pl.col("from_ms")) & (pl.col("ts") < pl.col("until_ms")) & fits)
        .sort("index", "rank", "from_ms")
        .unique("index", keep="last", maintain_order=True)
    )
