"""Dead letters over the API: filtered, counted, replayed by those who may."""

import pytest

from api.auth import Role
from store.operations.dead_letters import ReplayState
from tests.api.support import City, Client
from tests.store.operations.support import JOURNAL, letters, outcome


@pytest.fixture
def admin(city: City) -> str:
    found = letters((1, "schema", b"a"), (1, "not_json", b"\xff"), (2, "oversized", b"c"))
    sizes = found["payload_bytes"].scatter(2, 100)
    city.detection.commit(outcome(dead_letters=found.with_columns(payload_bytes=sizes)))
    return city.tokens[Role.ADMIN]


def test_letters_are_filtered_and_counted_alike(client: Client, admin: str) -> None:
    wanted = "?topic=v1&from=1970-01-01T00:00:07Z&to=1970-01-01T00:00:08Z&replayed=false&reason=not_json"
    (item,) = client.get(f"/v1/dead-letters{wanted}", admin).json()["items"]
    assert (item["row"], item["payload"], item["encoding"], item["replayable"]) == (2, "ff", "hex", True)
    assert client.get(f"/v1/dead-letters/counts{wanted}", admin).json()["by_reason"] == {"not_json": 1}


def test_replayed_letter_says_where_it_stands_and_asking_again_changes_nothing(
    client: Client, city: City, admin: str
) -> None:
    for _ in range(2):
        answer = client.post("/v1/dead-letters/1/replay", admin)
        assert (answer.status_code, answer.json()["replay"]) == (202, "waiting")
    assert city.audited("dead-letter.replay") == [("the admin", "1")]
    assert [letter.row for letter in city.views.replays.waiting(JOURNAL, 9)] == [1]
    city.views.replays.finish({1: ReplayState.GOOD}, at_ms=1)
    shown = client.get("/v1/dead-letters/1", admin).json()
    assert (shown["replay"], shown["replayable"], shown["refused_as"]) == ("good", False, None)


def test_letter_that_was_cut_cannot_be_replayed_and_says_why(client: Client, admin: str) -> None:
    answer = client.post("/v1/dead-letters/3/replay", admin)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ioc:problem:not-whole")
    assert "1 of 100 bytes" in answer.json()["detail"]
    assert client.post("/v1/dead-letters/9/replay", admin).status_code == 404


def test_bulk_replay_takes_a_filter_and_a_limit(client: Client, city: City, admin: str) -> None:
    body = {"topic": "ioc", "from": "1970-01-01T00:00:07Z", "limit": 1}
    assert client.post("/v1/dead-letters/replay", admin, json=body).json() == {"requested": 1, "remaining": 1}
    assert client.post("/v1/dead-letters/replay", admin, json={"limit": 0}).status_code == 422
    assert client.post("/v1/dead-letters/replay", admin, json={"mood": "x"}).status_code == 422
    assert city.audited("dead-letters.replay") == [("the admin", "dead-letters")]


@pytest.mark.usefixtures("admin")
def test_replay_needs_its_own_scope(client: Client, city: City) -> None:
    reader = city.token(Role.ADMIN, scopes=["dead-letters:read"])
    for path in ("/v1/dead-letters/1/replay", "/v1/dead-letters/replay"):
        assert client.post(path, reader, json={}).status_code == 403
        assert client.post(path, city.tokens[Role.OPERATOR], json={}).status_code == 403
