"""The connection to an InfluxDB 2.x server: what it is, its bucket, lines in, and its errors as the port's.

InfluxDB's answers, as the port sees them: 400 and 413 concern the lines and 422 some of them
(`LinesRefusedError`); all others, and no answer, mean that it cannot serve now.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from influxdb_client.client.bucket_api import BucketsApi
from influxdb_client.client.delete_api import DeleteApi
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS, WriteApi
from influxdb_client.domain.bucket import Bucket
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.rest import ApiException

from store.telemetry import TelemetrySetupError, TelemetryUnavailableError

__all__ = ["InfluxAddress", "InfluxConnection", "LinesRefusedError"]

_DAY_S = 86_400
_MS_A_SECOND = 1_000
_IN_FLIGHT = 2
_SHARD_SIZE = r'^storage_shard_disk_size{{bucket="{}",[^}}]*}} (\S+)$'
_ABOUT_LINES = frozenset({400, 413, 422})
_PARTIAL = 422
_HINTS = {401: "check the token", 403: "check the token's permissions", 404: "run: ioc store migrate"}
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class LinesRefusedError(Exception):
    """The server will never take these lines, or some of them, as they are.

    Attributes:
        why: the reason, without any value of a line.
        dropped: how many it left out while it stored the others; None where it stored none.
    """

    def __init__(self, why: str, dropped: int | None) -> None:
        super().__init__(why)
        self.why = why
        self.dropped = dropped


@dataclass(frozen=True, kw_only=True)
class InfluxAddress:
    """Where the server is and what is ours there. A `retention_days` of 0 keeps everything for good."""

    url: str
    org: str
    bucket: str
    token: str
    retention_days: int = 30
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        """The address without its token."""
        return f"InfluxAddress({self.url!r}, org={self.org!r}, bucket={self.bucket!r})"

    @property
    def is_remote(self) -> bool:
        """Whether what is sent leaves this machine: compressing costs more than the loopback does."""
        return urlsplit(self.url).hostname not in _LOCAL


class InfluxConnection:
    """One server and bucket; any number of threads may use it."""

    def __init__(self, address: InfluxAddress) -> None:
        self.address = address
        self._client = InfluxDBClient(
            url=address.url,
            token=address.token,
            org=address.org,
            timeout=round(address.timeout_s * _MS_A_SECOND),
            enable_gzip=address.is_remote,
            connection_pool_maxsize=_IN_FLIGHT,
            retries=False,  # the writer tries again, with everything that came meanwhile
        )
        self._writes: WriteApi = self._client.write_api(write_options=SYNCHRONOUS)

    def version(self) -> str:
        """The server's version.

        Raises:
            TelemetrySetupError: it is no InfluxDB 2.
            TelemetryUnavailableError: it does not answer.
        """
        with self.asking():
            version = str(self._client.version())
        if not re.match(r"v?2\.", version):
            raise TelemetrySetupError(
                f"{self.address.url!r} answers as version {version!r}; telemetry needs InfluxDB 2.x"
            )
        return version.removeprefix("v")

    def bucket(self) -> Bucket | None:
        """Our bucket; None where it is not there.

        Raises:
            TelemetryUnavailableError: the server cannot say.
        """
        with self.asking():
            found: Bucket | None = self._buckets.find_bucket_by_name(self.address.bucket)
            return found

    def kept_days(self) -> int:
        """Days that the server keeps what is in our bucket; 0 is for good, and where it is not there.

        Raises:
            TelemetryUnavailableError: the server cannot say.
        """
        found = self.bucket()
        rules = [] if found is None else found.retention_rules
        return next((int(rule.every_seconds) // _DAY_S for rule in rules), 0)

    def check_bucket(self) -> None:
        """Do nothing where our bucket is there.

        Raises:
            TelemetrySetupError: it is not.
            TelemetryUnavailableError: the server cannot say.
        """
        if self.bucket() is None:
            url, bucket = self.address.url, self.address.bucket
            raise TelemetrySetupError(f"InfluxDB at {url!r} has no bucket {bucket!r}; run: ioc store migrate")

    def make_bucket(self) -> Bucket:
        """Our bucket with our retention, made or changed where it was not so.

        Raises:
            TelemetryUnavailableError: the server did not do it.
        """
        # 0 seconds are for good.
        rules = [BucketRetentionRules(type="expire", every_seconds=self.address.retention_days * _DAY_S)]
        found = self.bucket()
        with self.asking():
            if found is None:
                return self._buckets.create_bucket(
                    bucket_name=self.address.bucket, retention_rules=rules, org=self.address.org
                )
            found.retention_rules = rules
            return self._buckets.update_bucket(found)

    def remove_bucket(self) -> None:
        """Remove our bucket with everything in it.

        Raises:
            TelemetryUnavailableError: the server did not do it.
        """
        found = self.bucket()
        if found is not None:
            with self.asking():
                self._buckets.delete_bucket(found)

    def write(self, lines: bytes) -> None:
        """Store lines, durably.

        Raises:
            LinesRefusedError: none or some of them will ever be stored.
            TelemetryUnavailableError: the server cannot serve now; trying again is right.
        """
        with self.asking():
            self._writes.write(bucket=self.address.bucket, record=lines)

    def delete(self, predicate: str, start: str, stop: str) -> None:
        """Remove what the predicate names between two RFC 3339 times, both inclusive.

        Raises:
            TelemetryUnavailableError: the server did not do it.
        """
        with self.asking():
            DeleteApi(self._client).delete(start, stop, predicate, self.address.bucket, self.address.org)

    def size_bytes(self) -> int | None:
        """Bytes of our bucket on the server's disk; None where its metrics are switched off."""
        found = self.bucket()
        if found is None:
            return None
        try:
            with self.asking():
                answer = self._client.api_client.call_api(
                    "/metrics", "GET", _preload_content=False, _return_http_data_only=True
                )
        except TelemetryUnavailableError:
            return None
        sizes = re.findall(_SHARD_SIZE.format(re.escape(found.id)), answer.data.decode(), re.MULTILINE)
        return sum(int(float(size)) for size in sizes)

    def close(self) -> None:
        """Release the connections; idempotent."""
        self._client.close()

    @property
    def _buckets(self) -> BucketsApi:
        return self._client.buckets_api()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """The client's errors as the port's."""
        try:
            yield
        except ApiException as error:
            raise _translated(self.address, error) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TelemetryUnavailableError(
                f"InfluxDB at {self.address.url!r}: {_in_short(error)}"
            ) from error


