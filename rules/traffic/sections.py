"""Average speed between two cameras: plates are joined in memory only, and nothing of them is kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from devices.entities.road_sections import RoadSection
from devices.plans import Programme
from devices.plates import compact
from rules.detection.fleet import Fleet
from rules.traffic.lanes import excess_kmh

__all__ = ["SECTION", "SECTION_FACTS", "Sections"]

SECTION = "section"
"""The event that a vehicle's way through a section is to rules: `e.speed_kmh` is its average speed."""

SECTION_FACTS = pl.Struct(
    {
        "id": pl.String, "length_m": pl.Float64, "entered_at_ms": pl.Int64, "left_at_ms": pl.Int64,
        "entry_device": pl.String, "entry_event": pl.String, "certificate": pl.String,
    }
)  # fmt: skip
_LATE_MS = 3_600_000
"""How much later than others a passage may come and still be joined."""
_MOST_SIGHTINGS = 20_000
_MOST_IMAGES = 16
_M_PER_MS_IN_KMH = 3600
_ROUNDED_TO = 100  # hundredths of km/h, downwards: what is not measured is the driver's


@dataclass(frozen=True, slots=True)
class _Sighting:
    ts: int
    row: Mapping[str, Any]


class _Crossing:
    """One section: who was seen at its beginning and at its end, by plate."""

    def __init__(self, section: RoadSection) -> None:
        self.section = section
        self._entries: dict[str, list[_Sighting]] = {}
        self._exits: dict[str, list[_Sighting]] = {}
        self._newest_ms = 0
        self._count = 0
        self._forgotten_at_ms = 0
        # Who takes longer than the limit allows for is not too fast.
        self._longest_ms = round(section.length_m * _M_PER_MS_IN_KMH / section.limit_kmh)

    def see(self, plate: str, sighting: _Sighting, *, enters: bool) -> tuple[_Sighting, _Sighting] | None:
        """Remember a sighting; the way through the section that it completes, if it does."""
        own, other = (self._entries, self._exits) if enters else (self._exits, self._entries)
        sightings = own.setdefault(plate, [])
        if any(one.row["id"] == sighting.row["id"] for one in sightings):
            return None
        sightings.append(sighting)
        self._count += 1
        self._newest_ms = max(self._newest_ms, sighting.ts)
        # Also where few drive: no plate is remembered longer than somebody may still complete its way.
        if self._count > _MOST_SIGHTINGS or self._newest_ms - self._forgotten_at_ms > _LATE_MS:
            self._forget()
        return self._pair(plate, sighting, other, enters=enters)

    def _pair(
        self, plate: str, sighting: _Sighting, other: dict[str, list[_Sighting]], *, enters: bool
    ) -> tuple[_Sighting, _Sighting] | None:
        """The nearest sighting at the other end: who was seen twice at one end drove from the last one."""
        at_other_end = other.get(plate, ())
        if enters:
            after = [one for one in at_other_end if one.ts > sighting.ts]
            left = min(after, key=lambda one: one.ts, default=None)
            entered: _Sighting | None = sighting
        else:
            before = [one for one in at_other_end if one.ts < sighting.ts]
            entered, left = max(before, key=lambda one: one.ts, default=None), sighting
        if entered is None or left is None or left.ts - entered.ts > self._longest_ms:
            return None
        # One that came very late may be forgotten again already.
        between = (one.ts for one in self._entries.get(plate, ()))
        return None if any(entered.ts < ts < left.ts for ts in between) else (entered, left)

    def _forget(self) -> None:
        """Let go of sightings that nothing can complete any more, of older ones where that is not enough."""
        self._forgotten_at_ms = self._newest_ms
        longest_ms = self._longest_ms
        for span_ms in (longest_ms + _LATE_MS, longest_ms, longest_ms // 2, longest_ms // 4):
            self._keep(self._newest_ms - span_ms)
            if self._count <= _MOST_SIGHTINGS // 2:
                return

    def _keep(self, since_ms: int) -> None:
        for ends in (self._entries, self._exits):
            kept = {
                plate: left
                for plate, sightings in ends.items()
                if (left := [one for one in sightings if one.ts >= since_ms])
            }
            ends.clear()
            ends.update(kept)
        self._count = sum(len(s) for ends in (self._entries, self._exits) for s in ends.values())


class Sections:
    """Joins passages at the two ends of sections. Its memory does not outlive the process.

    The passages of both ends must come from cameras that may classify.
    """

    def __init__(self, dated: Iterable[Programme], fleet: Fleet, zone: ZoneInfo) -> None:
        self._zone = zone
        self._at: dict[int, list[tuple[_Crossing, bool]]] = {}
        for section in (one for one in dated if isinstance(one, RoadSection)):
            ends = fleet.row_of(section.from_device), fleet.row_of(section.to_device)
            if None in ends:
                continue
            crossing = _Crossing(section)
            for row, enters in zip(ends, (True, False), strict=True):
                self._at.setdefault(row or 0, []).append((crossing, enters))
        self._rows = pl.Series(sorted(self._at), dtype=pl.UInt32).implode()

    def __bool__(self) -> bool:
        return bool(self._at)

    def see(self, vehicles: pl.DataFrame) -> pl.DataFrame:
        """The ways through sections that these passages complete, as vehicles of the event `section`."""
        concerned = vehicles.filter(pl.col("row").is_in(self._rows) & pl.col("plate").is_not_null())
        ways = [way for row in concerned.iter_rows(named=True) for way in self._ways(row)]
        return pl.DataFrame(ways, schema=vehicles.schema | {"section": SECTION_FACTS})

    def _ways(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        plate, confidence = compact(row["plate"]), row["plate_confidence"]
        day = datetime.fromtimestamp(row["ts"] / 1000, UTC).astimezone(self._zone).date()
        for crossing, enters in self._at[row["row"]]:
            section = crossing.section
            is_sure = confidence is None or confidence >= section.least_confidence
            if not (plate and is_sure and _holds(section, day, row["vehicle_class"])):
                continue
            pair = crossing.see(plate, _Sighting(row["ts"], row), enters=enters)
            if pair is not None and (way := _way(section, *pair)) is not None:
                yield way


def _holds(section: RoadSection, day: date, vehicle_class: str | None) -> bool:
    in_force = section.valid_from <= day and (section.valid_to is None or day <= section.valid_to)
    return in_force and section.vehicle_class in ("", vehicle_class)


def _way(section: RoadSection, entered: _Sighting, left: _Sighting) -> dict[str, Any] | None:
    """The vehicle that left with its average speed; None where two vehicles must have been taken for one."""
    classes = {entered.row["vehicle_class"], left.row["vehicle_class"]} - {None}
    took_ms = left.ts - entered.ts
    speed_kmh = int(section.length_m * _M_PER_MS_IN_KMH * _ROUNDED_TO / took_ms) / _ROUNDED_TO
    if len(classes) > 1 or speed_kmh > section.fastest_kmh:
        return None
    images: Sequence[Any] = [*(entered.row["images"] or ()), *(left.row["images"] or ())]
    way = dict(left.row) | {
        "type": SECTION,
        "images": images[:_MOST_IMAGES],
        "e.speed_kmh": speed_kmh,
        "d.limit_kmh": section.limit_kmh,
        "d.mpe_kmh": section.mpe_kmh,
        "section": {
            "id": section.id,
            "length_m": section.length_m,
            "entered_at_ms": entered.ts,
            "left_at_ms": left.ts,
            "entry_device": section.from_device,
            "entry_event": entered.row["id"],
            "certificate": section.certificate,
        },
    }
    return way | {"e.excess_kmh": excess_kmh(way)}
