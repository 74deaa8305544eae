"""`ioc run` as a child process, for proofs that kill it, starve it or poison it, and what its API answers."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from api.auth import Role
from app.data_directory import DataDirectory
from benchmarks.demo_process import free_port
from devices.clock import SystemClock
from devices.device import Device
from devices.registry_files import write_csv
from store.duckdb_store import DuckdbTelemetryStore
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.keys import KeyRepository

__all__ = ["Installation", "RunProcess", "ServiceApi", "embedded_store", "until"]

_READY_S = 90.0
_STOP_S = 60.0
_POLL_S = 0.1
_PATIENCE_S = 180.0
_PAGE = 1_000


def until(
    condition: Callable[[], bool], what: str, patience_s: float = _PATIENCE_S, poll_s: float = _POLL_S
) -> float:
    """Wait for a condition; the seconds it took.

    Raises:
        AssertionError: it did not come about in time.
    """
    begin_s = time.monotonic()
    while not condition():
        took_s = time.monotonic() - begin_s
        assert took_s < patience_s, f"{what}: not within {patience_s:.0f} s"
        time.sleep(poll_s)
    return time.monotonic() - begin_s


@dataclass(frozen=True)
class Installation:
    """A data directory, a registry, a port of its own, and a key; every process on it is the same service.

    `settings` are further ones, by their names in the environment.
    """

    folder: Path
    mqtt_port: int
    devices: Sequence[Device]
    settings: Mapping[str, str] = field(default_factory=dict)
    http_port: int = field(default_factory=free_port)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def registry(self) -> Path:
        """The registry's file."""
        return self.folder / "devices.csv"

    @property
    def environment(self) -> dict[str, str]:
        """What the service is started with."""
        own = {
            "IOC_DATA_DIR": str(self.data),
            "IOC_MQTT_PORT": str(self.mqtt_port),
            "IOC_HTTP_PORT": str(self.http_port),
        }
        return {**os.environ, **own, **self.settings}

    def prepare(self) -> str:
        """Write the registry and make an administrator's key, while nothing runs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_csv(self.devices, self.registry)
        directory = DataDirectory(self.data)
        database = OperationsDatabase.open(sqlite_url(directory.operations))
        made = KeyRepository(database).create("proof", Role.ADMIN, who="proof", at_ms=SystemClock().now_ms())
        database.close()
        directory.release()
        return made.token


@contextmanager
def embedded_store(installation: Installation) -> Iterator[DuckdbTelemetryStore]:
    """The telemetry of a service that has ended, where it needs no server."""
    store = DuckdbTelemetryStore(installation.data / "telemetry")
    try:
        yield store
    finally:
        store.close()


class RunProcess:
    """The service, started. Its log is appended to `log` in the installation's folder."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "run", "--registry", str(installation.registry)],
                env=installation.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def log(self) -> Path:
        """What it says on stderr."""
        return self._installation.folder / "log"

    @property
    def is_ready(self) -> bool:
        """Whether the stream from the broker was live."""
        return self._ready.is_set()

    def wait_ready(self) -> None:
        """Return when the stream from the broker is live.

        Raises:
            AssertionError: it is not in time.
        """
        until(lambda: self.is_ready or self._process.poll() is not None, "the service is ready", _READY_S)
        assert self.is_ready, f"the service did not become ready:\n{self._last_words()}"

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone. Idempotent."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def stop(self) -> float:
        """SIGTERM; the seconds until it has ended.

        Raises:
            AssertionError: it did not, or not with status 0.
        """
        begin_s = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the service did not stop within {_STOP_S:.0f} s") from None
        assert status == 0, f"the service ended with status {status}:\n{self._last_words()}"
        return time.monotonic() - begin_s

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                if line.startswith("ready "):
                    self._ready.set()

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-20:])


class ServiceApi:
    """What the service says of itself and of the city."""

    def __init__(self, http_port: int, key: str) -> None:
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{http_port}", headers={"Authorization": f"Bearer {key}"}, timeout=30.0
        )

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a question.

        Raises:
            httpx.HTTPError: there is none, or it says no.
        """
        answer = self._http.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def every(self, path: str, **query: Any) -> Iterator[Any]:
        """All items of a list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, limit=_PAGE, **query, **cursor)
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def metrics(self) -> dict[str, float]:
        """Every sample as `name` or `name{label=value,…}` without quotes; counters end in `_total`."""
        answer = self._http.get("/metrics")
        answer.raise_for_status()
        return {
            f"{sample.name}{_labels(sample.labels)}": sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def fates(self) -> dict[str, int]:
        """Records by fate, and `pending`, at one checkpoint."""
        found: dict[str, int] = {}
        for name, value in self.metrics().items():
            if name.startswith("ioc_records_total{"):
                fate = name.split("fate=")[1].split(",")[0]
                found[fate] = found.get(fate, 0) + round(value)
            elif name == "ioc_records_pending":
                found["pending"] = round(value)
        return found

    def close(self) -> None:
        """Release the connection."""
        self._http.close()


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f"{name}={value}" for name, value in sorted(labels.items())) + "}"
