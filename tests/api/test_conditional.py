"""What a client has already is not sent again, and what is sent is small."""

from api.roles import Role
from tests.api.support import City, Client
from tests.store.operations.support import outcome, raised


def test_read_is_not_sent_again_while_nothing_changed(client: Client, city: City) -> None:
    token = city.tokens[Role.OPERATOR]
    first = client.get("/v1/faults", token)
    again = client.get("/v1/faults", token, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]

    city.detection.commit(outcome(raised()))
    changed = client.get("/v1/faults", token, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert len(changed.json()["items"]) == 1


def test_etag_of_a_record_names_its_version_and_what_it_shows(client: Client, city: City) -> None:
    token = city.tokens[Role.OPERATOR]
    city.detection.commit(outcome(raised()))
    path = f"/v1/faults/{raised().id}"
    etag = client.get(path, token).headers["etag"]
    assert etag.startswith('"1-')
    assert client.get(path, token, headers={"If-None-Match": f"W/{etag}"}).status_code == 304
    assert client.post(f"{path}/acknowledge", token, json={}, headers={"If-Match": etag}).status_code == 200
    assert (
        client.post(f"{path}/close", token, json={"comment": "x"}, headers={"If-Match": etag}).status_code
        == 412
    )
    assert client.get(path, token, headers={"If-None-Match": etag}).status_code == 200


def test_long_answers_are_compressed_for_who_accepts_it(client: Client, city: City) -> None:
    token = city.tokens[Role.VIEWER]
    packed = client.get("/v1/kinds", token, headers={"Accept-Encoding": "gzip"})
    plain = client.get("/v1/kinds", token, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 4


def test_errors_and_changes_have_no_etag(client: Client, city: City) -> None:
    assert "etag" not in client.get("/v1/devices/nobody", city.tokens[Role.VIEWER]).headers
    assert client.get("/healthz", headers={"If-None-Match": "*"}).status_code == 200
