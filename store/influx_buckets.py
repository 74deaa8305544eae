"""Our buckets in an InfluxDB: one for each resolution, which the server empties by their age itself."""

from collections.abc import Mapping
from dataclasses import replace

from store.influx_client import InfluxAddress, InfluxConnection
from store.resolutions import Resolution
from store.retention import Retention

__all__ = ["buckets_of", "make_buckets"]


def buckets_of(address: InfluxAddress, retention: Retention) -> Mapping[Resolution, InfluxAddress]:
    """The bucket of each resolution; readings and events lie in the one that the address names.

    A bucket is emptied for all kinds alike, so it keeps what any kind keeps longest.
    """
    return {
        resolution: replace(
            address,
            bucket=address.bucket if resolution is Resolution.RAW else f"{address.bucket}_{resolution}",
            retention_days=retention.longest_days(resolution),
        )
        for resolution in Resolution
    }


def make_buckets(address: InfluxAddress, retention: Retention) -> str:
    """Make our buckets with their retention, or change it where it was another; the server's version.

    Raises:
        TelemetrySetupError: it is no InfluxDB 2, or does not let us.
        TelemetryUnavailableError: it does not answer.
    """
    version = ""
    for bucket in buckets_of(address, retention).values():
        connection = InfluxConnection(bucket)
        try:
            version = version or connection.version()
            connection.make_bucket()
        finally:
            connection.close()
    return version
