"""Loadings of the rules are numbered, so that every process follows."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("INSERT INTO counters (name, value) VALUES ('rules', 0)")
