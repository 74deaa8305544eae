"""Trying routes: a message on each of their channels, and who would be told at a moment."""

import csv
import io
import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from app.registering.access import RegistryAccess
from devices.description import Label
from devices.durations import written_duration
from devices.entities.crews import ENTITY as CREWS
from devices.entities.shifts import ENTITY as SHIFTS
from devices.entity import EntityKind, read_entity
from notify.configuration import NotifyPlan
from notify.errors import DeliveryError
from notify.facts import Facts
from notify.grouping import Reason
from notify.incident import Incident
from notify.people import People
from notify.rendering import render
from notify.routes import Duty, Route, heard_by, is_active
from rules.faults import Severity

__all__ = ["asked_of", "send_test", "staff_of", "trial_rows"]

_NOTHING = Label(vi="", en="")


def send_test(plan: NotifyPlan, route: Route, zone: str, at_ms: int) -> Iterator[tuple[str, str | None]]:
    """Send a test message on each channel of a route; the channel, and why it was not taken or None."""
    steps = (step.channels for step in route.timing.escalations)
    for name in dict.fromkeys([*route.channels, *(name for names in steps for name in names)]):
        facts = Facts(language=route.language, reason=Reason.TEST, zone=zone, written_at_ms=at_ms)
        message = render(str(uuid.uuid4()), facts, lambda _: None)
        try:
            plan.channels[name].send(message)
        except DeliveryError as error:
            yield name, str(error)
        else:
            yield name, None


def asked_of(area: str, kind: str, severity: str) -> Incident | None:
    """An incident to ask routes about; None where neither place nor kind is named."""
    if not area and not kind:
        return None
    return Incident(
        id="asked",
        number=0,
        title=_NOTHING,
        why=_NOTHING,
        severity=Severity(severity),
        area=area,
        kind=kind,
        device="",
        devices=1,
        since_ms=0,
        revision=0,
    )


def staff_of(registry: RegistryAccess, zone: ZoneInfo) -> People:
    """Crews and shifts as the registry has them."""
    return People(tuple(_entities(registry, CREWS)), tuple(_entities(registry, SHIFTS)), zone)


def trial_rows(
    plan: NotifyPlan, people: People, asked: Incident | None, at_ms: int
) -> Sequence[tuple[str, str, str, str, str]]:
    """A row for each route: id, whether it tells, why, its channels, its escalation."""
    heard = None if asked is None else {r.id for r in heard_by(plan.routes, asked, people, at_ms)}
    area = "" if asked is None else asked.area
    return [_row(route, heard, area, people, at_ms) for route in plan.routes]


def _row(
    route: Route, heard: set[str] | None, area: str, people: People, at_ms: int
) -> tuple[str, str, str, str, str]:
    active = is_active(route, area, people, at_ms)
    tells, why = active, _duty(route, area, people, at_ms)
    if heard is not None and route.id not in heard:
        tells, why = False, "somebody else is told" if route.fallback else "not asked for such incidents"
    steps = (f"{written_duration(s.after_ms)}: {', '.join(s.channels)}" for s in route.timing.escalations)
    return (route.id, "yes" if tells else "no", why, ", ".join(route.channels), "; ".join(steps))


def _duty(route: Route, area: str, people: People, at_ms: int) -> str:
    who = f"crew {route.crew}" if route.crew else "operators"
    shifts = [shift.id for shift in people.on_duty(route.crew, area, at_ms)]
    on_duty = f"{who} on duty: {', '.join(shifts)}" if shifts else f"{who} off duty"
    if route.fallback:
        return "only what no other route tells"
    return "always" if route.duty is Duty.ANY else on_duty


def _entities(registry: RegistryAccess, kind: EntityKind) -> Iterator[Any]:
    lines = csv.DictReader(io.StringIO(registry.export_entities(kind)))
    for number, line in enumerate(lines, start=2):
        entity, _ = read_entity(kind, line, number)
        if entity is not None:
            yield entity
