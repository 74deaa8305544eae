"""Processes started as the systemd units in `deploy/` say, with a folder in the place of the machine's root.

Command line, environment, credentials, state directory and readiness are the unit's; what only systemd can do
(accounts, sandboxes, restarts) is not.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.run_process import until

__all__ = ["DeployedProcess", "Machine"]

_UNITS = Path(__file__).parents[1] / "deploy" / "systemd"
_PROGRAM = "/opt/ioc-telemetry/.venv/bin/ioc"
_READY_S = 120.0
_STOP_S = 60.0


@dataclass(frozen=True)
class Machine:
    """A folder that stands for a machine: `etc` for /etc/ioc, `state` for /var/lib."""

    folder: Path

    @property
    def etc(self) -> Path:
        """What an administrator has written."""
        return self.folder / "etc"

    def write(self, name: str, text: str) -> None:
        """Write a file of /etc/ioc."""
        file = self.etc / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@dataclass
class DeployedProcess:
    """`ioc-<unit>@<instance>`: started, killed and stopped as often as one likes."""

    machine: Machine
    unit: str
    instance: str
    http_port: int
    starts: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _notified: socket.socket | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.unit}@{self.instance}"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    @property
    def log(self) -> Path:
        """What it says."""
        return self.machine.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it; `wait_ready` says when it works."""
        read = _read_unit(_UNITS / f"ioc-{self.unit}@.service")
        program, *arguments = shlex.split(self._put(read["ExecStart"][0]))
        assert program == _PROGRAM, f"the unit starts {program!r}"
        notify = self.machine.folder / f"{self.name}.notify"
        notify.unlink(missing_ok=True)
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(str(notify))
        self._notified.setblocking(False)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", *arguments],
                env={**os.environ, **self._environment(read), "NOTIFY_SOCKET": str(notify)},
                stdout=log,
                stderr=log,
            )
        self.starts += 1

    def wait_ready(self) -> float:
        """Return when it has told its service manager that it is ready; the seconds since now."""
        return until(self._is_ready, f"{self.name} is ready; its last words: {self._last_words()}", _READY_S)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        if self._notified is not None:
            self._notified.close()

    def stop(self) -> float:
        """SIGTERM; the seconds until it has ended.

        Raises:
            AssertionError: it did not, or not with status 0.
        """
        assert self._process is not None, f"{self.name} is not running"
        begin_s = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(_STOP_S)
        finally:
            self.kill()
        assert status == 0, f"{self.name} ended with status {status}: {self._last_words()}"
        return time.monotonic() - begin_s

    def _environment(self, read: dict[str, list[str]]) -> dict[str, str]:
        """What the unit gives its process."""
        lines = [self._put(line) for line in read["Environment"]]
        for file in read["EnvironmentFile"]:
            lines += Path(self._put(file)).read_text(encoding="utf-8").splitlines()
        state = self.machine.folder / "state"
        for name in read["StateDirectory"]:
            (state / self._put(name)).mkdir(mode=0o700, parents=True, exist_ok=True)
        for credential in read["LoadCredential"]:
            name, _, file = self._put(credential).partition(":")
            self._credentials.mkdir(parents=True, exist_ok=True)
            (self._credentials / name).write_bytes(Path(file).read_bytes())
        return dict(line.split("=", 1) for line in lines if "=" in line)

    @property
    def _credentials(self) -> Path:
        return self.machine.folder / "credentials" / self.name

    def _put(self, text: str) -> str:
        """The unit's text with its specifiers, and this folder for the root."""
        parts = {
            "%i": self.instance,
            "%S": str(self.machine.folder / "state"),
            "%d": str(self._credentials),
            "/etc/ioc": str(self.machine.etc),
        }
        for name, value in parts.items():
            text = text.replace(name, value)
        return text

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} ended by itself: {self._last_words()}"
        assert self._notified is not None
        try:
            return b"READY=1" in self._notified.recv(4096)
        except BlockingIOError:
            return False

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-10:])


def _read_unit(file: Path) -> dict[str, list[str]]:
    """The unit's settings; each may stand several times."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in file.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found
