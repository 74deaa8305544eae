"""Ids are sorted by their bytes on PostgreSQL too."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_IDS = {
    "dated_entities": ("id",),
    "detection_state": ("device",),
    "device_status": ("device",),
    "devices": ("id", "powered_by", "replaces", "uplink"),
    "faults": ("device",),
    "latest_state": ("device",),
    "violations": ("device",),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in _IDS.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.String(length=64, collation="C"))
