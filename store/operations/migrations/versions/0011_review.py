"""Review of violations, their pictures, and the chain over evidence and decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UUID = sa.String(length=36)
_WORD = sa.String(length=64)
_NAME = sa.String(length=256)


def upgrade() -> None:
    _reviews()
    _evidence()
    op.execute("INSERT INTO counters (name, value) VALUES ('evidence', 0)")


def _reviews() -> None:
    op.create_table(
        "violation_reviews",
        sa.Column("violation", _UUID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("certainty", sa.Integer(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("corrected_plate", _WORD, nullable=True),
        sa.Column("corrected_by", _NAME, nullable=True),
        sa.Column("corrected_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("opinion_by", _NAME, nullable=True),
        sa.Column("opinion_verdict", _WORD, nullable=True),
        sa.Column("opinion_reason", _WORD, nullable=True),
        sa.Column("opinion_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("escalated_by", _NAME, nullable=True),
        sa.Column("escalated_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", _NAME, nullable=True),
        sa.Column("decided_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", _WORD, nullable=True),
        sa.ForeignKeyConstraint(
            ["violation"], ["violations.id"], name=op.f("fk_violation_reviews_violation_violations")
        ),
        sa.PrimaryKeyConstraint("violation", name=op.f("pk_violation_reviews")),
    )
    op.create_index(
        op.f("ix_violation_reviews_certainty_number"), "violation_reviews", ["certainty", "number"]
    )
    op.create_table(
        "violation_history",
        sa.Column("row", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("violation", _UUID, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", _NAME, nullable=False),
        sa.Column("transition", _WORD, nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["violation"], ["violations.id"], name=op.f("fk_violation_history_violation_violations")
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_violation_history")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_violation_history_violation"), "violation_history", ["violation"])


def _evidence() -> None:
    op.create_table(
        "evidence_pictures",
        sa.Column("violation", _UUID, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", _WORD, nullable=False),
        sa.Column("given_sha256", _WORD, nullable=True),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("problem", _WORD, nullable=True),
        sa.Column("sha256", _WORD, nullable=True),
        sa.Column("media_type", _WORD, nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("file", _NAME, nullable=True),
        sa.Column("kept_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["violation"], ["violations.id"], name=op.f("fk_evidence_pictures_violation_violations")
        ),
        sa.PrimaryKeyConstraint("violation", "place", name=op.f("pk_evidence_pictures")),
    )
    op.create_index(
        op.f("ix_evidence_pictures_state_next_at_ms"), "evidence_pictures", ["state", "next_at_ms"]
    )
    op.create_table(
        "evidence_links",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("violation", _UUID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", _WORD, nullable=False),
        sa.Column("hash", _WORD, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_evidence_links")),
    )
    op.create_index(op.f("ix_evidence_links_violation"), "evidence_links", ["violation"])
    op.create_table(
        "evidence_salts",
        sa.Column("link", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", _WORD, nullable=False),
        sa.Column("salt", _WORD, nullable=False),
        sa.PrimaryKeyConstraint("link", "field", name=op.f("pk_evidence_salts")),
    )
    op.create_table(
        "evidence_checks",
        sa.Column("row", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("links", sa.BigInteger(), nullable=False),
        sa.Column("head", _WORD, nullable=False),
        sa.Column("pictures", sa.BigInteger(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_evidence_checks")),
        sqlite_autoincrement=True,
    )
