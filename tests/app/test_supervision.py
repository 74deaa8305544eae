"""systemd is told over its socket, and nobody where there is none."""

import socket
from pathlib import Path

from app.supervision import Supervisor


def test_manager_is_told_over_the_socket_that_it_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        supervisor = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        supervisor.ready()
        supervisor.alive()
        supervisor.stopping()
        assert [manager.recv(64) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_manager_with_an_abstract_name_is_told() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0ioc-test-notify")
        Supervisor({"NOTIFY_SOCKET": "@ioc-test-notify"}).ready()
        assert manager.recv(64) == b"READY=1"


def test_without_a_manager_nothing_is_told() -> None:
    Supervisor({}).ready()


def test_manager_that_does_not_listen_stops_nobody(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "notify"))
        supervisor = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(1_000):
            supervisor.alive()
        deaf.setblocking(False)
        # It was told until its queue was full, and then we went on.
        assert deaf.recv(64) == b"WATCHDOG=1"
    supervisor.alive()
