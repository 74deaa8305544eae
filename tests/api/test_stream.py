"""The live stream over a real server: replay, filters, and an end that does not wait for its readers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from api.application import create_app
from api.auth import Role
from api.server import ApiServer
from tests.api.support import City, Client
from tests.store.operations.support import PLATE, cleared, outcome, raised, suspected

STOP_WITHIN_S = 5


@contextmanager
def serving(city: City) -> Iterator[ApiServer]:
    """The API of a city on a free port, started."""
    server = ApiServer(create_app(city.services()))
    thread = threading.Thread(target=server.run, name="api")
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(STOP_WITHIN_S)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture
def server(city: City) -> Iterator[ApiServer]:
    with serving(city) as running:
        yield running


@contextmanager
def reading(
    server: ApiServer, token: str, query: str = "", last: int | None = 0
) -> Iterator[Iterator[dict[str, Any]]]:
    """The events of a stream, each with its fields; connected before the block begins."""
    headers = {"Authorization": f"Bearer {token}"} | ({} if last is None else {"Last-Event-ID": str(last)})
    url = f"http://127.0.0.1:{server.port}/v1/stream{query}"
    with httpx.stream("GET", url, headers=headers, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == ": connected"
        yield events(lines)


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name in {"id", "event", "data"}:
            event[name] = json.loads(value) if name == "data" else value
        elif not line and "data" in event:
            yield event
            event = {}


def test_stream_replays_what_came_after_the_last_event_and_goes_on(city: City, server: ApiServer) -> None:
    first, second = raised(), raised("TK-L-0002")
    city.detection.commit(outcome(first, second, number=1))
    with reading(server, city.tokens[Role.VIEWER], last=1) as stream:
        replayed = next(stream)
        city.detection.commit(outcome(cleared(first), number=2))
        live = next(stream)

    assert (replayed["id"], replayed["event"]) == ("2", "fault")
    assert replayed["data"]["fault"]["device"]["id"] == "TK-L-0002"
    assert (live["id"], live["data"]["change"], live["data"]["fault"]["state"]) == ("3", "cleared", "cleared")


def test_stream_is_filtered_by_type_area_and_kind(city: City, server: ApiServer) -> None:
    elsewhere = raised("TK-W-001", kind="wifi-ap", area="ban-thach")
    city.detection.commit(outcome(raised(), elsewhere, suspected()))
    token = city.tokens[Role.OPERATOR]
    for query, expected in (("?area=ban-thach", "2"), ("?kind=wifi-ap", "2"), ("?type=violation", "3")):
        with reading(server, token, query) as stream:
            assert next(stream)["id"] == expected


def test_stream_tells_its_place_while_nothing_passes_the_filter(city: City, server: ApiServer) -> None:
    city.detection.commit(outcome(*(raised(f"lamp-{n}") for n in range(250)), raised("ap", area="ban-thach")))
    headers = {"Authorization": f"Bearer {city.tokens[Role.VIEWER]}", "Last-Event-ID": "0"}
    url = f"http://127.0.0.1:{server.port}/v1/stream?area=ban-thach"
    with httpx.stream("GET", url, headers=headers, timeout=10) as answer:
        ids: list[str] = []
        for line in answer.iter_lines():
            ids += [line] if line.startswith("id:") else []
            if line.startswith("data:"):
                break
    assert ids == ["id: 100", "id: 200", "id: 251"]


def test_stream_masks_plates_even_for_officers(city: City, server: ApiServer) -> None:
    city.detection.commit(outcome(suspected()))
    with reading(server, city.tokens[Role.OFFICER]) as stream:
        event = next(stream)
    assert event["data"]["violation"]["vehicle"]["plate"] == "92A-***.45"
    assert PLATE not in json.dumps(event)


def test_stream_has_no_violations_for_who_may_not_read_them(city: City, server: ApiServer) -> None:
    city.detection.commit(outcome(suspected(), number=1))
    city.detection.commit(outcome(raised(), number=2))
    with reading(server, city.tokens[Role.VIEWER]) as stream:
        assert next(stream)["event"] == "fault"


def test_stream_ends_with_its_key_before_anything_more_is_sent(city: City, server: ApiServer) -> None:
    city.detection.commit(outcome(raised(), number=1))
    token = city.token(Role.VIEWER, name="the wall")
    with reading(server, token) as stream, reading(server, city.tokens[Role.VIEWER]) as another:
        assert next(stream)["id"] == next(another)["id"] == "1"
        city.views.keys.revoke(token[4:16], who="test", at_ms=city.real_clock.now_ms())
        city.real_clock.step_to(city.real_clock.now_ms() + 10_000)
        city.detection.commit(outcome(raised("TK-L-0002"), number=2))
        assert next(stream, None) is None
        assert next(another)["id"] == "2"


@pytest.mark.parametrize(
    ("query", "headers", "status", "field"),
    [
        ("?type=violation", {}, 403, "type"),
        ("?type=mood", {}, 422, "type.0"),
        ("", {"Last-Event-ID": "yesterday"}, 422, "last-event-id"),
        ("", {"Last-Event-ID": "99999999999999999999"}, 422, "last-event-id"),
    ],
)
def test_stream_that_cannot_be_had_is_a_problem(
    client: Client, city: City, query: str, headers: dict[str, str], status: int, field: str
) -> None:
    answer = client.get(f"/v1/stream{query}", city.tokens[Role.VIEWER], headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_server_stops_although_streams_are_open_and_they_end_cleanly(city: City) -> None:
    city.detection.commit(outcome(raised()))
    with serving(city) as server, reading(server, city.tokens[Role.VIEWER]) as stream:
        next(stream)
        server.should_exit = True
        assert list(stream) == []


def test_restarted_server_loses_no_change_for_who_comes_back(city: City) -> None:
    first = raised()
    city.detection.commit(outcome(first, number=1))
    with serving(city) as server, reading(server, city.tokens[Role.VIEWER]) as stream:
        seen = int(next(stream)["id"])
    city.detection.commit(outcome(cleared(first), number=2))
    with serving(city) as server, reading(server, city.tokens[Role.VIEWER], last=seen) as stream:
        assert next(stream)["data"]["change"] == "cleared"
