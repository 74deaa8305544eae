"""Several processes: leases, cursors, and the numbers of outgoing changes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=256), nullable=False),
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "outgoing",
        sa.Column("stream_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_seq", name=op.f("pk_outgoing")),
        sa.UniqueConstraint("revision", name=op.f("uq_outgoing_revision")),
    )
    _number_what_stands()


def _number_what_stands() -> None:
    """Revisions become stream numbers: whoever comes back with the last event of before misses nothing."""
    newest = "(SELECT coalesce(max(revision), 0) FROM changes)"
    op.execute("INSERT INTO outgoing (stream_seq, revision) SELECT revision, revision FROM changes")
    op.execute(
        "INSERT INTO cursors (name, number) SELECT 'stream', max(revision) FROM changes HAVING count(*) > 0"
    )
    op.execute(f"INSERT INTO counters (name, value) VALUES ('stream', {newest}), ('registry', 0)")  # noqa: S608 - no input in it
