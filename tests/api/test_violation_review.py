"""Officers at work over the API: decisions under a version, the queue, history, plates for a reason."""

from dataclasses import replace
from typing import Any

import pytest

from api.application import create_app
from api.auth import Role
from rules.violations import violation_id
from tests.api.support import City, Client, client_of
from tests.store.operations.support import CAMERA, PLATE, outcome, suspected

WHY = "reason=checking+the+pictures"


@pytest.fixture
def violation(city: City) -> str:
    change = suspected(occurred_at_ms=city.clock.now_ms() - 1_000)
    city.detection.commit(outcome(change))
    city.views.review_desk.seal_new(city.clock.now_ms())
    return change.id


def decide(client: Client, token: str, violation: str, version: int = 1, **body: Any) -> Any:
    return client.post(
        f"/v1/violations/{violation}/decide", token, json=body, headers={"If-Match": f'"{version}"'}
    )


def test_officer_confirms_and_the_history_says_so(client: Client, city: City, violation: str) -> None:
    officer = city.tokens[Role.OFFICER]
    answer = decide(client, officer, violation, verdict="confirm", comment="rõ")

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    shown = answer.json()
    assert (shown["state"], shown["review"]["decided"]["by"]) == ("confirmed", "the officer")
    history = client.get(f"/v1/violations/{violation}/history", officer).json()
    assert [(e["transition"], e["who"], e["comment"]) for e in history] == [
        ("suspected", "detection", None),
        ("confirmed", "the officer", "rõ"),
    ]
    assert city.audited("violation.decide") == [("the officer", violation)]
    assert decide(client, officer, violation, 9, verdict="confirm").status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OFFICER])
def test_nobody_but_officers_decides(client: Client, city: City, violation: str, role: Role) -> None:
    assert decide(client, city.tokens[role], violation, verdict="confirm").status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 428), ({"If-Match": '"7"'}, 412), ({"If-Match": "x"}, 412)]
)
def test_decision_names_the_version_that_was_read(
    client: Client, city: City, violation: str, headers: dict[str, str], status: int
) -> None:
    path = f"/v1/violations/{violation}/decide"
    answer = client.post(path, city.tokens[Role.OFFICER], json={"verdict": "confirm"}, headers=headers)
    assert answer.status_code == status
    assert client.get(f"/v1/violations/{violation}", city.tokens[Role.OFFICER]).json()["state"] == "suspected"


def test_second_officer_is_another_person(city: City, violation: str) -> None:
    with client_of(create_app(replace(city.services(), review_officers=2))) as client:
        first, second = city.token("officer", name="anna"), city.token("officer", name="binh")
        assert decide(client, first, violation, verdict="confirm").json()["state"] == "suspected"
        own = decide(client, first, violation, 2, verdict="reject", reason="duplicate")
        assert (own.status_code, own.json()["reason"]) == (409, "another-officer")
        assert decide(client, second, violation, 2, verdict="confirm").json()["state"] == "confirmed"


def test_corrected_plate_keeps_the_reading_beside_it(client: Client, city: City, violation: str) -> None:
    officer = city.tokens[Role.OFFICER]
    path = f"/v1/violations/{violation}"
    client.post(f"{path}/correct-plate", officer, json={"plate": "92A-123.46"}, headers={"If-Match": '"1"'})
    whole = client.get(f"{path}?{WHY}", officer).json()["vehicle"]
    assert (whole["plate"], whole["plate_read"], whole["plate_masked"]) == ("92A-123.46", PLATE, False)
    masked = client.get(path, officer)
    assert (masked.json()["vehicle"]["plate"], masked.json()["vehicle"]["plate_read"]) == (
        "92A-***.46",
        "92A-***.45",
    )
    history = client.get(f"{path}/history", officer)
    assert history.json()[-1]["why"] == {"plate": "92A-***.46", "before": "92A-***.45"}
    assert "12346" not in (masked.text + history.text).replace(".", "")
    assert client.get(f"{path}/history?{WHY}", officer).json()[-1]["why"]["plate"] == "92A-123.46"


def test_queue_is_sorted_by_certainty(client: Client, city: City, violation: str) -> None:
    for number, confidence in enumerate((0.99, 0.2, 0.95), 2):
        event = f"passage-{number}"
        change = suspected(
            event, id=violation_id("cam.speeding", CAMERA, event, 0), plate_confidence=confidence
        )
        city.detection.commit(outcome(change, number=number))
    city.views.review_desk.seal_new(city.clock.now_ms())
    officer = city.tokens[Role.OFFICER]

    page = client.get("/v1/violations/queue?limit=2", officer).json()
    rest = client.get(f"/v1/violations/queue?limit=2&cursor={page['next']}", officer).json()

    assert [item["number"] for item in page["items"] + rest["items"]] == [2, 4, 1, 3]
    assert rest["next"] is None
    decide(client, officer, violation, verdict="reject", reason="no_violation")
    assert [i["number"] for i in client.get("/v1/violations/queue", officer).json()["items"]] == [2, 4, 3]


def test_escalated_violation_waits_for_another_officer(client: Client, city: City, violation: str) -> None:
    officer = city.tokens[Role.OFFICER]
    path = f"/v1/violations/{violation}"
    client.post(f"{path}/escalate", officer, json={"comment": "che"}, headers={"If-Match": '"1"'})
    assert client.get("/v1/violations/queue", officer).json()["items"] == []
    [waiting] = client.get("/v1/violations/queue?escalated=true", officer).json()["items"]
    assert waiting["review"]["escalated"]["by"] == "the officer"
    assert decide(client, officer, violation, 2, verdict="confirm").status_code == 409


def test_remark_needs_no_version(client: Client, city: City, violation: str) -> None:
    answer = client.post(
        f"/v1/violations/{violation}/comment", city.tokens[Role.OFFICER], json={"comment": "xem lại"}
    )
    assert (answer.status_code, answer.json()["version"]) == (200, 2)


@pytest.mark.parametrize(
    ("header", "noted"),
    [("Kh%C3%A1ng%20ngh%E1%BB%8B", "Kháng nghị"), (f"is it {PLATE}?", "is it 92A-***.45?")],
)
def test_reason_of_a_reading_is_in_the_audit_without_plates(
    client: Client, city: City, violation: str, header: str, noted: str
) -> None:
    path = f"/v1/violations/{violation}"
    shown = client.get(path, city.tokens[Role.OFFICER], headers={"X-Reason": header}).json()
    assert shown["vehicle"]["plate"] == PLATE
    [entry] = [e for e in city.views.audit.list().items if e.action == "plate.read"]
    assert entry.detail == {"violations": [violation], "reason": noted}


def test_reason_that_says_nothing_is_refused(client: Client, city: City, violation: str) -> None:
    answer = client.get(f"/v1/violations/{violation}?reason=x", city.tokens[Role.OFFICER])
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")


def test_reason_without_the_scope_opens_nothing(client: Client, city: City, violation: str) -> None:
    shown = client.get(f"/v1/violations/{violation}?{WHY}", city.tokens[Role.OPERATOR]).json()
    assert (shown["vehicle"]["plate"], shown["vehicle"]["plate_masked"]) == ("92A-***.45", True)
    assert not city.audited("plate.read")
