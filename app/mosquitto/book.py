"""The book of credentials: who has one, since when, by whom; beside it what the broker reads, made from it.

The book is a file of JSON lines that only grows, in the broker's own folder and not in the operations store:
it is needed where the broker runs, also while the service is down. Passwords are never in it, nor in any log.
"""

import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.errors import StartError
from app.mosquitto.access import devices_acl, services_acl
from app.mosquitto.password_file import hashed, new_password, read_passwords, write_passwords, write_private
from app.mosquitto.principals import Principal, Role, check_apart, principal
from devices.clock import Clock

__all__ = ["BrokerFiles", "Credential", "CredentialBook", "Issued"]


@dataclass(frozen=True)
class BrokerFiles:
    """Where everything stands in the broker's folder."""

    folder: Path

    @property
    def book(self) -> Path:
        """The record of all acts."""
        return self.folder / "credentials.jsonl"

    def passwords(self, *, service: bool) -> Path:
        """Password file of the services' or the devices' listener."""
        return self.folder / ("services.passwd" if service else "devices.passwd")

    def acl(self, *, service: bool) -> Path:
        """Access list of the services' or the devices' listener."""
        return self.folder / ("services.acl" if service else "devices.acl")


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A principal and what was done with its password. Times are epoch ms."""

    principal: Principal
    issued_at_ms: int
    changed_at_ms: int
    by: str
    """Who changed it last."""
    revoked: bool


@dataclass(frozen=True)
class Issued:
    """A password just made: it can be shown now and never again."""

    principal: Principal
    password: str

    def __repr__(self) -> str:
        return f"Issued({self.principal!r})"


class CredentialBook:
    """Issues, rotates and revokes. Every change leaves book, password files and access lists in agreement.

    Whatever ends a change half way, the next change makes the files anew from the book.
    """

    def __init__(self, folder: Path, clock: Clock, who: str) -> None:
        self.files = BrokerFiles(folder)
        self._clock = clock
        self._who = who

    def list(self) -> Sequence[Credential]:
        """Everybody who ever had a credential, by name.

        Raises:
            StartError: the book cannot be read.
        """
        return [found for _, found in sorted(self._read().items())]

    def issue(self, wanted: Iterable[Principal]) -> Sequence[Issued]:
        """New passwords for principals that have none; all of them or, where one is refused, none.

        Raises:
            StartError: one has a credential already, or its prefix is another's; or the files cannot be
            written.
        """
        with self._changing() as known:
            new = list({one.name: one for one in wanted}.values())
            valid = {name: found for name, found in known.items() if not found.revoked}
            for one in new:
                if one.name in valid:
                    raise StartError(f"{one.name!r} has a credential already; rotate it, or revoke it first")
                check_apart(one, [*(found.principal for found in valid.values()), *new])
            return self._give(new, "issue", known)

    def rotate(self, names: Sequence[str]) -> Sequence[Issued]:
        """New passwords for principals that have one; the old ones open nothing from the next reload on.

        Raises:
            StartError: one has none; or the files cannot be written.
        """
        with self._changing() as known:
            return self._give([self._valid(known, name) for name in dict.fromkeys(names)], "rotate", known)

    def revoke(self, names: Sequence[str]) -> Sequence[Principal]:
        """Take the credentials away; repeating it changes nothing.

        Raises:
            StartError: one never had any; or the files cannot be written.
        """
        with self._changing() as known:
            for name in names:
                if name not in known:
                    raise StartError(
                        f"{name!r} never had a credential; ioc devices credentials list shows who has"
                    )
            gone = [known[name].principal for name in dict.fromkeys(names) if not known[name].revoked]
            self._note("revoke", gone)
            self._write(self._read(), {})
            return [known[name].principal for name in dict.fromkeys(names)]

    def write_files(self) -> None:
        """Make the access lists and empty password files where nobody has a credential yet.

        Raises:
            StartError: they cannot be written.
        """
        with self._changing() as known:
            self._write(known, {})

    def _give(
        self, principals: Sequence[Principal], action: str, known: Mapping[str, Credential]
    ) -> Sequence[Issued]:
        issued = [Issued(one, new_password()) for one in principals]
        if issued:
            self._note(action, principals)
            self._write(self._read() or known, {each.principal.name: each.password for each in issued})
        return issued

    def _valid(self, known: Mapping[str, Credential], name: str) -> Principal:
        if name not in known or known[name].revoked:
            raise StartError(f"{name!r} has no credential; issue one first")
        return known[name].principal

    def _write(self, known: Mapping[str, Credential], passwords: Mapping[str, str]) -> None:
        """Files that hold exactly those who have a credential, the new passwords among them."""
        valid = [found.principal for found in known.values() if not found.revoked]
        for service in (False, True):
            mine = {one.name for one in valid if one.role.is_service is service}
            path = self.files.passwords(service=service)
            hashes = {name: kept for name, kept in read_passwords(path).items() if name in mine}
            hashes |= {name: hashed(new) for name, new in passwords.items() if name in mine}
            write_passwords(path, hashes)
        write_private(self.files.acl(service=False), devices_acl(valid))
        write_private(self.files.acl(service=True), services_acl(valid))

    def _note(self, action: str, principals: Sequence[Principal]) -> None:
        """Write the acts down before they take effect: nobody has a password that the book does not know."""
        if not principals:
            return
        at_ms = self._clock.now_ms()
        lines = [
            json.dumps(
                {"at_ms": at_ms, "by": self._who, "action": action, "name": one.name, "role": one.role.value}
                | ({"prefixes": one.prefixes} if one.prefixes else {}),
                ensure_ascii=False,
            )
            for one in principals
        ]
        old = self.files.book.read_text(encoding="utf-8") if self.files.book.exists() else ""
        write_private(self.files.book, old + "".join(f"{line}\n" for line in lines))

    def _read(self) -> dict[str, Credential]:
        """Everybody in the book as they stand now.

        Raises:
            StartError: it cannot be read.
        """
        if not self.files.book.exists():
            return {}
        found: dict[str, Credential] = {}
        try:
            for line in self.files.book.read_text(encoding="utf-8").splitlines():
                act = json.loads(line)
                before = found.get(act["name"])
                starts_anew = before is None or before.revoked
                found[act["name"]] = Credential(
                    principal=principal(Role(act["role"]), act["name"], act.get("prefixes", ())),
                    issued_at_ms=act["at_ms"] if starts_anew or before is None else before.issued_at_ms,
                    changed_at_ms=act["at_ms"],
                    by=act["by"],
                    revoked=act["action"] == "revoke",
                )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StartError(f"the book {str(self.files.book)!r} cannot be read: {error!r}") from error
        return found

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Credential]]:
        """Everybody as they stand, while no other process changes anything."""
        try:
            lock = (self.files.folder / ".lock").open("a", encoding="utf-8")
        except OSError as error:
            raise StartError(
                f"the broker's folder {str(self.files.folder)!r} cannot be written ({error.strerror});"
                " make it, give another with --folder, or run this as root"
            ) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read()
