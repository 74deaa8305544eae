"""Access: how far keys reach, when they were used, and a chain over the audit log.

What stands in the log already is older than the chain, which says so: it begins with the next entry.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", _ROW_NUMBER, nullable=False),
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["audit.row"], name=op.f("fk_audit_chain_entry_audit")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_chain")),
        sa.UniqueConstraint("entry", name=op.f("uq_audit_chain_entry")),
    )
    op.create_table(
        "api_key_reach",
        sa.Column("prefix", sa.String(length=64), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prefix"], ["api_keys.prefix"], name=op.f("fk_api_key_reach_prefix_api_keys")
        ),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_api_key_reach")),
    )
    op.create_table(
        "api_key_uses",
        sa.Column("prefix", sa.String(length=64), nullable=False),
        sa.Column("last_used_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prefix"], ["api_keys.prefix"], name=op.f("fk_api_key_uses_prefix_api_keys")
        ),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_api_key_uses")),
    )
    op.execute("INSERT INTO counters (name, value) VALUES ('audit', 0)")
