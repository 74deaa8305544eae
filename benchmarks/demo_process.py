"""A demo as a child process, for proofs and measurements that must be able to kill it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["DemoProcess", "Ports", "free_port"]


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where a demo listens. The same ones again prove that nothing of the one before is left."""

    mqtt: int
    http: int

    @classmethod
    def free(cls) -> "Ports":
        """Two that nothing listens on now."""
        return cls(mqtt=free_port(), http=free_port())


class DemoProcess:
    """`ioc demo` on a data directory of its own."""

    def __init__(self, data: Path, ports: Ports, options: Sequence[str]) -> None:
        self._ports = ports
        self._summary = data.parent / f"{data.name}.json"
        command = [sys.executable, "-m", "app.cli", "demo", "--data", str(data), "--json", str(self._summary)]
        command += ["--mqtt-port", str(self._ports.mqtt), "--http-port", str(self._ports.http), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._ready = threading.Event()
        self.output: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def api(self) -> str:
        """Where its API answers."""
        return f"http://127.0.0.1:{self._ports.http}"

    @property
    def key(self) -> str:
        """Its one-time key, read from the screen."""
        return " ".join(self.output).split("export KEY=")[1].split()[0]

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Return when it says that it is ready.

        Raises:
            RuntimeError: it did not in time, or ended.
        """
        if not self._ready.wait(timeout_s):
            raise RuntimeError("the demo did not become ready:\n" + "".join(self.output))

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        os.kill(self._process.pid, signal.SIGINT)

    def finish(self, timeout_s: float = 120.0) -> dict[str, Any]:
        """Wait for its own end; the summary it wrote.

        Raises:
            RuntimeError: it ended with another status than 0.
        """
        status = self._process.wait(timeout_s)
        if status != 0:
            raise RuntimeError(f"the demo ended with status {status}:\n" + "".join(self.output))
        summary: dict[str, Any] = json.loads(self._summary.read_text(encoding="utf-8"))
        return summary

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        for line in stream:
            self.output.append(line)
            if "is ready" in line:
                self._ready.set()
