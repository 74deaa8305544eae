"""What people do to faults over the API: by role, one or many, under a version."""

from dataclasses import replace
from typing import Any

import pytest

from api.auth import Role
from devices.entities.crews import ENTITY as CREWS
from devices.entity import read_entity
from rules.lifecycle.item import Step, Work
from rules.lifecycle.transition import Transition
from store.operations.entities import EntityRepository
from store.operations.fault_rows import LifeLedger, lock_faults
from tests.api.support import NOW_MS, City, Client
from tests.store.operations.support import cleared, outcome, raised

HOUR = "2026-11-22T13:00:00.000Z"
NINE_HOURS = "2026-11-22T21:00:00.000Z"


@pytest.fixture
def fault(city: City) -> str:
    change = raised(since_ms=NOW_MS - 800_000)
    city.detection.commit(outcome(change))
    crew, _ = read_entity(CREWS, {"id": "crew-1", "name": "Đội 1", "valid_from": "2026-01-01"}, 1)
    gone, _ = read_entity(
        CREWS, {"id": "crew-0", "name": "Đội 0", "valid_from": "2025-01-01", "valid_to": "2025-12-31"}, 1
    )
    assert crew
    assert gone
    EntityRepository(city.database).replace(CREWS, [crew, gone], who="test", at_ms=1)
    return change.id


DEEDS: list[tuple[str, dict[str, Any], str, Any]] = [
    ("assign", {"crew": "crew-1"}, "assignee", "crew-1"),
    ("shelve", {"comment": "rain"}, "shelved", {
        "by": "the operator", "at": "2026-11-22T12:00:00.000Z", "until": "2026-11-22T20:00:00.000Z",
        "mode": "once",
    }),
    ("shelve", {"comment": "rain", "mode": "timed", "until": HOUR}, "shelved", {
        "by": "the operator", "at": "2026-11-22T12:00:00.000Z", "until": HOUR, "mode": "timed",
    }),
    ("work", {"state": "in_progress"}, "state", "in_progress"),
    ("work", {"state": "resolved"}, "resolved", {"by": "the operator", "at": "2026-11-22T12:00:00.000Z"}),
    ("close", {"comment": "not ours"}, "closed", {"by": "the operator", "at": "2026-11-22T12:00:00.000Z"}),
]  # fmt: skip


@pytest.mark.parametrize(("do", "body", "member", "value"), DEEDS)
def test_deed_shows_in_the_fault_and_in_words_in_its_history(  # noqa: PLR0913 - a case and its fixtures
    client: Client, city: City, fault: str, *, do: str, body: dict[str, Any], member: str, value: Any
) -> None:
    token = city.tokens[Role.OPERATOR]
    answer = client.post(f"/v1/faults/{fault}/{do}", token, json=body, headers={"If-Match": '"1"'})

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert answer.json()["work"][member] == value
    last = client.get(f"/v1/faults/{fault}/history", token).json()[-1]
    assert (last["who"], last["comment"]) == ("the operator", body.get("comment"))
    assert last["title"]["vi"] != last["title"]["en"]
    assert client.get(f"/v1/faults/{fault}", token).json() == answer.json()


def test_comment_is_kept_and_changes_nothing_else(client: Client, city: City, fault: str) -> None:
    answer = client.post(
        f"/v1/faults/{fault}/comment", city.tokens[Role.CREW], json={"comment": "cần xe thang"}
    )
    assert answer.json()["version"] == 2
    history = client.get(f"/v1/faults/{fault}/history", city.tokens[Role.CREW]).json()
    assert (history[-1]["transition"], history[-1]["comment"]) == ("commented", "cần xe thang")


