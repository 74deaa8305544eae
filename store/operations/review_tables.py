"""The tables of review and evidence: cases, their history, pictures, and the chain over them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)  # fmt: skip

from store.operations.tables import metadata, violations

__all__ = [
    "evidence_checks", "evidence_links", "evidence_pictures", "evidence_salts", "violation_history",
    "violation_reviews",
]  # fmt: skip

_WORD = String(64)
_UUID = String(36)
_NAME = String(256)
_HASH = String(64)
_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

violation_reviews = Table(
    "violation_reviews",
    metadata,
    Column("violation", _UUID, ForeignKey(violations.c.id), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("certainty", Integer, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("corrected_plate", _WORD),
    Column("corrected_by", _NAME),
    Column("corrected_at_ms", BigInteger),
    Column("opinion_by", _NAME),
    Column("opinion_verdict", _WORD),
    Column("opinion_reason", _WORD),
    Column("opinion_at_ms", BigInteger),
    Column("escalated_by", _NAME),
    Column("escalated_at_ms", BigInteger),
    Column("decided_by", _NAME),
    Column("decided_at_ms", BigInteger),
    Column("reason", _WORD),
    Index(None, "certainty", "number"),
)
"""What review knows beside a violation's row; made when the violation is sealed. Certainty in thousandths."""

violation_history = Table(
    "violation_history",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("violation", _UUID, ForeignKey(violations.c.id), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", _NAME, nullable=False),
    Column("transition", _WORD, nullable=False),
    Column("comment", Text),
    Column("why", JSON, nullable=False),
    sqlite_autoincrement=True,
)
"""Append-only, but for erasure: what happened to a violation, who did it, and why. May hold plates."""

evidence_pictures = Table(
    "evidence_pictures",
    metadata,
    Column("violation", _UUID, ForeignKey(violations.c.id), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("role", _WORD, nullable=False),
    Column("given_sha256", _HASH),
    Column("state", _WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at_ms", BigInteger, nullable=False),
    Column("problem", _WORD),
    Column("sha256", _HASH),
    Column("media_type", _WORD),
    Column("bytes", BigInteger),
    Column("file", _NAME),
    Column("kept_at_ms", BigInteger),
    Index(None, "state", "next_at_ms"),
)
"""The pictures of a violation by their place in its list, and what became of each."""

evidence_links = Table(
    "evidence_links",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("violation", _UUID, nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("previous", _HASH, nullable=False),
    Column("hash", _HASH, nullable=False),
)
"""Append-only: the chain. A body has hashes in place of personal values, so it stays when they are erased."""

evidence_salts = Table(
    "evidence_salts",
    metadata,
    Column("link", BigInteger, primary_key=True, autoincrement=False),
    Column("field", _WORD, primary_key=True),
    Column("salt", _HASH, nullable=False),
)
"""What was mixed into the hash of a personal value; without it nobody can guess the value from the hash."""

evidence_checks = Table(
    "evidence_checks",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("links", BigInteger, nullable=False),
    Column("head", _HASH, nullable=False),
    Column("pictures", BigInteger, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("problem", Text),
    sqlite_autoincrement=True,
)
"""What each check of the chain found."""
