"""When people work on devices, so that what happens there is expected."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.columns import CLOCK, ID, SLUG, TEXT, WEEKDAYS, WORDS, Column
from devices.description import Label
from devices.device import Device
from devices.entity import MOMENTS, EntityKind
from devices.recurrence import span_of

__all__ = ["ENTITY", "MaintenanceWindow"]


@dataclass(frozen=True, kw_only=True)
class MaintenanceWindow:
    """Work on devices between two moments, once or again and again.

    It covers the devices it names, those of its area, its cabinets and what they power; with kinds, only
    devices of these, and with kinds alone all of them. With weekdays it is on from `starts` to `ends`, local
    time, on the days that begin between the two moments; without, the whole time.

    Raises:
        ValueError: it covers nothing, names a kind that there is not, or recurs without times.
    """

    id: str
    area: str
    devices: tuple[str, ...]
    reason: str
    requested_by: str
    valid_from: datetime
    valid_to: datetime
    cabinets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    weekdays: frozenset[int] = frozenset()
    starts: time | None = None
    ends: time | None = None

    def __post_init__(self) -> None:
        """Refuse work on nothing, and work at no time."""
        if not (self.area or self.devices or self.cabinets or self.kinds):
            raise ValueError("a maintenance window needs an area, devices, cabinets or kinds")
        known = {*kinds(), *PASSIVE_KINDS}
        if unknown := sorted(set(self.kinds) - known):
            raise ValueError(f"kinds are of {', '.join(sorted(known))}, got {', '.join(unknown)}")
        given = (bool(self.weekdays), self.starts is not None, self.ends is not None)
        if any(given) and not all(given):
            raise ValueError("weekdays, starts and ends are given together, or none of them")

    def covers(self, device: Device) -> bool:
        """Whether it is work on that device."""
        if self.kinds and device.kind not in self.kinds:
            return False
        if not (self.area or self.devices or self.cabinets):
            return True
        powered_by = device.powered_by.parent if device.powered_by is not None else None
        named = device.id in self.devices or device.id in self.cabinets
        return named or (bool(self.area) and device.area == self.area) or powered_by in self.cabinets

    def until(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """When the work that is on at a moment ends; None where none is on."""
        if not self.valid_from <= at < self.valid_to:
            return None
        if self.starts is None or self.ends is None:
            return self.valid_to
        local = at.astimezone(zone)
        day = span_of(local, self.weekdays, self.starts, self.ends)
        if day is None:
            return None
        last = day + timedelta(days=1) if self.ends <= self.starts else day
        return min(datetime.combine(last, self.ends, zone), self.valid_to)


ENTITY = EntityKind(
    id="maintenance-windows",
    label=Label(vi="Lịch bảo trì", en="Maintenance windows"),
    make=MaintenanceWindow,
    columns=(
        Column(name="id", about="id of the window", codec=ID, required=True),
        Column(name="area", about="slug of a ward, all of it", codec=SLUG, default="", refers_to="area"),
        Column(name="devices", about="ids of devices", codec=WORDS, default=(), refers_to="device"),
        Column(
            name="cabinets",
            about="ids of cabinets, with all that they power",
            codec=WORDS,
            default=(),
            refers_to="device",
        ),
        Column(name="kinds", about="only devices of these kinds; empty for all", codec=WORDS, default=()),
        Column(name="reason", about="what is done", codec=TEXT, required=True),
        Column(name="requested_by", about="who asked for it", codec=TEXT, default=""),
        Column(
            name="weekdays",
            about="days on which it comes again; empty for once",
            codec=WEEKDAYS,
            default=frozenset(),
        ),
        Column(name="starts", about="local time, where it comes again", codec=CLOCK),
        Column(
            name="ends",
            about="local time, of the next day if not after it, where it comes again",
            codec=CLOCK,
        ),
        *MOMENTS,
    ),
)
