"""Makers of incidents, crews and shifts, with defaults that no test depends on."""

from collections.abc import Collection, Mapping
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from devices.description import Label
from devices.entities.crews import Crew
from devices.entities.shifts import Shift
from notify.deciding import News
from notify.incident import Incident, Where
from notify.people import People
from notify.routes import Route
from rules.faults import Severity
from store.operations.links import CrewAct

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOON_MS = 1_795_498_200_000  # 2026-11-24 12:30 in Tam Ky, a Tuesday
HOUR_MS = 3_600_000
KEY = b"a key of tests, long enough for signing"


def incident(id_: str = "7d1c8f8e-0000-4000-8000-000000000001", **others: Any) -> Incident:
    values: dict[str, Any] = {
        "id": id_,
        "number": 41,
        "title": Label(vi="Tủ mất pha L2", en="Cabinet lost phase L2"),
        "why": Label(vi="Điện áp L2 là 3 V, dưới 180 V", en="L2 is at 3 V, below 180 V"),
        "severity": Severity.MAJOR,
        "area": "tam-ky",
        "kind": "lighting-cabinet",
        "device": "TK-C-01",
        "devices": 67,
        "since_ms": NOON_MS - HOUR_MS,
        "revision": 1,
        "where": Where(
            street="Phan Châu Trinh", area_name="Phường Tam Kỳ", latitude=15.5736, longitude=108.474
        ),
    }
    return Incident(**(values | others))


def crew(id_: str = "lighting-1", **others: Any) -> Crew:
    values: dict[str, Any] = {
        "name": "Đội chiếu sáng 1",
        "contractor": None,
        "areas": (),
        "kinds": ("streetlight", "lighting-cabinet"),
        "phone": "",
        "valid_from": date(2026, 1, 1),
    }
    return Crew(id=id_, **(values | others))


def shift(id_: str = "day", **others: Any) -> Shift:
    values: dict[str, Any] = {
        "title": "Ca ngày",
        "crew": "lighting-1",
        "area": "",
        "weekdays": frozenset(range(7)),
        "starts": time(7),
        "ends": time(17),
        "people": 2,
        "valid_from": date(2026, 1, 1),
    }
    return Shift(id=id_, **(values | others))


def people(*entities: Crew | Shift) -> People:
    crews = tuple(entity for entity in entities if isinstance(entity, Crew))
    return People(crews, tuple(entity for entity in entities if isinstance(entity, Shift)), ZONE)


def route(id_: str = "lighting", **others: Any) -> Route:
    return Route(id=id_, **({"channels": ("duty",)} | others))


class KnownIncidents:
    """Incidents that a test sets: the feed of deciding, and the crews' desk's port."""

    def __init__(self, *incidents: Incident) -> None:
        self.known: dict[str, Incident | None] = {}
        self.revisions: dict[str, int] = {}
        self.acts: list[CrewAct] = []
        for one in incidents:
            self.put(one)

    def put(self, one: Incident) -> None:
        self.known[one.id] = one
        self.revisions[one.id] = max(self.revisions.values(), default=0) + 1

    def changed_after(self, revision: int, limit: int) -> News:
        newer = sorted((r, id_) for id_, r in self.revisions.items() if r > revision)[:limit]
        return News(incidents=[id_ for _, id_ in newer], revision=newer[-1][0] if newer else revision)

    def now(self, incidents: Collection[str]) -> Mapping[str, Incident | None]:
        return {id_: self.known[id_] for id_ in incidents}

    def find(self, incident: str) -> Incident | None:
        return self.known.get(incident)

    def said(self, act: CrewAct) -> None:
        self.acts.append(act)
