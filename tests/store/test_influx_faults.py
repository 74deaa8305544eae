"""A server that fails: which of its answers mean that the same batch should be tried again."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from devices.batch import ReadingBatch
from store.influx_client import InfluxAddress, LinesRefusedError
from store.influx_store import InfluxTelemetryStore
from store.telemetry import RangeQuery, Selection, TelemetrySetupError, TelemetryUnavailableError
from tests.store.readings import many_lamps

BATCH = ReadingBatch("streetlight", many_lamps(3))
RANGE = RangeQuery(kind="streetlight", devices=["L0"], from_ms=0, to_ms=1)


@contextmanager
def failing_server(
    status: int, body: bytes = b"", headers: dict[str, str] | None = None, *, hangs: bool = False
) -> Iterator[str]:
    """A server that gives one answer to everything, or none; its address."""
    done = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def do_GET(self) -> None:
            if hangs:
                done.wait()
                return
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def opened(url: str, timeout_s: float = 5.0) -> Iterator[InfluxTelemetryStore]:
    store = InfluxTelemetryStore(
        InfluxAddress(url=url, org="o", bucket="b", token="secret-token", timeout_s=timeout_s)
    )
    yield store
    store.close()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_server_that_cannot_serve_now_is_asked_again_later(status: int) -> None:
    headers = {"Retry-After": "7"} if status in {429, 503} else {}
    with failing_server(status, b"busy", headers) as url, opened(url) as store:
        with pytest.raises(TelemetryUnavailableError, match=str(status)) as failure:
            store.write(BATCH)
        assert failure.value.retry_after_s == (7.0 if headers else None)
        assert not isinstance(failure.value, TelemetrySetupError)
        with pytest.raises(TelemetryUnavailableError):
            store.range(RANGE)
        with pytest.raises(TelemetryUnavailableError):
            next(store.export(Selection(kind="streetlight", from_ms=0, to_ms=1)))


def test_server_that_hangs_is_given_up_after_the_timeout() -> None:
    with failing_server(204, hangs=True) as url, opened(url, timeout_s=0.2) as store:
        with pytest.raises(TelemetryUnavailableError, match=r"[Tt]imeout|timed out"):
            store.write(BATCH)
        with pytest.raises(TelemetryUnavailableError, match=r"[Tt]imeout|timed out"):
            store.range(RANGE)


def test_server_that_is_not_there_is_unavailable() -> None:
    with failing_server(204) as url:
        pass
    with opened(url) as store:
        with pytest.raises(TelemetryUnavailableError, match="InfluxDB at"):
            store.write(BATCH)
        with pytest.raises(TelemetryUnavailableError, match="InfluxDB at"):
            store.range(RANGE)
        with pytest.raises(TelemetryUnavailableError, match="InfluxDB at"):
            store.check()


@pytest.mark.parametrize(("status", "hint"), [(401, "token"), (403, "permissions"), (404, "migrate")])
def test_server_that_refuses_us_needs_a_person_and_the_token_is_not_shown(status: int, hint: str) -> None:
    body = b'{"code":"x","message":"no"}'
    with failing_server(status, body) as url, opened(url) as store:
        with pytest.raises(TelemetrySetupError, match=f"{status}: no .*{hint}") as failure:
            store.write(BATCH)
        assert "secret-token" not in f"{failure.value} {store}"


def test_server_of_another_version_is_refused() -> None:
    with (
        failing_server(200, b"{}", {"X-Influxdb-Version": "1.6.7"}) as url,
        opened(url) as store,
        pytest.raises(TelemetrySetupError, match=r"1\.6\.7"),
    ):
        store.check()


def test_answer_that_is_no_answer_is_unavailable() -> None:
    with (
        failing_server(200, b"<html>") as url,
        opened(url) as store,
        pytest.raises(TelemetryUnavailableError, match="no answer"),
    ):
        store.range(RANGE)


def test_refusal_shows_no_value_of_a_line() -> None:
    line = (
        b"""{"code":"invalid","message":"unable to parse 'm,device=x mac=AA:BB': it's bad': bad timestamp"}"""
    )
    with failing_server(400, line) as url, opened(url) as store:
        refused = store.write(BATCH)
    assert refused["refusal"].to_list() == ["line protocol: bad timestamp"] * 3


def test_partial_write_of_a_single_row_is_a_refusal() -> None:
    message = "failure writing points to database: partial write: points beyond retention policy dropped=1"
    with failing_server(422, json.dumps({"message": message}).encode()) as url, opened(url) as store:
        refused = store.write(BATCH)
    assert refused["refusal"].to_list() == ["points beyond retention policy dropped=1"] * 3
    assert LinesRefusedError("x", 1).dropped == 1


def test_time_is_not_wasted_on_a_server_that_is_away() -> None:
    """The client's own retries are off: it is the writer that tries again."""
    with failing_server(503, b"", {"Retry-After": "3600"}) as url, opened(url) as store:
        began = time.monotonic()
        with pytest.raises(TelemetryUnavailableError):
            store.write(BATCH)
        assert time.monotonic() - began < 60
