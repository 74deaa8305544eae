"""mosquitto with the shipped configuration, rendered for a temporary folder, as a child process."""

import getpass
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import trustme

from app.brokers import HOST, find_mosquitto, port_is_free
from app.mosquitto.book import CredentialBook
from app.mosquitto.configuration import BrokerPlan, render_configuration
from app.mosquitto.principals import Role, principal
from app.mosquitto.sizing import QueuePlan
from app.mqtt import BrokerAddress
from benchmarks.demo_process import free_port
from devices.clock import SystemClock

__all__ = ["MosquittoProcess", "ShippedBroker"]

_START_POLLS = 200
_POLL_S = 0.05


class MosquittoProcess:
    """A mosquitto over a configuration file."""

    def __init__(self, configuration: Path, port: int) -> None:
        self.configuration = configuration
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None, "the broker is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it; returns when it accepts connections.

        Raises:
            RuntimeError: mosquitto is not installed, or does not start.
        """
        program = find_mosquitto()
        if program is None:
            raise RuntimeError("mosquitto is not installed: make servers")
        self._process = subprocess.Popen(
            [program, "-c", str(self.configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(_START_POLLS):
            if not port_is_free(self.port):
                return
            if self._process.poll() is not None:
                break
            time.sleep(_POLL_S)
        raise RuntimeError(f"mosquitto with {self.configuration} did not listen on port {self.port}")

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with a signal. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait()


@dataclass(frozen=True)
class _Account:
    """A principal with its password."""

    name: str
    password: str
    is_service: bool


class ShippedBroker:
    """A broker with an authority of its own, credentials from the book, and the shipped configuration."""

    def __init__(self, folder: Path, queue: QueuePlan) -> None:
        for part in ("ioc", "certs", "data"):
            (folder / part).mkdir(parents=True)
        self.ca_file = folder / "certs" / "ca.crt"
        _make_certificates(folder / "certs")
        self.plan = BrokerPlan(
            queue=queue,
            folder=folder / "ioc",
            certificates=folder / "certs",
            data=folder / "data",
            pid_file=folder / "mosquitto.pid",
            log=folder / "mosquitto.log",
            run_as=getpass.getuser(),
            devices_address=HOST,
            devices_port=free_port(),
            services_port=free_port(),
            connections=min(BrokerPlan.connections, os.sysconf("SC_OPEN_MAX") // 2),
        )
        self.book = CredentialBook(self.plan.folder, SystemClock(), "prove")
        self.book.write_files()
        configuration = folder / "mosquitto.conf"
        configuration.write_text(render_configuration(self.plan), encoding="utf-8")
        self.process = MosquittoProcess(configuration, self.plan.services_port)
        self._accounts: dict[str, _Account] = {}

    def issue(self, role: Role, name: str, *prefixes: str) -> str:
        """A credential for a principal; its name."""
        (issued,) = self.book.issue([principal(role, name, prefixes)])
        self._accounts[name] = _Account(name, issued.password, role.is_service)
        return name

    def address(self, name: str | None) -> BrokerAddress:
        """Where a principal connects, as whom; None is a client without a name, at the devices' listener."""
        account = self._accounts[name] if name is not None else None
        is_service = account is not None and account.is_service
        return BrokerAddress(
            host=HOST,
            port=self.plan.services_port if is_service else self.plan.devices_port,
            user=account.name if account else None,
            password=account.password if account else None,
            tls=True,
            ca_file=self.ca_file,
        )

    def elsewhere(self, name: str) -> BrokerAddress:
        """A principal's credentials at the listener that is not theirs."""
        own = self.address(name)
        ports = {self.plan.devices_port, self.plan.services_port}
        return BrokerAddress(**(vars(own) | {"port": (ports - {own.port}).pop()}))


def _make_certificates(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    server = authority.issue_cert(HOST)
    server.private_key_pem.write_to_path(str(folder / "server.key"))
    for position, certificate in enumerate(server.cert_chain_pems):
        certificate.write_to_path(str(folder / "server.crt"), append=position > 0)
