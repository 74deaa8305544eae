"""A broker of our own for demo and tests: mosquitto where it is installed, else one from a package.

Both run as a child process on 127.0.0.1 and end with us, also when we are killed.
"""

import asyncio
import ctypes
import getpass
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.mqtt import BrokerAddress
from devices.description import Label

__all__ = [
    "BrokerStartError",
    "ChildBroker",
    "chosen_broker",
    "find_mosquitto",
    "free_port",
    "mosquitto",
    "packaged_broker",
    "port_is_free",
]

HOST = "127.0.0.1"
_START_POLLS = 200
_POLL_S = 0.05
_STOP_S = 1.5
_PR_SET_PDEATHSIG = 1

_MOSQUITTO_CONF = """\
# Made by ioc demo. Loopback only, without passwords: for a demonstration, not for a city.
listener {port} {host}
allow_anonymous true
# Started by root it would become another user, who may not write the folder below and does not end with us.
user {user}
persistence true
persistence_location {folder}/
# The default of 30 minutes loses everything queued when the broker is killed.
autosave_interval 1
# The defaults drop messages that an absent collector has not fetched yet.
max_queued_messages 0
max_inflight_messages 0
log_type error
log_type warning
"""

_PACKAGED_TOML = """\
id = 0

[router]
id = 0
max_connections = 1010
max_outgoing_packet_count = 200
max_segment_size = 10485760
max_segment_count = 10

[v5.1]
name = "v5"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 500
"""


class BrokerStartError(Exception):
    """The broker could not be started; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class _Program:
    """A broker program: its name for people, its command, and what it does not promise.

    `has_statistics`: it speaks of itself on `$SYS`, and does not mind being asked.
    """

    name: str
    command: Sequence[str]
    caveat: Label
    has_statistics: bool


class ChildBroker:
    """A broker running as a child process."""

    def __init__(self, program: _Program, port: int, folder: Path) -> None:
        self.name = program.name
        self.caveat = program.caveat
        self.has_statistics = program.has_statistics
        self.address = BrokerAddress(host=HOST, port=port)
        self._command = program.command
        self.log = folder / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start the process and wait until it accepts connections.

        Raises:
            BrokerStartError: the port is in use, or the process ended.
        """
        if not port_is_free(self.address.port):
            raise BrokerStartError(
                f"port {self.address.port} on {HOST} is in use; stop what listens there, or give another"
                " --mqtt-port"
            )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - the command is ours, and does not block
                self._command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 - one C call, looked up before the fork
            )
        for _ in range(_START_POLLS):
            if not self.is_running:
                await self.stop()
                raise BrokerStartError(f"{self.name} ended at once; its words are in {self.log}")
            if not port_is_free(self.address.port):
                return
            await asyncio.sleep(_POLL_S)
        await self.stop()
        raise BrokerStartError(
            f"{self.name} did not listen on port {self.address.port} in time; see {self.log}"
        )

    async def stop(self) -> None:
        """End the process: politely, then not. Idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, _STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
        if process.stdin is not None:
            process.stdin.close()


def chosen_broker(choice: str, port: int, folder: Path) -> ChildBroker:
    """The broker that was chosen: `auto` is mosquitto where it is installed, else the packaged one.

    Raises:
        BrokerStartError: mosquitto was chosen and is not installed.
        OSError: its configuration cannot be written.
    """
    program = find_mosquitto() if choice != "packaged" else None
    if program is None and choice == "mosquitto":
        raise BrokerStartError(
            "mosquitto is not installed; install it, or leave --broker away for the packaged one"
        )
    return mosquitto(program, port, folder) if program else packaged_broker(port, folder)


def free_port() -> int:
    """A port of this machine's loopback that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def find_mosquitto() -> str | None:
    """Path of the mosquitto program; Debian keeps it where a user's PATH may not look."""
    return shutil.which("mosquitto") or shutil.which(
        "mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    )


def mosquitto(program: str, port: int, folder: Path) -> ChildBroker:
    """A mosquitto that keeps its sessions in `folder`.

    Raises:
        OSError: its configuration cannot be written there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "mosquitto.conf"
    text = _MOSQUITTO_CONF.format(port=port, host=HOST, folder=folder.resolve(), user=getpass.getuser())
    configuration.write_text(text, encoding="utf-8")
    caveat = Label(
        vi="nếu mosquitto bị kill -9 khi bộ thu đang vắng, có thể mất khoảng một giây dữ liệu",
        en="killed (-9) while the collector is away it loses up to about the last second",
    )
    named = _Program(
        name="mosquitto", command=(program, "-c", str(configuration)), caveat=caveat, has_statistics=True
    )
    return ChildBroker(named, port, folder)


def packaged_broker(port: int, folder: Path) -> ChildBroker:
    """The broker of the package iotcore (rumqttd), which keeps everything in memory.

    Raises:
        OSError: its configuration cannot be written to `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "iotcore.toml"
    configuration.write_text(_PACKAGED_TOML.format(port=port, host=HOST), encoding="utf-8")
    caveat = Label(
        vi="chỉ giữ trong bộ nhớ, dừng là mất dữ liệu chưa xác nhận; không giới hạn luồng, không phân quyền",
        en="in memory only: what is not acknowledged is lost when it stops; no flow control, no ACLs",
    )
    command = (sys.executable, "-m", "iotcore", "--config", str(configuration), "--log-level", "ERROR")
    # A subscription to $SYS ends its router.
    program = _Program(name="iotcore (rumqttd)", command=command, caveat=caveat, has_statistics=False)
    return ChildBroker(program, port, folder)


def port_is_free(port: int) -> bool:
    """Whether nothing accepts connections on the port of 127.0.0.1."""
    try:
        with socket.create_connection((HOST, port), timeout=0.5):
            return False
    except OSError:
        return True


def _end_with_parent() -> Callable[[], None] | None:
    """Makes Linux end the child when we are killed, so that the port is free for the next start."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return arrange
