"""The client that the documentation shows works against a service that listens."""

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.application import create_app
from api.roles import Role
from api.server import ApiServer
from tests.api.support import City
from tests.store.operations.support import LAMP, outcome, raised

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "api_client.py"


@pytest.fixture
def served(city: City) -> Iterator[str]:
    """The address of a service."""
    city.detection.commit(outcome(raised()))
    server = ApiServer(create_app(city.services()))
    started = threading.Event()
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        started.wait(0.01)
    yield f"http://127.0.0.1:{server.port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def example() -> Any:
    spec = importlib.util.spec_from_file_location("api_client", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_example_reads_acts_and_follows(
    served: str, city: City, example: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    token = city.tokens[Role.OPERATOR]
    example.main(served, token)
    assert LAMP in capsys.readouterr().out

    with httpx.Client(base_url=served, headers={"Authorization": f"Bearer {token}"}) as client:
        assert len(list(example.pages(client, "/v1/devices", limit=2))) == len(city.registry)
        assert example.acknowledge(client, raised().id, "on our way")["acknowledged"]["by"] == "the operator"
        stream = example.changes(client, after="0")
        seen, change = next(stream)
        assert (seen, change["change"], change["fault"]["id"]) == ("1", "raised", raised().id)
        stream.close()
