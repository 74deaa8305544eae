"""Who drains the broker: the collector, a C subscriber, and Telegraf; each a process of its own."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from app.mqtt import BrokerAddress
from benchmarks.ingest.collector import INTRODUCTIONS
from benchmarks.ingest.influx import ORG, InfluxServer
from benchmarks.ingest.telegraf import configuration
from benchmarks.rig import cpu_s
from collector.self_report import KIND as COLLECTOR
from devices.catalogue import kinds
from devices.topics import NATIVE_FILTERS

__all__ = ["Collector", "Consumer", "StalledError", "Subscriber", "Telegraf"]

_POLL_S = 0.02
_READY_S = 60.0
_STALLED_S = 30.0
_TELEMETRY = NATIVE_FILTERS[0]


class StalledError(Exception):
    """A consumer makes no progress any more."""


class Consumer(Protocol):
    """Takes everything the devices publish; in its `with` statement it is connected and subscribed."""

    def __enter__(self) -> Self:
        """Start, and return when it receives."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        ...

    def wait_stored(self) -> float:
        """Return when everything expected is stored; processor seconds used since it was ready.

        Raises:
            StalledError: nothing was stored for half a minute.
        """
        ...


class _Child:
    """A child process that is ended with its `with` statement."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 before it is started."""
        return self._process.pid if self._process is not None else 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        else:
            process.terminate()
        try:
            process.wait(_READY_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


class Collector(_Child):
    """The collector with all rules on (`benchmarks.ingest.collector`), into InfluxDB or DuckDB."""

    def __init__(
        self,
        broker: BrokerAddress,
        folder: Path,
        *,
        devices: int,
        expect: int,
        server: InfluxServer | None = None,
        keep_ages: bool = False,
    ) -> None:
        super().__init__()
        self._command = [sys.executable, "-m", "benchmarks.ingest.collector", "--data", str(folder)]
        self._command += ["--mqtt-port", str(broker.port), "--devices", str(devices), "--expect", str(expect)]
        self._command += ["--ages"] if keep_ages else []
        # Settings of whoever measures would be settings of the collector too.
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
        self._server = server
        self._folder = folder
        self._bucket = folder.name
        self._expect = expect + INTRODUCTIONS * devices
        if server is not None:
            named = {"URL": server.url, "ORG": ORG, "BUCKET": self._bucket, "TOKEN": server.token}
            self._environment |= {f"IOC_INFLUX_{name}": value for name, value in named.items()}
        self._ready = threading.Event()
        self._complete = threading.Event()
        self._ready_cpu_s = 0.0
        self.told: dict[str, Any] = {"stored": 0}

    def __enter__(self) -> Self:
        """Start, and return when it is subscribed."""
        if self._server is not None:
            self._server.make_bucket(self._bucket)
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self._environment
        )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        if not self._ready.wait(_READY_S) or self._process.poll() is not None:
            self.__exit__(None, None, None)
            raise StalledError(f"the collector did not become ready; its words: {self._last_words()}")
        self._ready_cpu_s = cpu_s(self.pid)
        return self

    def wait_stored(self) -> float:
        """Return when everything is stored and examined; processor seconds since it was ready."""
        stored, since_s = -1, time.monotonic()
        while not self._complete.wait(_POLL_S):
            if self._process is None or self._process.poll() is not None:
                raise StalledError(f"the collector ended; its words: {self._last_words()}")
            if self.told["stored"] != stored:
                stored, since_s = self.told["stored"], time.monotonic()
            if time.monotonic() - since_s > _STALLED_S:
                raise StalledError(f"the collector stopped at {stored:,} stored")
        used: float = self.told["cpu_s"]
        self._check_rows()
        return used - self._ready_cpu_s

    def _check_rows(self) -> None:
        """Ask the server, not the collector, how many there are.

        Raises:
            StalledError: not as many as were published.
        """
        if self._server is None:
            return
        rows = self._server.rows(self._bucket, without=kinds()[COLLECTOR].table)
        if rows != self._expect:
            raise StalledError(f"the collector stored {rows:,} rows of {self._expect:,}")

    def _last_words(self) -> str:
        log = self._folder / "log"
        return log.read_text(encoding="utf-8")[-500:] if log.exists() else "none"

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            words = json.loads(line)
            if "stored" in words:
                self.told = words
            if words.get("complete"):
                self._complete.set()
            self._ready.set()
        self._ready.set()


class Subscriber(_Child):
    """mosquitto_sub to /dev/null: what the broker can hand over. Its session is made before it starts."""

    def __init__(self, broker: BrokerAddress, expect: int) -> None:
        super().__init__()
        self._command = ["mosquitto_sub", "-h", broker.host, "-p", str(broker.port), "-q", "1"]
        self._command += ["-c", "-i", "bench-c", "-t", _TELEMETRY]
        self._expect = expect

    def __enter__(self) -> Self:
        """Subscribe, and start."""
        subprocess.run([*self._command, "-E"], check=True)
        command = [*self._command, "-C", str(self._expect)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True)
        return self

    def wait_stored(self) -> float:
        """Return when it has received everything; processor seconds of its whole life."""
        process = self._process
        if process is None:
            return 0.0
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise StalledError(f"mosquitto_sub ended with status {process.returncode}")
        return used.ru_utime + used.ru_stime


class Telegraf(_Child):
    """Telegraf from the broker into a bucket of its own."""

    def __init__(
        self, program: Path, broker: BrokerAddress, server: InfluxServer, folder: Path, *, expect: int
    ) -> None:
        super().__init__()
        self._folder = folder
        self._server = server
        self._program = program
        self._expect = expect
        self._bucket = f"telegraf-{folder.name}"
        self._configuration = configuration(broker, server, self._bucket)
        self._before = 0
        self._ready_cpu_s = 0.0

    def __enter__(self) -> Self:
        """Start, and return when it says that it is connected, and a second later."""
        self._folder.mkdir(parents=True)
        self._server.make_bucket(self._bucket)
        (self._folder / "telegraf.conf").write_text(self._configuration, encoding="utf-8")
        log = self._folder / "log"
        with log.open("w", encoding="utf-8") as file:
            self._process = subprocess.Popen(
                [str(self._program), "--config", str(self._folder / "telegraf.conf")],
                stdout=file,
                stderr=file,
                text=True,
            )
        deadline_s = time.monotonic() + _READY_S
        while "Connected" not in log.read_text(encoding="utf-8"):
            if time.monotonic() > deadline_s or self._process.poll() is not None:
                self.__exit__(None, None, None)
                raise StalledError(f"Telegraf did not connect: {log.read_text(encoding='utf-8')[-500:]}")
            time.sleep(_POLL_S)
        time.sleep(1.0)  # it says so before it subscribes, and nothing tells when that is done
        self._before = self._server.points_written()
        self._ready_cpu_s = cpu_s(self.pid)
        return self

    def wait_stored(self) -> float:
        """Return when the server has everything; processor seconds since it was ready."""
        stored, since_s = 0, time.monotonic()
        while (now := self._server.points_written() - self._before) < self._expect:
            if now != stored:
                stored, since_s = now, time.monotonic()
            if time.monotonic() - since_s > _STALLED_S:
                raise StalledError(f"Telegraf stopped at {stored:,} of {self._expect:,} stored")
            time.sleep(_POLL_S)
        used_s = cpu_s(self.pid) - self._ready_cpu_s
        rows = self._server.rows(self._bucket)
        if rows != self._expect:
            raise StalledError(f"Telegraf stored {rows:,} rows of {self._expect:,}")
        return used_s
