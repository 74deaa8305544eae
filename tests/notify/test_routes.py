from datetime import date
from typing import Any

import pytest

from notify.routes import Duty, Label, group_key, heard_by, is_active
from rules.faults import Severity
from tests.notify.support import HOUR_MS, NOON_MS, crew, incident, people, route, shift

NIGHT_MS = NOON_MS + 10 * HOUR_MS


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"areas": frozenset({"tam-ky"})}, True),
        ({"areas": frozenset({"ban-thach"})}, False),
        ({"kinds": frozenset({"lighting-cabinet"})}, True),
        ({"kinds": frozenset({"wifi-ap"})}, False),
        ({"severity": Severity.MAJOR}, True),
        ({"severity": Severity.MINOR}, True),
        ({"severity": Severity.CRITICAL}, False),
        ({"crew": "lighting-1"}, True),
        ({"crew": "nobody"}, False),
    ],
)
def test_route_wants_what_it_names(asked: dict[str, Any], *, expected: bool) -> None:
    assert route(**asked).wants(incident(), people(crew()), NOON_MS) is expected


@pytest.mark.parametrize(
    "stranger", [crew(areas=("ban-thach",)), crew(kinds=("wifi-ap",)), crew(valid_to=date(2026, 11, 23))]
)
def test_route_of_a_crew_leaves_what_the_crew_does_not_look_after(stranger: object) -> None:
    assert not route(crew="lighting-1").wants(incident(), people(stranger), NOON_MS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("duty", "at_ms", "expected"),
    [
        (Duty.ANY, NOON_MS, True),
        (Duty.ANY, NIGHT_MS, True),
        (Duty.ON, NOON_MS, True),
        (Duty.ON, NIGHT_MS, False),
        (Duty.OFF, NOON_MS, False),
        (Duty.OFF, NIGHT_MS, True),
    ],
)
def test_route_tells_by_the_duty_of_its_crew(duty: Duty, at_ms: int, *, expected: bool) -> None:
    assert (
        is_active(route(crew="lighting-1", duty=duty), "tam-ky", people(crew(), shift()), at_ms) is expected
    )


def test_only_the_named_shifts_count() -> None:
    on_duty = people(crew(), shift("day"), shift("week-end", weekdays=frozenset({5, 6})))
    named = route(crew="lighting-1", duty=Duty.ON, shifts=frozenset({"week-end"}))
    assert not is_active(named, "tam-ky", on_duty, NOON_MS)


def test_shift_of_another_area_is_not_on_duty_here() -> None:
    elsewhere = people(crew(), shift(area="ban-thach"))
    assert not is_active(route(crew="lighting-1", duty=Duty.ON), "tam-ky", elsewhere, NOON_MS)


def test_operators_are_the_shifts_without_crew() -> None:
    operators = people(shift(crew=None))
    assert is_active(route(duty=Duty.ON), "tam-ky", operators, NOON_MS)
    assert not is_active(route(duty=Duty.ON), "tam-ky", operators, NIGHT_MS)


def test_fallback_hears_only_what_nobody_else_tells_now() -> None:
    routes = [
        route("crew", crew="lighting-1", duty=Duty.ON),
        route("operators", fallback=True),
    ]
    staff = people(crew(), shift())

    def heard(at_ms: int, **others: Any) -> list[str]:
        return [found.id for found in heard_by(routes, incident(**others), staff, at_ms)]

    assert heard(NOON_MS) == ["crew"]
    assert heard(NIGHT_MS) == ["crew", "operators"]
    assert heard(NOON_MS, kind="wifi-ap") == ["operators"]


def test_group_is_what_the_labels_say() -> None:
    by_both = route(group_by=(Label.AREA, Label.KIND))
    assert group_key(by_both, incident()) == "lighting|tam-ky|lighting-cabinet"
    assert group_key(route(group_by=()), incident()) == "lighting"
