"""The tables.

Times are epoch milliseconds UTC in columns ending `_ms`; texts for people come in `_vi` and `_en`.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import VARCHAR

__all__ = [
    "api_keys", "audit", "changes", "counters", "cursors", "dated_entities", "dead_letter_replays",
    "dead_letters", "detection_position", "detection_state", "device_status", "devices", "fault_history",
    "fault_windows", "fault_work", "faults", "latest_state", "leases", "metadata", "outgoing",
    "pending_devices", "violations",
]  # fmt: skip

# Ids are sorted by their bytes, as Python and SQLite do it, whatever the language of a server's database.
_ID = String(64).with_variant(VARCHAR(64, collation="C"), "postgresql")
_WORD = String(64)
_UUID = String(36)
_NAME = String(256)
# SQLite numbers rows by itself only in an INTEGER column; PostgreSQL gets the wide type.
_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

counters = Table(
    "counters",
    metadata,
    Column("name", _WORD, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Last number given out, by series. A row stays locked from update to commit: numbers commit in order."""

devices = Table(
    "devices",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("area", _WORD, nullable=False),
    Column("name", _NAME, nullable=False),
    Column("area_name", _NAME, nullable=False),
    Column("area_legacy", _NAME, nullable=False),
    Column("area_codes", JSON, nullable=False),
    Column("street", _NAME, nullable=False),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("powered_by", _ID),
    Column("circuit", _WORD),
    Column("phase", _WORD),
    Column("uplink", _ID),
    Column("interval_s", Float, nullable=False),
    Column("life", _WORD, nullable=False),
    Column("life_since", String(10)),
    Column("replaces", _ID),
    Column("people_served", Integer),
    Column("vendor_ids", JSON, nullable=False),
    Column("attributes", JSON, nullable=False),
)
"""The registry; `rank` keeps its order."""

dated_entities = Table(
    "dated_entities",
    metadata,
    Column("kind", _WORD, primary_key=True),
    Column("id", _ID, primary_key=True),
    Column("valid_from", String(40), primary_key=True),
    Column("cells", JSON, nullable=False),
)
"""Dated entities of all kinds; `cells` is their line in a file, which their kind's columns read."""

pending_devices = Table(
    "pending_devices",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("identity", Text, nullable=False, unique=True),
    Column("guessed_kind", _WORD),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("payload_bytes", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False, index=True),
    Column("journal", _NAME, nullable=False),
    Column("entry", BigInteger, nullable=False),
    Column("dismissed_by", _NAME),
    Column("dismissed_at_ms", BigInteger),
    sqlite_autoincrement=True,
)
"""Who speaks and is in no registry, by `format:identity`; counted up to `entry` of `journal`.

Identity, topic and payload may hold personal data.
"""