@pytest.mark.parametrize(
    ("do", "body", "status", "problem"),
    [
        ("assign", {"crew": "crew-9"}, 422, "invalid-request"),
        ("assign", {"crew": "crew-0"}, 422, "invalid-request"),
        ("shelve", {"comment": "c", "mode": "timed", "until": NINE_HOURS}, 409, "not-possible-now"),
        ("shelve", {"comment": "c", "mode": "timed"}, 422, "invalid-request"),
        ("shelve", {}, 422, "invalid-request"),
        ("close", {"comment": ""}, 422, "invalid-request"),
        ("work", {"state": "verified_by_telemetry"}, 422, "invalid-request"),
    ],
)
def test_deed_that_cannot_be_is_refused_and_changes_nothing(  # noqa: PLR0913 - a case and its fixtures
    client: Client, city: City, fault: str, *, do: str, body: dict[str, Any], status: int, problem: str
) -> None:
    answer = client.post(f"/v1/faults/{fault}/{do}", city.tokens[Role.OPERATOR], json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:ioc:problem:{problem}")
    assert city.views.faults.get(fault).version == 1


def test_deed_on_an_old_version_is_refused(client: Client, city: City, fault: str) -> None:
    client.post(f"/v1/faults/{fault}/work", city.tokens[Role.CREW], json={"state": "in_progress"})
    answer = client.post(
        f"/v1/faults/{fault}/close",
        city.tokens[Role.OPERATOR],
        json={"comment": "c"},
        headers={"If-Match": '"1"'},
    )
    assert answer.status_code == 412
    assert answer.json()["detail"] == "the record is at version 2, not 1; read it again and decide anew"


@pytest.mark.parametrize(
    ("role", "do", "body", "allowed"),
    [
        (Role.CREW, "work", {"state": "resolved"}, True),
        (Role.CREW, "shelve", {"comment": "c"}, False),
        (Role.CREW, "close", {"comment": "c"}, False),
        (Role.CREW, "assign", {"crew": None}, False),
        (Role.VIEWER, "comment", {"comment": "c"}, False),
        (Role.OFFICER, "work", {"state": "resolved"}, False),
        (Role.ADMIN, "close", {"comment": "c"}, True),
    ],
)
def test_role_may_do_what_its_work_needs(  # noqa: PLR0913 - a case and its fixtures
    client: Client, city: City, fault: str, *, role: Role, do: str, body: dict[str, Any], allowed: bool
) -> None:
    alone = client.post(f"/v1/faults/{fault}/{do}", city.tokens[role], json=body)
    many = client.post(
        "/v1/faults/bulk", city.tokens[role], json={"deed": {"do": do, **body}, "faults": [{"id": fault}]}
    )
    expected = 200 if allowed else 403
    assert (alone.status_code, many.status_code) == (expected, expected)


def test_bulk_tells_of_each_fault_what_came_of_it(client: Client, city: City, fault: str) -> None:
    other = raised("TK-L-0002")
    city.detection.commit(outcome(other, cleared(other), number=2))
    body = {
        "deed": {"do": "shelve", "comment": "storm"},
        "faults": [
            {"id": other.id},
            {"id": fault, "version": 1},
            {"id": "0000"},
            {"id": fault, "version": 9},
        ],
    }
    token = city.tokens[Role.OPERATOR]
    answer = client.post("/v1/faults/bulk", token, json=body, headers={"Accept-Language": "vi"})

    assert answer.status_code == 200
    told = answer.json()
    # The last one asks for what the second did already, so its version does not matter.
    assert (told["done"], told["refused"]) == (2, 2)
    assert [item["status"] for item in told["items"]] == [409, 200, 404, 200]
    assert told["items"][0]["problem"]["reason"] == "not-active"
    assert told["items"][0]["problem"]["title"] == "Trạng thái hiện tại của sự cố không cho phép"
    assert told["items"][1]["fault"]["work"]["shelved"]["mode"] == "once"
    listed = client.get("/v1/faults?shelved=true", token).json()["items"]
    assert [item["id"] for item in listed] == [fault]


def test_window_tells_what_it_hid(client: Client, city: City, fault: str) -> None:
    with city.database.write() as connection:
        record = lock_faults(connection, [fault])[fault]
        ledger = LifeLedger(NOW_MS)
        step = Step(transition=Transition.OUT_OF_SERVICE, why={"window": "mw-1"})
        item = record.item()
        ledger.take(record, replace(item, work=Work(out_of_service="mw-1")), [step], "management")
        ledger.write(connection)

    [hidden] = client.get("/v1/maintenance-windows/mw-1/faults", city.tokens[Role.VIEWER]).json()["items"]
    assert (hidden["fault"]["id"], hidden["fault"]["work"]["out_of_service"]) == (fault, "mw-1")
    assert (hidden["hidden_at"], hidden["released_at"]) == ("2026-11-22T12:00:00.000Z", None)
    assert client.get("/v1/maintenance-windows/other/faults", city.tokens[Role.VIEWER]).json()["items"] == []
