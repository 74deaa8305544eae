"""The tables of access: how far keys reach, when they were used, and the seals of the audit log."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, String, Table

from store.operations.tables import api_keys, audit, metadata

__all__ = ["api_key_reach", "api_key_uses", "audit_chain", "metadata"]

_WORD = String(64)
_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", _ROW_NUMBER, ForeignKey(audit.c.row), nullable=False, unique=True),
    Column("link", _WORD, nullable=False),
)
"""One link for each entry of the audit log, over the entry and the link before; numbers have no gap."""

api_key_reach = Table(
    "api_key_reach",
    metadata,
    Column("prefix", _WORD, ForeignKey(api_keys.c.prefix), primary_key=True),
    Column("areas", JSON, nullable=False),
    Column("kinds", JSON, nullable=False),
)
"""The areas and kinds of device that a key is for; an empty list, or no row, is all of them."""

api_key_uses = Table(
    "api_key_uses",
    metadata,
    Column("prefix", _WORD, ForeignKey(api_keys.c.prefix), primary_key=True),
    Column("last_used_ms", BigInteger, nullable=False),
)
"""When a key last opened something, to the minute, by real time."""
