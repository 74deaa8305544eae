"""Headers that browsers obey, and bodies that stay small."""

from collections.abc import AsyncIterator

from api.roles import Role
from tests.api.support import City, Client

MIB = 1_048_576


def test_every_answer_has_the_protecting_headers(client: Client, city: City) -> None:
    for path in ("/healthz", "/v1/kinds", "/nowhere"):
        headers = client.get(path, city.tokens[Role.VIEWER]).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "strict-transport-security" not in headers  # plain HTTP cannot promise it


def test_body_that_is_too_long_is_refused_before_it_is_read(client: Client, city: City) -> None:
    answer = client.post("/v1/faults/bulk", city.tokens[Role.OPERATOR], content=b" " * (MIB + 1))
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:ioc:problem:too-large")
    assert client.post("/v1/faults/bulk", city.tokens[Role.OPERATOR], content=b" " * MIB).status_code == 422


def test_body_that_does_not_say_its_length_is_cut_off(client: Client, city: City) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    answer = client.post("/v1/faults/bulk", city.tokens[Role.OPERATOR], content=endless())
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:ioc:problem:too-large")


def test_files_may_be_longer(client: Client, city: City) -> None:
    headers = {"Content-Type": "text/csv"}
    answer = client.post(
        "/v1/devices/import?dry_run=true",
        city.tokens[Role.OPERATOR],
        content=b"x" * (MIB + 1),
        headers=headers,
    )
    assert answer.status_code == 200  # a dry run says what is wrong
