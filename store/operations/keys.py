"""API keys: made once, kept as a hash, checked in constant time. Their times are real time."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, insert, select, update

from store.operations.audit import AuditEntry, append_audit
from store.operations.database import OperationsDatabase
from store.operations.errors import NoSuchRecordError
from store.operations.tables import api_keys

__all__ = ["ApiKey", "KeyRepository", "NewKey"]

_TOKEN = re.compile(r"ioc_([0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
_PREFIX_BYTES = 6
_SECRET_BYTES = 32
_NO_HASH = bytes(32)


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key without its secret. Keys of one name are one person or integration: so a key can be renewed.

    `scopes` narrows what the role may do to these; empty means all that the role may.
    """

    prefix: str
    name: str
    role: str
    scopes: Sequence[str]
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None

    def is_valid_at(self, at_ms: int) -> bool:
        """Whether the key opens anything at a moment of real time (epoch ms)."""
        return self.revoked_at_ms is None and (self.expires_at_ms is None or at_ms < self.expires_at_ms)


@dataclass(frozen=True)
class NewKey:
    """A key just made. `token` is what its holder sends; nobody can ever be shown it again."""

    key: ApiKey
    token: str

    def __repr__(self) -> str:
        return f"NewKey({self.key!r})"


class KeyRepository:
    """Keys by their prefix.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def create(
        self,
        name: str,
        role: str,
        *,
        who: str,
        at_ms: int,
        scopes: Sequence[str] = (),
        expires_at_ms: int | None = None,
    ) -> NewKey:
        """A new key with a random secret of 256 bits. The creation is audited."""
        prefix, secret = secrets.token_hex(_PREFIX_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        key = ApiKey(
            prefix=prefix,
            name=name,
            role=role,
            scopes=tuple(scopes),
            created_at_ms=at_ms,
            expires_at_ms=expires_at_ms,
            revoked_at_ms=None,
        )
        row = {column: getattr(key, column) for column in key.__dataclass_fields__}
        detail = {"name": name, "role": role, "scopes": list(scopes)}
        with self._database.write() as connection:
            connection.execute(insert(api_keys), row | {"secret_hash": _hash(secret)})
            append_audit(
                connection,
                AuditEntry(at_ms=at_ms, who=who, action="key.create", target=prefix, detail=detail),
            )
        return NewKey(key, f"ioc_{prefix}.{secret}")

    def authenticate(self, token: str, at_ms: int) -> ApiKey | None:
        """The key that a token opens at a moment of real time (epoch ms); None for every other text."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        with self._database.read() as connection:
            query = select(api_keys).where(api_keys.c.prefix == match[1])
            row = connection.execute(query).mappings().one_or_none()
        # The hash is compared for an unknown prefix too: how long it takes tells nothing about prefixes.
        same = hmac.compare_digest(_hash(match[2]), row["secret_hash"] if row is not None else _NO_HASH)
        if row is None or not same:
            return None
        key = _key(row)
        return key if key.is_valid_at(at_ms) else None

    def list(self) -> Sequence[ApiKey]:
        """Every key ever made, oldest first, revoked ones included."""
        with self._database.read() as connection:
            query = select(api_keys).order_by(api_keys.c.created_at_ms, api_keys.c.prefix)
            return [_key(row) for row in connection.execute(query).mappings()]

    def revoke(self, prefix: str, *, who: str, at_ms: int) -> None:
        """Make a key open nothing from now on; repeating it changes nothing. The act is audited.

        Raises:
            NoSuchRecordError: there is no such key.
        """
        table = api_keys
        with self._database.write() as connection:
            standing = connection.execute(
                select(table.c.revoked_at_ms).where(table.c.prefix == prefix)
            ).one_or_none()
            if standing is None:
                raise NoSuchRecordError("key", prefix)
            if standing.revoked_at_ms is None:
                connection.execute(update(table).where(table.c.prefix == prefix).values(revoked_at_ms=at_ms))
                append_audit(connection, AuditEntry(at_ms=at_ms, who=who, action="key.revoke", target=prefix))


def _hash(secret: str) -> bytes:
    # Not a password: 256 random bits cannot be guessed, so a slow hash would only slow down requests.
    return hashlib.sha256(secret.encode()).digest()


def _key(row: RowMapping) -> ApiKey:
    values = {name: row[name] for name in ApiKey.__dataclass_fields__}
    return ApiKey(**values | {"scopes": tuple(row["scopes"])})
