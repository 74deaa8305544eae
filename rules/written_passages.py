"""Events of cameras, and what is dated for them, as tests of rules write them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import polars as pl
from msgspec import Struct

from devices.batch import EVENT_SCHEMA, TIME
from devices.durations import parse_duration_ms
from devices.entity import read_entity
from devices.plans import PROGRAMMES, Programme
from devices.stream import EventBatch

__all__ = ["WrittenPassage", "dated"]

_TRANSPORT_MS = 1000


class WrittenPassage(Struct, frozen=True, forbid_unknown_fields=True):
    """An event some time after its test's start, at the device under test unless `device` names another.

    `images` is how many pictures of the plate it has, or the roles of its pictures.
    """

    at: str
    vehicles: list[dict[str, Any]]
    images: int | list[str] = 2
    id: str | None = None
    direction: str | None = None
    signal: str | None = None
    red_elapsed_s: float | None = None
    type: str = "passage"
    phase: str | None = None
    lane: int | None = None
    device: str | None = None
    time_quality: str = "ok"

    def at_ms(self, start_ms: int) -> int:
        """When it was measured, epoch ms."""
        return start_ms + parse_duration_ms(self.at)

    def batch(self, number: int, start_ms: int, device: str, area: str) -> EventBatch:
        """The event as the journal would hold it."""
        at_ms = self.at_ms(start_ms)
        members = {field.name for field in EVENT_SCHEMA["vehicles"].inner.fields}
        roles = ["plate"] * self.images if isinstance(self.images, int) else self.images
        own = ("type", "direction", "signal", "red_elapsed_s", "phase", "lane", "time_quality")
        row = (
            dict.fromkeys(EVENT_SCHEMA)
            | {name: getattr(self, name) for name in own}
            | {
                "id": self.id or f"event-{number}",
                "device": self.device or device,
                "area": area,
                "kind": "traffic-camera",
                "measured_at": at_ms,
                "received_at": at_ms + _TRANSPORT_MS,
                "device_time": at_ms,
                "vehicles": [dict.fromkeys(members) | vehicle for vehicle in self.vehicles],
                "images": [
                    {"role": role, "url": f"test:{image}", "sha256": None} for image, role in enumerate(roles)
                ],
            }
        )
        raw = {name: pl.Int64 if dtype == TIME else dtype for name, dtype in EVENT_SCHEMA.items()}
        frame = pl.DataFrame([row], schema=raw).cast({"measured_at": TIME, "received_at": TIME})
        return EventBatch(frame)


def dated(written: Mapping[str, Sequence[Mapping[str, str]]]) -> list[Programme]:
    """The dated entities of a test, by their kind, each written as the line of a CSV file.

    Raises:
        ValueError: there is no such kind, or a line is none of it.
    """
    by_id = {kind.id: kind for kind in PROGRAMMES}
    found: list[Programme] = []
    for kind_id, lines in written.items():
        if kind_id not in by_id:
            raise ValueError(f"dated entities of rules are {', '.join(by_id)}, got {kind_id!r}")
        for number, line in enumerate(lines, 1):
            entity, problems = read_entity(by_id[kind_id], line, number)
            if entity is None:
                raise ValueError(f"{kind_id}: {'; '.join(str(problem) for problem in problems)}")
            found.append(cast("Programme", entity))
    return found
