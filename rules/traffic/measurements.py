"""What is kept beside a suspected violation: values, calibration, clock, form of the plate, and the law."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from devices.plate_readings import read_plate
from rules.traffic.fines import FineTable
from rules.traffic.lanes import excess_kmh

__all__ = ["measurements"]

_NUMBERS = {
    "speed_kmh": "e.speed_kmh",
    "mpe_kmh": "d.mpe_kmh",
    "limit_kmh": "d.limit_kmh",
    "red_elapsed_s": "e.red_elapsed_s",
    "riders": "e.riders",
    "limit": "limit_entry",
    "restriction": "restriction",
}
_ONLY_OF = {
    "red_elapsed_s": ("red_light",),
    "riders": ("overload",),
    "restriction": ("forbidden", "stopping"),
}


def measurements(offence: str, row: Mapping[str, Any], fines: FineTable, zone: ZoneInfo) -> dict[str, Any]:
    """Numbers (speeds in km/h, times in s) and facts of one vehicle; none of them tells its plate.

    `excess_kmh` is what is left of the speed without the meter's error and the limit; `fine` the band of the
    law on the city's day of the event, absent where the law has none or does not know the class.
    """
    numbers = {
        name: row.get(column)
        for name, column in _NUMBERS.items()
        if row.get(column) is not None and offence in _ONLY_OF.get(name, (offence,))
    }
    excess = excess_kmh(dict(row))
    if excess is not None:
        numbers["excess_kmh"] = excess
    facts: dict[str, Any] = {"calibration": _calibration(row), "clock": _clock(row)}
    if row["plate"] is not None:
        facts["plate"] = read_plate(
            row["plate"],
            vehicle_class=row["vehicle_class"],
            colour=row["plate_colour"],
            confidence=row["plate_confidence"],
        ).facts
    if row.get("section") is not None:
        facts["section"] = row["section"]
    fine = _fine(offence, row, numbers, fines, zone)
    return numbers | facts | ({} if fine is None else {"fine": fine})


def _fine(
    offence: str, row: Mapping[str, Any], numbers: Mapping[str, Any], fines: FineTable, zone: ZoneInfo
) -> dict[str, Any] | None:
    day = datetime.fromtimestamp(row["ts"] / 1000, UTC).astimezone(zone).date()
    # The shortest text of a float is what the camera wrote: no binary fraction decides about a boundary.
    measured = {name: Decimal(str(numbers[name])) for name in ("excess_kmh", "riders") if name in numbers}
    band = fines.find(offence, row["vehicle_class"], day, measured)
    return None if band is None else band.facts


def _calibration(row: Mapping[str, Any]) -> dict[str, Any]:
    """What made the camera fit to judge at that second."""
    return {
        "certificate": row.get("certificate"),
        "entry": row.get("calibration_entry"),
        "valid_from_ms": row["d.calibrated_from_ms"],
        "valid_until_ms": row["d.calibrated_until_ms"],
    }


def _clock(row: Mapping[str, Any]) -> dict[str, Any]:
    """The state of the camera's clock at that second, as we could see it."""
    return {
        "time_quality": row["e.time_quality"],
        "device_time_ms": row["device_time"],
        "received_at_ms": row["rx"],
    }
