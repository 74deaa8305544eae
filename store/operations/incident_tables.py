"""The tables of management: where it has put each fault, and the incidents with their history."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.dialects.postgresql import VARCHAR

from store.operations.tables import faults, metadata

__all__ = ["fault_standings", "incident_history", "incidents"]

# Ids are sorted by their bytes, as everywhere.
_ID = String(64).with_variant(VARCHAR(64, collation="C"), "postgresql")
_UUID = String(36)
_WORD = String(64)
_NAME = String(256)

fault_standings = Table(
    "fault_standings",
    metadata,
    Column("fault", _UUID, ForeignKey(faults.c.id), primary_key=True),
    Column("hold", _WORD, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Column("suppressed_by", _UUID, index=True),
    Column("reason_vi", Text),
    Column("reason_en", Text),
    Column("incident", _UUID, index=True),
    Column("told_at_ms", BigInteger),
    Column("is_live", Boolean, nullable=False, index=True),
)
"""Whether each fault is held, by what, and its incident; one that ended keeps its last row."""

incidents = Table(
    "incidents",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", _UUID, nullable=False, unique=True),
    Column("cause", _UUID, ForeignKey(faults.c.id), nullable=False, index=True),
    Column("rule", _NAME, nullable=False),
    Column("title_vi", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("why_vi", Text, nullable=False),
    Column("why_en", Text, nullable=False),
    Column("device", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("area", _WORD, nullable=False),
    Column("severity", _WORD, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("cleared_at_ms", BigInteger),
    Column("merged_into", _UUID),
    Column("faults", Integer, nullable=False),
    Column("devices", Integer, nullable=False),
    Column("streets", JSON, nullable=False),
    Column("people", Integer),
    Column("version", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index(None, "state", "number"),
    Index(None, "area", "number"),
    Index(None, "device", "number"),
)
"""One row for each incident; `number` is what people say on the phone."""

incident_history = Table(
    "incident_history",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("incident", _UUID, ForeignKey(incidents.c.id), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("change", _WORD, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("body", JSON, nullable=False),
)
"""Append-only: what happened to each incident, with the incident as it then was; in commit order."""
