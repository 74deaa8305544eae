"""mosquitto's password file, in its own format: `name:$7$iterations$salt$hash`, PBKDF2 with SHA-512."""

import base64
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.errors import StartError

__all__ = ["hashed", "new_password", "read_passwords", "write_passwords", "write_private"]

_ITERATIONS = 101
"""mosquitto's own number. The passwords are 192 random bits, which no number of iterations makes harder to
guess; mosquitto counts them all anew at every connection and every reload, before it serves anybody else."""
_SALT_BYTES = 12
_PASSWORD_BYTES = 24
_PRIVATE = 0o600
_BROKER_GROUP_READS = 0o640


def new_password() -> str:
    """A random password of 192 bits, of letters, digits, - and _ alone, which every firmware takes."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def hashed(password: str) -> str:
    """What mosquitto keeps of a password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"$7${_ITERATIONS}${'$'.join(encoded)}"


def read_passwords(path: Path) -> dict[str, str]:
    """Hashes by name; none where there is no file yet.

    Raises:
        StartError: it cannot be read, or a line is no name with a hash.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StartError(f"the password file {str(path)!r} cannot be read ({error.strerror})") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name, colon, kept = line.partition(":")
        if not (name and colon and kept):
            raise StartError(f"{str(path)!r} line {number} is no name:hash; repair it, nothing was changed")
        found[name] = kept
    return found


def write_passwords(path: Path, hashes: Mapping[str, str]) -> None:
    """Put the file in place as a whole, readable for the broker alone.

    Raises:
        StartError: it cannot be written, or would not be the broker's any more.
    """
    write_private(path, "".join(f"{name}:{kept}\n" for name, kept in sorted(hashes.items())))


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, durably; owner and group stay those of the old one, or else of the folder.

    The broker reads it again as its own user, also when root wrote it.

    Raises:
        StartError: it cannot be written, or not so that the broker can read it.
    """
    try:
        like = path.stat() if path.exists() else path.parent.stat()
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            new = Path(file.name)
            try:
                file.write(text)
                file.flush()
                _give_to(file.fileno(), like)
                os.fsync(file.fileno())
                new.replace(path)
            except BaseException:
                new.unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)
    except OSError as error:
        raise StartError(
            f"{str(path)!r} cannot be replaced so that the broker can read it ({error.strerror});"
            " run this as root or as the broker's user"
        ) from error


def _give_to(descriptor: int, like: os.stat_result) -> None:
    """Owner and group like the old file's or the folder's; the group may read only where it could before."""
    group_read = stat.S_ISREG(like.st_mode) and like.st_mode & stat.S_IRGRP
    mine = os.fstat(descriptor)
    if (mine.st_uid, mine.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    os.fchmod(descriptor, _BROKER_GROUP_READS if group_read else _PRIVATE)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
