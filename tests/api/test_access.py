"""Keys made, rotated and revoked over HTTP, and the log that tells of it."""

from sqlalchemy import text

from api.roles import Role
from tests.api.support import REAL_NOW_MS, City, Client


def test_key_is_made_narrow_rotated_with_an_overlap_and_revoked(client: Client, city: City) -> None:
    admin = city.tokens[Role.ADMIN]
    asked = {"name": "the province", "role": "integrator", "areas": ["tam-ky"], "scopes": ["faults:read"]}
    made = client.post("/v1/keys", admin, json=asked)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    token, prefix = made.json()["token"], made.json()["prefix"]
    assert client.get("/v1/faults", token).status_code == 200
    assert client.get("/v1/devices", token).status_code == 403

    new = client.post(f"/v1/keys/{prefix}/rotate", admin, json={"overlap_s": 60}).json()
    assert (new["name"], new["areas"], new["scopes"]) == ("the province", ["tam-ky"], ["faults:read"])
    city.real_clock.step_to(REAL_NOW_MS + 59_999)
    assert [client.get("/v1/faults", one).status_code for one in (token, new["token"])] == [200, 200]
    city.real_clock.step_to(REAL_NOW_MS + 60_000)
    assert [client.get("/v1/faults", one).status_code for one in (token, new["token"])] == [401, 200]
    assert client.post(f"/v1/keys/{prefix}/rotate", admin, json={}).status_code == 404

    assert client.post(f"/v1/keys/{new['prefix']}/revoke", admin).status_code == 204
    assert client.get("/v1/faults", new["token"]).status_code == 401
    shown = {key["prefix"]: key for key in client.get("/v1/keys", admin).json()}
    assert shown[new["prefix"]]["last_used_at"] == "2023-11-14T22:14:19.999Z"
    assert "token" not in shown[new["prefix"]]
    assert [who for who, _ in city.audited("key.rotate")] == ["the admin"]


def test_key_that_ends_before_it_begins_is_refused(client: Client, city: City) -> None:
    asked = {"name": "x", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}
    answer = client.post("/v1/keys", city.tokens[Role.ADMIN], json=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, "expires_at")


def test_caller_is_told_who_they_are(client: Client, city: City) -> None:
    me = client.get("/v1/me", city.token(Role.VIEWER, name="lan", areas=["tam-ky"])).json()
    assert (me["name"], me["areas"], me["kinds"]) == ("lan", ["tam-ky"], None)
    assert "devices:read" in me["scopes"]


def test_audit_log_is_listed_and_found_whole(client: Client, city: City) -> None:
    admin = city.tokens[Role.ADMIN]
    items = client.get("/v1/audit?limit=2", admin).json()["items"]
    assert {item["action"] for item in items} == {"key.create"}
    found = client.get("/v1/audit/verify", admin).json()
    assert (found["whole"], found["links"], found["older"]) == (True, len(Role), 0)


def test_audit_log_that_was_changed_says_where(client: Client, city: City) -> None:
    with city.database.write() as connection:
        connection.execute(text("UPDATE audit SET who = 'nobody' WHERE row = 3"))
    found = client.get("/v1/audit/verify", city.tokens[Role.ADMIN]).json()
    assert (found["whole"], found["broken_at"], found["links"]) == (False, 3, 2)
