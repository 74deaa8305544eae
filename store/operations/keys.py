"""API keys: made once, kept as a hash, checked in constant time. Their times are real time."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from store.operations.access_tables import api_key_reach, api_key_uses
from store.operations.audit import AuditEntry, append_audit
from store.operations.database import OperationsDatabase
from store.operations.dialects import upsert
from store.operations.errors import NoSuchRecordError
from store.operations.reach import Reach
from store.operations.tables import api_keys

__all__ = ["ApiKey", "KeyRepository", "NewKey"]

_TOKEN = re.compile(r"ioc_([0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
_PREFIX_BYTES = 6
_SECRET_BYTES = 32
_NO_HASH = bytes(32)
_USE_NOTED_MS = 60_000
_COLUMNS = ("prefix", "name", "role", "scopes", "created_at_ms", "expires_at_ms", "revoked_at_ms")
_QUERY = select(
    api_keys, api_key_reach.c.areas, api_key_reach.c.kinds, api_key_uses.c.last_used_ms
).select_from(
    api_keys.outerjoin(api_key_reach, api_key_reach.c.prefix == api_keys.c.prefix).outerjoin(
        api_key_uses, api_key_uses.c.prefix == api_keys.c.prefix
    )
)


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key without its secret. Keys of one name are one person or integration: so a key can be renewed.

    `scopes` narrows what the role may do to these; empty means all that the role may. So do `areas`
    and `kinds` to devices of these. `last_used_ms` is exact to the minute.
    """

    prefix: str
    name: str
    role: str
    scopes: Sequence[str]
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None
    areas: Sequence[str] = ()
    kinds: Sequence[str] = ()
    last_used_ms: int | None = None

    @property
    def reach(self) -> Reach:
        """The areas and kinds that it is for."""
        areas, kinds = frozenset(self.areas) or None, frozenset(self.kinds) or None
        return Reach(areas=areas, kinds=kinds)

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

    def create(  # noqa: PLR0913 - each is a property of the key
        self,
        name: str,
        role: str,
        *,
        who: str,
        at_ms: int,
        scopes: Sequence[str] = (),
        expires_at_ms: int | None = None,
        areas: Sequence[str] = (),
        kinds: Sequence[str] = (),
    ) -> NewKey:
        """A new key with a random secret of 256 bits. The creation is audited."""
        key = ApiKey(
            prefix=secrets.token_hex(_PREFIX_BYTES),
            name=name,
            role=role,
            scopes=tuple(scopes),
            created_at_ms=at_ms,
            expires_at_ms=expires_at_ms,
            revoked_at_ms=None,
            areas=tuple(areas),
            kinds=tuple(kinds),
        )
        with self._database.write() as connection:
            return _created(connection, key, who, "key.create")

    def rotate(self, prefix: str, *, who: str, at_ms: int, overlap_ms: int = 0) -> NewKey:
        """A new key that may do what an old one may; the old one opens nothing after the overlap. Audited.

        Raises:
            NoSuchRecordError: there is no such key, or it opens nothing any more.
        """
        with self._database.write() as connection:
            row = connection.execute(_QUERY.where(api_keys.c.prefix == prefix)).mappings().one_or_none()
            old = _key(row) if row is not None else None
            if old is None or not old.is_valid_at(at_ms):
                raise NoSuchRecordError("valid key", prefix)
            ends_ms = min(at_ms + overlap_ms, old.expires_at_ms or at_ms + overlap_ms)
            ended = update(api_keys).where(api_keys.c.prefix == prefix).values(expires_at_ms=ends_ms)
            connection.execute(ended)
            renewed = secrets.token_hex(_PREFIX_BYTES)
            new = replace(old, prefix=renewed, created_at_ms=at_ms, last_used_ms=None)
            return _created(connection, new, who, "key.rotate", {"replaces": prefix, "until_ms": ends_ms})

    def authenticate(self, token: str, at_ms: int) -> ApiKey | None:
        """The key that a token opens at a moment of real time (epoch ms); None for every other text."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        with self._database.read() as connection:
            query = _QUERY.where(api_keys.c.prefix == match[1])
            row = connection.execute(query).mappings().one_or_none()
        # The hash is compared for an unknown prefix too: how long it takes tells nothing about prefixes.
        same = hmac.compare_digest(_hash(match[2]), row["secret_hash"] if row is not None else _NO_HASH)
        if row is None or not same:
            return None
        key = _key(row)
        if not key.is_valid_at(at_ms):
            return None
        if at_ms - (key.last_used_ms or 0) >= _USE_NOTED_MS:
            self._note_use(key.prefix, at_ms)
        return key

    def _note_use(self, prefix: str, at_ms: int) -> None:
        with self._database.write() as connection:
            noted = upsert(connection, api_key_uses, key=["prefix"], keep_newer_by=["last_used_ms"])
            connection.execute(noted, {"prefix": prefix, "last_used_ms": at_ms})

    def list(self) -> Sequence[ApiKey]:
        """Every key ever made, oldest first, revoked ones included."""
        with self._database.read() as connection:
            query = _QUERY.order_by(api_keys.c.created_at_ms, api_keys.c.prefix)
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


def _created(
    connection: Connection, key: ApiKey, who: str, action: str, more: Mapping[str, Any] = MappingProxyType({})
) -> NewKey:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    row = {column: getattr(key, column) for column in _COLUMNS}
    connection.execute(insert(api_keys), row | {"secret_hash": _hash(secret)})
    reach = {"areas": list(key.areas), "kinds": list(key.kinds)}
    if key.reach.is_limited:
        connection.execute(insert(api_key_reach), {"prefix": key.prefix} | reach)
    detail = {"name": key.name, "role": key.role, "scopes": list(key.scopes), **reach, **more}
    at_ms = key.created_at_ms
    append_audit(
        connection, AuditEntry(at_ms=at_ms, who=who, action=action, target=key.prefix, detail=detail)
    )
    return NewKey(key, f"ioc_{key.prefix}.{secret}")


def _hash(secret: str) -> bytes:
    # Not a password: 256 random bits cannot be guessed, so a slow hash would only slow down requests.
    return hashlib.sha256(secret.encode()).digest()


def _key(row: RowMapping) -> ApiKey:
    values = {name: row[name] for name in (*_COLUMNS, "last_used_ms")}
    lists = {name: tuple(row[name] or ()) for name in ("scopes", "areas", "kinds")}
    return ApiKey(**values | lists)
