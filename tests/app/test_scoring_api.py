"""What the API says was raised is what the store says."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.application import create_app
from api.auth import Role
from app.errors import StartError
from app.scoring_api import ApiReports
from devices.registry import Registry
from reports.score.stored import StoredReports
from store.operations.database import OperationsDatabase, sqlite_url
from tests.api.support import City, Client, client_of
from tests.store.operations.support import cleared, outcome, raised, suspected


class Forward(httpx.BaseTransport):
    """Sends requests to an application of this process."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        answer = self._client.request(request.method, path, headers=dict(request.headers))
        return httpx.Response(answer.status_code, content=answer.content)


@pytest.fixture
def city(tmp_path: Path, registry: Registry) -> Iterator[City]:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield City(database, registry)
    database.close()


def asking(city: City, client: Client, key: str | None = None) -> ApiReports:
    token = city.tokens[Role.ADMIN] if key is None else key
    return ApiReports("http://ioc.test/", token, page=2, transport=Forward(client))


def test_api_and_store_say_the_same_over_several_pages(city: City) -> None:
    faults = [raised(since_ms=1_795_348_000_000 + number) for number in range(5)]
    city.detection.commit(outcome(*faults, suspected(), number=1))
    city.detection.commit(outcome(cleared(faults[0]), number=2))
    stored = StoredReports(city.database)
    with client_of(create_app(city.services())) as client:
        asked = asking(city, client)
        assert asked.all().faults == stored.all().faults
        assert asked.all().violations == stored.all().violations
        assert len(stored.all().faults) == 5
        assert len(stored.all().violations) == 1
        assert asked.why(faults[0].id) == stored.why(faults[0].id)
        assert asked.why("00000000-0000-0000-0000-000000000000") == ""
        assert asked.all().base_url == "http://ioc.test"
        asked.close()


def test_key_that_may_not_read_is_said_in_one_sentence(city: City) -> None:
    with (
        client_of(create_app(city.services())) as client,
        pytest.raises(StartError, match=r"--key: .* \(401\)"),
    ):
        asking(city, client, "ioc_no_key").all()


def test_address_where_nobody_answers_is_said_in_one_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    asked = ApiReports("http://ioc.test", "key", transport=httpx.MockTransport(refuse))
    with pytest.raises(StartError, match=r"--api: http://ioc\.test does not answer"):
        asked.all()


def test_something_else_at_the_address_is_said_in_one_sentence() -> None:
    asked = ApiReports(
        "http://ioc.test", "key", transport=httpx.MockTransport(lambda _: httpx.Response(200, text="<html>"))
    )
    with pytest.raises(StartError, match="answers otherwise than expected"):
        asked.all()
