"""The real InfluxDB as a child process, for the measurements."""

import json
import os
import re
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.demo_process import free_port

__all__ = ["ORG", "InfluxProcess", "InfluxServer", "find_server", "influx_server"]

ORG = "ioc"
_POLL_S = 0.05
_START_S = 30.0
_TIMEOUT_S = 30.0
_POINTS = re.compile(rb"^storage_writer_ok_points_sum\S* (\S+)$", re.MULTILINE)


def find_server(name: str) -> Path | None:
    """A server that `make servers` has built, else one on PATH."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("IOC_SERVERS_DIR") or cache / "ioc-telemetry" / "servers")
    built = sorted(path for path in folder.glob(f"{name}-*") if os.access(path, os.X_OK))
    found = shutil.which(name)
    return built[-1] if built else Path(found) if found else None


@dataclass(frozen=True, kw_only=True)
class InfluxServer:
    """A running server with an organisation, and a token that may do everything."""

    url: str
    token: str

    def make_bucket(self, name: str) -> None:
        """An empty bucket that keeps everything."""
        found = self.ask("GET", f"/api/v2/orgs?{urlencode({'org': ORG})}")
        self.ask(
            "POST", "/api/v2/buckets", {"orgID": found["orgs"][0]["id"], "name": name, "retentionRules": []}
        )

    def points_written(self) -> int:
        """Points that the server has stored since its start; reading it disturbs it less than a query."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=_TIMEOUT_S) as answer:  # noqa: S310 - our own server
            return round(sum(float(number) for number in _POINTS.findall(answer.read())))

    def rows(self, bucket: str, without: str = "") -> int:
        """Rows in a bucket, without those of one measurement: of each the field that most of them have."""
        query = urlencode({"db": bucket, "q": "select count(*) from /.*/"})
        found = self.ask("POST", f"/query?{query}", None)
        series = found["results"][0].get("series", [])
        counts = {row["name"]: row["values"][0][1:] for row in series if row["name"] != without}
        return sum(max(count for count in fields if count is not None) for fields in counts.values())

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the server answers.

        Raises:
            OSError: it does not, or says no.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, method=method)  # noqa: S310 - our own server
        request.add_header("Authorization", f"Token {self.token}")
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - our own server
            return json.load(answer)


class InfluxProcess:
    """A server whose data lie in `folder`: it can be killed and started again, on the same port."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.server = InfluxServer(url=f"http://127.0.0.1:{self.port}", token=secrets.token_urlsafe(32))

    def start(self) -> None:
        """Start it; returns when it answers. The first time it gets its organisation and token.

        Raises:
            TimeoutError: it does not answer.
        """
        is_new = not self._folder.exists()
        self._folder.mkdir(parents=True, exist_ok=True)
        files = ("--bolt-path", "bolt"), ("--engine-path", "engine"), ("--sqlite-path", "sqlite")
        command = [
            str(self._program),
            *(part for name, file in files for part in (name, str(self._folder / file))),
        ]
        command += [
            "--http-bind-address",
            f"127.0.0.1:{self.port}",
            "--reporting-disabled",
            "--log-level",
            "warn",
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        if is_new:
            _patiently(self.server, lambda: _set_up(self.server))
        else:
            _patiently(self.server, lambda: self.server.ask("GET", "/api/v2/orgs"))

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone. Idempotent."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """Ask it to end, and wait until it has. Idempotent."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


@contextmanager
def influx_server(program: Path, folder: Path) -> Iterator[InfluxServer]:
    """A server whose data lie in `folder`, gone afterwards.

    Raises:
        TimeoutError: it does not answer.
    """
    process = InfluxProcess(program, folder)
    try:
        process.start()
        yield process.server
    finally:
        process.end()


def _set_up(server: InfluxServer) -> None:
    wanted = {"username": "bench", "password": secrets.token_urlsafe(16), "org": ORG, "bucket": "unused"}
    server.ask("POST", "/api/v2/setup", {**wanted, "token": server.token})


def _patiently(server: InfluxServer, ask: Callable[[], object]) -> None:
    """Ask until there is an answer."""
    deadline_s = time.monotonic() + _START_S
    while True:
        try:
            ask()
        except OSError:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"InfluxDB does not answer at {server.url}") from None
            time.sleep(_POLL_S)
        else:
            return
