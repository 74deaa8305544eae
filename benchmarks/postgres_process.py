"""A PostgreSQL of one's own: a cluster in a temporary folder, for tests and proofs.

It sorts as Vietnamese readers do: who counts on the order of bytes fails.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from app.brokers import free_port

__all__ = ["PostgresServer", "find_programs", "own_postgres"]

_PASSWORD = "words of a test"  # noqa: S105 - of a server that only this machine reaches, and not for long
_USER = "ioc"
_ACCOUNTS = ("postgres", "nobody")
"""Accounts that a server may run under where tests run as root, which it refuses."""


@dataclass(frozen=True)
class PostgresServer:
    """A cluster of the tests' own, on 127.0.0.1 with a password."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> URL:
        """Its first database."""
        return URL.create("postgresql+psycopg", _USER, _PASSWORD, "127.0.0.1", self.port, "postgres")

    @property
    def password(self) -> str:
        """The password in the URL."""
        return _PASSWORD

    def create(self) -> None:
        """Make the cluster, not yet started."""
        secret = self.folder / "password"
        secret.write_text(_PASSWORD)
        if (account := _account()) is not None:
            for path in (self.folder, secret):
                shutil.chown(path, account)
        sorting = ("--locale-provider=icu", "--icu-locale=vi", "--locale=C", "--encoding=UTF8")
        login = ("-U", _USER, "-A", "scram-sha-256", f"--pwfile={secret}")
        self._run("initdb", "-D", str(self.folder / "data"), "--no-sync", *login, *sorting)

    def start(self) -> None:
        """Start it, and return when it takes connections. What is written is safe from a killed process."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(log), "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop it; `immediate` is how a crash looks to clients."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", how, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if (account := _account()) is not None:
            command = ["runuser", "-u", account, "--", *command]
        # A server inherits its starter's output: a pipe would never end.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd=self.folder, check=False)
            output.seek(0)
            if done.returncode:
                raise RuntimeError(f"{program} failed: {output.read().decode()}")


@contextmanager
def own_postgres() -> Iterator[PostgresServer]:
    """A running cluster, gone with the block."""
    programs = find_programs()
    if programs is None:
        raise RuntimeError("no PostgreSQL: make servers")
    # Not in pytest's folders: the server's account may not enter them.
    folder = Path(tempfile.mkdtemp(prefix="ioc-postgres-"))
    try:
        server = PostgresServer(programs, folder, free_port())
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)


def find_programs() -> Path | None:
    """The folder of initdb and pg_ctl; Debian keeps one for each version, and none on the PATH."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return kept[-1].parent if kept else None


def _account() -> str | None:
    """Whose server it is where the tests are root's; None where it is our own."""
    if os.geteuid() != 0:
        return None
    known = Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
    names = {line.partition(":")[0] for line in known}
    return next(account for account in _ACCOUNTS if account in names)
