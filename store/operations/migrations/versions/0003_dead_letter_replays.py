"""Replays of dead letters."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dead_letter_replays",
        sa.Column(
            "letter",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("requested_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("requested_by", sa.String(length=256), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("finished_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["letter"], ["dead_letters.row"], name=op.f("fk_dead_letter_replays_letter_dead_letters")
        ),
        sa.PrimaryKeyConstraint("letter", name=op.f("pk_dead_letter_replays")),
    )
    op.create_index(
        op.f("ix_dead_letter_replays_state_letter"), "dead_letter_replays", ["state", "letter"], unique=False
    )
