"""The InfluxDB that tests and benchmarks use: the one they are pointed at, or a child process of their own.

`IOC_TEST_INFLUX_URL` with `IOC_TEST_INFLUX_TOKEN` and `IOC_TEST_INFLUX_ORG` names a server; its token must be
allowed to make buckets. Otherwise `make servers` has built one, or there is none.
"""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx

from store.influx_client import InfluxAddress, InfluxConnection

__all__ = ["find_influxd", "running_influx", "temporary_bucket", "why_no_influx"]

_START_S = 60.0
_ORG, _TOKEN = "test", "a-token-of-this-test-run"


def find_influxd() -> Path | None:
    """The server's program: what `make servers` built, else an `influxd` on PATH."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ioc-telemetry" / "servers"
    folder = Path(os.environ.get("IOC_SERVERS_DIR") or cache)
    built = sorted(folder.glob("influxd-*"))
    found = str(built[-1]) if built else shutil.which("influxd")
    return None if found is None else Path(found)


def why_no_influx() -> str | None:
    """Why there is no InfluxDB to test with; None when there is one."""
    if os.environ.get("IOC_TEST_INFLUX_URL") or find_influxd() is not None:
        return None
    return "no InfluxDB: make servers, or name one in IOC_TEST_INFLUX_URL"


@contextmanager
def running_influx(folder: Path) -> Iterator[InfluxAddress]:
    """A server; its data in `folder` where it is a child process, which ends with the block."""
    if url := os.environ.get("IOC_TEST_INFLUX_URL"):
        org = os.environ.get("IOC_TEST_INFLUX_ORG", _ORG)
        yield InfluxAddress(
            url=url, org=org, bucket="", token=os.environ["IOC_TEST_INFLUX_TOKEN"], retention_days=0
        )
        return
    program = find_influxd()
    if program is None:
        raise RuntimeError(str(why_no_influx()))
    address = InfluxAddress(
        url=f"http://127.0.0.1:{_free_port()}", org=_ORG, bucket="", token=_TOKEN, retention_days=0
    )
    with (folder / "influxd.log").open("wb") as log:
        child = subprocess.Popen(
            [program, f"--bolt-path={folder / 'influxd.bolt'}", f"--engine-path={folder / 'engine'}",
             f"--sqlite-path={folder / 'influxd.sqlite'}", f"--http-bind-address={address.url[7:]}",
             "--reporting-disabled", "--log-level=error"],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _set_up(address, child)
        yield address
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def temporary_bucket(server: InfluxAddress, retention_days: int = 0) -> Iterator[InfluxAddress]:
    """A bucket of its own, removed with the block."""
    address = replace(server, bucket=f"test-{uuid.uuid4().hex[:12]}", retention_days=retention_days)
    connection = InfluxConnection(address)
    connection.make_bucket()
    try:
        yield address
    finally:
        connection.remove_bucket()
        connection.close()


def _set_up(address: InfluxAddress, child: subprocess.Popen[bytes]) -> None:
    """Wait for the server and make its first user, organisation and token."""
    deadline = time.monotonic() + _START_S
    while True:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{address.url}/health").is_success:
                break
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"influxd did not start; exit status {child.poll()}")
        time.sleep(0.05)
    body = {"username": "test", "password": _TOKEN, "org": _ORG, "bucket": "unused", "token": _TOKEN}
    httpx.post(f"{address.url}/api/v2/setup", json=body).raise_for_status()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
