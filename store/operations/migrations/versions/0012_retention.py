"""What is forgotten for its age is found by it."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INDEXED = (
    ("notify_outbox", "finished_real_ms"),
    ("notify_links", "expires_real_ms"),
    ("incident_history", "at_ms"),
)


def upgrade() -> None:
    for table, column in _INDEXED:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
