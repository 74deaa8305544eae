"""Whatever goes wrong answers with a problem document that tells no secrets."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from api.auth import Role
from tests.api.support import City, Client


def assert_problem(answer: Any, status: int, slug: str, field: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["type"], problem["status"]) == (f"urn:ioc:problem:{slug}", status)
    assert problem["title"]
    assert problem["detail"]
    assert problem.get("field") == field
    return problem


def test_unknown_path_is_not_found(client: Client) -> None:
    assert_problem(client.get("/v2/nothing"), 404, "not-found")


def test_wrong_method_names_the_right_ones(client: Client) -> None:
    answer = client.post("/v1/kinds")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/faults?limit=0", "limit"),
        ("/v1/faults?limit=many", "limit"),
        ("/v1/faults?state=broken", "state"),
        ("/v1/faults?kind=toaster", "kind"),
        ("/v1/faults?area=Tam%20Ky", "area"),
        ("/v1/faults?device=a%00b", "device"),
        ("/v1/faults?number=99999999999", "number"),
        ("/v1/faults?cursor=%C3%A9", "cursor"),
        ("/v1/faults?cursor=!!!", "cursor"),
        ("/v1/faults?cursor=LTE", "cursor"),
        ("/v1/faults?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "cursor"),
        ("/v1/violations?from=2026-11-22", "from"),
        ("/v1/devices/a%20b", "device"),
        ("/v1/dead-letters?reason=mood", "reason"),
        ("/v1/devices?cursor=AP8", "cursor"),
    ],
)
def test_invalid_parameter_is_named(client: Client, city: City, path: str, field: str) -> None:
    assert_problem(client.get(path, city.tokens[Role.ADMIN]), 422, "invalid-request", field)


def test_kind_that_does_not_exist_is_answered_with_those_that_do(client: Client, city: City) -> None:
    problem = client.get("/v1/faults?kind=toaster", city.tokens[Role.ADMIN]).json()
    assert problem["detail"].startswith("kind: must be one of collector, lighting-cabinet, loudspeaker")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"comment": 7}', b'{"remark": "x"}'])
def test_body_that_is_no_acknowledgement_is_invalid(client: Client, city: City, body: bytes) -> None:
    answer = client.post("/v1/faults/00/acknowledge", city.tokens[Role.OPERATOR], content=body)
    assert answer.status_code == 422
    assert answer.json()["field"] in {"body", "comment", "remark"}


@pytest.mark.parametrize(
    ("languages", "title"),
    [
        ("", "Not found"),
        ("vi", "Không tìm thấy"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "Không tìm thấy"),
        ("en,vi;q=0.5", "Not found"),
        ("fr, en;q=0.1, vi;q=0.2", "Không tìm thấy"),
        ("vi;q=0", "Not found"),
        ("vi;q=x", "Not found"),
    ],
)
def test_title_is_in_the_language_the_reader_likes_best(client: Client, languages: str, title: str) -> None:
    assert client.get("/nowhere", headers={"Accept-Language": languages}).json()["title"] == title


def test_store_that_does_not_answer_is_unavailable_and_keeps_its_paths_to_itself(
    client: Client, city: City
) -> None:
    city.telemetry.broken = True
    path = "/v1/devices/TK-L-0001/telemetry?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    answer = client.get(path, city.tokens[Role.VIEWER])

    problem = assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    assert "secret" not in str(problem)


def test_unforeseen_error_is_internal_without_traceback(
    client: Client, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("password=hunter2")

    monkeypatch.setattr(city.telemetry, "range", fail)
    path = "/v1/devices/TK-L-0001/telemetry?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    with capture_logs() as logs:
        answer = client.get(path, city.tokens[Role.VIEWER], headers={"Accept-Language": "vi"})

    assert [(entry["event"], entry["exc_info"]) for entry in logs] == [("request failed", True)]
    problem = assert_problem(answer, 500, "internal")
    assert problem["title"] == "Lỗi hệ thống"
    assert "hunter2" not in answer.text
