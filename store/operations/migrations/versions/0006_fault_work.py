"""What people and maintenance did about faults."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import VARCHAR

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.String(length=64).with_variant(VARCHAR(64, collation="C"), "postgresql")
_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "fault_work",
        sa.Column("fault", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("assignee", _ID, nullable=True),
        sa.Column("resolved_by", sa.String(length=256), nullable=True),
        sa.Column("resolved_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("shelved_by", sa.String(length=256), nullable=True),
        sa.Column("shelved_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("shelved_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("shelved_once", sa.Boolean(), nullable=False),
        sa.Column("closed_by", sa.String(length=256), nullable=True),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("out_of_service", _ID, nullable=True),
        sa.ForeignKeyConstraint(["fault"], ["faults.id"], name=op.f("fk_fault_work_fault_faults")),
        sa.PrimaryKeyConstraint("fault", name=op.f("pk_fault_work")),
    )
    for column in ("assignee", "out_of_service", "shelved_until_ms"):
        op.create_index(op.f(f"ix_fault_work_{column}"), "fault_work", [column], unique=False)
    op.create_table(
        "fault_windows",
        sa.Column("row", _ROW, autoincrement=True, nullable=False),
        sa.Column("window", _ID, nullable=False),
        sa.Column("fault", sa.String(length=36), nullable=False),
        sa.Column("hidden_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("released_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("was_active", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["fault"], ["faults.id"], name=op.f("fk_fault_windows_fault_faults")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_fault_windows")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_fault_windows_fault"), "fault_windows", ["fault"], unique=False)
    op.create_index(op.f("ix_fault_windows_window_row"), "fault_windows", ["window", "row"], unique=False)
