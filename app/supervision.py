"""Telling systemd how the process is: ready, alive, stopping. Without systemd nothing is told."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["Supervisor"]


class Supervisor:
    """The service manager that started this process, by the socket that it named."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        # A name that begins with @ is no file: the kernel knows it by a zero byte.
        self._address = f"\0{name[1:]}" if name.startswith("@") else name

    def ready(self) -> None:
        """Say that the service works."""
        self._tell("READY=1")

    def alive(self) -> None:
        """Say that the event loop still turns; often enough, or the watchdog ends the process."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the process is about to end."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        # A manager that does not listen, or is busy, must not stop the service.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, suppress(OSError):
            channel.setblocking(False)
            channel.sendto(state.encode(), self._address)
