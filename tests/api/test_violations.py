"""Suspected violations: never more than suspected, and plates only for officers."""

import json

import pytest

from api.auth import Role
from store.operations.devices import DeviceRepository
from tests.api.support import City, Client
from tests.store.operations.support import PLATE, outcome, suspected

MASKED = "92A-***.45"
WHY = "reason=an+appeal"


@pytest.fixture
def violation(city: City) -> str:
    DeviceRepository(city.database).replace(city.registry, who="test", at_ms=1)
    change = suspected(
        why={"sentence": f"{PLATE} drove", "vehicles": [{"plate": "92a12345"}], "counts": [1, 2.5, None]}
    )
    city.detection.commit(outcome(change, suspected("passage-2", plate=None, type="red-light", why={})))
    return change.id


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.INTEGRATOR, Role.ADMIN])
def test_plate_is_masked_wherever_it_stands(client: Client, city: City, violation: str, role: Role) -> None:
    answer = client.get(f"/v1/violations/{violation}", city.tokens[role])

    shown = answer.json()
    assert shown["state"] == "suspected"
    assert shown["vehicle"] == {
        "vehicle_class": "car",
        "plate": MASKED,
        "plate_read": MASKED,
        "plate_masked": True,
        "plate_confidence": 0.9,
    }
    assert shown["device"]["kind"] == "traffic-camera"
    assert shown["images"][0]["url"] == "https://images.test/92A***45.jpg"
    assert shown["why"] == {
        "sentence": f"{MASKED} drove",
        "vehicles": [{"plate": "92a***45"}],
        "counts": [1, 2.5, None],
    }
    assert not city.audited("plate.read")


def test_officer_sees_the_whole_plate_and_the_reading_is_audited(
    client: Client, city: City, violation: str
) -> None:
    shown = client.get(f"/v1/violations/{violation}?{WHY}", city.tokens[Role.OFFICER]).json()

    assert (shown["vehicle"]["plate"], shown["vehicle"]["plate_masked"]) == (PLATE, False)
    assert city.audited("plate.read") == [("the officer", violation)]


def test_list_of_whole_plates_is_audited_with_every_id(client: Client, city: City, violation: str) -> None:
    client.get(f"/v1/violations?{WHY}", city.tokens[Role.OFFICER])

    [entry] = [e for e in city.views.audit.list().items if e.action == "plate.read"]
    assert entry.detail == {"violations": [violation], "reason": "an appeal"}


def test_list_without_plates_is_not_audited(client: Client, city: City, violation: str) -> None:
    client.get(f"/v1/violations?type=red-light&{WHY}", city.tokens[Role.OFFICER])
    assert violation
    assert not city.audited("plate.read")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [2, 1]),
        ("type=speeding", [1]),
        ("device=TK-T-001", [2, 1]),
        ("area=ban-thach", []),
        ("rule=cam.speeding", [2, 1]),
        ("state=suspected&limit=1", [2]),
        ("from=1970-01-01T07:00:05%2B07:00", [2, 1]),
        ("to=1970-01-01T00:00:05Z", []),
    ],
)
def test_violations_are_filtered(
    client: Client, city: City, violation: str, query: str, numbers: list[int]
) -> None:
    answer = client.get(f"/v1/violations?{query}", city.tokens[Role.OPERATOR])
    assert violation
    assert [item["number"] for item in answer.json()["items"]] == numbers


def test_nothing_is_called_a_violation_without_suspicion(client: Client, city: City, violation: str) -> None:
    shown = client.get(f"/v1/violations/{violation}", city.tokens[Role.OPERATOR]).json()
    assert json.dumps(shown).count("suspected") == 1
    assert "Suspected" in shown["title"]["en"]


def test_unknown_violation_is_not_found(client: Client, city: City) -> None:
    answer = client.get("/v1/violations/00", city.tokens[Role.OPERATOR])
    assert answer.json()["detail"] == "there is no violation '00'"