faults = Table(
    "faults",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", _UUID, nullable=False, unique=True),
    Column("rule", _NAME, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("title_vi", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("device", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("area", _WORD, nullable=False),
    Column("severity", _WORD, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("acknowledged_by", _NAME),
    Column("acknowledged_at_ms", BigInteger),
    Column("since_ms", BigInteger, nullable=False),
    Column("raised_at_ms", BigInteger, nullable=False),
    Column("cleared_at_ms", BigInteger),
    Column("detected_at_ms", BigInteger, nullable=False),
    Column("why", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index(None, "state", "number"),
    Index(None, "device", "number"),
    Index(None, "area", "number"),
    Index(None, "rule", "number"),
)
"""One row for each fault. `number` is what people say on the phone; `version` grows with each change."""

fault_history = Table(
    "fault_history",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("fault", _UUID, ForeignKey(faults.c.id), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", _NAME, nullable=False),
    Column("transition", _WORD, nullable=False),
    Column("comment", Text),
    Column("why", JSON, nullable=False),
    sqlite_autoincrement=True,
)
"""Append-only: what happened to a fault, who did it, and what explains it."""

fault_work = Table(
    "fault_work",
    metadata,
    Column("fault", _UUID, ForeignKey(faults.c.id), primary_key=True),
    Column("state", _WORD, nullable=False),
    Column("assignee", _ID, index=True),
    Column("resolved_by", _NAME),
    Column("resolved_at_ms", BigInteger),
    Column("shelved_by", _NAME),
    Column("shelved_at_ms", BigInteger),
    Column("shelved_until_ms", BigInteger, index=True),
    Column("shelved_once", Boolean, nullable=False),
    Column("closed_by", _NAME),
    Column("closed_at_ms", BigInteger),
    Column("out_of_service", _ID, index=True),
)
"""What people and maintenance did about a fault; one without a row was never touched."""

fault_windows = Table(
    "fault_windows",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("window", _ID, nullable=False),
    Column("fault", _UUID, ForeignKey(faults.c.id), nullable=False, index=True),
    Column("hidden_at_ms", BigInteger, nullable=False),
    Column("released_at_ms", BigInteger),
    Column("was_active", Boolean),
    Index(None, "window", "row"),
    sqlite_autoincrement=True,
)
"""What maintenance windows hid; `was_active` says whether it was still wrong when it was released."""

violations = Table(
    "violations",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", _UUID, nullable=False, unique=True),
    Column("rule", _NAME, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("type", _WORD, nullable=False),
    Column("title_vi", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("device", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("area", _WORD, nullable=False),
    Column("event", String(128), nullable=False),
    Column("occurred_at_ms", BigInteger, nullable=False),
    Column("detected_at_ms", BigInteger, nullable=False),
    Column("lane", Integer),
    Column("vehicle_class", _NAME),
    Column("plate", _WORD),
    Column("plate_confidence", Float),
    Column("measured", JSON, nullable=False),
    Column("images", JSON, nullable=False),
    Column("why", JSON, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index(None, "device", "number"),
    Index(None, "area", "number"),
    Index(None, "type", "number"),
    Index(None, "occurred_at_ms"),
)
"""Suspected violations. `plate` is the whole text: personal data, which only officers may be shown."""

latest_state = Table(
    "latest_state",
    metadata,
    Column("device", _ID, primary_key=True),
    Column("kind", _WORD, nullable=False),
    Column("area", _WORD, nullable=False),
    Column("measured_at_ms", BigInteger, nullable=False),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("seq", BigInteger),
    Column("time_quality", _WORD, nullable=False),
    Column("values_json", Text, nullable=False),
    Index(None, "kind", "device"),
    Index(None, "area", "device"),
)
"""The newest reading of each device. `values_json` is text because polars writes it for whole batches."""

device_status = Table(
    "device_status",
    metadata,
    Column("device", _ID, primary_key=True),
    Column("online", Boolean, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("received_at_ms", BigInteger, nullable=False),
)
"""What each device last said of itself, or its will; `since_ms` is when that word last changed."""

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("journal", _NAME, nullable=False),
    Column("entry", BigInteger, nullable=False),
    Column("entry_row", Integer, nullable=False),
    Column("reason", _WORD, nullable=False),
    Column("detail", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("payload_bytes", BigInteger, nullable=False),
    Column("received_at_ms", BigInteger, nullable=False, index=True),
    UniqueConstraint("journal", "entry", "entry_row"),
    Index(None, "reason", "row"),
    sqlite_autoincrement=True,
)
"""Input that broke a rule, once for each journal entry and row in it. May hold personal data."""

dead_letter_replays = Table(
    "dead_letter_replays",
    metadata,
    Column("letter", _ROW_NUMBER, ForeignKey(dead_letters.c.row), primary_key=True, autoincrement=False),
    Column("requested_at_ms", BigInteger, nullable=False),
    Column("requested_by", _NAME, nullable=False),
    Column("state", _WORD, nullable=False),
    Column("finished_at_ms", BigInteger),
    Index(None, "state", "letter"),
)
"""Dead letters that somebody asked to decode again, at most once each."""

detection_position = Table(
    "detection_position",
    metadata,
    Column("journal", _NAME, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("engine", LargeBinary, nullable=False),
)
"""How far detection has read each journal, and the engine's own state there."""

detection_state = Table(
    "detection_state",
    metadata,
    Column("journal", _NAME, primary_key=True),
    Column("device", _ID, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)
"""Detection's state of each device, opaque to everyone else."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("prefix", _WORD, primary_key=True),
    Column("name", _NAME, nullable=False),
    Column("role", _WORD, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
)
"""Keys by their public prefix; of the secret only the SHA-256 is kept. Times are real time."""

audit = Table(
    "audit",
    metadata,
    Column("row", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("who", _NAME, nullable=False),
    Column("action", _WORD, nullable=False),
    Column("target", _NAME, nullable=False),
    Column("detail", JSON, nullable=False),
    sqlite_autoincrement=True,
)
"""Append-only: every change by a person and every read of personal data."""

changes = Table(
    "changes",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("type", _WORD, nullable=False),
    Column("id", _UUID, nullable=False),
    Column("area", _WORD, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("change", _WORD, nullable=False),
    Column("body", JSON, nullable=False),
)
"""What live streams follow: each change with the record as it then was, in commit order."""

outgoing = Table(
    "outgoing",
    metadata,
    Column("stream_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False, unique=True),
)
"""The changes as they go out: numbered by the leader, one after the other without a gap."""

cursors = Table(
    "cursors",
    metadata,
    Column("name", _WORD, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""How far whoever works through numbered rows has come, by its name."""

leases = Table(
    "leases",
    metadata,
    Column("name", _WORD, primary_key=True),
    Column("holder", _NAME, nullable=False),
    Column("term", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
)
"""Who may do what only one process may do, and until when by the database's clock. A term is one holding."""
