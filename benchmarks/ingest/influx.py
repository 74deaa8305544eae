"""The real InfluxDB as a child process, for the measurements."""

import json
import os
import re
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.demo_process import free_port

__all__ = ["ORG", "InfluxServer", "find_server", "influx_server"]

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


@contextmanager
def influx_server(program: Path, folder: Path) -> Iterator[InfluxServer]:
    """A server whose data lie in `folder`, gone afterwards.

    Raises:
        TimeoutError: it does not answer.
    """
    folder.mkdir(parents=True)
    url = f"http://127.0.0.1:{free_port()}"
    command = [str(program), "--bolt-path", str(folder / "bolt"), "--engine-path", str(folder / "engine")]
    command += ["--sqlite-path", str(folder / "sqlite"), "--http-bind-address", url.removeprefix("http://")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--reporting-disabled", "--log-level", "warn"], stdout=log, stderr=log
        )
    try:
        server = InfluxServer(url=url, token=secrets.token_urlsafe(32))
        _set_up(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def _set_up(server: InfluxServer) -> None:
    wanted = {"username": "bench", "password": secrets.token_urlsafe(16), "org": ORG, "bucket": "unused"}
    deadline_s = time.monotonic() + _START_S
    while True:
        try:
            server.ask("POST", "/api/v2/setup", {**wanted, "token": server.token})
        except OSError:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"InfluxDB does not answer at {server.url}") from None
            time.sleep(_POLL_S)
        else:
            return
