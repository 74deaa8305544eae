"""Management: standings of faults, incidents and their history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import VARCHAR

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.String(length=64).with_variant(VARCHAR(64, collation="C"), "postgresql")


def upgrade() -> None:
    _create_standings()
    _create_incidents()
    _create_history()
    series = sa.table("counters", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(series, [{"name": "incident", "value": 0}])


def _create_standings() -> None:
    op.create_table(
        "fault_standings",
        sa.Column("fault", sa.String(length=36), nullable=False),
        sa.Column("hold", sa.String(length=64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("suppressed_by", sa.String(length=36), nullable=True),
        sa.Column("reason_vi", sa.Text(), nullable=True),
        sa.Column("reason_en", sa.Text(), nullable=True),
        sa.Column("incident", sa.String(length=36), nullable=True),
        sa.Column("told_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["fault"], ["faults.id"], name=op.f("fk_fault_standings_fault_faults")),
        sa.PrimaryKeyConstraint("fault", name=op.f("pk_fault_standings")),
    )
    for column in ("suppressed_by", "incident", "is_live"):
        op.create_index(op.f(f"ix_fault_standings_{column}"), "fault_standings", [column], unique=False)


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("cause", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.String(length=256), nullable=False),
        sa.Column("title_vi", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("why_vi", sa.Text(), nullable=False),
        sa.Column("why_en", sa.Text(), nullable=False),
        sa.Column("device", _ID, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("area", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("merged_into", sa.String(length=36), nullable=True),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("streets", sa.JSON(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["cause"], ["faults.id"], name=op.f("fk_incidents_cause_faults")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incidents")),
        sa.UniqueConstraint("id", name=op.f("uq_incidents_id")),
    )
    op.create_index(op.f("ix_incidents_cause"), "incidents", ["cause"], unique=False)
    for column in ("state", "area", "device"):
        op.create_index(op.f(f"ix_incidents_{column}_number"), "incidents", [column, "number"], unique=False)


def _create_history() -> None:
    op.create_table(
        "incident_history",
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("incident", sa.String(length=36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.id"], name=op.f("fk_incident_history_incident_incidents")
        ),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_incident_history")),
    )
    op.create_index(op.f("ix_incident_history_incident"), "incident_history", ["incident"], unique=False)
