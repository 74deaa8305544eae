"""The columns behind functions of time and place: sun, clock, programmes, calibration."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time
from zoneinfo import ZoneInfo

import polars as pl

from devices.cities import City
from devices.description import DeviceKind
from devices.device import Device
from devices.entities.lighting_programmes import LightingProgramme
from devices.plans import Programme
from devices.programmes import BroadcastProgramme
from rules.detection.lighting import Lighting
from rules.detection.sun import Sun
from rules.expressions.scope import ContextCall, has_lighting

__all__ = ["Context", "context_inputs"]


def context_inputs(calls: Iterable[ContextCall]) -> set[str]:
    """The fleet's columns that a frame must have before the calls' columns can be added."""
    inputs = {
        "programme.expects": {"d.area", "lighting_plan"},
        "programme.dim_pct": {"lighting_plan"},
        "calibration.valid": {"d.calibrated_from_ms", "d.calibrated_until_ms"},
    }
    return {column for call in calls for column in inputs.get(call.function, ())}


class Context:
    """Adds the columns that expressions ask for; knows the city's place and time zone, and what is dated.

    `dated` is all that is dated, `zone` the city's time zone. Frames need `measured_at`, what `of_devices`
    gives, `d.area` for programmes and the fleet's bounds for calibration.
    """

    def __init__(self, programmes: Iterable[Programme], city: City) -> None:
        listed = tuple(programmes)
        self.dated: Sequence[Programme] = listed
        self.zone = city.zone
        self._sun = Sun(city)
        broadcasts = [one for one in listed if isinstance(one, BroadcastProgramme)]
        self._expected = _expected(broadcasts, city.zone)
        lighting = [one for one in listed if isinstance(one, LightingProgramme)]
        self._lighting = Lighting(lighting, city, self._sun)

    def of_devices(self, kind: DeviceKind, devices: Sequence[Device]) -> list[pl.Series]:
        """Columns about devices, by their place, that frames must have beside the fleet's."""
        return [self._lighting.plans(devices)] if has_lighting(kind) else []

    def add(self, frame: pl.DataFrame, calls: Iterable[ContextCall]) -> pl.DataFrame:
        """The frame with a column for each call."""
        return frame.with_columns(self._column(frame, call).alias(call.column) for call in calls)

    def _column(self, frame: pl.DataFrame, call: ContextCall) -> pl.Expr:
        local = pl.col("measured_at").dt.convert_time_zone(self.zone.key).dt
        columns: Mapping[str, Callable[[], pl.Expr]] = {
            "calibration.valid": lambda: _CALIBRATED,
            "local.day": lambda: (
                local.year().cast(pl.Float64) * 10_000 + local.month().cast(pl.Float64) * 100 + local.day()
            ),
            "local.time": lambda: local.hour() + local.minute() / 60 + local.second() / 3600,
            "local.weekday": lambda: local.weekday().cast(pl.Float64),
            "programme.dim_pct": lambda: pl.lit(self._lighting.dim_pct(frame)),
            "programme.expects": lambda: self._expects(frame),
            "sun.elevation": lambda: pl.lit(self._sun.elevation_deg(frame)),
            "sun.is_up": lambda: self._sun.is_up(frame, call.offset_ms),
        }
        return columns[call.function]()

    def _expects(self, frame: pl.DataFrame) -> pl.Expr:
        """Whether a programme wants the lamp to burn or the loudspeaker to play."""
        if "lighting_plan" in frame.columns:
            return pl.lit(self._lighting.dim_pct(frame)) > 0
        return self._expected


def _expected(programmes: Iterable[BroadcastProgramme], zone: ZoneInfo) -> pl.Expr:
    """Whether any programme of the device's area plays; areas that share their hours share one term."""
    areas: dict[tuple[frozenset[int], time, time, date, date | None], list[str]] = defaultdict(list)
    for programme in programmes:
        hours = (
            programme.weekdays, programme.starts, programme.ends, programme.valid_from, programme.valid_to
        )  # fmt: skip
        areas[hours].append(programme.area)
    local = pl.col("measured_at").dt.convert_time_zone(zone.key)
    terms = [
        pl.col("d.area").is_in(of_areas)
        # polars counts Monday as 1, programmes as 0.
        & (local.dt.weekday() - 1).is_in(sorted(weekdays))
        & (local.dt.time() >= starts)
        & (local.dt.time() < ends)
        & (local.dt.date() >= valid_from)
        & (local.dt.date() <= (valid_to or date.max))
        for (weekdays, starts, ends, valid_from, valid_to), of_areas in areas.items()
    ]
    return pl.any_horizontal(terms) if terms else pl.lit(value=False)


_moment = pl.col("measured_at").dt.timestamp("ms")
# A camera without a known calibration is not calibrated: that is no unknown. The end is outside.
_CALIBRATED = (
    (_moment >= pl.col("d.calibrated_from_ms")) & (_moment < pl.col("d.calibrated_until_ms"))
).fill_null(value=False)