def _translated(address: InfluxAddress, error: ApiException) -> Exception:
    status = int(error.status or 0)
    message = _message(error)
    if status in _ABOUT_LINES:
        dropped = re.search(r"dropped=(\d+)", message)
        return LinesRefusedError(
            _without_values(message), int(dropped[1]) if dropped and status == _PARTIAL else None
        )
    said = f"InfluxDB at {address.url!r} answers {status}: {message}"
    if status in _HINTS:
        return TelemetrySetupError(f"{said} ({_HINTS[status]})")
    return TelemetryUnavailableError(said, _retry_after_s(error))


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body or b"{}")["message"])
    except (ValueError, LookupError, TypeError):
        return str(error.reason)


def _without_values(message: str) -> str:
    """The server's reason; a line that it quotes holds readings, which are no business of a log."""
    parsed = re.search(r"unable to parse '.*': (.*)", message, re.DOTALL)
    return f"line protocol: {parsed[1]}" if parsed else re.sub(r"^.*partial write: ", "", message)


def _retry_after_s(error: ApiException) -> float | None:
    value = "" if error.headers is None else error.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _in_short(error: Exception) -> str:
    """The kind of failure; the client's own text has the whole connection's life in it."""
    return f"{type(error).__name__}: {str(error).rsplit(':', 1)[-1].strip()}"
