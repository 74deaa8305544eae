"""The InfluxDB that tests and benchmarks use: the one they are pointed at, or a child process of their own.

`IOC_TEST_INFLUX_URL` with `IOC_TEST_INFLUX_TOKEN` and `IOC_TEST_INFLUX_ORG` names a server; its token must be
allowed to make buckets. Otherwise `make servers` has built one, or there is none.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.ingest.influx import ORG, find_server, influx_server
from store.influx_buckets import buckets_of, make_buckets
from store.influx_client import InfluxAddress, InfluxConnection
from store.resolutions import Resolution
from store.retention import Retention

__all__ = ["running_influx", "temporary_bucket", "why_no_influx"]


def why_no_influx() -> str | None:
    """Why there is no InfluxDB to test with; None when there is one."""
    if os.environ.get("IOC_TEST_INFLUX_URL") or find_server("influxd") is not None:
        return None
    return "no InfluxDB: make servers, or name one in IOC_TEST_INFLUX_URL"


@contextmanager
def running_influx(folder: Path) -> Iterator[InfluxAddress]:
    """A server without a bucket; a child process has its data in `folder` and ends with the block."""
    if url := os.environ.get("IOC_TEST_INFLUX_URL"):
        token = os.environ["IOC_TEST_INFLUX_TOKEN"]
        yield InfluxAddress(url=url, org=os.environ.get("IOC_TEST_INFLUX_ORG", ORG), bucket="", token=token)
        return
    program = find_server("influxd")
    if program is None:
        raise RuntimeError(str(why_no_influx()))
    with influx_server(program, folder) as server:
        yield InfluxAddress(url=server.url, org=ORG, bucket="", token=server.token)


@contextmanager
def temporary_bucket(server: InfluxAddress, retention_days: int = 0) -> Iterator[InfluxAddress]:
    """Buckets of its own, removed with the block; the rollups' are for good."""
    address = replace(server, bucket=f"test-{uuid.uuid4().hex[:12]}", retention_days=retention_days)
    retention = Retention({Resolution.RAW: retention_days, Resolution.MINUTE: 0, Resolution.HOUR: 0})
    make_buckets(address, retention)
    try:
        yield address
    finally:
        for bucket in buckets_of(address, retention).values():
            connection = InfluxConnection(bucket)
            connection.remove_bucket()
            connection.close()
