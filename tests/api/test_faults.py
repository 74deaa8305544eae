"""Faults: listed, explained, acknowledged by name, and never twice."""

from typing import Any

import pytest

from api.auth import Role
from rules.lifecycle.deeds import Acknowledge
from tests.api.support import City, Client
from tests.store.operations.support import LAMP, cleared, outcome, raised


@pytest.fixture
def fault(city: City) -> str:
    change = raised(since_ms=1_795_348_000_000)
    city.detection.commit(outcome(change))
    return change.id


def test_fault_shows_both_languages_its_device_and_utc_times(client: Client, city: City, fault: str) -> None:
    answer = client.get(f"/v1/faults/{fault}", city.tokens[Role.VIEWER])

    assert answer.status_code == 200
    assert answer.headers["etag"].startswith('"1-')
    assert answer.json() == {
        "id": fault,
        "number": 1,
        "rule": {"id": "lamp.out", "version": 3},
        "title": {"vi": "Đèn không sáng", "en": "Lamp out"},
        "device": {"id": LAMP, "kind": "streetlight", "area": "tam-ky", "name": ""},
        "severity": "minor",
        "state": "active",
        "acknowledged": None,
        "since": "2026-11-22T11:46:40.000Z",
        "raised_at": "2026-11-22T11:46:40.300Z",
        "cleared_at": None,
        "detected_at": "2026-11-22T11:46:40.301Z",
        "work": {
            "state": "open",
            "assignee": None,
            "resolved": None,
            "shelved": None,
            "closed": None,
            "out_of_service": None,
        },
        "management": None,
        "version": 1,
    }


def test_faults_come_in_pages_that_link_to_the_next(client: Client, city: City) -> None:
    city.detection.commit(outcome(*(raised(f"lamp-{n}") for n in range(5))))
    token = city.tokens[Role.VIEWER]

    first = client.get("/v1/faults?limit=2&state=active", token)
    second = client.get(first.headers["link"].partition(">")[0].removeprefix("<"), token)
    third = client.get(f"/v1/faults?limit=2&cursor={second.json()['next']}", token)

    numbers = [[item["number"] for item in page.json()["items"]] for page in (first, second, third)]
    assert numbers == [[5, 4], [3, 2], [1]]
    assert third.json()["next"] is None
    assert "link" not in third.headers


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=active", {2, 3}),
        ("state=cleared", {1}),
        ("device=TK-L-0002", {2}),
        ("kind=wifi-ap", {3}),
        ("area=ban-thach", {3}),
        ("severity=critical", {3}),
        ("rule=any.offline", {3}),
        ("number=2", {2}),
        ("acknowledged=true", {2}),
        ("acknowledged=false", {1, 3}),
        ("kind=streetlight&state=active", {2}),
    ],
)
def test_faults_are_filtered(client: Client, city: City, query: str, expected: set[int]) -> None:
    out, second = raised(), raised("TK-L-0002")
    silent = raised("TK-W-001", rule="any.offline", kind="wifi-ap", area="ban-thach", severity="critical")
    city.detection.commit(outcome(out, second, silent, cleared(out)))
    city.views.desk.perform(second.id, Acknowledge(), who="anna", at_ms=1)

    items = client.get(f"/v1/faults?{query}", city.tokens[Role.VIEWER]).json()["items"]
    assert {item["number"] for item in items} == expected


def test_acknowledging_is_in_the_fault_its_history_and_the_audit(
    client: Client, city: City, fault: str
) -> None:
    token = city.tokens[Role.OPERATOR]
    answer = client.post(f"/v1/faults/{fault}/acknowledge", token, json={"comment": "crew sent"})

    assert answer.json()["acknowledged"] == {"by": "the operator", "at": "2026-11-22T12:00:00.000Z"}
    assert answer.headers["etag"] == '"2"'
    steps: list[dict[str, Any]] = client.get(f"/v1/faults/{fault}/history", token).json()
    assert [(step["transition"], step["who"], step["comment"]) for step in steps] == [
        ("raised", "detection", None), ("acknowledged", "the operator", "crew sent"),
    ]  # fmt: skip
    assert city.audited("fault.acknowledge") == [("the operator", fault)]


def test_acknowledging_again_changes_nothing_even_with_the_old_etag(
    client: Client, city: City, fault: str
) -> None:
    path, token = f"/v1/faults/{fault}/acknowledge", city.tokens[Role.OPERATOR]
    first = client.post(path, token, json={}, headers={"If-Match": '"1"'})
    again = client.post(path, token, json={}, headers={"If-Match": '"1"'})

    assert (again.status_code, again.json()) == (200, first.json())
    assert len(city.audited("fault.acknowledge")) == 1


def test_acknowledging_what_another_has_is_a_conflict(client: Client, city: City, fault: str) -> None:
    client.post(f"/v1/faults/{fault}/acknowledge", city.tokens[Role.OPERATOR], json={})
    answer = client.post(f"/v1/faults/{fault}/acknowledge", city.tokens[Role.CREW], json={})

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:ioc:problem:already-acknowledged"


@pytest.mark.parametrize("tag", ['"7"', 'W/"1"', "1", "nonsense"])
def test_acknowledging_another_version_is_refused(client: Client, city: City, fault: str, tag: str) -> None:
    path = f"/v1/faults/{fault}/acknowledge"
    answer = client.post(path, city.tokens[Role.OPERATOR], json={}, headers={"If-Match": tag})

    assert answer.status_code == 412
    assert (answer.json()["type"], answer.json()["field"]) == ("urn:ioc:problem:version-conflict", "If-Match")
    assert city.views.faults.get(fault).acknowledged_by is None
    assert not city.audited("fault.acknowledge")


def test_why_explains_the_raise(client: Client, city: City, fault: str) -> None:
    answer = client.get(f"/v1/faults/{fault}/why", city.tokens[Role.VIEWER]).json()
    assert answer["why"] == {"expression": "m.power_w < 6", "values": [{"power_w": 0.0}]}
    assert answer["rule"] == {"id": "lamp.out", "version": 3}


@pytest.mark.parametrize("rest", ["", "/history", "/why"])
def test_unknown_fault_is_not_found(client: Client, city: City, rest: str) -> None:
    answer = client.get(f"/v1/faults/0000{rest}", city.tokens[Role.VIEWER])
    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no fault '0000'"
