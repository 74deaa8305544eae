"""The real InfluxDB as the service's telemetry store, for proofs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.ingest.influx import ORG, InfluxProcess, find_server
from store.influx_buckets import make_buckets
from store.influx_client import InfluxAddress
from store.influx_store import InfluxTelemetryStore
from store.retention import KEPT_FOR_GOOD

__all__ = ["address_of", "influx_settings", "running_influx", "stored_in"]

_BUCKET = "telemetry"


@contextmanager
def running_influx(folder: Path) -> Iterator[InfluxProcess]:
    """A server with our bucket, gone afterwards.

    Raises:
        AssertionError: no InfluxDB was built.
    """
    program = find_server("influxd")
    assert program is not None, "this proof needs the real InfluxDB: make servers"
    process = InfluxProcess(program, folder)
    try:
        process.start()
        make_buckets(address_of(process), KEPT_FOR_GOOD)
        yield process
    finally:
        process.end()


def influx_settings(process: InfluxProcess, url: str | None = None) -> dict[str, str]:
    """What a service is started with to use the server, under another address where one is given."""
    address = address_of(process)
    return {
        "IOC_INFLUX_URL": url or address.url,
        "IOC_INFLUX_ORG": address.org,
        "IOC_INFLUX_BUCKET": address.bucket,
        "IOC_INFLUX_TOKEN": address.token,
        "IOC_RAW_DAYS": str(address.retention_days),
    }


@contextmanager
def stored_in(process: InfluxProcess) -> Iterator[InfluxTelemetryStore]:
    """Our bucket as a store to read from."""
    store = InfluxTelemetryStore(address_of(process), KEPT_FOR_GOOD)
    try:
        yield store
    finally:
        store.close()


def address_of(process: InfluxProcess) -> InfluxAddress:
    """Our bucket in the server."""
    server = process.server
    return InfluxAddress(
        url=server.url, org=ORG, bucket=_BUCKET, token=server.token, retention_days=0, timeout_s=60.0
    )
