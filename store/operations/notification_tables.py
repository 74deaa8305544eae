"""The tables of notification. Times are epoch ms, the service's unless a column says real."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text

from store.operations.tables import metadata

__all__ = ["metadata", "notify_acts", "notify_groups", "notify_links", "notify_outbox", "notify_position"]

_WORD = String(64)
_UUID = String(36)
_NAME = String(256)
_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

notify_position = Table(
    "notify_position",
    metadata,
    Column("name", _WORD, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
"""How far each reader of changes has come."""

notify_groups = Table(
    "notify_groups",
    metadata,
    Column("key", _NAME, primary_key=True),
    Column("route", _WORD, nullable=False),
    Column("area", _WORD, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("members", JSON, nullable=False),
    Column("number", Integer, nullable=False),
    Column("told_ms", BigInteger),
)
"""Groups of incidents that are told together, and what each was told."""

notify_outbox = Table(
    "notify_outbox",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("key", _UUID, nullable=False, unique=True),
    Column("route", _WORD, nullable=False),
    Column("channel", _WORD, nullable=False),
    Column("reason", _WORD, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_real_ms", BigInteger, nullable=False),
    Column("finished_real_ms", BigInteger, index=True),
    Column("error", Text),
    Index(None, "state", "channel", "next_attempt_real_ms"),
    sqlite_autoincrement=True,
)
"""Notifications to deliver and delivered; `key` is what a receiver recognises a repetition by."""

notify_links = Table(
    "notify_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("incident", _UUID, nullable=False, index=True),
    Column("who", _WORD, nullable=False),
    Column("language", _WORD, nullable=False),
    Column("expires_real_ms", BigInteger, nullable=False, index=True),
)
"""Links that were sent, by the SHA-256 of their token: nobody can make a link from this table."""

notify_acts = Table(
    "notify_acts",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("incident", _UUID, nullable=False, index=True),
    Column("who", _WORD, nullable=False),
    Column("act", _WORD, nullable=False),
    Column("note", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""Append-only: what crews said through their links."""
